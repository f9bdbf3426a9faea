/* SPDX-License-Identifier: Apache-2.0 */
#include "net_uv.h"

#include "nic.h"

#include <errno.h>
#include <fcntl.h>
#include <os/holder.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void net_uv_log(const struct net_uv *net, enum gn_level level, const char *format, ...)
{
    if (net->log == NULL)
        return;
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    net->log(net->log_arg, level, text);
}

int net_uv_socket(int domain, int type)
{
    int fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        return fd;
    if (errno != EINVAL)
        return -errno;
    /* Simulators that stand between us and libc know the plain types only. */
    fd = socket(domain, type, 0);
    if (fd < 0)
        return -errno;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

static int holder(struct os_net *base, const struct gn_address *bind, char *words, size_t size)
{
    (void)base;
    return holder_of_port(bind, words, size);
}

static const struct os_net_ops net_ops = {
    .datagram_open = udp_open,
    .datagram_open_unix = udp_open_unix,
    .datagram_send = udp_send,
    .datagram_stamps = udp_stamps,
    .datagram_close = udp_close,
    .listen_unix = listener_open_unix,
    .listener_close = listener_close,
    .stream_start = stream_start,
    .stream_write = stream_write,
    .stream_close = stream_close,
    .resolve = resolver_resolve,
    .resolve_cancel = resolver_cancel,
    .port_holder = holder,
    .stream_open_unix = stream_open_unix,
    .stream_open_tcp = stream_open_tcp,
    .cards = nic_cards,
    .card_mbps = nic_card_mbps,
};

struct os_net *net_uv_create(struct os_loop *loop, os_log_cb log, void *log_arg)
{
    struct net_uv *net = calloc(1, sizeof *net);
    if (net == NULL)
        return NULL;
    net->base.ops = &net_ops;
    net->loop = loop;
    net->log = log;
    net->log_arg = log_arg;
    net->stamp_holder = -1;
    net->reserve = -1;
    LIST_INIT(&net->datagrams);
    LIST_INIT(&net->listeners);
    LIST_INIT(&net->streams);
    LIST_INIT(&net->requests);
    return &net->base;
}

static void close_descriptor(int fd)
{
    if (fd >= 0)
        close(fd);
}

void net_uv_destroy(struct os_net *base)
{
    if (base == NULL)
        return;
    struct net_uv *net = net_uv_self(base);
    while (!LIST_EMPTY(&net->requests))
        resolver_cancel(base, LIST_FIRST(&net->requests));
    while (!LIST_EMPTY(&net->streams))
        stream_close(LIST_FIRST(&net->streams), false);
    while (!LIST_EMPTY(&net->listeners))
        listener_close(LIST_FIRST(&net->listeners));
    while (!LIST_EMPTY(&net->datagrams))
        udp_close(LIST_FIRST(&net->datagrams));
    udp_hold_end(net);
    close_descriptor(net->stamp_holder);
    close_descriptor(net->reserve);
    udp_batch_destroy(net->few);
    udp_batch_destroy(net->many);
    free(net);
}
