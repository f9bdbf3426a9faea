/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <pipeline/pipeline_internal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nothing known of an oscillator: within so much of its nominal frequency, 1 sigma. */
#define UNKNOWN_DRIFT_SD 1e-4
/* A drift from a file was true before the machine was off. */
#define AGED_DRIFT_SD 1e-6
/* The wire rounds root dispersion up to the next of these. Spec: RFC 5905 §6, short format. */
#define ROOT_UNIT_S (1.0 / 65536)
/* Weight of the newest in the RMS offset. As chrony. */
#define RMS_GAIN 0.1

void pipeline_config_init(struct pipeline_config *config)
{
    *config = (struct pipeline_config){
        .discipline = true,
        .step_threshold_s = 1.0,
        .step_updates = 3,
        .max_change_after = 1,
        .max_frequency = 5e-4,
        .max_slew_rate = 1.0 / 12,
        .max_distance_s = 3.0,
        .max_jitter_s = 1.0,
        .min_sources = 1,
        .max_stratum = 15,
        .precision_log2s = -20,
        .local = {.stratum = 10, .distance_s = 1},
    };
}

struct pipeline *pipeline_create(const struct pipeline_config *config, gn_local now,
                                 double frequency, double skew)
{
    struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (pipeline == NULL)
        return NULL;
    pipeline->config = *config;
    pipeline->drift = frequency;
    pipeline->drift_known = skew >= 0;
    pipeline->drift_sd =
        skew >= 0 ? fmin(hypot(skew, AGED_DRIFT_SD), UNKNOWN_DRIFT_SD) : UNKNOWN_DRIFT_SD;
    pipeline->fusion = fusion_create();
    if (pipeline->fusion == NULL) {
        free(pipeline);
        return NULL;
    }
    fusion_expect(pipeline->fusion, pipeline->drift, pipeline->drift_sd);
    pipeline->updated = now;
    pipeline->horizon_s = PIPELINE_HORIZON_S;
    pipeline->dirty = true;
    discipline_init(&pipeline->discipline);
    leap_init(&pipeline->leap);
    pipeline->tai_offset_s = GN_TAI_UNKNOWN;
    local_init(&pipeline->local, now);
    /* Until the first run tells what the system clock shows: local starts at its time. */
    pipeline_state_build(pipeline, now, now.ns, frequency);
    return pipeline;
}

void pipeline_destroy(struct pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    while (pipeline->first != NULL)
        pipeline_source_remove(pipeline, pipeline->first);
    fusion_destroy(pipeline->fusion);
    free(pipeline->candidates);
    free(pipeline->edges);
    free(pipeline->events);
    free(pipeline);
}

void pipeline_configure(struct pipeline *pipeline, const struct pipeline_config *config)
{
    pipeline->config = *config;
    pipeline->dirty = true;
}

bool pipeline_disciplines(const struct pipeline *pipeline)
{
    return pipeline->config.discipline && !pipeline->refused;
}

/* --- what happens to the clock from outside --- */

void pipeline_clock_moved(struct pipeline *pipeline, gn_local now, double by_s)
{
    (void)now;
    (void)by_s;
    pipeline->moved = true;
    pipeline->dirty = true;
}

void pipeline_suspended(struct pipeline *pipeline, gn_local now, double by_s)
{
    (void)by_s;
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        estimate_restart(&s->estimate);
        s->heard = false;
        s->poll_s = fmax(ldexp(1, s->config.min_poll_log2s), s->slow_s);
    }
    if (pipeline->valid) /* the oscillator is the same */
        fusion_expect(pipeline->fusion, pipeline->fit.frequency,
                      hypot(2 * sqrt(pipeline->fit.frequency_variance), AGED_DRIFT_SD));
    fusion_restart(pipeline->fusion);
    pipeline->valid = false;
    pipeline->bounded = false;
    pipeline->held = false;
    pipeline->agreed = false;
    pipeline->leap.owed_ns = 0;
    local_restart(&pipeline->local, now);
    discipline_moved(&pipeline->discipline); /* the kernel has set the clock by a rough one */
    if (pipeline->clock_state != GN_CLOCK_UNSET)
        pipeline->clock_state = GN_CLOCK_FREE_RUNNING;
    pipeline->dirty = true;
}

