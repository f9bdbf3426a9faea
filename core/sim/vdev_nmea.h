/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VDEV_NMEA_H
#define SIM_VDEV_NMEA_H

/** Sentences of a satellite receiver about a second. Spec: NMEA 0183 as of version 2.3. */

#include <sim/vdev_receiver.h>

enum vdev_nmea {
    VDEV_NMEA_RMC,
    VDEV_NMEA_GGA,
    VDEV_NMEA_ZDA,
    VDEV_NMEA_GSA,
    VDEV_NMEA_GSV, /* as many sentences as it takes */
    VDEV_NMEA_GNS,
    VDEV_NMEA_TXT, /* the state of the antenna, as receivers of u-blox say it */
    VDEV_NMEA_KINDS
};

/** "RMC", … */
const char *vdev_nmea_word(enum vdev_nmea);

/**
 * One sentence, or those that belong together, each with checksum and CR LF; what does not fit is
 * left out. Returns the bytes. A receiver without a fix goes on to count time, and says that it has
 * none: status V, quality 0, fix 1, mode N. The sentence ZDA has no word for that.
 */
size_t vdev_nmea_say(enum vdev_nmea, const char *talker, const struct vdev_moment *, char *text,
                     size_t size);

#endif
