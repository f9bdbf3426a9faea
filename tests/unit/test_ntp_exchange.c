/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <plugins/proto-ntp/address.h>
#include <plugins/proto-ntp/exchange.h>
#include <stdlib.h>
#include <string.h>

/* The scene: a request leaves at T1, 40 ms later its reply is there; the server is 5 s ahead and
 * holds the request for 1 ms. */
#define NOW_S INT64_C(1800000000)
#define T1_NS (NOW_S * GN_NS_PER_S)
#define OFFSET_NS (5 * GN_NS_PER_S)
#define T2_NS (T1_NS + OFFSET_NS + 20000000)
#define T3_NS (T2_NS + 1000000)
#define T4_NS (T1_NS + 41000000)
#define NONCE UINT64_C(0x0123456789abcdef)

struct scene {
    struct exchange exchange;
    struct wire_header reply;
    struct gn_address local;
    gn_local t4;
    gn_utc pivot;
    enum gn_stamp stamp;
    struct wire_header header;
    struct gn_sample sample;
};

static gn_local local(int64_t ns)
{
    return (gn_local){ns};
}

static gn_utc utc(int64_t ns)
{
    return (gn_utc){ns};
}

static struct wire_header good_reply(void)
{
    return (struct wire_header){
        .version = 4,
        .mode = WIRE_MODE_SERVER,
        .stratum = 2,
        .poll = 6,
        .precision = -23,
        .root_delay = 0x0800,
        .root_dispersion = 0x0400,
        .refid = 0xc0000263,
        .reference = wire_stamp_from_utc(utc(T2_NS - 60 * GN_NS_PER_S)),
        .origin = {NONCE},
        .receive = wire_stamp_from_utc(utc(T2_NS)),
        .transmit = wire_stamp_from_utc(utc(T3_NS)),
    };
}

static struct scene new_scene(void)
{
    struct scene s = {.t4 = local(T4_NS), .pivot = utc(T4_NS)};
    struct wire_packet request;
    exchange_init(&s.exchange, 4);
    exchange_begin(&s.exchange, NONCE, &request);
    exchange_sent(&s.exchange, local(T1_NS), GN_STAMP_USER);
    s.reply = good_reply();
    address_parse("192.0.2.9", &s.local);
    return s;
}

static enum verdict receive_bytes(struct scene *s, const void *data, size_t size)
{
    struct exchange_reply reply = {
        .data = data,
        .size = size,
        .t4 = s->t4,
        .local = s->local,
        .pivot = s->pivot,
        .stamp = s->stamp,
        .precision_log2s = -24,
    };
    return exchange_receive(&s->exchange, &reply, &s->header, &s->sample);
}

static enum verdict receive(struct scene *s)
{
    uint8_t packet[WIRE_HEADER_SIZE];
    wire_pack(&s->reply, packet);
    return receive_bytes(s, packet, sizeof(packet));
}

#define ck_assert_verdict(is, wanted)                                                              \
    do {                                                                                           \
        enum verdict is_ = (is);                                                                   \
        ck_assert_msg(is_ == (wanted), "%s instead of %s", verdict_name(is_),                      \
                      verdict_name(wanted));                                                       \
    } while (0)

/* ---------------------------------------------------------------- the request */

START_TEST(a_request_reveals_nothing)
{
    struct exchange exchange;
    struct wire_header header;
    struct wire_packet request;
    exchange_init(&exchange, 4);
    exchange_begin(&exchange, NONCE, &request);
    wire_unpack(request.bytes, request.size, &header);
    ck_assert_uint_eq(request.bytes[0], 0x23); /* leap 0, version 4, mode 3 */
    ck_assert(header.transmit.raw == NONCE);
    static const uint8_t zeros[WIRE_HEADER_SIZE];
    ck_assert_int_eq(header.precision, 0x20); /* what others send, whatever our clock is */
    request.bytes[3] = 0;
    ck_assert_mem_eq(request.bytes + 1, zeros, WIRE_TRANSMIT_OFFSET - 1);
}
END_TEST