bool pipeline_wants_watch(const struct pipeline *pipeline)
{
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        if (s->heard && !s->polled)
            return true;
    return false;
}

void pipeline_clock_refused(struct pipeline *pipeline)
{
    pipeline->refused = true;
    pipeline->dirty = true;
}

int pipeline_makestep(struct pipeline *pipeline)
{
    if (!pipeline_disciplines(pipeline))
        return -EPERM;
    if (!pipeline->valid || !pipeline->bounded)
        return -EAGAIN;
    pipeline->step_now = true;
    return 0;
}

/* --- the estimate --- */

static void note_offset(struct pipeline *pipeline, const struct pipeline_turn *turn,
                        const struct estimate_fit *fit)
{
    struct estimate_fit predicted = pipeline->fit;
    bool first = !pipeline->valid;
    double offset_s;
    if (!first) {
        estimate_fit_advance(&predicted, turn->now);
        pipeline->update_interval_s = gn_seconds(gn_local_sub(turn->now, pipeline->updated));
        pipeline->residual_frequency = fit->frequency - predicted.frequency;
    } else {
        predicted.base_ns = turn->system_ns - turn->now.ns;
        predicted.offset_s = 0;
    }
    offset_s = gn_seconds(fit->base_ns - predicted.base_ns) + fit->offset_s - predicted.offset_s;
    pipeline->last_offset_s = offset_s;
    if (first)
        pipeline->mean_square_s2 = offset_s * offset_s;
    else
        pipeline->mean_square_s2 += RMS_GAIN * (offset_s * offset_s - pipeline->mean_square_s2);
}

double pipeline_error_s(const struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    struct estimate_fit fit = pipeline->fit;
    estimate_fit_advance(&fit, turn->now);
    return gn_seconds(turn->now.ns - turn->system_ns + fit.base_ns) + fit.offset_s;
}

static void note_alone(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    const struct selection_candidate *candidate = pipeline->system->candidate;
    double apart_s =
        candidate->offset_s - gn_seconds(turn->fit.base_ns - turn->base_ns) - turn->fit.offset_s;
    estimate_get(&pipeline->system->estimate, turn->now, &pipeline->alone);
    pipeline->alone_s = fabs(apart_s) + candidate->interval_s -
                        PIPELINE_INTERVAL_SIGMAS * estimate_fit_sd(&pipeline->alone);
}

/* Stamps that are always late by the same are an error that no series of samples shows. A clock of
 * this machine says with its root dispersion what that may be, and not in units of the wire. */
static double common_error_s(const struct pipeline_source *source)
{
    double root_s = source->root_delay_s / 2;
    if (filter_is_clock(&source->filter))
        return root_s + source->root_dispersion_s;
    return root_s + fmax(source->root_dispersion_s - ROOT_UNIT_S, 0) + source->last.dispersion_s;
}

/* What the system source and the fused estimate say becomes ours. Spec: RFC 5905 §11.1. */
static void adopt(struct pipeline *pipeline, struct pipeline_turn *turn)
{
    const struct pipeline_source *source = pipeline->system;
    if (turn->update) {
        note_offset(pipeline, turn, &turn->fit);
        pipeline->updated = turn->now;
        pipeline->dirty = true;
    }
    pipeline->agreed = pipeline->agreed || turn->selection.truechimers > 1;
    pipeline->fit = turn->fit;
    pipeline->valid = true;
    pipeline->root_delay_s = source->root_delay_s + filter_recent_delay_s(&source->filter);
    pipeline->source_dispersion_s =
        source->root_dispersion_s + source->last.dispersion_s + filter_jitter_s(&source->filter);
    note_alone(pipeline, turn);
    pipeline->source_error_s = common_error_s(source);
    pipeline->stratum = (uint8_t)(source->stratum + !source->config.copies);
    pipeline->orphaned = turn->orphan;
    pipeline->refid = source->config.copies ? source->follows : source->config.refid;
    pipeline->horizon_s = fmax(PIPELINE_HORIZON_S, 2 * source->poll_s);
    if (pipeline->clock_state != GN_CLOCK_LOCKED || !pipeline->bounded)
        pipeline_become_synchronised(pipeline, turn);
}

