/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_GPSD_REPORT_H
#define REFCLOCK_GPS_GPSD_REPORT_H

/** One report of gpsd about a receiver: TPV, SKY, PPS, TOFF. Pure. Spec: gpsd_json(5). */

#include "message.h"

#include <jansson.h>

/**
 * Read an object of the class that `message->kind` says; the message is an empty one.
 * Returns NULL, or what is wrong with it.
 */
const char *gpsd_report_read(struct gps_message *message, const json_t *object);

#endif
