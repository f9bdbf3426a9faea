/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_SOCK_MESSAGE_H
#define REFCLOCK_SOCK_MESSAGE_H

/**
 * A datagram as gpsd and others send it to chrony's SOCK driver: when, by the system clock, how
 * far the reference was ahead of it.
 *
 * Machines with a time_t of four bytes send less; both are taken, whatever this machine is.
 */

#include <gnomon/sample.h>
#include <stddef.h>

/** Room for the larger form, and one byte to see that there is no more. */
#define MESSAGE_ROOM 41

struct message {
    gn_utc system;   /* the system clock at the measurement */
    double offset_s; /* reference − system clock */
    bool pulse;      /* only within the second: it does not say which one */
    uint8_t leap;    /* enum gn_leap */
};

/** When the second began that a pulse marks, by the system clock. chronyd takes the offset of a
 * pulse as how far the system clock was past it, with the other sign than that of a measurement. */
gn_utc message_pulse(const struct message *);

/** Returns NULL, or in words what is wrong with it. */
const char *message_read(struct message *, const void *data, size_t size);

#endif
