/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <errno.h>

/* A LAN server behind 50 us + 10 us·exp each way. */
static struct server *add_lan(struct world *world, const char *name)
{
    struct pipeline_source_config config = world_source(name);
    return world_add(world, 50e-6, 10e-6, &config);
}

static struct server *add_wan(struct world *world, const char *name)
{
    struct pipeline_source_config config = world_source(name);
    return world_add(world, 20e-3, 1e-3, &config);
}

static struct gn_sample plain_sample(const struct world *world, double offset_s)
{
    struct gn_sample sample = {.size = sizeof sample, .kind = GN_SAMPLE_ONE_WAY, .stratum = 1};
    sample.local = world_local(world);
    sample.utc.ns = sample.local.ns + gn_nanoseconds(offset_s);
    sample.dispersion_s = 1e-4;
    return sample;
}

static void check_bound(const struct world *world)
{
    ck_assert_double_ge(world->covered / (double)world->seconds, 0.999);
}

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

static struct server *add_clock(struct world *world, const char *name, double noise_s)
{
    struct pipeline_source_config config = world_source(name);
    struct server *server;
    config.min_poll_log2s = config.max_poll_log2s = 0;
    config.mode = GN_MODE_REFCLOCK;
    config.is_clock = true;
    config.refid = 0x47505300; /* GPS */
    server = world_add(world, 0, noise_s, &config);
    server->clock = true;
    server->stratum = 0;
    return server;
}

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

START_TEST(a_liar_among_three_is_never_followed)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct world world;
        world_init(&world, seed, 1e-5, 0.05);
        world.wander = 1e-9;
        world_start(&world);
        for (unsigned i = 0; i < 3; i++)
            add_wan(&world, "ntp");
        unsigned liar = (unsigned)(seed % 3);
        world.servers[liar].offset_s = 0.1;
        for (double t = 10; t < 7200; t += 10) {
            world_until(&world, t);
            ck_assert_int_lt(world_report(&world, liar).state, GN_SOURCE_COMBINED);
        }
        ck_assert_int_eq(world_report(&world, liar).state, GN_SOURCE_FALSETICKER);
        ck_assert_uint_ge(world.events[GN_EVENT_SOURCE_FALSETICKER], 1);
        ck_assert_ptr_nonnull(
            strstr(world.last_event[GN_EVENT_SOURCE_FALSETICKER].text, "disagrees"));
        ck_assert_double_lt(fabs(world_error_s(&world)), 3e-3);
        world_finish(&world);
    }
}
END_TEST

/* It was outvoted; that the others have died makes it no better. */
START_TEST(a_known_liar_is_not_followed_when_it_alone_is_left)
{
    struct world world;
    world_init(&world, 4, 1e-5, 0.05);
    world.wander = 1e-9;
    world_start(&world);
    for (unsigned i = 0; i < 3; i++)
        add_wan(&world, "ntp");
    world.servers[2].offset_s = 0.1;
    world_until(&world, 3600);
    world.servers[0].silent = world.servers[1].silent = true;
    for (double t = 3610; t < 20000; t += 10) {
        world_until(&world, t);
        ck_assert_int_lt(world_report(&world, 2).state, GN_SOURCE_COMBINED);
    }
    ck_assert_int_eq(pipeline_state(world.pipeline)->clock_state, GN_CLOCK_HOLDOVER);
    ck_assert_double_lt(fabs(world_error_s(&world)), 10e-3);
    world.servers[2].offset_s = 0; /* it mends its ways */
    world_until(&world, 30000);
    ck_assert_int_eq(world_report(&world, 2).state, GN_SOURCE_SELECTED);
    world_finish(&world);
}
END_TEST

/* One is 100 ms off, one drifts away from the truth by 50 ppm and stays within its bounds long. */
START_TEST(two_liars_among_five)
{
    struct world world;
    world_init(&world, 5, 1e-5, 0.05);
    world.wander = 1e-9;
    world_start(&world);
    for (unsigned i = 0; i < 5; i++)
        add_wan(&world, "ntp");
    world.servers[0].drift = 50e-6;
    world.servers[1].offset_s = 0.1;
    world_measure_from(&world, 600);
    world_until(&world, 20000);
    world_print(&world, "two liars among five");
    ck_assert_double_lt(world.largest_s, 2e-3);
    ck_assert_int_eq(world_report(&world, 0).state, GN_SOURCE_FALSETICKER);
    check_bound(&world);
    world_finish(&world);
}
END_TEST

