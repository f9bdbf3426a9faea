/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_H
#define SERVICE_H

/** Glue: the role "server": sockets that answer requests. */

#include <gnomon/plugin.h>

/** What the options fill. */
struct service_config {
    struct gn_strings listen;
    int64_t port;
    struct gn_strings allow;
    struct gn_strings deny;
    const char *keys;
    const char *bind_device;
    int64_t dscp;
    int64_t client_log;       /* kB */
    const char *signd_socket; /* folder; NULL none */
    struct gn_strings broadcast;
    int64_t broadcast_interval;
    int64_t broadcast_key; /* 0 none */
    struct gn_strings groups;
    const char *interface;
    int64_t ttl;
};

/** The functions of the role; see struct gn_role. */
int service_open(struct gn_host *host, void *shared, const void *config, void **instance);
int service_start(void *instance);
int service_reload(void *instance, const void *config);
void service_stop(void *instance);
void service_close(void *instance);

#endif
