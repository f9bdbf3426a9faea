/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_EPOCH_H
#define REFCLOCK_GPS_EPOCH_H

/**
 * The messages that name one instant, whatever their kinds and their order: a receiver says a
 * second in several messages, and gives one measurement with them, not several. Pure.
 */

#include "message.h"

/** What was said of one instant. */
struct epoch_second {
    gn_utc named;
    gn_local first;         /* the arrival of the first message */
    bool came[GPS_KINDS];   /* of each kind … */
    gn_local at[GPS_KINDS]; /* … the first arrival */
};

struct epoch {
    bool begun;
    struct epoch_second second; /* that is being said */
    gn_local last;              /* the newest arrival */
};

void epoch_init(struct epoch *);

/**
 * A message that names `named` arrived at `at`. Returns true when another instant was being said
 * until now: `*done` is all of it. A kind that comes again, and an instant that is past, change
 * nothing.
 */
bool epoch_take(struct epoch *, enum gps_kind, gn_local at, gn_utc named,
                struct epoch_second *done);

/** True when no more is to come of what was said: `*done` is all of it. */
bool epoch_end(struct epoch *, gn_local now, struct epoch_second *done);

/** The arrival that says best when the instant was: of `best`, or of the first that came; `*kind`
 * is its. */
gn_local epoch_best(const struct epoch_second *, enum gps_kind best, enum gps_kind *kind);

#endif