START_TEST(two_against_two_stop_the_clock_and_say_why)
{
    struct world world;
    world_init(&world, 2, 1e-5, 0.05);
    world_start(&world);
    for (unsigned i = 0; i < 4; i++)
        add_wan(&world, "ntp")->offset_s = i % 2 ? 0 : 0.5;
    world_until(&world, 3600);
    ck_assert_uint_eq(world.steps + world.steers, 0);
    ck_assert(!pipeline_state(world.pipeline)->synchronised);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(world_report(&world, i).reason, GN_REASON_NO_MAJORITY);
    ck_assert_ptr_nonnull(strstr(world.last_event[GN_EVENT_SOURCE_FAULT].text, "no majority"));
    world_finish(&world);
}
END_TEST

START_TEST(nobody_is_followed_before_more_than_half_have_answered)
{
    struct world world;
    world_init(&world, 2, 1e-5, 0.05);
    world_start(&world);
    for (unsigned i = 0; i < 4; i++)
        add_wan(&world, "ntp")->silent = i >= 2;
    world_until(&world, 7);
    ck_assert_int_eq(world_report(&world, 0).reason, GN_REASON_WAITING);
    ck_assert(!pipeline_state(world.pipeline)->synchronised);
    ck_assert_uint_eq(world.steers, 0);
    world_until(&world, 8.5);
    ck_assert(pipeline_state(world.pipeline)->synchronised);
    world_finish(&world);
}
END_TEST

START_TEST(the_only_server_jumps_and_is_followed)
{
    struct world world;
    world_init(&world, 8, 1e-5, 0.05);
    world_start(&world);
    add_lan(&world, "ntp0");
    world_until(&world, 7200);
    world.servers[0].offset_s = 0.3;
    world_until(&world, 7200 + 4 * 1024 + 60);
    ck_assert_double_eq_tol(world_error_s(&world), 0.3, 1e-3);
    ck_assert_uint_eq(world.steps, 0);
    ck_assert_uint_eq(world_report(&world, 0).samples_refused, 2);
    world_finish(&world);
}
END_TEST

