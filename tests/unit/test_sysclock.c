/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system clocks of core/os. This program gives up the right to set the clock before it does
 * anything else, and what it tells the kernel goes to a kernel of its own: `clock_adjtime` below
 * takes the place of libc's.
 */
#include "os_fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/capability.h>
#include <math.h>
#include <sys/syscall.h>
#include <sys/timex.h>

#define CALLS_MAX 16
#define KERNEL_UNIT (1e-6 / 65536)

/* ---------------------------------------------------------------- the kernel */

/* The part of the kernel's NTP code that a request goes through, and what it was asked. */
static struct kernel {
    bool real;         /* hand on to the real one */
    int refuse;        /* errno of requests that change something */
    bool no_setoffset; /* an old kernel */
    struct timex calls[CALLS_MAX];
    unsigned count;
    long freq, tick, offset, single, maxerror, esterror;
    int status;
    int tai;
    int64_t moved_ns;
    int64_t set_ns; /* by clock_settime */
    bool tells;     /* when it was asked: … */
    struct timeval told;
} kernel;

static void take_request(const struct timex *request)
{
    ck_assert_uint_lt(kernel.count, CALLS_MAX);
    kernel.calls[kernel.count++] = *request;
    if ((request->modes & ADJ_OFFSET_SINGLESHOT) == ADJ_OFFSET_SINGLESHOT) {
        kernel.single = request->offset;
        return;
    }
    if ((request->modes & ADJ_STATUS) != 0)
        kernel.status = (kernel.status & STA_NANO) | request->status;
    if ((request->modes & ADJ_NANO) != 0)
        kernel.status |= STA_NANO;
    if ((request->modes & ADJ_OFFSET) != 0 && (kernel.status & STA_PLL) != 0)
        kernel.offset = request->offset;
    if ((request->modes & ADJ_FREQUENCY) != 0)
        kernel.freq = request->freq > 32768000    ? 32768000
                      : request->freq < -32768000 ? -32768000
                                                  : request->freq;
    if ((request->modes & ADJ_TICK) != 0)
        kernel.tick = request->tick;
    if ((request->modes & ADJ_MAXERROR) != 0)
        kernel.maxerror = request->maxerror;
    if ((request->modes & ADJ_ESTERROR) != 0)
        kernel.esterror = request->esterror;
    if ((request->modes & ADJ_TAI) != 0)
        kernel.tai = (int)request->constant;
    if ((request->modes & ADJ_SETOFFSET) != 0)
        kernel.moved_ns += request->time.tv_sec * GN_NS_PER_S + request->time.tv_usec;
}

static int check_request(const struct timex *request)
{
    if (request->modes != 0 && kernel.refuse != 0)
        return kernel.refuse;
    if ((request->modes & ADJ_SETOFFSET) != 0 &&
        (kernel.no_setoffset || request->time.tv_usec < 0 || request->time.tv_usec >= GN_NS_PER_S))
        return EINVAL;
    if ((request->modes & ADJ_TICK) != 0 && (request->tick < 9000 || request->tick > 11000))
        return EINVAL;
    return 0;
}

int clock_adjtime(clockid_t id, struct timex *request)
{
    if (kernel.real) {
        int (*next)(clockid_t, struct timex *);
        *(void **)&next = dlsym(RTLD_NEXT, "clock_adjtime");
        return next(id, request);
    }
    ck_assert_int_eq(id, CLOCK_REALTIME);
    errno = check_request(request);
    if (errno != 0)
        return -1;
    if (request->modes != 0)
        take_request(request);
    request->freq = kernel.freq;
    request->tick = kernel.tick;
    request->offset = kernel.offset;
    request->status = kernel.status;
    request->tai = kernel.tai;
    if (kernel.tells) {
        struct timespec now, busy = {.tv_nsec = 1000000};
        clock_gettime(CLOCK_REALTIME, &now);
        kernel.told = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec};
        request->time = kernel.told;
        nanosleep(&busy, NULL); /* the way back */
    }
    return TIME_OK;
}

int clock_settime(clockid_t id, const struct timespec *time)
{
    ck_assert_int_eq(id, CLOCK_REALTIME);
    ck_assert(!kernel.real);
    errno = kernel.refuse;
    if (errno != 0)
        return -1;
    kernel.set_ns = time->tv_sec * GN_NS_PER_S + time->tv_nsec;
    return 0;
}

