/* SPDX-License-Identifier: Apache-2.0 */
/* Frames as u-blox receivers of several generations send them: what each says. Some are written out
 * byte by byte, so that reader and simulator cannot be wrong together. */

#include <check.h>
#include <plugins/refclock-gps/framer.h>
#include <plugins/refclock-gps/ubx.h>
#include <sim/vdev_ubx.h>
#include <stdlib.h>
#include <string.h>

/* Of exactly that size, so that what is read beyond is found. */
static bool read_payload(struct gps_message *message, uint8_t ubx_class, uint8_t ubx_id,
                         const uint8_t *payload, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    ck_assert_ptr_nonnull(copy);
    if (size > 0)
        memcpy(copy, payload, size);
    bool read = ubx_read(message, ubx_class, ubx_id, copy, size);
    free(copy);
    return read;
}

#define GOOD(message, ubx_class, ubx_id, payload)                                                  \
    ck_assert(read_payload(&(message), ubx_class, ubx_id, payload, sizeof(payload)))
#define BAD(message, ubx_class, ubx_id, payload)                                                   \
    ck_assert(!read_payload(&(message), ubx_class, ubx_id, payload, sizeof(payload)))

#define AT(hour, minute, second) ((((hour)*60 + (minute)) * 60 + (second)) * GN_NS_PER_S)

static void expect_instant(const struct gps_time *time, enum gps_scale scale, int32_t day,
                           int64_t ns)
{
    ck_assert(time->said);
    ck_assert_int_eq(time->scale, scale);
    ck_assert_int_eq(time->day, day);
    ck_assert_int_eq(time->ns, ns);
    ck_assert(!time->two_digits);
}

/* ---------------------------------------------------------------- pulses */

/* 2026-11-21 12:00:00 UTC is week 2445, second 561600 of UTC's own count, 561618 of GPS time. */
static const uint8_t tim_tp_utc[16] = {0x00, 0x56, 0x79, 0x21, 0,    0,    0,    0,
                                       0x20, 0xd1, 0xff, 0xff, 0x8d, 0x09, 0x0b, 0x30};

START_TEST(test_the_next_pulse_of_utc)
{
    struct gps_message m;
    GOOD(m, 0x0d, 0x01, tim_tp_utc);
    ck_assert_int_eq(m.kind, GPS_TIM_TP);
    ck_assert(m.pulse_said);
    ck_assert(!m.time.said);
    expect_instant(&m.pulse, GPS_SCALE_UTC, gps_day(2026, 11, 21), AT(12, 0, 0));
    ck_assert_int_eq(m.valid, GPS_SILENT);
    /* The frame says −12000 ps: 12 ns late. */
    ck_assert_double_eq_tol(m.pulse_error_s, 12e-9, 1e-15);
}
END_TEST

START_TEST(test_a_pulse_of_utc_that_is_not_known)
{
    struct gps_message m;
    uint8_t in[16];
    memcpy(in, tim_tp_utc, sizeof in);
    in[14] = 0x09;
    GOOD(m, 0x0d, 0x01, in);
    ck_assert_int_eq(m.pulse.resolved, GPS_NO);
    in[14] = 0x1b; /* and its error is not */
    GOOD(m, 0x0d, 0x01, in);
    ck_assert_double_eq(m.pulse_error_s, 0);
    ck_assert(m.pulse.said);
}
END_TEST

START_TEST(test_pulses_of_other_time_bases)
{
    static const struct {
        uint8_t base;
        bool said;
        int64_t of_day; /* of a pulse of which 43218 s are told */
    } rows[] = {{1, false, 0},
                {2, true, AT(12, 0, 32)},
                {3, true, AT(12, 0, 18)},
                {4, true, AT(12, 0, 18)},
                {15, false, 0}};
    uint8_t in[16] = {0x50, 0x9c, 0x79, 0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0x8d, 0x09, 0x0a, 0};
    struct gps_message m;
    GOOD(m, 0x0d, 0x01, in);
    expect_instant(&m.pulse, GPS_SCALE_GPS, gps_day(2026, 11, 21), AT(12, 0, 18));
    ck_assert_int_eq(m.valid, GPS_SILENT);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in[15] = rows[i].base;
        GOOD(m, 0x0d, 0x01, in);
        ck_assert(m.pulse_said);
        ck_assert_int_eq(m.pulse.said, rows[i].said);
        if (rows[i].said)
            expect_instant(&m.pulse, GPS_SCALE_GPS, GPS_NO_DAY, rows[i].of_day);
    }
}
END_TEST

