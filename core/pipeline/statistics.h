/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_STATISTICS_H
#define PIPELINE_STATISTICS_H

/**
 * What was learnt and is worth more than a run: how the oscillator wanders, and how a source's
 * samples err. Whoever keeps it hands it back to the next run (pipeline_recall()).
 *
 * Nothing of it is believed for good: what is recalled counts as few samples, and leaves room for
 * another oscillator and other paths.
 */

#include <stdbool.h>

#define STATISTICS_MEMBERS 11
#define STATISTICS_SHAPES 3
#define STATISTICS_DELAYS 16

/** How probable each wander of the bank is; their sum is 1. */
struct oscillator_statistics {
    double weight[STATISTICS_MEMBERS];
};

/** How a source's samples err. */
struct source_statistics {
    bool one_way;
    unsigned count; /* samples learnt from, ≥ 1 */
    /* One-way: */
    double sd_s; /* of single samples */
    /* Two-way, as in struct noise; `spread_s` is the root of its mean square. */
    double upper_s, lower_s, spread_s;
    double score[STATISTICS_SHAPES];
    double delay_s[STATISTICS_DELAYS]; /* in even shares of the recent delays, least to greatest */
};

#endif
