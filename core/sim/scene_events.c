/* SPDX-License-Identifier: Apache-2.0 */

/* The list `events`: which keys an event has says which kind it is; each kind is read and done. */

#include "scene_deed.h"
#include "scene_receivers.h"

#include <base/memory.h>
#include <math.h>
#include <sim/vdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_S 1e9

struct deed *deed_make(struct reader *reader, const struct kind *kind)
{
    struct deed *deed = memory_zeroed(sizeof *deed);
    deed->scene = reader->scene;
    deed->kind = kind;
    deed->next = reader->scene->deeds;
    reader->scene->deeds = deed;
    return deed;
}

static void happen(void *arg)
{
    struct deed *deed = arg;
    gn_utc awake_at;
    if (deed->kind->waits && node_asleep(deed->node, &awake_at))
        world_order(deed->scene->world, &deed->event, awake_at);
    else
        deed->kind->happen(deed);
}

void deed_order(struct reader *reader, const config_setting_t *entry, struct deed *deed)
{
    deed->event = (struct world_event){.happen = happen, .arg = deed};
    world_order_in(deed->scene->world, &deed->event,
                   gn_nanoseconds(reader_number(reader, entry, "at", 0, LONGEST_S, 0)));
}

/* ---------------------------------------------------------------- nodes */

static void do_step(struct deed *deed)
{
    scene_narrate(deed->scene, "%s's clock is set by hand, by %+.9g s", node_name(deed->node),
                  deed->value);
    vclock_move(node_clock(deed->node), gn_nanoseconds(deed->value));
}

static void do_retune(struct deed *deed)
{
    scene_narrate(deed->scene, "%s's clock is steered by somebody else, by %+.9g ppm",
                  node_name(deed->node), deed->value);
    vclock_retune(node_clock(deed->node), deed->value * 1e-6);
}

static void do_frequency(struct deed *deed)
{
    scene_narrate(deed->scene, "%s's oscillator jumps by %+.9g ppm", node_name(deed->node),
                  deed->value);
    vclock_change_frequency(node_clock(deed->node), deed->value * 1e-6);
}

static void do_wander(struct deed *deed)
{
    scene_narrate(deed->scene, "%s's oscillator wanders by %.9g", node_name(deed->node),
                  deed->value);
    vclock_change_wander(node_clock(deed->node), deed->value);
}

static void do_stop(struct deed *deed)
{
    scene_narrate(deed->scene, "%s's daemon is stopped", node_name(deed->node));
    node_stop(deed->node);
}

static void do_kill(struct deed *deed)
{
    scene_narrate(deed->scene, "%s's daemon is killed", node_name(deed->node));
    node_kill(deed->node);
}

static void do_start(struct deed *deed)
{
    scene_narrate(deed->scene, "%s's daemon is started", node_name(deed->node));
    (void)node_start(deed->node); /* the story says why not */
}

static void wake(void *arg)
{
    const struct deed *deed = arg;
    scene_narrate(deed->scene, "%s wakes up", node_name(deed->node));
    node_wake(deed->node, gn_nanoseconds(deed->rtc_error));
}

static void do_suspend(struct deed *deed)
{
    int64_t for_ns = gn_nanoseconds(deed->value);
    scene_narrate(deed->scene, "%s falls asleep for %.9g s", node_name(deed->node), deed->value);
    deed->event.happen = wake;
    world_order_in(deed->scene->world, &deed->event, for_ns);
    node_sleep(deed->node, for_ns);
}

/* For each of the nodes that are meant; laws are drawn for each. */
void deed_read_for_nodes(struct reader *reader, const config_setting_t *entry,
                         const struct kind *kind)
{
    const config_setting_t *item = config_setting_get_member(entry, kind->key);
    const char *name = reader_string(reader, entry, "node");
    struct deed *deed = NULL;
    struct node *node;
    size_t from = 0;
    while (name != NULL && (node = reader_find_node(reader, name, &from)) != NULL) {
        char purpose[160];
        snprintf(purpose, sizeof purpose, "%.128s event %d", node_name(node),
                 config_setting_index(entry));
        deed = deed_make(reader, kind);
        deed->node = node;
        deed->rtc_error = reader_drawn(reader, entry, "rtc_error", purpose);
        deed->value =
            kind->most > kind->least ? reader_drawn(reader, entry, kind->key, purpose) : 0;
        if (!(deed->value >= kind->least && deed->value <= kind->most))
            reader_wrong(reader, item, "%s: %g is not from %g to %g", kind->key, deed->value,
                         kind->least, kind->most);
        if (!(fabs(deed->rtc_error) <= LONGEST_S))
            reader_wrong(reader, item, "rtc_error: -1e9 to 1e9 s");
        deed_order(reader, entry, deed);
    }
    if (deed == NULL)
        reader_wrong(reader, entry, "node: %s needs the name of a node; there is no \"%s\"",
                     kind->key, name != NULL ? name : "");
}

