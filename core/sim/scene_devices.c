/* SPDX-License-Identifier: Apache-2.0 */
#include "scene_internal.h"

#include <base/memory.h>
#include <errno.h>
#include <math.h>
#include <sim/refclock_sim.h>
#include <sim/vdev_nmea.h>
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

/* One of some words, by its place in the list. */
static int word(const struct entry *entry, const char *key, const char *const *words)
{
    const char *given = reader_string(entry->reader, entry->group, key);
    char all[128] = "";
    if (given == NULL)
        return 0;
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(given, words[i]) == 0)
            return i;
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, " %s", words[i]);
    }
    reader_wrong(entry->reader, config_setting_get_member(entry->group, key),
                 "%s: one of these is expected:%s", key, all);
    return 0;
}

/* ---------------------------------------------------------------- kinds */

static struct vdev_nmea *read_nmea(const struct entry *entry)
{
    struct vdev_nmea *nmea = memory_zeroed(sizeof *nmea);
    const char *talker = reader_string(entry->reader, entry->group, "talker");
    const char *sentences = reader_string(entry->reader, entry->group, "sentences");
    nmea->sentences = vdev_nmea_sentences(sentences != NULL ? sentences : "RMC ZDA");
    snprintf(nmea->talker, sizeof nmea->talker, "%.2s", talker != NULL ? talker : "GP");
    if (nmea->sentences == 0)
        reader_wrong(entry->reader, config_setting_get_member(entry->group, "sentences"),
                     "sentences: some of RMC, GGA and ZDA are expected");
    if (talker != NULL && strlen(talker) != 2)
        reader_wrong(entry->reader, config_setting_get_member(entry->group, "talker"),
                     "talker: two letters are expected");
    return nmea;
}

static int read_tty(const struct entry *entry)
{
    struct vdev_tty_config config = {
        .place = entry->place,
        .offset_s = number(entry, "offset", -1e10, 1e10, 0),
        .late = law(entry, "late"),
        .baud = (unsigned)number(entry, "baud", 300, 4e6, 9600),
        .fifo = (unsigned)number(entry, "fifo", 1, 256, 8),
        .hangup = flag(entry, "hangup"),
    };
    if (!flag(entry, "silent")) {
        config.text = vdev_nmea_text;
        config.arg = read_nmea(entry);
    }
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
    {"tty", COMMON " baud late fifo offset talker sentences silent hangup ", read_tty},
    {"pps", COMMON " delay jitter width inverted free_running frequency_ppm always_readable ",
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
}

void scene_devices_begin(struct reader *reader)
{
    char why[256];
    if (loader_add(reader->scene->loader, &refclock_sim, why, sizeof why) == NULL)
        reader_wrong(reader, NULL, "%s", why);
}