static struct os_clock *on_kernel(void)
{
    kernel.tick = 10000;
    struct os_clock *clock = sysclock_linux_create(NULL, NULL);
    ck_assert_ptr_nonnull(clock);
    return clock;
}

/* ---------------------------------------------------------------- the right to set the clock */

static bool drop_right(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &head, data) != 0)
        return false;
    data[0].effective &= ~(1u << CAP_SYS_TIME);
    data[0].permitted &= ~(1u << CAP_SYS_TIME);
    data[0].inheritable &= ~(1u << CAP_SYS_TIME);
    if (syscall(SYS_capset, &head, data) != 0)
        return false;
    memset(data, 0xff, sizeof data);
    if (syscall(SYS_capget, &head, data) != 0)
        return false;
    return ((data[0].effective | data[0].permitted) & (1u << CAP_SYS_TIME)) == 0;
}

START_TEST(without_the_right_every_change_is_refused)
{
    kernel.real = true;
    struct os_clock *clock = sysclock_linux_create(NULL, NULL);
    struct clock_reading at;
    double applied = 7;
    double before = clock->ops->frequency(clock);
    ck_assert(drop_right()); /* once more: nothing below may run with it */
    ck_assert_int_eq(clock->ops->steer(clock, 1e-6, &applied, &at), -EPERM);
    ck_assert_double_eq(applied, 7);
    ck_assert_int_eq(clock->ops->step(clock, 1), -EPERM);
    struct os_clock_status status = {.synchronised = false};
    ck_assert_int_eq(clock->ops->status(clock, &status), -EPERM);
    ck_assert_double_eq(clock->ops->frequency(clock), before);
    ck_assert_double_lt(fabs(before), 0.11);
    clock->ops->destroy(clock);
}
END_TEST

/* ---------------------------------------------------------------- reading */

static void check_reading(struct os_clock *clock)
{
    struct clock_reading reading, later;
    int64_t steady_before = fixture_clock_ns(CLOCK_MONOTONIC);
    int64_t raw_before = fixture_clock_ns(CLOCK_MONOTONIC_RAW);
    clock->ops->read(clock, &reading);
    clock->ops->read(clock, &later);
    int64_t raw_after = fixture_clock_ns(CLOCK_MONOTONIC_RAW);
    int64_t steady_after = fixture_clock_ns(CLOCK_MONOTONIC);
    ck_assert_int_ge(reading.steady.ns, steady_before);
    ck_assert_int_ge(later.steady.ns, reading.steady.ns);
    ck_assert_int_le(later.steady.ns, steady_after);
    if (reading.has_raw) { /* not with a sanitizer, which takes the place of libc */
        ck_assert_int_ge(reading.raw.ns, raw_before);
        ck_assert_int_le(reading.raw.ns, raw_after);
    }
    ck_assert_int_ge(reading.window_ns, 0);
    ck_assert_int_le(reading.window_ns, steady_after - steady_before);
    /* The two scales part by steps only: between two readings by no more than their windows. */
    int64_t parted = (later.system.ns - later.steady.ns) - (reading.system.ns - reading.steady.ns);
    ck_assert_int_le(llabs(parted), reading.window_ns + later.window_ns + 2);
    int64_t suspended = clock->ops->suspended_ns(clock);
    int64_t expected = fixture_clock_ns(CLOCK_BOOTTIME) - fixture_clock_ns(CLOCK_MONOTONIC);
    ck_assert_int_le(llabs(suspended - expected), GN_NS_PER_S);
    ck_assert_int_ge(clock->ops->precision_log2s(clock), -30);
    ck_assert_int_le(clock->ops->precision_log2s(clock), -6);
}

START_TEST(both_clocks_read)
{
    struct os_clock *clock = sysclock_null_create();
    check_reading(clock);
    clock->ops->destroy(clock);
    clock = on_kernel();
    check_reading(clock);
    clock->ops->destroy(clock);
    ck_assert_uint_eq(kernel.count, 0);
}
END_TEST

