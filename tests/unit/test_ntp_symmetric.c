/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <plugins/proto-ntp/address.h>
#include <plugins/proto-ntp/symmetric.h>
#include <stdlib.h>
#include <string.h>

/* Two associations that talk to each other under virtual time, and a forger. */

#define NOW_NS (INT64_C(1800000000) * GN_NS_PER_S)
#define PATH_NS 10000000
#define S(seconds) ((int64_t)((seconds)*1e9))

struct side {
    struct symmetric symmetric;
    struct gn_state state;
    double poll_s, min_s, max_s;
    gn_local due, spoken;
    bool armed, off;
    unsigned sent, polls, samples, faults, given_up;
    double hold_s, shortest_s; /* longest hold of a sample; shortest pause between packets */
    enum gn_reason reason;
    char text[160];
    int error; /* of what is sent; 0 none */
    struct wire_header last;
};

static struct side anna, berta;
static gn_local now;
static uint64_t chance;
static bool cut;

/* On its way: at most one each way, for paths are short. */
static struct {
    bool any;
    struct wire_packet packet;
    gn_local arrives;
} way[2];

static uint64_t draw(void)
{
    chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return chance ^ chance >> 29;
}

static void step(struct side *side, struct symmetric_event event);

static struct symmetric_event event_of(struct side *side, enum symmetric_event_kind kind)
{
    return (struct symmetric_event){
        .kind = kind,
        .now = now,
        .random = draw(),
        .chance = (uint32_t)draw(),
        .state = &side->state,
        .poll_s = side->poll_s,
        .min_poll_s = side->min_s,
        .max_poll_s = side->max_s,
    };
}

static void simple(struct side *side, enum symmetric_event_kind kind)
{
    step(side, event_of(side, kind));
}

static void put_on_way(struct side *side, const struct symmetric_actions *actions)
{
    struct symmetric_event event =
        event_of(side, side->error != 0 ? SYMMETRIC_SEND_FAILED : SYMMETRIC_SENT);
    int to = side == &anna;
    side->polls += actions->poll;
    double pause_s = gn_seconds(gn_local_sub(now, side->spoken));
    if (side->sent++ > 0 && pause_s < side->shortest_s)
        side->shortest_s = pause_s;
    side->spoken = now;
    wire_unpack(actions->packet.bytes, actions->packet.size, &side->last);
    if (!cut && side->error == 0) {
        ck_assert(!way[to].any);
        way[to].any = true;
        way[to].packet = actions->packet;
        way[to].arrives = gn_local_add(now, PATH_NS);
    }
    event.tag = actions->tag;
    event.when = now;
    event.stamp = GN_STAMP_HARDWARE;
    event.error = side->error;
    step(side, event);
}

static void step(struct side *side, struct symmetric_event event)
{
    struct symmetric_actions actions;
    symmetric_step(&side->symmetric, &event, &actions);
    if (actions.submit) {
        side->samples++;
        ck_assert_double_lt(fabs(gn_sample_offset_s(&actions.sample)), 1e-4);
        ck_assert_double_lt(fabs(actions.sample.delay_s - 2e-9 * PATH_NS), 1e-5);
    }
    if (actions.fault) {
        side->faults++;
        side->reason = actions.reason;
        memcpy(side->text, actions.text, sizeof(side->text));
    }
    if (actions.arm) {
        ck_assert_int_ge(actions.delay_ns, 0);
        side->armed = true;
        side->due = gn_local_add(now, actions.delay_ns);
    }
    if (actions.submit && !actions.send)
        simple(side, SYMMETRIC_TAKEN);
    if (actions.send)
        put_on_way(side, &actions);
    side->given_up += actions.give_up;
}

static void hear(struct side *side, const struct wire_packet *packet)
{
    struct symmetric_event event = event_of(side, SYMMETRIC_RECEIVE);
    struct wire_header header;
    unsigned before = side->samples;
    event.packet = (struct exchange_reply){
        .data = packet->bytes,
        .size = packet->size,
        .t4 = now,
        .stamp = GN_STAMP_HARDWARE,
        .pivot = {now.ns},
        .precision_log2s = -24,
    };
    address_parse(side == &anna ? "192.0.2.1" : "192.0.2.2", &event.packet.local);
    step(side, event);
    wire_unpack(packet->bytes, packet->size, &header);
    double hold_s = gn_seconds(wire_stamp_sub(header.transmit, header.receive));
    if (side->samples > before && hold_s > side->hold_s)
        side->hold_s = hold_s;
}

