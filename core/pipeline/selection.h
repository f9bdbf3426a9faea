/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_SELECTION_H
#define PIPELINE_SELECTION_H

/**
 * Who tells the truth, and whom we follow.
 *
 * Intersection of correctness intervals: the smallest number of sources is presumed to be wrong
 * that lets the others, a majority, have a common region; whoever overlaps it is a truechimer.
 * Midpoints need not lie in it (as in chrony and today's ntpd): else a server behind an
 * asymmetric path, right within its bounds, would veto a reference clock.
 * Spec: RFC 5905 §11.2.1.
 *
 * Two more tests need three truechimers. A drifting liar stays within the bounds for long, but its
 * frequency gives it away: who differs from the median frequency beyond doubt is a falseticker.
 * And who lies far from the median offset does not become the system source.
 */

#include <gnomon/state.h>

/** Fewer agree with everything. */
#define SELECTION_QUORUM 3

/** One source at the instant of selection. All offsets are relative to one base. */
struct selection_candidate {
    /* in */
    bool usable; /* false: `state` and `reason` already say why not */
    bool prefer, trust, require;
    bool current; /* the system source so far */
    int tier;
    uint8_t stratum;
    double offset_s;
    double interval_s; /* half the width of the correctness interval */
    double distance_s; /* root distance: what it is worth */
    /* Of its own estimate. */
    double variance, frequency, frequency_variance;
    double feigned_frequency; /* what a changing path alone could look like, s/s */
    unsigned samples;
    /* out */
    enum gn_source_state state;
    enum gn_reason reason;
    double outside_s; /* falsetickers: how far outside of the region, with sign */
    double drift;     /* falsetickers by their frequency: it minus the median, s/s; else 0 */
};

/** An end of an interval. Scratch, two per candidate. */
struct selection_edge {
    double at_s;
    int type; /* −1 lower, +1 upper */
};

/**
 * A tier is taken when a majority of it agrees, enough sources of any tier agree with that, and a
 * required one among them, where there is any. Else the next tier is tried.
 */
struct selection {
    bool found;
    enum gn_reason why;   /* not found: what the first tier lacks (NO_MAJORITY, WAITING for more
                             sources, REQUIRED); OK: found, or nobody is usable */
    size_t system;        /* index of the system source */
    size_t truechimers;   /* of the tier */
    size_t agreeing;      /* sources of any tier that agree with the region */
    int tier;             /* that was taken, or the first that failed */
    double low_s, high_s; /* the region; NO_MAJORITY: where most of them agree */
};

/** How far the candidate's interval lies outside of the region, with sign; 0 when they overlap. */
double selection_outside_s(const struct selection *, const struct selection_candidate *);

/** Expected squared error of a source: its variance, and what asymmetric paths may cost. s². */
double selection_worth(const struct selection_candidate *);

/**
 * Judge the candidates: sets state and reason of all usable ones, finds the system source
 * (GN_SOURCE_SELECTED) and those whose samples count beside its own (GN_SOURCE_COMBINED).
 * `edges` has room for two per candidate. `min_sources`: so many must agree.
 */
void selection_run(struct selection *, struct selection_candidate *, size_t count,
                   struct selection_edge *edges, int min_sources);

#endif
