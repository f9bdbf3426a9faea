/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VDEV_INTERNAL_H
#define SIM_VDEV_INTERNAL_H

/** What a kind of device gives to the folder, and takes from it. */

#include <sim/vclock.h>
#include <sim/vdev.h>
#include <sys/queue.h>

struct vdev;
struct vdev_folder;

struct vdev_ops {
    bool exclusive; /* a second open gives -EBUSY */
    int gone;       /* negative errno of a device that was taken away */
    /* Reads, writes and ioctls of a device that is there; NULL gives -EINVAL, -EINVAL, -ENOTTY. */
    ssize_t (*read)(struct vdev *, void *, size_t);
    ssize_t (*write)(struct vdev *, const void *, size_t);
    int (*control)(struct vdev *, unsigned long request, void *);
    bool (*readable)(const struct vdev *);
    /* Optional: */
    int (*open)(struct vdev *);        /* may refuse with a negative errno */
    void (*close)(struct vdev *);      /* the last handle has gone */
    void (*plug)(struct vdev *, bool); /* was taken away, or put back */
    void (*destroy)(struct vdev *);    /* orders of the world are to be taken back */
};

/** A device; the first part of every kind's own struct. */
struct vdev {
    const struct vdev_ops *ops;
    struct vdev_folder *folder;
    struct vdev_place place; /* `path` is its own copy */
    bool there;
    bool hangup;      /* taken away, reads give 0 and no error */
    unsigned handles; /* open ones, of a device that is there */
    uint64_t written; /* bytes */
    STAILQ_ENTRY(vdev) link;
};

struct vdev_folder {
    struct os_devices base; /* first: callers hold this */
    struct world *world;
    struct os_loop *loop;
    struct os_clock *clock;
    char *name;
    bool antenna;
    gn_utc awake_at;           /* sleeps until then */
    struct os_device *calling; /* whose callback runs; NULL: it was closed there, or none runs */
    STAILQ_HEAD(, vdev) devices;
    LIST_HEAD(, os_device) handles;
};

/** Add a device of `size` bytes. Errors: NULL: there is one of this path. */
void *vdev_add(struct os_devices *, size_t size, const struct vdev_ops *,
               const struct vdev_place *);

/** Something may be there to be read now: whoever waits is told. */
void vdev_tell(struct vdev *);

/** Whether its machine is awake: what comes in is noticed. */
bool vdev_awake(const struct vdev *);

/** The stream of chance of a device for one purpose. */
void vdev_chance(const struct vdev *, const char *kind, struct chance *);

/** Draw in ns; 0 without a law. */
int64_t vdev_draw_ns(const struct law *, struct chance *);

/** The receiver behind a tty; NULL of another kind. */
struct vdev_receiver *vdev_tty_receiver(struct vdev *);

/** Whole true seconds so far; the instant of one of them. */
int64_t vdev_second(const struct vdev *);
gn_utc vdev_instant(int64_t second, int64_t more_ns);

#endif
