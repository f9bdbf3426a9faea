/* SPDX-License-Identifier: Apache-2.0 */
#include <os/os_linux.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

static int fill_from_device(unsigned char *data, size_t size)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = 0;
    while (size > 0 && rc == 0) {
        ssize_t n = read(fd, data, size);
        if (n > 0) {
            data += n;
            size -= (size_t)n;
        } else if (n == 0) {
            rc = -EIO;
        } else if (errno != EINTR) {
            rc = -errno;
        }
    }
    close(fd);
    return rc;
}

static int fill(struct os_entropy *entropy, void *buffer, size_t size)
{
    (void)entropy;
    unsigned char *data = buffer;
    while (size > 0) {
        ssize_t n = getrandom(data, size, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fill_from_device(data, size); /* no such call, or filtered */
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

static const struct os_entropy_ops entropy_ops = {.fill = fill};

struct os_entropy *entropy_create(void)
{
    struct os_entropy *entropy = calloc(1, sizeof *entropy);
    if (entropy != NULL)
        entropy->ops = &entropy_ops;
    return entropy;
}

void entropy_destroy(struct os_entropy *entropy)
{
    free(entropy);
}
