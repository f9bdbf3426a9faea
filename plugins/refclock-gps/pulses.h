/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_PULSES_H
#define REFCLOCK_GPS_PULSES_H

/**
 * The pulses of a receiver: from a PPS device of the kernel, from the carrier pin of its line, or
 * of gpsd.
 */

#include "carrier.h"

#include <shared/pps.h>

/** What is known of them, for people. */
struct pulses {
    gn_local came;    /* the last one; .ns 0: none yet */
    gn_local counted; /* the last one that became a sample */
    uint64_t count;
    double precision_s; /* of the last stamp */
    bool offset_said;
    double offset_s;                     /* UTC by the last pulse less the daemon's estimate */
    unsigned steps;                      /* of the two below */
    double jitter_s, corrected_jitter_s; /* 1 sigma, without and with the receiver's own word */
    gn_local before[2];                  /* the last two stamps, corrected: */
    double late[2];                      /* … by so much */

    struct gn_timer *timer;
    bool running;   /* they are configured */
    bool by_kernel; /* it stamps them: `pps`; else `carrier` is looked at */
    struct pps pps;
    char path[24]; /* of the device that the kernel made of the line */
    struct carrier carrier;
    gn_local line_opened; /* whose pin it is */
    unsigned in_row;      /* since there was trouble */
    char trouble[256];    /* why they do not come; "" they do */
};

#endif
