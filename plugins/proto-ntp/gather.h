/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATHER_H
#define GATHER_H

/** Several exchanges become one sample: the fastest, which says most. Pure. */

#include <gnomon/sample.h>
#include <stdbool.h>

struct gather {
    unsigned count; /* exchanges so far */
    struct gn_sample fastest;
};

/**
 * Add an exchange. Returns false: more are wanted; true: `size` are there, `sample` is the fastest
 * of them and nothing is kept.
 */
bool gather_add(struct gather *gather, unsigned size, struct gn_sample *sample);

#endif