/* `stop = true`, where the key alone says it all. */
static void read_flag(struct reader *reader, const config_setting_t *entry, const struct kind *kind)
{
    if (reader_flag(reader, entry, kind->key, false))
        deed_read_for_nodes(reader, entry, kind);
    else
        reader_wrong(reader, config_setting_get_member(entry, kind->key), "%s: true is expected",
                     kind->key);
}

/* ---------------------------------------------------------------- antennas and files */

static void do_antenna(struct deed *deed)
{
    scene_narrate(deed->scene, "%s %s", node_name(deed->node),
                  deed->there ? "has its antenna again" : "loses its antenna");
    vdev_antenna(node_devices(deed->node), deed->there);
}

static void read_antenna(struct reader *reader, const config_setting_t *entry,
                         const struct kind *kind)
{
    const struct deed *others = reader->scene->deeds;
    bool there = reader_flag(reader, entry, kind->key, true);
    deed_read_for_nodes(reader, entry, kind);
    for (struct deed *deed = reader->scene->deeds; deed != others; deed = deed->next)
        deed->there = there;
}

static void do_file(struct deed *deed)
{
    scene_narrate(deed->scene, "%s's file %s is another", node_name(deed->node), deed->path);
    (void)node_write(deed->node, deed->path, deed->text);
}

static void read_file(struct reader *reader, const config_setting_t *entry, const struct kind *kind)
{
    const struct deed *others = reader->scene->deeds;
    const char *path = reader_string(reader, entry, kind->key);
    const char *text = reader_string(reader, entry, "text");
    if (text == NULL)
        reader_wrong(reader, entry, "file: text is needed: what stands in it from then on");
    if (path == NULL || text == NULL)
        return;
    deed_read_for_nodes(reader, entry, kind);
    for (struct deed *deed = reader->scene->deeds; deed != others; deed = deed->next) {
        deed->path = reader_keep(reader, path);
        deed->text = reader_keep(reader, text);
    }
}

/* ---------------------------------------------------------------- links */

static void tell_link(const struct deed *deed)
{
    const char *way = deed->ways[1] == NULL ? " there" : deed->ways[0] == NULL ? " back" : "";
    bool changes =
        deed->delay != NULL || deed->loss >= 0 || deed->duplicates >= 0 || deed->has_order;
    if (deed->has_cut)
        scene_narrate(deed->scene, "link %d is %s%s", (int)deed->value,
                      deed->cut ? "cut" : "mended", way);
    if (changes)
        scene_narrate(deed->scene, "link %d changes%s", (int)deed->value, way);
}

static void do_link(struct deed *deed)
{
    tell_link(deed);
    for (int i = 0; i < 2; i++) {
        if (deed->ways[i] == NULL)
            continue;
        struct vlink_config config = *vlink_config(deed->ways[i]);
        if (deed->delay != NULL)
            config.delay = deed->delay;
        if (deed->loss >= 0)
            config.loss = deed->loss;
        if (deed->duplicates >= 0)
            config.duplicates = deed->duplicates;
        if (deed->has_order)
            config.ordered = deed->ordered;
        vlink_change(deed->ways[i], &config);
        if (deed->has_cut)
            vlink_cut(deed->ways[i], deed->cut);
    }
}

static void read_ways(struct reader *reader, const config_setting_t *entry, struct deed *deed)
{
    const struct scene *scene = reader->scene;
    const config_setting_t *item = config_setting_get_member(entry, "link");
    const char *way = reader_string(reader, entry, "way");
    bool there = way == NULL || strcmp(way, "both") == 0 || strcmp(way, "there") == 0;
    bool back = way == NULL || strcmp(way, "both") == 0 || strcmp(way, "back") == 0;
    int index = config_setting_type(item) == CONFIG_TYPE_INT ? config_setting_get_int(item) : -1;
    if (!there && !back)
        reader_wrong(reader, config_setting_get_member(entry, "way"),
                     "way: \"there\", \"back\" or \"both\"");
    if (index < 0 || (size_t)index >= scene->link_count) {
        reader_wrong(reader, item, "link: a number is expected, 0 (the first) to %d",
                     (int)scene->link_count - 1);
        return;
    }
    if (there != back && scene->links[index].there == scene->links[index].back)
        reader_wrong(reader, item, "way: link %d is the same both ways", index);
    deed->value = index;
    deed->ways[0] = there ? scene->links[index].there : NULL;
    deed->ways[1] = back ? scene->links[index].back : NULL;
}

static void read_link(struct reader *reader, const config_setting_t *entry, const struct kind *kind)
{
    struct deed *deed = deed_make(reader, kind);
    read_ways(reader, entry, deed);
    deed->delay = reader_law(reader, entry, "delay");
    deed->loss = reader_number(reader, entry, "loss", 0, 1, -1);
    deed->duplicates = reader_number(reader, entry, "duplicates", 0, 1, -1);
    deed->has_cut = config_setting_get_member(entry, "cut") != NULL;
    deed->cut = reader_flag(reader, entry, "cut", false);
    deed->has_order = config_setting_get_member(entry, "ordered") != NULL;
    deed->ordered = reader_flag(reader, entry, "ordered", false);
    if (deed->delay == NULL && deed->loss < 0 && deed->duplicates < 0 && !deed->has_cut &&
        !deed->has_order)
        reader_wrong(reader, entry,
                     "link: nothing changes; cut, delay, loss, duplicates or ordered is needed");
    deed_order(reader, entry, deed);
}

