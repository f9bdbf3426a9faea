/* SPDX-License-Identifier: Apache-2.0 */
/* refclock-gps: whether what a receiver says is good enough to set a clock by. */

#include <check.h>
#include <plugins/refclock-gps/quality.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct quality_config strict = {
    .min_satellites = 4, .settle_s = 10, .antenna_gate = true};

static gn_local local_of(double t_s)
{
    return (gn_local){gn_nanoseconds(t_s)};
}

static struct gps_message good_message(void)
{
    struct gps_message message;
    gps_message_init(&message, GPS_RMC);
    message.valid = GPS_YES;
    message.fix = GPS_FIX_3D;
    message.satellites_used = 9;
    return message;
}

/* A message a second, all alike. */
static void hear(struct quality *quality, const struct gps_message *message, int from, int to)
{
    for (int t = from; t < to; t++)
        quality_hear(quality, message, local_of(t));
}

/* Good for twenty seconds. */
static void begin(struct quality *quality)
{
    struct gps_message message = good_message();
    quality_init(quality, &strict);
    hear(quality, &message, 0, 21);
    ck_assert_int_eq(quality_judge(quality, local_of(20.5)), QUALITY_GOOD);
}

START_TEST(test_settles)
{
    struct quality quality;
    struct gps_message message = good_message();
    char words[160];
    quality_init(&quality, &strict);
    ck_assert_int_eq(quality_judge(&quality, local_of(0)), QUALITY_SILENT);
    hear(&quality, &message, 0, 10);
    ck_assert_int_eq(quality_judge(&quality, local_of(9.9)), QUALITY_SETTLING);
    ck_assert_str_eq(quality_words(&quality, QUALITY_SETTLING, words, sizeof words),
                     "the fix is not yet 10 s old");
    hear(&quality, &message, 10, 11);
    ck_assert_int_eq(quality_judge(&quality, local_of(10.1)), QUALITY_GOOD);
    ck_assert_int_eq(quality_judge(&quality, local_of(15)), QUALITY_SILENT);
    hear(&quality, &message, 30, 35); /* silence begins it anew */
    ck_assert_int_eq(quality_judge(&quality, local_of(35)), QUALITY_SETTLING);
}
END_TEST

/* What one message changes at once. */
static const struct {
    enum quality_verdict verdict;
    enum gps_answer valid;
    enum gps_fix fix;
    int satellites;
    enum gps_antenna antenna;
    enum gps_jamming jamming;
    enum gps_answer spoofing;
    const char *words;
} faults[] = {
    {QUALITY_INVALID, GPS_NO, 0, -1, 0, 0, 0, "the receiver does not vouch for its time"},
    {QUALITY_NO_FIX, 0, GPS_FIX_NONE, -1, 0, 0, 0, "no fix"},
    {QUALITY_ESTIMATED, 0, GPS_FIX_ESTIMATED, -1, 0, 0, 0,
     "the receiver guesses: its fix is not from satellites"},
    {QUALITY_FEW, 0, 0, 3, 0, 0, 0, "3 satellites, and 4 are asked for (min_satellites)"},
    {QUALITY_ANTENNA, 0, 0, -1, GPS_ANTENNA_SHORT, 0, 0, "the antenna's line has a short circuit"},
    {QUALITY_ANTENNA, 0, 0, -1, GPS_ANTENNA_OPEN, 0, 0, "no antenna is connected"},
    {QUALITY_JAMMED, 0, 0, -1, 0, GPS_JAMMING_CRITICAL, 0, "it is jammed"},
    {QUALITY_SPOOFED, 0, 0, -1, 0, 0, GPS_YES, "the receiver says that its signals are forged"},
};

START_TEST(test_faults_count_at_once)
{
    struct quality quality;
    struct gps_message message;
    char words[160];
    begin(&quality);
    gps_message_init(&message, GPS_MON_HW);
    message.valid = faults[_i].valid;
    message.fix = faults[_i].fix;
    message.satellites_used = (int16_t)faults[_i].satellites;
    message.antenna = faults[_i].antenna;
    message.jamming = faults[_i].jamming;
    message.spoofing = faults[_i].spoofing;
    quality_hear(&quality, &message, local_of(20.6));
    enum quality_verdict verdict = quality_judge(&quality, local_of(20.6));
    ck_assert_int_eq(verdict, faults[_i].verdict);
    ck_assert_str_eq(quality_words(&quality, verdict, words, sizeof words), faults[_i].words);
    /* And when it is over, it has to settle. */
    message = good_message();
    message.antenna = GPS_ANTENNA_OK;
    message.jamming = GPS_JAMMING_NONE;
    message.spoofing = GPS_NO;
    hear(&quality, &message, 21, 31);
    ck_assert_int_eq(quality_judge(&quality, local_of(30)), QUALITY_SETTLING);
    hear(&quality, &message, 31, 32);
    ck_assert_int_eq(quality_judge(&quality, local_of(31)), QUALITY_GOOD);
}
END_TEST

/* Receivers that know nothing of antennas say "open" of every passive one. */
START_TEST(test_antenna_gate)
{
    struct quality quality;
    struct quality_config config = strict;
    struct gps_message message = good_message();
    config.antenna_gate = false;
    quality_init(&quality, &config);
    message.antenna = GPS_ANTENNA_OPEN;
    message.jamming = GPS_JAMMING_WARNING; /* and a fix all the same */
    hear(&quality, &message, 0, 21);
    ck_assert_int_eq(quality_judge(&quality, local_of(20)), QUALITY_GOOD);
}
END_TEST

/* A fix is enough where nothing is said of validity; satellites that are not told are not missed.
 */
