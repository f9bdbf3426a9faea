/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <plugins/proto-ntp/address.h>
#include <plugins/proto-ntp/client.h>
#include <plugins/proto-ntp/server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A client and a server with keys, packet by packet. */

#define NOW_NS (INT64_C(1800000000) * GN_NS_PER_S)
#define NONCE UINT64_C(0x0123456789abcdef)
#define ID(type) (100 + (uint32_t)(type)) /* of the key of a type */
#define OTHER 7

static const size_t sizes[MAC_TYPES] = {16, 20, 32, 48, 64, 28, 32, 48, 64, 16, 16};

struct scene {
    struct keyring ours, theirs;
    struct exchange exchange;
    struct wire_packet request, reply;
    struct server_request asked;
    struct wire_header header;
    struct gn_sample sample;
};

static void ignore(void *arg, enum gn_level level, unsigned line, const char *text)
{
    (void)arg, (void)line;
    ck_assert_msg(level != GN_ERROR, "%s", text);
}

/* A key of each type, and one more. */
static void make_keyring(struct keyring *keyring, const char *other)
{
    char text[2048];
    size_t used = (size_t)snprintf(text, sizeof(text), "%d SHA256 %s\n", OTHER, other);
    struct keys keys;
    unsigned line;
    for (int type = 0; type < MAC_TYPES; type++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%u %s %0*u\n",
                                 (unsigned)ID(type), keys_type_name((enum mac_type)type),
                                 type == MAC_AES256 ? 32 : 16, (unsigned)type + 1);
    ck_assert_int_eq(keys_parse(&keys, text, used, ignore, NULL), 0);
    ck_assert_int_eq(keyring_init(keyring, &keys, &line), 0);
    keys_finish(&keys);
}

static void ask(struct scene *s, uint32_t id, uint8_t version)
{
    exchange_init(&s->exchange, version);
    exchange_authenticate(&s->exchange, keyring_find(&s->ours, id));
    exchange_begin(&s->exchange, NONCE, &s->request);
    exchange_sent(&s->exchange, (gn_local){NOW_NS}, GN_STAMP_USER);
    s->asked = (struct server_request){
        .data = s->request.bytes,
        .size = s->request.size,
        .when = {NOW_NS + 1000},
        .allowed = true,
        .keys = &s->theirs,
    };
    address_parse("198.51.100.7", &s->asked.remote);
    s->asked.remote.port = 40000;
}

static struct scene *new_scene(uint32_t id, uint8_t version)
{
    struct scene *s = calloc(1, sizeof(*s));
    make_keyring(&s->ours, "the-key-of-the-client");
    make_keyring(&s->theirs, "the-key-of-the-server");
    ask(s, id, version);
    return s;
}

static void end_scene(struct scene *s)
{
    keyring_finish(&s->ours);
    keyring_finish(&s->theirs);
    free(s);
}

static enum server_verdict serve(struct scene *s)
{
    struct gn_state state = {
        .size = sizeof(state),
        .synchronised = true,
        .stratum = 3,
        .precision_log2s = -24,
        .at = {NOW_NS},
        .utc = {NOW_NS},
    };
    enum server_verdict verdict = server_answer(&s->asked, &state, &s->reply);
    if (verdict == SERVER_ANSWER) {
        server_stamp(&s->reply, &state, (gn_local){NOW_NS + 2000});
        server_protect(&s->asked, &s->reply);
        ck_assert_uint_le(s->reply.size, s->asked.size);
    }
    return verdict;
}

static enum verdict take(struct scene *s)
{
    struct exchange_reply reply = {
        .data = s->reply.bytes,
        .size = s->reply.size,
        .t4 = {NOW_NS + 3000},
        .pivot = {NOW_NS},
        .precision_log2s = -24,
    };
    return exchange_receive(&s->exchange, &reply, &s->header, &s->sample);
}

#define ck_assert_taken(is, wanted)                                                                \
    do {                                                                                           \
        enum verdict is_ = (is);                                                                   \
        ck_assert_msg(is_ == (wanted), "%s instead of %s", verdict_name(is_),                      \
                      verdict_name(wanted));                                                       \
    } while (0)

