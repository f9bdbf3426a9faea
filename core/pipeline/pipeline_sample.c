/* SPDX-License-Identifier: Apache-2.0 */

/* A source's samples: what becomes of them, and when it is asked again. */

#include <errno.h>
#include <math.h>
#include <pipeline/pipeline_internal.h>

/* One exchange more is worth its packet when our doubt has grown to this times its own noise. */
#define POLL_GROWTH 1.2
/* … and beyond this interval, which burdens nobody, already at this share of that (a variance).
 * Several sources share the work. */
#define POLL_POLITE_S 720.0
#define POLL_POLITE_SHARED_S 900.0
#define POLL_POLITE_SHARE 0.0025
/* A shorter interval than this share of the age teaches little of the frequency; but by theirs
 * several sources are judged: for so long they are asked more often. */
#define POLL_AGE_SHARE 0.5
#define POLL_JUDGED_SHARE 0.125
#define POLL_JUDGED_S 1024.0

/* An answer that nobody expected is asked about at once: so many times, so far apart, and no sooner
 * again than after so long. Units: s. */
#define QUICK_EXCHANGES 8
#define QUICK_S 2.0
#define QUICK_REST_S 3600.0

/* --- when to ask again --- */

double pipeline_least_poll_s(const struct pipeline_source *source)
{
    return fmax(ldexp(1, source->config.min_poll_log2s), source->slow_s);
}

double pipeline_most_poll_s(const struct pipeline_source *source)
{
    return fmax(pipeline_least_poll_s(source), ldexp(1, source->config.max_poll_log2s));
}

/* How much more we shall doubt the offset, as variance. */
static double growth_after(const struct pipeline *pipeline, const struct pipeline_source *source,
                           const struct estimate_fit *fit, double after_s)
{
    if (source->seat.seated && bank_valid(fusion_bank(pipeline->fusion)))
        return bank_growth(fusion_bank(pipeline->fusion), after_s);
    return after_s * (2 * fit->covariance + after_s * fit->frequency_variance +
                      fit->wander_variance * after_s * after_s / 3);
}

/*
 * The longest interval after which our doubt has grown no more than a further exchange could
 * repair, and which teaches the frequency: samples spread geometrically over the age.
 */
static double wanted_poll_s(const struct pipeline *pipeline, const struct pipeline_source *source,
                            const struct estimate_fit *fit)
{
    double jitter_s = POLL_GROWTH * filter_jitter_s(&source->filter);
    double allowed = jitter_s * jitter_s / 2;
    double age_s = gn_seconds(gn_local_sub(fit->at, source->estimate.first));
    bool several = pipeline->count > 1, judged = several && age_s < POLL_JUDGED_S;
    double aged_s = (judged ? POLL_JUDGED_SHARE : POLL_AGE_SHARE) * age_s;
    double most_s = fmin(pipeline_most_poll_s(source), fmin(2 * source->poll_s, aged_s));
    double polite_s = several ? POLL_POLITE_SHARED_S : POLL_POLITE_S;
    double poll_s = pipeline_least_poll_s(source);
    for (double t = poll_s * 1.09; t <= most_s; t *= 1.09) {
        double share = t > polite_s ? POLL_POLITE_SHARE : 1;
        if (growth_after(pipeline, source, fit, t) > share * allowed)
            break;
        poll_s = t;
    }
    return poll_s;
}

/* The next ones tell who has moved. */
static void ask_quickly(struct pipeline_source *source, gn_local now, bool spike)
{
    bool rested = source->quick_since.ns == 0 ||
                  gn_seconds(gn_local_sub(now, source->quick_since)) > QUICK_REST_S;
    source->poll_s = pipeline_least_poll_s(source);
    if (spike && rested) {
        source->quick = QUICK_EXCHANGES;
        source->quick_since = now;
    }
    if (source->quick == 0)
        return;
    source->quick--;
    source->poll_s = fmax(fmin(source->poll_s, QUICK_S), source->slow_s);
}

static void note_spacing(struct pipeline_source *source, gn_local at)
{
    double spacing_s = gn_seconds(gn_local_sub(at, source->last.at));
    if (source->last.first_sd <= 0) /* the first since a reset */
        return;
    if (source->spacing_s <= 0)
        source->spacing_s = spacing_s;
    source->spacing_s += 0.25 * (spacing_s - source->spacing_s);
}

