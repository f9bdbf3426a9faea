/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_OS_LINUX_H
#define OS_OS_LINUX_H

/** The real machine: constructors of this folder's implementations of os.h. */

#include <os/os.h>

/** What goes wrong below the plugins' sight: one line, by level. */
typedef void (*os_log_cb)(void *arg, enum gn_level, const char *text);

/** A libuv loop of our own. Errors: NULL out of memory or descriptors. */
struct os_loop *loop_uv_create(void);
/**
 * Closes what is left and runs the pending closes. Takes NULL. Returns false: a name look-up hangs
 * in a thread of libuv, for which exit(3) would wait; _exit(2) does not.
 */
bool loop_uv_destroy(struct os_loop *);

/** Sockets, Unix streams and names on that loop. */
struct os_net *net_uv_create(struct os_loop *, os_log_cb, void *log_arg);
void net_uv_destroy(struct os_net *);

struct os_devices *dev_uv_create(struct os_loop *);
void dev_uv_destroy(struct os_devices *);

/** The kernel's clock, steered by clock_adjtime. Starts from the frequency in force. */
struct os_clock *sysclock_linux_create(os_log_cb, void *log_arg);

/** The kernel's clock, only read (-x). */
struct os_clock *sysclock_null_create(void);

struct os_store *statefile_create(void);
void statefile_destroy(struct os_store *);

struct os_entropy *entropy_create(void);
void entropy_destroy(struct os_entropy *);

#endif
