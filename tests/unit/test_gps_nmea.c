/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences as receivers of several makers send them: what each says, and what it does not. */

#include <check.h>
#include <plugins/refclock-gps/nmea.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of exactly that size, so that what is read beyond is found. */
static bool read_sentence(struct gps_message *message, const char *text)
{
    size_t size = strlen(text);
    char *copy = malloc(size + (size == 0));
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, size);
    bool read = nmea_read(message, copy, size);
    free(copy);
    return read;
}

static struct gps_message good(const char *text)
{
    struct gps_message message;
    ck_assert_msg(read_sentence(&message, text), "%s", text);
    return message;
}

static void bad(const char *text)
{
    struct gps_message message;
    ck_assert_msg(!read_sentence(&message, text), "%s", text);
}

#define AT(hour, minute, second) (((hour)*60 + (minute)) * 60 + (second))

static void expect_time(const struct gps_message *message, int32_t day, int second, int64_t ns)
{
    ck_assert(message->time.said);
    ck_assert_int_eq(message->time.scale, GPS_SCALE_UTC);
    ck_assert_int_eq(message->time.day, day);
    ck_assert_int_eq(message->time.ns, second * GN_NS_PER_S + ns);
}

/* ---------------------------------------------------------------- RMC */

START_TEST(test_rmc)
{
    struct gps_message m =
        good("GNRMC,123519.25,A,4717.11437,N,00833.91522,E,0.004,77.52,091226,,,A,V");
    ck_assert_int_eq(m.kind, GPS_RMC);
    ck_assert_str_eq(m.talker, "GN");
    expect_time(&m, gps_day(2026, 12, 9), AT(12, 35, 19), 250000000);
    ck_assert(m.time.two_digits);
    ck_assert_int_eq(m.valid, GPS_YES);
    ck_assert_int_eq(m.fix, GPS_FIX_2D);
    m = good("GPRMC,000000,V,,,,,,,010180,,,N"); /* no fix, its clock since it was switched on */
    expect_time(&m, gps_day(1980, 1, 1), 0, 0);
    ck_assert_int_eq(m.valid, GPS_NO);
    ck_assert_int_eq(m.fix, GPS_FIX_NONE);
    m = good("GPRMC,,V,,,,,,,,,,N");
    ck_assert(!m.time.said);
    ck_assert_int_eq(m.time.day, GPS_NO_DAY);
}
END_TEST

/* Status, mode as of version 2.3, navigational status as of 4.1 (u-blox: always V). */
START_TEST(test_rmc_status)
{
    static const struct {
        const char *status, *rest;
        enum gps_answer valid;
        enum gps_fix fix;
    } rows[] = {
        {"A", "", GPS_YES, GPS_FIX_2D},           {"V", "", GPS_NO, GPS_FIX_NONE},
        {"A", ",A", GPS_YES, GPS_FIX_2D},         {"A", ",D,V", GPS_YES, GPS_FIX_2D},
        {"A", ",R,U", GPS_YES, GPS_FIX_2D},       {"A", ",F,S", GPS_YES, GPS_FIX_2D},
        {"A", ",P,C", GPS_YES, GPS_FIX_2D},       {"A", ",E,V", GPS_YES, GPS_FIX_ESTIMATED},
        {"V", ",E,V", GPS_NO, GPS_FIX_ESTIMATED}, {"A", ",M", GPS_YES, GPS_FIX_ESTIMATED},
        {"A", ",S", GPS_YES, GPS_FIX_ESTIMATED},  {"A", ",N", GPS_NO, GPS_FIX_NONE},
        {"V", ",N,V", GPS_NO, GPS_FIX_NONE},
    };
    char text[128];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, "GPRMC,101112,%s,,,,,,,211126,,%s", rows[i].status,
                 rows[i].rest);
        struct gps_message m = good(text);
        ck_assert_msg(m.valid == rows[i].valid, "%s", text);
        ck_assert_msg(m.fix == rows[i].fix, "%s", text);
    }
    bad("GPRMC,101112,,,,,,,,211126,,");
    bad("GPRMC,101112,AV,,,,,,,211126,,");
    bad("GPRMC,101112,A,,,,,,"); /* cut short */
}
END_TEST

