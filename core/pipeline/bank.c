/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/bank.h>
#include <stdlib.h>
#include <string.h>

/* The smallest variances that are believed: 1 ps, and 1e-12 s/s. */
#define MIN_VARIANCE 1e-24
/* Nothing is known of an oscillator beyond this. */
#define MAX_FREQUENCY 1e-2
#define UNKNOWN_FREQUENCY_VARIANCE 1e-8
/* A widened estimate gets this much more doubt about the frequency. */
#define WIDEN_FREQUENCY_VARIANCE 1e-12
/* Memory of the likelihood, how far behind a member may fall, share given to all. */
#define FORGET (1.0 / 1000)
#define MIN_SCORE (-12.0)
#define SHARE 0.001
/* An innovation of a clock counts at most like this against a member. */
#define MOST_SURPRISE 8.0
/* The bound may fail so often. */
#define BOUND_RISK 2e-4
#define BOUND_ROUNDS 40
/* How biases are distributed: freedom of their t distribution (paths that are much worse than the
 * others exist), what is expected of them counts as so many lanes, and what is possible. */
#define BIAS_FREEDOM 1.0
#define BIAS_LANES 0.5
#define MOST_BIAS_SCALE 1e4
#define LEAST_BIAS_SCALE 1e-2
/* So many sigma from the others a newcomer is taken for one of them. */
#define STRANGE_SIGMAS 3.0
/* One exchange widens or narrows what is believed of a bias at most by this factor. */
#define BIAS_STEP 4.0
/* … and so much of the exact result may be lost to rounding. */
#define LEAST_LEFT 0.9
/* A bias changes by a tenth of its own size in a day, as routes do: (0.1 σ)² a day. */
#define BIAS_WALK (0.01 / 86400)

/* Rows of the state, before the lanes. */
enum { OFFSET, FREQUENCY, FIRST_LANE };

/* The wander of oscillators, from an oven to a crystal in a draught. Units: s/s per √s. */
static const double wander[BANK_MEMBERS] = {3e-11, 1e-10, 3e-10, 1e-9, 3e-9, 1e-8,
                                            3e-8,  1e-7,  3e-7,  1e-6, 3e-6};

struct member {
    double *mean;       /* `size` of them */
    double *covariance; /* `size` rows of `stride` */
    double *gain;       /* scratch: covariance times the measurement's row */
    double score;       /* log likelihood with the prior, forgetting */
    double weight;      /* probability */
    /* Of the last measured quantity, relative to its measurement: before and afterwards. */
    double expected, expected_variance, seen, seen_variance;
};

struct bank {
    bool valid;
    gn_local at;
    int64_t base_ns;
    double frequency, frequency_sd; /* known beforehand */
    size_t size, stride;
    double prior_score[BANK_MEMBERS], prior_weight[BANK_MEMBERS];
    double bias_expected[BANK_LANES]; /* variance before anything is known, s² */
    double bias_variance[BANK_LANES]; /* the same, by what all lanes have shown */
    double bias_scale;                /* of the expectations, as a factor of the variance */
    bool met[BANK_LANES];             /* the lane's source has been heard */
    struct member members[BANK_MEMBERS];
    double numbers[];
};

/* --- life --- */

