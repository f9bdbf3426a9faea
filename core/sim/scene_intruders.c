/* SPDX-License-Identifier: Apache-2.0 */

/* The list `intruders`: who they are, and what they do. */

#include "scene_internal.h"

#include <base/memory.h>
#include <sim/intruder.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_S 1e9
#define MOST 1e6
#define NTP_PORT 123
#define MODE_SERVER 4

/* They stand in a list of their own, since they live as long as the scene. */
struct intruder_entry {
    struct intruder *intruder;
    struct intruder_entry *next;
};

/* Index of a word in a list that NULL ends; the first when the key is missing. */
static int read_word(struct reader *reader, const config_setting_t *entry, const char *key,
                     const char *const *words, const char *allowed)
{
    const char *text = reader_string(reader, entry, key);
    if (text == NULL)
        return 0;
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    reader_wrong(reader, config_setting_get_member(entry, key), "%s: %s", key, allowed);
    return 0;
}

/* The first address of a node, and of one that both have, of the same family. */
static struct gn_address read_address(struct reader *reader, const config_setting_t *entry,
                                      const char *key)
{
    const char *name = reader_string(reader, entry, key);
    const struct gn_address *addresses = NULL;
    if (name == NULL) {
        reader_wrong(reader, entry, "%s: the name of a node is needed", key);
        return (struct gn_address){0};
    }
    if (vnet_find_name(reader->scene->net, name, &addresses) == 0) {
        reader_wrong(reader, config_setting_get_member(entry, key),
                     "%s: there is no node \"%s\" with an address", key, name);
        return (struct gn_address){0};
    }
    return addresses[0];
}

static const char *read_kiss(struct reader *reader, const config_setting_t *entry)
{
    const char *kiss = reader_string(reader, entry, "kiss");
    if (kiss == NULL)
        return NULL;
    if (strlen(kiss) == 4)
        return reader_keep(reader, kiss);
    reader_wrong(reader, config_setting_get_member(entry, "kiss"),
                 "kiss: four letters are expected, as in \"RATE\"");
    return NULL;
}

void reader_intruder(struct reader *reader, const config_setting_t *entry)
{
    static const char *const deeds[] = {"forge", "replay", "hold", "alter", NULL};
    static const char *const sights[] = {"addresses", "ports", "all", NULL};
    struct scene *scene = reader->scene;
    reader_check_keys(reader, entry, " does as to knows rate share by kiss mode from until ");
    struct intruder_config config = {
        .deed = (enum intruder_deed)read_word(reader, entry, "does", deeds,
                                              "\"forge\", \"replay\", \"hold\" or \"alter\""),
        .sight = (enum intruder_sight)read_word(reader, entry, "knows", sights,
                                                "\"addresses\", \"ports\" or \"all\""),
        .server = read_address(reader, entry, "as"),
        .client = read_address(reader, entry, "to"),
        .rate = reader_number(reader, entry, "rate", 1e-6, MOST, 1),
        .share = reader_number(reader, entry, "share", 0, 1, 1),
        .by = reader_law(reader, entry, "by"),
        .kiss = read_kiss(reader, entry),
        .mode = (uint8_t)reader_number(reader, entry, "mode", 0, 7, MODE_SERVER),
        .first_s = reader_number(reader, entry, "from", 0, LONGEST_S, 0),
        .last_s = reader_number(reader, entry, "until", 0, LONGEST_S, LONGEST_S),
    };
    config.server.port = NTP_PORT;
    if (config_setting_get_member(entry, "does") == NULL)
        reader_wrong(reader, entry, "does: \"forge\", \"replay\", \"hold\" or \"alter\" is needed");
    if (config.server.family != config.client.family)
        reader_wrong(reader, entry, "as, to: one has IPv4 first, the other IPv6");
    struct intruder_entry *added = memory_zeroed(sizeof *added);
    unsigned number = (unsigned)config_setting_index(entry);
    added->intruder = intruder_create(scene->net, scene->world, number, &config);
    added->next = scene->intruders;
    scene->intruders = added;
}

void scene_intruders_destroy(struct scene *scene)
{
    while (scene->intruders != NULL) {
        struct intruder_entry *entry = scene->intruders;
        scene->intruders = entry->next;
        intruder_destroy(entry->intruder);
        free(entry);
    }
}
