/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <sim/vclock.h>
#include <stdlib.h>

#define START_NS (INT64_C(1767225600) * GN_NS_PER_S)
#define DAY_S 86400

static void pass(struct world *world, int64_t ns)
{
    world_run(world, gn_utc_add(world_now(world), ns));
}

START_TEST(offset_and_frequency_are_those_of_the_configuration)
{
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct vclock_config config = {.offset_s = 0.05, .frequency = 1e-5};
    struct os_clock *clock = vclock_create(world, "a", &config);
    ck_assert_int_eq(vclock_offset_ns(clock), 50000000);
    pass(world, 1000 * GN_NS_PER_S);
    ck_assert_int_eq(vclock_offset_ns(clock), 50000000 + 10000000); /* slow by 10 ppm */
    pass(world, 123456789);
    ck_assert_int_le(llabs(vclock_offset_ns(clock) - 60001235), 1);
    clock->ops->destroy(clock);
    world_destroy(world);
}
END_TEST

START_TEST(steering_is_rounded_as_the_kernel_rounds)
{
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct os_clock *clock = vclock_create(world, "a", &(struct vclock_config){0});
    struct clock_reading at;
    double applied;
    ck_assert_int_eq(clock->ops->steer(clock, 1.0000001e-5, &applied, &at), 0);
    ck_assert_double_eq_tol(applied * 65536e6, round(1.0000001e-5 * 65536e6), 1e-6);
    ck_assert_int_eq(clock->ops->steer(clock, 0.05, &applied, &at), 0);
    ck_assert_double_eq_tol(applied, 0.05, 1e-10);
    ck_assert_int_eq(clock->ops->steer(clock, 0.5, &applied, &at), 0);
    ck_assert_double_eq_tol(applied, 0.09, 1e-10);
    ck_assert_int_eq(clock->ops->steer(clock, NAN, &applied, &at), -EINVAL);
    pass(world, 10 * GN_NS_PER_S);
    ck_assert_int_le(llabs(vclock_offset_ns(clock) + 900000000), 1);
    ck_assert_double_eq_tol(vclock_frequency_error(clock), -0.09, 1e-10);
    clock->ops->destroy(clock);
    world_destroy(world);
}
END_TEST

/* How often and when a clock is read must not change what it shows. */
START_TEST(reading_changes_nothing)
{
    struct vclock_config config = {
        .frequency = 1e-5, .wander = 1e-8, .cycle_frequency = 1e-6, .cycle_s = DAY_S};
    struct world *world = world_create(9, (gn_utc){START_NS});
    struct os_clock *read = vclock_create(world, "a", &config);
    struct os_clock *left = vclock_create(world, "a", &config);
    struct os_clock *other = vclock_create(world, "b", &config);
    for (int i = 0; i < 5000; i++) {
        pass(world, 777777777);
        (void)vclock_system(read);
    }
    ck_assert_int_eq(vclock_offset_ns(read), vclock_offset_ns(left));
    ck_assert_int_ne(vclock_offset_ns(read), vclock_offset_ns(other));
    read->ops->destroy(read);
    left->ops->destroy(left);
    other->ops->destroy(other);
    world_destroy(world);
}
END_TEST

/* Variance of the random walk after n seconds: n·wander². */
START_TEST(the_random_walk_has_its_variance)
{
    enum { CLOCKS = 400, SECONDS = 1000 };
    struct vclock_config config = {.wander = 1e-9};
    double squares = 0;
    for (int i = 0; i < CLOCKS; i++) {
        struct world *world = world_create((uint64_t)i, (gn_utc){START_NS});
        struct os_clock *clock = vclock_create(world, "a", &config);
        pass(world, SECONDS * GN_NS_PER_S);
        double error = vclock_frequency_error(clock);
        squares += error * error;
        clock->ops->destroy(clock);
        world_destroy(world);
    }
    double ratio = squares / CLOCKS / (SECONDS * 1e-18);
    ck_assert_double_le(fabs(ratio - 1), 5 * sqrt(2.0 / CLOCKS));
}
END_TEST

START_TEST(a_temperature_cycle_comes_back)
{
    struct vclock_config config = {.cycle_frequency = 1e-6, .cycle_s = DAY_S};
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct os_clock *clock = vclock_create(world, "a", &config);
    pass(world, DAY_S / 4 * GN_NS_PER_S);
    ck_assert_double_eq_tol(vclock_frequency_error(clock), 1e-6, 1e-12);
    pass(world, DAY_S / 4 * GN_NS_PER_S);
    /* Half a period of the sine: amplitude · period / π. */
    ck_assert_double_eq_tol((double)vclock_offset_ns(clock) * 1e-9, 1e-6 * DAY_S / M_PI, 1e-6);
    pass(world, DAY_S / 2 * GN_NS_PER_S);
    ck_assert_int_le(llabs(vclock_offset_ns(clock)), 1000);
    clock->ops->destroy(clock);
    world_destroy(world);
}
END_TEST

