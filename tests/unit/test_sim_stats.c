/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <sim/stats.h>
#include <stdlib.h>

static const struct node_truth calm = {
    .synchronised = true, .bounded = true, .error_bound_s = 1e-3};

/* A second with this error of the clock. */
static void add_error(struct stats *stats, double at_s, double error_s)
{
    struct node_truth truth = calm;
    truth.clock_error_ns = gn_nanoseconds(error_s);
    stats_add(stats, at_s, &truth);
}

START_TEST(only_the_window_is_measured)
{
    struct stats stats;
    stats_init(&stats, 3);
    add_error(&stats, 1, 5);
    add_error(&stats, 2, -7);
    add_error(&stats, 3, 3e-3);
    add_error(&stats, 4, -4e-3);
    ck_assert_uint_eq(stats.count, 2);
    ck_assert_double_eq_tol(stats_rms_s(&stats), 3.5355339059327e-3, 1e-12);
    ck_assert_double_eq_tol(stats.max_s, 4e-3, 1e-12);
}
END_TEST

START_TEST(the_frequency_error_is_a_root_mean_square)
{
    struct stats stats;
    struct node_truth truth = calm;
    stats_init(&stats, 0);
    truth.clock_frequency = 3e-6;
    stats_add(&stats, 1, &truth);
    truth.clock_frequency = -4e-6;
    stats_add(&stats, 2, &truth);
    ck_assert_double_eq_tol(stats_frequency_rms(&stats), 3.5355339059327e-6, 1e-15);
}
END_TEST

START_TEST(settled_is_the_second_after_the_last_outside)
{
    struct stats stats;
    stats_init(&stats, 0);
    ck_assert_double_eq(stats_settled_s(&stats, 0), -1); /* nobody has looked yet */
    add_error(&stats, 1, 2e-3);
    ck_assert_double_eq(stats_settled_s(&stats, 0), -1);
    add_error(&stats, 2, 0.5e-3);
    add_error(&stats, 3, -1.5e-3);
    add_error(&stats, 4, 50e-6);
    add_error(&stats, 5, 100e-6);
    ck_assert_double_eq(stats_settled_s(&stats, 0), 4);
    ck_assert_double_eq(stats_settled_s(&stats, 1), 4);  /* the limit itself is inside */
    ck_assert_double_eq(stats_settled_s(&stats, 2), -1); /* still outside of 10 us */
}
END_TEST

START_TEST(looks_may_be_any_time_apart_and_have_gaps)
{
    struct stats stats;
    stats_init(&stats, 0);
    add_error(&stats, 0.25, 2e-3);
    add_error(&stats, 0.5, 2e-3);
    add_error(&stats, 0.75, 0);
    ck_assert_double_eq(stats_settled_s(&stats, 0), 0.75);
    ck_assert_double_eq(stats.synchronised_s, 0.75);
    add_error(&stats, 100, 0); /* it slept */
    ck_assert_double_eq(stats.synchronised_s, 1);
}
END_TEST

START_TEST(who_was_never_outside_is_settled_from_the_start)
{
    struct stats stats;
    stats_init(&stats, 0);
    add_error(&stats, 1, 1e-6);
    for (int i = 0; i < STATS_LIMITS; i++)
        ck_assert_double_eq(stats_settled_s(&stats, i), 0);
}
END_TEST

START_TEST(a_bound_is_kept_by_the_estimate_and_counted_while_claimed)
{
    struct stats stats;
    struct node_truth truth = calm;
    stats_init(&stats, 0);
    ck_assert_double_eq(stats_kept(&stats), 1); /* nothing was claimed, nothing broken */
    truth.estimate_error_ns = -1000000;         /* as large as the bound */
    truth.clock_error_ns = 5000000;             /* no claim is made of it */
    stats_add(&stats, 1, &truth);
    truth.estimate_error_ns = 1000001;
    stats_add(&stats, 2, &truth);
    truth.synchronised = false; /* holding over: the bound still counts */
    truth.estimate_error_ns = 0;
    truth.error_bound_s = 4e-3;
    stats_add(&stats, 3, &truth);
    truth.estimate_error_ns = 4000001;
    stats_add(&stats, 4, &truth);
    truth.bounded = false;
    stats_add(&stats, 5, &truth);
    ck_assert_uint_eq(stats.claims, 4);
    ck_assert_double_eq(stats_kept(&stats), 0.5);
    ck_assert_double_eq_tol(stats_mean_bound_s(&stats), 2.5e-3, 1e-12);
    ck_assert_double_eq(stats.synchronised_s, 2);
}
END_TEST

START_TEST(steps_are_those_of_all_its_life)
{
    struct stats stats;
    struct node_truth truth = calm;
    stats_init(&stats, 10);
    truth.steps = (struct vclock_steps){.count = 1, .last_ns = 5};
    stats_add(&stats, 1, &truth);
    truth.steps.count = 3;
    stats_add(&stats, 2, &truth);
    ck_assert_uint_eq(stats.steps, 3);
    ck_assert_double_eq(stats.synchronised_s, 2);
    ck_assert_uint_eq(stats.count, 0);
    ck_assert_double_eq(stats_rms_s(&stats), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_stats");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, only_the_window_is_measured);
    tcase_add_test(tests, the_frequency_error_is_a_root_mean_square);
    tcase_add_test(tests, settled_is_the_second_after_the_last_outside);
    tcase_add_test(tests, looks_may_be_any_time_apart_and_have_gaps);
    tcase_add_test(tests, who_was_never_outside_is_settled_from_the_start);
    tcase_add_test(tests, a_bound_is_kept_by_the_estimate_and_counted_while_claimed);
    tcase_add_test(tests, steps_are_those_of_all_its_life);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
