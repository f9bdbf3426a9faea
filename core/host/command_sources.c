/* SPDX-License-Identifier: Apache-2.0 */
#include <host/command_internal.h>

#include <stdio.h>
#include <string.h>

/* What speaks the protocol of the kinds that can be added, unless `use` says so. */
#define DEFAULT_PLUGIN "proto-ntp"

/* An argument that is text, or is missing. Returns false with the reason if it is anything else. */
static bool get_text(struct call *call, const char *key, const char **text)
{
    const json_t *value = json_object_get(call->request, key);
    *text = json_string_value(value);
    if (value == NULL || *text != NULL)
        return true;
    snprintf(call->why, sizeof(call->why), "\"%s\" is not a string", key);
    return false;
}

/* The same, where it must not be missing. */
static bool need_text(struct call *call, const char *key, const char **text)
{
    if (!get_text(call, key, text))
        return false;
    if (*text == NULL)
        snprintf(call->why, sizeof(call->why), "\"%s\" is missing", key);
    return *text != NULL;
}

static json_t *sources_of(int count)
{
    return count < 0 ? NULL : json_pack("{si}", "sources", count);
}

json_t *command_burst(struct call *call)
{
    const char *source;
    if (!get_text(call, "source", &source))
        return NULL;
    return sources_of(daemon_burst(call->daemon, source, call->why, sizeof(call->why)));
}

/* ---------------------------------------------------------------- online and offline */

static json_t *put_online(struct call *call, bool online)
{
    const char *source;
    if (!get_text(call, "source", &source))
        return NULL;
    return sources_of(daemon_online(call->daemon, source, online, call->why, sizeof(call->why)));
}

json_t *command_online(struct call *call)
{
    return put_online(call, true);
}

json_t *command_offline(struct call *call)
{
    return put_online(call, false);
}

json_t *command_refresh(struct call *call)
{
    int count = daemon_refresh(call->daemon, call->why, sizeof(call->why));
    return count < 0 ? NULL : json_pack("{si}", "names", count);
}

json_t *command_activity(struct call *call)
{
    struct daemon_activity activity;
    daemon_activity(call->daemon, &activity);
    return json_pack("{sIsIsI}", "online", (json_int_t)activity.online, "offline",
                     (json_int_t)activity.offline, "unresolved", (json_int_t)activity.unresolved);
}

/* ---------------------------------------------------------------- adding and deleting */

static bool check_kind(struct call *call, const char *kind)
{
    static const char *const kinds[] = {"server", "pool", "peer"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    snprintf(call->why, sizeof(call->why),
             "add: \"%.64s\" cannot be added, allowed is server, pool or peer", kind);
    return false;
}

/* The entry as it would stand in the file. NULL with the reason. */
static json_t *entry_of(struct call *call, const char *kind, const char *address)
{
    const json_t *options = json_object_get(call->request, "options");
    if (options != NULL && !json_is_object(options)) {
        snprintf(call->why, sizeof(call->why), "\"options\" is not an object");
        return NULL;
    }
    if (json_object_get(options, kind) != NULL) {
        snprintf(call->why, sizeof(call->why), "add: %s: set twice, once is allowed", kind);
        return NULL;
    }
    json_t *entry = options != NULL ? json_copy((json_t *)(uintptr_t)options) : json_object();
    int errors = json_object_set_new(entry, kind, json_string(address));
    if (json_object_get(entry, "use") == NULL)
        errors |= json_object_set_new(entry, "use", json_string(DEFAULT_PLUGIN));
    if (errors == 0)
        return entry;
    json_decref(entry);
    return NULL;
}

json_t *command_add(struct call *call)
{
    const char *kind, *address;
    if (!need_text(call, "kind", &kind) || !need_text(call, "address", &address) ||
        !check_kind(call, kind))
        return NULL;
    json_t *entry = entry_of(call, kind, address);
    if (entry == NULL)
        return NULL;
    const char *name = daemon_add(call->daemon, entry, call->why, sizeof(call->why));
    json_decref(entry);
    return name != NULL ? json_pack("{ss}", "name", name) : NULL;
}

json_t *command_delete(struct call *call)
{
    const char *source;
    if (!need_text(call, "source", &source) ||
        daemon_delete(call->daemon, source, call->why, sizeof(call->why)) < 0)
        return NULL;
    return json_object();
}
