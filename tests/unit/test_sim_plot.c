/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <sim/file.h>
#include <sim/plot.h>
#include <sim/plot_scale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS 100

struct drawing {
    struct track track;
    struct marks marks;
    struct plot_curve curve;
    struct plot plot;
    struct text text;
};

/* A clock that comes from 1 s down to 10 us, is stepped once, and knows a bound from then on. */
static void set_up(struct drawing *drawing, const char *name)
{
    memset(drawing, 0, sizeof *drawing);
    track_init(&drawing->track);
    for (int i = 1; i <= SECONDS; i++) {
        struct node_truth truth = {.clock_error_ns = i < 10  ? 1000000000
                                                     : i % 2 ? 10000
                                                             : -9000,
                                   .bounded = i >= 10,
                                   .error_bound_s = 100e-6,
                                   .estimate_error_ns = i == 50 ? 200000 : 0,
                                   .steps = {.count = i >= 10, .last_ns = -1000000000}};
        track_add(&drawing->track, i, &truth);
    }
    marks_add(&drawing->marks, 30, "link 0 is cut");
    marks_add(&drawing->marks, 60, "<a & \"b\">\x01\xff");
    drawing->curve = (struct plot_curve){name, &drawing->track};
    drawing->plot = (struct plot){"a world", SECONDS, &drawing->curve, 1, &drawing->marks};
    text_init(&drawing->text);
}

static void tear_down(struct drawing *drawing)
{
    track_finish(&drawing->track);
    marks_finish(&drawing->marks);
    text_finish(&drawing->text);
}

static int count(const char *text, const char *piece)
{
    int found = 0;
    for (const char *at = strstr(text, piece); at != NULL; at = strstr(at + 1, piece))
        found++;
    return found;
}

START_TEST(labels_have_the_unit_people_would_choose)
{
    static const struct {
        double error_s;
        const char *label;
    } cases[] = {{0, "0"},           {1, "+1 s"},         {-0.25, "-250 ms"}, {1e-3, "+1 ms"},
                 {1e-6, "+1 us"},    {-1e-4, "-100 us"},  {3e-9, "+3 ns"},    {12.5, "+12.5 s"},
                 {2e-10, "+0.2 ns"}, {-1.5e-3, "-1.5 ms"}};
    char label[SCALE_LABEL];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_str_eq(scale_label(cases[i].error_s, label), cases[i].label);
}
END_TEST

START_TEST(a_wide_range_is_drawn_by_asinh_and_a_narrow_one_in_proportion)
{
    struct drawing drawing;
    struct node_truth truth = {.clock_error_ns = 40, .bounded = true, .error_bound_s = 100e-9};
    set_up(&drawing, "a");
    struct scale scale = scale_fit(&drawing.track);
    ck_assert_double_gt(scale.unit_s, 0);
    ck_assert_double_gt(scale_place(&scale, 10e-6), 0.05);
    ck_assert_double_lt(scale_place(&scale, 1), 1);
    ck_assert_double_eq(scale_place(&scale, 0), 0);
    ck_assert_double_eq(scale_place(&scale, -0.3), -scale_place(&scale, 0.3));
    tear_down(&drawing);
    track_init(&drawing.track);
    track_add(&drawing.track, 1, &truth);
    scale = scale_fit(&drawing.track);
    ck_assert_double_eq(scale.unit_s, 0);
    ck_assert_double_eq_tol(scale.top_s, 105e-9, 1e-12);
    ck_assert_double_eq_tol(scale_place(&scale, 52.5e-9), 0.5, 1e-9);
    ck_assert_double_eq(scale_place(&scale, 1), 1); /* never off the paper */
    track_finish(&drawing.track);
}
END_TEST

START_TEST(an_empty_or_exact_track_can_be_drawn)
{
    struct drawing drawing;
    set_up(&drawing, "a");
    drawing.track.count = 0;
    plot_svg(&drawing.plot, &drawing.text);
    plot_text(&drawing.plot, &drawing.text);
    ck_assert_int_eq(count(text_string(&drawing.text), "nan"), 0);
    ck_assert_int_eq(count(text_string(&drawing.text), "inf"), 0);
    tear_down(&drawing);
}
END_TEST

