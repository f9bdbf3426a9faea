/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences as receivers of several makers send them: what each says, and what it does not. */

#include <check.h>
#include <plugins/refclock-gps/nmea.h>
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

START_TEST(test_zda_and_gga)
{
    struct gps_message m = good("GPZDA,235960.00,31,12,2016,00,00");
    expect_time(&m, gps_day(2016, 12, 31), 86400, 0);
    ck_assert_int_eq(m.valid, GPS_SILENT);
    ck_assert(!m.time.two_digits);
    m = good("GNGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,");
    expect_time(&m, GPS_NO_DAY, AT(9, 27, 25), 0);
    ck_assert_int_eq(m.satellites_used, 8);
    ck_assert_double_eq_tol(m.hdop, 1.01, 1e-9);
    bad("GPZDA,235860.00,31,12,2016,00,00");
    bad("GPZDA,240000.00,31,12,2016,00,00");
    bad("GPZDA,000000.00,31,02,2016,00,00");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps nmea");
    TCase *time = tcase_create("time");
    tcase_add_test(time, test_rmc);
    tcase_add_test(time, test_zda_and_gga);
    suite_add_tcase(suite, time);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
