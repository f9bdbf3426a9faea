/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <plugins/proto-ntp/exchange.h>
#include <stdlib.h>
#include <string.h>

/* RFC 9769, figure 1: the letters t1 … t12 are its instants. The server is 5 s ahead, each way
 * takes 20 ms; it holds a request for 1 ms, and its own reading of the clock (t3', t7') is 300 us
 * before the packet leaves. */
#define OFFSET_NS (5 * GN_NS_PER_S)
#define PATH_NS 20000000
#define HELD_NS 1000000
#define EARLY_NS 300000
#define T1_NS (INT64_C(1800000000) * GN_NS_PER_S)
#define POLL_NS (64 * GN_NS_PER_S)

struct scene {
    struct exchange exchange;
    struct wire_header request, header;
    struct gn_sample sample;
    uint64_t random;
};

/* The instants of the exchange `n`: 0 is that of t1 … t4. */
static gn_local asked_at(int n)
{
    return (gn_local){T1_NS + n * POLL_NS};
}

static gn_utc received_at(int n)
{
    return (gn_utc){asked_at(n).ns + PATH_NS + OFFSET_NS};
}

static gn_utc replied_at(int n)
{
    return (gn_utc){received_at(n).ns + HELD_NS};
}

static gn_local answered_at(int n)
{
    return (gn_local){asked_at(n).ns + 2 * PATH_NS + HELD_NS};
}

static struct ntp_stamp stamp(gn_utc utc)
{
    return wire_stamp_from_utc(utc);
}

static struct ntp_stamp early(int n)
{
    return stamp((gn_utc){replied_at(n).ns - EARLY_NS});
}

static void ask(struct scene *s, int n)
{
    struct wire_packet packet;
    s->random += UINT64_C(0x123456789abcdef1);
    interleave_draw(&s->exchange.interleave, s->random ^ UINT64_C(0x5555555555555555));
    exchange_begin(&s->exchange, s->random, &packet);
    exchange_sent(&s->exchange, asked_at(n), GN_STAMP_KERNEL);
    ck_assert_uint_eq(packet.size, WIRE_HEADER_SIZE);
    wire_unpack(packet.bytes, packet.size, &s->request);
}

static struct scene new_scene(void)
{
    struct scene s = {0};
    exchange_init(&s.exchange, 4);
    interleave_init(&s.exchange.interleave, true);
    return s;
}

static struct wire_header reply_of(struct ntp_stamp origin, struct ntp_stamp receive,
                                   struct ntp_stamp transmit)
{
    return (struct wire_header){
        .version = 4,
        .mode = WIRE_MODE_SERVER,
        .stratum = 2,
        .precision = -23,
        .reference = {receive.raw - (UINT64_C(1) << 32)},
        .origin = origin,
        .receive = receive,
        .transmit = transmit,
    };
}

static enum verdict hear_at(struct scene *s, gn_local t4, const struct wire_header *header)
{
    uint8_t bytes[WIRE_HEADER_SIZE];
    wire_pack(header, bytes);
    struct exchange_reply reply = {
        .data = bytes,
        .size = sizeof(bytes),
        .t4 = t4,
        .stamp = GN_STAMP_KERNEL,
        .pivot = {t4.ns + OFFSET_NS},
        .precision_log2s = -24,
    };
    return exchange_receive(&s->exchange, &reply, &s->header, &s->sample);
}

static enum verdict hear(struct scene *s, int n, const struct wire_header *header)
{
    return hear_at(s, answered_at(n), header);
}

#define ck_assert_verdict(is, wanted)                                                              \
    do {                                                                                           \
        enum verdict is_ = (is);                                                                   \
        ck_assert_msg(is_ == (wanted), "%s instead of %s", verdict_name(is_),                      \
                      verdict_name(wanted));                                                       \
    } while (0)

/* A basic reply to the last request, which was number n. */
static enum verdict hear_basic(struct scene *s, int n)
{
    struct wire_header reply = reply_of(s->request.transmit, stamp(received_at(n)), early(n));
    return hear(s, n, &reply);
}

/* An interleaved one, that tells when the reply `before` left. */
static enum verdict hear_interleaved(struct scene *s, int n, int before)
{
    struct wire_header reply =
        reply_of(s->request.receive, stamp(received_at(n)), stamp(replied_at(before)));
    return hear(s, n, &reply);
}

