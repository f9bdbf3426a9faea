/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <plugins/proto-ntp/broadcast_client.h>
#include <plugins/proto-ntp/broadcast_server.h>
#include <plugins/proto-ntp/server.h>
#include <stdlib.h>
#include <string.h>

/* Broadcasts: what a server sends, and what a client makes of it. */

#define S(seconds) ((int64_t)((seconds)*GN_NS_PER_S))
#define NOW_NS (INT64_C(1800000000) * GN_NS_PER_S)
#define OFFSET_NS S(0.25) /* the local clock is behind by so much */
#define ONE_WAY_NS S(0.001)

static struct broadcast_client client;
static struct gn_sample sample;
static bool ready;

static void set_up(void)
{
    broadcast_client_init(&client);
    memset(&sample, 0, sizeof(sample));
    ready = false;
}

static struct wire_header good_header(int64_t sent_ns)
{
    return (struct wire_header){
        .version = 4,
        .mode = WIRE_MODE_BROADCAST,
        .stratum = 2,
        .poll = 4,
        .precision = -20,
        .root_delay = wire_short_from_seconds(0.5),
        .refid = 0xc0000263,
        .transmit = wire_stamp_from_utc((gn_utc){sent_ns}),
    };
}

/* A packet that left `at_ns` after the beginning, and took `way_ns`. */
static enum broadcast_verdict hear(int64_t at_ns, int64_t way_ns)
{
    struct wire_header header = good_header(NOW_NS + at_ns + OFFSET_NS);
    struct broadcast_packet packet = {
        .when = {NOW_NS + at_ns + way_ns},
        .stamp = GN_STAMP_KERNEL,
        .pivot = {NOW_NS},
        .precision_log2s = -24,
    };
    return broadcast_client_hear(&client, &packet, &header, &ready, &sample);
}

static bool measure(double delay_s, double offset_s)
{
    struct gn_sample exchange = {
        .local = {NOW_NS},
        .utc = {NOW_NS + S(offset_s)},
        .delay_s = delay_s,
        .own_refid = 0xc0000207,
    };
    return broadcast_client_measure(&client, &exchange);
}

/* From the first packet to the end of the volley. */
static void get_to_know(void)
{
    ck_assert_int_eq(hear(0, ONE_WAY_NS), BROADCAST_OK);
    for (unsigned i = 0; i < BROADCAST_VOLLEY; i++)
        ck_assert_int_eq(measure(0.002 + 1e-6 * i, 0.25), i == BROADCAST_VOLLEY - 1);
    ck_assert_int_eq(broadcast_client_listen(&client, 0.004, &ready, &sample), BROADCAST_OK);
    ck_assert(ready);
}

/* ---------------------------------------------------------------- client */

START_TEST(a_volley_measures_the_way_and_the_packet_that_waited_counts)
{
    ck_assert_int_eq(hear(0, ONE_WAY_NS), BROADCAST_OK);
    ck_assert(!ready);
    ck_assert(!measure(0.0030, 0.25));
    ck_assert(!measure(0.0020, 0.25));
    ck_assert(!measure(0.0021, 0.25));
    ck_assert(measure(0.0020, 0.25));
    ck_assert(measure(0.0001, 0.25)); /* one too many is not looked at */
    ck_assert_int_eq(broadcast_client_listen(&client, 0.004, &ready, &sample), BROADCAST_OK);
    ck_assert(ready && client.measured);
    ck_assert_double_eq_tol(client.round_trip_s, 0.0021, 1e-12); /* the middle one */
    ck_assert_int_eq(sample.kind, GN_SAMPLE_ONE_WAY);
    ck_assert_double_eq_tol(gn_sample_offset_s(&sample), 0.25 + 0.00105 - 0.001, 1e-8);
    /* ±half the round trip, the spread, both precisions, two readings */
    ck_assert_double_eq_tol(sample.dispersion_s, 0.00105 + 0.0005 + 0x1p-20 + 0x1p-24 + 22e-6,
                            1e-9);
    ck_assert_double_eq_tol(sample.root_delay_s, 0.5 + 0.0021, 1e-4);
    ck_assert_uint_eq(sample.own_refid, 0xc0000207);
}
END_TEST

START_TEST(a_server_that_does_not_answer_is_as_far_as_configured)
{
    ck_assert_int_eq(hear(0, ONE_WAY_NS), BROADCAST_OK);
    ck_assert_int_eq(broadcast_client_listen(&client, 0.004, &ready, &sample), BROADCAST_OK);
    ck_assert(ready && !client.measured);
    ck_assert_double_eq_tol(gn_sample_offset_s(&sample), 0.25 + 0.004 - 0.001, 1e-8);
    ck_assert_double_ge(sample.dispersion_s, 0.004); /* give or take as much */
    ck_assert_double_lt(sample.dispersion_s, 0.0041);
    ck_assert_double_ge(sample.root_delay_s, 0.508);
}
END_TEST

