/* SPDX-License-Identifier: Apache-2.0 */

/* One source of the pipeline: its life, what selection is told of it, and reports. */

#include <errno.h>
#include <math.h>
#include <pipeline/pipeline_internal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Frequency carried from one source, or one start, to the next is no better than this. */
#define INHERITED_SD 1e-6

/* --- life --- */

void pipeline_start_estimate(const struct pipeline *pipeline, struct pipeline_source *source)
{
    double frequency = pipeline->drift, sd = pipeline->drift_sd;
    if (pipeline->valid) {
        frequency = pipeline->fit.frequency;
        sd = hypot(2 * sqrt(pipeline->fit.frequency_variance), INHERITED_SD);
    }
    if (pipeline->config.local.orphan)
        sd = hypot(sd, PIPELINE_ORPHAN_SD);
    estimate_init(&source->estimate, frequency, sd);
}

void pipeline_forget_samples(const struct pipeline *pipeline, struct pipeline_source *source)
{
    fusion_forget(pipeline->fusion, &source->seat);
    pipeline_start_estimate(pipeline, source);
    source->poll_s = pipeline_least_poll_s(source);
}

static void forget(const struct pipeline *pipeline, struct pipeline_source *source)
{
    pipeline_forget_samples(pipeline, source);
    filter_init(&source->filter);
    source->fresh = source->heard = false;
    source->reach = 0;
    source->unanswered = 0;
    source->spacing_s = 0;
    source->stratum = source->leap = 0;
    source->follows = source->own_refid = 0;
    source->slow_s = 0;
    source->poll_s = pipeline_least_poll_s(source);
    memset(&source->last, 0, sizeof source->last);
}

void pipeline_source_configure(struct pipeline *pipeline, struct pipeline_source *source,
                               const struct pipeline_source_config *config)
{
    double moved_s = config->offset_s - source->config.offset_s;
    source->config = *config;
    snprintf(source->name, sizeof source->name, "%s", config->name != NULL ? config->name : "");
    source->config.name = source->name;
    /* The samples so far carry the old correction. */
    estimate_shift(&source->estimate, gn_nanoseconds(moved_s));
    if (fpclassify(moved_s) != FP_ZERO)
        fusion_forget(pipeline->fusion, &source->seat);
    source->poll_s =
        fmax(pipeline_least_poll_s(source), fmin(pipeline_most_poll_s(source), source->poll_s));
    pipeline->dirty = true;
}

/* Room for one more candidate. The scratch arrays only grow here, never on the sample path. */
static int make_room(struct pipeline *pipeline)
{
    size_t capacity = pipeline->capacity == 0 ? 8 : 2 * pipeline->capacity;
    struct selection_candidate *candidates;
    struct selection_edge *edges;
    if (pipeline->count < pipeline->capacity)
        return 0;
    candidates = calloc(capacity, sizeof *candidates);
    edges = calloc(2 * capacity, sizeof *edges);
    if (candidates == NULL || edges == NULL) {
        free(candidates);
        free(edges);
        return -ENOMEM;
    }
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        if (s->candidate != NULL)
            s->candidate = memcpy(&candidates[s->candidate - pipeline->candidates], s->candidate,
                                  sizeof *candidates);
    free(pipeline->candidates);
    free(pipeline->edges);
    pipeline->candidates = candidates;
    pipeline->edges = edges;
    pipeline->capacity = capacity;
    return 0;
}

struct pipeline_source *pipeline_source_add(struct pipeline *pipeline,
                                            const struct pipeline_source_config *config)
{
    struct pipeline_source *source;
    if (make_room(pipeline) < 0)
        return NULL;
    source = calloc(1, sizeof *source);
    if (source == NULL)
        return NULL;
    source->seat.filter = &source->filter;
    if (fusion_add(pipeline->fusion, &source->seat) < 0) {
        free(source);
        return NULL;
    }
    pipeline_source_configure(pipeline, source, config);
    forget(pipeline, source);
    source->previous = pipeline->last;
    if (pipeline->last != NULL)
        pipeline->last->next = source;
    else
        pipeline->first = source;
    pipeline->last = source;
    pipeline->count++;
    return source;
}

