/* SPDX-License-Identifier: Apache-2.0 */

/* Sources that come and go while the daemon runs. */

#include <base/text.h>
#include <errno.h>
#include <host/addressee.h>
#include <host/config_added.h>
#include <host/daemon_internal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- adding */

static bool taken(void *arg, const char *name)
{
    const struct daemon *daemon = arg;
    for (const struct instance *i = daemon->instances; i != NULL; i = i->next)
        if (!i->doomed && strcmp(i->config->name, name) == 0)
            return true;
    return false;
}

static void say_findings(const struct diagnostics *diagnostics, char *why, size_t why_size)
{
    struct text text;
    text_init(&text);
    for (size_t i = 0; i < diagnostics->count; i++)
        text_addf(&text, "%s%s", i > 0 ? "; " : "", diagnostics->items[i].text);
    snprintf(why, why_size, "add: %s", text_string(&text));
    text_finish(&text);
}

static struct config *read_entry(struct daemon *daemon, const json_t *entry, char *why,
                                 size_t why_size)
{
    struct config_surroundings around = {.file = daemon->config->file,
                                         .loader = daemon->setup.loader,
                                         .taken = taken,
                                         .arg = daemon};
    struct diagnostics findings;
    diagnostics_init(&findings);
    struct config *config = config_added_read(entry, &around, &findings);
    if (config == NULL)
        say_findings(&findings, why, why_size);
    diagnostics_finish(&findings);
    return config;
}

/* Open and start it. What fails is undone: who added it is there to hear why. */
static int begin(struct daemon *daemon, const struct config_instance *config,
                 struct instance **instance, char *why, size_t why_size)
{
    char words[sizeof((struct instance *)0)->words] = "";
    void *shared;
    int rc = shared_get(daemon, config, &shared, words, sizeof words);
    if (rc == 0)
        rc = instance_open(daemon, config, shared, instance);
    if (rc == 0)
        rc = instance_start(*instance);
    if (rc == 0)
        return 0;
    const char *said = *instance != NULL ? (*instance)->words : words;
    snprintf(why, why_size, "add: %s", said[0] != '\0' ? said : strerror(-rc));
    instance_close(*instance);
    return rc;
}

const char *daemon_add(struct daemon *daemon, const json_t *entry, char *why, size_t why_size)
{
    struct instance *instance = NULL, **link = &daemon->instances;
    struct config *config = read_entry(daemon, entry, why, why_size);
    if (config == NULL)
        return NULL;
    if (begin(daemon, config->instances, &instance, why, why_size) < 0) {
        config_free(config);
        return NULL;
    }
    instance->own = config;
    while (*link != NULL)
        link = &(*link)->next;
    *link = instance;
    daemon_event(daemon, GN_EVENT_SOURCE_CHANGED, GN_INFO, instance->config->name, 0, "%s is added",
                 instance->config->name);
    return instance->config->name;
}

/* ---------------------------------------------------------------- deleting */

static size_t count_sources(struct daemon *daemon, const struct instance *instance)
{
    size_t count = 0;
    for (struct gn_source *s = NULL; (s = addressee_next(daemon, s)) != NULL;)
        count += s->owned.owner == instance;
    return count;
}

static struct instance *find_whole(struct daemon *daemon, const char *name)
{
    for (struct instance *i = daemon->instances; i != NULL; i = i->next)
        if (i->config->role->kind == GN_SOURCE && !i->doomed && addressee_is_whole(name, i))
            return i;
    return NULL;
}

/* By one of its sources: if that is all there is of it, and nobody else is meant. */
static struct instance *find_by_source(struct daemon *daemon, const char *name, char *why,
                                       size_t why_size)
{
    struct instance *found = NULL;
    for (struct gn_source *s = NULL; (s = addressee_next(daemon, s)) != NULL;) {
        struct instance *owner = s->owned.owner;
        if (!addressee_is(name, s))
            continue;
        if (found != NULL || count_sources(daemon, owner) > 1) {
            snprintf(why, why_size, "%s is one of several sources: delete %s as a whole", s->name,
                     owner->config->name);
            return NULL;
        }
        found = owner;
    }
    if (found == NULL)
        addressee_unknown(daemon, name, why, why_size);
    return found;
}

int daemon_delete(struct daemon *daemon, const char *name, char *why, size_t why_size)
{
    struct instance *instance = find_whole(daemon, name);
    if (instance == NULL)
        instance = find_by_source(daemon, name, why, why_size);
    if (instance == NULL)
        return -ENOENT;
    instance->doomed = true;
    daemon_event(daemon, GN_EVENT_SOURCE_CHANGED, GN_INFO, instance->config->name, 0,
                 "%s is deleted", instance->config->name);
    return 0;
}

bool daemon_reap(struct daemon *daemon)
{
    bool any = false;
    for (struct instance **link = &daemon->instances; *link != NULL;) {
        struct instance *instance = *link;
        if (!instance->doomed) {
            link = &instance->next;
            continue;
        }
        *link = instance->next;
        instance_close(instance);
        any = true;
    }
    return any;
}
