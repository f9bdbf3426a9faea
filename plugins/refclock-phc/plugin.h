/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_PHC_PLUGIN_H
#define REFCLOCK_PHC_PLUGIN_H

/** What the two ways to use a PTP hardware clock share: its time, and its stamps of pulses. */

#include "hardware.h"
#include "scale.h"
#include "trust.h"

#include <gnomon/plugin.h>
#include <shared/phc.h>
#include <shared/phc_map.h>
#include <shared/pulse.h>

#define REFID 0x50484300u /* "PHC" */

struct config {
    const char *device; /* NULL: to be found */
    int64_t poll_log2s, samples;
    int scale; /* enum scale */
    double tai_s;
    bool extpps;
    int64_t pin, channel;
    int edge; /* 0: rising, 1: falling */
    int64_t rate;
    const char *lock;
    double precision_s;
};

struct self {
    struct gn_host *host;
    const struct config *config;
    struct gn_source *source;
    struct gn_timer *timer; /* the next reading, or the next attempt to open it */
    struct hardware hardware;
    struct phc phc;
    enum scale scale; /* UTC or TAI, once it is open */
    struct trust trust;
    char address[128]; /* as the source is known */
    bool told_method, told_scale;
    /* With `extpps`: */
    struct phc_map map;
    double window_s; /* half of that of the last reading */
    struct pulse pulse;
    struct pulse_reading reading; /* of the pulses so far */
    gn_local pulsed;              /* when the last one was heard of */
    bool told_close;
};

/** Read the clock. Returns 0 and when that was, or a negative errno; then it has been closed and
 * said why. */
int phc_take(struct self *, struct phc_reading *, gn_local *when);

/** Close the device and say what failed. */
void phc_lose(struct self *, const char *doing, int error);

/** Ask for stamps of external pulses. Errors: of the ioctls. */
int extpps_start(struct self *);

/** A regular reading; and are there pulses? */
void extpps_tick(struct self *, gn_local now);

/** Stamps can be read. */
void extpps_read(void *arg, gn_local now);

/** Ask for no more. */
void extpps_stop(struct self *);

#endif
