/* SPDX-License-Identifier: Apache-2.0 */
#include "dev_special.h"

#include "sockaddr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---------------------------------------------------------------- sockets of ours */

/* Whether somebody reads from it: connecting says so without sending anything. */
static bool is_live(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool live = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    if (fd >= 0)
        close(fd);
    return live;
}

/* A file that nobody listens to any more is in the way. */
static int make_room(const struct sockaddr_un *address)
{
    struct stat file;
    if (lstat(address->sun_path, &file) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(file.st_mode))
        return -EEXIST;
    if (is_live(address))
        return -EADDRINUSE;
    return unlink(address->sun_path) == 0 || errno == ENOENT ? 0 : -errno;
}

static int bind_to(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

int dev_socket_open(struct dev_socket *socket, const char *path)
{
    struct sockaddr_un address;
    struct stat file;
    int rc = sockaddr_unix(&address, path);
    if (rc == 0)
        rc = make_room(&address);
    if (rc < 0)
        return rc;
    socket->fd = bind_to(&address);
    if (socket->fd < 0)
        return socket->fd;
    socket->path = strdup(path);
    if (socket->path == NULL || lstat(path, &file) < 0) {
        rc = socket->path == NULL ? -ENOMEM : -errno;
        unlink(path);
        free(socket->path);
        close(socket->fd);
        return rc;
    }
    socket->device = file.st_dev;
    socket->inode = file.st_ino;
    return 0;
}

void dev_socket_close(struct dev_socket *socket)
{
    struct stat file;
    if (lstat(socket->path, &file) == 0 && file.st_dev == socket->device &&
        file.st_ino == socket->inode)
        unlink(socket->path);
    free(socket->path);
    close(socket->fd);
}

/* ---------------------------------------------------------------- memory of others */

#define PREFIX "/sysv/"

static int key_of(const char *path, key_t *key)
{
    char *end;
    if (strncmp(path, PREFIX, strlen(PREFIX)) != 0)
        return -EINVAL;
    const char *digits = path + strlen(PREFIX);
    errno = 0;
    unsigned long value = strtoul(digits, &end, 16);
    if (errno != 0 || end == digits || *end != '\0' || value == 0 || value > 0xffffffffu)
        return -EINVAL;
    *key = (key_t)(unsigned)value;
    return 0;
}

int dev_segment_attach(struct dev_segment *segment, const char *path)
{
    struct shmid_ds about;
    key_t key;
    int rc = key_of(path, &key);
    if (rc < 0)
        return rc;
    int id = shmget(key, 0, 0);
    if (id < 0 || shmctl(id, IPC_STAT, &about) < 0)
        return -errno;
    void *at = shmat(id, NULL, SHM_RDONLY);
    if (at == (void *)-1)
        return -errno;
    segment->at = at;
    segment->size = about.shm_segsz;
    return 0;
}

/* Byte for byte, so that nothing is kept in a register from one read to the next. */
ssize_t dev_segment_read(const struct dev_segment *segment, void *data, size_t size)
{
    unsigned char *out = data;
    size_t n = size < segment->size ? size : segment->size;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    for (size_t i = 0; i < n; i++)
        out[i] = segment->at[i];
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return (ssize_t)n;
}

void dev_segment_detach(struct dev_segment *segment)
{
    shmdt((const void *)segment->at);
    *segment = (struct dev_segment){0};
}
