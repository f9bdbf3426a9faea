/* SPDX-License-Identifier: Apache-2.0 */
#include <base/memory.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static void *check(void *block)
{
    if (block == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return block;
}

void *memory_zeroed(size_t size)
{
    return check(calloc(1, size > 0 ? size : 1));
}

void *memory_resize(void *block, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        check(NULL);
    return check(realloc(block, count * size > 0 ? count * size : 1));
}

char *memory_copy(const char *text)
{
    return check(strdup(text));
}

void *memory_grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity == 0 ? 8 : *capacity * 2;
    return memory_resize(items, *capacity, size);
}

void memory_thrift(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 * 1024); /* else it grows with the largest block freed */
    mallopt(M_TOP_PAD, 0);
#endif
}

void memory_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
