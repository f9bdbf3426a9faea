/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_RTC_EDGE_H
#define REFCLOCK_RTC_EDGE_H

/**
 * When a second of the hardware clock begins, for clocks that do not interrupt then: they are
 * asked again and again until what they show has changed.
 *
 * Pure: readings go in, the next instant to ask or an edge comes out. Who knows the last edge asks
 * around the next one only, and more often. Spec: rtc(4).
 */

#include <gnomon/time.h>

struct edge {
    bool known; /* an edge has been found: `second` began at `at` */
    int64_t second;
    gn_local at;
    double half_width_s; /* `at` may be off by so much */
    /* the search */
    bool asked; /* it showed `shown`, asked before `asked_at` */
    int64_t shown;
    gn_local asked_at;
    int64_t step_ns;
};

/** The clock shows whole seconds since 1970, as asked between two instants. */
struct edge_reading {
    int64_t second;
    gn_local before, after;
};

/** Begin a search. Returns the instant to ask first; `now` or later. */
gn_local edge_begin(struct edge *, gn_local now);

/** Take a reading. Returns true: the edge is found. Else ask again at `*again`. */
bool edge_take(struct edge *, const struct edge_reading *, gn_local *again);

/** An interrupt told the edge: `second` began at `at`, give or take. */
void edge_told(struct edge *, int64_t second, gn_local at, double half_width_s);

#endif
