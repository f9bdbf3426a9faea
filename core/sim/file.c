/* SPDX-License-Identifier: Apache-2.0 */
#include <base/text.h>
#include <errno.h>
#include <fcntl.h>
#include <sim/file.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

static int write_and_close(int fd, const char *data, size_t size)
{
    int rc = write_all(fd, data, size);
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    return rc;
}

/* With the rights that a file made by open() would have. */
static int widen(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask) < 0 ? -errno : 0;
}

static int replace(const char *path, char *aside, const char *data, size_t size)
{
    int fd = mkostemp(aside, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = widen(fd), written = write_and_close(fd, data, size);
    if (rc == 0)
        rc = written;
    if (rc == 0 && rename(aside, path) < 0)
        rc = -errno;
    if (rc < 0)
        unlink(aside);
    return rc;
}

int file_write(const char *path, const char *data, size_t size)
{
    struct stat status;
    struct text aside;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        return fd < 0 ? -errno : write_and_close(fd, data, size);
    }
    text_init(&aside);
    text_addf(&aside, "%s.XXXXXX", path);
    int rc = replace(path, aside.data, data, size);
    text_finish(&aside);
    return rc;
}
