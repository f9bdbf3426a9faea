/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <pipeline/selection.h>

#define MAX 1000

struct panel {
    struct selection_candidate candidates[MAX];
    struct selection_edge edges[2 * MAX];
    struct selection selection;
    size_t count;
    int min_sources;
};

static struct selection_candidate *add(struct panel *panel, double offset_s, double interval_s)
{
    struct selection_candidate *c = &panel->candidates[panel->count++];
    c->usable = true;
    c->stratum = 1;
    c->offset_s = offset_s;
    c->interval_s = c->distance_s = interval_s;
    return c;
}

static const struct selection *judge(struct panel *panel)
{
    selection_run(&panel->selection, panel->candidates, panel->count, panel->edges,
                  panel->min_sources);
    return &panel->selection;
}

static void expect(const struct panel *panel, size_t i, enum gn_source_state state,
                   enum gn_reason reason)
{
    ck_assert_msg(panel->candidates[i].state == state && panel->candidates[i].reason == reason,
                  "candidate %zu: state %d, reason %d", i, panel->candidates[i].state,
                  panel->candidates[i].reason);
}

static struct panel *make(void)
{
    struct panel *panel = calloc(1, sizeof *panel);
    ck_assert_ptr_nonnull(panel);
    return panel;
}

START_TEST(nobody_and_one)
{
    struct panel *panel = make();
    ck_assert(!judge(panel)->found);
    add(panel, 5, 0.01);
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 0);
    panel->candidates[0].usable = false;
    ck_assert(!judge(panel)->found);
    ck_assert_int_eq(panel->selection.why, GN_REASON_OK);
    free(panel);
}
END_TEST

START_TEST(one_of_three_lies)
{
    struct panel *panel = make();
    add(panel, 0.000, 0.010);
    add(panel, 0.100, 0.001);
    add(panel, 0.005, 0.010);
    ck_assert(judge(panel)->found);
    ck_assert_uint_ne(panel->selection.system, 1);
    expect(panel, 1, GN_SOURCE_FALSETICKER, GN_REASON_DISAGREES);
    ck_assert_double_eq_tol(panel->candidates[1].outside_s, 0.099 - 0.010, 1e-9);
    ck_assert_uint_eq(panel->selection.truechimers, 2);
    free(panel);
}
END_TEST

START_TEST(two_against_two_is_nobody)
{
    struct panel *panel = make();
    add(panel, 0, 0.01);
    add(panel, 0.001, 0.01);
    add(panel, 1, 0.01);
    add(panel, 1.001, 0.01);
    ck_assert(!judge(panel)->found);
    ck_assert_int_eq(panel->selection.why, GN_REASON_NO_MAJORITY);
    for (size_t i = 0; i < 4; i++)
        expect(panel, i, GN_SOURCE_UNSELECTED, GN_REASON_NO_MAJORITY);
    add(panel, 0.002, 0.01);
    ck_assert(judge(panel)->found);
    expect(panel, 2, GN_SOURCE_FALSETICKER, GN_REASON_DISAGREES);
    expect(panel, 3, GN_SOURCE_FALSETICKER, GN_REASON_DISAGREES);
    free(panel);
}
END_TEST

/* A server behind an asymmetric path is right within its bounds, and does not veto the clock. */
START_TEST(a_wide_interval_does_not_veto_a_narrow_one)
{
    struct panel *panel = make();
    add(panel, 0, 1e-6);
    add(panel, 0.003, 0.010);
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 0);
    expect(panel, 0, GN_SOURCE_SELECTED, GN_REASON_OK);
    expect(panel, 1, GN_SOURCE_UNSELECTED, GN_REASON_NOT_COMBINED);
    free(panel);
}
END_TEST

START_TEST(trusted_sources_cannot_be_outvoted)
{
    struct panel *panel = make();
    add(panel, 0, 0.01)->trust = true;
    for (int i = 0; i < 5; i++)
        add(panel, 1, 0.01);
    add(panel, 0.005, 0.01);
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 0);
    for (size_t i = 1; i <= 5; i++)
        expect(panel, i, GN_SOURCE_FALSETICKER, GN_REASON_NOT_TRUSTED);
    expect(panel, 6, GN_SOURCE_COMBINED, GN_REASON_OK);
    /* Only another trusted one can doubt it. */
    add(panel, 1, 0.01)->trust = true;
    ck_assert(!judge(panel)->found);
    ck_assert_int_eq(panel->selection.why, GN_REASON_NO_MAJORITY);
    free(panel);
}
END_TEST