START_TEST(one_server_of_three_jumps_and_is_left)
{
    struct world world;
    world_init(&world, 8, 1e-5, 0.05);
    world_start(&world);
    for (unsigned i = 0; i < 3; i++)
        add_lan(&world, "ntp");
    world_until(&world, 7200);
    world.servers[0].offset_s = 0.04;
    world_measure_from(&world, 7200);
    world_until(&world, 20000);
    ck_assert_double_lt(world.largest_s, 100e-6);
    ck_assert_int_eq(world_report(&world, 0).state, GN_SOURCE_FALSETICKER);
    world.servers[0].offset_s = 0;
    world_until(&world, 30000);
    ck_assert_int_ge(world_report(&world, 0).state, GN_SOURCE_COMBINED);
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
    world.config.local_active = true;
    world.config.local_stratum = 7;
    world_start(&world);
    add_lan(&world, "ntp0")->silent = true;
    world_until(&world, 100);
    state = pipeline_state(world.pipeline);
    ck_assert(!state->synchronised);
    ck_assert_int_eq(state->stratum, 7);
    ck_assert_uint_eq(state->refid, 0x7F7F0101);
    ck_assert_int_eq(state->leap, GN_LEAP_NORMAL);
    ck_assert_int_eq(state->clock_state, GN_CLOCK_UNSET);
    ck_assert(state->root_dispersion_s == 0 && state->root_delay_s == 0);
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

START_TEST(a_leap_second_is_announced_and_applied)
{
    struct world world;
    world_init(&world, 14, 1e-5, 0);
    world.config.discipline = false;
    world_start(&world);
    add_lan(&world, "ntp0")->leap = GN_LEAP_INSERT;
    world_until(&world, 600);
    ck_assert_int_eq(pipeline_state(world.pipeline)->leap, GN_LEAP_INSERT);
    ck_assert_ptr_nonnull(
        strstr(world.last_event[GN_EVENT_LEAP].text, "inserted at the end of 2025-06-30"));
    ck_assert(!pipeline_leap_due(world.pipeline, world_local(&world), -SECOND));
    int64_t before_ns = gn_state_utc(pipeline_state(world.pipeline), world_local(&world)).ns;
    pipeline_leap_applied(world.pipeline, world_local(&world), -1);
    world_run(&world);
    ck_assert_int_eq(pipeline_state(world.pipeline)->leap, GN_LEAP_NORMAL);
    int64_t after_ns = gn_state_utc(pipeline_state(world.pipeline), world_local(&world)).ns;
    ck_assert_int_le(llabs(after_ns - before_ns + SECOND), 1000);
    /* The server has leapt too: its samples go on without a spike. */
    world.servers[0].offset_s = -1;
    world_until(&world, 3600);
    ck_assert_uint_eq(world_report(&world, 0).samples_refused, 0);
    ck_assert_int_eq(pipeline_state(world.pipeline)->leap, GN_LEAP_NORMAL);
    world_finish(&world);
}
END_TEST

START_TEST(options_of_sources)
{
    struct world world;
    struct pipeline_source_config config = world_source("noselect");
    world_init(&world, 15, 1e-5, 0);
    world_start(&world);
    config.noselect = true;
    world_add(&world, 50e-6, 1e-6, &config);
    config = world_source("corrected");
    config.offset_s = 0.25;
    config.stratum = 5;
    world_add(&world, 50e-6, 1e-6, &config)->offset_s = -0.25;
    world_until(&world, 300);
    ck_assert_int_eq(world_report(&world, 0).reason, GN_REASON_NOSELECT);
    ck_assert_int_eq(world_report(&world, 1).state, GN_SOURCE_SELECTED);
    ck_assert_int_eq(pipeline_state(world.pipeline)->stratum, 6);
    ck_assert_double_lt(fabs(world_error_s(&world)), 100e-6);
    /* Changing the correction moves the estimate with it. */
    config.offset_s = 0.35;
    pipeline_source_configure(world.pipeline, world.servers[1].source, &config);
    ck_assert_double_eq_tol(world_report(&world, 1).offset_s, 0.1, 1e-3);
    world_finish(&world);
}
END_TEST

START_TEST(faults_are_told_once_and_taken_back_by_a_sample)
{
    struct world world;
    struct server *server;
    world_init(&world, 16, 1e-5, 0);
    world_start(&world);
    server = add_lan(&world, "ntp0");
    for (int i = 0; i < 3; i++)
        pipeline_source_fault(world.pipeline, server->source, GN_REASON_UNSYNCHRONISED,
                              "stratum 16");
    world_run(&world);
    ck_assert_uint_eq(world.events[GN_EVENT_SOURCE_FAULT], 1);
    ck_assert_str_eq(world.last_event[GN_EVENT_SOURCE_FAULT].text, "ntp0: stratum 16");
    ck_assert_int_eq(world_report(&world, 0).reason, GN_REASON_UNSYNCHRONISED);
    ck_assert_str_eq(world_report(&world, 0).detail, "stratum 16");
    world_until(&world, 10);
    ck_assert_int_eq(world_report(&world, 0).reason, GN_REASON_OK);
    ck_assert_int_eq(world_report(&world, 0).state, GN_SOURCE_SELECTED);
    pipeline_source_fault(world.pipeline, server->source, GN_REASON_LOOP, "it follows us");
    world_run(&world);
    ck_assert_int_eq(world_report(&world, 0).state, GN_SOURCE_UNUSABLE);
    world_finish(&world);
}
END_TEST

START_TEST(distance_stratum_and_leap_make_unusable)
{
    struct world world;
    struct gn_sample sample;
    struct pipeline_source_config config = world_source("x");
    struct pipeline_source *source[4];
    static const enum gn_reason reasons[] = {GN_REASON_DISTANCE, GN_REASON_UNSYNCHRONISED,
                                             GN_REASON_UNSYNCHRONISED, GN_REASON_OK};
    world_init(&world, 17, 0, 0);
    world_start(&world);
    for (int i = 0; i < 4; i++) {
        sample = plain_sample(&world, 0);
        source[i] = pipeline_source_add(world.pipeline, &config);
        world.servers[i].source = source[i];
        if (i == 0)
            sample.root_delay_s = 7;
        if (i == 1)
            sample.stratum = 16;
        if (i == 2)
            sample.leap = GN_LEAP_UNSYNCHRONISED;
        ck_assert_int_eq(pipeline_submit(world.pipeline, source[i], &sample), 0);
    }
    world_run(&world);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(world_report(&world, i).reason, reasons[i]);
    sample.dispersion_s = NAN;
    ck_assert_int_eq(pipeline_submit(world.pipeline, source[3], &sample), -EINVAL);
    ck_assert_uint_eq(world_report(&world, 3).samples_refused, 1);
    world_finish(&world);
}
END_TEST

START_TEST(polls_spread_when_little_is_to_be_learnt)
{
    struct gn_source_hint hint;
    struct world world;
    world_init(&world, 18, 1e-5, 0);
    world.wander = 1e-10;
    world_start(&world);
    add_wan(&world, "ntp0");
    world_until(&world, 5);
    pipeline_source_hint(world.pipeline, world.servers[0].source, &hint);
    ck_assert_double_eq_tol(hint.poll_s, 64, 1e-9);
    world_until(&world, 40000);
    pipeline_source_hint(world.pipeline, world.servers[0].source, &hint);
    ck_assert_double_gt(hint.poll_s, 500);
    ck_assert_double_le(hint.poll_s, 1024);
    ck_assert_int_eq(hint.reach, 0xff);
    ck_assert_int_eq(hint.state, GN_SOURCE_SELECTED);
    world_finish(&world);
}
END_TEST

START_TEST(sources_come_and_go)
{
    struct chance chance = {19};
    struct pipeline_source *sources[40] = {NULL};
    struct pipeline_source_config config = world_source("guest");
    struct world world;
    world_init(&world, 19, 1e-5, 0);
    world_start(&world);
    for (int i = 0; i < 4000; i++) {
        size_t which = chance_bits(&chance) % 40;
        world_pass(&world, 50000000);
        if (sources[which] == NULL) {
            sources[which] = pipeline_source_add(world.pipeline, &config);
        } else if (chance_bits(&chance) % 4 == 0) {
            pipeline_source_remove(world.pipeline, sources[which]);
            sources[which] = NULL;
        } else if (chance_bits(&chance) % 16 == 0) {
            pipeline_source_reset(world.pipeline, sources[which], 5);
        } else {
            struct gn_sample sample = plain_sample(&world, chance_normal(&chance, 1e-5));
            pipeline_submit(world.pipeline, sources[which], &sample);
        }
        if (chance_bits(&chance) % 2)
            world_run(&world);
    }
    size_t counted = 0, expected = 0;
    const struct pipeline_source *source = NULL;
    while ((source = pipeline_source_next(world.pipeline, source)) != NULL)
        counted++;
    for (size_t i = 0; i < 40; i++)
        expected += sources[i] != NULL;
    ck_assert_uint_eq(counted, expected);
    pipeline_source_remove(world.pipeline, NULL);
    world_finish(&world);
    pipeline_destroy(NULL);
}
END_TEST

/* Anything that passes for a sample: far apart, decades off, enormous bounds, in any order. */
static struct gn_sample wild_sample(struct chance *chance, const struct world *world)
{
    struct gn_sample sample = plain_sample(world, 0);
    double scale = exp(45 * chance_uniform(chance) - 25);
    int64_t offset_ns = (int64_t)fmax(-1.7e18, fmin(2e18, 1e9 * chance_normal(chance, scale)));
    sample.utc.ns += offset_ns;
    sample.dispersion_s = exp(30 * chance_uniform(chance) - 25);
    sample.delay_s = chance_uniform(chance) < 0.5 ? 0 : exp(25 * chance_uniform(chance) - 20);
    sample.root_delay_s = exp(20 * chance_uniform(chance) - 18);
    sample.stratum = (uint8_t)(chance_bits(chance) % 17);
    sample.leap = (uint8_t)(chance_bits(chance) % 16 == 0 ? 3 : chance_bits(chance) % 3);
    if (chance_bits(chance) % 2 == 0) {
        int64_t round_ns = (int64_t)(chance_bits(chance) % 2000000000u);
        sample.kind = GN_SAMPLE_TWO_WAY;
        sample.exchange.t4 = sample.local;
        sample.exchange.t1.ns = sample.local.ns - round_ns;
        sample.exchange.t2.ns = sample.utc.ns - round_ns / 2;
        sample.exchange.t3.ns =
            sample.exchange.t2.ns + (int64_t)(chance_bits(chance) % (uint64_t)(round_ns + 1));
    }
    return sample;
}

static bool finite_state(const struct gn_state *state)
{
    return isfinite(state->frequency) && isfinite(state->root_delay_s) &&
           isfinite(state->root_dispersion_s) && state->root_dispersion_s >= 0 &&
           isfinite(state->error_bound_s) && state->error_bound_s >= 0 &&
           isfinite(state->dispersion_rate) && state->dispersion_rate > 0 && state->stratum >= 1 &&
           state->stratum <= 16;
}

static bool finite_report(const struct gn_source_report *report)
{
    return isfinite(report->offset_s) && isfinite(report->offset_sd_s) &&
           isfinite(report->frequency) && isfinite(report->jitter_s) &&
           isfinite(report->last_offset_s) && isfinite(report->root_distance_s);
}

/* One assertion for all: they are slow, and this comes a hundred thousand times. */
static void check_published(const struct world *world)
{
    struct gn_tracking tracking;
    bool good = finite_state(pipeline_state(world->pipeline));
    memset(&tracking, 0, sizeof tracking);
    pipeline_tracking(world->pipeline, world_local(world), world_read(world).system.ns, world->rate,
                      &tracking);
    good = good && isfinite(tracking.system_offset_s) && isfinite(tracking.last_offset_s) &&
           isfinite(tracking.rms_offset_s) && isfinite(tracking.skew);
    for (unsigned i = 0; i < world->server_count; i++) {
        struct gn_source_report report = world_report(world, i);
        good = good && finite_report(&report);
    }
    ck_assert(good);
}

START_TEST(storms_of_garbage_stay_finite)
{
    unsigned long taken = 0, refused = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct world world;
        world_init(&world, seed, 1e-5, 0);
        if (seed % 3 == 0)
            world.config.step_updates = 0;
        if (seed % 4 == 0)
            world.config.max_distance_s = 1e6;
        world_start(&world);
        for (unsigned i = 0; i < 1 + seed % WORLD_SERVERS; i++)
            add_lan(&world, "garbage");
        for (int i = 0; i < 500; i++) {
            struct server *server = &world.servers[chance_bits(&world.chance) % world.server_count];
            double wait_s = exp(14 * chance_uniform(&world.chance) - 7);
            struct gn_sample sample;
            struct gn_source_hint hint;
            world_pass(&world, gn_nanoseconds(wait_s));
            sample = wild_sample(&world.chance, &world);
            pipeline_source_poll(world.pipeline, server->source, world_local(&world));
            if (pipeline_submit(world.pipeline, server->source, &sample) == 0)
                taken++;
            else
                refused++;
            world_run(&world);
            check_published(&world);
            pipeline_source_hint(world.pipeline, server->source, &hint);
            ck_assert(hint.poll_s >= 64 && hint.poll_s <= 1024);
        }
        ck_assert_double_le(world.largest_rate,
                            world.config.max_slew_rate + world.config.max_frequency);
        world_finish(&world);
    }
    printf("storms: %lu samples taken, %lu refused\n", taken, refused);
    ck_assert_uint_gt(taken, refused);
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
    tcase_add_test(tcase, a_liar_among_three_is_never_followed);
    tcase_add_test(tcase, a_known_liar_is_not_followed_when_it_alone_is_left);
    tcase_add_test(tcase, two_liars_among_five);
    tcase_add_test(tcase, two_against_two_stop_the_clock_and_say_why);
    tcase_add_test(tcase, nobody_is_followed_before_more_than_half_have_answered);
    tcase_add_test(tcase, the_only_server_jumps_and_is_followed);
    tcase_add_test(tcase, one_server_of_three_jumps_and_is_left);
    tcase_add_test(tcase, somebody_else_steps_the_clock);
    tcase_add_test(tcase, makestep);
    tcase_add_test(tcase, after_a_suspend_the_sources_must_answer_anew);
    tcase_add_test(tcase, the_last_source_is_lost);
    tcase_add_test(tcase, local_serves_when_nothing_is_left);
    tcase_add_test(tcase, the_drift_file_is_applied_and_worth_something);
    tcase_add_test(tcase, a_leap_second_is_announced_and_applied);
    tcase_add_test(tcase, options_of_sources);
    tcase_add_test(tcase, faults_are_told_once_and_taken_back_by_a_sample);
    tcase_add_test(tcase, distance_stratum_and_leap_make_unusable);
    tcase_add_test(tcase, polls_spread_when_little_is_to_be_learnt);
    tcase_add_test(tcase, sources_come_and_go);
    tcase_add_test(tcase, storms_of_garbage_stay_finite);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