START_TEST(the_read_only_clock_refuses)
{
    struct os_clock *clock = sysclock_null_create();
    struct clock_reading at;
    struct os_clock_status status = {.synchronised = true};
    double applied;
    ck_assert_double_eq(clock->max_frequency, 0);
    ck_assert_int_eq(clock->ops->steer(clock, 1e-6, &applied, &at), -ENOTSUP);
    ck_assert_int_eq(clock->ops->step(clock, 1), -ENOTSUP);
    ck_assert_int_eq(clock->ops->status(clock, &status), -ENOTSUP);
    ck_assert_uint_eq(kernel.count, 0);
    kernel.tick = 10001;
    kernel.freq = 65536;
    ck_assert_double_eq_tol(clock->ops->frequency(clock), 101e-6, 1e-15);
    clock->ops->destroy(clock);
}
END_TEST

/* ---------------------------------------------------------------- steering */

START_TEST(it_starts_from_the_frequency_in_force)
{
    kernel.freq = -10 * 65536;
    struct os_clock *clock = on_kernel();
    ck_assert_double_eq_tol(clock->ops->frequency(clock), -10e-6, 1e-15);
    ck_assert_uint_eq(kernel.count, 0);
    clock->ops->destroy(clock);
}
END_TEST

static const struct {
    double wanted, expected;
    long tick, freq;
} steers[] = {
    {0, 0, 10000, 0},
    {1e-6, 1e-6, 10000, 65536},
    {-1e-6, -1e-6, 10000, -65536},
    {500e-6, 500e-6, 10000, 32768000},
    {-500e-6, -500e-6, 10000, -32768000},
    {520e-6, 520e-6, 10005, 1310720},
    {-1234e-6, -1234e-6, 9988, -2228224},
    {0.0833, 0.0833, 10833, 0},
    {-0.09, -0.09, 9100, 0},
    {0.5, 0.09, 10900, 0},
    {-0.5, -0.09, 9100, 0},
    {3e-12, 0, 10000, 0},
};

START_TEST(steer_splits_into_tick_and_fine_part)
{
    struct os_clock *clock = on_kernel();
    struct clock_reading at;
    double applied;
    ck_assert_int_eq(clock->ops->steer(clock, steers[_i].wanted, &applied, &at), 0);
    ck_assert_double_eq_tol(applied, steers[_i].expected, 1e-11);
    ck_assert_int_eq(kernel.tick, steers[_i].tick);
    ck_assert_int_eq(kernel.freq, steers[_i].freq);
    /* Exactly what the kernel runs at, so that no error adds up over many segments. */
    double exact = (double)(kernel.tick * 100 - 1000000) / 1e6 + (double)kernel.freq * KERNEL_UNIT;
    ck_assert_double_eq(applied, exact);
    ck_assert_double_eq(clock->ops->frequency(clock), exact);
    ck_assert_int_gt(at.steady.ns, 0);
    ck_assert_int_le(at.steady.ns, fixture_clock_ns(CLOCK_MONOTONIC));
    clock->ops->destroy(clock);
}
END_TEST

START_TEST(steer_never_errs_by_more_than_half_a_unit)
{
    struct os_clock *clock = on_kernel();
    struct clock_reading at;
    for (int i = -900; i <= 900; i++) {
        double applied, wanted = i * 1e-4 + i * 3.3e-8;
        kernel.count = 0;
        ck_assert_int_eq(clock->ops->steer(clock, wanted, &applied, &at), 0);
        if (fabs(wanted) <= clock->max_frequency)
            ck_assert_double_eq_tol(applied, wanted, KERNEL_UNIT * 0.51);
    }
    double applied = 7;
    ck_assert_int_eq(clock->ops->steer(clock, (double)NAN, &applied, &at), -EINVAL);
    ck_assert_double_eq(applied, 7);
    clock->ops->destroy(clock);
}
END_TEST

START_TEST(a_steer_counts_from_when_the_kernel_took_it)
{
    struct os_clock *clock = on_kernel();
    struct clock_reading at, now;
    double applied;
    kernel.tells = true;
    ck_assert_int_eq(clock->ops->steer(clock, 1e-6, &applied, &at), 0);
    ck_assert_int_eq(at.system.ns, kernel.told.tv_sec * GN_NS_PER_S + kernel.told.tv_usec);
    ck_assert(!at.has_raw);
    clock->ops->read(clock, &now);
    ck_assert_int_le(llabs(at.system.ns - at.steady.ns - (now.system.ns - now.steady.ns)),
                     at.window_ns + now.window_ns + 2);
    clock->ops->destroy(clock);
}
END_TEST

