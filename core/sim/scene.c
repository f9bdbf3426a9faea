/* SPDX-License-Identifier: Apache-2.0 */
#include "scene_internal.h"

#include <base/memory.h>
#include <base/text.h>
#include <stdlib.h>
#include <string.h>

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* ---------------------------------------------------------------- story and hash */

static void hash_bytes(struct scene *scene, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        scene->hash = (scene->hash ^ bytes[i]) * FNV_PRIME;
}

/* Low byte first on every machine. */
static void hash_number(struct scene *scene, int64_t number)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)number >> (8 * i));
    hash_bytes(scene, bytes, sizeof bytes);
}

static void tell(struct scene *scene, const char *who, gn_utc when, enum gn_level level,
                 const char *line)
{
    int64_t at_ns = gn_utc_sub(when, world_start(scene->world));
    if (level <= GN_INFO) { /* always there, whatever the story is cut down to */
        hash_number(scene, at_ns);
        hash_bytes(scene, line, strlen(line));
    }
    if (scene->setup.story != NULL && level <= scene->setup.level)
        scene->setup.story(scene->setup.arg, who, gn_seconds(at_ns), level, line);
}

void scene_tell(void *arg, const struct node *node, gn_utc when, enum gn_level level,
                const char *line)
{
    tell(arg, node_name(node), when, level, line);
}

void scene_narrate(struct scene *scene, const char *format, ...)
{
    struct text line;
    va_list args;
    text_init(&line);
    va_start(args, format);
    text_vaddf(&line, format, args);
    va_end(args);
    tell(scene, SCENE_WORLD, world_now(scene->world), GN_INFO, text_string(&line));
    text_finish(&line);
}

/* ---------------------------------------------------------------- time passes */

/* Once a second the truth about every clock is written down. */
static void look(void *arg)
{
    struct scene *scene = arg;
    double at_s = gn_seconds(gn_utc_sub(world_now(scene->world), world_start(scene->world)));
    for (size_t i = 0; i < scene->count; i++) {
        struct node_truth truth;
        node_truth(scene->actors[i].node, &truth);
        stats_add(&scene->actors[i].stats, at_s, &truth);
        if (scene->setup.look != NULL)
            scene->setup.look(scene->setup.arg, i, at_s, &truth);
        hash_number(scene, truth.clock_error_ns);
    }
    world_order_in(scene->world, &scene->look, GN_NS_PER_S);
}

int scene_run(struct scene *scene)
{
    int64_t length_ns = (int64_t)(scene->duration_s * 1e9);
    for (size_t i = 0; i < scene->count; i++) {
        int rc = node_start(scene->actors[i].node);
        if (rc < 0)
            return rc;
        stats_init(&scene->actors[i].stats, scene->window_s);
    }
    scene->look = (struct world_event){.happen = look, .arg = scene};
    world_order_in(scene->world, &scene->look, GN_NS_PER_S);
    world_run(scene->world, gn_utc_add(world_start(scene->world), length_ns));
    return 0;
}

/* ---------------------------------------------------------------- life */

struct scene *scene_create(const struct scene_setup *setup, struct diagnostics *findings)
{
    struct scene *scene = memory_zeroed(sizeof *scene);
    scene->setup = *setup;
    scene->hash = FNV_OFFSET;
    scene_read(scene, findings);
    if (findings->errors == 0)
        return scene;
    scene_destroy(scene);
    return NULL;
}

void scene_destroy(struct scene *scene)
{
    if (scene == NULL)
        return;
    scene->setup.story = NULL; /* that all daemons stop at the end is no part of it */
    for (size_t i = 0; i < scene->count; i++)
        node_destroy(scene->actors[i].node);
    free(scene->actors);
    vnet_destroy(scene->net);
    world_destroy(scene->world);
    loader_destroy(scene->loader);
    while (scene->deeds != NULL) {
        struct deed *deed = scene->deeds;
        scene->deeds = deed->next;
        free(deed);
    }
    for (size_t i = 0; i < scene->law_count; i++)
        law_destroy(scene->laws[i]);
    free(scene->laws);
    free(scene->links);
    free(scene);
}

uint64_t scene_seed(const struct scene *scene)
{
    return world_seed(scene->world);
}

double scene_duration_s(const struct scene *scene)
{
    return scene->duration_s;
}

double scene_window_s(const struct scene *scene)
{
    return scene->window_s;
}

uint64_t scene_events(const struct scene *scene)
{
    return world_events(scene->world);
}

uint64_t scene_hash(const struct scene *scene)
{
    return scene->hash;
}

size_t scene_nodes(const struct scene *scene)
{
    return scene->count;
}

struct node *scene_node(const struct scene *scene, size_t index)
{
    return scene->actors[index].node;
}

const struct stats *scene_stats(const struct scene *scene, size_t index)
{
    return &scene->actors[index].stats;
}
