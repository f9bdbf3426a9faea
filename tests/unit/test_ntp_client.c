/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <plugins/proto-ntp/client.h>
#include <stdlib.h>
#include <string.h>

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
    uint64_t chance;
    uint32_t spread; /* of the polls: 0 none */
    uint8_t request[WIRE_HEADER_SIZE];
    gn_local sent_at;
    struct client_actions last;
    unsigned sends, opens, closes, samples, faults, given_up;
    enum gn_reason reason;
    char text[160];
    struct gn_sample sample;
};

static uint64_t chance(struct world *w)
{
    w->chance = w->chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return w->chance ^ w->chance >> 29;
}

static void step(struct world *w, struct client_event event);

static struct client_event event_of(struct world *w, enum client_event_kind kind)
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

static void take_send(struct world *w, const struct client_actions *actions)
{
    ck_assert(!w->socket); /* a fresh socket for every request */
    w->socket = true;
    w->opens++;
    w->sends++;
    w->sent_at = w->now;
    memcpy(w->request, actions->request, sizeof(w->request));
}

static void step(struct world *w, struct client_event event)
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
}

static void simple(struct world *w, enum client_event_kind kind)
{
    step(w, event_of(w, kind));
}

static void sent_by(struct world *w, int64_t after_ns, enum gn_stamp stamp)
{
    struct client_event event = event_of(w, CLIENT_SENT);
    event.tag = w->client.tag;
    event.when = gn_local_add(w->sent_at, after_ns);
    event.stamp = stamp;
    step(w, event);
}

/* The timer fires; what is sent leaves at once. */
static void fire(struct world *w)
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
static double next_request_s(struct world *w)
{
    gn_local last = w->sent_at;
    unsigned before = w->sends;
    for (int i = 0; i < 3 && w->sends == before; i++)
        fire(w);
    ck_assert_uint_eq(w->sends, before + 1);
    return gn_seconds(gn_local_sub(w->sent_at, last));
}

static void start_after(struct world *w, int64_t delay_ns)
{
    struct client_event event = event_of(w, CLIENT_START);
    event.delay_ns = delay_ns;
    step(w, event);
}

static struct world new_world(bool iburst)
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

static struct wire_header answer(const struct world *w)
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

static void receive_bytes(struct world *w, const void *data, size_t size)
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

static void receive(struct world *w, const struct wire_header *header)
{
    uint8_t packet[WIRE_HEADER_SIZE];
    wire_pack(header, packet);
    w->now = gn_local_add(w->sent_at, 2 * PATH_NS + 1000);
    receive_bytes(w, packet, sizeof(packet));
}

static void reply_well(struct world *w)
{
    unsigned before = w->samples;
    struct wire_header header = answer(w);
    receive(w, &header);
    ck_assert_uint_eq(w->samples, before + 1);
}

static void kiss(struct world *w, const char *code, int8_t poll)
{
    struct wire_header header = answer(w);
    header.leap = 3;
    header.stratum = 0;
    header.poll = poll;
    header.refid = (uint32_t)code[0] << 24 | (uint32_t)code[1] << 16 | (uint32_t)code[2] << 8 |
                   (uint32_t)code[3];
    receive(w, &header);
    ck_assert_uint_eq(w->reason, GN_REASON_KISS);
    ck_assert_ptr_nonnull(strstr(w->text, code));
}

/* ---------------------------------------------------------------- asking */

START_TEST(a_reply_makes_a_sample)
{
    struct world w = new_world(false);
    ck_assert(w.socket);
    sent_by(&w, 30000, GN_STAMP_KERNEL);
    reply_well(&w);
    ck_assert_int_eq(w.sample.exchange.t1.ns, w.sent_at.ns + 30000);
    ck_assert_int_eq(w.sample.utc.ns - w.sample.local.ns, OFFSET_NS - 15000);
    ck_assert(!w.socket);
    ck_assert_double_eq(next_request_s(&w), 64);
    ck_assert_uint_eq(w.faults, 0);
}
END_TEST

START_TEST(a_stamp_of_another_request_is_not_taken)
{
    struct world w = new_world(false);
    struct client_event event = event_of(&w, CLIENT_SENT);
    event.tag = w.client.tag - 1;
    event.when = gn_local_add(w.sent_at, 500000);
    event.stamp = GN_STAMP_HARDWARE;
    step(&w, event);
    reply_well(&w);
    ck_assert_int_eq(w.sample.exchange.t1.ns, w.sent_at.ns);
}
END_TEST

