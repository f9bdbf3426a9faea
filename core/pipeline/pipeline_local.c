/* SPDX-License-Identifier: Apache-2.0 */

/* The own clock as a reference: what the pipeline asks local.h, and what it tells of it. */

#include <math.h>
#include <pipeline/pipeline_internal.h>
#include <stdio.h>

/* Reference id of a host that serves its own clock. Spec: RFC 5905 §7.3 does not name one;
 * ntpd's and chrony's 127.127.1.1. */
#define LOCAL_REFID 0x7F7F0101u
/* The root distance grows slowly: nobody misses a second. */
#define LEAST_LOOK_S 1.0

/* --- orphans, and peers --- */

static void refuse(struct pipeline_source *source, enum gn_reason reason)
{
    source->candidate->usable = false;
    source->candidate->state = GN_SOURCE_UNSELECTED;
    source->candidate->reason = reason;
}

/* With a time or without one: it has a word of its own on whom it follows. */
static bool answers(const struct pipeline_source *source)
{
    return source->reach != 0 || source->fault == GN_REASON_LOOP ||
           source->fault == GN_REASON_UNSYNCHRONISED;
}

/* A reference id of stratum 1 and above names a clock, not a host; one of 127 names nobody. */
static bool names_a_host(const struct pipeline_source *source)
{
    return source->config.mode != GN_MODE_REFCLOCK && source->stratum > 1 && source->follows != 0 &&
           source->follows >> 24 != 127;
}

/* Peers among each other are a group as orphans are: a ring of them would follow itself, each a
 * stratum above the other. */
static bool is_of_group(const struct pipeline *pipeline, const struct pipeline_source *source)
{
    return pipeline->config.local.orphan ? source->config.mode != GN_MODE_REFCLOCK
                                         : source->config.mode == GN_MODE_PEER;
}

static enum gn_reason why_not_first_hand(const struct pipeline *pipeline,
                                         const struct pipeline_source *source)
{
    if (!names_a_host(source) || !is_of_group(pipeline, source))
        return GN_REASON_OK;
    if (source->follows == source->own_refid)
        return GN_REASON_LOOP;
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        if (s != source && is_of_group(pipeline, s) && s->config.refid == source->follows &&
            answers(s))
            return GN_REASON_SECOND_HAND;
    return GN_REASON_OK;
}

/* Returns the orphan of the smallest reference id; NULL: there is none. */
static struct pipeline_source *set_orphans_apart(struct pipeline *pipeline)
{
    const struct local_config *config = &pipeline->config.local;
    struct pipeline_source *least = NULL;
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        bool usable = s->candidate->usable;
        s->orphan = s->config.mode != GN_MODE_REFCLOCK && s->estimate.valid &&
                    local_is_orphan(config, s->stratum);
        if (s->orphan && usable)
            refuse(s, GN_REASON_ORPHAN);
        if (s->orphan && usable && s->stratum == config->stratum &&
            (least == NULL || s->config.refid < least->config.refid))
            least = s;
    }
    return least;
}

/* Returns whether a source is left. */
static bool set_second_hand_apart(const struct pipeline *pipeline)
{
    bool any = false;
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        enum gn_reason reason = why_not_first_hand(pipeline, s);
        if (s->candidate->usable && reason != GN_REASON_OK)
            refuse(s, reason);
        any = any || s->candidate->usable;
    }
    return any;
}

void pipeline_local_elect(struct pipeline *pipeline, struct pipeline_turn *turn)
{
    struct pipeline_source *least = set_orphans_apart(pipeline);
    bool any = set_second_hand_apart(pipeline);
    if (!pipeline->config.local.orphan || any || least == NULL)
        return;
    if (least->own_refid == 0 && !pipeline->nameless)
        pipeline_tell(pipeline, GN_EVENT_SOURCE_FAULT, GN_WARNING, least, 0,
                      "%s is an orphan, and it is not known by which address it knows us: it is "
                      "not followed",
                      least->name);
    pipeline->nameless = least->own_refid == 0;
    if (!local_yields(least->own_refid, least->config.refid))
        return;
    least->candidate->usable = true;
    least->candidate->reason = GN_REASON_OK;
    turn->orphan = true;
}

