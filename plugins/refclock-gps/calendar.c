/* SPDX-License-Identifier: Apache-2.0 */
#include "calendar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S INT64_C(86400)
#define DAY_NS (DAY_S * GN_NS_PER_S)
#define NO_TABLE INT32_MIN

/* Weeks of GPS are told modulo this. */
#define ROLLOVER_DAYS (1024 * 7)

/* A repaired date lies so near after the pivot. A date a little before the pivot is no rollover:
 * it would make a receiver that is a day behind one that is 19 years ahead. */
#define BELIEVED_DAYS (850 * 7)

/* The years 00 … 79 are of this century, by the rule of message.h; later they are of the next. */
#define CENTURY_DAYS 36525
#define DAY_2000 10957

/* TAI − GPS time. */
#define TAI_GPS 19

/* No leap count and no change of it is larger, for this century. */
#define LEAST_JUMP_S 1
#define MOST_JUMP_S 30
#define MOST_LEAPS 40

/* Others who err by less can say which second it is, and which day. */
#define TELLS_SECOND_S 0.4
#define TELLS_DAY_S 43200.0

/* A past older than this says nothing about seconds: 100 ppm of it are a third of a second. */
#define PAST_NS (3000 * GN_NS_PER_S)

/* What messages wander by from one to the next is followed with this gain; a jump is known from it
 * when it is that much larger. */
#define SPREAD_GAIN (1.0 / 16)
#define DISTINCT_S 0.6

/* A time of day without a date is joined to a date this old at most. */
#define JOINED_NS (40000 * GN_NS_PER_S)

