/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <host/daemon_internal.h>
#include <stdlib.h>
#include <string.h>

#include "services.h"

/* ---------------------------------------------------------------- datagrams */

/* Packets that come at once: rarely more than a few, and never more than many. */
#define FEW 2
#define MANY 64

struct gn_datagram {
    struct owned owned; /* first */
    struct os_datagram *socket;
    struct gn_datagram_events events;
    void *arg;
};

static struct timekeeper *keeper_of(const struct owned *owned)
{
    return &owned->owner->daemon->keeper;
}

static struct hardware *hardware_of(const struct owned *owned)
{
    return &owned->owner->daemon->hardware;
}

/* Stamps become local instants here, the one place where packets come in. */
static void pass_on(struct gn_datagram *datagram, const struct os_packet *in, size_t count,
                    struct gn_packet *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct gn_packet){
            .data = in[i].data,
            .size = in[i].size,
            .remote = in[i].remote,
            .local = in[i].local,
            .interface = in[i].interface,
            .stamp = in[i].stamp,
        };
        if (!timekeeper_from_system(keeper_of(&datagram->owned), in[i].when, &out[i].when))
            out[i].stamp = GN_STAMP_USER;
        else if (in[i].hardware.ns != 0 &&
                 hardware_received(hardware_of(&datagram->owned), &in[i].hardware, out[i].when,
                                   &out[i].when))
            out[i].stamp = GN_STAMP_HARDWARE;
    }
    datagram->events.receive(datagram->arg, out, count);
}

/* Apart, so that the stack of a client never grows so deep. */
static __attribute__((noinline)) void pass_on_many(struct gn_datagram *datagram,
                                                   const struct os_packet *in, size_t count)
{
    struct gn_packet out[MANY];
    pass_on(datagram, in, count < MANY ? count : MANY, out);
}

static void received(void *arg, const struct os_packet *in, size_t count)
{
    struct gn_packet out[FEW];
    if (count > FEW)
        pass_on_many(arg, in, count);
    else
        pass_on(arg, in, count, out);
}

static void sent(void *arg, uint64_t tag, gn_system when, enum gn_stamp stamp)
{
    struct gn_datagram *datagram = arg;
    gn_local local;
    /* A stamp across a step is worth less than none. */
    if (timekeeper_from_system(keeper_of(&datagram->owned), when, &local))
        datagram->events.sent(datagram->arg, tag, local, stamp);
}

static void sent_hardware(void *arg, uint64_t tag, const struct os_hardware *hardware)
{
    struct gn_datagram *datagram = arg;
    gn_local local;
    if (hardware_sent(hardware_of(&datagram->owned), hardware, &local))
        datagram->events.sent(datagram->arg, tag, local, GN_STAMP_HARDWARE);
}

static void failed(void *arg, int error)
{
    struct gn_datagram *datagram = arg;
    datagram->events.error(datagram->arg, error);
}

/* One lies ready for the next: whoever opens a socket for each request allocates nothing. */
static void discard(struct daemon *daemon, struct gn_datagram *datagram)
{
    free(daemon->spare);
    daemon->spare = datagram;
}

static struct gn_datagram *take(struct daemon *daemon)
{
    struct gn_datagram *datagram = daemon->spare;
    daemon->spare = NULL;
    return datagram != NULL ? memset(datagram, 0, sizeof *datagram) : calloc(1, sizeof *datagram);
}

static void datagram_release(struct owned *owned)
{
    struct gn_datagram *datagram = (struct gn_datagram *)owned;
    owned_remove(owned);
    owned->owner->daemon->os->net->ops->datagram_close(datagram->socket);
    discard(owned->owner->daemon, datagram);
}

/* Events as this daemon knows them, whatever size the plugin was built with. */
static void take_events(struct gn_datagram *datagram, const struct gn_datagram_events *events)
{
    size_t size = events->size < sizeof datagram->events ? events->size : sizeof datagram->events;
    memcpy(&datagram->events, events, size);
}

static int explain_open(struct gn_host *host, int error, const struct gn_datagram_config *config)
{
    const struct gn_address *bind = &config->bind;
    struct os_net *net = services_daemon(host)->os->net;
    char holder[256];
    if (error == -EADDRINUSE && net->ops->port_holder != NULL &&
        net->ops->port_holder(net, bind, holder, sizeof holder) == 0)
        return gn_fail(host, error, "UDP port %u is in use by %s", bind->port, holder);
    if (error == -EADDRINUSE)
        return gn_fail(host, error, "UDP port %u is in use by another program", bind->port);
    if (error == -ENODEV)
        return gn_fail(host, error, "there is no network device %s",
                       config->interface != NULL ? config->interface
                       : config->device != NULL  ? config->device
                                                 : "");
    if (error == -EACCES)
        return gn_fail(host, error,
                       "UDP port %u: %s (ports below 1024 need root or CAP_NET_BIND_SERVICE)",
                       bind->port, strerror(-error));
    return gn_fail(host, error, "%s", strerror(-error));
}

