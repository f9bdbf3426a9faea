/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERDICT_H
#define VERDICT_H

/** The tests a reply must pass; each has a name under which it is counted, and words. */

#include "wire.h"

/** Outcome of the tests, in the order in which they are made. Spec: RFC 5905 §8, §9.2, A.5.1.1. */
enum verdict {
    VERDICT_OK = 0,
    VERDICT_LENGTH,         /* shorter than a header */
    VERDICT_VERSION,        /* not 1 … 4 */
    VERDICT_MODE,           /* not from a server */
    VERDICT_DUPLICATE,      /* answers a request that was answered already */
    VERDICT_ORIGIN,         /* answers no request of ours; compared on raw bits */
    VERDICT_LATE,           /* answers a request that was given up */
    VERDICT_EXTENSION,      /* what follows the header is malformed */
    VERDICT_UNPROVEN,       /* no proof of its sender where our request had one */
    VERDICT_NAK,            /* crypto-NAK: the server could not verify our request */
    VERDICT_KEY,            /* authenticated with another key than our request */
    VERDICT_PROOF,          /* its proof is wrong */
    VERDICT_GREETING,       /* of a peer that has not heard us yet: the origin is zero */
    VERDICT_AGAIN,          /* of a peer that has answered our last packet already */
    VERDICT_KISS,           /* kiss-of-death that asks to slow down or to go away */
    VERDICT_UNSYNCHRONISED, /* leap 3, or stratum 0 without an order */
    VERDICT_STRATUM,        /* 16 or more */
    VERDICT_STAMPS,         /* a timestamp is missing */
    VERDICT_ROOT,           /* root delay and dispersion beyond 16 s */
    VERDICT_REFERENCE,      /* reference time well after the transmit time */
    VERDICT_ORDER,          /* sent before it received */
    VERDICT_DELAY,          /* round trip negative beyond what the clocks' readings explain */
    VERDICT_LOOP,           /* the server follows us */
    /* Of a good reply, by its delay (gate.h): */
    VERDICT_MAX_DELAY,       /* over maxdelay */
    VERDICT_DELAY_RATIO,     /* over maxdelayratio times the least */
    VERDICT_DELAY_DEVIATION, /* over the least by maxdelaydevratio deviations */
    VERDICT_DELAY_QUANTILE,  /* over the quantile maxdelayquant */
    VERDICT_COUNT
};

/** The name of the counter: "bogus-origin". */
const char *verdict_name(enum verdict verdict);

/** What is wrong, in plain words without a full stop. */
const char *verdict_text(enum verdict verdict);

/** Tests that need only the packet: length, version, mode. Fills `header` if it is long enough. */
enum verdict verdict_packet(const void *data, size_t size, struct wire_header *header);

/** Tests of what the server says of itself: kiss, leap, stratum, timestamps, root values, order. */
enum verdict verdict_server(const struct wire_header *header);

#endif
