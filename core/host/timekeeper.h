/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_TIMEKEEPER_H
#define HOST_TIMEKEEPER_H

/**
 * The system clock and its map to the local scale, kept in step: whoever reads or steers the
 * clock does it here, so the map never misses a change.
 */

#include <os/os.h>
#include <pipeline/timeline.h>

struct timekeeper {
    struct os_clock *clock;
    struct timeline timeline;
    int64_t moved_ns;     /* steps by others, not yet taken by timekeeper_take_moved */
    double retuned;       /* frequency by others, not yet taken by timekeeper_take_retuned */
    int64_t suspended_ns; /* time spent in suspend when last looked */
    bool settable;        /* false: -x, or the kernel refused */
};

void timekeeper_init(struct timekeeper *, struct os_clock *, bool settable);

/** The local scale, now. Looks for steps by others on the way. */
gn_local timekeeper_now(struct timekeeper *);

/** What the system clock shows at a local instant. */
gn_utc timekeeper_system(const struct timekeeper *, gn_local);

/**
 * A kernel's stamp as a local instant. Where the clock was stepped since the last look, the stamp
 * may be of either side: returns false and `*local` is now.
 */
bool timekeeper_from_system(struct timekeeper *, gn_system stamp, gn_local *local);

/** Steps by others since the last call, ns; `*slept_ns` the part that was suspend. */
int64_t timekeeper_take_moved(struct timekeeper *, int64_t *slept_ns);

/** Look whether somebody else has changed the frequency; it goes into the map. */
void timekeeper_look(struct timekeeper *);

/** By what others changed the frequency since the last call, s/s; 0: they did not. */
double timekeeper_take_retuned(struct timekeeper *);

/** Run the clock at 1 + frequency. Errors: -EPERM, and others of clock_adjtime(2). */
int timekeeper_steer(struct timekeeper *, double frequency);

/** Step the clock. Errors: as steer. */
int timekeeper_step(struct timekeeper *, int64_t delta_ns);

/** The system clock's rate against local, minus 1. */
double timekeeper_frequency(const struct timekeeper *);

#endif
