/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_FILE_H
#define SIM_FILE_H

/** A file for the reader of a simulation. */

#include <stddef.h>

/**
 * Make the file have this content: all of it or, after an error, what it had before. What is no
 * regular file (a pipe, a terminal) is written to.
 * Errors: negative errno.
 */
int file_write(const char *path, const char *data, size_t size);

#endif
