/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHARED_PHC_MAP_H
#define SHARED_PHC_MAP_H

/**
 * The map from a PTP hardware clock to the local scale, fitted to readings of both.
 *
 * Pure. The newest readings give a straight line, each weighted by its window; a reading that
 * departs from the line is set aside, and when the next one bears it out the clock has been set and
 * the line begins anew. Local is what nobody steers, so the line is bent by the PHC's own servo
 * only.
 */

#include <gnomon/time.h>

/* As a servo bends the line, old readings do more harm than good. */
#define PHC_MAP_POINTS 8

/** What came of a reading. */
enum phc_map_news {
    PHC_MAP_TAKEN,
    PHC_MAP_DOUBTED, /* it departs: set aside, and nothing is converted until the next one */
    PHC_MAP_STEPPED, /* it bears out the one before: the clock was set */
};

struct phc_map_point {
    int64_t phc_ns;
    gn_local local;
    double error_s;
};

struct phc_map {
    struct phc_map_point points[PHC_MAP_POINTS]; /* the newest at (count - 1) % PHC_MAP_POINTS */
    unsigned long count;                         /* since it began */
    bool doubting;
    struct phc_map_point doubted;
    /* The line: local = at.local + (phc − at.phc)·(1 + frequency) + offset_s */
    struct phc_map_point at; /* the newest */
    double offset_s;         /* of the line at it */
    double offset_sd_s;      /* 1 sigma */
    double frequency;        /* local against PHC, less one */
    double frequency_sd;     /* 1 sigma */
};

void phc_map_init(struct phc_map *);

/** Take a reading: the PHC showed `phc_ns` at `local`, within ± `error_s`. `*step_s`: how far it
 * departs from the line, local's way; may be NULL. */
enum phc_map_news phc_map_add(struct phc_map *, int64_t phc_ns, gn_local local, double error_s,
                              double *step_s);

/**
 * When the PHC showed `phc_ns`, with its error. Returns false when the map cannot tell: it has no
 * reading, doubts the last, or the instant is more than ten seconds from the newest.
 */
bool phc_map_local(const struct phc_map *, int64_t phc_ns, gn_local *local, double *error_s);

#endif
