/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_COMMAND_INTERNAL_H
#define HOST_COMMAND_INTERNAL_H

/** Between command.c, which knows all commands, and the files that carry some of them out. */

#include <host/command.h>
#include <host/daemon.h>
#include <jansson.h>

#define COMMAND_WHY_MAX 512

/** A request under way. */
struct call {
    struct daemon *daemon;
    json_t *request;
    char why[COMMAND_WHY_MAX]; /* the reason, when a handler returns NULL; "" is out of memory */
};

/** Commands about sources (command_sources.c): a value, or NULL with the reason. */
json_t *command_activity(struct call *);
json_t *command_add(struct call *);
json_t *command_burst(struct call *);
json_t *command_delete(struct call *);
json_t *command_offline(struct call *);
json_t *command_online(struct call *);
json_t *command_refresh(struct call *);

#endif
