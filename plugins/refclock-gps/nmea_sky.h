/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_NMEA_SKY_H
#define REFCLOCK_GPS_NMEA_SKY_H

/** The sentences about satellites. Return false: fields are missing or make no sense. */

#include "nmea_fields.h"

bool nmea_read_gsa(struct gps_message *, const struct nmea_fields *);
bool nmea_read_gsv(struct gps_message *, const struct nmea_fields *);

#endif
