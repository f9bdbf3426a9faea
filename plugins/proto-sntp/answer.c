/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <proto-ntp/address.h>

#define POLL_MAX 17

static bool is_answerable(const struct gn_packet *packet, uint16_t port)
{
    bool own = address_same_ip(&packet->remote, &packet->local) && packet->remote.port == port;
    return address_size(&packet->remote) > 0 && packet->remote.port != 0 && !own &&
           !address_is_multicast(&packet->remote) && !address_is_multicast(&packet->local);
}

static int8_t clamp_poll(int8_t poll)
{
    if (poll < 0)
        return 0;
    return poll > POLL_MAX ? POLL_MAX : poll;
}

static void describe_us(const struct gn_state *state, gn_local when, struct wire_header *reply)
{
    reply->precision = state->precision_log2s;
    reply->root_delay = wire_short_from_seconds(state->root_delay_s);
    reply->root_dispersion = wire_short_from_seconds(gn_state_root_dispersion_s(state, when));
    if (state->ref_time.ns != 0)
        reply->reference = wire_stamp_from_utc(state->ref_time);
    if (state->leap == GN_LEAP_UNSYNCHRONISED || state->stratum == 0 ||
        state->stratum > WIRE_STRATUM_MAX) {
        reply->leap = WIRE_LEAP_UNSYNCHRONISED;
        return; /* stratum 0 stands for 16; no reference */
    }
    reply->leap = state->leap;
    reply->stratum = state->stratum;
    reply->refid = state->refid;
}

bool answer_make(const struct gn_packet *packet, uint16_t port, const struct gn_state *state,
                 gn_local now, uint8_t reply[WIRE_HEADER_SIZE])
{
    struct wire_header asked;
    if (wire_unpack(packet->data, packet->size, &asked) != 0 || asked.mode != WIRE_MODE_CLIENT ||
        asked.version < WIRE_VERSION_MIN || asked.version > WIRE_VERSION_MAX ||
        !is_answerable(packet, port))
        return false;
    struct wire_header header = {
        .version = asked.version,
        .mode = WIRE_MODE_SERVER,
        .poll = clamp_poll(asked.poll),
        .origin = asked.transmit,
        .receive = wire_stamp_from_utc(gn_state_utc(state, packet->when)),
        .transmit = wire_stamp_from_utc(gn_state_utc(state, now)),
    };
    describe_us(state, packet->when, &header);
    wire_pack(&header, reply);
    return true;
}
