/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_SCENE_RECEIVERS_H
#define SIM_SCENE_RECEIVERS_H

/** The receiver behind a tty, as a world's file describes it. */

#include "scene_internal.h"

#include <sim/vdev_receiver.h>

/** The keys of traits, as of a list of keys. */
#define SCENE_RECEIVER_TRAITS                                                                      \
    " antenna jamming jam_indicator satellites signal fixed coasts cold accuracy offset spoofed"   \
    " spoofed_ppm spoofing leap leap_valid leap_announced sawtooth silent later later_ppm baud"    \
    " garbage damage stolen "

/** Read what a tty's group says of its receiver into an empty `config`. */
void scene_receivers_read(struct reader *, const config_setting_t *group,
                          struct vdev_receiver_config *config);

#endif
