/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <pipeline/truncated.h>

/* --- brute force --- */

/* log of the integral of exp(tilt·w) over −half … half. */
static double slow_mass(double half, double tilt)
{
    long double a = fabsl((long double)tilt) * half;
    if (a < 1e-6L)
        return log(2 * half);
    return (double)(a + logl(-expm1l(-2 * a)) - logl(fabsl((long double)tilt)));
}

/* Simpson's rule around the largest value there is, as far as anything is left. */
static struct truncated slowly(double mean, double variance, double half, double tilt)
{
    const int steps = 1500;
    long double centre = (long double)mean + (long double)tilt * variance, sd = sqrt(variance);
    long double peak = fmaxl(-half, fminl(half, centre)), apart = fabsl(peak - centre);
    long double reach = fminl(12 * sd, apart > 0 ? 60 * (long double)variance / apart : 12 * sd);
    long double low = fmaxl(-half, peak - reach), high = fminl(half, peak + reach);
    long double step = (high - low) / steps, sum = 0, first = 0, second = 0;
    for (int i = 0; i <= steps; i++) {
        long double at = low - peak + i * step;
        long double weight = i == 0 || i == steps ? 1 : (i % 2 ? 4 : 2);
        /* (peak + at − centre)² − (peak − centre)², without the difference */
        long double p = weight * expl(-at * (at + 2 * (peak - centre)) / (2 * variance));
        sum += p;
        first += p * at;
        second += p * at * at;
    }
    struct truncated r = {.mean = (double)(peak + first / sum)};
    r.variance = (double)(second / sum - (first / sum) * (first / sum));
    long double at_peak = tilt * peak - (peak - mean) * (peak - mean) / (2 * variance);
    r.log_evidence = (double)(logl(sum * step / 3) + at_peak - 0.5L * logl(2 * M_PI * variance)) -
                     slow_mass(half, tilt);
    return r;
}

/* --- against it --- */

struct tolerance {
    double evidence, mean, variance; /* … in sigmas of the result, as a share */
};

static void compare(double mean, double variance, double half, double tilt,
                    const struct tolerance *allowed)
{
    struct truncated r = truncated_normal(mean, variance, half, tilt);
    struct truncated s = slowly(mean, variance, half, tilt);
    double size = 1e-9 * (1 + fabs(s.log_evidence) + fabs(tilt) * half);
    bool good = fabs(r.log_evidence - s.log_evidence) <= allowed->evidence + size &&
                fabs(r.mean - s.mean) <= allowed->mean * sqrt(s.variance) + 1e-12 * fabs(s.mean) &&
                fabs(r.variance / s.variance - 1) <= allowed->variance;
    if (good) /* assertions are slow */
        return;
    ck_abort_msg("mean %g variance %g half %g tilt %g: evidence %.9g is %.9g, mean %.9g is %.9g, "
                 "variance %.9g is %.9g",
                 mean, variance, half, tilt, s.log_evidence, r.log_evidence, s.mean, r.mean,
                 s.variance, r.variance);
}

/* Where the normal's centre is at most six sigmas outside. */
START_TEST(near_it_is_exact)
{
    static const struct tolerance exact = {5e-4, 5e-4, 2e-3};
    for (double scale = 1e-9; scale < 1e10; scale *= 1000)  /* of everything */
        for (double ratio = 1e-9; ratio < 2e9; ratio *= 10) /* sigma over half the width */
            for (double outside = -1; outside <= 5.9; outside += 0.3) {
                double sd = ratio * scale, edge = scale + outside * sd;
                compare(edge, sd * sd, scale, 0, &exact);
                compare(-edge, sd * sd, scale, 0, &exact);
                compare(scale * outside / 6, sd * sd, scale, 0, &exact);
            }
}
END_TEST

START_TEST(tilts_are_exact_as_well)
{
    static const struct tolerance exact = {5e-4, 5e-4, 2e-3};
    for (double ratio = 1e-6; ratio < 2e6; ratio *= 10)
        for (double tilt = 1e-9; tilt < 2e9; tilt *= 10)
            for (double outside = -1; outside <= 5.9; outside += 0.5) {
                double edge = 1 + outside * ratio, pull = tilt * ratio * ratio;
                if (pull < 1e6) { /* beyond, the mean is a difference of huge numbers */
                    compare(edge - pull, ratio * ratio, 1, tilt, &exact);
                    compare(pull - edge, ratio * ratio, 1, -tilt, &exact);
                }
            }
}
END_TEST

