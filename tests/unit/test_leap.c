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

/* A day of June, one of December, and one of neither. */
#define JUNE 1466000000
#define DECEMBER 1483000000
#define DECEMBER_END 1483228800
#define MARCH 1459000000

static const struct leap_word no_list = {.known = false};

static bool vote(struct leap *leap, int64_t now, unsigned insert, unsigned remove, unsigned all)
{
    return leap_update(leap, at(now), (struct leap_votes){insert, remove, all}, no_list);
}

START_TEST(the_majority_announces)
{
    struct leap leap;
    leap_init(&leap);
    ck_assert(!vote(&leap, DECEMBER, 1, 0, 2));
    ck_assert(vote(&leap, DECEMBER, 2, 0, 3));
    ck_assert_int_eq(leap.pending, GN_LEAP_INSERT);
    ck_assert_int_eq(leap.at.ns, DECEMBER_END * SECOND);
    /* Without voters it stands; a majority takes it back. */
    ck_assert(!vote(&leap, DECEMBER + 100, 0, 0, 0));
    ck_assert_int_eq(leap.pending, GN_LEAP_INSERT);
    ck_assert(vote(&leap, DECEMBER + 200, 1, 0, 3));
    ck_assert_int_eq(leap.pending, GN_LEAP_NORMAL);
    ck_assert(vote(&leap, DECEMBER + 300, 0, 3, 3));
    ck_assert_int_eq(leap.pending, GN_LEAP_DELETE);
}
END_TEST

START_TEST(sources_are_believed_in_june_and_december)
{
    struct leap leap;
    struct leap_votes all = {3, 0, 3}, few = {1, 0, 3};
    leap_init(&leap);
    ck_assert(!vote(&leap, MARCH, 3, 0, 3));
    ck_assert(!leap_refused(&leap, at(MARCH), few));
    ck_assert(leap_refused(&leap, at(MARCH), all));
    ck_assert_int_eq(leap.refused_at.ns, leap_month_end(at(MARCH)).ns);
    ck_assert(!leap_refused(&leap, at(MARCH + 60), all)); /* said once */
    ck_assert(leap_refused(&leap, at(MARCH + 30 * 86400), all));
    ck_assert(vote(&leap, JUNE, 3, 0, 3));
    ck_assert(!leap_refused(&leap, at(JUNE), all));
    ck_assert_int_eq(leap.at.ns, INT64_C(1467331200) * SECOND);
}
END_TEST

START_TEST(a_list_outvotes_all)
{
    struct leap leap;
    gn_utc end = leap_month_end(at(MARCH));
    struct leap_word order = {true, GN_LEAP_DELETE, end}, none = {true, GN_LEAP_NORMAL, {0}};
    leap_init(&leap);
    ck_assert(leap_update(&leap, at(MARCH), (struct leap_votes){3, 0, 3}, order));
    ck_assert_int_eq(leap.pending, GN_LEAP_DELETE);
    ck_assert(leap.by_list);
    ck_assert(leap_update(&leap, at(DECEMBER), (struct leap_votes){3, 0, 3}, none));
    ck_assert_int_eq(leap.pending, GN_LEAP_NORMAL);
    /* Not before its month. */
    ck_assert(!leap_update(&leap, at(MARCH - 30 * 86400), (struct leap_votes){0, 0, 0}, order));
    /* Nor for the second that is repeated, which lies before it by the list. */
    leap_init(&leap);
    ck_assert(leap_update(&leap, at(MARCH), (struct leap_votes){0, 0, 0}, order));
    leap_pass(&leap, gn_utc_add(end, -SECOND));
    ck_assert(
        !leap_update(&leap, gn_utc_add(end, -SECOND / 2), (struct leap_votes){0, 0, 0}, order));
    ck_assert_int_eq(leap.pending, GN_LEAP_NORMAL);
}
END_TEST