START_TEST(a_request_is_never_without_a_number)
{
    struct exchange exchange;
    struct wire_packet request;
    exchange_init(&exchange, 1);
    exchange_begin(&exchange, 0, &request);
    ck_assert_uint_eq(request.bytes[0], 0x0b);
    ck_assert(exchange.nonce.raw != 0);
}
END_TEST

/* ---------------------------------------------------------------- the sample */

START_TEST(a_good_reply_makes_a_sample)
{
    struct scene s = new_scene();
    ck_assert_verdict(receive(&s), VERDICT_OK);
    ck_assert_uint_eq(s.sample.size, sizeof(s.sample));
    ck_assert_int_eq(s.sample.kind, GN_SAMPLE_TWO_WAY);
    ck_assert_int_eq(s.sample.local.ns, T4_NS);
    ck_assert_int_eq(s.sample.utc.ns, T4_NS + OFFSET_NS);
    ck_assert_double_eq_tol(s.sample.delay_s, 0.040, 1e-12);
    ck_assert_double_eq_tol(s.sample.dispersion_s,
                            ldexp(1, -24) + ldexp(1, -23) + 15e-6 * 0.041 + 20e-6, 1e-12);
    ck_assert_int_eq(s.sample.exchange.t1.ns, T1_NS);
    ck_assert_int_eq(s.sample.exchange.t2.ns, T2_NS);
    ck_assert_int_eq(s.sample.exchange.t3.ns, T3_NS);
    ck_assert_int_eq(s.sample.exchange.t4.ns, T4_NS);
    ck_assert_double_eq(s.sample.root_delay_s, 0x0800 / 65536.0);
    ck_assert_double_eq(s.sample.root_dispersion_s, 0x0400 / 65536.0);
    ck_assert_uint_eq(s.sample.stratum, 2);
    ck_assert_uint_eq(s.sample.leap, 0);
    ck_assert_uint_eq(s.sample.refid, 0xc0000263);
    ck_assert_uint_eq(s.sample.own_refid, 0xc0000209); /* 192.0.2.9, where the reply came to */
    ck_assert_int_eq(s.sample.ref_time.ns, T2_NS - 60 * GN_NS_PER_S);
}
END_TEST

START_TEST(the_best_transmit_stamp_is_t1)
{
    struct scene s = new_scene();
    exchange_sent(&s.exchange, local(T1_NS + 3000), GN_STAMP_KERNEL);
    exchange_sent(&s.exchange, local(T1_NS + 9000), GN_STAMP_USER); /* comes late: is not better */
    ck_assert_verdict(receive(&s), VERDICT_OK);
    ck_assert_int_eq(s.sample.exchange.t1.ns, T1_NS + 3000);

    s = new_scene();
    exchange_sent(&s.exchange, local(T1_NS + 4000), GN_STAMP_HARDWARE);
    exchange_sent(&s.exchange, local(T1_NS + 3000), GN_STAMP_KERNEL);
    ck_assert_verdict(receive(&s), VERDICT_OK);
    ck_assert_int_eq(s.sample.exchange.t1.ns, T1_NS + 4000);
}
END_TEST

/* Half of what each may be late by. */
START_TEST(a_better_stamp_is_worth_more)
{
    static const enum gn_stamp kinds[] = {GN_STAMP_USER, GN_STAMP_KERNEL, GN_STAMP_HARDWARE};
    double errors_s[3];
    for (int i = 0; i < 3; i++) {
        struct scene s = new_scene();
        exchange_sent(&s.exchange, local(T1_NS), kinds[i]);
        s.stamp = kinds[i];
        ck_assert_verdict(receive(&s), VERDICT_OK);
        errors_s[i] = s.sample.dispersion_s;
    }
    ck_assert_double_eq_tol(errors_s[0] - errors_s[2], 20e-6, 1e-12);
    ck_assert_double_eq_tol(errors_s[1] - errors_s[2], 2e-6, 1e-12);
}
END_TEST

