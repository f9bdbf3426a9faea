/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: levels, forged lines, long lines, the two forms on stderr. */
#include <check.h>
#include <host/logger.h>
#include <stdlib.h>
#include <string.h>

struct kept {
    char line[2 * LOGGER_LINE_MAX];
    enum gn_level level;
    unsigned count;
};

static void keep(void *arg, enum gn_level level, const char *line)
{
    struct kept *kept = arg;
    ck_assert_uint_le(strlen(line), LOGGER_LINE_MAX);
    strcpy(kept->line, line);
    kept->level = level;
    kept->count++;
}

START_TEST(levels_are_kept_apart)
{
    struct kept kept = {.count = 0};
    struct logger *logger = logger_create(GN_WARNING, keep, &kept);
    logger_log(logger, GN_INFO, NULL, "no");
    ck_assert_uint_eq(kept.count, 0);
    logger_log(logger, GN_WARNING, "gps0", "fix %d", 3);
    ck_assert_str_eq(kept.line, "gps0: fix 3");
    ck_assert_int_eq(kept.level, GN_WARNING);
    logger_set_level(logger, GN_DEBUG);
    ck_assert_int_eq(logger_level(logger), GN_DEBUG);
    logger_log(logger, GN_DEBUG, "", "nobody");
    ck_assert_str_eq(kept.line, "nobody");
    logger_destroy(logger);
    logger_destroy(NULL);
}
END_TEST

static const struct {
    const char *text, *line;
} forgeries[] = {
    {"a\nb", "a\\x0ab"},
    {"\x1b[2J", "\\x1b[2J"},
    {"tab\there\r", "tab\\x09here\\x0d"},
    {"\x7f", "\\x7f"},
    {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x95\x90",
     "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x95\x90"},
    {"\xc2\x9b"
     "31m",
     "\\xc2\\x9b31m"},                            /* U+009B, a control sequence introducer */
    {"\xff\xc3", "\\xff\\xc3"},                   /* no UTF-8 */
    {"\xc0\x8a", "\\xc0\\x8a"},                   /* an overlong line feed */
    {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* a surrogate */
    {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond Unicode */
};

START_TEST(nothing_is_forged)
{
    struct kept kept = {.count = 0};
    struct logger *logger = logger_create(GN_INFO, keep, &kept);
    logger_log(logger, GN_INFO, NULL, "%s", forgeries[_i].text);
    ck_assert_str_eq(kept.line, forgeries[_i].line);
    logger_destroy(logger);
}
END_TEST

START_TEST(long_lines_end_in_an_ellipsis)
{
    struct kept kept = {.count = 0};
    struct logger *logger = logger_create(GN_INFO, keep, &kept);
    char text[3 * LOGGER_LINE_MAX];
    /* Of every length around the limit, from characters of one, two and four bytes. */
    static const char *const units[] = {"x", "\xc3\xbc", "\xf0\x9f\x95\x90", "\n"};
    for (size_t u = 0; u < 4; u++) {
        for (size_t length = 240; length < LOGGER_LINE_MAX + 20; length++) {
            size_t shown = strcmp(units[u], "\n") == 0 ? 4 : strlen(units[u]), used = 0;
            for (size_t i = 0; i < length && used + strlen(units[u]) < sizeof(text); i++) {
                strcpy(text + used, units[u]);
                used += strlen(units[u]);
            }
            logger_log(logger, GN_INFO, NULL, "%s", text);
            size_t whole = used / strlen(units[u]) * shown, got = strlen(kept.line);
            if (whole <= LOGGER_LINE_MAX) {
                ck_assert_uint_eq(got, whole);
                continue;
            }
            ck_assert_str_eq(kept.line + got - 3, "\xe2\x80\xa6");
            ck_assert_uint_eq((got - 3) % shown, 0); /* no character is cut */
            ck_assert_uint_gt(got + shown, LOGGER_LINE_MAX - 3);
        }
    }
    memset(text, 'w', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    logger_log(logger, GN_INFO, text, "never seen");
    ck_assert_str_eq(kept.line + LOGGER_LINE_MAX - 3, "\xe2\x80\xa6");
    logger_destroy(logger);
}
END_TEST

START_TEST(lines_of_stderr)
{
    struct logger_stderr terminal = {.journal = false}, journal = {.journal = true};
    gn_utc when = {INT64_C(1769860800123999999)};
    char text[64];
    size_t n = logger_stderr_format(&terminal, GN_INFO, "gps0: fix", when, text, sizeof(text));
    ck_assert_str_eq(text, "2026-01-31T12:00:00.123Z info: gps0: fix\n");
    ck_assert_uint_eq(n, strlen(text));
    logger_stderr_format(&journal, GN_ERROR, "gps0: fix", when, text, sizeof(text));
    ck_assert_str_eq(text, "<3>gps0: fix\n");
    logger_stderr_format(&journal, GN_DEBUG, "x", when, text, sizeof(text));
    ck_assert_str_eq(text, "<7>x\n");
    n = logger_stderr_format(&journal, GN_INFO, "too long", when, text, 8);
    ck_assert_str_eq(text, "<6>too\n");
    ck_assert_uint_eq(n, 7);
    ck_assert_str_eq(logger_level_name(GN_ERROR), "error");
    ck_assert_str_eq(logger_level_name(GN_WARNING), "warning");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("logger");
    TCase *tests = tcase_create("logger");
    tcase_add_test(tests, levels_are_kept_apart);
    tcase_add_loop_test(tests, nothing_is_forged, 0, sizeof(forgeries) / sizeof(forgeries[0]));
    tcase_add_test(tests, long_lines_end_in_an_ellipsis);
    tcase_add_test(tests, lines_of_stderr);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
