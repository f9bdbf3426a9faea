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

/* Whoever leaps a millisecond late is a second wrong for so long; nobody is judged by that. */
static bool leaping(const struct scene *scene)
{
    int64_t by_ns;
    gn_utc at = world_leap_at(scene->world, &by_ns);
    return by_ns != 0 && llabs(gn_utc_sub(world_now(scene->world), at)) < GN_NS_PER_S;
}

/* A machine that sleeps has no clock that anybody could read. */
static void look_at(struct scene *scene, struct actor *actor, double at_s)
{
    struct node_truth truth;
    gn_utc awake_at;
    if (node_asleep(actor->node, &awake_at))
        return;
    node_truth(actor->node, &truth);
    stats_add(&actor->stats, at_s, &truth);
    if (scene->setup.look != NULL)
        scene->setup.look(scene->setup.arg, (size_t)(actor - scene->actors), at_s, &truth);
    hash_number(scene, truth.clock_error_ns);
}

/* Every now and then the truth about every clock is written down. */
static void look(void *arg)
{
    struct scene *scene = arg;
    double at_s = gn_seconds(gn_utc_sub(world_now(scene->world), world_start(scene->world)));
    for (size_t i = 0; i < scene->count && !leaping(scene); i++)
        look_at(scene, &scene->actors[i], at_s);
    world_order_in(scene->world, &scene->look, gn_nanoseconds(scene->look_s));
}

static void tell_leap(void *arg)
{
    struct scene *scene = arg;
    int64_t by_ns;
    (void)world_leap_at(scene->world, &by_ns);
    scene_narrate(scene, "UTC %s", by_ns < 0 ? "repeats a second" : "leaves out a second");
}

static void expect_leap(struct scene *scene)
{
    int64_t by_ns;
    gn_utc at = world_leap_at(scene->world, &by_ns);
    scene->leap = (struct world_event){.happen = tell_leap, .arg = scene};
    if (by_ns != 0)
        world_order(scene->world, &scene->leap, at);
}

static void boot(void *arg)
{
    const struct actor *actor = arg;
    (void)node_start(actor->node); /* the story says why not */
}

/* At once, or when it has booted. */
static int start(struct scene *scene, struct actor *actor)
{
    stats_init(&actor->stats, scene->window_s);
    if (!(actor->boot_s > 0))
        return node_start(actor->node);
    actor->boot = (struct world_event){.happen = boot, .arg = actor};
    world_order_in(scene->world, &actor->boot, gn_nanoseconds(actor->boot_s));
    return 0;
}

int scene_run(struct scene *scene)
{
    int64_t length_ns = (int64_t)(scene->duration_s * 1e9);
    for (size_t i = 0; i < scene->count; i++) {
        int rc = start(scene, &scene->actors[i]);
        if (rc < 0)
            return rc;
    }
    expect_leap(scene);
    scene->look = (struct world_event){.happen = look, .arg = scene};
    world_order_in(scene->world, &scene->look, gn_nanoseconds(scene->look_s));
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
    scene_intruders_destroy(scene);
    scene_events_destroy(scene);
    for (size_t i = 0; i < scene->law_count; i++)
        law_destroy(scene->laws[i]);
    free(scene->laws);
    for (size_t i = 0; i < scene->text_count; i++)
        free(scene->texts[i]);
    free(scene->texts);
    free(scene->links);
    free(scene);
}

uint64_t scene_seed(const struct scene *scene)
{
    return world_seed(scene->world);
}

gn_utc scene_start(const struct scene *scene)
{
    return world_start(scene->world);
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
