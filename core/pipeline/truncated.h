/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_TRUNCATED_H
#define PIPELINE_TRUNCATED_H

/**
 * A normal distribution seen through an interval.
 *
 * The product of N(mean, variance) with the density exp(tilt·w) / Z on −half … half; tilt 0 is
 * the uniform one. Quadrature and asymptotes, never differences of erf: those are 0/0 beyond six
 * sigma, just where a falling clock or a moved server makes the answer matter.
 */

struct truncated {
    double log_evidence; /* of the product's integral; 1/unit of w */
    double mean, variance;
};

/** `half` > 0, `variance` > 0. The result is finite for all finite arguments. */
struct truncated truncated_normal(double mean, double variance, double half, double tilt);

#endif
