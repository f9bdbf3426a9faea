/* SPDX-License-Identifier: Apache-2.0 */
#include "gpsd_link.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WATCH "?WATCH={\"enable\":true,\"json\":true,\"pps\":true};\n"
#define ASK "?DEVICES;\n"

/* What waits to go is less than this. */
#define LIMIT 1024

/* Between two attempts; twice as long each time. */
#define PAUSE_MIN_NS GN_NS_PER_S
#define PAUSE_MAX_NS (64 * GN_NS_PER_S)

/* gpsd greets at once. */
#define GREETING_NS (10 * GN_NS_PER_S)

/* As silent as this it is asked, in case that the connection is none any more. */
#define SILENCE_NS (30 * GN_NS_PER_S)

/* A stamp of gpsd that is older was made by another clock, or before ours was set. */
#define FRESH_NS (3 * GN_NS_PER_S)

#define HOST_SIZE 256

/* Addresses of a name that are tried, one after the other. */
#define ADDRESSES 8

struct gpsd_link {
    struct gn_host *host;
    const char *place;
    const struct gpsd_link_events *events;
    void *arg;
    char name[HOST_SIZE];
    uint16_t port;
    struct gn_address addresses[ADDRESSES];
    bool here;                /* gpsd is on this machine: its stamps are of our clock */
    size_t count, next;       /* to be tried of them */
    struct gn_stream *stream; /* NULL: none */
    struct gn_timer *timer;   /* an attempt, or that gpsd is silent */
    int64_t pause_ns;         /* before the next attempt but one */
    bool resolving;
    bool asked;     /* and no answer yet */
    gn_local heard; /* the last bytes */
    char told[256]; /* the last trouble; "": none since a message */
    struct gpsd gpsd;
};

static void on_timer(void *arg, gn_local now);

/* ---------------------------------------------------------------- places */

int gpsd_place(const char *text, char *host, size_t size, uint16_t *port)
{
    const char *name = text, *end, *rest;
    if (text[0] == '[') {
        name = text + 1;
        end = strchr(name, ']');
        rest = end != NULL ? end + 1 : NULL;
    } else {
        end = strchr(text, ':');
        if (end != NULL && strchr(end + 1, ':') != NULL)
            end = NULL; /* an IPv6 address without its brackets */
        end = rest = end != NULL ? end : text + strlen(text);
    }
    if (end == NULL || end == name || (*rest != '\0' && *rest != ':'))
        return -EINVAL;
    if ((size_t)(end - name) >= size)
        return -ENAMETOOLONG;
    memcpy(host, name, (size_t)(end - name));
    host[end - name] = '\0';
    if (*rest == '\0')
        return 0;
    char *last;
    unsigned long number = strtoul(rest + 1, &last, 10);
    if (rest[1] < '0' || rest[1] > '9' || *last != '\0' || number == 0 || number > 65535)
        return -EINVAL;
    *port = (uint16_t)number;
    return 0;
}

/* ---------------------------------------------------------------- ends */

__attribute__((format(printf, 3, 4))) static void
tell(struct gpsd_link *link, enum gn_reason reason, const char *format, ...)
{
    char words[sizeof link->told];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (strcmp(words, link->told) == 0)
        return;
    memcpy(link->told, words, sizeof words);
    link->events->trouble(link->arg, reason, words);
}

static void retry(struct gpsd_link *link)
{
    gn_stream_close(link->host, link->stream);
    link->stream = NULL;
    link->resolving = false;
    gn_timer_start(link->host, link->timer, link->pause_ns);
    link->pause_ns = link->pause_ns < PAUSE_MAX_NS / 2 ? link->pause_ns * 2 : PAUSE_MAX_NS;
}