START_TEST(a_stamp_after_the_arrival_is_nonsense)
{
    struct scene s = new_scene();
    exchange_sent(&s.exchange, local(T4_NS + 1), GN_STAMP_HARDWARE);
    ck_assert_verdict(receive(&s), VERDICT_OK);
    ck_assert_int_eq(s.sample.exchange.t1.ns, T1_NS);
}
END_TEST

START_TEST(a_request_that_never_left_has_no_reply)
{
    struct scene s = new_scene();
    struct wire_packet request;
    exchange_begin(&s.exchange, NONCE, &request);
    ck_assert_verdict(receive(&s), VERDICT_STAMPS);
}
END_TEST

START_TEST(the_end_of_an_era_lies_within_an_exchange)
{
    /* T2 in era 0, T3 in era 1; our clock is still in 1999. */
    struct scene s = new_scene();
    int64_t end_ns = INT64_C(2085978496) * GN_NS_PER_S;
    s.pivot = utc(INT64_C(946598400) * GN_NS_PER_S);
    s.reply.receive = wire_stamp_from_utc(utc(end_ns - 500000));
    s.reply.transmit = wire_stamp_from_utc(utc(end_ns + 500000));
    s.reply.reference.raw = 0;
    ck_assert_verdict(receive(&s), VERDICT_OK);
    ck_assert_int_eq(s.sample.exchange.t2.ns, end_ns - 500000);
    ck_assert_int_eq(s.sample.exchange.t3.ns, end_ns + 500000);
    ck_assert_double_eq_tol(s.sample.delay_s, 0.040, 1e-12);
    ck_assert_int_eq(s.sample.ref_time.ns, 0);
}
END_TEST

/* ---------------------------------------------------------------- every test */

START_TEST(length)
{
    uint8_t packet[WIRE_HEADER_SIZE];
    struct scene s = new_scene();
    wire_pack(&s.reply, packet);
    for (size_t size = 0; size < WIRE_HEADER_SIZE; size++)
        ck_assert_verdict(receive_bytes(&s, packet, size), VERDICT_LENGTH);
    ck_assert_verdict(receive_bytes(&s, packet, sizeof(packet)), VERDICT_OK);
}
END_TEST

START_TEST(version)
{
    for (uint8_t v = 0; v < 8; v++) {
        struct scene s = new_scene();
        s.reply.version = v;
        ck_assert_verdict(receive(&s), v >= 1 && v <= 4 ? VERDICT_OK : VERDICT_VERSION);
    }
}
END_TEST

START_TEST(mode)
{
    for (uint8_t m = 0; m < 8; m++) {
        struct scene s = new_scene();
        s.reply.mode = m;
        ck_assert_verdict(receive(&s), m == WIRE_MODE_SERVER ? VERDICT_OK : VERDICT_MODE);
    }
}
END_TEST

START_TEST(the_origin_is_compared_on_raw_bits)
{
    for (int bit = 0; bit < 64; bit++) {
        struct scene s = new_scene();
        s.reply.origin.raw ^= UINT64_C(1) << bit;
        ck_assert_verdict(receive(&s), VERDICT_ORIGIN);
        s.reply.origin.raw = NONCE; /* a forgery does not keep the true reply out */
        ck_assert_verdict(receive(&s), VERDICT_OK);
    }
}
END_TEST

START_TEST(a_zero_origin_matches_nothing)
{
    struct scene s = new_scene();
    exchange_init(&s.exchange, 4);
    s.reply.origin.raw = 0;
    ck_assert_verdict(receive(&s), VERDICT_ORIGIN);
}
END_TEST

START_TEST(the_first_reply_wins)
{
    struct scene s = new_scene();
    ck_assert_verdict(receive(&s), VERDICT_OK);
    ck_assert_verdict(receive(&s), VERDICT_DUPLICATE);
    s = new_scene();
    s.reply.leap = 3;
    ck_assert_verdict(receive(&s), VERDICT_UNSYNCHRONISED);
    s.reply.leap = 0;
    ck_assert_verdict(receive(&s), VERDICT_DUPLICATE);
}
END_TEST

