/* SPDX-License-Identifier: Apache-2.0 */
/* refclock-gps: how late messages are. */

#include <check.h>
#include <math.h>
#include <plugins/refclock-gps/latency.h>
#include <sim/chance.h>
#include <stdlib.h>
#include <string.h>

static void start(struct latency *latency, struct chance *chance)
{
    latency_init(latency, (double)NAN);
    chance_init(chance, 1, "test", "latency");
}

static void learn(struct latency *latency, struct chance *chance, enum gps_kind kind, int count,
                  double latency_s, double spread_s)
{
    for (int i = 0; i < count; i++)
        latency_learn(latency, kind, latency_s + spread_s * chance_normal(chance), 1e-6);
}

/* The preset covers what receivers do. */
START_TEST(test_preset_is_honest)
{
    static const double usual_s[] = {0.05, 0.1, 0.3, 0.6, 0.8};
    struct latency latency;
    struct chance chance;
    start(&latency, &chance);
    struct latency_guess guess = latency_predict(&latency, GPS_RMC);
    ck_assert(!guess.learnt && !guess.told);
    for (size_t i = 0; i < sizeof usual_s / sizeof usual_s[0]; i++)
        ck_assert_double_le(fabs(usual_s[i] - guess.latency_s), 3 * guess.doubt_s);
    learn(&latency, &chance, GPS_RMC, 7, 0.4, 0.02); /* too few */
    ck_assert(!latency_predict(&latency, GPS_RMC).learnt);
    ck_assert(!latency_predict(&latency, GPS_KINDS).learnt);
}
END_TEST

START_TEST(test_mean_and_spread_are_learnt)
{
    struct latency latency;
    struct chance chance;
    start(&latency, &chance);
    learn(&latency, &chance, GPS_RMC, 2000, 0.412, 0.02);
    learn(&latency, &chance, GPS_NAV_PVT, 2000, 0.055, 0.001);
    struct latency_guess rmc = latency_predict(&latency, GPS_RMC),
                         pvt = latency_predict(&latency, GPS_NAV_PVT);
    ck_assert(rmc.learnt && pvt.learnt);
    ck_assert_double_eq_tol(rmc.latency_s, 0.412, 0.0015);
    ck_assert_double_eq_tol(rmc.spread_s, 0.02, 0.005);
    ck_assert_double_eq_tol(rmc.doubt_s, 0.25 * rmc.spread_s, 1e-4);
    ck_assert_double_eq_tol(pvt.latency_s, 0.055, 1e-4);
    ck_assert(!latency_predict(&latency, GPS_GGA).learnt);
}
END_TEST

/* One of twenty comes a second late: neither mean nor spread know of it. */
START_TEST(test_what_lies_far_off_does_not_count)
{
    struct latency latency;
    struct chance chance;
    start(&latency, &chance);
    for (int i = 0; i < 3000; i++)
        latency_learn(&latency, GPS_RMC,
                      0.4 + 0.01 * chance_normal(&chance) + (i % 20 == 19 ? 1 : 0), 1e-6);
    struct latency_guess guess = latency_predict(&latency, GPS_RMC);
    ck_assert_double_eq_tol(guess.latency_s, 0.4, 0.004);
    ck_assert_double_le(guess.spread_s, 0.016);
}
END_TEST

/* A receiver that was given more sentences to say is learnt anew within a minute. */
START_TEST(test_a_change_is_followed)
{
    struct latency latency;
    struct chance chance;
    start(&latency, &chance);
    learn(&latency, &chance, GPS_RMC, 5000, 0.3, 0.01);
    learn(&latency, &chance, GPS_RMC, 60, 0.7, 0.01);
    struct latency_guess guess = latency_predict(&latency, GPS_RMC);
    ck_assert_double_eq_tol(guess.latency_s, 0.7, 0.01);
    ck_assert_double_le(guess.spread_s, 0.03);
}
END_TEST

/* Others whose own sources are gone drift away, and say how unsure they are. */
START_TEST(test_poor_witness)
{
    struct latency latency;
    struct chance chance;
    start(&latency, &chance);
    learn(&latency, &chance, GPS_RMC, 1000, 0.3, 0.01);
    double before_s = latency_predict(&latency, GPS_RMC).latency_s;
    for (int i = 0; i < 1000; i++)
        latency_learn(&latency, GPS_RMC, 0.34, 0.02);
    ck_assert_double_eq(latency_predict(&latency, GPS_RMC).latency_s, before_s);
    for (int i = 0; i < 1000; i++)
        latency_learn(&latency, GPS_RMC, 0.34 + 0.01 * chance_normal(&chance), 1e-4);
    ck_assert_double_eq_tol(latency_predict(&latency, GPS_RMC).latency_s, 0.34, 0.002);
    for (int i = 0; i < 100; i++) /* another receiver, beside the same witness */
        latency_learn(&latency, GPS_RMC, 0.7 + 0.01 * chance_normal(&chance), 0.02);
    ck_assert_double_eq_tol(latency_predict(&latency, GPS_RMC).latency_s, 0.7, 0.01);
}
END_TEST