static void tell_failure(struct gpsd_link *link, int error)
{
    if (error == -ECONNREFUSED)
        tell(link, GN_REASON_REFUSED, "connection refused: is gpsd running, and on port %u?",
             link->port);
    else if (error == -ENOSYS)
        tell(link, GN_REASON_SEND_FAILED, "this daemon cannot connect by TCP");
    else if (link->gpsd.state == GPSD_SPEAKS)
        tell(link, GN_REASON_NO_REPLY, "gpsd has ended the connection%s%s; it is tried again",
             error != 0 ? ": " : "", error != 0 ? strerror(-error) : "");
    else if (error == 0)
        tell(link, GN_REASON_NO_REPLY, "the connection was closed at once: is that gpsd?");
    else if (error == -ETIMEDOUT)
        tell(link, GN_REASON_NO_REPLY, "no answer: is gpsd running there?");
    else
        tell(link, GN_REASON_NO_REPLY, "no connection to gpsd: %s", strerror(-error));
}

static void open_stream(struct gpsd_link *link);

/* A name may have an address that nobody listens at, as localhost has two. */
static void fail(struct gpsd_link *link, int error)
{
    if (link->gpsd.state == GPSD_UNKNOWN && link->next < link->count) {
        gn_stream_close(link->host, link->stream);
        open_stream(link);
        return;
    }
    tell_failure(link, error);
    retry(link);
}

static void on_closed(void *arg, int error)
{
    fail(arg, error);
}

static void ask(struct gpsd_link *link, const char *request)
{
    int error = gn_stream_write(link->host, link->stream, request, strlen(request), LIMIT);
    if (error < 0)
        fail(link, error);
}

/* ---------------------------------------------------------------- what comes */

static void judge_devices(struct gpsd_link *link, const struct gps_message *message)
{
    const struct gpsd *gpsd = &link->gpsd;
    link->asked = false;
    if (gpsd->devices == 0)
        tell(
            link, GN_REASON_ABSENT,
            "gpsd has no receiver: name it in DEVICES of /etc/default/gpsd, or start gpsd with it");
    else if (!gpsd->present)
        tell(link, GN_REASON_ABSENT, "gpsd has no %s, but %s", gpsd->wanted, message->words);
}

/* When the message came to gpsd, which has stamped it, or to us. */
static gn_local instant_of(const struct gpsd_link *link, const struct gps_message *message)
{
    if (message->heard_at.ns == 0 || !link->here)
        return link->heard;
    gn_local at = gn_from_system(link->host, message->heard_at);
    int64_t age_ns = gn_local_sub(link->heard, at);
    return age_ns >= 0 && age_ns < FRESH_NS ? at : link->heard;
}

static void on_message(void *arg, const struct gps_message *message)
{
    struct gpsd_link *link = arg;
    if (link->gpsd.state == GPSD_STRANGE)
        tell(link, GN_REASON_BAD_REPLY, "%s", message->words);
    else if (message->kind == GPSD_VERSION)
        gn_log(link->host, GN_INFO, "%s%s", message->words,
               link->here ? "" : "; it is on another machine, so its pulses are not used");
    else if (message->kind == GPSD_DEVICES)
        judge_devices(link, message);
    else if (message->kind == GPSD_ERROR)
        gn_log(link->host, GN_WARNING, "gpsd says: %s", message->words);
    if (message->kind == GPSD_PPS && !link->here)
        return;
    if (message->kind >= GPSD_TPV && message->kind <= GPSD_TOFF)
        link->told[0] = '\0';
    link->events->message(link->arg, message, instant_of(link, message));
}

static void on_received(void *arg, const void *data, size_t size)
{
    struct gpsd_link *link = arg;
    struct gpsd *gpsd = &link->gpsd;
    link->heard = gn_now(link->host);
    gpsd_feed(gpsd, data, size, on_message, link);
    if (gpsd->state == GPSD_STRANGE) {
        link->pause_ns = PAUSE_MAX_NS;
        retry(link);
    } else if (gpsd->state == GPSD_UNKNOWN && gpsd->why != NULL) {
        tell(link, GN_REASON_BAD_REPLY, "what answers there is not gpsd: %s", gpsd->why);
        retry(link);
    } else if (gpsd->state == GPSD_SPEAKS) {
        link->pause_ns = PAUSE_MIN_NS;
        gn_timer_start(link->host, link->timer, SILENCE_NS);
        if (gpsd->lost)
            tell(link, GN_REASON_DEVICE, "gpsd has lost %s: is the receiver unplugged?",
                 gpsd->heard);
        if (!gpsd->listed && !link->asked) {
            link->asked = true;
            ask(link, ASK);
        }
    }
}

