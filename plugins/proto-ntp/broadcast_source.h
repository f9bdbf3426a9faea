/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROADCAST_SOURCE_H
#define BROADCAST_SOURCE_H

/** Glue: a source that listens to a broadcast address or a group, and the servers heard there. */

#include "authenticator.h"
#include "upstream.h"

struct broadcast_source;

/** As the functions of the role. `config`, `authenticator` (NULL none) and `route` live as long as
 * the source. */
int broadcast_source_open(struct gn_host *host, const struct upstream_config *config,
                          struct authenticator *authenticator, const struct route *route,
                          struct broadcast_source **source);
int broadcast_source_start(struct broadcast_source *source);
/** The machine slept: what was known of the servers is void. */
void broadcast_source_wake(struct broadcast_source *source);
void broadcast_source_stop(const struct broadcast_source *source);
void broadcast_source_close(struct broadcast_source *source); /* takes NULL */

#endif
