/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_HARDWARE_H
#define HOST_HARDWARE_H

/**
 * Stamps that network cards make: by the card's own PTP clock, brought to the local scale.
 *
 * A card stamps at the beginning of a frame, both ways. The kernel, and so whoever is at the other
 * end without such a card, stamps what comes in when all of it is there. Both ends have to mean the
 * same: between links of different speed the times that a frame takes would else differ by
 * direction. So what comes in is moved to the frame's end, by its length at the speed of the link.
 */

#include <host/config.h>
#include <host/logger.h>
#include <host/timekeeper.h>
#include <shared/phc.h>
#include <shared/phc_map.h>

#define HARDWARE_CARDS 16

/** A card and its clock. */
struct hardware_card {
    struct os_card about;
    struct os_device *device; /* its PTP clock; NULL: it could not be opened */
    struct phc phc;
    struct phc_map map;
    gn_local looked; /* the last reading, good or bad */
    gn_local measured_link;
    bool told; /* what is wrong with it, once */
    uint64_t used, refused;
};

struct hardware {
    struct os *os;
    struct timekeeper *keeper;
    struct logger *logger;
    const struct config_network *config;
    struct hardware_card *cards; /* room for all there may be, if there is any */
    size_t count;
};

/** Switch on what the configuration asks for. What cannot be had is logged, and the kernel's stamps
 * stay. */
void hardware_open(struct hardware *, struct os *, struct timekeeper *, struct logger *,
                   const struct config_network *);

void hardware_close(struct hardware *);

/**
 * When a packet that the kernel saw at `kernel` came in (its end), or when one that it handed over
 * then went out (its beginning). Returns false: no card's stamp, or an absurd one; the kernel's
 * stays.
 */
bool hardware_received(struct hardware *, const struct os_hardware *, gn_local kernel,
                       gn_local *when);
bool hardware_sent(struct hardware *, const struct os_hardware *, gn_local *when);

#endif