START_TEST(without_a_required_source_nothing_is_selected)
{
    struct panel *panel = make();
    struct selection_candidate *required;
    add(panel, 0, 0.01);
    add(panel, 0, 0.01);
    required = add(panel, 0, 0.01);
    required->require = true;
    ck_assert(judge(panel)->found);
    required->usable = false;
    required->reason = GN_REASON_NO_REPLY;
    ck_assert(!judge(panel)->found);
    ck_assert_int_eq(panel->selection.why, GN_REASON_REQUIRED);
    expect(panel, 0, GN_SOURCE_UNSELECTED, GN_REASON_REQUIRED);
    required->usable = true;
    required->offset_s = 1;
    ck_assert(!judge(panel)->found);
    /* In a later tier it may still vouch for the first. */
    required->offset_s = 0.005;
    required->tier = 1;
    ck_assert(judge(panel)->found);
    free(panel);
}
END_TEST

START_TEST(preferred_truechimers_displace_the_others)
{
    struct panel *panel = make();
    add(panel, 0, 0.001);
    add(panel, 0, 0.01)->prefer = true;
    add(panel, 0, 0.001);
    add(panel, 1, 0.001)->prefer = true;
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 1);
    expect(panel, 0, GN_SOURCE_UNSELECTED, GN_REASON_NOT_PREFERRED);
    expect(panel, 3, GN_SOURCE_FALSETICKER, GN_REASON_DISAGREES);
    free(panel);
}
END_TEST

START_TEST(the_next_tier_only_when_the_first_is_gone)
{
    struct panel *panel = make();
    add(panel, 0, 0.001)->tier = 1;
    add(panel, 0, 0.5)->tier = -3;
    add(panel, 0, 0.001)->tier = 1;
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 1);
    expect(panel, 0, GN_SOURCE_UNSELECTED, GN_REASON_TIER);
    panel->candidates[1].usable = false;
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 0);
    /* Two of the first tier that disagree are as good as none. */
    panel->candidates[1].usable = true;
    add(panel, 9, 0.5)->tier = -3;
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 0);
    expect(panel, 1, GN_SOURCE_UNSELECTED, GN_REASON_NO_MAJORITY);
    expect(panel, 3, GN_SOURCE_FALSETICKER, GN_REASON_DISAGREES);
    ck_assert_double_eq_tol(panel->candidates[3].outside_s, 9 - 0.5 - 0.001, 1e-9);
    free(panel);
}
END_TEST

START_TEST(too_few_sources_wait)
{
    struct panel *panel = make();
    panel->min_sources = 2;
    add(panel, 0, 0.01);
    ck_assert(!judge(panel)->found);
    ck_assert_int_eq(panel->selection.why, GN_REASON_WAITING);
    ck_assert_uint_eq(panel->selection.agreeing, 1);
    expect(panel, 0, GN_SOURCE_UNSELECTED, GN_REASON_WAITING);
    add(panel, 1, 0.01)->tier = 1; /* says something else */
    ck_assert(!judge(panel)->found);
    add(panel, 0, 0.01);
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.agreeing, 2);
    free(panel);
}
END_TEST

START_TEST(a_source_of_any_tier_confirms)
{
    struct panel *panel = make();
    panel->min_sources = 2;
    add(panel, 0, 0.001);
    add(panel, 0, 0.01)->tier = 3;
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 0);
    ck_assert_uint_eq(panel->selection.truechimers, 1);
    ck_assert_uint_eq(panel->selection.agreeing, 2);
    expect(panel, 1, GN_SOURCE_UNSELECTED, GN_REASON_TIER);
    free(panel);
}
END_TEST

/* A tier that nobody confirms, or that its required source denies, is as good as gone. */
START_TEST(a_tier_that_lacks_something_gives_way)
{
    struct panel *panel = make();
    panel->min_sources = 2;
    add(panel, 5, 0.001);
    add(panel, 0, 0.01)->tier = 1;
    add(panel, 0, 0.02)->tier = 1;
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 1);
    ck_assert_int_eq(panel->selection.why, GN_REASON_OK);
    expect(panel, 0, GN_SOURCE_FALSETICKER, GN_REASON_DISAGREES);
    panel->min_sources = 1;
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 0);
    panel->candidates[2].require = true;
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 1);
    expect(panel, 0, GN_SOURCE_FALSETICKER, GN_REASON_DISAGREES);
    panel->candidates[2].usable = false;
    ck_assert(!judge(panel)->found);
    ck_assert_int_eq(panel->selection.why, GN_REASON_REQUIRED);
    ck_assert_int_eq(panel->selection.tier, 0); /* what the first lacks is told */
    free(panel);
}
END_TEST

