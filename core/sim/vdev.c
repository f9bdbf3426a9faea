/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev_internal.h"

#include <base/memory.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sim/vloop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who leaves something unread is called again in the next turn; turns take time. */
#define TURN_NS 10000

/* No draw is longer: sums with instants must not overflow. */
#define LONGEST_S 1e8

struct os_device {
    struct vdev *vdev;
    int flags;
    os_cb readable;
    void *arg;
    bool gone;    /* the device was taken away … */
    bool noticed; /* … and whoever holds this knows: libuv has let go of the descriptor */
    bool due;     /* `event` is ordered */
    struct world_event event;
    LIST_ENTRY(os_device) link;
};

static struct vdev_folder *self(struct os_devices *base)
{
    return (struct vdev_folder *)base;
}

static struct vdev *find(const struct vdev_folder *folder, const char *path)
{
    struct vdev *vdev;
    STAILQ_FOREACH(vdev, &folder->devices, link)
    if (strcmp(vdev->place.path, path) == 0)
        break;
    return vdev;
}

/* ---------------------------------------------------------------- readiness */

static bool asleep(const struct vdev_folder *folder)
{
    return world_now(folder->world).ns < folder->awake_at.ns;
}

static bool ready(const struct os_device *handle)
{
    return handle->gone ? !handle->noticed : handle->vdev->ops->readable(handle->vdev);
}

static void order(struct os_device *handle, int64_t delay_ns)
{
    if (handle->readable == NULL || handle->due)
        return;
    handle->due = true;
    world_order_in(handle->vdev->folder->world, &handle->event, delay_ns);
}

static void fire(void *arg)
{
    struct os_device *handle = arg;
    struct vdev_folder *folder = handle->vdev->folder;
    handle->due = false;
    if (!ready(handle))
        return;
    if (asleep(folder)) {
        order(handle, gn_utc_sub(folder->awake_at, world_now(folder->world)));
        return;
    }
    folder->calling = handle;
    handle->readable(handle->arg); /* may close the handle */
    if (folder->calling == handle && ready(handle))
        order(handle, TURN_NS);
    folder->calling = NULL;
    vloop_end_turn(folder->loop);
}

void vdev_tell(struct vdev *vdev)
{
    struct os_device *handle;
    LIST_FOREACH(handle, &vdev->folder->handles, link)
    if (handle->vdev == vdev && !handle->gone)
        order(handle, 0);
}

/* ---------------------------------------------------------------- the slots */

static int refusal(const struct vdev *vdev)
{
    if (vdev == NULL || !vdev->there)
        return -ENOENT;
    if (vdev->place.denied)
        return -EACCES;
    return vdev->place.busy || (vdev->ops->exclusive && vdev->handles > 0) ? -EBUSY : 0;
}

static int open_device(struct os_devices *base, const char *path, int flags, os_cb readable,
                       void *arg, struct os_device **result)
{
    struct vdev_folder *folder = self(base);
    struct vdev *vdev = find(folder, path);
    int rc = refusal(vdev);
    if (rc == 0 && vdev->ops->open != NULL)
        rc = vdev->ops->open(vdev);
    if (rc < 0)
        return rc;
    struct os_device *handle = calloc(1, sizeof *handle);
    if (handle == NULL)
        return -ENOMEM;
    *handle = (struct os_device){
        .vdev = vdev,
        .flags = flags,
        .readable = readable,
        .arg = arg,
        .event = {.happen = fire, .arg = handle},
    };
    vdev->handles++;
    LIST_INSERT_HEAD(&folder->handles, handle, link);
    if (ready(handle))
        order(handle, 0);
    *result = handle;
    return 0;
}

