/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGND_H
#define SIGND_H

/**
 * MS-SNTP: what Windows asks a domain controller for, and how Samba is asked to sign the reply.
 *
 * Pure. A client names an account instead of a key; only Samba knows its password. A request has
 * 68 bytes, or 120 in the extended form; the reply has 68 in either case, which clients accept.
 * Spec: [MS-SNTP] 2.2; ntp_signd.idl of Samba.
 */

#include "wire.h"

/** Bytes of a key identifier, as it stands on both wires. */
#define SIGND_KEY_SIZE 4
/** A signed reply. */
#define SIGND_PACKET_SIZE (WIRE_HEADER_SIZE + SIGND_KEY_SIZE + 16)
/** A request to Samba, and the longest reply of it, both with their lengths before them. */
#define SIGND_REQUEST_SIZE (4 + 16 + WIRE_HEADER_SIZE)
#define SIGND_REPLY_MAX (4 + 12 + SIGND_PACKET_SIZE)

/** Whether a datagram asks for a signature; `key` is what Samba knows the account by. */
bool signd_is_request(const void *data, size_t size, uint8_t key[SIGND_KEY_SIZE]);

/** Ask Samba to sign a reply (a packed header). `id` comes back with the signature. */
void signd_ask(uint16_t id, const uint8_t key[SIGND_KEY_SIZE], const uint8_t *header,
               uint8_t out[SIGND_REQUEST_SIZE]);

/** What Samba sends, piece by piece. Zeroed before the first. */
struct signd_reader {
    size_t size;
    uint8_t bytes[SIGND_REPLY_MAX];
};

/**
 * Take bytes. Returns 1: a reply is complete, and nothing followed it; 0: there is more to come;
 * -EPROTO: this is no reply of Samba's.
 */
int signd_read(struct signd_reader *reader, const void *data, size_t size);

/** The signed packet of a complete reply, of SIGND_PACKET_SIZE bytes: our header, signed. NULL:
 * refused, or about another one. */
const uint8_t *signd_packet(const struct signd_reader *reader, uint16_t id, const uint8_t *header);

#endif