START_TEST(test_what_is_not_said)
{
    struct quality quality;
    struct gps_message message;
    gps_message_init(&message, GPS_GGA);
    quality_init(&quality, &strict);
    hear(&quality, &message, 0, 21);
    ck_assert_int_eq(quality_judge(&quality, local_of(20)), QUALITY_SILENT);
    message.fix = GPS_FIX_2D;
    hear(&quality, &message, 21, 42);
    ck_assert_int_eq(quality_judge(&quality, local_of(41)), QUALITY_GOOD);
}
END_TEST

/* ---------------------------------------------------------------- jumps */

/* Returns how many were left out. */
static unsigned times(struct quality *quality, int from, int to, double ahead_s, double doubt_s,
                      const struct gps_others *others)
{
    unsigned strays = 0;
    struct gps_message message = good_message();
    for (int t = from; t < to; t++) {
        struct gps_others now = *others;
        now.utc.ns += t * GN_NS_PER_S;
        quality_hear(quality, &message, local_of(t));
        strays += !quality_time(quality, local_of(t),
                                (gn_utc){t * GN_NS_PER_S + gn_nanoseconds(ahead_s)}, doubt_s, &now);
    }
    return strays;
}

START_TEST(test_jump)
{
    struct quality quality;
    struct gps_others others = {.known = true, .utc = {GN_NS_PER_S / 5}, .bound_s = 1e-3};
    char words[160];
    begin(&quality);
    times(&quality, 21, 60, 0, 1e-6, &gps_nobody);
    ck_assert_int_eq(quality_judge(&quality, local_of(59)), QUALITY_GOOD);
    ck_assert_uint_eq(times(&quality, 60, 62, 0.2, 1e-6, &gps_nobody), 2); /* strays, … */
    ck_assert_uint_eq(times(&quality, 62, 70, 0, 1e-6, &gps_nobody), 0);
    ck_assert_int_eq(quality_judge(&quality, local_of(69)), QUALITY_GOOD);
    ck_assert_uint_eq(quality.jumps, 0);
    ck_assert_uint_eq(times(&quality, 70, 100, 0.2, 1e-6, &gps_nobody), 3); /* … and a jump */
    ck_assert_int_eq(quality_judge(&quality, local_of(99)), QUALITY_JUMPED);
    ck_assert_uint_eq(quality.jumps, 1);
    ck_assert_str_eq(quality_words(&quality, QUALITY_JUMPED, words, sizeof words),
                     "its time jumped by +0.200 s: forged signals, or a fault");
    times(&quality, 100, 194, 0.2, 1e-6, &gps_nobody); /* steady for two minutes */
    ck_assert_int_eq(quality_judge(&quality, local_of(192.9)), QUALITY_JUMPED);
    ck_assert_int_eq(quality_judge(&quality, local_of(193)), QUALITY_GOOD);
    times(&quality, 194, 200, 0, 1e-6, &gps_nobody);
    ck_assert_int_eq(quality_judge(&quality, local_of(199)), QUALITY_JUMPED);
    times(&quality, 200, 201, 0.2, 1e-6, &others); /* others say so, too */
    ck_assert_int_eq(quality_judge(&quality, local_of(200)), QUALITY_GOOD);
}
END_TEST

/* Messages that come more or less late are no jumps, nor is a slow local clock. */
START_TEST(test_doubt_is_no_jump)
{
    struct quality quality;
    begin(&quality);
    for (int t = 21; t < 60; t++)
        times(&quality, t, t + 1, t % 2 == 0 ? 0.09 : -0.09, 0.1, &gps_nobody);
    ck_assert_int_eq(quality_judge(&quality, local_of(59)), QUALITY_GOOD);
    begin(&quality);
    for (int t = 21; t < 600; t++)
        times(&quality, t, t + 1, 1e-4 * t, 1e-6, &gps_nobody);
    ck_assert_int_eq(quality_judge(&quality, local_of(599)), QUALITY_GOOD);
    ck_assert_uint_eq(quality.jumps, 0);
}
END_TEST

/* Pulses after messages, and messages after pulses. */
START_TEST(test_sharper_than_before)
{
    struct quality quality;
    begin(&quality);
    for (int t = 21; t < 60; t++)
        times(&quality, t, t + 1, t % 2 == 0 ? 0.09 : 0, t % 2 == 0 ? 0.1 : 1e-6, &gps_nobody);
    ck_assert_int_eq(quality_judge(&quality, local_of(59)), QUALITY_GOOD);
}
END_TEST

/* A second that is inserted before a month begins is no jump, either; elsewhere it is. */
START_TEST(test_leap_second)
{
    struct quality quality;
    int64_t midnight = gps_day(2027, 1, 1 + _i) * INT64_C(86400);
    begin(&quality);
    for (int t = 21; t < 60; t++) {
        struct gps_message message = good_message();
        quality_hear(&quality, &message, local_of(t));
        quality_time(&quality, local_of(t), (gn_utc){(midnight + t - 40 - (t > 40)) * GN_NS_PER_S},
                     1e-6, &gps_nobody);
    }
    ck_assert_int_eq(quality_judge(&quality, local_of(59)),
                     _i == 0 ? QUALITY_GOOD : QUALITY_JUMPED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps quality");
    TCase *tcase = tcase_create("quality");
    tcase_add_test(tcase, test_settles);
    tcase_add_loop_test(tcase, test_faults_count_at_once, 0, sizeof faults / sizeof faults[0]);
    tcase_add_test(tcase, test_antenna_gate);
    tcase_add_test(tcase, test_what_is_not_said);
    tcase_add_test(tcase, test_jump);
    tcase_add_test(tcase, test_doubt_is_no_jump);
    tcase_add_test(tcase, test_sharper_than_before);
    tcase_add_loop_test(tcase, test_leap_second, 0, 2);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