START_TEST(what_comes_late_is_late)
{
    struct scene s = new_scene();
    struct wire_packet request;
    exchange_close(&s.exchange);
    ck_assert_verdict(receive(&s), VERDICT_LATE);
    exchange_begin(&s.exchange, NONCE + 1, &request); /* the reply to the one before */
    ck_assert_verdict(receive(&s), VERDICT_ORIGIN);
}
END_TEST

START_TEST(kiss_and_unsynchronised)
{
    const struct {
        uint8_t leap, stratum;
        uint32_t refid;
        enum verdict verdict;
    } cases[] = {
        {3, 0, 0x52415445, VERDICT_KISS},           /* RATE */
        {0, 0, 0x44454e59, VERDICT_KISS},           /* DENY, whatever the leap bits */
        {3, 0, 0x52535452, VERDICT_KISS},           /* RSTR */
        {3, 0, 0x494e4954, VERDICT_UNSYNCHRONISED}, /* INIT */
        {3, 0, 0, VERDICT_UNSYNCHRONISED},
        {0, 0, 0xc0000201, VERDICT_UNSYNCHRONISED},
        {3, 2, 0xc0000201, VERDICT_UNSYNCHRONISED},
        {3, 1, 0x52415445, VERDICT_UNSYNCHRONISED},
        {0, 16, 0, VERDICT_STRATUM},
        {0, 255, 0, VERDICT_STRATUM},
        {0, 15, 0xc0000201, VERDICT_OK},
        {1, 1, 0x47505300, VERDICT_OK},
        {2, 1, 0x52415445, VERDICT_OK}, /* a reference of that name */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct scene s = new_scene();
        s.reply.leap = cases[i].leap;
        s.reply.stratum = cases[i].stratum;
        s.reply.refid = cases[i].refid;
        ck_assert_verdict(receive(&s), cases[i].verdict);
    }
}
END_TEST

START_TEST(missing_timestamps)
{
    struct scene s = new_scene();
    s.reply.receive.raw = 0;
    ck_assert_verdict(receive(&s), VERDICT_STAMPS);
    s = new_scene();
    s.reply.transmit.raw = 0;
    ck_assert_verdict(receive(&s), VERDICT_STAMPS);
}
END_TEST

START_TEST(root_distance)
{
    struct scene s = new_scene();
    s.reply.root_delay = 16 << 16;
    s.reply.root_dispersion = 8 << 16; /* 16 / 2 + 8: the limit */
    ck_assert_verdict(receive(&s), VERDICT_ROOT);
    s = new_scene();
    s.reply.root_delay = 16 << 16;
    s.reply.root_dispersion = (8 << 16) - 1;
    ck_assert_verdict(receive(&s), VERDICT_OK);
    s = new_scene();
    s.reply.root_delay = UINT32_MAX;
    ck_assert_verdict(receive(&s), VERDICT_ROOT);
}
END_TEST

START_TEST(reference_time)
{
    struct scene s = new_scene();
    s.reply.reference = wire_stamp_from_utc(utc(T3_NS + 2 * GN_NS_PER_S));
    ck_assert_verdict(receive(&s), VERDICT_REFERENCE);
    s = new_scene();
    s.reply.reference = wire_stamp_from_utc(utc(T3_NS + GN_NS_PER_S / 2));
    ck_assert_verdict(receive(&s), VERDICT_OK);
}
END_TEST

START_TEST(sent_before_received)
{
    struct scene s = new_scene();
    s.reply.transmit.raw = s.reply.receive.raw - 1;
    ck_assert_verdict(receive(&s), VERDICT_ORDER);
    s = new_scene();
    s.reply.transmit.raw = s.reply.receive.raw;
    ck_assert_verdict(receive(&s), VERDICT_OK);
}
END_TEST

