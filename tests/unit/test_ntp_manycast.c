/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <plugins/proto-ntp/address.h>
#include <plugins/proto-ntp/manycast.h>
#include <stdlib.h>
#include <string.h>

/* A search for the servers of a group. */

static struct manycast search;
static struct wire_packet request;
static struct gn_address server;

static void set_up(void)
{
    manycast_init(&search, 2, 10);
    address_parse("192.0.2.1", &server);
    server.port = 123;
}

static struct wire_header reply_to(const struct wire_packet *packet)
{
    struct wire_header header;
    ck_assert_int_eq(wire_unpack(packet->bytes, packet->size, &header), 0);
    return (struct wire_header){
        .version = 4,
        .mode = WIRE_MODE_SERVER,
        .stratum = 2,
        .precision = -20,
        .origin = header.transmit,
        .receive = {UINT64_C(1) << 60},
        .transmit = {UINT64_C(1) << 60},
    };
}

static enum manycast_verdict answer(const struct wire_header *header)
{
    uint8_t packet[WIRE_HEADER_SIZE];
    wire_pack(header, packet);
    return manycast_answer(&search, packet, sizeof(packet), &server, true);
}

START_TEST(it_goes_further_until_the_most_hops)
{
    static const uint8_t hops[] = {1, 2, 4, 8, 10};
    struct wire_header header;
    for (size_t i = 0; i < sizeof(hops); i++) {
        ck_assert(manycast_request(&search, 4, 77 + i, &request));
        ck_assert_uint_eq(search.hops, hops[i]);
        ck_assert_int_eq(wire_unpack(request.bytes, request.size, &header), 0);
        ck_assert_uint_eq(header.mode, WIRE_MODE_CLIENT);
        ck_assert_uint_eq(header.transmit.raw, 77 + i);
        ck_assert_uint_eq(request.size, WIRE_HEADER_SIZE);
    }
    ck_assert(!manycast_request(&search, 4, 1, &request));
    manycast_init(&search, 2, 255);
    unsigned rings = 0;
    while (manycast_request(&search, 4, 1, &request))
        rings++;
    ck_assert_uint_eq(rings, 9); /* 1, 2 … 128, 255 */
}
END_TEST

START_TEST(it_ends_when_enough_are_found)
{
    ck_assert(manycast_request(&search, 4, 7, &request));
    struct wire_header header = reply_to(&request);
    ck_assert_int_eq(answer(&header), MANYCAST_OK);
    ck_assert_int_eq(answer(&header), MANYCAST_KNOWN);
    ck_assert(manycast_request(&search, 4, 8, &request));
    ck_assert_int_eq(answer(&header), MANYCAST_REFUSED); /* of the ring before */
    header = reply_to(&request);
    ck_assert_int_eq(answer(&header), MANYCAST_KNOWN);
    server.ip[3] = 2;
    ck_assert_int_eq(answer(&header), MANYCAST_OK);
    ck_assert_uint_eq(search.count, 2);
    ck_assert(!manycast_request(&search, 4, 9, &request));
}
END_TEST

START_TEST(what_is_no_answer_is_refused)
{
    struct wire_header header = {.version = 4, .mode = WIRE_MODE_SERVER, .stratum = 2};
    header.receive.raw = header.transmit.raw = 1;
    ck_assert_int_eq(answer(&header), MANYCAST_REFUSED); /* nothing was asked */
    ck_assert(manycast_request(&search, 4, 0, &request));
    ck_assert_uint_ne(search.nonce.raw, 0);
    ck_assert_int_eq(answer(&header), MANYCAST_REFUSED);
    header = reply_to(&request);
    header.leap = WIRE_LEAP_UNSYNCHRONISED;
    ck_assert_int_eq(answer(&header), MANYCAST_REFUSED);
    header = reply_to(&request);
    header.mode = WIRE_MODE_BROADCAST;
    ck_assert_int_eq(answer(&header), MANYCAST_REFUSED);
    header = reply_to(&request);
    address_parse("239.1.1.1", &server);
    server.port = 123;
    ck_assert_int_eq(answer(&header), MANYCAST_REFUSED);
    uint8_t packet[WIRE_HEADER_SIZE];
    wire_pack(&header, packet);
    address_parse("192.0.2.1", &server);
    ck_assert_int_eq(answer(&header), MANYCAST_REFUSED); /* port 0 */
    server.port = 123;
    ck_assert_int_eq(manycast_answer(&search, packet, sizeof(packet) - 1, &server, true),
                     MANYCAST_REFUSED);
    ck_assert_int_eq(manycast_answer(&search, packet, sizeof(packet), &server, false),
                     MANYCAST_REFUSED);
    ck_assert_int_eq(manycast_answer(&search, packet, sizeof(packet), &server, true), MANYCAST_OK);
}
END_TEST

START_TEST(a_crowd_is_bounded)
{
    ck_assert(manycast_request(&search, 4, 7, &request));
    struct wire_header header = reply_to(&request);
    for (unsigned i = 0; i < ROSTER_MAX; i++) {
        server.ip[3] = (uint8_t)(i + 1);
        ck_assert_int_eq(answer(&header), MANYCAST_OK);
    }
    server.ip[3] = 200;
    ck_assert_int_eq(answer(&header), MANYCAST_FULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_manycast");
    TCase *tcase = tcase_create("manycast");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, it_goes_further_until_the_most_hops);
    tcase_add_test(tcase, it_ends_when_enough_are_found);
    tcase_add_test(tcase, what_is_no_answer_is_refused);
    tcase_add_test(tcase, a_crowd_is_bounded);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
