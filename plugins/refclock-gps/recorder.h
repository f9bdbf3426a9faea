/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_RECORDER_H
#define REFCLOCK_GPS_RECORDER_H

/**
 * The option `log`: appends what a receiver sends to a file, as rawlog says.
 *
 * It has two files, PATH and PATH.1: when one is full the other is begun anew, so that the last
 * RECORDER_MOST to twice as many bytes are kept. Lines are gathered before they are written.
 * What the disk does not take is lost, and told once; nothing waits for it.
 */

#include "rawlog.h"

#include <gnomon/host.h>

/** Bytes of each of the two files, about. */
#define RECORDER_MOST (INT64_C(32) << 20)

/** Bytes that wait to be written. */
#define RECORDER_WAITING 32768

struct recorder {
    struct gn_host *host;
    const char *paths[2];
    const char *words; /* what is read */
    int64_t most;
    struct gn_device *file; /* NULL: none is open */
    int which;              /* of the paths */
    int64_t size;           /* of the file */
    bool began;             /* `at` counts */
    gn_local at;            /* the beginning of this recording */
    unsigned baud;          /* as recorded last */
    bool whole;             /* the file ends with a line's end */
    bool failing;           /* that was told */
    size_t waiting;
    char text[RECORDER_WAITING];
};

/** `path`, `words` (what is read) are lent. NULL: no memory. */
struct recorder *recorder_create(struct gn_host *, const char *path, const char *words);
void recorder_destroy(struct recorder *); /* takes NULL */

/** Bytes were read at `at` from a line of this speed (0: none). Takes NULL, as those below. */
void recorder_bytes(struct recorder *, gn_local at, unsigned baud, const void *bytes, size_t size);

/** A pulse was heard of at `at`; it was stamped `stamp`, within `error_ns`. */
void recorder_pulse(struct recorder *, gn_local at, gn_local stamp, int64_t error_ns);

/** Now and then, at least once a second: write what waits. */
void recorder_flush(struct recorder *);

/** Write what waits, and close the file. */
void recorder_stop(struct recorder *);

#endif
