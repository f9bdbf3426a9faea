/* SPDX-License-Identifier: Apache-2.0 */
#include "ladder.h"

#include "sntp.h"
#include <string.h>

#define MAX_DOUBLINGS 20

void ladder_init(struct ladder *ladder, size_t count, int64_t poll_ns)
{
    memset(ladder, 0, sizeof(*ladder));
    ladder->count = count;
    ladder->poll_ns = poll_ns;
}

void ladder_resolved(struct ladder *ladder, const struct gn_address *addresses, size_t count)
{
    ladder->address = 0;
    ladder->address_count = count < LADDER_ADDRESSES ? count : LADDER_ADDRESSES;
    for (size_t i = 0; i < ladder->address_count; i++)
        ladder->addresses[i] = addresses[i];
}

const struct gn_address *ladder_address(const struct ladder *ladder)
{
    return ladder->address < ladder->address_count ? &ladder->addresses[ladder->address] : NULL;
}

void ladder_good(struct ladder *ladder, gn_local now)
{
    ladder->rounds = 0;
    if (!ladder->held)
        ladder->since = now;
    ladder->held = ladder->rung > 0;
}

bool ladder_wants_first(const struct ladder *ladder, gn_local now)
{
    return ladder->held && gn_local_sub(now, ladder->since) >= LADDER_HOLD_NS;
}

void ladder_deny(struct ladder *ladder, gn_local now, int64_t for_ns)
{
    ladder->denied[ladder->rung] = true;
    ladder->denied_until[ladder->rung] = gn_local_add(now, for_ns);
    ladder->address_count = 0; /* all of them are one server to us */
}

static bool is_denied(const struct ladder *ladder, size_t rung, gn_local now)
{
    return ladder->denied[rung] && gn_local_sub(ladder->denied_until[rung], now) > 0;
}

static void climb_to(struct ladder *ladder, size_t rung)
{
    ladder->rung = rung;
    ladder->address_count = 0;
    ladder->address = 0;
    ladder->held = false;
}

/* From there on, the first that may be asked; below the last there is a pause. */
static void climb_from(struct ladder *ladder, size_t rung, gn_local now)
{
    while (rung < ladder->count && is_denied(ladder, rung, now))
        rung++;
    if (rung < ladder->count) {
        climb_to(ladder, rung);
        return;
    }
    climb_to(ladder, 0);
    ladder->resting = true;
    ladder->rounds++;
}

void ladder_next(struct ladder *ladder, gn_local now)
{
    if (ladder_wants_first(ladder, now))
        climb_from(ladder, 0, now);
    else if (++ladder->address >= ladder->address_count)
        climb_from(ladder, ladder->rung + 1, now);
}

static int64_t pause_ns(const struct ladder *ladder)
{
    int64_t wait_ns = SNTP_FIRST_NS;
    for (unsigned i = 1; i < ladder->rounds && i < MAX_DOUBLINGS && wait_ns < ladder->poll_ns; i++)
        wait_ns *= 2;
    return wait_ns < ladder->poll_ns ? wait_ns : ladder->poll_ns;
}

int64_t ladder_delay_ns(const struct ladder *ladder, uint32_t chance)
{
    return ladder->resting ? sntp_spread(pause_ns(ladder), chance) : 0;
}

void ladder_rested(struct ladder *ladder, gn_local now)
{
    ladder->resting = false;
    if (is_denied(ladder, ladder->rung, now))
        climb_from(ladder, ladder->rung + 1, now);
}
