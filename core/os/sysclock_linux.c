/* SPDX-License-Identifier: Apache-2.0 */
#include <os/os_linux.h>

#include "sysclock_read.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ADJ_TICK takes 0.9 … 1.1 of the nominal tick; the rest is left for ADJ_FREQUENCY. */
#define MAX_FREQUENCY 0.09
/* ADJ_FREQUENCY takes ±500 ppm. */
#define MAX_FINE 500e-6
#define FINE_UNITS (65536 * 1e6)

/* maxerror and esterror beyond 16 s mean "unsynchronised" to the kernel (NTP_PHASE_LIMIT). */
#define MAX_ERROR_US 16e6

/* Somebody's phase and frequency loops, none of which may run beside ours. */
#define STA_LOOPS (STA_PLL | STA_FLL | STA_PPSFREQ | STA_PPSTIME | STA_FREQHOLD)

struct sysclock_linux {
    struct sysclock sysclock; /* first */
    os_log_cb log;
    void *log_arg;
    double frequency; /* in force */
    long ticks_per_s;
    bool ours; /* leftovers of others are cleared */
};

static struct sysclock_linux *self(struct os_clock *base)
{
    return (struct sysclock_linux *)base;
}

static void say(const struct sysclock_linux *clock, enum gn_level level, const char *text)
{
    if (clock->log != NULL)
        clock->log(clock->log_arg, level, text);
}

/* ---------------------------------------------------------------- frequency */

/* Somebody else may have changed it at any time: ask each time. */
static double frequency(struct os_clock *base)
{
    struct timex now = {0};
    if (sysclock_adjust(&now) == 0)
        self(base)->frequency = sysclock_frequency(&now);
    return self(base)->frequency;
}

/* End an adjtime(3) that still runs, and a phase that a kernel loop still works off. */
static int take_over(struct sysclock_linux *clock)
{
    struct timex single = {.modes = ADJ_OFFSET_SINGLESHOT};
    int rc = sysclock_adjust(&single);
    if (rc == -EPERM)
        return rc;
    struct timex now = {0};
    rc = sysclock_adjust(&now);
    if (rc < 0)
        return rc;
    if ((now.status & STA_LOOPS) != 0 || now.offset != 0) {
        /* The kernel takes a phase, and be it zero, only while the loop is on. */
        struct timex phase = {.modes = ADJ_STATUS | ADJ_OFFSET, .status = STA_PLL | STA_UNSYNC};
        rc = sysclock_adjust(&phase);
        if (rc == -EPERM)
            return rc;
        say(clock, GN_INFO, "the kernel's clock loop of another program is switched off");
    }
    struct timex off = {.modes = ADJ_STATUS | ADJ_NANO, .status = STA_UNSYNC};
    rc = sysclock_adjust(&off);
    if (rc == -EPERM)
        return rc;
    clock->ours = true;
    return 0;
}

/* What is left of another program's adjtime(3), us. Simulators know no such question. */
static long adjtime_left(const struct sysclock_linux *clock)
{
    struct timex single = {.modes = ADJ_OFFSET_SS_READ};
    return clock->sysclock.has_raw && sysclock_adjust(&single) == 0 ? single.offset : 0;
}

static int reclaim(struct os_clock *base, char *words, size_t size)
{
    struct sysclock_linux *clock = self(base);
    struct timex now = {0};
    int rc = clock->ours ? sysclock_adjust(&now) : 0;
    if (!clock->ours || rc < 0)
        return rc;
    long left_us = adjtime_left(clock);
    if ((now.status & STA_LOOPS) != 0 || now.offset != 0)
        snprintf(words, size, "a clock loop of the kernel, with %+.9f s to work off",
                 (double)now.offset * ((now.status & STA_NANO) != 0 ? 1e-9 : 1e-6));
    else if (left_us != 0)
        snprintf(words, size, "an adjtime(3), with %+.6f s to go", (double)left_us * 1e-6);
    else
        return 0;
    rc = take_over(clock);
    return rc < 0 ? rc : 1;
}

/* Split into whole steps of the tick and a fine rest. Where the fine part alone suffices the tick
 * stays nominal, which is what other programs expect to find. */
static void split(const struct sysclock_linux *clock, double wanted, struct timex *request)
{
    double nominal = 1e6 / (double)clock->ticks_per_s; /* us */
    double steps = fabs(wanted) <= MAX_FINE ? 0 : round(wanted * nominal);
    request->tick = lround(nominal + steps);
    request->freq = lround((wanted - steps / nominal) * FINE_UNITS);
}

/*
 * The kernel changes the frequency within the call, and tells in its answer what the clock showed
 * when it began to. `after` was read when the call was over, which interrupts and other programs
 * may have delayed: put it back to the kernel's instant. A kernel that tells no instant between
 * the two readings is not believed.
 */