START_TEST(old_packets_and_those_in_between_are_refused)
{
    get_to_know();
    ck_assert_int_eq(hear(S(16), ONE_WAY_NS), BROADCAST_OK);
    ck_assert(ready);
    ck_assert_int_eq(hear(S(16), ONE_WAY_NS + S(16)), BROADCAST_REPLAY);
    ck_assert_int_eq(hear(0, ONE_WAY_NS + S(32)), BROADCAST_REPLAY);
    ck_assert(!ready);
    ck_assert_int_eq(hear(S(19), ONE_WAY_NS), BROADCAST_EARLY);
    ck_assert_int_eq(hear(S(21), ONE_WAY_NS), BROADCAST_OK);
}
END_TEST

START_TEST(old_packets_of_a_server_that_tells_another_time_now_are_refused)
{
    ck_assert_int_eq(hear(0, S(1)), BROADCAST_OK); /* a second old */
    measure(0.002, 0.25);
    ck_assert_int_eq(broadcast_client_listen(&client, 0.004, &ready, &sample),
                     BROADCAST_CONTRADICTION);
    ck_assert(!ready);
}
END_TEST

START_TEST(the_end_of_an_era_is_no_replay)
{
    struct broadcast_packet packet = {.when = {NOW_NS}, .pivot = {NOW_NS}};
    struct wire_header header = good_header(NOW_NS);
    header.transmit.raw = UINT64_MAX - 5;
    ck_assert_int_eq(broadcast_client_hear(&client, &packet, &header, &ready, &sample),
                     BROADCAST_OK);
    packet.when.ns += S(16);
    header.transmit.raw = UINT64_C(15) << 32;
    ck_assert_int_eq(broadcast_client_hear(&client, &packet, &header, &ready, &sample),
                     BROADCAST_OK);
}
END_TEST

START_TEST(who_follows_us_is_not_followed)
{
    struct wire_header header = good_header(NOW_NS + S(32));
    struct broadcast_packet packet = {.when = {NOW_NS + S(32)}, .pivot = {NOW_NS}};
    get_to_know();
    header.refid = 0xc0000207;
    ck_assert_int_eq(broadcast_client_hear(&client, &packet, &header, &ready, &sample),
                     BROADCAST_LOOP);
}
END_TEST

static const struct {
    enum broadcast_verdict verdict;
    size_t size, at;
    uint8_t byte;
} bad[] = {
    {BROADCAST_LENGTH, 0, 0, 0x25},
    {BROADCAST_LENGTH, 47, 0, 0x25},
    {BROADCAST_VERSION, 48, 0, 0x05},
    {BROADCAST_VERSION, 48, 0, 0x2d},
    {BROADCAST_MODE, 48, 0, 0x23},
    {BROADCAST_MODE, 48, 0, 0x24},
    {BROADCAST_UNSYNCHRONISED, 48, 0, 0xe5},
    {BROADCAST_UNSYNCHRONISED, 48, 1, 0},
    {BROADCAST_STRATUM, 48, 1, 16},
    {BROADCAST_ROOT, 48, 5, 40},
    {BROADCAST_ROOT, 48, 9, 16},
    {BROADCAST_REFERENCE, 48, 16, 0xef},
    {BROADCAST_OK, 48, 2, 0xff},
    {BROADCAST_OK, 60, 47, 1},
};

START_TEST(a_bad_packet_is_told_by_its_name)
{
    struct wire_header header = good_header(NOW_NS);
    uint8_t packet[64] = {0};
    wire_pack(&header, packet);
    packet[bad[_i].at] = bad[_i].byte;
    ck_assert_int_eq(broadcast_client_judge(packet, bad[_i].size, &header), bad[_i].verdict);
}
END_TEST

START_TEST(a_packet_without_time_is_refused)
{
    struct wire_header header = good_header(NOW_NS);
    uint8_t packet[WIRE_HEADER_SIZE];
    header.transmit.raw = 0;
    wire_pack(&header, packet);
    ck_assert_int_eq(broadcast_client_judge(packet, sizeof(packet), &header), BROADCAST_STAMPS);
}
END_TEST

START_TEST(silence_is_noticed)
{
    get_to_know();
    ck_assert_int_eq(broadcast_client_patience_ns(&client), S(24));
    ck_assert_uint_eq(broadcast_client_miss(&client), 1);
    ck_assert_int_eq(broadcast_client_patience_ns(&client), S(16));
    ck_assert_uint_eq(broadcast_client_miss(&client), 2);
    ck_assert_int_eq(hear(S(64), ONE_WAY_NS), BROADCAST_OK);
    ck_assert_uint_eq(broadcast_client_miss(&client), 1);
}
END_TEST

START_TEST(no_interval_is_beyond_belief)
{
    struct wire_header header = good_header(NOW_NS);
    struct broadcast_packet packet = {.when = {NOW_NS}, .pivot = {NOW_NS}};
    header.poll = 127;
    broadcast_client_hear(&client, &packet, &header, &ready, &sample);
    ck_assert_int_eq(client.interval_ns, S(1024));
    set_up();
    header.poll = -128;
    broadcast_client_hear(&client, &packet, &header, &ready, &sample);
    ck_assert_int_eq(client.interval_ns, S(1));
}
END_TEST

