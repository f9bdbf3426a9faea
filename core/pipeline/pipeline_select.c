/* SPDX-License-Identifier: Apache-2.0 */

/* A run's first half: judge the sources, select, fuse, and tell what has changed. */

#include <math.h>
#include <pipeline/pipeline_internal.h>

/* How long the first to be back waits for others who confirm what our own estimate excludes. */
#define RETURN_PATIENCE_NS (INT64_C(3600) * GN_NS_PER_S)

/* A smaller jump of all sources shows in the figures only. */
#define WORTH_TELLING_S 0.01

/* All candidates relative to the first estimate there is: near enough for doubles. */
static void gather(struct pipeline *pipeline, struct pipeline_turn *turn)
{
    size_t i = 0;
    bool found = false;
    for (struct pipeline_source *s = pipeline->first; s != NULL && !found; s = s->next)
        if (pipeline_source_answered(s)) {
            struct estimate_fit fit;
            estimate_get(&s->estimate, turn->now, &fit);
            turn->base_ns = fit.base_ns;
            found = true;
        }
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        s->candidate = &pipeline->candidates[i++];
        pipeline_source_judge(pipeline, s, turn->now, turn->base_ns);
    }
}

/* How far a candidate lies outside of what our own estimate allows; 0: it agrees. */
static double against_us(const struct pipeline *pipeline, const struct pipeline_turn *turn,
                         const struct selection_candidate *candidate)
{
    struct estimate_fit fit = pipeline->fit;
    estimate_fit_advance(&fit, turn->now);
    double apart_s = candidate->offset_s - gn_seconds(fit.base_ns - turn->base_ns) - fit.offset_s;
    double allowed_s = candidate->interval_s + pipeline->root_delay_s / 2 +
                       pipeline->source_dispersion_s + PIPELINE_SIGMAS * estimate_fit_sd(&fit);
    return fabs(apart_s) > allowed_s ? apart_s - copysign(allowed_s, apart_s) : 0;
}

/* More than half of those that could be followed have a say. */
static bool quorate(const struct pipeline *pipeline)
{
    size_t heard = 0, all = 0;
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        all += !s->config.noselect;
        heard += s->candidate->usable;
    }
    return 2 * heard > all;
}

/*
 * Where fewer than half have a say, our own estimate is asked, as long as it has a bound: a source
 * that a majority has found lying does not become right when the others are gone, nor is the first
 * to be back after all were gone believed alone. The latter not for ever: we may be the one.
 * Orphans are no majority, and what was learnt of them is no witness.
 */
static void ask_history(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    bool back = gn_local_sub(turn->now, pipeline->returned) < RETURN_PATIENCE_NS;
    if (!pipeline->bounded || pipeline->orphaned || turn->orphan || quorate(pipeline))
        return;
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        bool asked = s->candidate->usable && (s->lied || back);
        double outside_s = asked ? against_us(pipeline, turn, s->candidate) : 0;
        if (fpclassify(outside_s) == FP_ZERO)
            continue;
        s->candidate->usable = false;
        s->candidate->state = s->lied ? GN_SOURCE_FALSETICKER : GN_SOURCE_UNSELECTED;
        s->candidate->reason = s->lied ? GN_REASON_DISAGREES : GN_REASON_WAITING;
        s->candidate->outside_s = outside_s;
    }
}

static void note_silence(struct pipeline *pipeline, gn_local now)
{
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        if (s->candidate->usable)
            return;
    pipeline->returned = now;
}

bool pipeline_any_trusted(const struct pipeline *pipeline, int tier)
{
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        if (s->candidate->usable && s->config.tier == tier && s->config.trust)
            return true;
    return false;
}

/* Whether a source that has not answered yet would overrule what is selected. */
static bool may_overrule(const struct pipeline_source *source, const struct selection *selection)
{
    if (source->config.noselect || pipeline_source_answered(source))
        return false;
    return source->config.tier < selection->tier ||
           (source->config.tier == selection->tier && source->config.trust);
}

/* Whether those to come could overturn what is selected. Where there are trusted ones they vote. */
static bool beyond_doubt(const struct pipeline *pipeline, const struct selection *selection)
{
    size_t wanted = 0, agree = 0;
    bool trusted = pipeline_any_trusted(pipeline, selection->tier);
    if (!selection->found)
        return false;
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        bool pointless = s->config.noselect || s->config.tier > selection->tier ||
                         (pipeline_source_answered(s) && !s->candidate->usable);
        if (may_overrule(s, selection))
            return false;
        if (pointless || (trusted && !s->config.trust))
            continue;
        wanted++;
        agree += s->candidate->usable && s->config.tier == selection->tier &&
                 s->candidate->state != GN_SOURCE_FALSETICKER;
    }
    return 2 * agree > wanted;
}

/*
 * At the start the first to answer may be the liar: with several sources nothing is selected
 * until more than half of them agree, and those whose word counts more have spoken, or until the
 * first has waited long enough.
 */
