/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <plugins/proto-ntp/keys.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was reported: "line error: text\n" one after the other. */
struct heard {
    char text[4096];
    unsigned errors, warnings;
};

static void hear(void *arg, enum gn_level level, unsigned line, const char *text)
{
    struct heard *heard = arg;
    size_t used = strlen(heard->text);
    snprintf(heard->text + used, sizeof(heard->text) - used, "%u %s: %s\n", line,
             level == GN_ERROR ? "error" : "warning", text);
    heard->errors += level == GN_ERROR;
    heard->warnings += level == GN_WARNING;
}

static int parse_bytes(struct keys *keys, struct heard *heard, const char *text, size_t size)
{
    memset(heard, 0, sizeof(*heard));
    int error = keys_parse(keys, text, size, hear, heard);
    ck_assert_int_eq(error, heard->errors > 0 ? -EINVAL : 0);
    ck_assert_uint_eq(keys->errors, heard->errors);
    return error;
}

static int parse(struct keys *keys, struct heard *heard, const char *text)
{
    return parse_bytes(keys, heard, text, strlen(text));
}

#define ck_assert_heard(heard, words)                                                              \
    ck_assert_msg(strstr((heard).text, words) != NULL, "\"%s\" is not in: %s", words, (heard).text)

/* ---------------------------------------------------------------- what is good */

static const struct {
    const char *line;
    uint32_t id;
    enum mac_type type;
    const char *bytes;
} good[] = {
    {"1 MD5 a-plain-key-of-text", 1, MAC_MD5, "a-plain-key-of-text"},
    {"4294967295 SHA1 ASCII:a-key-of-text", 4294967295, MAC_SHA1, "a-key-of-text"},
    {"7 SHA256 HEX:6162636465666768696A6b", 7, MAC_SHA256, "abcdefghijk"},
    {"7 SHA384 abcdefghijk", 7, MAC_SHA384, "abcdefghijk"},
    {"7 SHA512 abcdefghijk", 7, MAC_SHA512, "abcdefghijk"},
    {"7 SHA3-224 abcdefghijk", 7, MAC_SHA3_224, "abcdefghijk"},
    {"7 SHA3-256 abcdefghijk", 7, MAC_SHA3_256, "abcdefghijk"},
    {"7 SHA3-384 abcdefghijk", 7, MAC_SHA3_384, "abcdefghijk"},
    {"7 SHA3-512 abcdefghijk", 7, MAC_SHA3_512, "abcdefghijk"},
    {"7 AES128 0123456789abcdef", 7, MAC_AES128, "0123456789abcdef"},
    {"7 AES256 HEX:3031323334353637383961626364656630313233343536373839616263646566", 7, MAC_AES256,
     "0123456789abcdef0123456789abcdef"},
    {"7 M abcdefghijk", 7, MAC_MD5, "abcdefghijk"}, /* ntpd's names */
    {"7 sha abcdefghijk", 7, MAC_SHA1, "abcdefghijk"},
    {"7 sha-256 abcdefghijk", 7, MAC_SHA256, "abcdefghijk"},
    {"7 SHA2-512 abcdefghijk", 7, MAC_SHA512, "abcdefghijk"},
    {"7 AES128CMAC 0123456789abcdef", 7, MAC_AES128, "0123456789abcdef"},
    {"7 AES-128 0123456789abcdef", 7, MAC_AES128, "0123456789abcdef"},
    {"7 AES 0123456789abcdef", 7, MAC_AES128, "0123456789abcdef"},
    {"7 abcdefghijk", 7, MAC_MD5, "abcdefghijk"}, /* chrony's short form */
    {" \t007\t SHA256   abcdefghijk \t\r", 7, MAC_SHA256, "abcdefghijk"},
    {"7 SHA256 abc#def!ghi # a comment", 7, MAC_SHA256, "abc#def!ghi"},
    {"7 abcdefghijk # a comment", 7, MAC_MD5, "abcdefghijk"},
    {"7 SHA256 \xc3\xa9t\xc3\xa9-2026-x", 7, MAC_SHA256, "\xc3\xa9t\xc3\xa9-2026-x"},
    {"7 SHA256 key-with-HEX:in-it", 7, MAC_SHA256, "key-with-HEX:in-it"},
};

