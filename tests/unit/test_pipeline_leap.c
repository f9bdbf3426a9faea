/* SPDX-License-Identifier: Apache-2.0 */
/* Leap seconds in the pipeline. The world begins an hour before June 2025 ends. */
#define WORLD_EPOCH_NS INT64_C(1751324400000000000)
#include "pipeline_fixture.h"
#include <pipeline/leaptable.h>

#define LEAP_AT 3600.0

/* A list with a leap second at the end of the month; `expires` after the world's start. */
static void make_list(struct leaptable *table, double expires_s)
{
    gn_utc start = {WORLD_EPOCH_NS};
    *table = (struct leaptable){
        .entries = {{{0}, 37}, {{WORLD_EPOCH_NS + gn_nanoseconds(LEAP_AT)}, 38}},
        .count = 2,
        .expires = gn_utc_add(start, gn_nanoseconds(expires_s)),
    };
}

static void add_servers(struct world *world, unsigned count)
{
    struct pipeline_source_config config = world_source("ntp");
    for (unsigned i = 0; i < count; i++)
        world_add(world, 1e-4, 1e-5, &config);
}

static void begin(struct world *world, const struct leaptable *list, unsigned servers)
{
    world_init(world, 5, 1e-5, 0.01);
    world_start(world);
    pipeline_leap_table(world->pipeline, list);
    add_servers(world, servers);
}

static void servers_leap(struct world *world)
{
    for (unsigned i = 0; i < world->server_count; i++)
        world->servers[i].offset_s -= 1;
}

static void kernel_leaps(struct world *world)
{
    world->system_minus_steady_ns -= SECOND;
    world_run(world);
}

/* Against true time that has not leapt. */
static double estimate_s(const struct world *world)
{
    gn_utc utc = gn_state_utc(pipeline_state(world->pipeline), world_local(world));
    return gn_seconds(utc.ns - world->true_ns);
}

START_TEST(utc_leaps_and_the_kernel_a_little_later)
{
    struct world world;
    struct leaptable list;
    make_list(&list, 1e6);
    begin(&world, &list, 2);
    world_run(&world); /* nothing is measured yet: only the state tells it, not the kernel */
    ck_assert_int_eq(pipeline_state(world.pipeline)->tai_offset_s, 37);
    ck_assert_int_eq(pipeline_kernel_tai_offset(world.pipeline), GN_TAI_UNKNOWN);
    world_until(&world, LEAP_AT - 1);
    ck_assert_int_eq(pipeline_kernel_leap(world.pipeline), GN_LEAP_INSERT);
    ck_assert_int_eq(pipeline_state(world.pipeline)->leap, GN_LEAP_INSERT);
    ck_assert_int_eq(pipeline_kernel_tai_offset(world.pipeline), 37);
    /* Nobody but the list says so, which is told. */
    ck_assert_ptr_nonnull(
        strstr(world.last_event[GN_EVENT_LEAP].text, "not announced by ntp, ntp"));
    world_until(&world, LEAP_AT + 0.002);
    ck_assert_str_eq(world.last_event[GN_EVENT_LEAP].text, "the leap second was inserted");
    ck_assert_double_eq_tol(estimate_s(&world), -1, 1e-4);
    ck_assert_int_eq(pipeline_state(world.pipeline)->tai_offset_s, 38);
    /* The order must stand, and the kernel count by itself, until it has. */
    ck_assert_int_eq(pipeline_kernel_leap(world.pipeline), GN_LEAP_INSERT);
    ck_assert_int_eq(pipeline_kernel_tai_offset(world.pipeline), GN_TAI_UNKNOWN);
    unsigned steers = world.steers;
    kernel_leaps(&world);
    servers_leap(&world);
    ck_assert_uint_eq(world.steers, steers);
    ck_assert_int_eq(pipeline_kernel_leap(world.pipeline), GN_LEAP_NORMAL);
    ck_assert_int_eq(pipeline_kernel_tai_offset(world.pipeline), 38);
    world_until(&world, 2 * LEAP_AT);
    ck_assert_uint_eq(world.steps, 0);
    ck_assert_double_eq_tol(estimate_s(&world), -1, 1e-4);
    ck_assert_double_eq_tol(world_error_s(&world), -1, 1e-4);
    ck_assert_int_eq(pipeline_state(world.pipeline)->tai_offset_s, 38);
    ck_assert_uint_eq(world.events[GN_EVENT_SOURCE_FALSETICKER], 0);
    world_finish(&world);
}
END_TEST

