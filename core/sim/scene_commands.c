/* SPDX-License-Identifier: Apache-2.0 */

/* Events that a daemon is told of by people, and names that come to mean others. */

#include "scene_deed.h"

#include <base/memory.h>
#include <stdlib.h>
#include <string.h>

static void tell_reply(void *arg, const char *reply)
{
    const struct deed *deed = arg;
    scene_narrate(deed->scene, "%s is told %s, and answers %s", node_name(deed->node), deed->path,
                  reply);
}

void deed_do_command(struct deed *deed)
{
    if (node_command(deed->node, deed->path, tell_reply, deed) < 0)
        scene_narrate(deed->scene, "%s hears no %s: no daemon runs", node_name(deed->node),
                      deed->path);
}

/* The request is written as gnomonctl sends it, with ' for ". */
void deed_read_command(struct reader *reader, const config_setting_t *entry,
                       const struct kind *kind)
{
    const struct deed *others = reader->scene->deeds;
    const char *request = reader_string(reader, entry, kind->key);
    if (request == NULL)
        return;
    deed_read_for_nodes(reader, entry, kind);
    for (struct deed *deed = reader->scene->deeds; deed != others; deed = deed->next) {
        char *copy = memory_copy(request);
        for (char *at = copy; (at = strchr(at, '\'')) != NULL;)
            *at = '"';
        deed->path = reader_keep(reader, copy);
        free(copy);
    }
}

void deed_do_name(struct deed *deed)
{
    scene_narrate(deed->scene, "the name %s has %zu addresses now", deed->path, deed->host_count);
    vnet_name(deed->scene->net, deed->path, deed->addresses, deed->host_count);
}

static void add_address(struct reader *reader, const config_setting_t *item, struct deed *deed)
{
    const char *text = config_setting_get_string(item);
    if (text != NULL && deed->host_count < VNET_NAME_ADDRESSES &&
        vnet_address(text, 0, &deed->addresses[deed->host_count]) == 0)
        deed->host_count++;
    else
        reader_wrong(reader, item, "addresses: up to %d addresses are expected",
                     VNET_NAME_ADDRESSES);
}

void deed_read_name(struct reader *reader, const config_setting_t *entry, const struct kind *kind)
{
    const config_setting_t *list = config_setting_get_member(entry, "addresses");
    const char *name = reader_string(reader, entry, kind->key);
    struct deed *deed = deed_make(reader, kind);
    deed->path = reader_keep(reader, name != NULL ? name : "");
    if (list == NULL || !config_setting_is_aggregate(list))
        reader_wrong(reader, entry, "name: addresses, a list, is needed");
    for (int i = 0; list != NULL && i < config_setting_length(list); i++)
        add_address(reader, config_setting_get_elem(list, (unsigned)i), deed);
    deed_order(reader, entry, deed);
}
