/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/rival.h"

#include <math.h>

/* Defaults of chrony.conf. */
#define COMBINE_LIMIT 3
#define RESELECT_DISTANCE_S 1e-4
#define MOST_CLOCK_ERROR 1e-6
#define CORRECTION_RATIO 3
#define MOST_SLEW 83333.333e-6
#define STEP_S 1
#define STEP_UPDATES 3
#define MOST_UPDATE_SKEW 1e-3

#define DISTANT_UPDATES 32
#define SHORTEST_SLEW_S 1
#define LONGEST_SLEW_S 1e4

/* What one source, or all together, say of the clock. */
struct opinion {
    double offset_s, offset_sd_s, frequency, skew;
};

void rival_init(struct rival *rival)
{
    *rival = (struct rival){.selected = -1, .skew = 1};
}

static double own_time_s(const struct rival *rival, gn_local local)
{
    return gn_seconds(local.ns - rival->local.ns);
}

/* ---------------------------------------------------------------- its clock */

static double clock_offset_s(const struct rival *rival, double at_s)
{
    double since_s = at_s - rival->at_s;
    return rival->offset_s + rival->frequency * since_s +
           rival->slew * fmin(since_s, rival->slew_s);
}

/* An offset of one standard deviation takes one and a half intervals; a larger one less. */
static void steer(struct rival *rival, double at_s, const struct opinion *opinion)
{
    double wrong_s = opinion->offset_s - rival->offset_s;
    double interval_s = rival->updates > 0 ? at_s - rival->at_s : 0;
    double area = CORRECTION_RATIO * 0.5 * opinion->offset_sd_s * interval_s;
    rival->slew = rival->slew_s = 0;
    if (fabs(wrong_s) > STEP_S && rival->updates < STEP_UPDATES) {
        rival->offset_s = opinion->offset_s;
    } else if (wrong_s != 0) {
        double for_s = fmax(SHORTEST_SLEW_S, fmin(area / fabs(wrong_s), LONGEST_SLEW_S));
        rival->slew = fmax(-MOST_SLEW, fmin(wrong_s / for_s, MOST_SLEW));
        rival->slew_s = wrong_s / rival->slew;
    }
}

/* The new frequency counts by its skew against the old one's. */
static void tune(struct rival *rival, const struct opinion *opinion)
{
    double old = 3 * rival->skew * rival->skew, fresh = opinion->skew * opinion->skew;
    double gain = opinion->skew > MOST_UPDATE_SKEW ? 0 : old / (old + fresh);
    double change = gain * (opinion->frequency - rival->frequency);
    double rest = opinion->frequency - rival->frequency - change;
    rival->frequency += change;
    rival->skew += gain * (opinion->skew - rival->skew) +
                   sqrt(change * change * (1 - gain) + rest * rest * gain);
}

static void update(struct rival *rival, double at_s, const struct opinion *opinion)
{
    double offset_s = clock_offset_s(rival, at_s);
    rival->offset_s = offset_s;
    steer(rival, at_s, opinion);
    tune(rival, opinion);
    rival->at_s = at_s;
    rival->believed_s = opinion->offset_s;
    rival->believed_frequency = opinion->frequency;
    rival->updates++;
}

/* ---------------------------------------------------------------- several sources */

static double distance_s(const struct rival *rival, int index, double at_s)
{
    return regression_distance_s(&rival->sources[index].regression, at_s);
}

/* The nearest, but not another one for a little. */
static void select_source(struct rival *rival, double at_s)
{
    for (int i = 0; i < rival->count; i++) {
        if (!rival->sources[i].regression.fits)
            continue;
        if (rival->selected < 0 || distance_s(rival, i, at_s) + RESELECT_DISTANCE_S <
                                       distance_s(rival, rival->selected, at_s))
            rival->selected = i;
    }
}