#define ck_assert_served(is, wanted)                                                               \
    do {                                                                                           \
        enum server_verdict is_ = (is);                                                            \
        ck_assert_msg(is_ == (wanted), "%s instead of %s", server_verdict_name(is_),               \
                      server_verdict_name(wanted));                                                \
    } while (0)

/* ---------------------------------------------------------------- both sides */

START_TEST(each_type_works_in_each_version)
{
    enum mac_type type = (enum mac_type)_i;
    for (uint8_t version = 1; version <= 4; version++) {
        struct scene *s = new_scene(ID(type), version);
        size_t digest = version == 4 && sizes[type] > 20 ? 20 : sizes[type];
        ck_assert_uint_eq(s->request.size, WIRE_HEADER_SIZE + 4 + digest);
        ck_assert_uint_eq(s->request.bytes[51], ID(type));
        ck_assert_served(serve(s), SERVER_ANSWER);
        ck_assert_uint_eq(s->reply.size, s->request.size);
        ck_assert_taken(take(s), VERDICT_OK);
        end_scene(s);
    }
}
END_TEST

/* ntpd cuts them in every version, and wants them cut. */
START_TEST(a_digest_may_be_cut_before_version_4)
{
    enum mac_type type = (enum mac_type)_i;
    struct scene *s = new_scene(ID(type), 3);
    if (sizes[type] > 20)
        s->asked.size = WIRE_HEADER_SIZE + 24;
    ck_assert_served(serve(s), SERVER_ANSWER);
    ck_assert_uint_eq(s->reply.size, s->asked.size);
    ck_assert_taken(take(s), VERDICT_OK);
    end_scene(s);
}
END_TEST

START_TEST(a_digest_is_not_cut_to_any_length)
{
    for (size_t digest = 0; digest <= 64; digest++) {
        struct scene *s = new_scene(ID(MAC_SHA512), 3);
        s->asked.size = WIRE_HEADER_SIZE + 4 + digest;
        ck_assert_int_eq(serve(s) == SERVER_ANSWER, digest == 20 || digest == 64);
        end_scene(s);
    }
}
END_TEST

