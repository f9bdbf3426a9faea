/* SPDX-License-Identifier: Apache-2.0 */
/* What refclock-local tells the core, through the built plugin. */

#include "life.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

static const struct gn_plugin *plugin; /* set by main, read by the tests */

static void begin(struct life *life, const char *given)
{
    life_init(life, plugin, 1);
    life_add(life, subject_role(plugin, 0), given);
    ck_assert_int_eq(life_begin(life), 0);
}

START_TEST(test_first_sample_in_the_next_turn)
{
    struct life life;
    begin(&life, NULL);
    ck_assert_uint_eq(life.world.notes.samples, 0);
    fake_world_run(&life.world, 0);
    ck_assert_uint_eq(life.world.notes.samples, 1);
    ck_assert_uint_eq(life.world.notes.polls, 1);
    life_end(&life);
}
END_TEST

START_TEST(test_sample_is_what_the_system_clock_shows)
{
    struct life life;
    begin(&life, NULL);
    fake_world_run(&life.world, 0);
    const struct gn_sample *sample = &life.world.notes.sample;
    ck_assert_int_eq(sample->kind, GN_SAMPLE_ONE_WAY);
    ck_assert_int_eq(sample->local.ns, life.world.now_ns);
    ck_assert_int_eq(sample->utc.ns, life.world.now_ns + FAKE_SYSTEM_NS);
    ck_assert_uint_eq(sample->stratum, 10);
    ck_assert_uint_eq(sample->leap, GN_LEAP_NORMAL);
    ck_assert_uint_eq(sample->refid, 0x4c4f434c);
    ck_assert_uint_eq(life.world.notes.source.is_clock, 1);
    ck_assert_uint_eq(life.world.notes.source.mode, GN_MODE_REFCLOCK);
    life_end(&life);
}
END_TEST

START_TEST(test_interval)
{
    struct life life;
    begin(&life, "poll=2");
    fake_world_run(&life.world, 40 * GN_NS_PER_S);
    ck_assert_uint_eq(life.world.notes.samples, 11);
    life_end(&life);
}
END_TEST

START_TEST(test_reload_takes_the_new_interval)
{
    struct life life;
    begin(&life, "poll=10");
    fake_world_run(&life.world, GN_NS_PER_S);
    life.beings[0].given = "poll=0";
    ck_assert_int_eq(life_reload(&life), 0);
    fake_world_run(&life.world, 10 * GN_NS_PER_S);
    ck_assert_uint_eq(life.world.notes.samples, 11);
    life_end(&life);
}
END_TEST

/* What is announced so long before the end of November 2023. */
static uint8_t announced(const char *given, int64_t before_s)
{
    struct life life;
    life_init(&life, plugin, 1);
    life_add(&life, subject_role(plugin, 0), given);
    life.world.now_ns = (INT64_C(1701388800) - before_s) * GN_NS_PER_S - FAKE_SYSTEM_NS;
    ck_assert_int_eq(life_begin(&life), 0);
    fake_world_run(&life.world, 0);
    uint8_t leap = life.world.notes.sample.leap;
    life_end(&life);
    return leap;
}

START_TEST(test_a_leap_second_is_announced_on_its_day)
{
    const char *insert = "leap_insert=2023-11-30";
    ck_assert_uint_eq(announced(insert, 86401), GN_LEAP_NORMAL);
    ck_assert_uint_eq(announced(insert, 86400), GN_LEAP_INSERT);
    ck_assert_uint_eq(announced(insert, 1), GN_LEAP_INSERT);
    ck_assert_uint_eq(announced(insert, 0), GN_LEAP_NORMAL);
    ck_assert_uint_eq(announced("leap_delete=2023-11-30", 1), GN_LEAP_DELETE);
    ck_assert_uint_eq(announced("leap_insert=2023-12-31", 1), GN_LEAP_NORMAL);
}
END_TEST

START_TEST(test_no_leap_second_within_a_month)
{
    static const char *const wrong[] = {"leap_insert=2023-11-29", "leap_insert=2023-11-31",
                                        "leap_insert=tomorrow", "leap_insert=2023-11-30 ",
                                        "leap_insert=2023-11-30;leap_delete=2023-11-30"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct life life;
        life_init(&life, plugin, 1);
        life_add(&life, subject_role(plugin, 0), wrong[i]);
        ck_assert_msg(life_begin(&life) == -EINVAL, "%s", wrong[i]);
        life_end(&life);
    }
}
END_TEST

int main(int argc, char **argv)
{
    plugin = subject_need(subjects_folder(argc, argv), "refclock-local");
    Suite *suite = suite_create("refclock-local");
    TCase *tcase = tcase_create("samples");
    tcase_add_test(tcase, test_first_sample_in_the_next_turn);
    tcase_add_test(tcase, test_sample_is_what_the_system_clock_shows);
    tcase_add_test(tcase, test_interval);
    tcase_add_test(tcase, test_reload_takes_the_new_interval);
    tcase_add_test(tcase, test_a_leap_second_is_announced_on_its_day);
    tcase_add_test(tcase, test_no_leap_second_within_a_month);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
