/* SPDX-License-Identifier: Apache-2.0 */
#include "dev_special.h"
#include "loop_uv.h"

#include <errno.h>
#include <fcntl.h>
#include <os/holder.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <unistd.h>

struct dev_uv {
    struct os_devices base; /* first: callers hold this */
    struct os_loop *loop;
    LIST_HEAD(, os_device) devices;
};

struct os_device {
    uv_poll_t poll;
    int fd;                     /* -1: a segment */
    struct dev_socket socket;   /* of ours, if it has a path */
    struct dev_segment segment; /* attached where there is no descriptor */
    bool polled;                /* `poll` is a handle of the loop */
    struct os_loop *loop;
    os_cb readable;
    void *arg;
    LIST_ENTRY(os_device) link;
};

/* ---------------------------------------------------------------- readiness */

/* An error stops libuv's polling; the plugin learns of it by reading. */
static void on_poll(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    struct os_device *device = handle->data;
    loop_uv_busy(device->loop);
    device->readable(device->arg);
}

static int watch(struct os_device *device)
{
    int rc = uv_poll_init(loop_uv_handle(device->loop), &device->poll, device->fd);
    if (rc == UV_EPERM) /* a regular file or a clock device: never waits, so nothing to tell */
        return 0;
    if (rc < 0)
        return rc;
    device->polled = true;
    device->poll.data = device;
    return uv_poll_start(&device->poll, UV_READABLE, on_poll);
}

/* A device that is gone stays "readable" for ever: do not spin on it. */
static void unwatch_if_gone(struct os_device *device)
{
    struct pollfd state = {.fd = device->fd, .events = POLLIN};
    if (device->polled && poll(&state, 1, 0) > 0 &&
        (state.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        uv_poll_stop(&device->poll);
}

/* ---------------------------------------------------------------- the slots */

static void free_device(uv_handle_t *handle)
{
    free(handle->data);
}

static void dev_close(struct os_device *device)
{
    if (device == NULL)
        return;
    LIST_REMOVE(device, link);
    int fd = device->fd;
    struct dev_socket socket = device->socket;
    if (fd < 0)
        dev_segment_detach(&device->segment);
    if (device->polled)
        uv_close((uv_handle_t *)&device->poll, free_device);
    else
        free(device);
    if (socket.path != NULL)
        dev_socket_close(&socket);
    else if (fd >= 0)
        close(fd);
}

/* Open what the flags say. Returns 0 or a negative errno; then nothing is open. */
static int open_kind(struct os_device *device, const char *path, int flags)
{
    device->fd = -1;
    if ((flags & GN_DEVICE_SHARED) != 0)
        return dev_segment_attach(&device->segment, path);
    if ((flags & GN_DEVICE_SOCKET) != 0) {
        int rc = dev_socket_open(&device->socket, path);
        device->fd = rc < 0 ? -1 : device->socket.fd;
        return rc;
    }
    device->fd = open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0644);
    return device->fd < 0 ? -errno : 0;
}

static int dev_open(struct os_devices *base, const char *path, int flags, os_cb readable, void *arg,
                    struct os_device **result)
{
    struct dev_uv *devices = (struct dev_uv *)base;
    struct os_device *device = calloc(1, sizeof *device);
    if (device == NULL)
        return -ENOMEM;
    int rc = open_kind(device, path, flags);
    if (rc < 0) {
        free(device);
        return rc;
    }
    device->loop = devices->loop;
    device->readable = readable;
    device->arg = arg;
    LIST_INSERT_HEAD(&devices->devices, device, link);
    rc = readable == NULL || device->fd < 0 ? 0 : watch(device);
    if (rc < 0) {
        dev_close(device);
        return rc;
    }
    *result = device;
    return 0;
}

static ssize_t dev_read(struct os_device *device, void *data, size_t size)
{
    ssize_t n;
    if (device->fd < 0)
        return dev_segment_read(&device->segment, data, size);
    do
        n = read(device->fd, data, size);
    while (n < 0 && errno == EINTR);
    int error = n < 0 ? errno : 0;
    if ((n == 0 && size > 0) || (error != 0 && error != EAGAIN))
        unwatch_if_gone(device);
    return error != 0 ? -error : n;
}

static ssize_t dev_write(struct os_device *device, const void *data, size_t size)
{
    ssize_t n;
    do
        n = write(device->fd, data, size);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int dev_ioctl(struct os_device *device, unsigned long request, void *data)
{
    int rc = ioctl(device->fd, request, data);
    return rc < 0 ? -errno : rc;
}

static int dev_holder(struct os_devices *devices, const char *path, char *words, size_t size)
{
    (void)devices;
    return holder_of_device(path, words, size);
}

static const struct os_device_ops device_ops = {
    .open = dev_open,
    .read = dev_read,
    .write = dev_write,
    .ioctl = dev_ioctl,
    .close = dev_close,
    .holder = dev_holder,
};

/* ---------------------------------------------------------------- life */

struct os_devices *dev_uv_create(struct os_loop *loop)
{
    struct dev_uv *devices = calloc(1, sizeof *devices);
    if (devices == NULL)
        return NULL;
    devices->base.ops = &device_ops;
    devices->loop = loop;
    LIST_INIT(&devices->devices);
    return &devices->base;
}

void dev_uv_destroy(struct os_devices *base)
{
    if (base == NULL)
        return;
    struct dev_uv *devices = (struct dev_uv *)base;
    while (!LIST_EMPTY(&devices->devices))
        dev_close(LIST_FIRST(&devices->devices));
    free(devices);
}
