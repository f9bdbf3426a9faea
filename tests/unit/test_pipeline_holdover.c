/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"

#define DAY_S 86400.0
#define LIVES 40

static struct gn_tracking tracking_of(const struct world *world)
{
    struct gn_tracking tracking = {.size = sizeof tracking};
    pipeline_tracking(world->pipeline, world_local(world), world_read(world).system.ns, world->rate,
                      &tracking);
    return tracking;
}

static void begin(struct world *world, uint64_t seed, double wander)
{
    world_init(world, seed, 1e-5, 0.05);
    world->wander = wander;
    world_start(world);
    add_lan(world, "server");
}

START_TEST(nothing_is_predicted_without_an_estimate)
{
    struct world world;
    begin(&world, 1, 1e-9);
    struct gn_tracking tracking = tracking_of(&world);
    ck_assert(isnan(tracking.error_bound_1h_s) && isnan(tracking.error_bound_24h_s));
    world_until(&world, 60);
    tracking = tracking_of(&world);
    ck_assert(tracking.error_bound_1h_s > tracking.error_bound_s);
    ck_assert(tracking.error_bound_24h_s > tracking.error_bound_1h_s);
    world_finish(&world);
}
END_TEST

/* What was predicted is what is claimed when the time has come. */
START_TEST(the_prediction_comes_true)
{
    struct world world;
    begin(&world, 2, 1e-9);
    world_until(&world, 40000);
    struct gn_tracking before = tracking_of(&world);
    world.servers[0].silent = true;
    world_until(&world, 43600);
    struct gn_tracking after = tracking_of(&world);
    ck_assert_double_eq_tol(after.error_bound_s, before.error_bound_1h_s,
                            0.1 * before.error_bound_1h_s);
    world_until(&world, 40000 + DAY_S);
    after = tracking_of(&world);
    ck_assert_int_eq(after.state.clock_state, GN_CLOCK_HOLDOVER);
    ck_assert_double_eq_tol(after.error_bound_s, before.error_bound_24h_s,
                            0.1 * before.error_bound_24h_s);
    world_finish(&world);
}
END_TEST

/* Where the frequency walks at random, the error of a day without sources has 1 sigma of
 * wander * sqrt(t^3/3); the bound is to stand at about 3.7 of them. */
START_TEST(a_day_without_sources_is_bounded)
{
    static const double wanders[] = {1e-10, 1e-9, 1e-8};
    double wander = wanders[_i], sigma_s = wander * sqrt(DAY_S * DAY_S * DAY_S / 3), sum_s = 0;
    double square_s2 = 0;
    unsigned outside = 0;
    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        struct world world;
        begin(&world, seed, wander);
        world_until(&world, 40000);
        world.servers[0].silent = true;
        double bound_s = tracking_of(&world).error_bound_24h_s;
        world_until(&world, 40000 + DAY_S);
        double error_s = world_error_s(&world);
        outside += fabs(error_s) > bound_s;
        square_s2 += error_s * error_s / LIVES;
        sum_s += bound_s / LIVES;
        world_finish(&world);
    }
    printf("wander %.0e: after a day RMS %.3f ms (random walk alone %.3f), bound %.3f ms\n", wander,
           1e3 * sqrt(square_s2), 1e3 * sigma_s, 1e3 * sum_s);
    ck_assert_uint_eq(outside, 0);
    ck_assert_double_gt(sqrt(square_s2), 0.6 * sigma_s);
    ck_assert_double_lt(sum_s, 10 * sqrt(square_s2));
}
END_TEST

START_TEST(how_long_and_how_far_is_told)
{
    struct world world;
    const char *text = world.last_event[GN_EVENT_LOST].text;
    begin(&world, 3, 1e-9);
    world_until(&world, 20000);
    world.servers[0].silent = true;
    world_until(&world, 30000);
    ck_assert_ptr_nonnull(strstr(text, "holding over (error at most 0.0"));
    ck_assert_ptr_nonnull(strstr(text, " s in an hour, 0.0"));
    ck_assert_ptr_nonnull(strstr(text, " s in a day)"));
    world.servers[0].silent = false;
    world_until(&world, 32000);
    text = world.last_event[GN_EVENT_SYNCHRONISED].text;
    ck_assert_ptr_nonnull(strstr(text, "synchronised again to server"));
    const char *held = strstr(text, ") after ");
    ck_assert_ptr_nonnull(held);
    ck_assert_double_eq_tol(strtod(held + strlen(") after "), NULL), 10000 / 3600.0, 0.4);
    ck_assert_ptr_nonnull(strstr(held, " h"));
    ck_assert_uint_eq(world.steps, 0);
    world_finish(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline_holdover");
    TCase *tcase = tcase_create("hold-over");
    SRunner *runner;
    int failed;
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, nothing_is_predicted_without_an_estimate);
    tcase_add_test(tcase, the_prediction_comes_true);
    tcase_add_loop_test(tcase, a_day_without_sources_is_bounded, 0, 3);
    tcase_add_test(tcase, how_long_and_how_far_is_told);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
