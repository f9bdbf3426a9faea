/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PEERING_H
#define PEERING_H

/** Glue: a source that is a peer: its name, its association (symmetric.h) and its outlet. */

#include "authenticator.h"
#include "upstream.h"

struct peering;

/** As the functions of the role; `config->peer` is set. `authenticator`: lent; NULL none. */
int peering_open(struct gn_host *host, void *shared, const struct upstream_config *config,
                 struct authenticator *authenticator, struct peering **result);
int peering_start(struct peering *peering);
void peering_event(struct peering *peering, const struct gn_event *event);
int peering_burst(struct peering *peering);
void peering_stop(struct peering *peering);
void peering_close(struct peering *peering);

#endif
