/* SPDX-License-Identifier: Apache-2.0 */
#include "faults_internal.h"

#include <base/memory.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- devices */

/* The inner machine's device is a struct of the same name, so it is kept as void. */
struct os_device {
    struct faults *faults;
    void *inner;
};

static const struct os_device_ops *devices_of(const struct faults *faults)
{
    return faults->inner->devices->ops;
}

static int device_open(struct os_devices *devices, const char *path, int flags, os_cb readable,
                       void *arg, struct os_device **result)
{
    struct faults *faults = ((struct faults_devices *)devices)->faults;
    struct os_device *inner, *device;
    int rc = faults_next(faults, FAULTS_DEVICE_OPEN);
    if (rc == 0)
        rc = devices_of(faults)->open(faults->inner->devices, path, flags, readable, arg, &inner);
    if (rc < 0)
        return rc;
    device = memory_zeroed(sizeof *device);
    *device = (struct os_device){faults, inner};
    faults->open[DEVICE]++;
    *result = device;
    return 0;
}

static ssize_t device_read(struct os_device *device, void *data, size_t size)
{
    int rc = faults_next(device->faults, FAULTS_DEVICE_READ);
    return rc < 0 ? rc : devices_of(device->faults)->read(device->inner, data, size);
}

static ssize_t device_write(struct os_device *device, const void *data, size_t size)
{
    int rc = faults_next(device->faults, FAULTS_DEVICE_WRITE);
    return rc < 0 ? rc : devices_of(device->faults)->write(device->inner, data, size);
}

static int device_control(struct os_device *device, unsigned long request, void *data)
{
    int rc = faults_next(device->faults, FAULTS_DEVICE_CONTROL);
    return rc < 0 ? rc : devices_of(device->faults)->ioctl(device->inner, request, data);
}

static void device_close(struct os_device *device)
{
    if (device == NULL)
        return;
    devices_of(device->faults)->close(device->inner);
    device->faults->open[DEVICE]--;
    free(device);
}

const struct os_device_ops faults_device_ops = {
    .open = device_open,
    .read = device_read,
    .write = device_write,
    .ioctl = device_control,
    .close = device_close,
};

/* ---------------------------------------------------------------- clock */

static struct faults *of_clock(struct os_clock *clock)
{
    return ((struct faults_clock *)clock)->faults;
}

static void clock_read(struct os_clock *clock, struct clock_reading *reading)
{
    struct os_clock *inner = of_clock(clock)->inner->clock;
    inner->ops->read(inner, reading);
}

static int64_t clock_suspended_ns(struct os_clock *clock)
{
    struct os_clock *inner = of_clock(clock)->inner->clock;
    return inner->ops->suspended_ns(inner) + of_clock(clock)->slept_ns;
}

static int8_t clock_precision_log2s(struct os_clock *clock)
{
    struct os_clock *inner = of_clock(clock)->inner->clock;
    return inner->ops->precision_log2s(inner);
}

static double clock_frequency(struct os_clock *clock)
{
    struct os_clock *inner = of_clock(clock)->inner->clock;
    return inner->ops->frequency(inner);
}

static int clock_steer(struct os_clock *clock, double frequency, double *applied,
                       struct clock_reading *at)
{
    struct os_clock *inner = of_clock(clock)->inner->clock;
    int rc = faults_next(of_clock(clock), FAULTS_CLOCK_SET);
    return rc < 0 ? rc : inner->ops->steer(inner, frequency, applied, at);
}

static int clock_step(struct os_clock *clock, int64_t delta_ns)
{
    struct os_clock *inner = of_clock(clock)->inner->clock;
    int rc = faults_next(of_clock(clock), FAULTS_CLOCK_SET);
    return rc < 0 ? rc : inner->ops->step(inner, delta_ns);
}

static int clock_status(struct os_clock *clock, const struct os_clock_status *status)
{
    struct os_clock *inner = of_clock(clock)->inner->clock;
    int rc = faults_next(of_clock(clock), FAULTS_CLOCK_STATUS);
    return rc < 0 ? rc : inner->ops->status(inner, status);
}

static int32_t clock_tai_offset_s(struct os_clock *clock)
{
    struct os_clock *inner = of_clock(clock)->inner->clock;
    return inner->ops->tai_offset_s(inner);
}

const struct os_clock_ops faults_clock_ops = {
    .read = clock_read,
    .suspended_ns = clock_suspended_ns,
    .precision_log2s = clock_precision_log2s,
    .frequency = clock_frequency,
    .steer = clock_steer,
    .step = clock_step,
    .status = clock_status,
    .tai_offset_s = clock_tai_offset_s,
};

/* ---------------------------------------------------------------- state files, chance */

static ssize_t store_read(struct os_store *store, const char *path, void *data, size_t size)
{
    struct faults *faults = ((struct faults_store *)store)->faults;
    struct os_store *inner = faults->inner->store;
    int rc = faults_next(faults, FAULTS_STORE_READ);
    return rc < 0 ? rc : inner->ops->read(inner, path, data, size);
}

static int store_write(struct os_store *store, const char *path, const void *data, size_t size)
{
    struct faults *faults = ((struct faults_store *)store)->faults;
    struct os_store *inner = faults->inner->store;
    int rc = faults_next(faults, FAULTS_STORE_WRITE);
    return rc < 0 ? rc : inner->ops->write(inner, path, data, size);
}

const struct os_store_ops faults_store_ops = {.read = store_read, .write = store_write};

static int fill(struct os_entropy *entropy, void *data, size_t size)
{
    struct faults *faults = ((struct faults_entropy *)entropy)->faults;
    struct os_entropy *inner = faults->inner->entropy;
    int rc = faults_next(faults, FAULTS_RANDOM);
    return rc < 0 ? rc : inner->ops->fill(inner, data, size);
}

const struct os_entropy_ops faults_entropy_ops = {.fill = fill};
