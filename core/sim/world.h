/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

/**
 * True time, and what happens at which of its instants. Nothing in a simulated world waits: time
 * jumps from event to event; events of one instant happen in the order they were ordered in.
 */

#include <gnomon/time.h>
#include <stdbool.h>
#include <stddef.h>

struct world;

/** Something to happen. Embedded by who orders it, and must outlive its place in the queue. */
struct world_event {
    void (*happen)(void *arg);
    void *arg;
    /* The world's own: */
    int64_t when_ns;
    size_t place; /* in the heap, from 1; 0: not ordered */
};

/** A world that begins at `start`. Errors: NULL out of memory. */
struct world *world_create(uint64_t seed, gn_utc start);
void world_destroy(struct world *); /* takes NULL; what is still ordered is forgotten */

uint64_t world_seed(const struct world *);

/** True time, now and at the beginning: UTC as if no leap second were planned. */
gn_utc world_now(const struct world *);
gn_utc world_start(const struct world *);

/** UTC leaps by `by_ns` (-1 s: a second is inserted, and repeated) at the instant `at`. */
void world_plan_leap(struct world *, gn_utc at, int64_t by_ns);

/** What a clock shows that smears the planned leap from noon to noon, as UTC: the same time else.
 */
gn_utc world_smeared(const struct world *);

/** The planned leap, in the terms of world_plan_leap; `*by_ns` 0: there is none. */
gn_utc world_leap_at(const struct world *, int64_t *by_ns);

/** What a perfect clock shows now. */
gn_utc world_utc(const struct world *);

/** Order an event (anew); an instant in the past is now. */
void world_order(struct world *, struct world_event *, gn_utc when);

/** As world_order, `delay_ns` from now. */
void world_order_in(struct world *, struct world_event *, int64_t delay_ns);

/** Take an order back; takes events that are not ordered. */
void world_cancel(struct world *, struct world_event *);

/** Let time pass until `until`; events of that very instant have happened. */
void world_run(struct world *, gn_utc until);

/** End world_run after the event that is happening. */
void world_stop(struct world *);

/** Events that have happened so far. */
uint64_t world_events(const struct world *);

#endif
