/* SPDX-License-Identifier: Apache-2.0 */
/* The map from a PTP clock to the local scale: its line, its error, clocks that are set. */

#include <check.h>
#include <math.h>
#include <plugins/shared/phc_map.h>
#include <stdlib.h>

#define S GN_NS_PER_S
#define LOCAL_NS (INT64_C(1800000000) * S)

/* A PHC that began at `phc_ns` and runs fast by `fast`, seen from the local scale. */
struct card {
    struct phc_map map;
    int64_t phc_ns;
    double fast;
    uint32_t chance;
};

static void begin(struct card *card, int64_t phc_ns, double fast)
{
    *card = (struct card){.phc_ns = phc_ns, .fast = fast, .chance = 1};
    phc_map_init(&card->map);
}

static int64_t shows(const struct card *card, double at_s)
{
    return card->phc_ns + llround(at_s * 1e9) + llround(at_s * card->fast * 1e9);
}

/* From -1 to 1, the same on every machine. */
static double chance(struct card *card)
{
    card->chance = card->chance * 1664525u + 1013904223u;
    return (double)card->chance / 2147483648.0 - 1;
}

static enum phc_map_news add(struct card *card, double at_s, double error_s)
{
    gn_local local = {LOCAL_NS + llround(at_s * 1e9) + llround(error_s * chance(card) * 1e9)};
    return phc_map_add(&card->map, shows(card, at_s), local, error_s, NULL);
}

/* How far the map is off at an instant, and what it claims. */
static double off_s(const struct card *card, double at_s, double *error_s)
{
    gn_local local;
    ck_assert(phc_map_local(&card->map, shows(card, at_s), &local, error_s));
    return fabs(gn_seconds(local.ns - LOCAL_NS) - at_s);
}

START_TEST(one_reading_is_a_map_already)
{
    struct card card;
    double error_s;
    gn_local local;
    begin(&card, 0, 50e-6);
    ck_assert(!phc_map_local(&card.map, 0, &local, &error_s));
    add(&card, 0, 1e-6);
    ck_assert_double_le(off_s(&card, 0, &error_s), 1e-6);
    ck_assert_double_le(off_s(&card, 0.01, &error_s), error_s);
    ck_assert_double_le(off_s(&card, 1, &error_s), error_s); /* its rate is not known yet */
    ck_assert_double_gt(error_s, 1e-4);
}
END_TEST

START_TEST(the_rate_is_learnt)
{
    struct card card;
    double error_s;
    begin(&card, INT64_C(1700000037) * S, -35e-6);
    for (int i = 0; i < 40; i++) {
        ck_assert_int_eq(add(&card, i, 500e-9), PHC_MAP_TAKEN);
        ck_assert_double_le(off_s(&card, i + 0.5, &error_s), error_s + 1e-9);
    }
    ck_assert_double_lt(error_s, 1e-6);
    ck_assert_double_lt(off_s(&card, 39.9, &error_s), 500e-9);
    ck_assert_double_lt(off_s(&card, 35.2, &error_s), 500e-9); /* a stamp that comes late */
    ck_assert_double_eq_tol(card.map.frequency, 35e-6, 1e-7);
}
END_TEST

START_TEST(short_windows_count_for_more)
{
    struct card card;
    double error_s;
    begin(&card, 0, 0);
    for (int i = 0; i < 32; i++)
        add(&card, i, i % 4 == 0 ? 50e-9 : 20e-6);
    ck_assert_double_lt(off_s(&card, 31, &error_s), 200e-9);
}
END_TEST

START_TEST(a_clock_that_is_set_begins_anew)
{
    struct card card;
    double error_s, step_s;
    gn_local local;
    begin(&card, 1000 * S, 10e-6);
    for (int i = 0; i < 20; i++)
        add(&card, i, 1e-6);
    card.phc_ns += 37 * S;
    ck_assert_int_eq(add(&card, 20, 1e-6), PHC_MAP_DOUBTED);
    ck_assert(!phc_map_local(&card.map, shows(&card, 20), &local, &error_s));
    ck_assert_int_eq(
        phc_map_add(&card.map, shows(&card, 21), (gn_local){LOCAL_NS + 21 * S}, 1e-6, &step_s),
        PHC_MAP_STEPPED);
    ck_assert_double_eq_tol(step_s, -37, 1e-3);
    ck_assert_double_le(off_s(&card, 21.5, &error_s), error_s);
    ck_assert_int_eq(add(&card, 22, 1e-6), PHC_MAP_TAKEN);
}
END_TEST

START_TEST(one_wrong_reading_changes_nothing)
{
    struct card card;
    double error_s;
    begin(&card, 0, 10e-6);
    for (int i = 0; i < 20; i++)
        add(&card, i, 1e-6);
    ck_assert_int_eq(
        phc_map_add(&card.map, shows(&card, 20), (gn_local){LOCAL_NS + 19 * S}, 1e-6, NULL),
        PHC_MAP_DOUBTED);
    ck_assert_int_eq(add(&card, 21, 1e-6), PHC_MAP_TAKEN);
    ck_assert_double_lt(off_s(&card, 21, &error_s), 1e-6);
}
END_TEST

START_TEST(a_servo_that_slews_is_followed)
{
    struct card card;
    double error_s;
    begin(&card, 0, 0);
    for (int i = 0; i < 300; i++) {
        enum phc_map_news news = add(&card, i, 300e-9);
        if (i % 30 == 29) /* 2 ppm more, from here on */
            card.phc_ns -= llround(i * 2e-6 * 1e9), card.fast += 2e-6;
        if (news != PHC_MAP_DOUBTED && i > 20)
            ck_assert_double_lt(off_s(&card, i + 0.5, &error_s), 5e-6);
    }
}
END_TEST

START_TEST(what_is_far_away_is_not_told)
{
    struct card card;
    double error_s;
    gn_local local;
    begin(&card, 0, 0);
    add(&card, 100, 1e-6);
    ck_assert(phc_map_local(&card.map, 91 * S, &local, &error_s));
    ck_assert(!phc_map_local(&card.map, 89 * S, &local, &error_s));
    ck_assert(!phc_map_local(&card.map, 111 * S, &local, &error_s));
    ck_assert(!phc_map_local(&card.map, INT64_MAX / 2, &local, &error_s));
    ck_assert_int_eq(add(&card, 1e6, 1e-6), PHC_MAP_TAKEN); /* after a pause the rate says little */
    ck_assert_double_le(off_s(&card, 1e6, &error_s), 2e-6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("phc_map");
    TCase *tests = tcase_create("phc_map");
    tcase_add_test(tests, one_reading_is_a_map_already);
    tcase_add_test(tests, the_rate_is_learnt);
    tcase_add_test(tests, short_windows_count_for_more);
    tcase_add_test(tests, a_clock_that_is_set_begins_anew);
    tcase_add_test(tests, one_wrong_reading_changes_nothing);
    tcase_add_test(tests, a_servo_that_slews_is_followed);
    tcase_add_test(tests, what_is_far_away_is_not_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
