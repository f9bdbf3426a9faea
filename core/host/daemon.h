/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_DAEMON_H
#define HOST_DAEMON_H

/**
 * A whole daemon on some machine (`struct os`): instances, pipeline, control. Several may live in
 * one process; the simulator does that.
 */

#include <gnomon/state.h>
#include <host/config.h>
#include <host/logger.h>
#include <jansson.h>
#include <os/os.h>

struct daemon;

/** What the daemon is started for. */
enum daemon_mode {
    DAEMON_RUN = 0,    /* until stopped */
    DAEMON_SET = 1,    /* -q: set the clock once, then end */
    DAEMON_OFFSET = 2, /* -Q: print the offset once, then end */
};

struct daemon_setup {
    struct os *os;
    struct config *config; /* taken over */
    struct loader *loader; /* lent */
    struct logger *logger; /* lent */
    enum daemon_mode mode;
    bool read_only;                          /* -x */
    const char *control_socket;              /* -s; NULL: as configured */
    void (*finished)(void *arg, int status); /* the daemon has ended what it was started for */
    void *arg;
};

/** Make a daemon and open (not start) its instances; findings go to `diagnostics`. NULL on errors,
 * and the configuration is freed then too. */
struct daemon *daemon_create(const struct daemon_setup *, struct diagnostics *);

/** Open devices and sockets. Errors: negative errno, already logged with its reason. */
int daemon_start(struct daemon *);

/** Stop in order: outputs hear of it last, the drift file is written. */
void daemon_stop(struct daemon *);
void daemon_destroy(struct daemon *); /* takes NULL */

/* What commands and reports need. */

/** The published snapshot, and what the local scale shows now. */
const struct gn_state *daemon_state(struct daemon *, gn_local *now);
void daemon_tracking(struct daemon *, struct gn_tracking *);
void daemon_sources(struct daemon *, gn_source_report_cb, void *arg);

/** Step the clock now. Errors: negative errno with the reason in `why`. */
int daemon_makestep(struct daemon *, char *why, size_t why_size);

/**
 * Ask the source of this name, or all (NULL), for quick measurements now. Returns how many will.
 * Errors: negative errno with the reason in `why`.
 */
int daemon_burst(struct daemon *, const char *name, char *why, size_t why_size);

/**
 * Give a command to the source of this name, or (NULL) to the first that knows it. `*answered` is
 * the source that replied, until the next turn.
 * Errors: -ENOTSUP none knows it; else negative errno; the reason is in `why`.
 */
int daemon_command(struct daemon *, const char *source, const char *name, gn_command_cb reply,
                   void *reply_arg, const char **answered, char *why, size_t why_size);

/**
 * Ask the sources that `name` means (addressee.h), or all (NULL), or let them rest until further
 * notice. Returns how many it concerns. Errors: negative errno with the reason in `why`.
 */
int daemon_online(struct daemon *, const char *name, bool online, char *why, size_t why_size);

/** Resolve all names anew, now. Returns of how many entries. Errors: as daemon_online(). */
int daemon_refresh(struct daemon *, char *why, size_t why_size);

/** How many sources are in which state. */
struct daemon_activity {
    size_t online, offline, unresolved;
};
void daemon_activity(struct daemon *, struct daemon_activity *);

/**
 * Add an entry of `sources` and start it. `entry`: a JSON object with the keys of one in the file.
 * Returns its name; lent. Errors: NULL with the reason in `why`.
 */
const char *daemon_add(struct daemon *, const json_t *entry, char *why, size_t why_size);

/**
 * Delete the entry that `name` means (addressee.h), with all its sources. No report tells of it any
 * more; it ends at the end of the loop's turn, so it may be what calls.
 * Errors: negative errno with the reason in `why`.
 */
int daemon_delete(struct daemon *, const char *name, char *why, size_t why_size);

/** End the daemon, with exit status 0, after this turn. */
void daemon_shutdown(struct daemon *);

struct loader *daemon_loader(struct daemon *);

#endif
