/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_H
#define CLIENT_H

/**
 * An association with one server: when to ask, what to make of the answers.
 *
 * Pure: client_step() takes one event with its instant and chance, and returns what shall be
 * done. One timer and one socket are enough for it; the socket is a fresh one per request.
 * Spec: RFC 5905 §9, §13; RFC 9109 (a random port per request); RFC 8633 §3.2, §4.
 */

#include "exchange.h"
#include "gate.h"
#include "gather.h"

/** Requests of a burst are this far apart. Spec: RFC 5905 §13, BTIME. */
#define CLIENT_BURST_INTERVAL_NS (2 * GN_NS_PER_S)
/** A burst ends after so many good replies … */
#define CLIENT_BURST_GOOD 4
/** … or after so many requests. */
#define CLIENT_BURST_REQUESTS 8
/** A reply that takes longer is worthless. */
#define CLIENT_REPLY_TIMEOUT_NS (3 * GN_NS_PER_S)
/** So long it is waited for, however short the interval: only who answers is asked so often. */
#define CLIENT_REPLY_PATIENCE_NS GN_NS_PER_S
/** So many requests without a reply, and the server is unreachable. Spec: RFC 5905 §9.2, reach. */
#define CLIENT_UNREACHABLE 8
/** A request that only wakes the path goes out so long before the poll. As chrony. */
#define CLIENT_PRESEND_NS (2 * GN_NS_PER_S)
/** The presend that never is. Units: log2 s. */
#define CLIENT_PRESEND_NONE 18
/** After DENY or RSTR we ask again this much later. */
#define CLIENT_DENIED_NS (24 * 3600 * GN_NS_PER_S)
/** The slowest rate that RATE can bring us to. Spec: RFC 5905 §7.2, MAXPOLL. Units: log2 s. */
#define CLIENT_RATE_MAX 17

struct client_config {
    uint8_t version; /* of the requests, 1 … 4 */
    bool iburst;     /* a burst at start and when reachable again */
    bool burst;      /* a burst at every poll that is answered; as many as minpoll allows */
    struct authenticator *authenticator; /* of all packets; NULL none. Outlives the client */
    uint32_t key_id;                     /* what it is called, for words; 0 none */
    struct gate_config gate;
    unsigned filter;      /* of so many exchanges the fastest is a sample; 0 as 1 */
    int8_t presend_log2s; /* a request ahead of polls this far apart; 0, …NONE: none */
    bool xleave;          /* ask for interleaved replies */
};

enum client_phase {
    CLIENT_STOPPED = 0,
    CLIENT_IDLE,    /* the timer runs to the next request */
    CLIENT_WAITING, /* a request is out; the timer runs to its time-out */
    CLIENT_WAKING,  /* one that only wakes the path is out; the timer runs to the poll */
};

/** What happens to an association. */
enum client_event_kind {
    CLIENT_START,         /* begin (again) with this address, `delay_ns` from now */
    CLIENT_WAKE,          /* the machine slept: begin again, but for what the server forbids */
    CLIENT_BURST,         /* somebody wants to know now: a burst, if the server suffers it */
    CLIENT_TIMER,         /* the timer fired */
    CLIENT_SENT,          /* a request left at `when` by `stamp`; comes again with better stamps */
    CLIENT_SEND_FAILED,   /* it could not leave: `error` */
    CLIENT_RECEIVE,       /* a datagram: `reply` */
    CLIENT_TAKEN,         /* the sample was submitted, and the core knows when it wants the next */
    CLIENT_NETWORK_ERROR, /* the network answered the request with `error` */
    CLIENT_STOP,          /* ask nothing any more; the timer is to be stopped, too */
    CLIENT_RESUME,        /* after STOP: begin again, but for what the server forbids */
};

struct client_event {
    enum client_event_kind kind;
    gn_local now;
    uint64_t random; /* unpredictable; used by TIMER */
    uint64_t cookie; /* another one, if `xleave` */
    uint32_t chance; /* spreads the polls; used by all */
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
    struct exchange_reply reply;
};

/** What shall be done, in this order. */
struct client_actions {
    bool close; /* close the request's socket */
    bool send;  /* open a fresh socket, send `request`, tell the outcome; */
    bool poll;  /* mark a poll: the reply will give a sample */
    struct wire_packet request;
    uint64_t tag;
    bool submit; /* submit `sample`, then step with CLIENT_TAKEN */
    struct gn_sample sample;
    bool fault;
    enum gn_reason reason;
    char text[160];
    bool log;  /* the fault, too */
    bool slow; /* tell the core: no interval below `rate_log2s` any more */
    int8_t rate_log2s;
    bool arm; /* (re)start the timer */
    int64_t delay_ns;
    bool give_up; /* this address gives nothing; take another, if there is one */
};

/** Numbers for reports. */
struct client_counters {
    uint64_t sent;
    uint64_t ahead; /* of those sent: only to wake the path */
    uint64_t received;
    uint64_t interleaved;             /* good replies that were */
    uint64_t verdicts[VERDICT_COUNT]; /* received by outcome */
};

struct client {
    struct client_config config;
    enum client_phase phase;
    struct exchange exchange;
    uint64_t tag;            /* number of the last request */
    gn_local polled;         /* when the last request went out */
    int64_t denied_ns;       /* rest of a refusal: the next interval; 0 none */
    bool reached;            /* a sample came since the start */
    int8_t rate_log2s;       /* the server asked not to be asked more often; 0: it did not */
    bool presend_due;        /* the timer runs to a request that wakes the path */
    struct gate gate;        /* what delays were like since the start */
    struct gather gather;    /* exchanges of the next sample */
    unsigned burst_good;     /* good replies that the burst still wants */
    unsigned burst_requests; /* requests that it may still use */
    bool in_burst;           /* the last request was one of a burst */
    unsigned unanswered;     /* requests in a row without a reply */
    unsigned retries;        /* polls since the start that gave no sample */
    unsigned failures;       /* sends in a row that failed */
    unsigned refusals;       /* requests in a row that the network answered with an error */
    enum verdict bad;        /* why the last datagram for this request was not its reply, or OK */
    struct client_counters counters;
};

/** Prepare; nothing happens before CLIENT_START. */
void client_init(struct client *client, const struct client_config *config);

/** Take one event. `actions` is overwritten. */
void client_step(struct client *client, const struct client_event *event,
                 struct client_actions *actions);

#endif
