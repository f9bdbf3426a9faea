/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_UBX_H
#define REFCLOCK_GPS_UBX_H

/**
 * What a frame of u-blox's own protocol says.
 *
 * - TIM-TP is about the pulse that comes *next*: `pulse` and `pulse_error_s`. A pulse of UTC is
 *   `resolved` where the receiver knows UTC. A time base without weeks that we know of gives the
 *   time of day, or the error alone.
 * - NAV-PVT, NAV-TIMEUTC and NAV-TIMEGPS: the solution's own instant, which is the second that the
 *   message follows; with a date only where the receiver says that it is right. `valid` is
 *   GPS_YES where all of their flags are set, GPS_SILENT where UTC's leap seconds alone are preset.
 * - NAV-TIMELS: `leap_valid` is GPS_YES where the source is a satellite, not the firmware, nor
 *   somebody's settings.
 * - MON-RF has an antenna and a state of jamming per band: the worst of them.
 *
 * Spec: u-blox protocol descriptions: 6 (protocol 14), M8 (protocol 15 … 23.01), F9 (27), M10 (34).
 */

#include "message.h"

/**
 * Read a frame's payload.
 * Returns false: too short for what it is, or a time without sense. A frame of another kind is
 * GPS_OTHER.
 */
bool ubx_read(struct gps_message *, uint8_t ubx_class, uint8_t ubx_id, const void *payload,
              size_t size);

#endif
