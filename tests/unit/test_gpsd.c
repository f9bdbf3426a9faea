/* SPDX-License-Identifier: Apache-2.0 */
/* What gpsd says: lines, whose they are, and what each class of object tells. */
#include <check.h>
#include <plugins/refclock-gps/gpsd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GREETING                                                                                   \
    "{\"class\":\"VERSION\",\"release\":\"3.22\",\"rev\":\"3.22\",\"proto_major\":3,"              \
    "\"proto_minor\":14}\r\n"
#define DEVICES_TWO                                                                                \
    "{\"class\":\"DEVICES\",\"devices\":[{\"class\":\"DEVICE\",\"path\":\"/dev/ttyS0\","           \
    "\"driver\":\"u-blox\",\"activated\":\"2026-11-21T17:00:00.000Z\"},"                           \
    "{\"class\":\"DEVICE\",\"path\":\"/dev/ttyS1\"}]}\r\n"
#define TPV_OF(device, rest)                                                                       \
    "{\"class\":\"TPV\",\"device\":\"" device "\",\"mode\":3,"                                     \
    "\"time\":\"2026-11-21T17:30:15.250Z\"" rest "}\r\n"

struct ear {
    struct gpsd gpsd;
    struct gps_message last;
    unsigned count;
};

static void on_message(void *arg, const struct gps_message *message)
{
    struct ear *ear = arg;
    ear->last = *message;
    ear->count++;
}

static void feed(struct ear *ear, const char *text)
{
    gpsd_feed(&ear->gpsd, text, strlen(text), on_message, ear);
}

static struct ear *ear_open(const char *device)
{
    struct ear *ear = calloc(1, sizeof *ear);
    ck_assert_ptr_nonnull(ear);
    gpsd_init(&ear->gpsd, device);
    return ear;
}

/* One that is past the greeting. */
static struct ear *ear_ready(const char *device)
{
    struct ear *ear = ear_open(device);
    feed(ear, GREETING);
    ck_assert_uint_eq(ear->count, 1);
    ear->count = 0;
    return ear;
}

/* The message that a line of a device of its own becomes; it stays valid until the next. */
static const struct gps_message *read_one(struct ear *ear, const char *line)
{
    ear->count = 0;
    feed(ear, line);
    feed(ear, "\n");
    ck_assert_msg(ear->count == 1, "refused: %s", ear->gpsd.why != NULL ? ear->gpsd.why : "?");
    return &ear->last;
}

static void refused(struct ear *ear, const char *line)
{
    uint64_t before = ear->gpsd.counts.refused;
    ear->count = 0;
    feed(ear, line);
    feed(ear, "\n");
    ck_assert_msg(ear->count == 0, "taken: %s", line);
    ck_assert_msg(ear->gpsd.counts.refused == before + 1, "not counted: %s", line);
    ck_assert_ptr_nonnull(ear->gpsd.why);
}

/* ---------------------------------------------------------------- the version */

START_TEST(it_says_who_it_is)
{
    struct ear *ear = ear_open("");
    feed(ear, GREETING);
    ck_assert_int_eq(ear->last.kind, GPSD_VERSION);
    ck_assert_str_eq(ear->last.words, "gpsd 3.22 speaks protocol 3.14");
    ck_assert_int_eq(ear->gpsd.state, GPSD_SPEAKS);
    free(ear);
}
END_TEST

static const struct {
    const char *line, *words;
} strange[] = {
    {"{\"class\":\"VERSION\",\"release\":\"2.94\",\"proto_major\":2,\"proto_minor\":7}",
     "too old: 3 is needed"},
    {"{\"class\":\"VERSION\",\"release\":\"4.0\",\"proto_major\":4,\"proto_minor\":0}",
     "not known: 3 is"},
};

START_TEST(another_protocol_is_not_taken)
{
    struct ear *ear = ear_open("");
    ck_assert_ptr_nonnull(strstr(read_one(ear, strange[_i].line)->words, strange[_i].words));
    ck_assert_int_eq(ear->gpsd.state, GPSD_STRANGE);
    feed(ear, TPV_OF("/dev/ttyS0", ""));
    ck_assert_uint_eq(ear->count, 1);
    ck_assert_uint_eq(ear->gpsd.counts.refused, 0);
    free(ear);
}
END_TEST