START_TEST(negative_delay)
{
    struct scene s = new_scene();
    s.reply.transmit =
        wire_stamp_from_utc(utc(T2_NS + 41000000 + 2000)); /* 2 µs more than it took */
    ck_assert_verdict(receive(&s), VERDICT_DELAY);
    s = new_scene();
    s.reply.transmit =
        wire_stamp_from_utc(utc(T2_NS + 41000000 + 100)); /* what the readings explain */
    ck_assert_verdict(receive(&s), VERDICT_OK);
    ck_assert_double_eq(s.sample.delay_s, ldexp(1, -24));
    s = new_scene();
    s.t4 = local(T1_NS - 1);
    ck_assert_verdict(receive(&s), VERDICT_DELAY);
}
END_TEST

START_TEST(loop)
{
    struct scene s = new_scene();
    s.reply.refid = 0xc0000209; /* 192.0.2.9, the address the reply came to */
    ck_assert_verdict(receive(&s), VERDICT_LOOP);
    s = new_scene();
    s.reply.refid = 0xc0000209;
    s.reply.stratum = 1; /* then it is a name */
    ck_assert_verdict(receive(&s), VERDICT_OK);
    s = new_scene();
    address_parse("2001:db8::1", &s.local);
    s.reply.refid = 0x39ab9b37; /* of its MD5 digest */
    ck_assert_verdict(receive(&s), VERDICT_LOOP);
    s = new_scene(); /* all daemons of a machine are 127.0.0.1 */
    address_parse("127.0.0.1", &s.local);
    s.reply.refid = 0x7f000001;
    ck_assert_verdict(receive(&s), VERDICT_OK);
    s = new_scene();
    address_parse("::1", &s.local);
    s.reply.refid = 0xcf404dc8;
    ck_assert_verdict(receive(&s), VERDICT_OK);
    s = new_scene();
    s.local.family = GN_FAMILY_NONE;
    s.reply.refid = 0;
    ck_assert_verdict(receive(&s), VERDICT_OK);
    ck_assert_uint_eq(s.sample.own_refid, 0);
}
END_TEST

START_TEST(every_outcome_has_a_name)
{
    for (int i = 0; i < VERDICT_COUNT; i++) {
        ck_assert_ptr_nonnull(verdict_name((enum verdict)i));
        ck_assert_ptr_nonnull(verdict_text((enum verdict)i));
    }
    ck_assert(exchange_was_answer(VERDICT_OK) && exchange_was_answer(VERDICT_LOOP));
    ck_assert(!exchange_was_answer(VERDICT_ORIGIN) && !exchange_was_answer(VERDICT_LATE));
}
END_TEST

/* ---------------------------------------------------------------- properties */

static double chance(unsigned *seed)
{
    return (double)rand_r(seed) / RAND_MAX;
}

START_TEST(the_true_offset_lies_within_half_the_delay)
{
    unsigned seed = (unsigned)_i + 1;
    for (int i = 0; i < 200; i++) {
        struct scene s = new_scene();
        int64_t truth_ns = (int64_t)((chance(&seed) - 0.5) * 1e17); /* ± 1.6 years */
        int64_t out_ns = (int64_t)(chance(&seed) * 3e8);
        int64_t held_ns = (int64_t)(chance(&seed) * 1e7);
        int64_t back_ns = (int64_t)(chance(&seed) * 3e8);
        s.pivot = utc(T1_NS + truth_ns);
        s.t4 = local(T1_NS + out_ns + held_ns + back_ns);
        s.reply.receive = wire_stamp_from_utc(utc(T1_NS + out_ns + truth_ns));
        s.reply.transmit = wire_stamp_from_utc(utc(T1_NS + out_ns + held_ns + truth_ns));
        s.reply.reference.raw = 0;
        ck_assert_verdict(receive(&s), VERDICT_OK);
        int64_t error_ns = s.sample.utc.ns - s.t4.ns - truth_ns;
        double bound_s = s.sample.delay_s / 2 + 1e-9;
        ck_assert_msg(fabs(gn_seconds(error_ns)) <= bound_s, "seed %d: error %lld ns", _i,
                      (long long)error_ns);
        ck_assert_double_eq_tol(s.sample.delay_s, gn_seconds(out_ns + back_ns), 2e-9);
    }
}
END_TEST

