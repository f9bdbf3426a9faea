/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/timekeeper.h>
#include <math.h>
#include <stdlib.h>

#include <check.h>

/* A machine whose oscillator is perfect: time passes by `pass`, the kernel's clocks follow. */
struct fake_clock {
    struct os_clock base; /* first */
    int64_t oscillator_ns, system_minus_steady_ns, suspended_ns;
    double steady_ns, frequency;
    int refuse;
    bool has_raw;
};

static struct fake_clock *self(struct os_clock *base)
{
    return (struct fake_clock *)base;
}

static void pass(struct fake_clock *clock, int64_t interval_ns)
{
    clock->oscillator_ns += interval_ns;
    clock->steady_ns += (double)interval_ns * (1 + clock->frequency);
}

static void fake_read(struct os_clock *base, struct clock_reading *now)
{
    const struct fake_clock *clock = self(base);
    int64_t steady_ns = llround(clock->steady_ns);
    *now = (struct clock_reading){.system = {steady_ns + clock->system_minus_steady_ns},
                                  .steady = {steady_ns},
                                  .window_ns = 40,
                                  .has_raw = clock->has_raw,
                                  .raw = {clock->oscillator_ns}};
}

static int64_t fake_suspended(struct os_clock *base)
{
    return self(base)->suspended_ns;
}

static double fake_frequency(struct os_clock *base)
{
    return self(base)->frequency;
}

static int fake_steer(struct os_clock *base, double frequency, double *applied,
                      struct clock_reading *at)
{
    if (self(base)->refuse != 0)
        return self(base)->refuse;
    *applied = self(base)->frequency = round(frequency * 1e9) / 1e9; /* as coarse as it likes */
    fake_read(base, at);
    return 0;
}

static int fake_step(struct os_clock *base, int64_t delta_ns)
{
    if (self(base)->refuse == 0)
        self(base)->system_minus_steady_ns += delta_ns;
    return self(base)->refuse;
}

static const struct os_clock_ops fake_ops = {
    .read = fake_read,
    .suspended_ns = fake_suspended,
    .frequency = fake_frequency,
    .steer = fake_steer,
    .step = fake_step,
};

static void begin(struct fake_clock *clock, struct timekeeper *keeper)
{
    *clock = (struct fake_clock){.base = {&fake_ops, 0.09},
                                 .system_minus_steady_ns = 1700000000 * GN_NS_PER_S,
                                 .steady_ns = 5e9};
    timekeeper_init(keeper, &clock->base, true);
}

START_TEST(local_is_the_oscillator_whatever_we_do_to_the_clock)
{
    struct fake_clock clock;
    struct timekeeper keeper;
    int64_t slept_ns;
    gn_local start;
    begin(&clock, &keeper);
    start = timekeeper_now(&keeper);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(timekeeper_steer(&keeper, (i % 7 - 3) * 1.23456e-5), 0);
        if (i % 100 == 50)
            ck_assert_int_eq(timekeeper_step(&keeper, (i - 500) * 1234567), 0);
        pass(&clock, GN_NS_PER_S);
    }
    ck_assert_int_le(llabs(gn_local_sub(timekeeper_now(&keeper), start) - clock.oscillator_ns), 2);
    ck_assert_int_eq(timekeeper_take_moved(&keeper, &slept_ns), 0);
}
END_TEST

START_TEST(what_others_steer_is_taken_out_too)
{
    struct fake_clock clock;
    struct timekeeper keeper;
    int64_t slept_ns;
    gn_local start;
    begin(&clock, &keeper);
    clock.has_raw = true;
    start = timekeeper_now(&keeper);
    for (int i = 0; i < 1000; i++) {
        clock.frequency = i % 2 == 0 ? 90e-6 : -30e-6;
        pass(&clock, GN_NS_PER_S);
        ck_assert_int_le(llabs(gn_local_sub(timekeeper_now(&keeper), start) - clock.oscillator_ns),
                         41);
    }
    ck_assert_int_eq(timekeeper_take_moved(&keeper, &slept_ns), 0);
}
END_TEST