/* --- the clock --- */

static void want_deadline(struct pipeline_actions *actions, gn_local when)
{
    if (!actions->has_deadline || gn_local_sub(when, actions->deadline) < 0)
        actions->deadline = when;
    actions->has_deadline = true;
}

/* Neither the clock nor anybody who asks us gets what is too much to be true. */
static void bar(struct pipeline *pipeline, const struct pipeline_turn *turn,
                const struct discipline_order *order)
{
    int64_t ignore = pipeline->config.max_change_ignore;
    char what[40] = "ignored";
    pipeline->barred = true;
    pipeline->dirty = true;
    turn->actions->panic = order->panic;
    if (order->panic)
        snprintf(what, sizeof what, "giving up, the clock is left alone");
    else if (ignore >= 0)
        snprintf(what, sizeof what, "ignored, %d of %d", (int)pipeline->discipline.refused,
                 (int)ignore);
    pipeline_tell(
        pipeline, GN_EVENT_CHANGE_REFUSED, order->panic ? GN_ERROR : GN_WARNING, NULL,
        order->change_s,
        "a change of the clock by %+.6f s is beyond clock.max_change (%g s): %s; if it is "
        "right, set the clock with \"%s\"",
        order->change_s, pipeline->config.max_change_s, what,
        order->panic ? "gnomond -q" : "gnomonctl makestep");
}

static void unbar(struct pipeline *pipeline)
{
    pipeline->dirty = pipeline->dirty || pipeline->barred;
    pipeline->barred = false;
}

static void apply(struct pipeline *pipeline, const struct pipeline_turn *turn,
                  const struct discipline_order *order)
{
    struct pipeline_actions *actions = turn->actions;
    if (order->refused)
        bar(pipeline, turn, order);
    else if (pipeline->discipline.refused == 0)
        unbar(pipeline);
    if (order->step) {
        actions->step = true;
        actions->step_ns = gn_nanoseconds(order->step_s);
        pipeline->dirty = true;
        pipeline_tell(pipeline, GN_EVENT_STEPPED, GN_WARNING, NULL, order->step_s,
                      "the clock is stepped by %+.9f s", order->step_s);
        want_deadline(actions, turn->now); /* to tell that it is done */
    }
    if (order->steer) {
        actions->steer = true;
        actions->frequency = order->rate;
    }
    if (order->has_deadline)
        want_deadline(actions, order->deadline);
}

/* Until the next update may be expected: all sources that count bring one. */
static double update_interval_s(const struct pipeline *pipeline)
{
    double per_s = 0;
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        if (s->seat.seated && s->seat.wish == FUSION_TAKE)
            per_s += 1 / (s->polled ? s->poll_s : fmax(s->spacing_s, 1));
    return per_s > 0 ? 1 / per_s : PIPELINE_HORIZON_S;
}

static void discipline(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    struct discipline_order order;
    struct discipline_input in = {
        .now = turn->now,
        .rate = turn->frequency,
        .update = turn->update,
        .moved = pipeline->moved,
        .step_now = pipeline->step_now,
    };
    struct estimate_fit fit = pipeline->fit;
    struct pipeline_config policy = pipeline->config;
    if (!pipeline->valid)
        return;
    pipeline->moved = pipeline->step_now = false;
    if (!pipeline_disciplines(pipeline)) {
        discipline_init(&pipeline->discipline);
        unbar(pipeline);
        return;
    }
    estimate_fit_advance(&fit, turn->now);
    in.error_s = pipeline_error_s(pipeline, turn);
    in.error_sd = estimate_fit_sd(&fit);
    in.frequency = fit.frequency + pipeline->smear_rate * (1 + fit.frequency);
    in.frequency_sd = sqrt(fit.frequency_variance);
    in.interval_s = update_interval_s(pipeline);
    if (pipeline->discipline.state == DISCIPLINE_STEP)
        pipeline->dirty = true;
    if (pipeline_leap_slews(pipeline, in.error_s)) {
        policy.step_updates = 0;
        policy.max_change_s = 0; /* it is known where this one comes from */
    }
    discipline_run(&pipeline->discipline, &policy, &in, &order);
    apply(pipeline, turn, &order);
}

