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
/* The wander that is allowed for: an ordinary crystal's. Units: (s/s)² per s. */
#define WANDER_VARIANCE 1e-16
/* A spike is beyond what a crystal in a draught would do. */
#define DRAUGHT_VARIANCE 1e-14

void estimate_init(struct estimate *estimate, double frequency, double sd)
{
    memset(estimate, 0, sizeof *estimate);
    estimate->y = frequency;
    estimate->pyy = sd * sd;
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

void estimate_doubt(struct estimate *estimate, double by_s, double age_s)
{
    double rate = by_s / fmax(1, age_s);
    estimate->pxx += by_s * by_s;
    estimate->pyy = fmin(estimate->pyy + rate * rate, UNKNOWN_FREQUENCY_VARIANCE);
}

static void begin(struct estimate *estimate, const struct filter_measure *measure)
{
    estimate->valid = true;
    estimate->at = estimate->first = measure->at;
    estimate->base_ns = measure->base_ns;
    estimate->samples = 1;
    estimate->spikes = 0;
    estimate->assumed = measure->point_variance;
    estimate->x = measure->offset_s;
    estimate->pxx = measure->first_sd * measure->first_sd;
    estimate->pxy = 0;
    estimate->pyy = fmin(estimate->pyy + REOPEN_FREQUENCY_VARIANCE, UNKNOWN_FREQUENCY_VARIANCE);
}

bool estimate_was_overconfident(const struct estimate *estimate, const struct filter_measure *next)
{
    return estimate->valid && estimate->samples < 12 &&
           next->point_variance > 4 * estimate->assumed;
}

/* P ← F P Fᵀ + Q for the constant-velocity model driven by white frequency changes. */
static void predict(struct estimate *e, gn_local when)
{
    double dt = gn_seconds(gn_local_sub(when, e->at)), q2 = WANDER_VARIANCE;
    e->x += e->y * dt;
    e->pxx += dt * (2 * e->pxy + dt * e->pyy) + q2 * dt * dt * dt / 3;
    e->pxy += dt * e->pyy + q2 * dt * dt / 2;
    e->pyy += q2 * dt;
    e->at = when;
}

/* Measurement z = x − back·y + noise. Joseph form: symmetric and never negative. */
static void correct(struct estimate *e, double innovation, double back, double r)
{
    double gx = e->pxx - back * e->pxy, gy = e->pxy - back * e->pyy;
    double s = gx - back * gy + r;
    double kx = gx / s, ky = gy / s;
    double a = 1 - kx, b = kx * back, c = -ky, d = 1 + ky * back;
    double pxx = e->pxx, pxy = e->pxy, pyy = e->pyy;
    e->x += kx * innovation;
    e->y = fmax(-MAX_FREQUENCY, fmin(MAX_FREQUENCY, e->y + ky * innovation));
    e->pxx = a * a * pxx + 2 * a * b * pxy + b * b * pyy + kx * kx * r + MIN_VARIANCE;
    e->pxy = a * c * pxx + (a * d + b * c) * pxy + b * d * pyy + kx * ky * r;
    e->pyy = c * c * pxx + 2 * c * d * pxy + d * d * pyy + ky * ky * r + MIN_VARIANCE;
}

static void reopen(struct estimate *estimate, double innovation)
{
    estimate->pxx += innovation * innovation / 4;
    estimate->pyy = fmin(estimate->pyy + REOPEN_FREQUENCY_VARIANCE, UNKNOWN_FREQUENCY_VARIANCE);
}

/* Move whole nanoseconds into the anchor: the doubles stay small, whatever the offset. */
static void settle_base(struct estimate *estimate)
{
    int64_t whole_ns = gn_nanoseconds(estimate->x);
    estimate->base_ns += whole_ns;
    estimate->x -= gn_seconds(whole_ns);
}

enum estimate_verdict estimate_update(struct estimate *estimate, const struct filter_measure *m)
{
    enum estimate_verdict verdict = ESTIMATE_TAKEN;
    double back = m->back_s, dt = gn_seconds(gn_local_sub(m->at, estimate->at));
    double variance, ratio, draught, innovation;
    if (!estimate->valid) {
        begin(estimate, m);
        return ESTIMATE_TAKEN;
    }
    predict(estimate, m->at);
    /* Half of what a path changes by may be error, of the old or of the new one. */
    estimate->pxx += m->rerouted_s * m->rerouted_s / 4;
    innovation = gn_seconds(m->base_ns - estimate->base_ns) + m->offset_s -
                 (estimate->x - back * estimate->y);
    variance = estimate->pxx - 2 * back * estimate->pxy + back * back * estimate->pyy;
    ratio = innovation * innovation / (variance + m->point_variance);
    draught = DRAUGHT_VARIANCE * dt * dt * dt / 3;
    if (innovation * innovation > SPIKE_RATIO * (variance + m->point_variance + draught) &&
        estimate->samples >= MIN_SAMPLES) {
        if (estimate->spikes++ < MAX_SPIKES)
            return ESTIMATE_SPIKE;
        begin(estimate, m);
        return ESTIMATE_REOPENED;
    }
    if (ratio > REOPEN_RATIO) {
        reopen(estimate, innovation);
        verdict = ESTIMATE_REOPENED;
    }
    correct(estimate, innovation, back, m->point_variance);
    settle_base(estimate);
    estimate->spikes = 0;
    estimate->samples++;
    return verdict;
}

void estimate_get(const struct estimate *estimate, gn_local when, struct estimate_fit *fit)
{
    *fit = (struct estimate_fit){
        .at = estimate->at,
        .base_ns = estimate->base_ns,
        .offset_s = estimate->x,
        .frequency = estimate->y,
        .variance = estimate->pxx,
        .covariance = estimate->pxy,
        .frequency_variance = estimate->pyy,
        .wander_variance = WANDER_VARIANCE,
    };
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
