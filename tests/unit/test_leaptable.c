/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline/leaptable and base/sha1. */
#include <base/sha1.h>
#include <check.h>
#include <inttypes.h>
#include <pipeline/leaptable.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND GN_NS_PER_S

/* 1980-01-01, 2017-01-01, 2027-01-01; valid until 2027-06-28. */
#define HEAD "#$ 3960835200\n#@\t4023129600\r\n#h2 is a comment, and so is #@ here\n"
#define PAST "2524521600 19 # 1 Jan 1980\n  3692217600\t20# 1 Jan 2017\r\n\n"
#define PLAIN HEAD PAST

static struct leaptable table;
static struct leaptable_fault fault;

static bool parse(const char *text)
{
    return leaptable_parse(&table, text, strlen(text), &fault);
}

static gn_utc at(int64_t seconds)
{
    return (gn_utc){seconds * SECOND};
}

static const struct {
    const char *text, *sum;
    size_t times;
} sums[] = {
    {"abc", "a9993e36 4706816a ba3e2571 7850c26c 9cd0d89d", 1},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "84983e44 1c3bd26e baae4aa1 f95129e5 e54670f1", 1},
    {"a", "34aa973c d4c4daa4 f61eeb2b dbad2731 6534016f", 1000000},
    {"0123456701234567012345670123456701234567012345670123456701234567",
     "dea356a2 cddd90c7 a7ecedc5 ebb56393 4f460452", 10},
    {"", "da39a3ee 5e6b4b0d 3255bfef 95601890 afd80709", 1},
};

/* The first four stand in RFC 3174 §7.3. */
START_TEST(sums_are_those_of_the_standard)
{
    struct sha1 sha1;
    uint32_t w[SHA1_WORDS];
    char text[64];
    sha1_init(&sha1);
    for (size_t i = 0; i < sums[_i].times; i++)
        sha1_add(&sha1, sums[_i].text, strlen(sums[_i].text));
    sha1_finish(&sha1, w);
    snprintf(text, sizeof text,
             "%08" PRIx32 " %08" PRIx32 " %08" PRIx32 " %08" PRIx32 " %08" PRIx32, w[0], w[1], w[2],
             w[3], w[4]);
    ck_assert_str_eq(text, sums[_i].sum);
}
END_TEST

START_TEST(a_list_tells_what_was_and_what_comes)
{
    gn_utc when = {0};
    int offset_s = -1;
    ck_assert(parse(PLAIN "4007750400 21 # 1 Jan 2027\n"));
    ck_assert_uint_eq(table.count, 3);
    ck_assert(!table.checked);
    ck_assert_int_eq(table.updated.ns, 1751846400 * SECOND);
    ck_assert_int_eq(table.expires.ns, 1814140800 * SECOND);
    /* Before it begins nothing is known. */
    ck_assert(!leaptable_tai_offset(&table, at(315532799), &offset_s));
    ck_assert_int_eq(leaptable_last(&table, at(315532799), &when), GN_LEAP_NORMAL);
    ck_assert_int_eq(leaptable_last(&table, at(315532800), &when), GN_LEAP_NORMAL);
    ck_assert(leaptable_tai_offset(&table, at(315532800), &offset_s));
    ck_assert_int_eq(offset_s, 19);
    /* Up to the second before, and from the second on. */
    ck_assert_int_eq(leaptable_next(&table, at(1483228799), &when), GN_LEAP_INSERT);
    ck_assert_int_eq(when.ns, 1483228800 * SECOND);
    ck_assert(leaptable_tai_offset(&table, gn_utc_add(at(1483228800), -1), &offset_s));
    ck_assert_int_eq(offset_s, 19);
    ck_assert_int_eq(leaptable_next(&table, at(1483228800), &when), GN_LEAP_INSERT);
    ck_assert_int_eq(when.ns, 1798761600 * SECOND);
    ck_assert_int_eq(leaptable_last(&table, at(1483228800), &when), GN_LEAP_INSERT);
    ck_assert_int_eq(when.ns, 1483228800 * SECOND);
    ck_assert(leaptable_tai_offset(&table, at(1798761600), &offset_s));
    ck_assert_int_eq(offset_s, 21);
    ck_assert_int_eq(leaptable_next(&table, at(1798761600), &when), GN_LEAP_NORMAL);
}
END_TEST

START_TEST(a_second_may_be_deleted)
{
    gn_utc when = {0};
    ck_assert(parse(PLAIN "4007750400 19\n"));
    ck_assert_int_eq(leaptable_next(&table, at(1700000000), &when), GN_LEAP_DELETE);
    ck_assert_int_eq(when.ns, 1798761600 * SECOND);
}
END_TEST