START_TEST(test_years_of_two_digits)
{
    struct gps_message m = good("GPRMC,101112,A,,,,,,,311299,,");
    ck_assert_int_eq(m.time.day, gps_day(1999, 12, 31));
    m = good("GPRMC,101112,A,,,,,,,311279,,");
    ck_assert_int_eq(m.time.day, gps_day(2079, 12, 31));
    m = good("GPRMC,101112,A,,,,,,,010180,,");
    ck_assert_int_eq(m.time.day, gps_day(1980, 1, 1));
    m = good("GPRMC,101112,V,,,,,,,000000,,");
    ck_assert_int_eq(m.time.day, GPS_NO_DAY);
    ck_assert(m.time.said);
    ck_assert(!m.time.two_digits);
    bad("GPRMC,101112,A,,,,,,,290225,,");
    bad("GPRMC,101112,A,,,,,,,001226,,");
    bad("GPRMC,101112,A,,,,,,,2112026,,");
    bad("GPRMC,101112,A,,,,,,,21x126,,");
}
END_TEST

/* ---------------------------------------------------------------- times */

static void times(const char *time, int second, int64_t ns)
{
    char text[64];
    snprintf(text, sizeof text, "GPZDA,%s,31,12,2016,00,00", time);
    struct gps_message m = good(text);
    expect_time(&m, gps_day(2016, 12, 31), second, ns);
}

static void no_time(const char *time)
{
    char text[64];
    snprintf(text, sizeof text, "GPZDA,%s,31,12,2016,00,00", time);
    bad(text);
}

START_TEST(test_times)
{
    times("000000", 0, 0);
    times("235959", AT(23, 59, 59), 0);
    times("235959.999", AT(23, 59, 59), 999000000);
    times("120000.", AT(12, 0, 0), 0);
    times("120000.000000001", AT(12, 0, 0), 1);
    times("120000.1234567899999", AT(12, 0, 0), 123456789);
    times("235960", 86400, 0);
    times("235960.5", 86400, 500000000);
    no_time("225960");
    no_time("235860");
    no_time("235961");
    no_time("240000");
    no_time("126000");
    no_time("12000");
    no_time("1200000");
    no_time("12:0:0");
    no_time("-20000");
    no_time("120000.x");
    no_time("120000,5");
}
END_TEST

START_TEST(test_zda)
{
    struct gps_message m = good("GPZDA,082710.00,16,09,2002,-05,30");
    ck_assert_int_eq(m.kind, GPS_ZDA);
    expect_time(&m, gps_day(2002, 9, 16), AT(8, 27, 10), 0); /* UTC, whatever the zone */
    ck_assert_int_eq(m.valid, GPS_SILENT);
    ck_assert_int_eq(m.fix, GPS_FIX_UNSAID);
    ck_assert(!m.time.two_digits);
    m = good("GNZDA,,,,,,"); /* CASIC without sky */
    ck_assert(!m.time.said);
    m = good("GPZDA,000012.00,00,00,0000,00,00");
    ck_assert(m.time.said);
    ck_assert_int_eq(m.time.day, GPS_NO_DAY);
    bad("GPZDA,000000.00,31,02,2016,00,00");
    bad("GPZDA,000000.00,31,12,16,00,00");
    bad("GPZDA,000000.00,31");
}
END_TEST

/* ---------------------------------------------------------------- fixes */

START_TEST(test_gga)
{
    struct gps_message m =
        good("GNGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,");
    ck_assert_int_eq(m.kind, GPS_GGA);
    expect_time(&m, GPS_NO_DAY, AT(9, 27, 25), 0);
    ck_assert_int_eq(m.satellites_used, 8);
    ck_assert_double_eq_tol(m.hdop, 1.01, 1e-9);
    ck_assert_int_eq(m.fix, GPS_FIX_2D);
    ck_assert_int_eq(m.valid, GPS_YES);
    static const enum gps_fix fixes[9] = {GPS_FIX_NONE,      GPS_FIX_2D,        GPS_FIX_2D,
                                          GPS_FIX_2D,        GPS_FIX_2D,        GPS_FIX_2D,
                                          GPS_FIX_ESTIMATED, GPS_FIX_ESTIMATED, GPS_FIX_ESTIMATED};
    for (int quality = 0; quality <= 8; quality++) {
        char text[64];
        snprintf(text, sizeof text, "GPGGA,092725,,,,,%d,00,99.99,,,,,,", quality);
        m = good(text);
        ck_assert_int_eq(m.fix, fixes[quality]);
        ck_assert_int_eq(m.valid, quality == 0 ? GPS_NO : GPS_YES);
    }
    m = good("GPGGA,,,,,,0,,,,,,,,"); /* empty */
    ck_assert_int_eq(m.satellites_used, -1);
    ck_assert_double_eq(m.hdop, 0);
    bad("GPGGA,092725,,,,,x,00,99.99,,,,,,");
    bad("GPGGA,092725,,,,,-1,00,99.99,,,,,,");
    bad("GPGGA,092725,,,,,1,-3,99.99,,,,,,");
    bad("GPGGA,092725,,,,,1,03,-1.0,,,,,,");
    bad("GPGGA,092725,,,,,1");
}
END_TEST

