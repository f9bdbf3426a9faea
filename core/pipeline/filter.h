/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_FILTER_H
#define PIPELINE_FILTER_H

/**
 * What a source's samples are worth: sanity, the recent delays, and the noise of the next sample.
 *
 * Queueing delay is one-sided, so an exchange whose delay exceeds the smallest recent one by e
 * is an interval of width e, not a point (noise.h).
 */

#include <gnomon/sample.h>
#include <pipeline/noise.h>
#include <pipeline/statistics.h>

/** Delays kept. */
#define FILTER_WINDOW 256

struct filter {
    bool any;
    gn_local newest; /* of the accepted samples */
    unsigned stale;  /* samples in a row that were older than the newest */
    /* Two-way: the last delays in order of arrival, and where they lie in order of size. */
    float ring[FILTER_WINDOW];
    uint16_t order[FILTER_WINDOW];
    unsigned next, count;
    unsigned recalled; /* of them, the oldest, are of an earlier run */
    struct noise noise;
    /* One-way: the last two offsets, and what the curvature of three says of their noise. */
    struct filter_point {
        gn_local at;
        int64_t offset_ns;
    } past[2];
    unsigned points;
    double noise_variance; /* s² */
    unsigned noise_count;
    double claim_s; /* the dispersion that the last sample claimed */
};

/** One sample as the estimator takes it: at `at`, reference − local was `base_ns` + `offset_s`. */
struct filter_measure {
    gn_local at;
    int64_t base_ns;
    double offset_s;
    double back_s;         /* the offset belongs to `at` − `back_s` */
    double half_s;         /* two-way: the truth lies so near, but for `variance`; 0: one-way */
    double variance;       /* of what is measured, s² */
    double point_variance; /* of its noise where it is taken as a point, s² */
    double first_sd;       /* what the sample alone is worth, s */
    double rerouted_s;     /* the path has just become so much longer; 0: it is the same */
    double delay_s, dispersion_s;
};

void filter_init(struct filter *);

/** What an earlier run knew of the source, into a filter that has just been made. */
void filter_recall(struct filter *, const struct source_statistics *);

/** Whether the first sample is of the kind, and of about the path, that was recalled. */
bool filter_recognises(const struct filter *, const struct gn_sample *);

/** Time on the way there and back of a two-way sample. Units: s, ≥ 0. */
double filter_exchange_delay_s(const struct gn_sample *);

/** What is known of it. Returns false while that is next to nothing. */
bool filter_statistics(const struct filter *, struct source_statistics *);

/**
 * Is the sample possible at all, and newer than the last one?
 * Errors: -EINVAL not finite, or out of range; -ERANGE not newer than the newest. After a few
 * of the latter in a row the filter starts anew: one stamp from the future may not lock it.
 */
int filter_check(struct filter *, const struct gn_sample *);

/** Learn from a checked sample, and say what it is worth. */
void filter_take(struct filter *, const struct gn_sample *, struct filter_measure *);

/** A measure of some time ago gets the variance that is known now; for clocks only. */
void filter_reweigh(const struct filter *, struct filter_measure *);

/** Noise of single samples: mean queueing delay per direction, or 1 sigma of a clock. Units: s. */
double filter_jitter_s(const struct filter *);

/** Smallest delay known of the present route. Units: s; 0 for clocks. */
double filter_delay_s(const struct filter *);

/** Smallest of the last eight delays, and what may be missing to the least there is. Units: s. */
double filter_recent_delay_s(const struct filter *);

/** Whether its samples are one-way. */
bool filter_is_clock(const struct filter *);

#endif