/* log10 q is normal around −9, deviation 0.8. */
static void set_prior(struct bank *bank)
{
    double sum = 0;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        double z = (log10(wander[k]) + 9) / 0.8;
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

static double *row(const struct bank *bank, const struct member *member, size_t index)
{
    return &member->covariance[index * bank->stride];
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
        struct member *member = &bank->members[k];
        member->mean[index] = 0;
        for (size_t i = 0; i < bank->size; i++)
            row(bank, member, i)[index] = row(bank, member, index)[i] = 0;
        row(bank, member, index)[index] = bank->bias_variance[lane];
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

static void copy_state(const struct bank *bank, struct member *to, const struct member *from)
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
        struct member *member = &bank->members[k];
        memset(member->mean, 0, bank->size * sizeof *member->mean);
        memset(member->covariance, 0, bank->size * bank->stride * sizeof *member->covariance);
        for (size_t i = FIRST_LANE; i < bank->size; i++)
            row(bank, member, i)[i] = bank->bias_variance[i - FIRST_LANE];
        member->mean[OFFSET] = measure->offset_s + measure->back_s * bank->frequency;
        member->mean[FREQUENCY] = bank->frequency;
        row(bank, member, OFFSET)[OFFSET] = measure->first_sd * measure->first_sd;
        row(bank, member, FREQUENCY)[FREQUENCY] =
            fmin(bank->frequency_sd * bank->frequency_sd, UNKNOWN_FREQUENCY_VARIANCE);
        member->score = bank->prior_score[k];
        member->weight = bank->prior_weight[k];
    }
}

/* --- prediction --- */

/* P ← F P Fᵀ + Q for an offset that integrates a frequency driven by white noise. */
static void predict(const struct bank *bank, struct member *member, double q2, double dt)
{
    double *offset = row(bank, member, OFFSET), *frequency = row(bank, member, FREQUENCY);
    double both = offset[FREQUENCY], alone = frequency[FREQUENCY];
    member->mean[OFFSET] += member->mean[FREQUENCY] * dt;
    offset[OFFSET] += dt * (2 * both + dt * alone) + q2 * dt * dt * dt / 3;
    offset[FREQUENCY] = frequency[OFFSET] = both + dt * alone + q2 * dt * dt / 2;
    frequency[FREQUENCY] = alone + q2 * dt;
    for (size_t i = FIRST_LANE; i < bank->size; i++) {
        offset[i] += dt * frequency[i];
        row(bank, member, i)[OFFSET] = offset[i];
        if (bank->size > FIRST_LANE + 1) /* a lone bias cannot be seen: let it not grow either */
            row(bank, member, i)[i] += BIAS_WALK * bank->bias_expected[i - FIRST_LANE] * dt;
    }
}

static void predict_all(struct bank *bank, double dt)
{
    if (bank->size > FIRST_LANE + 1)
        for (size_t lane = 0; lane < bank->size - FIRST_LANE; lane++)
            bank->bias_variance[lane] += BIAS_WALK * bank->bias_expected[lane] * dt;
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        predict(bank, &bank->members[k], wander[k] * wander[k], dt);
}

/* --- one measurement --- */

/* What a member expects of x − back·y + bias, and how surely; fills its gain. */
static double expect(const struct bank *bank, struct member *member, int lane, double back,
                     double *variance)
{
    size_t index = FIRST_LANE + (size_t)lane;
    const double *offset = row(bank, member, OFFSET), *frequency = row(bank, member, FREQUENCY);
    const double *bias = row(bank, member, index);
    for (size_t i = 0; i < bank->size; i++)
        member->gain[i] = offset[i] - back * frequency[i] + bias[i];
    /* Widened and narrowed again and again, rounding may have eaten it. */
    *variance = fmax(member->gain[OFFSET] - back * member->gain[FREQUENCY] + member->gain[index],
                     MIN_VARIANCE);
    return member->mean[OFFSET] - back * member->mean[FREQUENCY] + member->mean[index];
}

static void limit_frequency(struct member *member)
{
    member->mean[FREQUENCY] = fmax(-MAX_FREQUENCY, fmin(MAX_FREQUENCY, member->mean[FREQUENCY]));
}

