/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CONTROL_FIXTURE_H
#define TESTS_UNIT_CONTROL_FIXTURE_H

/** A control socket without sockets: streams that tests fill and read, and timers by hand. */

#include <assert.h>
#include <errno.h>
#include <host/control.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_MAX 128 /* streams and timers */

struct os_stream {
    bool used, started, closed, flushed;
    const struct os_stream_events *events;
    void *arg;
    char *out; /* what was written, ended by NUL */
    size_t size;
    size_t unread; /* of that, what the other side has not taken */
    bool deaf;     /* the other side takes nothing */
};

struct os_timer {
    bool used, armed;
    int64_t due_ns;
    os_cb callback;
    void *arg;
};

/** Loop and net in one; the first members are what os.h wants. */
struct fake {
    struct os_loop loop;
    struct os_net net;
    struct os os;
    struct logger *logger;
    struct control *control;
    void (*accepted)(void *arg, struct os_stream *);
    void *accepted_arg;
    int64_t now_ns;
    unsigned requests;
    char last[64]; /* beginning of the last request */
    int listen_error;
    char log[256];
    struct os_stream streams[FAKE_MAX];
    struct os_timer timers[FAKE_MAX];
};

static inline struct fake *fake_of_loop(struct os_loop *loop)
{
    return (struct fake *)(void *)((char *)loop - offsetof(struct fake, loop));
}

static inline struct fake *fake_of_net(struct os_net *net)
{
    return (struct fake *)(void *)((char *)net - offsetof(struct fake, net));
}

static inline int fake_timer_open(struct os_loop *loop, os_cb callback, void *arg,
                                  struct os_timer **timer)
{
    struct fake *fake = fake_of_loop(loop);
    for (size_t i = 0; i < FAKE_MAX; i++) {
        if (!fake->timers[i].used) {
            fake->timers[i] = (struct os_timer){.used = true, .callback = callback, .arg = arg};
            *timer = &fake->timers[i];
            return 0;
        }
    }
    return -ENOMEM;
}

/* The fake's time stands still while code runs, so a timer may keep the delay instead. */
static inline int fake_timer_start(struct os_timer *timer, int64_t delay_ns)
{
    assert(timer->used);
    timer->armed = true;
    timer->due_ns = delay_ns;
    return 0;
}

static inline void fake_timer_close(struct os_timer *timer)
{
    if (timer != NULL) {
        assert(timer->used);
        *timer = (struct os_timer){0};
    }
}

/** Let time pass; timers fire. */
static inline void fake_pass(struct fake *fake, int64_t ns)
{
    for (size_t i = 0; i < FAKE_MAX; i++) {
        struct os_timer *timer = &fake->timers[i];
        if (!timer->armed)
            continue;
        timer->due_ns -= ns;
        if (timer->due_ns <= 0) {
            timer->armed = false;
            timer->callback(timer->arg);
        }
    }
}

static inline int fake_listen(struct os_net *net, const char *path, mode_t mode,
                              void (*accepted)(void *, struct os_stream *), void *arg,
                              struct os_listener **listener)
{
    struct fake *fake = fake_of_net(net);
    (void)path;
    (void)mode;
    if (fake->listen_error != 0)
        return fake->listen_error;
    fake->accepted = accepted;
    fake->accepted_arg = arg;
    *listener = (struct os_listener *)(void *)fake;
    return 0;
}

static inline void fake_listener_close(struct os_listener *listener)
{
    if (listener != NULL)
        ((struct fake *)(void *)listener)->accepted = NULL;
}

static inline void fake_stream_start(struct os_stream *stream,
                                     const struct os_stream_events *events, void *arg)
{
    assert(!stream->started && !stream->closed);
    stream->started = true;
    stream->events = events;
    stream->arg = arg;
}

static inline int fake_stream_write(struct os_stream *stream, const void *data, size_t size,
                                    size_t limit)
{
    assert(stream->started && !stream->closed);
    if (stream->unread > limit)
        return -ENOBUFS;
    stream->out = realloc(stream->out, stream->size + size + 1);
    assert(stream->out != NULL);
    memcpy(stream->out + stream->size, data, size);
    stream->size += size;
    stream->out[stream->size] = '\0';
    stream->unread += stream->deaf ? size : 0;
    return 0;
}

static inline void fake_stream_close(struct os_stream *stream, bool flush)
{
    if (stream != NULL) {
        assert(!stream->closed);
        stream->closed = true;
        stream->flushed = flush;
    }
}

/** Answers every request with its number. */
static inline void fake_answer(void *arg, const char *request, gn_command_cb reply, void *reply_arg)
{
    struct fake *fake = arg;
    char text[32];
    snprintf(fake->last, sizeof(fake->last), "%s", request);
    snprintf(text, sizeof(text), "{\"n\":%u}", fake->requests++);
    reply(reply_arg, text);
}

static inline void fake_log(void *arg, enum gn_level level, const char *line)
{
    struct fake *fake = arg;
    (void)level;
    snprintf(fake->log, sizeof(fake->log), "%s", line);
}

/** Prepare `fake` and open the control socket with the given handler. Returns control_open's. */
static inline int fake_open(struct fake *fake, int listen_error, control_handler handler)
{
    static const struct os_loop_ops loop_ops = {
        .timer_open = fake_timer_open,
        .timer_start = fake_timer_start,
        .timer_close = fake_timer_close,
    };
    static const struct os_net_ops net_ops = {
        .listen_unix = fake_listen,
        .listener_close = fake_listener_close,
        .stream_start = fake_stream_start,
        .stream_write = fake_stream_write,
        .stream_close = fake_stream_close,
    };
    memset(fake, 0, sizeof(*fake));
    fake->loop.ops = &loop_ops;
    fake->net.ops = &net_ops;
    fake->os = (struct os){.loop = &fake->loop, .net = &fake->net};
    fake->listen_error = listen_error;
    fake->logger = logger_create(GN_DEBUG, fake_log, fake);
    return control_open(&fake->os, fake->logger, "/tmp/x.sock", 0660, handler, fake,
                        &fake->control);
}

/** End everything; all streams and timers must have been given back. */
static inline void fake_close(struct fake *fake)
{
    control_close(fake->control);
    logger_destroy(fake->logger);
    for (size_t i = 0; i < FAKE_MAX; i++) {
        assert(!fake->timers[i].used);
        assert(!fake->streams[i].used || fake->streams[i].closed);
        free(fake->streams[i].out);
    }
}

/** Somebody connects. */
static inline struct os_stream *fake_connect(struct fake *fake)
{
    for (size_t i = 0; i < FAKE_MAX; i++) {
        if (!fake->streams[i].used) {
            fake->streams[i].used = true;
            fake->accepted(fake->accepted_arg, &fake->streams[i]);
            return &fake->streams[i];
        }
    }
    abort();
}

/** Bytes arrive; nothing comes to a closed stream. Size 0: the other side closes. */
static inline void fake_feed(struct os_stream *stream, const void *data, size_t size)
{
    if (!stream->closed)
        stream->events->readable(stream->arg, data, size);
}

static inline void fake_say(struct os_stream *stream, const char *text)
{
    fake_feed(stream, text, strlen(text));
}

static inline const char *fake_heard(const struct os_stream *stream)
{
    return stream->out != NULL ? stream->out : "";
}

#endif
