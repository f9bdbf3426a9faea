/* SPDX-License-Identifier: Apache-2.0 */
#include "calendar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S INT64_C(86400)
#define DAY_NS (DAY_S * GN_NS_PER_S)

/* Weeks of GPS are told modulo this. */
#define ROLLOVER_DAYS (1024 * 7)

/* A repaired date lies so near after the pivot. A date a little before the pivot is no rollover:
 * it would make a receiver that is a day behind one that is 19 years ahead. */
#define BELIEVED_DAYS (850 * 7)

/* The years 00 … 79 are of this century, by the rule of message.h; later they are of the next. */
#define CENTURY_DAYS 36525
#define DAY_2000 10957

/* gn_utc ends in the year 2262; this is 2260. */
#define MOST_DAY 105900

/* TAI − GPS time. */
#define TAI_GPS 19

/* No leap count is larger in this century, and no mistake about it. */
#define MOST_JUMP_S 30
#define MOST_LEAPS 40

/* A new leap count that comes so near to an announced leap second comes of it. */
#define MOST_AHEAD_S (400 * DAY_S)
#define NEAR_NS (5 * GN_NS_PER_S)
#define BEHIND_NS (900 * GN_NS_PER_S)

/* Others who err by less can say which second it is, and which day. */
#define TELLS_SECOND_S 0.4
#define TELLS_DAY_S 43200.0
#define EARLY_S 0.1

/* A past older than this says nothing about seconds: 100 ppm of it are a third of a second. */
#define PAST_NS (3000 * GN_NS_PER_S)

/* Messages make a past when there are so many that agree within this; they come more or less late,
 * by less than a second. A first message may have waited in a buffer. */
#define PAST_COUNT 8
#define PAST_MOST 16
#define RANGE_GAIN (1.0 / 64)
#define FAR_S 2.0

/* So many returns from a jump, lately, and it is none. */
#define RETURNS 2.5
#define RETURN_GAIN (1.0 / 32)
#define DISTINCT_S 0.6

/* Who tells the time alone is believed about a jump when it has stayed for so long. */
#define STAYED_NS (900 * GN_NS_PER_S)

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

void calendar_forget(struct calendar *self)
{
    self->count = self->count > 0; /* the day is still good */
    self->jump_s = 0;
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
    if (self->count == 0 || llabs(age_ns) > JOINED_NS)
        return false;
    int64_t expected_ns = self->utc.ns + age_ns;
    *day = (int32_t)((expected_ns - ns + DAY_NS / 2) / DAY_NS);
    return true;
}

/* ---------------------------------------------------------------- leap seconds */

bool calendar_month_begins(int64_t day)
{
    /* Days since 1970 to the civil date, in years that begin with March. */
    int64_t z = day + 719468, era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    return doy - (153 * mp + 2) / 5 == 0;
}

/* How long it is until the midnight that is announced. */
static int64_t left_ns(const struct calendar *self, gn_local at)
{
    return gn_utc_sub(self->change_at, self->utc) - gn_local_sub(at, self->at);
}

static void hear_change(struct calendar *self, const struct gps_message *message, gn_local at)
{
    if (message->change_valid != GPS_YES || self->count == 0 ||
        (self->change != 0 && llabs(left_ns(self, at)) < NEAR_NS) || /* it is happening */
        (self->told && message->change == 0))
        return;
    self->change = 0;
    self->told = false;
    if (message->change == 0 || message->change_in_s <= 0 || message->change_in_s > MOST_AHEAD_S)
        return;
    int64_t now_ns = self->utc.ns + gn_local_sub(at, self->at);
    int64_t then_ns = now_ns + message->change_in_s * GN_NS_PER_S;
    int64_t day = (then_ns + DAY_NS / 2) / DAY_NS;
    if (llabs(day * DAY_NS - then_ns) > 2 * NEAR_NS || !calendar_month_begins(day))
        return;
    self->change = message->change > 0 ? 1 : -1;
    self->change_at.ns = day * DAY_NS;
}

/* A leap second takes a second out of the past, or adds one. */
static void pass(struct calendar *self)
{
    self->utc.ns -= self->change * GN_NS_PER_S;
    self->change = 0;
    self->told = false;
}

/* Another leap count than before, from a satellite. */
static void hear_count(struct calendar *self, int leap_s, gn_local at)
{
    int change = leap_s - self->leap_s;
    int64_t left = left_ns(self, at);
    if (self->leap_known && change == -1 && self->change == 0 && left <= 0 && left > -BEHIND_NS)
        return; /* after a leap second it has yet to count it */
    if (self->leap_known && change == self->change && change != 0 && llabs(left) < NEAR_NS)
        pass(self); /* as announced, and now */
    else if (!self->leap_known || change != 0)
        self->vouched = true;
    self->leap_known = true;
    self->leap_s = leap_s;
}

