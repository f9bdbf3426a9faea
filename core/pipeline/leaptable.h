/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_LEAPTABLE_H
#define PIPELINE_LEAPTABLE_H

/**
 * What a leap-seconds.list of the IERS says: all leap seconds so far, the next if there will be
 * one, and until when the list is valid. Who reads the file hands over its bytes.
 */

#include <gnomon/sample.h>
#include <stdbool.h>
#include <stddef.h>

#define LEAPTABLE_ENTRIES 256

/** From `from` on, TAI is ahead of UTC by `tai_offset_s`. */
struct leaptable_entry {
    gn_utc from;
    int tai_offset_s;
};

struct leaptable {
    struct leaptable_entry entries[LEAPTABLE_ENTRIES];
    size_t count;   /* 0: no list */
    gn_utc updated; /* 0: it does not say */
    gn_utc expires;
    bool checked; /* by the SHA-1 sum that the list carries */
};

/** What is wrong, and what would be right. */
struct leaptable_fault {
    unsigned line;
    char text[200];
};

/**
 * Read a list. A list is taken as a whole or not at all: one with a wrong sum, with leap seconds
 * within a month, or without its expiry is refused with the first fault, and the table is empty.
 */
bool leaptable_parse(struct leaptable *, const char *bytes, size_t size, struct leaptable_fault *);

/** The first leap second after `now`: what it is, and the first instant after it. */
enum gn_leap leaptable_next(const struct leaptable *, gn_utc now, gn_utc *at);

/** The last leap second up to `now`, of which `now` is the first instant or later. */
enum gn_leap leaptable_last(const struct leaptable *, gn_utc now, gn_utc *at);

/** TAI − UTC. Returns false: the list does not reach back so far, or there is none. */
bool leaptable_tai_offset(const struct leaptable *, gn_utc now, int *tai_offset_s);

#endif