/* P ← A P Aᵀ for A = 1 − k hᵀ, where the measured quantity is hᵀ times the state. */
static void project(const struct bank *bank, struct member *member, int lane, double back,
                    double total)
{
    size_t index = FIRST_LANE + (size_t)lane;
    for (size_t i = 0; i < bank->size; i++)
        for (size_t j = 0; j < bank->size; j++)
            row(bank, member, i)[j] -= member->gain[i] / total * member->gain[j];
    for (size_t i = 0; i < bank->size; i++) {
        double *line = row(bank, member, i);
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
static void correct(const struct bank *bank, struct member *member, int lane, double back,
                    double by, double total, double noise, double variance)
{
    project(bank, member, lane, back, total);
    for (size_t i = 0; i < bank->size; i++) {
        double k = member->gain[i] / total;
        member->mean[i] += k * by;
        for (size_t j = 0; j <= i; j++) {
            double both = (row(bank, member, i)[j] + row(bank, member, j)[i]) / 2 +
                          k * (noise + variance) * (member->gain[j] / total);
            row(bank, member, i)[j] = row(bank, member, j)[i] = both;
        }
        row(bank, member, i)[i] = fmax(row(bank, member, i)[i], 0) + MIN_VARIANCE;
    }
    limit_frequency(member);
}

/* Take it into one member; returns its log evidence. `z` is relative to the anchor. */
static double take_interval(const struct bank *bank, struct member *member, int lane, double z,
                            const struct filter_measure *m, const struct noise *noise,
                            double evidence[NOISE_SHAPES])
{
    struct noise_interval interval = {m->half_s, m->variance};
    double total;
    double expected = expect(bank, member, lane, m->back_s, &total);
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

static double take_normal(const struct bank *bank, struct member *member, int lane, double z,
                          const struct filter_measure *m)
{
    double prior_variance;
    double expected = expect(bank, member, lane, m->back_s, &prior_variance);
    double total = prior_variance + m->variance, apart = z - expected;
    /* Where the surprise ends the pull does: a clock that jumps is no oscillator that runs away. */
    double felt = fmax(total, apart * apart / (2 * MOST_SURPRISE));
    correct(bank, member, lane, m->back_s, apart, felt, felt - prior_variance, 0);
    member->expected = member->seen = -apart;
    member->expected_variance = member->seen_variance = prior_variance;
    return -0.5 * log(total) - fmin(0.5 * apart * apart / total, MOST_SURPRISE);
}

/* --- weights --- */

static unsigned best_member(const struct bank *bank)
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
    const struct member *best = &bank->members[best_member(bank)];
    double top = best->score, sum = 0;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        struct member *member = &bank->members[k];
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
        struct member *member = &bank->members[k];
        member->weight = (1 - SHARE) * member->weight / sum + SHARE * bank->prior_weight[k];
        member->score = log(member->weight);
    }
}

/* Move whole nanoseconds into the anchor: the doubles stay small, whatever the offset. */
static void settle_base(struct bank *bank)
{
    int64_t whole_ns = gn_nanoseconds(bank->members[best_member(bank)].mean[OFFSET]);
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
        const struct member *member = &bank->members[k];
        double apart = member->expected - mean;
        variance += member->weight * (member->expected_variance + apart * apart);
    }
    lesson->innovation_s = -mean;
    lesson->sigmas = -mean / sqrt(variance);
}

/* --- biases --- */

/* Mean square of a lane's bias by all that is known. */
static double bias_square(const struct bank *bank, size_t index)
{
    double square = 0;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        const struct member *member = &bank->members[k];
        square += member->weight *
                  (row(bank, member, index)[index] + member->mean[index] * member->mean[index]);
    }
    return square;
}

/* What was believed of a bias beforehand had variance `old`, and has `new` now. */
static void reconsider(const struct bank *bank, struct member *member, size_t index, double old,
                       double new)
{
    const double *line = row(bank, member, index);
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
            row(bank, member, i)[j] -= member->gain[i] * member->gain[j] * share;
        row(bank, member, i)[i] = fmax(row(bank, member, i)[i], MIN_VARIANCE);
    }
    limit_frequency(member);
}

/*
 * Biases show only as differences between sources. Where these are small, so is what is allowed
 * for the biases; a single source far from the others is allowed to be the one that errs, instead
 * of drawing all of them half of the way. (One step of expectation maximisation per exchange.)
 */
