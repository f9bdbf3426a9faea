/* SPDX-License-Identifier: Apache-2.0 */
#include <base/text.h>
#include <check.h>
#include <host/diagnostics.h>
#include <stdlib.h>

static void collect(void *arg, enum diagnostic_level level, const char *line)
{
    text_addf(arg, "%s%s\n", level == DIAGNOSTIC_ERROR ? "E " : "W ", line);
}

START_TEST(findings_are_sorted_and_counted)
{
    struct diagnostics diagnostics;
    struct text text;
    diagnostics_init(&diagnostics);
    text_init(&text);
    diagnostics_add(&diagnostics, DIAGNOSTIC_ERROR, "b.conf", 10, "%s: ten", "x");
    diagnostics_add(&diagnostics, DIAGNOSTIC_WARNING, "b.conf", 9, "nine");
    diagnostics_add(&diagnostics, DIAGNOSTIC_ERROR, "b.conf", 0, "whole file");
    diagnostics_add(&diagnostics, DIAGNOSTIC_ERROR, "a.conf", 100, "other file");
    diagnostics_add(&diagnostics, DIAGNOSTIC_WARNING, NULL, 0, "no file");
    diagnostics_print(&diagnostics, collect, &text);
    ck_assert_str_eq(text_string(&text), "W warning: no file\n"
                                         "E a.conf:100: other file\n"
                                         "E b.conf: whole file\n"
                                         "W b.conf:9: warning: nine\n"
                                         "E b.conf:10: x: ten\n");
    ck_assert_uint_eq(diagnostics.count, 5);
    ck_assert_uint_eq(diagnostics.errors, 3);
    ck_assert_uint_eq(diagnostics.warnings, 2);
    text_finish(&text);
    diagnostics_finish(&diagnostics);
    diagnostics_finish(&diagnostics);
}
END_TEST

START_TEST(findings_of_one_line_keep_their_order)
{
    struct diagnostics diagnostics;
    struct text text, expected;
    diagnostics_init(&diagnostics);
    text_init(&text);
    text_init(&expected);
    for (int i = 0; i < 100; i++) {
        diagnostics_add(&diagnostics, DIAGNOSTIC_ERROR, "a", 1, "%d", i);
        text_addf(&expected, "E a:1: %d\n", i);
    }
    diagnostics_print(&diagnostics, collect, &text);
    ck_assert_str_eq(text_string(&text), text_string(&expected));
    text_finish(&text);
    text_finish(&expected);
    diagnostics_finish(&diagnostics);
}
END_TEST

START_TEST(the_file_is_copied)
{
    struct diagnostics diagnostics;
    char file[] = "a.conf";
    diagnostics_init(&diagnostics);
    diagnostics_add(&diagnostics, DIAGNOSTIC_ERROR, file, 1, "%s", "");
    file[0] = 'x';
    ck_assert_str_eq(diagnostics.items[0].file, "a.conf");
    ck_assert_str_eq(diagnostics.items[0].text, "");
    diagnostics_finish(&diagnostics);
}
END_TEST

START_TEST(no_findings_print_nothing)
{
    struct diagnostics diagnostics;
    struct text text;
    diagnostics_init(&diagnostics);
    text_init(&text);
    diagnostics_print(&diagnostics, collect, &text);
    ck_assert_str_eq(text_string(&text), "");
    diagnostics_finish(&diagnostics);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("diagnostics");
    TCase *tcase = tcase_create("diagnostics");
    tcase_add_test(tcase, findings_are_sorted_and_counted);
    tcase_add_test(tcase, findings_of_one_line_keep_their_order);
    tcase_add_test(tcase, the_file_is_copied);
    tcase_add_test(tcase, no_findings_print_nothing);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
