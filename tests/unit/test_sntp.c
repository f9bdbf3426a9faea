/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <plugins/proto-sntp/sntp.h>
#include <stdlib.h>
#include <string.h>

/* The scene: a client that polls every 1024 s, and a server 5 s ahead that answers after 40 ms. */
#define NOW_NS (INT64_C(1800000000) * GN_NS_PER_S)
#define OFFSET_NS (5 * GN_NS_PER_S)
#define WAY_NS INT64_C(20000000)
#define POLL_S 1024
#define MIDDLE UINT32_C(0x80000000) /* of all chances: intervals are as they are */

struct scene {
    struct sntp sntp;
    struct sntp_actions last;
    gn_local now;
    struct wire_header request;
    uint64_t random;
};

static void step(struct scene *s, struct sntp_event event)
{
    event.now = s->now;
    event.random = ++s->random;
    event.chance = MIDDLE;
    sntp_step(&s->sntp, &event, &s->last);
    if (s->last.send)
        wire_unpack(s->last.request, sizeof s->last.request, &s->request);
}

static void fire(struct scene *s)
{
    ck_assert(s->last.arm);
    s->now = gn_local_add(s->now, s->last.delay_ns);
    step(s, (struct sntp_event){.kind = SNTP_TIMER});
}

static struct scene asked(void)
{
    struct scene s = {.now = {NOW_NS}, .random = 41};
    sntp_init(&s.sntp, POLL_S * GN_NS_PER_S);
    step(&s, (struct sntp_event){.kind = SNTP_START});
    ck_assert(!s.last.send && s.last.arm);
    ck_assert_int_eq(s.last.delay_ns, 0);
    fire(&s);
    ck_assert(s.last.send);
    return s;
}

static struct wire_header good_reply(const struct scene *s)
{
    gn_utc t2 = {s->now.ns + OFFSET_NS + WAY_NS};
    return (struct wire_header){
        .version = 4,
        .mode = WIRE_MODE_SERVER,
        .stratum = 2,
        .poll = 6,
        .precision = -23,
        .refid = 0xc0000263,
        .reference = wire_stamp_from_utc(gn_utc_add(t2, -60 * GN_NS_PER_S)),
        .origin = s->request.transmit,
        .receive = wire_stamp_from_utc(t2),
        .transmit = wire_stamp_from_utc(t2),
    };
}

static void hear(struct scene *s, const struct wire_header *reply, gn_utc floor)
{
    uint8_t packet[WIRE_HEADER_SIZE];
    wire_pack(reply, packet);
    s->now = gn_local_add(s->now, 2 * WAY_NS);
    step(s, (struct sntp_event){.kind = SNTP_RECEIVE,
                                .data = packet,
                                .size = sizeof packet,
                                .t4 = s->now,
                                .floor = floor,
                                .pivot = {s->now.ns},
                                .precision_log2s = -24});
}

static void hear_and_take(struct scene *s, struct sntp_event taken)
{
    struct wire_header reply = good_reply(s);
    hear(s, &reply, (gn_utc){0});
    ck_assert(s->last.submit && s->last.close && !s->last.fault && !s->last.next);
    struct gn_sample sample = s->last.sample;
    step(s, taken);
    s->last.sample = sample;
}

static void hear_taken(struct scene *s, bool surprised)
{
    hear_and_take(s, (struct sntp_event){.kind = SNTP_TAKEN, .surprised = surprised});
}

static void hear_hurried(struct scene *s, int64_t hurry_ns)
{
    hear_and_take(s, (struct sntp_event){.kind = SNTP_TAKEN, .hurry_ns = hurry_ns});
}

static void hear_good(struct scene *s)
{
    hear_taken(s, false);
}

START_TEST(a_request_reveals_nothing)
{
    static const uint8_t zeros[WIRE_TRANSMIT_OFFSET - 4];
    struct scene s = asked();
    ck_assert(s.request.transmit.raw != 0);
    ck_assert_uint_eq(s.request.mode, WIRE_MODE_CLIENT);
    ck_assert_uint_eq(s.request.version, 4);
    uint8_t packet[WIRE_HEADER_SIZE];
    wire_pack(&s.request, packet);
    ck_assert_mem_eq(packet + 4, zeros, sizeof zeros);
}
END_TEST

START_TEST(a_reply_becomes_a_sample)
{
    struct scene s = asked();
    hear_good(&s);
    ck_assert_int_eq(s.last.sample.utc.ns - s.last.sample.local.ns, OFFSET_NS);
    ck_assert_double_eq_tol(s.last.sample.delay_s, 0.04, 1e-9);
    ck_assert_uint_eq(s.last.sample.stratum, 2);
}
END_TEST

