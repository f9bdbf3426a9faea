/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_CARRIER_H
#define REFCLOCK_GPS_CARRIER_H

/**
 * Pulses on a pin that can only be looked at: which edge came between which two looks. Pure.
 *
 * While it is not known when a pulse is due the pin is looked at all the time, some hundred times a
 * second; from then on only around that instant. An edge is as uncertain as the looks lie apart.
 */

#include <shared/pulse.h>

struct carrier {
    struct pulse pulse;
    bool begun, high; /* what was seen last, … */
    gn_local looked;  /* … when */
    struct pulse_reading reading;
    bool due;          /* `expected` is known */
    gn_local expected; /* the next pulse */
    unsigned misses;   /* in a row */
};

void carrier_init(struct carrier *, enum pulse_edge);

/**
 * The pin was looked at: `high` is its state at `now`. True: a pulse came at `*at`, within
 * ±`*half_s`.
 */
bool carrier_look(struct carrier *, gn_local now, bool high, gn_local *at, double *half_s);

/** From now until the next look. Units: ns. */
int64_t carrier_next(const struct carrier *, gn_local now);

/** So many pulses in a row have failed to come that it should be told. */
bool carrier_silent(const struct carrier *);

#endif