static void unlink_source(struct pipeline *pipeline, struct pipeline_source *source)
{
    if (source->previous != NULL)
        source->previous->next = source->next;
    else
        pipeline->first = source->next;
    if (source->next != NULL)
        source->next->previous = source->previous;
    else
        pipeline->last = source->previous;
    pipeline->count--;
}

void pipeline_source_remove(struct pipeline *pipeline, struct pipeline_source *source)
{
    if (source == NULL)
        return;
    unlink_source(pipeline, source);
    if (pipeline->system == source)
        pipeline->system = NULL;
    for (size_t i = 0; i < pipeline->event_count; i++)
        if (pipeline->events[i].source == source)
            pipeline->events[i].source = NULL;
    pipeline->dirty = true;
    fusion_remove(pipeline->fusion, &source->seat);
    free(source);
}

void pipeline_source_reset(struct pipeline *pipeline, struct pipeline_source *source,
                           uint32_t refid)
{
    forget(pipeline, source);
    source->reachable = false;
    source->config.refid = refid;
    source->fault = GN_REASON_OK;
    source->detail[0] = '\0';
    pipeline->dirty = true;
}

void pipeline_source_poll(struct pipeline *pipeline, struct pipeline_source *source, gn_local now)
{
    source->polled = true;
    source->reach = (uint8_t)(source->reach << 1);
    source->unanswered++;
    /* Two lost replies are chance; from the third on the server is given more rest each time. */
    if (source->unanswered > 3 && source->heard)
        source->poll_s = fmin(1.5 * source->poll_s, pipeline_most_poll_s(source));
    if (source->reach == 0 && source->reachable) {
        double silent_s = gn_seconds(gn_local_sub(now, source->last.at));
        source->reachable = false;
        if (source->fault != GN_REASON_LOOP) /* it answers, and that it follows us was told */
            pipeline_tell(
                pipeline, GN_EVENT_SOURCE_UNREACHABLE, GN_WARNING, source, silent_s,
                "%s no longer answers: %u polls without a reply, the last one came %.0f s ago",
                source->name, source->unanswered - 1, silent_s);
    }
}

void pipeline_source_slow(struct pipeline *pipeline, struct pipeline_source *source, double least_s)
{
    (void)pipeline;
    if (!isfinite(least_s))
        return;
    source->slow_s = least_s;
    source->poll_s = fmax(source->poll_s, pipeline_least_poll_s(source));
}

/* Faults that are worth a line of their own; the others show in the state of the source. */
static bool worth_telling(enum gn_reason reason)
{
    return reason != GN_REASON_OK && reason != GN_REASON_STARTING &&
           reason != GN_REASON_RESOLVING && reason != GN_REASON_NO_REPLY &&
           reason != GN_REASON_DELAY && reason != GN_REASON_OFFLINE; /* whoever did that knows */
}

/* Nothing is wrong there: orphans follow each other, and many machines have no hardware clock. */
static bool is_usual(const struct pipeline *pipeline, const struct pipeline_source *source,
                     enum gn_reason reason)
{
    return reason == GN_REASON_ABSENT ||
           (reason == GN_REASON_LOOP &&
            (pipeline->config.local.orphan || source->config.mode == GN_MODE_PEER));
}

void pipeline_source_fault(struct pipeline *pipeline, struct pipeline_source *source,
                           enum gn_reason reason, const char *detail)
{
    const char *words = reason == GN_REASON_OK || detail == NULL ? "" : detail;
    bool news =
        source->fault != reason || strncmp(source->detail, words, sizeof source->detail - 1);
    source->fault = reason;
    if (reason == GN_REASON_DELAY) { /* it answers, if not well enough: that is no silence */
        source->reach |= 1;
        source->unanswered = 0;
        source->refused++;
    }
    if (reason == GN_REASON_UNSYNCHRONISED || reason == GN_REASON_LOOP)
        source->follows = 0; /* it has no clock to be followed */
    snprintf(source->detail, sizeof source->detail, "%s", words);
    if (news && worth_telling(reason) && words[0] != '\0')
        pipeline_tell(pipeline, GN_EVENT_SOURCE_FAULT,
                      is_usual(pipeline, source, reason) ? GN_INFO : GN_WARNING, source, 0,
                      "%s: %s", source->name, source->detail);
}

