/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_FILTER_H
#define PIPELINE_FILTER_H

/**
 * What a source's samples are worth: sanity, the recent delays, and the noise of the next sample.
 *
 * Queueing delay is one-sided, so an exchange whose delay exceeds the smallest recent one by e
 * is an interval of width e, not a point: variance e²/12 around its middle.
 */

#include <gnomon/sample.h>

#define FILTER_WINDOW 128

struct filter {
    bool any;
    gn_local newest; /* of the accepted samples */
    unsigned stale;  /* samples in a row that were older than the newest */
    /* Two-way: the last delays, in order of arrival and of size. */
    double ring[FILTER_WINDOW], sorted[FILTER_WINDOW];
    unsigned next, count;
    /* One-way: the last two offsets, and what the curvature of three says of their noise. */
    struct filter_point {
        gn_local at;
        int64_t offset_ns;
    } past[2];
    unsigned points;
    double noise_variance; /* s² */
    unsigned noise_count;
};

/** One sample as the estimator takes it: at `at`, reference − local was `base_ns` + `offset_s`. */
struct filter_measure {
    gn_local at;
    int64_t base_ns;
    double offset_s;
    double back_s;   /* the offset belongs to `at` − `back_s` */
    double variance; /* of its noise, s² */
    double first_sd; /* what the sample alone is worth, s */
    double delay_s, dispersion_s;
};

void filter_init(struct filter *);

/**
 * Is the sample possible at all, and newer than the last one?
 * Errors: -EINVAL not finite, or out of range; -ERANGE not newer than the newest. After a few
 * of the latter in a row the filter starts anew: one stamp from the future may not lock it.
 */
int filter_check(struct filter *, const struct gn_sample *);

/** Learn from a checked sample, and say what it is worth. */
void filter_take(struct filter *, const struct gn_sample *, struct filter_measure *);

/** Noise of single samples: mean queueing delay per direction, or 1 sigma of a clock. Units: s. */
double filter_jitter_s(const struct filter *);

/** Smallest recent delay. Units: s; 0 for clocks. */
double filter_delay_s(const struct filter *);

/** Whether the noise of a one-way source is known from data. */
bool filter_knows_noise(const struct filter *);

#endif
