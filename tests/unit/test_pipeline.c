/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <errno.h>

START_TEST(a_day_on_a_lan)
{
    struct world world;
    world_init(&world, 1, 1e-5, 0.05);
    world.wander = 1e-9;
    world_start(&world);
    add_lan(&world, "ntp0");
    world_measure_from(&world, 3600);
    world_until(&world, 86400);
    world_print(&world, "a day on a lan");
    ck_assert_double_lt(fabs(world_error_s(&world)), 50e-6);
    ck_assert_double_lt(world_rms_s(&world), 15e-6);
    ck_assert_uint_eq(world.steps, 0);
    ck_assert_uint_lt(world.servers[0].sent, 400);
    check_bound(&world);
    world_finish(&world);
}
END_TEST

/* From the first answer on, not only once settled. */
START_TEST(the_bound_holds_from_the_start)
{
    unsigned seconds = 0, covered = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world world;
        struct chance chance = {seed};
        world_init(&world, seed, chance_normal(&chance, 5e-5), chance_normal(&chance, 10));
        world.wander = seed % 2 ? 1e-9 : 1e-7;
        world_start(&world);
        for (int i = 0; i < 1 + (int)(seed % 4); i++)
            add_wan(&world, "ntp");
        world_measure_from(&world, 1);
        world_until(&world, 7200);
        seconds += world.seconds;
        covered += world.covered;
        world_finish(&world);
    }
    printf("bound from the start: held in %u of %u seconds\n", covered, seconds);
    ck_assert_double_ge(covered / (double)seconds, 0.999);
}
END_TEST

