/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_SHM_SEGMENT_H
#define REFCLOCK_SHM_SEGMENT_H

/**
 * A segment of memory as ntpd's driver 28 shares it: what the reference said, and what the system
 * clock showed then.
 *
 * Three layouts are in use, told apart by their sizes: time_t of eight bytes on 64-bit machines
 * (96) and on some of 32 bits (88), time_t of four bytes (80). The writer writes while we read, so
 * a segment is copied twice and both copies must be the same. Nothing is written into it.
 */

#include <gnomon/sample.h>
#include <stddef.h>

#define SEGMENT_ROOM 96

struct segment_sample {
    gn_utc system; /* the system clock at the measurement */
    gn_utc utc;    /* what the reference said */
    uint8_t leap;  /* enum gn_leap */
    double precision_s;
};

/** What became of two copies. */
enum segment_verdict {
    SEGMENT_TAKEN,
    SEGMENT_EMPTY,   /* marked as not valid: nothing written yet, or being written */
    SEGMENT_WRITTEN, /* while it was read: look again */
    SEGMENT_LAYOUT,  /* a size that nobody uses */
    SEGMENT_WRONG    /* no time can be like this */
};

/** Read a segment of `size` bytes from two copies. */
enum segment_verdict segment_read(struct segment_sample *, const void *once, const void *again,
                                  size_t size);

#endif
