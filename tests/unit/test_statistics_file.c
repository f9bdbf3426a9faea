/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <host/statistics_file.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
    "gnomon-statistics 1\n"                                                                        \
    "wander 0 0 0.25 0.5 0.25 0 0 0 0 0 0\n"
#define NOISE "3e-05 2.5e-05 4e-05 0 -3 -7"
#define DELAYS "1e-4 2e-4 3e-4 4e-4 5e-4 6e-4 7e-4 8e-4 9e-4 1e-3 2e-3 3e-3 4e-3 5e-3 6e-3 7e-3"
#define SOURCE "two-way ntp0 192.0.2.1:123 256 " NOISE " " DELAYS "\n"
#define CLOCK "one-way gps /dev/gps0 900 1.5e-06\n"

static struct statistics read_back;
static struct statistics_fault fault;

static bool parse(const char *text)
{
    return statistics_parse(text, strlen(text), &read_back, &fault);
}

/* With the checksum that belongs to it. */
static bool parse_body(const char *body)
{
    char text[4096];
    snprintf(text, sizeof text, "%schecksum %08x\n", body,
             (unsigned)statistics_checksum(body, strlen(body)));
    return parse(text);
}

static struct statistics sample(void)
{
    struct statistics statistics = {.oscillator.weight = {[2] = 0.25, [3] = 0.5, [4] = 0.25}};
    struct statistics_entry *entry = statistics_add(&statistics);
    strcpy(entry->name, "über 100%");
    strcpy(entry->address, "-");
    entry->source = (struct source_statistics){
        .count = 256, .upper_s = 3e-5, .lower_s = 2.5e-5, .spread_s = 4e-5, .score = {0, -3, -7}};
    for (unsigned i = 0; i < STATISTICS_DELAYS; i++)
        entry->source.delay_s[i] = 1e-4 * (i + 1);
    entry = statistics_add(&statistics);
    strcpy(entry->name, "gps");
    entry->source = (struct source_statistics){.one_way = true, .count = 9, .sd_s = 1.5e-6};
    return statistics;
}

START_TEST(what_is_written_is_read_back)
{
    struct statistics in = sample();
    struct text first, second;
    text_init(&first);
    text_init(&second);
    statistics_format(&in, &first);
    ck_assert_msg(parse(text_string(&first)), "%u: %s", fault.line, fault.words);
    ck_assert_double_eq_tol(read_back.oscillator.weight[3], 0.5, 1e-12);
    ck_assert_uint_eq(read_back.count, 2);
    ck_assert_str_eq(read_back.entries[0].name, "über 100%");
    ck_assert_str_eq(read_back.entries[0].address, "-");
    ck_assert_ptr_nonnull(statistics_find(&read_back, "gps", ""));
    ck_assert_double_eq_tol(read_back.entries[0].source.delay_s[15], 1.6e-3, 1e-12);
    statistics_format(&read_back, &second);
    ck_assert_str_eq(text_string(&first), text_string(&second));
    text_finish(&first);
    text_finish(&second);
    statistics_clear(&in);
    statistics_clear(&read_back);
}
END_TEST

START_TEST(the_file_looks_as_it_is_told)
{
    ck_assert_msg(parse_body(HEAD SOURCE CLOCK), "%u: %s", fault.line, fault.words);
    ck_assert_uint_eq(read_back.count, 2);
    ck_assert(read_back.entries[1].source.one_way);
    ck_assert_str_eq(read_back.entries[1].address, "/dev/gps0");
    statistics_clear(&read_back);
    /* As everybody computes it. */
    ck_assert_uint_eq(statistics_checksum("123456789", 9), 0xCBF43926);
}
END_TEST

/* Cut off anywhere, or with any byte changed, it is not believed. */
START_TEST(a_torn_file_is_refused)
{
    struct statistics in = sample();
    struct text text;
    text_init(&text);
    statistics_format(&in, &text);
    for (size_t size = 0; size < text.size; size++)
        ck_assert(!statistics_parse(text.data, size, &read_back, &fault) && fault.line > 0);
    for (size_t i = 0; i < text.size; i++) {
        text.data[i] ^= 1;
        ck_assert(!parse(text_string(&text)) && fault.words[0] != '\0');
        text.data[i] ^= 1;
    }
    ck_assert_ptr_null(read_back.entries);
    text_finish(&text);
    statistics_clear(&in);
}
END_TEST

