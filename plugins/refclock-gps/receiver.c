/* SPDX-License-Identifier: Apache-2.0 */

/* From bytes to messages. */

#include "gps.h"
#include "nmea.h"
#include "ubx.h"

static bool read_frame(const struct framer_frame *frame, struct gps_message *message)
{
    return frame->kind == FRAMER_NMEA
               ? nmea_read(message, frame->data, frame->size)
               : ubx_read(message, frame->ubx_class, frame->ubx_id, frame->data, frame->size);
}

uint64_t gps_receive(struct gps *self, gn_local at, unsigned baud, const void *bytes, size_t size)
{
    struct framer_frame frame;
    struct gps_message message;
    uint64_t messages = 0;
    framer_push(&self->framer, bytes, size, at, baud);
    while (framer_next(&self->framer, &frame)) {
        messages++;
        if (read_frame(&frame, &message))
            gps_take(self, &message, frame.first);
    }
    return messages;
}

void gps_cut(struct gps *self, unsigned baud)
{
    framer_reset(&self->framer);
    latency_baud(&self->latency, baud);
}

static enum gps_protocol protocol_of(enum gps_kind kind)
{
    return kind >= GPSD_VERSION  ? GPS_PROTOCOL_GPSD
           : kind >= GPS_NAV_PVT ? GPS_PROTOCOL_UBX
           : kind >= GPS_RMC     ? GPS_PROTOCOL_NMEA
                                 : GPS_PROTOCOL_NONE;
}

static void count(struct gps *self, const struct gps_message *message, gn_local at)
{
    enum gps_protocol protocol = protocol_of(message->kind);
    self->heard = at;
    self->tally[message->kind].count++;
    self->tally[message->kind].last = at;
    if (protocol != GPS_PROTOCOL_NONE)
        self->protocol = protocol;
}

void gps_take(struct gps *self, const struct gps_message *message, gn_local at)
{
    if ((unsigned)message->kind >= GPS_KINDS)
        return;
    count(self, message, at);
    sky_take(&self->sky, message, at);
    quality_hear(&self->quality, message, at);
    calendar_hear(&self->calendar, message, at);
    if (message->pulse_said)
        gps_take_pulse_word(self, message, at);
    if (message->time.said)
        gps_take_time(self, message, at);
}