START_TEST(requests_differ_in_their_random_number_alone)
{
    struct world w = new_world(false);
    uint8_t seen[50][WIRE_HEADER_SIZE];
    for (int i = 0; i < 50; i++) {
        memcpy(seen[i], w.request, WIRE_HEADER_SIZE);
        for (int j = 0; j < i; j++) {
            ck_assert_mem_eq(seen[i], seen[j], WIRE_TRANSMIT_OFFSET);
            ck_assert_mem_ne(seen[i] + WIRE_TRANSMIT_OFFSET, seen[j] + WIRE_TRANSMIT_OFFSET, 8);
        }
        if (i % 3 != 2)
            reply_well(&w);
        next_request_s(&w);
    }
    ck_assert_uint_eq(w.opens, w.sends);
    ck_assert_uint_eq(w.closes, w.opens - 1); /* the last is still out */
}
END_TEST

START_TEST(the_poll_interval_is_the_cores)
{
    struct world w = new_world(false);
    const double polls[] = {64, 100, 1024, 17.5, 0.25, 2};
    for (size_t i = 0; i < sizeof(polls) / sizeof(*polls); i++) {
        w.poll_s = polls[i];
        reply_well(&w);
        ck_assert_double_eq_tol(next_request_s(&w), polls[i], 1e-9);
    }
}
END_TEST

START_TEST(polls_are_spread_forwards)
{
    struct world w = new_world(false);
    reply_well(&w);
    w.spread = UINT32_MAX;
    next_request_s(&w);
    reply_well(&w);
    ck_assert_double_eq_tol(next_request_s(&w), 66, 1e-6);
}
END_TEST

START_TEST(nonsense_intervals_are_survived)
{
    const double polls[] = {0, -1, NAN, INFINITY, 1e300, -INFINITY};
    for (size_t i = 0; i < sizeof(polls) / sizeof(*polls); i++) {
        struct world w = new_world(false);
        w.poll_s = w.min_s = w.max_s = polls[i];
        reply_well(&w);
        double wait_s = next_request_s(&w);
        ck_assert_double_ge(wait_s, 64);
        ck_assert_double_le(wait_s, 131072);
    }
}
END_TEST

/* ---------------------------------------------------------------- iburst */

START_TEST(iburst_is_four_requests_two_seconds_apart)
{
    struct world w = new_world(true);
    for (int i = 0; i < 3; i++) {
        reply_well(&w);
        ck_assert_double_eq(next_request_s(&w), 2);
    }
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

START_TEST(a_lost_reply_prolongs_the_burst)
{
    struct world w = new_world(true);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 2);
    ck_assert_double_eq(next_request_s(&w), 2); /* no reply to the second */
    for (int i = 0; i < 2; i++) {
        reply_well(&w);
        ck_assert_double_eq(next_request_s(&w), 2);
    }
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

START_TEST(a_burst_ends_and_backs_off)
{
    struct world w = new_world(true);
    for (int i = 1; i < CLIENT_BURST_REQUESTS; i++)
        ck_assert_double_eq(next_request_s(&w), 2);
    double wait_s = 4;
    for (int i = 0; i < 12; i++) {
        ck_assert_double_eq(next_request_s(&w), wait_s);
        wait_s = wait_s * 2 < 1024 ? wait_s * 2 : 1024;
    }
    reply_well(&w); /* was unreachable: a burst of the rest */
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq(next_request_s(&w), 2);
        reply_well(&w);
    }
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

START_TEST(a_server_that_is_not_ready_is_asked_again_soon)
{
    struct world w = new_world(true);
    double asked_s = 0;
    while (asked_s < 40) {
        struct wire_header header = answer(&w);
        header.leap = 3;
        header.stratum = 0;
        header.refid = 0;
        receive(&w, &header);
        ck_assert_uint_eq(w.reason, GN_REASON_UNSYNCHRONISED);
        double wait_s = next_request_s(&w);
        ck_assert_double_le(wait_s, 16);
        asked_s += wait_s;
    }
    ck_assert_uint_eq(w.given_up, 0);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

START_TEST(a_burst_is_not_slower_than_the_poll)
{
    struct world w = new_world(true);
    w.poll_s = 0.5;
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 0.5);
}
END_TEST

/* ---------------------------------------------------------------- no reply */

START_TEST(silence_is_explained_after_three)
{
    struct world w = new_world(false);
    reply_well(&w);
    next_request_s(&w);
    next_request_s(&w);
    next_request_s(&w);
    ck_assert_uint_eq(w.faults, 0); /* two are lost now and then */
    next_request_s(&w);
    ck_assert_uint_eq(w.faults, 1);
    ck_assert_uint_eq(w.reason, GN_REASON_NO_REPLY);
    ck_assert_ptr_nonnull(strstr(w.text, "3 requests"));
    reply_well(&w);
    next_request_s(&w);
    next_request_s(&w);
    ck_assert_uint_eq(w.faults, 1);
}
END_TEST

START_TEST(a_silent_server_is_asked_less_and_given_up)
{
    struct world w = new_world(false);
    reply_well(&w);
    next_request_s(&w);
    for (unsigned i = 1; i <= CLIENT_UNREACHABLE; i++) {
        ck_assert_uint_eq(w.given_up, 0);
        ck_assert_double_eq(next_request_s(&w), 64);
    }
    ck_assert_uint_eq(w.given_up, 1);
    double wait_s = 128;
    for (int i = 0; i < 8; i++) {
        ck_assert_double_eq(next_request_s(&w), wait_s);
        wait_s = wait_s * 2 < 1024 ? wait_s * 2 : 1024;
    }
    ck_assert_uint_eq(w.given_up, 2);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

START_TEST(the_socket_is_closed_at_the_time_out)
{
    struct world w = new_world(false);
    fire(&w);
    ck_assert_int_eq(w.now.ns - w.sent_at.ns, CLIENT_REPLY_TIMEOUT_NS);
    ck_assert(!w.socket);
    struct wire_header late = answer(&w);
    receive(&w, &late);
    ck_assert_uint_eq(w.samples, 0);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_LATE], 1);
}
END_TEST