static int service_open(struct gn_host *host, const struct gn_datagram_config *config,
                        const struct gn_datagram_events *events, void *arg,
                        struct gn_datagram **out)
{
    struct daemon *daemon = services_daemon(host);
    struct os_net *net = daemon->os->net;
    struct gn_datagram *datagram = take(daemon);
    struct os_datagram_events below = {0};
    struct gn_datagram_config known = {0}; /* as this daemon knows it */
    int rc;
    if (datagram == NULL)
        return -ENOMEM;
    memcpy(&known, config, config->size < sizeof known ? config->size : sizeof known);
    take_events(datagram, events);
    datagram->arg = arg;
    below.receive = datagram->events.receive != NULL ? received : NULL;
    below.sent = datagram->events.sent != NULL ? sent : NULL;
    below.sent_hardware = datagram->events.sent != NULL ? sent_hardware : NULL;
    below.error = datagram->events.error != NULL ? failed : NULL;
    rc = net->ops->datagram_open(net, &known, &below, datagram, &datagram->socket);
    if (rc < 0) {
        discard(daemon, datagram);
        return explain_open(host, rc, &known);
    }
    owned_add(services_instance(host), &datagram->owned, datagram_release);
    *out = datagram;
    return 0;
}

static int service_open_unix(struct gn_host *host, const char *path, struct gn_datagram **out)
{
    struct daemon *daemon = services_daemon(host);
    struct os_net *net = daemon->os->net;
    struct gn_datagram *datagram = take(daemon);
    int rc;
    if (datagram == NULL)
        return -ENOMEM;
    rc = net->ops->datagram_open_unix(net, path, &datagram->socket);
    if (rc < 0) {
        discard(daemon, datagram);
        return gn_fail(host, rc, "%s: %s", path, strerror(-rc));
    }
    owned_add(services_instance(host), &datagram->owned, datagram_release);
    *out = datagram;
    return 0;
}

static int service_send(struct gn_host *host, struct gn_datagram *datagram, const void *data,
                        size_t size, const struct gn_address *to, const struct gn_address *from,
                        uint32_t flags, uint64_t tag, gn_local *when)
{
    struct daemon *daemon = services_daemon(host);
    gn_system stamp;
    int rc = daemon->os->net->ops->datagram_send(datagram->socket, data, size, to, from, flags, tag,
                                                 &stamp);
    if (rc >= 0 && when != NULL)
        timekeeper_from_system(&daemon->keeper, stamp, when);
    return rc;
}

static void service_close(struct gn_host *host, struct gn_datagram *datagram)
{
    (void)host;
    datagram_release(&datagram->owned);
}

const struct gn_datagram_ops services_datagram_ops = {
    sizeof services_datagram_ops, service_open, service_open_unix, service_send, service_close};

/* ---------------------------------------------------------------- devices */

struct gn_device {
    struct owned owned; /* first */
    struct os_device *device;
    gn_device_cb readable;
    void *arg;
};

static void readable(void *arg)
{
    struct gn_device *device = arg;
    device->readable(device->arg, timekeeper_now(keeper_of(&device->owned)));
}

static void device_release(struct owned *owned)
{
    struct gn_device *device = (struct gn_device *)owned;
    owned_remove(owned);
    owned->owner->daemon->os->devices->ops->close(device->device);
    free(device);
}

static int service_device_open(struct gn_host *host, const char *path, int flags,
                               gn_device_cb callback, void *arg, struct gn_device **out)
{
    struct os_devices *devices = services_daemon(host)->os->devices;
    struct gn_device *device = calloc(1, sizeof *device);
    int rc;
    if (device == NULL)
        return -ENOMEM;
    device->readable = callback;
    device->arg = arg;
    rc = devices->ops->open(devices, path, flags, callback != NULL ? readable : NULL, device,
                            &device->device);
    if (rc < 0) {
        free(device);
        return gn_fail(host, rc, "cannot open %s: %s", path, strerror(-rc));
    }
    owned_add(services_instance(host), &device->owned, device_release);
    *out = device;
    return 0;
}

static int64_t service_device_read(struct gn_host *host, struct gn_device *device, void *data,
                                   size_t size)
{
    return services_daemon(host)->os->devices->ops->read(device->device, data, size);
}

static int64_t service_device_write(struct gn_host *host, struct gn_device *device,
                                    const void *data, size_t size)
{
    return services_daemon(host)->os->devices->ops->write(device->device, data, size);
}

static int service_device_ioctl(struct gn_host *host, struct gn_device *device,
                                unsigned long request, void *data)
{
    return services_daemon(host)->os->devices->ops->ioctl(device->device, request, data);
}

static void service_device_close(struct gn_host *host, struct gn_device *device)
{
    (void)host;
    device_release(&device->owned);
}

static int service_device_holder(struct gn_host *host, const char *path, char *words, size_t size)
{
    struct os_devices *devices = services_daemon(host)->os->devices;
    return devices->ops->holder != NULL ? devices->ops->holder(devices, path, words, size)
                                        : -ENOENT;
}

const struct gn_device_ops services_device_ops = {
    sizeof services_device_ops, service_device_open,  service_device_read,   service_device_write,
    service_device_ioctl,       service_device_close, service_device_holder,
};
