/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_COMMAND_H
#define HOST_COMMAND_H

/**
 * The commands of the control socket.
 *
 * Request: {"command": NAME, …arguments}. Reply: {"ok": true, "result": VALUE} or
 * {"ok": false, "error": TEXT}. The values are those of `gnomonctl --json`.
 */

#include <gnomon/host.h>

struct daemon;

/** Run one request. `reply` is called exactly once, before this returns. */
void command_run(struct daemon *, const char *request, gn_command_cb reply, void *reply_arg);

#endif