/* Nothing can be read out of noise; also where the noise answers our request. */
START_TEST(noise_of_every_length_is_refused)
{
    unsigned seed = 77;
    for (size_t size = 0; size <= 1500; size++) {
        struct scene s = new_scene();
        uint8_t *data = malloc(size + 1);
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)rand_r(&seed);
        enum verdict verdict = receive_bytes(&s, data, size);
        ck_assert(verdict != VERDICT_OK);
        if (size >= WIRE_HEADER_SIZE) {
            data[0] = 0x24;
            for (int i = 0; i < 8; i++)
                data[24 + i] = (uint8_t)(NONCE >> (56 - 8 * i));
            verdict = receive_bytes(&s, data, size);
            bool is_whole = size == WIRE_HEADER_SIZE || size == 68 || size == 72;
            ck_assert_int_eq(verdict != VERDICT_EXTENSION, is_whole);
            ck_assert_int_eq(exchange_was_answer(verdict), is_whole);
            ck_assert_int_eq(s.exchange.open, !is_whole);
        }
        free(data);
    }
}
END_TEST

/* Any time of ours and any bits of theirs: whatever is accepted is a sane sample. */
START_TEST(extreme_times_do_not_overflow)
{
    const int64_t ends[] = {INT64_MIN / 2, -1, 0, T1_NS, INT64_MAX / 2, INT64_MAX - 5000000000};
    const size_t count = sizeof(ends) / sizeof(*ends);
    unsigned seed = 5;
    for (size_t i = 0; i < count * count * 50; i++) {
        struct scene s = new_scene();
        exchange_sent(&s.exchange, local(ends[i % count]), GN_STAMP_KERNEL);
        s.t4 = local(ends[i % count] + rand_r(&seed));
        s.pivot = utc(ends[i / count % count]);
        s.reply.receive.raw = (uint64_t)rand_r(&seed) << 33 ^ (uint64_t)rand_r(&seed);
        s.reply.transmit.raw = s.reply.receive.raw + (uint64_t)rand_r(&seed);
        s.reply.reference.raw = (uint64_t)rand_r(&seed) << 33;
        if (receive(&s) == VERDICT_OK) {
            ck_assert_double_ge(s.sample.delay_s, 0);
            ck_assert_double_gt(s.sample.dispersion_s, 0);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_exchange");
    TCase *tcase = tcase_create("exchange");
    tcase_add_test(tcase, a_request_reveals_nothing);
    tcase_add_test(tcase, a_request_is_never_without_a_number);
    tcase_add_test(tcase, a_good_reply_makes_a_sample);
    tcase_add_test(tcase, the_best_transmit_stamp_is_t1);
    tcase_add_test(tcase, a_better_stamp_is_worth_more);
    tcase_add_test(tcase, a_stamp_after_the_arrival_is_nonsense);
    tcase_add_test(tcase, a_request_that_never_left_has_no_reply);
    tcase_add_test(tcase, the_end_of_an_era_lies_within_an_exchange);
    tcase_add_test(tcase, length);
    tcase_add_test(tcase, version);
    tcase_add_test(tcase, mode);
    tcase_add_test(tcase, the_origin_is_compared_on_raw_bits);
    tcase_add_test(tcase, a_zero_origin_matches_nothing);
    tcase_add_test(tcase, the_first_reply_wins);
    tcase_add_test(tcase, what_comes_late_is_late);
    tcase_add_test(tcase, kiss_and_unsynchronised);
    tcase_add_test(tcase, missing_timestamps);
    tcase_add_test(tcase, root_distance);
    tcase_add_test(tcase, reference_time);
    tcase_add_test(tcase, sent_before_received);
    tcase_add_test(tcase, negative_delay);
    tcase_add_test(tcase, loop);
    tcase_add_test(tcase, every_outcome_has_a_name);
    tcase_add_loop_test(tcase, the_true_offset_lies_within_half_the_delay, 0, 50);
    tcase_add_test(tcase, noise_of_every_length_is_refused);
    tcase_add_test(tcase, extreme_times_do_not_overflow);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