START_TEST(test_gns)
{
    struct gps_message m =
        good("GNGNS,103600.01,5114.51176,N,00012.29380,W,ANNN,07,1.18,111.5,45.6,,,V");
    ck_assert_int_eq(m.kind, GPS_GNS);
    expect_time(&m, GPS_NO_DAY, AT(10, 36, 0), 10000000);
    ck_assert_int_eq(m.fix, GPS_FIX_2D);
    ck_assert_int_eq(m.valid, GPS_YES);
    ck_assert_int_eq(m.satellites_used, 7);
    static const char *const fixes[] = {"AN", "ND", "FN", "NP", "RR", "RE"};
    for (size_t i = 0; i < sizeof fixes / sizeof fixes[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "GNGNS,103600,,,,,%s,05,1.0,,,,,", fixes[i]);
        ck_assert_msg(good(text).fix == GPS_FIX_2D, "%s", text);
    }
    m = good("GNGNS,103600,,,,,NN,00,99.99,,,,,");
    ck_assert_int_eq(m.fix, GPS_FIX_NONE);
    ck_assert_int_eq(m.valid, GPS_NO);
    m = good("GNGNS,103600,,,,,NE,00,99.99,,,,,");
    ck_assert_int_eq(m.fix, GPS_FIX_ESTIMATED);
    m = good("GLGNS,103600,,,,,,04,,,,,,"); /* a sentence for each system */
    ck_assert_int_eq(m.fix, GPS_FIX_UNSAID);
    ck_assert_int_eq(m.valid, GPS_SILENT);
}
END_TEST

/* ---------------------------------------------------------------- satellites */

static void expect_satellite(const struct gps_satellite *satellite, char system, int number)
{
    ck_assert_int_eq(satellite->system, system);
    ck_assert_int_eq(satellite->number, number);
}

START_TEST(test_gsa)
{
    struct gps_message m = good("GPGSA,A,3,03,08,14,,,,,,,,,,2.5,1.3,2.1");
    ck_assert_int_eq(m.kind, GPS_GSA);
    ck_assert_int_eq(m.fix, GPS_FIX_3D);
    ck_assert_double_eq_tol(m.hdop, 1.3, 1e-9);
    ck_assert_uint_eq(m.satellite_count, 3);
    expect_satellite(&m.satellites[2], 'G', 14);
    ck_assert(m.satellites[2].used);
    ck_assert_int_eq(m.satellites[2].elevation, -128);
    ck_assert_int_eq(m.satellites_used, -1); /* twelve is the most that it can tell */
    ck_assert_int_eq(m.valid, GPS_SILENT);
    /* Version 4.11 names the system: numbers from 1 on, or those of before. */
    m = good("GNGSA,A,2,65,66,,,,,,,,,,,1.4,0.8,1.1,2");
    expect_satellite(&m.satellites[0], 'R', 1);
    ck_assert_int_eq(m.fix, GPS_FIX_2D);
    m = good("GNGSA,A,3,02,36,,,,,,,,,,,1.4,0.8,1.1,3");
    expect_satellite(&m.satellites[1], 'E', 36);
    m = good("GNGSA,A,3,40,,,,,,,,,,,,1.4,0.8,1.1,4");
    expect_satellite(&m.satellites[0], 'C', 40);
    m = good("GLGSA,A,3,07,,,,,,,,,,,,1.4,0.8,1.1"); /* by its talker */
    expect_satellite(&m.satellites[0], 'R', 7);
    m = good("GPGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99");
    ck_assert_int_eq(m.fix, GPS_FIX_NONE);
    ck_assert_uint_eq(m.satellite_count, 0);
    bad("GPGSA,A,0,,,,,,,,,,,,,99.99,99.99,99.99");
    bad("GPGSA,A,4,,,,,,,,,,,,,99.99,99.99,99.99");
    bad("GPGSA,A,3,,,,,,,,,,,,,99.99,99.99");
    bad("GPGSA,A,3,x,,,,,,,,,,,,99.99,99.99,99.99");
}
END_TEST

