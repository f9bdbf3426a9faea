/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ASKER_H
#define ASKER_H

/** Glue: the role "source": servers in order of preference, one of them asked at a time. */

#include <gnomon/plugin.h>

/** What the options fill. */
struct asker_config {
    struct gn_strings server;
    int64_t port;
    int64_t poll;
};

/** The functions of the role; see struct gn_role. */
int asker_open(struct gn_host *host, void *shared, const void *config, void **instance);
int asker_start(void *instance);
void asker_event(void *instance, const struct gn_event *event);
void asker_stop(void *instance);
void asker_close(void *instance);

#endif
