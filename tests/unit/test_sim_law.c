/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <sim/law.h>
#include <stdlib.h>
#include <string.h>

static double draw_once(const char *text)
{
    char why[200] = "";
    struct chance chance;
    chance_init(&chance, 1, "test", "law");
    struct law *law = law_parse(text, why, sizeof why);
    ck_assert_msg(law != NULL, "%s: %s", text, why);
    double x = law_draw(law, &chance);
    law_destroy(law);
    return x;
}

START_TEST(constants_units_and_precedence)
{
    static const struct {
        const char *text;
        double value;
    } laws[] = {
        {"50us", 50e-6}, {"1 ms + 2us*3", 1.006e-3}, {"(1+2)*3", 9},       {"10 - 4 - 3", 3},
        {"8/4/2", 1},    {"|2 - 5|*2", 6},           {"-3 + 5", 2},        {"1e-3s", 1e-3},
        {".5ns", .5e-9}, {"min(3, max(1,2))", 2},    {"pick(1, 7, 8)", 7}, {"pick(0, 7, 8)", 8}};
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++)
        ck_assert_msg(fabs(draw_once(laws[i].text) - laws[i].value) < 1e-12 * laws[i].value + 1e-18,
                      "%s", laws[i].text);
}
END_TEST

START_TEST(errors_name_the_column)
{
    static const struct {
        const char *text, *why;
    } laws[] = {
        {"", "column 1: the law ends too early"},
        {"50us +", "column 7: the law ends too early"},
        {"50us 3", "column 6: '3' is not understood here"},
        {"50us + foo", "column 8: a number, exp"},
        {"2*(3", "column 5: ')' expected"},
        {"|3", "column 3: '|' expected"},
        {"pick(1, 2)", "column 10: ',' expected"},
        {"5 parsec", "column 3: 'p' is not"},
    };
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++) {
        char why[200] = "";
        ck_assert_msg(law_parse(laws[i].text, why, sizeof why) == NULL, "%s", laws[i].text);
        ck_assert_msg(strncmp(why, laws[i].why, strlen(laws[i].why)) == 0, "%s: %s", laws[i].text,
                      why);
    }
}
END_TEST

START_TEST(nesting_is_bounded)
{
    char text[4000], why[200];
    memset(text, '(', sizeof text);
    text[sizeof text - 1] = '\0';
    ck_assert_ptr_null(law_parse(text, why, sizeof why));
    memset(text, '-', sizeof text - 1);
    ck_assert_ptr_null(law_parse(text, why, sizeof why));
    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = i % 2 == 0 ? '1' : '+';
    ck_assert_ptr_null(law_parse(text, why, sizeof why));
    ck_assert_str_eq(why, "column 2003: too many terms");
}
END_TEST

/* Mean and deviation of a law against its formula, within five standard errors of the mean. */
static void check_law(const char *text, double mean, double deviation)
{
    enum { COUNT = 100000 };
    char why[200];
    struct chance chance;
    double total = 0, squares = 0;
    struct law *law = law_parse(text, why, sizeof why);
    chance_init(&chance, 3, "test", text);
    for (int i = 0; i < COUNT; i++) {
        double x = law_draw(law, &chance) - mean;
        total += x;
        squares += x * x;
    }
    law_destroy(law);
    ck_assert_msg(fabs(total / COUNT) < 5 * deviation / sqrt(COUNT), "%s: mean", text);
    ck_assert_msg(fabs(sqrt(squares / COUNT) / deviation - 1) < 0.05, "%s: deviation", text);
}

START_TEST(laws_have_the_moments_of_their_formulas)
{
    check_law("50us + 10us*exp", 60e-6, 10e-6);
    check_law("20ms + 1ms*exp + 1ms*exp", 22e-3, sqrt(2) * 1e-3);
    check_law("3us*normal", 0, 3e-6);
    check_law("|normal|", sqrt(2 / M_PI), sqrt(1 - 2 / M_PI));
    check_law("1ms*uniform", 0.5e-3, 1e-3 / sqrt(12));
    check_law("1ms*pareto(5)", 1.25e-3, 1e-3 * sqrt(5.0 / (16 * 3)));
    check_law("pick(0.1, 5ms, 0ms)", 0.5e-3, 5e-3 * 0.3);
    check_law("exp*exp", 1, sqrt(3));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_law");
    TCase *tcase = tcase_create("law");
    tcase_add_test(tcase, constants_units_and_precedence);
    tcase_add_test(tcase, errors_name_the_column);
    tcase_add_test(tcase, nesting_is_bounded);
    tcase_add_test(tcase, laws_have_the_moments_of_their_formulas);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
