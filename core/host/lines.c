/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <host/lines.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256 /* most requests fit */

void lines_init(struct lines *lines, size_t limit)
{
    *lines = (struct lines){.limit = limit};
}

void lines_finish(struct lines *lines)
{
    free(lines->data);
    lines_init(lines, lines->limit);
}

bool lines_pending(const struct lines *lines)
{
    return lines->used > 0;
}

/* Room for `size` bytes more and a NUL. Grows by doubling: a hanging client costs what it sent. */
static int reserve(struct lines *lines, size_t size)
{
    size_t needed = lines->used + size + 1;
    if (needed <= lines->capacity)
        return 0;
    size_t capacity = lines->capacity > 0 ? lines->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(lines->data, capacity);
    if (data == NULL)
        return -ENOMEM;
    lines->data = data;
    lines->capacity = capacity;
    return 0;
}

static int append(struct lines *lines, const char *data, size_t size)
{
    if (size > lines->limit - lines->used)
        return -EMSGSIZE;
    if (memchr(data, '\0', size) != NULL)
        return -EINVAL;
    int error = reserve(lines, size);
    if (error != 0)
        return error;
    memcpy(lines->data + lines->used, data, size);
    lines->used += size;
    lines->data[lines->used] = '\0';
    return 0;
}

int lines_feed(struct lines *lines, const void *data, size_t size, lines_cb callback, void *arg)
{
    const char *at = data, *end = at + size;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        int error = append(lines, at, (size_t)(stop - at));
        if (error != 0)
            return error;
        if (newline == NULL)
            return 0;
        at = newline + 1;
        size_t length = lines->used;
        lines->used = 0;
        assert(lines->data != NULL);
        if (!callback(arg, lines->data, length))
            return -ECANCELED;
    }
    return 0;
}