/* Before its second, or a second late: it has to be seen for ten minutes. */
START_TEST(test_odd_latencies_take_longer)
{
    struct latency latency;
    struct chance chance;
    start(&latency, &chance);
    learn(&latency, &chance, GPS_RMC, 590, _i == 0 ? -0.6 : 1.2, 0.01);
    ck_assert(!latency_predict(&latency, GPS_RMC).learnt);
    learn(&latency, &chance, GPS_RMC, 20, _i == 0 ? -0.6 : 1.2, 0.01);
    ck_assert(latency_predict(&latency, GPS_RMC).learnt);
}
END_TEST

/* What was two seconds off, by others, is so no more when the receiver has changed its mind. */
START_TEST(test_after_a_jump_odd_latencies_are_forgotten)
{
    struct latency latency;
    struct chance chance;
    start(&latency, &chance);
    learn(&latency, &chance, GPS_RMC, 2000, -1.9, 0.02);
    learn(&latency, &chance, GPS_NAV_PVT, 200, 0.055, 0.001);
    learn(&latency, &chance, GPS_TIM_TP, 2000, -0.4, 0.001);
    ck_assert(latency_predict(&latency, GPS_RMC).learnt);
    latency_jumped(&latency);
    ck_assert(!latency_predict(&latency, GPS_RMC).learnt);
    ck_assert_double_eq_tol(latency_predict(&latency, GPS_NAV_PVT).latency_s, 0.055, 1e-3);
    ck_assert_double_eq_tol(latency_predict(&latency, GPS_TIM_TP).latency_s, -0.4, 1e-3);
    learn(&latency, &chance, GPS_RMC, 20, 0.1, 0.02);
    ck_assert_double_eq_tol(latency_predict(&latency, GPS_RMC).latency_s, 0.1, 0.02);
}
END_TEST

START_TEST(test_user_says_it)
{
    struct latency latency;
    struct chance chance;
    start(&latency, &chance);
    latency_init(&latency, 0.25);
    struct latency_guess guess = latency_predict(&latency, GPS_ZDA);
    ck_assert(guess.told && !guess.learnt);
    ck_assert_double_eq(guess.latency_s, 0.25);
    learn(&latency, &chance, GPS_ZDA, 100, 0.3, 0.01);
    guess = latency_predict(&latency, GPS_ZDA);
    ck_assert_double_eq(guess.latency_s, 0.25);
    ck_assert_double_le(guess.spread_s, 0.02); /* is seen all the same */
}
END_TEST

START_TEST(test_each_speed_has_its_own)
{
    static const unsigned bauds[] = {9600, 115200, 4800, 38400, 9600};
    struct latency latency;
    struct chance chance;
    start(&latency, &chance);
    for (int i = 0; i < 4; i++) {
        latency_baud(&latency, bauds[i]);
        ck_assert(!latency_predict(&latency, GPS_RMC).learnt);
        learn(&latency, &chance, GPS_RMC, 100, 1e-5 * bauds[i] / 2, 0.001);
    }
    latency_baud(&latency, 9600);
    ck_assert_double_eq_tol(latency_predict(&latency, GPS_RMC).latency_s, 0.048, 0.001);
    latency_baud(&latency, 57600); /* the one that was not used for longest is forgotten */
    latency_baud(&latency, 115200);
    ck_assert(!latency_predict(&latency, GPS_RMC).learnt);
}
END_TEST

/* Nobody has to know the time for it. */
START_TEST(test_the_steadiest_is_the_clock)
{
    static const struct {
        enum gps_kind kind;
        double late_s, spread_s;
    } burst[] = {{GPS_GGA, 0.3, 0.05}, {GPS_RMC, 0.4, 0.002}, {GPS_ZDA, 0.5, 0.03}};
    struct latency latency;
    struct chance chance;
    start(&latency, &chance);
    ck_assert_int_eq(latency_best(&latency), GPS_OTHER);
    for (int second = 0; second < 60; second++)
        for (int i = 0; i < (second < 40 ? 3 : 1); i++)
            latency_arrived(&latency, burst[i].kind,
                            (gn_local){second * GN_NS_PER_S +
                                       gn_nanoseconds(burst[i].late_s +
                                                      burst[i].spread_s * chance_normal(&chance))},
                            (gn_utc){second * GN_NS_PER_S});
    ck_assert_int_eq(latency_best(&latency), GPS_GGA); /* RMC comes no more */
    start(&latency, &chance);
    for (int second = 0; second < 60; second++)
        for (int i = 0; i < 3; i++)
            latency_arrived(&latency, burst[i].kind,
                            (gn_local){second * GN_NS_PER_S +
                                       gn_nanoseconds(burst[i].late_s +
                                                      burst[i].spread_s * chance_normal(&chance))},
                            (gn_utc){second * GN_NS_PER_S});
    ck_assert_int_eq(latency_best(&latency), GPS_RMC);
}
END_TEST

/* ---------------------------------------------------------------- text */

