/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_HOLDER_H
#define OS_HOLDER_H

#include <gnomon/host.h>

/**
 * Who has it, as far as /proc tells: "chronyd (pid 123)".
 * Errors: -ENOENT nobody to be seen (another user's process, another namespace).
 */

/** Who has bound a UDP port. */
int holder_of_port(const struct gn_address *bind, char *words, size_t size);

/** Who, but for us, has a character device open. */
int holder_of_device(const char *path, char *words, size_t size);

#endif