static void check_sample(const struct scene *s, int n, gn_utc t3)
{
    ck_assert_uint_eq(s->sample.size, sizeof(s->sample));
    ck_assert_int_eq(s->sample.exchange.t1.ns, asked_at(n).ns);
    ck_assert_int_eq(s->sample.exchange.t2.ns, received_at(n).ns);
    ck_assert_int_eq(s->sample.exchange.t3.ns, t3.ns);
    ck_assert_int_eq(s->sample.exchange.t4.ns, answered_at(n).ns);
    ck_assert_int_eq(s->sample.local.ns, answered_at(n).ns);
}

/* ---------------------------------------------------------------- the figure */

START_TEST(the_first_exchange_is_basic)
{
    struct scene s = new_scene();
    ask(&s, 0);
    ck_assert(s.request.origin.raw == 0 && s.request.receive.raw == 0);
    ck_assert_verdict(hear_basic(&s, 0), VERDICT_OK);
    check_sample(&s, 0, (gn_utc){replied_at(0).ns - EARLY_NS});
    ck_assert(!s.exchange.interleaved);
}
END_TEST

START_TEST(the_second_request_names_the_first_reply)
{
    struct scene s = new_scene();
    ask(&s, 0);
    ck_assert_verdict(hear_basic(&s, 0), VERDICT_OK);
    ask(&s, 1);
    ck_assert(s.request.origin.raw == stamp(received_at(0)).raw); /* t2 */
    ck_assert(s.request.receive.raw == (s.random ^ UINT64_C(0x5555555555555555)));
    ck_assert(s.request.transmit.raw == s.random); /* both random: nothing of t1 and t4 */
    ck_assert(interleave_is_vain(&s.exchange.interleave));
    ck_assert_verdict(hear_interleaved(&s, 1, 0), VERDICT_OK);
    ck_assert_uint_eq(s.sample.size, 0); /* this exchange's sample is taken */
    ck_assert(s.exchange.interleaved);
}
END_TEST

static struct scene after_two(void)
{
    struct scene s = new_scene();
    ask(&s, 0);
    ck_assert_verdict(hear_basic(&s, 0), VERDICT_OK);
    ask(&s, 1);
    ck_assert_verdict(hear_interleaved(&s, 1, 0), VERDICT_OK);
    return s;
}

START_TEST(the_third_reply_completes_the_second_exchange)
{
    struct scene s = after_two();
    ask(&s, 2);
    ck_assert(s.request.origin.raw == stamp(received_at(1)).raw); /* t6 */
    ck_assert(!interleave_is_vain(&s.exchange.interleave));
    ck_assert_verdict(hear_interleaved(&s, 2, 1), VERDICT_OK);
    check_sample(&s, 1, replied_at(1)); /* t5 … t8, with t7 and not t7' */
    ck_assert_double_eq_tol(s.sample.delay_s, 2e-9 * PATH_NS, 1e-9);
    ck_assert_int_eq(s.sample.utc.ns, answered_at(1).ns + OFFSET_NS);
}
END_TEST

/* The figure's end: the server had to drop t6 and t7. */
START_TEST(the_third_reply_may_be_basic)
{
    struct scene s = after_two();
    ask(&s, 2);
    ck_assert_verdict(hear_basic(&s, 2), VERDICT_OK);
    check_sample(&s, 2, (gn_utc){replied_at(2).ns - EARLY_NS});
    ck_assert(!s.exchange.interleaved);
    ask(&s, 3); /* and goes on as in the beginning */
    ck_assert(s.request.origin.raw == stamp(received_at(2)).raw);
    ck_assert_verdict(hear_interleaved(&s, 3, 2), VERDICT_OK);
    ck_assert_uint_eq(s.sample.size, 0);
}
END_TEST

/* ---------------------------------------------------------------- losses */

START_TEST(a_lost_request_costs_one_poll)
{
    struct scene s = after_two();
    ask(&s, 2);
    struct ntp_stamp origin = s.request.origin;
    ask(&s, 3);
    ck_assert(s.request.origin.raw == origin.raw);
    ck_assert_verdict(hear_interleaved(&s, 3, 1), VERDICT_OK);
    check_sample(&s, 1, replied_at(1));
    ask(&s, 4);
    ck_assert_verdict(hear_interleaved(&s, 4, 3), VERDICT_OK);
    check_sample(&s, 3, replied_at(3));
}
END_TEST

