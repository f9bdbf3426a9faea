/* SPDX-License-Identifier: Apache-2.0 */
/* What gnomonctl prints: whole texts, as people and their scripts see them. */
#include <check.h>
#include <ctl/human.h>
#include <ctl/render.h>
#include <ctl/table.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct page {
    FILE *out;
    char *text;
    size_t size;
};

static void page_open(struct page *page)
{
    page->out = open_memstream(&page->text, &page->size);
    ck_assert_ptr_nonnull(page->out);
}

static void page_is(struct page *page, const char *expected)
{
    ck_assert_int_eq(fclose(page->out), 0);
    ck_assert_str_eq(page->text, expected);
    free(page->text);
}

static json_t *parse(const char *text)
{
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(value != NULL, "%s", text);
    return value;
}

#define LOCKED                                                                                     \
    "{\"reference_id\":\"7F7F0101\",\"reference_name\":\"upstream\",\"stratum\":9,"                \
    "\"ref_time\":\"2026-01-31T12:00:00.123456789Z\",\"system_offset_s\":0.000012,"                \
    "\"last_offset_s\":-0.000000123,\"rms_offset_s\":0.5,\"frequency_ppm\":12.5,"                  \
    "\"residual_frequency_ppm\":-0.001,\"skew_ppm\":0.02,\"root_delay_s\":0.25,"                   \
    "\"root_dispersion_s\":0.125,\"update_interval_s\":16,\"leap\":\"insert\","                    \
    "\"synchronised\":true,\"error_bound_s\":0.25,\"error_bound_1h_s\":0.5,"                       \
    "\"error_bound_24h_s\":1.5,\"state\":\"locked\"}"

START_TEST(tracking_when_locked)
{
    struct page page;
    json_t *tracking = parse(LOCKED);
    page_open(&page);
    render_tracking(tracking, page.out);
    page_is(&page, "Reference ID    : 7F7F0101 (upstream)\n"
                   "Stratum         : 9\n"
                   "Ref time (UTC)  : Sat Jan 31 12:00:00 2026\n"
                   "System time     : 0.000012000 seconds slow of NTP time\n"
                   "Last offset     : -0.000000123 seconds\n"
                   "RMS offset      : 0.500000000 seconds\n"
                   "Frequency       : 12.500 ppm slow\n"
                   "Residual freq   : -0.001 ppm\n"
                   "Skew            : 0.020 ppm\n"
                   "Root delay      : 0.250000000 seconds\n"
                   "Root dispersion : 0.125000000 seconds\n"
                   "Update interval : 16.0 seconds\n"
                   "Leap status     : Insert second\n"
                   "Synchronised    : yes\n"
                   "Error bound     : 0.250000000 seconds\n"
                   "Bound in 1 h    : 0.500000000 seconds\n"
                   "Bound in 24 h   : 1.500000000 seconds\n"
                   "State           : locked\n");
    page_open(&page);
    render_summary(tracking, page.out, "\n");
    page_is(&page, "synchronised, locked: stratum 9 from upstream, offset +12us +/- 250ms, clock "
                   "12.500 ppm slow\n");
    json_decref(tracking);
}
END_TEST

START_TEST(tracking_when_unset)
{
    struct page page;
    json_t *tracking =
        parse("{\"reference_id\":\"00000000\",\"reference_name\":\"\",\"stratum\":16,"
              "\"ref_time\":null,\"system_offset_s\":-1.5,\"last_offset_s\":0.0,"
              "\"rms_offset_s\":0,\"frequency_ppm\":-3.25,\"residual_frequency_ppm\":null,"
              "\"skew_ppm\":0.0,\"leap\":\"unsynchronised\",\"synchronised\":false,"
              "\"error_bound_s\":null,\"error_bound_1h_s\":null,\"state\":\"unset\"}");
    page_open(&page);
    render_tracking(tracking, page.out);
    page_is(&page, "Reference ID    : 00000000 ()\n"
                   "Stratum         : 0\n"
                   "Ref time (UTC)  : never\n"
                   "System time     : 1.500000000 seconds fast of NTP time\n"
                   "Last offset     : +0.000000000 seconds\n"
                   "RMS offset      : 0.000000000 seconds\n"
                   "Frequency       : 3.250 ppm fast\n"
                   "Residual freq   : -\n"
                   "Skew            : 0.000 ppm\n"
                   "Root delay      : -\n"
                   "Root dispersion : -\n"
                   "Update interval : -\n"
                   "Leap status     : Not synchronised\n"
                   "Synchronised    : no\n"
                   "Error bound     : -\n"
                   "Bound in 1 h    : -\n"
                   "Bound in 24 h   : -\n"
                   "State           : unset\n");
    page_open(&page);
    render_summary(tracking, page.out, "\n");
    page_is(&page, "not synchronised, unset\n");
    json_decref(tracking);
}
END_TEST

