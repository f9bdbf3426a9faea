/* SPDX-License-Identifier: Apache-2.0 */
#include "epoch.h"

#include <stdlib.h>
#include <string.h>

/* Messages of one solution name instants that differ by roundings; solutions come 50 ms apart or
 * more. */
#define SAME_NS (GN_NS_PER_S / 50)

/* An instant so far before the last one is no straggler: the receiver's time was set. */
#define STRAGGLER_NS (3 * GN_NS_PER_S)

/* Nothing more comes of an instant after such a silence. */
#define QUIET_NS (3 * GN_NS_PER_S / 2)

void epoch_init(struct epoch *epoch)
{
    memset(epoch, 0, sizeof *epoch);
}

static void begin(struct epoch *epoch, gn_local at, gn_utc named)
{
    memset(&epoch->second, 0, sizeof epoch->second);
    epoch->begun = true;
    epoch->second.named = named;
    epoch->second.first = at;
}

static void add(struct epoch *epoch, enum gps_kind kind, gn_local at)
{
    epoch->last = at;
    if (epoch->second.came[kind])
        return;
    epoch->second.came[kind] = true;
    epoch->second.at[kind] = at;
    if (gn_local_sub(at, epoch->second.first) < 0)
        epoch->second.first = at;
}

bool epoch_take(struct epoch *epoch, enum gps_kind kind, gn_local at, gn_utc named,
                struct epoch_second *done)
{
    int64_t after_ns = gn_utc_sub(named, epoch->second.named);
    bool ended = false;
    if (epoch->begun && after_ns < -SAME_NS && after_ns > -STRAGGLER_NS)
        return false;
    if (epoch->begun && llabs(after_ns) > SAME_NS) {
        *done = epoch->second;
        ended = true;
    }
    if (!epoch->begun || ended)
        begin(epoch, at, named);
    add(epoch, kind, at);
    return ended;
}

bool epoch_end(struct epoch *epoch, gn_local now, struct epoch_second *done)
{
    if (!epoch->begun || gn_local_sub(now, epoch->last) < QUIET_NS)
        return false;
    *done = epoch->second;
    epoch->begun = false;
    return true;
}

gn_local epoch_best(const struct epoch_second *second, enum gps_kind best, enum gps_kind *kind)
{
    *kind = best;
    if (second->came[best])
        return second->at[best];
    for (int i = 0; i < GPS_KINDS; i++)
        if (second->came[i] && second->at[i].ns == second->first.ns)
            *kind = (enum gps_kind)i;
    return second->first;
}