/* ---------------------------------------------------------------- connecting */

static bool is_loopback(const struct gn_address *address)
{
    static const uint8_t six[16] = {[15] = 1};
    return address->family == GN_FAMILY_IPV4 ? address->ip[0] == 127
                                             : memcmp(address->ip, six, sizeof six) == 0;
}

static void open_stream(struct gpsd_link *link)
{
    static const struct gn_stream_events events = {
        .size = sizeof(struct gn_stream_events),
        .received = on_received,
        .closed = on_closed,
    };
    gpsd_renew(&link->gpsd);
    link->asked = false;
    const struct gn_address *address = &link->addresses[link->next++];
    link->here = is_loopback(address);
    int error = gn_stream_open_tcp(link->host, address, &events, link, &link->stream);
    if (error < 0) {
        link->stream = NULL;
        fail(link, error);
        return;
    }
    gn_timer_start(link->host, link->timer, GREETING_NS);
    ask(link, WATCH);
}

static void on_resolved(void *arg, int status, const char *text, const struct gn_address *addresses,
                        size_t count)
{
    struct gpsd_link *link = arg;
    if (!link->resolving)
        return;
    link->resolving = false;
    if (status < 0 || count == 0) {
        tell(link, GN_REASON_RESOLVING, "%.128s has no address: %.64s", link->name,
             status < 0 ? text : "the name service knows none");
        retry(link);
        return;
    }
    link->count = count < ADDRESSES ? count : ADDRESSES;
    link->next = 0;
    memcpy(link->addresses, addresses, link->count * sizeof addresses[0]);
    open_stream(link);
}

static void connect_to_gpsd(struct gpsd_link *link)
{
    link->resolving = true;
    int error = gn_resolve(link->host, link->name, link->port, on_resolved, link);
    if (error < 0) {
        tell(link, GN_REASON_RESOLVING, "%.128s has no address: %s", link->name, strerror(-error));
        retry(link);
    }
}

static void on_timer(void *arg, gn_local now)
{
    struct gpsd_link *link = arg;
    (void)now;
    if (link->stream == NULL) {
        if (!link->resolving)
            connect_to_gpsd(link);
    } else if (link->gpsd.state == GPSD_UNKNOWN || link->asked) {
        fail(link, -ETIMEDOUT);
    } else {
        link->asked = true;
        gn_timer_start(link->host, link->timer, GREETING_NS);
        ask(link, ASK);
    }
}

/* ---------------------------------------------------------------- life */

int gpsd_link_open(struct gn_host *host, const char *place, const char *device,
                   const struct gpsd_link_events *events, void *arg, struct gpsd_link **result)
{
    struct gpsd_link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return -ENOMEM;
    link->host = host;
    link->events = events;
    link->arg = arg;
    link->port = GPSD_PORT;
    link->pause_ns = PAUSE_MIN_NS;
    int error = gpsd_place(place, link->name, sizeof link->name, &link->port);
    if (error < 0) {
        free(link);
        return error;
    }
    gpsd_init(&link->gpsd, device);
    *result = link;
    return 0;
}

int gpsd_link_start(struct gpsd_link *link)
{
    int error = gn_timer_open(link->host, on_timer, link, &link->timer);
    return error < 0 ? error : gn_timer_start(link->host, link->timer, 0);
}

void gpsd_link_close(struct gpsd_link *link)
{
    free(link);
}

const struct gpsd *gpsd_link_gpsd(const struct gpsd_link *link)
{
    return &link->gpsd;
}