static bool next_is(gn_local *next, gn_local when)
{
    if (when.ns > next->ns)
        return false;
    *next = when;
    return true;
}

/* Live for so long. */
static void run(double seconds)
{
    gn_local end = gn_local_add(now, S(seconds));
    for (;;) {
        gn_local next = end;
        int what = 0;
        what = anna.armed && !anna.off && next_is(&next, anna.due) ? 1 : what;
        what = berta.armed && !berta.off && next_is(&next, berta.due) ? 2 : what;
        what = way[0].any && next_is(&next, way[0].arrives) ? 3 : what;
        what = way[1].any && next_is(&next, way[1].arrives) ? 4 : what;
        now = next;
        if (what == 0)
            return;
        struct side *side = what == 1 || what == 3 ? &anna : &berta;
        if (what < 3) {
            side->armed = false;
            simple(side, SYMMETRIC_TIMER);
            continue;
        }
        way[what - 3].any = false;
        if (!side->off)
            hear(side, &way[what - 3].packet);
    }
}

static void start(struct side *side)
{
    struct symmetric_config config = {.version = 4};
    symmetric_init(&side->symmetric, &config);
    simple(side, SYMMETRIC_START);
}

static struct side new_side(uint8_t stratum)
{
    struct side side = {.poll_s = 64, .min_s = 64, .max_s = 1024, .shortest_s = HUGE_VAL};
    side.state = (struct gn_state){
        .size = sizeof(side.state),
        .stratum = stratum,
        .leap = stratum < 16 ? GN_LEAP_NORMAL : GN_LEAP_UNSYNCHRONISED,
        .precision_log2s = -24,
        .refid = 0xc0000263,
        .at = {NOW_NS},
        .utc = {NOW_NS},
        .error_bound_rate = 1e-8,
    };
    return side;
}

static void set_up(void)
{
    now = (gn_local){NOW_NS};
    chance = 11;
    cut = false;
    memset(way, 0, sizeof(way));
    anna = new_side(2);
    berta = new_side(3);
}

static void talk(void)
{
    start(&anna);
    run(20);
    start(&berta);
    run(600);
    ck_assert_uint_gt(anna.samples, 5);
    ck_assert_uint_gt(berta.samples, 5);
    anna.sent = anna.samples = berta.sent = berta.samples = 0;
    anna.polls = anna.faults = berta.polls = berta.faults = 0;
    anna.hold_s = berta.hold_s = 0;
    anna.shortest_s = berta.shortest_s = HUGE_VAL;
}

/* ---------------------------------------------------------------- between two */

START_TEST(both_measure_each_other)
{
    talk();
    run(64 * 20);
    ck_assert_uint_ge(anna.samples, 18);
    ck_assert_uint_ge(berta.samples, 18);
    ck_assert_uint_le(anna.sent, 21);
    ck_assert_uint_le(berta.sent, 21);
    ck_assert_uint_eq(anna.symmetric.counters.verdicts[VERDICT_ORIGIN], 0);
    ck_assert_uint_ge(anna.polls, 19);
    ck_assert_uint_eq(anna.faults + berta.faults, 0);
}
END_TEST

START_TEST(who_has_the_better_time_answers_at_once)
{
    talk();
    run(64 * 20);
    ck_assert_double_lt(berta.hold_s, 0.001);
    ck_assert_double_gt(anna.hold_s, 50);
    anna.state.stratum = 4; /* now berta has it */
    run(200);
    anna.hold_s = berta.hold_s = 0;
    run(64 * 20);
    ck_assert_double_lt(anna.hold_s, 0.001);
}
END_TEST

START_TEST(equals_wait_for_their_turn)
{
    berta.state.stratum = 2;
    talk();
    run(64 * 20);
    ck_assert_uint_ge(anna.samples, 18);
    ck_assert_uint_ge(berta.samples, 18);
    ck_assert_double_gt(anna.shortest_s, 60);
    ck_assert_double_gt(berta.shortest_s, 60);
}
END_TEST

START_TEST(the_shorter_interval_counts)
{
    anna.poll_s = 1000;
    anna.max_s = 1024;
    talk();
    run(64 * 20);
    ck_assert_uint_ge(anna.sent, 18);
    ck_assert_int_eq(anna.last.poll, 9); /* what it wants, not what it does */
    ck_assert_int_eq(berta.last.poll, 6);
}
END_TEST