START_TEST(time_has_round_ticks)
{
    static const struct {
        double duration_s;
        const char *unit, *second;
        size_t count;
    } cases[] = {{0.5, "s", "0.05", 11}, {100, "s", "10", 11}, {3000, "min", "5", 11},
                 {40000, "h", "2", 6},   {86400, "h", "6", 5}, {864000, "d", "1", 11},
                 {1e9, "d", "2000", 6}};
    struct scale_ticks ticks;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_str_eq(scale_time_ticks(cases[i].duration_s, &ticks), cases[i].unit);
        ck_assert_str_eq(ticks.items[1].label, cases[i].second);
        ck_assert_uint_eq(ticks.count, cases[i].count);
    }
}
END_TEST

START_TEST(an_svg_has_every_mark_once)
{
    struct drawing drawing;
    set_up(&drawing, "<node>");
    plot_svg(&drawing.plot, &drawing.text);
    const char *svg = text_string(&drawing.text);
    ck_assert_int_eq(count(svg, "<g class=\"event\">"), 2);
    ck_assert_int_eq(count(svg, "<g class=\"step\">"), 1);
    ck_assert_int_eq(count(svg, "<title>10.000 s: step -1 s</title>"), 1);
    ck_assert_int_eq(count(svg, "<g class=\"panel\">"), 1);
    ck_assert_int_eq(count(svg, "<path class=\"band\""), 1);
    ck_assert_int_eq(count(svg, "<rect class=\"wrong\""), 2); /* the legend, and the second 50 */
    ck_assert_int_eq(count(svg, "&#60;node&#62;"), 1);
    ck_assert_int_eq(count(svg, "60.000 s: &#60;a &#38; &#34;b&#34;&#62;?"
                                "?<"),
                     1);
    ck_assert_int_eq(count(svg, "true time (s)"), 1);
    tear_down(&drawing);
}
END_TEST

START_TEST(a_text_plot_is_80_by_20_and_tells_its_marks)
{
    struct drawing drawing;
    set_up(&drawing, "node");
    plot_text(&drawing.plot, &drawing.text);
    const char *line = text_string(&drawing.text);
    ck_assert_int_eq(count(line, "\n"), 20 + 3);
    ck_assert_int_eq(count(line, "  a       30.000 s  link 0 is cut\n"), 1);
    ck_assert_int_eq(count(line, "  S       10.000 s  the daemon steps its clock by -1 s\n"), 1);
    ck_assert_int_gt(count(line, "!"), 1); /* beside the legend */
    for (int i = 0; i < 20; i++) {
        const char *end = strchr(line, '\n');
        ck_assert_int_le(end - line, 80);
        line = end + 1;
    }
    tear_down(&drawing);
}
END_TEST

/* ---------------------------------------------------------------- the file */

START_TEST(a_file_is_replaced_as_a_whole)
{
    char folder[] = "/tmp/gnomon-plot.XXXXXX", path[64], content[16] = "";
    struct stat before, after;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.svg", folder);
    ck_assert_int_eq(file_write(path, "first", 5), 0);
    ck_assert_int_eq(stat(path, &before), 0);
    ck_assert_int_eq(file_write(path, "second", 6), 0);
    ck_assert_int_eq(stat(path, &after), 0);
    ck_assert_uint_ne(before.st_ino, after.st_ino);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(fgets(content, sizeof content, file));
    fclose(file);
    ck_assert_str_eq(content, "second");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0); /* and nothing lies beside it */
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_an_error)
{
    ck_assert_int_eq(file_write("/nonexistent/a.svg", "x", 1), -ENOENT);
    ck_assert_int_eq(file_write("/tmp", "x", 1), -EISDIR);
    ck_assert_int_eq(file_write("/dev/full", "x", 1), -ENOSPC);
    ck_assert_int_eq(file_write("/dev/null", "x", 1), 0);
    ck_assert_int_eq(access("/dev/null", F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_plot");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, labels_have_the_unit_people_would_choose);
    tcase_add_test(tests, a_wide_range_is_drawn_by_asinh_and_a_narrow_one_in_proportion);
    tcase_add_test(tests, an_empty_or_exact_track_can_be_drawn);
    tcase_add_test(tests, time_has_round_ticks);
    tcase_add_test(tests, an_svg_has_every_mark_once);
    tcase_add_test(tests, a_text_plot_is_80_by_20_and_tells_its_marks);
    tcase_add_test(tests, a_file_is_replaced_as_a_whole);
    tcase_add_test(tests, a_file_that_cannot_be_written_is_an_error);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