START_TEST(what_counts_is_when_it_left)
{
    struct scene s = asked();
    step(&s, (struct sntp_event){.kind = SNTP_SENT, .when = gn_local_add(s.now, WAY_NS)});
    hear_good(&s);
    ck_assert_double_eq_tol(s.last.sample.delay_s, 0.02, 1e-9);
}
END_TEST

START_TEST(intervals_double_up_to_the_poll)
{
    struct scene s = asked();
    for (int64_t wanted_s = 16; wanted_s < 4 * POLL_S; wanted_s *= 2) {
        hear_good(&s);
        int64_t is_s = s.last.delay_ns / GN_NS_PER_S;
        ck_assert_int_eq(is_s, wanted_s < POLL_S ? wanted_s : POLL_S);
        fire(&s);
        ck_assert(s.last.send);
        step(&s, (struct sntp_event){.kind = SNTP_SENT, .when = s.now});
    }
}
END_TEST

START_TEST(what_nobody_expected_is_asked_again_soon)
{
    struct scene s = asked();
    for (int i = 0; i < 8; i++) {
        hear_good(&s);
        fire(&s);
    }
    hear_taken(&s, true);
    ck_assert_int_eq(s.last.delay_ns, SNTP_FIRST_NS);
    fire(&s);
    hear_good(&s);
    ck_assert_int_eq(s.last.delay_ns, 2 * SNTP_FIRST_NS);
}
END_TEST

START_TEST(who_is_in_a_hurry_gets_four_samples)
{
    struct scene s = asked();
    int64_t intervals_s[5];
    for (int i = 0; i < 5; i++) {
        hear_hurried(&s, 2 * GN_NS_PER_S);
        intervals_s[i] = s.last.delay_ns / GN_NS_PER_S;
        fire(&s);
    }
    ck_assert_int_eq(intervals_s[0], 2);
    ck_assert_int_eq(intervals_s[1], 2);
    ck_assert_int_eq(intervals_s[2], 2);
    ck_assert_int_eq(intervals_s[3], 4); /* and then as ever */
    ck_assert_int_eq(intervals_s[4], 8);
}
END_TEST

START_TEST(chance_spreads_by_a_quarter_at_most)
{
    ck_assert_int_eq(sntp_spread(1000, 0), 750);
    ck_assert_int_eq(sntp_spread(1000, MIDDLE), 1000);
    ck_assert_int_le(sntp_spread(1000, UINT32_MAX), 1250);
    ck_assert_int_ge(sntp_spread(1000, UINT32_MAX), 1249);
}
END_TEST

START_TEST(only_its_own_reply_counts)
{
    struct scene s = asked();
    struct wire_header reply = good_reply(&s);
    reply.origin.raw++;
    hear(&s, &reply, (gn_utc){0});
    ck_assert(!s.last.submit && !s.last.close && !s.last.arm);
    reply = good_reply(&s);
    reply.mode = WIRE_MODE_BROADCAST;
    hear(&s, &reply, (gn_utc){0});
    ck_assert(!s.last.submit && !s.last.close);
    hear_good(&s);
    reply = good_reply(&s); /* it is answered */
    hear(&s, &reply, (gn_utc){0});
    ck_assert(!s.last.submit);
}
END_TEST

START_TEST(silence_is_told_and_leads_to_the_next)
{
    struct scene s = asked();
    fire(&s);
    ck_assert_int_eq(s.last.reason, GN_REASON_NO_REPLY);
    ck_assert(s.last.fault && s.last.next && s.last.denied_ns == 0);
}
END_TEST

START_TEST(one_that_answered_before_has_more_patience)
{
    struct scene s = asked();
    hear_good(&s);
    for (unsigned i = 1; i <= SNTP_LOST; i++) {
        fire(&s);
        ck_assert(s.last.send);
        fire(&s);
        ck_assert_int_eq(s.last.next, i == SNTP_LOST);
    }
}
END_TEST

START_TEST(nobody_listens)
{
    struct scene s = asked();
    step(&s, (struct sntp_event){.kind = SNTP_FAILED, .error = -ECONNREFUSED});
    ck_assert_int_eq(s.last.reason, GN_REASON_REFUSED);
    ck_assert(s.last.next);
}
END_TEST

struct bad {
    const char *what;
    uint8_t leap, stratum;
    bool no_transmit;
    enum gn_reason reason;
};

static const struct bad bads[] = {
    {"leap 3", 3, 2, false, GN_REASON_UNSYNCHRONISED},
    {"stratum 0", 0, 0, false, GN_REASON_UNSYNCHRONISED},
    {"stratum 16", 0, 16, false, GN_REASON_UNSYNCHRONISED},
    {"no transmit time", 0, 2, true, GN_REASON_BAD_REPLY},
};

