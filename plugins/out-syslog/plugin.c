/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out-syslog: what happens, in plain words, in the machine's own log.
 *
 * A log that is not there must never hold up the time: an event that cannot be told is dropped,
 * the daemon's own log hears of it once, and a later event tries again.
 */

#include "message.h"

#include <gnomon/plugin.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOURNAL_PATH "/run/systemd/journal/socket"
#define SYSLOG_PATH "/dev/log"

/* A missing log is looked for again at most this often. */
#define RETRY_NS (60 * GN_NS_PER_S)

/* The order of the options' `choices`. */
enum protocol { PROTOCOL_AUTO, PROTOCOL_JOURNAL, PROTOCOL_SYSLOG };

struct config {
    int facility; /* index into `facilities` */
    int level;    /* enum gn_level */
    int protocol; /* enum protocol */
    const char *socket;
    const char *identifier;
};

struct syslog {
    struct gn_host *host;
    const struct config *config;
    struct message_origin origin;
    struct gn_datagram *socket; /* NULL: not connected */
    bool journal;               /* what `socket` speaks */
    bool complained;            /* since it worked last */
    gn_local tried;             /* the last failed attempt; valid if `complained` */
};

static const char *const facilities[] = {"daemon", "user",   "local0", "local1", "local2", "local3",
                                         "local4", "local5", "local6", "local7", NULL};

/* Spec: RFC 3164 §4.1.1, table 1. */
static int facility_number(int choice)
{
    static const int numbers[] = {3, 1, 16, 17, 18, 19, 20, 21, 22, 23};
    return numbers[choice];
}

/* ----------------------------------------------------------------------------------- connection */

static int connect_to(struct syslog *self, const char *path, bool journal)
{
    self->journal = journal;
    return gn_datagram_open_unix(self->host, path, &self->socket);
}

static bool names_journal(const char *path)
{
    static const char tail[] = "journal/socket";
    size_t length = strlen(path);
    return length >= sizeof(tail) - 1 && strcmp(path + length - (sizeof(tail) - 1), tail) == 0;
}

/* The journal where it is, since it keeps the fields; trying is the only honest look. */
static int connect_any(struct syslog *self)
{
    const char *path = self->config->socket;
    int protocol = self->config->protocol;
    if (path != NULL && protocol == PROTOCOL_AUTO)
        return connect_to(self, path, names_journal(path));
    if (path != NULL)
        return connect_to(self, path, protocol == PROTOCOL_JOURNAL);
    if (protocol == PROTOCOL_SYSLOG)
        return connect_to(self, SYSLOG_PATH, false);
    int error = connect_to(self, JOURNAL_PATH, true);
    if (error != 0 && protocol == PROTOCOL_AUTO)
        error = connect_to(self, SYSLOG_PATH, false);
    return error;
}

static const char *path_for_people(const struct syslog *self)
{
    if (self->config->socket != NULL)
        return self->config->socket;
    switch (self->config->protocol) {
    case PROTOCOL_JOURNAL:
        return JOURNAL_PATH;
    case PROTOCOL_SYSLOG:
        return SYSLOG_PATH;
    default:
        return JOURNAL_PATH " or " SYSLOG_PATH;
    }
}

static void complain(struct syslog *self, int error)
{
    if (!self->complained)
        gn_log(self->host, GN_WARNING, "cannot write to %s: %s; events go to this log only",
               path_for_people(self), strerror(-error));
    self->complained = true;
    self->tried = gn_now(self->host);
}

static void disconnect(struct syslog *self)
{
    gn_datagram_close(self->host, self->socket);
    self->socket = NULL;
}

static int reconnect(struct syslog *self)
{
    disconnect(self);
    int error = connect_any(self);
    if (error != 0)
        self->socket = NULL;
    return error;
}

/* ------------------------------------------------------------------------------------- messages */

static size_t format_message(const struct syslog *self, const struct gn_event *event, char *out)
{
    if (self->journal)
        return message_journal(&self->origin, event, out, MESSAGE_MAX);
    time_t seconds = (time_t)(event->utc.ns / GN_NS_PER_S);
    struct tm local_time;
    if (localtime_r(&seconds, &local_time) == NULL)
        memset(&local_time, 0, sizeof(local_time));
    return message_syslog(&self->origin, event, &local_time, out, MESSAGE_SYSLOG_MAX);
}

