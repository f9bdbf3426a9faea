/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_ELF_FILE_H
#define HOST_ELF_FILE_H

#include <stdbool.h>

/**
 * Whether an ELF file of this machine ends before its segments do: a copy that was cut short.
 * dlopen() would map it all the same, and the process would die of the first missing page. What
 * is no ELF file at all is left for dlopen() to explain.
 */
bool elf_file_is_cut(const char *path);

#endif
