/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_SCENE_DEED_H
#define SIM_SCENE_DEED_H

/** An entry of `events` and its kind: between scene_events.c and those that know some kinds. */

#include "scene_internal.h"

#include <sim/vdev_receiver.h>

struct kind;

struct deed {
    struct world_event event;
    struct scene *scene;
    const struct kind *kind;
    struct deed *next;
    struct node *node;
    double value;     /* what the kind's key says, in its unit; a link's number */
    double rtc_error; /* s */
    const char *path; /* of a device or a file, or a request; kept by the scene, as is … */
    const char *text; /* … what stands in the file */
    bool there;       /* antenna or device */
    bool has_there, has_busy, busy; /* of a device: which of both changes */
    /* Of a receiver: which traits change, and into what. */
    bool changes[VDEV_TRAITS];
    double traits[VDEV_TRAITS];
    /* A link's ways (NULL: this one stays), and what changes of them. */
    struct vlink *ways[2];
    const struct law *delay; /* NULL: stays */
    double loss, duplicates; /* < 0: stay */
    bool has_cut, cut, has_order, ordered;
    /* Who is parted from all others. */
    struct vhost **hosts;
    size_t host_count;
    struct gn_address addresses[VNET_NAME_ADDRESSES]; /* of a name; `host_count` of them */
};

struct kind {
    const char *key;  /* an event with it is of this kind */
    const char *keys; /* all it may have, blanks around each */
    /* Orders one for each node, or one for the whole. */
    void (*read)(struct reader *, const config_setting_t *, const struct kind *);
    void (*happen)(struct deed *);
    double least, most; /* of the key's number */
    bool waits;         /* until the node is awake */
};

/** A new one of the scene. Owns: the scene. */
struct deed *deed_make(struct reader *, const struct kind *);

/** Order it for when the entry says. */
void deed_order(struct reader *, const config_setting_t *entry, struct deed *);

/** One for each of the nodes that are meant; laws are drawn for each. */
void deed_read_for_nodes(struct reader *, const config_setting_t *entry, const struct kind *);

/* The kinds in scene_devices.c and scene_receivers.c. */
void deed_read_device(struct reader *, const config_setting_t *entry, const struct kind *);
void deed_do_device(struct deed *);
void deed_read_receiver(struct reader *, const config_setting_t *entry, const struct kind *);
void deed_do_receiver(struct deed *);

/* Kinds in scene_commands.c. */
void deed_read_command(struct reader *, const config_setting_t *entry, const struct kind *);
void deed_do_command(struct deed *);
void deed_read_name(struct reader *, const config_setting_t *entry, const struct kind *);
void deed_do_name(struct deed *);

#endif
