/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <pipeline/leap.h>

static gn_utc at(int64_t seconds)
{
    return (gn_utc){seconds * SECOND};
}

START_TEST(months_end_where_the_calendar_says)
{
    static const struct {
        int64_t now, end;
        const char *date;
    } cases[] = {
        {1483228799, 1483228800, "2016-12-31"},
        {1483228800, 1485907200, "2017-01-31"},
        {1706745600, 1709251200, "2024-02-29"},
        {1740787199, 1740787200, "2025-02-28"},
        {4107542400, 4107542400 + 31 * 86400, "2100-03-31"},
        {4107542399, 4107542400, "2100-02-28"},
        {0, 31 * 86400, "1970-01-31"},
        {-1, 0, "1969-12-31"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char date[LEAP_DATE_SIZE];
        ck_assert_int_eq(leap_month_end(at(cases[i].now)).ns, cases[i].end * SECOND);
        leap_date(at(cases[i].end), date);
        ck_assert_str_eq(date, cases[i].date);
    }
}
END_TEST

START_TEST(the_majority_announces)
{
    struct leap leap;
    leap_init(&leap);
    ck_assert(!leap_update(&leap, at(1483000000), (struct leap_votes){1, 0, 2}));
    ck_assert(leap_update(&leap, at(1483000000), (struct leap_votes){2, 0, 3}));
    ck_assert_int_eq(leap.pending, GN_LEAP_INSERT);
    ck_assert_int_eq(leap.at.ns, 1483228800 * SECOND);
    /* Without voters it stands; a majority takes it back. */
    ck_assert(!leap_update(&leap, at(1483000100), (struct leap_votes){0, 0, 0}));
    ck_assert_int_eq(leap.pending, GN_LEAP_INSERT);
    ck_assert(leap_update(&leap, at(1483000200), (struct leap_votes){1, 0, 3}));
    ck_assert_int_eq(leap.pending, GN_LEAP_NORMAL);
    ck_assert(leap_update(&leap, at(1483000300), (struct leap_votes){0, 3, 3}));
    ck_assert_int_eq(leap.pending, GN_LEAP_DELETE);
}
END_TEST

START_TEST(only_the_announced_second_is_due)
{
    struct leap leap;
    leap_init(&leap);
    ck_assert(!leap_due(&leap, at(1483228800), -SECOND));
    leap_update(&leap, at(1483228000), (struct leap_votes){1, 0, 1});
    ck_assert(leap_due(&leap, at(1483228800), -SECOND));
    ck_assert(leap_due(&leap, at(1483228860), -SECOND + 1000));
    ck_assert(!leap_due(&leap, at(1483228800), SECOND));
    ck_assert(!leap_due(&leap, at(1483228800), -2 * SECOND));
    ck_assert(!leap_due(&leap, at(1483228100), -SECOND));
}
END_TEST

START_TEST(echoes_of_the_last_leap_are_not_the_next)
{
    struct leap leap;
    leap_init(&leap);
    leap_update(&leap, at(1483228000), (struct leap_votes){1, 0, 1});
    leap_applied(&leap, at(1483228800));
    ck_assert(!leap_update(&leap, at(1483228900), (struct leap_votes){1, 0, 1}));
    ck_assert_int_eq(leap.pending, GN_LEAP_NORMAL);
    ck_assert(leap_update(&leap, at(1483228800 + 86400), (struct leap_votes){1, 0, 1}));
}
END_TEST

/* Nobody applied it: it goes with its month. */
START_TEST(an_announcement_ends_with_its_month)
{
    struct leap leap;
    leap_init(&leap);
    leap_update(&leap, at(1483228000), (struct leap_votes){1, 0, 1});
    ck_assert(leap_update(&leap, at(1483229000), (struct leap_votes){1, 0, 1}));
    ck_assert_int_eq(leap.pending, GN_LEAP_NORMAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("leap");
    TCase *tcase = tcase_create("leap");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, months_end_where_the_calendar_says);
    tcase_add_test(tcase, the_majority_announces);
    tcase_add_test(tcase, only_the_announced_second_is_due);
    tcase_add_test(tcase, echoes_of_the_last_leap_are_not_the_next);
    tcase_add_test(tcase, an_announcement_ends_with_its_month);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
