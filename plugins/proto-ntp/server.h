/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_H
#define SERVER_H

/**
 * From a request and the published snapshot to a reply.
 *
 * Pure. A reply is the bare header, with a MAC where the request has one, and never longer than its
 * request. Spec: RFC 5905 §9.2, §14; RFC 7822.
 */

#include "keyring.h"
#include <gnomon/host.h>

/** What becomes of a request, in the order in which it is looked at. */
enum server_verdict {
    SERVER_ANSWER = 0,
    SERVER_DENIED,  /* the access lists do not allow its sender */
    SERVER_LENGTH,  /* shorter than a header, or its extension fields are malformed */
    SERVER_VERSION, /* not 1 … 4 */
    SERVER_MODE,    /* no client's request, and no peer's */
    SERVER_ADDRESS, /* an answer would go to ourselves, to nobody or to many */
    SERVER_KEY,     /* authenticated with a key that we do not have */
    SERVER_MAC,     /* authenticated with a key of ours, and wrong */
    SERVER_SILENT,  /* asked of a group, while we know no time */
    SERVER_COUNT
};

/** A request as it arrived. */
struct server_request {
    const void *data;
    size_t size;
    struct gn_address remote;
    struct gn_address local; /* the address and port it was sent to; family NONE unknown */
    gn_local when;
    bool allowed;               /* by the access lists */
    const struct keyring *keys; /* NULL none */
    bool for_many;              /* it came to a group that we answer for; `local` is then unknown */
};

/** The name of the counter: "denied". */
const char *server_verdict_name(enum server_verdict verdict);

/**
 * Answer a request out of a snapshot. `reply` is complete after SERVER_ANSWER, except for its
 * transmit timestamp: server_stamp() puts it in, as late as possible.
 */
enum server_verdict server_answer(const struct server_request *request,
                                  const struct gn_state *state, struct wire_packet *reply);

/** Authenticate a stamped reply with the request's key, if it has one. Nothing of it may change any
 * more. */
void server_protect(const struct server_request *request, struct wire_packet *reply);

/** The transmit timestamp of a reply that leaves at `when`. */
struct ntp_stamp server_transmit(const struct gn_state *state, gn_local when);

/** What a packet of ours says of us and our clock: leap, stratum, precision, root values,
 * reference.
 */
void server_describe(const struct gn_state *state, gn_local when, struct wire_header *header);

/** The reply leaves now. `state`: the snapshot it was made of, so that T3 ≥ T2. */
void server_stamp(struct wire_packet *reply, const struct gn_state *state, gn_local now);

#endif