/* A kernel that counts in microseconds, and one that tells no time: as it was read afterwards. */
START_TEST(what_the_kernel_cannot_have_meant_is_not_believed)
{
    struct os_clock *clock = on_kernel();
    struct clock_reading at;
    double applied;
    kernel.tells = true;
    ck_assert_int_eq(clock->ops->steer(clock, 1e-6, &applied, &at), 0);
    kernel.status &= ~STA_NANO;
    ck_assert_int_eq(clock->ops->steer(clock, 2e-6, &applied, &at), 0);
    ck_assert_int_gt(at.system.ns, kernel.told.tv_sec * GN_NS_PER_S + kernel.told.tv_usec);
    kernel.status |= STA_NANO;
    kernel.tells = false;
    int64_t before = fixture_clock_ns(CLOCK_REALTIME);
    ck_assert_int_eq(clock->ops->steer(clock, 3e-6, &applied, &at), 0);
    ck_assert_int_ge(at.system.ns, before);
    clock->ops->destroy(clock);
}
END_TEST

START_TEST(the_first_steer_ends_what_others_left)
{
    kernel.status = STA_PLL | STA_FLL | STA_PPSFREQ;
    kernel.offset = 12345;
    kernel.single = 500;
    struct os_clock *clock = on_kernel();
    struct clock_reading at;
    double applied;
    ck_assert_int_eq(kernel.offset, 12345); /* only looking changes nothing */
    ck_assert_int_eq(clock->ops->steer(clock, 1e-6, &applied, &at), 0);
    ck_assert_int_eq(kernel.offset, 0);
    ck_assert_int_eq(kernel.single, 0);
    ck_assert_int_eq(kernel.status, STA_UNSYNC | STA_NANO);
    unsigned first = kernel.count;
    ck_assert_int_eq(clock->ops->steer(clock, 2e-6, &applied, &at), 0);
    ck_assert_uint_eq(kernel.count, first + 1);
    clock->ops->destroy(clock);
}
END_TEST

START_TEST(a_refused_steer_is_tried_in_full_again)
{
    kernel.status = STA_PLL;
    kernel.refuse = EPERM;
    struct os_clock *clock = on_kernel();
    struct clock_reading at;
    double applied;
    ck_assert_int_eq(clock->ops->steer(clock, 1e-6, &applied, &at), -EPERM);
    ck_assert_double_eq(clock->ops->frequency(clock), 0);
    kernel.refuse = 0;
    ck_assert_int_eq(clock->ops->steer(clock, 1e-6, &applied, &at), 0);
    ck_assert_int_eq(kernel.status & STA_PLL, 0);
    clock->ops->destroy(clock);
}
END_TEST

/* ---------------------------------------------------------------- steps */

static const int64_t steps[] = {1,
                                -1,
                                0,
                                999999999,
                                -999999999,
                                1000000000,
                                -1000000000,
                                1500000000,
                                -1500000000,
                                86400LL * GN_NS_PER_S * 366,
                                -86400LL * GN_NS_PER_S - 1};

START_TEST(step_moves_by_exactly_that)
{
    struct os_clock *clock = on_kernel();
    ck_assert_int_eq(clock->ops->step(clock, steps[_i]), 0);
    ck_assert_int_eq(kernel.moved_ns, steps[_i]);
    ck_assert_uint_eq(kernel.count, 1);
    ck_assert_uint_eq(kernel.calls[0].modes, ADJ_SETOFFSET | ADJ_NANO);
    clock->ops->destroy(clock);
}
END_TEST

START_TEST(an_old_kernel_is_stepped_by_setting_the_time)
{
    struct os_clock *clock = on_kernel();
    kernel.no_setoffset = true;
    int64_t before = fixture_clock_ns(CLOCK_REALTIME);
    ck_assert_int_eq(clock->ops->step(clock, -1500000000), 0);
    int64_t after = fixture_clock_ns(CLOCK_REALTIME);
    ck_assert_int_ge(kernel.set_ns, before - 1500000000);
    ck_assert_int_le(kernel.set_ns, after - 1500000000);
    kernel.refuse = EPERM;
    ck_assert_int_eq(clock->ops->step(clock, 1), -EPERM);
    clock->ops->destroy(clock);
}
END_TEST

/* ---------------------------------------------------------------- status */

