/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <plugins/proto-ntp/address.h>
#include <plugins/proto-ntp/server.h>
#include <stdlib.h>
#include <string.h>

#define NOW_NS (INT64_C(1800000000) * GN_NS_PER_S)
#define UTC_NS (NOW_NS + 250000000) /* the local clock is 0.25 s behind */

static struct gn_state some_state(void)
{
    return (struct gn_state){
        .size = sizeof(struct gn_state),
        .synchronised = true,
        .stratum = 3,
        .leap = GN_LEAP_INSERT,
        .precision_log2s = -24,
        .refid = 0xc0000201,
        .ref_time = {UTC_NS - 32 * GN_NS_PER_S},
        .at = {NOW_NS},
        .utc = {UTC_NS},
        .frequency = 100e-6,
        .root_delay_s = 0.0123,
        .root_dispersion_s = 0.002,
        .dispersion_rate = 15e-6,
    };
}

struct asked {
    uint8_t data[1500];
    struct server_request request;
};

static void ask(struct asked *asked, uint8_t first)
{
    memset(asked, 0, sizeof(*asked));
    asked->data[0] = first;
    asked->data[2] = 6;
    memcpy(asked->data + WIRE_TRANSMIT_OFFSET, "\xde\xad\xbe\xef\1\2\3\4", 8);
    asked->request.data = asked->data;
    asked->request.size = WIRE_HEADER_SIZE;
    address_parse("198.51.100.7", &asked->request.remote);
    asked->request.remote.port = 40000;
    address_parse("192.0.2.1", &asked->request.local);
    asked->request.local.port = 123;
    asked->request.when = (gn_local){NOW_NS + 10 * GN_NS_PER_S};
    asked->request.allowed = true;
}

static enum server_verdict verdict_of(const struct asked *asked)
{
    struct gn_state state = some_state();
    struct wire_packet reply;
    return server_answer(&asked->request, &state, &reply);
}

#define ck_assert_verdict(is, wanted)                                                              \
    do {                                                                                           \
        enum server_verdict is_ = (is);                                                            \
        ck_assert_msg(is_ == (wanted), "%s instead of %s", server_verdict_name(is_),               \
                      server_verdict_name(wanted));                                                \
    } while (0)

/* ---------------------------------------------------------------- what is said */

START_TEST(a_synchronised_server_says_so)
{
    struct gn_state state = some_state();
    struct asked asked;
    struct wire_header reply;
    struct wire_packet packet;
    ask(&asked, 0x23);
    ck_assert_verdict(server_answer(&asked.request, &state, &packet), SERVER_ANSWER);
    gn_local later = {NOW_NS + 10 * GN_NS_PER_S + 40000};
    server_stamp(&packet, &state, later);
    wire_unpack(packet.bytes, packet.size, &reply);
    ck_assert_uint_eq(reply.leap, 1);
    ck_assert_uint_eq(reply.version, 4);
    ck_assert_uint_eq(reply.mode, WIRE_MODE_SERVER);
    ck_assert_uint_eq(reply.stratum, 3);
    ck_assert_int_eq(reply.poll, 6);
    ck_assert_int_eq(reply.precision, -24);
    ck_assert_uint_eq(reply.refid, 0xc0000201);
    ck_assert(reply.origin.raw == UINT64_C(0xdeadbeef01020304));
    gn_utc pivot = {UTC_NS};
    ck_assert_int_eq(wire_stamp_to_utc(reply.reference, pivot).ns, UTC_NS - 32 * GN_NS_PER_S);
    /* The estimate, not the system clock: 10 s at 100 ppm are 1 ms more. */
    ck_assert_int_eq(wire_stamp_to_utc(reply.receive, pivot).ns,
                     UTC_NS + 10 * GN_NS_PER_S + 1000000);
    ck_assert_int_eq(wire_stamp_to_utc(reply.transmit, pivot).ns,
                     UTC_NS + 10 * GN_NS_PER_S + 1000000 + 40004);
    ck_assert_double_ge(wire_short_to_seconds(reply.root_delay), 0.0123);
    ck_assert_double_eq_tol(wire_short_to_seconds(reply.root_delay), 0.0123, 1.0 / 65536);
    ck_assert_double_ge(wire_short_to_seconds(reply.root_dispersion), 0.002 + 10 * 15e-6);
    ck_assert_double_eq_tol(wire_short_to_seconds(reply.root_dispersion), 0.002 + 10 * 15e-6,
                            1.0 / 65536);
}
END_TEST

