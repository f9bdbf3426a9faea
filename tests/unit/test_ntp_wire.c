/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <plugins/proto-ntp/address.h>
#include <plugins/proto-ntp/wire.h>
#include <stdlib.h>
#include <string.h>

#define S(seconds) ((seconds)*GN_NS_PER_S)

static gn_utc utc(int64_t ns)
{
    return (gn_utc){ns};
}

/* ---------------------------------------------------------------- header */

/* A server's answer as it stands in captures: stratum 1, GPS. */
static const uint8_t vector[WIRE_HEADER_SIZE] = {
    0x24, 0x01, 0x06, 0xe9,                         /* leap 0, version 4, mode 4 */
    0x00, 0x00, 0x01, 0x00,                         /* root delay 256/65536 s */
    0x00, 0x00, 0x80, 0x00,                         /* root dispersion 0.5 s */
    'G',  'P',  'S',  0x00,                         /* refid */
    0xd9, 0x39, 0x2b, 0x4a, 0x80, 0x00, 0x00, 0x00, /* reference */
    0xd9, 0x39, 0x2b, 0x4b, 0x01, 0x02, 0x03, 0x04, /* origin */
    0xd9, 0x39, 0x2b, 0x4c, 0x40, 0x00, 0x00, 0x00, /* receive */
    0xd9, 0x39, 0x2b, 0x4c, 0xff, 0xff, 0xff, 0xff, /* transmit */
};

START_TEST(a_captured_header_is_read)
{
    struct wire_header header;
    ck_assert_int_eq(wire_unpack(vector, sizeof(vector), &header), 0);
    ck_assert_uint_eq(header.leap, 0);
    ck_assert_uint_eq(header.version, 4);
    ck_assert_uint_eq(header.mode, WIRE_MODE_SERVER);
    ck_assert_uint_eq(header.stratum, 1);
    ck_assert_int_eq(header.poll, 6);
    ck_assert_int_eq(header.precision, -23);
    ck_assert_uint_eq(header.root_delay, 256);
    ck_assert_double_eq(wire_short_to_seconds(header.root_dispersion), 0.5);
    ck_assert_uint_eq(header.refid, 0x47505300);
    ck_assert(header.reference.raw == UINT64_C(0xd9392b4a80000000));
    ck_assert(header.origin.raw == UINT64_C(0xd9392b4b01020304));
    ck_assert(header.receive.raw == UINT64_C(0xd9392b4c40000000));
    ck_assert(header.transmit.raw == UINT64_C(0xd9392b4cffffffff));
}
END_TEST

START_TEST(packing_is_the_inverse_of_unpacking)
{
    uint8_t bytes[WIRE_HEADER_SIZE];
    uint8_t again[WIRE_HEADER_SIZE];
    struct wire_header header;
    unsigned seed = 1;
    for (int round = 0; round < 1000; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)rand_r(&seed);
        wire_unpack(bytes, sizeof(bytes), &header);
        wire_pack(&header, again);
        ck_assert_mem_eq(bytes, again, sizeof(bytes));
    }
}
END_TEST

START_TEST(a_short_datagram_is_no_header)
{
    struct wire_header header;
    for (size_t size = 0; size < WIRE_HEADER_SIZE; size++) {
        uint8_t *copy = malloc(size + 1); /* exact, so that a sanitizer sees its end */
        ck_assert_int_eq(wire_unpack(copy + 1, size, &header), -EMSGSIZE);
        free(copy);
    }
    uint8_t more[1500] = {0};
    for (size_t size = WIRE_HEADER_SIZE; size <= sizeof(more); size++)
        ck_assert_int_eq(wire_unpack(more, size, &header), 0);
}
END_TEST

START_TEST(the_transmit_time_is_patched_alone)
{
    uint8_t bytes[WIRE_HEADER_SIZE];
    memcpy(bytes, vector, sizeof(bytes));
    wire_patch_transmit(bytes, (struct ntp_stamp){UINT64_C(0x0102030405060708)});
    ck_assert_mem_eq(bytes, vector, WIRE_TRANSMIT_OFFSET);
    ck_assert_mem_eq(bytes + WIRE_TRANSMIT_OFFSET, "\1\2\3\4\5\6\7\10", 8);
}
END_TEST