static const struct {
    struct os_clock_status told;
    int status;
    long maxerror, esterror;
} statuses[] = {
    {{true, GN_LEAP_NORMAL, 0.001, 0.0005, 0}, 0, 1000, 500},
    {{false, GN_LEAP_NORMAL, 1, 1, 0}, STA_UNSYNC, 1000000, 1000000},
    {{true, GN_LEAP_INSERT, 1e-7, 0, 0}, STA_INS, 1, 0},
    {{true, GN_LEAP_DELETE, 20, 1e300, 0}, STA_DEL, 16000000, 16000000},
    {{false, GN_LEAP_UNSYNCHRONISED, -1, 0.5, 0}, STA_UNSYNC, 16000000, 500000},
};

START_TEST(status_tells_the_kernel)
{
    struct os_clock *clock = on_kernel();
    ck_assert_int_eq(clock->ops->status(clock, &statuses[_i].told), 0);
    ck_assert_int_eq(kernel.status, statuses[_i].status | STA_NANO);
    ck_assert_int_eq(kernel.maxerror, statuses[_i].maxerror);
    ck_assert_int_eq(kernel.esterror, statuses[_i].esterror);
    clock->ops->destroy(clock);
}
END_TEST

START_TEST(errors_without_a_number_are_the_largest)
{
    struct os_clock *clock = on_kernel();
    struct os_clock_status told = {.max_error_s = (double)NAN, .est_error_s = (double)INFINITY};
    ck_assert_int_eq(clock->ops->status(clock, &told), 0);
    ck_assert_int_eq(kernel.maxerror, 16000000);
    ck_assert_int_eq(kernel.esterror, 16000000);
    clock->ops->destroy(clock);
}
END_TEST

static void new_kernel(void)
{
    memset(&kernel, 0, sizeof kernel);
}

START_TEST(tai_is_told_when_it_is_known)
{
    struct os_clock *clock = on_kernel(), *reader = sysclock_null_create();
    struct os_clock_status told = {.tai_offset_s = 37};
    ck_assert_int_eq(clock->ops->tai_offset_s(clock), GN_TAI_UNKNOWN);
    kernel.tai = 1; /* nobody told it, and it has leapt */
    ck_assert_int_eq(clock->ops->tai_offset_s(clock), GN_TAI_UNKNOWN);
    ck_assert_int_eq(clock->ops->status(clock, &told), 0);
    ck_assert_int_eq(kernel.tai, 37);
    ck_assert_int_eq(clock->ops->tai_offset_s(clock), 37);
    ck_assert_int_eq(reader->ops->tai_offset_s(reader), 37);
    told.tai_offset_s = GN_TAI_UNKNOWN;
    ck_assert_int_eq(clock->ops->status(clock, &told), 0);
    ck_assert_int_eq(kernel.tai, 37);
    clock->ops->destroy(clock);
    reader->ops->destroy(reader);
}
END_TEST

int main(void)
{
    if (!drop_right()) {
        puts("SKIP cannot give up CAP_SYS_TIME");
        return 77;
    }
    TCase *tests = tcase_create("sysclock");
    tcase_add_checked_fixture(tests, new_kernel, NULL);
    tcase_add_test(tests, without_the_right_every_change_is_refused);
    tcase_add_test(tests, both_clocks_read);
    tcase_add_test(tests, the_read_only_clock_refuses);
    tcase_add_test(tests, it_starts_from_the_frequency_in_force);
    tcase_add_loop_test(tests, steer_splits_into_tick_and_fine_part, 0,
                        sizeof steers / sizeof *steers);
    tcase_add_test(tests, steer_never_errs_by_more_than_half_a_unit);
    tcase_add_test(tests, a_steer_counts_from_when_the_kernel_took_it);
    tcase_add_test(tests, what_the_kernel_cannot_have_meant_is_not_believed);
    tcase_add_test(tests, the_first_steer_ends_what_others_left);
    tcase_add_test(tests, a_refused_steer_is_tried_in_full_again);
    tcase_add_loop_test(tests, step_moves_by_exactly_that, 0, sizeof steps / sizeof *steps);
    tcase_add_test(tests, an_old_kernel_is_stepped_by_setting_the_time);
    tcase_add_test(tests, tai_is_told_when_it_is_known);
    tcase_add_loop_test(tests, status_tells_the_kernel, 0, sizeof statuses / sizeof *statuses);
    tcase_add_test(tests, errors_without_a_number_are_the_largest);
    return fixture_main("sysclock", tests);
}