START_TEST(each_verdict_has_a_name_and_words)
{
    for (int i = 0; i < BROADCAST_COUNT; i++) {
        ck_assert_ptr_nonnull(broadcast_verdict_name((enum broadcast_verdict)i));
        ck_assert_ptr_nonnull(broadcast_verdict_text((enum broadcast_verdict)i));
    }
}
END_TEST

/* ---------------------------------------------------------------- server */

static struct gn_state some_state(void)
{
    return (struct gn_state){
        .size = sizeof(struct gn_state),
        .stratum = 3,
        .precision_log2s = -24,
        .refid = 0xc0000201,
        .at = {NOW_NS},
        .utc = {NOW_NS + OFFSET_NS},
        .root_delay_s = 0.01,
    };
}

START_TEST(a_server_sends_its_time_and_nothing_else)
{
    struct gn_state state = some_state();
    struct wire_packet packet;
    struct wire_header header;
    ck_assert(broadcast_server_packet(&state, (gn_local){NOW_NS}, S(64), &packet));
    server_stamp(&packet, &state, (gn_local){NOW_NS});
    ck_assert_uint_eq(packet.size, WIRE_HEADER_SIZE);
    ck_assert_int_eq(broadcast_client_judge(packet.bytes, packet.size, &header), BROADCAST_OK);
    ck_assert_uint_eq(header.version, 4);
    ck_assert_uint_eq(header.stratum, 3);
    ck_assert_int_eq(header.poll, 6);
    ck_assert_uint_eq(header.refid, 0xc0000201);
    ck_assert_uint_eq(header.origin.raw, 0);
    ck_assert_uint_eq(header.receive.raw, 0);
    ck_assert_uint_eq(header.transmit.raw >> 1,
                      wire_stamp_from_utc((gn_utc){NOW_NS + OFFSET_NS}).raw >> 1);
}
END_TEST

START_TEST(who_knows_no_time_sends_none)
{
    struct gn_state state = some_state();
    struct wire_packet packet;
    state.leap = GN_LEAP_UNSYNCHRONISED;
    ck_assert(!broadcast_server_packet(&state, (gn_local){NOW_NS}, S(64), &packet));
    state = some_state();
    state.stratum = 16;
    ck_assert(!broadcast_server_packet(&state, (gn_local){NOW_NS}, S(64), &packet));
}
END_TEST

START_TEST(the_poll_is_the_nearest_power_of_two)
{
    static const struct {
        int seconds, poll;
    } cases[] = {{1, 0}, {2, 1}, {3, 2}, {5, 2}, {6, 3}, {45, 5}, {46, 6}, {64, 6}, {1024, 10}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_int_eq(broadcast_server_poll(S(cases[i].seconds)), cases[i].poll);
}
END_TEST

START_TEST(only_some_addresses_are_for_many)
{
    struct gn_address address;
    ck_assert_int_eq(broadcast_server_address("192.0.2.255", &address), 0);
    ck_assert_int_eq(broadcast_server_address("255.255.255.255", &address), 0);
    ck_assert_int_eq(broadcast_server_address("224.0.1.1", &address), 0);
    ck_assert_int_eq(broadcast_server_address("ff05::101", &address), 0);
    ck_assert_int_lt(broadcast_server_address("2001:db8::1", &address), 0);
    ck_assert_int_lt(broadcast_server_address("0.0.0.0", &address), 0);
    ck_assert_int_lt(broadcast_server_address("192.0.2.255:123", &address), 0);
    ck_assert_int_lt(broadcast_server_address("", &address), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_broadcast");
    TCase *tcase = tcase_create("client");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, a_volley_measures_the_way_and_the_packet_that_waited_counts);
    tcase_add_test(tcase, a_server_that_does_not_answer_is_as_far_as_configured);
    tcase_add_test(tcase, old_packets_and_those_in_between_are_refused);
    tcase_add_test(tcase, old_packets_of_a_server_that_tells_another_time_now_are_refused);
    tcase_add_test(tcase, the_end_of_an_era_is_no_replay);
    tcase_add_test(tcase, who_follows_us_is_not_followed);
    tcase_add_loop_test(tcase, a_bad_packet_is_told_by_its_name, 0, sizeof(bad) / sizeof(*bad));
    tcase_add_test(tcase, a_packet_without_time_is_refused);
    tcase_add_test(tcase, silence_is_noticed);
    tcase_add_test(tcase, no_interval_is_beyond_belief);
    tcase_add_test(tcase, each_verdict_has_a_name_and_words);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("server");
    tcase_add_test(tcase, a_server_sends_its_time_and_nothing_else);
    tcase_add_test(tcase, who_knows_no_time_sends_none);
    tcase_add_test(tcase, the_poll_is_the_nearest_power_of_two);
    tcase_add_test(tcase, only_some_addresses_are_for_many);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
