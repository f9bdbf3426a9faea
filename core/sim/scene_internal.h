/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_SCENE_INTERNAL_H
#define SIM_SCENE_INTERNAL_H

/** A scene's parts, for its own files: scene.c lives through it, scene_read.c reads it. */

#include <sim/scene.h>

struct actor {
    struct node *node;
    struct stats stats;
};

/** The two ways of an entry of `links`. */
struct pair {
    struct vlink *there, *back;
};

/** An entry of `events`. */
struct deed {
    struct world_event event;
    struct scene *scene;
    struct node *node; /* whose clock is set, or … */
    int64_t step_ns;
    const struct pair *pair; /* … which link is cut or mended */
    bool cut;
    struct deed *next;
};

struct scene {
    struct scene_setup setup;
    double duration_s, window_s;
    struct world *world;
    struct vnet *net;
    struct loader *loader;
    struct actor *actors;
    size_t count, capacity;
    struct law **laws;
    size_t law_count, law_capacity;
    struct pair *links;
    size_t link_count;
    struct deed *deeds;
    struct world_event look;
    uint64_t hash;
};

/** Read the file and make everything that stands in it. */
void scene_read(struct scene *, struct diagnostics *);

/** A node's log; `arg` is the scene. */
void scene_tell(void *arg, const struct node *, gn_utc when, enum gn_level, const char *line);

/** Tell what happens now in the world itself: part of the story and of the hash. */
__attribute__((format(printf, 2, 3))) void scene_narrate(struct scene *, const char *format, ...);

#endif
