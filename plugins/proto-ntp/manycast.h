/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANYCAST_H
#define MANYCAST_H

/**
 * Looking for servers in a group: one request to all of it, going further each time until enough
 * have answered.
 *
 * Pure. Who answers is only noted: as sources they are asked anew, each for itself.
 * Spec: RFC 5905 §3.1, "manycast" of the automatic server discovery schemes.
 */

#include "roster.h"
#include "verdict.h"
#include <gnomon/host.h>

/** Answers to one request are waited for so long. */
#define MANYCAST_WAIT_NS (2 * GN_NS_PER_S)

/** What becomes of an answer. */
enum manycast_verdict {
    MANYCAST_OK = 0,  /* a server that was not found before */
    MANYCAST_KNOWN,   /* found already */
    MANYCAST_FULL,    /* more than there is room for */
    MANYCAST_REFUSED, /* no answer to our request, or not of a server that may be asked */
};

/** One search. */
struct manycast {
    uint8_t hops; /* of the last request; 0: none was sent yet */
    uint8_t most_hops;
    size_t wanted; /* enough are so many */
    struct ntp_stamp nonce;
    struct gn_address found[ROSTER_MAX];
    size_t count;
};

/** Begin a search for `wanted` servers, at most `most_hops` away. */
void manycast_init(struct manycast *manycast, size_t wanted, uint8_t most_hops);

/**
 * The next request, with an unpredictable number, goes `manycast->hops` far. Returns false when the
 * search is over: enough are found, or none lives further away.
 */
bool manycast_request(struct manycast *manycast, uint8_t version, uint64_t random,
                      struct wire_packet *request);

/** An answer. `allowed`: whether its sender is listed as one that may be asked. */
enum manycast_verdict manycast_answer(struct manycast *manycast, const void *data, size_t size,
                                      const struct gn_address *remote, bool allowed);

#endif