static void learn_biases(struct bank *bank)
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

static void note_lesson(const struct bank *bank, double evidence[][NOISE_SHAPES],
                        struct noise_lesson *lesson)
{
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        const struct member *member = &bank->members[k];
        lesson->distance_s += member->weight * member->seen;
        for (int i = 0; i < NOISE_SHAPES; i++)
            lesson->evidence[i] += member->weight * evidence[k][i];
    }
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        const struct member *member = &bank->members[k];
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

static void add_bias(struct bank *bank, int lane, double variance)
{
    size_t index = FIRST_LANE + (size_t)lane;
    bank->bias_variance[lane] += variance;
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        row(bank, &bank->members[k], index)[index] += variance;
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
        struct member *member = &bank->members[k];
        member->expected = expect(bank, member, lane, m->back_s, &member->expected_variance) - z;
    }
    note_surprise(bank, noise_variance, &first);
    doubt = first.innovation_s / first.sigmas;
    if (fabs(first.sigmas) > STRANGE_SIGMAS)
        add_bias(bank, lane, first.innovation_s * first.innovation_s - doubt * doubt);
}

void bank_take(struct bank *bank, int lane, const struct filter_measure *measure,
               const struct noise *noise, struct noise_lesson *lesson)
{
    double evidence[BANK_MEMBERS][NOISE_SHAPES] = {{0}};
    struct filter_measure m = *measure;
    double z, noise_variance = m.variance;
    memset(lesson, 0, sizeof *lesson);
    if (!bank->valid) {
        take_first(bank, measure);
        bank->met[lane] = true;
        return;
    }
    reach(bank, &m);
    z = gn_seconds(m.base_ns - bank->base_ns) + m.offset_s;
    if (m.half_s > 0)
        noise_variance += fmax(m.half_s * m.half_s / 3, noise->square_s2);
    meet(bank, lane, z, &m, noise_variance);
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        struct member *member = &bank->members[k];
        double e = m.half_s > 0 ? take_interval(bank, member, lane, z, &m, noise, evidence[k])
                                : take_normal(bank, member, lane, z, &m);
        double lead = member->score - bank->prior_score[k];
        member->score = bank->prior_score[k] + lead * (1 - FORGET) + e;
    }
    note_surprise(bank, noise_variance, lesson);
    weigh(bank);
    note_lesson(bank, evidence, lesson);
    learn_biases(bank);
    settle_base(bank);
}

/* Nothing is known of a bias any more. */
static void forget_bias(struct bank *bank, int lane)
{
    size_t index = FIRST_LANE + (size_t)lane;
    bank->bias_variance[lane] = bank->bias_expected[lane];
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        struct member *member = &bank->members[k];
        member->mean[index] = 0;
        for (size_t i = 0; i < bank->size; i++)
            row(bank, member, i)[index] = row(bank, member, index)[i] = 0;
        row(bank, member, index)[index] = bank->bias_variance[lane];
    }
}

void bank_reroute(struct bank *bank, int lane, double by_s)
{
    double variance = by_s * by_s / 4; /* all of it one way, or the other */
    if (by_s > 0 || bank->size > FIRST_LANE + 1) {
        add_bias(bank, lane, variance);
        return;
    }
    forget_bias(bank, lane);
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        row(bank, &bank->members[k], OFFSET)[OFFSET] += variance;
}

void bank_widen(struct bank *bank, double by_s)
{
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        double *frequency = &row(bank, &bank->members[k], FREQUENCY)[FREQUENCY];
        row(bank, &bank->members[k], OFFSET)[OFFSET] += by_s * by_s;
        *frequency = fmax(*frequency,
                          fmin(*frequency + WIDEN_FREQUENCY_VARIANCE, UNKNOWN_FREQUENCY_VARIANCE));
    }
}

/* --- what it says --- */

