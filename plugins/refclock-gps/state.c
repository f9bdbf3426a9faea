/* SPDX-License-Identifier: Apache-2.0 */

/* What it is good for, and what people are told where it is not. */

#include "gps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A receiver that says nothing for so long is silent; one without samples for so long is not
 * locked. */
#define SILENT_NS (5 * GN_NS_PER_S)
#define LOCKED_NS (4 * GN_NS_PER_S)

/* Messages that named other seconds so often are told of, and not again for so long. */
#define JUMPING 8
#define AGAIN_NS (3600 * GN_NS_PER_S)

/* Without a sample for so long a poll has failed. */
#define POLL_NS (3 * GN_NS_PER_S / 2)

const char *gps_state_name(enum gps_state state)
{
    static const char *const names[GPS_STATES] = {"no-device", "silent", "no-fix",  "acquiring",
                                                  "ambiguous", "locked", "holdover"};
    return (unsigned)state < GPS_STATES ? names[state] : "?";
}

void gps_trouble(struct gps *self, enum gps_state state, enum gn_reason reason, const char *format,
                 ...)
{
    char words[sizeof self->trouble];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    bool same = self->told && self->state == state && strcmp(words, self->trouble) == 0;
    self->state = state;
    self->told = true;
    memcpy(self->trouble, words, sizeof words);
    if (!same)
        gn_source_fault(self->host, self->source, reason, self->trouble);
}

/* ---------------------------------------------------------------- verdicts */

static bool within(gn_local now, gn_local at, int64_t ns)
{
    return at.ns != 0 && gn_local_sub(now, at) < ns;
}

static void judge_silence(struct gps *self, gn_local now)
{
    char words[200];
    bool hunting = self->gpsd == NULL && line_hunts(&self->line, now);
    if (within(now, self->listened, SILENT_NS)) {
        gps_trouble(self, GPS_STATE_SILENT, GN_REASON_STARTING, "its first message is waited for");
        return;
    }
    if (self->gpsd != NULL)
        snprintf(words, sizeof words, "%.64s: gpsd says nothing of its receiver; gpsmon tells more",
                 self->config->gpsd);
    else if (self->config->replay == NULL)
        line_silence(&self->line, now, words, sizeof words);
    else
        snprintf(words, sizeof words, "%.100s: nothing comes", gps_address(self->config));
    gps_trouble(self, GPS_STATE_SILENT, hunting ? GN_REASON_STARTING : GN_REASON_DEVICE, "%s",
                words);
}

static const char *remedy(enum quality_verdict verdict)
{
    switch (verdict) {
    case QUALITY_NO_FIX:
    case QUALITY_INVALID:
        return "; has the antenna a free view of the sky?";
    case QUALITY_SILENT:
        return "; RMC, GGA or UBX-NAV-PVT has to be switched on";
    case QUALITY_ANTENNA:
        return "; see to its plug and cable, or antenna_gate = false";
    default:
        return "";
    }
}

static void judge_quality(struct gps *self, enum quality_verdict verdict)
{
    char text[128], seen[48] = "";
    const char *words = quality_words(&self->quality, verdict, text, sizeof text);
    enum gps_state state = verdict == QUALITY_SETTLING ? GPS_STATE_ACQUIRING
                           : self->sample.ns != 0      ? GPS_STATE_HOLDOVER
                                                       : GPS_STATE_NO_FIX;
    if (self->sky.satellites_seen >= 0 && verdict == QUALITY_NO_FIX)
        snprintf(seen, sizeof seen, ", %d satellites are seen", self->sky.satellites_seen);
    gps_trouble(self, state,
                verdict == QUALITY_SETTLING ? GN_REASON_STARTING : GN_REASON_UNSYNCHRONISED,
                "%s%s%s", words, seen, remedy(verdict));
}

static void judge_time(struct gps *self)
{
    char text[160];
    const char *words = calendar_words(&self->calendar, self->word.time, text, sizeof text);
    bool jump = self->word.time == CALENDAR_JUMP;
    gps_trouble(self, jump ? GPS_STATE_AMBIGUOUS : GPS_STATE_ACQUIRING,
                jump ? GN_REASON_BAD_REPLY : GN_REASON_WAITING, "%s", words);
}

