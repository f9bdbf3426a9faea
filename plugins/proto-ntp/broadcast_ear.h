/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROADCAST_EAR_H
#define BROADCAST_EAR_H

/** Glue: one server that is heard (broadcast_client.h), with its timer and its source in the core.
 */

#include "broadcast_client.h"
#include "member.h"
#include "upstream.h"

/** A server, or room for one. */
struct ear {
    struct gn_host *host;
    const struct upstream_config *config;
    struct authenticator *authenticator; /* of the volley; NULL none */
    const struct route *route;           /* of the volley; lent */
    uint64_t *verdicts;                  /* counters of all ears; lent */
    unsigned number;                     /* from 1; the first stands for all until there is one */
    struct member member;                /* of the core's source; makes the volley */
    struct gn_timer *timer;
    bool used;
    struct gn_address address;
    enum broadcast_verdict bad; /* why the last packet was refused, or OK */
    struct broadcast_client client;
};

/** Room for a server. */
void ear_init(struct ear *ear, struct gn_host *host, const struct upstream_config *config,
              struct authenticator *authenticator, const struct route *route, uint64_t *verdicts,
              unsigned number);

/** Register the source, which says that nobody is heard yet. */
void ear_wait(struct ear *ear);

/** Somebody new: ask it how long its packets take. Errors: negative errno: there is no source. */
int ear_begin(struct ear *ear, const struct gn_address *address);

/** A packet of this server that passed the tests of its own. */
enum broadcast_verdict ear_hear(struct ear *ear, const struct gn_packet *packet,
                                const struct wire_header *header);

/** End with the server, and have room again. `why`: goes on after the address, for the log. */
void ear_forget(struct ear *ear, const char *why);

#endif
