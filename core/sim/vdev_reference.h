/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VDEV_REFERENCE_H
#define SIM_VDEV_REFERENCE_H

/** What is read from a measured reference: whole records, oldest first. */

#include <stdint.h>

struct vdev_reference_record {
    int64_t system_ns; /* the node's system clock when it was measured, since 1970 */
    double offset_s;   /* true time − system clock, with the noise of the measurement */
} __attribute__((packed));

#endif