START_TEST(test_gsv)
{
    struct gps_message m = good("GPGSV,3,1,11,03,03,111,00,04,15,270,00,06,01,010,00,13,06,292,00");
    ck_assert_int_eq(m.kind, GPS_GSV);
    ck_assert_uint_eq(m.parts, 3);
    ck_assert_uint_eq(m.part, 1);
    ck_assert_int_eq(m.satellites_seen, 11);
    ck_assert_int_eq(m.satellites_used, -1);
    ck_assert_uint_eq(m.satellite_count, 4);
    expect_satellite(&m.satellites[3], 'G', 13);
    ck_assert_int_eq(m.satellites[3].elevation, 6);
    ck_assert_int_eq(m.satellites[3].azimuth, 292);
    ck_assert_int_eq(m.system, 'G');
    m = good("GPGSV,3,3,11,22,42,067,42,24,14,,43,30,,,"); /* the last is not full */
    ck_assert_uint_eq(m.satellite_count, 3);
    ck_assert_uint_eq(m.satellites[0].cn0_db_hz, 42);
    ck_assert_int_eq(m.satellites[1].azimuth, -1);
    ck_assert_int_eq(m.satellites[2].elevation, -128);
    ck_assert_uint_eq(m.satellites[2].cn0_db_hz, 0);
    m = good("GLGSV,1,1,01,70,-05,360,23"); /* below the horizon; north */
    ck_assert_int_eq(m.satellites[0].elevation, -5);
    ck_assert_int_eq(m.satellites[0].azimuth, 0);
    m = good("GPGSV,1,1,01,07,95,400,120"); /* none of it can be */
    ck_assert_int_eq(m.satellites[0].elevation, -128);
    ck_assert_int_eq(m.satellites[0].azimuth, -1);
    ck_assert_uint_eq(m.satellites[0].cn0_db_hz, 0);
    m = good("GAGSV,1,1,00");
    ck_assert_uint_eq(m.satellite_count, 0);
    ck_assert_int_eq(m.satellites_seen, 0);
    ck_assert_int_eq(m.system, 'E');
    bad("GPGSV,3,4,11,03,03,111,00");
    bad("GPGSV,3,0,11,03,03,111,00");
    bad("GPGSV,,,11,03,03,111,00");
    bad("GPGSV,1,1,-1");
    bad("GPGSV,1,1,4294967297");
    bad("GPGSV,1,1");
    bad("GPGSV,1,1,01,0x,03,111,00");
}
END_TEST

START_TEST(test_gsv_of_signals)
{
    struct gps_message m = good("GPGSV,1,1,02,17,61,203,44,19,30,120,39,1");
    ck_assert_uint_eq(m.signal, 1);
    ck_assert_uint_eq(m.satellite_count, 2);
    m = good("GBGSV,1,1,01,40,61,203,44,B");
    ck_assert_uint_eq(m.signal, 11);
    m = good("GQGSV,1,1,00,0");
    ck_assert_uint_eq(m.signal, 0);
    ck_assert_uint_eq(m.satellite_count, 0);
    /* Both signals of a satellite in one sentence: it is one, as good as the better. */
    m = good("GPGSV,1,1,02,17,61,203,38,17,61,203,44,19,30,120,39");
    ck_assert_uint_eq(m.satellite_count, 2);
    ck_assert_uint_eq(m.satellites[0].cn0_db_hz, 44);
    ck_assert_uint_eq(m.signal, 0);
}
END_TEST

START_TEST(test_numbers_of_satellites)
{
    static const struct {
        const char *talker;
        int told;
        char system;
        int number;
    } rows[] = {
        {"GP", 1, 'G', 1},     {"GP", 32, 'G', 32}, {"GP", 33, 'S', 120}, {"GP", 51, 'S', 138},
        {"GP", 131, 'S', 131}, {"GP", 193, 'J', 1}, {"GP", 70, 'R', 6},   {"GL", 65, 'R', 1},
        {"GL", 88, 'R', 24},   {"GL", 7, 'R', 7},   {"GA", 301, 'E', 1},  {"GA", 36, 'E', 36},
        {"GB", 401, 'C', 1},   {"GB", 36, 'C', 36}, {"BD", 201, 'C', 1},  {"BD", 14, 'C', 14},
        {"GQ", 193, 'J', 1},   {"GQ", 2, 'J', 2},   {"QZ", 195, 'J', 3},  {"GI", 5, 'I', 5},
        {"GN", 12, 'G', 12},   {"GN", 66, 'R', 2},  {"GN", 310, 'E', 10}, {"GN", 420, 'C', 20},
        {"GN", 999, '?', 999},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%sGSV,1,1,01,%02d,10,020,30", rows[i].talker, rows[i].told);
        struct gps_message m = good(text);
        ck_assert_str_eq(m.talker, rows[i].talker);
        ck_assert_uint_eq(m.satellite_count, 1);
        ck_assert_msg(m.satellites[0].system == rows[i].system, "%s", text);
        ck_assert_msg(m.satellites[0].number == rows[i].number, "%s", text);
    }
}
END_TEST

