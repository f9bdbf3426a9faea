/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_REGRESSION_H
#define TESTS_SIM_REGRESSION_H

/**
 * One source judged as chrony judges it: a straight line through its last samples, long delays
 * weighing less, as many of them as look like noise around a line (a test of runs). Its register
 * holds 64 samples, and as many older ones for the test alone.
 */

#include <stdbool.h>

#define REGRESSION_MOST 64

/** Times and offsets are counted from wherever the owner likes. */
struct regression_sample {
    double at_s, offset_s; /* reference − local */
    double delay_s, dispersion_s;
    double root_s; /* half the delay to the primary reference, plus all dispersions */
};

struct regression {
    struct regression_sample samples[2 * REGRESSION_MOST]; /* oldest first */
    int extra, count;           /* so many for the test of runs alone, then so many in the line */
    int asymmetry_run;          /* since when delays tell of offsets, with the sign of how */
    bool fits;                  /* the rest is valid: */
    double at_s;                /* of the newest sample */
    double offset_s, frequency; /* the line, there */
    double offset_sd_s, frequency_sd;
    double skew; /* a wide bound on the error of `frequency` */
    double sd_s; /* of samples around the line */
};

/** Take a sample in and draw the line anew. Returns false: it took too long to be believed. */
bool regression_add(struct regression *, const struct regression_sample *);

/** The line's offset. */
double regression_offset_s(const struct regression *, double at_s);

/** How far the best of its samples can be off. */
double regression_distance_s(const struct regression *, double at_s);

#endif
