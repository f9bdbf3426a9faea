/* SPDX-License-Identifier: Apache-2.0 */
#include <base/memory.h>

#include <math.h>
#include <sim/plot_scale.h>
#include <stdio.h>
#include <stdlib.h>

/* Where the largest is more than so many times the usual, the usual would be a flat line. */
#define FLAT 10

/* Of an exact clock: something to draw around its zero. */
#define LEAST_TOP_S 1e-9

/* ---------------------------------------------------------------- fit */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median over the columns of their largest error. */
static double usual_s(const struct track *track)
{
    double *errors_s = memory_zeroed((track->count + 1) * sizeof *errors_s), usual;
    for (size_t i = 0; i < track->count; i++)
        errors_s[i] = fmax(fabs(track->columns[i].least_s), fabs(track->columns[i].most_s));
    qsort(errors_s, track->count, sizeof *errors_s, compare);
    usual = errors_s[track->count / 2];
    free(errors_s);
    return usual;
}

struct scale scale_fit(const struct track *track)
{
    struct scale scale = {LEAST_TOP_S, 0};
    double usual = usual_s(track);
    for (size_t i = 0; i < track->count; i++) {
        const struct track_column *column = &track->columns[i];
        scale.top_s = fmax(scale.top_s, fmax(fabs(column->least_s), fabs(column->most_s)));
        scale.top_s = fmax(scale.top_s, column->bound_s);
    }
    if (usual > 0 && scale.top_s > FLAT * usual)
        scale.unit_s = pow(10, floor(log10(usual)));
    scale.top_s *= 1.05;
    return scale;
}

double scale_place(const struct scale *scale, double error_s)
{
    double place = scale->unit_s > 0
                       ? asinh(error_s / scale->unit_s) / asinh(scale->top_s / scale->unit_s)
                       : error_s / scale->top_s;
    return fmin(fmax(place, -1), 1);
}

/* ---------------------------------------------------------------- ticks */

const char *scale_label(double error_s, char label[SCALE_LABEL])
{
    static const struct {
        double unit_s;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    size_t i = 0;
    while (i + 1 < sizeof units / sizeof units[0] && fabs(error_s) < units[i].unit_s * 0.9999)
        i++;
    if (fabs(error_s) < 1e-15)
        snprintf(label, SCALE_LABEL, "0");
    else
        snprintf(label, SCALE_LABEL, "%+.4g %s", error_s / units[i].unit_s, units[i].name);
    return label;
}

/* 1, 2 or 5 times a power of ten: the least of which `most` reach over the span. */
static double round_step(double span, double most)
{
    double least = span / most, decade = pow(10, floor(log10(least)));
    double times = least / decade;
    return decade * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static void add_tick(struct scale_ticks *ticks, double value)
{
    if (ticks->count == SCALE_TICKS)
        return;
    ticks->items[ticks->count].value = value;
    scale_label(value, ticks->items[ticks->count++].label);
}

static void add_both(struct scale_ticks *ticks, double value)
{
    add_tick(ticks, value);
    add_tick(ticks, -value);
}

void scale_error_ticks(const struct scale *scale, struct scale_ticks *ticks)
{
    *ticks = (struct scale_ticks){.count = 0};
    add_tick(ticks, 0);
    if (scale->unit_s > 0) {
        double drawn = 0.08; /* nothing so near to zero, or to the tick before */
        for (double value = scale->unit_s; value <= scale->top_s; value *= 10)
            if (scale_place(scale, value) - drawn > 0.11) {
                add_both(ticks, value);
                drawn = scale_place(scale, value);
            }
        return;
    }
    double step = round_step(scale->top_s, 3);
    for (int i = 1; i * step <= scale->top_s; i++)
        add_both(ticks, i * step);
}

const char *scale_time_ticks(double duration_s, struct scale_ticks *ticks)
{
    static const struct {
        double to_s, unit_s;
        const char *name;
    } units[] = {{600, 1, "s"}, {10800, 60, "min"}, {3 * 86400, 3600, "h"}, {INFINITY, 86400, "d"}};
    size_t i = 0;
    while (duration_s > units[i].to_s)
        i++;
    double length = duration_s / units[i].unit_s, step = round_step(length, 10);
    if (units[i].unit_s == 3600) /* a day has 24 of them */
        step = step == 5 ? 6 : step == 10 ? 12 : step == 20 ? 24 : step;
    *ticks = (struct scale_ticks){.count = 0};
    for (int k = 0; k * step <= length * (1 + 1e-9) && ticks->count < SCALE_TICKS; k++) {
        struct scale_tick *tick = &ticks->items[ticks->count++];
        tick->value = k * step * units[i].unit_s;
        snprintf(tick->label, sizeof tick->label, "%g", k * step);
    }
    return units[i].name;
}
