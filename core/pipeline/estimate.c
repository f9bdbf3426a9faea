/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/estimate.h>
#include <string.h>

/* The smallest variances that are believed: 1 ps, and 1e-12 s/s. */
#define MIN_VARIANCE 1e-24
/* Nothing is known of an oscillator beyond this. */
#define MAX_FREQUENCY 1e-2
#define UNKNOWN_FREQUENCY_VARIANCE 1e-8
/* A widened estimate gets this much more doubt about the frequency. */
#define REOPEN_FREQUENCY_VARIANCE 1e-12
/* Innovations, in sigma²: widen above the first, refuse above the second … */
#define REOPEN_RATIO 25.0
#define SPIKE_RATIO 100.0
/* … but only so often, and not before the estimate knows anything. */
#define MAX_SPIKES 2
#define MIN_SAMPLES 4
/* The bank: memory of the likelihood, how far behind a member may fall, share given to all. */
#define FORGET (1.0 / 300)
#define MIN_SCORE (-12.0)
#define SHARE 0.001

/* The wander of oscillators, from a good one to one in a draught. Units: s/s per √s. */
static const double wander[ESTIMATE_MEMBERS] = {1e-10, 1e-9, 1e-8, 1e-7, 1e-6};
/* log prior: −(log10 q + 8.5)² / 2, up to a constant; and the same as probabilities. */
static const double prior_score[ESTIMATE_MEMBERS] = {-1.125, -0.125, -0.125, -1.125, -3.125};
static const double prior_weight[ESTIMATE_MEMBERS] = {0.1333, 0.3622, 0.3622, 0.1333, 0.0090};

static void reset_weights(struct estimate *estimate)
{
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++) {
        estimate->members[k].score = prior_score[k];
        estimate->members[k].weight = prior_weight[k];
    }
}

void estimate_init(struct estimate *estimate, double frequency, double sd)
{
    memset(estimate, 0, sizeof *estimate);
    estimate->prior_frequency = frequency;
    estimate->prior_sd = sd;
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++) {
        estimate->members[k].y = frequency;
        estimate->members[k].pyy = sd * sd;
    }
    reset_weights(estimate);
}

void estimate_restart(struct estimate *estimate)
{
    estimate->valid = false;
    estimate->samples = 0;
    estimate->spikes = 0;
}

void estimate_shift(struct estimate *estimate, int64_t by_ns)
{
    estimate->base_ns += by_ns;
}

static void begin(struct estimate *estimate, const struct filter_measure *measure)
{
    estimate->valid = true;
    estimate->at = estimate->first = measure->at;
    estimate->base_ns = measure->base_ns;
    estimate->samples = 1;
    estimate->spikes = 0;
    estimate->assumed = measure->variance;
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++) {
        struct estimate_member *member = &estimate->members[k];
        member->x = measure->offset_s;
        member->pxx = measure->first_sd * measure->first_sd;
        member->pxy = 0;
        member->pyy = fmin(member->pyy + REOPEN_FREQUENCY_VARIANCE, UNKNOWN_FREQUENCY_VARIANCE);
    }
    reset_weights(estimate);
}

bool estimate_was_overconfident(const struct estimate *estimate, const struct filter_measure *next)
{
    return estimate->valid && estimate->samples < 12 && next->variance > 4 * estimate->assumed;
}

/* P ← F P Fᵀ + Q for the constant-velocity model driven by white frequency changes. */
static void predict(struct estimate_member *member, double q2, double dt)
{
    member->x += member->y * dt;
    member->pxx += dt * (2 * member->pxy + dt * member->pyy) + q2 * dt * dt * dt / 3;
    member->pxy += dt * member->pyy + q2 * dt * dt / 2;
    member->pyy += q2 * dt;
}

static void predict_all(struct estimate *estimate, gn_local when)
{
    double dt = gn_seconds(gn_local_sub(when, estimate->at));
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++)
        predict(&estimate->members[k], wander[k] * wander[k], dt);
    estimate->at = when;
}

/* Measurement z = x − back·y + noise: what a member expects, and how surely. */
static double expected(const struct estimate_member *member, double back)
{
    return member->x - back * member->y;
}

