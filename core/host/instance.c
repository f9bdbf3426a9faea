/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/instance.h>
#include <stdlib.h>

void owned_add(struct instance *owner, struct owned *owned, void (*close)(struct owned *))
{
    owned->owner = owner;
    owned->close = close;
    owned->next = owner->owned;
    owned->link = &owner->owned;
    if (owned->next != NULL)
        owned->next->link = &owned->next;
    owner->owned = owned;
}

void owned_remove(struct owned *owned)
{
    *owned->link = owned->next;
    if (owned->next != NULL)
        owned->next->link = owned->link;
}

void instance_release(struct instance *instance)
{
    while (instance->owned != NULL)
        instance->owned->close(instance->owned);
}

int instance_open(struct daemon *daemon, const struct config_instance *config, void *shared,
                  struct instance **out)
{
    struct instance *instance = calloc(1, sizeof *instance);
    int rc;
    *out = instance;
    if (instance == NULL)
        return -ENOMEM;
    instance->daemon = daemon;
    instance->config = config;
    instance->host.name = config->name;
    services_init(&instance->host);
    rc = config->role->open(&instance->host, shared, config->options, &instance->self);
    if (rc < 0)
        instance->self = NULL;
    return rc;
}

int instance_start(struct instance *instance)
{
    int rc;
    instance->words[0] = '\0';
    rc = instance->config->role->start(instance->self);
    if (rc < 0)
        instance_release(instance);
    else
        instance->running = true;
    instance->refused = rc < 0;
    return rc;
}

/* A plugin is promised that `close` follows a start that failed. */
int instance_start_again(struct instance *instance, void *shared)
{
    const struct gn_role *role = instance->config->role;
    int rc;
    if (instance->self != NULL)
        role->close(instance->self);
    instance_release(instance);
    instance->words[0] = '\0';
    rc = role->open(&instance->host, shared, instance->config->options, &instance->self);
    if (rc == 0)
        return instance_start(instance);
    instance->self = NULL;
    return rc;
}

void instance_stop(struct instance *instance)
{
    if (instance->running && instance->config->role->stop != NULL)
        instance->config->role->stop(instance->self);
    instance->running = false;
    instance_release(instance);
}

void instance_close(struct instance *instance)
{
    if (instance == NULL)
        return;
    instance_stop(instance);
    if (instance->self != NULL)
        instance->config->role->close(instance->self);
    instance_release(instance);
    config_free(instance->own);
    free(instance);
}

void instance_event(struct instance *instance, const struct gn_event *event)
{
    if (instance->running && instance->config->role->event != NULL)
        instance->config->role->event(instance->self, event);
}

/* Whether it runs, and its plugin knows of what a role has up to there. */
static bool offers(struct instance *instance, size_t end)
{
    instance->words[0] = '\0';
    return instance->running && instance->config->plugin->descriptor->role_size >= end;
}

#define OFFERS(instance, slot)                                                                     \
    (offers(instance, offsetof(struct gn_role, slot) + sizeof((instance)->config->role->slot)) &&  \
     (instance)->config->role->slot != NULL)

int instance_burst(struct instance *instance, struct gn_source *source)
{
    return OFFERS(instance, burst) ? instance->config->role->burst(instance->self, source)
                                   : -ENOTSUP;
}

int instance_online(struct instance *instance, struct gn_source *source, bool online)
{
    return OFFERS(instance, online) ? instance->config->role->online(instance->self, source, online)
                                    : -ENOTSUP;
}

int instance_refresh(struct instance *instance)
{
    return OFFERS(instance, refresh) ? instance->config->role->refresh(instance->self) : -ENOTSUP;
}

int instance_command(struct instance *instance, const char *name, gn_command_cb reply,
                     void *reply_arg)
{
    const struct gn_role *role = instance->config->role;
    bool known = instance->config->plugin->descriptor->role_size >=
                 offsetof(struct gn_role, command) + sizeof role->command;
    instance->words[0] = '\0';
    if (!known || role->command == NULL || !instance->running)
        return -ENOTSUP;
    return role->command(instance->self, name, reply, reply_arg);
}