START_TEST(a_good_line_gives_a_key)
{
    struct keys keys;
    struct heard heard;
    parse(&keys, &heard, good[_i].line);
    ck_assert_msg(heard.errors == 0, "%s", heard.text);
    ck_assert_uint_eq(keys.count, 1);
    ck_assert_uint_eq(keys.items[0].id, good[_i].id);
    ck_assert_int_eq(keys.items[0].type, good[_i].type);
    ck_assert_uint_eq(keys.items[0].size, strlen(good[_i].bytes));
    ck_assert_mem_eq(keys.items[0].bytes, good[_i].bytes, keys.items[0].size);
    bool weak = good[_i].type == MAC_MD5 || good[_i].type == MAC_SHA1;
    ck_assert_uint_eq(heard.warnings, weak ? 1 : 0);
    keys_finish(&keys);
}
END_TEST

START_TEST(comments_and_empty_lines_say_nothing)
{
    struct keys keys;
    struct heard heard;
    ck_assert_int_eq(parse(&keys, &heard,
                           "# a\n! b\n; c\n% d\n\n \t\r\n  # e\n9 SHA256 the-ninth-key\n#\n"
                           "3 SHA256 the-third-key"),
                     0);
    ck_assert_str_eq(heard.text, "");
    ck_assert_uint_eq(keys.count, 2);
    ck_assert_uint_eq(keys.items[0].line, 8);
    ck_assert_uint_eq(keys.items[keys.order[0]].id, 3);
    ck_assert_uint_eq(keys.items[keys.order[1]].id, 9);
    keys_finish(&keys);
    ck_assert_int_eq(parse(&keys, &heard, ""), 0);
    ck_assert_uint_eq(keys.count, 0);
    keys_finish(&keys);
}
END_TEST

/* ---------------------------------------------------------------- what is wrong */

static const struct {
    const char *line;
    const char *words[2];
} bad[] = {
    {"0 SHA256 abcdefghijk", {"1 error:", "1 to 4294967295"}},
    {"4294967296 SHA256 abcdefghijk", {"1 to 4294967295", ""}},
    {"99999999999999999999999 SHA256 abcdefghijk", {"1 to 4294967295", ""}},
    {"-1 SHA256 abcdefghijk", {"1 to 4294967295", ""}},
    {"7x SHA256 abcdefghijk", {"1 to 4294967295", ""}},
    {"SHA256 abcdefghijk", {"1 to 4294967295", ""}},
    {"7 RIPEMD160 abcdefghijk", {"\"RIPEMD160\" is no type", "AES128 and AES256"}},
    {"7 AES192 abcdefghijk", {"\"AES192\" is no type", ""}},
    {"7 abcdefghijk SHA256", {"the second word is no type", ""}}, /* it is the secret */
    {"7 HEX:abcdef 42", {"the second word is no type", ""}},
    {"7 SHA256 HEX:abc", {"even number", "not 3"}},
    {"7 SHA256 HEX:abcdefgh", {"character 7", "hexadecimal"}},
    {"7 SHA256 HEX:", {"empty", ""}},
    {"7 SHA256 ASCII:", {"empty", ""}},
    {"7 SHA256", {"missing", "id, type, key"}},
    {"7 SHA256 # later", {"missing", ""}},
    {"7", {"missing", ""}},
    {"7 AES128 0123456789abcde", {"AES128 has 16 bytes", "has 15"}},
    {"7 AES128 HEX:000102030405060708090a0b0c0d0e0f10", {"32 digits", "has 17"}},
    {"7 AES256 0123456789abcdef", {"AES256 has 32 bytes", "has 16"}},
    {"7 SHA256 two words", {"more than", "comment begins with #"}},
    {"7 SHA256 abcdefghi\x1bjk", {"control", "HEX:"}},
};

START_TEST(a_bad_line_is_told_and_gives_no_key)
{
    struct keys keys;
    struct heard heard;
    parse(&keys, &heard, bad[_i].line);
    ck_assert_msg(heard.errors == 1, "%s", heard.text);
    ck_assert_heard(heard, bad[_i].words[0]);
    ck_assert_heard(heard, bad[_i].words[1]);
    ck_assert_uint_eq(keys.count, 0);
    ck_assert_msg(strstr(heard.text, "abcdef") == NULL, "a key in the log: %s", heard.text);
    keys_finish(&keys);
}
END_TEST