START_TEST(other_oscillators_and_paths)
{
    static const struct {
        const char *name;
        double base_s, jitter_s, wander, limit_s;
        unsigned servers;
    } cases[] = {
        {"wander 1e-8", 50e-6, 10e-6, 1e-8, 15e-6, 1},
        {"wander 1e-7", 50e-6, 10e-6, 1e-7, 60e-6, 1},
        {"hardware stamps", 50e-6, 1e-6, 1e-10, 2e-6, 1},
        {"internet, 4 servers", 20e-3, 2e-3, 1e-9, 700e-6, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        struct pipeline_source_config config = world_source("ntp");
        world_init(&world, 7 + i, -2e-5, 0.05);
        world.wander = cases[i].wander;
        world_start(&world);
        for (unsigned s = 0; s < cases[i].servers; s++)
            world_add(&world, cases[i].base_s, cases[i].jitter_s, &config);
        world_measure_from(&world, 20000);
        world_until(&world, 40000);
        world_print(&world, cases[i].name);
        ck_assert_double_lt(world_rms_s(&world), cases[i].limit_s);
        check_bound(&world);
        world_finish(&world);
    }
}
END_TEST

START_TEST(a_reference_clock)
{
    struct world world;
    world_init(&world, 3, 1e-5, 0.05);
    world.wander = 1e-9;
    world_start(&world);
    add_clock(&world, "gps", 1e-6);
    add_wan(&world, "ntp0");
    world_measure_from(&world, 600);
    world_until(&world, 7200);
    world_print(&world, "gps and ntp");
    ck_assert_double_lt(world_rms_s(&world), 1e-6);
    ck_assert_int_eq(pipeline_state(world.pipeline)->stratum, 1);
    ck_assert_uint_eq(pipeline_state(world.pipeline)->refid, 0x47505300);
    ck_assert_int_eq(world_report(&world, 0).state, GN_SOURCE_SELECTED);
    ck_assert_int_eq(world_report(&world, 1).reason, GN_REASON_NOT_COMBINED);
    world_finish(&world);
}
END_TEST

START_TEST(noise_of_a_clock_that_claims_too_much)
{
    struct world world;
    world_init(&world, 4, 1e-5, 0.05);
    world.wander = 1e-9;
    world_start(&world);
    add_clock(&world, "nmea", 20e-3);
    world_measure_from(&world, 7200);
    world_until(&world, 20000);
    world_print(&world, "nmea 20 ms");
    ck_assert_double_lt(world_rms_s(&world), 2e-3);
    check_bound(&world);
    world_finish(&world);
}
END_TEST

START_TEST(one_sample_suffices)
{
    struct world world;
    struct gn_sample sample;
    struct gn_tracking tracking;
    struct pipeline_source_config config = world_source("sntp");
    struct pipeline_source *source;
    memset(&tracking, 0, sizeof tracking);
    world_init(&world, 1, 0, 0);
    world.config.discipline = false;
    world_start(&world);
    source = pipeline_source_add(world.pipeline, &config);
    world_run(&world);
    ck_assert(!pipeline_state(world.pipeline)->synchronised);
    ck_assert_int_eq(pipeline_state(world.pipeline)->leap, GN_LEAP_UNSYNCHRONISED);
    ck_assert_int_eq(pipeline_state(world.pipeline)->stratum, 16);
    sample = plain_sample(&world, 0.25);
    ck_assert_int_eq(pipeline_submit(world.pipeline, source, &sample), 0);
    world_run(&world);
    ck_assert(pipeline_state(world.pipeline)->synchronised);
    ck_assert_int_eq(pipeline_state(world.pipeline)->stratum, 2);
    ck_assert_int_eq(pipeline_state(world.pipeline)->clock_state, GN_CLOCK_LOCKED);
    pipeline_tracking(world.pipeline, world_local(&world), world_read(&world).system.ns, 0,
                      &tracking);
    ck_assert_double_eq_tol(tracking.system_offset_s, 0.25, 1e-8);
    ck_assert_double_eq_tol(tracking.last_offset_s, 0.25, 1e-8);
    ck_assert_str_eq(tracking.reference_name, "sntp");
    ck_assert_uint_eq(world.steps + world.steers, 0);
    ck_assert_uint_eq(world.events[GN_EVENT_SYNCHRONISED], 1);
    world_finish(&world);
}
END_TEST

START_TEST(a_thousand_seconds_are_stepped_at_once)
{
    struct world world;
    world_init(&world, 5, 1e-4, -1000);
    world.wander = 1e-9;
    world_start(&world);
    add_lan(&world, "ntp0");
    world_until(&world, 1);
    ck_assert_uint_eq(world.steps, 1);
    ck_assert_double_eq_tol(world.last_step_s, 1000, 1e-3);
    ck_assert_double_lt(fabs(world_error_s(&world)), 1e-3);
    ck_assert_int_eq(pipeline_state(world.pipeline)->clock_state, GN_CLOCK_LOCKED);
    world_until(&world, 3600);
    ck_assert_double_lt(fabs(world_error_s(&world)), 50e-6);
    ck_assert_uint_eq(world.steps, 1);
    ck_assert_uint_eq(world.events[GN_EVENT_STEPPED], 1);
    ck_assert_uint_eq(world.events[GN_EVENT_CLOCK_MOVED], 0);
    world_finish(&world);
}
END_TEST

START_TEST(less_than_the_threshold_is_slewed)
{
    struct world world;
    world_init(&world, 6, 1e-4, 0.4);
    world_start(&world);
    add_lan(&world, "ntp0");
    world_until(&world, 2.5);
    ck_assert_double_gt(world_error_s(&world), 0.1);
    world_until(&world, 8);
    ck_assert_double_lt(fabs(world_error_s(&world)), 1e-3);
    ck_assert_uint_eq(world.steps, 0);
    ck_assert_double_le(world.largest_rate,
                        world.config.max_slew_rate + world.config.max_frequency);
    world_until(&world, 3600);
    ck_assert_double_lt(fabs(world_error_s(&world)), 50e-6);
    world_finish(&world);
}
END_TEST

START_TEST(without_discipline_the_estimate_is_as_good)
{
    struct world world;
    world_init(&world, 6, 1e-4, 0.4);
    world.wander = 1e-9;
    world.config.discipline = false;
    world_start(&world);
    add_lan(&world, "ntp0");
    world_measure_from(&world, 600);
    world_until(&world, 20000);
    ck_assert_uint_eq(world.steps + world.steers, 0);
    ck_assert_double_gt(fabs(world_error_s(&world)), 1);
    gn_utc told = gn_state_utc(pipeline_state(world.pipeline), world_local(&world));
    ck_assert_double_lt(fabs(gn_seconds(told.ns - world.true_ns)), 50e-6);
    ck_assert_int_eq(pipeline_makestep(world.pipeline), -EPERM);
    check_bound(&world);
    world_finish(&world);
}
END_TEST

START_TEST(a_refused_clock_goes_on_without)
{
    struct world world;
    world_init(&world, 6, 1e-5, 0.1);
    world_start(&world);
    add_lan(&world, "ntp0");
    pipeline_clock_refused(world.pipeline);
    world_until(&world, 600);
    ck_assert_uint_eq(world.steps + world.steers, 0);
    ck_assert(pipeline_state(world.pipeline)->synchronised);
    world_finish(&world);
}
END_TEST

START_TEST(somebody_else_steps_the_clock)
{
    struct world world;
    world_init(&world, 9, 1e-5, 0.05);
    world_start(&world);
    add_lan(&world, "ntp0");
    world_until(&world, 7200);
    world.system_minus_steady_ns += 2 * SECOND;
    world_run(&world);
    ck_assert_uint_eq(world.steps, 0);
    world_until(&world, 7200 + 30);
    ck_assert_double_lt(fabs(world_error_s(&world)), 100e-6);
    /* Always stepping is a policy too. */
    world.config.step_updates = -1;
    pipeline_configure(world.pipeline, &world.config);
    world.system_minus_steady_ns -= 10 * SECOND;
    world_run(&world);
    ck_assert_uint_eq(world.steps, 1);
    ck_assert_double_lt(fabs(world_error_s(&world)), 100e-6);
    ck_assert_uint_eq(world_report(&world, 0).samples_refused, 0);
    world_finish(&world);
}
END_TEST

START_TEST(makestep)
{
    struct world world;
    world_init(&world, 9, 1e-5, 0.05);
    world.config.step_updates = 0;
    world_start(&world);
    add_lan(&world, "ntp0");
    ck_assert_int_eq(pipeline_makestep(world.pipeline), -EAGAIN);
    world_until(&world, 100);
    world.system_minus_steady_ns += SECOND / 2;
    ck_assert_int_eq(pipeline_makestep(world.pipeline), 0);
    world_run(&world);
    ck_assert_uint_eq(world.steps, 1);
    ck_assert_double_lt(fabs(world_error_s(&world)), 100e-6);
    world_finish(&world);
}
END_TEST

START_TEST(after_a_suspend_the_sources_must_answer_anew)
{
    struct world world;
    world_init(&world, 10, 1e-5, 0.05);
    world_start(&world);
    add_lan(&world, "ntp0");
    world_until(&world, 7200);
    /* An hour passes; the kernel sets the clock from the RTC, half a second off. */
    world.true_ns += 3600 * SECOND;
    world.system_minus_steady_ns += 3600 * SECOND + SECOND / 2;
    timeline_observe(&world.timeline, world_read(&world));
    pipeline_suspended(world.pipeline, world_local(&world), 3600.5);
    world_run(&world);
    ck_assert(!pipeline_state(world.pipeline)->synchronised);
    ck_assert_int_eq(pipeline_state(world.pipeline)->clock_state, GN_CLOCK_FREE_RUNNING);
    ck_assert_int_eq(world_report(&world, 0).state, GN_SOURCE_UNUSABLE);
    world.servers[0].next_ns = world.true_ns + SECOND;
    world_until(&world, 7200 + 3600 + 20);
    ck_assert(pipeline_state(world.pipeline)->synchronised);
    ck_assert_double_lt(fabs(world_error_s(&world)), 1e-3);
    world_until(&world, 7200 + 7200);
    ck_assert_double_lt(fabs(world_error_s(&world)), 50e-6);
    world_finish(&world);
}
END_TEST

START_TEST(the_last_source_is_lost)
{
    struct world world;
    double bound_s;
    world_init(&world, 11, 1e-5, 0.05);
    world.wander = 1e-9;
    world_start(&world);
    add_lan(&world, "ntp0");
    world_until(&world, 20000);
    world.config.max_distance_s = 0.01;
    pipeline_configure(world.pipeline, &world.config);
    world.servers[0].silent = true;
    world_measure_from(&world, 20000);
    while (pipeline_state(world.pipeline)->clock_state == GN_CLOCK_LOCKED)
        world_until(&world, gn_seconds(world.true_ns - WORLD_EPOCH_NS) + 10);
    ck_assert_int_eq(pipeline_state(world.pipeline)->clock_state, GN_CLOCK_HOLDOVER);
    ck_assert(!pipeline_state(world.pipeline)->synchronised);
    ck_assert_int_eq(pipeline_state(world.pipeline)->leap, GN_LEAP_NORMAL);
    ck_assert_int_eq(pipeline_state(world.pipeline)->stratum, 2);
    ck_assert_uint_eq(world.events[GN_EVENT_SOURCE_UNREACHABLE], 1);
    ck_assert_ptr_nonnull(strstr(world.last_event[GN_EVENT_LOST].text, "holding over"));
    ck_assert_int_eq(world_report(&world, 0).reason, GN_REASON_NO_REPLY);
    bound_s = pipeline_state(world.pipeline)->error_bound_s;
    while (pipeline_state(world.pipeline)->clock_state == GN_CLOCK_HOLDOVER)
        world_until(&world, gn_seconds(world.true_ns - WORLD_EPOCH_NS) + 10);
    printf("hold-over lasted until %.0f s\n", gn_seconds(world.true_ns - WORLD_EPOCH_NS));
    ck_assert_double_gt(pipeline_state(world.pipeline)->error_bound_s, bound_s);
    ck_assert_double_gt(pipeline_state(world.pipeline)->error_bound_s, 0.01);
    ck_assert_int_eq(pipeline_state(world.pipeline)->clock_state, GN_CLOCK_FREE_RUNNING);
    ck_assert(!pipeline_state(world.pipeline)->synchronised);
    ck_assert_int_eq(pipeline_state(world.pipeline)->stratum, 16);
    ck_assert_uint_eq(world.events[GN_EVENT_LOST], 2);
    check_bound(&world);
    world.servers[0].silent = false;
    world_until(&world, gn_seconds(world.true_ns - WORLD_EPOCH_NS) + 1100);
    ck_assert(pipeline_state(world.pipeline)->synchronised);
    ck_assert_uint_eq(world.events[GN_EVENT_SYNCHRONISED], 2);
    ck_assert_uint_eq(world.events[GN_EVENT_SOURCE_REACHABLE], 2);
    ck_assert_double_lt(fabs(world_error_s(&world)), 1e-3);
    world_finish(&world);
}
END_TEST

START_TEST(local_serves_when_nothing_is_left)
{
    const struct gn_state *state;
    struct world world;
    world_init(&world, 12, 1e-5, 0.05);
    world.config.local.serve = true;
    world.config.local.stratum = 7;
    world_start(&world);
    add_lan(&world, "ntp0")->silent = true;
    world_until(&world, 100);
    state = pipeline_state(world.pipeline);
    ck_assert(!state->synchronised);
    ck_assert_int_eq(state->stratum, 7);
    ck_assert_uint_eq(state->refid, 0x7F7F0101);
    ck_assert_int_eq(state->leap, GN_LEAP_NORMAL);
    ck_assert_int_eq(state->clock_state, GN_CLOCK_UNSET);
    ck_assert(state->root_delay_s == 0 && state->dispersion_rate == 0);
    ck_assert(state->root_dispersion_s == ldexp(1, state->precision_log2s));
    ck_assert_double_ge(state->error_bound_s, world.config.max_distance_s);
    ck_assert_int_le(llabs(state->utc.ns - timeline_system(&world.timeline, state->at).ns), 1);
    ck_assert_uint_eq(world.events[GN_EVENT_SYNCHRONISED], 0);
    world.servers[0].silent = false;
    world_until(&world, 200);
    ck_assert_int_eq(pipeline_state(world.pipeline)->stratum, 2);
    world_finish(&world);
}
END_TEST

START_TEST(the_drift_file_is_applied_and_worth_something)
{
    struct world world;
    double drift, skew;
    world_init(&world, 13, 2e-5, 0);
    world.pipeline = pipeline_create(&world.config, world_local(&world), 2e-5, 1e-8);
    ck_assert(!pipeline_drift(world.pipeline, &drift, &skew));
    add_lan(&world, "ntp0")->silent = true;
    world_run(&world);
    ck_assert_double_eq_tol(world.rate, 2e-5, 1e-12);
    world_until(&world, 1000);
    ck_assert_double_lt(fabs(world_error_s(&world)), 1e-6);
    world.servers[0].silent = false;
    world_until(&world, 7200);
    ck_assert(pipeline_drift(world.pipeline, &drift, &skew));
    ck_assert_double_eq_tol(drift, 2e-5, 5 * skew);
    ck_assert_double_lt(skew, 1e-7);
    world_finish(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline");
    TCase *tcase = tcase_create("pipeline");
    SRunner *runner;
    int failed;
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_day_on_a_lan);
    tcase_add_test(tcase, the_bound_holds_from_the_start);
    tcase_add_test(tcase, other_oscillators_and_paths);
    tcase_add_test(tcase, a_reference_clock);
    tcase_add_test(tcase, noise_of_a_clock_that_claims_too_much);
    tcase_add_test(tcase, one_sample_suffices);
    tcase_add_test(tcase, a_thousand_seconds_are_stepped_at_once);
    tcase_add_test(tcase, less_than_the_threshold_is_slewed);
    tcase_add_test(tcase, without_discipline_the_estimate_is_as_good);
    tcase_add_test(tcase, a_refused_clock_goes_on_without);
    tcase_add_test(tcase, somebody_else_steps_the_clock);
    tcase_add_test(tcase, makestep);
    tcase_add_test(tcase, after_a_suspend_the_sources_must_answer_anew);
    tcase_add_test(tcase, the_last_source_is_lost);
    tcase_add_test(tcase, local_serves_when_nothing_is_left);
    tcase_add_test(tcase, the_drift_file_is_applied_and_worth_something);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