START_TEST(a_bad_reply_is_never_a_sample)
{
    struct scene s = asked();
    struct wire_header reply = good_reply(&s);
    reply.leap = bads[_i].leap;
    reply.stratum = bads[_i].stratum;
    if (reply.stratum == 0)
        reply.refid = 0;
    if (bads[_i].no_transmit)
        reply.transmit.raw = 0;
    hear(&s, &reply, (gn_utc){0});
    ck_assert_msg(!s.last.submit && s.last.fault, "%s", bads[_i].what);
    ck_assert_int_eq(s.last.reason, bads[_i].reason);
}
END_TEST

START_TEST(a_time_that_is_past_is_refused)
{
    struct scene s = asked();
    struct wire_header reply = good_reply(&s);
    hear(&s, &reply, (gn_utc){NOW_NS + 86400 * GN_NS_PER_S});
    ck_assert(!s.last.submit && s.last.fault);
    ck_assert_int_eq(s.last.reason, GN_REASON_BAD_REPLY);
    ck_assert_ptr_nonnull(strstr(s.last.text, "in the past"));
}
END_TEST

START_TEST(rate_doubles_for_good)
{
    struct scene s = asked();
    hear_good(&s);
    for (int64_t wanted_s = 64; wanted_s <= 256; wanted_s *= 2) {
        fire(&s);
        struct wire_header reply = good_reply(&s);
        reply.stratum = 0;
        reply.refid = 0x52415445;
        hear(&s, &reply, (gn_utc){0});
        ck_assert_int_eq(s.last.reason, GN_REASON_RATE);
        ck_assert(s.last.slow && !s.last.next && !s.last.submit);
        ck_assert_int_eq(s.last.slow_ns / GN_NS_PER_S, wanted_s);
        ck_assert_int_ge(s.last.delay_ns, s.last.slow_ns);
    }
}
END_TEST

START_TEST(rate_before_any_sample_leads_away)
{
    struct scene s = asked();
    struct wire_header reply = good_reply(&s);
    reply.stratum = 0;
    reply.refid = 0x52415445;
    hear(&s, &reply, (gn_utc){0});
    ck_assert_int_eq(s.last.reason, GN_REASON_RATE);
    ck_assert(s.last.next && !s.last.submit);
    ck_assert_int_eq(s.last.denied_ns / GN_NS_PER_S, 32);
}
END_TEST

START_TEST(deny_leads_away)
{
    struct scene s = asked();
    struct wire_header reply = good_reply(&s);
    reply.stratum = 0;
    reply.refid = 0x44454e59;
    hear(&s, &reply, (gn_utc){0});
    ck_assert_int_eq(s.last.reason, GN_REASON_KISS);
    ck_assert(s.last.next && s.last.denied_ns == SNTP_DENIED_NS && !s.last.submit);
}
END_TEST

START_TEST(who_is_stopped_hears_nothing)
{
    struct scene s = asked();
    step(&s, (struct sntp_event){.kind = SNTP_STOP});
    ck_assert(s.last.close && !s.last.arm);
    struct wire_header reply = good_reply(&s);
    hear(&s, &reply, (gn_utc){0});
    ck_assert(!s.last.submit && !s.last.arm);
    step(&s, (struct sntp_event){.kind = SNTP_TIMER});
    ck_assert(!s.last.send);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sntp");
    TCase *tests = tcase_create("sntp");
    tcase_add_test(tests, a_request_reveals_nothing);
    tcase_add_test(tests, a_reply_becomes_a_sample);
    tcase_add_test(tests, what_counts_is_when_it_left);
    tcase_add_test(tests, intervals_double_up_to_the_poll);
    tcase_add_test(tests, what_nobody_expected_is_asked_again_soon);
    tcase_add_test(tests, who_is_in_a_hurry_gets_four_samples);
    tcase_add_test(tests, chance_spreads_by_a_quarter_at_most);
    tcase_add_test(tests, only_its_own_reply_counts);
    tcase_add_test(tests, silence_is_told_and_leads_to_the_next);
    tcase_add_test(tests, one_that_answered_before_has_more_patience);
    tcase_add_test(tests, nobody_listens);
    tcase_add_loop_test(tests, a_bad_reply_is_never_a_sample, 0, sizeof bads / sizeof bads[0]);
    tcase_add_test(tests, a_time_that_is_past_is_refused);
    tcase_add_test(tests, rate_doubles_for_good);
    tcase_add_test(tests, rate_before_any_sample_leads_away);
    tcase_add_test(tests, deny_leads_away);
    tcase_add_test(tests, who_is_stopped_hears_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
