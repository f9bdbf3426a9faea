/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/daemon_internal.h>
#include <stdio.h>
#include <stdlib.h>

static struct shared *find(struct daemon *daemon, const struct plugin *plugin)
{
    struct shared *shared = daemon->shared;
    while (shared != NULL && shared->plugin != plugin)
        shared = shared->next;
    return shared;
}

static int open_shared(struct daemon *daemon, const struct config_instance *config, char *words,
                       size_t size, struct shared **out)
{
    const struct gn_plugin *descriptor = config->plugin->descriptor;
    struct shared *shared = calloc(1, sizeof *shared);
    int rc;
    if (shared == NULL)
        return -ENOMEM;
    shared->plugin = config->plugin;
    shared->host.daemon = daemon;
    shared->config = (struct config_instance){
        .plugin = config->plugin, .role = config->role, .name = descriptor->name};
    shared->host.config = &shared->config;
    shared->host.host.name = descriptor->name;
    services_init(&shared->host.host);
    rc = descriptor->shared_open(&shared->host.host, &shared->self);
    if (rc < 0) {
        snprintf(words, size, "%s", shared->host.words);
        instance_release(&shared->host);
        free(shared);
        return rc;
    }
    shared->next = daemon->shared;
    daemon->shared = *out = shared;
    return 0;
}

int shared_get(struct daemon *daemon, const struct config_instance *config, void **self,
               char *words, size_t size)
{
    struct shared *shared = find(daemon, config->plugin);
    int rc = 0;
    *self = NULL;
    if (config->plugin->descriptor->shared_open == NULL)
        return 0;
    if (shared == NULL)
        rc = open_shared(daemon, config, words, size, &shared);
    if (rc == 0)
        *self = shared->self;
    return rc;
}

void shared_close_all(struct daemon *daemon)
{
    while (daemon->shared != NULL) {
        struct shared *shared = daemon->shared;
        daemon->shared = shared->next;
        if (shared->plugin->descriptor->shared_close != NULL)
            shared->plugin->descriptor->shared_close(shared->self);
        instance_release(&shared->host);
        free(shared);
    }
}