START_TEST(tracking_of_the_own_clock)
{
    struct page page;
    json_t *tracking = parse("{\"stratum\":10,\"synchronised\":false,\"state\":\"unset\",\"local\":"
                             "{\"stratum\":10,\"since\":\"2026-01-31T12:00:00.5Z\",\"reason\":"
                             "\"no source is selected\"}}");
    page_open(&page);
    render_tracking(tracking, page.out);
    ck_assert_int_eq(fflush(page.out), 0);
    ck_assert_ptr_nonnull(
        strstr(page.text, "State           : unset\n"
                          "Local           : serving the own clock (local, stratum 10) since "
                          "2026-01-31T12:00:00.5Z, because no source is selected\n"));
    fclose(page.out);
    free(page.text);
    page_open(&page);
    render_summary(tracking, page.out, "\n");
    page_is(&page, "not synchronised, unset, serving the own clock (local, stratum 10)\n");
    json_decref(tracking);
}
END_TEST

START_TEST(a_hold_over_in_one_line)
{
    struct page page;
    json_t *tracking = parse("{\"synchronised\":false,\"state\":\"holdover\",\"stratum\":2,"
                             "\"error_bound_s\":0.00012,\"error_bound_1h_s\":0.025,"
                             "\"error_bound_24h_s\":null}");
    page_open(&page);
    render_summary(tracking, page.out, "\n");
    page_is(&page, "not synchronised, holdover: error at most 120us, 25ms in 1 h, - in 24 h\n");
    json_decref(tracking);
}
END_TEST

#define SOURCES                                                                                    \
    "[{\"name\":\"a\",\"address\":\"192.0.2.1:123\",\"mode\":\"server\",\"state\":\"selected\","   \
    "\"reason\":\"ok\",\"detail\":\"\",\"stratum\":2,\"poll_log2s\":6,\"reach\":255,"              \
    "\"last_rx_s\":12.4,\"last_offset_s\":0.000012,\"error_s\":0.0034},"                           \
    "{\"name\":\"ntp.example.net\",\"address\":\"[2001:db8::123]:123\",\"mode\":\"peer\","         \
    "\"state\":\"unusable\",\"reason\":\"no-reply\",\"detail\":\"\",\"stratum\":0,"                \
    "\"poll_log2s\":10,\"reach\":0,\"last_rx_s\":null,\"last_offset_s\":null,"                     \
    "\"error_s\":null},"                                                                           \
    "{\"name\":\"gps0\",\"address\":\"\",\"mode\":\"refclock\",\"state\":\"falseticker\","         \
    "\"reason\":\"falseticker\",\"detail\":\"bad\\u001b[2Jsignal\",\"stratum\":0,"                 \
    "\"poll_log2s\":4,\"reach\":15,\"last_rx_s\":40000,\"last_offset_s\":-1.25,"                   \
    "\"error_s\":0.0000001}]"

START_TEST(sources)
{
    struct page page;
    json_t *list = parse(SOURCES);
    page_open(&page);
    render_sources(list, false, page.out, "\n");
    page_is(&page,
            "MS Name/IP address                        Stratum  Poll  Reach  LastRx  Last sample"
            "              Reason\n"
            "==================================================================================="
            "==================================================\n"
            "^* a (192.0.2.1:123)                            2     6    377      12        +12us"
            "  +/- 3400us\n"
            "=? ntp.example.net ([2001:db8::123]:123)        0    10      0       -            -"
            "              requests go out, no reply comes back\n"
            "#x gps0                                         0     4     17     11h      -1250ms"
            "  +/-  100ns  bad?[2Jsignal\n");
    page_open(&page);
    render_sources(list, true, page.out, "\n");
    ck_assert_int_eq(fclose(page.out), 0);
    ck_assert_ptr_nonnull(strstr(page.text, "'x' = may be in error"));
    ck_assert_ptr_nonnull(strstr(page.text, "no-reply: requests go out, no reply comes back\n"));
    ck_assert_ptr_nonnull(strstr(page.text, "falseticker: bad?[2Jsignal\n"));
    free(page.text);
    json_decref(list);
}
END_TEST

START_TEST(nothing_to_list)
{
    struct page page;
    json_t *list = parse("[]");
    page_open(&page);
    render_sourcestats(list, page.out);
    page_is(&page, "Name/IP Address  NP  Span  Frequency  Freq Skew  Offset  Std Dev  Jitter\n"
                   "========================================================================\n");
    json_decref(list);
}
END_TEST

START_TEST(sourcestats)
{
    struct page page;
    json_t *list = parse("[{\"name\":\"a\",\"samples\":8,\"span_s\":64.0,\"frequency_ppm\":-1.0,"
                         "\"skew_ppm\":0.1,\"offset_s\":0.5,\"sd_s\":0.0625,\"jitter_s\":0.03125},"
                         "{\"name\":\"b\",\"samples\":0,\"span_s\":0,\"frequency_ppm\":null,"
                         "\"skew_ppm\":null,\"offset_s\":null,\"sd_s\":null,\"jitter_s\":null}]");
    page_open(&page);
    render_sourcestats(list, page.out);
    page_is(&page, "Name/IP Address  NP  Span  Frequency  Freq Skew  Offset  Std Dev  Jitter\n"
                   "========================================================================\n"
                   "a                 8    64     -1.000      0.100  +500ms     62ms    31ms\n"
                   "b                 0     0          -          -       -        -       -\n");
    json_decref(list);
}
END_TEST

