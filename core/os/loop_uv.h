/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_LOOP_UV_H
#define OS_LOOP_UV_H

/** What this folder's other parts need of the loop. Not for anybody outside of core/os. */

#include <os/os_linux.h>
#include <uv.h>

/** libuv's loop. Owns: the os_loop. */
uv_loop_t *loop_uv_handle(struct os_loop *);

/**
 * This turn does something: turn_end is due. Called by every libuv callback before it calls on,
 * so that turn_end is called neither for empty turns nor twice.
 */
void loop_uv_busy(struct os_loop *);

/**
 * Memory for what is opened and closed again and again, such as the socket of each request: what
 * was given back last, or new. Zeroed; NULL: there is none. `size` is at least that of two
 * pointers.
 */
void *loop_uv_take(struct os_loop *, size_t size);

/** Give it back, also when the loop is about to end and has closed the handle in it. */
void loop_uv_give(uv_loop_t *, void *block, size_t size);

#endif
