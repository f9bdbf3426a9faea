/* SPDX-License-Identifier: Apache-2.0 */
#include "edge.h"

/* Where nothing is known of the second it is asked so often … */
#define COARSE_NS (20 * GN_NS_PER_S / 1000)

/* … and where it is about to begin, so often: what a timer can do. */
#define FINE_NS (2 * GN_NS_PER_S / 1000)

/* What two oscillators may part by, and what is added for the reading and the timer. */
#define PARTING 300e-6
#define GUARD_NS (5 * GN_NS_PER_S / 1000)

/* Beyond this, nothing is known any more. */
#define OLD_NS (600 * GN_NS_PER_S)

/* How far before and after its prediction the next edge may come. */
static int64_t guard_ns(const struct edge *edge, gn_local now)
{
    double age_s = gn_seconds(gn_local_sub(now, edge->at));
    return GUARD_NS + gn_nanoseconds(edge->half_width_s + age_s * PARTING);
}

gn_local edge_begin(struct edge *edge, gn_local now)
{
    int64_t age_ns = gn_local_sub(now, edge->at);
    edge->asked = false;
    edge->step_ns = COARSE_NS;
    if (!edge->known || age_ns < 0 || age_ns > OLD_NS)
        return now;
    int64_t guard = guard_ns(edge, now);
    int64_t in_ns = GN_NS_PER_S - age_ns % GN_NS_PER_S - guard;
    if (in_ns <= 0)
        in_ns += GN_NS_PER_S;
    if (guard < GN_NS_PER_S / 10)
        edge->step_ns = FINE_NS;
    return gn_local_add(now, in_ns);
}

void edge_told(struct edge *edge, int64_t second, gn_local at, double half_width_s)
{
    edge->known = true;
    edge->second = second;
    edge->at = at;
    edge->half_width_s = half_width_s;
}

bool edge_take(struct edge *edge, const struct edge_reading *reading, gn_local *again)
{
    bool changed = edge->asked && reading->second == edge->shown + 1;
    if (changed) {
        int64_t width_ns = gn_local_sub(reading->after, edge->asked_at);
        edge_told(edge, reading->second, gn_local_add(edge->asked_at, width_ns / 2),
                  gn_seconds(width_ns) / 2);
        return true;
    }
    edge->asked = true;
    edge->shown = reading->second;
    edge->asked_at = reading->before;
    *again = gn_local_add(reading->after, edge->step_ns);
    return false;
}
