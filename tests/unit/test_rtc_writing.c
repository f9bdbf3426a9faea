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
    writing_plan(self, now, utc, NULL);
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
    ck_assert_int_eq(self.kind, WRITING_LEARNT);
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

/* A clock by AMD: it shows `shown` at `now`, and only its whole seconds can be written. */
static enum writing_verdict write_free(struct writing *self, double *shown_s, double *error_s)
{
    double utc_s = (double)UTC + 0.7;
    gn_local now = {12345678901};
    gn_local edge = gn_local_add(now, -gn_nanoseconds(*shown_s - floor(*shown_s)));
    writing_plan(self, now, (gn_utc){UTC * GN_NS_PER_S + 700000000}, &edge);
    double at_s = gn_seconds(gn_local_sub(self->due, now));
    ck_assert_double_ge(at_s, 0.01);
    ck_assert_double_le(at_s, 1.02);
    double fraction = fmod(*shown_s + at_s, 1);
    double wait_s = 1 - fraction;
    struct writing_back back = {
        .written = self->due,
        .edge = gn_local_add(self->due, gn_nanoseconds(wait_s)),
        .second = self->second + 1,
    };
    *error_s = back.error_s = (double)back.second - (utc_s + at_s + wait_s);
    *shown_s = utc_s + *error_s;
    return writing_judge(self, &back);
}

START_TEST(a_clock_whose_seconds_go_on)
{
    struct writing self = {.phase_s = WRITING_PHASE_PC};
    double shown_s = (double)UTC - 2220 + 0.05 + 0.1 * _i, error_s;
    enum writing_verdict verdict = WRITING_AGAIN;
    int writings = 0;
    while (verdict == WRITING_AGAIN && writings++ < 5)
        verdict = write_free(&self, &shown_s, &error_s);
    /* By chance its seconds began where they should have. */
    if (verdict == WRITING_GOOD)
        return;
    ck_assert_int_eq(verdict, WRITING_COARSE);
    ck_assert_int_eq(self.kind, WRITING_FREE);
    ck_assert_int_le(writings, 3);
    ck_assert_double_le(fabs(error_s), 0.5 + 1e-6);
    ck_assert_int_eq(self.tries, 0);
    /* From then on with one writing. */
    ck_assert_int_eq(write_free(&self, &shown_s, &error_s), WRITING_COARSE);
    ck_assert_double_le(fabs(error_s), 0.5 + 1e-6);
}
END_TEST

START_TEST(a_chip_that_takes_nothing)
{
    struct writing self = {.phase_s = WRITING_PHASE_PC};
    struct chip chip = {.phase_s = NAN, .stuck = UTC - 2220};
    double error_s;
    ck_assert_int_eq(write_once(&self, &chip, 0, &error_s), WRITING_REFUSED);
    ck_assert_int_eq(self.kind, WRITING_GUESSED);
    ck_assert_double_eq(self.phase_s, WRITING_PHASE_PC);
    ck_assert_int_eq(self.tries, 0);
}
END_TEST

START_TEST(a_timer_may_be_late)
{
    struct writing self = {.phase_s = WRITING_PHASE_PC};
    writing_plan(&self, (gn_local){0}, (gn_utc){UTC * GN_NS_PER_S}, NULL);
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
    tcase_add_loop_test(tcase, a_clock_whose_seconds_go_on, 0, 10);
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
