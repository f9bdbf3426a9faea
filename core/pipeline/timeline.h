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
 *
 * Somebody else may change the frequency too, and the kernel does: after a change of ours it may
 * work off for minutes what it thinks it owes. Where a reading has the oscillator's own count,
 * local is held to that: what it parts by beyond reading noise is taken out of the newest segment.
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

/** What the readings of the oscillator are good for. */
enum timeline_raw {
    TIMELINE_RAW_NONE = 0, /* there were none yet */
    TIMELINE_RAW_GOOD,
    TIMELINE_RAW_STRANGE, /* it is not this clock's oscillator: not looked at any more */
};

struct timeline {
    struct timeline_segment ring[TIMELINE_SEGMENTS]; /* newest at `newest` */
    unsigned newest, count;
    int64_t system_minus_steady_ns;
    int64_t window_ns; /* reading noise of the above; a quieter reading replaces it */
    uint32_t epoch;    /* counts steps by others and suspends */
    enum timeline_raw raw;
    int64_t local_minus_raw_ns, raw_window_ns; /* the same for the oscillator */
    gn_steady raw_since;
    int64_t taken_out_ns; /* of local since then */
};

/** Start: local equals the system clock at `now`; `frequency` is the one in force. */
void timeline_init(struct timeline *, struct clock_reading now, double frequency);

/** A new frequency is in force from `at` on. */
void timeline_steer(struct timeline *, struct clock_reading at, double frequency);

/** We stepped the system clock by `delta_ns`. */
void timeline_step(struct timeline *, int64_t delta_ns);

/**
 * Hold local to the oscillator, and look for a step by somebody else: more than both readings'
 * windows, and than 1 us. Returns by how much the system clock was moved since the last look (ns),
 * 0 when nothing beyond reading noise; a step found is taken into the map and opens a new epoch.
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
