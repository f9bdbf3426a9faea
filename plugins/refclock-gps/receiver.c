/* SPDX-License-Identifier: Apache-2.0 */

/* From bytes to messages, from messages to samples. */

#include "gps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *gps_state_name(enum gps_state state)
{
    static const char *const names[GPS_STATES] = {"no-device", "silent", "no-fix",  "acquiring",
                                                  "ambiguous", "locked", "holdover"};
    return (unsigned)state < GPS_STATES ? names[state] : "?";
}

void gps_trouble(struct gps *self, enum gps_state state, enum gn_reason reason, const char *format,
                 ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(self->trouble, sizeof self->trouble, format, args);
    va_end(args);
    self->state = state;
    gn_source_fault(self->host, self->source, reason, self->trouble);
}

void gps_receive(struct gps *self, gn_local at, const void *bytes, size_t size)
{
    (void)self, (void)at, (void)bytes, (void)size;
}

static enum gps_protocol protocol_of(enum gps_kind kind)
{
    return kind >= GPSD_VERSION  ? GPS_PROTOCOL_GPSD
           : kind >= GPS_NAV_PVT ? GPS_PROTOCOL_UBX
           : kind >= GPS_RMC     ? GPS_PROTOCOL_NMEA
                                 : GPS_PROTOCOL_NONE;
}

void gps_take(struct gps *self, const struct gps_message *message, gn_local at)
{
    if ((unsigned)message->kind >= GPS_KINDS)
        return;
    enum gps_protocol protocol = protocol_of(message->kind);
    self->heard = at;
    self->tally[message->kind].count++;
    self->tally[message->kind].last = at;
    if (protocol != GPS_PROTOCOL_NONE)
        self->protocol = protocol;
    sky_take(&self->sky, message, at);
}