static int32_t later(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

void calendar_init(struct calendar *self, int32_t pivot_day)
{
    memset(self, 0, sizeof *self);
    self->pivot_day = later(CALENDAR_RELEASED, pivot_day);
}

void calendar_saved(struct calendar *self, int32_t day)
{
    self->pivot_day = later(self->pivot_day, day);
}

void calendar_table(struct calendar *self, int32_t tai_offset_s)
{
    self->table_known = tai_offset_s != GN_TAI_UNKNOWN;
    self->table_s = self->table_known ? tai_offset_s - TAI_GPS : 0;
}

/* ---------------------------------------------------------------- days */

/* Days of whole weeks to be added to `day`, so that it is near what others say. */
static int rollovers_to(int32_t day, int32_t target)
{
    return (int)lround((target - day) / (double)ROLLOVER_DAYS);
}

static enum calendar_verdict repair(struct calendar *self, const struct gps_time *said,
                                    const struct gps_others *others, int32_t *day)
{
    int n = 0;
    *day = said->day;
    if (others->known && others->bound_s < TELLS_DAY_S) {
        n = rollovers_to(*day, (int32_t)(others->utc.ns / DAY_NS));
    } else {
        if (said->two_digits && *day < DAY_2000 && *day + CENTURY_DAYS >= self->pivot_day &&
            *day + CENTURY_DAYS < self->pivot_day + BELIEVED_DAYS)
            *day += CENTURY_DAYS;
        while (*day + n * ROLLOVER_DAYS < self->pivot_day)
            n++;
        if (n > 0 && *day + n * ROLLOVER_DAYS >= self->pivot_day + BELIEVED_DAYS)
            return CALENDAR_BACKWARD;
    }
    if (n < 0)
        n = 0; /* a receiver that is ahead is wrong by more than a rollover */
    *day += n * ROLLOVER_DAYS;
    self->rollovers = n;
    return CALENDAR_GOOD;
}

/* The day that brings a time of day nearest to where it should be. */
static bool join(const struct calendar *self, int64_t ns, gn_local at, int32_t *day)
{
    int64_t age_ns = gn_local_sub(at, self->at);
    if (!self->began || llabs(age_ns) > JOINED_NS)
        return false;
    int64_t expected_ns = self->utc.ns + age_ns;
    *day = (int32_t)((expected_ns - ns + DAY_NS / 2) / DAY_NS);
    return true;
}

/* ---------------------------------------------------------------- leap seconds */

static bool month_ends(int64_t day)
{
    /* Days since 1970 to the civil date, in years that begin with March. */
    int64_t z = day + 719468, era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    return doy - (153 * mp + 2) / 5 == 0; /* `day` is the first of its month */
}

static void hear_change(struct calendar *self, const struct gps_message *message, gn_local at)
{
    if (message->change_valid != GPS_YES)
        return;
    self->change = 0;
    if (message->change == 0 || message->change_in_s <= 0 || !self->began)
        return;
    int64_t now_ns = self->utc.ns + gn_local_sub(at, self->at);
    int64_t then_ns = now_ns + message->change_in_s * GN_NS_PER_S;
    int64_t day = (then_ns + DAY_NS / 2) / DAY_NS;
    if (llabs(day * DAY_NS - then_ns) > 10 * GN_NS_PER_S || !month_ends(day))
        return;
    self->change = message->change > 0 ? 1 : -1;
    self->change_at.ns = day * DAY_NS;
}

void calendar_hear(struct calendar *self, const struct gps_message *message, gn_local at)
{
    if (message->leap_valid == GPS_YES && abs(message->leap_s) <= MOST_LEAPS) {
        self->vouched |= !self->leap_known || self->leap_s != message->leap_s;
        self->leap_known = true;
        self->leap_s = message->leap_s;
    }
    hear_change(self, message, at);
}

enum gn_leap calendar_leap(const struct calendar *self, gn_utc utc)
{
    int64_t left_ns = gn_utc_sub(self->change_at, utc);
    if (self->change == 0 || left_ns <= 0 || left_ns > DAY_NS)
        return GN_LEAP_NORMAL;
    return self->change > 0 ? GN_LEAP_INSERT : GN_LEAP_DELETE;
}

/* Takes leap seconds out. */
static bool to_utc(const struct calendar *self, enum gps_scale scale, int64_t *ns)
{
    if (scale == GPS_SCALE_UTC)
        return true;
    if (!self->leap_known && !self->table_known)
        return false;
    *ns -= (self->leap_known ? self->leap_s : self->table_s) * GN_NS_PER_S;
    return true;
}

/* ---------------------------------------------------------------- the past */

static bool agree(const struct gps_others *others, gn_utc utc)
{
    double off_s = gn_seconds(gn_utc_sub(utc, others->utc));
    return others->known && others->bound_s < TELLS_SECOND_S &&
           fabs(off_s) < 1 + others->bound_s; /* late by less than a second */
}

static void remember(struct calendar *self, gn_local at, gn_utc utc, double off_s)
{
    if (self->began)
        self->spread_s += SPREAD_GAIN * (fmin(fabs(off_s), 1) - self->spread_s);
    self->began = true;
    self->at = at;
    self->utc = utc;
    self->jump_s = 0;
    self->in_row = 0;
    self->vouched = false;
}

/* A leap second that was announced takes a second out of the past, or adds one. */
static void pass_leap(struct calendar *self, gn_utc utc)
{
    if (self->change == 0 || gn_utc_sub(utc, self->change_at) < 0)
        return;
    self->utc.ns -= self->change * GN_NS_PER_S;
    self->change = 0;
}

/* Whole seconds off since before: as by another leap count. */
static int jumped(const struct calendar *self, gn_local at, gn_utc utc, double *off_s)
{
    int64_t age_ns = gn_local_sub(at, self->at);
    *off_s = 0;
    if (!self->began || llabs(age_ns) > PAST_NS)
        return 0;
    *off_s = gn_seconds(gn_utc_sub(utc, self->utc) - age_ns);
    int whole_s = fabs(*off_s) <= MOST_JUMP_S + 1 ? (int)lround(*off_s) : 0;
    return fabs(*off_s) < fmax(DISTINCT_S, 4 * self->spread_s) ? 0 : whole_s;
}

static enum calendar_verdict believe(struct calendar *self, gn_local at, gn_utc utc,
                                     const struct gps_others *others)
{
    double off_s;
    pass_leap(self, utc);
    int jump_s = jumped(self, at, utc, &off_s);
    if (jump_s != 0 && !agree(others, utc) && !self->vouched) {
        self->in_row = jump_s == self->jump_s ? self->in_row + 1 : 1;
        self->jump_s = jump_s;
        return CALENDAR_JUMP;
    }
    self->jumps += jump_s != 0;
    remember(self, at, utc, jump_s != 0 ? 0 : off_s);
    return CALENDAR_GOOD;
}

/* ---------------------------------------------------------------- reading */

enum calendar_verdict calendar_read(struct calendar *self, const struct gps_time *said, gn_local at,
                                    const struct gps_others *others, gn_utc *utc)
{
    enum calendar_verdict verdict = CALENDAR_GOOD;
    int64_t ns = said->ns;
    int32_t day = said->day;
    if (!said->said)
        return CALENDAR_UNSAID;
    if (ns < 0 || ns >= DAY_NS + GN_NS_PER_S || (said->scale == GPS_SCALE_GPS && ns >= DAY_NS))
        return CALENDAR_IMPOSSIBLE;
    if (ns >= DAY_NS)
        return CALENDAR_INSERTED;
    if (!to_utc(self, said->scale, &ns))
        return CALENDAR_LEAP_UNKNOWN;
    if (day != GPS_NO_DAY)
        verdict = repair(self, said, others, &day);
    else if (!join(self, ns, at, &day))
        verdict = CALENDAR_NO_DATE;
    if (verdict != CALENDAR_GOOD)
        return verdict;
    utc->ns = day * DAY_NS + ns;
    return believe(self, at, *utc, others);
}

enum calendar_verdict calendar_read_other(const struct calendar *self, const struct gps_time *said,
                                          gn_utc *utc)
{
    int64_t ns = said->ns;
    if (!said->said || ns < 0 || ns >= DAY_NS)
        return said->said ? CALENDAR_IMPOSSIBLE : CALENDAR_UNSAID;
    if (!to_utc(self, said->scale, &ns))
        return CALENDAR_LEAP_UNKNOWN;
    if (!self->began)
        return CALENDAR_NO_DATE;
    int64_t day = (self->utc.ns - ns + DAY_NS / 2) / DAY_NS;
    utc->ns = day * DAY_NS + ns;
    return CALENDAR_GOOD;
}

/* ---------------------------------------------------------------- words */

const char *calendar_words(const struct calendar *self, enum calendar_verdict verdict, char *text,
                           size_t size)
{
    switch (verdict) {
    case CALENDAR_GOOD:
        return "";
    case CALENDAR_UNSAID:
        return "the message says no time";
    case CALENDAR_NO_DATE:
        return "the receiver says no date";
    case CALENDAR_IMPOSSIBLE:
        return "there is no such date or time of day";
    case CALENDAR_BACKWARD:
        return "the receiver's date is earlier than it can be";
    case CALENDAR_LEAP_UNKNOWN:
        return "the receiver tells GPS time, and not yet how many leap seconds there have been";
    case CALENDAR_INSERTED:
        return "within a leap second";
    case CALENDAR_JUMP:
        snprintf(text, size,
                 "the receiver's time is off by %+d s since before, as by another leap count, and "
                 "nobody agrees",
                 self->jump_s);
        return text;
    }
    return "";
}

const char *calendar_age_words(const struct calendar *self, char *text, size_t size)
{
    if (self->rollovers <= 0)
        return "";
    snprintf(text, size,
             "its firmware is at least %d years old: the dates are %d weeks early, and repaired",
             (int)(self->rollovers * ROLLOVER_DAYS / 365.25), self->rollovers * 1024);
    return text;
}
