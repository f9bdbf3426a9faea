/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHARED_PPS_H
#define SHARED_PPS_H

/**
 * A PPS device of the kernel: opened, made to capture, and read when a pulse is due.
 *
 * By a timer shortly after each pulse, not when poll(2) says so: many kernels call a PPS device
 * readable at all times. Spec: RFC 2783, linux/pps.h.
 */

#include "pulse.h"

#include <gnomon/host.h>

struct pps {
    struct gn_host *host;
    const char *path;
    struct pulse_config config;
    struct pulse pulse;
    struct gn_device *device; /* NULL: it is not open */
    bool both;                /* edges are captured */
    gn_local expected;        /* the next pulse */
    unsigned misses;          /* pulses in a row that have not come */
    bool waits;               /* the last look found an edge whose pulse is not whole yet */
    bool told_edge;
    const char *doing; /* what failed: "open", "read", "capture this edge of" */
};

/** Not open yet. Lends: `path`. */
void pps_init(struct pps *, struct gn_host *, const char *path, const struct pulse_config *);

/** Errors: negative errno, nothing is open; pps_failure() says it in words. */
int pps_open(struct pps *);

void pps_close(struct pps *);

/** What came of a look. */
enum pps_look {
    PPS_NOTHING, /* new, or nothing whole */
    PPS_TAKEN,   /* a pulse; `*at` is its stamp of the system clock */
    PPS_CLOSE,   /* pulses that come too fast, … */
    PPS_WIDTH,   /* … or are not as wide as configured */
    PPS_MISSED,  /* one that was due has not come */
    PPS_LOST,    /* the device is gone and closed; `*error` says why */
};

enum pps_look pps_look(struct pps *, gn_local now, gn_utc *at, int *error);

/** From now until the next look. Units: ns. */
int64_t pps_next(const struct pps *, gn_local now);

/** So many pulses in a row have failed to come that it should be told. */
bool pps_silent(const struct pps *);

/** Which edge counts, into the log, once. */
void pps_tell_edge(struct pps *);

/** "cannot open /dev/pps0: …; what to do". */
void pps_failure(const struct pps *, int error, char *words, size_t size);

/** What is wrong with a pulse that came: after PPS_CLOSE and PPS_WIDTH. */
void pps_refusal(const struct pps *, enum pps_look, char *words, size_t size);

#endif
