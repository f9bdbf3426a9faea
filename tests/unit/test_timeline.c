/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"

static struct clock_reading reading(int64_t system_ns, int64_t steady_ns)
{
    return (struct clock_reading){.system = {system_ns}, .steady = {steady_ns}, .window_ns = 100};
}

START_TEST(starts_at_the_system_clock)
{
    struct timeline timeline;
    timeline_init(&timeline, reading(1000 * SECOND, 7), 1e-5);
    ck_assert_int_eq(timeline_local(&timeline, (gn_system){1000 * SECOND}).ns, 1000 * SECOND);
    ck_assert(timeline_frequency(&timeline) == 1e-5);
}
END_TEST

/* Rounding each segment to a nanosecond would make 0.1 us of this. */
START_TEST(two_hundred_thousand_steers_lose_less_than_a_nanosecond)
{
    struct chance chance = {1};
    struct timeline timeline;
    long double exact_ns = 0; /* since the start */
    double rate = 0;
    int64_t steady_ns = 0, difference_ns = WORLD_EPOCH_NS;
    timeline_init(&timeline, reading(WORLD_EPOCH_NS, 0), 0);
    for (int i = 0; i < 200000; i++) {
        int64_t elapsed_ns = 1 + (int64_t)(chance_bits(&chance) % 4000000000u);
        steady_ns += elapsed_ns;
        exact_ns += (long double)elapsed_ns / (1 + (long double)rate);
        rate = chance_normal(&chance, 1e-4);
        timeline_steer(&timeline, reading(steady_ns + difference_ns, steady_ns), rate);
        if (i % 1000 == 0) {
            gn_local local = timeline_local(&timeline, (gn_system){steady_ns + difference_ns});
            ck_assert_double_le(fabs((double)((long double)(local.ns - WORLD_EPOCH_NS) - exact_ns)),
                                1.0);
        }
    }
}
END_TEST

START_TEST(there_and_back_within_a_nanosecond)
{
    struct chance chance = {2};
    struct timeline timeline;
    int64_t steady_ns = 50;
    timeline_init(&timeline, reading(WORLD_EPOCH_NS, steady_ns), 0);
    for (int i = 0; i < 1000; i++) {
        steady_ns += (int64_t)(chance_bits(&chance) % 100000000000u);
        timeline_steer(&timeline, reading(steady_ns + WORLD_EPOCH_NS, steady_ns),
                       chance_normal(&chance, 1e-2));
        gn_local local = {timeline_local(&timeline, (gn_system){steady_ns + WORLD_EPOCH_NS}).ns +
                          (int64_t)(chance_bits(&chance) % 2000000000u) - 1000000000};
        gn_local back = timeline_local(&timeline, timeline_system(&timeline, local));
        ck_assert_int_le(llabs(gn_local_sub(back, local)), 1);
    }
}
END_TEST

START_TEST(a_stamp_from_before_a_steer_is_read_with_the_old_frequency)
{
    struct timeline timeline;
    timeline_init(&timeline, reading(0, 0), 1e-3);
    timeline_steer(&timeline, reading(10 * SECOND, 10 * SECOND), -1e-3);
    /* 9 s of the clock at +1000 ppm. */
    ck_assert_int_eq(timeline_local(&timeline, (gn_system){9 * SECOND}).ns, 8991008991);
    ck_assert_int_eq(timeline_system(&timeline, (gn_local){8991008991}).ns, 9 * SECOND);
    /* Older than all that is remembered: the oldest segment goes on backwards. */
    for (int i = 1; i <= 40; i++)
        timeline_steer(&timeline, reading((10 + i) * SECOND, (10 + i) * SECOND), 0);
    ck_assert_int_ne(timeline_local(&timeline, (gn_system){SECOND}).ns, 0);
}
END_TEST

START_TEST(our_own_step_is_not_reported)
{
    struct timeline timeline;
    timeline_init(&timeline, reading(100 * SECOND, 0), 0);
    timeline_step(&timeline, -30 * SECOND);
    ck_assert_int_eq(timeline_observe(&timeline, reading(75 * SECOND, 5 * SECOND)), 0);
    ck_assert_uint_eq(timeline.epoch, 0);
    ck_assert_int_eq(timeline_local(&timeline, (gn_system){75 * SECOND}).ns, 105 * SECOND);
}
END_TEST

START_TEST(a_foreign_step_is_reported_once_and_does_not_touch_local)
{
    struct timeline timeline;
    timeline_init(&timeline, reading(100 * SECOND, 0), 0);
    ck_assert_int_eq(timeline_observe(&timeline, reading(103 * SECOND, SECOND)), 2 * SECOND);
    ck_assert_uint_eq(timeline.epoch, 1);
    ck_assert_int_eq(timeline_observe(&timeline, reading(104 * SECOND, 2 * SECOND)), 0);
    ck_assert_int_eq(timeline_local(&timeline, (gn_system){104 * SECOND}).ns, 102 * SECOND);
}
END_TEST

START_TEST(reading_noise_is_no_step)
{
    struct timeline timeline;
    struct clock_reading slow = {.system = {100 * SECOND + 9000}, .window_ns = 5000};
    timeline_init(&timeline, (struct clock_reading){.system = {100 * SECOND}, .window_ns = 5000},
                  0);
    ck_assert_int_eq(timeline_observe(&timeline, slow), 0);
    ck_assert_int_eq(timeline_observe(&timeline, reading(100 * SECOND + 5800, 0)), 5800);
    ck_assert_int_eq(timeline_observe(&timeline, reading(100 * SECOND + 6700, 0)), 0);
    ck_assert_int_eq(timeline_observe(&timeline, reading(100 * SECOND + 4700, 0)), -1100);
}
END_TEST

