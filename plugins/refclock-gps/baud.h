/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_BAUD_H
#define REFCLOCK_GPS_BAUD_H

/**
 * At which speed a receiver talks, found by what comes: the right one is where messages bear right
 * sums. Pure.
 *
 * Each speed is listened to for longer than a second, in which a receiver says all that it has to
 * say, and until something has come: at a wrong speed something does, so a silent line is not
 * hunted on, and a receiver that says little is found as well.
 */

#include <gnomon/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct baud {
    unsigned fixed; /* of the user; 0: to be found */
    unsigned speeds[10];
    size_t count, at; /* in `speeds`: the present one */
    bool found;       /* messages come at it */
    gn_local since;   /* it is listened to; where found: the last message */
    gn_local noisy;   /* the first byte since then; .ns 0: none has come */
};

/** `fixed`: 0 to be found; `remembered`: tried first, 0 none. */
void baud_init(struct baud *, unsigned fixed, unsigned remembered);

/** The speed to listen at. */
unsigned baud_now(const struct baud *);

/** It is listened to from now on (again). */
void baud_listen(struct baud *, gn_local now);

/** Something was read; `messages` of it had a right sum. */
void baud_heard(struct baud *, gn_local now, size_t bytes, uint64_t messages);

/** Whether the line should be set to another speed, which baud_now() then is. */
bool baud_turn(struct baud *, gn_local now);

#endif
