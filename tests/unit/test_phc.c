/* SPDX-License-Identifier: Apache-2.0 */
/* PTP clocks: the kernel's three ways to read them, and what refclock-phc makes of their time. */

#include <check.h>
#include <errno.h>
#include <linux/ptp_clock.h>
#include <plugins/refclock-phc/scale.h>
#include <plugins/refclock-phc/trust.h>
#include <plugins/shared/phc.h>
#include <stdlib.h>
#include <string.h>

#define S GN_NS_PER_S
#define NOW_NS (INT64_C(1800000000) * S)

/* A device: what each ioctl answers, and how long its readings take. */
struct fake {
    int precise, extended, basic; /* result */
    int64_t windows_ns[4];        /* of the readings in turn */
    int64_t ahead_ns;             /* of the system clock */
    bool garbage;                 /* ns beyond a second */
    unsigned asked[3];
};

static struct ptp_clock_time stamp(int64_t ns)
{
    int64_t second = ns / S - (ns % S < 0);
    return (struct ptp_clock_time){.sec = second, .nsec = (uint32_t)(ns - second * S)};
}

static int answer(void *arg, unsigned long request, void *data)
{
    struct fake *fake = arg;
    if (request == PTP_SYS_OFFSET_PRECISE) {
        struct ptp_sys_offset_precise *precise = data;
        fake->asked[0]++;
        precise->sys_realtime = stamp(NOW_NS);
        precise->device = stamp(NOW_NS + fake->ahead_ns);
        return fake->precise;
    }
    struct ptp_sys_offset_extended *extended = data;
    struct ptp_sys_offset *basic = data;
    bool is_basic = request == PTP_SYS_OFFSET;
    fake->asked[is_basic ? 2 : 1]++;
    for (unsigned i = 0; i < extended->n_samples; i++) {
        int64_t window_ns = fake->windows_ns[i % 4], at_ns = NOW_NS + i * S / 100;
        struct ptp_clock_time stamps[3] = {stamp(at_ns), stamp(at_ns + fake->ahead_ns),
                                           stamp(at_ns + window_ns)};
        stamps[1].nsec += fake->garbage ? 2000000000u : 0;
        memcpy(is_basic ? &basic->ts[2 * i] : extended->ts[i], stamps, sizeof stamps);
    }
    return is_basic ? fake->basic : fake->extended;
}

START_TEST(the_best_way_is_taken)
{
    struct fake fake = {.ahead_ns = 37 * S + 5, .windows_ns = {4000, 900, 3000, 5000}};
    struct phc phc = {0};
    struct phc_reading reading;
    ck_assert_int_eq(phc_read(&phc, answer, &fake, 4, &reading), 0);
    ck_assert_int_eq(phc.method, PHC_PRECISE);
    ck_assert_str_eq(phc_method_name(phc.method), "precise");
    ck_assert_int_eq(reading.phc_ns - reading.system.ns, 37 * S + 5);
    ck_assert_int_gt(reading.error_ns, 0);
    ck_assert_uint_eq(fake.asked[1] + fake.asked[2], 0);
}
END_TEST

START_TEST(of_several_readings_the_shortest_counts)
{
    struct fake fake = {.precise = -EOPNOTSUPP, .windows_ns = {4000, 900, 3000, 5000}};
    struct phc phc = {0};
    struct phc_reading reading;
    ck_assert_int_eq(phc_read(&phc, answer, &fake, 4, &reading), 0);
    ck_assert_int_eq(phc.method, PHC_EXTENDED);
    ck_assert_int_eq(reading.error_ns, 451);
    ck_assert_int_eq(reading.phc_ns, NOW_NS + S / 100); /* the second */
    ck_assert_int_eq(reading.system.ns, NOW_NS + S / 100 + 450);
    fake.windows_ns[1] = -1; /* the clock was stepped within it */
    fake.windows_ns[2] = S;  /* or the machine slept */
    ck_assert_int_eq(phc_read(&phc, answer, &fake, 4, &reading), 0);
    ck_assert_int_eq(reading.error_ns, 2001);
    ck_assert_uint_eq(fake.asked[0], 1); /* what it lacks is not asked again */
}
END_TEST

