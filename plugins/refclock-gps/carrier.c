/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier.h"

#include <string.h>

/* Between two looks: while nothing is known, and near a pulse, where it is what timers can do. */
#define SEEK_NS (GN_NS_PER_S / 200)
#define NEAR_NS (GN_NS_PER_S / 1000)

/* How long before it is due a pulse is looked for, and how long after. */
#define BEFORE_NS (GN_NS_PER_S / 250)
#define AFTER_NS (GN_NS_PER_S / 50)

/* An edge that came between looks further apart tells about when, and no more. */
#define COARSE_NS (GN_NS_PER_S / 50)

/* Pulses that fail to come before it is told, and before they are sought anew. */
#define PATIENCE 3

void carrier_init(struct carrier *carrier, enum pulse_edge edge)
{
    const struct pulse_config config = {.edge = edge, .interval_ns = GN_NS_PER_S};
    memset(carrier, 0, sizeof *carrier);
    carrier->reading.both = true;
    pulse_init(&carrier->pulse, &config);
}

bool carrier_silent(const struct carrier *carrier)
{
    return carrier->misses >= PATIENCE;
}

/* Sought without end, or anew after too many that did not come: nothing but looking helps. */
static void miss(struct carrier *carrier, gn_local now)
{
    if (!carrier->due && carrier->expected.ns == 0)
        carrier->expected = gn_local_add(now, GN_NS_PER_S);
    if (gn_local_sub(now, carrier->expected) < AFTER_NS)
        return;
    carrier->expected = gn_local_add(carrier->expected, GN_NS_PER_S);
    carrier->misses++;
    carrier->due = carrier->due && carrier->misses < PATIENCE;
}

/* The stamps of `pulse` are of the local scale here; it only takes their differences. */
static void note(struct carrier *carrier, bool high, gn_local at)
{
    if (high) {
        carrier->reading.assert_sequence++;
        carrier->reading.assert_at.ns = at.ns;
    } else {
        carrier->reading.clear_sequence++;
        carrier->reading.clear_at.ns = at.ns;
    }
}

bool carrier_look(struct carrier *carrier, gn_local now, bool high, gn_local *at, double *half_s)
{
    int64_t gap_ns = gn_local_sub(now, carrier->looked);
    bool edge = carrier->begun && high != carrier->high;
    gn_utc stamp = {0};
    if (edge)
        note(carrier, high, gn_local_add(now, -gap_ns / 2));
    carrier->begun = true;
    carrier->high = high;
    carrier->looked = now;
    if (!edge || pulse_take(&carrier->pulse, &carrier->reading, &stamp) != PULSE_TAKEN) {
        miss(carrier, now);
        return false;
    }
    at->ns = stamp.ns;
    *half_s = gn_seconds(gap_ns) / 2;
    carrier->misses = 0;
    carrier->due = true;
    carrier->expected = gn_local_add(*at, GN_NS_PER_S);
    return gap_ns <= COARSE_NS;
}

int64_t carrier_next(const struct carrier *carrier, gn_local now)
{
    int64_t until_ns = gn_local_sub(carrier->expected, now) - BEFORE_NS;
    if (!carrier->due)
        return SEEK_NS;
    return until_ns > NEAR_NS ? until_ns : NEAR_NS;
}
