/* SPDX-License-Identifier: Apache-2.0 */
#include "faults_internal.h"

#include <base/memory.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- what fails */

/* Up to four errors of each kind of call, from the manual pages. */
static const int errors[FAULTS_CALLS][4] = {
    [FAULTS_TIMER_OPEN] = {-ENOMEM},
    [FAULTS_SOCKET_OPEN] = {-EMFILE, -ENOBUFS, -ENOMEM, -EADDRNOTAVAIL},
    [FAULTS_UNIX_OPEN] = {-ENOENT, -ECONNREFUSED, -EMFILE, -EACCES},
    [FAULTS_SEND] = {-ENETUNREACH, -ENOBUFS, -EPERM, -EAGAIN},
    [FAULTS_SOCKET_ERROR] = {-ECONNREFUSED, -EHOSTUNREACH, -ENETDOWN, -EMSGSIZE},
    [FAULTS_RESOLVE] = {-ENOMEM, -EMFILE},
    [FAULTS_ANSWER] = {-ENOENT, -EAGAIN, -EIO},
    [FAULTS_DEVICE_OPEN] = {-ENOENT, -EACCES, -EBUSY, -EMFILE},
    [FAULTS_DEVICE_READ] = {-EIO, -ENODEV, -EAGAIN, -ENOMEM},
    [FAULTS_DEVICE_WRITE] = {-EIO, -ENODEV, -EAGAIN},
    [FAULTS_DEVICE_CONTROL] = {-ENOTTY, -EIO, -ENODEV, -ETIMEDOUT},
    [FAULTS_STORE_READ] = {-EIO, -EACCES, -ENOENT, -ENOMEM},
    [FAULTS_STORE_WRITE] = {-ENOSPC, -EROFS, -EIO, -EACCES},
    [FAULTS_RANDOM] = {-EAGAIN, -ENOSYS},
    [FAULTS_CLOCK_SET] = {-EPERM},
    [FAULTS_CLOCK_STATUS] = {-EPERM},
};

int faults_some_error(struct faults *faults, enum faults_call kind)
{
    unsigned count = 0;
    while (count < 4 && errors[kind][count] != 0)
        count++;
    return errors[kind][chance_bits(&faults->chance) % count];
}

int faults_next(struct faults *faults, enum faults_call kind)
{
    const struct faults_plan *plan = &faults->plan;
    faults->calls++;
    if ((plan->kinds & 1u << kind) == 0)
        return 0;
    faults->counted++;
    bool turn = plan->at != 0 &&
                (plan->and_after ? faults->counted >= plan->at : faults->counted == plan->at);
    if (!turn && !(plan->chance > 0 && chance_uniform(&faults->chance) < plan->chance))
        return 0;
    faults->failed++;
    return faults_some_error(faults, kind);
}

/* ---------------------------------------------------------------- loop */

/* The inner machine's timer is a struct of the same name, so it is kept as void. */
struct os_timer {
    struct faults *faults;
    void *inner;
};

static const struct os_loop_ops *loop_of(const struct faults *faults)
{
    return faults->inner->loop->ops;
}

static struct faults *of_loop(struct os_loop *loop)
{
    return ((struct faults_loop *)loop)->faults;
}

static int timer_open(struct os_loop *loop, os_cb callback, void *arg, struct os_timer **result)
{
    struct faults *faults = of_loop(loop);
    struct os_timer *inner, *timer;
    int rc = faults_next(faults, FAULTS_TIMER_OPEN);
    if (rc == 0)
        rc = loop_of(faults)->timer_open(faults->inner->loop, callback, arg, &inner);
    if (rc < 0)
        return rc;
    timer = memory_zeroed(sizeof *timer);
    *timer = (struct os_timer){faults, inner};
    faults->open[TIMER]++;
    *result = timer;
    return 0;
}

static int timer_start(struct os_timer *timer, int64_t delay_ns)
{
    timer->faults->calls++;
    return loop_of(timer->faults)->timer_start(timer->inner, delay_ns);
}

static void timer_stop(struct os_timer *timer)
{
    loop_of(timer->faults)->timer_stop(timer->inner);
}

static void timer_close(struct os_timer *timer)
{
    if (timer == NULL)
        return;
    loop_of(timer->faults)->timer_close(timer->inner);
    timer->faults->open[TIMER]--;
    free(timer);
}

static void turn_end(struct os_loop *loop, os_cb callback, void *arg)
{
    struct faults *faults = of_loop(loop);
    loop_of(faults)->turn_end(faults->inner->loop, callback, arg);
}

static int watch_signal(struct os_loop *loop, int signum, void (*callback)(void *, int), void *arg)
{
    struct faults *faults = of_loop(loop);
    return loop_of(faults)->signal(faults->inner->loop, signum, callback, arg);
}

static int run(struct os_loop *loop)
{
    struct faults *faults = of_loop(loop);
    return loop_of(faults)->run(faults->inner->loop);
}

static void stop(struct os_loop *loop)
{
    struct faults *faults = of_loop(loop);
    loop_of(faults)->stop(faults->inner->loop);
}

static const struct os_loop_ops loop_ops = {
    .timer_open = timer_open,
    .timer_start = timer_start,
    .timer_stop = timer_stop,
    .timer_close = timer_close,
    .turn_end = turn_end,
    .signal = watch_signal,
    .run = run,
    .stop = stop,
};

/* ---------------------------------------------------------------- life */

struct faults *faults_create(uint64_t seed)
{
    struct faults *faults = memory_zeroed(sizeof *faults);
    chance_init(&faults->chance, seed, "faults", "");
    return faults;
}

void faults_destroy(struct faults *faults)
{
    free(faults);
}

struct os *faults_wrap(struct faults *faults, struct os *inner)
{
    faults->inner = inner;
    faults->loop = (struct faults_loop){{&loop_ops}, faults};
    faults->net = (struct faults_net){{&faults_net_ops}, faults};
    faults->devices = (struct faults_devices){{&faults_device_ops}, faults};
    faults->clock = (struct faults_clock){{&faults_clock_ops, inner->clock->max_frequency}, faults};
    faults->store = (struct faults_store){{&faults_store_ops}, faults};
    faults->entropy = (struct faults_entropy){{&faults_entropy_ops}, faults};
    faults->outer = (struct os){&faults->loop.base,  &faults->net.base,   &faults->devices.base,
                                &faults->clock.base, &faults->store.base, &faults->entropy.base};
    return &faults->outer;
}

void faults_plan(struct faults *faults, const struct faults_plan *plan)
{
    faults->plan = *plan;
    faults->counted = 0;
}

void faults_sleep(struct faults *faults, int64_t slept_ns)
{
    faults->slept_ns += slept_ns;
}

unsigned faults_open(const struct faults *faults, char *words, size_t size)
{
    const unsigned *open = faults->open;
    snprintf(words, size, "%u timers, %u sockets, %u requests, %u devices", open[TIMER],
             open[SOCKET], open[REQUEST], open[DEVICE]);
    return open[TIMER] + open[SOCKET] + open[REQUEST] + open[DEVICE];
}

unsigned faults_failed(const struct faults *faults)
{
    return faults->failed;
}

unsigned faults_calls(const struct faults *faults)
{
    return faults->calls;
}

unsigned faults_written(const struct faults *faults)
{
    return faults->written;
}