START_TEST(the_kernel_may_leap_first)
{
    struct world world;
    struct leaptable list;
    make_list(&list, 1e6);
    begin(&world, &list, 2);
    world_until(&world, LEAP_AT - 1);
    kernel_leaps(&world);
    ck_assert_double_eq_tol(estimate_s(&world), 0, 1e-4);
    world_until(&world, LEAP_AT + 0.002);
    servers_leap(&world);
    ck_assert_double_eq_tol(estimate_s(&world), -1, 1e-4);
    world_until(&world, 2 * LEAP_AT);
    ck_assert_uint_eq(world.steps, 0);
    ck_assert_double_eq_tol(world_error_s(&world), -1, 1e-4);
    world_finish(&world);
}
END_TEST

START_TEST(a_kernel_that_does_not_leap_is_stepped)
{
    struct world world;
    struct leaptable list;
    make_list(&list, 1e6);
    begin(&world, &list, 2);
    world_until(&world, LEAP_AT + 0.002);
    servers_leap(&world);
    world_until(&world, LEAP_AT + 2);
    ck_assert_uint_eq(world.steps, 0);
    world_until(&world, LEAP_AT + 5);
    ck_assert_str_eq(world.last_event[GN_EVENT_LEAP].text,
                     "the kernel has not leapt with UTC: the clock is stepped");
    ck_assert_uint_eq(world.steps, 1);
    ck_assert_double_eq_tol(world.last_step_s, -1, 1e-3);
    world_until(&world, 2 * LEAP_AT);
    ck_assert_double_eq_tol(world_error_s(&world), -1, 1e-4);
    world_finish(&world);
}
END_TEST

START_TEST(what_is_known_leaps_without_a_clock_of_ours)
{
    struct world world;
    struct leaptable list;
    make_list(&list, 1e6);
    begin(&world, &list, 2);
    pipeline_clock_refused(world.pipeline);
    world_until(&world, LEAP_AT + 0.002);
    servers_leap(&world);
    ck_assert_double_eq_tol(estimate_s(&world), -1, 1e-4);
    /* Whoever keeps the clock lets it leap: nobody wonders. */
    ck_assert(pipeline_leap_moved(world.pipeline, world_local(&world), -SECOND));
    ck_assert(!pipeline_leap_moved(world.pipeline, world_local(&world), -SECOND));
    world_finish(&world);
}
END_TEST

START_TEST(an_expired_list_orders_nothing_and_a_minority_neither)
{
    struct world world;
    struct leaptable list;
    make_list(&list, 60);
    begin(&world, &list, 5);
    world_until(&world, 30);
    ck_assert_int_eq(pipeline_state(world.pipeline)->leap, GN_LEAP_INSERT);
    world.servers[0].leap = world.servers[1].leap = GN_LEAP_INSERT;
    world_until(&world, 300);
    ck_assert_int_eq(pipeline_state(world.pipeline)->leap, GN_LEAP_NORMAL);
    ck_assert_int_eq(pipeline_kernel_leap(world.pipeline), GN_LEAP_NORMAL);
    ck_assert_int_eq(pipeline_state(world.pipeline)->tai_offset_s, 37);
    world.servers[2].leap = GN_LEAP_INSERT;
    world_until(&world, 3000);
    ck_assert_int_eq(pipeline_state(world.pipeline)->leap, GN_LEAP_INSERT);
    world_finish(&world);
}
END_TEST

