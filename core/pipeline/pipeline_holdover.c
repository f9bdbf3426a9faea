/* SPDX-License-Identifier: Apache-2.0 */

/* With sources, without, and with them again: the life of the clock, and what is told of it. */

#include <pipeline/pipeline_internal.h>
#include <stdio.h>

/* So soon after it was found an estimate can still be disputed. */
#define DISPUTE_NS (INT64_C(60) * GN_NS_PER_S)
/* How far ahead a loss is looked at. Units: s. */
#define HOUR_S 3600.0
#define DAY_S 86400.0

#define DURATION_SIZE 32

/* In the unit that people would use. */
static const char *duration(double s, char words[DURATION_SIZE])
{
    if (s < 120)
        snprintf(words, DURATION_SIZE, "%.0f s", s);
    else if (s < 2 * HOUR_S)
        snprintf(words, DURATION_SIZE, "%.0f min", s / 60);
    else if (s < 2 * DAY_S)
        snprintf(words, DURATION_SIZE, "%.1f h", s / HOUR_S);
    else
        snprintf(words, DURATION_SIZE, "%.1f days", s / DAY_S);
    return words;
}

double pipeline_predicted_s(const struct pipeline *pipeline, gn_local now, double after_s)
{
    return pipeline_bound_s(pipeline, gn_local_add(now, gn_nanoseconds(after_s)));
}

/* --- with sources --- */

void pipeline_become_synchronised(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    double bound_s = pipeline_bound_s(pipeline, turn->now);
    double held_s = gn_seconds(gn_local_sub(turn->now, pipeline->lost));
    char words[DURATION_SIZE];
    bool again = pipeline->held;
    pipeline_tell(pipeline, GN_EVENT_SYNCHRONISED, GN_INFO, NULL, bound_s,
                  "synchronised %sto %s (offset %+.6f s, error at most %.6f s)%s%s",
                  again ? "again " : "", pipeline->system->name, pipeline_error_s(pipeline, turn),
                  bound_s, again ? " after " : "", again ? duration(held_s, words) : "");
    pipeline->bounded = true;
    pipeline->held = false;
    pipeline->clock_state = GN_CLOCK_LOCKED;
    pipeline->dirty = true;
}

/* --- without --- */

/*
 * Sources that disagree so soon after the first of them was believed take that belief back: there
 * is no history of our own yet that could be held against them.
 */
static bool is_disputed(const struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    return turn->selection.why == GN_REASON_NO_MAJORITY &&
           pipeline->clock_state == GN_CLOCK_LOCKED && !pipeline->agreed &&
           gn_local_sub(turn->now, pipeline->first_sample) < DISPUTE_NS;
}

static void take_back(struct pipeline *pipeline)
{
    pipeline->valid = false;
    pipeline->bounded = false;
    pipeline->clock_state = GN_CLOCK_UNSET;
    pipeline->dirty = true;
    pipeline_tell(pipeline, GN_EVENT_LOST, GN_WARNING, NULL, pipeline->config.max_distance_s,
                  "no source is selected: what the first one said is disputed");
}

static void begin_hold(struct pipeline *pipeline, gn_local now, double bound_s)
{
    pipeline->clock_state = GN_CLOCK_HOLDOVER;
    pipeline->held = true;
    pipeline->lost = pipeline->updated;
    pipeline->dirty = true;
    pipeline_tell(pipeline, GN_EVENT_LOST, GN_WARNING, NULL, bound_s,
                  "no source is selected: holding over (error at most %.6f s; %.6f s in an hour, "
                  "%.6f s in a day)",
                  bound_s, pipeline_predicted_s(pipeline, now, HOUR_S),
                  pipeline_predicted_s(pipeline, now, DAY_S));
}

static void end_hold(struct pipeline *pipeline, gn_local now, double bound_s)
{
    char words[DURATION_SIZE];
    pipeline->clock_state = GN_CLOCK_FREE_RUNNING;
    pipeline->bounded = false;
    pipeline->dirty = true;
    pipeline_tell(pipeline, GN_EVENT_LOST, GN_WARNING, NULL, bound_s,
                  "hold-over ends after %s: without a source the error may exceed %.3f s",
                  duration(gn_seconds(gn_local_sub(now, pipeline->lost)), words),
                  pipeline->config.max_distance_s);
}

void pipeline_hold_over(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    double bound_s;
    pipeline->used = 0;
    if (is_disputed(pipeline, turn))
        take_back(pipeline);
    if (!pipeline->valid)
        return;
    pipeline->horizon_s = PIPELINE_HORIZON_S;
    bound_s = pipeline_bound_s(pipeline, turn->now);
    if (pipeline->clock_state == GN_CLOCK_LOCKED)
        begin_hold(pipeline, turn->now, bound_s);
    if (pipeline->clock_state == GN_CLOCK_HOLDOVER && !(bound_s <= pipeline->config.max_distance_s))
        end_hold(pipeline, turn->now, bound_s);
}