START_TEST(after_four_in_vain_the_request_is_basic)
{
    struct scene s = after_two();
    for (int n = 2; n < 6; n++) {
        ask(&s, n);
        ck_assert(s.request.origin.raw == stamp(received_at(1)).raw);
    }
    ask(&s, 6);
    ck_assert(s.request.origin.raw == 0 && s.request.receive.raw == 0);
    ck_assert_verdict(hear_basic(&s, 6), VERDICT_OK);
    check_sample(&s, 6, (gn_utc){replied_at(6).ns - EARLY_NS});
}
END_TEST

START_TEST(every_third_packet_is_lost)
{
    struct scene s = new_scene();
    bool kept[200] = {0}; /* what the server remembers of its replies */
    int last = -1, samples = 0, packets = 0;
    for (int n = 0; n < 200; n++) {
        ask(&s, n);
        if (++packets % 3 == 0)
            continue;
        bool interleaved = last >= 0 && s.request.origin.raw != 0 && kept[last];
        if (interleaved)
            kept[last] = false;
        kept[n] = true;
        if (++packets % 3 == 0)
            continue;
        ck_assert_verdict(interleaved ? hear_interleaved(&s, n, last) : hear_basic(&s, n),
                          VERDICT_OK);
        samples += s.sample.size != 0;
        if (s.sample.size != 0 && interleaved)
            check_sample(&s, last, replied_at(last));
        last = n;
    }
    ck_assert_int_ge(samples, 66); /* two of three exchanges fail, or come after one that did */
}
END_TEST

/* ---------------------------------------------------------------- what is refused */

START_TEST(guessed_and_repeated_replies_are_refused)
{
    struct scene s = after_two();
    struct interleave before = s.exchange.interleave;
    struct wire_header old =
        reply_of(s.request.receive, stamp(received_at(1)), stamp(replied_at(0)));
    ck_assert_verdict(hear(&s, 1, &old), VERDICT_DUPLICATE);
    ask(&s, 2);
    ck_assert_verdict(hear(&s, 2, &old), VERDICT_ORIGIN); /* the reply to the one before */
    struct wire_header guessed =
        reply_of(s.request.origin, stamp(received_at(2)), stamp(replied_at(1)));
    ck_assert_verdict(hear(&s, 2, &guessed), VERDICT_ORIGIN);
    guessed.origin.raw = 0;
    ck_assert_verdict(hear(&s, 2, &guessed), VERDICT_ORIGIN);
    ck_assert_mem_eq(&s.exchange.interleave.last, &before.last, sizeof(before.last));
    ck_assert_verdict(hear_interleaved(&s, 2, 1), VERDICT_OK);
    check_sample(&s, 1, replied_at(1));
}
END_TEST

START_TEST(a_basic_request_gets_no_interleaved_reply)
{
    struct scene s = new_scene();
    ask(&s, 0);
    ck_assert_verdict(hear_interleaved(&s, 0, 0), VERDICT_ORIGIN);
    s.exchange.interleave.cookie.raw = 77; /* drawn, not sent */
    s.request.receive.raw = 77;
    ck_assert_verdict(hear_interleaved(&s, 0, 0), VERDICT_ORIGIN);
}
END_TEST

START_TEST(a_reply_that_left_before_it_was_asked_for_is_refused)
{
    struct scene s = after_two();
    ask(&s, 2);
    ck_assert_verdict(hear_interleaved(&s, 2, 0), VERDICT_ORDER);
    ask(&s, 3); /* nothing was forgotten */
    ck_assert_verdict(hear_interleaved(&s, 3, 1), VERDICT_OK);
    check_sample(&s, 1, replied_at(1));
}
END_TEST

START_TEST(a_reply_that_left_after_the_other_exchange_is_refused)
{
    struct scene s = after_two();
    ask(&s, 2);
    ck_assert_verdict(hear_interleaved(&s, 2, 2), VERDICT_DELAY);
}
END_TEST

START_TEST(a_missing_transmit_stamp_is_missed)
{
    struct scene s = after_two();
    ask(&s, 2);
    struct wire_header reply =
        reply_of(s.request.receive, stamp(received_at(2)), (struct ntp_stamp){0});
    ck_assert_verdict(hear(&s, 2, &reply), VERDICT_STAMPS);
}
END_TEST

