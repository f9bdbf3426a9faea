/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <pipeline/combine.h>

static struct selection_candidate candidate(double offset_s, double sd, double distance_s)
{
    return (struct selection_candidate){
        .usable = true,
        .state = GN_SOURCE_UNSELECTED,
        .offset_s = offset_s,
        .distance_s = distance_s,
        .variance = sd * sd,
        .frequency = 1e-5 + offset_s * 1e-3,
        .frequency_variance = sd * sd * 1e-6,
        .covariance = sd * sd * 1e-4,
        .wander_variance = 1e-18,
    };
}

static double offset_of(const struct combine *combine, int64_t base_ns)
{
    return gn_seconds(combine->fit.base_ns - base_ns) + combine->fit.offset_s;
}

START_TEST(one_source_is_its_own_combination)
{
    struct selection_candidate c = candidate(0.0123456789012, 1e-5, 0.01);
    struct combine combine;
    combine_run(&combine, &c, 1, 0, (gn_local){5 * SECOND}, 100);
    ck_assert_int_eq(combine.fit.at.ns, 5 * SECOND);
    ck_assert_double_eq_tol(offset_of(&combine, 100), c.offset_s, 1e-15);
    ck_assert_double_eq_tol(combine.fit.variance, c.variance, 1e-20);
    ck_assert_double_eq_tol(combine.fit.frequency, c.frequency, 1e-18);
    ck_assert_double_eq_tol(combine.spread_s, 0, 1e-15);
    ck_assert_int_eq(c.state, GN_SOURCE_SELECTED);
    ck_assert_uint_eq(combine.used, 1);
}
END_TEST

START_TEST(better_sources_weigh_more)
{
    struct selection_candidate c[2] = {candidate(0, 1e-4, 1e-6), candidate(4e-4, 2e-4, 1e-6)};
    struct combine combine;
    combine_run(&combine, c, 2, 0, (gn_local){0}, 0);
    ck_assert_double_eq_tol(offset_of(&combine, 0), 0.2 * 4e-4, 1e-8);
    ck_assert_int_eq(c[1].state, GN_SOURCE_COMBINED);
    /* Shared oscillator: no credit for numbers, and the disagreement counts. */
    ck_assert_double_ge(combine.fit.variance, c[0].variance);
    ck_assert_double_ge(combine.spread_s, 0.8e-4);
    ck_assert_double_le(combine.fit.covariance * combine.fit.covariance,
                        combine.fit.variance * combine.fit.frequency_variance);
}
END_TEST

START_TEST(what_is_far_off_or_far_away_is_not_combined)
{
    struct selection_candidate c[4] = {candidate(0, 1e-5, 1e-3), candidate(0.005, 1e-5, 1e-3),
                                       candidate(0, 1e-5, 1e-2), candidate(0, 1e-5, 1e-3)};
    struct combine combine;
    c[3].reason = GN_REASON_NOT_PREFERRED;
    combine_run(&combine, c, 4, 0, (gn_local){0}, 0);
    ck_assert_uint_eq(combine.used, 1);
    ck_assert_int_eq(c[1].reason, GN_REASON_NOT_COMBINED);
    ck_assert_int_eq(c[2].reason, GN_REASON_NOT_COMBINED);
    ck_assert_int_eq(c[3].reason, GN_REASON_NOT_PREFERRED);
    ck_assert_int_eq(c[3].state, GN_SOURCE_UNSELECTED);
    ck_assert_double_eq_tol(offset_of(&combine, 0), 0, 1e-12);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("combine");
    TCase *tcase = tcase_create("combine");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, one_source_is_its_own_combination);
    tcase_add_test(tcase, better_sources_weigh_more);
    tcase_add_test(tcase, what_is_far_off_or_far_away_is_not_combined);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
