/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INTERLEAVED_REPLY_H
#define INTERLEAVED_REPLY_H

/**
 * The interleaved mode, as a server: a reply that tells when the reply before it really left.
 *
 * Pure. Receive stamps of this server are even numbers, transmit stamps odd ones (a quarter of a
 * nanosecond): so they never are the same, and a request whose origin is odd or 0, as that of a
 * basic client is, costs neither memory nor a transmit instant. Spec: RFC 9769 §2.
 */

#include "client_log.h"

/** The receive stamp of a reply: even, not 0. */
struct ntp_stamp interleaved_receive(struct ntp_stamp stamp);

/** The transmit stamp of a reply: odd. */
struct ntp_stamp interleaved_transmit(struct ntp_stamp stamp);

/** What became of a reply. */
struct interleaved_reply {
    bool wanted; /* its sender seems to use the interleaved mode: the reply's stamps are kept */
    bool interleaved; /* it is interleaved: its transmit stamp is complete */
};

/**
 * Look whether the basic reply to `request` (a packed header) can be interleaved, and make it so.
 * Where it stays basic, its receive stamp may be changed to a unique one. `record`: the sender's.
 */
struct interleaved_reply interleaved_reply_make(struct client_record *record, const void *request,
                                                struct wire_packet *reply);

/** The reply leaves at `transmit`: remember it. Returns a tag for client_log_sent(). */
uint64_t interleaved_reply_keep(struct client_log *log, struct client_record *record,
                                const struct wire_packet *reply, bool interleaved,
                                struct ntp_stamp transmit);

#endif
