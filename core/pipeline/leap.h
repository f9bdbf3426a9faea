/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_LEAP_H
#define PIPELINE_LEAP_H

/** The leap second that the sources announce for the end of the UTC month. */

#include <gnomon/sample.h>
#include <stddef.h>

struct leap {
    enum gn_leap pending;
    gn_utc at;          /* end of the month that `pending` is about; valid while pending */
    gn_utc quiet_until; /* announcements are echoes of the last leap until then */
};

void leap_init(struct leap *);

/** What the selected sources say. */
struct leap_votes {
    unsigned insert, remove, all;
};

/**
 * Count the votes: a leap second is pending when more than half announce it.
 * Returns whether `pending` has changed. Without voters, what was announced stays.
 */
bool leap_update(struct leap *, gn_utc now, struct leap_votes);

/** Whether a step of the clock by `by_ns` at about `now` is the pending leap second. */
bool leap_due(const struct leap *, gn_utc now, int64_t by_ns);

/** What the kernel shall do at the end of this UTC day: earlier it would leap on the wrong one. */
enum gn_leap leap_today(const struct leap *, gn_utc now);

/** When to look whether the clock has leapt. Units: ns from `now`; < 0: there is nothing to see. */
int64_t leap_look_in_ns(const struct leap *, gn_utc now);

/** The leap second was applied. */
void leap_applied(struct leap *, gn_utc now);

/** The first instant of the next UTC month. */
gn_utc leap_month_end(gn_utc now);

#define LEAP_DATE_SIZE 16

/** The day that ends at `end`, as 2016-12-31. */
void leap_date(gn_utc end, char date[LEAP_DATE_SIZE]);

#endif
