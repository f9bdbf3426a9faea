/* SPDX-License-Identifier: Apache-2.0 */
#include "scene_internal.h"

#include <base/memory.h>
#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 2026-01-01T00:00:00Z: plausible to whoever checks that a clock is not absurd. */
#define START_S INT64_C(1767225600)
#define DEFAULT_DURATION_S 40000.0
#define MOST_NODES 100000

struct reader {
    struct scene *scene;
    struct diagnostics *findings;
    const char *path;
};

__attribute__((format(printf, 3, 4))) static void
wrong(struct reader *reader, const config_setting_t *at, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    diagnostics_add(reader->findings, DIAGNOSTIC_ERROR, reader->path,
                    at != NULL ? config_setting_source_line(at) : 0, "%s", text);
}

/* ---------------------------------------------------------------- values */

/* Every key of a group must stand in the list of words, separated by blanks. */
static void check_keys(struct reader *reader, const config_setting_t *group, const char *words)
{
    if (!config_setting_is_group(group)) {
        wrong(reader, group, "a group { … } is expected here");
        return;
    }
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *item = config_setting_get_elem(group, (unsigned)i);
        char word[64];
        snprintf(word, sizeof word, " %.60s ", config_setting_name(item));
        if (strstr(words, word) == NULL)
            wrong(reader, item, "%s: no such key; allowed:%s", config_setting_name(item), words);
    }
}

/* A number, whole or not. */
static double number(struct reader *reader, const config_setting_t *group, const char *key,
                     double otherwise)
{
    const config_setting_t *item = config_setting_get_member(group, key);
    if (item == NULL)
        return otherwise;
    switch (config_setting_type(item)) {
    case CONFIG_TYPE_INT:
        return config_setting_get_int(item);
    case CONFIG_TYPE_INT64:
        return (double)config_setting_get_int64(item);
    case CONFIG_TYPE_FLOAT:
        return config_setting_get_float(item);
    default:
        wrong(reader, item, "%s: a number is expected", key);
        return otherwise;
    }
}

static bool flag(const config_setting_t *group, const char *key)
{
    int value = 0;
    config_setting_lookup_bool(group, key, &value);
    return value != 0;
}

static const char *string(const config_setting_t *group, const char *key)
{
    const char *value = NULL;
    config_setting_lookup_string(group, key, &value);
    return value;
}

static const struct law *law(struct reader *reader, const config_setting_t *group, const char *key)
{
    struct scene *scene = reader->scene;
    const char *text = string(group, key);
    char why[200];
    if (text == NULL)
        return NULL;
    struct law *parsed = law_parse(text, why, sizeof why);
    if (parsed == NULL) {
        wrong(reader, config_setting_get_member(group, key), "%s: %s", key, why);
        return NULL;
    }
    scene->laws =
        memory_grow(scene->laws, scene->law_count, &scene->law_capacity, sizeof(struct law *));
    scene->laws[scene->law_count++] = parsed;
    return parsed;
}

/* A number, or a law that every node draws its own from. */
static double drawn(struct reader *reader, const config_setting_t *group, const char *key,
                    const char *node)
{
    const config_setting_t *item = config_setting_get_member(group, key);
    struct chance chance;
    const struct law *parsed;
    if (item == NULL || config_setting_type(item) != CONFIG_TYPE_STRING)
        return number(reader, group, key, 0);
    parsed = law(reader, group, key);
    chance_init(&chance, world_seed(reader->scene->world), key, node);
    return parsed != NULL ? law_draw(parsed, &chance) : 0;
}

static struct node *find_node(struct reader *reader, const config_setting_t *group, const char *key)
{
    const struct scene *scene = reader->scene;
    const char *name = string(group, key);
    if (name == NULL)
        return NULL;
    for (size_t i = 0; i < scene->count; i++)
        if (strcmp(node_name(scene->actors[i].node), name) == 0)
            return scene->actors[i].node;
    wrong(reader, config_setting_get_member(group, key), "%s: there is no node \"%s\"", key, name);
    return NULL;
}

/* ---------------------------------------------------------------- nodes */

static void read_clock(struct reader *reader, const config_setting_t *entry, const char *name,
                       struct vclock_config *clock)
{
    const config_setting_t *group = config_setting_get_member(entry, "clock");
    if (group == NULL)
        return;
    check_keys(reader, group, " offset frequency_ppm wander cycle_ppm cycle precision read_only ");
    *clock = (struct vclock_config){
        .offset_s = drawn(reader, group, "offset", name),
        .frequency = drawn(reader, group, "frequency_ppm", name) * 1e-6,
        .wander = number(reader, group, "wander", 0),
        .cycle_frequency = number(reader, group, "cycle_ppm", 0) * 1e-6,
        .cycle_s = number(reader, group, "cycle", 0),
        .precision_log2s = (int8_t)number(reader, group, "precision", 0),
        .read_only = flag(group, "read_only"),
    };
}