START_TEST(test_parts_of_a_millisecond)
{
    uint8_t in[16];
    struct gps_message m;
    memcpy(in, tim_tp_utc, sizeof in);
    in[7] = 0x80; /* half of one */
    GOOD(m, 0x0d, 0x01, in);
    ck_assert_int_eq(m.pulse.ns, AT(12, 0, 0) + 500000);
    /* The end of the week is the beginning of the next one. */
    in[7] = 0;
    in[0] = 0x00, in[1] = 0x84, in[2] = 0x0c, in[3] = 0x24; /* 604800000 ms */
    GOOD(m, 0x0d, 0x01, in);
    expect_instant(&m.pulse, GPS_SCALE_UTC, gps_day(2026, 11, 22), 0);
}
END_TEST

/* ---------------------------------------------------------------- navigation */

/* u-blox M8: 2016-12-31 23:59:60, 134 ns before; 3D, 12 satellites, 25 ns. */
static const uint8_t nav_pvt[92] = {
    0x78, 0x7b, 0x16, 0x1f, 0xe0, 0x07, 12,   31,   23, 59, 60,   0x37,
    25,   0,    0,    0,    0x7a, 0xff, 0xff, 0xff, 3,  1,  0xea, 12,
};

START_TEST(test_nav_pvt)
{
    struct gps_message m;
    uint8_t in[92];
    GOOD(m, 0x01, 0x07, nav_pvt);
    ck_assert_int_eq(m.kind, GPS_NAV_PVT);
    expect_instant(&m.time, GPS_SCALE_UTC, gps_day(2016, 12, 31), AT(23, 59, 60) - 134);
    ck_assert_double_eq_tol(m.time.accuracy_s, 25e-9, 1e-15);
    ck_assert_int_eq(m.time.resolved, GPS_YES);
    ck_assert_int_eq(m.valid, GPS_YES);
    ck_assert_int_eq(m.fix, GPS_FIX_3D);
    ck_assert_int_eq(m.satellites_used, 12);
    ck_assert(read_payload(&m, 0x01, 0x07, nav_pvt, 84)); /* of u-blox 7 */
    ck_assert(!read_payload(&m, 0x01, 0x07, nav_pvt, 83));
    memcpy(in, nav_pvt, sizeof in);
    in[11] = 3; /* seconds may be wrong */
    GOOD(m, 0x01, 0x07, in);
    ck_assert_int_eq(m.valid, GPS_SILENT);
    ck_assert_int_eq(m.time.resolved, GPS_NO);
    ck_assert(m.time.said);
    for (uint8_t valid = 4; valid < 7; valid++) {
        in[11] = valid;
        GOOD(m, 0x01, 0x07, in);
        ck_assert_int_eq(m.valid, GPS_NO);
    }
    in[11] = 2; /* the date may */
    GOOD(m, 0x01, 0x07, in);
    ck_assert_int_eq(m.valid, GPS_NO);
    ck_assert_int_eq(m.time.day, GPS_NO_DAY);
    in[11] = 0xf0;
    GOOD(m, 0x01, 0x07, in);
    ck_assert(!m.time.said);
}
END_TEST

START_TEST(test_nav_pvt_fixes)
{
    static const enum gps_fix fixes[] = {GPS_FIX_NONE, GPS_FIX_ESTIMATED, GPS_FIX_2D,  GPS_FIX_3D,
                                         GPS_FIX_3D,   GPS_FIX_TIME,      GPS_FIX_NONE};
    uint8_t in[92];
    struct gps_message m;
    memcpy(in, nav_pvt, sizeof in);
    for (uint8_t type = 0; type < sizeof fixes / sizeof fixes[0]; type++) {
        in[20] = type;
        in[21] = 1;
        GOOD(m, 0x01, 0x07, in);
        ck_assert_int_eq(m.fix, fixes[type]);
        in[21] = 0; /* not good enough for its own limits */
        GOOD(m, 0x01, 0x07, in);
        ck_assert_int_eq(m.fix, GPS_FIX_NONE);
    }
}
END_TEST

