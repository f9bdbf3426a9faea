/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MANYCAST_SEARCH_H
#define MANYCAST_SEARCH_H

/** Glue: searches for the servers of a group (manycast.h), in place of a name service. */

#include "access.h"
#include "manycast.h"
#include <gnomon/host.h>

/** What is searched for, and how. */
struct manycast_config {
    struct gn_address group; /* with the servers' port */
    const char *interface;   /* NULL: the system's choice */
    uint8_t version;
    uint8_t ttl;
    size_t wanted;
};

struct manycast_search {
    struct gn_host *host;
    struct manycast_config config;
    struct access from;
    struct manycast manycast;
    struct gn_timer *timer;
    struct gn_datagram *socket;
    gn_resolve_cb found;
    void *arg;
    uint64_t refused; /* answers */
};

/** Open the timer. `search` is zeroed but for `host`, `config` and `from`. */
int manycast_search_open(struct manycast_search *search);

/** Search; the callback comes later, once, as that of gn_resolve(). Errors: negative errno. */
int manycast_search_begin(struct manycast_search *search, gn_resolve_cb found, void *arg);

#endif
