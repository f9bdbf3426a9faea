/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LADDER_H
#define LADDER_H

/**
 * Servers in order of preference, and the addresses of the one that is asked. Pure.
 *
 * Who gives nothing is left for its next address, then for the next server; when all have had
 * their turn there is a pause, longer each time. After an hour with one that is not the first, the
 * first is tried again.
 */

#include <gnomon/host.h>

#define LADDER_RUNGS 8
#define LADDER_ADDRESSES 4
/** So long one that is not the first is kept, as long as it answers. */
#define LADDER_HOLD_NS (3600 * GN_NS_PER_S)

struct ladder {
    size_t count;
    int64_t poll_ns; /* no pause is longer */
    size_t rung;     /* of the server that is asked */
    bool denied[LADDER_RUNGS];
    gn_local denied_until[LADDER_RUNGS];
    struct gn_address addresses[LADDER_ADDRESSES];
    size_t address_count; /* 0: its name is not resolved */
    size_t address;
    unsigned rounds; /* in which nobody gave anything */
    bool resting;    /* the pause between two rounds is due */
    bool held;       /* one that is not the first answers, since … */
    gn_local since;
};

void ladder_init(struct ladder *ladder, size_t count, int64_t poll_ns);

/** The name of the rung has these addresses; those that there is no room for are left out. */
void ladder_resolved(struct ladder *ladder, const struct gn_address *addresses, size_t count);

/** The address that is to be asked; NULL: the name of the rung is to be resolved. */
const struct gn_address *ladder_address(const struct ladder *ladder);

/** Its last address gave a sample. */
void ladder_good(struct ladder *ladder, gn_local now);

/** Whether it is time to try the first again. */
bool ladder_wants_first(const struct ladder *ladder, gn_local now);

/** The server does not want to be asked for so long. */
void ladder_deny(struct ladder *ladder, gn_local now, int64_t for_ns);

/** The address gives nothing, or the first is to be tried again: go on. */
void ladder_next(struct ladder *ladder, gn_local now);

/** How long to wait before the next is asked; 0: at once. */
int64_t ladder_delay_ns(const struct ladder *ladder, uint32_t chance);

/** That pause is over. */
void ladder_rested(struct ladder *ladder, gn_local now);

#endif
