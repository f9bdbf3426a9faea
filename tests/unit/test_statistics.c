/* SPDX-License-Identifier: Apache-2.0 */

/* What a run has learnt, and what the next makes of it. */

#include "pipeline_fixture.h"
#include <pipeline/bank.h>
#include <pipeline/filter.h>

static struct gn_sample exchange(double at_s, double up_s, double down_s)
{
    struct gn_sample sample = {.size = sizeof sample, .kind = GN_SAMPLE_TWO_WAY, .stratum = 1};
    struct gn_exchange *x = &sample.exchange;
    x->t1.ns = gn_nanoseconds(at_s);
    x->t2.ns = WORLD_EPOCH_NS + gn_nanoseconds(at_s + up_s);
    x->t3.ns = x->t2.ns + 1000;
    x->t4.ns = x->t1.ns + gn_nanoseconds(up_s + down_s) + 1000;
    sample.local = x->t4;
    sample.utc = x->t3;
    return sample;
}

static void feed(struct filter *filter, struct chance *chance, unsigned count, double base_s)
{
    struct filter_measure measure;
    struct noise_lesson lesson = {.distance_s = 1e-4, .variance = 1e-9};
    double from_s = filter->any ? gn_seconds(filter->newest.ns) : 1000;
    for (unsigned i = 1; i <= count; i++) {
        struct gn_sample sample =
            exchange(from_s + 16 * i, base_s + chance_exponential(chance, 1e-3),
                     base_s + chance_exponential(chance, 1e-3));
        ck_assert_int_eq(filter_check(filter, &sample), 0);
        filter_take(filter, &sample, &measure);
        struct noise_interval interval = {measure.half_s, measure.variance};
        noise_learn(&filter->noise, &interval, &lesson);
    }
}

static struct source_statistics learnt(struct chance *chance)
{
    struct filter filter;
    struct source_statistics statistics;
    filter_init(&filter);
    ck_assert(!filter_statistics(&filter, &statistics));
    feed(&filter, chance, 7, 20e-3);
    ck_assert(!filter_statistics(&filter, &statistics));
    feed(&filter, chance, 300, 20e-3);
    ck_assert(filter_statistics(&filter, &statistics));
    ck_assert(!statistics.one_way);
    ck_assert_double_eq_tol(statistics.delay_s[0], 40e-3, 0.2e-3);
    return statistics;
}

START_TEST(a_filter_knows_the_path_again)
{
    struct chance chance = {1};
    struct source_statistics statistics = learnt(&chance);
    struct filter filter, fresh;
    filter_init(&filter);
    filter_init(&fresh);
    filter_recall(&filter, &statistics);
    feed(&filter, &chance, 1, 20e-3);
    feed(&fresh, &chance, 1, 20e-3);
    ck_assert_double_eq_tol(filter_delay_s(&filter), statistics.delay_s[0], 1e-9);
    ck_assert_double_eq_tol(filter_jitter_s(&filter), 1e-3, 0.3e-3);
    ck_assert_double_gt(filter_jitter_s(&fresh), 2e-3); /* one delay alone says little */
    /* What is claimed to others is of this run. */
    ck_assert_double_ge(filter_recent_delay_s(&filter), filter.ring[filter.count - 1]);
    ck_assert(filter_statistics(&filter, &statistics));
}
END_TEST

/* Far outside of what was known it is another path: nothing of the old one is left. */
START_TEST(another_path_is_learnt_anew)
{
    static const double base_s[] = {35e-3, 5e-3};
    struct chance chance = {2};
    struct source_statistics statistics = learnt(&chance);
    struct filter filter;
    filter_init(&filter);
    filter_recall(&filter, &statistics);
    feed(&filter, &chance, 1, base_s[_i]);
    ck_assert_uint_eq(filter.count, 1);
    ck_assert_uint_eq(filter.noise.count, 1);
    ck_assert_double_ge(filter_delay_s(&filter), 2 * base_s[_i]);
}
END_TEST

START_TEST(another_kind_is_learnt_anew)
{
    struct chance chance = {3};
    struct source_statistics statistics = learnt(&chance);
    struct filter filter;
    struct filter_measure measure;
    struct gn_sample sample = {.size = sizeof sample, .kind = GN_SAMPLE_ONE_WAY};
    sample.local.ns = 5 * SECOND;
    sample.utc.ns = WORLD_EPOCH_NS;
    filter_init(&filter);
    filter_recall(&filter, &statistics);
    filter_take(&filter, &sample, &measure);
    ck_assert(filter_is_clock(&filter));
    statistics = (struct source_statistics){.one_way = true, .count = 900, .sd_s = 1e-6};
    filter_init(&filter);
    filter_recall(&filter, &statistics);
    filter_take(&filter, &sample, &measure);
    ck_assert_double_lt(sqrt(measure.variance), 3e-6);
}
END_TEST