START_TEST(the_oldest_way_is_the_last)
{
    struct fake fake = {.precise = -ENOTTY, .extended = -EINVAL, .windows_ns = {8, 800, 800, 800}};
    struct phc phc = {0};
    struct phc_reading reading;
    fake.windows_ns[0] = 700;
    ck_assert_int_eq(phc_read(&phc, answer, &fake, 1, &reading), 0);
    ck_assert_int_eq(phc.method, PHC_BASIC);
    ck_assert_int_eq(reading.error_ns, 351);
}
END_TEST

START_TEST(what_fails_once_is_asked_again)
{
    struct fake fake = {.precise = -EBUSY, .windows_ns = {10, 10, 10, 10}};
    struct phc phc = {0};
    struct phc_reading reading;
    ck_assert_int_eq(phc_read(&phc, answer, &fake, 100, &reading), 0); /* 25 at most */
    ck_assert_int_eq(phc.method, PHC_EXTENDED);
    fake.precise = 0;
    ck_assert_int_eq(phc_read(&phc, answer, &fake, 0, &reading), 0);
    ck_assert_int_eq(phc.method, PHC_PRECISE);
}
END_TEST

START_TEST(failures_have_their_reason)
{
    struct fake fake = {.precise = -ENOTTY, .extended = -ENOTTY, .basic = -ENOTTY};
    struct phc phc = {0};
    struct phc_reading reading;
    ck_assert_int_eq(phc_read(&phc, answer, &fake, 4, &reading), -ENOTTY);
    fake = (struct fake){.precise = -ENODEV, .extended = -ENODEV, .basic = -ENODEV};
    ck_assert_int_eq(phc_read(&phc, answer, &fake, 4, &reading), -ENODEV);
    fake = (struct fake){.precise = -EOPNOTSUPP, .garbage = true, .windows_ns = {9, 9, 9, 9}};
    ck_assert_int_eq(phc_read(&phc, answer, &fake, 4, &reading), -EBADMSG);
    fake = (struct fake){.precise = -EOPNOTSUPP, .ahead_ns = INT64_MAX - NOW_NS - S};
    ck_assert_int_eq(phc_read(&phc, answer, &fake, 4, &reading), -EBADMSG);
}
END_TEST

/* ---------------------------------------------------------------- scales */

START_TEST(hosts_clocks_are_known_by_their_names)
{
    ck_assert(scale_is_virtual("KVM virtual PTP"));
    ck_assert(scale_is_virtual("ena-ptp-05"));
    ck_assert(scale_is_virtual("ptp_kvm"));
    ck_assert(!scale_is_virtual("igb"));
    ck_assert(!scale_is_virtual("Virtio PTP type 1/variant 0"));
    ck_assert(!scale_is_virtual(""));
}
END_TEST

START_TEST(tai_is_as_given_or_as_known)
{
    int64_t ahead_ns;
    ck_assert(scale_ahead(SCALE_UTC, 37, 37, &ahead_ns) && ahead_ns == 0);
    ck_assert(scale_ahead(SCALE_TAI, 0, 36, &ahead_ns) && ahead_ns == 36 * S);
    ck_assert(scale_ahead(SCALE_TAI, 37, 36, &ahead_ns) && ahead_ns == 37 * S);
    ck_assert(!scale_ahead(SCALE_TAI, 0, GN_TAI_UNKNOWN, &ahead_ns));
    ck_assert(!scale_ahead(SCALE_TAI, 0, 0, &ahead_ns));
    ck_assert_str_eq(scale_rather(SCALE_UTC, GN_TAI_UNKNOWN, 36.9), "tai");
    ck_assert_str_eq(scale_rather(SCALE_TAI, 36, -36.1), "utc");
    ck_assert_ptr_null(scale_rather(SCALE_TAI, 37, 37));
    ck_assert_ptr_null(scale_rather(SCALE_UTC, 37, 0.1));
}
END_TEST

