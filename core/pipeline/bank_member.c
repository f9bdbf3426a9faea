/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/bank_internal.h>

/* Nothing is known of an oscillator beyond this. */
#define MAX_FREQUENCY 1e-2
/* An innovation of a clock counts at most like this against a member. */
#define MOST_SURPRISE 8.0

/* P ← F P Fᵀ + Q for an offset that integrates a frequency driven by white noise. */
void bank_predict(const struct bank *bank, struct bank_member *member, double q2, double dt)
{
    double *offset = bank_row(bank, member, OFFSET), *frequency = bank_row(bank, member, FREQUENCY);
    double both = offset[FREQUENCY], alone = frequency[FREQUENCY];
    member->mean[OFFSET] += member->mean[FREQUENCY] * dt;
    offset[OFFSET] += dt * (2 * both + dt * alone) + q2 * dt * dt * dt / 3;
    offset[FREQUENCY] = frequency[OFFSET] = both + dt * alone + q2 * dt * dt / 2;
    frequency[FREQUENCY] = alone + q2 * dt;
    for (size_t i = FIRST_LANE; i < bank->size; i++) {
        offset[i] += dt * frequency[i];
        bank_row(bank, member, i)[OFFSET] = offset[i];
        if (bank->size > FIRST_LANE + 1) /* a lone bias cannot be seen: let it not grow either */
            bank_row(bank, member, i)[i] += BIAS_WALK * bank->bias_expected[i - FIRST_LANE] * dt;
    }
}

/* What a member expects of x − back·y + bias, and how surely; fills its gain. */
double bank_expect(const struct bank *bank, struct bank_member *member, int lane, double back,
                   double *variance)
{
    size_t index = FIRST_LANE + (size_t)lane;
    const double *offset = bank_row(bank, member, OFFSET),
                 *frequency = bank_row(bank, member, FREQUENCY);
    const double *bias = bank_row(bank, member, index);
    for (size_t i = 0; i < bank->size; i++)
        member->gain[i] = offset[i] - back * frequency[i] + bias[i];
    /* Widened and narrowed again and again, rounding may have eaten it. */
    *variance = fmax(member->gain[OFFSET] - back * member->gain[FREQUENCY] + member->gain[index],
                     MIN_VARIANCE);
    return member->mean[OFFSET] - back * member->mean[FREQUENCY] + member->mean[index];
}

void bank_limit_frequency(struct bank_member *member)
{
    member->mean[FREQUENCY] = fmax(-MAX_FREQUENCY, fmin(MAX_FREQUENCY, member->mean[FREQUENCY]));
}

/* P ← A P Aᵀ for A = 1 − k hᵀ, where the measured quantity is hᵀ times the state. */
static void project(const struct bank *bank, struct bank_member *member, int lane, double back,
                    double total)
{
    size_t index = FIRST_LANE + (size_t)lane;
    for (size_t i = 0; i < bank->size; i++)
        for (size_t j = 0; j < bank->size; j++)
            bank_row(bank, member, i)[j] -= member->gain[i] / total * member->gain[j];
    for (size_t i = 0; i < bank->size; i++) {
        double *line = bank_row(bank, member, i);
        double seen = line[OFFSET] - back * line[FREQUENCY] + line[index];
        for (size_t j = 0; j < bank->size; j++)
            line[j] -= seen * (member->gain[j] / total);
    }
}

/*
 * The measured quantity turned out to lie `by` off, with so much variance left, instead of `total`,
 * of which `noise` was its own. Joseph's form: after a jump of decades a difference of variances
 * would leave nothing but rounding errors.
 */
static void correct(const struct bank *bank, struct bank_member *member, int lane, double back,
                    double by, double total, double noise, double variance)
{
    project(bank, member, lane, back, total);
    for (size_t i = 0; i < bank->size; i++) {
        double k = member->gain[i] / total;
        member->mean[i] += k * by;
        for (size_t j = 0; j <= i; j++) {
            double both = (bank_row(bank, member, i)[j] + bank_row(bank, member, j)[i]) / 2 +
                          k * (noise + variance) * (member->gain[j] / total);
            bank_row(bank, member, i)[j] = bank_row(bank, member, j)[i] = both;
        }
        bank_row(bank, member, i)[i] = fmax(bank_row(bank, member, i)[i], 0) + MIN_VARIANCE;
    }
    bank_limit_frequency(member);
}

/* Take it into one member; returns its log evidence. `z` is relative to the anchor. */
double bank_take_interval(const struct bank *bank, struct bank_member *member, int lane, double z,
                          const struct filter_measure *m, const struct noise *noise,
                          double evidence[NOISE_SHAPES])
{
    struct noise_interval interval = {m->half_s, m->variance};
    double total;
    double expected = bank_expect(bank, member, lane, m->back_s, &total);
    double mean = expected - z, variance;
    member->expected = mean;
    member->expected_variance = total;
    total += m->variance;
    variance = total;
    double log_evidence = noise_weigh(noise, &interval, &mean, &variance, evidence);
    correct(bank, member, lane, m->back_s, mean + z - expected, total, m->variance, variance);
    member->seen = mean;
    member->seen_variance = variance;
    return log_evidence;
}

double bank_take_normal(const struct bank *bank, struct bank_member *member, int lane, double z,
                        const struct filter_measure *m)
{
    double prior_variance;
    double expected = bank_expect(bank, member, lane, m->back_s, &prior_variance);
    double total = prior_variance + m->variance, apart = z - expected;
    /* Where the surprise ends the pull does: a clock that jumps is no oscillator that runs away. */
    double felt = fmax(total, apart * apart / (2 * MOST_SURPRISE));
    correct(bank, member, lane, m->back_s, apart, felt, felt - prior_variance, 0);
    member->expected = member->seen = -apart;
    member->expected_variance = member->seen_variance = prior_variance;
    return -0.5 * log(total) - fmin(0.5 * apart * apart / total, MOST_SURPRISE);
}
