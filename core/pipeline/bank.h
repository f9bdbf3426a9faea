/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_BANK_H
#define PIPELINE_BANK_H

/**
 * What all sources together tell of the local oscillator: a bank of Kalman filters that differ
 * only in how much the oscillator's frequency wanders, weighted by their likelihood.
 *
 * The state of each is offset x, frequency y, and a bias per source ("lane"): paths that are not
 * symmetric make every exchange of a source wrong by the same unknown amount. An exchange enters
 * as an interval (noise.h), a reference clock's sample as a normal. Everything is kept relative to
 * an int64 anchor, so an offset of 1000 s or of decades costs no precision.
 */

#include <pipeline/estimate.h>
#include <pipeline/noise.h>
#include <pipeline/statistics.h>
#include <stddef.h>

#define BANK_MEMBERS STATISTICS_MEMBERS
/* Lanes at most: further sources add nothing. */
#define BANK_LANES 16

struct bank;

/** A bank with room for so many lanes, 1 … BANK_LANES. Errors: NULL out of memory. */
struct bank *bank_create(size_t lanes);
void bank_destroy(struct bank *); /* takes NULL */

/** Forget all; the oscillator is known to have this frequency, with 1 sigma `sd`. */
void bank_begin(struct bank *, double frequency, double sd);

/** An earlier bank's opinion of the wander counts at every beginning from now on. Call once. */
void bank_recall(struct bank *, const struct oscillator_statistics *);

/** The present opinion of it. The bank must be valid. */
void bank_weights(const struct bank *, struct oscillator_statistics *);

/**
 * A lane for one more source, with its bias's 1 sigma, s: above 0 unless it is the only one.
 * Returns its index; < 0: no room.
 */
int bank_add_lane(struct bank *, double bias_sd_s);
size_t bank_lanes(const struct bank *);

/** Whether it holds an offset. */
bool bank_valid(const struct bank *);

/**
 * How far a measurement lies off what is expected, into `lesson`: its innovation and its sigmas
 * alone; 0 while the lane's source is a newcomer. Nothing is learnt.
 */
void bank_surprise(struct bank *, int lane, const struct filter_measure *, const struct noise *,
                   struct noise_lesson *lesson);

/**
 * Take a measurement of a lane's source. The first gives the offset at once. `noise` shapes what
 * two-way measurements are worth. What was learnt about it is put into `lesson`: for one-way ones
 * distance and variance of the innovation alone.
 */
void bank_take(struct bank *, int lane, const struct filter_measure *, const struct noise *,
               struct noise_lesson *lesson);

/**
 * A lane's path has become longer by `by_s`, or shorter (< 0), nobody knows in which direction: so
 * has its bias. A lone source on a shorter path is to be believed more than what was known.
 */
void bank_reroute(struct bank *, int lane, double by_s);

/** All sources have moved against us by about `by_s`: follow, the frequency is kept. */
void bank_widen(struct bank *, double by_s);

/** UTC was moved against local by `by_ns`. */
void bank_shift(struct bank *, int64_t by_ns);

/** The estimate, extrapolated. It must be valid. */
void bank_fit(const struct bank *, gn_local when, struct estimate_fit *);

/** The error of the estimate's offset at `when` exceeds this once in 5000. Units: s. */
double bank_bound_s(const struct bank *, gn_local when);

/**
 * How much less is known after `after_s` without news, as variance of the offset by the
 * likeliest member, beyond what is known now. Units: s².
 */
double bank_growth(const struct bank *, double after_s);

#endif
