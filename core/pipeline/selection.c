/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <math.h>
#include <pipeline/selection.h>
#include <string.h>

/* A stratum costs as much as this distance. */
#define STRATUM_COST_S 1e-3
/* The system source is left for another only if that one is better by this factor. */
#define CLEARLY_BETTER 2.0
/* The share of a source's distance that asymmetric paths are expected to cost. */
#define ASYMMETRY_SHARE 0.1
/* Below this everything is equally good. */
#define LEAST_VARIANCE 1e-20
/* Two frequencies differ beyond doubt, two offsets beyond what is expected, in sigmas. */
#define FREQUENCY_SIGMAS 4.5
#define FEW_SAMPLES 4.0
/* … and by more than what a draught does to the oscillator between two polls. Units: s/s. */
#define LEAST_DRIFT 2e-6
#define OFFSET_SIGMAS 3.0
/* As chrony's combinelimit: a source three times as far away as the system source adds nothing. */
#define MAX_DISTANCE_RATIO 3.0

static bool edge_before(const struct selection_edge *a, const struct selection_edge *b)
{
    /* Lower ends first: intervals that touch have a point in common. */
    return a->at_s < b->at_s || (!(b->at_s < a->at_s) && a->type < b->type);
}

/* Shell sort: qsort may allocate. */
static void sort_edges(struct selection_edge *edges, size_t count)
{
    for (size_t gap = count / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < count; i++) {
            struct selection_edge edge = edges[i];
            size_t j = i;
            for (; j >= gap && edge_before(&edge, &edges[j - gap]); j -= gap)
                edges[j] = edges[j - gap];
            edges[j] = edge;
        }
}

static void swap_edges(struct selection_edge *a, struct selection_edge *b)
{
    struct selection_edge edge = *a;
    *a = *b;
    *b = edge;
}

/* What a full sort would put at `rank`. Hoare's algorithm: the time grows as the count does. */
static struct selection_edge edge_of_rank(struct selection_edge *edges, size_t count, size_t rank)
{
    ptrdiff_t low = 0, high = (ptrdiff_t)count - 1, wanted = (ptrdiff_t)rank;
    while (low < high) {
        struct selection_edge pivot = edges[low + (high - low) / 2];
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (edge_before(&edges[i], &pivot))
                i++;
            while (edge_before(&pivot, &edges[j]))
                j--;
            if (i <= j)
                swap_edges(&edges[i++], &edges[j--]);
        }
        if (wanted > j && wanted < i)
            break;
        high = wanted <= j ? j : high;
        low = wanted >= i ? i : low;
    }
    return edges[rank];
}

static bool voting(const struct selection_candidate *candidate, int tier, bool trusted_only)
{
    return candidate->usable && candidate->tier == tier && (!trusted_only || candidate->trust);
}

static size_t make_edges(const struct selection_candidate *candidates, size_t count, int tier,
                         bool trusted_only, struct selection_edge *edges)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const struct selection_candidate *c = &candidates[i];
        if (!voting(c, tier, trusted_only))
            continue;
        edges[used++] = (struct selection_edge){c->offset_s - c->interval_s, -1};
        edges[used++] = (struct selection_edge){c->offset_s + c->interval_s, +1};
    }
    sort_edges(edges, used);
    return used;
}

/* How many intervals have a point in common at most. */
static size_t most_in_common(const struct selection_edge *edges, size_t count)
{
    size_t depth = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        depth = edges[i].type < 0 ? depth + 1 : depth - 1;
        most = depth > most ? depth : most;
    }
    return most;
}

/*
 * The fewest liars there can be: false when they are not fewer than half, and the region is then
 * the lowest of those that most have in common. Spec: RFC 5905 §11.2.1.
 */
static bool intersect(const struct selection_edge *edges, size_t count, double *low, double *high)
{
    size_t wanted = most_in_common(edges, count), depth = 0, i = 0, j = count;
    bool majority = 2 * wanted > count / 2;
    if (wanted == 0)
        return false;
    while (depth < wanted)
        depth = edges[i++].type < 0 ? depth + 1 : depth - 1;
    *low = edges[i - 1].at_s;
    *high = edges[i].at_s;
    for (depth = 0; majority && depth < wanted;) {
        depth = edges[--j].type > 0 ? depth + 1 : depth - 1;
        *high = edges[j].at_s;
    }
    return majority;
}

