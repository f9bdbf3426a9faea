/* SPDX-License-Identifier: Apache-2.0 */
#include "quality.h"

#include "calendar.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A receiver that says nothing for so long vouches for nothing. */
#define SILENT_NS (4 * GN_NS_PER_S)

/* One instant that lies off is a stray, and is left out; so many in a row are a jump. */
#define STRAYS 4

/* After a jump of its time a receiver has to be steady for so long, unless others agree. */
#define STEADY_NS (120 * GN_NS_PER_S)

/* Its past is worth something for so long; a crystal errs by so much. */
#define PAST_NS (3600 * GN_NS_PER_S)
#define CRYSTAL 300e-6
#define LEAST_S 1e-3

void quality_init(struct quality *self, const struct quality_config *config)
{
    memset(self, 0, sizeof *self);
    self->config = *config;
    self->satellites = -1;
}

/* ---------------------------------------------------------------- what is said */

/* What one message can tell, without its past. */
static enum quality_verdict present(const struct quality *self)
{
    if (self->config.antenna_gate &&
        (self->antenna == GPS_ANTENNA_SHORT || self->antenna == GPS_ANTENNA_OPEN))
        return QUALITY_ANTENNA;
    if (self->jamming == GPS_JAMMING_CRITICAL)
        return QUALITY_JAMMED;
    if (self->spoofed)
        return QUALITY_SPOOFED;
    if (self->fix == GPS_FIX_ESTIMATED)
        return QUALITY_ESTIMATED;
    if (self->fix == GPS_FIX_NONE)
        return QUALITY_NO_FIX;
    if (self->valid_said ? !self->valid : self->fix == GPS_FIX_UNSAID)
        return QUALITY_INVALID;
    if (self->config.min_satellites > 0 && self->satellites >= 0 &&
        self->satellites < self->config.min_satellites)
        return QUALITY_FEW;
    return QUALITY_GOOD;
}

void quality_hear(struct quality *self, const struct gps_message *message, gn_local at)
{
    bool silent = !self->heard || gn_local_sub(at, self->heard_at) > SILENT_NS;
    if (message->valid != GPS_SILENT || message->fix != GPS_FIX_UNSAID) {
        self->heard = true;
        self->heard_at = at;
    }
    if (message->valid != GPS_SILENT) {
        self->valid_said = true;
        self->valid = message->valid == GPS_YES;
    }
    if (message->fix != GPS_FIX_UNSAID)
        self->fix = message->fix;
    if (message->satellites_used >= 0)
        self->satellites = message->satellites_used;
    if (message->antenna != GPS_ANTENNA_UNSAID)
        self->antenna = message->antenna;
    if (message->jamming != GPS_JAMMING_UNSAID)
        self->jamming = message->jamming;
    if (message->spoofing != GPS_SILENT)
        self->spoofed = message->spoofing == GPS_YES;
    bool good = self->heard && present(self) == QUALITY_GOOD;
    if (good && (!self->good || silent))
        self->good_from = at;
    self->good = good;
}

/* ---------------------------------------------------------------- its past */

/* A leap second: inserted or left out before a month that has begun between the two. */
static bool is_leap(gn_utc from, gn_utc to, double off_s, double may_s)
{
    int64_t day = to.ns / (86400 * GN_NS_PER_S);
    return from.ns - GN_NS_PER_S < day * 86400 * GN_NS_PER_S && calendar_month_begins(day) &&
           fabs(fabs(off_s) - 1) <= may_s;
}

/* Whether an instant lies off from the past. */
static bool is_apart(const struct quality *self, gn_local at, gn_utc utc, double doubt_s,
                     double *off_s)
{
    int64_t age_ns = gn_local_sub(at, self->at);
    double may_s = self->doubt_s + doubt_s + CRYSTAL * fabs(gn_seconds(age_ns)) + LEAST_S;
    *off_s = gn_seconds(gn_utc_sub(utc, self->utc) - age_ns);
    return self->timed && age_ns >= 0 && age_ns < PAST_NS && fabs(*off_s) > may_s &&
           !is_leap(self->utc, utc, *off_s, may_s);
}

static bool agree(const struct gps_others *others, gn_utc utc, double doubt_s)
{
    return others->known &&
           fabs(gn_seconds(gn_utc_sub(utc, others->utc))) <= others->bound_s + doubt_s;
}

bool quality_time(struct quality *self, gn_local at, gn_utc utc, double doubt_s,
                  const struct gps_others *others)
{
    double off_s;
    bool apart = is_apart(self, at, utc, doubt_s, &off_s);
    bool agreed = agree(others, utc, doubt_s);
    if (apart && ++self->apart < STRAYS && !agreed)
        return false; /* it may come back */
    if (apart) {
        self->jumps++;
        self->jump_s = off_s;
        self->jumped_at = at;
    }
    if (agreed)
        self->jump_s = 0;
    self->apart = 0;
    self->timed = true;
    self->at = at;
    self->utc = utc;
    self->doubt_s = doubt_s;
    return true;
}

void quality_forget(struct quality *self)
{
    self->timed = false;
    self->apart = 0;
    self->jump_s = 0;
}

/* ---------------------------------------------------------------- verdict */

enum quality_verdict quality_judge(const struct quality *self, gn_local now)
{
    if (!self->heard)
        return QUALITY_SILENT;
    enum quality_verdict verdict = present(self);
    if (verdict == QUALITY_ANTENNA || verdict == QUALITY_JAMMED || verdict == QUALITY_SPOOFED)
        return verdict;
    if (gn_local_sub(now, self->heard_at) > SILENT_NS)
        return QUALITY_SILENT;
    if (verdict != QUALITY_GOOD)
        return verdict;
    if (self->jump_s != 0 && gn_local_sub(now, self->jumped_at) < STEADY_NS)
        return QUALITY_JUMPED;
    if (gn_seconds(gn_local_sub(now, self->good_from)) < self->config.settle_s)
        return QUALITY_SETTLING;
    return QUALITY_GOOD;
}

const char *quality_words(const struct quality *self, enum quality_verdict verdict, char *text,
                          size_t size)
{
    switch (verdict) {
    case QUALITY_GOOD:
        return "";
    case QUALITY_SILENT:
        return "the receiver says nothing of its fix";
    case QUALITY_ANTENNA:
        return self->antenna == GPS_ANTENNA_SHORT ? "the antenna's line has a short circuit"
                                                  : "no antenna is connected";
    case QUALITY_JAMMED:
        return "it is jammed";
    case QUALITY_SPOOFED:
        return "the receiver says that its signals are forged";
    case QUALITY_ESTIMATED:
        return "the receiver guesses: its fix is not from satellites";
    case QUALITY_NO_FIX:
        return "no fix";
    case QUALITY_INVALID:
        return "the receiver does not vouch for its time";
    case QUALITY_FEW:
        snprintf(text, size, "%d satellites, and %d are asked for (min_satellites)",
                 self->satellites, self->config.min_satellites);
        return text;
    case QUALITY_JUMPED:
        snprintf(text, size, "its time jumped by %+.3f s: forged signals, or a fault",
                 self->jump_s);
        return text;
    case QUALITY_SETTLING:
        snprintf(text, size, "the fix is not yet %.0f s old", self->config.settle_s);
        return text;
    }
    return "";
}