static double expected_variance(const struct estimate_member *member, double back)
{
    return member->pxx - 2 * back * member->pxy + back * back * member->pyy;
}

/* Joseph form: symmetric and never negative, whatever is rounded. */
static void correct(struct estimate_member *member, double z, double back, double r)
{
    double gx = member->pxx - back * member->pxy, gy = member->pxy - back * member->pyy;
    double s = gx - back * gy + r, v = z - expected(member, back);
    double kx = gx / s, ky = gy / s;
    double a = 1 - kx, b = kx * back, c = -ky, d = 1 + ky * back;
    double pxx = member->pxx, pxy = member->pxy, pyy = member->pyy;
    member->x += kx * v;
    member->y = fmax(-MAX_FREQUENCY, fmin(MAX_FREQUENCY, member->y + ky * v));
    member->pxx = a * a * pxx + 2 * a * b * pxy + b * b * pyy + kx * kx * r + MIN_VARIANCE;
    member->pxy = a * c * pxx + (a * d + b * c) * pxy + b * d * pyy + kx * ky * r;
    member->pyy = c * c * pxx + 2 * c * d * pxy + d * d * pyy + ky * ky * r + MIN_VARIANCE;
}

/* The bank's innovation squared over its variance. */
static double surprise(const struct estimate *estimate, double z, const struct filter_measure *m,
                       double *innovation)
{
    double mean = 0, variance = m->variance;
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++)
        mean += estimate->members[k].weight * expected(&estimate->members[k], m->back_s);
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++) {
        const struct estimate_member *member = &estimate->members[k];
        double apart = expected(member, m->back_s) - mean;
        variance += member->weight * (expected_variance(member, m->back_s) + apart * apart);
    }
    *innovation = z - mean;
    return *innovation * *innovation / variance;
}

static void reopen(struct estimate *estimate, double innovation)
{
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++) {
        struct estimate_member *member = &estimate->members[k];
        member->pxx += innovation * innovation / 4;
        member->pyy = fmin(member->pyy + REOPEN_FREQUENCY_VARIANCE, UNKNOWN_FREQUENCY_VARIANCE);
    }
}

static unsigned best_member(const struct estimate *estimate)
{
    unsigned best = 0;
    for (unsigned k = 1; k < ESTIMATE_MEMBERS; k++)
        if (estimate->members[k].score > estimate->members[best].score)
            best = k;
    return best;
}

/* Scores to probabilities; a member hopelessly behind takes over the state of the best one. */
static void weigh(struct estimate *estimate)
{
    unsigned best = best_member(estimate);
    double top = estimate->members[best].score, sum = 0;
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++) {
        struct estimate_member *member = &estimate->members[k];
        member->score -= top;
        if (member->score < MIN_SCORE) {
            *member = estimate->members[best];
            member->score = MIN_SCORE;
        }
        sum += member->weight = exp(member->score);
    }
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++) {
        struct estimate_member *member = &estimate->members[k];
        member->weight = (1 - SHARE) * member->weight / sum + SHARE * prior_weight[k];
        member->score = log(member->weight);
    }
}

static void judge(struct estimate_member *member, double prior, double z,
                  const struct filter_measure *m)
{
    double s = expected_variance(member, m->back_s) + m->variance;
    double v = z - expected(member, m->back_s);
    member->score = prior + (member->score - prior) * (1 - FORGET);
    member->score -= 0.5 * log(s) + fmin(0.5 * v * v / s, 20);
}

/* Move whole nanoseconds into the anchor: the doubles stay small, whatever the offset. */
static void settle_base(struct estimate *estimate)
{
    int64_t whole_ns = gn_nanoseconds(estimate->members[best_member(estimate)].x);
    estimate->base_ns += whole_ns;
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++)
        estimate->members[k].x -= gn_seconds(whole_ns);
}

