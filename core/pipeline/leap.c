/* SPDX-License-Identifier: Apache-2.0 */
#include <pipeline/leap.h>
#include <stdio.h>
#include <string.h>

#define DAY_NS (INT64_C(86400) * GN_NS_PER_S)
/* Servers go on announcing for a while after the leap. */
#define QUIET_NS (6 * INT64_C(3600) * GN_NS_PER_S)
/* The kernel leaps at its tick; we may look a little later, and our UTC may be a little off. */
#define DUE_WINDOW_NS (120 * GN_NS_PER_S)
#define DUE_TOLERANCE_NS (GN_NS_PER_S / 10)
#define LOOK_AFTER_NS (GN_NS_PER_S / 100)
#define SMEAR_HALF_S 43200.0

struct date {
    int64_t year;
    int month, day;
};

/* Days since 1970-01-01 of the Gregorian calendar, years counted from March: leap days come last.
 */
static int64_t days_of(struct date date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = year / 400, in_era = year % 400;
    int64_t in_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static struct date date_of(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097, in_era = shifted % 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t shifted_month = (5 * in_year + 2) / 153;
    struct date date = {
        .year = year + era * 400,
        .month = (int)(shifted_month + (shifted_month < 10 ? 3 : -9)),
        .day = (int)(in_year - (153 * shifted_month + 2) / 5 + 1),
    };
    date.year += date.month <= 2;
    return date;
}

static int64_t day_number(gn_utc utc)
{
    return utc.ns >= 0 ? utc.ns / DAY_NS : -((DAY_NS - 1 - utc.ns) / DAY_NS);
}

gn_utc leap_month_end(gn_utc now)
{
    struct date date = date_of(day_number(now));
    date.day = 1;
    date.year += date.month == 12;
    date.month = date.month == 12 ? 1 : date.month + 1;
    gn_utc end = {days_of(date) * DAY_NS};
    return end;
}

void leap_date(gn_utc end, char text[LEAP_DATE_SIZE])
{
    struct date date = date_of(day_number(gn_utc_add(end, -1)));
    snprintf(text, LEAP_DATE_SIZE, "%04d-%02d-%02d", (int)(date.year % 10000), date.month,
             date.day);
}

void leap_init(struct leap *leap)
{
    memset(leap, 0, sizeof *leap);
}

int64_t leap_by_ns(enum gn_leap leap)
{
    return leap == GN_LEAP_NORMAL ? 0 : leap == GN_LEAP_INSERT ? -GN_NS_PER_S : GN_NS_PER_S;
}

/* ---------------------------------------------------------------- who says so */

static enum gn_leap elected(struct leap_votes votes)
{
    if (2 * votes.insert > votes.all)
        return GN_LEAP_INSERT;
    return 2 * votes.remove > votes.all ? GN_LEAP_DELETE : GN_LEAP_NORMAL;
}

static bool is_leap_month(gn_utc now)
{
    int month = date_of(day_number(now)).month;
    return month == 6 || month == 12;
}

static enum gn_leap wanted_now(const struct leap *leap, gn_utc now, struct leap_votes votes,
                               struct leap_word list)
{
    bool passed = leap->past != GN_LEAP_NORMAL && list.at.ns == leap->past_at.ns;
    if (list.known) /* the second that is repeated lies before the leap by the list */
        return !passed && list.at.ns == leap_month_end(now).ns ? list.leap : GN_LEAP_NORMAL;
    if (votes.all == 0)
        return leap->pending;
    if (gn_utc_sub(now, leap->quiet_until) < 0 || !is_leap_month(now))
        return GN_LEAP_NORMAL;
    return elected(votes);
}

/* The clock leaps anew, as often as there is something new to leap. */
static void expect(struct leap *leap, gn_utc now, enum gn_leap wanted)
{
    if (wanted != GN_LEAP_NORMAL) {
        leap->at = leap_month_end(now);
        leap->moved = false;
    }
    leap->pending = wanted;
}

bool leap_update(struct leap *leap, gn_utc now, struct leap_votes votes, struct leap_word list)
{
    enum gn_leap before = leap->pending, wanted;
    /* A month that has ended takes its announcement with it, applied or not. */
    if (leap->pending != GN_LEAP_NORMAL && gn_utc_sub(now, leap->at) > DUE_WINDOW_NS)
        leap_pass(leap, now);
    /* Around the second itself, those who have leapt and those who have not may differ. */
    if (leap->pending != GN_LEAP_NORMAL && gn_utc_sub(leap->at, now) < 2 * GN_NS_PER_S)
        return leap->pending != before;
    wanted = wanted_now(leap, now, votes, list);
    if (wanted != leap->pending)
        expect(leap, now, wanted);
    leap->by_list = list.known;
    return leap->pending != before;
}

bool leap_refused(struct leap *leap, gn_utc now, struct leap_votes votes)
{
    gn_utc end = leap_month_end(now);
    if (votes.all == 0 || is_leap_month(now) || gn_utc_sub(now, leap->quiet_until) < 0 ||
        elected(votes) == GN_LEAP_NORMAL || end.ns == leap->refused_at.ns)
        return false;
    leap->refused_at = end;
    return true;
}

/* ---------------------------------------------------------------- the second itself */

/* When UTC leaps. A second is repeated after the last of the day, or the last one is left out. */
static gn_utc turn_of(enum gn_leap leap, gn_utc at)
{
    return leap == GN_LEAP_DELETE ? gn_utc_add(at, -GN_NS_PER_S) : at;
}

bool leap_due(const struct leap *leap, gn_utc now)
{
    return leap->pending != GN_LEAP_NORMAL &&
           gn_utc_sub(now, turn_of(leap->pending, leap->at)) >= 0;
}

void leap_pass(struct leap *leap, gn_utc now)
{
    leap->past = leap->pending;
    leap->past_at = leap->at;
    leap->pending = GN_LEAP_NORMAL;
    leap->quiet_until = gn_utc_add(now, QUIET_NS);
}

bool leap_is_move(const struct leap *leap, gn_utc now, int64_t by_ns)
{
    bool before = leap->pending != GN_LEAP_NORMAL;
    enum gn_leap which = before ? leap->pending : leap->past;
    int64_t error_ns = by_ns - leap_by_ns(which);
    int64_t late_ns = gn_utc_sub(now, before ? leap->at : leap->past_at);
    return which != GN_LEAP_NORMAL && !leap->moved && late_ns > -3 * GN_NS_PER_S &&
           late_ns < DUE_WINDOW_NS && error_ns < DUE_TOLERANCE_NS && error_ns > -DUE_TOLERANCE_NS;
}

enum gn_leap leap_today(const struct leap *leap, gn_utc now, int64_t system_ns)
{
    int64_t left_ns = gn_utc_sub(leap->at, now), left_of_clock_ns = leap->at.ns - system_ns;
    if (leap->pending == GN_LEAP_NORMAL || left_ns > DAY_NS || left_of_clock_ns > DAY_NS ||
        left_of_clock_ns <= 0)
        return GN_LEAP_NORMAL;
    return leap->pending;
}

/* ---------------------------------------------------------------- smear */

double leap_smear_of(enum gn_leap leap, gn_utc at, bool passed, gn_utc now, double *rate)
{
    double by_s = gn_seconds(leap_by_ns(leap)), whole_s = 2 * SMEAR_HALF_S - by_s;
    /* Since noon, as true seconds pass: UTC counts one more or less of them after the leap. */
    double since_s = gn_seconds(gn_utc_sub(now, at)) + SMEAR_HALF_S - (passed ? by_s : 0);
    *rate = 0;
    if (leap == GN_LEAP_NORMAL || since_s < 0 || since_s >= whole_s)
        return 0;
    *rate = by_s / whole_s;
    return by_s * since_s / whole_s - (passed ? by_s : 0);
}

double leap_smear_s(const struct leap *leap, gn_utc now, double *rate)
{
    if (leap->pending != GN_LEAP_NORMAL)
        return leap_smear_of(leap->pending, leap->at, false, now, rate);
    return leap_smear_of(leap->past, leap->past_at, true, now, rate);
}

/* ---------------------------------------------------------------- when to look */

static void sooner(int64_t *in_ns, int64_t than_ns)
{
    if (than_ns > 0 && (*in_ns < 0 || than_ns < *in_ns))
        *in_ns = than_ns;
}

int64_t leap_look_in_ns(const struct leap *leap, gn_utc now)
{
    const int64_t half_ns = (int64_t)SMEAR_HALF_S * GN_NS_PER_S;
    int64_t in_ns = -1;
    if (leap->owed_ns != 0)
        return LOOK_AFTER_NS;
    if (leap->pending != GN_LEAP_NORMAL) {
        sooner(&in_ns, gn_utc_sub(leap->at, now) - half_ns);
        sooner(&in_ns, gn_utc_sub(turn_of(leap->pending, leap->at), now));
        if (leap_due(leap, now)) /* and nobody has applied it */
            sooner(&in_ns, GN_NS_PER_S);
    } else if (leap->past != GN_LEAP_NORMAL) {
        sooner(&in_ns, gn_utc_sub(leap->past_at, now) + half_ns);
    }
    return in_ns;
}
