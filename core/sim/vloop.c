/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <sim/vclock.h>
#include <sim/vloop.h>
#include <stdlib.h>
#include <sys/queue.h>

/* Longer waits never end in any simulated life, and sums of them do not overflow. */
#define LONGEST_NS (INT64_MAX / 4)

struct vloop {
    struct os_loop base; /* first: callers hold this */
    struct world *world;
    struct os_clock *clock;
    os_cb turn_end;
    void *turn_end_arg;
    bool stopped;
    LIST_HEAD(, os_timer) timers;
};

struct os_timer {
    struct world_event event;
    struct vloop *loop;
    os_cb callback;
    void *arg;
    LIST_ENTRY(os_timer) link;
};

static struct vloop *self(struct os_loop *base)
{
    return (struct vloop *)base;
}

/* ---------------------------------------------------------------- turns */

static void turn_end(struct os_loop *base, os_cb callback, void *arg)
{
    struct vloop *loop = self(base);
    assert(callback == NULL || loop->turn_end == NULL);
    loop->turn_end = callback;
    loop->turn_end_arg = arg;
}

void vloop_end_turn(struct os_loop *base)
{
    struct vloop *loop = self(base);
    if (loop->turn_end != NULL)
        loop->turn_end(loop->turn_end_arg);
}

static int run(struct os_loop *base)
{
    (void)base;
    return 0;
}

static void stop(struct os_loop *base)
{
    self(base)->stopped = true;
}

bool vloop_stopped(const struct os_loop *base)
{
    return ((const struct vloop *)base)->stopped;
}

static int watch_signal(struct os_loop *base, int signum, void (*callback)(void *, int), void *arg)
{
    (void)base, (void)signum, (void)callback, (void)arg;
    return -ENOTSUP;
}

/* ---------------------------------------------------------------- timers */

static void fire(void *arg)
{
    struct os_timer *timer = arg;
    struct vloop *loop = timer->loop; /* the callback may close the timer */
    timer->callback(timer->arg);
    vloop_end_turn(&loop->base);
}

static int timer_open(struct os_loop *base, os_cb callback, void *arg, struct os_timer **result)
{
    struct os_timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL)
        return -ENOMEM;
    timer->event.happen = fire;
    timer->event.arg = timer;
    timer->loop = self(base);
    timer->callback = callback;
    timer->arg = arg;
    LIST_INSERT_HEAD(&timer->loop->timers, timer, link);
    *result = timer;
    return 0;
}

static int timer_start(struct os_timer *timer, int64_t delay_ns)
{
    struct vloop *loop = timer->loop;
    if (delay_ns > LONGEST_NS)
        delay_ns = LONGEST_NS;
    if (delay_ns > 0)
        delay_ns = vclock_true_interval_ns(loop->clock, delay_ns);
    world_order_in(loop->world, &timer->event, delay_ns > 0 ? delay_ns : 0);
    return 0;
}

static void timer_stop(struct os_timer *timer)
{
    world_cancel(timer->loop->world, &timer->event);
}

static void timer_close(struct os_timer *timer)
{
    if (timer == NULL)
        return;
    timer_stop(timer);
    LIST_REMOVE(timer, link);
    free(timer);
}

/* Those of one instant are ordered anew, as they stand in the list. */
void vloop_sleep(struct os_loop *base, int64_t for_ns)
{
    struct vloop *loop = self(base);
    struct os_timer *timer;
    LIST_FOREACH(timer, &loop->timers, link)
    if (timer->event.place != 0)
        world_order(loop->world, &timer->event, (gn_utc){timer->event.when_ns + for_ns});
}

/* ---------------------------------------------------------------- life */

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

struct os_loop *vloop_create(struct world *world, struct os_clock *clock)
{
    struct vloop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return NULL;
    loop->base.ops = &loop_ops;
    loop->world = world;
    loop->clock = clock;
    LIST_INIT(&loop->timers);
    return &loop->base;
}

void vloop_destroy(struct os_loop *base)
{
    struct os_timer *timer;
    if (base == NULL)
        return;
    while ((timer = LIST_FIRST(&self(base)->timers)) != NULL)
        timer_close(timer);
    free(self(base));
}
