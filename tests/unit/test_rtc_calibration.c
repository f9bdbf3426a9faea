/* SPDX-License-Identifier: Apache-2.0 */
/* refclock-rtc: what is known of a hardware clock, across power-off. */

#include <check.h>
#include <math.h>
#include <plugins/refclock-rtc/calibration.h>
#include <sim/chance.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 1.8e9

/* A clock that drifts by 12 ppm, compared once a minute for so long. */
static void learn(struct calibration *self, double for_s, double noise_s)
{
    struct chance chance;
    double jump_s;
    chance_init(&chance, 1, "test", "calibration");
    for (double t = 0; t <= for_s; t += 64) {
        double offset_s = 0.3 + 12e-6 * t + noise_s * chance_normal(&chance);
        enum calibration_news news = calibration_learn(self, SHOWN + t, offset_s, noise_s, &jump_s);
        ck_assert_int_eq(news, t == 0 ? CALIBRATION_FIRST : CALIBRATION_LEARNT);
    }
}

START_TEST(test_drift_is_learnt)
{
    struct calibration self = {0};
    double sd_s;
    learn(&self, 6 * 3600, 1e-4);
    ck_assert_double_eq_tol(self.drift, 12e-6, 0.1e-6);
    double off_s = calibration_offset(&self, SHOWN + 6 * 3600 + 86400, &sd_s);
    ck_assert_double_eq_tol(off_s, 0.3 + 12e-6 * (6 * 3600 + 86400), 3 * sd_s);
    ck_assert_double_le(sd_s, 0.15);
}
END_TEST

/* The error of a prediction grows with the time off, and is a guess at first. */
START_TEST(test_what_is_not_known_grows)
{
    struct calibration self;
    double now_s, day_s, month_s;
    calibration_guess(&self, SHOWN);
    calibration_offset(&self, SHOWN, &now_s);
    calibration_offset(&self, SHOWN + 86400, &day_s);
    calibration_offset(&self, SHOWN + 30 * 86400.0, &month_s);
    ck_assert_double_eq_tol(now_s, 0.5, 1e-9);
    ck_assert_double_ge(day_s, 1.7);
    ck_assert_double_ge(month_s, 50);
}
END_TEST

START_TEST(test_somebody_sets_the_clock)
{
    struct calibration self = {0};
    double jump_s;
    learn(&self, 6 * 3600, 1e-4);
    double drift = self.drift, then = SHOWN + 6 * 3600 + 64;
    ck_assert_int_eq(calibration_learn(&self, then + 120, -119.4, 1e-4, &jump_s), CALIBRATION_SET);
    ck_assert_double_eq_tol(jump_s, 119.96, 0.1);
    ck_assert_double_eq(self.drift, drift);
    ck_assert_double_eq(self.offset_s, -119.4);
}
END_TEST

/* Edges are told up to 15 ms late, and known, it is said, to 0.1 ms: the doubts tell of it. */
START_TEST(test_late_interrupts)
{
    struct calibration self = {0};
    struct chance chance;
    double jump_s, sd_s;
    chance_init(&chance, 2, "test", "calibration");
    for (double t = 0; t <= 6 * 3600; t += 64) {
        double late_s = 15e-3 * chance_uniform(&chance);
        calibration_learn(&self, SHOWN + t, 0.3 + 12e-6 * t + late_s, 1e-4, &jump_s);
    }
    double sure = 4 * sqrt(self.variance[1][1]);
    ck_assert_double_eq_tol(self.drift, 12e-6, sure);
    ck_assert_double_le(sure, 2e-6);
    double offset_s = calibration_offset(&self, SHOWN + 6 * 3600, &sd_s);
    ck_assert_double_eq_tol(offset_s, 0.3 + 12e-6 * 6 * 3600, 3 * sd_s);
    ck_assert_double_ge(sd_s, 3e-3);
    ck_assert_double_le(sd_s, 8e-3);
}
END_TEST

/* Ours was the writing: offset, date and epoch are new, drift, count and span go on. */
START_TEST(test_we_write_it)
{
    struct calibration self = {0};
    double jump_s, sd_s;
    learn(&self, 6 * 3600, 1e-4);
    struct calibration before = self;
    double shown_s = SHOWN + 6 * 3600 + 2220;
    calibration_written(&self, shown_s, 0.002, 1e-4);
    ck_assert_double_eq(self.drift, before.drift);
    ck_assert_double_eq(self.count, before.count);
    ck_assert_double_eq_tol(shown_s - self.since_s, 6 * 3600, 64);
    ck_assert_double_eq(self.written_s, shown_s + 0.002);
    ck_assert_double_eq(calibration_offset(&self, shown_s, &sd_s), 0.002);
    ck_assert_double_eq_tol(sd_s, 1e-4, 3e-5); /* and some scatter */
    ck_assert_int_eq(calibration_learn(&self, shown_s + 600, 0.002 + 12e-6 * 600, 1e-4, &jump_s),
                     CALIBRATION_LEARNT);
}
END_TEST

