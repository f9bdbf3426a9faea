/* SPDX-License-Identifier: Apache-2.0 */
#include <sim/vdev_reference.h>

#include "vdev_internal.h"

#include <errno.h>
#include <string.h>

/* Records that wait to be read; the oldest gives way. */
#define MOST 64

struct reference {
    struct vdev vdev; /* first */
    const struct law *noise;
    int64_t interval_ns;
    struct chance chance;
    struct world_event event;
    struct vdev_reference_record records[MOST];
    size_t first, count;
};

static struct reference *self(struct vdev *vdev)
{
    return (struct reference *)vdev;
}

static void add(struct reference *reference, struct vdev_reference_record record)
{
    if (reference->count == MOST) {
        reference->first = (reference->first + 1) % MOST;
        reference->count--;
    }
    reference->records[(reference->first + reference->count++) % MOST] = record;
}

/* Every measurement draws, read or not: who listens changes nothing. */
static void measure(void *arg)
{
    struct reference *reference = arg;
    struct vdev *vdev = &reference->vdev;
    double noise_s = reference->noise != NULL ? law_draw(reference->noise, &reference->chance) : 0;
    if (vdev->folder->antenna && vdev->handles > 0 && vdev_awake(vdev)) {
        struct vdev_reference_record record = {
            .system_ns = vclock_system(vdev->folder->clock).ns,
            .offset_s = gn_seconds(vclock_offset_ns(vdev->folder->clock)) + noise_s,
        };
        add(reference, record);
        vdev_tell(vdev);
    }
    world_order_in(vdev->folder->world, &reference->event, reference->interval_ns);
}

static struct vdev_reference_record take(struct reference *reference)
{
    struct vdev_reference_record record = reference->records[reference->first];
    reference->first = (reference->first + 1) % MOST;
    reference->count--;
    return record;
}

static ssize_t read_records(struct vdev *vdev, void *data, size_t size)
{
    struct reference *reference = self(vdev);
    struct vdev_reference_record *records = data;
    size_t room = size / sizeof records[0], n = 0;
    if (room == 0)
        return -EINVAL;
    if (reference->count == 0)
        return -EAGAIN;
    for (; n < room && reference->count > 0; n++)
        records[n] = take(reference);
    return (ssize_t)(n * sizeof records[0]);
}

/* As on 64-bit machines. */
static ssize_t give(void *data, size_t size, const void *bytes, size_t count)
{
    memcpy(data, bytes, size < count ? size : count);
    return (ssize_t)(size < count ? size : count);
}

static ssize_t read_sock(struct vdev *vdev, void *data, size_t size)
{
    struct reference *reference = self(vdev);
    if (reference->count == 0)
        return -EAGAIN;
    struct vdev_reference_record record = take(reference);
    struct {
        int64_t s, us;
        double offset_s;
        int32_t pulse, leap, pad, magic;
    } sample = {.s = record.system_ns / GN_NS_PER_S,
                .us = record.system_ns % GN_NS_PER_S / 1000,
                .offset_s = record.offset_s,
                .magic = 0x534f434b};
    return give(data, size, &sample, sizeof sample);
}

/* The last one stands there until the next. */
static ssize_t read_shm(struct vdev *vdev, void *data, size_t size)
{
    struct reference *reference = self(vdev);
    while (reference->count > 1)
        take(reference);
    struct vdev_reference_record *last = &reference->records[reference->first];
    gn_utc utc = {last->system_ns + gn_nanoseconds(last->offset_s)};
    struct {
        int32_t mode, count;
        int64_t clock_s;
        int32_t clock_us, pad;
        int64_t receive_s;
        int32_t receive_us, leap, precision, samples, valid;
        uint32_t clock_ns, receive_ns;
        int32_t dummy[9];
    } shared = {.mode = 1,
                .clock_s = utc.ns / GN_NS_PER_S,
                .clock_us = (int32_t)(utc.ns % GN_NS_PER_S / 1000),
                .receive_s = last->system_ns / GN_NS_PER_S,
                .receive_us = (int32_t)(last->system_ns % GN_NS_PER_S / 1000),
                .precision = -20,
                .valid = reference->count > 0,
                .clock_ns = (uint32_t)(utc.ns % GN_NS_PER_S),
                .receive_ns = (uint32_t)(last->system_ns % GN_NS_PER_S)};
    return give(data, size, &shared, sizeof shared);
}

static bool readable(const struct vdev *vdev)
{
    return ((const struct reference *)vdev)->count > 0;
}

static void close_reference(struct vdev *vdev)
{
    self(vdev)->count = 0;
}

static void destroy(struct vdev *vdev)
{
    world_cancel(vdev->folder->world, &self(vdev)->event);
}

static bool never_readable(const struct vdev *vdev)
{
    (void)vdev;
    return false;
}

static const struct vdev_ops reference_ops[] = {
    [VDEV_REFERENCE_RECORDS] = {.gone = -ENODEV,
                                .read = read_records,
                                .readable = readable,
                                .close = close_reference,
                                .destroy = destroy},
    [VDEV_REFERENCE_SOCK] = {.gone = -ENODEV,
                             .read = read_sock,
                             .readable = readable,
                             .close = close_reference,
                             .destroy = destroy},
    [VDEV_REFERENCE_SHM] = {.gone = -ENODEV,
                            .read = read_shm,
                            .readable = never_readable,
                            .close = close_reference,
                            .destroy = destroy},
};

int vdev_add_reference(struct os_devices *devices, const struct vdev_reference_config *config)
{
    struct reference *reference =
        vdev_add(devices, sizeof *reference, &reference_ops[config->form], &config->place);
    if (reference == NULL)
        return -EEXIST;
    reference->noise = config->noise;
    reference->interval_ns = gn_nanoseconds(config->interval_s > 0 ? config->interval_s : 1);
    vdev_chance(&reference->vdev, "reference", &reference->chance);
    reference->event = (struct world_event){.happen = measure, .arg = reference};
    world_order_in(reference->vdev.folder->world, &reference->event, reference->interval_ns);
    return 0;
}