START_TEST(nothing_counts_before_the_version)
{
    struct ear *ear = ear_open("");
    refused(ear, TPV_OF("/dev/ttyS0", ""));
    refused(ear, "SSH-2.0-OpenSSH_9.2p1 Debian-2");
    refused(ear, "{\"class\":\"VERSION\",\"release\":\"3.22\"}");
    feed(ear, GREETING TPV_OF("/dev/ttyS0", ""));
    ck_assert_uint_eq(ear->count, 2);
    gpsd_renew(&ear->gpsd);
    refused(ear, TPV_OF("/dev/ttyS0", ""));
    free(ear);
}
END_TEST

/* ---------------------------------------------------------------- devices */

START_TEST(its_devices_are_named)
{
    struct ear *ear = ear_ready("");
    ck_assert_str_eq(read_one(ear, DEVICES_TWO)->words, "/dev/ttyS0 (u-blox), /dev/ttyS1");
    ck_assert_uint_eq(ear->gpsd.devices, 2);
    ck_assert(ear->gpsd.listed && ear->gpsd.present);
    ck_assert_str_eq(read_one(ear, "{\"class\":\"DEVICES\",\"devices\":[]}")->words, "");
    ck_assert(ear->gpsd.listed && !ear->gpsd.present);
    free(ear);
}
END_TEST

START_TEST(one_device_is_heard)
{
    struct ear *ear = ear_ready("/dev/ttyS1");
    read_one(ear, DEVICES_TWO);
    ck_assert(ear->gpsd.present);
    ear->count = 0;
    feed(ear, TPV_OF("/dev/ttyS0", "") TPV_OF("/dev/ttyS1", ",\"ept\":1.0"));
    feed(ear, TPV_OF("/dev/ttyS0", "") "{\"class\":\"TPV\",\"mode\":1}\n");
    ck_assert_uint_eq(ear->count, 1);
    ck_assert_double_eq_tol(ear->last.time.accuracy_s, 0.5, 1e-9);
    ck_assert_uint_eq(ear->gpsd.counts.foreign, 3); /* who does not say his name, too */
    ck_assert_uint_eq(ear->gpsd.counts.refused, 0);
    free(ear);
}
END_TEST

START_TEST(the_first_that_speaks_is_heard_until_it_is_lost)
{
    struct ear *ear = ear_ready("");
    feed(ear, TPV_OF("/dev/ttyS1", "") TPV_OF("/dev/ttyS0", ""));
    ck_assert_uint_eq(ear->count, 1);
    ck_assert_str_eq(ear->gpsd.heard, "/dev/ttyS1");
    feed(ear, "{\"class\":\"DEVICE\",\"path\":\"/dev/ttyS0\",\"activated\":0}\n");
    ck_assert(!ear->gpsd.lost);
    feed(ear, "{\"class\":\"DEVICE\",\"path\":\"/dev/ttyS1\",\"activated\":1244646062.5}\n");
    feed(ear, "{\"class\":\"DEVICE\",\"path\":\"/dev/ttyS1\"}\n");
    ck_assert(!ear->gpsd.lost);
    feed(ear, "{\"class\":\"DEVICE\",\"path\":\"/dev/ttyS1\",\"activated\":0}\n");
    ck_assert(ear->gpsd.lost);
    ck_assert_str_eq(ear->gpsd.heard, "/dev/ttyS1"); /* for who tells of it */
    feed(ear, TPV_OF("/dev/ttyS0", ""));
    ck_assert_str_eq(ear->gpsd.heard, "/dev/ttyS0");
    ck_assert(!ear->gpsd.lost);
    ck_assert_uint_eq(ear->count, 2);
    free(ear);
}
END_TEST

START_TEST(a_missing_device_is_noticed)
{
    struct ear *ear = ear_ready("/dev/ttyS7");
    read_one(ear, DEVICES_TWO);
    ck_assert(!ear->gpsd.present && ear->gpsd.listed);
    feed(ear, "{\"class\":\"DEVICE\",\"path\":\"/dev/ttyS7\",\"activated\":\"2026\"}\n");
    ck_assert(!ear->gpsd.listed); /* it has to be asked for all of them */
    free(ear);
}
END_TEST