START_TEST(plugins)
{
    struct page page;
    json_t *list = parse("[{\"name\":\"proto-ntp\",\"version\":\"0.1\",\"summary\":\"NTP\","
                         "\"abi\":\"1.0\",\"path\":\"/x.so\",\"roles\":[\"source\",\"server\"]}]");
    page_open(&page);
    render_plugins(list, page.out);
    page_is(&page, "Plugin     Version  ABI  Roles           Summary  File\n"
                   "=======================================================\n"
                   "proto-ntp  0.1      1.0  source, server  NTP      /x.so\n");
    json_decref(list);
}
END_TEST

/* A daemon of another version, or none at all: no crash, dashes. */
START_TEST(strange_values)
{
    static const char *const values[] = {
        "{}",
        "[]",
        "null",
        "7",
        "[1,null,{},[]]",
        "[{\"roles\":[7]}]",
        "{\"frequency_ppm\":1e300,\"system_offset_s\":-1e300,\"stratum\":\"x\",\"ref_time\":\"x\"}",
        "[{\"last_offset_s\":1e300,\"error_s\":1e-300,\"last_rx_s\":1e300,\"reach\":-1}]",
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct page page;
        json_t *value = json_loads(values[i], JSON_DECODE_ANY, NULL);
        page_open(&page);
        render_tracking(value, page.out);
        render_summary(value, page.out, "\n");
        render_sources(value, true, page.out, "\n");
        render_sourcestats(value, page.out);
        render_plugins(value, page.out);
        ck_assert_int_eq(fclose(page.out), 0);
        free(page.text);
        json_decref(value);
    }
}
END_TEST

static const struct {
    double value_s;
    const char *text;
} intervals[] = {
    {0, "+0ns"},          {1e-9, "+1ns"},       {-9.9994e-6, "-9999ns"},
    {1e-5, "+10us"},      {0.00999, "+9990us"}, {0.0123, "+12ms"},
    {-9.99, "-9990ms"},   {10, "+10.0s"},       {1234, "+1234s"},
    {100000, "+1667m"},   {1e7, "+2778h"},      {1e9, "+11574d"},
    {1e300, "1.2e+295d"}, {INFINITY, "-"},      {NAN, "-"},
};

START_TEST(intervals_are_short)
{
    char text[HUMAN_MAX];
    ck_assert_str_eq(human_signed(intervals[_i].value_s, text), intervals[_i].text);
}
END_TEST

START_TEST(ages_are_short)
{
    char text[HUMAN_MAX];
    ck_assert_str_eq(human_age(NAN, text), "-");
    ck_assert_str_eq(human_age(-1, text), "-");
    ck_assert_str_eq(human_age(1024, text), "1024");
    ck_assert_str_eq(human_age(1025, text), "17m");
    ck_assert_str_eq(human_age(40000, text), "11h");
    ck_assert_str_eq(human_age(864000, text), "10d");
    ck_assert_str_eq(human_interval(-0.0123, text), "12ms");
}
END_TEST

START_TEST(tables_fit_their_cells)
{
    static const struct table_column columns[] = {
        {"L", TABLE_LEFT}, {"Right", TABLE_RIGHT}, {"End", TABLE_LEFT}};
    struct page page;
    struct table *table = table_create(columns, 3);
    table_cell(table, "a long one");
    table_cell(table, "%d", 1);
    table_cell(table, "%s", "");
    table_cell(table, "x");
    table_cell(table, "wider than the title");
    table_cell(table, "last");
    page_open(&page);
    table_print(table, page.out, "|\n");
    page_is(&page, "L                          Right  End|\n"
                   "======================================|\n"
                   "a long one                     1|\n"
                   "x           wider than the title  last|\n");
    table_destroy(table);
    table_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctl_render");
    TCase *tests = tcase_create("ctl_render");
    tcase_add_test(tests, tracking_when_locked);
    tcase_add_test(tests, tracking_when_unset);
    tcase_add_test(tests, tracking_of_the_own_clock);
    tcase_add_test(tests, a_hold_over_in_one_line);
    tcase_add_test(tests, sources);
    tcase_add_test(tests, nothing_to_list);
    tcase_add_test(tests, sourcestats);
    tcase_add_test(tests, plugins);
    tcase_add_test(tests, strange_values);
    tcase_add_loop_test(tests, intervals_are_short, 0, sizeof(intervals) / sizeof(intervals[0]));
    tcase_add_test(tests, ages_are_short);
    tcase_add_test(tests, tables_fit_their_cells);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
