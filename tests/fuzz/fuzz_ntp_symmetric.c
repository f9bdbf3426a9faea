/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A symmetric association under any sequence of events. An input is a list of events: a byte for
 * the kind (its upper bits an argument), a byte for the time that passes before it, and for a
 * datagram a byte for its length and its bytes.
 */
#include <errno.h>
#include <plugins/proto-ntp/symmetric.h>
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
    struct symmetric symmetric;
    struct gn_state state;
    const uint8_t *data;
    size_t size;
    gn_local now, due, sent_at;
    bool armed, started, asked; /* asked: our last packet has no sample yet */
    uint64_t random, received, samples;
    struct wire_header said; /* our last packet */
    struct ntp_stamp origin; /* of the datagram that is looked at */
};

static uint8_t next_byte(struct run *run)
{
    if (run->size == 0)
        return 0;
    run->size--;
    return *run->data++;
}

static void check_packet(struct run *run, const struct symmetric_actions *actions)
{
    require(actions->arm && actions->packet.size == WIRE_HEADER_SIZE);
    require(run->started || gn_local_sub(run->now, run->sent_at) >= GN_NS_PER_S);
    require(wire_unpack(actions->packet.bytes, actions->packet.size, &run->said) == 0);
    require(run->said.mode == WIRE_MODE_ACTIVE && run->said.transmit.raw != 0);
    require((run->said.origin.raw == 0) == (run->said.receive.raw == 0));
    run->started = false;
    run->asked = true;
    run->sent_at = run->now;
}

/* Only who knows our last packet is believed, and once. */
static void check_sample(struct run *run, const struct gn_sample *sample,
                         const struct wire_header *said)
{
    require(run->asked && run->origin.raw == said->transmit.raw);
    require(sample->delay_s > 0 && sample->stratum > 0 && sample->stratum < 16);
    require(gn_local_sub(sample->exchange.t4, sample->exchange.t1) >= 0);
    require(gn_utc_sub(sample->exchange.t3, sample->exchange.t2) >= 0);
    run->asked = false;
    run->samples++;
}

static void step(struct run *run, struct symmetric_event *event)
{
    struct symmetric_actions actions;
    struct wire_header said = run->said;
    event->now = run->now;
    event->random = run->random = run->random * UINT64_C(6364136223846793005) + 1;
    event->chance = (uint32_t)(run->random >> 32);
    event->state = &run->state;
    event->min_poll_s = 64;
    event->max_poll_s = 1024;
    event->poll_s = 64;
    symmetric_step(&run->symmetric, event, &actions);
    if (actions.submit)
        check_sample(run, &actions.sample, &said);
    if (actions.fault)
        require(actions.reason < GN_REASON_COUNT && actions.text[0] != '\0');
    if (actions.arm) {
        require(actions.delay_ns >= 0);
        run->armed = true;
        run->due = gn_local_add(run->now, actions.delay_ns);
    }
    if (actions.send)
        check_packet(run, &actions);
    if (!actions.submit || actions.send)
        return;
    event->kind = SYMMETRIC_TAKEN;
    step(run, event);
}

/* Bit 0: it answers our last packet; bit 1: and is good but for what the bytes change. */
static void receive(struct run *run, unsigned argument)
{
    uint8_t packet[256] = {0};
    size_t size = next_byte(run);
    struct wire_header header;
    if ((argument & 2) != 0) {
        struct wire_header good = {
            .version = 4,
            .mode = WIRE_MODE_ACTIVE,
            .stratum = 2,
            .poll = 6,
            .precision = -20,
            .receive = wire_stamp_from_utc((gn_utc){run->sent_at.ns}),
            .transmit = wire_stamp_from_utc((gn_utc){run->now.ns}),
        };
        wire_pack(&good, packet);
    }
    for (size_t i = 0; i < size; i++)
        packet[i] ^= next_byte(run);
    for (unsigned i = 0; i < 8 && (argument & 1) != 0; i++)
        packet[24 + i] = (uint8_t)(run->said.transmit.raw >> (56 - 8 * i));
    if ((argument & 2) != 0 && size < WIRE_HEADER_SIZE)
        size = WIRE_HEADER_SIZE;
    if (wire_unpack(packet, size, &header) == 0)
        run->origin = header.origin;
    struct symmetric_event event = {.kind = SYMMETRIC_RECEIVE};
    event.packet = (struct exchange_reply){
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
    struct symmetric_event event = {.kind = SYMMETRIC_TIMER};
    if (!run->armed)
        return;
    run->armed = false;
    if (gn_local_sub(run->due, run->now) > 0)
        run->now = run->due;
    step(run, &event);
}

static void one_event(struct run *run)
{
    uint8_t byte = next_byte(run);
    unsigned argument = byte >> 4;
    struct symmetric_event event = {.error = -ENETUNREACH};
    run->now = gn_local_add(run->now, next_byte(run) * INT64_C(100000000));
    switch (byte & 7) {
    case 0:
        event.kind = (argument & 1) != 0 ? SYMMETRIC_BURST : SYMMETRIC_START;
        event.delay_ns = argument * GN_NS_PER_S;
        run->started = true;
        step(run, &event);
        return;
    case 1:
    case 2:
        fire(run);
        return;
    case 3:
        event.kind = SYMMETRIC_SENT;
        event.tag = run->symmetric.dialogue.tag - (argument & 3);
        event.when = gn_local_add(run->sent_at, (int64_t)argument * 10000);
        event.stamp = (enum gn_stamp)(argument % 3);
        step(run, &event);
        return;
    case 4:
        event.kind = SYMMETRIC_SEND_FAILED;
        step(run, &event);
        return;
    case 5: /* our own time comes and goes */
        run->state.stratum = argument < 8 ? (uint8_t)(argument + 1) : 16;
        run->state.leap = argument < 8 ? GN_LEAP_NORMAL : GN_LEAP_UNSYNCHRONISED;
        return;
    default:
        receive(run, argument);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run = {.data = data, .size = size, .now = {START_NS}, .random = size};
    struct symmetric_config config = {.version = 4, .iburst = size % 2 == 0};
    struct symmetric_event start = {.kind = SYMMETRIC_START, .delay_ns = 1};
    uint64_t sum = 0;
    run.state = (struct gn_state){
        .size = sizeof(run.state),
        .stratum = 3,
        .precision_log2s = -24,
        .at = {START_NS},
        .utc = {START_NS},
        .error_bound_rate = 1e-8,
    };
    symmetric_init(&run.symmetric, &config);
    run.started = true;
    step(&run, &start);
    while (run.size > 0) {
        one_event(&run);
        require(run.armed);
    }
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        sum += run.symmetric.counters.verdicts[i];
    require(sum == run.received && run.symmetric.counters.verdicts[VERDICT_OK] == run.samples);
    return 0;
}
