/* SPDX-License-Identifier: Apache-2.0 */

/* What the pipeline tells: the published snapshot, events, tracking, the drift to be saved. */

#include <math.h>
#include <pipeline/pipeline_internal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Events kept free for those of the clock. */
#define CLOCK_EVENTS 4
/* No oscillator, and no server behind it, is steadier than this. Units: s/s. */
#define LEAST_RATE 1e-8
/* A drift less sure than this is not worth a file. Units: s/s. */
#define DRIFT_WORTH 5e-7
/* A list of leap seconds is not older than this when it expires. Units: ns. */
#define LIST_NS (400 * 86400 * GN_NS_PER_S)

void pipeline_tell(struct pipeline *pipeline, enum gn_event_kind kind, enum gn_level level,
                   const struct pipeline_source *source, double value, const char *format, ...)
{
    size_t room = source != NULL ? PIPELINE_EVENTS - CLOCK_EVENTS : PIPELINE_EVENTS;
    struct pipeline_event *event;
    va_list arguments;
    if (pipeline->events == NULL)
        pipeline->events = calloc(PIPELINE_EVENTS, sizeof *pipeline->events);
    if (pipeline->events == NULL || pipeline->event_count >= room)
        return;
    event = &pipeline->events[pipeline->event_count++];
    event->kind = kind;
    event->level = level;
    event->source = source;
    event->value = value;
    va_start(arguments, format);
    vsnprintf(event->text, sizeof event->text, format, arguments);
    va_end(arguments);
}

double pipeline_doubt_s(const struct pipeline *pipeline, gn_local when)
{
    const struct bank *bank = fusion_bank(pipeline->fusion);
    double doubt_s;
    if (bank_valid(bank)) {
        doubt_s = bank_bound_s(bank, when);
    } else { /* its sources are gone: what remains is the last fit */
        struct estimate_fit fit = pipeline->fit;
        estimate_fit_advance(&fit, when);
        doubt_s = PIPELINE_SIGMAS * estimate_fit_sd(&fit);
    }
    return fmax(doubt_s, ldexp(1, pipeline->config.precision_log2s));
}

/*
 * What is claimed to others, without half of the root delay: the estimate of all may stand where
 * the system source alone would not allow it; this holds for both.
 */
static double dispersion_s(const struct pipeline *pipeline, gn_local when, double doubt_s)
{
    double after_s = gn_seconds(gn_local_sub(when, pipeline->alone.at));
    double alone_s = pipeline->alone_s +
                     PIPELINE_INTERVAL_SIGMAS * estimate_fit_sd_after(&pipeline->alone, after_s);
    return fmax(pipeline->source_dispersion_s + doubt_s, alone_s - pipeline->root_delay_s / 2);
}

double pipeline_distance_s(const struct pipeline *pipeline, gn_local when)
{
    return pipeline->root_delay_s / 2 +
           dispersion_s(pipeline, when, pipeline_doubt_s(pipeline, when));
}

double pipeline_bound_s(const struct pipeline *pipeline, gn_local when)
{
    return hypot(pipeline->source_error_s, pipeline_doubt_s(pipeline, when));
}

/* What is claimed at an instant. The doubt is dear, and both need it. */
static void claim(const struct pipeline *pipeline, gn_local when, struct gn_state *state)
{
    double doubt_s = pipeline_doubt_s(pipeline, when);
    state->root_dispersion_s = dispersion_s(pipeline, when, doubt_s);
    state->error_bound_s = hypot(pipeline->source_error_s, doubt_s);
}

/* Straight lines from now that the claims stay below for the whole horizon. */
static void claim_rates(const struct pipeline *pipeline, gn_local now, struct gn_state *state)
{
    state->dispersion_rate = state->error_bound_rate = LEAST_RATE;
    for (double after_s = pipeline->horizon_s / 4; after_s <= pipeline->horizon_s; after_s *= 2) {
        struct gn_state then;
        claim(pipeline, gn_local_add(now, gn_nanoseconds(after_s)), &then);
        state->dispersion_rate = fmax(
            state->dispersion_rate, (then.root_dispersion_s - state->root_dispersion_s) / after_s);
        state->error_bound_rate =
            fmax(state->error_bound_rate, (then.error_bound_s - state->error_bound_s) / after_s);
    }
}

static void state_from_estimate(const struct pipeline *pipeline, gn_local now,
                                struct gn_state *state)
{
    struct estimate_fit fit = pipeline->fit;
    estimate_fit_advance(&fit, now);
    state->utc = estimate_fit_utc(&fit);
    state->frequency = fit.frequency;
    state->root_delay_s = pipeline->root_delay_s;
    claim(pipeline, now, state);
    claim_rates(pipeline, now, state);
    state->ref_time = gn_utc_add(state->utc, -gn_local_sub(now, pipeline->updated));
}

