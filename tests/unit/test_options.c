/* SPDX-License-Identifier: Apache-2.0 */
/* Options of every type, the traps of libconfig 1.5, and syntax errors in words. */
#include <host/option_table.h>
#include <tests/unit/config_fixture.h>

/* Load one entry of the fake GPS with these settings in it, from line 2 on. */
static bool load_gps(struct config_fixture *fixture, const char *settings)
{
    struct text content;
    fixture_init(fixture);
    text_init(&content);
    text_addf(&content, "sources = ( { use = \"refclock-gps\"; device = \"/dev/tty\";\n%s\n} );",
              settings);
    fixture_write(fixture, "gnomon.conf", text_string(&content));
    text_finish(&content);
    return fixture_load(fixture);
}

static const struct fake_gps *gps(const struct config_fixture *fixture)
{
    return fixture->config->instances[0].options;
}

/* One finding is expected for these settings: what follows "gnomon.conf:". */
static void check_finding(const char *settings, const char *finding)
{
    struct config_fixture fixture;
    char expected[512];
    bool good = load_gps(&fixture, settings);
    snprintf(expected, sizeof(expected), "gnomon.conf:%s\n", finding);
    ck_assert_str_eq(text_string(&fixture.findings), expected);
    ck_assert(!good);
    fixture_finish(&fixture);
}

/* A file that is not grammatical gives one finding. */
static void check_syntax(const char *content, const char *finding)
{
    struct config_fixture fixture;
    char expected[512];
    fixture_init(&fixture);
    fixture_write(&fixture, "gnomon.conf", content);
    bool good = fixture_load(&fixture);
    snprintf(expected, sizeof(expected), "gnomon.conf:%s\n", finding);
    ck_assert_str_eq(text_string(&fixture.findings), expected);
    ck_assert(!good);
    fixture_finish(&fixture);
}

/* ---------------------------------------------------------------- good values */

START_TEST(defaults_are_those_of_the_table)
{
    struct config_fixture fixture;
    ck_assert(load_gps(&fixture, ""));
    ck_assert_str_eq(gps(&fixture)->device, "/dev/tty");
    ck_assert_str_eq(gps(&fixture)->label, "GPS");
    ck_assert_int_eq(gps(&fixture)->baud, 9600);
    ck_assert_int_eq(gps(&fixture)->serial, 0);
    ck_assert_double_eq(gps(&fixture)->delay_s, 0.25);
    ck_assert_int_eq(gps(&fixture)->protocol, 1);
    ck_assert_uint_eq(gps(&fixture)->sentences.count, 2);
    ck_assert_str_eq(gps(&fixture)->sentences.items[0], "RMC");
    ck_assert_str_eq(gps(&fixture)->sentences.items[1], "ZDA");
    fixture_finish(&fixture);
}
END_TEST

START_TEST(values_are_read)
{
    struct config_fixture fixture;
    ck_assert(load_gps(&fixture, "label = \"a \\\"b\\\" \" \"c\"; baud = 0x4B00; delay = -1;\n"
                                 "serial = -5000000000L; protocol = \"nmea\";\n"
                                 "sentences = ( \"GGA\", \"GLL\" );"));
    ck_assert_str_eq(gps(&fixture)->label, "a \"b\" c");
    ck_assert_int_eq(gps(&fixture)->baud, 19200);
    ck_assert_int_eq(gps(&fixture)->serial, INT64_C(-5000000000));
    ck_assert_double_eq(gps(&fixture)->delay_s, -1); /* an integer for a real */
    ck_assert_int_eq(gps(&fixture)->protocol, 0);
    ck_assert_uint_eq(gps(&fixture)->sentences.count, 2);
    ck_assert_str_eq(gps(&fixture)->sentences.items[1], "GLL");
    fixture_finish(&fixture);
}
END_TEST

START_TEST(one_string_is_a_list_of_one_and_a_list_may_be_empty)
{
    struct config_fixture fixture;
    ck_assert(load_gps(&fixture, "sentences = \"GGA\";"));
    ck_assert_uint_eq(gps(&fixture)->sentences.count, 1);
    ck_assert_str_eq(gps(&fixture)->sentences.items[0], "GGA");
    fixture_finish(&fixture);

    static const char *const empty[] = {"sentences = ( );", "sentences = [ ];"};
    for (size_t i = 0; i < 2; i++) {
        ck_assert(load_gps(&fixture, empty[i]));
        ck_assert_uint_eq(gps(&fixture)->sentences.count, 0);
        fixture_finish(&fixture);
    }
}
END_TEST

