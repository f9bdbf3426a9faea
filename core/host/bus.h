/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_BUS_H
#define HOST_BUS_H

/**
 * Events on their way to the outputs. They are queued, and delivered at the end of the turn, so
 * that no plugin is called from within its own call. They are rare: a queue takes memory only
 * while something is in it.
 */

#include <gnomon/event.h>
#include <stdbool.h>

/** Most events that wait. */
#define BUS_QUEUE 64
/** Longer words are cut, in bytes. */
#define BUS_SOURCE_MAX 63
#define BUS_TEXT_MAX 255

struct bus_event;

/** Begins zeroed. */
struct bus {
    struct bus_event *first, *last;
    struct bus_event *taken; /* by the last bus_take() */
    unsigned count;
    unsigned dropped; /* since the last delivery */
};

/** Queue a copy. A full queue, and one without memory, counts it as dropped. */
void bus_put(struct bus *, const struct gn_event *);

/** Take the oldest event out. It stays valid until the next bus_take(). Returns NULL when empty. */
const struct gn_event *bus_take(struct bus *);

/** Forget all that waits. */
void bus_clear(struct bus *);

#endif
