/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_COMBINE_H
#define PIPELINE_COMBINE_H

/** One estimate out of the truechimers' estimates. */

#include <pipeline/estimate.h>
#include <pipeline/selection.h>

struct combine {
    struct estimate_fit fit;
    double spread_s; /* how far the sources, and the system source, lie from the result */
    size_t used;     /* sources in it */
};

/**
 * Combine what selection left: sets GN_SOURCE_SELECTED, GN_SOURCE_COMBINED and
 * GN_REASON_NOT_COMBINED. `at` and `base_ns` are those that the candidates' offsets belong to.
 *
 * Inverse-variance weights. The variance of the result is the weighted mean of the sources',
 * not less: their errors share one oscillator, so they are not independent.
 */
void combine_run(struct combine *, struct selection_candidate *, size_t count, size_t system,
                 gn_local at, int64_t base_ns);

#endif
