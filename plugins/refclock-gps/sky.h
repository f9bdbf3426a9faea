/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_SKY_H
#define REFCLOCK_GPS_SKY_H

/**
 * What a receiver has said lately of itself: fix, satellites, signal, antenna, leap seconds.
 *
 * Each message says a part of it. What is not said again for a while is forgotten, but for the
 * leap seconds. Pure.
 */

#include "message.h"

/** All that is in view, of several messages. */
#define SKY_SATELLITES 128

struct sky {
    gn_local fix_at, sky_at, health_at; /* when it was said last; .ns 0: never */
    enum gps_fix fix;
    enum gps_answer valid;
    bool time_said;
    struct gps_time time;    /* as the receiver says it, unrepaired */
    int16_t satellites_used; /* −1 unknown */
    int16_t satellites_seen;
    double hdop; /* 0 unknown */

    size_t count; /* in `satellites`, whole */
    struct gps_satellite satellites[SKY_SATELLITES];
    size_t coming; /* of a description in parts, that is not complete yet */
    struct gps_satellite parts[SKY_SATELLITES];
    char told_system; /* whose the last description was, and of which signal the first in a row */
    uint8_t told_signal;

    enum gps_antenna antenna;
    enum gps_jamming jamming;
    int16_t jam_indicator; /* −1 unknown */
    enum gps_answer spoofing;

    enum gps_answer leap_valid;
    int16_t leap_s; /* GPS − UTC; counts where leap_valid is said */
    enum gps_answer change_valid;
    int8_t change;
    gn_local change_at; /* when it comes; with a change */
};

void sky_init(struct sky *);

/** A message came at `at`. */
void sky_take(struct sky *, const struct gps_message *, gn_local at);

/** Forget what was not said for long. */
void sky_age(struct sky *, gn_local now);

#endif
