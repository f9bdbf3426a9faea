/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_TIMELINE_H
#define PIPELINE_TIMELINE_H

/**
 * The map between the kernel's clocks and the local scale.
 *
 * We are the only one who steers, so we know the exact map: segments (steady instant, local
 * instant, frequency), with local = l0 + (steady − s0) / (1 + frequency). A frequency change
 * opens a segment; a step of the system clock only changes its difference to the steady clock.
 * So the local scale knows neither slews nor steps, ours or others'.
 */

#include <base/scales.h>
#include <gnomon/time.h>

#define TIMELINE_SEGMENTS 16

struct timeline_segment {
    gn_steady steady;
    gn_local local;
    double local_rest_ns; /* sub-nanosecond remainder of `local`, in [0, 1) */
    double frequency;     /* steady clock's rate against local, minus 1 */
};

struct timeline {
    struct timeline_segment ring[TIMELINE_SEGMENTS]; /* newest at `newest` */
    unsigned newest, count;
    int64_t system_minus_steady_ns;
    int64_t window_ns; /* reading noise of the above; a quieter reading replaces it */
    uint32_t epoch;    /* counts steps by others and suspends */
};

/** Start: local equals the system clock at `now`; `frequency` is the one in force. */
void timeline_init(struct timeline *, struct clock_reading now, double frequency);

/** A new frequency is in force from `at` on. */
void timeline_steer(struct timeline *, struct clock_reading at, double frequency);

/** We stepped the system clock by `delta_ns`. */
void timeline_step(struct timeline *, int64_t delta_ns);

/**
 * Look for a step by somebody else: more than both readings' windows, and than 1 us. Returns by how
 * much the system clock was moved since the last look (ns), 0 when nothing beyond reading noise; a
 * step found is taken into the map and opens a new epoch.
 */
int64_t timeline_observe(struct timeline *, struct clock_reading now);

/**
 * A recent reading of the system clock as a local instant; older segments are searched. A stamp
 * from before a step, converted after it, is off by the step: convert stamps on arrival.
 */
gn_local timeline_local(const struct timeline *, gn_system);

/** What the system clock shows (showed, will show if nobody steers) at a local instant. */
gn_system timeline_system(const struct timeline *, gn_local);

/** The frequency in force now. */
double timeline_frequency(const struct timeline *);

#endif