START_TEST(test_civil_times_without_sense)
{
    static const struct {
        int at;
        uint8_t value;
    } rows[] = {{6, 13}, {6, 0}, {7, 32}, {8, 24}, {9, 60}, {10, 61}, {9, 58}, {8, 22}, {19, 0x80}};
    struct gps_message m;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t in[92];
        memcpy(in, nav_pvt, sizeof in);
        in[rows[i].at] = rows[i].value;
        BAD(m, 0x01, 0x07, in);
    }
}
END_TEST

START_TEST(test_midnight_less_a_little)
{
    struct gps_message m;
    uint8_t in[92];
    memcpy(in, nav_pvt, sizeof in);
    in[4] = 0xe1, in[6] = 1, in[7] = 1, in[8] = 0, in[9] = 0, in[10] = 0;
    GOOD(m, 0x01, 0x07, in);
    expect_instant(&m.time, GPS_SCALE_UTC, gps_day(2016, 12, 31), AT(24, 0, 0) - 134);
    in[11] = 2;
    GOOD(m, 0x01, 0x07, in);
    ck_assert_int_eq(m.time.day, GPS_NO_DAY);
}
END_TEST

START_TEST(test_nav_timegps)
{
    /* Week 2445, 561618.0 s less 317 ns; 18 leap seconds; all valid; 21 ns. */
    uint8_t in[16] = {0x50, 0x9c, 0x79, 0x21, 0xc3, 0xfe, 0xff, 0xff,
                      0x8d, 0x09, 18,   7,    21,   0,    0,    0};
    struct gps_message m;
    GOOD(m, 0x01, 0x20, in);
    expect_instant(&m.time, GPS_SCALE_GPS, gps_day(2026, 11, 21), AT(12, 0, 18) - 317);
    ck_assert_double_eq_tol(m.time.accuracy_s, 21e-9, 1e-15);
    ck_assert_int_eq(m.valid, GPS_YES);
    ck_assert_int_eq(m.leap_valid, GPS_YES);
    ck_assert_int_eq(m.leap_s, 18);
    in[11] = 3;
    GOOD(m, 0x01, 0x20, in);
    ck_assert_int_eq(m.valid, GPS_YES);
    ck_assert_int_eq(m.leap_valid, GPS_NO);
    in[11] = 1;
    GOOD(m, 0x01, 0x20, in);
    ck_assert_int_eq(m.valid, GPS_NO);
    ck_assert_int_eq(m.time.day, GPS_NO_DAY);
    ck_assert(m.time.said);
    in[11] = 2;
    GOOD(m, 0x01, 0x20, in);
    ck_assert(!m.time.said);
}
END_TEST

START_TEST(test_nav_timeutc)
{
    uint8_t in[20] = {0, 0, 0, 0, 40, 0, 0, 0, 9, 0, 0, 0, 0xea, 0x07, 11, 21, 12, 0, 1, 0x37};
    struct gps_message m;
    GOOD(m, 0x01, 0x21, in);
    expect_instant(&m.time, GPS_SCALE_UTC, gps_day(2026, 11, 21), AT(12, 0, 1) + 9);
    ck_assert_int_eq(m.valid, GPS_YES);
    ck_assert_str_eq(m.words, "UTC (USNO)");
    in[19] = 0x73; /* UTC is not known: leap seconds are the firmware's */
    GOOD(m, 0x01, 0x21, in);
    ck_assert_int_eq(m.valid, GPS_SILENT);
    ck_assert_int_eq(m.time.resolved, GPS_NO);
    ck_assert(m.time.said);
    ck_assert_str_eq(m.words, "UTC (NTSC)");
    in[19] = 0xf1;
    GOOD(m, 0x01, 0x21, in);
    ck_assert_int_eq(m.time.day, GPS_NO_DAY);
    ck_assert_str_eq(m.words, "");
    in[19] = 0x06;
    GOOD(m, 0x01, 0x21, in);
    ck_assert(!m.time.said);
}
END_TEST

