/* SPDX-License-Identifier: Apache-2.0 */
#include "net_uv.h"
#include "sockaddr.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 4096

/* How long a closed stream waits for a peer that does not take what is left for it. */
#define LINGER_NS (5 * GN_NS_PER_S)

struct os_stream {
    uv_poll_t poll;
    int fd;
    int polled;      /* the events polled for; 0: none */
    bool connecting; /* nothing goes yet */
    bool flushing;   /* closed by its owner, bytes still to go */
    bool closed;     /* only memory is left */
    bool ended;      /* the other side has closed, or the stream failed: nothing to read */
    struct net_uv *net;
    struct os_stream_events events; /* all NULL before stream_start */
    void *arg;
    char *queue; /* bytes to go: from `head` to `tail` */
    size_t head, tail, capacity;
    struct os_timer *linger;
    LIST_ENTRY(os_stream) link;
};

static void on_poll(uv_poll_t *handle, int status, int events);

/* ---------------------------------------------------------------- end */

static void free_stream(uv_handle_t *handle)
{
    struct os_stream *stream = handle->data;
    free(stream->queue);
    free(stream);
}

static void close_now(struct os_stream *stream)
{
    LIST_REMOVE(stream, link);
    stream->closed = true;
    stream->net->loop->ops->timer_close(stream->linger);
    int fd = stream->fd;
    uv_close((uv_handle_t *)&stream->poll, free_stream);
    close(fd);
}

static void on_linger(void *arg)
{
    close_now(arg);
}

static void linger(struct os_stream *stream)
{
    struct os_loop *loop = stream->net->loop;
    stream->flushing = true;
    memset(&stream->events, 0, sizeof stream->events);
    if (loop->ops->timer_open(loop, on_linger, stream, &stream->linger) < 0)
        close_now(stream);
    else
        loop->ops->timer_start(stream->linger, LINGER_NS);
}

/* ---------------------------------------------------------------- polling */

static void update_poll(struct os_stream *stream)
{
    int wanted = 0;
    if (stream->closed)
        return;
    if (stream->events.readable != NULL && !stream->ended)
        wanted |= UV_READABLE;
    if (stream->tail > stream->head)
        wanted |= UV_WRITABLE;
    if (wanted == stream->polled)
        return;
    stream->polled = wanted;
    if (wanted == 0)
        uv_poll_stop(&stream->poll);
    else
        uv_poll_start(&stream->poll, wanted, on_poll);
}

static void fail(struct os_stream *stream, int error)
{
    stream->ended = true;
    stream->head = stream->tail = 0;
    if (stream->flushing)
        close_now(stream);
    else if (stream->events.closed != NULL)
        stream->events.closed(stream->arg, error);
}

/* ---------------------------------------------------------------- write */

