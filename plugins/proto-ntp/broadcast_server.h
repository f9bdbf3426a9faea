/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROADCAST_SERVER_H
#define BROADCAST_SERVER_H

/** What a broadcast server sends: mode 5, nothing but itself and the time. Pure. */

#include "wire.h"
#include <gnomon/host.h>
#include <stdbool.h>

/**
 * Make the packet of one interval, complete except for its transmit timestamp: server_stamp() puts
 * it in, as late as possible. Returns false where there is nothing to tell: not synchronised.
 * Spec: RFC 5905 §7.3, §9.2: origin and receive are zero, poll is the interval.
 */
bool broadcast_server_packet(const struct gn_state *state, gn_local now, int64_t interval_ns,
                             struct wire_packet *packet);

/** The interval as poll: the nearest power of two. Units: log2 s. */
int8_t broadcast_server_poll(int64_t interval_ns);

/** Read an address to send to: an IPv4 one but 0.0.0.0, or a group of IPv6. Errors: -EINVAL. */
int broadcast_server_address(const char *text, struct gn_address *address);

#endif