/* Nobody lies, as nearly always: the region is found without sorting. */
static bool all_agree(const struct selection_candidate *candidates, size_t count, int tier,
                      bool trusted_only, struct selection *selection)
{
    double low_s = -HUGE_VAL, high_s = HUGE_VAL;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        const struct selection_candidate *c = &candidates[i];
        if (!voting(c, tier, trusted_only))
            continue;
        any = true;
        low_s = fmax(low_s, c->offset_s - c->interval_s);
        high_s = fmin(high_s, c->offset_s + c->interval_s);
    }
    if (!any || low_s > high_s)
        return false;
    selection->low_s = low_s;
    selection->high_s = high_s;
    return true;
}

static bool any_trusted(const struct selection_candidate *candidates, size_t count, int tier)
{
    for (size_t i = 0; i < count; i++)
        if (voting(&candidates[i], tier, true))
            return true;
    return false;
}

/* The region that most voters have in common. */
static bool find_region(struct selection *selection, const struct selection_candidate *candidates,
                        size_t count, struct selection_edge *edges, int tier, bool trusted_only)
{
    if (all_agree(candidates, count, tier, trusted_only, selection))
        return true;
    size_t used = make_edges(candidates, count, tier, trusted_only, edges);
    return intersect(edges, used, &selection->low_s, &selection->high_s);
}

double selection_outside_s(const struct selection *selection, const struct selection_candidate *c)
{
    if (c->offset_s - c->interval_s > selection->high_s)
        return c->offset_s - c->interval_s - selection->high_s;
    if (c->offset_s + c->interval_s < selection->low_s)
        return c->offset_s + c->interval_s - selection->low_s;
    return 0;
}

static void judge(struct selection *selection, struct selection_candidate *candidates, size_t count,
                  int tier, bool trusted_only)
{
    for (size_t i = 0; i < count; i++) {
        struct selection_candidate *c = &candidates[i];
        if (!voting(c, tier, false))
            continue;
        c->outside_s = selection_outside_s(selection, c);
        if (fpclassify(c->outside_s) == FP_ZERO) {
            c->state = GN_SOURCE_UNSELECTED;
            c->reason = GN_REASON_OK;
            selection->truechimers++;
        } else {
            c->state = GN_SOURCE_FALSETICKER;
            c->reason = trusted_only && !c->trust ? GN_REASON_NOT_TRUSTED : GN_REASON_DISAGREES;
        }
    }
}

double selection_worth(const struct selection_candidate *c)
{
    double asymmetry_s = ASYMMETRY_SHARE * c->distance_s;
    return c->variance + asymmetry_s * asymmetry_s + LEAST_VARIANCE;
}

static bool chimes(const struct selection_candidate *c, int tier)
{
    return voting(c, tier, false) && c->state == GN_SOURCE_UNSELECTED && c->reason == GN_REASON_OK;
}

/* The candidate in the middle, by offset or frequency; NULL when there are too few. */
static const struct selection_candidate *median_of(const struct selection_candidate *candidates,
                                                   size_t count, int tier, bool by_frequency,
                                                   struct selection_edge *scratch)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (chimes(&candidates[i], tier)) {
            double at = by_frequency ? candidates[i].frequency : candidates[i].offset_s;
            scratch[used++] = (struct selection_edge){at, (int)i};
        }
    if (used < SELECTION_QUORUM)
        return NULL;
    return &candidates[edge_of_rank(scratch, used, used / 2).type];
}

/* What is known of a frequency from few samples is less sure than it seems. */
static double few(const struct selection_candidate *c)
{
    return 1 + FEW_SAMPLES / fmax(c->samples, 1);
}

