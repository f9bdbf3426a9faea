/* SPDX-License-Identifier: Apache-2.0 */
/* refclock-rtc: which second is written into a hardware clock, when, and whether it took it. */

#include <check.h>
#include <math.h>
#include <plugins/refclock-rtc/face.h>
#include <plugins/refclock-rtc/writing.h>
#include <stdlib.h>
#include <string.h>

#define UTC INT64_C(1800000000)

/* A chip: what it shows beyond the second it is given; NAN: it takes none and shows this second. */
struct chip {
    double phase_s;
    int64_t stuck;
};

static enum writing_verdict write_once(struct writing *self, const struct chip *chip, double late_s,
                                       double *error_s)
{
    gn_local now = {12345678901};
    gn_utc utc = {UTC * GN_NS_PER_S + 700000000};
    writing_plan(self, now, utc);
    ck_assert_int_ge(gn_local_sub(self->due, now), GN_NS_PER_S / 100);
    ck_assert_int_le(gn_local_sub(self->due, now), GN_NS_PER_S + GN_NS_PER_S / 100);
    double at_s = gn_seconds(gn_local_sub(self->due, now)) + late_s; /* after `now` */
    double wait_s = isnan(chip->phase_s) ? 0.3 : 1 - chip->phase_s;
    struct writing_back back = {
        .written = gn_local_add(now, gn_nanoseconds(at_s)),
        .edge = gn_local_add(now, gn_nanoseconds(at_s + wait_s)),
        .second = isnan(chip->phase_s) ? chip->stuck : self->second + 1,
    };
    back.error_s = (double)(back.second - UTC) - (0.7 + at_s + wait_s);
    *error_s = back.error_s;
    return writing_judge(self, &back);
}

START_TEST(a_pc_is_right_at_once)
{
    struct writing self = {.phase_s = WRITING_PHASE_PC};
    struct chip chip = {.phase_s = 0.5};
    double error_s;
    ck_assert_int_eq(write_once(&self, &chip, 0.0005, &error_s), WRITING_GOOD);
    ck_assert_double_le(fabs(error_s), 0.001);
    ck_assert_double_eq_tol(self.phase_s, 0.5, 1e-6);
    ck_assert(self.learnt);
    ck_assert_int_eq(self.tries, 0);
}
END_TEST

/* Whatever the chip does, it is learnt by one writing and right after the second. */
START_TEST(any_phase_is_learnt)
{
    static const double phases_s[] = {0, 0.005, 0.25, 0.999, -0.01, 1.005};
    struct writing self = {.phase_s = WRITING_PHASE_PC};
    struct chip chip = {.phase_s = phases_s[_i]};
    double error_s;
    ck_assert_int_eq(write_once(&self, &chip, 0.002, &error_s), WRITING_AGAIN);
    ck_assert_double_eq_tol(self.phase_s, phases_s[_i], 1e-6);
    ck_assert_int_eq(write_once(&self, &chip, 0.002, &error_s), WRITING_GOOD);
    ck_assert_double_le(fabs(error_s), 0.0021);
    /* From then on at once. */
    ck_assert_int_eq(write_once(&self, &chip, 0.002, &error_s), WRITING_GOOD);
}
END_TEST

START_TEST(a_chip_that_begins_seconds_where_it_likes)
{
    struct writing self = {.phase_s = 0};
    struct chip chip = {.phase_s = 0.3};
    double error_s;
    ck_assert_int_eq(write_once(&self, &chip, 0, &error_s), WRITING_AGAIN);
    chip.phase_s = 0.8;
    ck_assert_int_eq(write_once(&self, &chip, 0, &error_s), WRITING_COARSE);
    ck_assert_int_eq(self.tries, 0);
}
END_TEST

START_TEST(a_chip_that_takes_nothing)
{
    struct writing self = {.phase_s = WRITING_PHASE_PC};
    struct chip chip = {.phase_s = NAN, .stuck = UTC - 2220};
    double error_s;
    ck_assert_int_eq(write_once(&self, &chip, 0, &error_s), WRITING_REFUSED);
    ck_assert(!self.learnt);
    ck_assert_double_eq(self.phase_s, WRITING_PHASE_PC);
    ck_assert_int_eq(self.tries, 0);
}
END_TEST

START_TEST(a_timer_may_be_late)
{
    struct writing self = {.phase_s = WRITING_PHASE_PC};
    writing_plan(&self, (gn_local){0}, (gn_utc){UTC * GN_NS_PER_S});
    ck_assert(!writing_missed(&self, self.due));
    ck_assert(!writing_missed(&self, gn_local_add(self.due, GN_NS_PER_S / 100)));
    ck_assert(writing_missed(&self, gn_local_add(self.due, GN_NS_PER_S / 30)));
}
END_TEST

/* ---------------------------------------------------------------- dates */

START_TEST(dates_go_both_ways)
{
    struct rtc_time date;
    char words[32];
    for (int local = 0; local < 2; local++) {
        ck_assert(face_date(UTC, local != 0, &date));
        ck_assert_int_eq(date.tm_year, 127);
        ck_assert_int_eq(face_seconds(&date, local != 0), UTC);
    }
    ck_assert_int_eq(date.tm_hour, 17); /* of Korea, where it is 9 h later */
    ck_assert(!face_date(INT64_MAX, false, &date));
    ck_assert_str_eq(face_words(UTC, words, sizeof words), "2027-01-15 08:00:00");
    ck_assert_str_eq(face_words(INT64_MAX, words, sizeof words), "9223372036854775807 s");
}
END_TEST

START_TEST(adjtime_is_read)
{
    ck_assert(face_adjtime_is_local("0.0 0 0.0\n0\nLOCAL\n"));
    ck_assert(!face_adjtime_is_local("0.0 0 0.0\n0\nUTC\n"));
    ck_assert(!face_adjtime_is_local("LOCAL\n0\nUTC\n"));
    ck_assert(!face_adjtime_is_local("0.0 0 0.0\n"));
    ck_assert(!face_adjtime_is_local(""));
}
END_TEST

int main(void)
{
    setenv("TZ", "KST-9", 1);
    Suite *suite = suite_create("rtc writing");
    TCase *tcase = tcase_create("writing");
    tcase_add_test(tcase, a_pc_is_right_at_once);
    tcase_add_loop_test(tcase, any_phase_is_learnt, 0, 6);
    tcase_add_test(tcase, a_chip_that_begins_seconds_where_it_likes);
    tcase_add_test(tcase, a_chip_that_takes_nothing);
    tcase_add_test(tcase, a_timer_may_be_late);
    tcase_add_test(tcase, dates_go_both_ways);
    tcase_add_test(tcase, adjtime_is_read);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
