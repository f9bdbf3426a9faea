/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <errno.h>
#include <pipeline/filter.h>

static struct gn_sample exchange(int64_t t1_ns, double delay_s, double offset_s)
{
    struct gn_sample sample = {.kind = GN_SAMPLE_TWO_WAY, .dispersion_s = 1e-6, .stratum = 1};
    int64_t delay_ns = gn_nanoseconds(delay_s);
    sample.exchange.t1.ns = t1_ns;
    sample.exchange.t2.ns = t1_ns + delay_ns / 2 + gn_nanoseconds(offset_s);
    sample.exchange.t3 = sample.exchange.t2;
    sample.exchange.t4.ns = t1_ns + delay_ns;
    sample.local = sample.exchange.t4;
    sample.utc.ns = sample.local.ns + gn_nanoseconds(offset_s);
    sample.delay_s = delay_s;
    return sample;
}

static struct gn_sample pulse(int64_t at_ns, double offset_s)
{
    struct gn_sample sample = {.kind = GN_SAMPLE_ONE_WAY, .dispersion_s = 1e-6};
    sample.local.ns = at_ns;
    sample.utc.ns = at_ns + gn_nanoseconds(offset_s);
    return sample;
}

static double take(struct filter *filter, struct gn_sample sample)
{
    struct filter_measure measure;
    ck_assert_int_eq(filter_check(filter, &sample), 0);
    filter_take(filter, &sample, &measure);
    ck_assert(isfinite(measure.variance) && measure.variance > 0);
    ck_assert(isfinite(measure.point_variance) && measure.point_variance >= measure.variance);
    ck_assert(measure.half_s >= 0 && (measure.half_s > 0) == (sample.kind == GN_SAMPLE_TWO_WAY));
    return measure.point_variance;
}

START_TEST(the_impossible_is_refused)
{
    const struct gn_sample good = exchange(WORLD_EPOCH_NS, 0.01, 5);
    struct gn_sample bad[16];
    struct filter filter;
    int n = 0;
    filter_init(&filter);
    for (int i = 0; i < 16; i++)
        bad[i] = good;
    bad[n++].delay_s = NAN;
    bad[n++].delay_s = -1e-9;
    bad[n++].delay_s = INFINITY;
    bad[n++].dispersion_s = NAN;
    bad[n++].dispersion_s = -1;
    bad[n++].root_delay_s = -1;
    bad[n++].root_delay_s = NAN;
    bad[n++].root_dispersion_s = 1e9;
    bad[n++].stratum = 17;
    bad[n++].leap = 4;
    bad[n++].kind = (enum gn_sample_kind)2;
    bad[n++].utc.ns = INT64_MAX;
    bad[n++].exchange.t2.ns = INT64_MIN;
    bad[n++].exchange.t4.ns -= SECOND;
    bad[n++].exchange.t3.ns += SECOND;
    bad[n++].exchange.t3.ns -= 1;
    for (int i = 0; i < n; i++)
        ck_assert_msg(filter_check(&filter, &bad[i]) == -EINVAL, "case %d", i);
    ck_assert_int_eq(filter_check(&filter, &good), 0);
}
END_TEST

START_TEST(offset_and_instant_of_an_exchange)
{
    struct gn_sample sample = exchange(WORLD_EPOCH_NS, 0.01, -1000.25);
    struct filter_measure measure;
    struct filter filter;
    filter_init(&filter);
    filter_take(&filter, &sample, &measure);
    ck_assert_int_eq(measure.base_ns, -1000250000000);
    ck_assert_int_eq(measure.at.ns, WORLD_EPOCH_NS + 10000000);
    ck_assert_double_eq_tol(measure.back_s, 0.005, 1e-12);
    ck_assert_double_eq_tol(measure.first_sd, 0.005001, 1e-9);
}
END_TEST

START_TEST(queueing_makes_a_sample_worth_less)
{
    struct filter filter;
    double quick, slow;
    filter_init(&filter);
    for (int i = 0; i < 20; i++)
        take(&filter, exchange(i * SECOND, 0.01 + 1e-5 * (i % 5), 0));
    quick = take(&filter, exchange(30 * SECOND, 0.01, 0));
    slow = take(&filter, exchange(31 * SECOND, 0.013, 0));
    ck_assert_double_lt(quick, 1e-9);
    ck_assert_double_eq_tol(slow, 0.003 * 0.003 / 12, 1e-8);
    ck_assert_double_eq_tol(filter_delay_s(&filter), 0.01, 1e-9);
}
END_TEST

/* Two gammas of delay: the mean queueing delay per direction comes out. */
START_TEST(jitter_is_the_mean_queueing_delay)
{
    struct chance chance = {3};
    struct filter filter;
    filter_init(&filter);
    for (int i = 0; i < 1000; i++)
        take(&filter,
             exchange(i * 64 * SECOND,
                      0.04 + chance_exponential(&chance, 1e-3) + chance_exponential(&chance, 1e-3),
                      0));
    ck_assert_double_eq_tol(filter_jitter_s(&filter), 1e-3, 3e-4);
    ck_assert_double_eq_tol(filter_delay_s(&filter), 0.0402, 2e-4);
}
END_TEST

