/* SPDX-License-Identifier: Apache-2.0 */
#include "scene_internal.h"

#include <base/memory.h>
#include <base/text.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_NODES 100000

static void read_clock(struct reader *reader, const config_setting_t *entry, const char *name,
                       struct vclock_config *clock)
{
    const config_setting_t *group = config_setting_get_member(entry, "clock");
    if (group == NULL)
        return;
    reader_check_keys(reader, group,
                      " offset frequency_ppm wander cycle_ppm cycle precision granularity"
                      " leap_aware read_only ");
    *clock = (struct vclock_config){
        .offset_s = reader_drawn(reader, group, "offset", name),
        .frequency = reader_drawn(reader, group, "frequency_ppm", name) * 1e-6,
        .wander = reader_number(reader, group, "wander", 0, 1e-3, 0),
        .cycle_frequency = reader_number(reader, group, "cycle_ppm", -1e5, 1e5, 0) * 1e-6,
        .cycle_s = reader_number(reader, group, "cycle", 0, 1e9, 0),
        .precision_log2s = (int8_t)reader_number(reader, group, "precision", -60, 0, 0),
        .grain_ns = gn_nanoseconds(reader_number(reader, group, "granularity", 0, 1, 0)),
        .read_only = reader_flag(reader, group, "read_only", false),
    };
    clock->leap_aware = reader_flag(reader, group, "leap_aware", clock->read_only);
    if (!(fabs(clock->frequency) <= 0.1))
        reader_wrong(reader, config_setting_get_member(group, "frequency_ppm"),
                     "frequency_ppm: -100000 to 100000");
    if (!(fabs(clock->offset_s) <= 1e9))
        reader_wrong(reader, config_setting_get_member(group, "offset"), "offset: -1e9 to 1e9 s");
}

/* The next of `count` nodes has the next address. */
static void count_on(struct gn_address *address, int index)
{
    int carry = index;
    for (size_t i = address->family == GN_FAMILY_IPV4 ? 4 : 16; i-- > 0 && carry > 0; carry >>= 8) {
        carry += address->ip[i];
        address->ip[i] = (uint8_t)carry;
    }
}

static void add_addresses(struct reader *reader, const config_setting_t *entry, struct node *node,
                          int index)
{
    const config_setting_t *item = config_setting_get_member(entry, "address");
    bool single = item != NULL && config_setting_type(item) == CONFIG_TYPE_STRING;
    int count = item == NULL ? 0 : single ? 1 : config_setting_length(item);
    if (item != NULL && !single && !config_setting_is_aggregate(item))
        reader_wrong(reader, item, "address: a text in quotation marks, or a list of them");
    for (int i = 0; i < count; i++) {
        struct gn_address address;
        const char *text =
            single ? config_setting_get_string(item) : config_setting_get_string_elem(item, i);
        int rc = text != NULL ? vnet_address(text, 0, &address) : -EINVAL;
        if (rc == 0) {
            count_on(&address, index);
            rc = vhost_add_address(node_host(node), &address);
        }
        if (rc < 0)
            reader_wrong(reader, item, "address: %s",
                         rc == -EADDRINUSE ? "another node has it"
                                           : "up to eight of IPv4 or IPv6 are expected");
    }
}

/* Texts on its disk, for the daemon to read. */
static void write_files(struct reader *reader, const config_setting_t *entry, struct node *node)
{
    const config_setting_t *list = config_setting_get_member(entry, "files");
    if (list != NULL && !config_setting_is_list(list)) {
        reader_wrong(reader, list, "files: a list ( … ) is expected");
        return;
    }
    for (int i = 0; list != NULL && i < config_setting_length(list); i++) {
        const config_setting_t *file = config_setting_get_elem(list, (unsigned)i);
        reader_check_keys(reader, file, " path text ");
        if (!config_setting_is_group(file))
            continue;
        const char *path = reader_string(reader, file, "path");
        const char *text = reader_string(reader, file, "text");
        if (path == NULL || text == NULL)
            reader_wrong(reader, file, "files: both path and text are needed");
        else if (node_write(node, path, text) < 0)
            reader_wrong(reader, file, "files: no room for %s", path);
    }
}

static double read_boot(struct reader *reader, const config_setting_t *entry, const char *name)
{
    char purpose[160];
    snprintf(purpose, sizeof purpose, "%.128s boot", name);
    double boot_s = fmax(0, reader_drawn(reader, entry, "boot", purpose));
    if (!(boot_s <= 1e9))
        reader_wrong(reader, config_setting_get_member(entry, "boot"), "boot: 0 to 1e9 s");
    return boot_s;
}

