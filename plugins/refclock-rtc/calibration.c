/* SPDX-License-Identifier: Apache-2.0 */
#include "calibration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A clock that nobody has compared: set by hand or by a kernel, with a crystal like any. */
#define GUESSED_OFFSET_S 0.5
#define GUESSED_DRIFT 20e-6

/* Without comparison a crystal's drift changes with the temperature, nobody knows how. */
#define TEMPERATURE 1e-6

/* While it is compared: the drift's walk, s/s in the root of a second. */
#define WALK 1e-9

/* Interrupts may come late: a PC whose timer is the HPET looks for them 64 times a second. */
#define JITTER_GAIN (1.0 / 16)

/* A comparison so many sigma off: the clock was set. */
#define SET_SIGMA 8.0
#define SET_LEAST_S 2e-3

/* No crystal is worse, and no file is believed that says so. */
#define MOST_DRIFT 1e-3
#define MOST_OFFSET_S 1e9

#define TITLE "gnomon rtc 2"

/* A phase beyond this is none: writing.c. */
#define MOST_PHASE_S 2.0

static const struct calibration nothing;

void calibration_guess(struct calibration *self, double shown_s)
{
    *self = nothing;
    self->epoch_s = shown_s;
    self->variance[0][0] = GUESSED_OFFSET_S * GUESSED_OFFSET_S;
    self->variance[1][1] = GUESSED_DRIFT * GUESSED_DRIFT;
}

double calibration_offset(const struct calibration *self, double shown_s, double *sd_s)
{
    double age_s = shown_s - self->epoch_s;
    double variance = self->variance[0][0] + 2 * age_s * self->variance[0][1] +
                      age_s * age_s * (self->variance[1][1] + TEMPERATURE * TEMPERATURE);
    variance = fmax(variance, 0) + self->jitter_s * self->jitter_s; /* late is not random */
    *sd_s = sqrt(variance);
    return self->offset_s + age_s * self->drift;
}

/* ---------------------------------------------------------------- learning */

static void advance(struct calibration *self, double shown_s)
{
    double age_s = shown_s - self->epoch_s;
    double(*v)[2] = self->variance;
    self->offset_s += age_s * self->drift;
    v[0][0] += 2 * age_s * v[0][1] + age_s * age_s * v[1][1] +
               WALK * WALK * fabs(age_s * age_s * age_s) / 3;
    v[0][1] += age_s * v[1][1];
    v[1][0] = v[0][1];
    v[1][1] += WALK * WALK * fabs(age_s);
    self->epoch_s = shown_s;
}

static void update(struct calibration *self, double innovation_s, double noise)
{
    double(*v)[2] = self->variance;
    double total = v[0][0] + noise;
    double gain[2] = {v[0][0] / total, v[1][0] / total};
    double kept = 1 - gain[0];
    self->offset_s += gain[0] * innovation_s;
    self->drift += gain[1] * innovation_s;
    /* Joseph's form: it stays positive, however small the noise. */
    double v00 = kept * kept * v[0][0] + gain[0] * gain[0] * noise;
    double v01 = kept * (v[0][1] - gain[1] * v[0][0]) + gain[0] * gain[1] * noise;
    double v11 =
        v[1][1] - 2 * gain[1] * v[0][1] + gain[1] * gain[1] * v[0][0] + gain[1] * gain[1] * noise;
    v[0][0] = v00;
    v[0][1] = v[1][0] = v01;
    v[1][1] = v11;
}

/* What is not explained by what was expected, on the average. */
static void scatter(struct calibration *self, double innovation_s, double expected)
{
    double jitter = self->jitter_s * self->jitter_s;
    double extra = fmax(innovation_s * innovation_s - expected, 0);
    double gain = fmax(JITTER_GAIN, 1 / (self->count + 1));
    self->jitter_s = sqrt(jitter + gain * (extra - jitter));
}

/* The offset is new, the crystal is not. */
static void restart(struct calibration *self, double offset_s, double noise)
{
    self->offset_s = offset_s;
    self->variance[0][0] = noise;
    self->variance[0][1] = self->variance[1][0] = 0;
}

static enum calibration_news begin(struct calibration *self, double shown_s, double offset_s,
                                   double noise)
{
    struct calibration before = *self;
    calibration_guess(self, shown_s);
    self->learnt = true;
    self->count = 1;
    self->since_s = shown_s;
    self->written_s = before.written_s;
    self->jitter_s = before.jitter_s;
    self->phase_kind = before.phase_kind;
    self->phase_s = before.phase_s;
    restart(self, offset_s, noise);
    return CALIBRATION_FIRST;
}

