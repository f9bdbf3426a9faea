/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_PHC_SCALE_H
#define REFCLOCK_PHC_SCALE_H

/** Which scale a PTP hardware clock shows: UTC or TAI. Pure. */

#include <gnomon/state.h>

enum scale {
    SCALE_AUTO,
    SCALE_UTC,
    SCALE_TAI,
};

/** Whether it is the clock of a hypervisor or a cloud, by what the kernel calls it
 * (/sys/class/ptp/…/clock_name) or the link that udev made (/dev/ptp_kvm). */
bool scale_is_virtual(const char *name);

/**
 * What is to be taken off its time. `given_s`: as configured, ≤ 0: not; `tai_offset_s`: as the
 * daemon knows it. Returns false: TAI, and nobody knows how far that is from UTC.
 */
bool scale_ahead(enum scale, double given_s, int32_t tai_offset_s, int64_t *ahead_ns);

/**
 * What the other scale would have said, where that is nearer by far to what others say: its name,
 * or NULL. `late_s`: how far the clock is ahead of the others, by the scale it is taken for.
 */
const char *scale_rather(enum scale, int32_t tai_offset_s, double late_s);

#endif