static void check_unsynchronised(const struct gn_state *state)
{
    struct asked asked;
    struct wire_header reply;
    struct wire_packet packet;
    ask(&asked, 0x23);
    ck_assert_verdict(server_answer(&asked.request, state, &packet), SERVER_ANSWER);
    wire_unpack(packet.bytes, packet.size, &reply);
    ck_assert_uint_eq(reply.leap, 3);
    ck_assert_uint_eq(reply.stratum, 0);
    ck_assert_uint_eq(reply.refid, 0);
    ck_assert_int_eq(wire_kiss(&reply), WIRE_KISS_NONE);
    ck_assert(reply.origin.raw == UINT64_C(0xdeadbeef01020304));
}

START_TEST(an_unsynchronised_server_says_so)
{
    struct gn_state state = some_state();
    state.leap = GN_LEAP_UNSYNCHRONISED;
    check_unsynchronised(&state);
    state = some_state();
    state.stratum = 16;
    check_unsynchronised(&state);
    struct gn_state fresh = {.size = sizeof(fresh)}; /* nothing was ever known */
    check_unsynchronised(&fresh);
}
END_TEST

START_TEST(bounds_beyond_the_format_are_saturated)
{
    struct gn_state state = some_state();
    struct asked asked;
    struct wire_header reply;
    struct wire_packet packet;
    state.root_dispersion_s = 1e9;
    state.root_delay_s = NAN;
    ask(&asked, 0x23);
    ck_assert_verdict(server_answer(&asked.request, &state, &packet), SERVER_ANSWER);
    wire_unpack(packet.bytes, packet.size, &reply);
    ck_assert_uint_eq(reply.root_dispersion, UINT32_MAX);
    ck_assert_uint_eq(reply.root_delay, UINT32_MAX);
}
END_TEST

START_TEST(the_poll_is_copied_within_bounds)
{
    const int8_t polls[][2] = {{0, 0}, {6, 6}, {17, 17}, {18, 17}, {127, 17}, {-1, 0}, {-128, 0}};
    struct gn_state state = some_state();
    for (size_t i = 0; i < sizeof(polls) / sizeof(*polls); i++) {
        struct asked asked;
        struct wire_header reply;
        struct wire_packet packet;
        ask(&asked, 0x23);
        asked.data[2] = (uint8_t)polls[i][0];
        server_answer(&asked.request, &state, &packet);
        wire_unpack(packet.bytes, packet.size, &reply);
        ck_assert_int_eq(reply.poll, polls[i][1]);
    }
}
END_TEST

/* ---------------------------------------------------------------- who gets an answer */

START_TEST(every_version_and_mode)
{
    struct gn_state state = some_state();
    for (unsigned first = 0; first < 256; first++) {
        struct asked asked;
        struct wire_packet packet;
        unsigned version = first >> 3 & 7;
        unsigned mode = first & 7;
        ask(&asked, (uint8_t)first);
        enum server_verdict verdict = server_answer(&asked.request, &state, &packet);
        if (version < 1 || version > 4) {
            ck_assert_verdict(verdict, SERVER_VERSION);
        } else if (mode == 3 || (mode == 0 && version == 1)) {
            ck_assert_verdict(verdict, SERVER_ANSWER);
            ck_assert_uint_eq(packet.bytes[0] & 0x3f, version << 3 | WIRE_MODE_SERVER);
        } else if (mode == 1) { /* a peer that nobody configured */
            ck_assert_verdict(verdict, SERVER_ANSWER);
            ck_assert_uint_eq(packet.bytes[0] & 0x3f, version << 3 | WIRE_MODE_PASSIVE);
        } else {
            ck_assert_verdict(verdict, SERVER_MODE);
        }
    }
}
END_TEST

START_TEST(an_old_server_is_no_old_client)
{
    struct asked asked;
    ask(&asked, 0x08); /* version 1, no mode */
    asked.request.remote.port = 123;
    ck_assert_verdict(verdict_of(&asked), SERVER_MODE);
}
END_TEST

START_TEST(our_own_answers_are_not_answered)
{
    struct gn_state state = some_state();
    for (uint8_t first = 0x0b; first <= 0x23; first = (uint8_t)(first + 8)) {
        struct asked asked;
        struct wire_packet packet;
        ask(&asked, first);
        ck_assert_verdict(server_answer(&asked.request, &state, &packet), SERVER_ANSWER);
        memcpy(asked.data, packet.bytes, packet.size);
        ck_assert_verdict(verdict_of(&asked), SERVER_MODE);
    }
}
END_TEST

