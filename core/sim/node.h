/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_NODE_H
#define SIM_NODE_H

/** A whole daemon on a virtual machine, with real plugins, and the truth about its clock. */

#include <gnomon/host.h>
#include <host/diagnostics.h>
#include <host/loader.h>
#include <host/logger.h>
#include <sim/vclock.h>
#include <sim/vnet.h>

struct node;

/** Which time is true for a node: where a leap second is smeared, its own clock, or all it knows.
 */
enum node_time { NODE_UTC = 0, NODE_CLOCK_SMEARED, NODE_ALL_SMEARED };

struct node_setup {
    const char *name;
    const char *config; /* path of its gnomon.conf, or NULL, and … */
    const char *text;   /* … what stands in it; both lent, for whenever the daemon starts */
    struct world *world;
    struct vnet *net;
    struct loader *loader; /* lent */
    struct vclock_config clock;
    enum node_time time;
    enum gn_level level; /* of its log */
    /* A line of its log; `when` is true time. */
    void (*story)(void *arg, const struct node *, gn_utc when, enum gn_level, const char *line);
    /* What the daemon is to see of its machine; NULL: all of it. Tests put faults in between. */
    struct os *(*wrap)(void *arg, struct os *machine);
    void *arg;
};

/** What is true and what the node believes, now. */
struct node_truth {
    int64_t clock_error_ns;    /* system clock − true time */
    double clock_frequency;    /* its frequency error, s/s; positive: it runs fast */
    gn_local local;            /* the node's unsteered scale */
    struct vclock_steps steps; /* by the daemon */
    bool synchronised;         /* with a source */
    bool bounded;              /* so, or holding over: the rest is valid */
    int64_t estimate_error_ns; /* published estimate of UTC − true time */
    double error_bound_s;      /* what the node claims of the latter */
};

/** Make the machine and open the daemon. Errors: NULL; with findings, or out of memory. */
struct node *node_create(const struct node_setup *, struct diagnostics *);
void node_destroy(struct node *); /* takes NULL; stops the daemon first */

/** Put a file on its disk. Errors: negative errno. */
int node_write(struct node *, const char *path, const char *text);

/**
 * Start the daemon; anew if it was ended: then the machine's files are still there, and its clock
 * has run on. Errors: negative errno; the reason is in the story.
 */
int node_start(struct node *);

/** End the daemon in order; takes one that has ended. */
void node_stop(struct node *);

/** End it at once: it saves, steers and tells nothing any more. */
void node_kill(struct node *);

/** The machine sleeps: nothing runs and nothing arrives. The caller wakes it in `for_ns`. */
void node_sleep(struct node *, int64_t for_ns);

/** It wakes up, with a system clock that gained `error_ns`. */
void node_wake(struct node *, int64_t error_ns);

/** Whether it sleeps, and until when. */
bool node_asleep(const struct node *, gn_utc *until);

/** Run a command as gnomonctl does: one JSON request, one JSON reply, before this returns; then the
 * loop's turn ends. Errors: -ENOTCONN: no daemon runs. */
int node_command(struct node *, const char *request, gn_command_cb, void *arg);

/** As a command would see it: no event for the node, so its next ones are the same. */
void node_truth(struct node *, struct node_truth *);

/** As a command would see it: what `gnomonctl tracking` and `sources` tell; nothing, as long as
 * no daemon runs. */
void node_tracking(struct node *, struct gn_tracking *);
void node_sources(struct node *, gn_source_report_cb, void *arg);

const char *node_name(const struct node *);
struct vhost *node_host(struct node *);
struct os_clock *node_clock(struct node *);
struct os_devices *node_devices(struct node *); /* of vdev.h */

#endif
