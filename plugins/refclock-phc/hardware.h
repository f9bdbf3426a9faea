/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_PHC_HARDWARE_H
#define REFCLOCK_PHC_HARDWARE_H

/** The device of a PTP hardware clock: finding it, opening it, and what to say when it fails. */

#include <gnomon/host.h>

struct hardware {
    char path[128];           /* of the clock that was opened, or tried last */
    char name[64];            /* what the kernel calls it; "" it does not say */
    struct gn_device *device; /* NULL: not open */
};

/**
 * Open `path`, or, where that is NULL, the first clock of a hypervisor or cloud: those with a name
 * (/dev/ptp_kvm, …) before those with a number. `writable`: to be changed as well.
 * Errors: of open(2); -ENXIO: none was found.
 */
int hardware_open(struct hardware *, struct gn_host *, const char *path, bool writable,
                  gn_device_cb readable, void *arg);

void hardware_close(struct hardware *, struct gn_host *);

/** Words of a failure, with its remedy: "cannot read /dev/ptp0: No such device; …". */
void hardware_words(const struct hardware *, const char *doing, int error, char *words,
                    size_t size);

#endif