/* ---------------------------------------------------------------- timestamps */

/* RFC 5905 figure 4: interesting dates. */
static const struct {
    int64_t unix_s;
    uint32_t ntp_s; /* within its era */
} dates[] = {
    {INT64_C(-2208988800), 0},          /* 1900-01-01, era 0 begins */
    {INT64_C(-63072000), 2145916800u},  /* 1968-01-01 */
    {0, 2208988800u},                   /* 1970-01-01 */
    {63072000, 2272060800u},            /* 1972-01-01, UTC begins */
    {946598400, 3155587200u},           /* 1999-12-31 */
    {INT64_C(2085978495), 4294967295u}, /* 2036-02-07 06:28:15, the last second of era 0 */
    {INT64_C(2085978496), 0},           /* 2036-02-07 06:28:16, era 1 begins */
    {INT64_C(2147483648), 61505152u},   /* 2038-01-19, after the end of 32-bit time */
    {INT64_C(4102444800), 2016466304u}, /* 2100-01-01 */
};

START_TEST(interesting_dates_are_right)
{
    gn_utc date = utc(S(dates[_i].unix_s));
    struct ntp_stamp stamp = wire_stamp_from_utc(date);
    /* 0 means unknown: the first instant of an era is told a quarter of a nanosecond late. */
    ck_assert_uint_eq((uint32_t)(stamp.raw >> 32), dates[_i].ntp_s);
    ck_assert_uint_le((uint32_t)stamp.raw, 1);
    ck_assert(stamp.raw != 0);
    int64_t pivots[] = {0, S(INT64_C(2000000000)), S(INT64_C(-2000000000))};
    for (size_t i = 0; i < sizeof(pivots) / sizeof(*pivots); i++) {
        gn_utc back = wire_stamp_to_utc(stamp, utc(date.ns + pivots[i]));
        ck_assert_int_eq(back.ns, date.ns);
    }
}
END_TEST

START_TEST(an_era_further_off_is_another_date)
{
    struct ntp_stamp stamp = wire_stamp_from_utc(utc(S(1000)));
    gn_utc later = wire_stamp_to_utc(stamp, utc(S(INT64_C(3000000000))));
    ck_assert_int_eq(later.ns, S(INT64_C(4294967296) + 1000));
}
END_TEST

START_TEST(every_nanosecond_survives_the_wire)
{
    ck_assert_uint_eq((uint32_t)wire_stamp_from_utc(utc(1)).raw, 4); /* 4.29 */
    ck_assert_uint_eq((uint32_t)wire_stamp_from_utc(utc(2)).raw, 9); /* 8.59 */
    unsigned seed = 2;
    for (int i = 0; i < 100000; i++) {
        int64_t second = (int64_t)rand_r(&seed) * (i % 2 == 0 ? 1 : -1);
        gn_utc in = utc(S(second) + (i < 1000   ? i
                                     : i < 2000 ? GN_NS_PER_S - 1 - (i - 1000)
                                                : rand_r(&seed) % GN_NS_PER_S));
        gn_utc out = wire_stamp_to_utc(wire_stamp_from_utc(in), in);
        ck_assert_int_eq(out.ns, in.ns);
    }
}
END_TEST

START_TEST(the_ends_of_time_do_not_overflow)
{
    const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    const uint64_t raws[] = {0, 1, UINT64_C(1) << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        ck_assert(wire_stamp_from_utc(utc(ends[i])).raw != 0);
        for (size_t j = 0; j < sizeof(raws) / sizeof(*raws); j++)
            wire_stamp_to_utc((struct ntp_stamp){raws[j]}, utc(ends[i]));
    }
}
END_TEST

