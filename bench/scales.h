/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_SCALES_H
#define BENCH_SCALES_H

/**
 * The local scale against CLOCK_MONOTONIC_RAW, which nobody steers: for the program beside this and
 * for tests/kernel/steered_scales.c.
 */

#include <host/timekeeper.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SCALES_TRIES 20

/** RAW and the system clock at an instant: the narrowest of some tries. */
struct scales_reading {
    int64_t raw_ns, window_ns;
    gn_system system;
};

/** Local − RAW at such instants, since the first. Units: ns. */
struct scales_series {
    int64_t first_raw_ns, first_apart_ns;
    unsigned count;
    double max, squares; /* of apart */
    double t, tt, d, td; /* sums for the straight line */
    double windows;
};

static inline int64_t scales_clock_ns(clockid_t id)
{
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * GN_NS_PER_S + now.tv_nsec;
}

/** RAW, REALTIME, RAW; steps by others are found first, so the map is of now. */
static inline struct scales_reading scales_read(struct timekeeper *keeper)
{
    struct scales_reading best = {.window_ns = INT64_MAX};
    timekeeper_now(keeper);
    for (int i = 0; i < SCALES_TRIES; i++) {
        int64_t before_ns = scales_clock_ns(CLOCK_MONOTONIC_RAW);
        gn_system system = {scales_clock_ns(CLOCK_REALTIME)};
        int64_t after_ns = scales_clock_ns(CLOCK_MONOTONIC_RAW);
        if (after_ns - before_ns >= best.window_ns)
            continue;
        best.window_ns = after_ns - before_ns;
        best.raw_ns = before_ns + best.window_ns / 2;
        best.system = system;
    }
    return best;
}

/** Returns what is added: local − RAW since the first. */
static inline double scales_add(struct scales_series *series, const struct timeline *timeline,
                                struct scales_reading reading)
{
    int64_t apart_ns = timeline_local(timeline, reading.system).ns - reading.raw_ns;
    if (series->count++ == 0) {
        series->first_raw_ns = reading.raw_ns;
        series->first_apart_ns = apart_ns;
    }
    double t = (double)(reading.raw_ns - series->first_raw_ns);
    double d = (double)(apart_ns - series->first_apart_ns);
    series->max = fmax(series->max, fabs(d));
    series->squares += d * d;
    series->t += t, series->tt += t * t;
    series->d += d, series->td += t * d;
    series->windows += (double)reading.window_ns;
    return d;
}

static inline double scales_rms(const struct scales_series *series)
{
    return sqrt(series->squares / series->count);
}

/** Slope of the straight line through the series, s/s. */
static inline double scales_rate(const struct scales_series *series)
{
    double n = series->count;
    double spread = series->tt - series->t * series->t / n;
    return spread > 0 ? (series->td - series->t * series->d / n) / spread : 0;
}

/** RMS distance of the series from that line. Units: ns. */
static inline double scales_residual(const struct scales_series *series)
{
    double n = series->count;
    double square = (series->squares - series->d * series->d / n -
                     scales_rate(series) * (series->td - series->t * series->d / n)) /
                    n;
    return sqrt(fmax(square, 0));
}

#endif
