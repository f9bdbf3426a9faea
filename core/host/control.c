/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <host/control.h>
#include <host/lines.h>
#include <stdlib.h>
#include <string.h>

/* Replies that may wait for a client that is slow to read them. */
#define BACKLOG_MAX ((size_t)1 << 20)

/* How long what a client still sends after its error is thrown away, so that it can read why. */
#define LINGER_NS GN_NS_PER_S

struct client {
    struct control *control;
    struct client *previous, *next;
    struct os_stream *stream;
    struct os_timer *timer;
    struct lines lines;
    bool broken;  /* its replies can no longer be written */
    bool refused; /* it had its last error; what comes is thrown away */
};

struct control {
    struct os *os;
    struct logger *logger;
    control_handler handler;
    void *arg;
    struct os_listener *listener;
    struct client *clients;
    size_t client_count;
    bool crowded; /* said already */
};

static const struct os_net_ops *net(const struct control *control)
{
    return control->os->net->ops;
}

static void client_close(struct client *client, bool flush)
{
    struct control *control = client->control;
    if (client->previous != NULL)
        client->previous->next = client->next;
    else
        control->clients = client->next;
    if (client->next != NULL)
        client->next->previous = client->previous;
    control->client_count--;

    control->os->loop->ops->timer_close(client->timer);
    net(control)->stream_close(client->stream, flush);
    lines_finish(&client->lines);
    free(client);
}

/* One line out. Errors mark the client; whoever called in from the loop closes it. */
static void client_reply(void *arg, const char *reply)
{
    struct client *client = arg;
    if (client->broken)
        return;
    size_t length = strlen(reply);
    char *line = malloc(length + 1);
    int error = -ENOMEM;
    if (line != NULL) {
        memcpy(line, reply, length);
        line[length] = '\n';
        error = net(client->control)->stream_write(client->stream, line, length + 1, BACKLOG_MAX);
        free(line);
    }
    if (error != 0) {
        logger_log(client->control->logger, GN_DEBUG, "control",
                   "a client is closed: cannot write a reply: %s",
                   error == -ENOBUFS ? "it does not read them" : strerror(-error));
        client->broken = true;
    }
}

/* The last error of a client. It may still be sending, so it is closed a little later. */
static void client_refuse(struct client *client, const char *error)
{
    client_reply(client, error);
    client->refused = true;
    lines_finish(&client->lines);
    if (client->control->os->loop->ops->timer_start(client->timer, LINGER_NS) != 0)
        client->broken = true;
}

static bool client_line(void *arg, const char *line, size_t length)
{
    (void)length;
    struct client *client = arg;
    struct control *control = client->control;
    control->handler(control->arg, line, client_reply, client);
    if (control->os->loop->ops->timer_start(client->timer, CONTROL_IDLE_NS) != 0)
        client->broken = true;
    return !client->broken;
}

_Static_assert(CONTROL_LINE_MAX == 65536 && CONTROL_IDLE_NS == 60 * GN_NS_PER_S,
               "the errors name the numbers");

static void client_feed(struct client *client, const void *data, size_t size)
{
    switch (lines_feed(&client->lines, data, size, client_line, client)) {
    case 0:
    case -ECANCELED:
        return;
    case -EMSGSIZE:
        client_refuse(client,
                      "{\"ok\":false,\"error\":\"the request is longer than 65536 bytes\"}");
        return;
    case -EINVAL:
        client_refuse(client, "{\"ok\":false,\"error\":\"the request contains a NUL byte\"}");
        return;
    default:
        client_refuse(client, "{\"ok\":false,\"error\":\"out of memory\"}");
        return;
    }
}

static void client_readable(void *arg, const void *data, size_t size)
{
    struct client *client = arg;
    if (size > 0 && !client->refused)
        client_feed(client, data, size);
    else if (size == 0 && lines_pending(&client->lines))
        client_reply(client, "{\"ok\":false,\"error\":\"the request is not ended by a newline\"}");
    if (size == 0 || client->broken)
        client_close(client, !client->broken);
}