START_TEST(differences_are_signed_and_cross_the_era)
{
    struct ntp_stamp last = {UINT64_C(0xffffffff80000000)};
    struct ntp_stamp first = {UINT64_C(0x0000000080000000)};
    ck_assert_int_eq(wire_stamp_sub(first, last), GN_NS_PER_S);
    ck_assert_int_eq(wire_stamp_sub(last, first), -GN_NS_PER_S);
    struct ntp_stamp half = {UINT64_C(0x0000000140000000)};
    ck_assert_int_eq(wire_stamp_sub(half, first), 750000000);
    ck_assert_int_eq(wire_stamp_sub(first, half), -750000000);
}
END_TEST

/* ---------------------------------------------------------------- small formats */

START_TEST(the_short_format_never_rounds_down)
{
    ck_assert_uint_eq(wire_short_from_seconds(0), 0);
    ck_assert_uint_eq(wire_short_from_seconds(-1), 0);
    ck_assert_uint_eq(wire_short_from_seconds(1e-12), 1);
    ck_assert_uint_eq(wire_short_from_seconds(0.5), 0x8000);
    ck_assert_uint_eq(wire_short_from_seconds(1), 0x10000);
    ck_assert_uint_eq(wire_short_from_seconds(65535), UINT32_MAX);
    ck_assert_uint_eq(wire_short_from_seconds(1e300), UINT32_MAX);
    ck_assert_uint_eq(wire_short_from_seconds(INFINITY), UINT32_MAX);
    ck_assert_uint_eq(wire_short_from_seconds(NAN), UINT32_MAX);
    unsigned seed = 3;
    for (int i = 0; i < 10000; i++) {
        double value = (double)rand_r(&seed) / 1e6;
        double back = wire_short_to_seconds(wire_short_from_seconds(value));
        ck_assert_double_ge(back, value);
        ck_assert_double_lt(back - value, 1.0 / 65536);
    }
}
END_TEST

START_TEST(powers_of_two_are_clamped)
{
    ck_assert_double_eq(wire_log2_to_seconds(0), 1);
    ck_assert_double_eq(wire_log2_to_seconds(-20), 1.0 / 1048576);
    ck_assert_double_eq(wire_log2_to_seconds(6), 64);
    ck_assert_double_eq(wire_log2_to_seconds(-128), wire_log2_to_seconds(-32));
    ck_assert_double_eq(wire_log2_to_seconds(127), 65536);
}
END_TEST

START_TEST(kiss_codes_need_stratum_0_and_letters)
{
    struct wire_header header = {.refid = 0x52415445};
    ck_assert_int_eq(wire_kiss(&header), WIRE_KISS_RATE);
    header.stratum = 1;
    ck_assert_int_eq(wire_kiss(&header), WIRE_KISS_NONE);
    header.stratum = 0;
    header.refid = 0x44454e59;
    ck_assert_int_eq(wire_kiss(&header), WIRE_KISS_DENY);
    header.refid = 0x52535452;
    ck_assert_int_eq(wire_kiss(&header), WIRE_KISS_RSTR);
    header.refid = 0x494e4954; /* INIT */
    ck_assert_int_eq(wire_kiss(&header), WIRE_KISS_OTHER);
    header.refid = 0;
    ck_assert_int_eq(wire_kiss(&header), WIRE_KISS_NONE);
    header.refid = 0x494e4901;
    ck_assert_int_eq(wire_kiss(&header), WIRE_KISS_NONE);
}
END_TEST

START_TEST(reference_ids_are_words_or_addresses)
{
    char text[16];
    ck_assert_str_eq(wire_refid_text(1, 0x47505300, text), "GPS");
    ck_assert_str_eq(wire_refid_text(0, 0x52415445, text), "RATE");
    ck_assert_str_eq(wire_refid_text(1, 0x50505320, text), "PPS");
    ck_assert_str_eq(wire_refid_text(1, 0, text), "");
    ck_assert_str_eq(wire_refid_text(1, 0x1b5b3041, text),
                     "?[0A"); /* no escape reaches a terminal */
    ck_assert_str_eq(wire_refid_text(2, 0xffffffff, text), "255.255.255.255");
    ck_assert_str_eq(wire_refid_text(15, 0xc0000201, text), "192.0.2.1");
}
END_TEST

