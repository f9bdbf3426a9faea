/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_CALENDAR_H
#define REFCLOCK_GPS_CALENDAR_H

/**
 * Which instant of UTC a message means: the day repaired, leap seconds taken out, and what cannot
 * be right refused.
 *
 * GPS counts weeks modulo 1024. Firmware guesses the rest, and guesses wrong 19.6 years after it
 * was made: its dates are n·1024 weeks early. No date before the pivot is believed, the newest of
 * the day of this release, the last day that was good, and what the user says; it is taken for a
 * later one, so many weeks on. Others who know the day decide before the pivot does.
 *
 * Pure. Spec: IS-GPS-200, 20.3.3.5.2.4 (leap seconds), 6.2.4 (weeks).
 */

#include "message.h"
#include "others.h"

/** The day of this release: 2026-01-01. Moved with releases, never back. */
#define CALENDAR_RELEASED INT32_C(20454)

enum calendar_verdict {
    CALENDAR_GOOD,
    CALENDAR_UNSAID,       /* the message says no time */
    CALENDAR_NO_DATE,      /* only a time of day, and no date was said before */
    CALENDAR_IMPOSSIBLE,   /* no such date or time of day */
    CALENDAR_BACKWARD,     /* earlier than the pivot, and by no rollover */
    CALENDAR_LEAP_UNKNOWN, /* GPS time, and nobody knows how many leap seconds there have been; or
                              UTC by a count that is only a preset */
    CALENDAR_INSERTED,     /* within an inserted second, 23:59:60: gn_utc cannot say it */
    CALENDAR_JUMP, /* off by whole seconds since before, as by another leap count, and nobody
                      agrees */
};

/** Zeroed by calendar_init(). `rollovers`, `jumps` and what concerns leap seconds may be read, the
 * rest is its own. */
struct calendar {
    int32_t pivot_day;
    int rollovers; /* × 1024 weeks are added to what the receiver says */

    /* Leap seconds. */
    bool leap_known; /* the receiver vouches for leap_s, GPS − UTC */
    int leap_s;
    bool preset; /* it has said that its count is that of its firmware, and UTC is told by it */
    bool table_known; /* somebody else has told it */
    int table_s;
    int8_t change;    /* +1, −1: announced by the receiver; 0: none is */
    gn_utc change_at; /* the first midnight after it */
    bool told;        /* by others: many receivers leap and do not announce it */

    /* The past: what messages were believed to say. */
    unsigned count;            /* of them, up to what makes it a past */
    gn_local at;               /* the last, */
    gn_utc utc;                /* and what it said */
    double off_s;              /* that was newer than messages say on the average, by so much */
    double newest_s, oldest_s; /* what messages lately were at most, as off_s */
    double returns; /* from a jump to what was before, lately: then it is the latency that varies */
    /* A jump that nobody agrees with. */
    int jump_s;
    gn_local jumped_at;
    bool vouched;   /* the leap count was vouched for since */
    unsigned jumps; /* that somebody agreed with, or a leap second that nobody had announced: what
                       was numbered by this receiver before is to be numbered anew */
};

/** `pivot_day`: of the user, since 1970-01-01; 0 or GPS_NO_DAY: none. */
void calendar_init(struct calendar *, int32_t pivot_day);

/** A day that was good, from an earlier run. A day before the pivot changes nothing. */
void calendar_saved(struct calendar *, int32_t day);

/** The local scale has jumped, as after a suspend: the past says nothing about whole seconds. */
void calendar_forget(struct calendar *);

/** The leap count as a table has it (`gn_state.tai_offset_s`); GN_TAI_UNKNOWN: there is none. */
void calendar_table(struct calendar *, int32_t tai_offset_s);

/** What the daemon says of the end of this day, at `now`, where the receiver says nothing. It is
 * counted over, and not repeated by calendar_leap(). */
void calendar_told(struct calendar *, enum gn_leap, gn_utc now);

/** What a message says about leap seconds; before calendar_read() of the same message. */
void calendar_hear(struct calendar *, const struct gps_message *, gn_local at);

/**
 * Which instant `said` means, in a message that arrived at `at`; `others`: of that arrival.
 * `*utc` with CALENDAR_GOOD and, for people, with CALENDAR_JUMP.
 *
 * A jump is agreed with by others who know the time, by a leap count that the receiver has vouched
 * for since, or by a leap second. Where nobody else tells the time the receiver's word stands
 * after a quarter of an hour: the almanac with the leap count takes twelve and a half minutes.
 */
enum calendar_verdict calendar_read(struct calendar *, const struct gps_time *said, gn_local at,
                                    const struct gps_others *others, gn_utc *utc);

/**
 * As calendar_read(), of an instant that is no word on the present (a pulse to come): it is joined
 * to the past, and is not remembered.
 */
enum calendar_verdict calendar_read_other(const struct calendar *, const struct gps_time *said,
                                          gn_utc *utc);

/** Of a sample at `utc`: an announced leap second from the beginning of its day on. */
enum gn_leap calendar_leap(const struct calendar *, gn_utc utc);

/** Whether `day` is the first of its month: leap seconds come before it. */
bool calendar_month_begins(int64_t day);

/** What is wrong, in words; returns "" with CALENDAR_GOOD. `text` may be used for it. */
const char *calendar_words(const struct calendar *, enum calendar_verdict, char *text, size_t size);

/** "its firmware is at least 19 years old: …", or "" while nothing had to be repaired. */
const char *calendar_age_words(const struct calendar *, char *text, size_t size);

#endif