START_TEST(tai_is_kept_from_the_kernel)
{
    struct world world;
    begin(&world, NULL, 1);
    world_run(&world);
    ck_assert_int_eq(pipeline_state(world.pipeline)->tai_offset_s, GN_TAI_UNKNOWN);
    pipeline_tai_offset(world.pipeline, 37);
    world.servers[0].leap = GN_LEAP_INSERT;
    world_until(&world, 600);
    ck_assert_int_eq(pipeline_state(world.pipeline)->tai_offset_s, 37);
    world_until(&world, LEAP_AT + 0.002);
    ck_assert_int_eq(pipeline_state(world.pipeline)->tai_offset_s, 38);
    world_finish(&world);
}
END_TEST

/* At an hour before the leap a smear is 0.458 s behind UTC. */
START_TEST(when_the_majority_smears_it_is_said_who)
{
    struct world world;
    begin(&world, NULL, 5);
    for (unsigned i = 0; i < 3; i++) {
        world.servers[i].offset_s = -39600 / 86401.0;
        world.servers[i].drift = -1 / 86401.0;
    }
    world.servers[3].leap = world.servers[4].leap = GN_LEAP_INSERT;
    world_until(&world, 600);
    ck_assert_str_eq(world.last_event[GN_EVENT_LEAP].text,
                     "ntp announces a leap second, and ntp, ntp, ntp drift from it as if they "
                     "smeared it: those who do need smears = true");
    ck_assert_uint_eq(world.events[GN_EVENT_LEAP], 1);
    world_finish(&world);
}
END_TEST

START_TEST(what_is_served_is_smeared)
{
    struct world world;
    struct leaptable list;
    struct gn_state served;
    make_list(&list, 1e6);
    world_init(&world, 5, 1e-5, 0.01);
    world.config.leap_mode = PIPELINE_LEAP_SMEAR;
    world_start(&world);
    pipeline_leap_table(world.pipeline, &list);
    add_servers(&world, 2);
    world_until(&world, 1800);
    pipeline_serve(world.pipeline, &served);
    gn_local now = world_local(&world);
    double smear_s = -41400 / 86401.0;
    ck_assert_double_eq_tol(gn_seconds(gn_state_utc(&served, now).ns - world.true_ns), smear_s,
                            1e-4);
    ck_assert_double_eq_tol(world_error_s(&world), smear_s, 1e-4);
    ck_assert_double_eq_tol(estimate_s(&world), 0, 1e-4);
    ck_assert_int_eq(served.leap, GN_LEAP_NORMAL);
    ck_assert_int_eq(pipeline_kernel_leap(world.pipeline), GN_LEAP_NORMAL);
    /* As ntpd tells it: 254, and 2^-22 s in the other 24 bits. */
    ck_assert_uint_eq(served.refid >> 24, 254);
    ck_assert_double_eq_tol(((int32_t)(served.refid << 8) >> 8) / 4194304.0, smear_s, 0.05);
    world_until(&world, LEAP_AT + 0.002);
    servers_leap(&world);
    world_until(&world, 2 * LEAP_AT);
    smear_s = -46800 / 86401.0; /* by true time, which has not leapt */
    pipeline_serve(world.pipeline, &served);
    now = world_local(&world);
    ck_assert_double_eq_tol(gn_seconds(gn_state_utc(&served, now).ns - world.true_ns), smear_s,
                            1e-4);
    ck_assert_double_eq_tol(world_error_s(&world), smear_s, 1e-4);
    ck_assert_double_eq_tol(estimate_s(&world), -1, 1e-4);
    ck_assert_uint_eq(world.steps, 0);
    world_finish(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline_leap");
    TCase *tcase = tcase_create("pipeline_leap");
    SRunner *runner;
    int failed;
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, utc_leaps_and_the_kernel_a_little_later);
    tcase_add_test(tcase, the_kernel_may_leap_first);
    tcase_add_test(tcase, a_kernel_that_does_not_leap_is_stepped);
    tcase_add_test(tcase, what_is_known_leaps_without_a_clock_of_ours);
    tcase_add_test(tcase, an_expired_list_orders_nothing_and_a_minority_neither);
    tcase_add_test(tcase, tai_is_kept_from_the_kernel);
    tcase_add_test(tcase, when_the_majority_smears_it_is_said_who);
    tcase_add_test(tcase, what_is_served_is_smeared);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
