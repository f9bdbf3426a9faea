/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any datagram, to the NTP server as a request and to the client as a reply. The first byte sets
 * the scene: bit 0 synchronised, bit 1 allowed, bit 2 the reply answers our request, bit 3 IPv6.
 * Also as an interleaved reply, and as what Samba sends.
 */
#include <plugins/proto-ntp/exchange.h>
#include <plugins/proto-ntp/interleaved_reply.h>
#include <plugins/proto-ntp/server.h>
#include <plugins/proto-ntp/signd.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_NS (INT64_C(1800000000) * GN_NS_PER_S)
#define NONCE UINT64_C(0x0123456789abcdef)

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct gn_state some_state(bool synchronised)
{
    return (struct gn_state){
        .size = sizeof(struct gn_state),
        .synchronised = synchronised,
        .stratum = synchronised ? 2 : 16,
        .precision_log2s = -24,
        .refid = 0xc0000201,
        .at = {NOW_NS - GN_NS_PER_S},
        .utc = {NOW_NS},
        .root_delay_s = 0.01,
        .root_dispersion_s = 0.001,
        .dispersion_rate = 15e-6,
    };
}

static void check_reply(const struct wire_packet *reply, const uint8_t *request, bool synchronised)
{
    struct wire_header header;
    struct wire_header asked;
    require(wire_unpack(reply->bytes, reply->size, &header) == 0);
    require(wire_unpack(request, WIRE_HEADER_SIZE, &asked) == 0);
    require(header.mode == (asked.mode == WIRE_MODE_ACTIVE ? WIRE_MODE_PASSIVE : WIRE_MODE_SERVER));
    require(header.version == asked.version);
    require(header.origin.raw == asked.transmit.raw);
    require(synchronised ? header.leap != 3 && header.stratum == 2
                         : header.leap == 3 && header.stratum == 0 && header.refid == 0);
    require(header.poll >= 0 && header.poll <= 17);
    require(wire_stamp_sub(header.transmit, header.receive) >= 0);
}

static void ask_server(uint8_t scene, const uint8_t *data, size_t size)
{
    struct gn_state state = some_state((scene & 1) != 0);
    struct server_request request = {
        .data = data,
        .size = size,
        .remote = {.family = GN_FAMILY_IPV4, .port = 40000, .ip = {198, 51, 100, 1}},
        .local = {.family = GN_FAMILY_IPV4, .port = 123, .ip = {192, 0, 2, 1}},
        .when = {NOW_NS},
        .allowed = (scene & 2) != 0,
    };
    struct wire_packet reply;
    gn_local later = {NOW_NS + 1000};
    if ((scene & 8) != 0)
        request.remote.family = request.local.family = GN_FAMILY_IPV6;
    enum server_verdict verdict = server_answer(&request, &state, &reply);
    require(server_verdict_name(verdict) != NULL);
    if (verdict != SERVER_ANSWER)
        return;
    require(request.allowed && size >= WIRE_HEADER_SIZE);
    server_stamp(&reply, &state, later);
    check_reply(&reply, data, (scene & 1) != 0);
    struct client_record record = {.replies = {{{4712}, {4713}}}};
    require(interleaved_reply_make(&record, data, &reply).interleaved ==
            (memcmp(data + 24, "\0\0\0\0\0\0\x12\x68", 8) == 0 &&
             memcmp(data + 32, data + 40, 8) != 0));
    require(reply.size <= size);
}

static void tell_client(uint8_t scene, const uint8_t *data, size_t size)
{
    struct exchange exchange;
    struct wire_header header;
    struct gn_sample sample;
    struct wire_packet request;
    exchange_init(&exchange, 4);
    exchange_begin(&exchange, NONCE, &request);
    exchange_sent(&exchange, (gn_local){NOW_NS}, GN_STAMP_USER);
    uint8_t *copy = malloc(size > 0 ? size : 1);
    require(copy != NULL);
    memcpy(copy, data, size);
    if ((scene & 4) != 0 && size >= 32)
        memcpy(copy + 24, request.bytes + WIRE_TRANSMIT_OFFSET, 8);
    struct exchange_reply reply = {
        .data = copy,
        .size = size,
        .t4 = {NOW_NS + 50000000},
        .local = {.family = GN_FAMILY_IPV4, .ip = {192, 0, 2, 1}},
        .pivot = {NOW_NS},
        .precision_log2s = -24,
    };
    enum verdict verdict = exchange_receive(&exchange, &reply, &header, &sample);
    require(verdict_name(verdict) != NULL);
    require(exchange.open == !exchange_was_answer(verdict));
    if (verdict == VERDICT_OK) {
        require(sample.stratum >= 1 && sample.stratum <= 15 && sample.leap < 3);
        require(sample.delay_s > 0 && sample.dispersion_s > 0);
        require(sample.root_delay_s >= 0 &&
                sample.root_delay_s / 2 + sample.root_dispersion_s < 16);
        require(exchange_receive(&exchange, &reply, &header, &sample) == VERDICT_DUPLICATE);
    }
    free(copy);
}

/* The second reply of an interleaved client, which had a good and basic one. */
static void tell_interleaved(const uint8_t *data, size_t size)
{
    struct exchange exchange;
    struct wire_header header;
    struct gn_sample sample;
    struct wire_packet request;
    uint8_t copy[WIRE_PACKET_MAX];
    struct interleave_stamps first = {.t2 = {(data[0] & 1) != 0 ? 0 : UINT64_C(0xee5f9d2000000000)},
                                      .t1 = {NOW_NS - 2000},
                                      .t4 = {NOW_NS}};
    struct exchange_reply reply = {
        .data = copy,
        .size = size < sizeof(copy) ? size : sizeof(copy),
        .t4 = {NOW_NS + 50000000},
        .pivot = {NOW_NS},
        .precision_log2s = -24,
    };
    memcpy(copy, data, reply.size);
    exchange_init(&exchange, 4);
    interleave_init(&exchange.interleave, true);
    interleave_keep(&exchange.interleave, &first, false);
    interleave_draw(&exchange.interleave, NONCE ^ 1);
    exchange_begin(&exchange, NONCE, &request);
    exchange_sent(&exchange, (gn_local){NOW_NS}, GN_STAMP_USER);
    if (reply.size >= 32)
        memcpy(copy + 24, request.bytes + 32, 8);
    enum verdict verdict = exchange_receive(&exchange, &reply, &header, &sample);
    if (verdict != VERDICT_OK)
        return;
    require(sample.size != 0 && sample.exchange.t1.ns == first.t1.ns);
    require(sample.local.ns == first.t4.ns && sample.delay_s > 0);
    require(exchange.interleaved && exchange.interleave.last.t2.raw == header.receive.raw);
}

static void tell_samba(const uint8_t *data, size_t size)
{
    static const uint8_t header[WIRE_HEADER_SIZE];
    struct signd_reader reader = {0};
    uint8_t key[SIGND_KEY_SIZE];
    require(!signd_is_request(data, size, key) || size == 68 || size == 120);
    if (signd_read(&reader, data, size) == 1 && signd_packet(&reader, 0, header) != NULL)
        require(size == SIGND_REPLY_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    tell_interleaved(data, size);
    tell_samba(data, size);
    ask_server(data[0], data + 1, size - 1);
    tell_client(data[0], data + 1, size - 1);
    return 0;
}
