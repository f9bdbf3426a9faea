/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <pipeline/estimate.h>

static struct filter_measure measure_at(double at_s, int64_t base_ns, double offset_s, double sd)
{
    return (struct filter_measure){
        .at = {gn_nanoseconds(at_s)},
        .base_ns = base_ns,
        .offset_s = offset_s,
        .variance = sd * sd,
        .point_variance = sd * sd,
        .first_sd = sd > 1e-4 ? sd : 1e-4,
    };
}

static void check_sane(const struct estimate *e)
{
    ck_assert(isfinite(e->x) && isfinite(e->y));
    ck_assert(e->pxx > 0 && e->pyy > 0);
    ck_assert(e->pxy * e->pxy <= 1.000001 * e->pxx * e->pyy);
}

static struct estimate_fit fit_at(const struct estimate *estimate, double at_s)
{
    struct estimate_fit fit;
    estimate_get(estimate, (gn_local){gn_nanoseconds(at_s)}, &fit);
    ck_assert(fit.variance > 0 && isfinite(fit.offset_s));
    return fit;
}

START_TEST(the_first_sample_gives_the_offset_at_once)
{
    struct filter_measure first = measure_at(10, 123456789012, 0.25e-9, 0.01);
    struct estimate estimate;
    struct estimate_fit fit;
    estimate_init(&estimate, 5e-6, 1e-6);
    ck_assert_int_eq(estimate_update(&estimate, &first), ESTIMATE_TAKEN);
    fit = fit_at(&estimate, 10);
    ck_assert_int_eq(fit.base_ns, 123456789012);
    ck_assert_double_eq_tol(fit.offset_s, 0.25e-9, 1e-15);
    ck_assert_double_eq_tol(estimate_fit_sd(&fit), 0.01, 1e-9);
    ck_assert_double_eq_tol(fit.frequency, 5e-6, 1e-12);
    fit = fit_at(&estimate, 110);
    ck_assert_double_eq_tol(gn_seconds(fit.base_ns) + fit.offset_s, 123.456789012 + 5e-4, 1e-9);
}
END_TEST

/* The same samples, around zero and around decades: the same estimate to the last bit but noise. */
START_TEST(decades_of_offset_cost_no_precision)
{
    struct chance chance = {1};
    struct estimate near, far;
    struct estimate_fit a, b;
    const int64_t decades_ns = INT64_C(1700000000123456789);
    estimate_init(&near, 0, 1e-4);
    estimate_init(&far, 0, 1e-4);
    for (int i = 0; i < 500; i++) {
        double offset_s = 1e-5 * 64 * i + chance_normal(&chance, 1e-8);
        struct filter_measure m = measure_at(64 * i, 0, offset_s, 1e-8);
        struct filter_measure n = measure_at(64 * i, decades_ns, offset_s, 1e-8);
        estimate_update(&near, &m);
        estimate_update(&far, &n);
    }
    a = fit_at(&near, 64 * 500);
    b = fit_at(&far, 64 * 500);
    ck_assert_double_eq_tol(gn_seconds(b.base_ns - decades_ns - a.base_ns) + b.offset_s, a.offset_s,
                            1e-11);
    ck_assert_double_eq_tol(a.frequency, b.frequency, 1e-14);
    ck_assert_double_eq_tol(a.frequency, 1e-5, 1e-9);
}
END_TEST

START_TEST(sigma_is_true)
{
    struct chance chance = {2};
    int inside = 0, all = 0;
    for (int run = 0; run < 40; run++) {
        struct estimate estimate;
        double x = 0, y = chance_normal(&chance, 1e-5);
        estimate_init(&estimate, 0, 1e-4);
        for (int i = 0; i < 100; i++) {
            struct filter_measure m = measure_at(64 * i, 0, x + chance_normal(&chance, 1e-5), 1e-5);
            struct estimate_fit fit;
            estimate_update(&estimate, &m);
            check_sane(&estimate);
            fit = fit_at(&estimate, 64 * i);
            all++;
            inside += fabs(gn_seconds(fit.base_ns) + fit.offset_s - x) < 3 * estimate_fit_sd(&fit);
            for (int s = 0; s < 64; s++) {
                x += y;
                y += chance_normal(&chance, 1e-9);
            }
        }
    }
    ck_assert_double_ge(inside / (double)all, 0.99);
}
END_TEST

START_TEST(a_spike_is_refused_the_truth_never)
{
    struct estimate estimate;
    struct filter_measure m;
    int refused = 0;
    estimate_init(&estimate, 0, 1e-6);
    for (int i = 0; i < 20; i++) {
        m = measure_at(64 * i, 0, 0, 1e-5);
        estimate_update(&estimate, &m);
    }
    m = measure_at(64 * 20, 0, 0.04, 1e-5);
    ck_assert_int_eq(estimate_update(&estimate, &m), ESTIMATE_SPIKE);
    ck_assert_double_lt(fabs(fit_at(&estimate, 64 * 20).offset_s), 1e-4);
    m = measure_at(64 * 21, 0, 0, 1e-5);
    ck_assert_int_eq(estimate_update(&estimate, &m), ESTIMATE_TAKEN);
    for (int i = 22; i < 30; i++) {
        m = measure_at(64 * i, 0, 1000.5, 1e-5);
        refused += estimate_update(&estimate, &m) == ESTIMATE_SPIKE;
    }
    ck_assert_int_eq(refused, 2);
    struct estimate_fit fit = fit_at(&estimate, 64 * 29);
    ck_assert_double_eq_tol(gn_seconds(fit.base_ns) + fit.offset_s, 1000.5, 1e-4);
}
END_TEST

