/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refclock-sock: measurements that another program writes into a Unix socket, as into chrony's.
 *
 * gpsd looks for the socket once, when it starts, so the file is there from our start on; whoever
 * removes it gets a new one.
 */

#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <gnomon/plugin.h>
#include <shared/second.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFID 0x534f434bu /* "SOCK" */

/* How often it is looked whether the file is still there. */
#define LOOK_NS (10 * GN_NS_PER_S)

/* A stamp further from now than this was made by another clock, or long ago. */
#define FRESH_NS (10 * GN_NS_PER_S)

/* Without measurements for so many looks the source is missed. */
#define PATIENCE 4

struct config {
    const char *path;
    double precision_s;
    const char *lock;
};

struct sock {
    struct gn_host *host;
    const struct config *config;
    struct gn_device *socket; /* NULL: it could not be made */
    struct gn_source *source;
    struct gn_timer *timer;
    struct pulse pulse;
    unsigned silent; /* looks since the last measurement */
};

static void fault(struct sock *self, enum gn_reason reason, const char *what, const char *why)
{
    char words[256];
    snprintf(words, sizeof words, "%.100s: %.64s%s%.64s", self->config->path, what,
             why[0] != '\0' ? ": " : "", why);
    gn_source_fault(self->host, self->source, reason, words);
}

/* ---------------------------------------------------------------- measurements */

static void submit(struct sock *self, gn_local local, gn_utc utc, uint8_t leap)
{
    struct gn_sample sample = {
        .size = sizeof sample,
        .kind = GN_SAMPLE_ONE_WAY,
        .local = local,
        .utc = utc,
        .dispersion_s = self->config->precision_s,
        .leap = leap,
        .refid = REFID,
        .ref_time = utc,
    };
    gn_source_submit(self->host, self->source, &sample);
}

static void take_pulse(struct sock *self, const struct message *message)
{
    const struct second second = {self->host, self->source, self->config->lock};
    gn_local local = gn_from_system(self->host, message_pulse(message));
    gn_utc utc;
    uint8_t leap;
    if (second_of_pulse(&second, &self->pulse, local, &utc, &leap))
        submit(self, local, utc, leap);
}

static void take_measurement(struct sock *self, const struct message *message)
{
    gn_utc utc = gn_utc_add(message->system, gn_nanoseconds(message->offset_s));
    submit(self, gn_from_system(self->host, message->system), utc, message->leap);
}

static void take(struct sock *self, gn_local now, const void *data, size_t size)
{
    struct message message;
    const char *why = message_read(&message, data, size);
    gn_source_poll(self->host, self->source);
    if (why == NULL && !message.pulse && message.leap == GN_LEAP_UNSYNCHRONISED)
        why = "its sender knows no time";
    if (why == NULL) {
        int64_t age_ns = gn_utc_sub(gn_system_time(self->host, now), message.system);
        if (age_ns > FRESH_NS || age_ns < -FRESH_NS)
            why = "its time is not that of this machine's clock";
    }
    if (why != NULL) {
        fault(self, GN_REASON_BAD_REPLY, "a measurement is refused", why);
        return;
    }
    self->silent = 0;
    if (message.pulse)
        take_pulse(self, &message);
    else
        take_measurement(self, &message);
}

static void on_readable(void *arg, gn_local now)
{
    struct sock *self = arg;
    char data[MESSAGE_ROOM];
    int64_t n = gn_device_read(self->host, self->socket, data, sizeof data);
    if (n >= 0)
        take(self, now, data, (size_t)n);
}

/* ---------------------------------------------------------------- the file */

static void open_socket(struct sock *self)
{
    int rc = gn_device_open(self->host, self->config->path, GN_DEVICE_SOCKET, on_readable, self,
                            &self->socket);
    if (rc < 0)
        fault(self, GN_REASON_DEVICE, "cannot be made",
              rc == -EADDRINUSE ? "another program has it, chronyd?"
              : rc == -EEXIST   ? "there is a file that is no socket"
              : rc == -ENOENT   ? "its folder is missing"
                                : strerror(-rc));
}

/* A socket cannot be opened; what it says then tells whether it is there. */
static bool is_lost(struct sock *self)
{
    struct gn_device *file = NULL;
    int rc = gn_device_open(self->host, self->config->path, O_RDONLY, NULL, self, &file);
    gn_device_close(self->host, file);
    return rc == -ENOENT;
}

static void on_timer(void *arg, gn_local now)
{
    struct sock *self = arg;
    (void)now;
    if (self->socket != NULL && is_lost(self)) {
        gn_log(self->host, GN_WARNING, "%s was removed; it is made again: restart who writes to it",
               self->config->path);
        gn_device_close(self->host, self->socket);
        self->socket = NULL;
    }
    if (self->socket == NULL)
        open_socket(self);
    if (++self->silent >= PATIENCE) {
        gn_source_poll(self->host, self->source);
        if (self->socket != NULL)
            fault(self, GN_REASON_NO_REPLY, "nobody writes to it",
                  "start the other program after gnomond");
    }
    gn_timer_start(self->host, self->timer, LOOK_NS);
}

/* ---------------------------------------------------------------- the role */

static int sock_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    struct sock *self = calloc(1, sizeof *self);
    (void)shared;
    if (self == NULL)
        return gn_fail(host, -ENOMEM, "no memory");
    self->host = host;
    self->config = config;
    pulse_init(&self->pulse, &(struct pulse_config){.interval_ns = GN_NS_PER_S});
    *instance = self;
    return 0;
}

static int sock_start(void *instance)
{
    struct sock *self = instance;
    const struct gn_source_info info = {
        .size = sizeof info,
        .mode = GN_MODE_REFCLOCK,
        .address = self->config->path,
        .refid = REFID,
        .is_clock = 1,
    };
    int error = gn_source_open(self->host, &info, &self->source);
    if (error == 0)
        error = gn_timer_open(self->host, on_timer, self, &self->timer);
    if (error == 0)
        error = gn_timer_start(self->host, self->timer, LOOK_NS);
    if (error == 0)
        open_socket(self);
    return error;
}

static const struct gn_option options[] = {
    {
        .key = "path",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct config, path),
        .flags = GN_OPT_REQUIRED,
        .help = "the socket; gpsd writes to /run/chrony.DEVICE.sock, as in /run/chrony.ttyS0.sock",
    },
    {
        .key = "precision",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct config, precision_s),
        .preset = "1e-6",
        .min = 1e-9,
        .max = 1,
        .unit = "s",
        .help = "how exact a measurement is, its dispersion",
    },
    {
        .key = "lock",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct config, lock),
        .help = "name of the source that numbers the second of what is only a pulse; without it, "
                "the machine's own estimate does, once another source has set it",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct config),
        .open = sock_open,
        .start = sock_start,
        .close = free,
    },
};

GN_PLUGIN = {
    GN_PLUGIN_HEAD,
    .name = "refclock-sock",
    .version = PACKAGE_VERSION,
    .summary = "Measurements that gpsd and others write into a socket, as into chrony's SOCK",
    .roles = roles,
    .role_count = sizeof(roles) / sizeof(roles[0]),
};