START_TEST(test_nav_timels)
{
    /* 18 by GPS; one more in 100000 s, by GPS */
    uint8_t in[24] = {0,    0,    0,    0, 0, 0, 0, 0, 2, 18, 2, 1,
                      0xa0, 0x86, 0x01, 0, 0, 0, 0, 0, 0, 0,  0, 3};
    struct gps_message m;
    GOOD(m, 0x01, 0x26, in);
    ck_assert_int_eq(m.leap_valid, GPS_YES);
    ck_assert_int_eq(m.leap_s, 18);
    ck_assert_int_eq(m.change_valid, GPS_YES);
    ck_assert_int_eq(m.change, 1);
    ck_assert_int_eq(m.change_in_s, 100000);
    in[11] = 0xff;
    GOOD(m, 0x01, 0x26, in);
    ck_assert_int_eq(m.change, -1);
    in[11] = 1, in[15] = 0x80; /* past */
    GOOD(m, 0x01, 0x26, in);
    ck_assert_int_eq(m.change, 0);
    ck_assert_int_eq(m.change_valid, GPS_YES);
    in[15] = 0, in[10] = 0; /* nobody has said so */
    GOOD(m, 0x01, 0x26, in);
    ck_assert_int_eq(m.change_valid, GPS_NO);
    ck_assert_int_eq(m.change, 0);
    in[10] = 2, in[23] = 1;
    GOOD(m, 0x01, 0x26, in);
    ck_assert_int_eq(m.change_valid, GPS_NO);
    ck_assert_int_eq(m.change, 0);
    static const enum gps_answer by_source[] = {GPS_NO,  GPS_YES, GPS_YES, GPS_YES, GPS_YES,
                                                GPS_YES, GPS_NO,  GPS_NO,  GPS_YES};
    for (uint8_t source = 0; source < sizeof by_source / sizeof by_source[0]; source++) {
        in[8] = source;
        GOOD(m, 0x01, 0x26, in);
        ck_assert_int_eq(m.leap_valid, by_source[source]);
    }
    in[8] = 255;
    GOOD(m, 0x01, 0x26, in);
    ck_assert_int_eq(m.leap_valid, GPS_NO);
    in[8] = 2, in[23] = 2;
    GOOD(m, 0x01, 0x26, in);
    ck_assert_int_eq(m.leap_valid, GPS_NO);
}
END_TEST

START_TEST(test_nav_clock_status_and_dop)
{
    uint8_t clock[20] = {0, 0, 0, 0, 0x0c, 0xfe, 0xff, 0xff, 7, 0, 0, 0, 33};
    uint8_t status[16] = {0}, dop[18] = {0};
    static const enum gps_answer spoofing[] = {GPS_SILENT, GPS_NO, GPS_YES, GPS_YES};
    struct gps_message m;
    GOOD(m, 0x01, 0x22, clock);
    ck_assert(!m.time.said);
    ck_assert_double_eq_tol(m.time.accuracy_s, 33e-9, 1e-15);
    ck_assert_str_eq(m.words, "its clock: -500 ns, 7 ns/s");
    for (int state = 0; state < 4; state++) {
        status[7] = (uint8_t)(state << 3 | 0xe7);
        GOOD(m, 0x01, 0x03, status);
        ck_assert_int_eq(m.spoofing, spoofing[state]);
    }
    dop[12] = 0x65;
    GOOD(m, 0x01, 0x04, dop);
    ck_assert_double_eq_tol(m.hdop, 1.01, 1e-9);
}
END_TEST

/* ---------------------------------------------------------------- sky and state */