static bool waiting(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    if (pipeline->settled || !pipeline->any_sample)
        return false;
    pipeline->settled = beyond_doubt(pipeline, &turn->selection) ||
                        gn_local_sub(turn->now, pipeline->first_sample) >= PIPELINE_WAIT_NS;
    return !pipeline->settled;
}

static void make_wait(struct pipeline *pipeline)
{
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        if (s->candidate->usable) {
            s->candidate->state = GN_SOURCE_UNSELECTED;
            s->candidate->reason = GN_REASON_WAITING;
        }
}

/* Who is silent may keep its part; who is judged and not used must lose it. */
static enum fusion_wish wish_for(const struct pipeline_source *source)
{
    if (source->candidate->state >= GN_SOURCE_COMBINED)
        return FUSION_TAKE;
    if (source->orphan) /* its time is nobody else's */
        return FUSION_LEAVE;
    return source->candidate->state == GN_SOURCE_UNUSABLE ? FUSION_STAY : FUSION_LEAVE;
}

/*
 * What a clock said while it lied stays a lie when it is right again, as a receiver is when its
 * spoofer has gone: so many samples a second would outweigh all others. A server's few are judged
 * with those of the others.
 */
static void forget_lies(const struct pipeline *pipeline, struct pipeline_source *source)
{
    if (source->candidate->state == GN_SOURCE_FALSETICKER && filter_is_clock(&source->filter))
        source->lied_until = source->seat.heard;
    if (source->seat.wish != FUSION_TAKE || source->lied_until.ns == 0)
        return;
    fusion_forget_until(pipeline->fusion, &source->seat, source->lied_until);
    source->lied_until.ns = 0;
}

/* Returns how many sources count. What the others send from here on waits for their turn. */
static size_t make_wishes(struct pipeline *pipeline)
{
    size_t used = 0;
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next) {
        s->seat.wish = wish_for(s);
        forget_lies(pipeline, s);
        used += s->seat.wish == FUSION_TAKE;
    }
    return used;
}

/* A machine that was held up, and whose clocks all stood still, learns of it from its sources. */
static void tell_moved(struct pipeline *pipeline)
{
    double moved_s = fusion_take_moved(pipeline->fusion);
    if (fabs(moved_s) >= WORTH_TELLING_S)
        pipeline_tell(
            pipeline, GN_EVENT_CLOCK_MOVED, GN_WARNING, NULL, -moved_s,
            "what the sources say has jumped by %+.6f s (%zu of them agree): this machine "
            "stood still, or they were set",
            moved_s, pipeline->used);
}

static void fuse(struct pipeline *pipeline, struct pipeline_turn *turn)
{
    turn->update = fusion_seat_all(pipeline->fusion);
    tell_moved(pipeline);
    bank_fit(fusion_bank(pipeline->fusion), turn->now, &turn->fit);
}

/* What the oscillator does by an orphan's clock tells little of what it does by another. */
static void expect_another(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    if (pipeline->valid && (turn->orphan || pipeline->orphaned))
        fusion_expect(pipeline->fusion, pipeline->fit.frequency, PIPELINE_ORPHAN_SD);
}

static struct pipeline_source *source_at(const struct pipeline *pipeline, size_t index)
{
    struct pipeline_source *source = pipeline->first;
    while (index-- > 0)
        source = source->next;
    return source;
}

void pipeline_select(struct pipeline *pipeline, struct pipeline_turn *turn)
{
    const struct pipeline_source *before = pipeline->system;
    pipeline_leap_forgive(pipeline, turn->now);
    gather(pipeline, turn);
    pipeline_local_elect(pipeline, turn);
    note_silence(pipeline, turn->now);
    ask_history(pipeline, turn);
    pipeline->system = NULL;
    selection_run(&turn->selection, pipeline->candidates, pipeline->count, pipeline->edges,
                  pipeline->config.min_sources);
    if (waiting(pipeline, turn)) {
        make_wait(pipeline);
        turn->selection.found = false;
    }
    pipeline->used = make_wishes(pipeline);
    if (!pipeline->settled)
        return;
    pipeline_leap_judge(pipeline, turn);
    pipeline_tell_selection(pipeline, turn);
    if (!turn->selection.found)
        return;
    pipeline->system = source_at(pipeline, turn->selection.system);
    if (pipeline->system != before)
        expect_another(pipeline, turn);
    fuse(pipeline, turn);
    turn->update = turn->update || pipeline->system != before;
    for (const struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        turn->update = turn->update || (s->fresh && s->seat.seated);
    if (pipeline->system != before) {
        double offset_s = gn_seconds(turn->now.ns - turn->system_ns + turn->base_ns) +
                          pipeline->candidates[turn->selection.system].offset_s;
        pipeline_tell(pipeline, GN_EVENT_SOURCE_SELECTED, GN_INFO, pipeline->system, offset_s,
                      "%s is the system source (offset %+.9f s, stratum %d)",
                      pipeline->system->name, offset_s, pipeline->system->stratum);
    }
}