static void state_from_clock(const struct pipeline *pipeline, int64_t system_ns, double frequency,
                             struct gn_state *state)
{
    state->utc.ns = system_ns;
    state->frequency = frequency;
    state->error_bound_s = pipeline->config.max_distance_s;
    state->root_dispersion_s = pipeline->config.max_distance_s;
    state->dispersion_rate = state->error_bound_rate = fmax(LEAST_RATE, pipeline->drift_sd);
}

static enum gn_clock_state clock_state(const struct pipeline *pipeline)
{
    if (pipeline->barred)
        return GN_CLOCK_FREE_RUNNING;
    return pipeline->discipline.state == DISCIPLINE_STEP ? GN_CLOCK_STEPPING
                                                         : pipeline->clock_state;
}

/* A list is issued for the next half year or year: a clock that shows a time in it is not wrong by
 * years, and the list tells TAI though nothing was measured yet. */
static int32_t tai_offset_s(const struct pipeline *pipeline, int64_t system_ns)
{
    const struct leaptable *table = pipeline->table;
    int64_t left_ns = table != NULL ? gn_utc_sub(table->expires, (gn_utc){system_ns}) : -1;
    int offset_s;
    if (pipeline->tai_offset_s == GN_TAI_UNKNOWN && left_ns > 0 && left_ns < LIST_NS &&
        leaptable_tai_offset(table, (gn_utc){system_ns}, &offset_s))
        return offset_s;
    return pipeline->tai_offset_s;
}

void pipeline_state_build(struct pipeline *pipeline, gn_local now, int64_t system_ns,
                          double frequency)
{
    struct gn_state *state = &pipeline->state;
    bool bounded = pipeline->bounded && !pipeline->barred;
    *state = (struct gn_state){
        .size = sizeof *state,
        .synchronised = bounded && pipeline->clock_state == GN_CLOCK_LOCKED,
        .stratum = bounded ? pipeline->stratum : 16,
        .leap = (uint8_t)(bounded ? pipeline->leap.pending : GN_LEAP_UNSYNCHRONISED),
        .clock_state = (uint8_t)clock_state(pipeline),
        .precision_log2s = pipeline->config.precision_log2s,
        .refid = bounded ? pipeline->refid : 0,
        .at = now,
        .tai_offset_s = tai_offset_s(pipeline, system_ns),
    };
    if (pipeline->valid && !pipeline->barred)
        state_from_estimate(pipeline, now, state);
    else
        state_from_clock(pipeline, system_ns, frequency, state);
    pipeline_local_state(pipeline, state);
}

const struct gn_state *pipeline_state(const struct pipeline *pipeline)
{
    return &pipeline->state;
}

bool pipeline_drift(const struct pipeline *pipeline, double *frequency, double *skew)
{
    *frequency = pipeline->fit.frequency;
    *skew = sqrt(pipeline->fit.frequency_variance);
    return pipeline->valid && !pipeline->barred && *skew < DRIFT_WORTH;
}

bool pipeline_rest(const struct pipeline *pipeline, double *frequency)
{
    double skew;
    *frequency = pipeline->discipline.frequency;
    return pipeline->barred || pipeline_drift(pipeline, frequency, &skew);
}

/* Of the system clock, if no source were heard any more. Without an estimate nobody knows. */
static double lost_error_s(const struct pipeline *pipeline, const struct gn_tracking *tracking,
                           double after_s)
{
    if (!pipeline->valid)
        return NAN;
    return fmax(pipeline_predicted_s(pipeline, tracking->now, after_s) +
                    fabs(tracking->system_offset_s),
                tracking->error_bound_s);
}

void pipeline_tracking(const struct pipeline *pipeline, gn_local now, int64_t system_ns,
                       double frequency, struct gn_tracking *tracking)
{
    const struct gn_state *state = &pipeline->state;
    double rate;
    (void)frequency;
    system_ns = pipeline_unsmeared_ns(pipeline, now, system_ns);
    tracking->leap_smear_s = pipeline_smear_s(pipeline, pipeline_utc(pipeline, now), &rate);
    tracking->size = sizeof *tracking;
    tracking->state = *state;
    tracking->now = now;
    if (pipeline->system != NULL)
        snprintf(tracking->reference_name, sizeof tracking->reference_name, "%s",
                 pipeline->system->name);
    tracking->system_offset_s = gn_seconds(gn_state_utc(state, now).ns - system_ns);
    tracking->last_offset_s = pipeline->last_offset_s;
    tracking->rms_offset_s = sqrt(pipeline->mean_square_s2);
    tracking->residual_frequency = pipeline->residual_frequency;
    tracking->skew = pipeline->valid ? sqrt(pipeline->fit.frequency_variance) : pipeline->drift_sd;
    tracking->root_dispersion_s = gn_state_root_dispersion_s(state, now);
    tracking->update_interval_s = pipeline->update_interval_s;
    tracking->error_bound_s = gn_state_error_bound_s(state, now) + fabs(tracking->system_offset_s);
    pipeline_local_tracking(pipeline, now, tracking);
    tracking->error_bound_1h_s = lost_error_s(pipeline, tracking, 3600);
    tracking->error_bound_24h_s = lost_error_s(pipeline, tracking, 86400);
}