START_TEST(test_it_is_read_as_it_was_written)
{
    struct latency latency, again;
    struct chance chance;
    char text[LATENCY_TEXT];
    start(&latency, &chance);
    ck_assert_uint_eq(latency_write(&latency, text, sizeof text), 0);
    for (unsigned baud = 4800; baud <= 38400; baud *= 2) {
        latency_baud(&latency, baud);
        for (int kind = 1; kind < GPS_KINDS; kind++)
            learn(&latency, &chance, (enum gps_kind)kind, 40, 0.4, 0.02);
    }
    size_t size = latency_write(&latency, text, sizeof text);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert_uint_eq(latency_write(&latency, text, size), 0);
    latency_write(&latency, text, sizeof text);
    latency_init(&again, (double)NAN);
    ck_assert_ptr_null(latency_read(&again, text));
    latency_baud(&again, 9600);
    latency_baud(&latency, 9600);
    for (int kind = 1; kind < GPS_KINDS; kind++) {
        struct latency_guess a = latency_predict(&latency, (enum gps_kind)kind),
                             b = latency_predict(&again, (enum gps_kind)kind);
        ck_assert(b.learnt);
        ck_assert_double_eq_tol(a.latency_s, b.latency_s, 1e-6);
        ck_assert_double_eq_tol(a.spread_s, b.spread_s, 1e-6);
    }
}
END_TEST

/* The line's speed is known before the file is read: it stays. */
START_TEST(test_speed_stays)
{
    struct latency latency;
    latency_init(&latency, (double)NAN);
    latency_baud(&latency, 9600);
    ck_assert_ptr_null(latency_read(&latency, "gnomon gps latency 1\n115200 RMC 0.1 0.01 0.01 100\n"
                                              "9600 RMC 0.4 0.01 0.01 100\nend\n"));
    ck_assert_double_eq_tol(latency_predict(&latency, GPS_RMC).latency_s, 0.4, 1e-9);
}
END_TEST

static const struct {
    const char *text, *why;
} bad[] = {
    {"", "not written by this version"},
    {"gnomon gps latency 0\nend\n", "not written by this version"},
    {"gnomon gps latency 1\n", "torn"},
    {"gnomon gps latency 1\n9600 RMC 0.4 0.01 0.01 100\n", "torn"},
    {"gnomon gps latency 1\n9600 RMC 0.4 0.01 0.01 100", "torn"},
    {"gnomon gps latency 1\n9600 RMC 0.4 0.01 0.01\nend\n", "torn"},
    {"gnomon gps latency 1\n9600 RMC 0.4 0.01 0.01 100 7\nend\n", "torn"},
    {"gnomon gps latency 1\n9600 ABC 0.4 0.01 0.01 100\nend\n", "no such message"},
    {"gnomon gps latency 1\n9600 RMC 11 0.01 0.01 100\nend\n", "no such latency"},
    {"gnomon gps latency 1\n9600 RMC nan 0.01 0.01 100\nend\n", "no such latency"},
    {"gnomon gps latency 1\n9600 RMC 0.4 -1 0.01 100\nend\n", "no such spread"},
    {"gnomon gps latency 1\n9600 RMC 0.4 0.01 inf 100\nend\n", "no such spread"},
    {"gnomon gps latency 1\n9600 RMC 0.4 0.01 0.01 7\nend\n", "no such count"},
    {"gnomon gps latency 1\n9600 RMC 0.4 0.01 0.01 1e9\nend\n", "no such count"},
    {"gnomon gps latency 1\n1 RMC 0.4 0 0 9\n2 RMC 0.4 0 0 9\n3 RMC 0.4 0 0 9\n4 RMC 0.4 0 0 9\n"
     "5 RMC 0.4 0 0 9\nend\n",
     "too many speeds"},
};

START_TEST(test_bad_files)
{
    struct latency latency;
    struct chance chance;
    start(&latency, &chance);
    learn(&latency, &chance, GPS_RMC, 100, 0.2, 0.001);
    double before_s = latency_predict(&latency, GPS_RMC).latency_s;
    const char *why = latency_read(&latency, bad[_i].text);
    ck_assert_ptr_nonnull(why);
    ck_assert_str_eq(why, bad[_i].why);
    ck_assert_double_eq(latency_predict(&latency, GPS_RMC).latency_s, before_s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps latency");
    TCase *tcase = tcase_create("latency");
    tcase_add_test(tcase, test_preset_is_honest);
    tcase_add_test(tcase, test_mean_and_spread_are_learnt);
    tcase_add_test(tcase, test_what_lies_far_off_does_not_count);
    tcase_add_test(tcase, test_a_change_is_followed);
    tcase_add_test(tcase, test_poor_witness);
    tcase_add_loop_test(tcase, test_odd_latencies_take_longer, 0, 2);
    tcase_add_test(tcase, test_after_a_jump_odd_latencies_are_forgotten);
    tcase_add_test(tcase, test_user_says_it);
    tcase_add_test(tcase, test_each_speed_has_its_own);
    tcase_add_test(tcase, test_the_steadiest_is_the_clock);
    tcase_add_test(tcase, test_it_is_read_as_it_was_written);
    tcase_add_test(tcase, test_speed_stays);
    tcase_add_loop_test(tcase, test_bad_files, 0, sizeof bad / sizeof bad[0]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
