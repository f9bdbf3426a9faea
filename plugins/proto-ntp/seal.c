/* SPDX-License-Identifier: Apache-2.0 */
#include "seal.h"

#include <string.h>

/* What a digest is cut to. */
#define CUT (EXTENSION_MAC_MAX - EXTENSION_KEY_SIZE)

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static uint8_t version_of(const uint8_t *packet)
{
    return packet[0] >> 3 & 7;
}

static void protect(struct authenticator *base, struct wire_packet *packet, size_t room)
{
    const struct seal *seal = (const struct seal *)base;
    uint8_t digest[MAC_DIGEST_MAX] = {0};
    uint8_t *out = packet->bytes + packet->size;
    size_t size = mac_size(seal->mac);
    room = min_size(room, sizeof(packet->bytes) - packet->size);
    if (room < EXTENSION_KEY_SIZE)
        return;
    room -= EXTENSION_KEY_SIZE;
    if (version_of(packet->bytes) >= 4 || size > room)
        size = min_size(size, CUT);
    if (size > room) /* no shorter one would be taken */
        return;
    if (!mac_compute(seal->mac, packet->bytes, packet->size, digest))
        memset(digest, 0, sizeof(digest)); /* nobody takes that either */
    for (int i = 0; i < EXTENSION_KEY_SIZE; i++)
        out[i] = (uint8_t)(seal->id >> (24 - 8 * i));
    memcpy(out + EXTENSION_KEY_SIZE, digest, size);
    packet->size += EXTENSION_KEY_SIZE + size;
}

static enum proof verify(struct authenticator *base, const void *packet, size_t size,
                         const struct extension_part *last)
{
    const struct seal *seal = (const struct seal *)base;
    uint8_t digest[MAC_DIGEST_MAX];
    (void)size;
    if (last->kind != EXTENSION_MAC)
        return last->kind == EXTENSION_NAK ? PROOF_NAK : PROOF_MISSING;
    if (last->key_id != seal->id)
        return PROOF_KEY;
    size_t claimed = last->size - EXTENSION_KEY_SIZE;
    size_t whole = mac_size(seal->mac);
    if (claimed != whole && claimed != min_size(whole, CUT))
        return PROOF_WRONG;
    if (!mac_compute(seal->mac, packet, last->offset, digest))
        return PROOF_WRONG;
    const uint8_t *claim = (const uint8_t *)packet + last->offset + EXTENSION_KEY_SIZE;
    return mac_equal(digest, claim, claimed) ? PROOF_GOOD : PROOF_WRONG;
}

static const struct authenticator_ops operations = {.protect = protect, .verify = verify};

int seal_init(struct seal *seal, uint32_t id, enum mac_type type, const void *key, size_t key_size)
{
    *seal = (struct seal){.base = {.ops = &operations}, .id = id};
    return mac_create(type, key, key_size, &seal->mac);
}

void seal_finish(struct seal *seal)
{
    mac_destroy(seal->mac);
    seal->mac = NULL;
}