START_TEST(bounds_belong_to_the_range)
{
    struct config_fixture fixture;
    ck_assert(load_gps(&fixture, "baud = 300; delay = 1.0;"));
    fixture_finish(&fixture);
    ck_assert(load_gps(&fixture, "baud = 921600; delay = -1.0;"));
    fixture_finish(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- bad values */

START_TEST(types_are_checked)
{
    check_finding("baud = \"9600\";", "2: baud: must be a whole number (baud), not a string");
    check_finding("baud = 9600.5;",
                  "2: baud: must be a whole number (baud), not a number with a fraction");
    check_finding("serial = true;", "2: serial: must be a whole number, not true or false");
    check_finding("delay = \"1 s\";", "2: delay: must be a number of seconds, not a string");
    check_finding("delay = { };", "2: delay: must be a number of seconds, not a group");
    check_finding("label = 5;", "2: label: must be a string, not a whole number");
    check_finding("label = ( );", "2: label: must be a string, not a list");
    check_finding("protocol = 1;",
                  "2: protocol: must be one of \"nmea\", \"ubx\", not a whole number");
    check_finding("sentences = 5;", "2: sentences: must be a list of strings, not a whole number");
    check_finding("prefer = 1;", "2: prefer: must be true or false, not a whole number");
    check_finding("label = \"a\\nb\";", "2: label: must be a string without control characters");
}
END_TEST

START_TEST(ranges_are_checked)
{
    check_finding("baud = 299;", "2: baud: 299 is out of range, allowed is 300 … 921600 baud");
    check_finding("baud = 921601;",
                  "2: baud: 921601 is out of range, allowed is 300 … 921600 baud");
    check_finding("delay = 1.001;", "2: delay: 1.001 is out of range, allowed is -1 … 1 s");
    check_finding("delay = -2;", "2: delay: -2 is out of range, allowed is -1 … 1 s");
    check_finding("delay = 1e999;", "2: delay: too large a number");
    check_finding("protocol = \"nmae\";",
                  "2: protocol: \"nmae\" is not known, allowed is one of \"nmea\", \"ubx\"");
}
END_TEST

START_TEST(elements_are_named_with_their_own_lines)
{
    struct config_fixture fixture;
    /* libconfig 1.5 would say line 5 of the string on line 4. */
    ck_assert(!load_gps(&fixture, "sentences = (\n5,\n\"a\\tb\"\n,{ },\n\"good\"\n);"));
    ck_assert_str_eq(text_string(&fixture.findings),
                     "gnomon.conf:3: sentences[0]: must be a string, not a whole number\n"
                     "gnomon.conf:4: sentences[1]: must be a string without control characters\n"
                     "gnomon.conf:5: sentences[2]: must be a string, not a group\n");
    fixture_finish(&fixture);
}
END_TEST

START_TEST(integers_do_not_wrap)
{
    check_finding("serial = 5000000000;",
                  "2: serial: 5000000000 does not fit 32 bits; write 5000000000L");
    check_finding("\nserial\n=\n-2147483649;",
                  "3: serial: -2147483649 does not fit 32 bits; write -2147483649L");
    check_finding("serial = 0xFFFFFFFF;",
                  "2: serial: 4294967295 does not fit 32 bits; write 4294967295L");
    /* 4294976896 is 2^32 + 9600 */
    check_finding("baud = 4294976896;",
                  "2: baud: 4294976896 is out of range, allowed is 300 … 921600 baud");
    check_finding("baud = 4294976896L;",
                  "2: baud: 4294976896 is out of range, allowed is 300 … 921600 baud");
    check_finding("delay = 4294967296;",
                  "2: delay: 4294967296 is out of range, allowed is -1 … 1 s");
    check_finding("serial = 99999999999999999999L;",
                  "2: 99999999999999999999L does not fit 64 bits");

    struct config_fixture fixture;
    ck_assert(load_gps(&fixture, "serial = -2147483648; baud = 9600L;"));
    ck_assert_int_eq(gps(&fixture)->serial, INT32_MIN);
    ck_assert_int_eq(gps(&fixture)->baud, 9600);
    fixture_finish(&fixture);
}
END_TEST

START_TEST(one_of_two_large_integers_on_a_line_is_marked)
{
    struct config_fixture fixture;
    ck_assert(!load_gps(&fixture, "serial = 5000000000L; baud = 5000000000; tier = 5000000000;"));
    ck_assert_str_eq(text_string(&fixture.findings),
                     "gnomon.conf:2: baud: 5000000000 is out of range, allowed is 300 … 921600 "
                     "baud\n"
                     "gnomon.conf:2: tier: 5000000000 is out of range, allowed is 0 … 9\n");
    fixture_finish(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- syntax */

START_TEST(syntax_errors_say_what_is_wrong)
{
    static const struct {
        const char *content, *finding;
    } cases[] = {
        {"a = ( 1,\n2,\n);", "3: syntax error: the comma before ) is one too many"},
        {"a = [ 1, ];", "1: syntax error: the comma before ] is one too many"},
        {"a = ( { }\n{ } );", "2: syntax error: a comma is missing before {"},
        {"a = ( 1;\n2 );", "1: syntax error: ) expected, not ;: the ( of line 1 is not closed"},
        {"a = (\n{ b = 1;\n", "3: syntax error: } expected, not the end of the file: the { of "
                              "line 2 is not closed"},
        {"a = ( 1", "1: syntax error: ) expected, not the end of the file: the ( of line 1 is not "
                    "closed"},
        {"a = { b = 1; );", "1: syntax error: } expected, not ): the { of line 1 is not closed"},
        {"a = { };\n};", "2: syntax error: a key is expected here, not }"},
        {"a = 1;;", "1: syntax error: this ; is one too many"},
        {"a 1;", "1: syntax error: = is missing after a"},
        {"a = ;", "1: syntax error: a: a value is expected here, not ;"},
        {"a =", "1: syntax error: a: a value is expected here, not the end of the file"},
        {"a = yes;", "1: syntax error: a: a string stands in quotes: \"yes\""},
        {"a = /dev/rtc0;", "1: syntax error: /dev/rtc0 is neither a key nor a number; a string "
                           "stands in quotes: \"/dev/rtc0\""},
        {"a = 127.0.0.1;", "1: syntax error: 127.0.0.1 is neither a key nor a number; a string "
                           "stands in quotes: \"127.0.0.1\""},
        {"a = \"b;\nc = \"d\";", "1: syntax error: this string has no end, a \" is missing"},
        {"a = 1;\n/* b\n", "2: syntax error: this comment has no end, add */"},
        {"a = \"\\x00\";", "1: syntax error: a string cannot hold a zero byte"},
        {"a = [ 1, \"b\" ];", "1: syntax error: all values in [ ] must be of one type, and \"b\" "
                              "is not of that of 1"},
        {"a = [ { } ];", "1: syntax error: only single values stand in [ ]; for others write ( )"},
        {"a = 1;\n\na = 2;", "3: a: set twice in the same group, once is allowed"},
        {"a = { b = 1; c = 2;\nb = 3; };", "2: b: set twice in the same group, once is allowed"},
        {"a = \"\x1b[2J\";", "1: syntax error: a string cannot hold byte 0x1b"},
        {"a = \x01;", "1: syntax error: byte 0x01 has no place here"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_syntax(cases[i].content, cases[i].finding);
}
END_TEST

START_TEST(nesting_has_an_end)
{
    char content[2048] = "a = ";
    memset(content + 4, '(', 1000);
    check_syntax(content, "1: syntax error: more than 32 brackets within one another");
}
END_TEST

START_TEST(lines_beyond_the_unsigned_short_of_libconfig_are_right)
{
    struct config_fixture fixture;
    struct text content;
    fixture_init(&fixture);
    text_init(&content);
    for (int i = 0; i < 70000; i++)
        text_add(&content, "# comment\n");
    text_add(&content, "clok = { };\n");
    fixture_write(&fixture, "gnomon.conf", text_string(&content));
    ck_assert(!fixture_load(&fixture));
    ck_assert_str_eq(text_string(&fixture.findings),
                     "gnomon.conf:70001: clok: unknown key, did you mean \"clock\"?\n");
    text_finish(&content);
    fixture_finish(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- tables of other minors */

/* A row of a plugin that was built for a later minor. */
struct later_option {
    struct gn_option option;
    const char *added;
};

START_TEST(longer_rows_are_walked_by_their_own_size)
{
    static const struct later_option rows[] = {
        {{.key = "one", .type = GN_OPT_INT, .offset = 0, .preset = "1"}, "later"},
        {{.key = "two", .type = GN_OPT_INT, .offset = 8, .preset = "2"}, "later"},
    };
    struct option_table table = {&rows[0].option, 2, sizeof(rows[0])};
    struct gn_option row;
    struct arena *arena = arena_create();
    struct text why;
    int64_t fields[2] = {0, 0};
    text_init(&why);
    ck_assert(option_table_check(&table, sizeof(fields), &why));
    ck_assert(option_table_find(&table, "two", &row));
    ck_assert_uint_eq(row.offset, 8);
    ck_assert(!option_table_find(&table, "three", NULL));
    option_table_presets(&table, fields, arena);
    ck_assert_int_eq(fields[0], 1);
    ck_assert_int_eq(fields[1], 2);
    arena_destroy(arena);
    text_finish(&why);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");
    tcase_add_test(tcase, defaults_are_those_of_the_table);
    tcase_add_test(tcase, values_are_read);
    tcase_add_test(tcase, one_string_is_a_list_of_one_and_a_list_may_be_empty);
    tcase_add_test(tcase, bounds_belong_to_the_range);
    tcase_add_test(tcase, types_are_checked);
    tcase_add_test(tcase, ranges_are_checked);
    tcase_add_test(tcase, elements_are_named_with_their_own_lines);
    tcase_add_test(tcase, integers_do_not_wrap);
    tcase_add_test(tcase, one_of_two_large_integers_on_a_line_is_marked);
    tcase_add_test(tcase, syntax_errors_say_what_is_wrong);
    tcase_add_test(tcase, nesting_has_an_end);
    tcase_add_test(tcase, lines_beyond_the_unsigned_short_of_libconfig_are_right);
    tcase_add_test(tcase, longer_rows_are_walked_by_their_own_size);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
