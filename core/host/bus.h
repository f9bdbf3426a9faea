/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_BUS_H
#define HOST_BUS_H

/**
 * Events on their way to the outputs. They are queued, and delivered at the end of the turn, so
 * that no plugin is called from within its own call.
 */

#include <gnomon/event.h>
#include <stdbool.h>

#define BUS_QUEUE 64

struct bus_event {
    struct gn_event event; /* its strings point to the two below */
    char source[64];
    char text[256];
};

struct bus {
    struct bus_event queue[BUS_QUEUE];
    unsigned head, count;
    unsigned dropped; /* since the last delivery */
};

/** Queue a copy. A full queue counts it as dropped. */
void bus_put(struct bus *, const struct gn_event *);

/** Take the oldest event out. It stays valid until the next bus_put(). Returns NULL when empty. */
const struct gn_event *bus_take(struct bus *);

#endif
