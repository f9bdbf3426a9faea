/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLUGIN_FAULTS_INTERNAL_H
#define TESTS_PLUGIN_FAULTS_INTERNAL_H

/** The parts of the machine of faults.h, for its own files. */

#include "faults.h"

#include <sim/chance.h>

/* Handles that are counted. */
enum handle { TIMER, SOCKET, REQUEST, DEVICE, HANDLES };

/* Each part begins with what callers hold. */
struct faults_loop {
    struct os_loop base;
    struct faults *faults;
};

struct faults_net {
    struct os_net base;
    struct faults *faults;
};

struct faults_devices {
    struct os_devices base;
    struct faults *faults;
};

struct faults_clock {
    struct os_clock base;
    struct faults *faults;
};

struct faults_store {
    struct os_store base;
    struct faults *faults;
};

struct faults_entropy {
    struct os_entropy base;
    struct faults *faults;
};

struct faults {
    struct os outer;
    struct os *inner;
    struct faults_loop loop;
    struct faults_net net;
    struct faults_devices devices;
    struct faults_clock clock;
    struct faults_store store;
    struct faults_entropy entropy;
    struct faults_plan plan;
    struct chance chance;
    int64_t slept_ns;
    unsigned counted; /* calls since the plan was made */
    unsigned calls, failed, written;
    unsigned open[HANDLES];
};

/** The error that this call is to give, or 0. */
int faults_next(struct faults *, enum faults_call);

/** One of the errors that such a call knows. */
int faults_some_error(struct faults *, enum faults_call);

/* faults_net.c, faults_parts.c */
extern const struct os_net_ops faults_net_ops;
extern const struct os_device_ops faults_device_ops;
extern const struct os_clock_ops faults_clock_ops;
extern const struct os_store_ops faults_store_ops;
extern const struct os_entropy_ops faults_entropy_ops;

#endif
