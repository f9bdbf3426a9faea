/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_STORY_H
#define SIM_STORY_H

/** One life as it is told on stderr, and kept for a drawing. */

#include <sim/arguments.h>
#include <sim/plot.h>

struct story {
    const struct arguments *arguments;
    struct track *tracks; /* of the nodes that may be drawn, by their number in the scene */
    size_t track_count;
    struct marks marks;
};

void story_init(struct story *, const struct arguments *);
void story_finish(struct story *);

/** What the scene calls; `arg` is the story. */
void story_line(void *arg, const char *who, double at_s, enum gn_level, const char *line);
void story_look(void *arg, size_t index, double at_s, const struct node_truth *);

/** The nodes are known: see that those that were named exist. Returns false: stderr says which. */
bool story_begin(struct story *, const struct scene *);

/** Draw what was asked for. Returns false: it could not be written, stderr says why. */
bool story_draw(const struct story *, const struct scene *);

#endif
