/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_NOISE_H
#define PIPELINE_NOISE_H

/**
 * How a source's exchanges err, learnt while they arrive.
 *
 * Queueing delay is one-sided: an exchange whose delay exceeds the least one by e says that the
 * truth lies in an interval of width e. Where in it depends on the network, so several shapes
 * compete for each source: UNIFORM (exponential queues, the same both ways), TILTED (one way
 * queues more), NORMAL (no queues at all, only noise); OUTLIER stands for what none explains.
 */

#include <stdbool.h>

enum noise_shape { NOISE_UNIFORM, NOISE_TILTED, NOISE_NORMAL, NOISE_OUTLIER, NOISE_SHAPES };

struct noise {
    double jitter_s;             /* mean queueing delay per direction, by the window of delays */
    double upper_s, lower_s;     /* mean distance of the truth from the interval's two ends */
    double square_s2;            /* mean squared distance of the truth from its middle */
    double score[NOISE_OUTLIER]; /* log likelihood of each shape, forgetting; the best has 0 */
    unsigned count;              /* exchanges learnt from */
};

/** An exchange as an interval: the truth lies within `half_s` of the middle, but for jitter. */
struct noise_interval {
    double half_s;
    double variance; /* of the middle: stamps, and a least delay that is not known exactly, s² */
};

/** What an exchange told of the truth: its distance from the interval's middle, afterwards. */
struct noise_lesson {
    double distance_s, variance;
    double innovation_s, sigmas;   /* how far it was off, also in sigmas, with sign */
    double evidence[NOISE_SHAPES]; /* log likelihood of each shape, 1/s */
};

void noise_init(struct noise *);

/** The window of delays has a new opinion of the jitter; the first few decide the rest. */
void noise_expect(struct noise *, double jitter_s);

void noise_learn(struct noise *, const struct noise_interval *, const struct noise_lesson *);

/** Probability of each shape for the next exchange. */
void noise_prior(const struct noise *, double probability[NOISE_SHAPES]);

/** Mean queueing delay for judging how well the least delay is known. Units: s. */
double noise_jitter_s(const struct noise *);

/**
 * Weigh a prediction N(mean, variance) of the truth, relative to the interval's middle, against
 * the interval: sets mean and variance to what is known afterwards, fills log evidences of the
 * shapes. `variance` includes that of the interval's middle. Returns the log evidence of all.
 */
double noise_weigh(const struct noise *, const struct noise_interval *, double *mean,
                   double *variance, double evidence[NOISE_SHAPES]);

#endif
