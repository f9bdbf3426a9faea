/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_DISCIPLINE_H
#define PIPELINE_DISCIPLINE_H

/**
 * Make the system clock follow the estimate: step by policy, else slew by frequency.
 *
 * An error is taken out in a time T by running at f = drift + error / T; when T is over the
 * clock holds the drift alone. What lateness leaves over is the error of the next slew.
 */

#include <pipeline/pipeline.h>

enum discipline_state {
    DISCIPLINE_UNSET = 0, /* nothing done yet */
    DISCIPLINE_STEP,      /* a step has been ordered */
    DISCIPLINE_SLEW,      /* running off the drift until `slew_end` */
    DISCIPLINE_HOLD,      /* running at the drift */
};

struct discipline {
    enum discipline_state state;
    int updates;       /* applied so far */
    int arrivals;      /* updates with the clock within doubt, since it was last moved */
    gn_local slew_end; /* valid while slewing */
    /* What was accepted last: the clock is on its way there. */
    gn_local at;      /* the last run */
    double pending_s; /* the error that is still being slewed away */
    double frequency; /* to hold when that is done */
    int64_t refused;  /* changes beyond the limit, in a row */
};

/** What the estimate says of the clock, now. */
struct discipline_input {
    gn_local now;
    double error_s;   /* UTC − system clock; positive: the clock is behind */
    double error_sd;  /* 1 sigma of the estimate */
    double frequency; /* of local by the estimate; positive: local runs slow */
    double frequency_sd;
    double interval_s; /* until the next update is expected */
    double rate;       /* system clock's rate against local, minus 1 */
    bool update;       /* the estimate is new */
    bool moved;        /* somebody else moved the clock */
    bool step_now;     /* makestep */
};

/** What the clock shall do. The rate asked for never exceeds max_frequency + max_slew_rate. */
struct discipline_order {
    bool refused; /* a change beyond the limit: the clock is left where it was going */
    bool panic;   /* … once too often */
    double change_s;
    bool step;
    double step_s;
    bool steer;
    double rate;
    bool has_deadline;
    gn_local deadline;
};

void discipline_init(struct discipline *);

/** The clock is not where it was left: the machine slept. */
void discipline_moved(struct discipline *);

/** Decide. Between updates this only ends slews. */
void discipline_run(struct discipline *, const struct pipeline_config *,
                    const struct discipline_input *, struct discipline_order *);

#endif