static void judge_numbers(struct gps *self)
{
    const char *words = numbering_words(&self->numbering);
    bool contrary = words[0] == '\0' && self->numbering.contrary > 0;
    if (words[0] == '\0' && !contrary)
        gps_trouble(self, GPS_STATE_ACQUIRING, GN_REASON_STARTING, "the next pulse is waited for");
    else if (contrary || strncmp(words, "ambiguous", 9) == 0)
        gps_trouble(self, GPS_STATE_AMBIGUOUS, GN_REASON_BAD_REPLY, "%s",
                    contrary ? "ambiguous: the newest messages name another second" : words);
    else
        gps_trouble(self, GPS_STATE_ACQUIRING, GN_REASON_STARTING, "%s", words);
}

/* Good, and yet there is nothing. */
static void judge_nothing(struct gps *self)
{
    const char *pulses = self->pulses.trouble[0] != '\0' ? self->pulses.trouble : "no pulses come";
    if (self->word.poor)
        gps_trouble(self, GPS_STATE_HOLDOVER, GN_REASON_WAITING,
                    "holding over, which is better than the messages are: %s", pulses);
    else if (self->epoch.begun)
        gps_trouble(self, GPS_STATE_ACQUIRING, GN_REASON_STARTING, "%s",
                    self->word.taught
                        ? "how late its messages are is being learnt of the other sources"
                        : "the first second is being said");
    else
        gps_trouble(self, GPS_STATE_ACQUIRING, GN_REASON_WAITING,
                    "its messages name no time; RMC, ZDA or UBX-NAV-PVT has to be switched on");
}

static void judge_locked(struct gps *self)
{
    if (self->state != GPS_STATE_LOCKED)
        gn_log(self->host, GN_INFO, "%s is followed by its %s", gps_address(self->config),
               self->word.relied_on ? "messages" : "pulses");
    self->state = GPS_STATE_LOCKED;
    snprintf(self->trouble, sizeof self->trouble, "%s", self->pulses.trouble);
}

/* What is wrong with it and hinders nobody: weeks that are repaired, and messages that name other
 * seconds while the pulses are counted on. */
static void remark(struct gps *self, gn_local now)
{
    char text[160];
    if (self->calendar.rollovers != self->remarked_rollovers && self->calendar.rollovers > 0)
        gn_log(self->host, GN_WARNING, "%s",
               calendar_age_words(&self->calendar, text, sizeof text));
    self->remarked_rollovers = self->calendar.rollovers;
    self->jumping = self->word.time == CALENDAR_JUMP ? self->jumping + 1 : 0;
    if (self->state != GPS_STATE_LOCKED || self->jumping < JUMPING)
        return;
    const char *words = calendar_words(&self->calendar, CALENDAR_JUMP, text, sizeof text);
    if (self->jumping == JUMPING &&
        (self->remarked_jump.ns == 0 || gn_local_sub(now, self->remarked_jump) > AGAIN_NS)) {
        gn_log(self->host, GN_WARNING, "%s; the pulses are counted on", words);
        self->remarked_jump = now;
    }
    snprintf(self->trouble, sizeof self->trouble, "%s", words);
}

static void judge(struct gps *self, gn_local now)
{
    enum quality_verdict quality = quality_judge(&self->quality, now);
    if (within(now, self->sample, LOCKED_NS))
        judge_locked(self);
    else if (!within(now, self->heard, SILENT_NS))
        judge_silence(self, now);
    else if (quality != QUALITY_GOOD)
        judge_quality(self, quality);
    else if (self->word.time != CALENDAR_GOOD && self->word.time != CALENDAR_UNSAID)
        judge_time(self);
    else if (within(now, self->pulses.came, LOCKED_NS))
        judge_numbers(self);
    else
        judge_nothing(self);
}

void gps_judge(struct gps *self, gn_local now)
{
    if (gn_local_sub(now, self->polled) > POLL_NS) {
        gn_source_poll(self->host, self->source);
        self->polled = now;
    }
    if (!self->absent)
        judge(self, now);
    remark(self, now);
}