/* ---------------------------------------------------------------- TPV */

START_TEST(a_fix)
{
    struct ear *ear = ear_ready("");
    const struct gps_message *message = read_one(
        ear, TPV_OF("/dev/ttyS0", ",\"leapseconds\":18,\"ept\":0.005,\"lat\":46.5,\"lon\":7.5,"
                                  "\"status\":2,\"ant\":2,\"jam\":40,\"epx\":1.2"));
    ck_assert_int_eq(message->kind, GPSD_TPV);
    ck_assert(message->time.said && message->time.scale == GPS_SCALE_UTC);
    ck_assert_int_eq(message->time.day, gps_day(2026, 11, 21));
    ck_assert_int_eq(message->time.ns, (17 * 3600 + 30 * 60 + 15) * GN_NS_PER_S + 250000000);
    ck_assert(!message->time.two_digits);
    ck_assert_double_eq_tol(message->time.accuracy_s, 0.0025, 1e-12);
    ck_assert_int_eq(message->valid, GPS_YES);
    ck_assert_int_eq(message->fix, GPS_FIX_3D);
    ck_assert_int_eq(message->leap_valid, GPS_YES);
    ck_assert_int_eq(message->leap_s, 18);
    ck_assert_int_eq(message->antenna, GPS_ANTENNA_OPEN);
    ck_assert_int_eq(message->jam_indicator, 40);
    ck_assert_int_eq(message->satellites_used, -1);
    free(ear);
}
END_TEST

static const struct {
    const char *fields;
    enum gps_fix fix;
    enum gps_answer valid;
} fixes[] = {
    {"\"mode\":0", GPS_FIX_UNSAID, GPS_SILENT},
    {"\"mode\":1", GPS_FIX_NONE, GPS_NO},
    {"\"mode\":1,\"time\":\"2026-11-21T17:30:15Z\"", GPS_FIX_NONE, GPS_NO},
    {"\"mode\":2,\"time\":\"2026-11-21T17:30:15Z\"", GPS_FIX_2D, GPS_YES},
    {"\"mode\":3", GPS_FIX_3D, GPS_SILENT},
    {"\"mode\":3,\"status\":3,\"time\":\"2026-11-21T17:30:15Z\"", GPS_FIX_3D, GPS_YES},
    {"\"mode\":3,\"status\":5", GPS_FIX_ESTIMATED, GPS_SILENT},
    {"\"mode\":3,\"status\":7", GPS_FIX_TIME, GPS_SILENT},
    {"\"mode\":3,\"status\":8", GPS_FIX_ESTIMATED, GPS_SILENT},
};

START_TEST(kinds_of_fixes)
{
    struct ear *ear = ear_ready("");
    char line[256];
    snprintf(line, sizeof line, "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",%s}",
             fixes[_i].fields);
    const struct gps_message *message = read_one(ear, line);
    ck_assert_int_eq(message->fix, fixes[_i].fix);
    ck_assert_int_eq(message->valid, fixes[_i].valid);
    ck_assert_int_eq(message->leap_valid, GPS_SILENT);
    ck_assert_int_eq(message->antenna, GPS_ANTENNA_UNSAID);
    ck_assert_int_eq(message->jam_indicator, -1);
    free(ear);
}
END_TEST

static const struct {
    const char *text;
    int64_t ns; /* of the day; -1: refused */
} times[] = {
    {"2026-11-21T00:00:00Z", 0},
    {"2026-11-21T00:00:01.5Z", 1500000000},
    {"2026-11-21T00:00:01.123456789Z", 1123456789},
    {"2016-12-31T23:59:60.250Z", 86400 * GN_NS_PER_S + 250000000},
    {"2026-11-21T17:30:60Z", -1},
    {"2016-12-31T23:59:61Z", -1},
    {"2026-11-21T24:00:00Z", -1},
    {"2026-11-21T17:60:00Z", -1},
    {"2026-11-31T00:00:00Z", -1},
    {"2026-13-01T00:00:00Z", -1},
    {"1969-12-31T00:00:00Z", -1},
    {"9999-01-01T00:00:00Z", -1},
    {"2026-11-21T00:00:00", -1},
    {"2026-11-21T00:00:00+01:00", -1},
    {"2026-11-21T00:00:00.1234567891Z", -1},
    {"2026-11-21 00:00:00Z", -1},
    {"26-11-21T00:00:00.000Z", -1},
    {"2026-1a-21T00:00:00Z", -1},
    {"", -1},
};

