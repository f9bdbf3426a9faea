/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

/**
 * One request and its reply: from a random number on the wire to a sample.
 *
 * Pure. The request reveals nothing: its transmit timestamp is a random number, and all other
 * fields are constant, or, in interleaved mode, another random number and what the server told
 * us. Spec: RFC 5905 §8; RFC 9109; RFC 9769; draft-ietf-ntp-data-minimization.
 */

#include "authenticator.h"
#include "interleave.h"
#include "verdict.h"
#include <gnomon/host.h>

/** A request and when it left. */
struct exchange {
    bool open;                           /* a reply may still come */
    bool answered;                       /* the last request got its reply */
    uint8_t version;                     /* of our requests */
    struct authenticator *authenticator; /* of requests and replies; NULL none */
    struct ntp_stamp nonce; /* the request's transmit timestamp; 0: none was sent yet */
    bool stamped;           /* t1 is known */
    gn_local t1_user;       /* read by us before the system call */
    gn_local t1;            /* the best that was reported */
    enum gn_stamp t1_stamp; /* who made t1 */
    struct interleave interleave;
    bool interleaved; /* the last good reply was */
};

/** A reply as it arrived. */
struct exchange_reply {
    const void *data;
    size_t size;
    gn_local t4;             /* arrival */
    enum gn_stamp stamp;     /* who made t4 */
    struct gn_address local; /* the address it came to; family NONE unknown */
    gn_utc pivot;            /* about now: settles the era of the timestamps */
    int8_t precision_log2s;  /* of our clock */
};

/** Forget everything. `version`: of the requests to come, 1 … 4. They are basic unless
 * interleave_init() says otherwise. */
void exchange_init(struct exchange *exchange, uint8_t version);

/** Requests prove from now on who sent them, and replies must. NULL: neither. Outlives the
 * exchange.
 */
void exchange_authenticate(struct exchange *exchange, struct authenticator *authenticator);

/** Make the next request out of an unpredictable number. */
void exchange_begin(struct exchange *exchange, uint64_t random, struct wire_packet *request);

/** The request left at `when`; the better stamp stays. In interleaved mode it may come after the
 * reply. */
void exchange_sent(struct exchange *exchange, gn_local when, enum gn_stamp stamp);

/** Expect no reply any more; one that comes is late. */
void exchange_close(struct exchange *exchange);

/**
 * Judge a datagram. `header` is valid unless the result is VERDICT_LENGTH, `sample` if it is
 * VERDICT_OK; its size is 0 if the reply is good but gives no sample: an interleaved one does for
 * the exchange before it, which may have given its own already. A reply that answers the request
 * closes the exchange, good or not.
 */
enum verdict exchange_receive(struct exchange *exchange, const struct exchange_reply *reply,
                              struct wire_header *header, struct gn_sample *sample);

/**
 * What follows the header of a packet of this version, and whether it proves the sender;
 * `authenticator` NULL: it need not.
 */
enum verdict exchange_check_proof(struct authenticator *authenticator, const void *data,
                                  size_t size, uint8_t version);

/** Whether a result means that the server answered our request, however badly. */
bool exchange_was_answer(enum verdict verdict);

#endif
