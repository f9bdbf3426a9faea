/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNTP_H
#define SNTP_H

/**
 * A client of one server at a time: when to ask, what its reply is worth, when to take another.
 *
 * Pure: sntp_step() takes one event with its instant and chance, and returns what shall be done.
 * Spec: RFC 5905 §14; RFC 4330 §10 (best practices); RFC 9109 (a random port per request).
 */

#include <proto-ntp/measurement.h>

/** The first interval after a first reply, or after all servers failed; doubled from then on. */
#define SNTP_FIRST_NS (16 * GN_NS_PER_S)
/** So long a reply is waited for. */
#define SNTP_PATIENCE_NS (2 * GN_NS_PER_S)
/** So many requests in a row go unanswered before the next server is asked, … */
#define SNTP_LOST 4
/** … and so many where this one has never given a sample: there may be others. */
#define SNTP_LOST_FIRST 1
/** So many samples may be wanted sooner than that, where somebody waits for them (gnomond -q). */
#define SNTP_HURRIED 4
/** After DENY or RSTR a server is not asked for so long. */
#define SNTP_DENIED_NS (24 * 3600 * GN_NS_PER_S)

enum sntp_phase {
    SNTP_STOPPED = 0,
    SNTP_IDLE,    /* the timer runs to the next request */
    SNTP_WAITING, /* a request is out; the timer runs to its time-out */
};

enum sntp_event_kind {
    SNTP_START,   /* from now on this server, which is asked by the timer, at once */
    SNTP_STOP,    /* there is none to ask */
    SNTP_TIMER,   /* the timer fired */
    SNTP_SENT,    /* the request left at `when`, read before the system call */
    SNTP_FAILED,  /* it could not leave, or the network answered: `error` */
    SNTP_RECEIVE, /* a datagram: `data` */
    SNTP_TAKEN,   /* the sample was submitted, and the core knows whether it is surprised */
};

struct sntp_event {
    enum sntp_event_kind kind;
    gn_local now;
    uint64_t random;  /* unpredictable; used by TIMER */
    uint32_t chance;  /* spreads the polls */
    bool surprised;   /* TAKEN: the core wants to know soon whether that was true */
    int64_t hurry_ns; /* TAKEN: the longest interval that somebody has the patience for; 0: any */
    gn_local when;
    int error;
    const void *data;
    size_t size;
    gn_local t4;
    enum gn_stamp stamp;
    struct gn_address local;
    gn_utc floor;           /* it is later than that */
    gn_utc pivot;           /* about now */
    int8_t precision_log2s; /* of our clock */
};

/** What shall be done, in this order. */
struct sntp_actions {
    bool close;  /* close the request's socket */
    bool submit; /* submit `sample`, then step with SNTP_TAKEN */
    struct gn_sample sample;
    bool slow; /* tell the core: no interval below this any more */
    int64_t slow_ns;
    bool fault;
    enum gn_reason reason;
    char text[160];
    bool arm; /* (re)start the timer */
    int64_t delay_ns;
    bool send; /* open a fresh socket, send `request`, tell the outcome */
    uint8_t request[WIRE_HEADER_SIZE];
    bool next;         /* this server gives nothing: another */
    int64_t denied_ns; /* and does not want to be asked again for so long; 0: it did not say */
};

struct sntp {
    int64_t poll_ns; /* of the configuration */
    enum sntp_phase phase;
    struct ntp_stamp nonce; /* of the request that is out */
    gn_local t1;
    int64_t interval_ns; /* before its spread */
    int64_t least_ns;    /* the server asked not to be asked more often; 0: it did not */
    bool reached;        /* it has given a sample */
    unsigned hurried;    /* samples that somebody waited for */
    unsigned lost;       /* requests in a row without a sample */
    enum verdict bad;    /* why the last datagram was not the reply, or OK */
};

/** Prepare; nothing happens before SNTP_START. */
void sntp_init(struct sntp *sntp, int64_t poll_ns);

/** Take one event. `actions` is overwritten. */
void sntp_step(struct sntp *sntp, const struct sntp_event *event, struct sntp_actions *actions);

/** An interval, made up to a quarter longer or shorter by chance, so that nobody asks in step. */
int64_t sntp_spread(int64_t interval_ns, uint32_t chance);

#endif
