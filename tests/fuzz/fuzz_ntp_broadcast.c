/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of broadcasts under any sequence of packets. An input is a list of events: a byte for
 * the kind, a byte for the time that passes before it, and for a packet a byte for its length and
 * its bytes, changes to a good one.
 */
#include <math.h>
#include <plugins/proto-ntp/broadcast_client.h>
#include <plugins/proto-ntp/manycast.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define START_NS (INT64_C(1800000000) * GN_NS_PER_S)

static void require(bool condition)
{
    if (!condition)
        abort();
}

struct run {
    struct broadcast_client client;
    struct manycast search;
    const uint8_t *data;
    size_t size;
    int64_t now_ns;
    struct ntp_stamp newest;
};

static uint8_t next_byte(struct run *run)
{
    if (run->size == 0)
        return 0;
    run->size--;
    return *run->data++;
}

static void check_sample(const struct gn_sample *sample)
{
    require(sample->kind == GN_SAMPLE_ONE_WAY && sample->stratum > 0 && sample->stratum < 16);
    require(sample->leap < 3 && isfinite(sample->dispersion_s) && sample->dispersion_s > 0);
    require(isfinite(sample->root_delay_s) && sample->root_delay_s >= 0);
}

static size_t make_packet(struct run *run, uint8_t packet[256])
{
    size_t size = next_byte(run);
    struct wire_header good = {
        .version = 4,
        .mode = WIRE_MODE_BROADCAST,
        .stratum = 2,
        .poll = 4,
        .precision = -20,
        .transmit = wire_stamp_from_utc((gn_utc){run->now_ns}),
    };
    memset(packet, 0, 256);
    wire_pack(&good, packet);
    for (size_t i = 0; i < size; i++)
        packet[i] ^= next_byte(run);
    return size < WIRE_HEADER_SIZE && size % 2 == 0 ? WIRE_HEADER_SIZE : size;
}

/* What is taken is always newer than what was taken before. */
static void hear(struct run *run)
{
    uint8_t packet[256];
    size_t size = make_packet(run, packet);
    struct wire_header header;
    struct gn_sample sample;
    bool ready = false;
    struct broadcast_packet heard = {
        .data = packet, .size = size, .when = {run->now_ns}, .pivot = {run->now_ns}};
    if (broadcast_client_judge(packet, size, &header) != BROADCAST_OK)
        return;
    if (broadcast_client_hear(&run->client, &heard, &header, &ready, &sample) != BROADCAST_OK) {
        require(!ready);
        return;
    }
    require(run->newest.raw == 0 || (int64_t)(header.transmit.raw - run->newest.raw) > 0);
    run->newest = header.transmit;
    require(ready == (run->client.phase == BROADCAST_LISTENING));
    require(broadcast_client_patience_ns(&run->client) >= GN_NS_PER_S);
    require(broadcast_client_patience_ns(&run->client) <= 1536 * GN_NS_PER_S);
    if (ready)
        check_sample(&sample);
}

static void measure(struct run *run)
{
    struct gn_sample exchange = {.local = {run->now_ns}, .utc = {run->now_ns}};
    exchange.delay_s = next_byte(run) * 1e-3;
    exchange.utc.ns += (int8_t)next_byte(run) * INT64_C(100000000);
    broadcast_client_measure(&run->client, &exchange);
}

static void listen(struct run *run)
{
    struct gn_sample sample;
    bool ready;
    if (run->client.phase == BROADCAST_LISTENING)
        return;
    if (broadcast_client_listen(&run->client, 0.004, &ready, &sample) == BROADCAST_OK && ready)
        check_sample(&sample);
}

static void answer(struct run *run)
{
    uint8_t packet[256];
    struct gn_address remote = {.family = GN_FAMILY_IPV4, .port = 123};
    struct wire_packet request;
    if (!manycast_request(&run->search, 4, (uint64_t)run->now_ns, &request)) {
        manycast_init(&run->search, 4, 255);
        return;
    }
    size_t size = make_packet(run, packet);
    packet[0] ^= WIRE_MODE_BROADCAST ^ WIRE_MODE_SERVER;
    memcpy(packet + 24, &request.bytes[WIRE_TRANSMIT_OFFSET], 8);
    remote.ip[3] = next_byte(run);
    manycast_answer(&run->search, packet, size, &remote, true);
    require(run->search.count <= ROSTER_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run = {.data = data, .size = size, .now_ns = START_NS};
    void (*const kinds[])(struct run *) = {hear, hear, measure, listen, answer};
    broadcast_client_init(&run.client);
    manycast_init(&run.search, 4, 255);
    while (run.size > 0) {
        uint8_t kind = next_byte(&run);
        run.now_ns += next_byte(&run) * INT64_C(200000000);
        kinds[kind % (sizeof(kinds) / sizeof(*kinds))](&run);
    }
    return 0;
}
