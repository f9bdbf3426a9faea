/* SPDX-License-Identifier: Apache-2.0 */

/* What is wrong with a receiver: keys of a tty and of the event `receiver`, one for each trait. */

#include "scene_receivers.h"

#include "scene_deed.h"

#include <base/memory.h>
#include <sim/vdev.h>
#include <sim/vdev_speech.h>
#include <stdio.h>
#include <string.h>

static const char *const antennas[] = {"ok", "lost", "open", "short", NULL};
static const char *const jammings[] = {"none", "warning", "critical", NULL};
static const char *const spoofings[] = {"none", "indicated", NULL};

/* A number from `least` to `most`, one of some words, or a flag where both are missing. */
static const struct {
    const char *key;
    double least, most;
    const char *const *words;
} traits[VDEV_TRAITS] = {
    [VDEV_TRAIT_ANTENNA] = {"antenna", 0, 0, antennas},
    [VDEV_TRAIT_JAMMING] = {"jamming", 0, 0, jammings},
    [VDEV_TRAIT_JAM_INDICATOR] = {"jam_indicator", 0, 255, NULL},
    [VDEV_TRAIT_SATELLITES] = {"satellites", 0, 30, NULL},
    [VDEV_TRAIT_SIGNAL] = {"signal", 0, 60, NULL},
    [VDEV_TRAIT_FIXED] = {"fixed", 0, 0, NULL},
    [VDEV_TRAIT_COASTS] = {"coasts", 0, 1e6, NULL},
    [VDEV_TRAIT_COLD] = {"cold", 0, 0, NULL},
    [VDEV_TRAIT_ACCURACY] = {"accuracy", 0, 4, NULL},
    [VDEV_TRAIT_OFFSET] = {"offset", -1e10, 1e10, NULL},
    [VDEV_TRAIT_SPOOFED] = {"spoofed", -1e9, 1e9, NULL},
    [VDEV_TRAIT_SPOOFED_PPM] = {"spoofed_ppm", -1e5, 1e5, NULL},
    [VDEV_TRAIT_SPOOFING] = {"spoofing", 0, 0, spoofings},
    [VDEV_TRAIT_LEAP] = {"leap", 0, 60, NULL},
    [VDEV_TRAIT_LEAP_VALID] = {"leap_valid", 0, 0, NULL},
    [VDEV_TRAIT_LEAP_ANNOUNCED] = {"leap_announced", 0, 0, NULL},
    [VDEV_TRAIT_SAWTOOTH] = {"sawtooth", 0, 1e-3, NULL},
    [VDEV_TRAIT_SILENT] = {"silent", 0, 0, NULL},
    [VDEV_TRAIT_LATER] = {"later", -10, 10, NULL},
    [VDEV_TRAIT_LATER_PPM] = {"later_ppm", -1e5, 1e5, NULL},
    [VDEV_TRAIT_BAUD] = {"baud", 300, 4e6, NULL},
    [VDEV_TRAIT_GARBAGE] = {"garbage", 0, 4096, NULL},
    [VDEV_TRAIT_DAMAGE] = {"damage", 0, 1, NULL},
    [VDEV_TRAIT_STOLEN] = {"stolen", 0, 1, NULL},
};

static double read_trait(struct reader *reader, const config_setting_t *group,
                         enum vdev_trait trait, double otherwise)
{
    const char *key = traits[trait].key;
    if (traits[trait].words != NULL)
        return reader_word(reader, group, key, traits[trait].words);
    if (traits[trait].most > traits[trait].least)
        return reader_number(reader, group, key, traits[trait].least, traits[trait].most,
                             otherwise);
    return reader_flag(reader, group, key, otherwise > 0);
}

/* ---------------------------------------------------------------- what it says */