START_TEST(test_nav_sat)
{
    uint8_t in[8 + 100 * 12] = {0, 0, 0, 0, 1, 100};
    static const char systems[] = "GSEC?JRI?";
    struct gps_message m;
    for (size_t i = 0; i < 100; i++) {
        uint8_t *block = in + 8 + 12 * i;
        block[0] = (uint8_t)(i % 9);
        block[1] = (uint8_t)i;
        block[3] = 200; /* −56 degrees */
        block[8] = i < 70 ? 8 : 0;
    }
    in[8 + 3] = 165; /* −91: not known */
    GOOD(m, 0x01, 0x35, in);
    ck_assert_int_eq(m.satellites_seen, 100);
    ck_assert_int_eq(m.satellites_used, 70);
    ck_assert_uint_eq(m.satellite_count, GPS_SATELLITES);
    ck_assert_uint_eq(m.parts, 0);
    for (size_t i = 0; i < GPS_SATELLITES; i++)
        ck_assert_int_eq(m.satellites[i].system, systems[i % 9]);
    ck_assert_int_eq(m.satellites[0].elevation, -128);
    ck_assert_int_eq(m.satellites[0].azimuth, -1);
    ck_assert_int_eq(m.satellites[1].elevation, -56);
    ck_assert(!read_payload(&m, 0x01, 0x35, in, sizeof in - 1));
    ck_assert(read_payload(&m, 0x01, 0x35, (const uint8_t[8]){0}, 8));
    ck_assert_int_eq(m.satellites_seen, 0);
}
END_TEST

START_TEST(test_mon_hw)
{
    static const enum gps_antenna antennas[] = {GPS_ANTENNA_UNSAID, GPS_ANTENNA_UNSAID,
                                                GPS_ANTENNA_OK,     GPS_ANTENNA_SHORT,
                                                GPS_ANTENNA_OPEN,   GPS_ANTENNA_UNSAID};
    static const enum gps_jamming jammings[] = {GPS_JAMMING_UNSAID, GPS_JAMMING_NONE,
                                                GPS_JAMMING_WARNING, GPS_JAMMING_CRITICAL};
    uint8_t in[68] = {0};
    struct gps_message m;
    in[45] = 33;
    in[53] = 44;
    for (uint8_t i = 0; i < 6; i++) {
        in[20] = i;
        in[22] = (uint8_t)((i & 3) << 2 | 0x13);
        GOOD(m, 0x0a, 0x09, in); /* u-blox 6 */
        ck_assert_int_eq(m.antenna, antennas[i]);
        ck_assert_int_eq(m.jamming, jammings[i & 3]);
        ck_assert_int_eq(m.jam_indicator, 44);
    }
    ck_assert(read_payload(&m, 0x0a, 0x09, in, 60)); /* M8 */
    ck_assert_int_eq(m.jam_indicator, 33);
    ck_assert(!read_payload(&m, 0x0a, 0x09, in, 59));
}
END_TEST

START_TEST(test_mon_rf)
{
    uint8_t in[4 + 2 * 24] = {0, 2};
    struct gps_message m;
    in[4 + 1] = 1, in[4 + 2] = 4, in[4 + 16] = 7;    /* L1: open */
    in[28 + 1] = 3, in[28 + 2] = 2, in[28 + 16] = 9; /* L2: jammed */
    GOOD(m, 0x0a, 0x38, in);
    ck_assert_int_eq(m.antenna, GPS_ANTENNA_OPEN);
    ck_assert_int_eq(m.jamming, GPS_JAMMING_CRITICAL);
    ck_assert_int_eq(m.jam_indicator, 9);
    ck_assert(!read_payload(&m, 0x0a, 0x38, in, sizeof in - 1));
    ck_assert(read_payload(&m, 0x0a, 0x38, (const uint8_t[4]){0}, 4));
    ck_assert_int_eq(m.jam_indicator, -1);
    ck_assert_int_eq(m.antenna, GPS_ANTENNA_UNSAID);
}
END_TEST

START_TEST(test_sec_sig)
{
    uint8_t first[12] = {1, 0, 0, 0, 0x05, 0, 0, 0, 0x05}, second[4] = {2, 0x2d};
    struct gps_message m;
    GOOD(m, 0x27, 0x09, first);
    ck_assert_int_eq(m.jamming, GPS_JAMMING_WARNING);
    ck_assert_int_eq(m.spoofing, GPS_YES);
    first[4] = 0x04, first[8] = 0x04; /* neither is looked for */
    GOOD(m, 0x27, 0x09, first);
    ck_assert_int_eq(m.jamming, GPS_JAMMING_UNSAID);
    ck_assert_int_eq(m.spoofing, GPS_SILENT);
    first[8] = 0x01; /* looked for, not known */
    GOOD(m, 0x27, 0x09, first);
    ck_assert_int_eq(m.spoofing, GPS_SILENT);
    ck_assert(!read_payload(&m, 0x27, 0x09, first, 11));
    GOOD(m, 0x27, 0x09, second);
    ck_assert_int_eq(m.jamming, GPS_JAMMING_WARNING);
    ck_assert_int_eq(m.spoofing, GPS_YES);
    second[1] = 0x1b;
    GOOD(m, 0x27, 0x09, second);
    ck_assert_int_eq(m.jamming, GPS_JAMMING_NONE);
    ck_assert_int_eq(m.spoofing, GPS_NO);
}
END_TEST

