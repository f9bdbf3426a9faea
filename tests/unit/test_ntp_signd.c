/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <plugins/proto-ntp/signd.h>
#include <stdlib.h>
#include <string.h>

/* The account 0x000001f4 (500), as it stands on the wire. */
static const uint8_t account[SIGND_KEY_SIZE] = {0xf4, 0x01, 0, 0};

struct asked {
    uint8_t bytes[124];
    uint8_t key[SIGND_KEY_SIZE];
};

static struct asked new_request(void)
{
    struct asked asked = {.bytes = {0x1b}}; /* version 3, mode 3 */
    memcpy(asked.bytes + 40, "\xde\xad\xbe\xef\1\2\3\4", 8);
    memcpy(asked.bytes + 48, account, sizeof(account));
    return asked;
}

static bool is_request(struct asked *asked, size_t size)
{
    return signd_is_request(asked->bytes, size, asked->key);
}

/* ---------------------------------------------------------------- the client's request */

START_TEST(a_short_request_names_its_account)
{
    struct asked asked = new_request();
    asked.bytes[51] = 0x80; /* the older password: Samba knows that bit */
    ck_assert(is_request(&asked, 68));
    ck_assert_mem_eq(asked.key, asked.bytes + 48, SIGND_KEY_SIZE);
    asked.bytes[0] = 0x19; /* from a domain controller: symmetric active */
    ck_assert(is_request(&asked, 68));
}
END_TEST

START_TEST(a_long_request_has_a_flag_for_the_older_password)
{
    struct asked asked = new_request();
    memcpy(asked.bytes + 52, "\0\0\1\1", 4); /* reserved, flags, hints, signature */
    ck_assert(is_request(&asked, 120));
    ck_assert_mem_eq(asked.key, account, SIGND_KEY_SIZE);
    asked.bytes[53] = 1;
    ck_assert(is_request(&asked, 120));
    ck_assert_mem_eq(asked.key, "\xf4\1\0\x80", SIGND_KEY_SIZE);
    asked.bytes[53] = 0;
    asked.bytes[51] = 0x80; /* no selector here */
    ck_assert(is_request(&asked, 120));
    ck_assert_mem_eq(asked.key, account, SIGND_KEY_SIZE);
}
END_TEST

START_TEST(other_sizes_are_no_requests)
{
    struct asked asked = new_request();
    for (size_t size = 0; size <= sizeof(asked.bytes); size++)
        ck_assert_msg(is_request(&asked, size) == (size == 68 || size == 120), "%zu", size);
}
END_TEST

START_TEST(a_mac_is_no_request)
{
    for (size_t i = 52; i < 68; i++) {
        struct asked asked = new_request();
        asked.bytes[i] = 1;
        ck_assert(!is_request(&asked, 68));
    }
    for (size_t i = 56; i < 120; i++) {
        struct asked asked = new_request();
        asked.bytes[i] = 0x80;
        ck_assert(!is_request(&asked, 120));
    }
}
END_TEST

START_TEST(other_versions_and_no_account_are_no_requests)
{
    for (uint8_t version = 0; version < 8; version++) {
        struct asked asked = new_request();
        asked.bytes[0] = (uint8_t)(version << 3 | 3);
        ck_assert(is_request(&asked, 68) == (version == 3));
    }
    struct asked asked = new_request();
    memset(asked.bytes + 48, 0, 4);
    ck_assert(!is_request(&asked, 68));
}
END_TEST

/* ---------------------------------------------------------------- Samba */

static const char header[] = "\x1c\2\6\xec four and forty letters that stand for the rest.";
_Static_assert(sizeof(header) > WIRE_HEADER_SIZE, "a header, and a NUL");

START_TEST(samba_is_asked_in_its_own_form)
{
    uint8_t request[SIGND_REQUEST_SIZE];
    signd_ask(0x1234, account, (const uint8_t *)header, request);
    ck_assert_uint_eq(sizeof(request), 68);
    ck_assert_mem_eq(request,
                     "\0\0\0\x40"   /* what follows */
                     "\0\0\0\0"     /* version */
                     "\0\0\0\0"     /* sign to client */
                     "\x12\x34\0\0" /* id, padding */
                     "\xf4\1\0\0",  /* account, as it came */
                     20);
    ck_assert_mem_eq(request + 20, header, WIRE_HEADER_SIZE);
}
END_TEST

