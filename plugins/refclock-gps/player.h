/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_PLAYER_H
#define REFCLOCK_GPS_PLAYER_H

/**
 * The option `replay`: gives what a file of `log` has, each record so long after the first as it
 * came then. Instants are exact, however late the timer is.
 */

#include "rawlog.h"

#include <gnomon/host.h>

/** What comes of a file. */
struct player_events {
    /** A recording begins; instants go on. */
    void (*begun)(void *arg);
    void (*bytes)(void *arg, gn_local at, unsigned baud, const void *bytes, size_t size);
    void (*pulse)(void *arg, gn_local at, gn_local stamp, int64_t error_ns);
    /** There will be nothing more: played to the end (0), or a negative errno with its words. */
    void (*ended)(void *arg, int error, const char *words);
};

struct player {
    struct gn_host *host;
    const char *path;
    const struct player_events *events;
    void *arg;
    struct gn_timer *timer;
    struct gn_device *file;
    struct rawlog log;
    char piece[4096];
    const char *rest; /* of the piece */
    size_t rest_size;
    bool has; /* `next` has not happened yet */
    struct rawlog_record next;
    gn_local begin; /* when this recording began, here */
    gn_local last;  /* when its last record was due */
    unsigned baud;
};

/** `path`, `events` and `arg` are lent. NULL: no memory. */
struct player *player_create(struct gn_host *, const char *path, const struct player_events *,
                             void *arg);
void player_destroy(struct player *); /* takes NULL */

/** Begin now. What goes wrong with the file is told by `ended`. Errors: of the timer. */
int player_start(struct player *);

/** Takes NULL. */
void player_stop(struct player *);

#endif
