/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANSWERER_H
#define ANSWERER_H

/** Glue: the role "server": sockets that answer those who may ask. */

#include <gnomon/plugin.h>

/** What the options fill. */
struct answerer_config {
    struct gn_strings listen;
    int64_t port;
    struct gn_strings allow;
};

/** The functions of the role; see struct gn_role. */
int answerer_open(struct gn_host *host, void *shared, const void *config, void **instance);
int answerer_start(void *instance);
void answerer_close(void *instance);

#endif