START_TEST(a_refusal_is_told_at_once)
{
    struct world w = new_world(true);
    struct client_event event = event_of(&w, CLIENT_NETWORK_ERROR);
    event.error = -ECONNREFUSED;
    step(&w, event);
    ck_assert_uint_eq(w.reason, GN_REASON_REFUSED);
    ck_assert_uint_eq(w.given_up, 1);
    ck_assert(!w.socket);
    step(&w, event); /* no request is out */
    ck_assert_uint_eq(w.faults, 1);
    ck_assert_double_eq(next_request_s(&w), 2);
    reply_well(&w);
    for (unsigned i = 1; i <= 3; i++) { /* one that has answered is not given up for one refusal */
        next_request_s(&w);
        event.now = w.now;
        step(&w, event);
        ck_assert_uint_eq(w.given_up, i < 3 ? 1 : 2);
    }
}
END_TEST

START_TEST(what_cannot_leave_is_tried_again)
{
    struct world w = {.now = {START_NS}, .poll_s = 64, .min_s = 64, .max_s = 1024, .chance = 7};
    struct client_config config = {.version = 4};
    client_init(&w.client, &config);
    start_after(&w, 1);
    const double waits[] = {2, 4, 8, 16, 32, 64, 64};
    for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
        w.armed = false;
        w.now = w.due;
        simple(&w, CLIENT_TIMER);
        struct client_event event = event_of(&w, CLIENT_SEND_FAILED);
        event.error = -ENETUNREACH;
        step(&w, event);
        ck_assert_uint_eq(w.reason, GN_REASON_SEND_FAILED);
        ck_assert_ptr_nonnull(strstr(w.text, strerror(ENETUNREACH)));
        ck_assert(w.last.give_up);
        ck_assert_double_eq(gn_seconds(w.last.delay_ns), waits[i]);
    }
    fire(&w); /* the network is back, the server is not */
    ck_assert_double_eq(next_request_s(&w), 64);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

/* ---------------------------------------------------------------- bad replies */

START_TEST(forgeries_do_not_keep_the_reply_out)
{
    struct world w = new_world(false);
    for (int i = 0; i < 1000; i++) {
        struct wire_header forged = answer(&w);
        forged.origin.raw = chance(&w);
        receive(&w, &forged);
    }
    ck_assert(w.socket);
    ck_assert_uint_eq(w.faults, 0);
    reply_well(&w);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_ORIGIN], 1000);
    ck_assert_uint_eq(w.client.counters.received, 1001);
}
END_TEST

START_TEST(only_forgeries_are_explained)
{
    struct world w = new_world(false);
    struct wire_header forged = answer(&w);
    forged.origin.raw++;
    receive(&w, &forged);
    fire(&w);
    ck_assert_uint_eq(w.reason, GN_REASON_BAD_REPLY);
    ck_assert_ptr_nonnull(strstr(w.text, "bogus-origin"));
}
END_TEST

START_TEST(the_first_reply_wins)
{
    struct world w = new_world(false);
    struct wire_header header = answer(&w);
    reply_well(&w);
    receive(&w, &header);
    ck_assert_uint_eq(w.samples, 1);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_DUPLICATE], 1);
    ck_assert(!w.last.arm && !w.last.close);
}
END_TEST

