/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_SEEDS_H
#define SIM_SEEDS_H

/** Many lives of one world, several at once in processes of their own. */

#include <jansson.h>
#include <sim/scene.h>

struct seeds {
    const struct scene_setup *setup; /* its seed is the first */
    size_t count, jobs;
};

/**
 * Live `count` lives, the seeds one after the other, `jobs` at once. A life that fails is named on
 * stderr, with the command that repeats it.
 * Returns the figures of all in order of seed; NULL: some failed. Owns: the caller.
 */
json_t *seeds_live(const struct seeds *);

/** As many jobs as there are processors. */
size_t seeds_processors(void);

#endif
