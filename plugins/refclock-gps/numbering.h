/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_NUMBERING_H
#define REFCLOCK_GPS_NUMBERING_H

/**
 * Which second a pulse marks.
 *
 * Pulses make a lattice on the local scale; each message votes for one of its seconds. How, is a
 * rule of the protocol: a fix is told after the pulse of its second and within a second of it,
 * TIM-TP is told before. Where the latency has been learnt, it votes too. A numbering is found by
 * a majority over many seconds, and then goes on by counting: a message that comes later and later
 * changes nothing. It is given up, never changed, when the messages contradict it; and nothing is
 * numbered where what is known fits two seconds.
 *
 * Pure. Pulses come once a second.
 */

#include "latency.h"
#include "others.h"

#define NUMBERING_WINDOW 64 /* seconds that vote */

enum numbering_verdict {
    NUMBERING_NUMBERED,
    NUMBERING_WAITING,   /* not enough messages yet */
    NUMBERING_AMBIGUOUS, /* what is known fits two seconds, or contradicts itself */
    NUMBERING_CONTRARY,  /* numbered, and the newest messages would number otherwise */
    NUMBERING_STRAY,     /* this pulse is none: it does not lie where the others do */
    NUMBERING_INSERTED,  /* numbered: it marks 23:59:60, which gn_utc cannot say */
};

/** Which pulse a message speaks of. */
enum numbering_rule {
    NUMBERING_NOTHING, /* of none */
    NUMBERING_BEFORE,  /* of the one before it */
    NUMBERING_NEXT,    /* of the one after it */
};

/** The votes of messages of one rule. Seconds after the named instant, by the lattice's numbers. */
struct numbering_votes {
    unsigned count, next;
    double late_s[NUMBERING_WINDOW];
    double surplus_s[NUMBERING_WINDOW]; /* beyond the latency that is known; NAN: none is */
    bool odd;                           /* the latency that is known is none that the rule allows */
    int64_t second;                     /* the last that was named; the first to name it votes */
    int rank;    /* of who votes: the others of this rule are not heard, … */
    gn_local at; /* … while he speaks */
};

struct numbering {
    bool begun;       /* there is a lattice: */
    gn_local at;      /* its last pulse, … */
    int64_t whole_ns; /* … and the number it has by the lattice, less `at` */
    unsigned strays;  /* in a row */
    bool numbered;
    int64_t shift_s;          /* the numbers of UTC less those of the lattice */
    unsigned early, contrary; /* messages, since it is numbered */
    struct numbering_votes before, next;
    bool believed;  /* messages voted for this shift, by the rule: … */
    int64_t most_s; /* … no smaller one is right */
    /* Of the others, by the last pulses: */
    int64_t others_s;
    unsigned others_in_row;
    int8_t change;    /* leap second: +1, −1 … */
    gn_utc change_at; /* … before this midnight */
    gn_utc passed_at; /* the last that was counted over */
    const char *why;  /* it is not numbered */
};

/** What a kind of message speaks of. */
enum numbering_rule numbering_rule(enum gps_kind);

/** Nothing is known. Also when receiver or lines are others than before. */
void numbering_init(struct numbering *);

/** A leap second before the midnight `at`: +1, −1; 0: none. Again and again is fine. */
void numbering_announce(struct numbering *, int8_t change, gn_utc at);

/** A message that names `named` arrived; `guess`: what is known of its latency. */
void numbering_message(struct numbering *, enum gps_kind, gn_local at, gn_utc named,
                       const struct latency_guess *guess);

/**
 * A pulse at `at`; `others`: of that instant. With NUMBERED, CONTRARY and INSERTED `*utc` is its
 * second. Pulses and messages may be told in any order within a few seconds.
 */
enum numbering_verdict numbering_pulse(struct numbering *, gn_local at,
                                       const struct gps_others *others, gn_utc *utc);

/** UTC at a local instant near the last pulse, by the numbered pulses. False: not numbered. */
bool numbering_utc(const struct numbering *, gn_local at, gn_utc *utc);

/** Why it is not numbered, for people: "ambiguous: …"; "" where it is. */
const char *numbering_words(const struct numbering *);

#endif