START_TEST(minpoll_is_not_undercut)
{
    talk();
    anna.min_s = anna.poll_s = 256;
    run(600);
    anna.sent = anna.samples = berta.samples = berta.faults = berta.polls = 0;
    run(256 * 20);
    ck_assert_uint_le(anna.sent, 22); /* berta speaks more often, and is not answered each time */
    ck_assert_uint_ge(anna.samples, 16);
    ck_assert_uint_ge(berta.samples, 16);
    ck_assert_uint_eq(berta.faults, 0); /* for it knows */
    ck_assert_uint_le(berta.polls, 24);
    berta.state.stratum = 2;
    run(300);
    anna.shortest_s = HUGE_VAL;
    run(256 * 20);
    ck_assert_double_ge(anna.shortest_s, 255);
}
END_TEST

START_TEST(the_first_sample_comes_soon)
{
    start(&anna);
    start(&berta);
    run(10);
    ck_assert_uint_ge(berta.samples + anna.samples, 1);
    run(70);
    ck_assert_uint_ge(berta.samples, 1);
    ck_assert_uint_ge(anna.samples, 1);
}
END_TEST

START_TEST(a_burst_ends_after_four_samples)
{
    berta.state.leap = GN_LEAP_UNSYNCHRONISED; /* to whom each is answered */
    start(&anna);
    run(200);
    struct symmetric_config config = {.version = 4, .iburst = true};
    symmetric_init(&berta.symmetric, &config);
    simple(&berta, SYMMETRIC_START);
    run(20);
    ck_assert_uint_eq(berta.samples, 4);
    ck_assert_uint_le(berta.sent, 8);
    ck_assert_double_gt(berta.shortest_s, 1.9);
    run(600);
    ck_assert_uint_le(berta.sent, 18);
    simple(&berta, SYMMETRIC_BURST);
    run(20);
    ck_assert_uint_ge(berta.samples, 16);
}
END_TEST

START_TEST(a_restart_costs_two_intervals)
{
    talk();
    struct side *side = _i == 0 ? &anna : &berta;
    run(30);
    unsigned sent = side->sent;
    start(side);
    side->samples = 0;
    run(140);
    ck_assert_uint_ge(side->samples, 1);
    ck_assert_uint_ge(side->sent, sent + 1);
    anna.samples = berta.samples = 0;
    run(64 * 10);
    ck_assert_uint_ge(anna.samples, 8);
    ck_assert_uint_ge(berta.samples, 8);
}
END_TEST

/* ---------------------------------------------------------------- the forger */

static void forge(struct side *side, const struct side *as)
{
    struct wire_header header = as->last;
    struct wire_packet packet = {.size = WIRE_HEADER_SIZE};
    header.transmit = wire_stamp_from_utc((gn_utc){now.ns + (int64_t)(draw() % 1000000)});
    header.receive = header.transmit;
    header.origin.raw =
        draw() % 2 == 0 ? 0 : (side->last.transmit.raw & ~UINT64_C(0xff)) | (draw() & 0xff);
    if (header.origin.raw == side->last.transmit.raw)
        header.origin.raw ^= 1;
    header.poll = (int8_t)draw();
    header.stratum = (uint8_t)(draw() % 20);
    header.refid = (uint32_t)draw();
    wire_pack(&header, packet.bytes);
    hear(side, &packet);
}

START_TEST(a_forger_does_not_come_between_two)
{
    talk();
    for (unsigned i = 0; i < 64 * 40; i++) { /* one to each every second */
        run(1);
        cut = i / 64 % 6 == 3; /* and now and then what passes within a minute is lost */
        forge(&anna, &berta);
        forge(&berta, &anna);
    }
    cut = false;
    ck_assert_uint_ge(anna.samples, 12);
    ck_assert_uint_ge(berta.samples, 12);
    ck_assert_uint_gt(anna.symmetric.counters.verdicts[VERDICT_ORIGIN], 1000);
    ck_assert_double_ge(anna.shortest_s, 1.9); /* it makes nobody talkative */
    ck_assert_uint_le(anna.sent, 200);         /* without the other more often, but not much */
    ck_assert_uint_le(berta.sent, 200);
    run(130); /* and leaves nothing behind */
    anna.samples = berta.samples = 0;
    run(64 * 10);
    ck_assert_uint_ge(anna.samples, 8);
    ck_assert_uint_ge(berta.samples, 8);
}
END_TEST

