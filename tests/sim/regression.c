/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/regression.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROOM (2 * REGRESSION_MOST)

/* A line through fewer is none, and fewer than so many are not dropped for the test of runs. */
#define FEWEST 3
#define ENOUGH 6

/* What a clock resolves: delays that differ by less are alike. */
#define PRECISION_S 3e-8

/* A delay of one standard deviation more, in standard deviations of the offset. */
#define DELAY_RATIO 0.7

/* Refused are samples that took so many standard deviations longer than the fastest. */
#define DELAY_MOST 10

/* So steep and so often running, delays tell of offsets. */
#define ASYMMETRY_LEAST 0.45
#define ASYMMETRY_MOST 0.5
#define ASYMMETRY_RUN 10
#define ASYMMETRY_RUN_MOST 1000

#define MOST_SKEW 2e-3

struct points {
    double at_s[ROOM], offset_s[ROOM], weight[ROOM];
    double rest_s[ROOM];
    int extra, count;
};

struct line {
    double offset_s, frequency, offset_sd_s, frequency_sd, sd_s;
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int count)
{
    double sorted[ROOM];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, compare);
    return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

/* ---------------------------------------------------------------- weights */

/* The first of those in the line. */
static const struct regression_sample *own(const struct regression *self)
{
    return self->samples + self->extra;
}

static double least_delay_s(const struct regression *self)
{
    double least_s = DBL_MAX;
    for (int i = 0; i < self->extra + self->count; i++)
        least_s = fmin(least_s, self->samples[i].delay_s);
    return least_s;
}

static void weigh(const struct regression *self, struct points *points)
{
    double distance_s[ROOM], least_s = DBL_MAX;
    for (int i = 0; i < self->count; i++) {
        distance_s[i] = own(self)[i].delay_s / 2 + own(self)[i].dispersion_s;
        least_s = fmin(least_s, distance_s[i]);
    }
    double sd_s = (median(distance_s, self->count) - least_s) / DELAY_RATIO;
    sd_s = fmax(PRECISION_S, fmin(sd_s, least_s));
    for (int i = 0; i < self->count; i++) {
        double excess_s = fmax(0, distance_s[i] - least_s - PRECISION_S);
        points->weight[self->extra + i] = 1 / ((1 + excess_s / sd_s) * (1 + excess_s / sd_s));
    }
}

/* ---------------------------------------------------------------- delays that tell of offsets */

/* How much an offset grows with its delay, time apart. Returns false: it cannot be told. */
static bool slope_of_delays(const struct points *points, const double *delay_s, double *slope)
{
    int n = points->extra + points->count;
    double t = 0, d = 0, x = 0, tt = 0, td = 0, dd = 0, tx = 0, dx = 0;
    for (int i = 0; i < n; i++) {
        t += points->at_s[i] / n;
        d += delay_s[i] / n;
        x += points->offset_s[i] / n;
    }
    for (int i = 0; i < n; i++) {
        double dt = points->at_s[i] - t, ddelay = delay_s[i] - d, doffset = points->offset_s[i] - x;
        tt += dt * dt;
        td += dt * ddelay;
        dd += ddelay * ddelay;
        tx += dt * doffset;
        dx += ddelay * doffset;
    }
    double determinant = tt * dd - td * td;
    if (n < 4 || !(determinant > 1e-12 * tt * dd))
        return false;
    *slope = (tt * dx - td * tx) / determinant;
    return true;
}

/* Where all delays arise on one way, every offset is set back to the fastest sample's. */
static void correct_asymmetry(struct regression *self, struct points *points)
{
    int n = points->extra + points->count;
    double delay_s[ROOM], slope, least_s = least_delay_s(self);
    for (int i = 0; i < n; i++)
        delay_s[i] = self->samples[i].delay_s - least_s;
    if (!slope_of_delays(points, delay_s, &slope) || slope * self->asymmetry_run < 0) {
        self->asymmetry_run = 0;
        return;
    }
    if (fabs(slope) >= ASYMMETRY_LEAST && abs(self->asymmetry_run) < ASYMMETRY_RUN_MOST)
        self->asymmetry_run += slope > 0 ? 1 : -1;
    if (abs(self->asymmetry_run) < ASYMMETRY_RUN)
        return;
    slope = fmax(-ASYMMETRY_MOST, fmin(slope, ASYMMETRY_MOST));
    for (int i = 0; i < n; i++)
        points->offset_s[i] -= slope * delay_s[i];
}

/* ---------------------------------------------------------------- the line */

