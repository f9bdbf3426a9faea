/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_OTHERS_H
#define REFCLOCK_GPS_OTHERS_H

/** What the daemon's other sources say of the time: a witness who does not repeat the receiver. */

#include <gnomon/host.h>
#include <stdbool.h>

/** Of one instant. */
struct gps_others {
    bool known; /* the rest counts */
    gn_utc utc;
    double bound_s; /* the truth lies within so much of `utc` */
};

/** Nobody knows. */
extern const struct gps_others gps_nobody;

/**
 * Ask about the instant `at`. Nobody knows it while the daemon follows `source` itself, alone or
 * among others: its time is no witness of the receiver's then.
 */
void gps_others_ask(struct gn_host *, struct gn_source *source, gn_local at, struct gps_others *);

#endif