START_TEST(test_survey_in_and_others)
{
    uint8_t svin[28] = {0x58, 2};
    struct gps_message m;
    svin[20] = 0x57, svin[21] = 2, svin[25] = 1;
    GOOD(m, 0x0d, 0x04, svin);
    ck_assert_str_eq(m.words, "survey-in goes on: 600 s, 599 observations");
    svin[25] = 0, svin[24] = 1;
    GOOD(m, 0x0d, 0x04, svin);
    ck_assert_str_eq(m.words, "survey-in is done: 600 s, 599 observations");
    ck_assert(read_payload(&m, 0x05, 0x01, svin, 2)); /* an acknowledgement */
    ck_assert_int_eq(m.kind, GPS_OTHER);
    ck_assert(read_payload(&m, 0x01, 0x06, svin, 0));
    ck_assert_int_eq(m.kind, GPS_OTHER);
}
END_TEST

/* Every message refuses what is too short, and reads nothing beyond. */
START_TEST(test_every_length)
{
    static const uint8_t ids[][2] = {{1, 3},    {1, 4},    {1, 7},    {1, 0x20}, {1, 0x21},
                                     {1, 0x22}, {1, 0x26}, {1, 0x35}, {0xa, 9},  {0xa, 0x38},
                                     {0xd, 1},  {0xd, 4},  {0x27, 9}};
    static const uint8_t zeros[128];
    uint8_t ones[128];
    struct gps_message m;
    memset(ones, 0xff, sizeof ones);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        for (size_t size = 0; size <= sizeof zeros; size++) {
            bool read = read_payload(&m, ids[i][0], ids[i][1], zeros, size);
            ck_assert_int_ne(m.kind, GPS_OTHER);
            ck_assert(read || size < 92);
            ck_assert(!read || size >= 4);
            read_payload(&m, ids[i][0], ids[i][1], ones, size);
        }
}
END_TEST

/* ---------------------------------------------------------------- the simulated receiver */

static const struct vdev_ubx_second noon = {
    .utc = {INT64_C(1795262400) * GN_NS_PER_S}, /* 2026-11-21 12:00:00 */
    .valid = true,
    .fix = 3,
    .gps_s = INT64_C(1479297618),
    .leap_s = 18,
    .leap_valid = true,
    .pulse_late_s = 5.5e-9,
    .accuracy_s = 21e-9,
    .fraction_ns = -317,
    .satellites = 9,
    .antenna = 2,
    .jamming = 1,
    .jam_indicator = 12,
    .spoofing = 1,
    .seen = 2,
    .sky = {{0, 17, 44, 61, 203, true}, {6, 9, 0, -3, 359, false}},
};

/* Through the framer, too. */
static struct gps_message hear(enum vdev_ubx kind, const struct vdev_ubx_second *second)
{
    char text[1024];
    struct framer *framer = malloc(sizeof *framer);
    struct framer_frame frame;
    struct gps_message message;
    size_t size = vdev_ubx_say(kind, second, text, sizeof text);
    ck_assert_uint_gt(size, 8);
    ck_assert_ptr_nonnull(framer);
    framer_init(framer);
    framer_push(framer, text, size, (gn_local){0}, 0);
    ck_assert(framer_next(framer, &frame));
    ck_assert_int_eq(frame.kind, FRAMER_UBX);
    ck_assert(read_payload(&message, frame.ubx_class, frame.ubx_id, frame.data, frame.size));
    ck_assert_str_eq(gps_kind_name(message.kind), vdev_ubx_word(kind));
    free(framer);
    return message;
}

