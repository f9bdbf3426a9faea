/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLUGIN_FAKE_HOST_H
#define TESTS_PLUGIN_FAKE_HOST_H

/**
 * A daemon for plugins under test: virtual time, sockets that lead nowhere, services that fail
 * on demand, and a note of everything that a plugin does. It calls back only from
 * fake_world_run() and fake_world_deliver(), as the real one does only from its loop.
 */

#include <gnomon/host.h>

struct fake_handle;
struct fake_task;
struct fake_state_file;

/** What a world writes down. */
struct fake_notes {
    unsigned samples, polls, faults, events, resolutions, sent;
    unsigned logs[GN_DEBUG + 1];
    char last_log[256];
    char last_fault[256];
    double slow_s;           /* as the source asked for last */
    struct gn_sample sample; /* the last */
    struct gn_source_info source;
    char sent_path[108]; /* of the last datagram: the Unix socket; "" UDP */
    unsigned char sent_data[4096];
    size_t sent_size;
    struct gn_address sent_to;
};

/** Which calls fail. Only services that can fail are counted. */
struct fake_script {
    unsigned calls;   /* so far */
    unsigned fail_at; /* the call that fails, from 1; 0 none */
    bool and_after;   /* and all after it */
    int error;
    const char *absent[4]; /* paths that open with -ENOENT */
    int send_error;        /* of all sends, 0 none; */
    unsigned send_errors;  /* …if this is not 0: of as many */
    int resolve_error;     /* told by the callback */
};

struct fake_world {
    int64_t now_ns;
    uint64_t chance; /* state of the random stream */
    uint64_t order;  /* of arming: timers that are due together fire in it */
    struct fake_script script;
    struct fake_notes notes;
    const char *misuse; /* the first thing a plugin did that it must not */
    struct fake_handle *handles;
    struct fake_task *tasks;
    struct fake_state_file *files;
};

/** Groups of services, in the order of struct gn_host. */
enum fake_group {
    FAKE_LOG,
    FAKE_CLOCK,
    FAKE_TIMER,
    FAKE_DATAGRAM,
    FAKE_DEVICE,
    FAKE_RESOLVE,
    FAKE_SOURCE,
    FAKE_STATE,
    FAKE_STORE,
    FAKE_RANDOM,
    FAKE_REPORT,
    FAKE_COMMAND,
    FAKE_GROUP_COUNT
};

/** The host of one instance. */
struct fake_host {
    struct gn_host host; /* first */
    struct fake_world *world;
    char words[512]; /* of gn_fail() */
};

/** What the system clock shows beyond the local scale. Units: ns. */
#define FAKE_SYSTEM_NS INT64_C(3000000)

void fake_world_init(struct fake_world *, uint64_t seed);
void fake_world_finish(struct fake_world *);
uint64_t fake_world_random(struct fake_world *);

/** Let time pass; timers, replies of the resolver and transmit instants come when they are due. */
void fake_world_run(struct fake_world *, int64_t duration_ns);

/** Hand bytes to every socket and make every device readable. */
void fake_world_deliver(struct fake_world *, const void *data, size_t size);

/** How many handles are open, of all hosts. */
unsigned fake_world_open(const struct fake_world *);

/** Bit `1 << enum fake_group` of `missing`: the group is not there. */
void fake_host_init(struct fake_host *, struct fake_world *, const char *name, unsigned missing);

/** What the daemon does after `stop`: close what the instance has opened and left. Takes a zeroed
 * host. */
void fake_host_close_all(struct fake_host *);

#endif
