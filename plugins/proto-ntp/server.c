/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include "address.h"
#include "interleaved_reply.h"
#include <string.h>

#define NTP_PORT 123
#define POLL_MAX 17

static const char *const verdict_names[SERVER_COUNT] = {
    [SERVER_ANSWER] = "answered", [SERVER_DENIED] = "denied", [SERVER_LENGTH] = "length",
    [SERVER_VERSION] = "version", [SERVER_MODE] = "mode",     [SERVER_ADDRESS] = "address",
    [SERVER_KEY] = "unknown-key", [SERVER_MAC] = "wrong-mac", [SERVER_SILENT] = "unsynchronised",
};

const char *server_verdict_name(enum server_verdict verdict)
{
    return verdict_names[verdict];
}

/* ---------------------------------------------------------------- the request */

static struct extension_part last_part(const struct server_request *request, uint8_t version)
{
    return extension_last(request->data, request->size, version, NULL);
}

/* What stands behind the header: nothing and well-formed extension fields are fine, they ask for
 * nothing that a plain reply would break. Who proves nothing right gets nothing: a crypto-NAK could
 * be sent by anybody, so it would tell no client anything. */
static enum server_verdict check_rest(const struct server_request *request, uint8_t version)
{
    struct extension_part last = last_part(request, version);
    if (last.kind == EXTENSION_MALFORMED)
        return SERVER_LENGTH;
    if (last.kind == EXTENSION_END)
        return SERVER_ANSWER;
    struct authenticator *key =
        last.kind == EXTENSION_MAC ? keyring_find(request->keys, last.key_id) : NULL;
    if (key == NULL)
        return SERVER_KEY;
    return authenticator_verify(key, request->data, request->size, &last) == PROOF_GOOD
               ? SERVER_ANSWER
               : SERVER_MAC;
}

/* NTPv1 has no mode field: it is a client's if it does not come from a server's port. A peer that
 * nobody has configured is told the time, and nothing is remembered of it. Modes 5 to 7 are not for
 * a server to answer; answers to modes 2 and 4 would make two servers chat forever. */
static bool is_client(const struct server_request *request, const struct wire_header *header)
{
    if (header->mode == WIRE_MODE_CLIENT || header->mode == WIRE_MODE_ACTIVE)
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
    return check_rest(request, header->version);
}

/* ---------------------------------------------------------------- the reply */

static int8_t clamp_poll(int8_t poll)
{
    if (poll < 0)
        return 0;
    return poll > POLL_MAX ? POLL_MAX : poll;
}

static bool is_synchronised(const struct gn_state *state)
{
    return state->leap != GN_LEAP_UNSYNCHRONISED && state->stratum > 0 &&
           state->stratum <= WIRE_STRATUM_MAX;
}

void server_describe(const struct gn_state *state, gn_local when, struct wire_header *reply)
{
    reply->precision = state->precision_log2s;
    reply->root_delay = wire_short_from_seconds(state->root_delay_s);
    reply->root_dispersion = wire_short_from_seconds(gn_state_root_dispersion_s(state, when));
    if (state->ref_time.ns != 0)
        reply->reference = wire_stamp_from_utc(state->ref_time);
    if (!is_synchronised(state)) {
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
    if (verdict == SERVER_ANSWER && request->for_many && !is_synchronised(state))
        verdict = SERVER_SILENT;
    if (verdict != SERVER_ANSWER)
        return verdict;
    struct wire_header reply = {
        .version = header.version,
        .mode = header.mode == WIRE_MODE_ACTIVE ? WIRE_MODE_PASSIVE : WIRE_MODE_SERVER,
        .poll = clamp_poll(header.poll),
        .origin = header.transmit,
        .receive = interleaved_receive(wire_stamp_from_utc(gn_state_utc(state, request->when))),
    };
    server_describe(state, request->when, &reply);
    wire_pack(&reply, packet->bytes);
    packet->size = WIRE_HEADER_SIZE;
    return SERVER_ANSWER;
}

struct ntp_stamp server_transmit(const struct gn_state *state, gn_local when)
{
    return interleaved_transmit(wire_stamp_from_utc(gn_state_utc(state, when)));
}

void server_stamp(struct wire_packet *reply, const struct gn_state *state, gn_local now)
{
    wire_patch_transmit(reply->bytes, server_transmit(state, now));
}

void server_protect(const struct server_request *request, struct wire_packet *reply)
{
    struct wire_header header;
    if (request->keys == NULL || wire_unpack(request->data, request->size, &header) != 0)
        return;
    struct extension_part last = last_part(request, header.version);
    struct authenticator *key =
        last.kind == EXTENSION_MAC ? keyring_find(request->keys, last.key_id) : NULL;
    if (key != NULL)
        authenticator_protect(key, reply, last.size);
}