START_TEST(utc_leaps_at_its_second)
{
    struct leap leap;
    leap_init(&leap);
    ck_assert(!leap_due(&leap, at(DECEMBER_END)));
    vote(&leap, DECEMBER, 1, 0, 1);
    ck_assert_int_eq(leap_look_in_ns(&leap, at(DECEMBER)),
                     (DECEMBER_END - 43200 - DECEMBER) * SECOND);
    ck_assert_int_eq(leap_look_in_ns(&leap, at(DECEMBER_END - 43200)), 43200 * SECOND);
    ck_assert(!leap_due(&leap, gn_utc_add(at(DECEMBER_END), -1)));
    ck_assert(leap_due(&leap, at(DECEMBER_END)));
    leap_pass(&leap, at(DECEMBER_END));
    ck_assert(!leap_due(&leap, at(DECEMBER_END)));
    ck_assert_int_eq(leap_look_in_ns(&leap, at(DECEMBER_END)), 43200 * SECOND);
    ck_assert_int_eq(leap_look_in_ns(&leap, at(DECEMBER_END + 43200)), -1);
    leap_init(&leap);
    vote(&leap, DECEMBER, 0, 1, 1);
    ck_assert(!leap_due(&leap, gn_utc_add(at(DECEMBER_END - 1), -1)));
    ck_assert(leap_due(&leap, at(DECEMBER_END - 1)));
}
END_TEST

START_TEST(only_the_announced_second_is_a_move)
{
    struct leap leap;
    leap_init(&leap);
    ck_assert(!leap_is_move(&leap, at(DECEMBER_END), -SECOND));
    vote(&leap, DECEMBER, 1, 0, 1);
    ck_assert(leap_is_move(&leap, at(DECEMBER_END), -SECOND));
    ck_assert(leap_is_move(&leap, at(DECEMBER_END - 2), -SECOND));
    ck_assert(!leap_is_move(&leap, at(DECEMBER_END), SECOND));
    ck_assert(!leap_is_move(&leap, at(DECEMBER_END), -2 * SECOND));
    ck_assert(!leap_is_move(&leap, at(DECEMBER_END - 700), -SECOND));
    /* UTC may leap first, but the clock leaps once. */
    leap_pass(&leap, at(DECEMBER_END));
    ck_assert(leap_is_move(&leap, at(DECEMBER_END), -SECOND + 1000));
    ck_assert(leap_is_move(&leap, at(DECEMBER_END + 60), -SECOND));
    ck_assert(!leap_is_move(&leap, at(DECEMBER_END + 600), -SECOND));
    leap.moved = true;
    ck_assert(!leap_is_move(&leap, at(DECEMBER_END), -SECOND));
}
END_TEST

START_TEST(the_kernel_is_told_on_the_day_that_its_clock_shows)
{
    struct leap leap;
    int64_t end_ns = DECEMBER_END * SECOND, day_ns = 86400 * SECOND;
    leap_init(&leap);
    ck_assert_int_eq(leap_today(&leap, at(DECEMBER_END - 1), end_ns - SECOND), GN_LEAP_NORMAL);
    vote(&leap, DECEMBER, 1, 0, 1);
    ck_assert_int_eq(leap_today(&leap, at(DECEMBER), DECEMBER * SECOND), GN_LEAP_NORMAL);
    ck_assert_int_eq(leap_today(&leap, at(DECEMBER_END - 86400), end_ns - day_ns), GN_LEAP_INSERT);
    /* Behind, it would leap a day early; ahead, it has none to leap at. */
    ck_assert_int_eq(leap_today(&leap, at(DECEMBER_END - 86400), end_ns - day_ns - 1),
                     GN_LEAP_NORMAL);
    ck_assert_int_eq(leap_today(&leap, at(DECEMBER_END - 1), end_ns), GN_LEAP_NORMAL);
    ck_assert_int_eq(leap_today(&leap, at(DECEMBER_END - 1), end_ns - 1), GN_LEAP_INSERT);
}
END_TEST

START_TEST(echoes_of_the_last_leap_are_not_the_next)
{
    struct leap leap;
    leap_init(&leap);
    vote(&leap, JUNE, 1, 0, 1);
    leap_pass(&leap, at(JUNE + 100));
    ck_assert(!vote(&leap, JUNE + 200, 1, 0, 1));
    ck_assert_int_eq(leap.pending, GN_LEAP_NORMAL);
    ck_assert(vote(&leap, JUNE + 86400, 1, 0, 1));
}
END_TEST

