/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A daemon with something broken, that the storms must notice: the linker's --wrap puts these in
 * front of the pipeline's own functions. $GNOMON_BROKEN says what; without it all is sound.
 */

#include <math.h>
#include <pipeline/discipline.h>
#include <pipeline/selection.h>
#include <stdlib.h>
#include <string.h>

void __real_discipline_run(struct discipline *, const struct pipeline_config *,
                           const struct discipline_input *, struct discipline_order *);
void __wrap_discipline_run(struct discipline *, const struct pipeline_config *,
                           const struct discipline_input *, struct discipline_order *);
void __real_pipeline_tracking(const struct pipeline *, gn_local, int64_t, double,
                              struct gn_tracking *);
void __wrap_pipeline_tracking(const struct pipeline *, gn_local, int64_t, double,
                              struct gn_tracking *);
void __real_selection_run(struct selection *, struct selection_candidate *, size_t,
                          struct selection_edge *, int);
void __wrap_selection_run(struct selection *, struct selection_candidate *, size_t,
                          struct selection_edge *, int);

static bool is(const char *what)
{
    const char *broken = getenv("GNOMON_BROKEN");
    return broken != NULL && strcmp(broken, what) == 0;
}

void __wrap_discipline_run(struct discipline *discipline, const struct pipeline_config *config,
                           const struct discipline_input *in, struct discipline_order *order)
{
    struct pipeline_config policy = *config;
    struct discipline_input seen = *in;
    if (is("sign"))
        seen.error_s = -seen.error_s;
    if (is("drift"))
        seen.frequency = -seen.frequency;
    if (is("late step"))
        policy.step_updates = -1;
    if (is("small step"))
        policy.step_threshold_s = 1e-3;
    if (is("slew clamp"))
        policy.max_slew_rate = 1;
    if (is("frequency clamp"))
        seen.frequency *= 20, policy.max_frequency = 1;
    __real_discipline_run(discipline, &policy, &seen, order);
}

void __wrap_pipeline_tracking(const struct pipeline *pipeline, gn_local now, int64_t system_ns,
                              double frequency, struct gn_tracking *tracking)
{
    __real_pipeline_tracking(pipeline, now, system_ns, frequency, tracking);
    if (is("bound")) {
        tracking->state.error_bound_s /= 100;
        tracking->state.dispersion_rate /= 100;
        tracking->state.root_dispersion_s /= 100;
    }
    if (is("number") && tracking->state.synchronised)
        tracking->residual_frequency = NAN;
    if (is("never"))
        tracking->state.synchronised = false;
}

void __wrap_selection_run(struct selection *selection, struct selection_candidate *candidates,
                          size_t count, struct selection_edge *edges, int min_sources)
{
    __real_selection_run(selection, candidates, count, edges, min_sources);
    for (size_t i = 0; i < count && selection->found; i++) {
        struct selection_candidate *c = &candidates[i];
        bool lies = c->state == GN_SOURCE_FALSETICKER;
        if (is("credulous") && lies) {
            c->usable = true;
            c->state = GN_SOURCE_SELECTED;
            c->reason = GN_REASON_OK;
            selection->system = i;
        }
        if (is("suspicious") && c->usable && i != selection->system) {
            c->state = GN_SOURCE_FALSETICKER;
            c->reason = GN_REASON_DISAGREES;
        }
    }
}