static void read_burst(struct reader *reader, const config_setting_t *group,
                       struct vdev_burst *burst)
{
    struct vdev_speech *speech = memory_zeroed(sizeof *speech);
    const char *talker = reader_string(reader, group, "talker");
    const char *sentences = reader_string(reader, group, "sentences");
    char words[160];
    vdev_speech_list(words, sizeof words);
    snprintf(speech->talker, sizeof speech->talker, "%.2s", talker != NULL ? talker : "GP");
    if (!vdev_speech_read(speech, sentences != NULL ? sentences : "RMC ZDA"))
        reader_wrong(reader, config_setting_get_member(group, "sentences"),
                     "sentences: up to %d of these are expected: %s", VDEV_SPEECH_WORDS, words);
    if (talker != NULL && strlen(talker) != 2)
        reader_wrong(reader, config_setting_get_member(group, "talker"),
                     "talker: two letters are expected");
    *burst = (struct vdev_burst){
        .text = vdev_speech_text,
        .arg = speech,
        .late = reader_law(reader, group, "late"),
        .every = (unsigned)reader_number(reader, group, "every", 1, 3600, 1),
    };
}

/* `bursts`: those after the first one, which the device's own keys describe. */
static void read_bursts(struct reader *reader, const config_setting_t *list,
                        struct vdev_receiver_config *config)
{
    if (list == NULL)
        return;
    if (!config_setting_is_list(list) || config_setting_length(list) >= VDEV_BURSTS) {
        reader_wrong(reader, list, "bursts: a list ( … ) of up to %d is expected", VDEV_BURSTS - 1);
        return;
    }
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
        reader_check_keys(reader, group, " talker sentences late every ");
        if (config_setting_is_group(group))
            read_burst(reader, group, &config->bursts[config->burst_count++]);
    }
}

void scene_receivers_read(struct reader *reader, const config_setting_t *group,
                          struct vdev_receiver_config *config)
{
    vdev_traits_init(config->traits);
    for (int i = 0; i < VDEV_TRAITS; i++)
        config->traits[i] = read_trait(reader, group, (enum vdev_trait)i, config->traits[i]);
    read_burst(reader, group, &config->bursts[config->burst_count++]);
    read_bursts(reader, config_setting_get_member(group, "bursts"), config);
}

/* ---------------------------------------------------------------- what happens to it */

/* "antenna = open, satellites = 3" */
static void describe(const struct deed *deed, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < VDEV_TRAITS && used < size; i++) {
        char value[32];
        if (!deed->changes[i])
            continue;
        snprintf(value, sizeof value, "%.9g", deed->traits[i]);
        const char *word =
            traits[i].words != NULL ? traits[i].words[(size_t)deed->traits[i]] : value;
        used += (size_t)snprintf(text + used, size - used, "%s%s = %s", used > 0 ? ", " : "",
                                 traits[i].key, word);
    }
}

void deed_do_receiver(struct deed *deed)
{
    struct vdev_receiver *receiver = vdev_receiver_of(node_devices(deed->node), deed->path);
    char what[256];
    describe(deed, what, sizeof what);
    scene_narrate(deed->scene, "%s's receiver %s: %s", node_name(deed->node), deed->path, what);
    for (int i = 0; i < VDEV_TRAITS; i++)
        if (deed->changes[i])
            vdev_receiver_set(receiver, (enum vdev_trait)i, deed->traits[i]);
}

static void read_changes(struct reader *reader, const config_setting_t *entry, struct deed *deed)
{
    for (int i = 0; i < VDEV_TRAITS; i++) {
        deed->changes[i] = config_setting_get_member(entry, traits[i].key) != NULL;
        deed->traits[i] = deed->changes[i] ? read_trait(reader, entry, (enum vdev_trait)i, 0) : 0;
    }
}

void deed_read_receiver(struct reader *reader, const config_setting_t *entry,
                        const struct kind *kind)
{
    const config_setting_t *item = config_setting_get_member(entry, kind->key);
    const struct deed *others = reader->scene->deeds;
    const char *path = reader_string(reader, entry, kind->key);
    if (path == NULL)
        return;
    if (config_setting_length(entry) < 4)
        reader_wrong(reader, entry, "receiver: nothing changes; allowed:%s", kind->keys);
    deed_read_for_nodes(reader, entry, kind);
    for (struct deed *deed = reader->scene->deeds; deed != others; deed = deed->next) {
        deed->path = reader_keep(reader, path);
        read_changes(reader, entry, deed);
        if (vdev_receiver_of(node_devices(deed->node), path) == NULL)
            reader_wrong(reader, item, "receiver: %s has no tty \"%s\"", node_name(deed->node),
                         path);
    }
}