START_TEST(a_preferred_liar_is_not_followed)
{
    struct panel *panel = make();
    add(panel, 1, 0.001)->prefer = true;
    add(panel, 0, 0.01);
    add(panel, 0, 0.011);
    ck_assert(judge(panel)->found);
    ck_assert_uint_eq(panel->selection.system, 1);
    expect(panel, 0, GN_SOURCE_FALSETICKER, GN_REASON_DISAGREES);
    expect(panel, 2, GN_SOURCE_COMBINED, GN_REASON_OK);
    free(panel);
}
END_TEST

/* Where nobody has a majority the region is where most of them agree: it tells who against whom. */
START_TEST(the_largest_party_is_told)
{
    struct panel *panel = make();
    const struct selection *selection;
    add(panel, 1, 0.01);
    add(panel, 0.000, 0.01);
    add(panel, 0.005, 0.01);
    add(panel, 2, 0.01);
    selection = judge(panel);
    ck_assert_int_eq(selection->why, GN_REASON_NO_MAJORITY);
    ck_assert_double_eq_tol(selection_outside_s(selection, &panel->candidates[0]), 0.98, 1e-9);
    ck_assert_double_eq(selection_outside_s(selection, &panel->candidates[1]), 0);
    ck_assert_double_eq(selection_outside_s(selection, &panel->candidates[2]), 0);
    add(panel, 1.001, 0.01); /* of two as large the lower one */
    selection = judge(panel);
    ck_assert_double_eq(selection_outside_s(selection, &panel->candidates[1]), 0);
    ck_assert_double_eq_tol(selection_outside_s(selection, &panel->candidates[0]), 0.98, 1e-9);
    free(panel);
}
END_TEST

START_TEST(the_system_source_is_not_left_for_a_little)
{
    struct panel *panel = make();
    add(panel, 0, 0.010);
    add(panel, 0, 0.008);
    judge(panel);
    ck_assert_uint_eq(panel->selection.system, 1);
    panel->candidates[0].current = true;
    judge(panel);
    ck_assert_uint_eq(panel->selection.system, 0);
    panel->candidates[1].distance_s = 0.002;
    judge(panel);
    ck_assert_uint_eq(panel->selection.system, 1);
    panel->candidates[1].distance_s = 0.008;
    panel->candidates[0].usable = false;
    judge(panel);
    ck_assert_uint_eq(panel->selection.system, 1);
    free(panel);
}
END_TEST

START_TEST(a_drifting_liar_is_found_within_its_bounds)
{
    struct panel *panel = make();
    for (int i = 0; i < 4; i++) {
        struct selection_candidate *c = add(panel, 0.001 * i, 0.02);
        c->frequency = i == 2 ? 6e-5 : 1e-5 + 1e-7 * i;
        c->frequency_variance = 1e-12;
        c->samples = 100;
    }
    ck_assert(judge(panel)->found);
    expect(panel, 2, GN_SOURCE_FALSETICKER, GN_REASON_DISAGREES);
    ck_assert_double_eq_tol(panel->candidates[2].drift, 6e-5 - 1.01e-5, 2e-7);
    ck_assert_uint_eq(panel->selection.truechimers, 3);
    panel->candidates[2].frequency_variance = 1e-9;
    judge(panel);
    expect(panel, 2, GN_SOURCE_COMBINED, GN_REASON_OK);
    /* A trusted one is right, by definition. */
    panel->candidates[2].frequency_variance = 1e-12;
    panel->candidates[2].trust = true;
    judge(panel);
    expect(panel, 2, GN_SOURCE_COMBINED, GN_REASON_OK);
    free(panel);
}
END_TEST

START_TEST(who_lies_far_from_the_others_is_not_followed)
{
    struct panel *panel = make();
    add(panel, 0.000, 0.020);
    add(panel, 0.001, 0.020);
    add(panel, 0.015, 0.018)->current = true;
    ck_assert(judge(panel)->found);
    ck_assert_uint_ne(panel->selection.system, 2);
    expect(panel, 2, GN_SOURCE_UNSELECTED, GN_REASON_NOT_COMBINED);
    free(panel);
}
END_TEST