bool pipeline_local_changed(const struct pipeline *pipeline, const struct pipeline_source *source,
                            const struct gn_sample *sample)
{
    return pipeline->config.local.orphan && source->estimate.valid &&
           source->config.mode != GN_MODE_REFCLOCK &&
           (source->follows != sample->refid ||
            source->stratum != pipeline_stratum_of(source, sample));
}

/* --- the own clock --- */

static struct local_view view_at(const struct pipeline *pipeline, gn_local now)
{
    bool bounded = pipeline->bounded && !pipeline->barred;
    return (struct local_view){
        .now = now,
        .selected = pipeline->system != NULL && !pipeline->barred,
        .bounded = bounded,
        .distance_s = bounded ? pipeline_distance_s(pipeline, now) : HUGE_VAL,
    };
}

void pipeline_local_run(struct pipeline *pipeline, gn_local now)
{
    const struct local_config *config = &pipeline->config.local;
    struct local_view view;
    char why[sizeof((struct gn_tracking *)0)->local_why];
    if (!config->serve && !pipeline->local.serving)
        return;
    view = view_at(pipeline, now);
    if (!local_update(&pipeline->local, config, &view))
        return;
    pipeline->dirty = true;
    if (pipeline->local.serving)
        pipeline_tell(pipeline, GN_EVENT_LOCAL, pipeline->local.ever ? GN_WARNING : GN_INFO, NULL,
                      config->stratum, "serving the own clock (local, stratum %u): %s",
                      config->stratum, local_why(&pipeline->local, config, &view, why, sizeof why));
    else
        pipeline_tell(pipeline, GN_EVENT_LOCAL, GN_INFO, NULL, 0,
                      "no longer serving the own clock (local)");
}

/* How long until the root distance exceeds the limit, by the rate that was published. */
static int64_t grown_in_ns(const struct pipeline *pipeline, gn_local now)
{
    double rest_s = pipeline->config.local.distance_s - pipeline_distance_s(pipeline, now);
    double rate = pipeline->state.dispersion_rate;
    if (!(rest_s > 0) || !(rest_s < rate * pipeline->horizon_s))
        return -1; /* it is exceeded already, or the next snapshot comes first */
    return gn_nanoseconds(fmax(rest_s / rate, LEAST_LOOK_S));
}

int64_t pipeline_local_look_in_ns(const struct pipeline *pipeline, gn_local now)
{
    const struct local_config *config = &pipeline->config.local;
    struct local_view view;
    int64_t wait_ns, grown_ns;
    if (!config->serve || pipeline->local.serving)
        return -1;
    view = view_at(pipeline, now);
    wait_ns = local_look_in_ns(&pipeline->local, config, &view);
    grown_ns = view.bounded ? grown_in_ns(pipeline, now) : -1;
    if (wait_ns < 0 || grown_ns < 0)
        return wait_ns < 0 ? grown_ns : wait_ns;
    return wait_ns < grown_ns ? wait_ns : grown_ns;
}

/*
 * Whom we follow agrees by definition: of the way to the reference nothing remains but the reading
 * of the clock. How far the clock is from UTC is another question, which the error bound answers;
 * nobody measures it, so the clock is not synchronised.
 */
void pipeline_local_state(const struct pipeline *pipeline, struct gn_state *state)
{
    if (!pipeline->local.serving)
        return;
    state->synchronised = false;
    state->stratum = pipeline->config.local.stratum;
    state->leap = (uint8_t)pipeline->leap.pending;
    state->refid = LOCAL_REFID;
    state->root_delay_s = 0;
    state->root_dispersion_s = ldexp(1, pipeline->config.precision_log2s);
    state->dispersion_rate = 0;
    state->ref_time = state->utc;
}

void pipeline_local_tracking(const struct pipeline *pipeline, gn_local now,
                             struct gn_tracking *tracking)
{
    struct local_view view = view_at(pipeline, now);
    if (!pipeline->local.serving)
        return;
    tracking->local_since = gn_state_utc(&pipeline->state, pipeline->local.since);
    local_why(&pipeline->local, &pipeline->config.local, &view, tracking->local_why,
              sizeof tracking->local_why);
}
