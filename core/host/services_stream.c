/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/daemon_internal.h>
#include <stdlib.h>
#include <string.h>

#include "services.h"

struct gn_stream {
    struct owned owned; /* first */
    struct os_stream *stream;
    struct gn_stream_events events;
    void *arg;
};

static void readable(void *arg, const void *data, size_t size)
{
    struct gn_stream *stream = arg;
    if (size > 0 && stream->events.received != NULL)
        stream->events.received(stream->arg, data, size);
    else if (size == 0 && stream->events.closed != NULL)
        stream->events.closed(stream->arg, 0);
}

static void closed(void *arg, int error)
{
    struct gn_stream *stream = arg;
    if (stream->events.closed != NULL)
        stream->events.closed(stream->arg, error);
}

static void stream_release(struct owned *owned)
{
    struct gn_stream *stream = (struct gn_stream *)owned;
    owned_remove(owned);
    owned->owner->daemon->os->net->ops->stream_close(stream->stream, false);
    free(stream);
}

/* A stream of the machine becomes the instance's, or the memory goes where there is none. */
static int settle(struct gn_host *host, int rc, struct gn_stream *stream,
                  const struct gn_stream_events *events, void *arg, struct gn_stream **out)
{
    static const struct os_stream_events below = {.readable = readable, .closed = closed};
    if (rc < 0) {
        free(stream);
        return rc;
    }
    /* Events as this daemon knows them, whatever size the plugin was built with. */
    memcpy(&stream->events, events,
           events->size < sizeof stream->events ? events->size : sizeof stream->events);
    stream->arg = arg;
    services_daemon(host)->os->net->ops->stream_start(stream->stream, &below, stream);
    owned_add(services_instance(host), &stream->owned, stream_release);
    *out = stream;
    return 0;
}

static int service_open_unix(struct gn_host *host, const char *path,
                             const struct gn_stream_events *events, void *arg,
                             struct gn_stream **out)
{
    struct os_net *net = services_daemon(host)->os->net;
    if (net->ops->stream_open_unix == NULL)
        return -ENOSYS;
    struct gn_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return -ENOMEM;
    int rc = net->ops->stream_open_unix(net, path, &stream->stream);
    return settle(host, rc, stream, events, arg, out);
}

static int service_open_tcp(struct gn_host *host, const struct gn_address *address,
                            const struct gn_stream_events *events, void *arg,
                            struct gn_stream **out)
{
    struct os_net *net = services_daemon(host)->os->net;
    if (net->ops->stream_open_tcp == NULL)
        return -ENOSYS;
    struct gn_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return -ENOMEM;
    int rc = net->ops->stream_open_tcp(net, address, &stream->stream);
    return settle(host, rc, stream, events, arg, out);
}

static int service_write(struct gn_host *host, struct gn_stream *stream, const void *data,
                         size_t size, size_t limit)
{
    return services_daemon(host)->os->net->ops->stream_write(stream->stream, data, size, limit);
}

static void service_close(struct gn_host *host, struct gn_stream *stream)
{
    (void)host;
    stream_release(&stream->owned);
}

const struct gn_stream_ops services_stream_ops = {
    sizeof services_stream_ops, service_open_unix, service_write, service_close, service_open_tcp,
};
