/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as the command `gps` writes it, read again by a library. */

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <plugins/refclock-gps/reply.h>
#include <string.h>

START_TEST(members_of_all_kinds)
{
    struct reply reply;
    reply_init(&reply);
    reply_open(&reply, NULL, '{');
    reply_words(&reply, "a", "b");
    reply_null(&reply, "none");
    reply_words(&reply, "no words", NULL);
    reply_flag(&reply, "yes", true);
    reply_integer(&reply, "least", INT64_MIN);
    reply_number(&reply, "half", 0.5);
    reply_number(&reply, "no number", NAN);
    reply_number(&reply, "endless", INFINITY);
    reply_open(&reply, "list", '[');
    reply_integer(&reply, NULL, 1);
    reply_open(&reply, NULL, '{');
    reply_close(&reply, '}');
    reply_open(&reply, NULL, '[');
    reply_close(&reply, ']');
    reply_close(&reply, ']');
    reply_flag(&reply, "last", false);
    reply_close(&reply, '}');
    ck_assert(!reply.failed);
    ck_assert_str_eq(reply.text, "{\"a\":\"b\",\"none\":null,\"no words\":null,\"yes\":true,"
                                 "\"least\":-9223372036854775808,\"half\":0.5,\"no number\":null,"
                                 "\"endless\":null,\"list\":[1,{},[]],\"last\":false}");
    reply_finish(&reply);
    reply_finish(&reply);
}
END_TEST

/* What a receiver may say, and what a reader of JSON makes of it. */
static const struct {
    const char *text, *read;
} texts[] = {
    {"", ""},
    {"/dev/\"gps\"\\0", "/dev/\"gps\"\\0"},
    {"a\nb\x1b[2J\x7f", "a\nb\x1b[2J\x7f"},
    {"Zürich €\xf0\x9f\x9b\xb0", "Zürich €\xf0\x9f\x9b\xb0"},
    {"\xff\xfe", "??"},
    {"\xc0\x80", "??"},           /* longer than needed */
    {"\xe0\x9f\xbf", "???"},      /* likewise */
    {"\xf0\x8f\xbf\xbf", "????"}, /* likewise */
    {"\xed\xa0\x80", "???"},      /* half of a pair */
    {"\xf4\x90\x80\x80", "????"}, /* beyond Unicode */
    {"\xc3", "?"},                /* torn */
    {"\xe2\x82", "??"},           /* torn */
    {"\xf0\x9f\x9b", "???"},      /* torn */
    {"\xc3(", "?("},              /* no continuation */
    {"\xf5\x80\x80\x80", "????"}, /* no first byte */
};

START_TEST(words_of_anybody)
{
    struct reply reply;
    reply_init(&reply);
    reply_open(&reply, NULL, '{');
    reply_words(&reply, texts[_i].text, texts[_i].text);
    reply_close(&reply, '}');
    json_t *value = json_loads(reply.text, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(value != NULL, "%s", reply.text);
    ck_assert_str_eq(json_string_value(json_object_get(value, texts[_i].read)), texts[_i].read);
    json_decref(value);
    reply_finish(&reply);
}
END_TEST

START_TEST(long_ones)
{
    struct reply reply;
    reply_init(&reply);
    reply_open(&reply, NULL, '[');
    for (int64_t i = 0; i < 5000; i++)
        reply_integer(&reply, NULL, i);
    reply_close(&reply, ']');
    json_t *value = json_loads(reply.text, 0, NULL);
    ck_assert_uint_eq(json_array_size(value), 5000);
    ck_assert_int_eq(json_integer_value(json_array_get(value, 4999)), 4999);
    json_decref(value);
    reply_finish(&reply);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps_reply");
    TCase *tests = tcase_create("gps_reply");
    tcase_add_test(tests, members_of_all_kinds);
    tcase_add_loop_test(tests, words_of_anybody, 0, sizeof(texts) / sizeof(texts[0]));
    tcase_add_test(tests, long_ones);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures > 0;
}