/* --- judgement --- */

bool pipeline_source_answered(const struct pipeline_source *source)
{
    return source->estimate.valid && source->heard;
}

static bool silent(const struct pipeline_source *source, gn_local now)
{
    double age_s = gn_seconds(gn_local_sub(now, source->last.at));
    double spacing_s = fmax(1, fmax(source->spacing_s, source->poll_s));
    if (source->fault == GN_REASON_DELAY)
        return age_s > PIPELINE_REFUSED_INTERVALS * spacing_s;
    if (source->polled)
        return source->reach == 0;
    return age_s > PIPELINE_SILENT_INTERVALS * spacing_s;
}

static enum gn_reason why_unusable(const struct pipeline *pipeline,
                                   const struct pipeline_source *source,
                                   const struct selection_candidate *candidate, gn_local now)
{
    if (source->fault == GN_REASON_LOOP || source->fault == GN_REASON_UNSYNCHRONISED ||
        source->fault == GN_REASON_KISS || source->fault == GN_REASON_OFFLINE)
        return source->fault;
    if (!pipeline_source_answered(source)) {
        if (source->fault != GN_REASON_OK)
            return source->fault;
        return source->unanswered > 1 ? GN_REASON_NO_REPLY : GN_REASON_STARTING;
    }
    if (silent(source, now))
        return source->fault != GN_REASON_OK ? source->fault : GN_REASON_NO_REPLY;
    if (source->leap == GN_LEAP_UNSYNCHRONISED || source->stratum >= 16)
        return GN_REASON_UNSYNCHRONISED;
    if (source->config.noselect)
        return GN_REASON_NOSELECT;
    if (pipeline_source_smears(pipeline, source, now))
        return GN_REASON_SMEARS;
    if (source->stratum < pipeline->config.min_stratum ||
        source->stratum > pipeline->config.max_stratum)
        return GN_REASON_STRATUM;
    if (!(candidate->distance_s <= pipeline->config.max_distance_s))
        return GN_REASON_DISTANCE;
    if (filter_jitter_s(&source->filter) > pipeline->config.max_jitter_s)
        return GN_REASON_JITTER;
    return GN_REASON_OK;
}

/*
 * Two bounds hold for a two-way source, and the smaller is taken: that of the estimate, and that
 * of the last exchange alone grown with the doubt about the frequency. Early on the second is
 * the narrow one.
 */
static void bound(const struct pipeline_source *source, const struct estimate_fit *fit,
                  struct selection_candidate *candidate)
{
    double sd = estimate_fit_sd(fit);
    double root_s = source->root_delay_s / 2 + source->root_dispersion_s;
    double fixed_s = filter_recent_delay_s(&source->filter) / 2 + source->last.dispersion_s;
    double age_s = fmax(0, gn_seconds(gn_local_sub(fit->at, source->last.at)));
    double drifted_s = PIPELINE_INTERVAL_SIGMAS * age_s *
                       sqrt(fit->frequency_variance + fit->wander_variance * age_s / 3);
    double alone_s = HUGE_VAL;
    if (source->filter.count > 0)
        alone_s = source->last.delay_s / 2 + source->last.dispersion_s + fabs(source->residual_s) +
                  drifted_s;
    candidate->interval_s = root_s + fmin(fixed_s + PIPELINE_INTERVAL_SIGMAS * sd, alone_s);
    candidate->distance_s = root_s + fmin(fixed_s + sd, alone_s);
}

static enum gn_source_state state_for(enum gn_reason reason)
{
    if (reason == GN_REASON_NOSELECT)
        return GN_SOURCE_UNSELECTED;
    if (reason == GN_REASON_SMEARS)
        return GN_SOURCE_FALSETICKER;
    return reason == GN_REASON_JITTER ? GN_SOURCE_JITTERY : GN_SOURCE_UNUSABLE;
}