START_TEST(a_frequency_by_somebody_else_is_told_once)
{
    struct fake_clock clock;
    struct timekeeper keeper;
    gn_local start;
    begin(&clock, &keeper);
    clock.has_raw = true;
    start = timekeeper_now(&keeper);
    ck_assert_int_eq(timekeeper_steer(&keeper, 20e-6), 0);
    timekeeper_look(&keeper);
    ck_assert(fpclassify(timekeeper_take_retuned(&keeper)) == FP_ZERO); /* that was us */
    clock.frequency = 90e-6;
    pass(&clock, GN_NS_PER_S);
    timekeeper_look(&keeper);
    ck_assert_double_eq_tol(timekeeper_take_retuned(&keeper), 70e-6, 1e-12);
    ck_assert(fpclassify(timekeeper_take_retuned(&keeper)) == FP_ZERO);
    ck_assert_double_eq_tol(timekeeper_frequency(&keeper), 90e-6, 1e-12);
    clock.frequency = -30e-6; /* seen where we steer, too */
    pass(&clock, GN_NS_PER_S);
    ck_assert_int_eq(timekeeper_steer(&keeper, 20e-6), 0);
    ck_assert_double_eq_tol(timekeeper_take_retuned(&keeper), -120e-6, 1e-12);
    ck_assert_int_le(llabs(gn_local_sub(timekeeper_now(&keeper), start) - clock.oscillator_ns), 41);
}
END_TEST

START_TEST(a_step_by_somebody_else_is_told_and_local_goes_on)
{
    struct fake_clock clock;
    struct timekeeper keeper;
    int64_t slept_ns;
    gn_local before, after;
    begin(&clock, &keeper);
    before = timekeeper_now(&keeper);
    clock.system_minus_steady_ns -= 7 * GN_NS_PER_S;
    pass(&clock, GN_NS_PER_S);
    after = timekeeper_now(&keeper);
    ck_assert_int_eq(gn_local_sub(after, before), GN_NS_PER_S);
    ck_assert_int_eq(timekeeper_take_moved(&keeper, &slept_ns), -7 * GN_NS_PER_S);
    ck_assert_int_eq(slept_ns, 0);
    ck_assert_int_eq(timekeeper_take_moved(&keeper, &slept_ns), 0);
    ck_assert_int_eq(timekeeper_system(&keeper, after).ns - timekeeper_system(&keeper, before).ns,
                     GN_NS_PER_S);
}
END_TEST

START_TEST(a_stamp_across_a_step_is_not_believed)
{
    struct fake_clock clock;
    struct timekeeper keeper;
    struct clock_reading stamp;
    gn_local local;
    begin(&clock, &keeper);
    pass(&clock, GN_NS_PER_S);
    fake_read(&clock.base, &stamp);
    pass(&clock, 1000000);
    ck_assert(timekeeper_from_system(&keeper, stamp.system, &local));
    ck_assert_int_eq(gn_local_sub(timekeeper_now(&keeper), local), 1000000);
    clock.system_minus_steady_ns += 3 * GN_NS_PER_S;
    ck_assert(!timekeeper_from_system(&keeper, stamp.system, &local));
    ck_assert_int_eq(gn_local_sub(timekeeper_now(&keeper), local), 0);
}
END_TEST

START_TEST(a_suspend_is_told_from_a_step)
{
    struct fake_clock clock;
    struct timekeeper keeper;
    int64_t slept_ns;
    begin(&clock, &keeper);
    clock.system_minus_steady_ns += 3600 * GN_NS_PER_S;
    clock.suspended_ns += 3600 * GN_NS_PER_S;
    timekeeper_now(&keeper);
    ck_assert_int_eq(timekeeper_take_moved(&keeper, &slept_ns), 3600 * GN_NS_PER_S);
    ck_assert_int_eq(slept_ns, 3600 * GN_NS_PER_S);
}
END_TEST

START_TEST(a_refusal_changes_nothing)
{
    struct fake_clock clock;
    struct timekeeper keeper;
    gn_local before;
    begin(&clock, &keeper);
    before = timekeeper_now(&keeper);
    clock.refuse = -EPERM;
    ck_assert_int_eq(timekeeper_steer(&keeper, 1e-4), -EPERM);
    ck_assert_int_eq(timekeeper_step(&keeper, 12345), -EPERM);
    pass(&clock, GN_NS_PER_S);
    ck_assert_int_eq(gn_local_sub(timekeeper_now(&keeper), before), GN_NS_PER_S);
    ck_assert(timekeeper_frequency(&keeper) <= 0 && timekeeper_frequency(&keeper) >= 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timekeeper");
    TCase *tcase = tcase_create("timekeeper");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, local_is_the_oscillator_whatever_we_do_to_the_clock);
    tcase_add_test(tcase, what_others_steer_is_taken_out_too);
    tcase_add_test(tcase, a_frequency_by_somebody_else_is_told_once);
    tcase_add_test(tcase, a_step_by_somebody_else_is_told_and_local_goes_on);
    tcase_add_test(tcase, a_stamp_across_a_step_is_not_believed);
    tcase_add_test(tcase, a_suspend_is_told_from_a_step);
    tcase_add_test(tcase, a_refusal_changes_nothing);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
