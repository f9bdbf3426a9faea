/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/**
 * Memory for the small things of a start or a reload: texts, lists, tables. These calls never
 * return NULL; a machine without a few bytes to spare ends the process with one line on stderr.
 * Whatever depends on a peer's input allocates for itself and checks.
 */

#include <stddef.h>

/** `size` zeroed bytes. Owns: the caller frees. */
void *memory_zeroed(size_t size);

/** `block` (or NULL) with room for `count` items of `size` bytes. Owns: the caller frees. */
void *memory_resize(void *block, size_t count, size_t size);

/** A copy of `text`. Owns: the caller frees. */
char *memory_copy(const char *text);

/**
 * Room for one more item in a growing list: returns `items`, moved if needed, and raises
 * `*capacity`.
 */
void *memory_grow(void *items, size_t count, size_t *capacity, size_t size);

/**
 * For the first lines of main(): large tables get pages of their own, of which only those count
 * that are touched, whatever was freed before.
 */
void memory_thrift(void);

/** Give the pages back that the start used and freed. */
void memory_trim(void);

#endif
