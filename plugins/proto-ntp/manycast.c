/* SPDX-License-Identifier: Apache-2.0 */
#include "manycast.h"

#include "address.h"
#include <string.h>

/* What chrony and the draft send: says nothing about the clock. */
#define REQUEST_PRECISION 0x20

void manycast_init(struct manycast *manycast, size_t wanted, uint8_t most_hops)
{
    memset(manycast, 0, sizeof(*manycast));
    manycast->wanted = wanted < ROSTER_MAX ? wanted : ROSTER_MAX;
    manycast->most_hops = most_hops;
}

/* 1, 2, 4 … and the most at last. */
static uint8_t next_hops(const struct manycast *manycast)
{
    if (manycast->hops == 0)
        return 1;
    return manycast->hops > manycast->most_hops / 2 ? manycast->most_hops
                                                    : (uint8_t)(manycast->hops * 2);
}

bool manycast_request(struct manycast *manycast, uint8_t version, uint64_t random,
                      struct wire_packet *request)
{
    if (manycast->count >= manycast->wanted || manycast->hops >= manycast->most_hops)
        return false;
    manycast->hops = next_hops(manycast);
    manycast->nonce.raw = random != 0 ? random : 1;
    struct wire_header header = {
        .version = version,
        .mode = WIRE_MODE_CLIENT,
        .precision = REQUEST_PRECISION,
        .transmit = manycast->nonce,
    };
    wire_pack(&header, request->bytes);
    request->size = WIRE_HEADER_SIZE;
    return true;
}

enum manycast_verdict manycast_answer(struct manycast *manycast, const void *data, size_t size,
                                      const struct gn_address *remote, bool allowed)
{
    struct wire_header header;
    if (verdict_packet(data, size, &header) != VERDICT_OK || manycast->nonce.raw == 0 ||
        header.origin.raw != manycast->nonce.raw || verdict_server(&header) != VERDICT_OK)
        return MANYCAST_REFUSED;
    if (!allowed || address_size(remote) == 0 || remote->port == 0 || address_is_multicast(remote))
        return MANYCAST_REFUSED;
    for (size_t i = 0; i < manycast->count; i++) {
        if (address_equal(&manycast->found[i], remote))
            return MANYCAST_KNOWN;
    }
    if (manycast->count == ROSTER_MAX)
        return MANYCAST_FULL;
    manycast->found[manycast->count++] = *remote;
    return MANYCAST_OK;
}