/* The drift of the last run is better than what the kernel happens to run at. */
static void apply_drift(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    double limit = pipeline->config.max_frequency;
    if (pipeline->drift_applied || !pipeline->drift_known || !pipeline_disciplines(pipeline))
        return;
    pipeline->drift_applied = true;
    if (pipeline->valid) /* steered already */
        return;
    turn->actions->steer = true;
    turn->actions->frequency = fmax(-limit, fmin(limit, pipeline->drift));
}

static void note_samples(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        double since_s = gn_seconds(gn_local_sub(turn->now, s->last.at));
        /* The clock has not been touched since: it ran at its present rate. */
        if (s->fresh)
            s->last_offset_s = gn_seconds(s->last.base_ns + turn->now.ns - turn->system_ns) +
                               s->last.offset_s + turn->frequency * since_s;
        s->fresh = false;
    }
}

static void look_for_leap(const struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    int64_t in_ns = leap_look_in_ns(&pipeline->leap, pipeline_utc(pipeline, turn->now));
    if (in_ns >= 0 && pipeline->valid)
        want_deadline(turn->actions, gn_local_add(turn->now, in_ns));
}

/* When a wait ends, or the root distance may have grown enough. */
static void look_at_local(const struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    int64_t in_ns = pipeline_local_look_in_ns(pipeline, turn->now);
    if (in_ns >= 0)
        want_deadline(turn->actions, gn_local_add(turn->now, in_ns));
}

static void publish(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    gn_local renew = gn_local_add(pipeline->state.at, gn_nanoseconds(pipeline->horizon_s));
    if (pipeline->dirty || gn_local_sub(turn->now, renew) >= 0) {
        pipeline->dirty = false;
        pipeline_state_build(pipeline, turn->now, turn->system_ns, turn->frequency);
        pipeline_leap_arm(pipeline, turn);
        turn->actions->published = true;
        turn->actions->status = pipeline_disciplines(pipeline);
        renew = gn_local_add(turn->now, gn_nanoseconds(pipeline->horizon_s));
    }
    want_deadline(turn->actions, renew);
    look_for_leap(pipeline, turn);
    look_at_local(pipeline, turn);
    if (pipeline->any_sample && !pipeline->settled)
        want_deadline(turn->actions, gn_local_add(pipeline->first_sample, PIPELINE_WAIT_NS));
}

static void hand_over_events(struct pipeline *pipeline, struct pipeline_actions *actions)
{
    actions->event_count = pipeline->event_count;
    for (size_t i = 0; i < pipeline->event_count; i++)
        actions->events[i] = pipeline->events[i];
    free(pipeline->events);
    pipeline->events = NULL;
    pipeline->event_count = 0;
}

void pipeline_run(struct pipeline *pipeline, gn_local now, int64_t system_ns, double frequency,
                  struct pipeline_actions *actions)
{
    struct pipeline_turn turn = {.now = now,
                                 .system_ns = pipeline_unsmeared_ns(pipeline, now, system_ns),
                                 .shown_ns = system_ns,
                                 .frequency = frequency,
                                 .actions = actions};
    memset(actions, 0, sizeof *actions);
    pipeline_select(pipeline, &turn);
    if (turn.selection.found)
        adopt(pipeline, &turn);
    else
        pipeline_hold_over(pipeline, &turn);
    pipeline_leap_run(pipeline, &turn);
    discipline(pipeline, &turn);
    pipeline_local_run(pipeline, turn.now);
    apply_drift(pipeline, &turn);
    note_samples(pipeline, &turn);
    publish(pipeline, &turn);
    hand_over_events(pipeline, actions);
}
