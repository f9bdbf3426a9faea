/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_INSTANCE_H
#define HOST_INSTANCE_H

/**
 * One entry of the configuration, alive: a plugin's role with a host of its own. Whatever the
 * plugin opened through that host is on its list, and is closed after `stop`.
 */

#include <gnomon/plugin.h>
#include <host/config.h>
#include <stdbool.h>

struct daemon;
struct instance;

/** The head of every handle that a plugin can hold. */
struct owned {
    struct instance *owner;
    void (*close)(struct owned *); /* unlinks and frees */
    struct owned *next, **link;
};

struct instance {
    struct gn_host host; /* first: services find the instance by it */
    struct daemon *daemon;
    const struct config_instance *config;
    void *self; /* the plugin's own; NULL before open */
    bool running;
    bool refused; /* its last start; it is tried again at… */
    gn_local again;
    struct owned *owned;
    char words[512];    /* of the last gn_fail() */
    struct config *own; /* what `config` is part of, if it was added at run time */
    bool doomed;        /* deleted: gone at the end of the turn */
    struct instance *next;
};

/** Allocate and let the plugin check its configuration. Errors: negative errno; `words` say why. */
int instance_open(struct daemon *, const struct config_instance *, void *shared,
                  struct instance **);

/** Errors: negative errno; `words` say why; the instance stays open but not running. */
int instance_start(struct instance *);

/** Begin anew where the last start was refused: close, open, start. Errors: as instance_start. */
int instance_start_again(struct instance *, void *shared);

/** Stop, and close all that it still holds. */
void instance_stop(struct instance *);
void instance_close(struct instance *); /* takes NULL */

/** Close all handles that the plugin still holds. */
void instance_release(struct instance *);

/** Deliver an event, if the role wants events and runs. */
void instance_event(struct instance *, const struct gn_event *);

/** Ask for a burst of one of its sources. Errors: -ENOTSUP it knows none, or the plugin's; `words`
 * may say why. */
int instance_burst(struct instance *, struct gn_source *);

/** Give it a person's command. Errors: -ENOTSUP it knows none of this name, or the plugin's;
 * `words` may say why. */
int instance_command(struct instance *, const char *name, gn_command_cb reply, void *reply_arg);

/** Ask one of its sources, or all (NULL), or let them rest. Errors: as instance_burst(). */
int instance_online(struct instance *, struct gn_source *, bool online);

/** Resolve its names anew. Errors: as instance_burst(). */
int instance_refresh(struct instance *);

/** Put a handle on its owner's list. */
void owned_add(struct instance *, struct owned *, void (*close)(struct owned *));
void owned_remove(struct owned *);

/** Fill a host's tables of services (services.c). */
void services_init(struct gn_host *);

#endif