/* ---------------------------------------------------------------- addresses */

static struct gn_address address(const char *text, uint16_t port)
{
    struct gn_address result;
    ck_assert_int_eq(address_parse(text, &result), 0);
    result.port = port;
    return result;
}

START_TEST(addresses_are_read_and_written)
{
    char text[ADDRESS_TEXT_SIZE];
    struct gn_address none;
    struct gn_address a = address("192.0.2.1", 123);
    ck_assert_str_eq(address_text(&a, text), "192.0.2.1:123");
    a = address("2001:db8::1", 11123);
    ck_assert_str_eq(address_text(&a, text), "[2001:db8::1]:11123");
    a = address("fe80::1", 65535);
    a.scope = UINT32_MAX;
    ck_assert_str_eq(address_text(&a, text), "[fe80::1%4294967295]:65535");
    ck_assert_int_eq(address_parse("time.example.net", &none), -EINVAL);
    ck_assert_int_eq(address_parse("192.0.2", &none), -EINVAL);
    ck_assert_int_eq(address_parse("", &none), -EINVAL);
}
END_TEST

START_TEST(kinds_of_addresses_are_known)
{
    const struct {
        const char *text;
        bool loopback, multicast;
    } cases[] = {
        {"127.0.0.1", true, false},       {"127.255.0.9", true, false}, {"::1", true, false},
        {"192.0.2.1", false, false},      {"224.0.1.1", false, true},   {"239.1.2.3", false, true},
        {"255.255.255.255", false, true}, {"240.0.0.1", false, false},  {"ff02::101", false, true},
        {"2001:db8::1", false, false},    {"::", false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct gn_address a = address(cases[i].text, 0);
        ck_assert_msg(address_is_loopback(&a) == cases[i].loopback, "%s", cases[i].text);
        ck_assert_msg(address_is_multicast(&a) == cases[i].multicast, "%s", cases[i].text);
    }
}
END_TEST

START_TEST(reference_ids_of_addresses)
{
    struct gn_address four = address("192.0.2.1", 123);
    ck_assert_uint_eq(address_refid(&four), 0xc0000201);
    struct gn_address six = address("2001:db8::1", 123);
    struct gn_address other = address("2001:db8::2", 123);
    ck_assert_uint_ne(address_refid(&six), address_refid(&other));
    ck_assert_uint_ne(address_refid(&six), 0);
    struct gn_address mapped = address("::ffff:192.0.2.1", 123);
    struct gn_address plain = address_unmapped(&mapped);
    ck_assert(address_equal(&plain, &four));
    plain = address_unmapped(&six);
    ck_assert(address_equal(&plain, &six));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_wire");
    TCase *tcase = tcase_create("wire");
    tcase_add_test(tcase, a_captured_header_is_read);
    tcase_add_test(tcase, packing_is_the_inverse_of_unpacking);
    tcase_add_test(tcase, a_short_datagram_is_no_header);
    tcase_add_test(tcase, the_transmit_time_is_patched_alone);
    tcase_add_loop_test(tcase, interesting_dates_are_right, 0, sizeof(dates) / sizeof(*dates));
    tcase_add_test(tcase, an_era_further_off_is_another_date);
    tcase_add_test(tcase, every_nanosecond_survives_the_wire);
    tcase_add_test(tcase, the_ends_of_time_do_not_overflow);
    tcase_add_test(tcase, differences_are_signed_and_cross_the_era);
    tcase_add_test(tcase, the_short_format_never_rounds_down);
    tcase_add_test(tcase, powers_of_two_are_clamped);
    tcase_add_test(tcase, kiss_codes_need_stratum_0_and_letters);
    tcase_add_test(tcase, reference_ids_are_words_or_addresses);
    tcase_add_test(tcase, addresses_are_read_and_written);
    tcase_add_test(tcase, kinds_of_addresses_are_known);
    tcase_add_test(tcase, reference_ids_of_addresses);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
