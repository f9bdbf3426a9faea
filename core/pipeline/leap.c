/* SPDX-License-Identifier: Apache-2.0 */
#include <pipeline/leap.h>
#include <stdio.h>
#include <string.h>

#define DAY_NS (INT64_C(86400) * GN_NS_PER_S)
/* Servers go on announcing for a while after the leap. */
#define QUIET_NS (6 * INT64_C(3600) * GN_NS_PER_S)
/* The kernel leaps at the second; we may look a little later, and our UTC may be a little off. */
#define DUE_WINDOW_NS (120 * GN_NS_PER_S)
#define DUE_TOLERANCE_NS (GN_NS_PER_S / 10)
#define LOOK_AFTER_NS (GN_NS_PER_S / 100)

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

bool leap_update(struct leap *leap, gn_utc now, struct leap_votes votes)
{
    enum gn_leap before = leap->pending, wanted = GN_LEAP_NORMAL;
    /* A month that has ended takes its announcement with it, applied or not. */
    if (leap->pending != GN_LEAP_NORMAL && gn_utc_sub(now, leap->at) > DUE_WINDOW_NS)
        leap_applied(leap, now);
    if (votes.all == 0)
        return leap->pending != before;
    if (2 * votes.insert > votes.all)
        wanted = GN_LEAP_INSERT;
    else if (2 * votes.remove > votes.all)
        wanted = GN_LEAP_DELETE;
    if (wanted != GN_LEAP_NORMAL && gn_utc_sub(now, leap->quiet_until) < 0)
        wanted = GN_LEAP_NORMAL;
    /* Around the second itself, those who have leapt and those who have not may differ. */
    if (leap->pending != GN_LEAP_NORMAL && gn_utc_sub(leap->at, now) < GN_NS_PER_S)
        return leap->pending != before;
    if (wanted != GN_LEAP_NORMAL && wanted != leap->pending)
        leap->at = leap_month_end(now);
    leap->pending = wanted;
    return leap->pending != before;
}

enum gn_leap leap_today(const struct leap *leap, gn_utc now)
{
    int64_t left_ns = gn_utc_sub(leap->at, now);
    if (leap->pending == GN_LEAP_NORMAL || left_ns > DAY_NS)
        return GN_LEAP_NORMAL;
    return leap->pending;
}

int64_t leap_look_in_ns(const struct leap *leap, gn_utc now)
{
    int64_t left_ns = gn_utc_sub(leap->at, now);
    if (leap->pending == GN_LEAP_NORMAL || left_ns < -DUE_WINDOW_NS)
        return -1;
    /* The clock may be a little behind, and whoever sets it too. */
    return left_ns > -LOOK_AFTER_NS ? left_ns + LOOK_AFTER_NS : GN_NS_PER_S;
}

bool leap_due(const struct leap *leap, gn_utc now, int64_t by_ns)
{
    int64_t expected_ns = leap->pending == GN_LEAP_INSERT ? -GN_NS_PER_S : GN_NS_PER_S;
    int64_t late_ns, error_ns = by_ns - expected_ns;
    if (leap->pending == GN_LEAP_NORMAL)
        return false;
    late_ns = gn_utc_sub(now, leap->at);
    return late_ns > -2 * GN_NS_PER_S && late_ns < DUE_WINDOW_NS && error_ns < DUE_TOLERANCE_NS &&
           error_ns > -DUE_TOLERANCE_NS;
}

void leap_applied(struct leap *leap, gn_utc now)
{
    leap->pending = GN_LEAP_NORMAL;
    leap->quiet_until = gn_utc_add(now, QUIET_NS);
}