START_TEST(test_no_crystal_is_learnt_that_cannot_be)
{
    struct calibration self = {0};
    double jump_s;
    for (int i = 0; i < 1000; i++)
        calibration_learn(&self, SHOWN + i, 2e-3 * i, 1e-2, &jump_s);
    ck_assert_double_le(fabs(self.drift), 1e-3);
    ck_assert_double_gt(self.variance[0][0], 0);
    ck_assert_double_gt(self.variance[1][1], 0);
}
END_TEST

START_TEST(test_it_is_read_as_it_was_written)
{
    struct calibration self = {0}, again = {0};
    char text[512];
    double sd_s, again_s;
    learn(&self, 6 * 3600, 1e-4);
    self.written_s = SHOWN + 7;
    self.phase_kind = 1;
    self.phase_s = 0.5003;
    ck_assert_uint_gt(calibration_write(&self, text, sizeof text), 0);
    ck_assert_ptr_null(calibration_read(&again, text));
    ck_assert_double_eq_tol(calibration_offset(&self, SHOWN + 2e5, &sd_s),
                            calibration_offset(&again, SHOWN + 2e5, &again_s), 1e-6);
    ck_assert_double_eq_tol(sd_s, again_s, 1e-6 * sd_s);
    ck_assert_double_eq(self.count, again.count);
    ck_assert_double_eq(self.since_s, again.since_s);
    ck_assert_double_eq(self.written_s, again.written_s);
    ck_assert_int_eq(again.phase_kind, 1);
    ck_assert_double_eq_tol(again.phase_s, 0.5003, 1e-9);
    ck_assert_uint_eq(calibration_write(&self, text, 40), 0);
}
END_TEST

#define GOOD "gnomon rtc 2\nshown 1800000000.0 s\noffset 0.3 s\ndrift 12.0 ppm\n"
#define GOOD_REST                                                                                  \
    "jitter 0 s\ncompared 9 times since 1799990000 s\nwritten 0 s\nphase 0 0.5 s\nend\n"
#define GOOD_VARIANCE "variance 1e-8 0 1e-14\n"

START_TEST(test_bad_files)
{
    static const struct {
        const char *text, *why;
    } files[] = {
        {"", "not written by this version"},
        {"gnomon rtc 1\n", "not written by this version"},
        {GOOD, "torn"},
        {GOOD "variance 1e-8 0 1e-14\n"
              "jitter 0 s\ncompared 9 times since 1799990000 s\nwritten 0 s\nphase 0 0.5 s\nen",
         "torn"},
        {GOOD "variance 1e-8 0 -1e-14\n" GOOD_REST, "these are no variances"},
        {GOOD "variance 1e-8 1 1e-14\n" GOOD_REST, "these are no variances"},
        {GOOD "variance nan 0 1e-14\n" GOOD_REST, "these are no variances"},
        {"gnomon rtc 2\nshown 1e300 s\noffset 0 s\ndrift 0 ppm\nvariance 1 0 1e-9\n" GOOD_REST,
         "no such date"},
        {"gnomon rtc 2\nshown 1.8e9 s\noffset inf s\ndrift 0 ppm\nvariance 1 0 1e-9\n" GOOD_REST,
         "no such offset"},
        {"gnomon rtc 2\nshown 1.8e9 s\noffset 0 s\ndrift 5000 ppm\nvariance 1 0 1e-9\n" GOOD_REST,
         "no crystal drifts like this"},
        {GOOD GOOD_VARIANCE
         "jitter 0 s\ncompared 0 times since 0 s\nwritten 0 s\nphase 0 0 s\nend\n",
         "no such count"},
        {GOOD GOOD_VARIANCE
         "jitter 0 s\ncompared 9 times since nan s\nwritten 0 s\nphase 0 0 s\nend\n",
         "no such count"},
        {GOOD GOOD_VARIANCE
         "jitter 0 s\ncompared 9 times since 0 s\nwritten -1 s\nphase 0 0 s\nend\n",
         "no such date of writing"},
        {GOOD GOOD_VARIANCE
         "jitter 0 s\ncompared 9 times since 0 s\nwritten 0 s\nphase 1 inf s\nend\n",
         "no such phase"},
        {GOOD GOOD_VARIANCE
         "jitter -1 s\ncompared 9 times since 0 s\nwritten 0 s\nphase 0 0 s\nend\n",
         "no such jitter"},
    };
    struct calibration self, before;
    memset(&self, 0, sizeof self);
    calibration_guess(&self, SHOWN);
    before = self;
    const char *why = calibration_read(&self, files[_i].text);
    ck_assert_ptr_nonnull(why);
    ck_assert_str_eq(why, files[_i].why);
    ck_assert_double_eq(self.epoch_s, before.epoch_s);
    ck_assert_double_eq(self.drift, before.drift);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rtc calibration");
    TCase *tcase = tcase_create("calibration");
    tcase_add_test(tcase, test_drift_is_learnt);
    tcase_add_test(tcase, test_what_is_not_known_grows);
    tcase_add_test(tcase, test_somebody_sets_the_clock);
    tcase_add_test(tcase, test_late_interrupts);
    tcase_add_test(tcase, test_we_write_it);
    tcase_add_test(tcase, test_no_crystal_is_learnt_that_cannot_be);
    tcase_add_test(tcase, test_it_is_read_as_it_was_written);
    tcase_add_loop_test(tcase, test_bad_files, 0, 15);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
