/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/noise.h>
#include <pipeline/truncated.h>
#include <string.h>

/* Shapes are judged by about so many exchanges; none is ever out of the race. */
#define SCORE_FORGET (1.0 / 200)
#define LEAST_SCORE (-7.0)
/* At the start the interval is believed rather than the others. */
#define FIRST_SCORE (-3.0)
#define OUTLIER_PRIOR 0.002
/* How wide an outlier may lie, in variances of the noise and half widths. */
#define OUTLIER_RATIO 25.0
#define OUTLIER_HALVES 16.0
/* Nothing is so unlikely that an outlier could not be meant. */
#define LEAST_OUTLIER_EXPONENT (-10.0)
/* What one exchange may claim about the noise, as a multiple of what is believed. */
#define MOST_DISTANCE 8.0
#define MOST_SQUARE 25.0
/* The first exchanges teach nothing: the truth is not known well enough. */
#define TRUST_AFTER 4
#define LEAST_GAIN (1.0 / 64)
/* The jitter is the window's opinion until so many were learnt from. */
#define WINDOW_ALONE 32
/* Means are not believed to be smaller than this share of the jitter, and than this, in s. */
#define LEAST_SHARE 0.02
#define LEAST_MEAN_S 1e-9

void noise_init(struct noise *noise)
{
    memset(noise, 0, sizeof *noise);
    noise->score[NOISE_TILTED] = noise->score[NOISE_NORMAL] = FIRST_SCORE;
}

void noise_expect(struct noise *noise, double jitter_s)
{
    noise->jitter_s = jitter_s;
    if (noise->count >= TRUST_AFTER)
        return;
    noise->upper_s = noise->lower_s = jitter_s;
    noise->square_s2 = jitter_s * jitter_s / 2;
}

double noise_jitter_s(const struct noise *noise)
{
    if (noise->count < WINDOW_ALONE)
        return noise->jitter_s;
    return fmin(noise->jitter_s, sqrt(noise->upper_s * noise->lower_s));
}

void noise_prior(const struct noise *noise, double probability[NOISE_SHAPES])
{
    double sum = 0;
    for (int i = 0; i < NOISE_OUTLIER; i++)
        sum += probability[i] = exp(noise->score[i]);
    for (int i = 0; i < NOISE_OUTLIER; i++)
        probability[i] *= (1 - OUTLIER_PRIOR) / sum;
    probability[NOISE_OUTLIER] = OUTLIER_PRIOR;
}

/* --- weighing --- */

/* A prediction against a measurement at 0 with noise of `variance`. */
static struct truncated normal(double mean, double prediction, double variance, double least)
{
    double sum = prediction + variance;
    /* Where the exponent ends the pull does: what lies far away must not count for its distance. */
    double gain = prediction / fmax(sum, mean * mean / (-2 * least));
    struct truncated r = {
        .log_evidence = fmax(-mean * mean / (2 * sum), least) - 0.5 * log(2 * M_PI * sum),
        .mean = mean * (1 - gain),
        .variance = prediction * (1 - gain),
    };
    return r;
}

static void weigh_shapes(const struct noise *noise, const struct noise_interval *interval,
                         double mean, double variance, struct truncated result[NOISE_SHAPES])
{
    double half = interval->half_s;
    double tilt = 1 / noise->upper_s - 1 / noise->lower_s;
    double wide = OUTLIER_RATIO * noise->square_s2 + OUTLIER_HALVES * half * half;
    result[NOISE_UNIFORM] = truncated_normal(mean, variance, half, 0);
    result[NOISE_TILTED] = truncated_normal(mean, variance, half, tilt);
    result[NOISE_NORMAL] = normal(mean, variance, noise->square_s2, -HUGE_VAL);
    result[NOISE_OUTLIER] = normal(mean, variance, wide, LEAST_OUTLIER_EXPONENT);
}

double noise_weigh(const struct noise *noise, const struct noise_interval *interval, double *mean,
                   double *variance, double evidence[NOISE_SHAPES])
{
    struct truncated result[NOISE_SHAPES];
    double p[NOISE_SHAPES], top = -HUGE_VAL, sum = 0, first = 0, second = 0;
    noise_prior(noise, p);
    weigh_shapes(noise, interval, *mean, *variance, result);
    for (int i = 0; i < NOISE_SHAPES; i++) {
        evidence[i] = result[i].log_evidence;
        top = fmax(top, evidence[i]);
    }
    for (int i = 0; i < NOISE_SHAPES; i++)
        sum += p[i] *= exp(evidence[i] - top);
    for (int i = 0; i < NOISE_SHAPES; i++)
        first += p[i] / sum * result[i].mean;
    for (int i = 0; i < NOISE_SHAPES; i++) {
        double apart = result[i].mean - first;
        second += p[i] / sum * (result[i].variance + apart * apart);
    }
    *mean = first;
    *variance = fmin(second, *variance);
    return top + log(sum);
}

/* --- learning --- */

static void learn_shapes(struct noise *noise, const double evidence[NOISE_SHAPES])
{
    double top = -HUGE_VAL;
    for (int i = 0; i < NOISE_OUTLIER; i++) {
        /* One exchange cannot rule a shape out for good. */
        double e = fmax(evidence[i], evidence[NOISE_OUTLIER] - 5);
        noise->score[i] = noise->score[i] * (1 - SCORE_FORGET) + e;
        top = fmax(top, noise->score[i]);
    }
    for (int i = 0; i < NOISE_OUTLIER; i++)
        noise->score[i] = fmax(noise->score[i] - top, LEAST_SCORE);
}

static void learn_mean(double *mean_s, double seen_s, double most_s, double gain)
{
    double seen = fmax(0, fmin(fmin(seen_s, most_s), MOST_DISTANCE * *mean_s));
    *mean_s += gain * (seen - *mean_s);
}

void noise_learn(struct noise *noise, const struct noise_interval *interval,
                 const struct noise_lesson *lesson)
{
    double gain = fmax(LEAST_GAIN, 1.0 / (noise->count + 8));
    double least_s = LEAST_SHARE * noise->jitter_s + LEAST_MEAN_S;
    double square = lesson->distance_s * lesson->distance_s + lesson->variance;
    if (noise->count++ < TRUST_AFTER)
        return;
    learn_shapes(noise, lesson->evidence);
    learn_mean(&noise->upper_s, interval->half_s - lesson->distance_s, 2 * interval->half_s, gain);
    learn_mean(&noise->lower_s, interval->half_s + lesson->distance_s, 2 * interval->half_s, gain);
    noise->square_s2 += gain * (fmin(square, MOST_SQUARE * noise->square_s2) - noise->square_s2);
    noise->upper_s = fmax(noise->upper_s, least_s);
    noise->lower_s = fmax(noise->lower_s, least_s);
    noise->square_s2 = fmax(noise->square_s2, least_s * least_s);
}