START_TEST(a_forger_without_losses_costs_nothing)
{
    talk();
    for (unsigned i = 0; i < 64 * 20 * 4; i++) {
        run(0.25);
        forge(&anna, &berta);
        forge(&berta, &anna);
    }
    ck_assert_uint_ge(berta.samples, 18);
    ck_assert_uint_ge(anna.samples, 18);
    ck_assert_uint_le(anna.sent, 45);
    ck_assert_uint_le(berta.sent, 45);
}
END_TEST

/* ---------------------------------------------------------------- alone */

START_TEST(silence_is_told_and_another_address_wanted)
{
    start(&anna);
    run(64 * 4.5);
    ck_assert_int_eq(anna.reason, GN_REASON_NO_REPLY);
    ck_assert_uint_eq(anna.given_up, 0);
    run(64 * 5);
    ck_assert_uint_eq(anna.given_up, 1);
    unsigned sent = anna.sent;
    run(1100 * 8);
    ck_assert_uint_lt(anna.sent, sent + 14); /* ever more rarely */
    start(&berta);
    run(100);
    ck_assert_uint_ge(anna.samples, 1); /* a greeting is answered all the same */
}
END_TEST

START_TEST(what_cannot_leave_is_told)
{
    anna.error = -ENETUNREACH;
    start(&anna);
    run(1);
    ck_assert_int_eq(anna.reason, GN_REASON_SEND_FAILED);
    run(4000);
    ck_assert_uint_ge(anna.given_up, 1);
    anna.error = 0;
    start(&berta);
    run(2500);
    ck_assert_uint_gt(anna.samples, 5);
}
END_TEST

START_TEST(an_unsynchronised_peer_is_told_so)
{
    berta.state.leap = GN_LEAP_UNSYNCHRONISED;
    start(&anna);
    run(5);
    start(&berta);
    run(100);
    berta.hold_s = 0; /* the first was not at once */
    run(200);
    ck_assert_uint_eq(anna.samples, 0);
    ck_assert_int_eq(anna.reason, GN_REASON_UNSYNCHRONISED);
    ck_assert_uint_ge(berta.samples, 4);
    ck_assert_double_lt(berta.hold_s, 0.001);
    ck_assert_uint_eq(anna.given_up, 0);
}
END_TEST

START_TEST(who_follows_us_is_a_loop)
{
    berta.state.refid = 0xc0000201;
    start(&anna);
    start(&berta);
    run(300);
    ck_assert_uint_eq(anna.samples, 0);
    ck_assert_int_eq(anna.reason, GN_REASON_LOOP);
    ck_assert_uint_ge(berta.samples, 4);
}
END_TEST

START_TEST(nothing_happens_before_the_start)
{
    struct symmetric_config config = {.version = 4};
    struct wire_packet packet = {.size = WIRE_HEADER_SIZE, .bytes = {0x21}};
    symmetric_init(&anna.symmetric, &config);
    simple(&anna, SYMMETRIC_TIMER);
    simple(&anna, SYMMETRIC_BURST);
    simple(&anna, SYMMETRIC_TAKEN);
    packet.bytes[WIRE_TRANSMIT_OFFSET] = 1;
    hear(&anna, &packet);
    ck_assert(!anna.armed);
    ck_assert_uint_eq(anna.sent, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("ntp_symmetric");
    TCase *tests = tcase_create("symmetric");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, both_measure_each_other);
    tcase_add_test(tests, who_has_the_better_time_answers_at_once);
    tcase_add_test(tests, equals_wait_for_their_turn);
    tcase_add_test(tests, the_shorter_interval_counts);
    tcase_add_test(tests, minpoll_is_not_undercut);
    tcase_add_test(tests, the_first_sample_comes_soon);
    tcase_add_test(tests, a_burst_ends_after_four_samples);
    tcase_add_loop_test(tests, a_restart_costs_two_intervals, 0, 2);
    tcase_add_test(tests, a_forger_does_not_come_between_two);
    tcase_add_test(tests, a_forger_without_losses_costs_nothing);
    tcase_add_test(tests, silence_is_told_and_another_address_wanted);
    tcase_add_test(tests, what_cannot_leave_is_told);
    tcase_add_test(tests, an_unsynchronised_peer_is_told_so);
    tcase_add_test(tests, who_follows_us_is_a_loop);
    tcase_add_test(tests, nothing_happens_before_the_start);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