START_TEST(no_bit_of_a_request_may_change)
{
    struct scene *s = new_scene(ID(_i), 4);
    for (size_t bit = 0; bit < 8 * s->request.size; bit++) {
        s->request.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_ne(serve(s), SERVER_ANSWER);
        s->request.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_served(serve(s), SERVER_ANSWER);
    end_scene(s);
}
END_TEST

START_TEST(no_bit_of_a_reply_may_change)
{
    struct scene *s = new_scene(ID(_i), 4);
    ck_assert_served(serve(s), SERVER_ANSWER);
    for (size_t bit = 0; bit < 8 * s->reply.size; bit++) {
        s->reply.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum verdict verdict = take(s);
        ck_assert_msg(!exchange_was_answer(verdict), "bit %zu: %s", bit, verdict_name(verdict));
        s->reply.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_taken(take(s), VERDICT_OK); /* it is still waited for */
    end_scene(s);
}
END_TEST

/* ---------------------------------------------------------------- the client */

START_TEST(a_reply_without_proof_is_not_used)
{
    struct scene *s = new_scene(ID(MAC_SHA256), 4);
    serve(s);
    s->reply.size = WIRE_HEADER_SIZE;
    ck_assert_taken(take(s), VERDICT_UNPROVEN);
    s->reply.bytes[1] = 0; /* a kiss is not obeyed either */
    memcpy(s->reply.bytes + 12, "DENY", 4);
    ck_assert_taken(take(s), VERDICT_UNPROVEN);
    serve(s);
    ck_assert_taken(take(s), VERDICT_OK);
    end_scene(s);
}
END_TEST

START_TEST(a_nak_is_told_and_waited_on)
{
    struct scene *s = new_scene(ID(MAC_AES128), 4);
    serve(s);
    s->reply.size = WIRE_HEADER_SIZE + 4;
    memset(s->reply.bytes + WIRE_HEADER_SIZE, 0, 4);
    ck_assert_taken(take(s), VERDICT_NAK);
    serve(s);
    ck_assert_taken(take(s), VERDICT_OK);
    end_scene(s);
}
END_TEST

START_TEST(a_reply_of_another_key_is_not_used)
{
    struct scene *s = new_scene(ID(MAC_SHA256), 4);
    serve(s);
    s->reply.size = WIRE_HEADER_SIZE; /* right, but of a key that we did not use */
    struct authenticator *other = keyring_find(&s->ours, ID(MAC_AES128));
    authenticator_protect(other, &s->reply, 100);
    ck_assert_taken(take(s), VERDICT_KEY);
    end_scene(s);
}
END_TEST

START_TEST(a_reply_of_a_key_that_differs_is_not_used)
{
    struct scene *s = new_scene(OTHER, 4);
    ck_assert_served(serve(s), SERVER_MAC);
    exchange_init(&s->exchange, 4); /* asked without one */
    ask(s, 0, 4);
    serve(s);
    ask(s, OTHER, 4);
    authenticator_protect(keyring_find(&s->theirs, OTHER), &s->reply, 100);
    ck_assert_taken(take(s), VERDICT_PROOF);
    end_scene(s);
}
END_TEST

START_TEST(malformed_ends_of_replies_are_not_used)
{
    for (size_t more = 1; more < 28; more++) {
        struct scene *s = new_scene(0, 4); /* also without a key */
        ck_assert_served(serve(s), SERVER_ANSWER);
        memset(s->reply.bytes + s->reply.size, 7, more);
        s->reply.size += more;
        ck_assert_taken(take(s), more == 20 || more == 24 ? VERDICT_OK : VERDICT_EXTENSION);
        end_scene(s);
    }
}
END_TEST

/* Three requests; `nak`: each is answered with a crypto-NAK, else with nothing. */
static void fail_thrice(struct scene *s, bool nak, struct client_actions *actions)
{
    struct client client;
    struct client_config config = {
        .version = 4, .authenticator = keyring_find(&s->ours, OTHER), .key_id = OTHER};
    struct client_event event = {.kind = CLIENT_START, .random = 1, .poll_s = 64};
    event.min_poll_s = event.max_poll_s = 64;
    client_init(&client, &config);
    client_step(&client, &event, actions);
    for (int i = 0; i < 3; i++) {
        event.kind = CLIENT_TIMER;
        client_step(&client, &event, actions);
        ck_assert(actions->send);
        s->reply = actions->request;
        ck_assert_uint_eq(s->reply.size, WIRE_HEADER_SIZE + 24);
        s->reply.bytes[0] = 0x24;
        memcpy(s->reply.bytes + 24, s->reply.bytes + WIRE_TRANSMIT_OFFSET, 8);
        memset(s->reply.bytes + WIRE_HEADER_SIZE, 0, 4);
        event.reply.data = s->reply.bytes;
        event.reply.size = WIRE_HEADER_SIZE + 4;
        event.kind = CLIENT_RECEIVE;
        if (nak)
            client_step(&client, &event, actions);
        event.kind = CLIENT_TIMER; /* in vain */
        event.now.ns += 3 * GN_NS_PER_S;
        client_step(&client, &event, actions);
    }
    ck_assert(actions->fault);
    ck_assert_uint_eq(client.counters.verdicts[VERDICT_NAK], nak ? 3 : 0);
}

START_TEST(the_key_is_named_when_it_is_not_known)
{
    struct scene *s = new_scene(0, 4);
    struct client_actions actions;
    fail_thrice(s, true, &actions);
    ck_assert_str_eq(actions.text,
                     "the server does not know our key 7, or it differs (crypto-nak)");
    ck_assert_int_eq(actions.reason, GN_REASON_BAD_REPLY);
    fail_thrice(s, false, &actions);
    ck_assert_msg(strstr(actions.text, "does not know our key 7") != NULL, "%s", actions.text);
    ck_assert_int_eq(actions.reason, GN_REASON_NO_REPLY);
    end_scene(s);
}
END_TEST

/* ---------------------------------------------------------------- the server */

START_TEST(fields_before_the_mac_are_authenticated_too)
{
    struct scene *s = new_scene(0, 4);
    struct wire_packet *request = &s->request;
    const uint8_t field[28] = {0x01, 0x04, 0, 28, 1, 2, 3};
    memcpy(request->bytes + request->size, field, sizeof(field));
    request->size += sizeof(field);
    authenticator_protect(keyring_find(&s->ours, ID(MAC_AES256)), request, 100);
    s->asked.size = request->size;
    ck_assert_served(serve(s), SERVER_ANSWER);
    ck_assert_uint_eq(s->reply.size, WIRE_HEADER_SIZE + 20);
    request->bytes[60] ^= 1;
    ck_assert_served(serve(s), SERVER_MAC);
    end_scene(s);
}
END_TEST

START_TEST(an_unknown_key_gets_nothing)
{
    struct scene *s = new_scene(ID(MAC_MD5), 4);
    s->request.bytes[51]++;
    s->request.bytes[50]++;
    ck_assert_served(serve(s), SERVER_KEY);
    s->request.bytes[50]--;
    ck_assert_served(serve(s), SERVER_MAC); /* of SHA1's key now */
    s->request.bytes[51]--;
    s->asked.keys = NULL;
    ck_assert_served(serve(s), SERVER_KEY);
    s->asked.keys = &s->theirs;
    memset(s->request.bytes + WIRE_HEADER_SIZE, 0, 4);
    ck_assert_served(serve(s), SERVER_KEY); /* key 0 is nobody's */
    s->asked.size = WIRE_HEADER_SIZE + 4;
    ck_assert_served(serve(s), SERVER_KEY); /* a crypto-NAK asks for nothing */
    end_scene(s);
}
END_TEST

START_TEST(who_asks_without_a_key_is_answered_without)
{
    struct scene *s = new_scene(0, 4);
    ck_assert_served(serve(s), SERVER_ANSWER);
    ck_assert_uint_eq(s->reply.size, WIRE_HEADER_SIZE);
    ck_assert_taken(take(s), VERDICT_OK);
    end_scene(s);
}
END_TEST

START_TEST(a_packet_without_room_stays_as_it_is)
{
    struct scene *s = new_scene(0, 4);
    struct authenticator *key = keyring_find(&s->ours, ID(MAC_AES128));
    for (size_t room = 0; room < 20; room++) {
        authenticator_protect(key, &s->request, room);
        ck_assert_uint_eq(s->request.size, WIRE_HEADER_SIZE);
    }
    s->request.size = sizeof(s->request.bytes) - 19;
    authenticator_protect(key, &s->request, 100);
    ck_assert_uint_eq(s->request.size, sizeof(s->request.bytes) - 19);
    end_scene(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_seal");
    TCase *tests = tcase_create("seal");
    tcase_add_loop_test(tests, each_type_works_in_each_version, 0, MAC_TYPES);
    tcase_add_loop_test(tests, a_digest_may_be_cut_before_version_4, 0, MAC_TYPES);
    tcase_add_test(tests, a_digest_is_not_cut_to_any_length);
    tcase_add_loop_test(tests, no_bit_of_a_request_may_change, 0, MAC_TYPES);
    tcase_add_loop_test(tests, no_bit_of_a_reply_may_change, 0, MAC_TYPES);
    tcase_add_test(tests, a_reply_without_proof_is_not_used);
    tcase_add_test(tests, a_nak_is_told_and_waited_on);
    tcase_add_test(tests, a_reply_of_another_key_is_not_used);
    tcase_add_test(tests, a_reply_of_a_key_that_differs_is_not_used);
    tcase_add_test(tests, the_key_is_named_when_it_is_not_known);
    tcase_add_test(tests, malformed_ends_of_replies_are_not_used);
    tcase_add_test(tests, fields_before_the_mac_are_authenticated_too);
    tcase_add_test(tests, an_unknown_key_gets_nothing);
    tcase_add_test(tests, who_asks_without_a_key_is_answered_without);
    tcase_add_test(tests, a_packet_without_room_stays_as_it_is);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