/* Sentences of NMEA have no word for that: what else the receiver sends tells it for them. */
static void hear_preset(struct calendar *self, const struct gps_message *message)
{
    enum gps_answer heard = message->time.said ? message->time.resolved : GPS_SILENT;
    if (heard == GPS_SILENT)
        heard = message->leap_valid;
    if (heard != GPS_SILENT)
        self->preset = heard == GPS_NO;
}

void calendar_hear(struct calendar *self, const struct gps_message *message, gn_local at)
{
    hear_preset(self, message);
    if (message->leap_valid == GPS_YES && abs(message->leap_s) <= MOST_LEAPS)
        hear_count(self, message->leap_s, at);
    hear_change(self, message, at);
}

/* Who tells it takes it back when the second is over, maybe before we have heard of that second. */
void calendar_told(struct calendar *self, enum gn_leap leap, gn_utc now)
{
    bool leaps = leap == GN_LEAP_INSERT || leap == GN_LEAP_DELETE;
    gn_utc at = {(now.ns / DAY_NS + 1) * DAY_NS};
    if (self->change != 0 && !self->told)
        return;
    if (leaps && calendar_month_begins(at.ns / DAY_NS)) {
        self->change = leap == GN_LEAP_INSERT ? 1 : -1;
        self->change_at = at;
        self->told = true;
    } else if (self->told && llabs(gn_utc_sub(now, self->change_at)) > NEAR_NS) {
        self->change = 0;
        self->told = false;
    }
}

enum gn_leap calendar_leap(const struct calendar *self, gn_utc utc)
{
    int64_t before_ns = gn_utc_sub(self->change_at, utc);
    if (self->change == 0 || self->told || before_ns <= 0 || before_ns > DAY_NS)
        return GN_LEAP_NORMAL;
    return self->change > 0 ? GN_LEAP_INSERT : GN_LEAP_DELETE;
}

/* 23:59:60 announces itself, at the latest. */
static enum calendar_verdict insert(struct calendar *self, int32_t day)
{
    if (!calendar_month_begins(day + 1))
        return CALENDAR_IMPOSSIBLE;
    self->change = 1;
    self->change_at.ns = (day + 1) * DAY_NS;
    self->told = false;
    return CALENDAR_INSERTED;
}

/* Takes leap seconds out. */
static bool to_utc(const struct calendar *self, const struct gps_time *said, int64_t *ns)
{
    if (said->scale == GPS_SCALE_UTC)
        return !self->preset && said->resolved != GPS_NO;
    if (!self->leap_known && !self->table_known)
        return false;
    *ns -= (self->leap_known ? self->leap_s : self->table_s) * GN_NS_PER_S;
    return true;
}

/* ---------------------------------------------------------------- the past */

/* Messages are late, by less than a second. */
static bool agree(const struct gps_others *others, gn_utc utc)
{
    double ahead_s = gn_seconds(gn_utc_sub(utc, others->utc));
    return others->known && others->bound_s < TELLS_SECOND_S &&
           ahead_s < EARLY_S + others->bound_s && ahead_s > -1 - others->bound_s;
}

/* How much newer it is than what the past would have. */
static double newer(const struct calendar *self, gn_local at, gn_utc utc)
{
    return gn_seconds(gn_utc_sub(utc, self->utc) - gn_local_sub(at, self->at)) + self->off_s;
}

/* The range of what messages say is forgotten slowly. */
static void widen(struct calendar *self)
{
    self->newest_s = fmax(self->newest_s * (1 - RANGE_GAIN), self->off_s);
    self->oldest_s = fmin(self->oldest_s * (1 - RANGE_GAIN), self->off_s);
}

static void begin_past(struct calendar *self, gn_local at, gn_utc utc)
{
    self->count = 1;
    self->at = at;
    self->utc = utc;
    self->off_s = self->newest_s = self->oldest_s = self->returns = 0;
}

static void remember(struct calendar *self, gn_local at, gn_utc utc)
{
    double off_s = newer(self, at, utc);
    self->count += self->count < PAST_MOST;
    double moved_s = off_s / self->count;
    self->off_s = off_s - moved_s;
    self->newest_s -= moved_s;
    self->oldest_s -= moved_s;
    self->at = at;
    self->utc = utc;
    widen(self);
    self->returns = fmax(0, self->returns + (self->jump_s != 0) - RETURN_GAIN);
}

/* Whole seconds off since before: as by another leap count. Who jumps does not come back: messages
 * that do are late in two manners. */