uint8_t pipeline_stratum_of(const struct pipeline_source *source, const struct gn_sample *sample)
{
    int stratum = source->config.stratum >= 0 ? source->config.stratum : sample->stratum;
    return (uint8_t)(stratum > source->config.min_stratum ? stratum : source->config.min_stratum);
}

static void note_answer(struct pipeline *pipeline, struct pipeline_source *source,
                        const struct gn_sample *sample)
{
    source->reach |= 1;
    source->unanswered = 0;
    source->heard = true;
    source->fault = GN_REASON_OK;
    source->detail[0] = '\0';
    source->stratum = pipeline_stratum_of(source, sample);
    source->leap = sample->leap;
    source->root_delay_s = sample->root_delay_s;
    source->root_dispersion_s = sample->root_dispersion_s;
    source->follows = sample->refid;
    source->own_refid = sample->own_refid;
    if (!source->reachable) {
        source->reachable = true;
        pipeline_tell(pipeline, GN_EVENT_SOURCE_REACHABLE, GN_INFO, source, 0, "%s answers",
                      source->name);
    }
}

/* After a long silence nobody knows whether it is still the same route. */
static void doubt_route(struct pipeline_source *source, const struct filter_measure *measure)
{
    double silent_s = gn_seconds(gn_local_sub(measure->at, source->last.at));
    if (source->estimate.valid && source->spacing_s > 0 &&
        silent_s > PIPELINE_SILENT_INTERVALS * fmax(1, source->spacing_s))
        estimate_doubt(&source->estimate, PIPELINE_FEIGNED_SHARE * measure->delay_s,
                       gn_seconds(gn_local_sub(measure->at, source->estimate.first)));
}

static int take(struct pipeline *pipeline, struct pipeline_source *source,
                const struct gn_sample *sample)
{
    struct filter_measure measure;
    struct estimate_fit fit;
    filter_take(&source->filter, sample, &measure);
    if (sample->kind == GN_SAMPLE_ONE_WAY &&
        estimate_was_overconfident(&source->estimate, &measure))
        pipeline_start_estimate(pipeline, source);
    doubt_route(source, &measure);
    if (estimate_update(&source->estimate, &measure) == ESTIMATE_SPIKE) {
        ask_quickly(source, measure.at, true);
        source->reach &= 0xFE; /* it answers, but not what it used to say */
        return -EAGAIN;
    }
    bool surprised = source->seat.moved != 0;
    fusion_take(pipeline->fusion, &source->seat, &measure);
    note_spacing(source, measure.at);
    source->last = measure;
    source->taken++;
    source->fresh = true;
    estimate_get(&source->estimate, measure.at, &fit);
    source->residual_s = gn_seconds(measure.base_ns - fit.base_ns) + measure.offset_s -
                         fit.offset_s + fit.frequency * measure.back_s;
    if (source->seat.moved != 0)
        ask_quickly(source, measure.at, false);
    else
        source->poll_s = wanted_poll_s(pipeline, source, &fit);
    if (surprised && source->seat.moved == 0 && source->quick > 0) /* one to see that it is over */
        ask_quickly(source, measure.at, false);
    if (!pipeline->any_sample && !source->config.noselect)
        pipeline->first_sample = measure.at;
    pipeline->any_sample = pipeline->any_sample || !source->config.noselect;
    return 0;
}

int pipeline_submit(struct pipeline *pipeline, struct pipeline_source *source,
                    const struct gn_sample *sample)
{
    struct gn_sample corrected = *sample;
    int64_t correction_ns = gn_nanoseconds(source->config.offset_s);
    int rc = filter_check(&source->filter, sample);
    if (rc == 0) {
        corrected.utc.ns += correction_ns;
        corrected.exchange.t2.ns += correction_ns;
        corrected.exchange.t3.ns += correction_ns;
        if (pipeline_local_changed(pipeline, source, sample))
            pipeline_forget_samples(pipeline, source);
        note_answer(pipeline, source, sample);
        rc = take(pipeline, source, &corrected);
    }
    if (rc < 0)
        source->refused++;
    return rc;
}

void pipeline_source_hint(const struct pipeline *pipeline, const struct pipeline_source *source,
                          struct gn_source_hint *hint)
{
    (void)pipeline;
    *hint = (struct gn_source_hint){
        .size = sizeof *hint,
        .min_poll_log2s = source->config.min_poll_log2s,
        .max_poll_log2s = source->config.max_poll_log2s,
        .state =
            (uint8_t)(source->candidate != NULL ? source->candidate->state : GN_SOURCE_UNUSABLE),
        .reach = source->reach,
        .poll_s = source->poll_s,
    };
}
