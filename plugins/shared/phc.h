/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHARED_PHC_H
#define SHARED_PHC_H

/**
 * Reading a PTP hardware clock (PHC) against the system clock: by whichever of the kernel's three
 * ways the device has, the best of several readings.
 *
 * Pure: the ioctl is a function of whoever calls. Spec: linux/ptp_clock.h.
 */

#include <gnomon/time.h>

/** ioctl(2) on the clock. Returns ≥ 0 or a negative errno. */
typedef int (*phc_ioctl)(void *arg, unsigned long request, void *data);

/** The ways, best first. */
enum phc_method {
    PHC_PRECISE,  /* PTP_SYS_OFFSET_PRECISE: the hardware stamps both clocks at once */
    PHC_EXTENDED, /* PTP_SYS_OFFSET_EXTENDED: system clock, PHC, system clock, close together */
    PHC_BASIC,    /* PTP_SYS_OFFSET: the same, with the driver's own doing in the window */
    PHC_METHODS,
};

/** What is known of a device's ways; begin with zero. */
struct phc {
    unsigned lacking;       /* 1 << method: the device has it not */
    enum phc_method method; /* of the last reading */
};

/** Both clocks at one instant. */
struct phc_reading {
    gn_utc system;    /* what the system clock showed, … */
    int64_t phc_ns;   /* … and what the PHC did, since 1970 by its own scale, … */
    int64_t error_ns; /* … within ± this: half the window of the reading */
};

/**
 * Read it so often (1 … 25) and take the reading with the shortest window.
 * Errors: -ENOTTY: it is no PTP clock; -EBADMSG: its readings make no sense; others of the ioctl.
 */
int phc_read(struct phc *, phc_ioctl, void *arg, unsigned readings, struct phc_reading *);

/** "precise", "extended", "basic". */
const char *phc_method_name(enum phc_method);

#endif