START_TEST(times_are_read_as_they_are_written)
{
    struct ear *ear = ear_ready("");
    char line[256];
    snprintf(line, sizeof line,
             "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"time\":\"%s\"}",
             times[_i].text);
    if (times[_i].ns >= 0)
        ck_assert_int_eq(read_one(ear, line)->time.ns, times[_i].ns);
    else
        refused(ear, line);
    free(ear);
}
END_TEST

/* ---------------------------------------------------------------- SKY */

START_TEST(a_sky_in_full)
{
    struct ear *ear = ear_ready("");
    const struct gps_message *message = read_one(
        ear,
        "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"xdop\":1.5,\"hdop\":1.24,\"nSat\":5,"
        "\"uSat\":3,\"satellites\":["
        "{\"PRN\":23,\"el\":6.0,\"az\":84.4,\"ss\":31.0,\"used\":false,\"gnssid\":0,\"svid\":23},"
        "{\"PRN\":23,\"el\":6.0,\"az\":84.4,\"ss\":40.0,\"used\":true,\"gnssid\":0,\"svid\":23,"
        "\"sigid\":4},"
        "{\"PRN\":301,\"used\":true,\"gnssid\":2,\"svid\":1,\"health\":1},"
        "{\"PRN\":65,\"el\":-91.0,\"az\":359.9,\"ss\":0.0,\"used\":false,\"gnssid\":6,"
        "\"svid\":1},"
        "{\"PRN\":5,\"ss\":20.4,\"used\":true,\"gnssid\":7,\"svid\":5}]}");
    ck_assert_int_eq(message->kind, GPSD_SKY);
    ck_assert_uint_eq(message->satellite_count, 4);
    ck_assert_uint_eq(message->parts, 0);
    ck_assert_int_eq(message->satellites_seen, 4); /* one is told for two of its signals */
    ck_assert_int_eq(message->satellites_used, 3);
    ck_assert_double_eq_tol(message->hdop, 1.24, 1e-9);
    const struct gps_satellite *satellites = message->satellites;
    ck_assert_int_eq(satellites[0].system, 'G');
    ck_assert_uint_eq(satellites[0].number, 23);
    ck_assert_int_eq(satellites[0].elevation, 6);
    ck_assert_int_eq(satellites[0].azimuth, 84);
    ck_assert_uint_eq(satellites[0].cn0_db_hz, 40);
    ck_assert(satellites[0].used);
    ck_assert_int_eq(satellites[1].system, 'E');
    ck_assert_int_eq(satellites[1].elevation, -128);
    ck_assert_int_eq(satellites[1].azimuth, -1);
    ck_assert_int_eq(satellites[2].system, 'R');
    ck_assert_int_eq(satellites[2].elevation, -128);
    ck_assert_int_eq(satellites[2].azimuth, 0);
    ck_assert(!satellites[2].used);
    ck_assert_int_eq(satellites[3].system, '?');
    ck_assert_uint_eq(satellites[3].cn0_db_hz, 20);
    free(ear);
}
END_TEST

static const struct {
    int prn;
    char system;
    unsigned number;
} numbers[] = {
    {1, 'G', 1},    {32, 'G', 32},   {33, 'S', 120},  {64, 'S', 151},      {65, 'R', 1},
    {96, 'R', 32},  {120, 'S', 120}, {193, 'J', 1},   {201, 'C', 1},       {301, 'E', 1},
    {336, 'E', 36}, {401, 'C', 1},   {500, '?', 500}, {65535, '?', 65535}, {0, 'G', 0},
};