enum calibration_news calibration_learn(struct calibration *self, double shown_s, double offset_s,
                                        double sd_s, double *jump_s)
{
    double noise = sd_s * sd_s + self->jitter_s * self->jitter_s, expected_sd_s;
    if (!self->learnt)
        return begin(self, shown_s, offset_s, noise);
    double innovation_s = offset_s - calibration_offset(self, shown_s, &expected_sd_s);
    double limit_s = SET_SIGMA * sqrt(expected_sd_s * expected_sd_s + noise);
    *jump_s = -innovation_s;
    advance(self, shown_s);
    self->count++;
    if (fabs(innovation_s) > fmax(limit_s, SET_LEAST_S)) {
        restart(self, offset_s, noise);
        return CALIBRATION_SET;
    }
    scatter(self, innovation_s, self->variance[0][0] + sd_s * sd_s);
    update(self, innovation_s, noise);
    return fabs(self->drift) <= MOST_DRIFT ? CALIBRATION_LEARNT
                                           : begin(self, shown_s, offset_s, noise);
}

void calibration_written(struct calibration *self, double shown_s, double offset_s, double sd_s)
{
    if (!self->learnt) {
        begin(self, shown_s, offset_s, sd_s * sd_s);
    } else {
        /* What it showed before and what it shows now are two scales: the age is not theirs. */
        self->since_s += shown_s - self->epoch_s;
        self->epoch_s = shown_s;
        restart(self, offset_s, sd_s * sd_s);
    }
    self->written_s = shown_s + offset_s;
}

/* ---------------------------------------------------------------- text */

size_t calibration_write(const struct calibration *self, char *text, size_t size)
{
    int n = snprintf(text, size,
                     TITLE "\n"
                           "shown %.6f s\n"
                           "offset %.9f s\n"
                           "drift %.6f ppm\n"
                           "variance %.6e %.6e %.6e\n"
                           "jitter %.9f s\n"
                           "compared %.0f times since %.0f s\n"
                           "written %.3f s\n"
                           "phase %d %.6f s\n"
                           "end\n",
                     self->epoch_s, self->offset_s, self->drift * 1e6, self->variance[0][0],
                     self->variance[0][1], self->variance[1][1], self->jitter_s, self->count,
                     self->since_s, self->written_s, self->phase_kind, self->phase_s);
    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

static const char *implausible(const struct calibration *read)
{
    double v00 = read->variance[0][0], v01 = read->variance[0][1], v11 = read->variance[1][1];
    if (!isfinite(read->epoch_s) || read->epoch_s < 0 || read->epoch_s > 1e11)
        return "no such date";
    if (!(fabs(read->offset_s) <= MOST_OFFSET_S))
        return "no such offset";
    if (!(fabs(read->drift) <= MOST_DRIFT))
        return "no crystal drifts like this";
    if (!(v00 > 0 && v00 < 1e18 && v11 > 0 && v11 <= MOST_DRIFT * MOST_DRIFT) ||
        !(v01 * v01 <= v00 * v11))
        return "these are no variances";
    if (!(read->jitter_s >= 0 && read->jitter_s < 1))
        return "no such jitter";
    if (!(read->count >= 1 && read->count < 1e15) || !(fabs(read->since_s) < 1e12))
        return "no such count";
    if (!(read->written_s >= 0 && read->written_s < 1e11))
        return "no such date of writing";
    if (!(fabs(read->phase_s) <= MOST_PHASE_S) || read->phase_kind < 0 || read->phase_kind > 2)
        return "no such phase";
    return NULL;
}

const char *calibration_read(struct calibration *self, const char *text)
{
    struct calibration read = nothing;
    double ppm;
    int end = 0;
    if (strncmp(text, TITLE "\n", strlen(TITLE "\n")) != 0)
        return "not written by this version";
    int n = sscanf(
        text + strlen(TITLE "\n"),
        "shown %lf s\noffset %lf s\ndrift %lf ppm\nvariance %lf %lf %lf\n"
        "jitter %lf s\ncompared %lf times since %lf s\nwritten %lf s\nphase %1d %lf s\nend\n%n",
        &read.epoch_s, &read.offset_s, &ppm, &read.variance[0][0], &read.variance[0][1],
        &read.variance[1][1], &read.jitter_s, &read.count, &read.since_s, &read.written_s,
        &read.phase_kind, &read.phase_s, &end);
    if (n != 12 || end == 0)
        return "torn";
    read.learnt = true;
    read.drift = ppm * 1e-6;
    read.variance[1][0] = read.variance[0][1];
    const char *why = implausible(&read);
    if (why == NULL)
        *self = read;
    return why;
}
