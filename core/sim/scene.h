/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_SCENE_H
#define SIM_SCENE_H

/**
 * A world as a file describes it (libconfig): nodes, links, and what happens at which time.
 * README.md says what may stand in it.
 */

#include <sim/stats.h>

struct scene;

/** Who tells in the story what happens in the world itself; no node has this name. */
#define SCENE_WORLD "world"

struct scene_setup {
    const char *path;
    const char *plugin_dir; /* NULL: as the file says */
    bool has_seed;
    uint64_t seed; /* instead of the file's */
    enum gn_level level;
    /* A line of a node's log, or of the world. */
    void (*story)(void *arg, const char *who, double at_s, enum gn_level, const char *line);
    /* What is true of a node, once a second; NULL: nobody asks. */
    void (*look)(void *arg, size_t index, double at_s, const struct node_truth *);
    void *arg;
};

/** Errors: NULL; all findings are in `findings`. */
struct scene *scene_create(const struct scene_setup *, struct diagnostics *findings);
void scene_destroy(struct scene *); /* takes NULL */

/** Live through it. Errors: negative errno: a daemon did not start; the story says why. */
int scene_run(struct scene *);

uint64_t scene_seed(const struct scene *);

/** True time at the start. */
gn_utc scene_start(const struct scene *);
double scene_duration_s(const struct scene *);

/** From when on errors are measured, s after the start. */
double scene_window_s(const struct scene *);

/** World's events so far. */
uint64_t scene_events(const struct scene *);

/** A number that follows from every line of the story and every true error. */
uint64_t scene_hash(const struct scene *);

size_t scene_nodes(const struct scene *);
struct node *scene_node(const struct scene *, size_t index);
const struct stats *scene_stats(const struct scene *, size_t index);

#endif