START_TEST(test_the_simulated_receiver)
{
    int32_t day = gps_day(2026, 11, 21);
    struct gps_message m = hear(VDEV_UBX_NAV_PVT, &noon);
    expect_instant(&m.time, GPS_SCALE_UTC, day, AT(12, 0, 0) - 317);
    ck_assert_int_eq(m.valid, GPS_YES);
    ck_assert_int_eq(m.fix, GPS_FIX_3D);
    ck_assert_int_eq(m.satellites_used, 9);
    m = hear(VDEV_UBX_NAV_TIMEUTC, &noon);
    expect_instant(&m.time, GPS_SCALE_UTC, day, AT(12, 0, 0) - 317);
    ck_assert_str_eq(m.words, "UTC (USNO)");
    m = hear(VDEV_UBX_NAV_TIMEGPS, &noon);
    expect_instant(&m.time, GPS_SCALE_GPS, day, AT(12, 0, 18) - 317);
    ck_assert_int_eq(m.leap_s, 18);
    m = hear(VDEV_UBX_TIM_TP, &noon);
    expect_instant(&m.pulse, GPS_SCALE_GPS, day, AT(12, 0, 19));
    ck_assert_double_eq_tol(m.pulse_error_s, 5.5e-9, 1e-15);
    m = hear(VDEV_UBX_NAV_TIMELS, &noon);
    ck_assert_int_eq(m.leap_valid, GPS_YES);
    ck_assert_int_eq(m.change_valid, GPS_YES);
    ck_assert_int_eq(m.change, 0);
}
END_TEST

START_TEST(test_the_simulated_receivers_sky)
{
    struct gps_message m = hear(VDEV_UBX_NAV_SAT, &noon);
    ck_assert_int_eq(m.satellites_seen, 2);
    ck_assert_int_eq(m.satellites_used, 1);
    ck_assert_uint_eq(m.satellite_count, 2);
    ck_assert_int_eq(m.satellites[0].system, 'G');
    ck_assert_uint_eq(m.satellites[0].number, 17);
    ck_assert_uint_eq(m.satellites[0].cn0_db_hz, 44);
    ck_assert_int_eq(m.satellites[1].system, 'R');
    ck_assert_int_eq(m.satellites[1].elevation, -3);
    ck_assert_int_eq(m.satellites[1].azimuth, 359);
    m = hear(VDEV_UBX_MON_RF, &noon);
    ck_assert_int_eq(m.antenna, GPS_ANTENNA_OK);
    ck_assert_int_eq(m.jamming, GPS_JAMMING_NONE);
    ck_assert_int_eq(m.jam_indicator, 12);
    m = hear(VDEV_UBX_SEC_SIG, &noon);
    ck_assert_int_eq(m.spoofing, GPS_NO);
    ck_assert_int_eq(m.jamming, GPS_JAMMING_NONE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps ubx");
    TCase *pulse = tcase_create("pulse"), *simulated = tcase_create("simulated");
    TCase *nav = tcase_create("navigation"), *state = tcase_create("state");
    tcase_add_test(pulse, test_the_next_pulse_of_utc);
    tcase_add_test(pulse, test_a_pulse_of_utc_that_is_not_known);
    tcase_add_test(pulse, test_pulses_of_other_time_bases);
    tcase_add_test(pulse, test_parts_of_a_millisecond);
    tcase_add_test(nav, test_nav_pvt);
    tcase_add_test(nav, test_nav_pvt_fixes);
    tcase_add_test(nav, test_civil_times_without_sense);
    tcase_add_test(nav, test_midnight_less_a_little);
    tcase_add_test(nav, test_nav_timegps);
    tcase_add_test(nav, test_nav_timeutc);
    tcase_add_test(nav, test_nav_timels);
    tcase_add_test(nav, test_nav_clock_status_and_dop);
    tcase_add_test(state, test_nav_sat);
    tcase_add_test(state, test_mon_hw);
    tcase_add_test(state, test_mon_rf);
    tcase_add_test(state, test_sec_sig);
    tcase_add_test(state, test_survey_in_and_others);
    tcase_add_test(state, test_every_length);
    tcase_add_test(simulated, test_the_simulated_receiver);
    tcase_add_test(simulated, test_the_simulated_receivers_sky);
    suite_add_tcase(suite, pulse);
    suite_add_tcase(suite, nav);
    suite_add_tcase(suite, state);
    suite_add_tcase(suite, simulated);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