static void put_back(struct clock_reading *after, const struct clock_reading *before,
                     const struct timex *answer)
{
    int64_t told_ns = (int64_t)answer->time.tv_sec * GN_NS_PER_S + answer->time.tv_usec;
    int64_t late_ns = after->system.ns - told_ns;
    if ((answer->status & STA_NANO) == 0 || late_ns < 0 ||
        late_ns > after->steady.ns - before->steady.ns)
        return;
    after->system.ns -= late_ns;
    after->steady.ns -= late_ns;
    after->has_raw = false; /* which was read later */
}

static int steer(struct os_clock *base, double wanted, double *applied, struct clock_reading *at)
{
    struct sysclock_linux *clock = self(base);
    if (!isfinite(wanted))
        return -EINVAL;
    wanted = fmax(-MAX_FREQUENCY, fmin(MAX_FREQUENCY, wanted));
    if (!clock->ours) {
        int rc = take_over(clock);
        if (rc < 0)
            return rc;
    }
    struct timex request = {.modes = ADJ_FREQUENCY | ADJ_TICK};
    split(clock, wanted, &request);
    struct clock_reading before;
    sysclock_read(base, &before);
    int rc = sysclock_adjust(&request);
    if (rc < 0)
        return rc;
    sysclock_read(base, at);
    put_back(at, &before, &request);
    clock->frequency = sysclock_frequency(&request); /* as the kernel gives it back */
    *applied = clock->frequency;
    return 0;
}

/* ---------------------------------------------------------------- steps */

static int set_by(int64_t delta_ns)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return -errno;
    int64_t target_ns = (int64_t)now.tv_sec * GN_NS_PER_S + now.tv_nsec + delta_ns;
    now.tv_sec = (time_t)(target_ns / GN_NS_PER_S);
    now.tv_nsec = (long)(target_ns % GN_NS_PER_S);
    return clock_settime(CLOCK_REALTIME, &now) < 0 ? -errno : 0;
}

static int step(struct os_clock *base, int64_t delta_ns)
{
    (void)base;
    struct timex request = {.modes = ADJ_SETOFFSET | ADJ_NANO};
    int64_t rest_ns = delta_ns % GN_NS_PER_S;
    if (rest_ns < 0)
        rest_ns += GN_NS_PER_S;
    request.time.tv_sec = (time_t)((delta_ns - rest_ns) / GN_NS_PER_S);
    request.time.tv_usec = (suseconds_t)rest_ns; /* nanoseconds under ADJ_NANO, never negative */
    int rc = sysclock_adjust(&request);
    if (rc == -EINVAL || rc == -ENOSYS || rc == -EOPNOTSUPP)
        rc = set_by(delta_ns);
    return rc;
}

/* ---------------------------------------------------------------- status */

static long error_us(double error_s)
{
    double us = ceil(error_s * 1e6);
    return us >= 0 && us < MAX_ERROR_US ? (long)us : (long)MAX_ERROR_US;
}

static int status(struct os_clock *base, const struct os_clock_status *told)
{
    (void)base;
    struct timex request = {.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_NANO};
    if (!told->synchronised)
        request.status |= STA_UNSYNC;
    if (told->leap == GN_LEAP_INSERT)
        request.status |= STA_INS;
    if (told->leap == GN_LEAP_DELETE)
        request.status |= STA_DEL;
    request.maxerror = error_us(told->max_error_s);
    request.esterror = error_us(told->est_error_s);
    if (told->tai_offset_s > 0) {
        request.modes |= ADJ_TAI;
        request.constant = told->tai_offset_s;
    }
    return sysclock_adjust(&request);
}

/* ---------------------------------------------------------------- life */

static void destroy(struct os_clock *base)
{
    free(self(base));
}

static const struct os_clock_ops linux_ops = {
    .read = sysclock_read,
    .suspended_ns = sysclock_suspended_ns,
    .precision_log2s = sysclock_precision_log2s,
    .frequency = frequency,
    .steer = steer,
    .step = step,
    .status = status,
    .reclaim = reclaim,
    .tai_offset_s = sysclock_tai_offset_s,
    .destroy = destroy,
};

struct os_clock *sysclock_linux_create(os_log_cb log, void *log_arg)
{
    struct sysclock_linux *clock = calloc(1, sizeof *clock);
    if (clock == NULL)
        return NULL;
    sysclock_init(&clock->sysclock, &linux_ops);
    clock->sysclock.base.max_frequency = MAX_FREQUENCY;
    clock->log = log;
    clock->log_arg = log_arg;
    clock->ticks_per_s = sysconf(_SC_CLK_TCK);
    if (clock->ticks_per_s <= 0)
        clock->ticks_per_s = 100;
    struct timex now = {0};
    if (sysclock_adjust(&now) == 0)
        clock->frequency = sysclock_frequency(&now);
    return &clock->sysclock.base;
}
