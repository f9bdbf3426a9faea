/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows a header, of any bytes: the parts lie one behind the other within the packet, the
 * walk ends, and whoever does not know the key proves nothing. The first byte is the version.
 */
#include <plugins/proto-ntp/keyring.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_part(const struct extension_part *part, size_t at, size_t size, uint8_t version)
{
    require(part->offset == at && part->size <= size - at);
    switch (part->kind) {
    case EXTENSION_FIELD:
        require(version >= 4 && part->size >= 16 && part->size % 4 == 0);
        break;
    case EXTENSION_MAC:
        require(at + part->size == size && part->size >= 20);
        require(part->size <= (version < 4 ? EXTENSION_OLD_MAC_MAX : EXTENSION_MAC_MAX));
        break;
    case EXTENSION_NAK:
        require(at + 4 == size && part->size == 4);
        break;
    default:
        require(part->kind == EXTENSION_MALFORMED ? at < size : at == size);
    }
}

static struct extension_part walk_through(const uint8_t *packet, size_t size, uint8_t version)
{
    struct extension_walk walk;
    struct extension_part part;
    size_t at = WIRE_HEADER_SIZE, fields = 0, counted;
    extension_begin(&walk, packet, size, version);
    while (extension_next(&walk, &part) == EXTENSION_FIELD) {
        check_part(&part, at, size, version);
        at += part.size;
        fields++;
    }
    check_part(&part, at, size, version);
    struct extension_part last = extension_last(packet, size, version, &counted);
    require(last.kind == part.kind && last.offset == part.offset && counted == fields);
    return last;
}

/* A fuzzer does not find out a digest of 16 bytes and more. */
static void try_proof(const uint8_t *packet, size_t size, const struct extension_part *last)
{
    struct seal seal;
    if (seal_init(&seal, last->key_id, MAC_AES128, "a key of the test", 16) != 0)
        return;
    enum proof proof = authenticator_verify(&seal.base, packet, size, last);
    require(proof != PROOF_GOOD && proof != PROOF_KEY);
    require((proof == PROOF_NAK) == (last->kind == EXTENSION_NAK));
    require((proof == PROOF_MISSING) == (last->kind == EXTENSION_END));
    seal_finish(&seal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 4096)
        return 0;
    uint8_t version = (uint8_t)(1 + data[0] % 4);
    size_t whole = WIRE_HEADER_SIZE + size - 1;
    uint8_t *packet = calloc(1, whole); /* no byte more: reading beyond is seen */
    require(packet != NULL);
    packet[0] = (uint8_t)(version << 3 | WIRE_MODE_CLIENT);
    memcpy(packet + WIRE_HEADER_SIZE, data + 1, size - 1);
    struct extension_part last = walk_through(packet, whole, version);
    if (last.kind != EXTENSION_MALFORMED)
        try_proof(packet, whole, &last);
    free(packet);
    return 0;
}
