/* SPDX-License-Identifier: Apache-2.0 */
#include "net_uv.h"
#include "sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 16

struct os_listener {
    uv_poll_t poll;
    int fd;
    struct net_uv *net;
    void (*accepted)(void *arg, struct os_stream *);
    void *arg;
    struct sockaddr_un address;
    dev_t device; /* of our socket file: somebody may have replaced it */
    ino_t inode;
    LIST_ENTRY(os_listener) link;
};

/* ---------------------------------------------------------------- accept */

/* With no descriptor left the caller would stay in the backlog and wake us for ever: give up the
 * reserve, take the caller, hang up on it. */
static void turn_away(struct os_listener *listener)
{
    struct net_uv *net = listener->net;
    if (net->reserve < 0)
        return;
    close(net->reserve);
    int fd = accept(listener->fd, NULL, NULL);
    if (fd >= 0)
        close(fd);
    net->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    net_uv_log(net, GN_WARNING, "%s: no descriptors left, a caller was turned away",
               listener->address.sun_path);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    struct os_listener *listener = handle->data;
    loop_uv_busy(listener->net->loop);
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        turn_away(listener);
    if (fd < 0)
        return;
    struct os_stream *stream;
    if (stream_adopt(listener->net, fd, &stream) < 0)
        close(fd);
    else
        listener->accepted(listener->arg, stream);
}

/* ---------------------------------------------------------------- the file */

/* Make way: a socket file that nobody listens on is left from a daemon that was killed. */
static int remove_stale(const struct sockaddr_un *address)
{
    struct stat found;
    if (lstat(address->sun_path, &found) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(found.st_mode))
        return -ENOTSOCK;
    int fd = net_uv_socket(AF_UNIX, SOCK_STREAM);
    if (fd < 0)
        return fd;
    int rc = connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? errno : 0;
    close(fd);
    if (rc == ENOENT)
        return 0;
    if (rc != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

/* The mode has to be right from the first moment; only the umask can do that. */
static int bind_file(int fd, const struct sockaddr_un *address, mode_t mode)
{
    mode_t before = umask(~mode & 0777);
    int rc = bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? -errno : 0;
    umask(before);
    return rc;
}

static int open_file(struct os_listener *listener, mode_t mode)
{
    int rc = remove_stale(&listener->address);
    if (rc < 0)
        return rc;
    int fd = net_uv_socket(AF_UNIX, SOCK_STREAM);
    if (fd < 0)
        return fd;
    rc = bind_file(fd, &listener->address, mode);
    struct stat made;
    if (rc == 0 && (listen(fd, BACKLOG) < 0 || lstat(listener->address.sun_path, &made) < 0)) {
        rc = -errno;
        unlink(listener->address.sun_path);
    }
    if (rc < 0) {
        close(fd);
        return rc;
    }
    listener->fd = fd;
    listener->device = made.st_dev;
    listener->inode = made.st_ino;
    return 0;
}

static void remove_file(const struct os_listener *listener)
{
    const char *path = listener->address.sun_path;
    struct stat found;
    if (lstat(path, &found) == 0 && found.st_dev == listener->device &&
        found.st_ino == listener->inode)
        unlink(path);
}

/* ---------------------------------------------------------------- the slots */

static void free_listener(uv_handle_t *handle)
{
    free(handle->data);
}

static int watch(struct os_listener *listener)
{
    uv_loop_t *loop = loop_uv_handle(listener->net->loop);
    int rc = uv_poll_init(loop, &listener->poll, listener->fd);
    if (rc < 0) {
        close(listener->fd);
        free(listener);
        return rc;
    }
    listener->poll.data = listener;
    LIST_INSERT_HEAD(&listener->net->listeners, listener, link);
    rc = uv_poll_start(&listener->poll, UV_READABLE, on_poll);
    if (rc < 0)
        listener_close(listener);
    return rc;
}

int listener_open_unix(struct os_net *base, const char *path, mode_t mode,
                       void (*accepted)(void *arg, struct os_stream *), void *arg,
                       struct os_listener **result)
{
    struct net_uv *net = net_uv_self(base);
    struct os_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return -ENOMEM;
    listener->net = net;
    listener->accepted = accepted;
    listener->arg = arg;
    int rc = sockaddr_unix(&listener->address, path);
    if (rc == 0)
        rc = open_file(listener, mode);
    if (rc < 0) {
        free(listener);
        return rc;
    }
    if (net->reserve < 0)
        net->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    rc = watch(listener);
    if (rc == 0)
        *result = listener;
    return rc;
}

void listener_close(struct os_listener *listener)
{
    if (listener == NULL)
        return;
    LIST_REMOVE(listener, link);
    remove_file(listener);
    int fd = listener->fd;
    uv_close((uv_handle_t *)&listener->poll, free_listener);
    close(fd);
}