START_TEST(a_longer_route_is_not_queueing_for_ever)
{
    struct chance chance = {4};
    struct filter filter;
    double variance = 1;
    filter_init(&filter);
    for (int i = 0; i < 100; i++)
        take(&filter, exchange(i * SECOND, 0.02 + chance_exponential(&chance, 1e-4), 0));
    for (int i = 100; i < 120; i++)
        variance =
            take(&filter, exchange(i * SECOND, 0.025 + chance_exponential(&chance, 1e-4), 0));
    ck_assert_double_gt(filter_delay_s(&filter), 0.0249);
    ck_assert_double_lt(variance, 1e-6);
}
END_TEST

START_TEST(a_shorter_route_is_believed_at_once)
{
    struct chance chance = {5};
    struct filter filter;
    filter_init(&filter);
    for (int i = 0; i < 100; i++)
        take(&filter, exchange(i * SECOND, 0.02 + chance_exponential(&chance, 1e-4), 0));
    take(&filter, exchange(200 * SECOND, 0.01, 0));
    ck_assert_double_eq_tol(filter_delay_s(&filter), 0.01, 1e-9);
    ck_assert_uint_eq(filter.count, 1);
}
END_TEST

START_TEST(congestion_does_not_move_the_minimum)
{
    struct filter filter;
    filter_init(&filter);
    for (int i = 0; i < 300; i++)
        take(&filter, exchange(i * SECOND, i % 4 == 0 ? 0.02 : 0.05 + 1e-4 * (i % 7), 0));
    ck_assert_double_eq_tol(filter_delay_s(&filter), 0.02, 1e-9);
}
END_TEST

START_TEST(old_samples_are_refused_but_not_for_ever)
{
    struct gn_sample future = exchange(4000 * SECOND, 0.01, 0);
    struct gn_sample now;
    struct filter filter;
    int refused = 0;
    filter_init(&filter);
    take(&filter, future);
    for (int i = 0; i < 10; i++) {
        now = exchange((100 + i) * SECOND, 0.01, 0);
        if (filter_check(&filter, &now) == 0)
            take(&filter, now);
        else
            refused++;
    }
    ck_assert_int_ge(refused, 1);
    ck_assert_int_le(refused, 5);
    ck_assert_int_eq(filter_check(&filter, &now), -ERANGE);
}
END_TEST

START_TEST(another_way_to_measure_has_a_noise_of_its_own)
{
    struct filter filter;
    int64_t at_ns = WORLD_EPOCH_NS;
    filter_init(&filter);
    for (int i = 0; i < 1000; i++, at_ns += GN_NS_PER_S)
        take(&filter, pulse(at_ns, 1e-6 * (i % 3)));
    struct gn_sample message = pulse(at_ns, 0.01);
    message.dispersion_s = 0.02;
    ck_assert_double_gt(sqrt(take(&filter, message)), 0.019);
    for (int i = 0; i < 1000; i++) {
        message = pulse(at_ns += GN_NS_PER_S, 0.02 * (i % 3));
        message.dispersion_s = 0.02;
        take(&filter, message);
    }
    ck_assert_double_lt(sqrt(take(&filter, pulse(at_ns + GN_NS_PER_S, 0))), 2e-6);
}
END_TEST

START_TEST(noise_of_a_clock_is_learnt_apart_from_its_drift)
{
    struct chance chance = {6};
    struct filter filter;
    filter_init(&filter);
    for (int i = 0; i < 500; i++)
        take(&filter, pulse((100 + i) * SECOND, 1e-4 * i + chance_normal(&chance, 1e-3)));
    ck_assert_double_eq_tol(filter_jitter_s(&filter), 1e-3, 3e-4);
    ck_assert(filter_is_clock(&filter));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("filter");
    TCase *tcase = tcase_create("filter");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, the_impossible_is_refused);
    tcase_add_test(tcase, offset_and_instant_of_an_exchange);
    tcase_add_test(tcase, queueing_makes_a_sample_worth_less);
    tcase_add_test(tcase, jitter_is_the_mean_queueing_delay);
    tcase_add_test(tcase, a_longer_route_is_not_queueing_for_ever);
    tcase_add_test(tcase, a_shorter_route_is_believed_at_once);
    tcase_add_test(tcase, congestion_does_not_move_the_minimum);
    tcase_add_test(tcase, old_samples_are_refused_but_not_for_ever);
    tcase_add_test(tcase, noise_of_a_clock_is_learnt_apart_from_its_drift);
    tcase_add_test(tcase, another_way_to_measure_has_a_noise_of_its_own);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