START_TEST(all_errors_are_told_at_once)
{
    struct keys keys;
    struct heard heard;
    parse(&keys, &heard,
          "1 SHA256 the-first-key\n"
          "2 FOO the-second-key\n"
          "1 SHA256 another-first-key\n"
          "3 SHA256 HEX:a\n"
          "4 SHA256 the-fourth-key\n");
    ck_assert_uint_eq(heard.errors, 3);
    ck_assert_heard(heard, "2 error: \"FOO\"");
    ck_assert_heard(heard, "3 error: key 1 stands in line 1 already");
    ck_assert_heard(heard, "4 error:");
    ck_assert_uint_eq(keys.count, 2);
    keys_finish(&keys);
}
END_TEST

START_TEST(a_nul_is_no_text)
{
    static const char text[] = "7 SHA256 abc\0def\n8 SHA256 the-eighth-key\n";
    struct keys keys;
    struct heard heard;
    parse_bytes(&keys, &heard, text, sizeof(text) - 1);
    ck_assert_uint_eq(heard.errors, 1);
    ck_assert_heard(heard, "1 error: the line has a NUL byte");
    ck_assert_uint_eq(keys.count, 1);
    keys_finish(&keys);
}
END_TEST

START_TEST(an_overlong_line_is_told)
{
    struct keys keys;
    struct heard heard;
    char text[KEYS_LINE_MAX + 2];
    memset(text, 'x', sizeof(text));
    memcpy(text, "7 SHA256 ", 9);
    parse_bytes(&keys, &heard, text, KEYS_LINE_MAX);
    ck_assert_uint_eq(heard.errors, 0);
    ck_assert_uint_eq(keys.items[0].size, KEYS_LINE_MAX - 9);
    keys_finish(&keys);
    parse_bytes(&keys, &heard, text, KEYS_LINE_MAX + 1);
    ck_assert_uint_eq(heard.errors, 1);
    ck_assert_heard(heard, "1 error: the line has 2047 bytes; 2046 are allowed");
    keys_finish(&keys);
}
END_TEST

START_TEST(weak_keys_are_warned_of_once)
{
    struct keys keys;
    struct heard heard;
    parse(&keys, &heard,
          "1 SHA256 a-good-key-this\n2 MD5 not-so-good-one\n3 SHA1 abc\n4 SHA256 def\n");
    ck_assert_uint_eq(heard.warnings, 2);
    ck_assert_heard(heard, "2 warning: 2 of 4 keys are of MD5 or SHA1");
    ck_assert_heard(heard, "3 warning: a key of less than 10 bytes");
    ck_assert_uint_eq(keys.count, 4);
    keys_finish(&keys);
}
END_TEST

START_TEST(what_ntpd_would_read_otherwise_is_warned_of)
{
    struct keys keys;
    struct heard heard;
    parse(&keys, &heard, "1 SHA256 0123456789abcdef0123456789abcdef\n");
    ck_assert_uint_eq(heard.warnings, 1);
    ck_assert_heard(heard, "1 warning: the key is taken as text, as chrony does");
    ck_assert_uint_eq(keys.items[0].size, 32);
    keys_finish(&keys);
}
END_TEST

START_TEST(many_keys_are_found_by_their_ids)
{
    static char text[2000 * 32];
    struct keys keys;
    struct heard heard;
    size_t size = 0;
    for (unsigned i = 0; i < 2000; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%u SHA256 the-key-%010u\n",
                                 1 + i * 7919 % 2000, i);
    parse_bytes(&keys, &heard, text, size);
    ck_assert_uint_eq(heard.errors, 0);
    ck_assert_uint_eq(keys.count, 2000);
    for (size_t i = 0; i < keys.count; i++)
        ck_assert_uint_eq(keys.items[keys.order[i]].id, i + 1);
    keys_finish(&keys);
    keys_finish(&keys);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

int main(void)
{
    Suite *suite = suite_create("ntp_keys");
    TCase *tests = tcase_create("keys");
    tcase_add_loop_test(tests, a_good_line_gives_a_key, 0, COUNT(good));
    tcase_add_test(tests, comments_and_empty_lines_say_nothing);
    tcase_add_loop_test(tests, a_bad_line_is_told_and_gives_no_key, 0, COUNT(bad));
    tcase_add_test(tests, all_errors_are_told_at_once);
    tcase_add_test(tests, a_nul_is_no_text);
    tcase_add_test(tests, an_overlong_line_is_told);
    tcase_add_test(tests, weak_keys_are_warned_of_once);
    tcase_add_test(tests, what_ntpd_would_read_otherwise_is_warned_of);
    tcase_add_test(tests, many_keys_are_found_by_their_ids);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
