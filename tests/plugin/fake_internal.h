/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLUGIN_FAKE_INTERNAL_H
#define TESTS_PLUGIN_FAKE_INTERNAL_H

/** The parts of the fake daemon, for its own files. */

#include "fake_host.h"

enum handle_kind { TIMER, DATAGRAM, DEVICE, SOURCE };

struct fake_handle {
    enum handle_kind kind;
    struct fake_host *owner;
    struct fake_handle *next;
    unsigned round; /* of delivery */
};

struct gn_timer {
    struct fake_handle handle;
    gn_timer_cb callback;
    void *arg;
    bool armed;
    int64_t due_ns;
    uint64_t order;
};

struct gn_datagram {
    struct fake_handle handle;
    struct gn_datagram_config config;
    struct gn_datagram_events events;
    void *arg;
    char path[108];
};

struct gn_device {
    struct fake_handle handle;
    gn_device_cb readable;
    void *arg;
};

struct gn_source {
    struct fake_handle handle;
};

/* A callback that waits for the loop. */
struct fake_task {
    struct fake_task *next;
    struct fake_host *owner;
    struct gn_datagram *datagram; /* NULL: an answer of the resolver */
    uint64_t tag;
    gn_local when;
    gn_resolve_cb resolved;
    void *arg;
    uint16_t port;
    char name[256];
};

struct fake_state_file {
    struct fake_state_file *next;
    char key[64];
    size_t size;
    unsigned char data[256];
};

struct fake_world *fake_world_of(struct gn_host *);

/** Write down the first thing that a plugin must not do. */
void fake_misuse(struct fake_world *, const char *what);

/** Count a call that can fail. Returns the error that the script wants, or 0. */
int fake_scripted(struct gn_host *);

/** A new handle of `size` bytes, which begins with a fake_handle. */
void *fake_handle_add(struct gn_host *, enum handle_kind, size_t size);

/** Whether a handle is open, of this kind, and the instance's own; if not, that is a misuse. */
bool fake_handle_ok(struct gn_host *, const void *handle, enum handle_kind);
void fake_handle_close(struct gn_host *, void *handle, enum handle_kind);

/** A callback to come, after all others. */
struct fake_task *fake_task_add(struct gn_host *);

/** Forget those of an owner, or of a datagram; either may be NULL. */
void fake_tasks_drop(struct fake_world *, const struct fake_host *owner, const void *datagram);

/* The tables of services. */
extern const struct gn_log_ops fake_log_ops;
extern const struct gn_clock_ops fake_clock_ops;
extern const struct gn_timer_ops fake_timer_ops;
extern const struct gn_datagram_ops fake_datagram_ops;
extern const struct gn_device_ops fake_device_ops;
extern const struct gn_resolve_ops fake_resolve_ops;
extern const struct gn_source_ops fake_source_ops;
extern const struct gn_state_ops fake_state_ops;
extern const struct gn_store_ops fake_store_ops;
extern const struct gn_random_ops fake_random_ops;
extern const struct gn_report_ops fake_report_ops;
extern const struct gn_command_ops fake_command_ops;

#endif
