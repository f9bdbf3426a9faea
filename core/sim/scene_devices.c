/* SPDX-License-Identifier: Apache-2.0 */
#include "scene_deed.h"
#include "scene_receivers.h"

#include <base/memory.h>
#include <errno.h>
#include <math.h>
#include <sim/refclock_sim.h>
#include <sim/vdev.h>
#include <stdio.h>
#include <string.h>

#define COMMON " path kind plugged denied busy unprivileged"

/* An entry of a node's `devices`. */
struct entry {
    struct reader *reader;
    const config_setting_t *group;
    struct os_devices *devices;
    struct vdev_place place;
    char purpose[256]; /* of what is drawn: node and path */
};

static double number(const struct entry *entry, const char *key, double least, double most,
                     double otherwise)
{
    return reader_number(entry->reader, entry->group, key, least, most, otherwise);
}

static bool flag(const struct entry *entry, const char *key)
{
    return reader_flag(entry->reader, entry->group, key, false);
}

/* A number or a law, not beyond `most` either way. */
static double drawn(const struct entry *entry, const char *key, double most)
{
    double value = reader_drawn(entry->reader, entry->group, key, entry->purpose);
    if (fabs(value) <= most)
        return value;
    reader_wrong(entry->reader, config_setting_get_member(entry->group, key),
                 "%s: %g is not from %g to %g", key, value, -most, most);
    return 0;
}

static const struct law *law(const struct entry *entry, const char *key)
{
    return reader_law(entry->reader, entry->group, key);
}

static int word(const struct entry *entry, const char *key, const char *const *words)
{
    return reader_word(entry->reader, entry->group, key, words);
}

/* ---------------------------------------------------------------- kinds */

static int read_tty(const struct entry *entry)
{
    struct vdev_tty_config config = {
        .place = entry->place,
        .fifo = (unsigned)number(entry, "fifo", 1, 256, 8),
        .hangup = flag(entry, "hangup"),
    };
    scene_receivers_read(entry->reader, entry->group, &config.receiver);
    return vdev_add_tty(entry->devices, &config);
}

static int read_pps(const struct entry *entry)
{
    struct vdev_pps_config config = {
        .place = entry->place,
        .delay_s = drawn(entry, "delay", 1),
        .jitter = law(entry, "jitter"),
        .width_s = number(entry, "width", 0, 0.9, 0.1),
        .inverted = flag(entry, "inverted"),
        .both_edges = flag(entry, "both_edges"),
        .receiver = reader_string(entry->reader, entry->group, "receiver"),
        .free_running = flag(entry, "free_running"),
        .frequency = drawn(entry, "frequency_ppm", 1e5) * 1e-6,
        .always_readable = flag(entry, "always_readable"),
    };
    return vdev_add_pps(entry->devices, &config);
}

static int read_rtc(const struct entry *entry)
{
    static const char *const batteries[] = {"good", "low", "dead", "unknown", NULL};
    static const char *const interrupts[] = {"on", "invalid", "unknown", NULL};
    static const int errors[] = {0, -EINVAL, -ENOTTY};
    struct vdev_rtc_config config = {
        .place = entry->place,
        .offset_s = drawn(entry, "offset", 1e10),
        .frequency = drawn(entry, "frequency_ppm", 1e5) * 1e-6,
        .wander = number(entry, "wander", 0, 1, 0),
        .shows_s = number(entry, "shows", 0, 9e9, 0),
        .half_second = flag(entry, "half_second"),
        .uie_error = errors[word(entry, "interrupts", interrupts)],
        .late = law(entry, "late"),
        .battery = (enum vdev_battery)word(entry, "battery", batteries),
    };
    return vdev_add_rtc(entry->devices, &config);
}

static int read_phc(const struct entry *entry)
{
    static const char *const offers[] = {"all", "extended", "basic", "none", NULL};
    static const char *const errors[] = {"none", "busy", "io", NULL};
    static const int numbers[] = {0, -EBUSY, -EIO};
    struct vdev_phc_config config = {
        .place = entry->place,
        .name = reader_string(entry->reader, entry->group, "name"),
        .offset_s = drawn(entry, "offset", 1e10),
        .frequency = drawn(entry, "frequency_ppm", 1e5) * 1e-6,
        .wander = number(entry, "wander", 0, 1, 0),
        .ahead_s = number(entry, "ahead", -1e5, 1e5, 0),
        .shows_s = number(entry, "shows", 0, 9e9, 0),
        .window = law(entry, "window"),
        .skewed = number(entry, "skewed", 0, 1, 0.5),
        .offers = (enum vdev_phc_offers)word(entry, "offers", offers),
        .error = numbers[word(entry, "error", errors)],
        .jump_at_s = number(entry, "jump_at", 0, 1e9, 0),
        .jump_s = number(entry, "jump", -1e10, 1e10, 0),
        .channels = (unsigned)number(entry, "channels", 0, 8, 0),
        .both_edges = flag(entry, "both_edges"),
        .width_s = number(entry, "width", 0, 0.9, 0.1),
        .jitter = law(entry, "jitter"),
    };
    return vdev_add_phc(entry->devices, &config);
}

static int read_reference(const struct entry *entry)
{
    static const char *const forms[] = {"records", "sock", "shm", NULL};
    struct vdev_reference_config config = {
        .place = entry->place,
        .form = (enum vdev_reference_form)word(entry, "form", forms),
        .interval_s = number(entry, "interval", 1e-3, 1e6, 1),
        .noise = law(entry, "noise"),
    };
    return vdev_add_reference(entry->devices, &config);
}

