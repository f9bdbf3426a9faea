/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_SYSCLOCK_READ_H
#define OS_SYSCLOCK_READ_H

/** What both system clocks, the steered and the only read one, have in common. */

#include <os/os.h>
#include <sys/timex.h>

/** What every system clock begins with. */
struct sysclock {
    struct os_clock base; /* first: callers hold this */
    bool has_raw;
};

/** Fill a clock that is all zero. */
void sysclock_init(struct sysclock *, const struct os_clock_ops *);

/** os_clock_ops.read */
void sysclock_read(struct os_clock *, struct clock_reading *);

/** os_clock_ops.suspended_ns */
int64_t sysclock_suspended_ns(struct os_clock *);

/** os_clock_ops.precision_log2s */
int8_t sysclock_precision_log2s(struct os_clock *);

/** os_clock_ops.tai_offset_s */
int32_t sysclock_tai_offset_s(struct os_clock *);

/** clock_adjtime(2) of CLOCK_REALTIME, or adjtimex(2) where that is missing. Errors: negative. */
int sysclock_adjust(struct timex *);

/** The frequency that an answer of the kernel stands for. Units: s/s. Spec: adjtimex(2). */
double sysclock_frequency(const struct timex *);

#endif
