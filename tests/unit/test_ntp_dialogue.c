/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <plugins/proto-ntp/address.h>
#include <plugins/proto-ntp/dialogue.h>
#include <stdlib.h>
#include <string.h>

/* Two peers: ours is behind by a quarter of a second and slow by 50 ppm, and knows it. */

#define NOW_NS (INT64_C(1800000000) * GN_NS_PER_S)
#define BEHIND_NS 250000000
#define SLOW 50e-6
#define PATH_NS 10000000
#define MS 1000000

static struct dialogue dialogue;
static struct gn_state state;
static gn_local now;
static uint64_t chance;
static struct wire_header said;

static void set_up(void)
{
    state = (struct gn_state){
        .size = sizeof(state),
        .stratum = 3,
        .leap = GN_LEAP_NORMAL,
        .precision_log2s = -24,
        .refid = 0xc0000201,
        .at = {NOW_NS},
        .utc = {NOW_NS + BEHIND_NS},
        .frequency = SLOW,
        .root_delay_s = 0.01,
        .error_bound_rate = 1e-7,
    };
    now = (gn_local){NOW_NS};
    chance = 5;
    dialogue_init(&dialogue, 4, NULL);
}

/* The true time, which is the peer's. */
static gn_utc truth(gn_local when)
{
    return gn_state_utc(&state, when);
}

static void pass(int64_t ns)
{
    now = gn_local_add(now, ns);
}

/* We speak. */
static void speak(void)
{
    struct wire_packet packet;
    chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    struct dialogue_self self = {
        .state = &state, .poll_log2s = 6, .random = chance ^ chance >> 31, .now = now};
    dialogue_write(&dialogue, &self, &packet);
    ck_assert_uint_eq(packet.size, WIRE_HEADER_SIZE);
    ck_assert_int_eq(wire_unpack(packet.bytes, packet.size, &said), 0);
    dialogue_stamp(&dialogue, dialogue.tag, now, GN_STAMP_HARDWARE);
}

/* What the peer sends now in answer to `said`, which it held for `held_ns`. */
static struct wire_header answer(int64_t held_ns)
{
    gn_local left = gn_local_add(now, -PATH_NS);
    return (struct wire_header){
        .version = 4,
        .mode = WIRE_MODE_ACTIVE,
        .stratum = 2,
        .poll = 6,
        .precision = -24,
        .refid = 0xc0000263,
        .origin = said.transmit,
        .receive = wire_stamp_from_utc(truth(gn_local_add(left, -held_ns))),
        .transmit = wire_stamp_from_utc(truth(left)),
    };
}

static struct gn_sample sample;

static enum verdict hear_bytes(const void *data, size_t size)
{
    struct wire_header header;
    struct exchange_reply packet = {
        .data = data,
        .size = size,
        .t4 = now,
        .stamp = GN_STAMP_HARDWARE,
        .pivot = {now.ns},
        .precision_log2s = -24,
    };
    address_parse("192.0.2.7", &packet.local);
    return dialogue_read(&dialogue, &packet, &state, &header, &sample);
}

static enum verdict hear(const struct wire_header *header)
{
    uint8_t bytes[WIRE_HEADER_SIZE];
    wire_pack(header, bytes);
    return hear_bytes(bytes, sizeof(bytes));
}

#define ck_assert_verdict(is, wanted)                                                              \
    do {                                                                                           \
        enum verdict is_ = (is);                                                                   \
        ck_assert_msg(is_ == (wanted), "%s instead of %s", verdict_name(is_),                      \
                      verdict_name(wanted));                                                       \
    } while (0)

/* We speak, the peer answers after `held_ns`. */
static enum verdict turn(int64_t held_ns)
{
    speak();
    pass(2 * PATH_NS + held_ns);
    struct wire_header header = answer(held_ns);
    return hear(&header);
}

/* ---------------------------------------------------------------- what we say */

START_TEST(the_first_packet_answers_nobody)
{
    speak();
    ck_assert_uint_eq(said.mode, WIRE_MODE_ACTIVE);
    ck_assert_uint_eq(said.stratum, 3);
    ck_assert_uint_eq(said.refid, 0xc0000201);
    ck_assert_int_eq(said.poll, 6);
    ck_assert_uint_eq(said.origin.raw, 0);
    ck_assert_uint_eq(said.receive.raw, 0);
    int64_t wrong_ns = wire_stamp_sub(said.transmit, wire_stamp_from_utc(truth(now)));
    ck_assert_int_le(llabs(wrong_ns), 60); /* chance below the precision */
}
END_TEST