void pipeline_source_judge(struct pipeline *pipeline, struct pipeline_source *source, gn_local now,
                           int64_t base_ns)
{
    struct selection_candidate *candidate = source->candidate;
    struct estimate_fit fit;
    *candidate = (struct selection_candidate){
        .prefer = source->config.prefer,
        .trust = source->config.trust,
        .require = source->config.require && !source->config.noselect,
        .tier = source->config.tier,
        .current = pipeline->system == source,
        .stratum = source->stratum,
    };
    if (source->estimate.valid) {
        estimate_get(&source->estimate, now, &fit);
        candidate->offset_s = gn_seconds(fit.base_ns - base_ns) + fit.offset_s;
        candidate->variance = fit.variance;
        candidate->frequency = fit.frequency;
        candidate->frequency_variance = fit.frequency_variance;
        candidate->samples = source->estimate.samples;
        candidate->feigned_frequency =
            PIPELINE_FEIGNED_SHARE * filter_recent_delay_s(&source->filter) /
            fmax(1, gn_seconds(gn_local_sub(source->last.at, source->estimate.first)));
        bound(source, &fit, candidate);
    }
    candidate->reason = why_unusable(pipeline, source, candidate, now);
    candidate->usable = candidate->reason == GN_REASON_OK;
    candidate->state = state_for(candidate->reason);
}

/* --- report --- */

/* The plugin's words, or why nobody is selected. */
static const char *detail_of(const struct pipeline *pipeline, const struct pipeline_source *source)
{
    bool held_back = source->candidate != NULL && pipeline->why != GN_REASON_OK &&
                     source->candidate->reason == pipeline->why;
    return source->detail[0] == '\0' && held_back ? pipeline->why_text : source->detail;
}

void pipeline_source_report(const struct pipeline *pipeline, const struct pipeline_source *source,
                            gn_local now, int64_t system_ns, double frequency,
                            struct gn_source_report *report)
{
    const struct selection_candidate *candidate = source->candidate;
    system_ns = pipeline_unsmeared_ns(pipeline, now, system_ns);
    report->mode = (uint8_t)source->config.mode;
    report->state = (uint8_t)(candidate != NULL ? candidate->state : GN_SOURCE_UNUSABLE);
    report->reason = (uint8_t)(candidate != NULL ? candidate->reason : GN_REASON_STARTING);
    report->detail = detail_of(pipeline, source);
    report->stratum = source->stratum;
    report->leap = source->leap;
    report->reach = source->reach;
    report->poll_log2s = (int8_t)lround(log2(source->poll_s));
    report->refid = source->config.refid;
    report->last_rx_age_s = source->taken > 0 && source->estimate.valid
                                ? gn_seconds(gn_local_sub(now, source->last.at))
                                : -1;
    report->last_offset_s = source->last_offset_s;
    report->error_s = source->last.delay_s / 2 + source->last.dispersion_s;
    report->delay_s = source->last.delay_s;
    report->root_distance_s = candidate != NULL ? candidate->distance_s : 0;
    report->samples = source->estimate.samples;
    report->jitter_s = filter_jitter_s(&source->filter);
    report->samples_total = source->taken;
    report->samples_refused = source->refused;
    if (source->estimate.valid) {
        struct estimate_fit fit;
        estimate_get(&source->estimate, now, &fit);
        report->span_s = gn_seconds(gn_local_sub(source->last.at, source->estimate.first));
        report->offset_s = gn_seconds(now.ns - system_ns + fit.base_ns) + fit.offset_s;
        report->offset_sd_s = estimate_fit_sd(&fit);
        report->frequency = (1 + fit.frequency) / (1 + frequency) - 1;
        report->frequency_skew = sqrt(fit.frequency_variance);
    }
}

const struct pipeline_source *pipeline_source_next(const struct pipeline *pipeline,
                                                   const struct pipeline_source *source)
{
    return source == NULL ? pipeline->first : source->next;
}