/* ---------------------------------------------------------------- partitions */

static void do_partition(struct deed *deed)
{
    scene_narrate(deed->scene, "the network parts: %zu nodes by themselves", deed->host_count);
    vnet_partition(deed->scene->net, deed->hosts, deed->host_count);
}

static void do_heal(struct deed *deed)
{
    scene_narrate(deed->scene, "the network is whole again");
    vnet_heal(deed->scene->net);
}

static void add_hosts(struct reader *reader, const config_setting_t *item, struct deed *deed)
{
    const char *name = config_setting_get_string(item);
    size_t from = 0, before = deed->host_count;
    struct node *node;
    while (name != NULL && (node = reader_find_node(reader, name, &from)) != NULL)
        deed->hosts[deed->host_count++] = node_host(node);
    if (deed->host_count == before)
        reader_wrong(reader, item, "partition: there is no node \"%s\"", name != NULL ? name : "");
}

static void read_partition(struct reader *reader, const config_setting_t *entry,
                           const struct kind *kind)
{
    const config_setting_t *list = config_setting_get_member(entry, kind->key);
    struct deed *deed = deed_make(reader, kind);
    int count = config_setting_is_aggregate(list) ? config_setting_length(list) : 0;
    if (count == 0 || config_setting_is_group(list))
        reader_wrong(reader, list, "partition: a list of names of nodes is expected");
    deed->hosts =
        memory_zeroed(sizeof(struct vhost *) * (reader->scene->count * (size_t)count + 1));
    for (int i = 0; i < count; i++)
        add_hosts(reader, config_setting_get_elem(list, (unsigned)i), deed);
    deed_order(reader, entry, deed);
}

static void read_heal(struct reader *reader, const config_setting_t *entry, const struct kind *kind)
{
    struct deed *deed = deed_make(reader, kind);
    if (!reader_flag(reader, entry, kind->key, false))
        reader_wrong(reader, config_setting_get_member(entry, kind->key), "heal: true is expected");
    deed_order(reader, entry, deed);
}

/* ---------------------------------------------------------------- all kinds */

static const struct kind kinds[] = {
    {"receiver", " at node receiver" SCENE_RECEIVER_TRAITS, deed_read_receiver, deed_do_receiver, 0,
     0, false},
    {"step", " at node step ", deed_read_for_nodes, do_step, -LONGEST_S, LONGEST_S, false},
    {"retune_ppm", " at node retune_ppm ", deed_read_for_nodes, do_retune, -5e4, 5e4, false},
    {"frequency_ppm", " at node frequency_ppm ", deed_read_for_nodes, do_frequency, -1e5, 1e5,
     false},
    {"wander", " at node wander ", deed_read_for_nodes, do_wander, 0, 1e-3, false},
    {"stop", " at node stop ", read_flag, do_stop, 0, 0, true},
    {"start", " at node start ", read_flag, do_start, 0, 0, true},
    {"kill", " at node kill ", read_flag, do_kill, 0, 0, true},
    {"suspend", " at node suspend rtc_error ", deed_read_for_nodes, do_suspend, 1e-3, LONGEST_S,
     true},
    {"antenna", " at node antenna ", read_antenna, do_antenna, 0, 0, false},
    {"device", " at node device plugged busy ", deed_read_device, deed_do_device, 0, 0, false},
    {"file", " at node file text ", read_file, do_file, 0, 0, false},
    {"command", " at node command ", deed_read_command, deed_do_command, 0, 0, true},
    {"name", " at name addresses ", deed_read_name, deed_do_name, 0, 0, false},
    {"link", " at link way cut delay loss duplicates ordered ", read_link, do_link, 0, 0, false},
    {"partition", " at partition ", read_partition, do_partition, 0, 0, false},
    {"heal", " at heal ", read_heal, do_heal, 0, 0, false},
};

void reader_event(struct reader *reader, const config_setting_t *entry)
{
    const struct kind *kind = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && kind == NULL; i++)
        if (config_setting_get_member(entry, kinds[i].key) != NULL)
            kind = &kinds[i];
    if (kind == NULL) {
        reader_wrong(
            reader, entry,
            "an event needs one of: step, retune_ppm, frequency_ppm, wander, stop, start, kill, "
            "suspend, antenna, receiver, device, command (all with node), name, link, partition, "
            "heal");
        return;
    }
    reader_check_keys(reader, entry, kind->keys);
    if (config_setting_get_member(entry, "at") == NULL)
        reader_wrong(reader, entry, "at: when this happens, in s since the start");
    kind->read(reader, entry, kind);
}

void scene_events_destroy(struct scene *scene)
{
    while (scene->deeds != NULL) {
        struct deed *deed = scene->deeds;
        scene->deeds = deed->next;
        free(deed->hosts);
        free(deed);
    }
}
