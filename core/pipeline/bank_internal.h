/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_BANK_INTERNAL_H
#define PIPELINE_BANK_INTERNAL_H

/**
 * The bank's parts, for its own files: bank.c (the bank), bank_member.c (one filter of it),
 * bank_prior.c (what an earlier one left), bank_bias.c (what the lanes' biases may be),
 * bank_fit.c (what it all says).
 */

#include <pipeline/bank.h>

/* The smallest variances that are believed: 1 ps, and 1e-12 s/s. */
#define MIN_VARIANCE 1e-24
/* Share of the weight that is given to all members. */
#define SHARE 0.001
/* A bias changes by a tenth of its own size in a day, as routes do: (0.1 σ)² a day. */
#define BIAS_WALK (0.01 / 86400)

/* Rows of the state, before the lanes. */
enum { OFFSET, FREQUENCY, FIRST_LANE };

/* The wander of oscillators, from an oven to a crystal in a draught. Units: s/s per √s. */
extern const double bank_wander[BANK_MEMBERS];

struct bank_member {
    double *mean;       /* `size` of them */
    double *covariance; /* `size` rows of `stride` */
    double *gain;       /* scratch: covariance times the measurement's row */
    double score;       /* log likelihood with the prior, forgetting */
    double weight;      /* probability */
    /* Of the last measured quantity, relative to its measurement: before and afterwards. */
    double expected, expected_variance, seen, seen_variance;
};

struct bank {
    bool valid;
    gn_local at;
    int64_t base_ns;
    double frequency, frequency_sd; /* known beforehand */
    size_t size, stride;
    double prior_score[BANK_MEMBERS], prior_weight[BANK_MEMBERS];
    double bias_expected[BANK_LANES]; /* variance before anything is known, s² */
    double bias_variance[BANK_LANES]; /* the same, by what all lanes have shown */
    double bias_scale;                /* of the expectations, as a factor of the variance */
    bool met[BANK_LANES];             /* the lane's source has been heard */
    struct bank_member members[BANK_MEMBERS];
    double numbers[];
};

/** A row of a member's covariance. */
static inline double *bank_row(const struct bank *bank, const struct bank_member *member,
                               size_t index)
{
    return &member->covariance[index * bank->stride];
}

/** The likeliest member. */
unsigned bank_best(const struct bank *);

/* bank_member.c */

/** P ← F P Fᵀ + Q for an offset that integrates a frequency driven by white noise. */
void bank_predict(const struct bank *, struct bank_member *, double q2, double dt);

/** What a member expects of x − back·y + bias, and how surely; fills its gain. */
double bank_expect(const struct bank *, struct bank_member *, int lane, double back,
                   double *variance);

/** Take a measurement into one member; `z` is relative to the anchor. Returns its log evidence. */
double bank_take_interval(const struct bank *, struct bank_member *, int lane, double z,
                          const struct filter_measure *, const struct noise *,
                          double evidence[NOISE_SHAPES]);
double bank_take_normal(const struct bank *, struct bank_member *, int lane, double z,
                        const struct filter_measure *);

void bank_limit_frequency(struct bank_member *);

/* bank_bias.c */

/** Learn from one more exchange how large the lanes' biases are. */
void bank_learn_biases(struct bank *);

/** A lane's bias may have changed, by this variance. */
void bank_add_bias(struct bank *, int lane, double variance);

#endif