START_TEST(who_is_not_allowed_gets_nothing)
{
    struct asked asked;
    ask(&asked, 0x23);
    asked.request.allowed = false;
    ck_assert_verdict(verdict_of(&asked), SERVER_DENIED);
}
END_TEST

static const struct {
    const char *remote;
    uint16_t port;
    const char *local;
    enum server_verdict verdict;
} paths[] = {
    {"198.51.100.7", 0, "192.0.2.1", SERVER_ADDRESS}, /* nobody can be at port 0 */
    {"198.51.100.7", 1, "192.0.2.1", SERVER_ANSWER},
    {"198.51.100.7", 123, "192.0.2.1", SERVER_ANSWER}, /* ntpd asks from there */
    {"192.0.2.1", 123, "192.0.2.1", SERVER_ADDRESS},   /* ourselves */
    {"192.0.2.1", 40000, "192.0.2.1", SERVER_ANSWER},  /* another program on this machine */
    {"2001:db8::1", 123, "2001:db8::1", SERVER_ADDRESS},
    {"2001:db8::2", 123, "2001:db8::1", SERVER_ANSWER},
    {"224.0.1.1", 123, "192.0.2.1", SERVER_ADDRESS},
    {"255.255.255.255", 123, "192.0.2.1", SERVER_ADDRESS},
    {"198.51.100.7", 40000, "224.0.1.1", SERVER_ADDRESS},
    {"2001:db8::2", 40000, "ff02::101", SERVER_ADDRESS},
};

START_TEST(answers_go_to_one_other_place)
{
    struct asked asked;
    ask(&asked, 0x23);
    address_parse(paths[_i].remote, &asked.request.remote);
    asked.request.remote.port = paths[_i].port;
    address_parse(paths[_i].local, &asked.request.local);
    asked.request.local.port = 123;
    ck_assert_verdict(verdict_of(&asked), paths[_i].verdict);
}
END_TEST

START_TEST(an_unknown_local_address_is_fine)
{
    struct asked asked;
    ask(&asked, 0x23);
    memset(&asked.request.local, 0, sizeof(asked.request.local));
    ck_assert_verdict(verdict_of(&asked), SERVER_ANSWER);
    memset(&asked.request.remote, 0, sizeof(asked.request.remote));
    ck_assert_verdict(verdict_of(&asked), SERVER_ADDRESS);
}
END_TEST

/* ---------------------------------------------------------------- what stands behind the header */

static void add_field(struct asked *asked, uint16_t type, uint16_t length)
{
    uint8_t *field = asked->data + asked->request.size;
    field[0] = (uint8_t)(type >> 8);
    field[1] = (uint8_t)type;
    field[2] = (uint8_t)(length >> 8);
    field[3] = (uint8_t)length;
    asked->request.size += length;
}

START_TEST(extension_fields_are_passed_over)
{
    struct asked asked;
    ask(&asked, 0x23);
    add_field(&asked, 0x0104, 28);
    ck_assert_verdict(verdict_of(&asked), SERVER_ANSWER);
    add_field(&asked, 0xf323, 100);
    ck_assert_verdict(verdict_of(&asked), SERVER_ANSWER);
    add_field(&asked, 0x0404, 1024);
    ck_assert_verdict(verdict_of(&asked), SERVER_ANSWER);
}
END_TEST

START_TEST(a_request_with_a_key_gets_nothing)
{
    const size_t macs[] = {4, 20, 24};
    for (size_t i = 0; i < sizeof(macs) / sizeof(*macs); i++) {
        struct asked asked;
        ask(&asked, 0x23);
        asked.request.size += macs[i];
        ck_assert_verdict(verdict_of(&asked), SERVER_KEY);
        ask(&asked, 0x23);
        add_field(&asked, 0x0204, 32);
        asked.request.size += macs[i];
        ck_assert_verdict(verdict_of(&asked), SERVER_KEY);
    }
    struct asked asked; /* version 3 has no extension fields, but longer digests */
    ask(&asked, 0x1b);
    asked.request.size += 68;
    ck_assert_verdict(verdict_of(&asked), SERVER_KEY);
}
END_TEST