static void find_drifting(struct selection *selection, struct selection_candidate *candidates,
                          size_t count, int tier, struct selection_edge *scratch)
{
    const struct selection_candidate *median = median_of(candidates, count, tier, true, scratch);
    for (size_t i = 0; median != NULL && i < count; i++) {
        struct selection_candidate *c = &candidates[i];
        double sigma = sqrt(c->frequency_variance + median->frequency_variance);
        double doubt = FREQUENCY_SIGMAS * few(c) * few(median) * sigma + LEAST_DRIFT +
                       c->feigned_frequency + median->feigned_frequency;
        if (!chimes(c, tier) || c->trust || fabs(c->frequency - median->frequency) <= doubt)
            continue;
        c->state = GN_SOURCE_FALSETICKER;
        c->reason = GN_REASON_DISAGREES;
        c->outside_s = c->offset_s - median->offset_s;
        c->drift = c->frequency - median->frequency;
        selection->truechimers--;
    }
}

/* Truechimers, but not where the others are: not to be followed. */
static void leave_distant(struct selection_candidate *candidates, size_t count, int tier,
                          struct selection_edge *scratch)
{
    const struct selection_candidate *median = median_of(candidates, count, tier, false, scratch);
    for (size_t i = 0; median != NULL && i < count; i++) {
        struct selection_candidate *c = &candidates[i];
        double expected_s = sqrt(selection_worth(c) + selection_worth(median));
        if (chimes(c, tier) && !c->trust &&
            fabs(c->offset_s - median->offset_s) > OFFSET_SIGMAS * expected_s)
            c->reason = GN_REASON_NOT_COMBINED;
    }
}

static void say(struct selection_candidate *candidates, size_t count, int tier,
                enum gn_reason reason)
{
    for (size_t i = 0; i < count; i++)
        if (voting(&candidates[i], tier, false)) {
            candidates[i].state = GN_SOURCE_UNSELECTED;
            candidates[i].reason = reason;
        }
}

/* Find the truechimers of one tier. */
static bool find_majority(struct selection *selection, struct selection_candidate *candidates,
                          size_t count, struct selection_edge *edges, int tier)
{
    bool trusted_only = any_trusted(candidates, count, tier);
    if (!find_region(selection, candidates, count, edges, tier, trusted_only)) {
        say(candidates, count, tier, GN_REASON_NO_MAJORITY);
        return false;
    }
    judge(selection, candidates, count, tier, trusted_only);
    find_drifting(selection, candidates, count, tier, edges);
    return true;
}

static bool next_tier(const struct selection_candidate *candidates, size_t count, bool first,
                      int *tier)
{
    bool found = false;
    int least = INT_MAX;
    for (size_t i = 0; i < count; i++)
        if (candidates[i].usable && (first || candidates[i].tier > *tier) &&
            candidates[i].tier <= least) {
            least = candidates[i].tier;
            found = true;
        }
    if (found)
        *tier = least;
    return found;
}

/* Sources of other tiers count, too, if they agree with the region. */
static bool agrees(const struct selection *selection, const struct selection_candidate *c)
{
    if (!c->usable || c->state == GN_SOURCE_FALSETICKER)
        return false;
    return fpclassify(selection_outside_s(selection, c)) == FP_ZERO;
}

static void count_agreeing(struct selection *selection,
                           const struct selection_candidate *candidates, size_t count)
{
    for (size_t i = 0; i < count; i++)
        selection->agreeing += agrees(selection, &candidates[i]);
}

static bool requirement_met(const struct selection *selection,
                            const struct selection_candidate *candidates, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        any = any || candidates[i].require;
        if (candidates[i].require && agrees(selection, &candidates[i]))
            return true;
    }
    return !any;
}

static void hold_back(struct selection_candidate *candidates, size_t count, int tier,
                      enum gn_reason reason)
{
    for (size_t i = 0; i < count; i++)
        if (chimes(&candidates[i], tier))
            candidates[i].reason = reason;
}

static void keep_preferred(struct selection_candidate *candidates, size_t count, int tier)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || (chimes(&candidates[i], tier) && candidates[i].prefer);
    for (size_t i = 0; any && i < count; i++)
        if (chimes(&candidates[i], tier) && !candidates[i].prefer)
            candidates[i].reason = GN_REASON_NOT_PREFERRED;
}