static int jumped(const struct calendar *self, double off_s)
{
    if (self->count < PAST_COUNT || fabs(off_s) > MOST_JUMP_S + 1 ||
        (self->returns >= RETURNS && fabs(off_s) < FAR_S) ||
        (off_s < self->newest_s + DISTINCT_S && off_s > self->oldest_s - DISTINCT_S))
        return 0;
    return (int)lround(off_s);
}

/* The same jump for long, and nobody there who could say otherwise. */
static bool stays(struct calendar *self, int jump_s, gn_local at, const struct gps_others *others)
{
    if (jump_s != self->jump_s || others->known)
        self->jumped_at = at;
    self->jump_s = jump_s;
    return gn_local_sub(at, self->jumped_at) > STAYED_NS;
}

static enum calendar_verdict believe(struct calendar *self, gn_local at, gn_utc utc,
                                     const struct gps_others *others)
{
    if (self->change != 0 && gn_utc_sub(utc, self->change_at) >= 0)
        pass(self);
    double off_s = newer(self, at, utc);
    bool past = self->count > 0 && gn_local_sub(at, self->at) < PAST_NS;
    int jump_s = past ? jumped(self, off_s) : 0;
    if (jump_s != 0 && !agree(others, utc) && !self->vouched && !stays(self, jump_s, at, others))
        return CALENDAR_JUMP;
    bool small = fabs(off_s) < DISTINCT_S || (self->count >= PAST_COUNT && fabs(off_s) < FAR_S);
    self->jumps += jump_s != 0;
    if (past && jump_s == 0 && small)
        remember(self, at, utc);
    else
        begin_past(self, at, utc);
    self->jump_s = 0;
    self->vouched = false;
    return CALENDAR_GOOD;
}

/* ---------------------------------------------------------------- reading */

/* GPS time goes on over a leap second: after it the old count is one short. False: within it. */
static bool count_on(struct calendar *self, gn_utc *utc)
{
    int64_t after_ns = gn_utc_sub(*utc, self->change_at);
    if (self->change <= 0 || after_ns < 0)
        return true;
    if (after_ns < GN_NS_PER_S)
        return false;
    self->leap_s += self->leap_known;
    self->table_s += !self->leap_known;
    utc->ns -= GN_NS_PER_S;
    return true;
}

/* The day, repaired or joined. */
static enum calendar_verdict date(struct calendar *self, const struct gps_time *said, int64_t ns,
                                  gn_local at, const struct gps_others *others, int32_t *day)
{
    enum calendar_verdict verdict = CALENDAR_GOOD;
    if (said->day == GPS_NO_DAY)
        verdict = join(self, ns, at, day) ? CALENDAR_GOOD : CALENDAR_NO_DATE;
    else if (said->day < 0 || said->day > MOST_DAY)
        return CALENDAR_IMPOSSIBLE;
    else
        verdict = repair(self, said, others, day);
    return verdict == CALENDAR_GOOD && (*day < 0 || *day > MOST_DAY) ? CALENDAR_IMPOSSIBLE
                                                                     : verdict;
}

enum calendar_verdict calendar_read(struct calendar *self, const struct gps_time *said, gn_local at,
                                    const struct gps_others *others, gn_utc *utc)
{
    int64_t ns = said->ns;
    int32_t day = said->day;
    if (!said->said)
        return CALENDAR_UNSAID;
    if (ns < 0 || ns >= DAY_NS + GN_NS_PER_S || (said->scale == GPS_SCALE_GPS && ns >= DAY_NS))
        return CALENDAR_IMPOSSIBLE;
    if (!to_utc(self, said, &ns))
        return CALENDAR_LEAP_UNKNOWN;
    enum calendar_verdict verdict = date(self, said, ns, at, others, &day);
    if (verdict != CALENDAR_GOOD)
        return verdict;
    if (ns >= DAY_NS)
        return insert(self, day);
    utc->ns = day * DAY_NS + ns;
    if (said->scale == GPS_SCALE_GPS && !count_on(self, utc))
        return CALENDAR_INSERTED;
    return believe(self, at, *utc, others);
}

enum calendar_verdict calendar_read_other(const struct calendar *self, const struct gps_time *said,
                                          gn_utc *utc)
{
    int64_t ns = said->ns;
    if (!said->said || ns < 0 || ns >= DAY_NS)
        return said->said ? CALENDAR_IMPOSSIBLE : CALENDAR_UNSAID;
    if (!to_utc(self, said, &ns))
        return CALENDAR_LEAP_UNKNOWN;
    if (self->count == 0)
        return CALENDAR_NO_DATE;
    int64_t day = (self->utc.ns - ns + DAY_NS / 2) / DAY_NS;
    utc->ns = day * DAY_NS + ns;
    return CALENDAR_GOOD;
}
