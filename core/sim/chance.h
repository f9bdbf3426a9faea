/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_CHANCE_H
#define SIM_CHANCE_H

/**
 * Chance that can be repeated: streams of random numbers that follow from the world's seed and a
 * purpose ("net alice"). A stream per purpose, so that one more node or packet in one place
 * changes nothing in another.
 */

#include <stdint.h>

/** One stream: xoshiro256** (Blackman and Vigna). */
struct chance {
    uint64_t state[4];
    double spare; /* normal numbers come in pairs */
    int has_spare;
};

/** A stream for one purpose: `kind` and `name` together name it. */
void chance_init(struct chance *, uint64_t seed, const char *kind, const char *name);

uint64_t chance_bits(struct chance *);

/** Even over 0 ≤ x < 1. */
double chance_uniform(struct chance *);

/** Exponential, of mean 1. */
double chance_exp(struct chance *);

/** Normal, of mean 0 and standard deviation 1. */
double chance_normal(struct chance *);

#endif
