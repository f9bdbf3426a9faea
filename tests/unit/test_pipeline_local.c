/* SPDX-License-Identifier: Apache-2.0 */
/* The own clock as a reference: when it is served, and who leads a group of orphans. */
#include "tests/unit/pipeline_fixture.h"

#include <pipeline/local.h>

#define LOCAL_REFID 0x7F7F0101u
#define OWN_REFID 0x0A000005u

/* ---------------------------------------------------------------- when it is served */

static struct local_view view(double at_s, bool selected, double distance_s)
{
    return (struct local_view){
        .now = {gn_nanoseconds(at_s)},
        .selected = selected,
        .bounded = distance_s < 3,
        .distance_s = distance_s,
    };
}

static bool serves(struct local *local, const struct local_config *config, double at_s,
                   bool selected, double distance_s)
{
    struct local_view now = view(at_s, selected, distance_s);
    bool was = local->serving;
    bool changed = local_update(local, config, &now);
    ck_assert_int_eq(changed, was != local->serving);
    return local->serving;
}

START_TEST(only_where_it_is_asked_for)
{
    struct local local;
    struct local_config config = {.stratum = 10};
    local_init(&local, (gn_local){0});
    ck_assert(!serves(&local, &config, 1000, false, HUGE_VAL));
    config.serve = true;
    ck_assert(serves(&local, &config, 1000, false, HUGE_VAL));
    config.serve = false;
    ck_assert(!serves(&local, &config, 1001, false, HUGE_VAL));
}
END_TEST

START_TEST(distance_decides_in_hold_over)
{
    struct local local;
    struct local_config config = {.serve = true, .stratum = 10, .distance_s = 1};
    local_init(&local, (gn_local){0});
    ck_assert(serves(&local, &config, 0, false, HUGE_VAL));
    ck_assert(!serves(&local, &config, 10, true, 0.1));
    ck_assert(!serves(&local, &config, 20, false, 0.9));
    ck_assert(serves(&local, &config, 30, false, 1.1));
    ck_assert(local.since.ns == gn_nanoseconds(30));
    ck_assert(serves(&local, &config, 40, false, HUGE_VAL)); /* the hold-over has ended */
    ck_assert(serves(&local, &config, 50, true, 2));         /* a source, but a bad one */
    ck_assert(!serves(&local, &config, 60, true, 0.5));
}
END_TEST

START_TEST(activate_wants_a_good_clock_once)
{
    struct local local;
    struct local_config config = {.serve = true, .stratum = 10, .distance_s = 1, .activate_s = 0.1};
    local_init(&local, (gn_local){0});
    ck_assert(!serves(&local, &config, 5000, false, HUGE_VAL));
    ck_assert(!serves(&local, &config, 5001, true, 0.2));
    ck_assert(!serves(&local, &config, 5002, false, 2));
    ck_assert(!serves(&local, &config, 5003, true, 0.05));
    ck_assert(serves(&local, &config, 5004, false, 2));
    local_restart(&local, (gn_local){gn_nanoseconds(5005)});
    ck_assert(serves(&local, &config, 5006, false, HUGE_VAL)); /* it stays activated */
}
END_TEST

START_TEST(waits_are_kept)
{
    struct local local;
    struct local_config config = {
        .serve = true, .stratum = 10, .wait_synced_s = 60, .wait_unsynced_s = 300};
    struct local_view now = view(100, false, HUGE_VAL);
    local_init(&local, (gn_local){0});
    ck_assert(!serves(&local, &config, 100, false, HUGE_VAL));
    ck_assert_int_eq(local_look_in_ns(&local, &config, &now), gn_nanoseconds(200) + 1);
    ck_assert(!serves(&local, &config, 299.9, false, HUGE_VAL));
    ck_assert(serves(&local, &config, 300, false, HUGE_VAL));
    ck_assert_int_lt(local_look_in_ns(&local, &config, &now), 0);
    ck_assert(!serves(&local, &config, 400, true, 0.1));
    ck_assert(!serves(&local, &config, 459, false, 0.1)); /* since 400 */
    ck_assert(serves(&local, &config, 460, false, 0.1));
    local_restart(&local, (gn_local){gn_nanoseconds(500)});
    ck_assert(!serves(&local, &config, 799, false, HUGE_VAL));
    ck_assert(serves(&local, &config, 800, false, HUGE_VAL));
}
END_TEST

