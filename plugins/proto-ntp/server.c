/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include "address.h"
#include <string.h>

#define NTP_PORT 123
#define POLL_MAX 17
/* Spec: RFC 7822 §7.5: what is left is a MAC if it is no longer than this. */
#define MAC_MAX 24
#define EXTENSION_MIN 16

static const char *const verdict_names[SERVER_COUNT] = {
    [SERVER_ANSWER] = "answered", [SERVER_DENIED] = "denied", [SERVER_LENGTH] = "length",
    [SERVER_VERSION] = "version", [SERVER_MODE] = "mode",     [SERVER_ADDRESS] = "address",
    [SERVER_MAC] = "unknown-key",
};

const char *server_verdict_name(enum server_verdict verdict)
{
    return verdict_names[verdict];
}

/* ---------------------------------------------------------------- the request */

static bool is_mac_size(size_t size)
{
    return size == 4 /* crypto-NAK */ || size == 20 /* MD5, AES-CMAC */ || size == 24 /* SHA1 */;
}

/* What stands behind the header: nothing and well-formed extension fields are fine, they ask for
 * nothing that a plain reply would break. Spec: RFC 7822 §7.5. */
static enum server_verdict check_rest(const uint8_t *rest, size_t size, uint8_t version)
{
    if (size % 4 != 0)
        return SERVER_LENGTH;
    if (version < 4) /* no extension fields there: a MAC of some digest */
        return size == 0 ? SERVER_ANSWER : SERVER_MAC;
    while (size > MAC_MAX) {
        size_t length = (size_t)rest[2] << 8 | rest[3];
        if (length < EXTENSION_MIN || length % 4 != 0 || length > size)
            return SERVER_LENGTH;
        rest += length;
        size -= length;
    }
    if (size == 0)
        return SERVER_ANSWER;
    return is_mac_size(size) ? SERVER_MAC : SERVER_LENGTH;
}

/* NTPv1 has no mode field: it is a client's if it does not come from a server's port. Modes 1 and
 * 5 to 7 are not for a server to answer; answers to mode 4 would make two servers chat forever. */
static bool is_client(const struct server_request *request, const struct wire_header *header)
{
    if (header->mode == WIRE_MODE_CLIENT)
        return true;
    return header->version == 1 && header->mode == WIRE_MODE_RESERVED &&
           request->remote.port != NTP_PORT;
}

static bool is_answerable(const struct server_request *request)
{
    return address_size(&request->remote) > 0 && request->remote.port != 0 &&
           !address_is_multicast(&request->remote) && !address_is_multicast(&request->local) &&
           !address_equal(&request->remote, &request->local);
}

static enum server_verdict judge(const struct server_request *request, struct wire_header *header)
{
    if (!request->allowed)
        return SERVER_DENIED;
    if (wire_unpack(request->data, request->size, header) != 0)
        return SERVER_LENGTH;
    if (header->version < WIRE_VERSION_MIN || header->version > WIRE_VERSION_MAX)
        return SERVER_VERSION;
    if (!is_client(request, header))
        return SERVER_MODE;
    if (!is_answerable(request))
        return SERVER_ADDRESS;
    return check_rest((const uint8_t *)request->data + WIRE_HEADER_SIZE,
                      request->size - WIRE_HEADER_SIZE, header->version);
}

/* ---------------------------------------------------------------- the reply */

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

enum server_verdict server_answer(const struct server_request *request,
                                  const struct gn_state *state, struct wire_packet *packet)
{
    struct wire_header header;
    enum server_verdict verdict = judge(request, &header);
    if (verdict != SERVER_ANSWER)
        return verdict;
    struct wire_header reply = {
        .version = header.version,
        .mode = WIRE_MODE_SERVER,
        .poll = clamp_poll(header.poll),
        .origin = header.transmit,
        .receive = wire_stamp_from_utc(gn_state_utc(state, request->when)),
    };
    describe_us(state, request->when, &reply);
    wire_pack(&reply, packet->bytes);
    packet->size = WIRE_HEADER_SIZE;
    return SERVER_ANSWER;
}

void server_stamp(struct wire_packet *reply, const struct gn_state *state, gn_local now)
{
    wire_patch_transmit(reply->bytes, wire_stamp_from_utc(gn_state_utc(state, now)));
}
