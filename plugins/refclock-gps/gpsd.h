/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_GPSD_H
#define REFCLOCK_GPS_GPSD_H

/**
 * What gpsd says to a client, as messages of the receiver that it has.
 *
 * gpsd sends JSON, an object a line, of several receivers if it has them; only those of one are
 * passed on. Nothing that it sends is believed before it has said which protocol it speaks. Pure;
 * an object that is not as it ought to be is refused as a whole, and counted.
 *
 * Spec: gpsd_json(5), protocol 3.
 */

#include "message.h"

/** The longest line; gpsd cuts its own at 10240 bytes. */
#define GPSD_LINE_SIZE 16384

#define GPSD_PATH_SIZE 128 /* of a device, as in gpsd */

/** Lines that came, and what became of those that did not become messages. */
struct gpsd_counts {
    uint64_t lines;
    uint64_t refused;  /* no JSON, or not as the protocol says */
    uint64_t overlong; /* a part of it, lines without an end */
    uint64_t foreign;  /* of another device */
};

enum gpsd_state {
    GPSD_UNKNOWN, /* it has not said its version yet */
    GPSD_STRANGE, /* of another protocol: nothing of it is taken */
    GPSD_SPEAKS,
};

struct gpsd {
    const char *wanted; /* device to be heard; "": the first one that says something */
    enum gpsd_state state;
    char heard[GPSD_PATH_SIZE]; /* the device that is heard; "": none yet */
    bool lost;                  /* gpsd has it no longer; it may come back, or another */
    unsigned devices;           /* that gpsd has, as it said last; counts once `listed` */
    bool listed;
    bool present;    /* the wanted device is among them; any, when none is wanted */
    const char *why; /* the last line was refused; NULL: never */
    struct gpsd_counts counts;
    bool skipping; /* to the end of a line that was too long */
    size_t used;
    char line[GPSD_LINE_SIZE];
};

typedef void (*gpsd_cb)(void *arg, const struct gps_message *);

/** Whether this build can read JSON; without, nothing is ever passed on. */
bool gpsd_available(void);

/** `device` is kept, not copied; "": whichever speaks first. */
void gpsd_init(struct gpsd *, const char *device);

/** A new connection: what was known of the gpsd of the last one is forgotten, but the counts. */
void gpsd_renew(struct gpsd *);

/**
 * Bytes have come. Each whole line is one message at most:
 *
 * - VERSION: `words` say which gpsd it is, and if it is of another protocol, that;
 * - DEVICES: `words` name its devices, each with its driver; "" it has none;
 * - TPV: time, fix, leap seconds, antenna and jamming;
 * - SKY: the satellites;
 * - PPS: a pulse; `pulse` is the second that gpsd gives it, with the precision of its stamp;
 * - TOFF: the instant that a second's first message tells, and in `heard_at` when that came;
 * - ERROR: `words`.
 */
void gpsd_feed(struct gpsd *, const void *bytes, size_t size, gpsd_cb, void *arg);

#endif