enum estimate_verdict estimate_update(struct estimate *estimate, const struct filter_measure *m)
{
    enum estimate_verdict verdict = ESTIMATE_TAKEN;
    double z, ratio, innovation;
    if (!estimate->valid) {
        begin(estimate, m);
        return ESTIMATE_TAKEN;
    }
    predict_all(estimate, m->at);
    z = gn_seconds(m->base_ns - estimate->base_ns) + m->offset_s;
    ratio = surprise(estimate, z, m, &innovation);
    if (ratio > SPIKE_RATIO && estimate->samples >= MIN_SAMPLES) {
        if (estimate->spikes++ < MAX_SPIKES)
            return ESTIMATE_SPIKE;
        begin(estimate, m);
        return ESTIMATE_REOPENED;
    }
    if (ratio > REOPEN_RATIO) {
        reopen(estimate, innovation);
        verdict = ESTIMATE_REOPENED;
    }
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++) {
        judge(&estimate->members[k], prior_score[k], z, m);
        correct(&estimate->members[k], z, m->back_s, m->variance);
    }
    weigh(estimate);
    settle_base(estimate);
    estimate->spikes = 0;
    estimate->samples++;
    return verdict;
}

/* The share given to all is a device for tracking, not a belief: it stays out of the moments. */
static double believed(const struct estimate *estimate, double weights[ESTIMATE_MEMBERS])
{
    double sum = 0;
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++) {
        double spare = estimate->members[k].weight - 2 * SHARE * prior_weight[k] - 1e-5;
        sum += weights[k] = spare > 0 ? spare : 0;
    }
    return sum;
}

static void add_spread(const struct estimate *estimate, const double *weights, double sum,
                       struct estimate_fit *fit)
{
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++) {
        const struct estimate_member *member = &estimate->members[k];
        double w = weights[k] / sum;
        double dx = member->x - fit->offset_s, dy = member->y - fit->frequency;
        fit->variance += w * (member->pxx + dx * dx);
        fit->covariance += w * (member->pxy + dx * dy);
        fit->frequency_variance += w * (member->pyy + dy * dy);
        fit->wander_variance += w * wander[k] * wander[k];
    }
}

void estimate_get(const struct estimate *estimate, gn_local when, struct estimate_fit *fit)
{
    double weights[ESTIMATE_MEMBERS];
    double sum = believed(estimate, weights);
    memset(fit, 0, sizeof *fit);
    fit->at = estimate->at;
    fit->base_ns = estimate->base_ns;
    for (unsigned k = 0; k < ESTIMATE_MEMBERS; k++) {
        fit->offset_s += estimate->members[k].weight * estimate->members[k].x;
        fit->frequency += estimate->members[k].weight * estimate->members[k].y;
    }
    add_spread(estimate, weights, sum, fit);
    estimate_fit_advance(fit, when);
}

static double grown_variance(const struct estimate_fit *fit, double dt)
{
    /* Looking back is as uncertain as looking ahead, but for the sign of what is correlated. */
    double wandered = fit->wander_variance * fabs(dt * dt * dt) / 3;
    double variance = fit->variance + dt * (2 * fit->covariance + dt * fit->frequency_variance);
    return fmax(variance, MIN_VARIANCE) + wandered;
}

void estimate_fit_advance(struct estimate_fit *fit, gn_local when)
{
    double dt = gn_seconds(gn_local_sub(when, fit->at));
    int64_t whole_ns;
    fit->variance = grown_variance(fit, dt);
    fit->covariance += dt * fit->frequency_variance + fit->wander_variance * dt * fabs(dt) / 2;
    fit->frequency_variance += fit->wander_variance * fabs(dt);
    fit->offset_s += fit->frequency * dt;
    whole_ns = gn_nanoseconds(fit->offset_s);
    fit->base_ns += whole_ns;
    fit->offset_s -= gn_seconds(whole_ns);
    fit->at = when;
}

gn_utc estimate_fit_utc(const struct estimate_fit *fit)
{
    gn_utc utc = {fit->at.ns + fit->base_ns + gn_nanoseconds(fit->offset_s)};
    return utc;
}

double estimate_fit_sd(const struct estimate_fit *fit)
{
    return sqrt(fit->variance);
}

double estimate_fit_sd_after(const struct estimate_fit *fit, double after_s)
{
    return sqrt(grown_variance(fit, after_s));
}
