/* SPDX-License-Identifier: Apache-2.0 */
#include <os/os_linux.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---------------------------------------------------------------- read */

/* Read up to `size` bytes and look whether there is one more. */
static ssize_t read_whole(int fd, char *data, size_t size)
{
    size_t have = 0;
    for (;;) {
        char more;
        bool full = have == size;
        ssize_t n = read(fd, full ? &more : data + have, full ? 1 : size - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return (ssize_t)have;
        if (full)
            return -EFBIG;
        have += (size_t)n;
    }
}

static ssize_t read_file(struct os_store *store, const char *path, void *data, size_t size)
{
    (void)store;
    /* O_NONBLOCK: a FIFO in the place of the file must not hang the daemon. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    struct stat status;
    ssize_t result;
    if (fstat(fd, &status) < 0)
        result = -errno;
    else if (S_ISDIR(status.st_mode))
        result = -EISDIR;
    else if (!S_ISREG(status.st_mode))
        result = -EINVAL;
    else
        result = read_whole(fd, data, size);
    close(fd);
    return result;
}

/* ---------------------------------------------------------------- write */

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Open the folder of `path`; `*base` is what follows the last slash. */
static int open_folder(const char *path, const char **base)
{
    char brief[256], *folder = brief; /* most are: they cost no allocation, and little stack */
    const char *slash = strrchr(path, '/');
    *base = slash == NULL ? path : slash + 1;
    size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (**base == '\0')
        return -EISDIR;
    if (length >= sizeof brief)
        folder = malloc(length + 1);
    if (folder == NULL)
        return -ENOMEM;
    memcpy(folder, path, length);
    folder[length] = '\0';
    int fd = open(length == 0 ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = errno;
    if (folder != brief)
        free(folder);
    return fd < 0 ? -error : fd;
}

/* Write the new content in full and have it on the disk, under a name that nobody reads. */
static int write_aside(int folder, const char *aside, const void *data, size_t size)
{
    int fd = openat(folder, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    int rc = fchmod(fd, 0644) < 0 ? -errno : write_all(fd, data, size);
    if (rc == 0 && fsync(fd) < 0)
        rc = -errno;
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    return rc;
}

static int sync_folder(int folder)
{
    if (fsync(folder) < 0 && errno != EINVAL) /* EINVAL: the file system has no such thing */
        return -errno;
    return 0;
}

static int replace(int folder, const char *base, const void *data, size_t size)
{
    /* One fixed name: whatever kill -9 leaves behind, the next write takes away. */
    char aside[NAME_MAX + 1];
    if (snprintf(aside, sizeof aside, ".%s.new", base) >= (int)sizeof aside)
        return -ENAMETOOLONG;
    if (unlinkat(folder, aside, 0) < 0 && errno != ENOENT)
        return -errno;
    int rc = write_aside(folder, aside, data, size);
    if (rc == 0 && renameat(folder, aside, folder, base) < 0)
        rc = -errno;
    if (rc < 0) {
        unlinkat(folder, aside, 0);
        return rc;
    }
    return sync_folder(folder);
}

static int write_file(struct os_store *store, const char *path, const void *data, size_t size)
{
    (void)store;
    const char *base;
    int folder = open_folder(path, &base);
    if (folder < 0)
        return folder;
    int rc = replace(folder, base, data, size);
    close(folder);
    return rc;
}

/* ---------------------------------------------------------------- life */

static const struct os_store_ops store_ops = {.read = read_file, .write = write_file};

struct os_store *statefile_create(void)
{
    struct os_store *store = calloc(1, sizeof *store);
    if (store != NULL)
        store->ops = &store_ops;
    return store;
}

void statefile_destroy(struct os_store *store)
{
    free(store);
}