/* Weighted least squares through the points from `first` on. */
static struct line draw(const struct points *points, int first)
{
    int end = points->extra + points->count;
    double sum = 0, t = 0, x = 0, tt = 0, tx = 0, squares = 0;
    for (int i = first; i < end; i++) {
        sum += points->weight[i];
        t += points->weight[i] * points->at_s[i];
        x += points->weight[i] * points->offset_s[i];
    }
    t /= sum;
    x /= sum;
    for (int i = first; i < end; i++) {
        double dt = points->at_s[i] - t;
        tt += points->weight[i] * dt * dt;
        tx += points->weight[i] * dt * (points->offset_s[i] - x);
    }
    struct line line = {.frequency = tx / tt, .offset_s = x - tx / tt * t};
    for (int i = first; i < end; i++) {
        double rest_s = points->offset_s[i] - line.offset_s - line.frequency * points->at_s[i];
        squares += points->weight[i] * rest_s * rest_s;
    }
    squares /= end - first - 2;
    line.frequency_sd = sqrt(squares / tt);
    line.offset_sd_s = sqrt(squares / sum + t * t * squares / tt);
    line.sd_s = sqrt(squares * (end - first) / sum);
    return line;
}

/* How often the points change sides of the line. */
static int runs(struct points *points, const struct line *line, int first, int end)
{
    int count = 1;
    for (int i = first; i < end; i++)
        points->rest_s[i] =
            points->offset_s[i] - line->offset_s - line->frequency * points->at_s[i];
    for (int i = first + 1; i < end; i++)
        count += !(points->rest_s[i] * points->rest_s[i - 1] > 0);
    return count;
}

/* Noise has fewer runs once in twenty. */
static int fewest_runs(int count)
{
    if (count < 8)
        return 0;
    return (int)lround(1 + (count - 1) / 2.0 - 1.645 * sqrt(count - 1) / 2);
}

/* The oldest give way until the rest, and as many before it, look like noise. Returns the first
 * that stays. */
static int find_line(struct points *points, struct line *line)
{
    int end = points->extra + points->count;
    for (int first = points->extra;; first++) {
        int left = end - first, from = end - 2 * left > 0 ? end - 2 * left : 0;
        *line = draw(points, first);
        if (left <= ENOUGH || runs(points, line, from, end) > fewest_runs(end - from))
            return first;
    }
}

/* One-sided 99.95 % of Student's distribution: a series in 1 / freedom. */
static double student(int freedom)
{
    const double z = 3.2905, n = freedom;
    double first = (pow(z, 3) + z) / 4, second = (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / 96;
    return z + first / n + second / (n * n);
}

static void forget(struct regression *self, int first)
{
    self->count -= first - self->extra;
    self->extra = first;
    int surplus = self->extra - self->count;
    if (surplus <= 0)
        return;
    self->extra -= surplus;
    memmove(self->samples, self->samples + surplus,
            (size_t)(self->extra + self->count) * sizeof self->samples[0]);
}

static void fit(struct regression *self)
{
    struct points points = {.extra = self->extra, .count = self->count};
    struct line line;
    self->fits = self->count >= FEWEST;
    if (!self->fits)
        return;
    self->at_s = own(self)[self->count - 1].at_s;
    for (int i = 0; i < self->extra + self->count; i++) {
        points.at_s[i] = self->samples[i].at_s - self->at_s;
        points.offset_s[i] = self->samples[i].offset_s;
    }
    weigh(self, &points);
    correct_asymmetry(self, &points);
    int first = find_line(&points, &line);
    forget(self, first);
    self->offset_s = line.offset_s;
    self->frequency = line.frequency;
    self->offset_sd_s = line.offset_sd_s;
    self->frequency_sd = fmax(line.frequency_sd, 1e-12);
    self->skew = fmin(self->frequency_sd * student(self->count - 2), MOST_SKEW);
    self->sd_s = fmax(line.sd_s, 1e-9);
}

/* ---------------------------------------------------------------- samples */

/* A sample that took far too long, unless it is off by more than that explains. */
static bool too_long(const struct regression *self, const struct regression_sample *sample)
{
    if (!self->fits || self->count < ENOUGH)
        return false;
    double excess_s = (sample->delay_s - least_delay_s(self)) / 2;
    double allowed_s =
        DELAY_MOST * self->sd_s + sample->dispersion_s + self->skew * (sample->at_s - self->at_s);
    double off_s = fabs(sample->offset_s - regression_offset_s(self, sample->at_s));
    return excess_s > allowed_s && off_s - excess_s <= allowed_s;
}

bool regression_add(struct regression *self, const struct regression_sample *sample)
{
    if (too_long(self, sample))
        return false;
    if (self->count == REGRESSION_MOST)
        forget(self, self->extra + 1);
    self->samples[self->extra + self->count++] = *sample;
    fit(self);
    return true;
}

double regression_offset_s(const struct regression *self, double at_s)
{
    return self->offset_s + self->frequency * (at_s - self->at_s);
}

double regression_distance_s(const struct regression *self, double at_s)
{
    double least_s = DBL_MAX;
    for (int i = 0; i < self->count; i++)
        least_s = fmin(least_s, own(self)[i].root_s + self->skew * (at_s - own(self)[i].at_s));
    return least_s;
}
