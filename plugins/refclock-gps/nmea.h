/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_NMEA_H
#define REFCLOCK_GPS_NMEA_H

/**
 * What an NMEA sentence says: RMC, ZDA, GGA, GNS, GSA, GSV, TXT of any talker, and of makers' own
 * PUBX,04 (u-blox: time and leap seconds) and the words of antennas.
 *
 * - `valid`: RMC by its status and mode, GGA by its quality, GNS by its modes. ZDA does not say:
 *   GPS_SILENT. RMC's navigational status (version 4.1) is about position and is not looked at.
 * - `fix`: RMC, GGA and GNS know only that there is one: GPS_FIX_2D is then the least that it is.
 *   GSA tells 2D from 3D.
 * - `time`: RMC has a year of two digits, ZDA one of four, GGA and GNS no date. 23:59:60 is
 *   86400 s; any other second 60 is none. A date of zeros is one that the receiver does not know.
 * - `satellites`: GSA tells which are used, GSV which are seen and how well, per system and, as of
 *   version 4.11, per signal (`signal`). Numbers are those of the system, whatever the talker adds.
 *   GSV's `satellites_seen` is of that system and signal.
 *
 * Spec: NMEA 0183 versions 2.1 to 4.11; u-blox 8 protocol description (PUBX).
 */

#include "message.h"

/**
 * Read what lies between `$` and `*`.
 * Returns false: no such sentence can be, there are fields missing or without sense. A sentence of
 * another kind is GPS_OTHER.
 */
bool nmea_read(struct gps_message *, const void *sentence, size_t size);

#endif