START_TEST(before_there_were_systems_the_number_told)
{
    struct ear *ear = ear_ready("");
    char line[256];
    snprintf(line, sizeof line,
             "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"satellites\":[{\"PRN\":%d,\"el\":7,"
             "\"az\":160,\"ss\":36,\"used\":true}]}",
             numbers[_i].prn);
    const struct gps_message *message = read_one(ear, line);
    ck_assert_uint_eq(message->satellite_count, 1);
    ck_assert_int_eq(message->satellites[0].system, numbers[_i].system);
    ck_assert_uint_eq(message->satellites[0].number, numbers[_i].number);
    ck_assert_int_eq(message->satellites_used, 1);
    ck_assert_int_eq(message->satellites_seen, 1);
    free(ear);
}
END_TEST

START_TEST(a_sky_without_satellites_says_nothing_of_them)
{
    struct ear *ear = ear_ready("");
    const struct gps_message *message =
        read_one(ear, "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"hdop\":0.9}");
    ck_assert_int_eq(message->satellites_seen, -1);
    ck_assert_int_eq(message->satellites_used, -1);
    message = read_one(ear, "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"uSat\":7,\"nSat\":9}");
    ck_assert_int_eq(message->satellites_used, 7);
    ck_assert_int_eq(message->satellites_seen, 9);
    ck_assert_uint_eq(message->satellite_count, 0);
    free(ear);
}
END_TEST

START_TEST(more_satellites_than_there_is_room_for)
{
    struct ear *ear = ear_ready("");
    char *line = calloc(1, 16000);
    size_t used = (size_t)sprintf(
        line, "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"uSat\":90,\"satellites\":[");
    for (unsigned i = 0; i < 100; i++)
        used +=
            (size_t)sprintf(line + used, "%s{\"PRN\":1,\"used\":true,\"gnssid\":%u,\"svid\":%u}",
                            i > 0 ? "," : "", i / 40, i % 40);
    memcpy(line + used, "]}", 3);
    const struct gps_message *message = read_one(ear, line);
    ck_assert_uint_eq(message->satellite_count, GPS_SATELLITES);
    ck_assert_int_eq(message->satellites_used, 90);
    free(line);
    free(ear);
}
END_TEST

/* ---------------------------------------------------------------- PPS, TOFF, ERROR */

#define PPS(rest)                                                                                  \
    "{\"class\":\"PPS\",\"device\":\"/dev/ttyS0\",\"real_sec\":1795282215,\"real_nsec\":0,"        \
    "\"clock_sec\":1795282214,\"clock_nsec\":999987654" rest "}"

START_TEST(a_pulse)
{
    struct ear *ear = ear_ready("");
    const struct gps_message *message =
        read_one(ear, PPS(",\"precision\":-20,\"shm\":\"NTP1\",\"qErr\":-4321"));
    ck_assert_int_eq(message->kind, GPSD_PPS);
    ck_assert(message->pulse_said && message->pulse.said && !message->time.said);
    ck_assert_int_eq(message->pulse.scale, GPS_SCALE_UTC);
    ck_assert_int_eq(message->pulse.day * (int64_t)86400 + message->pulse.ns / GN_NS_PER_S,
                     1795282215);
    ck_assert_int_eq(message->pulse.ns % GN_NS_PER_S, 0);
    ck_assert_int_eq(message->pulse_at.ns, 1795282214999987654);
    ck_assert_double_eq_tol(message->pulse.accuracy_s, 1.0 / (1 << 20), 1e-12);
    ck_assert_double_eq_tol(message->pulse_error_s, 4321e-12, 1e-15);
    message = read_one(ear, PPS("")); /* an old one */
    ck_assert_double_eq(message->pulse.accuracy_s, 0);
    ck_assert_double_eq(message->pulse_error_s, 0);
    free(ear);
}
END_TEST

START_TEST(when_a_message_came)
{
    struct ear *ear = ear_ready("");
    const struct gps_message *message =
        read_one(ear, "{\"class\":\"TOFF\",\"device\":\"/dev/ttyS0\",\"real_sec\":1795282215, "
                      "\"real_nsec\":250000000,\"clock_sec\":1795282215,\"clock_nsec\":412345678}");
    ck_assert_int_eq(message->kind, GPSD_TOFF);
    ck_assert(message->time.said && !message->pulse_said);
    ck_assert_int_eq(message->time.ns % GN_NS_PER_S, 250000000);
    ck_assert_int_eq(message->heard_at.ns, 1795282215412345678);
    ck_assert_int_eq(message->valid, GPS_SILENT);
    free(ear);
}
END_TEST

