/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/** Memory that is freed as a whole: a configuration and everything it points to. */

#include <stddef.h>

struct arena;

struct arena *arena_create(void);
void arena_destroy(struct arena *); /* takes NULL */

/** `size` zeroed bytes, aligned for any type. Owns: the arena. */
void *arena_alloc(struct arena *, size_t size);

/** A copy of the first `size` bytes of `text`, ended by NUL. Owns: the arena. */
char *arena_copy(struct arena *, const char *text, size_t size);

/** A formatted text. Owns: the arena. */
__attribute__((format(printf, 2, 3))) char *arena_format(struct arena *, const char *format, ...);

#endif
