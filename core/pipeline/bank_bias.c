/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/bank_internal.h>
#include <string.h>

/* How biases are distributed: freedom of their t distribution (paths that are much worse than the
 * others exist), what is expected of them counts as so many lanes, and what is possible. */
#define BIAS_FREEDOM 1.0
#define BIAS_LANES 0.5
#define MOST_BIAS_SCALE 1e4
#define LEAST_BIAS_SCALE 1e-2
/* One exchange widens or narrows what is believed of a bias at most by this factor. */
#define BIAS_STEP 4.0
/* … and so much of the exact result may be lost to rounding. */
#define LEAST_LEFT 0.9

/* Mean square of a lane's bias by all that is known. */
static double bias_square(const struct bank *bank, size_t index)
{
    double square = 0;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        const struct bank_member *member = &bank->members[k];
        square += member->weight * (bank_row(bank, member, index)[index] +
                                    member->mean[index] * member->mean[index]);
    }
    return square;
}

/* What was believed of a bias beforehand had variance `old`, and has `new` now. */
static void reconsider(const struct bank *bank, struct bank_member *member, size_t index,
                       double old, double new)
{
    const double *line = bank_row(bank, member, index);
    double information = 1 / new - 1 / old, bias = member->mean[index];
    double left = 1 + information * line[index];
    double share = information / fmax(left, 1 / BIAS_STEP);
    /* By rounding only is it known worse than it was believed: widening would never end. */
    if (left < LEAST_LEFT / BIAS_STEP)
        return;
    memcpy(member->gain, line, bank->size * sizeof *line);
    for (size_t i = 0; i < bank->size; i++) {
        member->mean[i] -= member->gain[i] * share * bias;
        for (size_t j = 0; j < bank->size; j++)
            bank_row(bank, member, i)[j] -= member->gain[i] * member->gain[j] * share;
        bank_row(bank, member, i)[i] = fmax(bank_row(bank, member, i)[i], MIN_VARIANCE);
    }
    bank_limit_frequency(member);
}

/*
 * Biases show only as differences between sources. Where these are small, so is what is allowed
 * for the biases; a single source far from the others is allowed to be the one that errs, instead
 * of drawing all of them half of the way. (One step of expectation maximisation per exchange.)
 */
void bank_learn_biases(struct bank *bank)
{
    double sum = BIAS_LANES, lanes = (double)(bank->size - FIRST_LANE);
    double weight[BANK_LANES];
    if (bank->size == FIRST_LANE + 1)
        return;
    for (size_t lane = 0; lane < bank->size - FIRST_LANE; lane++) {
        double square = bias_square(bank, FIRST_LANE + lane) / bank->bias_expected[lane];
        weight[lane] = (BIAS_FREEDOM + 1) / (BIAS_FREEDOM + square / bank->bias_scale);
        sum += weight[lane] * square;
    }
    bank->bias_scale = fmax(LEAST_BIAS_SCALE, fmin(MOST_BIAS_SCALE, sum / (BIAS_LANES + lanes)));
    for (size_t lane = 0; lane < bank->size - FIRST_LANE; lane++) {
        double old = bank->bias_variance[lane];
        double new = bank->bias_expected[lane] * bank->bias_scale / weight[lane];
        new = fmax(old / BIAS_STEP, fmin(old * BIAS_STEP, new));
        for (unsigned k = 0; k < BANK_MEMBERS; k++)
            reconsider(bank, &bank->members[k], FIRST_LANE + lane, old, new);
        bank->bias_variance[lane] = new;
    }
}

void bank_add_bias(struct bank *bank, int lane, double variance)
{
    size_t index = FIRST_LANE + (size_t)lane;
    bank->bias_variance[lane] += variance;
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        bank_row(bank, &bank->members[k], index)[index] += variance;
}

/* Nothing is known of a bias any more. */
static void forget_bias(struct bank *bank, int lane)
{
    size_t index = FIRST_LANE + (size_t)lane;
    bank->bias_variance[lane] = bank->bias_expected[lane];
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        struct bank_member *member = &bank->members[k];
        member->mean[index] = 0;
        for (size_t i = 0; i < bank->size; i++)
            bank_row(bank, member, i)[index] = bank_row(bank, member, index)[i] = 0;
        bank_row(bank, member, index)[index] = bank->bias_variance[lane];
    }
}

void bank_reroute(struct bank *bank, int lane, double by_s)
{
    double variance = by_s * by_s / 4; /* all of it one way, or the other */
    if (by_s > 0 || bank->size > FIRST_LANE + 1) {
        bank_add_bias(bank, lane, variance);
        return;
    }
    forget_bias(bank, lane);
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        bank_row(bank, &bank->members[k], OFFSET)[OFFSET] += variance;
}
