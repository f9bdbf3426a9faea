/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_SCENE_INTERNAL_H
#define SIM_SCENE_INTERNAL_H

/**
 * A scene's parts, for its own files: scene.c lives through it, scene_read.c reads it,
 * scene_nodes.c its nodes, scene_devices.c and scene_receivers.c their devices, scene_events.c its
 * events, scene_intruders.c its intruders, all with scene_values.c.
 */

#include <libconfig.h>
#include <sim/scene.h>

struct actor {
    struct node *node;
    const char *group; /* the name that the file has for it; without the number of `count` */
    struct stats stats;
    double boot_s; /* its daemon starts so long after the beginning */
    struct world_event boot;
};

/** The two ways of an entry of `links`; one and the same where all meet all. */
struct pair {
    struct vlink *there, *back;
};

struct deed;
struct intruder_entry;

struct scene {
    struct scene_setup setup;
    double duration_s, window_s, look_s;
    struct world *world;
    struct vnet *net;
    struct loader *loader;
    struct actor *actors;
    size_t count, capacity;
    struct law **laws;
    size_t law_count, law_capacity;
    char **texts; /* that nodes keep */
    size_t text_count, text_capacity;
    struct pair *links;
    size_t link_count;
    struct deed *deeds;
    struct intruder_entry *intruders;
    struct world_event look, leap;
    uint64_t hash;
};

/** Read the file and make everything that stands in it. */
void scene_read(struct scene *, struct diagnostics *);

/** A node's log; `arg` is the scene. */
void scene_tell(void *arg, const struct node *, gn_utc when, enum gn_level, const char *line);

/** Tell what happens now in the world itself: part of the story and of the hash. */
__attribute__((format(printf, 2, 3))) void scene_narrate(struct scene *, const char *format, ...);

/** Forget all events, all intruders. */
void scene_events_destroy(struct scene *);
void scene_intruders_destroy(struct scene *);

/* ---------------------------------------------------------------- reading */

struct reader {
    struct scene *scene;
    struct diagnostics *findings;
    const char *path;
};

/** One finding; `at` may be NULL. */
__attribute__((format(printf, 3, 4))) void reader_wrong(struct reader *, const config_setting_t *at,
                                                        const char *format, ...);

/** Every key of a group must stand in the list of words, with a blank before and after each. */
void reader_check_keys(struct reader *, const config_setting_t *group, const char *words);

/** A number, whole or not, from `least` to `most`. Returns `otherwise` if there is none. */
double reader_number(struct reader *, const config_setting_t *group, const char *key, double least,
                     double most, double otherwise);

/** true or false. */
bool reader_flag(struct reader *, const config_setting_t *group, const char *key, bool otherwise);

/** A text; NULL if there is none. Lent by the file. */
const char *reader_string(struct reader *, const config_setting_t *group, const char *key);

/** One of some words, by its place in the list, which ends with NULL; 0 if there is none. */
int reader_word(struct reader *, const config_setting_t *group, const char *key,
                const char *const *words);

/** A law; NULL if there is none. Owns: the scene. */
const struct law *reader_law(struct reader *, const config_setting_t *group, const char *key);

/** A number, or a law to draw it from; `purpose` names the stream of chance. 0 if there is none. */
double reader_drawn(struct reader *, const config_setting_t *group, const char *key,
                    const char *purpose);

/** A copy that lives as long as the scene. */
const char *reader_keep(struct reader *, const char *text);

/** The node from `*from` on that has this name or is one of so many; NULL none. Moves `*from`. */
struct node *reader_find_node(const struct reader *, const char *name, size_t *from);

/** A node's list `devices`, or NULL; before any node, what the list needs. */
void scene_devices_read(struct reader *, const config_setting_t *list, struct node *);
void scene_devices_begin(struct reader *);

/** An entry of `nodes`, of `intruders`, of `events`. */
void reader_node(struct reader *, const config_setting_t *entry);
void reader_intruder(struct reader *, const config_setting_t *entry);
void reader_event(struct reader *, const config_setting_t *entry);

#endif