START_TEST(an_error_is_passed_on_in_its_words)
{
    struct ear *ear = ear_ready("");
    const struct gps_message *message =
        read_one(ear, "{\"class\":\"ERROR\",\"message\":\"Unrecognized request '\\u001b[31m?X'\"}");
    ck_assert_int_eq(message->kind, GPSD_ERROR);
    ck_assert_str_eq(message->words, "Unrecognized request '?[31m?X'");
    free(ear);
}
END_TEST

/* ---------------------------------------------------------------- what is refused */

static const char *const bad[] = {
    "",
    "{",
    "[]",
    "null",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3",
    "{\"device\":\"/dev/ttyS0\",\"mode\":3}",
    "{\"class\":7}",
    "{\"class\":\"\"}",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\"}",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":4}",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":\"3\"}",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"status\":-1}",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"time\":1795282215}",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"ept\":-1}",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"ept\":nan}",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"leapseconds\":1800}",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"leapseconds\":18.5}",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"ant\":4}",
    "{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"jam\":256}",
    "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"satellites\":{}}",
    "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"satellites\":[3]}",
    "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"satellites\":[{\"el\":3,\"used\":true}]}",
    "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"satellites\":[{\"PRN\":-3,\"used\":true}]}",
    "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"satellites\":[{\"PRN\":3,\"used\":1}]}",
    "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"satellites\":[{\"PRN\":3,\"ss\":999}]}",
    "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"nSat\":-1}",
    "{\"class\":\"SKY\",\"device\":\"/dev/ttyS0\",\"hdop\":\"1\"}",
    "{\"class\":\"PPS\",\"device\":\"/dev/ttyS0\",\"real_sec\":1795282215,\"real_nsec\":0}",
    "{\"class\":\"PPS\",\"device\":\"/dev/ttyS0\",\"real_sec\":1,\"real_nsec\":0,\"clock_sec\":1,"
    "\"clock_nsec\":1000000000}",
    "{\"class\":\"PPS\",\"device\":\"/dev/ttyS0\",\"real_sec\":9223372036854775807,"
    "\"real_nsec\":0,\"clock_sec\":1,\"clock_nsec\":0}",
    "{\"class\":\"PPS\",\"device\":\"/dev/ttyS0\",\"real_sec\":1.5,\"real_nsec\":0,"
    "\"clock_sec\":1,\"clock_nsec\":0}",
    PPS(",\"precision\":3"),
    PPS(",\"qErr\":\"12\""),
    "{\"class\":\"TOFF\",\"device\":\"/dev/ttyS0\",\"clock_sec\":1,\"clock_nsec\":0}",
    "{\"class\":\"DEVICES\"}",
    "{\"class\":\"DEVICES\",\"devices\":[{}]}",
    "{\"class\":\"DEVICES\",\"devices\":[\"/dev/ttyS0\"]}",
    "{\"class\":\"DEVICE\",\"activated\":0}",
    "{\"class\":\"VERSION\",\"proto_major\":3,\"proto_minor\":\"1\"}",
    "{\"class\":\"TPV\",\"device\":\"\xff\",\"mode\":3}",
};

START_TEST(what_is_malformed_is_refused_and_counted)
{
    struct ear *ear = ear_ready("");
    if (bad[_i][0] == '\0') {
        feed(ear, "\r\n\n");
        ck_assert_uint_eq(ear->gpsd.counts.lines, 1); /* nothing is nothing */
    } else {
        refused(ear, bad[_i]);
    }
    read_one(ear, PPS("")); /* and the next one is fine */
    free(ear);
}
END_TEST

START_TEST(what_is_of_no_use_is_no_error)
{
    struct ear *ear = ear_ready("");
    feed(ear, "{\"class\":\"WATCH\",\"enable\":true,\"json\":true}\r\n"
              "{\"class\":\"ATT\",\"device\":\"/dev/ttyS0\",\"mode\":\"?\"}\n"
              "{\"class\":\"OSC\",\"device\":\"/dev/ttyS0\",\"running\":true}\n"
              "{\"class\":\"NEWER\",\"x\":[[{}]]}\n");
    ck_assert_uint_eq(ear->count, 0);
    ck_assert_uint_eq(ear->gpsd.counts.refused, 0);
    ck_assert_uint_eq(ear->gpsd.counts.lines, 5);
    free(ear);
}
END_TEST