static int send_once(struct syslog *self, const struct gn_event *event)
{
    char message[MESSAGE_MAX];
    size_t size = format_message(self, event, message);
    return gn_datagram_send(self->host, self->socket, message, size, NULL, NULL, 0, 0, NULL);
}

/* A full socket is a log that is busy, any other error one that has gone: it may be back. */
static int send_event(struct syslog *self, const struct gn_event *event)
{
    int error = self->socket != NULL ? send_once(self, event) : -ENOTCONN;
    if (error == 0 || error == -EAGAIN)
        return error;
    error = reconnect(self);
    return error == 0 ? send_once(self, event) : error;
}

static bool too_soon(const struct syslog *self)
{
    return self->socket == NULL && self->complained &&
           gn_local_sub(gn_now(self->host), self->tried) < RETRY_NS;
}

static void syslog_event(void *instance, const struct gn_event *event)
{
    struct syslog *self = instance;
    if (event->level > (uint32_t)self->config->level || too_soon(self))
        return;
    int error = send_event(self, event);
    if (error == 0) {
        self->complained = false;
        return;
    }
    complain(self, error);
    if (error != -EAGAIN)
        disconnect(self);
}

/* ------------------------------------------------------------------------------------ lifecycle */

static void syslog_configure(struct syslog *self, const struct config *config)
{
    self->config = config;
    self->origin.identifier = config->identifier;
    self->origin.facility = facility_number(config->facility);
    self->origin.pid = (long)getpid();
}

static int syslog_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    const struct config *given = config;
    (void)shared;
    if (given->identifier[0] == '\0')
        return gn_fail(host, -EINVAL, "identifier: must not be empty");
    struct syslog *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return gn_fail(host, -ENOMEM, "no memory");
    self->host = host;
    syslog_configure(self, given);
    *instance = self;
    return 0;
}

/* A log that is not there yet, early at boot, is no reason not to start. */
static int syslog_start(void *instance)
{
    struct syslog *self = instance;
    int error = reconnect(self);
    if (error != 0)
        complain(self, error);
    return 0;
}

static int syslog_reload(void *instance, const void *config)
{
    struct syslog *self = instance;
    const struct config *given = config;
    if (given->identifier[0] == '\0')
        return gn_fail(self->host, -EINVAL, "identifier: must not be empty");
    syslog_configure(self, given);
    self->complained = false;
    return syslog_start(self);
}

/* -------------------------------------------------------------------------------------- options */

static const char *const levels[] = {"error", "warning", "info", NULL};
static const char *const protocols[] = {"auto", "journal", "syslog", NULL};

static const struct gn_option options[] = {
    {
        .key = "facility",
        .type = GN_OPT_CHOICE,
        .offset = offsetof(struct config, facility),
        .preset = "daemon",
        .choices = facilities,
        .help = "facility of the messages, by which a syslogd sorts them",
    },
    {
        .key = "level",
        .type = GN_OPT_CHOICE,
        .offset = offsetof(struct config, level),
        .preset = "info",
        .choices = levels,
        .help = "least severity of an event to be written",
    },
    {
        .key = "protocol",
        .type = GN_OPT_CHOICE,
        .offset = offsetof(struct config, protocol),
        .preset = "auto",
        .choices = protocols,
        .help = "what the log understands; auto takes systemd's journal where it is",
    },
    {
        .key = "socket",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct config, socket),
        .help = "Unix datagram socket of the log, where it is not at its usual place",
    },
    {
        .key = "identifier",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct config, identifier),
        .preset = "gnomon",
        .help = "name under which the messages stand",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_OUTPUT,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct config),
        .open = syslog_open,
        .start = syslog_start,
        .reload = syslog_reload,
        .close = free,
        .event = syslog_event,
    },
};

GN_PLUGIN = {
    GN_PLUGIN_HEAD,
    .name = "out-syslog",
    .version = PACKAGE_VERSION,
    .summary = "Events in plain words for the system log or systemd's journal",
    .roles = roles,
    .role_count = sizeof(roles) / sizeof(roles[0]),
};
