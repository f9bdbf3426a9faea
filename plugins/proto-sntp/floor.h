/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOOR_H
#define FLOOR_H

/** Glue: the time that is past for certain, kept from one life of the daemon to the next. */

#include <gnomon/host.h>

struct floor {
    gn_utc utc; /* it was known to be later than that */
    bool kept;  /* in this life, the last time at `kept_at` */
    gn_local kept_at;
};

/** What was kept, or the start of 2026. */
void floor_read(struct floor *, struct gn_host *);

/** Keep the time that the daemon knows, if it does: once a day, and when `kept` is not set. */
void floor_keep(struct floor *, struct gn_host *, gn_local now);

#endif