/* Write what the socket takes. Returns 0 or a negative errno that ends the stream. */
static int flush(struct os_stream *stream)
{
    while (stream->tail > stream->head && !stream->connecting) {
        ssize_t n = send(stream->fd, stream->queue + stream->head, stream->tail - stream->head,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : -errno;
        stream->head += (size_t)n;
    }
    if (stream->tail == stream->head)
        stream->head = stream->tail = 0;
    return 0;
}

static int make_room(struct os_stream *stream, size_t size)
{
    if (stream->head > 0) {
        memmove(stream->queue, stream->queue + stream->head, stream->tail - stream->head);
        stream->tail -= stream->head;
        stream->head = 0;
    }
    if (size > SIZE_MAX - stream->tail)
        return -ENOMEM;
    size_t needed = stream->tail + size;
    if (needed <= stream->capacity)
        return 0;
    char *larger = realloc(stream->queue, needed);
    if (larger == NULL)
        return -ENOMEM;
    stream->queue = larger;
    stream->capacity = needed;
    return 0;
}

int stream_write(struct os_stream *stream, const void *data, size_t size, size_t limit)
{
    assert(!stream->closed && !stream->flushing);
    if (stream->tail - stream->head > limit)
        return -ENOBUFS;
    if (size == 0)
        return 0;
    int rc = make_room(stream, size);
    if (rc < 0)
        return rc;
    memcpy(stream->queue + stream->tail, data, size);
    stream->tail += size;
    rc = flush(stream);
    if (rc < 0)
        stream->head = stream->tail = 0;
    update_poll(stream);
    return rc;
}

/* ---------------------------------------------------------------- read */

static void receive(struct os_stream *stream)
{
    char chunk[CHUNK];
    ssize_t n = recv(stream->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        fail(stream, -errno);
        return;
    }
    if (n == 0)
        stream->ended = true;
    stream->events.readable(stream->arg, chunk, (size_t)n);
}

static int socket_error(int fd)
{
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error != 0 ? -error : -EPIPE;
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct os_stream *stream = handle->data;
    loop_uv_busy(stream->net->loop);
    int rc = 0;
    if (status < 0) {
        stream->polled = 0; /* libuv has stopped on an error of the socket */
        rc = socket_error(stream->fd);
    } else if ((events & UV_WRITABLE) != 0) {
        stream->connecting = false;
        rc = flush(stream);
    }
    if (rc < 0)
        fail(stream, rc);
    else if (stream->flushing && stream->tail == stream->head)
        close_now(stream);
    else if ((events & UV_READABLE) != 0 && stream->events.readable != NULL && !stream->ended)
        receive(stream);
    update_poll(stream);
}

/* ---------------------------------------------------------------- the slots */

int stream_adopt(struct net_uv *net, int fd, struct os_stream **result)
{
    struct os_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return -ENOMEM;
    int rc = uv_poll_init(loop_uv_handle(net->loop), &stream->poll, fd);
    if (rc < 0) {
        free(stream);
        return rc;
    }
    stream->poll.data = stream;
    stream->fd = fd;
    stream->net = net;
    LIST_INSERT_HEAD(&net->streams, stream, link);
    *result = stream;
    return 0;
}

int stream_open_unix(struct os_net *base, const char *path, struct os_stream **result)
{
    struct sockaddr_un remote;
    int rc = sockaddr_unix(&remote, path);
    if (rc < 0)
        return rc;
    int fd = net_uv_socket(AF_UNIX, SOCK_STREAM);
    if (fd < 0)
        return fd;
    rc = connect(fd, (struct sockaddr *)&remote, sizeof remote) < 0 ? -errno : 0;
    if (rc == 0)
        rc = stream_adopt(net_uv_self(base), fd, result);
    if (rc < 0)
        close(fd);
    return rc;
}

int stream_open_tcp(struct os_net *base, const struct gn_address *address,
                    struct os_stream **result)
{
    union sockaddr_any remote;
    socklen_t length = sockaddr_from(&remote, address);
    if (length == 0)
        return -EAFNOSUPPORT;
    int fd = net_uv_socket(remote.any.sa_family, SOCK_STREAM);
    if (fd < 0)
        return fd;
    int rc = connect(fd, &remote.any, length) < 0 && errno != EINPROGRESS ? -errno : 0;
    if (rc == 0)
        rc = stream_adopt(net_uv_self(base), fd, result);
    if (rc < 0)
        close(fd);
    else
        (*result)->connecting = true; /* even if it stands: then it can be written to */
    return rc;
}

void stream_start(struct os_stream *stream, const struct os_stream_events *events, void *arg)
{
    assert(events->readable != NULL);
    stream->events = *events;
    stream->arg = arg;
    update_poll(stream);
}

void stream_close(struct os_stream *stream, bool to_flush)
{
    if (stream == NULL)
        return;
    assert(!stream->closed);
    if (to_flush && !stream->flushing && stream->tail > stream->head)
        linger(stream);
    else
        close_now(stream);
    update_poll(stream);
}
