/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_LINE_H
#define REFCLOCK_GPS_LINE_H

/**
 * The serial line of a receiver: opened, set, read, and waited for when it is not there.
 *
 * Whatever its path names is taken: a UART, a USB port, a pseudo-terminal, a device without any
 * speed (/dev/gnss0). Each opening follows the path anew, so that a port that comes back under
 * another number is found where the path is a link of udev. Nothing is ever written.
 */

#include "baud.h"

#include <gnomon/host.h>

/** Bytes of a wake-up at most: noise must not keep the daemon from all else. */
#define LINE_BYTES 4096

struct line;

/** What the line tells; `arg` is of line_init(). */
struct line_events {
    /** Bytes, the last of them at `at`. Returns how many messages with a right sum they ended. */
    uint64_t (*received)(void *arg, gn_local at, const void *bytes, size_t size);
    /** It was opened, or its speed is another: what was begun is cut off. */
    void (*begun)(void *arg);
    /** It is not there, or gone: negative errno, and words that say what to do. */
    void (*lost)(void *arg, int error, const char *words);
};

struct line {
    struct gn_host *host;
    const char *path;
    const struct line_events *events;
    void *arg;
    struct gn_device *device; /* NULL: it is not there */
    struct gn_timer *timer;
    struct baud baud;
    unsigned speed; /* that it is set to; 0: it has none */
    bool paced;     /* bytes come as fast as the speed says, and not faster */
    unsigned failures;
    unsigned saved; /* speed in the store; 0 none */
    bool speaks;    /* something has come since it was opened */
    gn_local opened;
    gn_local heard; /* the last byte, or the opening */
    gn_local counted;
    uint64_t flood;  /* bytes since `counted` */
    char holder[96]; /* who else has it open; "" nobody */
};

/** Lends: all but `baud`, which is that of the configuration: 0 to be found. */
void line_init(struct line *, struct gn_host *, const char *path, unsigned baud,
               const struct line_events *, void *arg);

/** Errors: negative errno, of the timer. A line that is not there is waited for. */
int line_start(struct line *);

/** The line's pace for who cuts messages: baud, or 0 where the bytes come at no pace of their own.
 */
unsigned line_pace(const struct line *);

/** Whether its speed is still being sought: not all of them have been listened at. */
bool line_hunts(const struct line *, gn_local now);

/** What is known of a line that gives nothing that is understood, for people: what to do. */
void line_silence(const struct line *, gn_local now, char *words, size_t size);

#endif
