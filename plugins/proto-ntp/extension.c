/* SPDX-License-Identifier: Apache-2.0 */
#include "extension.h"

/* Spec: RFC 7822 §7.5: no field is shorter. One that ends a packet without a MAC has 28 bytes at
 * least, which follows from the MACs' lengths. */
#define FIELD_MIN 16
#define MAC_MIN (EXTENSION_KEY_SIZE + 16)

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static bool is_mac_size(size_t size, uint8_t version)
{
    size_t most = version < 4 ? EXTENSION_OLD_MAC_MAX : EXTENSION_MAC_MAX;
    return size >= MAC_MIN && size <= most && size % 4 == 0;
}

static bool is_field(const uint8_t *at, size_t left)
{
    size_t size = left >= FIELD_MIN ? get16(at + 2) : 0;
    return size >= FIELD_MIN && size % 4 == 0 && size <= left;
}

void extension_begin(struct extension_walk *walk, const void *packet, size_t size, uint8_t version)
{
    *walk = (struct extension_walk){
        .packet = packet, .size = size, .at = WIRE_HEADER_SIZE, .version = version};
}

/* A MAC is looked for first: its length alone tells it from a field. */
static enum extension_kind kind_of(const struct extension_walk *walk)
{
    const uint8_t *at = walk->packet + walk->at;
    size_t left = walk->size - walk->at;
    if (left == 0)
        return EXTENSION_END;
    if (left == EXTENSION_KEY_SIZE)
        return get32(at) == 0 ? EXTENSION_NAK : EXTENSION_MALFORMED;
    if (is_mac_size(left, walk->version))
        return EXTENSION_MAC;
    return walk->version >= 4 && is_field(at, left) ? EXTENSION_FIELD : EXTENSION_MALFORMED;
}

enum extension_kind extension_next(struct extension_walk *walk, struct extension_part *part)
{
    const uint8_t *at = walk->packet + walk->at;
    *part = (struct extension_part){
        .kind = kind_of(walk), .offset = walk->at, .size = walk->size - walk->at};
    if (part->kind == EXTENSION_MALFORMED)
        return part->kind;
    if (part->kind == EXTENSION_FIELD) {
        part->type = get16(at);
        part->size = get16(at + 2);
    } else if (part->kind == EXTENSION_MAC) {
        part->key_id = get32(at);
    }
    walk->at += part->size;
    return part->kind;
}

struct extension_part extension_last(const void *packet, size_t size, uint8_t version,
                                     size_t *fields)
{
    struct extension_walk walk;
    struct extension_part part;
    size_t count = 0;
    extension_begin(&walk, packet, size, version);
    while (extension_next(&walk, &part) == EXTENSION_FIELD)
        count++;
    if (fields != NULL)
        *fields = count;
    return part;
}
