/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_GPSD_LINK_H
#define REFCLOCK_GPS_GPSD_LINK_H

/**
 * The connection to a gpsd: made anew whenever it ends, ever more rarely while there is none.
 *
 * The messages of gpsd go to its owner as they come. Why there are none is told in words, each
 * time that the reason changes; what is told of a connection that stands (no device, another
 * protocol) is told only then.
 */

#include "gpsd.h"

#include <gnomon/host.h>

#define GPSD_PORT 2947

struct gpsd_link;

struct gpsd_link_events {
    /** A message; its first byte came at `at`, as far as it is known. */
    void (*message)(void *arg, const struct gps_message *, gn_local at);
    /** There is nothing to be heard, and why. */
    void (*trouble)(void *arg, enum gn_reason, const char *words);
};

/**
 * Read "HOST", "HOST:PORT", "[IPv6]" or "[IPv6]:PORT". `port` stays as it is where none is named.
 * Errors: -EINVAL; -ENAMETOOLONG.
 */
int gpsd_place(const char *text, char *host, size_t size, uint16_t *port);

/** The two texts and the events are kept, not copied. Errors: as gpsd_place; -ENOMEM. */
int gpsd_link_open(struct gn_host *, const char *place, const char *device,
                   const struct gpsd_link_events *, void *arg, struct gpsd_link **);

/** Connect, as soon as may be. Errors: those of a timer. */
int gpsd_link_start(struct gpsd_link *);

/** Free it; stream and timer are the host's to close. Takes NULL. */
void gpsd_link_close(struct gpsd_link *);

/** What it knows of gpsd, for reports. */
const struct gpsd *gpsd_link_gpsd(const struct gpsd_link *);

#endif
