/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

/**
 * The control socket: newline-delimited JSON, one reply line for each request line, in order.
 * A client that sends a line longer than CONTROL_LINE_MAX gets one error and is closed; one that
 * hangs costs its buffer and is closed after CONTROL_IDLE_NS without a whole line.
 */

#include <host/logger.h>
#include <os/os.h>

#define CONTROL_LINE_MAX 65536
#define CONTROL_CLIENTS_MAX 64
#define CONTROL_IDLE_NS (INT64_C(60) * 1000000000)

struct control;

/** Answer one request line (no newline, NUL-ended) through `reply`, once, before returning. */
typedef void (*control_handler)(void *arg, const char *request, gn_command_cb reply,
                                void *reply_arg);

/** Errors: negative errno, logged with path and reason. */
int control_open(struct os *, struct logger *, const char *path, mode_t mode, control_handler,
                 void *arg, struct control **);
void control_close(struct control *); /* takes NULL */

#endif
