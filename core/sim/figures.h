/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_FIGURES_H
#define SIM_FIGURES_H

/** What became of the nodes, as JSON and as a table; of one life, or over many. */

#include <jansson.h>
#include <sim/scene.h>
#include <stdio.h>

/** The figures of a life that was lived; its seed and hash are strings. Owns: the caller. */
json_t *figures_of(const struct scene *);

/** A life's figures as a table. */
void figures_print(const json_t *life, FILE *);

/**
 * Of each node the median, the least and the most of each figure over an array of lives of the
 * same world; a limit it never settled to counts as infinite, which is null. Owns: the caller.
 */
json_t *figures_over(const json_t *lives);
void figures_print_over(const json_t *over, FILE *);

#endif
