/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_PHC_TRUST_H
#define REFCLOCK_PHC_TRUST_H

/**
 * Whether what a clock shows can be the time: nobody may have set it since it was switched on, or
 * somebody may set it now. Pure.
 */

#include <gnomon/time.h>

enum trust_verdict {
    TRUST_GOOD,
    TRUST_FIRST,  /* nothing to compare it with yet: the next one will tell */
    TRUST_STANDS, /* it does not go on */
    TRUST_PAST,   /* it shows a year that is over: it has never been set */
    TRUST_JUMPED, /* elsewhere than it would be had it gone on; believed when it stays so */
    TRUST_AGAIN,  /* it has stayed so */
};

struct trust {
    bool begun;       /* there was a reading */
    gn_local last_at; /* the last reading, good or bad, … */
    gn_utc last_utc;  /* … to see whether it goes on at all */
    gn_local at;      /* the last good reading: … */
    gn_utc utc;
    unsigned contrary; /* readings in a row that are elsewhere, … */
    gn_local contrary_at;
    gn_utc contrary_utc; /* … the last of them */
    double jump_s;       /* … and how far the first was away */
};

/** Judge a reading, good to ± `error_s`. `*by_s`: how far it has jumped, or is from where it should
 * be. */
enum trust_verdict trust_judge(struct trust *, gn_local at, gn_utc utc, double error_s,
                               double *by_s);

#endif