START_TEST(a_wander_is_recalled_and_leaves_room)
{
    struct bank *bank = bank_create(1);
    struct oscillator_statistics statistics = {.weight = {[1] = 1}}, now;
    struct filter_measure first = {.at = {SECOND}, .first_sd = 1e-3};
    struct noise_lesson lesson;
    bank_recall(bank, &statistics);
    bank_begin(bank, 0, 1e-6);
    ck_assert_int_eq(bank_add_lane(bank, 0), 0);
    bank_take(bank, 0, &first, NULL, &lesson);
    bank_weights(bank, &now);
    ck_assert_double_gt(now.weight[1], 0.5);
    ck_assert_double_gt(now.weight[5], 0.03);
    bank_destroy(bank);
}
END_TEST

struct second_life {
    double bound_s, error_s, kept;
};

/* A day of life, half an hour without the daemon, in which the frequency jumps, and an hour with.
 */
static struct second_life restart(uint64_t seed, bool recall, double jump)
{
    struct world world;
    struct oscillator_statistics oscillator;
    struct source_statistics source;
    double drift, skew;
    world_init(&world, seed, 1e-5, 0.05);
    world.wander = 1e-9;
    world_start(&world);
    ck_assert(!pipeline_oscillator_statistics(world.pipeline, &oscillator));
    add_wan(&world, "server");
    world_until(&world, 86400);
    ck_assert(pipeline_drift(world.pipeline, &drift, &skew));
    ck_assert(pipeline_oscillator_statistics(world.pipeline, &oscillator));
    ck_assert(pipeline_source_statistics(world.servers[0].source, &source));
    world_finish(&world);
    world.server_count = 0;
    world.has_deadline = false;
    world_pass(&world, 1800 * SECOND);
    world.slow += jump;
    world.pipeline = pipeline_create(&world.config, world_local(&world), drift, skew);
    if (recall)
        pipeline_recall(world.pipeline, &oscillator);
    add_wan(&world, "server");
    if (recall)
        pipeline_source_recall(world.servers[0].source, &source);
    world_measure_from(&world, 86400 + 1800);
    world_until(&world, 86400 + 1800 + 3600);
    struct second_life life = {world.bound_sum_s / world.seconds, world_rms_s(&world),
                               world.covered / (double)world.seconds};
    world_finish(&world);
    return life;
}

#define LIVES 12

START_TEST(a_restart_loses_less)
{
    static const double jumps[] = {0, 2e-6};
    double without_s2 = 0, with_s2 = 0, without_bound_s = 0, with_bound_s = 0, least_kept = 1;
    for (uint64_t seed = 1; seed <= LIVES; seed++) {
        struct second_life without = restart(seed, false, jumps[_i]);
        struct second_life with = restart(seed, true, jumps[_i]);
        without_s2 += without.error_s * without.error_s / LIVES;
        with_s2 += with.error_s * with.error_s / LIVES;
        without_bound_s += without.bound_s / LIVES;
        with_bound_s += with.bound_s / LIVES;
        least_kept = fmin(least_kept, with.kept);
    }
    printf("first hour after a restart, jump of %.0f ppm: RMS %.1f us without statistics, %.1f us "
           "with; "
           "bound %.1f and %.1f us, kept in %.4f\n",
           1e6 * jumps[_i], 1e6 * sqrt(without_s2), 1e6 * sqrt(with_s2), 1e6 * without_bound_s,
           1e6 * with_bound_s, least_kept);
    ck_assert_double_lt(with_s2, without_s2);
    ck_assert_double_lt(with_bound_s, 0.9 * without_bound_s);
    ck_assert_double_ge(least_kept, 0.999);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("statistics");
    TCase *tcase = tcase_create("statistics");
    SRunner *runner;
    int failed;
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_filter_knows_the_path_again);
    tcase_add_loop_test(tcase, another_path_is_learnt_anew, 0, 2);
    tcase_add_test(tcase, another_kind_is_learnt_anew);
    tcase_add_test(tcase, a_wander_is_recalled_and_leaves_room);
    tcase_add_loop_test(tcase, a_restart_loses_less, 0, 2);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