/* Far away, or of another opinion on the frequency: left out for a while. */
static bool distant(struct rival *rival, int index, double at_s)
{
    struct rival_source *source = &rival->sources[index];
    const struct regression *selected = &rival->sources[rival->selected].regression;
    double apart = fabs(source->regression.frequency - selected->frequency);
    if (index == rival->selected)
        return false;
    if (distance_s(rival, index, at_s) >
            COMBINE_LIMIT * (distance_s(rival, rival->selected, at_s) + RESELECT_DISTANCE_S) ||
        apart > COMBINE_LIMIT * (source->regression.skew + selected->skew + MOST_CLOCK_ERROR))
        source->distant = DISTANT_UPDATES;
    else if (source->distant > 0)
        source->distant--;
    return source->distant > 0;
}

static struct opinion combine(struct rival *rival, double at_s)
{
    const struct regression *selected = &rival->sources[rival->selected].regression;
    double own_s = regression_offset_s(selected, at_s);
    double sum = 0, offset_s = 0, variance = 0, sharpness = 0, frequency = 0, skews = 0;
    for (int i = 0; i < rival->count; i++) {
        const struct regression *other = &rival->sources[i].regression;
        if (!other->fits || distant(rival, i, at_s))
            continue;
        double weight = 1 / distance_s(rival, i, at_s);
        double says_s = regression_offset_s(other, at_s);
        double doubt_s = other->offset_sd_s + (at_s - other->at_s) * other->frequency_sd;
        double sharp = 1 / (other->frequency_sd * other->frequency_sd);
        sum += weight;
        offset_s += weight * says_s;
        variance += weight * (doubt_s * doubt_s + (says_s - own_s) * (says_s - own_s));
        sharpness += sharp;
        frequency += sharp * other->frequency;
        skews += 1 / (other->skew * other->skew);
    }
    return (struct opinion){offset_s / sum, sqrt(variance / sum), frequency / sharpness,
                            1 / sqrt(skews)};
}

/* ---------------------------------------------------------------- samples */

/* Returns the source's index, or < 0: there are too many. */
static int find(struct rival *rival, const void *key)
{
    for (int i = 0; i < rival->count; i++)
        if (rival->sources[i].key == key)
            return i;
    if (rival->count == RIVAL_SOURCES)
        return -1;
    rival->sources[rival->count] = (struct rival_source){.key = key};
    return rival->count++;
}

void rival_take(struct rival *rival, const void *key, const struct gn_sample *sample)
{
    int index = find(rival, key);
    if (index < 0)
        return;
    if (rival->local.ns == 0) {
        rival->local = sample->local;
        rival->utc = sample->utc;
    }
    /* An exchange tells of its middle. */
    const struct gn_exchange *exchange = &sample->exchange;
    int64_t middle_ns =
        sample->kind == GN_SAMPLE_TWO_WAY ? gn_local_sub(exchange->t1, sample->local) / 2 : 0;
    double at_s = own_time_s(rival, gn_local_add(sample->local, middle_ns));
    int64_t offset_ns =
        gn_utc_sub(sample->utc, rival->utc) - gn_local_sub(sample->local, rival->local);
    struct regression_sample own = {
        .at_s = at_s,
        .offset_s = gn_seconds(offset_ns),
        .delay_s = sample->delay_s,
        .dispersion_s = sample->dispersion_s,
        .root_s = (sample->delay_s + sample->root_delay_s) / 2 + sample->dispersion_s +
                  sample->root_dispersion_s,
    };
    if (!regression_add(&rival->sources[index].regression, &own))
        return;
    select_source(rival, at_s);
    if (rival->selected != index)
        return;
    struct opinion opinion = combine(rival, at_s);
    update(rival, at_s, &opinion);
}

static double error_s(const struct rival *rival, gn_local local, gn_utc truth, double offset_s)
{
    int64_t true_ns = gn_utc_sub(truth, rival->utc) - gn_local_sub(local, rival->local);
    return offset_s - gn_seconds(true_ns);
}

double rival_clock_error_s(const struct rival *rival, gn_local local, gn_utc truth)
{
    return error_s(rival, local, truth, clock_offset_s(rival, own_time_s(rival, local)));
}

double rival_estimate_error_s(const struct rival *rival, gn_local local, gn_utc truth)
{
    double since_s = own_time_s(rival, local) - rival->at_s;
    return error_s(rival, local, truth, rival->believed_s + rival->believed_frequency * since_s);
}