/* ---------------------------------------------------------------- makers' own */

START_TEST(test_txt)
{
    struct gps_message m = good("GPTXT,01,01,02,u-blox ag - www.u-blox.com, HW UBX-G60xx");
    ck_assert_int_eq(m.kind, GPS_TXT);
    ck_assert_str_eq(m.words, "u-blox ag - www.u-blox.com, HW UBX-G60xx");
    ck_assert_int_eq(m.antenna, GPS_ANTENNA_UNSAID);
    char text[256] = "GPTXT,01,01,02,";
    memset(text + strlen(text), 'x', 200);
    m = good(text);
    ck_assert_uint_eq(strlen(m.words), sizeof m.words - 1);
    bad("GPTXT,01,01,02");
}
END_TEST

START_TEST(test_antennas)
{
    static const struct {
        const char *text;
        enum gps_antenna antenna;
    } rows[] = {
        {"GPTXT,01,01,02,ANTSTATUS=OK", GPS_ANTENNA_OK},
        {"GNTXT,01,01,02,ANTSTATUS=SHORT", GPS_ANTENNA_SHORT},
        {"GPTXT,01,01,02,ANTSTATUS=OPEN", GPS_ANTENNA_OPEN},
        {"GPTXT,01,01,02,ANTSTATUS=INIT", GPS_ANTENNA_UNSAID},
        {"GPTXT,01,01,02,ANTSTATUS=DONTKNOW", GPS_ANTENNA_UNSAID},
        {"GPTXT,01,01,02,ANTSTATUS=", GPS_ANTENNA_UNSAID},
        {"GPTXT,01,01,02,ANTSUPERV=AC SD PDoS SR", GPS_ANTENNA_UNSAID},
        {"GPTXT,01,01,01,ANTENNA OPEN", GPS_ANTENNA_OPEN},
        {"GNTXT,01,01,01,ANTENNA SHORT", GPS_ANTENNA_SHORT},
        {"GNTXT,01,01,01,ANTENNA OK", GPS_ANTENNA_OK},
        {"GNTXT,1,1,01,ANT_OPEN", GPS_ANTENNA_OPEN},
        {"GPTXT,01,01,02,THE DOOR IS OPEN", GPS_ANTENNA_UNSAID},
        {"PGTOP,11,1", GPS_ANTENNA_SHORT},
        {"PGTOP,11,2", GPS_ANTENNA_OK},
        {"PGTOP,11,3", GPS_ANTENNA_OK},
        {"PGTOP,11,4", GPS_ANTENNA_UNSAID},
        {"PGTOP,11,", GPS_ANTENNA_UNSAID},
        {"PGTOP,12,1", GPS_ANTENNA_UNSAID},
        {"PQTMANTENNASTATUS,2,1,2,2,2", GPS_ANTENNA_OK},
        {"PQTMANTENNASTATUS,2,2,2,2,2", GPS_ANTENNA_OPEN},
        {"PQTMANTENNASTATUS,2,3,2,2,2", GPS_ANTENNA_SHORT},
        {"PQTMANTENNASTATUS,2,0,2,2,2", GPS_ANTENNA_UNSAID},
        {"PQTMANTENNASTATUS,3,1,2,1", GPS_ANTENNA_UNSAID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(good(rows[i].text).antenna == rows[i].antenna, "%s", rows[i].text);
    ck_assert_str_eq(good("PGTOP,11,2").words, "internal antenna");
}
END_TEST

START_TEST(test_pubx)
{
    struct gps_message m = good("PUBX,04,073731.00,091202,113851.00,1196,15D,1930035,-2660.664,43");
    ck_assert_int_eq(m.kind, GPS_PUBX_TIME);
    ck_assert_str_eq(m.talker, "P");
    expect_time(&m, gps_day(2002, 12, 9), AT(7, 37, 31), 0);
    ck_assert_int_eq(m.leap_valid, GPS_NO); /* D: the firmware's */
    ck_assert_int_eq(m.time.resolved, GPS_NO);
    ck_assert_int_eq(m.leap_s, 15);
    m = good("PUBX,04,120000.00,211126,561600.00,2445,18,-35,12.5,21");
    ck_assert_int_eq(m.leap_valid, GPS_YES);
    ck_assert_int_eq(m.time.resolved, GPS_YES);
    ck_assert_int_eq(m.leap_s, 18);
    m = good("PUBX,04,,,,,,,,");
    ck_assert_int_eq(m.leap_valid, GPS_SILENT);
    ck_assert(!m.time.said);
    ck_assert_int_eq(good("PUBX,00,120000.00,,,,,,,,,,,,,,,,,,,").kind, GPS_OTHER);
    bad("PUBX,04,120000.00,211126,561600.00,2445,D,-35,12.5,21");
    bad("PUBX,04,120000.00,211126,561600.00,2445,1x,-35,12.5,21");
    bad("PUBX,04,120000.00,211126,561600.00,2445,999,-35,12.5,21");
    bad("PUBX,04,120000.00,211126");
}
END_TEST

START_TEST(test_others)
{
    ck_assert_int_eq(good("GNVTG,,,,,,,,,N").kind, GPS_OTHER);
    ck_assert_int_eq(good("GPGLL,4717.11634,N,00833.91297,E,124923.00,A,A").kind, GPS_OTHER);
    ck_assert_int_eq(good("PMTK010,002").kind, GPS_OTHER);
    ck_assert_int_eq(good("PSRF151,1").kind, GPS_OTHER);
    ck_assert_int_eq(good("GPRMCX,101112,A,,,,,,,211126,,").kind, GPS_OTHER);
    ck_assert_int_eq(good("BDRMC,101112,A,,,,,,,211126,,").kind, GPS_RMC);
    ck_assert_int_eq(good("QZRMC,101112,A,,,,,,,211126,,").kind, GPS_RMC);
    bad("");
    bad(",");
    bad("GP");
    bad("gprmc,101112,A,,,,,,,211126,,");
    bad("0PRMC,101112,A,,,,,,,211126,,");
}
END_TEST

/* Whatever a sentence is cut to, nothing is read beyond it. */
START_TEST(test_every_beginning)
{
    static const char *const sentences[] = {
        "GNRMC,123519.25,A,4717.11437,N,00833.91522,E,0.004,77.52,091226,,,A,V",
        "GPZDA,082710.00,16,09,2002,-05,30",
        "GNGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,",
        "GNGNS,103600.01,5114.51176,N,00012.29380,W,ANNN,07,1.18,111.5,45.6,,,V",
        "GNGSA,A,2,65,66,,,,,,,,,,,1.4,0.8,1.1,2",
        "GPGSV,1,1,02,17,61,203,44,19,30,120,39,1",
        "GPTXT,01,01,02,ANTSTATUS=OK",
        "PUBX,04,073731.00,091202,113851.00,1196,15D,1930035,-2660.664,43",
        "PGTOP,11,3",
        "PQTMANTENNASTATUS,2,1,2,2,2",
    };
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
        for (size_t size = 0; size < strlen(sentences[i]); size++) {
            char text[128];
            struct gps_message m;
            snprintf(text, size + 1, "%s", sentences[i]);
            read_sentence(&m, text);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps nmea");
    TCase *time = tcase_create("time");
    TCase *fix = tcase_create("fix"), *sky = tcase_create("sky"), *maker = tcase_create("maker");
    tcase_add_test(time, test_rmc);
    tcase_add_test(time, test_rmc_status);
    tcase_add_test(time, test_years_of_two_digits);
    tcase_add_test(time, test_times);
    tcase_add_test(time, test_zda);
    tcase_add_test(fix, test_gga);
    tcase_add_test(fix, test_gns);
    tcase_add_test(sky, test_gsa);
    tcase_add_test(sky, test_gsv);
    tcase_add_test(sky, test_gsv_of_signals);
    tcase_add_test(sky, test_numbers_of_satellites);
    tcase_add_test(maker, test_txt);
    tcase_add_test(maker, test_antennas);
    tcase_add_test(maker, test_pubx);
    tcase_add_test(maker, test_others);
    tcase_add_test(maker, test_every_beginning);
    suite_add_tcase(suite, time);
    suite_add_tcase(suite, fix);
    suite_add_tcase(suite, sky);
    suite_add_tcase(suite, maker);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