START_TEST(it_says_why)
{
    struct local local;
    struct local_config config = {.serve = true, .orphan = true, .stratum = 10, .distance_s = 0.5};
    struct local_view now = view(1, false, HUGE_VAL);
    char words[128];
    local_init(&local, (gn_local){0});
    ck_assert_str_eq(local_why(&local, &config, &now, words, sizeof words),
                     "no source has been selected yet, and no other orphan has a smaller "
                     "reference id");
    config.orphan = false;
    ck_assert(!serves(&local, &config, 2, true, 0.1));
    ck_assert_str_eq(local_why(&local, &config, &now, words, sizeof words),
                     "no source is selected");
    now = view(3, false, 1);
    ck_assert_str_eq(local_why(&local, &config, &now, words, sizeof words),
                     "no source is selected and the root distance is above 0.5 s");
    now.selected = true;
    ck_assert_str_eq(local_why(&local, &config, &now, words, sizeof words),
                     "the root distance by the source is above 0.5 s");
}
END_TEST

/* ---------------------------------------------------------------- the pipeline serves it */

START_TEST(it_serves_while_the_estimate_lives_on)
{
    const struct gn_state *state;
    struct gn_tracking tracking;
    struct world world;
    world_init(&world, 31, 1e-5, 0.05);
    world.config.local =
        (struct local_config){.serve = true, .stratum = 8, .distance_s = 0.1, .activate_s = 0.001};
    world_start(&world);
    add_lan(&world, "ntp0")->silent = true;
    world_until(&world, 500);
    ck_assert_int_eq(pipeline_state(world.pipeline)->leap, GN_LEAP_UNSYNCHRONISED);
    world.servers[0].silent = false;
    world_until(&world, 10000);
    state = pipeline_state(world.pipeline);
    ck_assert(state->synchronised);
    ck_assert_uint_eq(world.events[GN_EVENT_LOCAL], 0);
    world.servers[0].silent = true;
    world_until(&world, 200000);
    ck_assert_uint_eq(world.events[GN_EVENT_LOCAL], 1);
    ck_assert_uint_eq(state->refid, LOCAL_REFID);
    ck_assert_int_eq(state->stratum, 8);
    ck_assert(!state->synchronised);
    ck_assert_int_eq(state->clock_state, GN_CLOCK_HOLDOVER);
    pipeline_tracking(world.pipeline, world_local(&world), world_read(&world).system.ns, world.rate,
                      &tracking);
    ck_assert_int_gt(tracking.local_since.ns, WORLD_EPOCH_NS + 10000 * SECOND);
    ck_assert_str_eq(tracking.local_why,
                     "no source is selected and the root distance is above 0.1 s");
    ck_assert_double_gt(tracking.error_bound_s, 1e-3); /* who follows agrees; UTC is elsewhere */
    ck_assert_double_lt(tracking.root_dispersion_s, 1e-5);
    ck_assert_double_lt(
        fabs(gn_seconds(gn_state_utc(state, world_local(&world)).ns - world.true_ns)),
        tracking.error_bound_s);
    world.servers[0].silent = false;
    world_until(&world, 203000);
    ck_assert(state->synchronised && state->stratum == 2);
    ck_assert_uint_eq(world.events[GN_EVENT_LOCAL], 2);
    world_finish(&world);
}
END_TEST

/* ---------------------------------------------------------------- orphans */

static void begin_group(struct world *world, uint64_t seed)
{
    world_init(world, seed, 1e-5, 0.05);
    world->config.local = (struct local_config){
        .serve = true, .orphan = true, .stratum = 10, .wait_synced_s = 60, .wait_unsynced_s = 300};
    world_start(world);
}

static struct server *add_host(struct world *world, enum gn_source_mode mode, uint32_t number,
                               uint8_t stratum, uint32_t follows)
{
    struct pipeline_source_config config = world_source("member");
    config.mode = mode;
    config.refid = 0x0A000000 + number;
    config.min_poll_log2s = config.max_poll_log2s = 4;
    struct server *server = world_add(world, 50e-6, 10e-6, &config);
    server->stratum = stratum;
    server->follows = follows;
    server->own_refid = OWN_REFID;
    return server;
}