/* The share given to all is a device for tracking, not a belief: it stays out of the moments. */
static void believed(const struct bank *bank, double weights[BANK_MEMBERS])
{
    double sum = 0;
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        sum += weights[k] =
            fmax(bank->members[k].weight - 2 * SHARE * bank->prior_weight[k] - 1e-5, 0);
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        weights[k] /= sum;
}

static void add_spread(const struct bank *bank, struct estimate_fit *fit)
{
    double weights[BANK_MEMBERS];
    believed(bank, weights);
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        const struct member *member = &bank->members[k];
        double dx = member->mean[OFFSET] - fit->offset_s;
        double dy = member->mean[FREQUENCY] - fit->frequency;
        const double *offset = row(bank, member, OFFSET);
        fit->variance += weights[k] * (offset[OFFSET] + dx * dx);
        fit->covariance += weights[k] * (offset[FREQUENCY] + dx * dy);
        fit->frequency_variance += weights[k] * (row(bank, member, FREQUENCY)[FREQUENCY] + dy * dy);
        fit->wander_variance += weights[k] * wander[k] * wander[k];
    }
}

static void mean_of(const struct bank *bank, struct estimate_fit *fit)
{
    memset(fit, 0, sizeof *fit);
    fit->at = bank->at;
    fit->base_ns = bank->base_ns;
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        fit->offset_s += bank->members[k].weight * bank->members[k].mean[OFFSET];
        fit->frequency += bank->members[k].weight * bank->members[k].mean[FREQUENCY];
    }
}

void bank_fit(const struct bank *bank, gn_local when, struct estimate_fit *fit)
{
    mean_of(bank, fit);
    add_spread(bank, fit);
    estimate_fit_advance(fit, when);
}

static double variance_after(const struct bank *bank, const struct member *member, double q2,
                             double dt)
{
    const double *offset = row(bank, member, OFFSET);
    double alone = row(bank, member, FREQUENCY)[FREQUENCY];
    double variance = offset[OFFSET] + dt * (2 * offset[FREQUENCY] + dt * alone);
    return fmax(variance, MIN_VARIANCE) + q2 * fabs(dt * dt * dt) / 3;
}

double bank_bound_s(const struct bank *bank, gn_local when)
{
    double weights[BANK_MEMBERS], apart[BANK_MEMBERS], sd[BANK_MEMBERS], low = 0, high = 0;
    double dt = gn_seconds(gn_local_sub(when, bank->at));
    struct estimate_fit fit;
    mean_of(bank, &fit);
    believed(bank, weights);
    for (unsigned k = 0; k < BANK_MEMBERS; k++) {
        const struct member *member = &bank->members[k];
        apart[k] =
            member->mean[OFFSET] - fit.offset_s + (member->mean[FREQUENCY] - fit.frequency) * dt;
        sd[k] = sqrt(2 * variance_after(bank, member, wander[k] * wander[k], dt));
        if (weights[k] > 0)
            high = fmax(high, fabs(apart[k]) + 4 * sd[k]);
    }
    for (int round = 0; round < BOUND_ROUNDS; round++) {
        double middle = (low + high) / 2, risk = 0;
        for (unsigned k = 0; k < BANK_MEMBERS; k++)
            if (weights[k] > 0)
                risk += weights[k] / 2 *
                        (erfc((middle - apart[k]) / sd[k]) + erfc((middle + apart[k]) / sd[k]));
        if (risk > BOUND_RISK)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double bank_growth(const struct bank *bank, double after_s)
{
    const struct member *best = &bank->members[best_member(bank)];
    double mean_log = 0;
    for (unsigned k = 0; k < BANK_MEMBERS; k++)
        mean_log += bank->members[k].weight * log(wander[k]);
    double q = exp(mean_log);
    return after_s *
           (2 * row(bank, best, OFFSET)[FREQUENCY] +
            after_s * row(bank, best, FREQUENCY)[FREQUENCY] + q * q * after_s * after_s / 3);
}
