/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The association under any sequence of events. An input is a list of events: a byte for the
 * kind (its upper bits an argument), a byte for the time that passes before it, and for a
 * datagram a byte for its length and its bytes.
 */
#include <errno.h>
#include <plugins/proto-ntp/client.h>
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
    struct client client;
    const uint8_t *data;
    size_t size;
    gn_local now, due, sent_at;
    bool armed, socket, started;
    uint64_t random;
    uint64_t received, samples;
    uint8_t request[WIRE_HEADER_SIZE];
};

static uint8_t next_byte(struct run *run)
{
    if (run->size == 0)
        return 0;
    run->size--;
    return *run->data++;
}

static void carry_out(struct run *run, const struct client_actions *actions)
{
    if (actions->close)
        run->socket = false;
    if (actions->submit) {
        run->samples++;
        require(actions->sample.delay_s > 0 && actions->sample.stratum < 16);
    }
    if (actions->fault)
        require(actions->reason < GN_REASON_COUNT && actions->text[0] != '\0');
    if (actions->arm) {
        require(actions->delay_ns >= 0);
        run->armed = true;
        run->due = gn_local_add(run->now, actions->delay_ns);
    }
    if (actions->send) {
        require(!run->socket && actions->arm);
        require(run->started || gn_local_sub(run->now, run->sent_at) >= 2 * GN_NS_PER_S);
        run->started = false;
        run->socket = true;
        run->sent_at = run->now;
        memcpy(run->request, actions->request.bytes, sizeof(run->request));
    }
}

/* A sample is taken before anything else happens. */
static void step(struct run *run, struct client_event *event)
{
    struct client_actions actions;
    event->now = run->now;
    event->random = run->random = run->random * UINT64_C(6364136223846793005) + 1;
    event->chance = (uint32_t)(run->random >> 32);
    event->min_poll_s = 64;
    event->max_poll_s = 1024;
    event->poll_s = 64;
    client_step(&run->client, event, &actions);
    carry_out(run, &actions);
    if (actions.submit) {
        event->kind = CLIENT_TAKEN;
        client_step(&run->client, event, &actions);
        carry_out(run, &actions);
    }
}

/* Bit 0: it answers our request; bit 1: and is a good reply but for what the bytes change. */
static void receive(struct run *run, unsigned argument)
{
    uint8_t packet[256] = {0};
    size_t size = next_byte(run);
    if ((argument & 2) != 0) {
        struct wire_header good = {
            .version = 4,
            .mode = WIRE_MODE_SERVER,
            .stratum = 2,
            .precision = -20,
            .receive = wire_stamp_from_utc((gn_utc){run->sent_at.ns}),
            .transmit = wire_stamp_from_utc((gn_utc){run->sent_at.ns}),
        };
        wire_pack(&good, packet);
    }
    for (size_t i = 0; i < size; i++)
        packet[i] ^= next_byte(run);
    if ((argument & 1) != 0)
        memcpy(packet + 24, run->request + WIRE_TRANSMIT_OFFSET, 8);
    if ((argument & 2) != 0 && size < WIRE_HEADER_SIZE)
        size = WIRE_HEADER_SIZE;
    struct client_event event = {.kind = CLIENT_RECEIVE};
    event.reply = (struct exchange_reply){
        .data = packet,
        .size = size,
        .t4 = run->now,
        .pivot = {run->now.ns},
        .precision_log2s = -24,
    };
    run->received++;
    step(run, &event);
}

static void fire(struct run *run)
{
    struct client_event event = {.kind = CLIENT_TIMER};
    if (!run->armed)
        return;
    run->armed = false;
    if (gn_local_sub(run->due, run->now) > 0)
        run->now = run->due;
    step(run, &event);
}

static void one_event(struct run *run)
{
    static const int errors[] = {-ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH, -EPERM};
    uint8_t byte = next_byte(run);
    unsigned argument = byte >> 4;
    struct client_event event = {.error = errors[argument % 4]};
    int64_t passes_ns = next_byte(run) * INT64_C(10000000);
    run->now = gn_local_add(run->now, passes_ns);
    switch (byte & 7) {
    case 0:
        event.kind = CLIENT_START;
        event.delay_ns = argument * GN_NS_PER_S;
        run->started = true;
        step(run, &event);
        return;
    case 1:
    case 2:
        fire(run);
        return;
    case 3:
        event.kind = CLIENT_SENT;
        event.tag = run->client.tag - (argument & 1);
        event.when = gn_local_add(run->sent_at, (int64_t)argument * 10000);
        event.stamp = (enum gn_stamp)(argument % 3);
        step(run, &event);
        return;
    case 4:
    case 5:
        event.kind = (byte & 7) == 4 ? CLIENT_SEND_FAILED : CLIENT_NETWORK_ERROR;
        step(run, &event);
        return;
    default:
        receive(run, argument);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run = {.data = data, .size = size, .now = {START_NS}, .random = size};
    struct client_config config = {.version = 4, .iburst = size % 2 == 0};
    if (size % 4 >= 2) { /* what makes replies that are no samples, each in its turn */
        config.filter = (unsigned)(size / 4 % 4);
        config.presend_log2s = size / 16 % 2 == 0 ? 6 : CLIENT_PRESEND_NONE;
        config.gate = (struct gate_config){
            .maxdelay_s = size / 32 % 2 == 0 ? 1 : 0, .maxdelayratio = 2, .maxdelaydevratio = 3};
        config.gate.maxdelayquant = size / 64 % 2 == 0 ? 0.2 : 0;
    }
    struct client_event start = {.kind = CLIENT_START, .delay_ns = 1};
    uint64_t sum = 0;
    client_init(&run.client, &config);
    run.started = true;
    step(&run, &start);
    while (run.size > 0) {
        one_event(&run);
        require(run.armed || run.client.phase == CLIENT_STOPPED);
    }
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        sum += run.client.counters.verdicts[i];
    uint64_t good = run.client.counters.verdicts[VERDICT_OK];
    require(sum == run.received && good >= run.samples && (good == run.samples || size % 4 >= 2));
    return 0;
}
