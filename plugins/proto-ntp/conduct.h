/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONDUCT_H
#define CONDUCT_H

/**
 * Whether a server of a pool is so bad, and for so long, that another should take its place. Pure.
 *
 * A server that is named is the administrator's choice and stays; one of a pool is anybody.
 */

#include "client.h"

/** So many polls in a row, and at least so long, must have been bad. */
#define CONDUCT_POLLS 4
#define CONDUCT_LEAST_NS (240 * GN_NS_PER_S)

enum conduct_fault {
    CONDUCT_GOOD = 0,
    CONDUCT_SILENT,         /* it does not answer; that is for long by itself */
    CONDUCT_UNSYNCHRONISED, /* it says that it has no time, or a stratum beyond 15 */
    CONDUCT_FALSETICKER,    /* the majority says another time */
    CONDUCT_USELESS,        /* what it says cannot be used: distance, jitter */
};

/** What is seen of a server. */
struct conduct_view {
    gn_local now;
    uint8_t state;       /* enum gn_source_state */
    double poll_s;       /* of now */
    unsigned unanswered; /* requests in a row */
    uint64_t good, bad;  /* so far: samples; replies that say that it has no time */
};

struct conduct {
    enum conduct_fault fault; /* of now; GOOD: none */
    gn_local since;
    uint64_t good, bad; /* seen before */
};

/** What is counted of a server, from its numbers. */
void conduct_count(const struct client_counters *counters, struct conduct_view *view);

/** Begin anew: another server has the place. */
void conduct_reset(struct conduct *conduct, const struct conduct_view *view);

/** Look at it. Returns what is wrong, as soon as it is so for long enough. */
enum conduct_fault conduct_look(struct conduct *conduct, const struct conduct_view *view);

/** "it does not answer". */
const char *conduct_text(enum conduct_fault fault);

#endif
