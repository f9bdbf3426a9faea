/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GNOMON_TIME_H
#define GNOMON_TIME_H

/**
 * Instants, intervals and their units.
 *
 * Two instants of different scales never mix by accident: each scale is a type of its own.
 * Exact intervals are `int64_t x_ns`; estimated quantities (offset, delay, dispersion) are
 * `double x_s` in seconds; a frequency is a `double` in s/s (1e-6 = 1 ppm).
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GN_NS_PER_S INT64_C(1000000000)

/**
 * An instant on the local scale: the host's oscillator with our own steering taken out.
 * It never steps and never slews; only physics moves it against UTC.
 * Units: nanoseconds; starts near the system clock's time at start of the daemon.
 */
typedef struct {
    int64_t ns;
} gn_local;

/**
 * An instant of UTC.
 * Units: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
 */
typedef struct {
    int64_t ns;
} gn_utc;

/** `a - b`, exact. Units: ns. */
static inline int64_t gn_local_sub(gn_local a, gn_local b)
{
    return a.ns - b.ns;
}

/** `a - b`, exact. Units: ns. */
static inline int64_t gn_utc_sub(gn_utc a, gn_utc b)
{
    return a.ns - b.ns;
}

/** `a` plus an exact interval. */
static inline gn_local gn_local_add(gn_local a, int64_t interval_ns)
{
    a.ns += interval_ns;
    return a;
}

/** `a` plus an exact interval. */
static inline gn_utc gn_utc_add(gn_utc a, int64_t interval_ns)
{
    a.ns += interval_ns;
    return a;
}

/** An exact interval as an estimated quantity. Units: ns to s. */
static inline double gn_seconds(int64_t interval_ns)
{
    return (double)interval_ns * 1e-9;
}

/** A quantity in seconds as an exact interval, rounded to nearest. Units: s to ns. */
static inline int64_t gn_nanoseconds(double interval_s)
{
    return (int64_t)(interval_s * 1e9 + (interval_s < 0 ? -0.5 : 0.5));
}

/** 2^log2s seconds. Units: log2 seconds to ns; -20 ≤ log2s ≤ 30. */
static inline int64_t gn_poll_ns(int8_t log2s)
{
    return log2s >= 0 ? GN_NS_PER_S << log2s : GN_NS_PER_S >> -log2s;
}

#ifdef __cplusplus
}
#endif

#endif