static const struct {
    const char *text, *words;
    unsigned line;
} wrong[] = {
    {"", "no statistics file", 1},
    {"10.0 0.1\n", "no statistics file", 1},
    {"gnomon-statistics\n", "version: '' is no number", 1},
    {"gnomon-statistics 2\nwhat ever\n", "version 2 is newer", 1},
    {"gnomon-statistics 1 x\n", "'x' is too much", 1},
    {HEAD, "torn", 2},
    {HEAD "checksum 00000000\n", "does not fit", 3},
};

START_TEST(foreign_files_are_named)
{
    ck_assert(!parse(wrong[_i].text));
    ck_assert_msg(strstr(fault.words, wrong[_i].words) != NULL, "%s", fault.words);
    ck_assert_uint_eq(fault.line, wrong[_i].line);
}
END_TEST

#define FIRST "gnomon-statistics 1\n"

static const struct {
    const char *body, *words;
    unsigned line;
} absurd[] = {
    {FIRST, "'' where 'wander' should stand", 2},
    {FIRST "wander 1 0 0 0 0 0 0 0 0 0\n", "weight: '' is no number", 2},
    {FIRST "wander 1 1 0 0 0 0 0 0 0 0 0\n", "add up to 2", 2},
    {FIRST "wander 2 -1 0 0 0 0 0 0 0 0 0\n", "weight: 2 cannot be", 2},
    {FIRST "wander 0 0 0 0 0 0 0 0 0 0 inf\n", "weight: inf cannot be", 2},
    {HEAD "three-way a b 1\n", "'three-way' means nothing", 3},
    {HEAD "\n", "'' means nothing", 3},
    {HEAD "one-way\n", "a name is missing", 3},
    {HEAD "one-way a%0z b 9 1\n", "is no name", 3},
    {HEAD "one-way a%00b b 9 1\n", "is no name", 3},
    {HEAD "one-way a b 0 1\n", "count: 0 cannot be", 3},
    {HEAD "one-way a b 1e9 1\n", "count: 1e9 cannot be", 3},
    {HEAD "one-way a b 9 0\n", "noise: 0 cannot be", 3},
    {HEAD CLOCK "one-way gps /dev/gps0 9 1\n", "line above", 4},
    {HEAD "two-way a b 9 1 -1 1 0 0 0 " DELAYS "\n", "mean distance: -1 cannot be", 3},
    {HEAD "two-way a b 9 1 1 1 0 5 0 " DELAYS "\n", "score: 5 cannot be", 3},
    {HEAD "two-way a b 9 1 1 1 0 0 0 " DELAYS " 1\n", "too much", 3},
    {HEAD "two-way a b 9 1 1 1 0 0 0 2 1 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n", "not in order", 3},
};

START_TEST(what_cannot_be_is_named)
{
    ck_assert(!parse_body(absurd[_i].body));
    ck_assert_msg(strstr(fault.words, absurd[_i].words) != NULL, "%s", fault.words);
    ck_assert_uint_eq(fault.line, absurd[_i].line);
    ck_assert_ptr_null(read_back.entries);
}
END_TEST

START_TEST(there_is_room_for_so_many)
{
    struct statistics statistics = {0};
    struct text text;
    for (unsigned i = 0; i < STATISTICS_SOURCES; i++) {
        struct statistics_entry *entry = statistics_add(&statistics);
        snprintf(entry->name, sizeof entry->name, "%u", i);
        entry->source = (struct source_statistics){.one_way = true, .count = 1, .sd_s = 1};
    }
    ck_assert_ptr_null(statistics_add(&statistics));
    statistics.oscillator.weight[0] = 1;
    text_init(&text);
    statistics_format(&statistics, &text);
    ck_assert(parse(text_string(&text)));
    ck_assert_uint_eq(read_back.count, STATISTICS_SOURCES);
    statistics_clear(&read_back);
    statistics_clear(&statistics);
    text_finish(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("statistics_file");
    TCase *tcase = tcase_create("statistics file");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, what_is_written_is_read_back);
    tcase_add_test(tcase, the_file_looks_as_it_is_told);
    tcase_add_test(tcase, a_torn_file_is_refused);
    tcase_add_loop_test(tcase, foreign_files_are_named, 0, (int)(sizeof wrong / sizeof wrong[0]));
    tcase_add_loop_test(tcase, what_cannot_be_is_named, 0, (int)(sizeof absurd / sizeof absurd[0]));
    tcase_add_test(tcase, there_is_room_for_so_many);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