struct answer {
    uint8_t bytes[SIGND_REPLY_MAX];
};

static struct answer good_answer(void)
{
    struct answer answer;
    memcpy(answer.bytes, "\0\0\0\x50\0\0\0\0\0\0\0\3\0\0\x12\x34", 16);
    memcpy(answer.bytes + 16, header, WIRE_HEADER_SIZE);
    memcpy(answer.bytes + 64, account, 4);
    memcpy(answer.bytes + 68, "sixteen letters!", 16);
    return answer;
}

static bool is_good(const struct answer *answer, size_t size)
{
    struct signd_reader reader = {0};
    ck_assert_int_eq(signd_read(&reader, answer->bytes, size), 1);
    return signd_packet(&reader, 0x1234, (const uint8_t *)header) != NULL;
}

START_TEST(a_signature_may_come_in_pieces)
{
    struct answer answer = good_answer();
    for (size_t piece = 1; piece <= sizeof(answer.bytes); piece++) {
        struct signd_reader reader = {0};
        size_t left = sizeof(answer.bytes), at = 0;
        for (; left > piece; left -= piece, at += piece)
            ck_assert_int_eq(signd_read(&reader, answer.bytes + at, piece), 0);
        ck_assert_int_eq(signd_read(&reader, answer.bytes + at, left), 1);
        const uint8_t *packet = signd_packet(&reader, 0x1234, (const uint8_t *)header);
        ck_assert_ptr_nonnull(packet);
        ck_assert_mem_eq(packet, answer.bytes + 16, SIGND_PACKET_SIZE);
    }
}
END_TEST

START_TEST(what_is_not_our_signed_packet_is_none)
{
    static const size_t places[] = {7, 11, 12, 13, 14, 15, 16, 40, 63};
    struct answer answer = good_answer();
    ck_assert(is_good(&answer, sizeof(answer.bytes)));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        answer = good_answer();
        answer.bytes[places[i]] ^= 1;
        ck_assert(!is_good(&answer, sizeof(answer.bytes)));
    }
    answer = good_answer();
    answer.bytes[3] = 12; /* refused: no packet */
    answer.bytes[11] = 4;
    ck_assert(!is_good(&answer, 16));
    answer.bytes[11] = 3; /* successful, and nothing signed */
    ck_assert(!is_good(&answer, 16));
    answer.bytes[3] = 12 + 48;
    ck_assert(!is_good(&answer, 64));
}
END_TEST

static int read_with_length(uint32_t length, size_t size)
{
    struct signd_reader reader = {0};
    uint8_t bytes[2 * SIGND_REPLY_MAX] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16),
                                          (uint8_t)(length >> 8), (uint8_t)length};
    return signd_read(&reader, bytes, size);
}

START_TEST(nonsense_is_found_at_once)
{
    ck_assert_int_eq(read_with_length(80, 3), 0);
    ck_assert_int_eq(read_with_length(80, 4), 0);
    ck_assert_int_eq(read_with_length(11, 4), -EPROTO);
    ck_assert_int_eq(read_with_length(81, 4), -EPROTO);
    ck_assert_int_eq(read_with_length(UINT32_MAX, 4), -EPROTO);
    ck_assert_int_eq(read_with_length(12, 17), -EPROTO); /* something follows */
    ck_assert_int_eq(read_with_length(80, 85), -EPROTO);
    ck_assert_int_eq(read_with_length(80, 168), -EPROTO);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_signd");
    TCase *tcase = tcase_create("signd");
    tcase_add_test(tcase, a_short_request_names_its_account);
    tcase_add_test(tcase, a_long_request_has_a_flag_for_the_older_password);
    tcase_add_test(tcase, other_sizes_are_no_requests);
    tcase_add_test(tcase, a_mac_is_no_request);
    tcase_add_test(tcase, other_versions_and_no_account_are_no_requests);
    tcase_add_test(tcase, samba_is_asked_in_its_own_form);
    tcase_add_test(tcase, a_signature_may_come_in_pieces);
    tcase_add_test(tcase, what_is_not_our_signed_packet_is_none);
    tcase_add_test(tcase, nonsense_is_found_at_once);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