static ssize_t read_device(struct os_device *handle, void *data, size_t size)
{
    struct vdev *vdev = handle->vdev;
    if ((handle->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (handle->gone) {
        handle->noticed = true;
        return vdev->hangup ? 0 : vdev->ops->gone;
    }
    if (vdev->ops->read == NULL)
        return -EINVAL;
    return size > 0 ? vdev->ops->read(vdev, data, size) : 0;
}

static ssize_t write_device(struct os_device *handle, const void *data, size_t size)
{
    struct vdev *vdev = handle->vdev;
    if ((handle->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (handle->gone)
        return vdev->ops->gone;
    if (vdev->ops->write == NULL)
        return -EINVAL;
    ssize_t n = vdev->ops->write(vdev, data, size);
    if (n > 0)
        vdev->written += (uint64_t)n;
    return n;
}

static int control_device(struct os_device *handle, unsigned long request, void *data)
{
    struct vdev *vdev = handle->vdev;
    if (handle->gone) {
        handle->noticed = true;
        return vdev->ops->gone;
    }
    return vdev->ops->control != NULL ? vdev->ops->control(vdev, request, data) : -ENOTTY;
}

static void close_device(struct os_device *handle)
{
    if (handle == NULL)
        return;
    struct vdev *vdev = handle->vdev;
    struct vdev_folder *folder = vdev->folder;
    if (folder->calling == handle)
        folder->calling = NULL;
    world_cancel(folder->world, &handle->event);
    LIST_REMOVE(handle, link);
    if (!handle->gone && --vdev->handles == 0 && vdev->ops->close != NULL)
        vdev->ops->close(vdev);
    free(handle);
}

/* Who holds it, or reads beside us. */
static int holder(struct os_devices *base, const char *path, char *words, size_t size)
{
    struct vdev *vdev = find(self(base), path);
    const struct vdev_receiver *receiver = vdev_receiver_of(base, path);
    bool shared = receiver != NULL && vdev_receiver_trait(receiver, VDEV_TRAIT_STOLEN) > 0;
    if (vdev == NULL || !vdev->there || !(vdev->place.busy || shared))
        return -ENOENT;
    snprintf(words, size, "another (pid 1)");
    return 0;
}

static const struct os_device_ops device_ops = {
    .open = open_device,
    .read = read_device,
    .write = write_device,
    .ioctl = control_device,
    .close = close_device,
    .holder = holder,
};

/* ---------------------------------------------------------------- what happens to devices */

void vdev_antenna(struct os_devices *base, bool there)
{
    self(base)->antenna = there;
}

void vdev_sleep(struct os_devices *base, gn_utc until)
{
    self(base)->awake_at = until;
}

static void take_away(struct vdev *vdev)
{
    struct os_device *handle;
    LIST_FOREACH(handle, &vdev->folder->handles, link)
    if (handle->vdev == vdev && !handle->gone) {
        handle->gone = true;
        order(handle, 0);
    }
    if (vdev->handles > 0 && vdev->ops->close != NULL)
        vdev->ops->close(vdev);
    vdev->handles = 0;
}

int vdev_plug(struct os_devices *base, const char *path, bool there)
{
    struct vdev *vdev = find(self(base), path);
    if (vdev == NULL)
        return -ENOENT;
    if (vdev->there == there)
        return 0;
    vdev->there = there;
    if (!there)
        take_away(vdev);
    if (vdev->ops->plug != NULL)
        vdev->ops->plug(vdev, there);
    return 0;
}

int vdev_occupy(struct os_devices *base, const char *path, bool busy)
{
    struct vdev *vdev = find(self(base), path);
    if (vdev == NULL)
        return -ENOENT;
    vdev->place.busy = busy;
    return 0;
}

struct vdev_receiver *vdev_receiver_of(const struct os_devices *base, const char *path)
{
    struct vdev *vdev = find((const struct vdev_folder *)base, path);
    return vdev != NULL ? vdev_tty_receiver(vdev) : NULL;
}

bool vdev_exists(const struct os_devices *base, const char *path)
{
    return find((const struct vdev_folder *)base, path) != NULL;
}

uint64_t vdev_written(const struct os_devices *base, const char *path)
{
    const struct vdev *vdev = find((const struct vdev_folder *)base, path);
    return vdev != NULL ? vdev->written : 0;
}

/* ---------------------------------------------------------------- for the kinds */

void *vdev_add(struct os_devices *base, size_t size, const struct vdev_ops *ops,
               const struct vdev_place *place)
{
    struct vdev_folder *folder = self(base);
    if (find(folder, place->path) != NULL)
        return NULL;
    struct vdev *vdev = memory_zeroed(size);
    vdev->ops = ops;
    vdev->folder = folder;
    vdev->place = *place;
    vdev->place.path = memory_copy(place->path);
    vdev->there = !place->absent;
    STAILQ_INSERT_TAIL(&folder->devices, vdev, link);
    return vdev;
}

bool vdev_awake(const struct vdev *vdev)
{
    return !asleep(vdev->folder);
}

void vdev_chance(const struct vdev *vdev, const char *kind, struct chance *chance)
{
    char name[512];
    snprintf(name, sizeof name, "%s:%s", vdev->folder->name, vdev->place.path);
    chance_init(chance, world_seed(vdev->folder->world), kind, name);
}

int64_t vdev_draw_ns(const struct law *law, struct chance *chance)
{
    double drawn_s = law != NULL ? law_draw(law, chance) : 0;
    return gn_nanoseconds(fmax(-LONGEST_S, fmin(LONGEST_S, drawn_s)));
}

int64_t vdev_second(const struct vdev *vdev)
{
    int64_t now_ns = world_now(vdev->folder->world).ns;
    return now_ns / GN_NS_PER_S - (now_ns % GN_NS_PER_S < 0);
}

gn_utc vdev_instant(int64_t second, int64_t more_ns)
{
    return (gn_utc){second * GN_NS_PER_S + more_ns};
}

/* ---------------------------------------------------------------- life */

struct os_devices *vdev_create(struct world *world, const char *name, struct os_loop *loop,
                               struct os_clock *clock)
{
    struct vdev_folder *folder = memory_zeroed(sizeof *folder);
    folder->base.ops = &device_ops;
    folder->world = world;
    folder->loop = loop;
    folder->clock = clock;
    folder->name = memory_copy(name);
    folder->antenna = true;
    folder->awake_at = world_now(world);
    STAILQ_INIT(&folder->devices);
    LIST_INIT(&folder->handles);
    return &folder->base;
}

void vdev_destroy(struct os_devices *base)
{
    if (base == NULL)
        return;
    struct vdev_folder *folder = self(base);
    while (!LIST_EMPTY(&folder->handles))
        close_device(LIST_FIRST(&folder->handles));
    while (!STAILQ_EMPTY(&folder->devices)) {
        struct vdev *vdev = STAILQ_FIRST(&folder->devices);
        STAILQ_REMOVE_HEAD(&folder->devices, link);
        if (vdev->ops->destroy != NULL)
            vdev->ops->destroy(vdev);
        free((char *)vdev->place.path);
        free(vdev);
    }
    free(folder->name);
    free(folder);
}