/* The daemon reads a file, so its text becomes one for the moment. Returns false: it could not. */
static bool write_text(const char *folder, const char *name, const char *text, char *path,
                       size_t size)
{
    FILE *file;
    snprintf(path, size, "%s/%s.conf", folder, name);
    file = fopen(path, "we");
    if (file == NULL)
        return false;
    bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

static struct node *create_with_text(struct reader *reader, const config_setting_t *entry,
                                     struct node_setup *setup, const char *text)
{
    char folder[] = "/tmp/gnomon-sim.XXXXXX", path[256];
    struct node *node = NULL;
    if (mkdtemp(folder) == NULL) {
        wrong(reader, entry, "%s: %s", folder, strerror(errno));
        return NULL;
    }
    setup->config = path;
    if (write_text(folder, setup->name, text, path, sizeof path))
        node = node_create(setup, reader->findings);
    unlink(path);
    rmdir(folder);
    return node;
}

static void add_addresses(struct reader *reader, const config_setting_t *entry, struct node *node,
                          int index)
{
    const config_setting_t *item = config_setting_get_member(entry, "address");
    int count = item == NULL                                      ? 0
                : config_setting_type(item) == CONFIG_TYPE_STRING ? 1
                                                                  : config_setting_length(item);
    for (int i = 0; i < count; i++) {
        struct gn_address address;
        const char *text = config_setting_type(item) == CONFIG_TYPE_STRING
                               ? config_setting_get_string(item)
                               : config_setting_get_string_elem(item, i);
        int rc = text != NULL ? vnet_address(text, 0, &address) : -EINVAL;
        if (rc == 0) { /* the next of `count` nodes has the next address */
            size_t size = address.family == GN_FAMILY_IPV4 ? 4 : 16;
            int carry = index;
            for (size_t k = size; k-- > 0 && carry > 0; carry >>= 8) {
                carry += address.ip[k];
                address.ip[k] = (uint8_t)carry;
            }
            rc = vhost_add_address(node_host(node), &address);
        }
        if (rc < 0)
            wrong(reader, item, "address: %s",
                  rc == -EADDRINUSE ? "another node has it"
                                    : "up to eight of IPv4 or IPv6 are expected");
    }
}

static void add_node(struct reader *reader, const config_setting_t *entry, const char *name,
                     int index)
{
    struct scene *scene = reader->scene;
    const char *text = string(entry, "config"), *file = string(entry, "config_file");
    struct node_setup setup = {
        .name = name,
        .config = file,
        .world = scene->world,
        .net = scene->net,
        .loader = scene->loader,
        .level = scene->setup.level > GN_INFO ? scene->setup.level : GN_INFO,
        .story = scene_tell,
        .arg = scene,
    };
    size_t errors = reader->findings->errors;
    read_clock(reader, entry, name, &setup.clock);
    struct node *node = text != NULL ? create_with_text(reader, entry, &setup, text)
                                     : node_create(&setup, reader->findings);
    if (node == NULL) {
        if (errors == reader->findings->errors)
            wrong(reader, entry, "%s: cannot be made", name);
        return;
    }
    scene->actors =
        memory_grow(scene->actors, scene->count, &scene->capacity, sizeof(struct actor));
    scene->actors[scene->count++] = (struct actor){.node = node};
    vhost_stamp_noise(node_host(node), law(reader, entry, "stamp_noise"));
    add_addresses(reader, entry, node, index);
}

static void read_node(struct reader *reader, const config_setting_t *entry)
{
    const char *name = string(entry, "name");
    int count = (int)number(reader, entry, "count", 1);
    check_keys(reader, entry, " name address count config config_file clock stamp_noise ");
    if (name == NULL || strspn(name, "/.") > 0 || strchr(name, '/') != NULL)
        wrong(reader, entry, "name: every node needs a name, without a slash");
    else if (strcmp(name, SCENE_WORLD) == 0)
        wrong(reader, entry, "name: \"%s\" is who tells of the world itself", name);
    else if ((string(entry, "config") == NULL) == (string(entry, "config_file") == NULL))
        wrong(reader, entry, "%s: either config or config_file is needed", name);
    else if (count < 1 || count > MOST_NODES)
        wrong(reader, entry, "%s: count: 1 to %d", name, MOST_NODES);
    else if (count == 1)
        add_node(reader, entry, name, 0);
    else
        for (int i = 0; i < count && reader->findings->errors == 0; i++) {
            char numbered[128];
            snprintf(numbered, sizeof numbered, "%.100s%d", name, i + 1);
            add_node(reader, entry, numbered, i);
        }
}

/* ---------------------------------------------------------------- links and events */

static struct vhost *host_of(struct node *node)
{
    return node != NULL ? node_host(node) : NULL;
}

static void read_link(struct reader *reader, const config_setting_t *entry)
{
    struct scene *scene = reader->scene;
    struct vhost *from = host_of(find_node(reader, entry, "from"));
    struct vhost *to = host_of(find_node(reader, entry, "to"));
    check_keys(reader, entry, " from to delay back loss duplicates ");
    const struct law *there = law(reader, entry, "delay"), *back = law(reader, entry, "back");
    struct vlink_config config = {from, to, there, number(reader, entry, "loss", 0),
                                  number(reader, entry, "duplicates", 0)};
    struct pair *pair = &scene->links[scene->link_count++];
    pair->there = vnet_add_link(scene->net, &config);
    config.from = to;
    config.to = from;
    if (back != NULL)
        config.delay = back;
    pair->back = vnet_add_link(scene->net, &config);
}

static void happen(void *arg)
{
    const struct deed *deed = arg;
    struct scene *scene = deed->scene;
    if (deed->pair != NULL) {
        scene_narrate(scene, "link %td is %s", deed->pair - scene->links,
                      deed->cut ? "cut" : "mended");
        vlink_cut(deed->pair->there, deed->cut);
        vlink_cut(deed->pair->back, deed->cut);
    } else {
        scene_narrate(scene, "%s's clock is set by hand, by %+.9g s", node_name(deed->node),
                      gn_seconds(deed->step_ns));
        vclock_move(node_clock(deed->node), deed->step_ns);
    }
}

static void read_event(struct reader *reader, const config_setting_t *entry)
{
    struct scene *scene = reader->scene;
    int link = (int)number(reader, entry, "link", -1);
    struct node *node = find_node(reader, entry, "node");
    check_keys(reader, entry, " at node step link cut ");
    if ((node == NULL) == (link < 0) || link >= (int)scene->link_count) {
        wrong(reader, entry, "an event needs either a node, or a link (0 is the first) with cut");
        return;
    }
    struct deed *deed = memory_zeroed(sizeof *deed);
    *deed = (struct deed){
        .event = {.happen = happen, .arg = deed},
        .scene = scene,
        .node = node,
        .step_ns = gn_nanoseconds(number(reader, entry, "step", 0)),
        .pair = link >= 0 ? &scene->links[link] : NULL,
        .cut = flag(entry, "cut"),
        .next = scene->deeds,
    };
    scene->deeds = deed;
    world_order_in(scene->world, &deed->event, gn_nanoseconds(number(reader, entry, "at", 0)));
}

/* ---------------------------------------------------------------- the file */

static void each(struct reader *reader, const config_setting_t *root, const char *key,
                 void (*read)(struct reader *, const config_setting_t *))
{
    const config_setting_t *list = config_setting_get_member(root, key);
    if (list == NULL)
        return;
    if (!config_setting_is_list(list)) {
        wrong(reader, list, "%s: a list ( … ) is expected", key);
        return;
    }
    if (strcmp(key, "links") == 0)
        reader->scene->links =
            memory_zeroed(sizeof(struct pair) * ((size_t)config_setting_length(list) + 1));
    for (int i = 0; i < config_setting_length(list); i++)
        read(reader, config_setting_get_elem(list, (unsigned)i));
}

static void read_root(struct reader *reader, const config_setting_t *root)
{
    struct scene *scene = reader->scene;
    const char *folder = scene->setup.plugin_dir;
    uint64_t seed =
        scene->setup.has_seed ? scene->setup.seed : (uint64_t)number(reader, root, "seed", 1);
    check_keys(reader, root, " seed duration window plugin_dir nodes links events ");
    if (folder == NULL)
        folder = string(root, "plugin_dir");
    scene->duration_s = number(reader, root, "duration", DEFAULT_DURATION_S);
    if (!(scene->duration_s > 0 && scene->duration_s <= 1e9))
        wrong(reader, config_setting_get_member(root, "duration"), "duration: 0 < … ≤ 1e9 s");
    scene->window_s = number(reader, root, "window", scene->duration_s / 2);
    if (!(scene->window_s >= 0 && scene->window_s < scene->duration_s))
        wrong(reader, config_setting_get_member(root, "window"),
              "window: 0 ≤ … < duration; from this second on errors are measured");
    scene->world = world_create(seed, (gn_utc){START_S * GN_NS_PER_S});
    scene->net = vnet_create(scene->world);
    scene->loader = loader_create(folder != NULL ? folder : PLUGINDIR);
    each(reader, root, "nodes", read_node);
    each(reader, root, "links", read_link);
    each(reader, root, "events", read_event);
    if (scene->count == 0 && reader->findings->errors == 0)
        wrong(reader, root, "nodes: a world needs one at least");
}

void scene_read(struct scene *scene, struct diagnostics *findings)
{
    struct reader reader = {scene, findings, scene->setup.path};
    config_t config;
    config_init(&config);
    if (config_read_file(&config, reader.path) != CONFIG_TRUE)
        diagnostics_add(findings, DIAGNOSTIC_ERROR, reader.path,
                        (unsigned)(config_error_line(&config) > 0 ? config_error_line(&config) : 0),
                        "%s", config_error_text(&config));
    else
        read_root(&reader, config_root_setting(&config));
    config_destroy(&config);
}