/* What all nodes of an entry share. */
static void add_node(struct reader *reader, const config_setting_t *entry, struct node_setup *setup,
                     const char *group, int index)
{
    struct scene *scene = reader->scene;
    size_t errors = reader->findings->errors;
    read_clock(reader, entry, setup->name, &setup->clock);
    double boot_s = read_boot(reader, entry, setup->name);
    if (reader->findings->errors > errors)
        return;
    struct node *node = node_create(setup, reader->findings);
    if (node == NULL) {
        if (errors == reader->findings->errors)
            reader_wrong(reader, entry, "%s: cannot be made", setup->name);
        return;
    }
    scene->actors =
        memory_grow(scene->actors, scene->count, &scene->capacity, sizeof(struct actor));
    scene->actors[scene->count++] = (struct actor){.node = node, .group = group, .boot_s = boot_s};
    vhost_stamp_noise(node_host(node), reader_law(reader, entry, "stamp_noise"));
    add_addresses(reader, entry, node, index);
    scene_devices_read(reader, config_setting_get_member(entry, "devices"), node);
    write_files(reader, entry, node);
}

/* By which time a node is judged. */
static enum node_time read_time(struct reader *reader, const config_setting_t *entry)
{
    const char *text = reader_string(reader, entry, "smeared");
    if (text == NULL)
        return NODE_UTC;
    if (strcmp(text, "all") == 0)
        return NODE_ALL_SMEARED;
    if (strcmp(text, "clock") != 0)
        reader_wrong(reader, config_setting_get_member(entry, "smeared"),
                     "smeared: \"clock\" or \"all\"");
    return NODE_CLOCK_SMEARED;
}

/* Relative to the folder of the world's file. */
static const char *config_path(struct reader *reader, const char *file)
{
    const char *slash = strrchr(reader->path, '/');
    struct text path;
    if (file[0] == '/' || slash == NULL)
        return reader_keep(reader, file);
    text_init(&path);
    text_add_bytes(&path, reader->path, (size_t)(slash - reader->path) + 1);
    text_add(&path, file);
    const char *kept = reader_keep(reader, text_string(&path));
    text_finish(&path);
    return kept;
}

static void add_nodes(struct reader *reader, const config_setting_t *entry, const char *name,
                      int count)
{
    struct scene *scene = reader->scene;
    const char *text = reader_string(reader, entry, "config");
    const char *file = reader_string(reader, entry, "config_file");
    const char *group = reader_keep(reader, name);
    if (text == NULL && file == NULL) /* it is there, but no text */
        return;
    struct node_setup setup = {
        .name = group,
        .config = file != NULL ? config_path(reader, file) : NULL,
        .text = text != NULL ? reader_keep(reader, text) : NULL,
        .world = scene->world,
        .net = scene->net,
        .time = read_time(reader, entry),
        .loader = scene->loader,
        .level = scene->setup.level > GN_INFO ? scene->setup.level : GN_INFO,
        .story = scene_tell,
        .arg = scene,
    };
    if (count == 1)
        add_node(reader, entry, &setup, group, 0);
    else
        for (int i = 0; i < count && reader->findings->errors == 0; i++) {
            char numbered[128];
            snprintf(numbered, sizeof numbered, "%.100s%d", name, i + 1);
            setup.name = numbered;
            add_node(reader, entry, &setup, group, i);
        }
}

void reader_node(struct reader *reader, const config_setting_t *entry)
{
    size_t errors = reader->findings->errors;
    reader_check_keys(
        reader, entry,
        " name address count config config_file clock stamp_noise devices files smeared boot ");
    const char *name = reader_string(reader, entry, "name");
    int count = (int)reader_number(reader, entry, "count", 1, MOST_NODES, 1);
    bool text = config_setting_get_member(entry, "config") != NULL;
    bool file = config_setting_get_member(entry, "config_file") != NULL;
    if (reader->findings->errors > errors)
        return;
    if (name == NULL || name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        reader_wrong(reader, entry, "name: every node needs a name, without a slash");
    else if (strcmp(name, SCENE_WORLD) == 0)
        reader_wrong(reader, entry, "name: \"%s\" is who tells of the world itself", name);
    else if (text == file)
        reader_wrong(reader, entry, "%s: either config or config_file is needed", name);
    else
        add_nodes(reader, entry, name, count);
}
