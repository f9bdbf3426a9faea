/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SYMMETRIC_H
#define SYMMETRIC_H

/**
 * A symmetric association with one peer: when to speak, what to make of what is heard.
 *
 * Pure, like client.h: symmetric_step() takes one event and returns what shall be done. Both sides
 * speak at the shorter of the two intervals that they want. Who has the better time waits for the
 * other's packet and answers it at once, so that the other's sample is as good as from a server.
 * Spec: RFC 5905 §9, §13, §14.
 */

#include "dialogue.h"

/** So long after our last packet a peer is answered at once that is not synchronised. */
#define SYMMETRIC_ANSWER_NS (2 * GN_NS_PER_S)
/** So long after our last packet, or half of it, a peer is answered that has not heard us yet. */
#define SYMMETRIC_GREETING_NS (8 * GN_NS_PER_S)

struct symmetric_config {
    uint8_t version;                     /* of the packets, 1 … 4 */
    struct authenticator *authenticator; /* NULL none; lent */
    bool iburst; /* begin with packets 2 s apart until four samples are there, eight at most */
};

/** What happens to an association. */
enum symmetric_event_kind {
    SYMMETRIC_START,       /* begin (again) with this address, `delay_ns` from now */
    SYMMETRIC_BURST,       /* somebody wants to know now */
    SYMMETRIC_TIMER,       /* the timer fired */
    SYMMETRIC_SENT,        /* a packet left at `when` by `stamp`; comes again with better stamps */
    SYMMETRIC_SEND_FAILED, /* it could not leave: `error` */
    SYMMETRIC_RECEIVE,     /* a datagram of the peer's address: `packet` */
    SYMMETRIC_TAKEN,       /* the sample was submitted, and the core knows when it wants the next */
};

struct symmetric_event {
    enum symmetric_event_kind kind;
    gn_local now;
    uint64_t random;              /* unpredictable; used by TIMER and RECEIVE */
    uint32_t chance;              /* evenly spread; all */
    const struct gn_state *state; /* of our clock; all but SENT */
    /* What the core asks of the source. */
    double poll_s;
    double min_poll_s;
    double max_poll_s;
    /* Of single kinds. */
    int64_t delay_ns;
    uint64_t tag;
    gn_local when;
    enum gn_stamp stamp;
    int error;
    struct exchange_reply packet;
};

/** What shall be done, in this order. */
struct symmetric_actions {
    bool submit; /* submit `sample`, then step with SYMMETRIC_TAKEN */
    struct gn_sample sample;
    bool fault;
    enum gn_reason reason;
    char text[160];
    bool arm; /* (re)start the timer */
    int64_t delay_ns;
    bool poll; /* mark a poll: the peer can be expected to answer */
    bool send; /* send `packet`, tell the outcome */
    struct wire_packet packet;
    uint64_t tag;
    bool give_up; /* this address gives nothing; take another, if there is one */
};

/** Numbers for reports. */
struct symmetric_counters {
    uint64_t sent;
    uint64_t received;
    uint64_t verdicts[VERDICT_COUNT]; /* received by outcome */
};

struct symmetric {
    struct symmetric_config config;
    struct dialogue dialogue;
    bool running;
    gn_local spoken;        /* when our last packet went out */
    gn_local polled;        /* the last one that was marked as a poll */
    gn_local heard;         /* when something proven came last, or the start */
    int64_t pause_ns;       /* between the last two of these */
    unsigned burst_good;    /* samples that the burst still wants */
    unsigned burst_packets; /* packets that it may still use */
    unsigned unanswered;    /* packets in a row that nothing proven followed */
    unsigned failures;      /* sends in a row that failed */
    enum verdict bad;       /* why the last datagram counted for nothing, or OK */
    struct symmetric_counters counters;
};

/** Prepare; nothing happens before SYMMETRIC_START. */
void symmetric_init(struct symmetric *symmetric, const struct symmetric_config *config);

/** Take one event. `actions` is overwritten. */
void symmetric_step(struct symmetric *symmetric, const struct symmetric_event *event,
                    struct symmetric_actions *actions);

#endif
