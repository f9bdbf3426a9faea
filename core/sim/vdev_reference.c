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

static ssize_t read_records(struct vdev *vdev, void *data, size_t size)
{
    struct reference *reference = self(vdev);
    size_t room = size / sizeof reference->records[0], n;
    if (room == 0)
        return -EINVAL;
    if (reference->count == 0)
        return -EAGAIN;
    for (n = 0; n < room && reference->count > 0; n++, reference->count--) {
        memcpy((char *)data + n * sizeof reference->records[0],
               &reference->records[reference->first], sizeof reference->records[0]);
        reference->first = (reference->first + 1) % MOST;
    }
    return (ssize_t)(n * sizeof reference->records[0]);
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

static const struct vdev_ops reference_ops = {
    .gone = -ENODEV,
    .read = read_records,
    .readable = readable,
    .close = close_reference,
    .destroy = destroy,
};

int vdev_add_reference(struct os_devices *devices, const struct vdev_reference_config *config)
{
    struct reference *reference =
        vdev_add(devices, sizeof *reference, &reference_ops, &config->place);
    if (reference == NULL)
        return -EEXIST;
    reference->noise = config->noise;
    reference->interval_ns = gn_nanoseconds(config->interval_s > 0 ? config->interval_s : 1);
    vdev_chance(&reference->vdev, "reference", &reference->chance);
    reference->event = (struct world_event){.happen = measure, .arg = reference};
    world_order_in(reference->vdev.folder->world, &reference->event, reference->interval_ns);
    return 0;
}