/* Samples of a source three times as far away count no more; one of the next tier waits. */
START_TEST(the_samples_of_those_as_near_count)
{
    struct panel *panel = make();
    add(panel, 0, 0.010);
    add(panel, 0, 0.011);
    add(panel, 0, 0.0299);
    add(panel, 0, 0.0301);
    add(panel, 0, 0.010)->tier = 1;
    ck_assert(judge(panel)->found);
    expect(panel, 0, GN_SOURCE_SELECTED, GN_REASON_OK);
    expect(panel, 1, GN_SOURCE_COMBINED, GN_REASON_OK);
    expect(panel, 2, GN_SOURCE_COMBINED, GN_REASON_OK);
    expect(panel, 3, GN_SOURCE_UNSELECTED, GN_REASON_NOT_COMBINED);
    expect(panel, 4, GN_SOURCE_UNSELECTED, GN_REASON_TIER);
    free(panel);
}
END_TEST

START_TEST(a_minority_among_many_is_found)
{
    struct chance chance = {1};
    struct panel *panel = make();
    for (size_t i = 0; i < MAX; i++)
        add(panel, i % 5 < 2 ? chance_normal(&chance, 3) : chance_normal(&chance, 1e-3), 0.01);
    ck_assert(judge(panel)->found);
    ck_assert_uint_ne(panel->selection.system % 5, 0);
    for (size_t i = 0; i < MAX; i++)
        if (i % 5 >= 2)
            ck_assert_int_ne(panel->candidates[i].state, GN_SOURCE_FALSETICKER);
        else if (fabs(panel->candidates[i].offset_s) > 0.05)
            expect(panel, i, GN_SOURCE_FALSETICKER, GN_REASON_DISAGREES);
    free(panel);
}
END_TEST

/* How many intervals contain a point, by counting. */
static size_t depth_at(const struct panel *panel, double at_s)
{
    size_t depth = 0;
    for (size_t i = 0; i < panel->count; i++) {
        const struct selection_candidate *c = &panel->candidates[i];
        depth += c->offset_s - c->interval_s <= at_s && at_s <= c->offset_s + c->interval_s;
    }
    return depth;
}

static size_t deepest(const struct panel *panel)
{
    size_t most = 0;
    for (size_t i = 0; i < panel->count; i++) {
        const struct selection_candidate *c = &panel->candidates[i];
        size_t depth = depth_at(panel, c->offset_s - c->interval_s);
        most = depth > most ? depth : most;
    }
    return most;
}

/* Whether nobody lies or many do: the region is what counting finds. */
START_TEST(the_region_is_where_most_agree)
{
    struct chance chance = {7};
    for (int round = 0; round < 2000; round++) {
        struct panel *panel = make();
        size_t count = 1 + (size_t)round % 9;
        for (size_t i = 0; i < count; i++)
            add(panel, chance_normal(&chance, round % 2 ? 1 : 4), 1 + (double)i / 8);
        size_t most = deepest(panel);
        ck_assert_int_eq(judge(panel)->found, 2 * most > count);
        if (panel->selection.found) {
            ck_assert_uint_eq(depth_at(panel, panel->selection.low_s), most);
            ck_assert_uint_eq(depth_at(panel, panel->selection.high_s), most);
            ck_assert_uint_lt(depth_at(panel, nextafter(panel->selection.low_s, -100)), most);
            ck_assert_uint_lt(depth_at(panel, nextafter(panel->selection.high_s, 100)), most);
        }
        free(panel);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("selection");
    TCase *tcase = tcase_create("selection");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, nobody_and_one);
    tcase_add_test(tcase, one_of_three_lies);
    tcase_add_test(tcase, two_against_two_is_nobody);
    tcase_add_test(tcase, a_wide_interval_does_not_veto_a_narrow_one);
    tcase_add_test(tcase, trusted_sources_cannot_be_outvoted);
    tcase_add_test(tcase, without_a_required_source_nothing_is_selected);
    tcase_add_test(tcase, preferred_truechimers_displace_the_others);
    tcase_add_test(tcase, the_next_tier_only_when_the_first_is_gone);
    tcase_add_test(tcase, too_few_sources_wait);
    tcase_add_test(tcase, a_source_of_any_tier_confirms);
    tcase_add_test(tcase, a_tier_that_lacks_something_gives_way);
    tcase_add_test(tcase, a_preferred_liar_is_not_followed);
    tcase_add_test(tcase, the_largest_party_is_told);
    tcase_add_test(tcase, the_system_source_is_not_left_for_a_little);
    tcase_add_test(tcase, a_drifting_liar_is_found_within_its_bounds);
    tcase_add_test(tcase, who_lies_far_from_the_others_is_not_followed);
    tcase_add_test(tcase, the_samples_of_those_as_near_count);
    tcase_add_test(tcase, a_minority_among_many_is_found);
    tcase_add_test(tcase, the_region_is_where_most_agree);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
