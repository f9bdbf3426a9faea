/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANSWER_H
#define ANSWER_H

/** From a client's request and the published snapshot to a reply. Pure. Spec: RFC 5905 §14. */

#include <proto-ntp/wire.h>
#include <gnomon/host.h>

/**
 * Answer a request that arrived at `packet->when`; `now`: the reply leaves. Returns false for what
 * is no client's request, or whose answer would go to nobody, to many, or to ourselves (`port`: the
 * one we listen on). The reply is never longer than its request.
 */
bool answer_make(const struct gn_packet *packet, uint16_t port, const struct gn_state *state,
                 gn_local now, uint8_t reply[WIRE_HEADER_SIZE]);

#endif
