/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VDEV_NMEA_H
#define SIM_VDEV_NMEA_H

/** What a satellite receiver says about a second. Spec: NMEA 0183 as of version 2.3. */

#include <sim/vdev.h>

enum vdev_nmea_kind {
    VDEV_NMEA_RMC = 1,
    VDEV_NMEA_GGA = 2,
    VDEV_NMEA_ZDA = 4,
};

struct vdev_nmea {
    char talker[3];     /* "GP", "GN", … */
    unsigned sentences; /* of vdev_nmea_kind; said in this order */
};

/** Read `RMC ZDA`, with blanks or commas between. Returns vdev_nmea_kind, 0: not understood. */
unsigned vdev_nmea_sentences(const char *words);

/**
 * The sentences of a second, each with checksum and CR LF; `arg` is a struct vdev_nmea. A receiver
 * without antenna goes on to count time, and says that it has no fix: status V, quality 0. The
 * sentence ZDA has no word for that.
 */
size_t vdev_nmea_text(const void *arg, const struct vdev_moment *, char *text, size_t size);

#endif