static void client_failed(void *arg, int error)
{
    struct client *client = arg;
    logger_log(client->control->logger, GN_DEBUG, "control", "a client is gone: %s",
               strerror(-error));
    client_close(client, false);
}

static void client_timeout(void *arg)
{
    struct client *client = arg;
    /* A client with nothing under way expects no line; it would take it for its next reply. */
    if (lines_pending(&client->lines))
        client_reply(client, "{\"ok\":false,\"error\":\"no whole request within 60 s\"}");
    client_close(client, !client->broken);
}

static const struct os_stream_events client_events = {
    .readable = client_readable,
    .closed = client_failed,
};

static struct client *client_create(struct control *control, struct os_stream *stream)
{
    const struct os_loop_ops *loop = control->os->loop->ops;
    struct client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return NULL;
    *client = (struct client){.control = control, .stream = stream, .next = control->clients};
    lines_init(&client->lines, CONTROL_LINE_MAX);
    if (loop->timer_open(control->os->loop, client_timeout, client, &client->timer) != 0) {
        free(client);
        return NULL;
    }
    if (loop->timer_start(client->timer, CONTROL_IDLE_NS) != 0) {
        loop->timer_close(client->timer);
        free(client);
        return NULL;
    }
    if (client->next != NULL)
        client->next->previous = client;
    control->clients = client;
    control->client_count++;
    return client;
}

/* After stream_close nothing calls back any more, so these are only there to be named. */
static void ignore_readable(void *arg, const void *data, size_t size)
{
    (void)arg;
    (void)data;
    (void)size;
}

static void ignore_closed(void *arg, int error)
{
    (void)arg;
    (void)error;
}

static const struct os_stream_events ignored_events = {
    .readable = ignore_readable,
    .closed = ignore_closed,
};

static void turn_away(struct control *control, struct os_stream *stream, const char *text)
{
    net(control)->stream_start(stream, &ignored_events, NULL);
    bool written = net(control)->stream_write(stream, text, strlen(text), BACKLOG_MAX) == 0;
    net(control)->stream_close(stream, written);
}

static void accepted(void *arg, struct os_stream *stream)
{
    struct control *control = arg;
    if (control->client_count >= CONTROL_CLIENTS_MAX) {
        if (!control->crowded)
            logger_log(control->logger, GN_WARNING, "control",
                       "more than %d clients: the others are turned away", CONTROL_CLIENTS_MAX);
        control->crowded = true;
        turn_away(control, stream, "{\"ok\":false,\"error\":\"too many clients\"}\n");
        return;
    }
    control->crowded = false;
    struct client *client = client_create(control, stream);
    if (client == NULL) {
        turn_away(control, stream, "{\"ok\":false,\"error\":\"out of memory\"}\n");
        return;
    }
    net(control)->stream_start(stream, &client_events, client);
}

/* What the administrator can do about it. */
static const char *advice(int error)
{
    switch (error) {
    case -EADDRINUSE:
        return " (another daemon listens there; choose another path with -s)";
    case -ENOENT:
        return " (the folder does not exist)";
    case -EACCES:
    case -EPERM:
    case -EROFS:
        return " (no right to create it; choose another path with -s)";
    default:
        return "";
    }
}

int control_open(struct os *os, struct logger *logger, const char *path, mode_t mode,
                 control_handler handler, void *arg, struct control **result)
{
    assert(handler != NULL);
    *result = NULL;
    struct control *control = calloc(1, sizeof(*control));
    if (control == NULL)
        return -ENOMEM;
    *control = (struct control){.os = os, .logger = logger, .handler = handler, .arg = arg};
    int error =
        net(control)->listen_unix(os->net, path, mode, accepted, control, &control->listener);
    if (error != 0) {
        logger_log(logger, GN_ERROR, "control", "cannot listen on %s: %s%s", path, strerror(-error),
                   advice(error));
        free(control);
        return error;
    }
    *result = control;
    return 0;
}

void control_close(struct control *control)
{
    if (control == NULL)
        return;
    net(control)->listener_close(control->listener);
    while (control->clients != NULL)
        client_close(control->clients, !control->clients->broken);
    free(control);
}
