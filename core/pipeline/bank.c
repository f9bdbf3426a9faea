/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/bank_internal.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN_FREQUENCY_VARIANCE 1e-8
/* A widened estimate gets this much more doubt about the frequency. */
#define WIDEN_FREQUENCY_VARIANCE 1e-12
/* Memory of the likelihood, how far behind a member may fall, share given to all. */
#define FORGET (1.0 / 1000)
#define MIN_SCORE (-12.0)
/* So many sigma from the others a newcomer is taken for one of them. */
#define STRANGE_SIGMAS 3.0

const double bank_wander[BANK_MEMBERS] = {3e-11, 1e-10, 3e-10, 1e-9, 3e-9, 1e-8,
                                          3e-8,  1e-7,  3e-7,  1e-6, 3e-6};

/* --- life --- */

/* log10 q is normal around −9, deviation 0.8. */
static void set_prior(struct bank *bank)
{
    double sum = 0;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        double z = (log10(bank_wander[k]) + 9) / 0.8;
        bank->prior_score[k] = -z * z / 2;
        sum += bank->prior_weight[k] = exp(bank->prior_score[k]);
    }
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        bank->prior_weight[k] /= sum;
}

struct bank *bank_create(size_t lanes)
{
    size_t stride = FIRST_LANE + lanes, per_member = stride * (stride + 2);
    struct bank *bank = calloc(1, sizeof *bank + BANK_MEMBERS * per_member * sizeof(double));
    if (bank == NULL)
        return NULL;
    bank->stride = stride;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        bank->members[k].mean = &bank->numbers[k * per_member];
        bank->members[k].gain = bank->members[k].mean + stride;
        bank->members[k].covariance = bank->members[k].gain + stride;
    }
    set_prior(bank);
    bank_begin(bank, 0, 0);
    return bank;
}

void bank_destroy(struct bank *bank)
{
    free(bank);
}

void bank_begin(struct bank *bank, double frequency, double sd)
{
    bank->valid = false;
    bank->frequency = frequency;
    bank->frequency_sd = sd;
    bank->size = FIRST_LANE;
    bank->bias_scale = 1;
}

int bank_add_lane(struct bank *bank, double bias_sd_s)
{
    size_t lane = bank->size - FIRST_LANE, index = bank->size;
    if (index == bank->stride)
        return -1;
    bank->bias_expected[lane] = bank->bias_variance[lane] = bias_sd_s * bias_sd_s;
    bank->met[lane] = false;
    bank->size++;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        struct bank_member *member = &bank->members[k];
        member->mean[index] = 0;
        for (size_t i = 0; i < bank->size; i++)
            bank_row(bank, member, i)[index] = bank_row(bank, member, index)[i] = 0;
        bank_row(bank, member, index)[index] = bank->bias_variance[lane];
    }
    return (int)lane;
}

size_t bank_lanes(const struct bank *bank)
{
    return bank->size - FIRST_LANE;
}

bool bank_valid(const struct bank *bank)
{
    return bank->valid;
}

void bank_shift(struct bank *bank, int64_t by_ns)
{
    bank->base_ns += by_ns;
}

static void copy_state(const struct bank *bank, struct bank_member *to,
                       const struct bank_member *from)
{
    memcpy(to->mean, from->mean, bank->size * sizeof *to->mean);
    memcpy(to->covariance, from->covariance, bank->size * bank->stride * sizeof *to->covariance);
}

/* The first measurement: its offset, what was known of the frequency, no biases seen. */
static void take_first(struct bank *bank, const struct filter_measure *measure)
{
    bank->valid = true;
    bank->at = measure->at;
    bank->base_ns = measure->base_ns;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        struct bank_member *member = &bank->members[k];
        memset(member->mean, 0, bank->size * sizeof *member->mean);
        memset(member->covariance, 0, bank->size * bank->stride * sizeof *member->covariance);
        for (size_t i = FIRST_LANE; i < bank->size; i++)
            bank_row(bank, member, i)[i] = bank->bias_variance[i - FIRST_LANE];
        member->mean[OFFSET] = measure->offset_s + measure->back_s * bank->frequency;
        member->mean[FREQUENCY] = bank->frequency;
        bank_row(bank, member, OFFSET)[OFFSET] = measure->first_sd * measure->first_sd;
        bank_row(bank, member, FREQUENCY)[FREQUENCY] =
            fmin(bank->frequency_sd * bank->frequency_sd, UNKNOWN_FREQUENCY_VARIANCE);
        member->score = bank->prior_score[k];
        member->weight = bank->prior_weight[k];
    }
}

/* --- weights --- */

unsigned bank_best(const struct bank *bank)
{
    unsigned best = 0;
    for (unsigned k = 1; k < BANK_MEMBERS; k++)
        if (bank->members[k].score > bank->members[best].score)
            best = k;
    return best;
}

/* Scores to probabilities; a member hopelessly behind takes over the state of the best one. */
static void weigh(struct bank *bank)
{
    const struct bank_member *best = &bank->members[bank_best(bank)];
    double top = best->score, sum = 0;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        struct bank_member *member = &bank->members[k];
        member->score -= top;
        if (member->score < MIN_SCORE) {
            copy_state(bank, member, best);
            member->seen = best->seen;
            member->seen_variance = best->seen_variance;
            member->score = MIN_SCORE;
        }
        sum += member->weight = exp(member->score);
    }
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        struct bank_member *member = &bank->members[k];
        member->weight = (1 - SHARE) * member->weight / sum + SHARE * bank->prior_weight[k];
        member->score = log(member->weight);
    }
}

