/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_RTC_WRITING_H
#define REFCLOCK_RTC_WRITING_H

/**
 * The time is written into a hardware clock: when, which second, and whether it took it.
 *
 * Only whole seconds can be written. A chip of the MC146818 family goes on to the next one half a
 * second after it was written to, most others a whole one; drivers may add their own. What is left
 * of that second, the phase, is learnt whenever the clock is read back. A clock whose seconds go on
 * as they went, whenever it is written to, as PCs by AMD have, can be right to half a second only.
 *
 * Pure: instants go in, a plan and a verdict come out. Seconds since 1970, UTC.
 */

#include <gnomon/time.h>
#include <stdbool.h>

/** What a chip of the PC shows beyond the second that it was given, right after. Units: s. */
#define WRITING_PHASE_PC 0.5

/** What is known of its phase. */
enum writing_kind {
    WRITING_GUESSED,
    WRITING_LEARNT,
    WRITING_FREE, /* its seconds go on as they went */
};

struct writing {
    double phase_s; /* as above, of this clock */
    enum writing_kind kind;
    int tries;      /* of this order; 0: nothing is ordered */
    int64_t second; /* to be written … */
    gn_local due;   /* … then */
};

/** An order: write as soon as it can be right. `utc` is what the time is at `now`; `edge`: when one
 * of its seconds began, NULL not known. */
void writing_plan(struct writing *, gn_local now, gn_utc utc, const gn_local *edge);

/** Whether it is too late for the plan: make another. */
bool writing_missed(const struct writing *, gn_local now);

/** A second is read back. */
struct writing_back {
    gn_local written; /* when the plan's second was written */
    gn_local edge;    /* when `second` began */
    int64_t second;
    double error_s; /* what it shows there, less UTC */
};

enum writing_verdict {
    WRITING_GOOD,
    WRITING_AGAIN,   /* more is known of it now: plan once more */
    WRITING_REFUSED, /* it does not show what was written */
    WRITING_COARSE,  /* its seconds go on as they went: as near as it can be */
};

/** How far it may be off after a writing. Units: s. */
double writing_best_s(const struct writing *);

/** Learn the phase, and judge. But for WRITING_AGAIN the order is done. */
enum writing_verdict writing_judge(struct writing *, const struct writing_back *);

#endif
