/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_ESTIMATE_H
#define PIPELINE_ESTIMATE_H

/**
 * One source's estimate alone: offset and frequency of the local scale, by a Kalman filter. It
 * serves to judge the source against the others, and in reports; what the clock follows is
 * made of the samples of all (fusion.h).
 *
 * Everything is kept relative to an int64 anchor that follows the estimate, so an offset of
 * 1000 s or of decades costs no precision. Signs as in gnomon/sample.h.
 */

#include <pipeline/filter.h>

/** An estimate at an instant: what selection and discipline work with. */
struct estimate_fit {
    gn_local at;
    int64_t base_ns; /* reference − local at `at` is base_ns + offset_s */
    double offset_s;
    double frequency; /* slope of the offset, s/s */
    double variance;  /* of the offset, s² */
    double covariance;
    double frequency_variance;
    double wander_variance; /* q²: growth of frequency_variance, 1/s */
};

struct estimate {
    bool valid; /* holds an offset */
    gn_local at;
    int64_t base_ns;
    gn_local first;             /* oldest sample in it */
    uint32_t samples;           /* in it */
    unsigned spikes;            /* refused in a row */
    double assumed;             /* variance that the first sample was taken with */
    double x, y, pxx, pxy, pyy; /* offset, frequency, and their covariance */
};

enum estimate_verdict {
    ESTIMATE_TAKEN,
    ESTIMATE_SPIKE,   /* refused: too far off, and not yet often enough to be believed */
    ESTIMATE_REOPENED /* taken, after the uncertainty was widened or the offset begun anew */
};

/** `frequency` and `sd`: what is known of the oscillator before the first sample. */
void estimate_init(struct estimate *, double frequency, double sd);

/** Take a measurement. The first gives the offset at once. */
enum estimate_verdict estimate_update(struct estimate *, const struct filter_measure *);

/** The noise turned out larger than the first samples were taken for: begin anew with `next`. */
bool estimate_was_overconfident(const struct estimate *, const struct filter_measure *next);

/** Forget the offset, keep what is known of the frequency. */
void estimate_restart(struct estimate *);

/** The path may have become another one by so much: of the offset now, and so of the frequency over
 * `age_s`. */
void estimate_doubt(struct estimate *, double by_s, double age_s);

/** UTC was moved against local by `by_ns`. */
void estimate_shift(struct estimate *, int64_t by_ns);

/** The estimate, extrapolated. It must be valid. */
void estimate_get(const struct estimate *, gn_local when, struct estimate_fit *);

/** Carry a fit to another instant, with its growing uncertainty. */
void estimate_fit_advance(struct estimate_fit *, gn_local when);

/** UTC by the fit at its instant. */
gn_utc estimate_fit_utc(const struct estimate_fit *);

/** 1 sigma of the offset. Units: s. */
double estimate_fit_sd(const struct estimate_fit *);

/** 1 sigma of the offset `after_s` later if nothing new is learnt. Units: s. */
double estimate_fit_sd_after(const struct estimate_fit *, double after_s);

#endif
