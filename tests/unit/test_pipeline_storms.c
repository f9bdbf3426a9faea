/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"

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
            ck_assert(hint.poll_s >= 2 && hint.poll_s <= 1024);
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
    Suite *suite = suite_create("pipeline_storms");
    TCase *tcase = tcase_create("pipeline_storms");
    SRunner *runner;
    int failed;
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, sources_come_and_go);
    tcase_add_test(tcase, storms_of_garbage_stay_finite);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