START_TEST(a_quieter_reading_improves_the_map)
{
    struct timeline timeline;
    timeline_init(&timeline,
                  (struct clock_reading){.system = {100 * SECOND + 900}, .window_ns = 3000}, 0);
    ck_assert_int_eq(timeline_observe(&timeline, reading(100 * SECOND, 0)), 0);
    ck_assert_int_eq(timeline_system(&timeline, (gn_local){100 * SECOND + 900}).ns, 100 * SECOND);
}
END_TEST

/* The kernel's clock runs by `strange` (s/s) off what it was asked for: a look each ten seconds. */
static struct timeline looked_at(double strange, bool has_raw, int64_t *steady_ns)
{
    struct timeline timeline;
    timeline_init(&timeline, reading(0, 0), 40e-6);
    for (int64_t t = 0; t <= 1000; t += 10) {
        *steady_ns = llround((double)(t * SECOND) * (1 + 40e-6 + strange));
        struct clock_reading now = reading(*steady_ns, *steady_ns);
        now.has_raw = has_raw;
        now.raw.ns = 77 + t * SECOND;
        ck_assert_int_eq(timeline_observe(&timeline, now), 0);
    }
    return timeline;
}

START_TEST(local_is_held_to_the_oscillator)
{
    int64_t steady_ns;
    struct timeline timeline = looked_at(100e-9, true, &steady_ns);
    ck_assert_int_le(llabs(timeline_local(&timeline, (gn_system){steady_ns}).ns - 1000 * SECOND),
                     100);
    ck_assert(timeline_frequency(&timeline) == 40e-6);
    timeline = looked_at(-100e-9, true, &steady_ns);
    ck_assert_int_le(llabs(timeline_local(&timeline, (gn_system){steady_ns}).ns - 1000 * SECOND),
                     100);
    /* Where there is none, it is as the kernel says. */
    timeline = looked_at(100e-9, false, &steady_ns);
    ck_assert_int_ge(timeline_local(&timeline, (gn_system){steady_ns}).ns - 1000 * SECOND, 99000);
}
END_TEST

START_TEST(a_readings_noise_does_not_move_local)
{
    struct timeline timeline;
    timeline_init(&timeline, reading(0, 0), 0);
    for (int64_t t = 0; t < 100; t++) {
        struct clock_reading now = reading(t * SECOND, t * SECOND);
        now.has_raw = true;
        now.raw.ns = t * SECOND + (t % 2 == 0 ? 50 : -50); /* at either end of its window */
        timeline_observe(&timeline, now);
        ck_assert_int_eq(timeline_local(&timeline, now.system).ns, t * SECOND);
    }
}
END_TEST

START_TEST(a_quieter_reading_of_the_oscillator_is_kept)
{
    struct timeline timeline;
    struct clock_reading now = {.window_ns = 100000, .has_raw = true, .raw = {40000}};
    timeline_init(&timeline, now, 0);
    timeline_observe(&timeline, now);
    now = reading(SECOND, SECOND);
    now.has_raw = true;
    now.raw.ns = SECOND;
    timeline_observe(&timeline, now); /* 40 us away, as the first was read so badly */
    ck_assert_int_eq(timeline_local(&timeline, (gn_system){SECOND}).ns, SECOND);
    now.raw.ns += SECOND;
    now.steady.ns += SECOND + 200;
    now.system.ns += SECOND + 200;
    timeline_observe(&timeline, now);
    ck_assert_int_eq(timeline_local(&timeline, now.system).ns, 2 * SECOND);
}
END_TEST

/* As of a simulator that knows only the other clocks, whatever the steps its time goes in. */
START_TEST(another_clocks_oscillator_is_not_believed)
{
    static const int64_t steps_ns[] = {64 * SECOND, 500000};
    int64_t step_ns = steps_ns[_i];
    struct timeline timeline;
    timeline_init(&timeline, reading(0, 0), 0);
    for (int64_t t = 0; t < 10; t++) {
        struct clock_reading now = reading(t * step_ns, t * step_ns);
        now.has_raw = true;
        now.raw.ns = t * 1000;
        timeline_observe(&timeline, now);
        if (t > 2)
            ck_assert_int_eq(timeline_local(&timeline, now.system).ns, now.steady.ns);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timeline");
    TCase *tcase = tcase_create("timeline");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, starts_at_the_system_clock);
    tcase_add_test(tcase, two_hundred_thousand_steers_lose_less_than_a_nanosecond);
    tcase_add_test(tcase, there_and_back_within_a_nanosecond);
    tcase_add_test(tcase, a_stamp_from_before_a_steer_is_read_with_the_old_frequency);
    tcase_add_test(tcase, our_own_step_is_not_reported);
    tcase_add_test(tcase, a_foreign_step_is_reported_once_and_does_not_touch_local);
    tcase_add_test(tcase, reading_noise_is_no_step);
    tcase_add_test(tcase, a_quieter_reading_improves_the_map);
    tcase_add_test(tcase, local_is_held_to_the_oscillator);
    tcase_add_test(tcase, a_readings_noise_does_not_move_local);
    tcase_add_test(tcase, a_quieter_reading_of_the_oscillator_is_kept);
    tcase_add_loop_test(tcase, another_clocks_oscillator_is_not_believed, 0, 2);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
