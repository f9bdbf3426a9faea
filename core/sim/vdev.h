/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VDEV_H
#define SIM_VDEV_H

/**
 * The /dev of one node: serial lines with a receiver behind them, pulses, hardware clocks, PTP
 * clocks and measured references, as os_devices. They answer as core/os does on Linux: the same
 * errno, never blocking, and `readable` again and again while something is there to be read.
 *
 * A device can be taken away and put back. Handles that were open then stay dead: `readable` is
 * called, ioctls, writes and reads give the kind's error (a tty -EIO, others -ENODEV); open gives
 * -ENOENT.
 *
 * The daemon has CAP_SYS_TIME and is not the superuser. Signs are those of sample.h.
 */

#include <os/os.h>
#include <sim/law.h>
#include <sim/vdev_receiver.h>
#include <sim/world.h>

/** What every device has. */
struct vdev_place {
    const char *path;  /* copied */
    bool absent;       /* not plugged in at the beginning */
    bool denied;       /* the file's rights are missing: open gives -EACCES */
    bool busy;         /* somebody else holds it: open gives -EBUSY */
    bool unprivileged; /* without CAP_SYS_TIME: PPS_SETPARAMS gives -EPERM, RTC_SET_TIME -EACCES */
};

/** A serial line with a receiver behind it. */
struct vdev_tty_config {
    struct vdev_place place;
    struct vdev_receiver_config receiver;
    unsigned fifo; /* bytes that arrive together; 0: 8 */
    bool hangup;   /* taken away, reads give 0 as of a USB port, not -EIO */
};

/** A pulse at every true second. Spec: RFC 2783, linux/pps.h. */
struct vdev_pps_config {
    struct vdev_place place;
    double delay_s;           /* of every stamp */
    const struct law *jitter; /* of every stamp, s; lent; NULL: none */
    double width_s;           /* from assert to clear; 0: the device knows no clear edge */
    bool inverted;            /* the clear edge marks the second */
    bool both_edges;          /* the device takes both for assert */
    const char *receiver;     /* path of the tty whose pulses these are; lent; NULL: nobody's */
    bool free_running;        /* without antenna the pulses go on, … */
    double frequency;         /* … with this error, s/s */
    bool always_readable;     /* as on kernels whose poll(2) tells no new pulse from an old one */
};

/** What the battery of a hardware clock is. */
enum vdev_battery {
    VDEV_BATTERY_GOOD,    /* RTC_VL_READ gives 0 */
    VDEV_BATTERY_LOW,     /* RTC_VL_BACKUP_LOW */
    VDEV_BATTERY_DEAD,    /* also RTC_VL_DATA_INVALID; RTC_RD_TIME gives -EINVAL until it is set */
    VDEV_BATTERY_UNKNOWN, /* RTC_VL_READ gives -ENOTTY */
};

/** A hardware clock of whole seconds on an oscillator of its own. Spec: linux/rtc.h, rtc(4). */
struct vdev_rtc_config {
    struct vdev_place place;
    double offset_s, frequency, wander; /* as of vclock.h */
    double shows_s;   /* what it shows at the beginning, since 1970; 0: UTC less the offset */
    bool half_second; /* RTC_SET_TIME: the next edge comes half a second later, not a whole one */
    int uie_error;    /* RTC_UIE_ON gives this negative errno; 0: it works */
    const struct law *late; /* of the interrupts, s; lent; NULL: none */
    enum vdev_battery battery;
};

/** Which of its readings a PTP clock offers. */
enum vdev_phc_offers {
    VDEV_PHC_ALL,
    VDEV_PHC_EXTENDED, /* PTP_SYS_OFFSET_EXTENDED and PTP_SYS_OFFSET */
    VDEV_PHC_BASIC,    /* PTP_SYS_OFFSET */
    VDEV_PHC_NONE,     /* another device: every ioctl gives -ENOTTY */
};

/** A PTP hardware clock on an oscillator of its own. Spec: linux/ptp_clock.h. */
struct vdev_phc_config {
    struct vdev_place place;
    const char *name; /* what /sys/class/ptp/…/clock_name says of it; NULL: there is no such file */
    double offset_s, frequency, wander; /* as of vclock.h */
    double ahead_s;           /* what it shows is ahead of UTC, at the beginning: 37 for TAI */
    double shows_s;           /* what it shows at the beginning, since 1970; 0: as above */
    const struct law *window; /* how long a reading takes, s; lent; NULL: 2 us */
    double skewed;            /* where in it the clock is read: 0.5 in the middle, 0 at once */
    enum vdev_phc_offers offers;
    int error;                /* every reading gives this negative errno; 0: it works */
    double jump_at_s, jump_s; /* so long after the beginning it is set, by so much; 0: never */
    unsigned channels;        /* for external pulses; 0: none */
    bool both_edges;          /* it stamps both edges of a pulse, whatever is asked for */
    double width_s;           /* of a pulse; 0: 0.1 */
    const struct law *jitter; /* of the stamps of pulses, s; lent; NULL: none */
};

/** How a measured reference tells what it has measured. */
enum vdev_reference_form {
    VDEV_REFERENCE_RECORDS, /* vdev_reference.h */
    VDEV_REFERENCE_SOCK,    /* datagrams, as gpsd sends them to chrony's SOCK */
    VDEV_REFERENCE_SHM      /* a segment of memory, as ntpd's driver 28 shares it */
};

/** Measurements of the node's clock against true time. */
struct vdev_reference_config {
    struct vdev_place place;
    enum vdev_reference_form form;
    double interval_s;       /* 0: 1 */
    const struct law *noise; /* of every offset, s; lent; NULL: none */
};

/** A /dev without devices. `name` is the node's; loop and clock are lent. */
struct os_devices *vdev_create(struct world *, const char *name, struct os_loop *,
                               struct os_clock *);
void vdev_destroy(struct os_devices *); /* takes NULL; with its devices and handles */

/** Add a device; chance follows from node and path. Errors: -EEXIST. */
int vdev_add_tty(struct os_devices *, const struct vdev_tty_config *);
int vdev_add_pps(struct os_devices *, const struct vdev_pps_config *);
int vdev_add_rtc(struct os_devices *, const struct vdev_rtc_config *);
int vdev_add_phc(struct os_devices *, const struct vdev_phc_config *);
int vdev_add_reference(struct os_devices *, const struct vdev_reference_config *);

/** The antenna of all receivers of the node is lost or found. */
void vdev_antenna(struct os_devices *, bool there);

/** Until then the machine sleeps: what comes in meanwhile is lost. */
void vdev_sleep(struct os_devices *, gn_utc until);

/** Take a device away, or put it back, as new; a hardware clock has counted on. Errors: -ENOENT. */
int vdev_plug(struct os_devices *, const char *path, bool there);

/** Another program opens a device, or lets go of it: open gives -EBUSY meanwhile. Errors: -ENOENT.
 */
int vdev_occupy(struct os_devices *, const char *path, bool busy);

/** The receiver behind a tty; NULL: this is none. */
struct vdev_receiver *vdev_receiver_of(const struct os_devices *, const char *path);

/** Whether the node has a device of this path, plugged in or not. */
bool vdev_exists(const struct os_devices *, const char *path);

/** Bytes that were written to a device so far. */
uint64_t vdev_written(const struct os_devices *, const char *path);

#endif