/* Hundreds of sigmas outside it is an exponential from the edge. */
START_TEST(far_outside_it_is_near_enough)
{
    for (double ratio = 1e-9; ratio < 2e9; ratio *= 10)
        for (double sigmas = 6.01; sigmas < 2000; sigmas *= 1.3) {
            double share = 1 / (sigmas * sigmas);
            struct tolerance allowed = {1.1 * share + 6e-4, 2.2 * share + 4e-4, 6 * share + 1e-5};
            compare(1 + sigmas * ratio, ratio * ratio, 1, 0, &allowed);
            compare(-1 - sigmas * ratio, ratio * ratio, 1, 0, &allowed);
            compare(1 + sigmas * ratio - 3 * ratio * ratio, ratio * ratio, 1, 3, &allowed);
        }
}
END_TEST

/* From one way of counting to the next nothing jumps by more than a few percent. */
START_TEST(the_edges_between_branches_are_smooth)
{
    for (double ratio = 1e-4; ratio < 2e4; ratio *= 10) {
        double edge = 1 + 6 * ratio;
        struct truncated in = truncated_normal(edge * (1 - 1e-9), ratio * ratio, 1, 0);
        struct truncated out = truncated_normal(edge * (1 + 1e-9), ratio * ratio, 1, 0);
        ck_assert_double_lt(fabs(in.log_evidence - out.log_evidence), 0.03);
        ck_assert_double_lt(fabs(in.mean - out.mean), 0.06 * sqrt(in.variance));
        ck_assert_double_lt(fabs(in.variance / out.variance - 1), 0.16);
        in = truncated_normal(0.5, ratio * ratio, 1, 1e-3 * (1 - 1e-9));
        out = truncated_normal(0.5, ratio * ratio, 1, 1e-3 * (1 + 1e-9));
        ck_assert_double_lt(fabs(in.log_evidence - out.log_evidence), 1e-6);
        ck_assert_double_lt(fabs(in.mean - out.mean), 1e-6);
    }
}
END_TEST

START_TEST(both_sides_are_alike)
{
    struct chance chance = {1};
    for (int i = 0; i < 10000; i++) {
        double mean = chance_normal(&chance, 1) * exp(chance_normal(&chance, 5));
        double variance = exp(chance_normal(&chance, 5)), half = exp(chance_normal(&chance, 5));
        double tilt = chance_normal(&chance, 3);
        struct truncated a = truncated_normal(mean, variance, half, tilt);
        struct truncated b = truncated_normal(-mean, variance, half, -tilt);
        ck_assert(fabs(a.mean + b.mean) <= 1e-9 * half && fabs(a.mean) <= half * (1 + 1e-12));
        ck_assert(fabs(a.variance - b.variance) <= 1e-9 * a.variance + 1e-15 * half * half);
        ck_assert(fabs(a.log_evidence - b.log_evidence) <= 1e-9 * (1 + fabs(a.log_evidence)));
    }
}
END_TEST

START_TEST(always_finite_and_never_wider)
{
    struct chance chance = {2};
    for (int i = 0; i < 1000000; i++) {
        double mean = chance_normal(&chance, 1) * exp(46 * (chance_uniform(&chance) - 0.5));
        double variance = exp(100 * (chance_uniform(&chance) - 0.5));
        double half = exp(46 * (chance_uniform(&chance) - 0.5));
        double tilt = i % 3 ? chance_normal(&chance, exp(40 * (chance_uniform(&chance) - 0.5))) : 0;
        struct truncated r = truncated_normal(mean, variance, half, tilt);
        bool good = isfinite(r.log_evidence) && fabs(r.mean) <= half * (1 + 1e-9) &&
                    r.variance >= 0 && r.variance <= variance * 1.01 &&
                    r.variance <= half * half * 1.001;
        if (!good)
            ck_abort_msg("mean %g variance %g half %g tilt %g: %g %g %g", mean, variance, half,
                         tilt, r.log_evidence, r.mean, r.variance);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("truncated");
    TCase *tcase = tcase_create("truncated");
    SRunner *runner;
    int failed;
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, near_it_is_exact);
    tcase_add_test(tcase, tilts_are_exact_as_well);
    tcase_add_test(tcase, far_outside_it_is_near_enough);
    tcase_add_test(tcase, the_edges_between_branches_are_smooth);
    tcase_add_test(tcase, both_sides_are_alike);
    tcase_add_test(tcase, always_finite_and_never_wider);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
