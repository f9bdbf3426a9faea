/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_NOTIFY_H
#define OS_NOTIFY_H

/**
 * Tell the service manager, if there is one, e.g. "READY=1". Spec: sd_notify(3).
 * `socket` is the value of NOTIFY_SOCKET, or NULL. Errors: negative errno; nothing depends on it.
 */
int notify_manager(const char *socket, const char *state);

#endif
