/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void gate_init(struct gate *gate, const struct gate_config *config)
{
    memset(gate, 0, sizeof(*gate));
    gate->config = *config;
}

/* ---------------------------------------------------------------- what is known */

static void remember(struct gate_ring *ring, unsigned size, double delay_s)
{
    ring->delays_s[ring->next] = delay_s;
    ring->next = (ring->next + 1) % size;
    if (ring->count < size)
        ring->count++;
}

static double least_of(const struct gate_ring *ring)
{
    double least_s = ring->delays_s[0];
    for (unsigned i = 1; i < ring->count; i++)
        least_s = fmin(least_s, ring->delays_s[i]);
    return least_s;
}

/* The least delay there is, as told or as learnt; 0: nobody knows. */
static double least_delay_s(const struct gate *gate)
{
    if (gate->config.mindelay_s > 0)
        return gate->config.mindelay_s;
    return gate->passed.count >= GATE_PASSED_LEAST ? least_of(&gate->passed) : 0;
}

/* Of those that passed, about their mean. */
static double deviation_s(const struct gate_ring *ring)
{
    double mean_s = 0, squares = 0;
    for (unsigned i = 0; i < ring->count; i++)
        mean_s += ring->delays_s[i] / ring->count;
    for (unsigned i = 0; i < ring->count; i++)
        squares += (ring->delays_s[i] - mean_s) * (ring->delays_s[i] - mean_s);
    return sqrt(squares / (ring->count - 1));
}

static unsigned count_below(const struct gate_ring *ring, double delay_s)
{
    unsigned below = 0;
    for (unsigned i = 0; i < ring->count; i++)
        below += ring->delays_s[i] < delay_s;
    return below;
}

/* The least delay that a share `quantile` of all does not exceed. */
static double quantile_s(const struct gate_ring *ring, double quantile)
{
    unsigned rank = (unsigned)ceil(quantile * ring->count);
    double found_s = 0;
    for (unsigned i = 0; i < ring->count; i++)
        if (count_below(ring, ring->delays_s[i]) < rank)
            found_s = fmax(found_s, ring->delays_s[i]);
    return found_s;
}

/* ---------------------------------------------------------------- the laws */

/* Both laws that are measured against the least delay. */
static enum verdict judge_least(const struct gate *gate, double delay_s, double reading_s,
                                char *text, size_t size)
{
    const struct gate_config *config = &gate->config;
    double least_s = least_delay_s(gate);
    if (!(least_s > 0))
        return VERDICT_OK;
    if (config->maxdelayratio > 0 && delay_s > config->maxdelayratio * least_s + reading_s) {
        snprintf(text, size, "delay %.6g ms is over maxdelayratio %.6g times the least, %.6g ms",
                 1e3 * delay_s, config->maxdelayratio, 1e3 * least_s);
        return VERDICT_DELAY_RATIO;
    }
    if (!(config->maxdelaydevratio > 0) || gate->passed.count < GATE_PASSED_LEAST)
        return VERDICT_OK;
    double sd_s = deviation_s(&gate->passed);
    if (delay_s - least_s <= config->maxdelaydevratio * sd_s + reading_s)
        return VERDICT_OK;
    snprintf(text, size,
             "delay %.6g ms is over the least, %.6g ms, by more than maxdelaydevratio %.6g times "
             "the deviation, %.6g ms",
             1e3 * delay_s, 1e3 * least_s, config->maxdelaydevratio, 1e3 * sd_s);
    return VERDICT_DELAY_DEVIATION;
}

static enum verdict judge_quantile(const struct gate *gate, double delay_s, double reading_s,
                                   char *text, size_t size)
{
    double quantile = gate->config.maxdelayquant;
    if (!(quantile > 0) || gate->heard.count < GATE_HEARD_LEAST)
        return VERDICT_OK;
    double limit_s = quantile_s(&gate->heard, quantile);
    if (delay_s <= limit_s + reading_s)
        return VERDICT_OK;
    snprintf(text, size, "delay %.6g ms is over %.6g ms, the quantile %.6g (maxdelayquant)",
             1e3 * delay_s, 1e3 * limit_s, quantile);
    return VERDICT_DELAY_QUANTILE;
}

/* A limit that was learnt must not lock out a path that has changed: it is learnt anew of those
 * that were refused. */
static void note_refused(struct gate *gate, double delay_s)
{
    remember(&gate->refused, GATE_RUN, delay_s);
    if (gate->refused.count < GATE_RUN)
        return;
    gate->passed = gate->refused;
    gate->passed.next = GATE_RUN;
    memset(&gate->refused, 0, sizeof(gate->refused));
}

enum verdict gate_judge(struct gate *gate, double delay_s, double reading_s, char *text,
                        size_t size)
{
    if (gate->config.maxdelay_s > 0 && delay_s > gate->config.maxdelay_s) {
        snprintf(text, size, "delay %.6g ms is over maxdelay %.6g ms", 1e3 * delay_s,
                 1e3 * gate->config.maxdelay_s);
        return VERDICT_MAX_DELAY;
    }
    enum verdict verdict = judge_least(gate, delay_s, reading_s, text, size);
    if (verdict != VERDICT_OK)
        note_refused(gate, delay_s);
    else
        gate->refused.count = gate->refused.next = 0;
    if (verdict == VERDICT_OK)
        verdict = judge_quantile(gate, delay_s, reading_s, text, size);
    remember(&gate->heard, GATE_HEARD, delay_s);
    if (verdict == VERDICT_OK)
        remember(&gate->passed, GATE_PASSED, delay_s);
    return verdict;
}