/* A server of the group, known as 10.0.0.`number`. */
static struct server *add_member(struct world *world, uint32_t number, uint8_t stratum,
                                 uint32_t follows)
{
    return add_host(world, GN_MODE_SERVER, number, stratum, follows);
}

static struct server *add_peer(struct world *world, uint32_t number, uint8_t stratum,
                               uint32_t follows)
{
    return add_host(world, GN_MODE_PEER, number, stratum, follows);
}

static int stratum_of(const struct world *world)
{
    return pipeline_state(world->pipeline)->stratum;
}

START_TEST(the_smallest_is_followed)
{
    struct world world;
    begin_group(&world, 41);
    add_member(&world, 4, 10, LOCAL_REFID)->offset_s = 0.3;
    add_member(&world, 3, 10, LOCAL_REFID)->offset_s = 0.2;
    add_member(&world, 9, 10, LOCAL_REFID)->offset_s = 0.1;
    world_until(&world, 1000);
    ck_assert_int_eq(stratum_of(&world), 11);
    ck_assert_uint_eq(pipeline_state(world.pipeline)->refid, 0x0A000003);
    ck_assert_double_lt(fabs(world_error_s(&world) - 0.2), 1e-4);
    ck_assert_int_eq(world_report(&world, 0).reason, GN_REASON_ORPHAN);
    ck_assert_int_eq(world_report(&world, 0).state, GN_SOURCE_UNSELECTED);
    world.servers[1].silent = true;
    world_until(&world, 1400);
    ck_assert_uint_eq(pipeline_state(world.pipeline)->refid, 0x0A000004);
    ck_assert_double_lt(fabs(world_error_s(&world) - 0.3), 1e-3);
    world_finish(&world);
}
END_TEST

START_TEST(nobody_larger_is_followed)
{
    struct world world;
    begin_group(&world, 42);
    add_member(&world, 6, 10, LOCAL_REFID);
    add_member(&world, 2, 11, 0x0A000006); /* it follows an orphan: never a candidate */
    world_until(&world, 290);
    ck_assert_int_eq(stratum_of(&world), 16);
    world_until(&world, 400);
    ck_assert_int_eq(stratum_of(&world), 10);
    ck_assert_uint_eq(pipeline_state(world.pipeline)->refid, LOCAL_REFID);
    ck_assert_uint_eq(world.events[GN_EVENT_SYNCHRONISED], 0);
    world_finish(&world);
}
END_TEST

START_TEST(who_does_not_know_itself_follows_nobody)
{
    struct world world;
    begin_group(&world, 43);
    add_member(&world, 1, 10, LOCAL_REFID)->own_refid = 0;
    world_until(&world, 1000);
    ck_assert_int_eq(stratum_of(&world), 10);
    ck_assert_uint_eq(world.events[GN_EVENT_SOURCE_FAULT], 1);
    world_finish(&world);
}
END_TEST

START_TEST(a_true_source_goes_first)
{
    struct server *member;
    struct world world;
    begin_group(&world, 44);
    member = add_member(&world, 1, 10, LOCAL_REFID);
    member->offset_s = 0.2;
    member->drift = 3e-5;
    add_member(&world, 7, 3, 0xC0000201)->silent = true;
    add_member(&world, 8, 4, 0x0A000007)->offset_s = 5e-3; /* follows the one before it */
    world_until(&world, 2000);
    ck_assert_int_eq(stratum_of(&world), 5); /* second-hand is better than none */
    world.servers[1].silent = false;
    world_until(&world, 2400);
    ck_assert_int_eq(stratum_of(&world), 4);
    ck_assert_int_eq(world_report(&world, 0).reason, GN_REASON_ORPHAN);
    ck_assert_int_eq(world_report(&world, 2).reason, GN_REASON_SECOND_HAND);
    ck_assert_double_lt(fabs(world_error_s(&world)), 1e-3);
    world_finish(&world);
}
END_TEST

