/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_PORT_HOLDER_H
#define OS_PORT_HOLDER_H

#include <gnomon/host.h>

/**
 * Who has bound a UDP port, as far as /proc tells: "chronyd (pid 123)".
 * Errors: -ENOENT nobody to be seen (another user's process, another namespace).
 */
int port_holder(const struct gn_address *bind, char *words, size_t size);

#endif
