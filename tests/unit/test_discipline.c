/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <pipeline/discipline.h>

static struct pipeline_config defaults(void)
{
    struct pipeline_config config;
    pipeline_config_init(&config);
    return config;
}

static struct discipline_input input(double now_s, double error_s)
{
    return (struct discipline_input){
        .now = {gn_nanoseconds(now_s)},
        .error_s = error_s,
        .error_sd = 1e-6,
        .frequency = 1e-5,
        .frequency_sd = 1e-8,
        .interval_s = 64,
        .update = true,
    };
}

static struct discipline_order decide(struct discipline *discipline,
                                      const struct pipeline_config *config,
                                      struct discipline_input in)
{
    struct discipline_order order;
    discipline_run(discipline, config, &in, &order);
    ck_assert(isfinite(order.rate));
    ck_assert_double_le(fabs(order.rate), config->max_frequency + config->max_slew_rate);
    return order;
}

START_TEST(a_large_error_is_stepped_in_the_first_updates_only)
{
    struct pipeline_config config = defaults();
    struct discipline discipline;
    struct discipline_order order;
    discipline_init(&discipline);
    for (int i = 0; i < 3; i++) {
        order = decide(&discipline, &config, input(i, -1000));
        ck_assert(order.step);
        ck_assert_double_eq_tol(order.step_s, -1000, 1e-12);
        ck_assert_double_eq_tol(order.rate, 1e-5, 1e-15);
        ck_assert_int_eq(discipline.state, DISCIPLINE_STEP);
    }
    order = decide(&discipline, &config, input(4, -1000));
    ck_assert(!order.step && order.steer && order.has_deadline);
    ck_assert_double_eq_tol(order.rate, 1e-5 - config.max_slew_rate, 1e-12);
}
END_TEST

START_TEST(never_and_always)
{
    struct pipeline_config config = defaults();
    struct discipline discipline;
    discipline_init(&discipline);
    config.step_updates = 0;
    ck_assert(!decide(&discipline, &config, input(0, 5)).step);
    discipline.updates = 1000;
    config.step_updates = -1;
    ck_assert(decide(&discipline, &config, input(0, 5)).step);
    ck_assert(!decide(&discipline, &config, input(0, 0.9)).step);
}
END_TEST

START_TEST(makestep_steps_whatever_the_policy)
{
    struct pipeline_config config = defaults();
    struct discipline discipline;
    struct discipline_input in = input(0, 0.003);
    discipline_init(&discipline);
    config.step_updates = 0;
    in.update = false;
    in.step_now = true;
    ck_assert(decide(&discipline, &config, in).step);
}
END_TEST

START_TEST(a_slew_ends_at_the_drift)
{
    struct pipeline_config config = defaults();
    struct discipline discipline;
    struct discipline_order order;
    struct discipline_input in;
    discipline_init(&discipline);
    discipline.updates = 100;
    order = decide(&discipline, &config, input(0, 0.4));
    ck_assert_double_eq_tol(gn_seconds(order.deadline.ns), 0.4 * 12, 1e-6);
    in = input(3, 0.15);
    in.update = false;
    in.rate = order.rate;
    order = decide(&discipline, &config, in);
    ck_assert(!order.steer && order.has_deadline);
    in = input(4.8, 1e-9);
    in.update = false;
    in.rate = 1e-5 + config.max_slew_rate;
    order = decide(&discipline, &config, in);
    ck_assert(order.steer && !order.has_deadline);
    ck_assert_double_eq_tol(order.rate, 1e-5, 1e-15);
    ck_assert_int_eq(discipline.state, DISCIPLINE_HOLD);
}
END_TEST

START_TEST(what_a_late_end_leaves_is_slewed_back)
{
    struct pipeline_config config = defaults();
    struct discipline discipline;
    struct discipline_order order;
    struct discipline_input in = input(5, -0.002);
    discipline_init(&discipline);
    discipline.updates = 100;
    decide(&discipline, &config, input(0, 0.4));
    in.update = false;
    order = decide(&discipline, &config, in);
    ck_assert(order.steer && order.has_deadline);
    ck_assert_double_lt(order.rate, 0);
}
END_TEST

static double slew_s(struct discipline *discipline, struct discipline_input in)
{
    struct pipeline_config config = defaults();
    return gn_seconds(decide(discipline, &config, in).deadline.ns);
}

/* The memory of the estimate is its doubt about the offset over that about the frequency. */
START_TEST(a_slew_takes_its_share_of_the_estimates_memory)
{
    struct discipline discipline;
    struct discipline_input in = input(0, 5e-6);
    discipline_init(&discipline);
    discipline.updates = 100;
    discipline.arrivals = 100;
    double usual_s = slew_s(&discipline, in);
    ck_assert_double_gt(usual_s, 10);
    in.error_s = 1e-6; /* whatever the error */
    ck_assert_double_eq_tol(slew_s(&discipline, in), usual_s, 1e-6);
    in.error_sd = 1e-5;
    in.frequency_sd = 1e-7;
    ck_assert_double_eq_tol(slew_s(&discipline, in), usual_s, 1e-6);
    in.frequency_sd = 1e-8;
    ck_assert_double_gt(slew_s(&discipline, in), 3 * usual_s);
    in.error_sd = 1; /* but it ends */
    ck_assert_double_le(slew_s(&discipline, in), 4096);
}
END_TEST

