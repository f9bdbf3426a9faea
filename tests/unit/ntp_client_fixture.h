/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_NTP_CLIENT_FIXTURE_H
#define UNIT_NTP_CLIENT_FIXTURE_H

/** One association, its timer and its socket under virtual time, and a server that answers. */

#include <check.h>
#include <errno.h>
#include <math.h>
#include <plugins/proto-ntp/client.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED __attribute__((unused))
#define S(seconds) ((int64_t)(seconds)*GN_NS_PER_S)
#define START_NS S(1800000000)
#define OFFSET_NS 2500000 /* the server is 2.5 ms ahead */
#define PATH_NS 10000000  /* each way */

/* One client, its timer and its socket under virtual time. */
struct world {
    struct client client;
    gn_local now;
    gn_local due;
    bool armed;
    bool socket;
    double poll_s, min_s, max_s;
    double taught_s; /* what a sample makes of poll_s; 0: leaves it */
    uint64_t chance;
    uint32_t spread; /* of the polls: 0 none */
    uint8_t request[WIRE_HEADER_SIZE];
    gn_local sent_at;
    struct client_actions last;
    bool quiet; /* the last request marked no poll */
    unsigned sends, opens, closes, samples, faults, given_up;
    enum gn_reason reason;
    char text[160];
    struct gn_sample sample;
};

static UNUSED uint64_t chance(struct world *w)
{
    w->chance = w->chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return w->chance ^ w->chance >> 29;
}

static void step(struct world *w, struct client_event event);

static UNUSED struct client_event event_of(struct world *w, enum client_event_kind kind)
{
    return (struct client_event){
        .kind = kind,
        .now = w->now,
        .random = chance(w),
        .chance = w->spread,
        .poll_s = w->poll_s,
        .min_poll_s = w->min_s,
        .max_poll_s = w->max_s,
    };
}

static UNUSED void take_send(struct world *w, const struct client_actions *actions)
{
    ck_assert(!w->socket); /* a fresh socket for every request */
    w->socket = true;
    w->opens++;
    w->sends++;
    w->sent_at = w->now;
    w->quiet = !actions->poll;
    memcpy(w->request, actions->request.bytes, sizeof(w->request));
}

static UNUSED void step(struct world *w, struct client_event event)
{
    struct client_actions actions;
    client_step(&w->client, &event, &actions);
    w->last = actions;
    if (actions.close && w->socket) {
        w->socket = false;
        w->closes++;
    }
    if (actions.submit) {
        w->samples++;
        w->sample = actions.sample;
        if (w->taught_s > 0)
            w->poll_s = w->taught_s;
    }
    if (actions.fault) {
        w->faults++;
        w->reason = actions.reason;
        memcpy(w->text, actions.text, sizeof(w->text));
    }
    if (actions.arm) {
        ck_assert_int_ge(actions.delay_ns, 0);
        w->armed = true;
        w->due = gn_local_add(w->now, actions.delay_ns);
    }
    if (actions.give_up)
        w->given_up++;
    if (actions.send)
        take_send(w, &actions);
    if (actions.submit)
        step(w, event_of(w, CLIENT_TAKEN));
}

static UNUSED void simple(struct world *w, enum client_event_kind kind)
{
    step(w, event_of(w, kind));
}

static UNUSED void sent_by(struct world *w, int64_t after_ns, enum gn_stamp stamp)
{
    struct client_event event = event_of(w, CLIENT_SENT);
    event.tag = w->client.tag;
    event.when = gn_local_add(w->sent_at, after_ns);
    event.stamp = stamp;
    step(w, event);
}

/* The timer fires; what is sent leaves at once. */
static UNUSED void fire(struct world *w)
{
    unsigned before = w->sends;
    ck_assert(w->armed);
    w->armed = false;
    w->now = w->due;
    simple(w, CLIENT_TIMER);
    if (w->sends > before)
        sent_by(w, 0, GN_STAMP_USER);
}

/* Fires until the next request; returns how long after the last one it went out. */
static UNUSED double next_request_s(struct world *w)
{
    gn_local last = w->sent_at;
    unsigned before = w->sends;
    for (int i = 0; i < 3 && w->sends == before; i++)
        fire(w);
    ck_assert_uint_eq(w->sends, before + 1);
    return gn_seconds(gn_local_sub(w->sent_at, last));
}

static UNUSED void start_after(struct world *w, int64_t delay_ns)
{
    struct client_event event = event_of(w, CLIENT_START);
    event.delay_ns = delay_ns;
    step(w, event);
}

static UNUSED struct world new_world(bool iburst)
{
    struct world w = {.now = {START_NS}, .poll_s = 64, .min_s = 64, .max_s = 1024, .chance = 7};
    struct client_config config = {.version = 4, .iburst = iburst};
    client_init(&w.client, &config);
    start_after(&w, 1);
    ck_assert(w.armed);
    fire(&w);
    ck_assert_uint_eq(w.sends, 1);
    return w;
}

/* ---------------------------------------------------------------- a server */

static UNUSED struct wire_header answer(const struct world *w)
{
    struct wire_header request;
    wire_unpack(w->request, sizeof(w->request), &request);
    gn_utc t2 = {w->sent_at.ns + OFFSET_NS + PATH_NS};
    return (struct wire_header){
        .version = 4,
        .mode = WIRE_MODE_SERVER,
        .stratum = 2,
        .precision = -23,
        .refid = 0xc0000263,
        .origin = request.transmit,
        .receive = wire_stamp_from_utc(t2),
        .transmit = wire_stamp_from_utc(gn_utc_add(t2, 1000)),
    };
}

static UNUSED void receive_bytes(struct world *w, const void *data, size_t size)
{
    struct client_event event = event_of(w, CLIENT_RECEIVE);
    event.reply = (struct exchange_reply){
        .data = data,
        .size = size,
        .t4 = w->now,
        .pivot = {w->now.ns},
        .precision_log2s = -24,
    };
    step(w, event);
}

static UNUSED void receive(struct world *w, const struct wire_header *header)
{
    uint8_t packet[WIRE_HEADER_SIZE];
    wire_pack(header, packet);
    w->now = gn_local_add(w->sent_at, 2 * PATH_NS + 1000);
    receive_bytes(w, packet, sizeof(packet));
}

static UNUSED void reply_well(struct world *w)
{
    unsigned before = w->samples;
    struct wire_header header = answer(w);
    receive(w, &header);
    ck_assert_uint_eq(w->samples, before + 1);
}

static UNUSED void kiss(struct world *w, const char *code, int8_t poll)
{
    struct wire_header header = answer(w);
    header.leap = 3;
    header.stratum = 0;
    header.poll = poll;
    header.refid = (uint32_t)code[0] << 24 | (uint32_t)code[1] << 16 | (uint32_t)code[2] << 8 |
                   (uint32_t)code[3];
    receive(w, &header);
    ck_assert_uint_eq(w->reason, strcmp(code, "RATE") == 0 ? GN_REASON_RATE : GN_REASON_KISS);
    ck_assert_ptr_nonnull(strstr(w->text, code));
}

#endif