static double cost_of(const struct selection_candidate *c)
{
    return c->distance_s + c->stratum * STRATUM_COST_S;
}

static bool choose_system(struct selection *selection, const struct selection_candidate *candidates,
                          size_t count, int tier)
{
    size_t best = count, current = count;
    for (size_t i = 0; i < count; i++) {
        if (!chimes(&candidates[i], tier))
            continue;
        if (best == count || cost_of(&candidates[i]) < cost_of(&candidates[best]))
            best = i;
        if (candidates[i].current)
            current = i;
    }
    if (best == count)
        return false;
    selection->system = best;
    if (current < count &&
        cost_of(&candidates[current]) <= CLEARLY_BETTER * cost_of(&candidates[best]))
        selection->system = current;
    return true;
}

static void mark_used(const struct selection *selection, struct selection_candidate *candidates,
                      size_t count, int tier)
{
    double most_s = MAX_DISTANCE_RATIO * candidates[selection->system].distance_s;
    for (size_t i = 0; i < count; i++) {
        struct selection_candidate *c = &candidates[i];
        if (!chimes(c, tier))
            continue;
        if (i == selection->system)
            c->state = GN_SOURCE_SELECTED;
        else if (c->distance_s <= most_s)
            c->state = GN_SOURCE_COMBINED;
        else
            c->reason = GN_REASON_NOT_COMBINED;
    }
}

/* What the tier lacks; OK: it is taken. */
static enum gn_reason try_tier(struct selection *selection, struct selection_candidate *candidates,
                               size_t count, struct selection_edge *edges, int tier,
                               int min_sources)
{
    enum gn_reason why = GN_REASON_OK;
    selection->tier = tier;
    if (!find_majority(selection, candidates, count, edges, tier))
        return GN_REASON_NO_MAJORITY;
    count_agreeing(selection, candidates, count);
    if (min_sources > 0 && selection->agreeing < (size_t)min_sources)
        why = GN_REASON_WAITING;
    else if (!requirement_met(selection, candidates, count))
        why = GN_REASON_REQUIRED;
    if (why != GN_REASON_OK)
        hold_back(candidates, count, tier, why);
    return why;
}

/* Those of later tiers have no say; who failed in an earlier one may be what it failed by. */
static void judge_other_tiers(const struct selection *selection,
                              struct selection_candidate *candidates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct selection_candidate *c = &candidates[i];
        if (c->usable && c->tier > selection->tier) {
            c->state = GN_SOURCE_UNSELECTED;
            c->reason = GN_REASON_TIER;
        } else if (c->usable && c->tier < selection->tier && c->state == GN_SOURCE_UNSELECTED &&
                   fpclassify(selection_outside_s(selection, c)) != FP_ZERO) {
            c->state = GN_SOURCE_FALSETICKER;
            c->reason = GN_REASON_DISAGREES;
            c->outside_s = selection_outside_s(selection, c);
        }
    }
}

void selection_run(struct selection *selection, struct selection_candidate *candidates,
                   size_t count, struct selection_edge *edges, int min_sources)
{
    struct selection first = {.why = GN_REASON_OK};
    int tier = 0;
    bool begun = false;
    memset(selection, 0, sizeof *selection);
    while (next_tier(candidates, count, !begun, &tier)) {
        memset(selection, 0, sizeof *selection);
        selection->why = try_tier(selection, candidates, count, edges, tier, min_sources);
        if (selection->why == GN_REASON_OK)
            break;
        first = begun ? first : *selection;
        begun = true;
    }
    if (selection->why != GN_REASON_OK)
        *selection = first;
    if (selection->truechimers == 0 || selection->why != GN_REASON_OK)
        return;
    judge_other_tiers(selection, candidates, count);
    keep_preferred(candidates, count, tier);
    leave_distant(candidates, count, tier, edges);
    selection->found = choose_system(selection, candidates, count, tier);
    if (selection->found)
        mark_used(selection, candidates, count, tier);
}