/* Nobody applied it: it goes with its month. */
START_TEST(an_announcement_ends_with_its_month)
{
    struct leap leap;
    leap_init(&leap);
    vote(&leap, DECEMBER, 1, 0, 1);
    ck_assert(vote(&leap, DECEMBER_END + 200, 1, 0, 1));
    ck_assert_int_eq(leap.pending, GN_LEAP_NORMAL);
}
END_TEST

/* Seconds of UTC from the end of the month; what a smear shows more, and how fast that grows. */
static const struct {
    enum gn_leap leap;
    bool passed;
    double after_s, smear_s, rate;
} smears[] = {
    {GN_LEAP_INSERT, false, -43200.001, 0, 0},
    {GN_LEAP_INSERT, false, -43200, 0, -1.0 / 86401},
    {GN_LEAP_INSERT, false, -43199, -1.0 / 86401, -1.0 / 86401},
    {GN_LEAP_INSERT, false, 0, -43200.0 / 86401, -1.0 / 86401},
    {GN_LEAP_INSERT, true, -1, 43201.0 / 86401, -1.0 / 86401},
    {GN_LEAP_INSERT, true, 0, 43200.0 / 86401, -1.0 / 86401},
    {GN_LEAP_INSERT, true, 43199, 1.0 / 86401, -1.0 / 86401},
    {GN_LEAP_INSERT, true, 43200, 0, 0},
    {GN_LEAP_DELETE, false, -43200.001, 0, 0},
    {GN_LEAP_DELETE, false, -43200, 0, 1.0 / 86399},
    {GN_LEAP_DELETE, false, -1, 43199.0 / 86399, 1.0 / 86399},
    {GN_LEAP_DELETE, true, 0, -43200.0 / 86399, 1.0 / 86399},
    {GN_LEAP_DELETE, true, 43199, -1.0 / 86399, 1.0 / 86399},
    {GN_LEAP_DELETE, true, 43200, 0, 0},
    {GN_LEAP_NORMAL, false, 0, 0, 0},
    {GN_LEAP_NORMAL, true, 0, 0, 0},
};

START_TEST(a_smear_goes_from_noon_to_noon)
{
    gn_utc now = gn_utc_add(at(DECEMBER_END), gn_nanoseconds(smears[_i].after_s));
    double rate = 7, smear_s = leap_smear_of(smears[_i].leap, at(DECEMBER_END), smears[_i].passed,
                                             now, &rate);
    ck_assert_double_eq_tol(smear_s, smears[_i].smear_s, 1e-12);
    ck_assert_double_eq_tol(rate, smears[_i].rate, 1e-15);
}
END_TEST

/* UTC jumps, smeared time does not. */
START_TEST(a_smear_passes_the_leap_evenly)
{
    static const enum gn_leap leaps[] = {GN_LEAP_INSERT, GN_LEAP_DELETE};
    struct leap leap;
    double rate;
    leap_init(&leap);
    vote(&leap, DECEMBER, _i == 0, _i == 1, 1);
    ck_assert_int_eq(leap.pending, leaps[_i]);
    gn_utc turn = at(DECEMBER_END - (_i == 1));
    double before_s = leap_smear_s(&leap, turn, &rate);
    leap_pass(&leap, turn);
    double by_s = gn_seconds(leap_by_ns(leaps[_i]));
    double after_s = leap_smear_s(&leap, gn_utc_add(turn, leap_by_ns(leaps[_i])), &rate);
    ck_assert_double_eq_tol(after_s + by_s, before_s, 1e-12);
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
    tcase_add_test(tcase, sources_are_believed_in_june_and_december);
    tcase_add_test(tcase, a_list_outvotes_all);
    tcase_add_test(tcase, utc_leaps_at_its_second);
    tcase_add_test(tcase, only_the_announced_second_is_a_move);
    tcase_add_test(tcase, the_kernel_is_told_on_the_day_that_its_clock_shows);
    tcase_add_test(tcase, echoes_of_the_last_leap_are_not_the_next);
    tcase_add_test(tcase, an_announcement_ends_with_its_month);
    tcase_add_loop_test(tcase, a_smear_goes_from_noon_to_noon, 0, sizeof smears / sizeof smears[0]);
    tcase_add_loop_test(tcase, a_smear_passes_the_leap_evenly, 0, 2);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
