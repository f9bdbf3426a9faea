/* SPDX-License-Identifier: Apache-2.0 */
#include "faults_internal.h"

#include <base/memory.h>
#include <errno.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- datagrams */

/* The inner machine's socket is a struct of the same name, so it is kept as void. */
struct os_datagram {
    struct faults *faults;
    void *inner; /* NULL: a Unix socket */
    struct os_datagram_events events;
    void *arg;
    void *trouble; /* the inner timer that brings an error; NULL: nobody would hear of it */
    int error;
};

static const struct os_net_ops *net_of(const struct faults *faults)
{
    return faults->inner->net->ops;
}

static const struct os_loop_ops *loop_of(const struct faults *faults)
{
    return faults->inner->loop->ops;
}

static struct faults *of_net(struct os_net *net)
{
    return ((struct faults_net *)net)->faults;
}

static void receive(void *arg, const struct os_packet *packets, size_t count)
{
    struct os_datagram *socket = arg;
    socket->events.receive(socket->arg, packets, count);
}

static void sent(void *arg, uint64_t tag, gn_system when, enum gn_stamp stamp)
{
    struct os_datagram *socket = arg;
    socket->events.sent(socket->arg, tag, when, stamp);
}

static void failed(void *arg, int error)
{
    struct os_datagram *socket = arg;
    socket->events.error(socket->arg, error);
}

static void trouble(void *arg)
{
    struct os_datagram *socket = arg;
    socket->events.error(socket->arg, socket->error); /* may close it */
}

static struct os_datagram *add_socket(struct faults *faults)
{
    struct os_datagram *socket = memory_zeroed(sizeof *socket);
    socket->faults = faults;
    faults->open[SOCKET]++;
    return socket;
}

static void datagram_close(struct os_datagram *socket)
{
    if (socket == NULL)
        return;
    if (socket->inner != NULL)
        net_of(socket->faults)->datagram_close(socket->inner);
    loop_of(socket->faults)->timer_close(socket->trouble);
    socket->faults->open[SOCKET]--;
    free(socket);
}

static int datagram_open(struct os_net *net, const struct gn_datagram_config *config,
                         const struct os_datagram_events *events, void *arg,
                         struct os_datagram **result)
{
    struct faults *faults = of_net(net);
    const struct os_datagram_events below = {
        .receive = events->receive != NULL ? receive : NULL,
        .sent = events->sent != NULL ? sent : NULL,
        .error = events->error != NULL ? failed : NULL,
    };
    struct os_datagram *inner, *socket;
    struct os_timer *timer = NULL;
    int rc = faults_next(faults, FAULTS_SOCKET_OPEN);
    if (rc < 0)
        return rc;
    socket = add_socket(faults);
    socket->events = *events;
    socket->arg = arg;
    rc = net_of(faults)->datagram_open(faults->inner->net, config, &below, socket, &inner);
    if (rc == 0)
        socket->inner = inner;
    if (rc == 0 && events->error != NULL)
        rc = loop_of(faults)->timer_open(faults->inner->loop, trouble, socket, &timer);
    socket->trouble = timer;
    if (rc < 0)
        datagram_close(socket);
    else
        *result = socket;
    return rc;
}

static int datagram_open_unix(struct os_net *net, const char *path, struct os_datagram **result)
{
    struct faults *faults = of_net(net);
    int rc = faults_next(faults, FAULTS_UNIX_OPEN);
    (void)path;
    if (rc == 0)
        *result = add_socket(faults);
    return rc;
}

static int datagram_send(struct os_datagram *socket, const void *data, size_t size,
                         const struct gn_address *to, const struct gn_address *from, uint32_t flags,
                         uint64_t tag, gn_system *when)
{
    struct faults *faults = socket->faults;
    int rc = faults_next(faults, FAULTS_SEND);
    if (rc < 0)
        return rc;
    if (socket->inner == NULL) {
        faults->written++;
        return 0;
    }
    rc = net_of(faults)->datagram_send(socket->inner, data, size, to, from, flags, tag, when);
    if (socket->trouble != NULL && rc >= 0 && faults_next(faults, FAULTS_SOCKET_ERROR) < 0) {
        socket->error = faults_some_error(faults, FAULTS_SOCKET_ERROR);
        loop_of(faults)->timer_start(socket->trouble, GN_NS_PER_S / 1000);
    }
    return rc;
}

static enum gn_stamp datagram_stamps(const struct os_datagram *socket)
{
    return socket->inner != NULL ? net_of(socket->faults)->datagram_stamps(socket->inner)
                                 : GN_STAMP_USER;
}

static int listen_unix(struct os_net *net, const char *path, mode_t mode,
                       void (*accepted)(void *, struct os_stream *), void *arg,
                       struct os_listener **result)
{
    (void)net, (void)path, (void)mode, (void)accepted, (void)arg, (void)result;
    return -EAFNOSUPPORT;
}

/* ---------------------------------------------------------------- names */

struct request {
    struct faults *faults;
    gn_resolve_cb callback;
    void *arg;
    void *inner;
};

static void answered(void *arg, int status, const char *text, const struct gn_address *addresses,
                     size_t count)
{
    struct request *request = arg;
    struct request own = *request;
    int rc = faults_next(own.faults, FAULTS_ANSWER);
    own.faults->open[REQUEST]--;
    free(request);
    if (rc < 0)
        own.callback(own.arg, rc, "the name service does not answer", NULL, 0);
    else
        own.callback(own.arg, status, text, addresses, count);
}

static int resolve(struct os_net *net, const char *name, uint16_t port, gn_resolve_cb callback,
                   void *arg, void **result)
{
    struct faults *faults = of_net(net);
    struct request *request;
    int rc = faults_next(faults, FAULTS_RESOLVE);
    if (rc < 0)
        return rc;
    request = memory_zeroed(sizeof *request);
    *request = (struct request){faults, callback, arg, NULL};
    rc =
        net_of(faults)->resolve(faults->inner->net, name, port, answered, request, &request->inner);
    if (rc < 0) {
        free(request);
        return rc;
    }
    faults->open[REQUEST]++;
    *result = request;
    return 0;
}

static void resolve_cancel(struct os_net *net, void *handle)
{
    struct faults *faults = of_net(net);
    struct request *request = handle;
    net_of(faults)->resolve_cancel(faults->inner->net, request->inner);
    faults->open[REQUEST]--;
    free(request);
}

const struct os_net_ops faults_net_ops = {
    .datagram_open = datagram_open,
    .datagram_open_unix = datagram_open_unix,
    .datagram_send = datagram_send,
    .datagram_stamps = datagram_stamps,
    .datagram_close = datagram_close,
    .listen_unix = listen_unix,
    .resolve = resolve,
    .resolve_cancel = resolve_cancel,
};
