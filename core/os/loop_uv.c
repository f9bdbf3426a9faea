/* SPDX-License-Identifier: Apache-2.0 */
#include "loop_uv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define NS_PER_MS 1000000

/* How long destroy waits for name look-ups that run in libuv's threads and cannot be cancelled. */
#define GRACE_MS 200

struct os_timer {
    uv_timer_t handle;
    struct loop_uv *loop;
    os_cb callback;
    void *arg;
    LIST_ENTRY(os_timer) link;
};

/* Given back, and lying ready. */
struct spare {
    SLIST_ENTRY(spare) link;
    size_t size;
};
#define MOST_SPARES 8

struct signal_watch {
    uv_signal_t handle;
    struct loop_uv *loop;
    void (*callback)(void *arg, int signum);
    void *arg;
    LIST_ENTRY(signal_watch) link;
};

struct loop_uv {
    struct os_loop base; /* first: callers hold this */
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    os_cb turn_end;
    void *turn_end_arg;
    bool busy;      /* a callback ran since the last turn_end */
    bool in_timers; /* libuv is running due timers */
    LIST_HEAD(, os_timer) timers;
    LIST_HEAD(, signal_watch) signals;
    SLIST_HEAD(, spare) spares;
    unsigned spare_count;
};

static struct loop_uv *self(struct os_loop *base)
{
    return (struct loop_uv *)base;
}

uv_loop_t *loop_uv_handle(struct os_loop *base)
{
    return &self(base)->uv;
}

void loop_uv_busy(struct os_loop *base)
{
    self(base)->busy = true;
}

/* ---------------------------------------------------------------- memory */

void *loop_uv_take(struct os_loop *base, size_t size)
{
    struct loop_uv *loop = self(base);
    struct spare *spare;
    assert(size >= sizeof *spare);
    SLIST_FOREACH(spare, &loop->spares, link)
    if (spare->size == size)
        break;
    if (spare == NULL)
        return calloc(1, size);
    SLIST_REMOVE(&loop->spares, spare, spare, link);
    loop->spare_count--;
    return memset(spare, 0, size);
}

void loop_uv_give(uv_loop_t *uv, void *block, size_t size)
{
    struct loop_uv *loop = uv->data;
    struct spare *spare = block;
    if (block == NULL || loop->spare_count >= MOST_SPARES) {
        free(block);
        return;
    }
    spare->size = size;
    SLIST_INSERT_HEAD(&loop->spares, spare, link);
    loop->spare_count++;
}

static void free_spares(struct loop_uv *loop)
{
    struct spare *spare;
    while ((spare = SLIST_FIRST(&loop->spares)) != NULL) {
        SLIST_REMOVE_HEAD(&loop->spares, link);
        free(spare);
    }
}

/* ---------------------------------------------------------------- turns */

static void end_turn(struct loop_uv *loop)
{
    loop->in_timers = false;
    if (!loop->busy)
        return;
    loop->busy = false;
    if (loop->turn_end != NULL)
        loop->turn_end(loop->turn_end_arg);
}

/* libuv's order is timers, prepare, wait, I/O, check. Both hooks end a turn: what timers have
 * submitted must not wait until the next wake-up. */
static void on_prepare(uv_prepare_t *handle)
{
    end_turn(handle->data);
}

static void on_check(uv_check_t *handle)
{
    end_turn(handle->data);
}

static void turn_end(struct os_loop *base, os_cb callback, void *arg)
{
    struct loop_uv *loop = self(base);
    assert(callback == NULL || loop->turn_end == NULL);
    loop->turn_end = callback;
    loop->turn_end_arg = arg;
}

static int run(struct os_loop *base)
{
    /* The two hooks are active handles, so this returns by stop() only. */
    uv_run(&self(base)->uv, UV_RUN_DEFAULT);
    return 0;
}

static void stop(struct os_loop *base)
{
    uv_stop(&self(base)->uv);
}

/* ---------------------------------------------------------------- timers */

static int timer_open(struct os_loop *base, os_cb callback, void *arg, struct os_timer **result)
{
    struct loop_uv *loop = self(base);
    struct os_timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL)
        return -ENOMEM;
    uv_timer_init(&loop->uv, &timer->handle);
    timer->handle.data = timer;
    timer->loop = loop;
    timer->callback = callback;
    timer->arg = arg;
    LIST_INSERT_HEAD(&loop->timers, timer, link);
    *result = timer;
    return 0;
}

static void on_timer(uv_timer_t *handle)
{
    struct os_timer *timer = handle->data;
    timer->loop->in_timers = true;
    timer->loop->busy = true;
    timer->callback(timer->arg);
}

