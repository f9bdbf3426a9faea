/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"
#include "upstream.h"

/* Full NTP, version 4 (RFC 5905), as a source and as a server: the descriptor and its options. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct gn_option upstream_options[] = {
    {
        .key = "server",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct upstream_config, server),
        .help = "name or address of one server; the next of its addresses is taken when one gives "
                "nothing",
    },
    {
        .key = "pool",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct upstream_config, pool),
        .help = "name of many servers, of which up to max_sources are used at a time",
    },
    {
        .key = "max_sources",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, max_sources),
        .preset = "4",
        .min = 1,
        .max = 16,
        .help = "servers used of a pool",
    },
    {
        .key = "port",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, port),
        .preset = "123",
        .min = 1,
        .max = 65535,
        .help = "UDP port of the servers",
    },
    {
        .key = "version",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, version),
        .preset = "4",
        .min = 1,
        .max = 4,
        .help = "NTP version of the requests",
    },
    {
        .key = "iburst",
        .type = GN_OPT_BOOL,
        .offset = offsetof(struct upstream_config, iburst),
        .preset = "false",
        .help = "begin with requests 2 s apart until four are answered, and again after an outage",
    },
    {
        .key = "burst",
        .type = GN_OPT_BOOL,
        .offset = offsetof(struct upstream_config, burst),
        .preset = "false",
        .help =
            "up to four requests 2 s apart at every poll, as many as leave one every minpoll on "
            "average",
    },
};

static const struct gn_option service_options[] = {
    {
        .key = "listen",
        .type = GN_OPT_STRINGS,
        .offset = offsetof(struct service_config, listen),
        .preset = "0.0.0.0,::",
        .help = "addresses to answer on",
    },
    {
        .key = "port",
        .type = GN_OPT_INT,
        .offset = offsetof(struct service_config, port),
        .preset = "123",
        .min = 1,
        .max = 65535,
        .help = "UDP port to answer on",
    },
    {
        .key = "allow",
        .type = GN_OPT_STRINGS,
        .offset = offsetof(struct service_config, allow),
        .help = "address ranges that may ask (192.168.0.0/24, 2001:db8::/32, an address, all); the "
                "longest prefix "
                "decides, nobody but this machine may by default",
    },
    {
        .key = "deny",
        .type = GN_OPT_STRINGS,
        .offset = offsetof(struct service_config, deny),
        .help = "address ranges that may not ask; wins where the same range is allowed, too",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = upstream_options,
        .option_count = COUNT(upstream_options),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct upstream_config),
        .open = upstream_open,
        .start = upstream_start,
        .stop = upstream_stop,
        .close = upstream_close,
        .event = upstream_event,
        .burst = upstream_burst,
    },
    {
        .kind = GN_SERVER,
        .options = service_options,
        .option_count = COUNT(service_options),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct service_config),
        .open = service_open,
        .start = service_start,
        .reload = service_reload,
        .stop = service_stop,
        .close = service_close,
    },
};

GN_PLUGIN = {
    GN_PLUGIN_HEAD,
    .name = "proto-ntp",
    .version = PACKAGE_VERSION,
    .summary = "Full NTP (RFC 5905): time from servers and pools, and a server for others",
    .roles = roles,
    .role_count = COUNT(roles),
};
