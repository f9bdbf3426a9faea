/* SPDX-License-Identifier: Apache-2.0 */
#include "broadcast_server.h"

#include "address.h"
#include "server.h"
#include <string.h>

#define POLL_MAX 17

int8_t broadcast_server_poll(int64_t interval_ns)
{
    int8_t poll = 0;
    /* The middle between two powers, as ratio: interval² against 2 · 4^poll. */
    double interval_s = gn_seconds(interval_ns);
    while (poll < POLL_MAX && interval_s * interval_s >
                                  2 * gn_seconds(gn_poll_ns(poll)) * gn_seconds(gn_poll_ns(poll)))
        poll++;
    return poll;
}

bool broadcast_server_packet(const struct gn_state *state, gn_local now, int64_t interval_ns,
                             struct wire_packet *packet)
{
    struct wire_header header = {
        .version = WIRE_VERSION_MAX,
        .mode = WIRE_MODE_BROADCAST,
        .poll = broadcast_server_poll(interval_ns),
    };
    server_describe(state, now, &header);
    if (header.leap == WIRE_LEAP_UNSYNCHRONISED)
        return false;
    wire_pack(&header, packet->bytes);
    packet->size = WIRE_HEADER_SIZE;
    return true;
}

int broadcast_server_address(const char *text, struct gn_address *address)
{
    static const uint8_t any[4];
    if (address_parse(text, address) != 0)
        return -EINVAL;
    if (address->family == GN_FAMILY_IPV6)
        return address_is_multicast(address) ? 0 : -EINVAL;
    return memcmp(address->ip, any, sizeof(any)) != 0 ? 0 : -EINVAL;
}
