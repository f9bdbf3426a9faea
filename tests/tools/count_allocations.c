/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Preloaded into a program: writes into the file COUNT_FILE, eight bytes long, how often memory was
 * asked for so far. For the GNU C library.
 */

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static _Atomic uint64_t before_the_file;
static _Atomic uint64_t *count = &before_the_file;

__attribute__((constructor)) static void open_file(void)
{
    const char *path = getenv("COUNT_FILE");
    int fd = path != NULL ? open(path, O_RDWR) : -1;
    void *page =
        fd >= 0 ? mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (page == MAP_FAILED)
        abort(); /* a count of nothing would please everybody */
    count = page;
}

void *malloc(size_t size)
{
    atomic_fetch_add(count, 1);
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size)
{
    atomic_fetch_add(count, 1);
    return __libc_calloc(items, size);
}

void *realloc(void *block, size_t size)
{
    atomic_fetch_add(count, 1);
    return __libc_realloc(block, size);
}
