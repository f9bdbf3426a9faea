/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FAKE_PLUGINS_H
#define TESTS_FAKE_PLUGINS_H

/** Descriptors with an option of every type, for tests of the configuration. They do nothing. */

#include <gnomon/plugin.h>

struct fake_ntp {
    const char *server, *pool;
    int64_t port;
    bool iburst;
};

struct fake_gps {
    const char *device, *label;
    int64_t baud, serial;
    double delay_s;
    int protocol;
    struct gn_strings sentences;
};

struct fake_server {
    int64_t port;
    struct gn_strings listen, allow;
};

static const char *const fake_protocols[] = {"nmea", "ubx", NULL};

static const struct gn_option fake_ntp_options[] = {
    {.key = "server", .type = GN_OPT_STRING, .offset = offsetof(struct fake_ntp, server)},
    {.key = "pool", .type = GN_OPT_STRING, .offset = offsetof(struct fake_ntp, pool)},
    {.key = "port",
     .type = GN_OPT_INT,
     .offset = offsetof(struct fake_ntp, port),
     .preset = "123",
     .min = 1,
     .max = 65535},
    {.key = "iburst", .type = GN_OPT_BOOL, .offset = offsetof(struct fake_ntp, iburst)},
};

static const struct gn_option fake_gps_options[] = {
    {.key = "device",
     .type = GN_OPT_PATH,
     .offset = offsetof(struct fake_gps, device),
     .flags = GN_OPT_REQUIRED,
     .help = "Serial port of the receiver"},
    {.key = "label",
     .type = GN_OPT_STRING,
     .offset = offsetof(struct fake_gps, label),
     .preset = "GPS"},
    {.key = "baud",
     .type = GN_OPT_INT,
     .offset = offsetof(struct fake_gps, baud),
     .preset = "9600",
     .min = 300,
     .max = 921600,
     .unit = "baud",
     .help = "Speed of the port"},
    {.key = "serial", .type = GN_OPT_INT, .offset = offsetof(struct fake_gps, serial)},
    {.key = "delay",
     .type = GN_OPT_REAL,
     .offset = offsetof(struct fake_gps, delay_s),
     .preset = "0.25",
     .min = -1,
     .max = 1,
     .unit = "s",
     .help = "How late the sentences come"},
    {.key = "protocol",
     .type = GN_OPT_CHOICE,
     .offset = offsetof(struct fake_gps, protocol),
     .preset = "ubx",
     .choices = fake_protocols,
     .help = "What the receiver speaks"},
    {.key = "sentences",
     .type = GN_OPT_STRINGS,
     .offset = offsetof(struct fake_gps, sentences),
     .preset = "RMC, ZDA",
     .help = "Sentences that are looked at"},
};

static const struct gn_option fake_server_options[] = {
    {.key = "port",
     .type = GN_OPT_INT,
     .offset = offsetof(struct fake_server, port),
     .preset = "123",
     .min = 1,
     .max = 65535},
    {.key = "listen",
     .type = GN_OPT_STRINGS,
     .offset = offsetof(struct fake_server, listen),
     .preset = "0.0.0.0,::"},
    {.key = "allow", .type = GN_OPT_STRINGS, .offset = offsetof(struct fake_server, allow)},
};

static int fake_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    (void)host, (void)shared, (void)config, (void)instance;
    return -ENOSYS;
}

static int fake_start(void *instance)
{
    (void)instance;
    return -ENOSYS;
}

static void fake_close(void *instance)
{
    (void)instance;
}

#define FAKE_ROLE(role_kind, rows, type)                                                           \
    {                                                                                              \
        .kind = (role_kind), .options = (rows), .option_count = sizeof(rows) / sizeof((rows)[0]),  \
        .option_size = sizeof(struct gn_option), .config_size = sizeof(type), .open = fake_open,   \
        .start = fake_start, .close = fake_close                                                   \
    }

#define FAKE_PLUGIN(plugin_name, list)                                                             \
    {                                                                                              \
        GN_PLUGIN_HEAD, .name = (plugin_name), .version = "1.2", .summary = "A fake",              \
                        .roles = (list), .role_count = sizeof(list) / sizeof((list)[0])            \
    }

static const struct gn_role fake_ntp_roles[] = {
    FAKE_ROLE(GN_SOURCE, fake_ntp_options, struct fake_ntp),
    FAKE_ROLE(GN_SERVER, fake_server_options, struct fake_server),
};
static const struct gn_role fake_gps_roles[] = {
    FAKE_ROLE(GN_SOURCE, fake_gps_options, struct fake_gps),
};
static const struct gn_role fake_syslog_roles[] = {
    {.kind = GN_OUTPUT,
     .option_size = sizeof(struct gn_option),
     .open = fake_open,
     .start = fake_start,
     .close = fake_close},
};

static const struct gn_plugin fake_plugins[] = {
    FAKE_PLUGIN("proto-ntp", fake_ntp_roles),
    FAKE_PLUGIN("refclock-gps", fake_gps_roles),
    FAKE_PLUGIN("out-syslog", fake_syslog_roles),
};

#define FAKE_PLUGIN_COUNT (sizeof(fake_plugins) / sizeof(fake_plugins[0]))

#endif