/* ---------------------------------------------------------------- lines */

START_TEST(bytes_come_in_any_pieces)
{
    struct ear *ear = ear_open("");
    static const char text[] = GREETING DEVICES_TWO TPV_OF("/dev/ttyS0", "") PPS("") "\n";
    for (size_t i = 0; i < sizeof text - 1; i++)
        gpsd_feed(&ear->gpsd, text + i, 1, on_message, ear);
    ck_assert_uint_eq(ear->count, 4);
    ck_assert_int_eq(ear->last.kind, GPSD_PPS);
    ck_assert_uint_eq(ear->gpsd.counts.refused, 0);
    free(ear);
}
END_TEST

START_TEST(a_line_without_an_end_is_cut_and_the_next_is_read)
{
    struct ear *ear = ear_ready("");
    char chunk[1000];
    memset(chunk, ' ', sizeof chunk);
    for (size_t sent = 0; sent < 1000000; sent += sizeof chunk)
        gpsd_feed(&ear->gpsd, chunk, sizeof chunk, on_message, ear);
    ck_assert_uint_eq(ear->gpsd.counts.overlong, 1);
    ck_assert_uint_eq(ear->gpsd.counts.refused, 1);
    feed(ear, "}\n");
    read_one(ear, PPS(""));
    ck_assert_uint_eq(ear->gpsd.counts.refused, 1);
    free(ear);
}
END_TEST

START_TEST(a_new_connection_begins_anew)
{
    struct ear *ear = ear_ready("");
    feed(ear, TPV_OF("/dev/ttyS0", "") "{\"class\":\"TP");
    for (size_t i = 0; _i == 1 && i < GPSD_LINE_SIZE; i++)
        feed(ear, " ");
    gpsd_renew(&ear->gpsd);
    ck_assert_str_eq(ear->gpsd.heard, "");
    feed(ear, GREETING TPV_OF("/dev/ttyS1", ""));
    ck_assert_uint_eq(ear->count, 3);
    ck_assert_uint_eq(ear->gpsd.counts.refused, (unsigned)_i);
    ck_assert_uint_eq(ear->gpsd.counts.lines, 4 + (unsigned)_i);
    free(ear);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table)[0])

int main(void)
{
    Suite *suite = suite_create("gpsd");
    TCase *tests = tcase_create("gpsd");
    tcase_add_test(tests, it_says_who_it_is);
    tcase_add_loop_test(tests, another_protocol_is_not_taken, 0, COUNT(strange));
    tcase_add_test(tests, nothing_counts_before_the_version);
    tcase_add_test(tests, its_devices_are_named);
    tcase_add_test(tests, one_device_is_heard);
    tcase_add_test(tests, the_first_that_speaks_is_heard_until_it_is_lost);
    tcase_add_test(tests, a_missing_device_is_noticed);
    tcase_add_test(tests, a_fix);
    tcase_add_loop_test(tests, kinds_of_fixes, 0, COUNT(fixes));
    tcase_add_loop_test(tests, times_are_read_as_they_are_written, 0, COUNT(times));
    tcase_add_test(tests, a_sky_in_full);
    tcase_add_loop_test(tests, before_there_were_systems_the_number_told, 0, COUNT(numbers));
    tcase_add_test(tests, a_sky_without_satellites_says_nothing_of_them);
    tcase_add_test(tests, more_satellites_than_there_is_room_for);
    tcase_add_test(tests, a_pulse);
    tcase_add_test(tests, when_a_message_came);
    tcase_add_test(tests, an_error_is_passed_on_in_its_words);
    tcase_add_loop_test(tests, what_is_malformed_is_refused_and_counted, 0, COUNT(bad));
    tcase_add_test(tests, what_is_of_no_use_is_no_error);
    tcase_add_test(tests, bytes_come_in_any_pieces);
    tcase_add_test(tests, a_line_without_an_end_is_cut_and_the_next_is_read);
    tcase_add_loop_test(tests, a_new_connection_begins_anew, 0, 2); /* also in a long line */
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