START_TEST(who_follows_us_is_not_followed)
{
    struct world world;
    begin_group(&world, 47);
    add_member(&world, 7, 3, OWN_REFID);
    add_member(&world, 8, 2, 0x7F000001)->silent = true;
    world_until(&world, 290);
    ck_assert_int_eq(stratum_of(&world), 16);
    ck_assert_int_eq(world_report(&world, 0).reason, GN_REASON_LOOP);
    world.servers[1].silent = false; /* 127.0.0.1 is anybody */
    world_until(&world, 400);
    ck_assert_int_eq(stratum_of(&world), 3);
    world_finish(&world);
}
END_TEST

START_TEST(a_stratum_of_the_configuration_is_no_change)
{
    struct world world;
    struct pipeline_source_config config = world_source("renamed");
    begin_group(&world, 48);
    config.stratum = 4;
    world_add(&world, 50e-6, 10e-6, &config)->stratum = 10;
    world_until(&world, 3000);
    ck_assert_int_eq(stratum_of(&world), 5);
    ck_assert_uint_gt(world_report(&world, 0).samples, 10);
    world_finish(&world);
}
END_TEST

START_TEST(without_orphan_stratum_ten_is_a_server)
{
    struct world world;
    begin_group(&world, 45);
    world.config.local.orphan = false;
    pipeline_configure(world.pipeline, &world.config);
    add_member(&world, 9, 10, LOCAL_REFID);
    add_member(&world, 8, 11, 0x0A000009);
    world_until(&world, 200);
    ck_assert_int_eq(stratum_of(&world), 11);
    ck_assert_int_ge(world_report(&world, 1).state, GN_SOURCE_UNSELECTED);
    ck_assert_int_ne(world_report(&world, 1).reason, GN_REASON_SECOND_HAND);
    world_finish(&world);
}
END_TEST

START_TEST(a_ring_of_peers_is_not_closed)
{
    struct world world;
    begin_group(&world, 49);
    world.config.local.orphan = false;
    pipeline_configure(world.pipeline, &world.config);
    add_peer(&world, 7, 3, 0xC0000201);
    add_peer(&world, 8, 4, 0x0A000007); /* follows the one before it, which answers us as well */
    add_peer(&world, 9, 3, OWN_REFID);
    world_until(&world, 400);
    ck_assert_int_eq(stratum_of(&world), 4);
    ck_assert_int_eq(world_report(&world, 1).reason, GN_REASON_SECOND_HAND);
    ck_assert_int_eq(world_report(&world, 2).reason, GN_REASON_LOOP);
    world.servers[0].silent = true;
    world_until(&world, 1400);
    ck_assert_int_eq(stratum_of(&world), 5); /* better than none */
    world_finish(&world);
}
END_TEST

START_TEST(who_leads_another_way_is_measured_anew)
{
    struct world world;
    struct server *member;
    begin_group(&world, 46);
    member = add_member(&world, 1, 10, LOCAL_REFID);
    world_until(&world, 3000);
    ck_assert_double_lt(fabs(world_error_s(&world)), 1e-4);
    member->offset_s = -0.5; /* it follows another clock now */
    member->stratum = 2;
    member->follows = 0xC0000201;
    world_until(&world, 3400);
    ck_assert_int_eq(stratum_of(&world), 3);
    ck_assert_double_lt(fabs(world_error_s(&world) + 0.5), 2e-3);
    world_finish(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline_local");
    TCase *tcase = tcase_create("pipeline_local");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, only_where_it_is_asked_for);
    tcase_add_test(tcase, distance_decides_in_hold_over);
    tcase_add_test(tcase, activate_wants_a_good_clock_once);
    tcase_add_test(tcase, waits_are_kept);
    tcase_add_test(tcase, it_says_why);
    tcase_add_test(tcase, it_serves_while_the_estimate_lives_on);
    tcase_add_test(tcase, the_smallest_is_followed);
    tcase_add_test(tcase, nobody_larger_is_followed);
    tcase_add_test(tcase, who_does_not_know_itself_follows_nobody);
    tcase_add_test(tcase, a_true_source_goes_first);
    tcase_add_test(tcase, who_follows_us_is_not_followed);
    tcase_add_test(tcase, a_stratum_of_the_configuration_is_no_change);
    tcase_add_test(tcase, without_orphan_stratum_ten_is_a_server);
    tcase_add_test(tcase, a_ring_of_peers_is_not_closed);
    tcase_add_test(tcase, who_leads_another_way_is_measured_anew);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