static const struct {
    const char *name, *keys;
    int (*read)(const struct entry *);
} kinds[] = {
    {"tty", COMMON SCENE_RECEIVER_TRAITS "late fifo talker sentences every bursts hangup ",
     read_tty},
    {"pps",
     COMMON " delay jitter width inverted both_edges receiver free_running frequency_ppm "
            "always_readable ",
     read_pps},
    {"rtc", COMMON " offset frequency_ppm wander shows half_second interrupts late battery ",
     read_rtc},
    {"phc",
     COMMON " name offset frequency_ppm wander ahead shows window skewed offers error jump_at jump "
            "channels both_edges width jitter ",
     read_phc},
    {"reference", COMMON " interval noise form ", read_reference},
};

/* ---------------------------------------------------------------- the list */

static void read_entry(struct entry *entry, const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kind, kinds[i].name) != 0)
            continue;
        reader_check_keys(entry->reader, entry->group, kinds[i].keys);
        if (kinds[i].read(entry) == -EEXIST)
            reader_wrong(entry->reader, entry->group, "%s: the node has it already",
                         entry->place.path);
        return;
    }
    reader_wrong(entry->reader, entry->group, "kind: tty, pps, rtc, phc or reference is expected");
}

static void read_device(struct reader *reader, const config_setting_t *group, struct node *node)
{
    const char *path = reader_string(reader, group, "path");
    const char *kind = reader_string(reader, group, "kind");
    if (path == NULL || path[0] != '/' || kind == NULL) {
        reader_wrong(reader, group, "a device needs a path, from / on, and a kind");
        return;
    }
    struct entry entry = {.reader = reader, .group = group, .devices = node_devices(node)};
    entry.place = (struct vdev_place){
        .path = path,
        .absent = !reader_flag(reader, group, "plugged", true),
        .denied = flag(&entry, "denied"),
        .busy = flag(&entry, "busy"),
        .unprivileged = flag(&entry, "unprivileged"),
    };
    snprintf(entry.purpose, sizeof entry.purpose, "%s:%s", node_name(node), path);
    read_entry(&entry, kind);
}

/* The pulses of a receiver that the node does not have are nobody's. */
static void check_pulses(struct reader *reader, const config_setting_t *group, struct node *node)
{
    const config_setting_t *item = config_setting_get_member(group, "receiver");
    const char *path = item != NULL ? config_setting_get_string(item) : NULL;
    if (path != NULL && vdev_receiver_of(node_devices(node), path) == NULL)
        reader_wrong(reader, item, "receiver: %s has no tty \"%s\"", node_name(node), path);
}

void scene_devices_read(struct reader *reader, const config_setting_t *list, struct node *node)
{
    if (list == NULL)
        return;
    if (!config_setting_is_list(list)) {
        reader_wrong(reader, list, "devices: a list ( … ) is expected");
        return;
    }
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
        if (config_setting_is_group(group))
            read_device(reader, group, node);
        else
            reader_wrong(reader, group, "a group { … } is expected here");
    }
    for (int i = 0; i < config_setting_length(list); i++)
        if (config_setting_is_group(config_setting_get_elem(list, (unsigned)i)))
            check_pulses(reader, config_setting_get_elem(list, (unsigned)i), node);
}

/* ---------------------------------------------------------------- what happens to devices */

static void plug(const struct deed *deed)
{
    scene_narrate(deed->scene, "%s of %s is %s", deed->path, node_name(deed->node),
                  deed->there ? "plugged in" : "taken away");
    (void)vdev_plug(node_devices(deed->node), deed->path, deed->there);
}

static void occupy(const struct deed *deed)
{
    scene_narrate(deed->scene, "another program %s %s of %s", deed->busy ? "opens" : "lets go of",
                  deed->path, node_name(deed->node));
    (void)vdev_occupy(node_devices(deed->node), deed->path, deed->busy);
}

void deed_do_device(struct deed *deed)
{
    if (deed->has_there)
        plug(deed);
    if (deed->has_busy)
        occupy(deed);
}

void deed_read_device(struct reader *reader, const config_setting_t *entry, const struct kind *kind)
{
    const config_setting_t *item = config_setting_get_member(entry, kind->key);
    const struct deed *others = reader->scene->deeds;
    const char *path = reader_string(reader, entry, kind->key);
    bool there = reader_flag(reader, entry, "plugged", true);
    bool busy = reader_flag(reader, entry, "busy", false);
    bool has_there = config_setting_get_member(entry, "plugged") != NULL;
    bool has_busy = config_setting_get_member(entry, "busy") != NULL;
    if (!has_there && !has_busy)
        reader_wrong(reader, entry, "device: plugged or busy = true or false is needed");
    if (path == NULL)
        return;
    deed_read_for_nodes(reader, entry, kind);
    for (struct deed *deed = reader->scene->deeds; deed != others; deed = deed->next) {
        deed->there = there;
        deed->busy = busy;
        deed->has_there = has_there;
        deed->has_busy = has_busy;
        deed->path = reader_keep(reader, path);
        if (!vdev_exists(node_devices(deed->node), path))
            reader_wrong(reader, item, "device: %s has no \"%s\"", node_name(deed->node), path);
    }
}

void scene_devices_begin(struct reader *reader)
{
    char why[256];
    if (loader_add(reader->scene->loader, &refclock_sim, why, sizeof why) == NULL)
        reader_wrong(reader, NULL, "%s", why);
}
