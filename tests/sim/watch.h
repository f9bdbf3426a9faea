/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_WATCH_H
#define TESTS_SIM_WATCH_H

/**
 * What must hold for a client at every second, whatever the weather. It knows the truth and what
 * the daemon tells; of the daemon's insides it knows nothing.
 */

#include "tests/sim/weather.h"

#include <sim/scene.h>
#include <sim/vclock.h>

enum watch_rule {
    WATCH_FINITE, /* every number told is one */
    WATCH_BOUND,  /* the estimate is right within what it claims, also in hold-over */
    WATCH_CLOCK,  /* the clock follows the estimate, as fast as it may be slewed */
    WATCH_CLAMP,  /* it never runs faster or slower than allowed */
    WATCH_STEP,   /* no step below the threshold, none once the policy's updates are over */
    WATCH_LIAR,   /* once most true servers have answered, nobody is in use who is wrong */
    WATCH_TRUE,   /* no true server is called a falseticker */
    WATCH_LATE,   /* while most true servers answer, the client is synchronised */
    WATCH_STATUS, /* what the kernel tells other programs is true */
    WATCH_RULES
};

struct watch {
    const struct weather *weather;
    int client; /* from 0 */
    /* Of the last second: */
    uint64_t samples[WEATHER_SERVERS];
    uint64_t before[WEATHER_SERVERS]; /* samples when it woke last: nothing is known from then */
    int updates;                      /* seconds in which a source in use gave a sample */
    bool followed;                    /* the clock follows since then … */
    bool follows;                     /* somebody, so long … */
    double learns_until_s;            /* … that a drifting server need not be known before this */
    double away_s, slack_s;           /* … and may be off by this, and by the bounds of late */
    double noticed_at_s;              /* then the last disturbance was noticed */
    double waiting_s; /* so long most true servers answer, and it is not synchronised */
    int wrong_s;      /* so long somebody wrong has been in use */
    int untold_s;     /* so long the kernel has not known that the clock is synchronised */
    int off_s;        /* so long the clock has not been where it belongs */
    /* First violation of each rule: */
    bool broken[WATCH_RULES];
    double broken_at_s[WATCH_RULES];
    char words[WATCH_RULES][160];
};

void watch_init(struct watch *, const struct weather *, int client);

/** A second has passed. */
void watch_look(struct watch *, struct node *, double at_s, const struct node_truth *);

/** The client has said something. */
void watch_hear(struct watch *, double at_s, const char *line);

const char *watch_rule_name(enum watch_rule);

#endif