START_TEST(a_packet_answers_what_was_heard)
{
    ck_assert_verdict(turn(5 * MS), VERDICT_OK);
    gn_local arrived = now;
    struct wire_header before = answer(0);
    pass(40 * MS);
    speak();
    ck_assert_uint_eq(said.origin.raw, before.transmit.raw);
    ck_assert_uint_eq(said.receive.raw, wire_stamp_from_utc(truth(arrived)).raw);
    ck_assert_int_ge(wire_stamp_sub(said.transmit, said.receive), 39 * MS);
}
END_TEST

START_TEST(the_times_of_a_packet_are_of_one_clock)
{
    ck_assert_verdict(turn(5 * MS), VERDICT_OK);
    state.utc = gn_utc_add(state.utc, -GN_NS_PER_S); /* set back after the arrival */
    pass(40 * MS);
    speak();
    ck_assert_int_le(llabs(wire_stamp_sub(said.transmit, said.receive) - 40 * MS), 10000);
}
END_TEST

START_TEST(no_two_packets_are_the_same)
{
    speak();
    struct ntp_stamp first = said.transmit;
    speak(); /* within the same tick of the clock */
    ck_assert_uint_ne(said.transmit.raw, first.raw);
    ck_assert_verdict(turn(0), VERDICT_OK);
    speak(); /* right with the arrival: never before it */
    ck_assert_int_ge((int64_t)(said.transmit.raw - said.receive.raw), 0);
}
END_TEST

START_TEST(an_unsynchronised_clock_says_so)
{
    state.leap = GN_LEAP_UNSYNCHRONISED;
    state.stratum = 16;
    speak();
    ck_assert_uint_eq(said.leap, 3);
    ck_assert_uint_eq(said.stratum, 0);
    ck_assert_uint_eq(said.refid, 0);
}
END_TEST

/* ---------------------------------------------------------------- what is measured */

START_TEST(an_answer_is_a_sample)
{
    int64_t held_ns = _i == 0 ? 0 : _i == 1 ? 300 * MS : 60 * GN_NS_PER_S;
    ck_assert_verdict(turn(held_ns), VERDICT_OK);
    double wrong_s = gn_seconds(gn_utc_sub(sample.utc, truth(now)));
    ck_assert_double_le(fabs(wrong_s), 1e-6);
    ck_assert_double_le(fabs(sample.delay_s - 2e-9 * PATH_NS), 2e-6); /* however long it was held */
    ck_assert_double_gt(sample.dispersion_s, 0);
    ck_assert_double_lt(sample.dispersion_s, 10e-6);
    ck_assert_int_eq(sample.exchange.t4.ns, now.ns);
    ck_assert_uint_eq(sample.refid, 0xc0000263);
    ck_assert_uint_eq(sample.own_refid, 0xc0000207);
    ck_assert_uint_eq(sample.stratum, 2);
}
END_TEST

START_TEST(an_unknown_frequency_is_a_doubt)
{
    state.leap = GN_LEAP_UNSYNCHRONISED;
    ck_assert_verdict(turn(60 * GN_NS_PER_S), VERDICT_OK);
    ck_assert_double_gt(sample.dispersion_s, 2e-3);
    ck_assert_double_lt(sample.dispersion_s, 4e-3);
}
END_TEST

START_TEST(a_peer_that_held_it_for_longer_than_it_was_away_is_refused)
{
    speak();
    pass(20 * MS);
    struct wire_header header = answer(0);
    header.receive = wire_stamp_from_utc(truth(gn_local_add(now, -80 * MS)));
    ck_assert_verdict(hear(&header), VERDICT_DELAY);
}
END_TEST

START_TEST(what_is_refused_is_heard_all_the_same)
{
    speak();
    pass(20 * MS);
    struct wire_header header = answer(0);
    switch (_i) {
    case 0:
        header.leap = 3;
        header.stratum = 0;
        break;
    case 1:
        header.stratum = 0; /* no order: a peer is no server */
        header.refid = 0x44454e59;
        break;
    case 2:
        header.stratum = 16;
        break;
    case 3:
        header.refid = 0xc0000207;
        break;
    default:
        header.root_dispersion = 17u << 16;
    }
    static const enum verdict wanted[] = {VERDICT_UNSYNCHRONISED, VERDICT_UNSYNCHRONISED,
                                          VERDICT_STRATUM, VERDICT_LOOP, VERDICT_ROOT};
    ck_assert_verdict(hear(&header), wanted[_i]);
    ck_assert_uint_eq(dialogue.stratum, _i < 3 ? 16 : 2);
    speak();
    ck_assert_uint_eq(said.origin.raw, header.transmit.raw);
}
END_TEST

/* ---------------------------------------------------------------- whose packet it is */