START_TEST(a_loop_is_named)
{
    struct world w = new_world(false);
    struct wire_header header = answer(&w);
    uint8_t packet[WIRE_HEADER_SIZE];
    header.refid = 0xc0000209;
    wire_pack(&header, packet);
    w.now = gn_local_add(w.now, 2 * PATH_NS + 1000);
    struct client_event event = event_of(&w, CLIENT_RECEIVE);
    event.reply = (struct exchange_reply){
        .data = packet,
        .size = sizeof(packet),
        .t4 = w.now,
        .local = {.family = GN_FAMILY_IPV4, .ip = {192, 0, 2, 9}},
        .pivot = {w.now.ns},
        .precision_log2s = -24,
    };
    step(&w, event);
    ck_assert_uint_eq(w.reason, GN_REASON_LOOP);
    ck_assert_uint_eq(w.samples, 0);
}
END_TEST

START_TEST(a_kiss_code_is_told_with_unsynchronised)
{
    struct world w = new_world(false);
    struct wire_header header = answer(&w);
    header.leap = 3;
    header.stratum = 0;
    header.refid = 0x494e4954;
    receive(&w, &header);
    ck_assert_uint_eq(w.reason, GN_REASON_UNSYNCHRONISED);
    ck_assert_ptr_nonnull(strstr(w.text, "INIT"));
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

/* ---------------------------------------------------------------- kiss of death */

START_TEST(rate_slows_down_at_once_and_for_good)
{
    struct world w = new_world(true);
    kiss(&w, "RATE", 0);
    ck_assert_double_eq(next_request_s(&w), 128); /* ends the burst, too */
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 128);
    kiss(&w, "RATE", 0);
    ck_assert_double_eq(next_request_s(&w), 256);
    kiss(&w, "RATE", 10); /* the server names its interval */
    ck_assert_double_eq(next_request_s(&w), 1024);
    kiss(&w, "RATE", 127); /* nobody means that */
    ck_assert_double_eq(next_request_s(&w), 2048);
    for (int i = 0; i < 20; i++) {
        kiss(&w, "RATE", -5);
        ck_assert_double_le(next_request_s(&w), 131072);
    }
    ck_assert_uint_eq(w.given_up, 0);
    w.poll_s = 200000; /* the core's wish, where it is slower still */
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 131072);
}
END_TEST

START_TEST(deny_and_rstr_are_obeyed_for_a_day)
{
    const char *const codes[] = {"DENY", "RSTR"};
    struct world w = new_world(true);
    kiss(&w, codes[_i], 0);
    ck_assert_uint_eq(w.given_up, 1); /* another address may do */
    ck_assert_double_eq(next_request_s(&w), 24 * 3600);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

START_TEST(a_kiss_must_answer_our_request)
{
    struct world w = new_world(false);
    struct wire_header header = answer(&w);
    header.leap = 3;
    header.stratum = 0;
    header.refid = 0x44454e59;
    header.origin.raw ^= 1;
    receive(&w, &header);
    ck_assert_uint_eq(w.faults, 0);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

/* ---------------------------------------------------------------- start */

START_TEST(a_new_address_starts_afresh)
{
    struct world w = new_world(true);
    kiss(&w, "DENY", 0);
    start_after(&w, S(2));
    ck_assert_int_eq(w.due.ns - w.now.ns, S(2));
    fire(&w);
    ck_assert_uint_eq(w.sends, 2);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 2);
    uint8_t old[WIRE_HEADER_SIZE];
    memcpy(old, w.request, sizeof(old));
    struct wire_header reply_of_the_old = answer(&w);
    start_after(&w, 0);
    ck_assert(!w.last.send); /* the timer's event brings the random number */
    fire(&w);
    ck_assert_mem_ne(old, w.request, sizeof(old));
    receive(&w, &reply_of_the_old);
    ck_assert_uint_eq(w.samples, 1);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_ORIGIN], 1);
}
END_TEST

START_TEST(nothing_happens_before_the_start)
{
    struct world w = {.now = {START_NS}, .poll_s = 64, .min_s = 64, .max_s = 1024};
    struct client_config config = {.version = 3};
    client_init(&w.client, &config);
    const enum client_event_kind kinds[] = {CLIENT_TIMER, CLIENT_SENT, CLIENT_SEND_FAILED,
                                            CLIENT_NETWORK_ERROR};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        simple(&w, kinds[i]);
        ck_assert(!w.last.send && !w.last.arm && !w.last.fault && !w.last.close);
    }
    receive_bytes(&w, "x", 1);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_LENGTH], 1);
    ck_assert(!w.last.arm);
}
END_TEST

