/* SPDX-License-Identifier: Apache-2.0 */
#include <os/os_linux.h>

#include "sysclock_read.h"

#include <errno.h>
#include <stdlib.h>

/* Whoever steers the clock beside us may change it at any time: ask each time. */
static double frequency(struct os_clock *clock)
{
    (void)clock;
    struct timex now = {0};
    return sysclock_adjust(&now) < 0 ? 0 : sysclock_frequency(&now);
}

static int steer(struct os_clock *clock, double wanted, double *applied, struct clock_reading *at)
{
    (void)clock, (void)wanted, (void)applied, (void)at;
    return -ENOTSUP;
}

static int step(struct os_clock *clock, int64_t delta_ns)
{
    (void)clock, (void)delta_ns;
    return -ENOTSUP;
}

static int status(struct os_clock *clock, const struct os_clock_status *told)
{
    (void)clock, (void)told;
    return -ENOTSUP;
}

static void destroy(struct os_clock *clock)
{
    free(clock);
}

static const struct os_clock_ops null_ops = {
    .read = sysclock_read,
    .suspended_ns = sysclock_suspended_ns,
    .precision_log2s = sysclock_precision_log2s,
    .frequency = frequency,
    .steer = steer,
    .step = step,
    .status = status,
    .tai_offset_s = sysclock_tai_offset_s,
    .destroy = destroy,
};

struct os_clock *sysclock_null_create(void)
{
    struct sysclock *clock = calloc(1, sizeof *clock);
    if (clock == NULL)
        return NULL;
    sysclock_init(clock, &null_ops);
    return &clock->base;
}
