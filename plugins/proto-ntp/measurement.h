/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MEASUREMENT_H
#define MEASUREMENT_H

/** From the four readings of an exchange to a sample. Pure. Spec: RFC 5905 §8. */

#include "verdict.h"
#include <gnomon/host.h>

/** What is known of an exchange beside the reply's header. */
struct measurement {
    gn_local t1_user;        /* read by us before the system call */
    gn_local t1;             /* the best that was reported */
    enum gn_stamp t1_stamp;  /* who made t1 */
    struct ntp_stamp t2;     /* as the server told it; not of this reply if that is interleaved */
    gn_local t4;             /* arrival */
    enum gn_stamp t4_stamp;  /* who made t4 */
    struct gn_address local; /* the address the reply came to; family NONE unknown */
    gn_utc pivot;            /* about now: settles the era of the timestamps */
    int8_t precision_log2s;  /* of our clock */
};

/** How far a clock may run away while nobody looks. Spec: RFC 5905 §7.2, PHI. */
#define MEASUREMENT_PHI 15e-6

/**
 * How far a stamp may be from the wire, always on the same side: the kernel stamps what it sends
 * before the device has it, and what has arrived once it gets to it; a program is called later
 * still. Units: s.
 */
double measurement_stamp_error_s(enum gn_stamp stamp);

/**
 * The sample of an exchange whose T3 is the header's transmit timestamp.
 * Returns VERDICT_OK and the whole sample, or VERDICT_DELAY.
 */
enum verdict measurement_sample(const struct measurement *measurement,
                                const struct wire_header *header, struct gn_sample *sample);

/** Whether the server follows us, who got its reply at that address. */
bool measurement_is_loop(const struct gn_address *local, const struct wire_header *header);

#endif