/* Move whole nanoseconds into the anchor: the doubles stay small, whatever the offset. */
static void settle_base(struct bank *bank)
{
    int64_t whole_ns = gn_nanoseconds(bank->members[bank_best(bank)].mean[OFFSET]);
    bank->base_ns += whole_ns;
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        bank->members[k].mean[OFFSET] -= gn_seconds(whole_ns);
}

/* Before the weights change: how far the measurement is off. */
static void note_surprise(const struct bank *bank, double noise_variance,
                          struct noise_lesson *lesson)
{
    double mean = 0, variance = noise_variance;
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        mean += bank->members[k].weight * bank->members[k].expected;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        const struct bank_member *member = &bank->members[k];
        double apart = member->expected - mean;
        variance += member->weight * (member->expected_variance + apart * apart);
    }
    lesson->innovation_s = -mean;
    lesson->sigmas = -mean / sqrt(variance);
}

/* --- samples --- */

static void predict_all(struct bank *bank, double dt)
{
    if (bank->size > FIRST_LANE + 1)
        for (size_t lane = 0; lane < bank->size - FIRST_LANE; lane++)
            bank->bias_variance[lane] += BIAS_WALK * bank->bias_expected[lane] * dt;
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        bank_predict(bank, &bank->members[k], bank_wander[k] * bank_wander[k], dt);
}

static void note_lesson(const struct bank *bank, double evidence[][NOISE_SHAPES],
                        struct noise_lesson *lesson)
{
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        const struct bank_member *member = &bank->members[k];
        lesson->distance_s += member->weight * member->seen;
        for (int i = 0; i < NOISE_SHAPES; i++)
            lesson->evidence[i] += member->weight * evidence[k][i];
    }
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        const struct bank_member *member = &bank->members[k];
        double apart = member->seen - lesson->distance_s;
        lesson->variance += member->weight * (member->seen_variance + apart * apart);
    }
}

/* Predict to the measurement's instant, or let one that comes late look further back. */
static void reach(struct bank *bank, struct filter_measure *measure)
{
    double dt = gn_seconds(gn_local_sub(measure->at, bank->at));
    if (dt > 0) {
        predict_all(bank, dt);
        bank->at = measure->at;
    } else {
        measure->back_s -= dt;
    }
}

/*
 * A newcomer far from what the others say is not half believed: its path may be one of those that
 * are much longer one way. What the others say of it will show.
 */
static void meet(struct bank *bank, int lane, double z, const struct filter_measure *m,
                 double noise_variance)
{
    struct noise_lesson first = {0};
    double doubt;
    if (bank->met[lane] || bank->size == FIRST_LANE + 1)
        return;
    bank->met[lane] = true;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        struct bank_member *member = &bank->members[k];
        member->expected =
            bank_expect(bank, member, lane, m->back_s, &member->expected_variance) - z;
    }
    note_surprise(bank, noise_variance, &first);
    doubt = first.innovation_s / first.sigmas;
    if (fabs(first.sigmas) > STRANGE_SIGMAS)
        bank_add_bias(bank, lane, first.innovation_s * first.innovation_s - doubt * doubt);
}

static double noise_of(const struct filter_measure *m, const struct noise *noise)
{
    return m->half_s > 0 ? m->variance + fmax(m->half_s * m->half_s / 3, noise->square_s2)
                         : m->variance;
}

void bank_surprise(struct bank *bank, int lane, const struct filter_measure *measure,
                   const struct noise *noise, struct noise_lesson *lesson)
{
    struct filter_measure m = *measure;
    memset(lesson, 0, sizeof *lesson);
    if (!bank->valid || !bank->met[lane])
        return;
    reach(bank, &m);
    double z = gn_seconds(m.base_ns - bank->base_ns) + m.offset_s;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        struct bank_member *member = &bank->members[k];
        member->expected =
            bank_expect(bank, member, lane, m.back_s, &member->expected_variance) - z;
    }
    note_surprise(bank, noise_of(&m, noise), lesson);
}

void bank_take(struct bank *bank, int lane, const struct filter_measure *measure,
               const struct noise *noise, struct noise_lesson *lesson)
{
    double evidence[BANK_MEMBERS][NOISE_SHAPES] = {{0}};
    struct filter_measure m = *measure;
    double z, noise_variance = noise_of(measure, noise);
    memset(lesson, 0, sizeof *lesson);
    if (!bank->valid) {
        take_first(bank, measure);
        bank->met[lane] = true;
        return;
    }
    reach(bank, &m);
    z = gn_seconds(m.base_ns - bank->base_ns) + m.offset_s;
    meet(bank, lane, z, &m, noise_variance);
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        struct bank_member *member = &bank->members[k];
        double e = m.half_s > 0 ? bank_take_interval(bank, member, lane, z, &m, noise, evidence[k])
                                : bank_take_normal(bank, member, lane, z, &m);
        double lead = member->score - bank->prior_score[k];
        member->score = bank->prior_score[k] + lead * (1 - FORGET) + e;
    }
    note_surprise(bank, noise_variance, lesson);
    weigh(bank);
    note_lesson(bank, evidence, lesson);
    bank_learn_biases(bank);
    settle_base(bank);
}

void bank_widen(struct bank *bank, double by_s)
{
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        double *frequency = &bank_row(bank, &bank->members[k], FREQUENCY)[FREQUENCY];
        bank_row(bank, &bank->members[k], OFFSET)[OFFSET] += by_s * by_s;
        *frequency = fmax(*frequency,
                          fmin(*frequency + WIDEN_FREQUENCY_VARIANCE, UNKNOWN_FREQUENCY_VARIANCE));
    }
}
