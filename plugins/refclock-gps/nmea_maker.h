/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_NMEA_MAKER_H
#define REFCLOCK_GPS_NMEA_MAKER_H

/**
 * What makers of receivers say in words and sentences of their own.
 *
 * A receiver with a passive antenna may call it open for ever: no current flows.
 */

#include "nmea_fields.h"

/** TXT: the words, and the antenna's state where they are about it. */
bool nmea_read_txt(struct gps_message *, const struct nmea_fields *);

/**
 * A sentence whose address begins with P: PUBX,04 (u-blox), PGTOP,11 (GlobalTop, MediaTek) and
 * PQTMANTENNASTATUS version 2 (Quectel); others are GPS_OTHER.
 */
bool nmea_read_maker(struct gps_message *, const struct nmea_fields *);

#endif
