/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UPSTREAM_H
#define UPSTREAM_H

/** Glue: the role "source": a server, a peer, or many under one name: a pool, a group. */

#include "member.h"
#include <gnomon/plugin.h>

/** What the options fill. */
struct upstream_config {
    const char *server;
    const char *pool;
    const char *peer;
    int64_t max_sources;
    int64_t port;
    int64_t version;
    bool iburst;
    bool burst;
    int64_t key; /* 0 none */
    const char *keys;
    struct gate_config gate;
    int64_t filter;
    int64_t presend_log2s;
    const char *bind_address;
    const char *bind_device;
    int64_t source_port; /* 0: a random one for each request */
    int64_t dscp;
    bool xleave;
    int family; /* index of the option's choices: any, ipv4, ipv6 */
    bool offline;
    bool auto_offline;
    bool copy;
    int64_t max_unreach;
    double refresh_s;
    const char *broadcast;
    const char *manycast;
    struct gn_strings from;
    const char *interface;
    double delay;
    bool volley;
    int64_t ttl;
};

/** Which addresses are meant (enum gn_family); NONE: any. */
uint8_t upstream_family(const struct upstream_config *config);

/** The functions of the role; see struct gn_role. */
int upstream_open(struct gn_host *host, void *shared, const void *config, void **instance);
int upstream_start(void *instance);
void upstream_event(void *instance, const struct gn_event *event);
int upstream_burst(void *instance, struct gn_source *source);
int upstream_online(void *instance, struct gn_source *source, bool online);
int upstream_refresh(void *instance);
void upstream_stop(void *instance);
void upstream_close(void *instance);

#endif
