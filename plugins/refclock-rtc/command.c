/* SPDX-License-Identifier: Apache-2.0 */

/* What gnomonctl asks: rtcdata, rtc write. */

#include "face.h"
#include "rtc.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* For all members of the reply; their words are bounded. */
#define ROOM 2048

static const char *owner_words(struct rtc *self)
{
    switch (gn_rtc_owner(self->host)) {
    case GN_RTC_COPY:
        return "copy";
    case GN_RTC_TRACK:
        return "track";
    case -EPERM:
        return "none";
    default:
        return "off";
    }
}

/* As a JSON string; what would have to be escaped becomes '?'. */
static const char *quoted(const char *words, char *text, size_t size)
{
    size_t n = 0;
    if (words[0] == '\0')
        return "null";
    text[n++] = '"';
    for (; *words != '\0' && n < size - 2; words++)
        text[n++] = *words == '"' || *words == '\\' || (unsigned char)*words < 0x20 ? '?' : *words;
    text[n++] = '"';
    text[n] = '\0';
    return text;
}

static const char *date(double second_s, char *text, size_t size)
{
    char words[32];
    if (!(second_s > 0))
        return "null";
    face_words((int64_t)floor(second_s), words, sizeof words);
    char *blank = strchr(words, ' ');
    if (blank != NULL)
        *blank = 'T';
    snprintf(text, size, "\"%sZ\"", words);
    return text;
}

static int rtcdata(struct rtc *self, gn_command_cb reply, void *reply_arg)
{
    static const char *const kinds[] = {"guessed", "learnt", "free"};
    const struct calibration *c = &self->learnt;
    char text[ROOM], last[48], written[48], device[160], outcome[320];
    bool writing = self->ordered || self->writing.tries > 0;
    if (!c->learnt && !writing && self->outcome[0] == '\0')
        return gn_fail(self->host, -ENODATA, "%s",
                       self->trouble[0] != '\0' ? self->trouble
                                                : "it was not compared with any other time yet");
    snprintf(text, sizeof text,
             "{\"device\":%s,\"owner\":\"%s\",\"local_time\":%s,\"ref_time\":%s,"
             "\"offset_s\":%.9f,\"offset_sd_s\":%.9f,\"drift_ppm\":%.6f,\"drift_sd_ppm\":%.6f,"
             "\"samples\":%.0f,\"span_s\":%.0f,\"phase_s\":%.6f,\"phase\":\"%s\","
             "\"trim_s\":%.6f,\"writing\":%s,\"written\":%s,\"good\":%s,\"outcome\":%s}",
             quoted(self->config->device, device, sizeof device), owner_words(self),
             self->local_time ? "true" : "false", date(c->epoch_s + c->offset_s, last, sizeof last),
             c->offset_s, sqrt(c->variance[0][0]), c->drift * 1e6, sqrt(c->variance[1][1]) * 1e6,
             c->count, c->epoch_s - c->since_s, self->writing.phase_s, kinds[self->writing.kind],
             self->config->trim_s, writing ? "true" : "false",
             date(c->written_s, written, sizeof written), self->good ? "true" : "false",
             quoted(self->outcome, outcome, sizeof outcome));
    reply(reply_arg, text);
    return 0;
}

/* Why a person's order to write is refused: 0, or explained. */
static int refused(struct rtc *self)
{
    struct gn_state state;
    int owner = gn_rtc_owner(self->host);
    if (owner == -EPERM)
        return gn_fail(self->host, -EPERM,
                       "no clock is to be touched: -x, clock.discipline, or no "
                       "right to set clocks");
    if (owner == GN_RTC_COPY)
        return gn_fail(self->host, -EBUSY,
                       "the kernel writes it every 11 minutes: clock.rtc = \"copy\"");
    if (self->ordered || self->writing.tries > 0)
        return gn_fail(self->host, -EALREADY, "it is being written");
    if (gn_state_read(self->host, &state) < 0 || !state.synchronised)
        return gn_fail(self->host, -EAGAIN, "not synchronised: no time is known to be written");
    if (!rtc_others_know(self, &state))
        return gn_fail(self->host, -ELOOP, "the time that is known came from this clock");
    return 0;
}

static int rtc_write(struct rtc *self, gn_command_cb reply, void *reply_arg)
{
    int error = refused(self);
    if (error < 0)
        return error;
    self->ordered = true;
    self->outcome[0] = '\0';
    if (self->phase == RTC_RESTING)
        gn_timer_start(self->host, self->timer, 0);
    reply(reply_arg, self->local_time ? "{\"local_time\":true}" : "{\"local_time\":false}");
    return 0;
}

int rtc_command(void *instance, const char *name, gn_command_cb reply, void *reply_arg)
{
    struct rtc *self = instance;
    if (strcmp(name, "rtcdata") == 0)
        return rtcdata(self, reply, reply_arg);
    if (strcmp(name, "rtc write") == 0)
        return rtc_write(self, reply, reply_arg);
    return -ENOTSUP;
}