/* A crystal in a draught wanders ten times as much as is allowed for: no sample is a spike. */
START_TEST(a_draught_is_no_spike)
{
    struct chance chance = {6};
    struct estimate estimate;
    double x = 0, y = 0;
    estimate_init(&estimate, 0, 1e-6);
    for (int i = 0; i < 1000; i++) {
        struct filter_measure m = measure_at(64 * i, 0, x + chance_normal(&chance, 1e-5), 1e-5);
        ck_assert_int_ne(estimate_update(&estimate, &m), ESTIMATE_SPIKE);
        for (int s = 0; s < 64; s++) {
            x += y;
            y += chance_normal(&chance, 1e-7);
        }
    }
}
END_TEST

/* An oscillator that is suddenly 2 ppm off, and one that someone heats. */
START_TEST(a_jump_of_frequency_is_followed)
{
    struct chance chance = {4};
    struct estimate estimate;
    struct estimate_fit fit;
    double x = 0;
    estimate_init(&estimate, 0, 1e-6);
    for (int i = 0; i < 300; i++) {
        struct filter_measure m = measure_at(64 * i, 0, x + chance_normal(&chance, 1e-5), 1e-5);
        estimate_update(&estimate, &m);
        x += i < 200 ? 0 : 64 * 2e-6;
    }
    fit = fit_at(&estimate, 64 * 300);
    ck_assert_double_eq_tol(gn_seconds(fit.base_ns) + fit.offset_s, x, 3e-5);
    ck_assert_double_eq_tol(fit.frequency, 2e-6, 3e-7);
}
END_TEST

/* A measurement of five seconds ago, taken now or taken then: about the same
 * knowledge, but for the wander since. */
START_TEST(a_measurement_belongs_to_its_middle)
{
    struct chance chance = {5};
    struct estimate late, then;
    estimate_init(&late, 0, 1e-4);
    estimate_init(&then, 0, 1e-4);
    for (int i = 1; i < 6; i++) {
        struct estimate_fit a, b;
        struct filter_measure m =
            measure_at(20 * i, 0, 5e-5 * 20 * i + chance_normal(&chance, 1e-6), 1e-6);
        estimate_update(&then, &m);
        m.at.ns += i > 1 ? 5 * SECOND : 0;
        m.back_s = i > 1 ? 5 : 0;
        estimate_update(&late, &m);
        a = fit_at(&late, 20 * i + 10);
        b = fit_at(&then, 20 * i + 10);
        ck_assert_double_eq_tol(gn_seconds(a.base_ns - b.base_ns) + a.offset_s, b.offset_s, 2e-7);
        ck_assert_double_eq_tol(log2(a.variance / b.variance), 0, 1);
        ck_assert_double_eq_tol(log2(a.frequency_variance / b.frequency_variance), 0, 1);
    }
}
END_TEST

START_TEST(restart_keeps_the_frequency)
{
    struct estimate estimate;
    struct filter_measure m;
    estimate_init(&estimate, 0, 1e-4);
    for (int i = 0; i < 100; i++) {
        m = measure_at(64 * i, 0, 64 * i * 2e-5, 1e-6);
        estimate_update(&estimate, &m);
    }
    estimate_restart(&estimate);
    ck_assert(!estimate.valid);
    m = measure_at(100000, 77 * SECOND, 0, 1e-6);
    estimate_update(&estimate, &m);
    ck_assert_uint_eq(estimate.samples, 1);
    ck_assert_double_eq_tol(fit_at(&estimate, 100000).frequency, 2e-5, 1e-8);
    estimate_shift(&estimate, -SECOND);
    ck_assert_int_eq(fit_at(&estimate, 100000).base_ns, 76 * SECOND);
}
END_TEST

START_TEST(doubt_grows_with_time_both_ways)
{
    struct estimate_fit fit = {
        .variance = 1e-12, .frequency_variance = 1e-16, .wander_variance = 1e-18};
    double before = estimate_fit_sd_after(&fit, 0), last = before;
    ck_assert_double_eq_tol(before, 1e-6, 1e-12);
    for (double t = 1; t < 1e6; t *= 2) {
        ck_assert_double_gt(estimate_fit_sd_after(&fit, t), last);
        last = estimate_fit_sd_after(&fit, t);
        ck_assert_double_gt(estimate_fit_sd_after(&fit, -t), before);
    }
    estimate_fit_advance(&fit, (gn_local){100 * SECOND});
    ck_assert_double_eq_tol(fit.variance, 1e-12 + 1e-12 + 1e-18 * 1e6 / 3, 1e-15);
    ck_assert_double_eq_tol(fit.covariance, 1e-14 + 1e-18 * 1e4 / 2, 1e-18);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("estimate");
    TCase *tcase = tcase_create("estimate");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, the_first_sample_gives_the_offset_at_once);
    tcase_add_test(tcase, decades_of_offset_cost_no_precision);
    tcase_add_test(tcase, sigma_is_true);
    tcase_add_test(tcase, a_spike_is_refused_the_truth_never);
    tcase_add_test(tcase, a_draught_is_no_spike);
    tcase_add_test(tcase, a_jump_of_frequency_is_followed);
    tcase_add_test(tcase, a_measurement_belongs_to_its_middle);
    tcase_add_test(tcase, restart_keeps_the_frequency);
    tcase_add_test(tcase, doubt_grows_with_time_both_ways);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
