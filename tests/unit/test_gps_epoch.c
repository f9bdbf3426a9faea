/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of one second are one second. */
#include <check.h>
#include <plugins/refclock-gps/epoch.h>
#include <stdlib.h>
#include <string.h>

#define S GN_NS_PER_S
#define MS (GN_NS_PER_S / 1000)
#define UTC (INT64_C(1790000000) * S)

struct bench {
    struct epoch epoch;
    struct epoch_second second;
    unsigned seconds; /* that were given */
};

static void begin(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    epoch_init(&bench->epoch);
}

/* A message that names the instant `named_ms`, so late. */
static void say(struct bench *bench, enum gps_kind kind, int64_t named_ms, int64_t late_ms)
{
    gn_local at = {(named_ms + late_ms) * MS};
    gn_utc named = {UTC + named_ms * MS};
    bench->seconds += epoch_take(&bench->epoch, kind, at, named, &bench->second);
}

static void rest(struct bench *bench, int64_t at_ms)
{
    bench->seconds += epoch_end(&bench->epoch, (gn_local){at_ms * MS}, &bench->second);
}

START_TEST(whatever_their_order_they_are_one_second)
{
    static const enum gps_kind kinds[] = {GPS_RMC, GPS_GGA, GPS_ZDA};
    for (int order = 0; order < 6; order++) {
        struct bench bench;
        int a = order / 2, b = order % 2 == 0 ? (a + 1) % 3 : (a + 2) % 3, c = 3 - a - b;
        begin(&bench);
        say(&bench, kinds[a], 1000, 300);
        say(&bench, kinds[b], 1000, 400);
        say(&bench, kinds[c], 1000, 500);
        ck_assert_uint_eq(bench.seconds, 0);
        say(&bench, kinds[a], 2000, 300);
        ck_assert_uint_eq(bench.seconds, 1);
        ck_assert_int_eq(bench.second.named.ns, UTC + S);
        ck_assert(bench.second.came[GPS_RMC] && bench.second.came[GPS_GGA] &&
                  bench.second.came[GPS_ZDA] && !bench.second.came[GPS_GNS]);
        ck_assert_int_eq(bench.second.at[kinds[b]].ns, 1400 * MS);
        ck_assert_int_eq(bench.second.first.ns, 1300 * MS);
    }
}
END_TEST

START_TEST(a_kind_that_comes_twice_counts_once)
{
    struct bench bench;
    begin(&bench);
    say(&bench, GPS_RMC, 1000, 300);
    say(&bench, GPS_RMC, 1000, 450); /* of another talker */
    say(&bench, GPS_RMC, 2000, 310);
    ck_assert_uint_eq(bench.seconds, 1);
    ck_assert_int_eq(bench.second.at[GPS_RMC].ns, 1300 * MS);
}
END_TEST

START_TEST(a_straggler_does_not_bring_its_second_back)
{
    struct bench bench;
    begin(&bench);
    say(&bench, GPS_RMC, 1000, 300);
    say(&bench, GPS_RMC, 2000, 300);
    say(&bench, GPS_GGA, 1000, 1400); /* after the next second's RMC */
    say(&bench, GPS_RMC, 3000, 300);
    ck_assert_uint_eq(bench.seconds, 2);
    ck_assert_int_eq(bench.second.named.ns, UTC + 2 * S);
    ck_assert(!bench.second.came[GPS_GGA]);
}
END_TEST

START_TEST(missing_messages_and_seconds_are_missing)
{
    struct bench bench;
    begin(&bench);
    say(&bench, GPS_RMC, 1000, 300);
    say(&bench, GPS_GGA, 3000, 350); /* 2 was not said, and 3 not by RMC */
    ck_assert_uint_eq(bench.seconds, 1);
    ck_assert_int_eq(bench.second.named.ns, UTC + S);
    rest(&bench, 4000);
    ck_assert_uint_eq(bench.seconds, 1);
    rest(&bench, 5000); /* nothing more comes */
    ck_assert_uint_eq(bench.seconds, 2);
    ck_assert_int_eq(bench.second.named.ns, UTC + 3 * S);
    ck_assert(!bench.second.came[GPS_RMC]);
    rest(&bench, 9000);
    ck_assert_uint_eq(bench.seconds, 2);
}
END_TEST

START_TEST(a_time_that_was_set_back_is_taken)
{
    struct bench bench;
    begin(&bench);
    say(&bench, GPS_RMC, 100000, 300);
    say(&bench, GPS_RMC, 50000, 51300);
    ck_assert_uint_eq(bench.seconds, 1);
    say(&bench, GPS_RMC, 51000, 51300);
    ck_assert_uint_eq(bench.seconds, 2);
    ck_assert_int_eq(bench.second.named.ns, UTC + 50 * S);
}
END_TEST

START_TEST(ten_times_a_second_are_ten_instants)
{
    struct bench bench;
    begin(&bench);
    for (int i = 0; i <= 50; i++) {
        say(&bench, GPS_RMC, 1000 + i * 100, 40);
        say(&bench, GPS_NAV_PVT, 1000 + i * 100 + (i % 2), 45); /* as it rounds */
    }
    ck_assert_uint_eq(bench.seconds, 50);
    ck_assert(bench.second.came[GPS_NAV_PVT]);
}
END_TEST

START_TEST(the_best_is_who_is_asked_for_or_who_came_first)
{
    struct bench bench;
    enum gps_kind kind;
    begin(&bench);
    say(&bench, GPS_GGA, 1000, 300);
    say(&bench, GPS_RMC, 1000, 400);
    rest(&bench, 4000);
    ck_assert_int_eq(epoch_best(&bench.second, GPS_RMC, &kind).ns, 1400 * MS);
    ck_assert_int_eq(kind, GPS_RMC);
    ck_assert_int_eq(epoch_best(&bench.second, GPS_ZDA, &kind).ns, 1300 * MS);
    ck_assert_int_eq(kind, GPS_GGA);
    ck_assert_int_eq(epoch_best(&bench.second, GPS_OTHER, &kind).ns, 1300 * MS);
    ck_assert_int_eq(kind, GPS_GGA);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("epoch");
    tcase_add_test(tests, whatever_their_order_they_are_one_second);
    tcase_add_test(tests, a_kind_that_comes_twice_counts_once);
    tcase_add_test(tests, a_straggler_does_not_bring_its_second_back);
    tcase_add_test(tests, missing_messages_and_seconds_are_missing);
    tcase_add_test(tests, a_time_that_was_set_back_is_taken);
    tcase_add_test(tests, ten_times_a_second_are_ten_instants);
    tcase_add_test(tests, the_best_is_who_is_asked_for_or_who_came_first);
    Suite *suite = suite_create("epoch");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
