/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_LEAP_H
#define PIPELINE_LEAP_H

/** The leap second at the end of the UTC month: who says so, when it is, what a smear makes of it.
 */

#include <gnomon/sample.h>
#include <stdbool.h>
#include <stddef.h>

struct leap {
    enum gn_leap pending;
    gn_utc at;    /* end of the month that `pending` is about; valid while pending */
    bool by_list; /* it stands in the list */
    /* The last one that UTC has passed, as far as is known. */
    enum gn_leap past;
    gn_utc past_at;
    gn_utc quiet_until; /* announcements are echoes of the last leap until then */
    /* The system clock leaps by itself, a little before UTC or after: by so much it still will. */
    int64_t owed_ns;
    gn_utc owed_since;
    bool moved;        /* it has, for the leap that is pending or just past */
    gn_utc refused_at; /* end of a month for which an announcement was refused */
};

void leap_init(struct leap *);

/** What the selected sources say. */
struct leap_votes {
    unsigned insert, remove, all;
};

/** What a valid list says of the next leap second; not `known`: there is no such list. */
struct leap_word {
    bool known;
    enum gn_leap leap;
    gn_utc at; /* valid where there is one */
};

/**
 * Make up our mind. A list outvotes all sources. Otherwise a leap second is pending when more than
 * half of them announce it, for the end of June or December: none has ever been elsewhere, but
 * many were announced. Without voters, what was announced stays.
 * Returns whether `pending` has changed.
 */
bool leap_update(struct leap *, gn_utc now, struct leap_votes, struct leap_word);

/** Whether a majority announces one for a month without leap seconds; true once a month. */
bool leap_refused(struct leap *, gn_utc now, struct leap_votes);

/** Whether UTC leaps now, or has a moment ago: at the end of the month, or a second before. */
bool leap_due(const struct leap *, gn_utc now);

/** By how much a clock leaps. Units: ns. */
int64_t leap_by_ns(enum gn_leap);

/** UTC has passed the pending leap second, at `now` by the count from before it. */
void leap_pass(struct leap *, gn_utc now);

/** Whether a step of the clock by `by_ns` at about `now` is the leap second, and its only one. */
bool leap_is_move(const struct leap *, gn_utc now, int64_t by_ns);

/** What the kernel shall do at the end of the day that the system clock shows: it must be the right
 * one. */
enum gn_leap leap_today(const struct leap *, gn_utc now, int64_t system_ns);

/** When to look again: UTC or its smear turns, or the clock is to leap. Units: ns; < 0: never. */
int64_t leap_look_in_ns(const struct leap *, gn_utc now);

/**
 * Smeared time minus UTC, from noon before the leap to noon after it: so the leap is spread evenly
 * over the 86401 or 86399 seconds between. `*rate`: its slope, s/s. Units: s.
 */
double leap_smear_s(const struct leap *, gn_utc now, double *rate);

/** The same for one leap, which UTC has passed or not. */
double leap_smear_of(enum gn_leap, gn_utc at, bool passed, gn_utc now, double *rate);

/** The first instant of the next UTC month. */
gn_utc leap_month_end(gn_utc now);

#define LEAP_DATE_SIZE 16

/** The day that ends at `end`, as 2016-12-31. */
void leap_date(gn_utc end, char date[LEAP_DATE_SIZE]);

#endif
