/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_LINES_H
#define HOST_LINES_H

/** Puts lines together from chunks of bytes, whatever the chunks. Pure, bounded. */

#include <stdbool.h>
#include <stddef.h>

struct lines {
    char *data;
    size_t used, capacity;
    size_t limit; /* longest line without its end */
};

/** One whole line, without its end, NUL-ended. Returns false to stop: `lines` may be finished then.
 */
typedef bool (*lines_cb)(void *arg, const char *line, size_t length);

void lines_init(struct lines *, size_t limit);
void lines_finish(struct lines *);

/**
 * Take a chunk.
 * Errors: -EMSGSIZE a line is too long; -EINVAL a NUL in a line; -ENOMEM; -ECANCELED the callback
 * stopped it. The lines before the bad one have been handed over; feed nothing more.
 */
int lines_feed(struct lines *, const void *data, size_t size, lines_cb, void *arg);

/** Whether there is part of a line. */
bool lines_pending(const struct lines *);

#endif
