/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VLOOP_H
#define SIM_VLOOP_H

/**
 * A node's loop under virtual time. Its timers count on the node's own steered clock, as the
 * kernel's do. run() returns at once: it is the world that runs.
 */

#include <os/os.h>
#include <sim/world.h>

/** `clock` is of vclock.h. Errors: NULL out of memory. */
struct os_loop *vloop_create(struct world *, struct os_clock *clock);
void vloop_destroy(struct os_loop *); /* takes NULL; closes timers that are left */

/** The node has handled an event: what shall be done at the end of a turn is done now. */
void vloop_end_turn(struct os_loop *);

/** The node sleeps from now on for so long: its timers stand still. */
void vloop_sleep(struct os_loop *, int64_t for_ns);

/** Whether stop() was called. */
bool vloop_stopped(const struct os_loop *);

#endif
