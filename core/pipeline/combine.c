/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/combine.h>
#include <string.h>

/* As chrony's combinelimit: a source three times as far away adds nothing. */
#define MAX_DISTANCE_RATIO 3.0
#define MAX_SIGMAS 3.0

static bool close_to(const struct selection_candidate *c, const struct selection_candidate *system)
{
    double apart_s = fabs(c->offset_s - system->offset_s);
    return c->distance_s <= MAX_DISTANCE_RATIO * system->distance_s &&
           apart_s <= MAX_SIGMAS * sqrt(selection_worth(c) + selection_worth(system));
}

static void mark(struct selection_candidate *candidates, size_t count, size_t system)
{
    for (size_t i = 0; i < count; i++) {
        struct selection_candidate *c = &candidates[i];
        if (!c->usable || c->state != GN_SOURCE_UNSELECTED || c->reason != GN_REASON_OK)
            continue;
        if (i == system)
            c->state = GN_SOURCE_SELECTED;
        else if (close_to(c, &candidates[system]))
            c->state = GN_SOURCE_COMBINED;
        else
            c->reason = GN_REASON_NOT_COMBINED;
    }
}

static bool taken(const struct selection_candidate *c)
{
    return c->state >= GN_SOURCE_COMBINED;
}

static void add(struct estimate_fit *fit, const struct selection_candidate *c, double w, double wf)
{
    fit->offset_s += w * c->offset_s;
    fit->variance += w * c->variance;
    fit->covariance += w * c->covariance;
    fit->frequency += wf * c->frequency;
    fit->frequency_variance += wf * c->frequency_variance;
    fit->wander_variance += wf * c->wander_variance;
}

/* Offset and frequency have weights of their own, so the covariance must be made to fit them. */
static void bound_covariance(struct estimate_fit *fit)
{
    double most = 0.99 * sqrt(fit->variance * fit->frequency_variance);
    fit->covariance = fmax(-most, fmin(most, fit->covariance));
}

static void measure_spread(struct combine *combine, const struct selection_candidate *candidates,
                           size_t count, size_t system, double sum)
{
    double square = 0;
    for (size_t i = 0; i < count; i++) {
        double apart_s = candidates[i].offset_s - combine->fit.offset_s;
        if (taken(&candidates[i]))
            square += apart_s * apart_s / selection_worth(&candidates[i]) / sum;
    }
    combine->spread_s =
        fmax(sqrt(square), fabs(candidates[system].offset_s - combine->fit.offset_s));
}

void combine_run(struct combine *combine, struct selection_candidate *candidates, size_t count,
                 size_t system, gn_local at, int64_t base_ns)
{
    double sum = 0, frequency_sum = 0;
    memset(combine, 0, sizeof *combine);
    combine->fit.at = at;
    combine->fit.base_ns = base_ns;
    mark(candidates, count, system);
    for (size_t i = 0; i < count; i++)
        if (taken(&candidates[i])) {
            sum += 1 / selection_worth(&candidates[i]);
            frequency_sum += 1 / candidates[i].frequency_variance;
            combine->used++;
        }
    for (size_t i = 0; i < count; i++)
        if (taken(&candidates[i]))
            add(&combine->fit, &candidates[i], 1 / selection_worth(&candidates[i]) / sum,
                1 / candidates[i].frequency_variance / frequency_sum);
    bound_covariance(&combine->fit);
    measure_spread(combine, candidates, count, system, sum);
    /* Leave the offset small: nanoseconds belong into the base. */
    estimate_fit_advance(&combine->fit, at);
}
