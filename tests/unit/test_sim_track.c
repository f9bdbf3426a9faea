/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <sim/track.h>
#include <stdio.h>
#include <stdlib.h>

static void look(struct track *track, double at_s, int64_t error_ns)
{
    struct node_truth truth = {.clock_error_ns = error_ns, .bounded = true, .error_bound_s = 1e-3};
    track_add(track, at_s, &truth);
}

START_TEST(a_short_life_is_kept_second_by_second)
{
    struct track track;
    track_init(&track);
    ck_assert(!track_erred(&track));
    for (int i = 1; i <= TRACK_COLUMNS; i++)
        look(&track, i, 0);
    ck_assert(!track_erred(&track));
    ck_assert_uint_eq(track.count, TRACK_COLUMNS);
    ck_assert_uint_eq(track.width, 1);
    ck_assert_double_eq(track.columns[6].from_s, 7);
    ck_assert_double_eq(track.columns[6].to_s, 7);
    track_finish(&track);
}
END_TEST

/* A life of any length: the columns follow each other, hold every look once, and every peak. */
static void check_long(int length)
{
    struct track track;
    size_t high = 0, low = 0;
    uint64_t looks = 0;
    track_init(&track);
    for (int i = 1; i <= length; i++)
        look(&track, i, i == 4321 ? 9000000 : i == length - 1 ? -7000000 : 10);
    ck_assert_uint_le(track.count, TRACK_COLUMNS);
    ck_assert_uint_ge(track.count, TRACK_COLUMNS / 2);
    ck_assert_double_eq(track.columns[0].from_s, 1);
    ck_assert_double_eq(track.columns[track.count - 1].to_s, length);
    for (size_t i = 0; i < track.count; i++) {
        const struct track_column *column = &track.columns[i];
        looks += column->looks;
        ck_assert_uint_eq(column->looks, (unsigned)(column->to_s - column->from_s) + 1);
        if (i > 0)
            ck_assert_double_eq(column->from_s, track.columns[i - 1].to_s + 1);
        if (i + 1 < track.count)
            ck_assert_uint_eq(column->looks, track.width);
        high += column->most_s > 8e-3 && column->from_s <= 4321 && column->to_s >= 4321;
        low += column->least_s < -6e-3;
    }
    ck_assert_uint_eq(looks, (unsigned)length);
    ck_assert_uint_eq(high, 1);
    ck_assert_uint_eq(low, 1);
    ck_assert(track_erred(&track));
    track_finish(&track);
}

START_TEST(a_long_life_loses_no_peak)
{
    check_long(5000);
    check_long(8000);
    check_long(8001);
    check_long(123457);
}
END_TEST

START_TEST(bounds_are_the_largest_and_wrong_ones_are_counted)
{
    struct track track;
    struct node_truth truth = {.bounded = false, .error_bound_s = 99, .estimate_error_ns = 5};
    track_init(&track);
    for (int i = 1; i <= TRACK_COLUMNS + 1; i++) { /* the last one makes two of all columns one */
        truth.bounded = i > 3;
        truth.error_bound_s = i == 5 ? 4e-9 : 6e-9;
        track_add(&track, i, &truth);
    }
    ck_assert_uint_eq(track.width, 2);
    ck_assert_uint_eq(track.count, TRACK_COLUMNS / 2 + 1);
    ck_assert_double_lt(track.columns[0].bound_s, 0);
    ck_assert_double_eq(track.columns[1].bound_s, 6e-9);
    ck_assert_double_eq(track.columns[2].bound_s, 6e-9);
    ck_assert_uint_eq(track.columns[0].outside, 0);
    ck_assert_uint_eq(track.columns[2].outside, 1); /* 5 ns, where 4 were claimed */
    ck_assert_double_eq(track.columns[2].from_s, 5);
    ck_assert_double_eq(track.columns[2].to_s, 6);
    ck_assert_double_eq(track.columns[2].wrong_from_s, 5);
    ck_assert_double_eq(track.columns[2].wrong_to_s, 5);
    ck_assert_uint_eq(track.columns[3].outside, 0);
    track_finish(&track);
}
END_TEST

START_TEST(steps_are_kept_where_they_were_noticed)
{
    struct track track;
    struct node_truth truth = {.bounded = false};
    track_init(&track);
    for (int i = 1; i <= 2 * TRACK_STEPS + 2; i++) {
        if (i % 2 == 0)
            truth.steps = (struct vclock_steps){truth.steps.count + 1, -i * GN_NS_PER_S};
        track_add(&track, i, &truth);
    }
    ck_assert_uint_eq(track.kept_count, TRACK_STEPS);
    ck_assert_uint_eq(track.steps, TRACK_STEPS + 1);
    ck_assert_double_eq(track.kept[1].at_s, 4);
    ck_assert_double_eq(track.kept[1].by_s, -4);
    track_finish(&track);
}
END_TEST

START_TEST(marks_are_copies_and_bounded)
{
    static struct marks marks;
    char text[32];
    for (int i = 0; i < MARKS_MAX + 3; i++) {
        snprintf(text, sizeof text, "event %d", i);
        marks_add(&marks, i, text);
    }
    ck_assert_uint_eq(marks.count, MARKS_MAX);
    ck_assert_uint_eq(marks.dropped, 3);
    ck_assert_str_eq(marks.items[7].text, "event 7");
    ck_assert_double_eq(marks.items[7].at_s, 7);
    marks_finish(&marks);
    ck_assert_uint_eq(marks.count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_track");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, a_short_life_is_kept_second_by_second);
    tcase_add_test(tests, a_long_life_loses_no_peak);
    tcase_add_test(tests, bounds_are_the_largest_and_wrong_ones_are_counted);
    tcase_add_test(tests, steps_are_kept_where_they_were_noticed);
    tcase_add_test(tests, marks_are_copies_and_bounded);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
