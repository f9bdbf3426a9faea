/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_QUALITY_H
#define REFCLOCK_GPS_QUALITY_H

/** Whether what a receiver says is good enough to set a clock by. Pure. */

#include "message.h"
#include "others.h"

struct quality_config {
    int min_satellites; /* used in the fix; 0: any */
    double settle_s;    /* the time has to be valid for so long */
    bool antenna_gate;  /* an antenna fault drops samples at once */
};

/** Worst first. */
enum quality_verdict {
    QUALITY_GOOD,
    QUALITY_SILENT,    /* nothing heard yet, or not for some seconds */
    QUALITY_ANTENNA,   /* short or open */
    QUALITY_JAMMED,    /* critical */
    QUALITY_SPOOFED,   /* the receiver says so */
    QUALITY_ESTIMATED, /* dead reckoning, simulator, manual input */
    QUALITY_NO_FIX,
    QUALITY_INVALID,  /* the receiver does not vouch for its time */
    QUALITY_FEW,      /* fewer satellites than asked for */
    QUALITY_JUMPED,   /* its time went off from its own past */
    QUALITY_SETTLING, /* good, but not for long enough */
};

struct quality {
    struct quality_config config;
    bool heard;
    gn_local heard_at; /* last word on validity or fix */
    bool valid_said, valid;
    enum gps_fix fix;
    int satellites; /* -1 unsaid */
    enum gps_antenna antenna;
    enum gps_jamming jamming;
    bool spoofed;
    bool good;          /* so far as one message can tell, … */
    gn_local good_from; /* … since then */
    /* its own past */
    bool timed;
    gn_local at;
    gn_utc utc;
    double doubt_s;
    unsigned apart; /* instants in a row that lie off from it */
    unsigned jumps; /* in all */
    double jump_s;  /* the last one that nobody agreed with; 0 none */
    gn_local jumped_at;
};

void quality_init(struct quality *, const struct quality_config *);

/** Every message, before it is used. */
void quality_hear(struct quality *, const struct gps_message *, gn_local at);

/**
 * The instant that a message or a pulse named, taken at `at` (messages less their latency), within
 * ±`doubt_s`. It is compared with its own past; `others` may agree with a jump. False: it lies off
 * alone, as a message that was held up; use it for nothing.
 */
bool quality_time(struct quality *, gn_local at, gn_utc utc, double doubt_s,
                  const struct gps_others *others);

/** The local scale has jumped, as after a suspend: the past says nothing. */
void quality_forget(struct quality *);

/** Now. */
enum quality_verdict quality_judge(const struct quality *, gn_local now);

/** What is wrong, in words; "" with QUALITY_GOOD. `text` may be used for it. */
const char *quality_words(const struct quality *, enum quality_verdict, char *text, size_t size);

#endif
