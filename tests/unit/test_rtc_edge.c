/* SPDX-License-Identifier: Apache-2.0 */
/* refclock-rtc without interrupts: where a second of the hardware clock begins. */

#include <check.h>
#include <plugins/refclock-rtc/edge.h>
#include <stdlib.h>

#define MS INT64_C(1000000)

/* A hardware clock whose seconds begin `phase_ns` after those of local, and `ahead` per second
 * sooner each; it takes 1 ms to be read. */
struct chip {
    int64_t phase_ns;
    double ahead;
    unsigned readings;
};

static int64_t shows(const struct chip *chip, int64_t at_ns)
{
    int64_t ns = at_ns + gn_nanoseconds(chip->ahead * gn_seconds(at_ns)) - chip->phase_ns;
    return ns / GN_NS_PER_S;
}

static gn_local find(struct chip *chip, struct edge *edge, gn_local now)
{
    gn_local at = edge_begin(edge, now);
    ck_assert_int_ge(gn_local_sub(at, now), 0);
    for (chip->readings = 1;; chip->readings++) {
        struct edge_reading reading = {.before = at, .after = gn_local_add(at, MS)};
        reading.second = shows(chip, at.ns + MS / 2);
        if (edge_take(edge, &reading, &at))
            return reading.after;
        ck_assert_uint_lt(chip->readings, 1000);
    }
}

static void check_edge(const struct chip *chip, const struct edge *edge, double width_s)
{
    int64_t reach = gn_nanoseconds(edge->half_width_s);
    ck_assert_double_le(edge->half_width_s, width_s);
    ck_assert_int_lt(shows(chip, edge->at.ns - reach - MS), edge->second);
    ck_assert_int_ge(shows(chip, edge->at.ns + reach + MS), edge->second);
}

START_TEST(test_first_search)
{
    struct chip chip = {.phase_ns = _i * 100 * MS};
    struct edge edge = {0};
    gn_local now = {1000 * GN_NS_PER_S};
    find(&chip, &edge, now);
    check_edge(&chip, &edge, 0.012);
}
END_TEST

/* A minute later, with crystals 200 ppm apart: some readings, and narrow. */
START_TEST(test_next_searches_are_short_and_fine)
{
    struct chip chip = {.phase_ns = _i * 100 * MS, .ahead = 200e-6};
    struct edge edge = {0};
    gn_local now = {1000 * GN_NS_PER_S};
    for (int i = 0; i < 50; i++) {
        now = gn_local_add(find(&chip, &edge, now), 64 * GN_NS_PER_S);
        check_edge(&chip, &edge, i == 0 ? 0.012 : 0.0021);
        ck_assert_uint_le(chip.readings, i == 0 ? 60 : 40);
    }
}
END_TEST

START_TEST(test_after_an_hour_it_is_sought_anew)
{
    struct chip chip = {.phase_ns = 300 * MS};
    struct edge edge = {0};
    gn_local now = {1000 * GN_NS_PER_S};
    gn_local later = gn_local_add(find(&chip, &edge, now), 3600 * GN_NS_PER_S);
    ck_assert_int_eq(edge_begin(&edge, later).ns, later.ns);
}
END_TEST

/* A clock that is set meanwhile jumps: that is no edge. */
START_TEST(test_a_jump_is_no_edge)
{
    struct edge edge = {0};
    gn_local again, now = {1000 * GN_NS_PER_S};
    struct edge_reading reading = {.second = 5, .before = edge_begin(&edge, now)};
    reading.after = reading.before;
    ck_assert(!edge_take(&edge, &reading, &again));
    reading.second = 7;
    reading.before = reading.after = again;
    ck_assert(!edge_take(&edge, &reading, &again));
    reading.second = 8;
    reading.before = reading.after = again;
    ck_assert(edge_take(&edge, &reading, &again));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rtc edge");
    TCase *tcase = tcase_create("edge");
    tcase_add_loop_test(tcase, test_first_search, 0, 10);
    tcase_add_loop_test(tcase, test_next_searches_are_short_and_fine, 0, 10);
    tcase_add_test(tcase, test_after_an_hour_it_is_sought_anew);
    tcase_add_test(tcase, test_a_jump_is_no_edge);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
