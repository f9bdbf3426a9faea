/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <errno.h>

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

/* It was outvoted; that the others have died makes it no better while our own bound excludes it. */
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
    for (double t = 3610; t < 12000; t += 10) {
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

static struct server *add_polled(struct world *world, int8_t min_poll_log2s, int8_t max_poll_log2s)
{
    struct pipeline_source_config config = world_source("ntp0");
    config.min_poll_log2s = min_poll_log2s;
    config.max_poll_log2s = max_poll_log2s;
    return world_add(world, 50e-6, 10e-6, &config);
}

static double hinted_s(const struct world *world)
{
    struct gn_source_hint hint;
    pipeline_source_hint(world->pipeline, world->servers[0].source, &hint);
    return hint.poll_s;
}

/* It wants to be asked less often; what it said stays true, and so does it as a source. */
START_TEST(who_wants_fewer_polls_stays_selected)
{
    struct world world;
    world_init(&world, 5, 1e-5, 0.05);
    world_start(&world);
    struct server *server = add_polled(&world, 6, 6);
    world_until(&world, 600);
    pipeline_source_slow(world.pipeline, server->source, 256);
    pipeline_source_fault(world.pipeline, server->source, GN_REASON_RATE, "every 256 s (RATE)");
    world_run(&world);
    ck_assert_int_eq(world_report(&world, 0).state, GN_SOURCE_SELECTED);
    ck_assert_str_eq(world_report(&world, 0).detail, "every 256 s (RATE)");
    ck_assert_int_eq(world_report(&world, 0).poll_log2s, 8);
    world_until(&world, 8000);
    ck_assert_double_eq(hinted_s(&world), 256);
    pipeline_suspended(world.pipeline, world_local(&world), 100);
    ck_assert_double_eq(hinted_s(&world), 256);
    pipeline_source_slow(world.pipeline, server->source, NAN);
    ck_assert_double_eq(hinted_s(&world), 256);
    pipeline_source_reset(world.pipeline, server->source, 7);
    ck_assert_double_eq(hinted_s(&world), 64);
    pipeline_source_fault(world.pipeline, server->source, GN_REASON_KISS, "denied");
    world_run(&world);
    ck_assert_int_eq(world_report(&world, 0).state, GN_SOURCE_UNUSABLE);
    ck_assert_int_eq(world_report(&world, 0).reason, GN_REASON_KISS);
    world_finish(&world);
}
END_TEST

START_TEST(polls_reach_from_sixteen_a_second_to_a_day_and_a_half)
{
    static const struct {
        int8_t log2s;
        double until_s, within_s;
    } cases[] = {{-4, 60, 5e-6}, {17, 10 * 131072.0, 0.5}};
    struct world world;
    world_init(&world, 5, 1e-5, 0.05);
    world_start(&world);
    add_polled(&world, cases[_i].log2s, cases[_i].log2s);
    world_until(&world, cases[_i].until_s);
    ck_assert_double_eq(hinted_s(&world), ldexp(1, cases[_i].log2s));
    ck_assert_int_eq(world_report(&world, 0).poll_log2s, cases[_i].log2s);
    ck_assert_uint_eq(world_report(&world, 0).reach, 0xFF);
    ck_assert_int_eq(world_report(&world, 0).state, GN_SOURCE_SELECTED);
    ck_assert_double_le(fabs(world_error_s(&world)), cases[_i].within_s);
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

/* A server that answers too slowly is no silent one; but what it once said does not last for ever.
 */
START_TEST(refused_delays_are_no_silence)
{
    struct world world;
    world_init(&world, 16, 1e-5, 0);
    world_start(&world);
    struct server *server = add_polled(&world, 6, 6);
    world_until(&world, 2000);
    uint64_t taken = world_report(&world, 0).samples_total;
    server->silent = true;
    for (int i = 1; i < 60; i++) {
        world_until(&world, 2000 + 64 * i);
        pipeline_source_fault(world.pipeline, server->source, GN_REASON_DELAY, "delay 84 ms");
        world_run(&world);
        ck_assert_uint_eq(world_report(&world, 0).reach & 1, 1);
        ck_assert_int_eq(world_report(&world, 0).reason, i < 31   ? GN_REASON_OK
                                                         : i > 34 ? GN_REASON_DELAY
                                                                  : world_report(&world, 0).reason);
    }
    ck_assert_str_eq(world_report(&world, 0).detail, "delay 84 ms");
    ck_assert_int_eq(world_report(&world, 0).state, GN_SOURCE_UNUSABLE);
    ck_assert_uint_eq(world_report(&world, 0).samples_total, taken);
    ck_assert_uint_eq(world_report(&world, 0).samples_refused, 59);
    ck_assert_uint_eq(world.events[GN_EVENT_SOURCE_UNREACHABLE], 0);
    ck_assert_uint_eq(world.events[GN_EVENT_SOURCE_FAULT], 0);
    server->silent = false;
    world_until(&world, 2000 + 64 * 62);
    ck_assert_int_eq(world_report(&world, 0).reason, GN_REASON_OK);
    world_finish(&world);
}
END_TEST

START_TEST(strata_have_limits)
{
    struct world world;
    struct pipeline_source_config config = world_source("x");
    static const enum gn_reason reasons[] = {GN_REASON_STRATUM, GN_REASON_OK, GN_REASON_STRATUM,
                                             GN_REASON_OK};
    static const uint8_t strata[] = {1, 2, 5, 1}, counts_as[] = {1, 2, 5, 4};
    world_init(&world, 17, 0, 0);
    world.config.min_stratum = 2;
    world.config.max_stratum = 4;
    world_start(&world);
    for (unsigned i = 0; i < 4; i++) {
        struct gn_sample sample = plain_sample(&world, 0);
        config.min_stratum = i == 3 ? 4 : 0;
        world.servers[i].source = pipeline_source_add(world.pipeline, &config);
        sample.stratum = strata[i];
        ck_assert_int_eq(pipeline_submit(world.pipeline, world.servers[i].source, &sample), 0);
    }
    world_run(&world);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(world_report(&world, i).reason, reasons[i]);
        ck_assert_uint_eq(world_report(&world, i).stratum, counts_as[i]);
    }
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

static double poll_after_a_day(double wander)
{
    struct gn_source_hint hint;
    struct world world;
    world_init(&world, 19, 1e-5, 0);
    world.wander = wander;
    world_start(&world);
    add_wan(&world, "ntp0");
    world_until(&world, 86400);
    pipeline_source_hint(world.pipeline, world.servers[0].source, &hint);
    world_finish(&world);
    return hint.poll_s;
}

START_TEST(only_a_steady_oscillator_is_left_alone_for_longer_than_is_polite)
{
    ck_assert_double_le(poll_after_a_day(3e-9), 720);
    ck_assert_double_gt(poll_after_a_day(1e-11), 720);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline_sources");
    TCase *tcase = tcase_create("pipeline_sources");
    SRunner *runner;
    int failed;
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_liar_among_three_is_never_followed);
    tcase_add_test(tcase, a_known_liar_is_not_followed_when_it_alone_is_left);
    tcase_add_test(tcase, two_liars_among_five);
    tcase_add_test(tcase, two_against_two_stop_the_clock_and_say_why);
    tcase_add_test(tcase, nobody_is_followed_before_more_than_half_have_answered);
    tcase_add_test(tcase, who_wants_fewer_polls_stays_selected);
    tcase_add_loop_test(tcase, polls_reach_from_sixteen_a_second_to_a_day_and_a_half, 0, 2);
    tcase_add_test(tcase, the_only_server_jumps_and_is_followed);
    tcase_add_test(tcase, one_server_of_three_jumps_and_is_left);
    tcase_add_test(tcase, options_of_sources);
    tcase_add_test(tcase, faults_are_told_once_and_taken_back_by_a_sample);
    tcase_add_test(tcase, refused_delays_are_no_silence);
    tcase_add_test(tcase, strata_have_limits);
    tcase_add_test(tcase, distance_stratum_and_leap_make_unusable);
    tcase_add_test(tcase, polls_spread_when_little_is_to_be_learnt);
    tcase_add_test(tcase, only_a_steady_oscillator_is_left_alone_for_longer_than_is_polite);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
