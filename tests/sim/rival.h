/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_RIVAL_H
#define TESTS_SIM_RIVAL_H

/**
 * A clock kept as chrony keeps one, from the samples of another daemon: a regression for each
 * source, a weighted mean of what they say, slews that take their time. All its servers are
 * true, so it selects nobody out.
 */

#include "tests/sim/regression.h"

#include <gnomon/sample.h>

#define RIVAL_SOURCES 8

struct rival_source {
    const void *key; /* whatever tells sources apart */
    struct regression regression;
    int distant; /* so many updates it is left out */
};

struct rival {
    gn_local local; /* where its own time begins, and … */
    gn_utc utc;     /* … what it takes that for */
    struct rival_source sources[RIVAL_SOURCES];
    int count;
    int selected; /* < 0 nobody */
    int updates;
    /* Its clock shows local time, plus: */
    double at_s, offset_s, frequency; /* at the last update */
    double slew, slew_s;              /* rate of the slew since then, and how long it lasts */
    double skew;                      /* of `frequency` */
    /* What it believes: */
    double believed_s, believed_frequency; /* offset at `at_s` */
};

void rival_init(struct rival *);

/** A source has given a sample. Those beyond RIVAL_SOURCES are not heard. */
void rival_take(struct rival *, const void *key, const struct gn_sample *);

/** What its clock shows, minus true time. Units: s. */
double rival_clock_error_s(const struct rival *, gn_local, gn_utc truth);

/** What it believes of UTC, minus true time. Units: s. */
double rival_estimate_error_s(const struct rival *, gn_local, gn_utc truth);

#endif