START_TEST(first_errors_and_what_others_did_go_fast)
{
    struct discipline discipline;
    struct discipline_input in = input(0, 0.05);
    discipline_init(&discipline);
    ck_assert_double_eq_tol(slew_s(&discipline, in), 1, 1e-6);
    discipline.updates = 100; /* still not where it belongs */
    ck_assert_double_eq_tol(slew_s(&discipline, in), 1, 1e-6);
    in.error_s = 0; /* now it is */
    in.frequency_sd = 1e-6;
    for (int i = 0; i < 3; i++)
        slew_s(&discipline, in);
    in.error_s = 5e-6;
    ck_assert_double_gt(slew_s(&discipline, in), 10);
    in.error_s = 5e-4; /* the further beyond doubt, the sooner */
    ck_assert_double_lt(slew_s(&discipline, in), 1.1);
    in.error_s = 5e-6;
    in.moved = true;
    ck_assert_double_eq_tol(slew_s(&discipline, in), 1, 1e-6);
}
END_TEST

START_TEST(a_change_beyond_the_limit_is_refused)
{
    struct pipeline_config config = defaults();
    struct discipline discipline;
    struct discipline_order order;
    discipline_init(&discipline);
    config.max_change_s = 1;
    config.max_change_ignore = 2;
    ck_assert(decide(&discipline, &config, input(0, 1000)).step); /* the first may */
    for (int i = 1; i <= 3; i++) {
        order = decide(&discipline, &config, input(i, -1.5));
        ck_assert(order.refused && !order.step && !order.steer);
        ck_assert_int_eq(order.panic, i == 3);
        ck_assert_double_eq_tol(order.change_s, -1.5, 1e-3);
    }
    ck_assert_int_eq(discipline.updates, 1);
    ck_assert(!decide(&discipline, &config, input(5, 0.5)).refused); /* in a row */
    ck_assert(!decide(&discipline, &config, input(6, -1.5)).panic);
    config.max_change_ignore = -1;
    for (int i = 7; i < 100; i++)
        ck_assert(!decide(&discipline, &config, input(i, -1.5)).panic);
    struct discipline_input in = input(100, -1.5);
    in.step_now = true; /* somebody has looked */
    ck_assert(decide(&discipline, &config, in).step);
}
END_TEST

/* What was accepted takes its time, and is not new with each update. */
START_TEST(a_large_error_under_way_is_no_change)
{
    struct pipeline_config config = defaults();
    struct discipline discipline;
    struct discipline_order order;
    struct discipline_input in = input(0, 100);
    discipline_init(&discipline);
    config.max_change_s = 1;
    config.step_updates = 0;
    order = decide(&discipline, &config, in);
    for (int i = 1; i < 18; i++) {
        in = input(64 * i, 100 - 64 * i * config.max_slew_rate);
        in.rate = 1e-5 + config.max_slew_rate;
        order = decide(&discipline, &config, in);
        ck_assert(!order.refused);
        ck_assert_double_eq_tol(order.change_s, 0, 1e-6);
    }
    /* A refusal lets the slew go on to its end, and no further. */
    in = input(64 * 18, 100 - 64 * 18 * config.max_slew_rate - 3);
    in.rate = 1e-5 + config.max_slew_rate;
    order = decide(&discipline, &config, in);
    ck_assert(order.refused && !order.steer && order.has_deadline);
    in = input(1200, -3);
    in.update = false;
    in.frequency = 5e-5;
    in.rate = 1e-5 + config.max_slew_rate;
    order = decide(&discipline, &config, in);
    ck_assert(order.steer && !order.has_deadline);
    ck_assert_double_eq_tol(order.rate, 1e-5, 1e-15);
}
END_TEST

START_TEST(no_rate_beyond_the_limits)
{
    struct chance chance = {1};
    for (int i = 0; i < 10000; i++) {
        struct pipeline_config config = defaults();
        struct discipline discipline;
        struct discipline_input in = input(0, chance_normal(&chance, 1) * exp(20 - i % 40));
        discipline_init(&discipline);
        discipline.updates = i % 7;
        config.max_frequency = i % 3 == 0 ? 0 : 1e-4;
        config.max_slew_rate = i % 5 == 0 ? 0 : 1e-3;
        config.step_updates = 0;
        in.frequency = chance_normal(&chance, 1e-2);
        in.frequency_sd = i % 11 == 0 ? 0 : 1e-7;
        in.interval_s = i % 2 ? 0.01 : 1e6;
        decide(&discipline, &config, in);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("discipline");
    TCase *tcase = tcase_create("discipline");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, a_large_error_is_stepped_in_the_first_updates_only);
    tcase_add_test(tcase, never_and_always);
    tcase_add_test(tcase, makestep_steps_whatever_the_policy);
    tcase_add_test(tcase, a_slew_ends_at_the_drift);
    tcase_add_test(tcase, what_a_late_end_leaves_is_slewed_back);
    tcase_add_test(tcase, a_slew_takes_its_share_of_the_estimates_memory);
    tcase_add_test(tcase, first_errors_and_what_others_did_go_fast);
    tcase_add_test(tcase, a_change_beyond_the_limit_is_refused);
    tcase_add_test(tcase, a_large_error_under_way_is_no_change);
    tcase_add_test(tcase, no_rate_beyond_the_limits);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