/* ---------------------------------------------------------------- storms */

static void noise(struct world *w)
{
    uint8_t data[1500];
    size_t size = chance(w) % sizeof(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)chance(w);
    if (size > 32 && chance(w) % 2 == 0) {
        data[0] = 0x24;
        memcpy(data + 24, w->request + WIRE_TRANSMIT_OFFSET, 8);
    }
    receive_bytes(w, data, size);
}

/* Whatever happens in whatever order: a timer runs, there is one socket at most, requests never
 * come faster than 2 s, and all received is counted. */
START_TEST(storms_are_weathered)
{
    struct world w = new_world(_i % 2 == 0);
    w.chance = (uint64_t)_i * 977 + 1;
    unsigned received = 0;
    for (int i = 0; i < 3000; i++) {
        gn_local last = w.sent_at;
        unsigned sends = w.sends;
        w.now = gn_local_add(w.now, (int64_t)(chance(&w) % 1000000));
        if (w.now.ns > w.due.ns)
            w.now = w.due;
        switch (chance(&w) % 8) {
        case 0:
        case 1:
            fire(&w);
            break;
        case 2:
            if (w.socket) {
                struct wire_header header = answer(&w);
                receive(&w, &header);
                received++;
            }
            break;
        case 3: {
            struct client_event event = event_of(&w, CLIENT_NETWORK_ERROR);
            event.error = chance(&w) % 2 == 0 ? -ECONNREFUSED : -EHOSTUNREACH;
            step(&w, event);
            break;
        }
        case 4: {
            struct client_event event = event_of(&w, CLIENT_SEND_FAILED);
            event.error = -ENETUNREACH;
            step(&w, event);
            break;
        }
        case 5:
            sent_by(&w, (int64_t)(chance(&w) % 100000), (enum gn_stamp)(chance(&w) % 3));
            break;
        default:
            noise(&w);
            received++;
        }
        ck_assert(w.armed);
        ck_assert_int_ge(w.due.ns, w.now.ns);
        ck_assert_uint_ge(w.opens, w.closes);
        ck_assert_uint_le(w.opens - w.closes, 1);
        if (w.sends > sends)
            ck_assert_int_ge(gn_local_sub(w.sent_at, last), S(2));
    }
    ck_assert_uint_eq(w.client.counters.received, received);
    uint64_t sum = 0;
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        sum += w.client.counters.verdicts[i];
    ck_assert_uint_eq(sum, received);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_OK], w.samples);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_client");
    TCase *tcase = tcase_create("client");
    tcase_add_test(tcase, a_reply_makes_a_sample);
    tcase_add_test(tcase, a_stamp_of_another_request_is_not_taken);
    tcase_add_test(tcase, requests_differ_in_their_random_number_alone);
    tcase_add_test(tcase, the_poll_interval_is_the_cores);
    tcase_add_test(tcase, polls_are_spread_forwards);
    tcase_add_test(tcase, nonsense_intervals_are_survived);
    tcase_add_test(tcase, iburst_is_four_requests_two_seconds_apart);
    tcase_add_test(tcase, a_lost_reply_prolongs_the_burst);
    tcase_add_test(tcase, a_burst_ends_and_backs_off);
    tcase_add_test(tcase, a_server_that_is_not_ready_is_asked_again_soon);
    tcase_add_test(tcase, a_burst_is_not_slower_than_the_poll);
    tcase_add_test(tcase, silence_is_explained_after_three);
    tcase_add_test(tcase, a_silent_server_is_asked_less_and_given_up);
    tcase_add_test(tcase, the_socket_is_closed_at_the_time_out);
    tcase_add_test(tcase, a_refusal_is_told_at_once);
    tcase_add_test(tcase, what_cannot_leave_is_tried_again);
    tcase_add_test(tcase, forgeries_do_not_keep_the_reply_out);
    tcase_add_test(tcase, only_forgeries_are_explained);
    tcase_add_test(tcase, the_first_reply_wins);
    tcase_add_test(tcase, a_loop_is_named);
    tcase_add_test(tcase, a_kiss_code_is_told_with_unsynchronised);
    tcase_add_test(tcase, rate_slows_down_at_once_and_for_good);
    tcase_add_loop_test(tcase, deny_and_rstr_are_obeyed_for_a_day, 0, 2);
    tcase_add_test(tcase, a_kiss_must_answer_our_request);
    tcase_add_test(tcase, a_new_address_starts_afresh);
    tcase_add_test(tcase, nothing_happens_before_the_start);
    tcase_add_loop_test(tcase, storms_are_weathered, 0, 50);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
