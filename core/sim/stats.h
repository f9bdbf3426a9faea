/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_STATS_H
#define SIM_STATS_H

/** What became of a node's clock: figures over its true errors, looked at in even steps. */

#include <sim/node.h>

/** Limits the clock settles to: 1 ms, 100 us, 10 us. */
#define STATS_LIMITS 3

struct stats {
    double window_s;       /* errors from here on are measured */
    uint64_t steps;        /* by the daemon, in all its life */
    double synchronised_s; /* in all its life */
    uint64_t count;        /* of looks in the window */
    double squares_s, max_s, frequency_squares;
    uint64_t claims, kept;          /* looks with a bound, and those in which it was true */
    double bounds_s;                /* sum of the bounds claimed */
    double last_s, look_s;          /* when looked last; from one look to the next */
    double outside_s[STATS_LIMITS]; /* when last outside each limit; < 0 never */
};

void stats_init(struct stats *, double window_s);

/** Take in what is true `at_s` after the world's start. */
void stats_add(struct stats *, double at_s, const struct node_truth *);

double stats_rms_s(const struct stats *);
double stats_frequency_rms(const struct stats *);
double stats_mean_bound_s(const struct stats *);

/** Share of the looks in the window in which the claimed bound was true; 1 without claims. */
double stats_kept(const struct stats *);

/** When the clock came within limit `index` to stay; < 0: not yet. Units: s from the start. */
double stats_settled_s(const struct stats *, int index);

#endif