/* ---------------------------------------------------------------- trust */

static enum trust_verdict judge(struct trust *trust, int64_t at_s, int64_t more_ns, double *by_s)
{
    return trust_judge(trust, (gn_local){at_s * S}, (gn_utc){NOW_NS + at_s * S + more_ns}, 1e-6,
                       by_s);
}

START_TEST(a_jump_is_believed_when_it_stays)
{
    struct trust trust = {0};
    double by_s;
    ck_assert_int_eq(judge(&trust, 0, 0, &by_s), TRUST_FIRST);
    ck_assert_int_eq(judge(&trust, 1, 250000, &by_s), TRUST_GOOD); /* a servo */
    ck_assert_int_eq(judge(&trust, 2, S, &by_s), TRUST_JUMPED);
    ck_assert_double_eq_tol(by_s, 0.99975, 1e-9);
    ck_assert_int_eq(judge(&trust, 3, 0, &by_s), TRUST_GOOD); /* that was nothing */
    for (int i = 4; i < 7; i++) {
        ck_assert_int_eq(judge(&trust, i, -37 * S, &by_s), TRUST_JUMPED);
        ck_assert_double_eq_tol(by_s, -37, 1e-6);
    }
    ck_assert_int_eq(judge(&trust, 7, -37 * S, &by_s), TRUST_AGAIN);
    ck_assert_int_eq(judge(&trust, 8, -37 * S, &by_s), TRUST_GOOD);
}
END_TEST

START_TEST(who_jumps_about_is_never_believed)
{
    struct trust trust = {0};
    double by_s;
    judge(&trust, 0, 0, &by_s);
    for (int i = 1; i < 100; i++)
        ck_assert_int_eq(judge(&trust, i, i * S, &by_s), TRUST_JUMPED);
}
END_TEST

START_TEST(the_past_is_not_the_time)
{
    struct trust trust = {0};
    double by_s;
    ck_assert_int_eq(trust_judge(&trust, (gn_local){0}, (gn_utc){4000 * S}, 0, &by_s), TRUST_PAST);
    ck_assert_int_eq(trust_judge(&trust, (gn_local){0}, (gn_utc){-S}, 0, &by_s), TRUST_PAST);
    ck_assert_int_eq(judge(&trust, 1, 0, &by_s), TRUST_FIRST);
}
END_TEST

START_TEST(a_clock_that_stands_still_is_none)
{
    struct trust trust = {0};
    double by_s;
    ck_assert_int_eq(judge(&trust, 0, 0, &by_s), TRUST_FIRST);
    for (int i = 1; i < 100; i++)
        ck_assert_int_eq(judge(&trust, i, -i * S, &by_s), TRUST_STANDS);
    ck_assert_int_eq(judge(&trust, 100, -99 * S, &by_s), TRUST_JUMPED); /* it goes on again */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("phc");
    TCase *tests = tcase_create("phc");
    tcase_add_test(tests, the_best_way_is_taken);
    tcase_add_test(tests, of_several_readings_the_shortest_counts);
    tcase_add_test(tests, the_oldest_way_is_the_last);
    tcase_add_test(tests, what_fails_once_is_asked_again);
    tcase_add_test(tests, failures_have_their_reason);
    tcase_add_test(tests, hosts_clocks_are_known_by_their_names);
    tcase_add_test(tests, tai_is_as_given_or_as_known);
    tcase_add_test(tests, a_jump_is_believed_when_it_stays);
    tcase_add_test(tests, who_jumps_about_is_never_believed);
    tcase_add_test(tests, the_past_is_not_the_time);
    tcase_add_test(tests, a_clock_that_stands_still_is_none);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