/* The reference was set between the two replies: later than the transmit stamp, and right. */
START_TEST(a_reference_newer_than_the_earlier_reply_is_fine)
{
    struct scene s = after_two();
    ask(&s, 2);
    struct wire_header reply =
        reply_of(s.request.receive, stamp(received_at(2)), stamp(replied_at(1)));
    reply.reference = stamp((gn_utc){received_at(2).ns - GN_NS_PER_S});
    ck_assert_verdict(hear(&s, 2, &reply), VERDICT_OK);
    ask(&s, 3);
    reply = reply_of(s.request.receive, stamp(received_at(3)), stamp(replied_at(2)));
    reply.reference = stamp((gn_utc){received_at(3).ns + 2 * GN_NS_PER_S});
    ck_assert_verdict(hear(&s, 3, &reply), VERDICT_REFERENCE);
}
END_TEST

/* ---------------------------------------------------------------- stamps and numbers */

START_TEST(a_stamp_may_come_after_the_reply)
{
    struct scene s = new_scene();
    ask(&s, 0);
    ck_assert_verdict(hear_basic(&s, 0), VERDICT_OK);
    ask(&s, 1);
    s.exchange.t1_stamp = GN_STAMP_USER; /* only our own reading so far */
    s.exchange.t1 = gn_local_add(asked_at(1), -EARLY_NS);
    ck_assert_verdict(hear_interleaved(&s, 1, 0), VERDICT_OK);
    ck_assert(interleave_awaits_stamp(&s.exchange.interleave));
    exchange_sent(&s.exchange, asked_at(1), GN_STAMP_KERNEL);
    ck_assert(!interleave_awaits_stamp(&s.exchange.interleave));
    exchange_sent(&s.exchange, gn_local_add(asked_at(1), 99), GN_STAMP_USER); /* no better */
    ask(&s, 2);
    exchange_sent(&s.exchange, gn_local_add(asked_at(2), 5), GN_STAMP_HARDWARE); /* not t5's */
    ck_assert_verdict(hear_interleaved(&s, 2, 1), VERDICT_OK);
    check_sample(&s, 1, replied_at(1));
}
END_TEST

START_TEST(the_two_numbers_of_a_request_differ)
{
    struct scene s = after_two();
    struct wire_packet packet;
    interleave_draw(&s.exchange.interleave, 4711);
    exchange_begin(&s.exchange, 4711, &packet);
    wire_unpack(packet.bytes, packet.size, &s.request);
    ck_assert(s.request.transmit.raw == 4711 && s.request.receive.raw == 4712);
    interleave_draw(&s.exchange.interleave, 0);
    exchange_begin(&s.exchange, 0, &packet);
    wire_unpack(packet.bytes, packet.size, &s.request);
    ck_assert(s.request.transmit.raw == 1 && s.request.receive.raw == 2);
}
END_TEST

START_TEST(unwanted_it_never_is)
{
    struct scene s = new_scene();
    interleave_init(&s.exchange.interleave, false);
    for (int n = 0; n < 3; n++) {
        ask(&s, n);
        ck_assert(s.request.origin.raw == 0 && s.request.receive.raw == 0);
        ck_assert_verdict(hear_basic(&s, n), VERDICT_OK);
        ck_assert(!interleave_awaits_stamp(&s.exchange.interleave));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_interleave");
    TCase *figure = tcase_create("figure"), *rest = tcase_create("rest");
    tcase_add_test(figure, the_first_exchange_is_basic);
    tcase_add_test(figure, the_second_request_names_the_first_reply);
    tcase_add_test(figure, the_third_reply_completes_the_second_exchange);
    tcase_add_test(figure, the_third_reply_may_be_basic);
    tcase_add_test(figure, a_lost_request_costs_one_poll);
    tcase_add_test(figure, after_four_in_vain_the_request_is_basic);
    tcase_add_test(figure, every_third_packet_is_lost);
    tcase_add_test(rest, guessed_and_repeated_replies_are_refused);
    tcase_add_test(rest, a_basic_request_gets_no_interleaved_reply);
    tcase_add_test(rest, a_reply_that_left_before_it_was_asked_for_is_refused);
    tcase_add_test(rest, a_reply_that_left_after_the_other_exchange_is_refused);
    tcase_add_test(rest, a_missing_transmit_stamp_is_missed);
    tcase_add_test(rest, a_reference_newer_than_the_earlier_reply_is_fine);
    tcase_add_test(rest, a_stamp_may_come_after_the_reply);
    tcase_add_test(rest, the_two_numbers_of_a_request_differ);
    tcase_add_test(rest, unwanted_it_never_is);
    suite_add_tcase(suite, figure);
    suite_add_tcase(suite, rest);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