START_TEST(steps_move_the_system_clock_alone)
{
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct os_clock *clock = vclock_create(world, "a", &(struct vclock_config){0});
    struct clock_reading before, after;
    clock->ops->read(clock, &before);
    ck_assert_int_eq(clock->ops->step(clock, -5000), 0);
    vclock_move(clock, 7000);
    clock->ops->read(clock, &after);
    ck_assert_int_eq(after.steady.ns, before.steady.ns);
    ck_assert_int_eq(after.system.ns, before.system.ns + 2000);
    clock->ops->destroy(clock);
    world_destroy(world);
}
END_TEST

START_TEST(in_suspend_only_the_steady_clock_stands_still)
{
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct os_clock *clock = vclock_create(world, "a", &(struct vclock_config){0});
    struct clock_reading now;
    pass(world, 10 * GN_NS_PER_S);
    ck_assert_int_eq(clock->ops->suspended_ns(clock), 0);
    vclock_sleep(clock);
    pass(world, 3600 * GN_NS_PER_S);
    vclock_wake(clock, 250);
    clock->ops->read(clock, &now);
    ck_assert_int_eq(now.steady.ns, 10 * GN_NS_PER_S);
    ck_assert_int_eq(vclock_offset_ns(clock), -250);
    /* The uptime is rounded up to seconds. */
    ck_assert_int_eq(clock->ops->suspended_ns(clock), 3601 * GN_NS_PER_S);
    pass(world, GN_NS_PER_S / 2);
    ck_assert_int_eq(clock->ops->suspended_ns(clock), 3600 * GN_NS_PER_S + GN_NS_PER_S / 2);
    clock->ops->destroy(clock);
    world_destroy(world);
}
END_TEST

START_TEST(the_frequency_jumps_within_a_second)
{
    struct vclock_config config = {.frequency = 1e-5};
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct os_clock *clock = vclock_create(world, "a", &config);
    pass(world, 10 * GN_NS_PER_S + GN_NS_PER_S / 2);
    vclock_change_frequency(clock, -3e-5);
    ck_assert_double_eq_tol(vclock_frequency_error(clock), -2e-5, 1e-12);
    pass(world, 10 * GN_NS_PER_S);
    ck_assert_int_le(llabs(vclock_offset_ns(clock) - (105000 - 200000)), 2);
    vclock_change_wander(clock, 1e-8);
    pass(world, 10 * GN_NS_PER_S);
    ck_assert_double_ne(vclock_frequency_error(clock), -2e-5);
    clock->ops->destroy(clock);
    world_destroy(world);
}
END_TEST

START_TEST(a_coarse_clock_shows_its_grains)
{
    struct vclock_config config = {.offset_s = -0.3e-3, .grain_ns = 1000000};
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct os_clock *clock = vclock_create(world, "a", &config);
    struct clock_reading now;
    pass(world, 1700000);
    clock->ops->read(clock, &now);
    ck_assert_int_eq(now.steady.ns, 1000000);
    ck_assert_int_eq(now.system.ns, START_NS + 1300000);
    ck_assert_int_eq(vclock_offset_ns(clock), -300000); /* truth has none */
    ck_assert_int_eq(clock->ops->precision_log2s(clock), -9);
    clock->ops->destroy(clock);
    world_destroy(world);
}
END_TEST

static void arm(struct os_clock *clock, enum gn_leap leap)
{
    ck_assert_int_eq(clock->ops->status(clock, &(struct os_clock_status){.leap = leap}), 0);
}