START_TEST(only_an_answer_to_us_counts)
{
    ck_assert_verdict(turn(0), VERDICT_OK);
    struct wire_header real = answer(0);
    speak();
    pass(30 * MS);
    for (unsigned i = 0; i < 1000; i++) {
        struct wire_header forged = answer(0);
        forged.transmit.raw += i;
        forged.origin.raw ^= UINT64_C(1) << i % 64;
        forged.poll = -4;
        forged.stratum = 16;
        ck_assert_verdict(hear(&forged), VERDICT_ORIGIN);
        ck_assert_uint_eq(dialogue.stratum, 2);
        ck_assert_int_eq(dialogue.poll_log2s, 6);
        ck_assert_uint_eq(dialogue.proven.transmit.raw, real.transmit.raw);
    }
    struct wire_header next = answer(0);
    ck_assert_verdict(hear(&next), VERDICT_OK);
    speak(); /* and not to the forger */
    ck_assert_uint_eq(said.origin.raw, next.transmit.raw);
}
END_TEST

START_TEST(a_zero_origin_is_a_greeting)
{
    speak();
    struct wire_header header = answer(0);
    header.origin.raw = 0;
    header.receive.raw = 0;
    ck_assert_verdict(hear(&header), VERDICT_GREETING);
    ck_assert_uint_eq(dialogue.proven_tag, 0);
    speak(); /* it is answered, since nobody else is there */
    ck_assert_uint_eq(said.origin.raw, header.transmit.raw);
}
END_TEST

START_TEST(a_peer_that_restarted_is_answered)
{
    ck_assert_verdict(turn(0), VERDICT_OK);
    struct wire_header old = answer(0);
    pass(GN_NS_PER_S);
    speak();
    ck_assert_uint_eq(said.origin.raw, old.transmit.raw);
    pass(GN_NS_PER_S);
    struct wire_header again = answer(0);
    again.origin.raw = 0;
    ck_assert_verdict(hear(&again), VERDICT_GREETING);
    speak();
    again = answer(0); /* a greeting may be anybody's: first what is known, then it */
    again.origin.raw = 0;
    again.transmit.raw++;
    ck_assert_verdict(hear(&again), VERDICT_GREETING);
    ck_assert_verdict(turn(0), VERDICT_OK);
    ck_assert_uint_eq(said.origin.raw, again.transmit.raw);
}
END_TEST

START_TEST(who_is_slower_than_we_is_told_the_same_again)
{
    ck_assert_verdict(turn(0), VERDICT_OK);
    struct wire_header last = answer(0);
    for (int i = 0; i < 3; i++) {
        pass(GN_NS_PER_S);
        speak();
        ck_assert_uint_eq(said.origin.raw, last.transmit.raw);
    }
}
END_TEST

START_TEST(who_is_faster_than_we_is_measured_once)
{
    ck_assert_verdict(turn(0), VERDICT_OK);
    pass(GN_NS_PER_S);
    struct wire_header more = answer(0);
    ck_assert_verdict(hear(&more), VERDICT_AGAIN);
    speak();
    ck_assert_uint_eq(said.origin.raw, more.transmit.raw); /* its last one is what it knows */
}
END_TEST

START_TEST(a_recorded_packet_proves_nothing)
{
    speak();
    pass(20 * MS);
    struct wire_header first = answer(0);
    ck_assert_verdict(hear(&first), VERDICT_OK);
    ck_assert_verdict(hear(&first), VERDICT_DUPLICATE);
    pass(GN_NS_PER_S);
    struct wire_header second = answer(0);
    ck_assert_verdict(hear(&second), VERDICT_AGAIN);
    ck_assert_verdict(hear(&first), VERDICT_DUPLICATE); /* same question, older answer */
    ck_assert_verdict(turn(0), VERDICT_OK);
    struct wire_header last = answer(0);
    ck_assert_verdict(hear(&first), VERDICT_LATE);
    ck_assert_verdict(hear(&second), VERDICT_DUPLICATE);
    speak();
    ck_assert_uint_eq(said.origin.raw, last.transmit.raw);
}
END_TEST

START_TEST(a_reflected_packet_is_not_the_peers)
{
    ck_assert_verdict(turn(0), VERDICT_OK);
    speak();
    struct wire_header own = said;
    ck_assert_verdict(hear(&own), VERDICT_ORIGIN);
}
END_TEST

