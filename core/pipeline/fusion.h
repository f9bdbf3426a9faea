/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_FUSION_H
#define PIPELINE_FUSION_H

/**
 * One estimate out of all truechimers' samples: who has a lane in the bank, and the recent
 * history, from which the bank is made anew when a source turns out to lie, or not to. So nothing
 * of a liar is left, and nothing has to be unlearnt.
 */

#include <pipeline/bank.h>
#include <pipeline/filter.h>

struct fusion;

/** What shall become of a source's part. */
enum fusion_wish {
    FUSION_LEAVE, /* it lies, or nobody wants it */
    FUSION_STAY,  /* it is silent: what it said stays true */
    FUSION_TAKE,  /* a truechimer */
};

/** A source's part. Embedded by the source; begins zeroed but for `filter`. */
struct fusion_seat {
    struct filter *filter; /* of the same source: delays and noise */
    enum fusion_wish wish; /* set by the owner before fusion_seat_all() */
    bool seated;           /* has a lane … */
    int lane;              /* … which */
    bool missed;           /* samples came that did not count yet: it was silent, or is in doubt */
    int moved;             /* samples in a row far off, by sign … */
    gn_local moved_since;  /* … from this one on */
    gn_local heard;        /* the newest sample */
    struct fusion_seat *next;
};

/** Errors: NULL out of memory. */
struct fusion *fusion_create(void);
void fusion_destroy(struct fusion *); /* takes NULL */

/** One more source, or one less; its samples are forgotten. Errors: -ENOMEM. */
int fusion_add(struct fusion *, struct fusion_seat *);
void fusion_remove(struct fusion *, struct fusion_seat *);

/** Forget a source's samples: it is somebody else now. */
void fusion_forget(struct fusion *, struct fusion_seat *);

/** Forget those up to `until`: it lied then, and is right again. */
void fusion_forget_until(struct fusion *, struct fusion_seat *, gn_local until);

/** What is known of the oscillator beforehand; counts when the bank is made anew. */
void fusion_expect(struct fusion *, double frequency, double sd);

/** An earlier run has learnt how the oscillator wanders; counts when the bank is made anew. */
void fusion_recall(struct fusion *, const struct oscillator_statistics *);

/** Forget all samples: the machine slept. */
void fusion_restart(struct fusion *);

/** UTC was moved against local by `by_ns`. */
void fusion_shift(struct fusion *, int64_t by_ns);

/** Take a sample of a source; it counts at once if the source is a truechimer. */
void fusion_take(struct fusion *, struct fusion_seat *, const struct filter_measure *);

/** Let all wishes come true. Returns whether the estimate had to be made anew. */
bool fusion_seat_all(struct fusion *);

/** By how much most sources were found to have moved against local since the last call; 0: they
 * have not. Units: s; positive: local stood still. */
double fusion_take_moved(struct fusion *);

/** The bank, to be asked. */
const struct bank *fusion_bank(const struct fusion *);

#endif