START_TEST(the_sum_is_checked)
{
    struct sha1 sha1;
    uint32_t w[SHA1_WORDS];
    char text[512];
    const char digits[] = "396083520040231296002524521600193692217600"
                          "20";
    sha1_init(&sha1);
    sha1_add(&sha1, digits, strlen(digits));
    sha1_finish(&sha1, w);
    snprintf(text, sizeof text,
             PLAIN "#h %" PRIx32 " %08" PRIX32 " %" PRIx32 " %" PRIx32 "\t%" PRIx32, w[0], w[1],
             w[2], w[3], w[4]);
    ck_assert_msg(parse(text), "%s", fault.text);
    ck_assert(table.checked);
    snprintf(text, sizeof text, PLAIN "#h %" PRIx32 " %" PRIx32 " %" PRIx32 " %" PRIx32 " %" PRIx32,
             w[0], w[1], w[2], w[3], w[4] ^ 1);
    ck_assert(!parse(text));
    ck_assert_uint_eq(fault.line, 7);
    ck_assert_ptr_nonnull(strstr(fault.text, "cut short or changed"));
    ck_assert_uint_eq(table.count, 0);
}
END_TEST

static const struct {
    const char *text;
    unsigned line;
    const char *words;
} refused[] = {
    {"", 0, "there is no entry"},
    {HEAD, 3, "there is no entry"},
    {PAST, 3, "there is no line #@"},
    {"#@\n" PAST, 1, "#@ \"\": must be followed by a time in seconds since 1900"},
    {"#@ 12\n" PAST, 1, "1970 to 2199"},
    {"#$ 3960835200x\n" PLAIN, 1, "#$ \"3960835200x\""},
    {"#@ 3960835200 1\n" PAST, 1, "#@ \"1\""},
    {"#@ 99999999999\n" PAST, 1, "#@ \"99999999999\""},
    {PLAIN "4007750400\n", 7, "\"\": TAI - UTC must be a number, 0 to 999"},
    {PLAIN "4007750400 1000\n", 7, "\"1000\": TAI - UTC must be a number"},
    {PLAIN "4007750400 21 22\n", 7, "\"22\": TAI - UTC must be a number"},
    {PLAIN "4007750400 -21\n", 7, "\"-21\": TAI - UTC"},
    {PLAIN "1 Jan 2027 \033[2J\n", 7, "\"1 Jan 2027 ?[2J\": must be a comment, or a time"},
    {PLAIN "4007750400 22\n", 7, "TAI - UTC goes from 20 to 22: must change by 1 or -1"},
    {PLAIN "4007750400 20\n", 7, "goes from 20 to 20"},
    {PLAIN "4007750401 21\n", 7, "not the first second of a month"},
    {PLAIN "4007836800 21\n", 7, "not the first second of a month"},
    {PLAIN "3692217600 21\n", 7, "not after the entry above"},
    {PLAIN "#h 1 2 3 4\n", 7, "#h: must be followed by five hexadecimal words"},
    {PLAIN "#h 1 2 3 4 123456789\n", 7, "five hexadecimal words"},
    {PLAIN "#h\n", 7, "five hexadecimal words"},
};

START_TEST(what_is_wrong_is_named)
{
    ck_assert(!parse(refused[_i].text));
    ck_assert_uint_eq(fault.line, refused[_i].line);
    ck_assert_msg(strstr(fault.text, refused[_i].words) != NULL, "%s", fault.text);
    ck_assert_uint_eq(table.count, 0);
}
END_TEST

START_TEST(a_list_has_no_end_of_its_own)
{
    char text[8192] = HEAD;
    size_t size = strlen(text);
    int64_t month = 2208988800;
    for (int i = 0; i <= LEAPTABLE_ENTRIES; i++) {
        static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        int year = 1970 + i / 12;
        size += (size_t)snprintf(text + size, sizeof text - size, "%" PRId64 " %d\n", month, i);
        month += (days[i % 12] + (i % 12 == 1 && year % 4 == 0)) * INT64_C(86400);
    }
    ck_assert(!leaptable_parse(&table, text, size, &fault));
    ck_assert_ptr_nonnull(strstr(fault.text, "up to 256 entries"));
    ck_assert_uint_eq(fault.line, 3 + LEAPTABLE_ENTRIES + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("leaptable");
    TCase *tcase = tcase_create("leaptable");
    SRunner *runner;
    int failed;
    tcase_add_loop_test(tcase, sums_are_those_of_the_standard, 0, sizeof sums / sizeof sums[0]);
    tcase_add_test(tcase, a_list_tells_what_was_and_what_comes);
    tcase_add_test(tcase, a_second_may_be_deleted);
    tcase_add_test(tcase, the_sum_is_checked);
    tcase_add_loop_test(tcase, what_is_wrong_is_named, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tcase, a_list_has_no_end_of_its_own);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