/* The kernel's second: at the end of the day by the clock itself, once for each order. */
START_TEST(the_kernel_inserts_the_second_that_was_ordered)
{
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct os_clock *clock = vclock_create(world, "a", &(struct vclock_config){.offset_s = 0.25});
    pass(world, GN_NS_PER_S);
    arm(clock, GN_LEAP_INSERT);
    pass(world, (DAY_S - 1) * GN_NS_PER_S + GN_NS_PER_S / 4 - 1);
    ck_assert_int_eq(vclock_offset_ns(clock), GN_NS_PER_S / 4);
    pass(world, 1);
    ck_assert_int_eq(vclock_offset_ns(clock), GN_NS_PER_S * 5 / 4);
    ck_assert_int_eq(vclock_system(clock).ns, START_NS + (DAY_S - 1) * GN_NS_PER_S);
    arm(clock, GN_LEAP_INSERT); /* as long as the flag stays this is no new order */
    pass(world, 2 * DAY_S * GN_NS_PER_S);
    ck_assert_int_eq(vclock_offset_ns(clock), GN_NS_PER_S * 5 / 4);
    arm(clock, GN_LEAP_NORMAL);
    arm(clock, GN_LEAP_DELETE);
    pass(world, 2 * DAY_S * GN_NS_PER_S);
    ck_assert_int_eq(vclock_offset_ns(clock), GN_NS_PER_S / 4);
    clock->ops->destroy(clock);
    world_destroy(world);
}
END_TEST

START_TEST(an_order_taken_back_or_jumped_over_does_nothing)
{
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct os_clock *clock = vclock_create(world, "a", &(struct vclock_config){0});
    arm(clock, GN_LEAP_INSERT);
    pass(world, (DAY_S - 1) * GN_NS_PER_S);
    arm(clock, GN_LEAP_NORMAL);
    pass(world, 2 * GN_NS_PER_S);
    ck_assert_int_eq(vclock_offset_ns(clock), 0);
    arm(clock, GN_LEAP_INSERT);
    ck_assert_int_eq(clock->ops->step(clock, DAY_S * GN_NS_PER_S), 0);
    ck_assert_int_eq(vclock_offset_ns(clock), -DAY_S * GN_NS_PER_S);
    pass(world, DAY_S * GN_NS_PER_S); /* the next day ends */
    ck_assert_int_eq(vclock_offset_ns(clock), -DAY_S * GN_NS_PER_S + GN_NS_PER_S);
    clock->ops->destroy(clock);
    world_destroy(world);
}
END_TEST

START_TEST(a_clock_that_is_aware_of_the_leap_stays_right)
{
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct vclock_config config = {.leap_aware = true, .read_only = true};
    world_plan_leap(world, (gn_utc){START_NS + DAY_S * GN_NS_PER_S}, -GN_NS_PER_S);
    struct os_clock *aware = vclock_create(world, "a", &config);
    struct os_clock *unaware = vclock_create(world, "b", &(struct vclock_config){0});
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(vclock_offset_ns(aware), 0);
        ck_assert_int_eq(vclock_offset_ns(unaware), i < 2 ? 0 : -GN_NS_PER_S);
        pass(world, DAY_S / 2 * GN_NS_PER_S);
    }
    aware->ops->destroy(aware);
    unaware->ops->destroy(unaware);
    world_destroy(world);
}
END_TEST

START_TEST(a_clock_that_is_only_read_refuses)
{
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct os_clock *clock = vclock_create(world, "a", &(struct vclock_config){.read_only = true});
    struct clock_reading at;
    double applied;
    ck_assert_double_eq(clock->max_frequency, 0);
    ck_assert_int_eq(clock->ops->steer(clock, 1e-6, &applied, &at), -ENOTSUP);
    ck_assert_int_eq(clock->ops->step(clock, 1), -ENOTSUP);
    ck_assert_int_eq(clock->ops->status(clock, &(struct os_clock_status){0}), -ENOTSUP);
    clock->ops->destroy(clock);
    world_destroy(world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_vclock");
    TCase *tcase = tcase_create("vclock");
    tcase_add_test(tcase, offset_and_frequency_are_those_of_the_configuration);
    tcase_add_test(tcase, steering_is_rounded_as_the_kernel_rounds);
    tcase_add_test(tcase, reading_changes_nothing);
    tcase_add_test(tcase, the_random_walk_has_its_variance);
    tcase_add_test(tcase, a_temperature_cycle_comes_back);
    tcase_add_test(tcase, steps_move_the_system_clock_alone);
    tcase_add_test(tcase, in_suspend_only_the_steady_clock_stands_still);
    tcase_add_test(tcase, the_frequency_jumps_within_a_second);
    tcase_add_test(tcase, a_coarse_clock_shows_its_grains);
    tcase_add_test(tcase, the_kernel_inserts_the_second_that_was_ordered);
    tcase_add_test(tcase, an_order_taken_back_or_jumped_over_does_nothing);
    tcase_add_test(tcase, a_clock_that_is_aware_of_the_leap_stays_right);
    tcase_add_test(tcase, a_clock_that_is_only_read_refuses);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