/* libuv counts whole milliseconds from the time it cached when the turn began. We aim at an
 * absolute millisecond, rounded up, so that a timer is never early. */
static uint64_t delay_ms(const struct loop_uv *loop, int64_t delay_ns)
{
    if (delay_ns <= 0)
        return loop->in_timers ? 1 : 0; /* 0 would be due again in this very turn */
    if (delay_ns > INT64_MAX / 4)
        delay_ns = INT64_MAX / 4;
    uint64_t due_ms = (uv_hrtime() + (uint64_t)delay_ns + NS_PER_MS - 1) / NS_PER_MS;
    uint64_t now_ms = uv_now(&loop->uv);
    return due_ms > now_ms ? due_ms - now_ms : 1;
}

static int timer_start(struct os_timer *timer, int64_t delay_ns)
{
    return uv_timer_start(&timer->handle, on_timer, delay_ms(timer->loop, delay_ns), 0);
}

static void timer_stop(struct os_timer *timer)
{
    uv_timer_stop(&timer->handle);
}

static void free_timer(uv_handle_t *handle)
{
    free(handle->data);
}

static void timer_close(struct os_timer *timer)
{
    if (timer == NULL)
        return;
    LIST_REMOVE(timer, link);
    uv_close((uv_handle_t *)&timer->handle, free_timer);
}

/* ---------------------------------------------------------------- signals */

static void on_signal(uv_signal_t *handle, int signum)
{
    struct signal_watch *watch = handle->data;
    watch->loop->busy = true;
    watch->callback(watch->arg, signum);
}

static void free_signal(uv_handle_t *handle)
{
    free(handle->data);
}

static int watch_signal(struct os_loop *base, int signum, void (*callback)(void *, int), void *arg)
{
    struct loop_uv *loop = self(base);
    struct signal_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return -ENOMEM;
    int rc = uv_signal_init(&loop->uv, &watch->handle);
    if (rc < 0) {
        free(watch);
        return rc;
    }
    watch->handle.data = watch;
    watch->loop = loop;
    watch->callback = callback;
    watch->arg = arg;
    rc = uv_signal_start(&watch->handle, on_signal, signum);
    if (rc < 0) {
        uv_close((uv_handle_t *)&watch->handle, free_signal);
        return rc;
    }
    LIST_INSERT_HEAD(&loop->signals, watch, link);
    return 0;
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

struct os_loop *loop_uv_create(void)
{
    struct loop_uv *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return NULL;
    if (uv_loop_init(&loop->uv) < 0) {
        free(loop);
        return NULL;
    }
    loop->uv.data = loop;
    loop->base.ops = &loop_ops;
    LIST_INIT(&loop->timers);
    LIST_INIT(&loop->signals);
    SLIST_INIT(&loop->spares);
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_check_init(&loop->uv, &loop->check);
    loop->prepare.data = loop;
    loop->check.data = loop;
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_check_start(&loop->check, on_check);
    return &loop->base;
}

static void close_left(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_all(struct loop_uv *loop)
{
    struct os_timer *timer;
    while ((timer = LIST_FIRST(&loop->timers)) != NULL)
        timer_close(timer);
    struct signal_watch *watch;
    while ((watch = LIST_FIRST(&loop->signals)) != NULL) {
        LIST_REMOVE(watch, link);
        uv_close((uv_handle_t *)&watch->handle, free_signal);
    }
    uv_walk(&loop->uv, close_left, NULL);
}

static void on_grace(uv_timer_t *handle)
{
    uv_stop(handle->loop);
    uv_close((uv_handle_t *)handle, NULL);
}

/* Run the pending closes, and for a moment wait for requests in libuv's threads. */
static bool drain(struct loop_uv *loop)
{
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    if (uv_loop_alive(&loop->uv)) {
        uv_timer_t grace;
        uv_timer_init(&loop->uv, &grace);
        uv_unref((uv_handle_t *)&grace);
        uv_timer_start(&grace, on_grace, GRACE_MS, 0);
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        close_left((uv_handle_t *)&grace, NULL);
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
    return uv_loop_close(&loop->uv) == 0;
}

bool loop_uv_destroy(struct os_loop *base)
{
    if (base == NULL)
        return true;
    struct loop_uv *loop = self(base);
    loop->turn_end = NULL;
    close_all(loop);
    /* A name look-up that hangs keeps its loop: its thread will still write to it. */
    if (!drain(loop))
        return false;
    free_spares(loop);
    free(loop);
    return true;
}