START_TEST(after_a_loss_the_peer_goes_before_a_guest)
{
    ck_assert_verdict(turn(0), VERDICT_OK);
    speak();
    struct wire_header heard = said; /* the peer's last */
    pass(GN_NS_PER_S);
    speak(); /* lost */
    said = heard;
    pass(20 * MS);
    struct wire_header header = answer(GN_NS_PER_S);
    ck_assert_verdict(hear(&header), VERDICT_LATE); /* it answers the last but one: no measure */
    struct wire_header guest = answer(0);
    guest.origin.raw = 5;
    guest.transmit.raw += 99;
    ck_assert_verdict(hear(&guest), VERDICT_ORIGIN);
    speak();
    ck_assert_uint_eq(said.origin.raw, header.transmit.raw);
    pass(20 * MS);
    header = answer(0);
    ck_assert_verdict(hear(&header), VERDICT_OK);
}
END_TEST

START_TEST(five_packets_ago_is_too_long_ago)
{
    speak();
    struct wire_header first = said;
    for (int i = 0; i < DIALOGUE_SENT; i++)
        speak();
    said = first;
    struct wire_header header = answer(0);
    ck_assert_verdict(hear(&header), VERDICT_ORIGIN);
}
END_TEST

START_TEST(other_packets_are_no_peers)
{
    uint8_t bytes[WIRE_HEADER_SIZE];
    speak();
    struct wire_header header = answer(0);
    wire_pack(&header, bytes);
    ck_assert_verdict(hear_bytes(bytes, WIRE_HEADER_SIZE - 1), VERDICT_LENGTH);
    header.version = 5;
    ck_assert_verdict(hear(&header), VERDICT_VERSION);
    header.version = 3;
    header.mode = WIRE_MODE_SERVER;
    ck_assert_verdict(hear(&header), VERDICT_MODE);
    header.mode = WIRE_MODE_PASSIVE;
    header.transmit.raw = 0;
    ck_assert_verdict(hear(&header), VERDICT_STAMPS);
    header = answer(0);
    header.mode = WIRE_MODE_PASSIVE;
    pass(20 * MS);
    ck_assert_verdict(hear(&header), VERDICT_OK);
}
END_TEST

START_TEST(a_packet_that_never_left_is_no_measure)
{
    dialogue_stamp(&dialogue, 0, now, GN_STAMP_KERNEL);
    dialogue_stamp(&dialogue, 7, now, GN_STAMP_KERNEL);
    speak();
    dialogue.sent[1].stamped = false;
    struct wire_header header = answer(0);
    ck_assert_verdict(hear(&header), VERDICT_STAMPS);
}
END_TEST

START_TEST(the_better_stamp_stays)
{
    speak();
    dialogue_stamp(&dialogue, 1, gn_local_add(now, 5), GN_STAMP_USER);
    ck_assert_int_eq(dialogue.sent[1].at.ns, now.ns);
    ck_assert_int_eq(dialogue.sent[1].user.ns, now.ns + 5);
    dialogue_stamp(&dialogue, 1, gn_local_add(now, GN_NS_PER_S), GN_STAMP_HARDWARE);
    pass(20 * MS); /* the device's stamp lies after the arrival: our own reading counts */
    struct wire_header header = answer(0);
    ck_assert_verdict(hear(&header), VERDICT_OK);
    ck_assert_double_lt(sample.delay_s, 0.021);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("ntp_dialogue");
    TCase *tests = tcase_create("dialogue");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, the_first_packet_answers_nobody);
    tcase_add_test(tests, a_packet_answers_what_was_heard);
    tcase_add_test(tests, the_times_of_a_packet_are_of_one_clock);
    tcase_add_test(tests, no_two_packets_are_the_same);
    tcase_add_test(tests, an_unsynchronised_clock_says_so);
    tcase_add_loop_test(tests, an_answer_is_a_sample, 0, 3);
    tcase_add_test(tests, an_unknown_frequency_is_a_doubt);
    tcase_add_test(tests, a_peer_that_held_it_for_longer_than_it_was_away_is_refused);
    tcase_add_loop_test(tests, what_is_refused_is_heard_all_the_same, 0, 5);
    tcase_add_test(tests, only_an_answer_to_us_counts);
    tcase_add_test(tests, a_zero_origin_is_a_greeting);
    tcase_add_test(tests, a_peer_that_restarted_is_answered);
    tcase_add_test(tests, who_is_slower_than_we_is_told_the_same_again);
    tcase_add_test(tests, who_is_faster_than_we_is_measured_once);
    tcase_add_test(tests, a_recorded_packet_proves_nothing);
    tcase_add_test(tests, a_reflected_packet_is_not_the_peers);
    tcase_add_test(tests, after_a_loss_the_peer_goes_before_a_guest);
    tcase_add_test(tests, five_packets_ago_is_too_long_ago);
    tcase_add_test(tests, other_packets_are_no_peers);
    tcase_add_test(tests, a_packet_that_never_left_is_no_measure);
    tcase_add_test(tests, the_better_stamp_stays);
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
