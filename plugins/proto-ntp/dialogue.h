/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIALOGUE_H
#define DIALOGUE_H

/**
 * What two peers say to each other: the state variables of a symmetric association.
 *
 * Pure. Every packet answers one of the other side's and is a question, too. A packet is proven if
 * its origin is the transmit timestamp of our last packet: its sender has seen that, and what it
 * says counts, once. Anything else teaches nothing but a timestamp to answer, and that is answered
 * only if nothing proven has come since our last packet: first what answers an earlier packet of
 * ours (one was lost, or they crossed), then in turns the last that is known, and a guest, who may
 * be the peer restarted, or anybody. So two who talk find each other again after any loss, and one
 * who guesses cannot come between them. Spec: RFC 5905 §9.2, §14; CVE-2015-1799 (what is not proven
 * must not change the state).
 */

#include "exchange.h"

/** So many packets of ours are remembered; who answers an earlier one than the last is the peer,
 * late. */
#define DIALOGUE_SENT 4

/** A packet of ours. */
struct dialogue_sent {
    struct ntp_stamp transmit; /* as on the wire; 0: none */
    bool stamped;              /* `at` is known */
    gn_local user;             /* read by us before the system call */
    gn_local at;               /* the best that was reported */
    enum gn_stamp stamp;       /* who made `at` */
};

/** A packet of the peer, to be answered. */
struct dialogue_heard {
    struct ntp_stamp transmit; /* as on the wire; 0: none */
    gn_local when;             /* its arrival */
    bool fresh;                /* it came after our last packet */
};

struct dialogue {
    uint8_t version;                     /* of our packets */
    struct authenticator *authenticator; /* NULL: nobody proves anything; lent */
    uint64_t tag;                        /* of our last packet; 0: none */
    struct dialogue_sent sent[DIALOGUE_SENT];
    struct dialogue_heard proven, known, guest;
    unsigned misses;     /* packets of ours in a row before which nothing proven came */
    uint64_t proven_tag; /* the packet of ours that the last proven one answered; 0: none yet */
    uint8_t stratum;     /* of the peer, by the last proven packet: 1 … 16 */
    int8_t poll_log2s;   /* the interval that the peer wants, by the last proven packet */
};

/** What is said of us, and what is known of our clock. */
struct dialogue_self {
    const struct gn_state *state;
    int8_t poll_log2s;
    uint64_t random; /* unpredictable */
    gn_local now;
};

/** Forget everything. `version`: of the packets to come, 1 … 4. `authenticator`: of both sides';
 * lent; NULL none. */
void dialogue_init(struct dialogue *dialogue, uint8_t version, struct authenticator *authenticator);

/** Make the next packet, in symmetric active mode; its tag is `dialogue->tag`. */
void dialogue_write(struct dialogue *dialogue, const struct dialogue_self *self,
                    struct wire_packet *packet);

/** The packet of this tag left at `when`; the better stamp stays. */
void dialogue_stamp(struct dialogue *dialogue, uint64_t tag, gn_local when, enum gn_stamp stamp);

/**
 * Judge a datagram from the peer's address. `header` is valid unless the result is VERDICT_LENGTH,
 * `sample` if it is VERDICT_OK. `state`: of our clock: its frequency is taken out of the sample,
 * since a peer may hold our packet for as long as its interval.
 */
enum verdict dialogue_read(struct dialogue *dialogue, const struct exchange_reply *packet,
                           const struct gn_state *state, struct wire_header *header,
                           struct gn_sample *sample);

/** The stratum as it ranks: 16 for all that is not synchronised. */
uint8_t dialogue_rank(uint8_t leap, uint8_t stratum);

#endif
