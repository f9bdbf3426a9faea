/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXTENSION_H
#define EXTENSION_H

/**
 * What stands behind the header of a packet: extension fields, a MAC, or a crypto-NAK.
 *
 * Pure, and of strangers' bytes: every length is checked before it is used. Spec: RFC 7822 §7.5;
 * before version 4 there are no fields, and everything behind the header is a MAC.
 */

#include "wire.h"
#include <stdbool.h>

/** Bytes of a key's id, with which a MAC begins. */
#define EXTENSION_KEY_SIZE 4
/** The largest MAC of version 4, with the id: what tells it from a field. Spec: RFC 7822 §7.5. */
#define EXTENSION_MAC_MAX 24
/** The largest one before that: no digest is longer than 64 bytes. */
#define EXTENSION_OLD_MAC_MAX (EXTENSION_KEY_SIZE + 64)

enum extension_kind {
    EXTENSION_END = 0,
    EXTENSION_FIELD,
    EXTENSION_MAC,       /* the last part: a key's id and a digest */
    EXTENSION_NAK,       /* the last part: "I cannot verify you", a key's id of 0. RFC 5905 §9.2 */
    EXTENSION_MALFORMED, /* what is left is none of them */
};

/** One part. `offset` counts from the packet's first byte. */
struct extension_part {
    enum extension_kind kind;
    size_t offset;
    size_t size;     /* the whole part */
    uint16_t type;   /* of a field; its value begins 4 bytes behind `offset` */
    uint32_t key_id; /* of a MAC; its digest begins 4 bytes behind `offset` */
};

/** Walks through the parts; the packet must stay. */
struct extension_walk {
    const uint8_t *packet;
    size_t size;
    size_t at;
    uint8_t version;
};

/** Begin behind the header. `size` ≥ WIRE_HEADER_SIZE; `version`: the header's. */
void extension_begin(struct extension_walk *walk, const void *packet, size_t size, uint8_t version);

/** The next part. After END or MALFORMED the same comes again. */
enum extension_kind extension_next(struct extension_walk *walk, struct extension_part *part);

/**
 * The last part of a packet: END (no proof of who sent it), MAC or NAK, or MALFORMED where any of
 * them is. `fields`, if asked for, is how many fields stand before it.
 */
struct extension_part extension_last(const void *packet, size_t size, uint8_t version,
                                     size_t *fields);

#endif
