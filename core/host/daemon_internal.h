/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_DAEMON_INTERNAL_H
#define HOST_DAEMON_INTERNAL_H

/** The daemon's parts, for those who are parts of it: daemon.c, turn.c, oneshot.c, services. */

#include <host/archive.h>
#include <host/bus.h>
#include <host/control.h>
#include <host/daemon.h>
#include <host/drift.h>
#include <host/hardware.h>
#include <host/leaplist.h>
#include <host/publish.h>
#include <host/source.h>
#include <host/timekeeper.h>

/** One plugin's object for all its instances. */
struct shared {
    const struct plugin *plugin;
    struct config_instance config; /* its name and plugin; no entry's: that may be deleted */
    struct instance host;          /* an instance without a role: it only owns */
    void *self;
    struct shared *next;
};

struct daemon {
    struct daemon_setup setup;
    struct os *os;
    struct config *config;
    struct logger *logger;
    struct timekeeper keeper;
    struct hardware hardware; /* stamps of network cards */
    struct pipeline *pipeline;
    struct publish publish;
    struct bus bus;
    struct source_list sources;
    struct gn_datagram *spare;  /* that was closed last */
    struct instance *instances; /* in order of the configuration */
    struct shared *shared;
    struct control *control;
    struct diagnostics *findings; /* while the configuration is checked, else NULL */
    struct os_timer *deadline;    /* of the pipeline */
    struct os_timer *housekeeping;
    struct leaplist leaplist;
    char *drift_path;
    gn_local drift_saved;
    bool drift_failed; /* said once */
    struct archive archive;
    bool run_pipeline; /* something was queued in this turn */
    bool ending;       /* daemon_shutdown() was called */
    int end_status;
    gn_local started;
    gn_local synchronised_since; /* -q, -Q: ns 0: not yet */
    bool oneshot_done;           /* -q, -Q: the deed is done */
};

/** Queue a copy of an event, with `when` and `utc` filled. */
void daemon_put_event(struct daemon *, const struct gn_event *);

/** Queue an event of the daemon itself. `source` may be NULL. */
__attribute__((format(printf, 6, 7))) void daemon_event(struct daemon *, enum gn_event_kind,
                                                        enum gn_level, const char *source,
                                                        double value, const char *format, ...);

/** Close the instances that were deleted, outside of all their callbacks. Returns whether there
 * were any. */
bool daemon_reap(struct daemon *);

/** End with a status after this turn. */
void daemon_end(struct daemon *, int status);

/** The plugin's shared object, opened for its first instance; NULL where it has none. Errors:
 * negative errno, with the plugin's words. */
int shared_get(struct daemon *, const struct config_instance *, void **self, char *words,
               size_t size);
void shared_close_all(struct daemon *);

/** End of the loop's turn: run the pipeline if something was queued, carry out what it says,
 * deliver events. */
void turn_run(void *daemon);

/** Whether the clock is ours to steer. */
bool daemon_steers(const struct daemon *);

/** Look whether somebody else steers the clock, and put it back. */
void turn_look(struct daemon *);

/** Tell the kernel what is known of its clock; when the daemon ends, nothing any more. */
void turn_tell_kernel(struct daemon *, bool ends);

/** Save the drift if it is worth it; `now_or_never` at the end. */
void turn_save_drift(struct daemon *, bool now_or_never);

/** -q and -Q: look whether the one thing can be done, and do it. */
void oneshot_check(struct daemon *);

#endif
