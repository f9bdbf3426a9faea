/* SPDX-License-Identifier: Apache-2.0 */
#include "sysclock_read.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#define GOOD_WINDOW_NS 1000
#define READ_TRIES 5
#define PRECISION_READS 20
#define LEAST_TAI_OFFSET_S 10

/* adjtimex(2): freq counts 2^-16 ppm. */
#define FREQUENCY_UNIT (1e-6 / 65536)

static int64_t clock_ns(clockid_t id)
{
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * GN_NS_PER_S + now.tv_nsec;
}

/* Of which object a function comes; NULL: that cannot be told. */
static const void *origin(const char *function)
{
    Dl_info info;
    void *address = dlsym(RTLD_DEFAULT, function);
    return address != NULL && dladdr(address, &info) != 0 ? info.dli_fbase : NULL;
}

/* Simulators that people run time daemons under take the place of libc's clock_gettime, and some
 * end when they are asked for a clock they do not know. So only libc is asked for the third. */
void sysclock_init(struct sysclock *clock, const struct os_clock_ops *ops)
{
    clock->base.ops = ops;
    clock->has_raw = origin("clock_gettime") == origin("qsort");
}

void sysclock_read(struct os_clock *clock, struct clock_reading *reading)
{
    const struct sysclock *self = (const struct sysclock *)clock;
    struct timespec raw = {0};
    *reading = (struct clock_reading){.window_ns = INT64_MAX};
    /* An interrupt or the hypervisor may come between: the narrowest of a few tries counts. */
    for (int i = 0; i < READ_TRIES && reading->window_ns > GOOD_WINDOW_NS; i++) {
        int64_t before = clock_ns(CLOCK_MONOTONIC);
        bool has_raw = self->has_raw && clock_gettime(CLOCK_MONOTONIC_RAW, &raw) == 0;
        int64_t system = clock_ns(CLOCK_REALTIME);
        int64_t after = clock_ns(CLOCK_MONOTONIC);
        if (after - before >= reading->window_ns)
            continue;
        reading->window_ns = after - before;
        reading->system.ns = system;
        reading->steady.ns = before + (after - before) / 2;
        reading->has_raw = has_raw;
        reading->raw.ns = (int64_t)raw.tv_sec * GN_NS_PER_S + raw.tv_nsec;
    }
}

/* The uptime counts suspend, CLOCK_MONOTONIC does not. CLOCK_BOOTTIME would tell it finer than to
 * the second, but simulators that people run time daemons under know no such clock, and end there.
 */
int64_t sysclock_suspended_ns(struct os_clock *clock)
{
    (void)clock;
    struct sysinfo info;
    if (sysinfo(&info) < 0)
        return 0;
    return (int64_t)info.uptime * GN_NS_PER_S - clock_ns(CLOCK_MONOTONIC);
}

int8_t sysclock_precision_log2s(struct os_clock *clock)
{
    (void)clock;
    struct timespec resolution = {.tv_nsec = 1};
    clock_getres(CLOCK_REALTIME, &resolution);
    int64_t least_ns = INT64_MAX;
    int64_t last = clock_ns(CLOCK_REALTIME);
    for (int i = 0; i < PRECISION_READS; i++) {
        int64_t now = clock_ns(CLOCK_REALTIME);
        if (now > last && now - last < least_ns)
            least_ns = now - last;
        last = now;
    }
    if (least_ns == INT64_MAX) /* it stood still: all that is known is what it claims */
        least_ns = (int64_t)resolution.tv_sec * GN_NS_PER_S + resolution.tv_nsec;
    double log2s = ceil(log2((double)(least_ns > 0 ? least_ns : 1) * 1e-9));
    return (int8_t)fmin(fmax(log2s, -30), -6);
}

int sysclock_adjust(struct timex *request)
{
    int rc = clock_adjtime(CLOCK_REALTIME, request);
    if (rc < 0 && errno == ENOSYS)
        rc = adjtimex(request);
    return rc < 0 ? -errno : 0;
}

double sysclock_frequency(const struct timex *answer)
{
    double tick_us = (double)answer->tick * (double)sysconf(_SC_CLK_TCK);
    /* A kernel or simulator that says nothing of the tick has the nominal one. */
    double coarse = answer->tick == 0 ? 0 : (tick_us - 1e6) / 1e6;
    return coarse + (double)answer->freq * FREQUENCY_UNIT;
}

/* The kernel begins with 0, and counts leap seconds from there; UTC was never that near to TAI. */
int32_t sysclock_tai_offset_s(struct os_clock *clock)
{
    (void)clock;
    struct timex now = {0};
    return sysclock_adjust(&now) < 0 || now.tai < LEAST_TAI_OFFSET_S ? GN_TAI_UNKNOWN : now.tai;
}