START_TEST(malformed_lengths_get_nothing)
{
    struct asked asked;
    for (size_t size = 0; size < WIRE_HEADER_SIZE; size++) {
        ask(&asked, 0x23);
        asked.request.size = size;
        ck_assert_verdict(verdict_of(&asked), SERVER_LENGTH);
    }
    for (size_t more = 1; more < 28; more++) {
        if (more == 4 || more == 20 || more == 24)
            continue;
        ask(&asked, 0x23);
        asked.request.size += more;
        ck_assert_verdict(verdict_of(&asked), SERVER_LENGTH);
    }
    const uint16_t lengths[] = {0, 4, 12, 30, 104, 65532};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        ask(&asked, 0x23);
        add_field(&asked, 0x0104, lengths[i]);
        asked.request.size = WIRE_HEADER_SIZE + 100;
        ck_assert_verdict(verdict_of(&asked), SERVER_LENGTH);
    }
}
END_TEST

/* ---------------------------------------------------------------- noise */

START_TEST(noise_of_every_length_gets_nothing_beyond_the_protocol)
{
    struct gn_state state = some_state();
    unsigned seed = (unsigned)_i + 1;
    unsigned counts[SERVER_COUNT] = {0};
    for (size_t size = 0; size <= 1500; size++) {
        uint8_t *data = malloc(size + 1); /* exact, so that a sanitizer sees its end */
        struct wire_packet packet;
        struct asked asked;
        ask(&asked, 0);
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)rand_r(&seed);
        asked.request.data = data;
        asked.request.size = size;
        enum server_verdict verdict = server_answer(&asked.request, &state, &packet);
        counts[verdict]++;
        if (verdict == SERVER_ANSWER) {
            ck_assert_uint_ge(size, WIRE_HEADER_SIZE); /* never longer than the request */
            ck_assert_uint_eq(packet.bytes[0] & 7, (data[0] & 7) == WIRE_MODE_ACTIVE
                                                       ? WIRE_MODE_PASSIVE
                                                       : WIRE_MODE_SERVER);
            ck_assert_mem_eq(packet.bytes + 24, data + WIRE_TRANSMIT_OFFSET, 8);
        }
        free(data);
    }
    ck_assert_uint_ge(counts[SERVER_LENGTH], WIRE_HEADER_SIZE);
    ck_assert_uint_gt(counts[SERVER_MODE], 0);
    ck_assert_uint_gt(counts[SERVER_VERSION], 0);
}
END_TEST

START_TEST(a_group_is_answered_only_by_who_knows_the_time)
{
    struct gn_state state = some_state();
    struct wire_packet reply;
    struct asked asked;
    ask(&asked, 0x23);
    asked.request.for_many = true;
    asked.request.local.family = GN_FAMILY_NONE;
    ck_assert_int_eq(server_answer(&asked.request, &state, &reply), SERVER_ANSWER);
    state.leap = GN_LEAP_UNSYNCHRONISED;
    ck_assert_int_eq(server_answer(&asked.request, &state, &reply), SERVER_SILENT);
    asked.request.allowed = false;
    ck_assert_int_eq(server_answer(&asked.request, &state, &reply), SERVER_DENIED);
    ask(&asked, 0x23); /* a group that we have not joined, and broadcasts */
    address_parse("224.0.1.1", &asked.request.local);
    state = some_state();
    ck_assert_int_eq(server_answer(&asked.request, &state, &reply), SERVER_ADDRESS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_server");
    TCase *tcase = tcase_create("server");
    tcase_add_test(tcase, a_group_is_answered_only_by_who_knows_the_time);
    tcase_add_test(tcase, a_synchronised_server_says_so);
    tcase_add_test(tcase, an_unsynchronised_server_says_so);
    tcase_add_test(tcase, bounds_beyond_the_format_are_saturated);
    tcase_add_test(tcase, the_poll_is_copied_within_bounds);
    tcase_add_test(tcase, every_version_and_mode);
    tcase_add_test(tcase, an_old_server_is_no_old_client);
    tcase_add_test(tcase, our_own_answers_are_not_answered);
    tcase_add_test(tcase, who_is_not_allowed_gets_nothing);
    tcase_add_loop_test(tcase, answers_go_to_one_other_place, 0, sizeof(paths) / sizeof(*paths));
    tcase_add_test(tcase, an_unknown_local_address_is_fine);
    tcase_add_test(tcase, extension_fields_are_passed_over);
    tcase_add_test(tcase, a_request_with_a_key_gets_nothing);
    tcase_add_test(tcase, malformed_lengths_get_nothing);
    tcase_add_loop_test(tcase, noise_of_every_length_gets_nothing_beyond_the_protocol, 0, 20);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
