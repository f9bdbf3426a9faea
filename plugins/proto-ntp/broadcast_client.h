/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROADCAST_CLIENT_H
#define BROADCAST_CLIENT_H

/**
 * What comes from one broadcast server: from mode 5 packets to samples.
 *
 * Pure. At first the server is asked some times (the volley, which an association of client.h
 * makes), and the round trips tell how long its packets take; from then on it is only listened to.
 * Where it does not answer, a configured delay must do. Spec: RFC 5905 §3, §9.2.
 */

#include "wire.h"
#include <gnomon/host.h>
#include <stdbool.h>

/** Exchanges of a volley; as many as a burst asks for. */
#define BROADCAST_VOLLEY 4
/** A volley that has not ended by then has failed: eight requests 2 s apart and their replies. */
#define BROADCAST_VOLLEY_NS (20 * GN_NS_PER_S)
/** So many intervals without a packet, and something is said of it; … */
#define BROADCAST_MISSED 3
/** … or the server has fallen silent, and is forgotten. */
#define BROADCAST_SILENT 8

/** What becomes of a packet, in the order in which it is looked at. */
enum broadcast_verdict {
    BROADCAST_OK = 0,
    BROADCAST_LENGTH,         /* shorter than a header, or what follows it is malformed */
    BROADCAST_VERSION,        /* not 1 … 4 */
    BROADCAST_MODE,           /* no broadcast */
    BROADCAST_DENIED,         /* from a server that is not listened to */
    BROADCAST_KEY,            /* not authenticated with the key that is demanded */
    BROADCAST_UNSYNCHRONISED, /* leap 3, or stratum 0 */
    BROADCAST_STRATUM,        /* 16 or more */
    BROADCAST_STAMPS,         /* the transmit timestamp is missing */
    BROADCAST_ROOT,           /* root delay and dispersion beyond 16 s */
    BROADCAST_REFERENCE,      /* reference time well after the transmit time */
    BROADCAST_LOOP,           /* the server is us, or follows us */
    BROADCAST_CROWD,          /* there are as many servers as are wanted */
    BROADCAST_REPLAY,         /* not newer than the last one */
    BROADCAST_EARLY,          /* much earlier than its interval allows */
    BROADCAST_CONTRADICTION,  /* the server's own answers tell another time: an old packet */
    BROADCAST_COUNT
};

/** The name of the counter: "replay". */
const char *broadcast_verdict_name(enum broadcast_verdict verdict);

/** What is wrong, in plain words without a full stop. */
const char *broadcast_verdict_text(enum broadcast_verdict verdict);

/** A packet as it arrived. */
struct broadcast_packet {
    const void *data;
    size_t size;
    gn_local when; /* arrival */
    enum gn_stamp stamp;
    gn_utc pivot;           /* about now: settles the era of the timestamps */
    int8_t precision_log2s; /* of our clock */
};

enum broadcast_phase {
    BROADCAST_ASKING = 0, /* the volley goes on; the newest packet waits for its end */
    BROADCAST_LISTENING,
};

/** One server. */
struct broadcast_client {
    enum broadcast_phase phase;
    struct ntp_stamp newest; /* transmit timestamp of the last packet that was taken */
    gn_local heard;          /* when it arrived */
    int64_t interval_ns;     /* between its packets, as it says */
    unsigned missed;         /* intervals in a row without one */
    /* The way from there to here. */
    double one_way_s;
    double round_trip_s; /* ±half of it is how wrong `one_way_s` may be */
    double spread_s;     /* between the round trips of the volley */
    bool measured;       /* by a volley, and not configured */
    uint32_t own_refid;  /* our reference id as the server knows us; 0 unknown */
    /* The volley. */
    unsigned count;
    double delays_s[BROADCAST_VOLLEY]; /* sorted */
    int64_t offset_ns;                 /* of the exchange with the least delay */
    struct gn_sample waiting;          /* made of the newest packet; size 0: none */
};

/** Tests that need only the packet. `header` is valid unless the result is BROADCAST_LENGTH. */
enum broadcast_verdict broadcast_client_judge(const void *data, size_t size,
                                              struct wire_header *header);

/** Begin with a server: the volley. */
void broadcast_client_init(struct broadcast_client *client);

/**
 * A packet of this server that passed the tests. Returns BROADCAST_OK, …REPLAY, …EARLY or …LOOP;
 * `*ready` tells whether `sample` is filled: not while the volley goes on.
 */
enum broadcast_verdict broadcast_client_hear(struct broadcast_client *client,
                                             const struct broadcast_packet *packet,
                                             const struct wire_header *header, bool *ready,
                                             struct gn_sample *sample);

/** An exchange of the volley. Returns whether there are enough. */
bool broadcast_client_measure(struct broadcast_client *client, const struct gn_sample *exchange);

/**
 * The volley is over; without any exchange a packet takes `delay_s`, give or take as much. Returns
 * BROADCAST_OK, with `*ready` and `sample` as above for the packet that waited, or
 * BROADCAST_CONTRADICTION: then this is not the server whose packets came.
 */
enum broadcast_verdict broadcast_client_listen(struct broadcast_client *client, double delay_s,
                                               bool *ready, struct gn_sample *sample);

/** From the last packet, or the last miss, to the next miss. Units: ns. */
int64_t broadcast_client_patience_ns(const struct broadcast_client *client);

/** That time has passed. Returns how many packets in a row are missing. */
unsigned broadcast_client_miss(struct broadcast_client *client);

#endif
