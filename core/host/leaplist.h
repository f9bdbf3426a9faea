/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_LEAPLIST_H
#define HOST_LEAPLIST_H

/**
 * The file `clock.leap_list`: read at the start, looked at again once a day, and its expiry warned
 * of in time. A file that cannot be read or understood is told, and the daemon goes on without it,
 * or with what it said before.
 */

#include <gnomon/sample.h>
#include <pipeline/leaptable.h>
#include <stdbool.h>

struct daemon;

struct leaplist {
    struct leaptable table;
    char *bytes; /* of the file, as last read; NULL: none */
    size_t size;
    gn_local looked, warned;
    bool known_time; /* when its expiry was looked at, the time was known */
    int said;        /* as last told of its expiry: enum expiry */
};

/** Read it for the first time, and hand it to the pipeline; nothing where none is configured. */
void leaplist_start(struct daemon *);

/** Read it again now, if it has changed. */
void leaplist_reread(struct daemon *);

/** Now and then: look whether it has changed, or is about to expire. */
void leaplist_keep(struct daemon *);

void leaplist_finish(struct leaplist *);

#endif
