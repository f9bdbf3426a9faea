/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROADCASTER_H
#define BROADCASTER_H

/** Glue: the timer of a broadcast server, and where its packets go. */

#include "authenticator.h"
#include "broadcast_server.h"
#include <gnomon/option.h>

/** Send a packet from the server's port. Errors: negative errno. */
typedef int (*broadcaster_send_cb)(void *arg, const struct gn_address *to,
                                   const struct wire_packet *packet);

struct broadcaster {
    struct gn_host *host;
    int64_t interval_ns;
    struct gn_address *targets;
    size_t count;
    struct gn_timer *timer;
    struct authenticator *authenticator; /* of what is sent; NULL none */
    broadcaster_send_cb send;
    void *arg;
    uint64_t sent;
    uint64_t unsent;
};

/**
 * Read where to send, a port for all, and how often. `broadcaster` is zeroed but for `host` and
 * `authenticator`. Owns: the caller ends it with broadcaster_finish(). Errors: -EINVAL, -ENOMEM,
 * explained.
 */
int broadcaster_init(struct broadcaster *broadcaster, const struct gn_strings *targets,
                     uint16_t port, int64_t interval_s);

/** Begin; without targets nothing happens. */
int broadcaster_start(struct broadcaster *broadcaster, broadcaster_send_cb send, void *arg);

/** Takes a zeroed one, too. */
void broadcaster_finish(struct broadcaster *broadcaster);

#endif
