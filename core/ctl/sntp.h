/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_SNTP_H
#define CTL_SNTP_H

/**
 * One SNTP exchange over a connected socket. Spec: RFC 4330 §5, RFC 5905 §8.
 * The request tells nothing about this machine: its port is the kernel's choice (RFC 9109), and its
 * transmit stamp is random, kept to match the reply's origin against, bit for bit.
 */

#include <gnomon/time.h>
#include <netdb.h>
#include <plugins/proto-ntp/wire.h>
#include <stddef.h>

/** A reply and the instants around it, by the system clock. */
struct sntp_exchange {
    struct wire_header header;
    gn_utc sent, arrived;
};

/**
 * Ask once and wait for the reply; replies that match no request are passed over.
 * Errors: -ETIMEDOUT nothing came; -EBADMSG nothing good came; else what the network said; all
 * with words in `why`.
 */
int sntp_ask(const struct addrinfo *address, int timeout_ms, struct sntp_exchange *, char *why,
             size_t why_size);

/** When the server sent its reply. */
gn_utc sntp_server_time(const struct sntp_exchange *);

/** Server's clock − this machine's. Units: s. */
double sntp_offset_s(const struct sntp_exchange *);

/** Round trip without the server's own time; ≥ 0. Units: s. */
double sntp_delay_s(const struct sntp_exchange *);

#endif
