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
    gn_local t4;             /* arrival */
    enum gn_stamp t4_stamp;  /* who made t4 */
    struct gn_address local; /* the address the reply came to; family NONE unknown */
    gn_utc pivot;            /* about now: settles the era of the timestamps */
    int8_t precision_log2s;  /* of our clock */
};

/** Returns VERDICT_OK and the whole sample, VERDICT_DELAY, or VERDICT_LOOP: the server follows us.
 */
enum verdict measurement_sample(const struct measurement *measurement,
                                const struct wire_header *header, struct gn_sample *sample);

#endif
