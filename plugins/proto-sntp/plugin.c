/* SPDX-License-Identifier: Apache-2.0 */
#include "answerer.h"
#include "asker.h"

/* Simple NTP (RFC 5905 §14), for machines that only want the time: the descriptor and its options.
 */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct gn_option asker_options[] = {
    {
        .key = "server",
        .type = GN_OPT_STRINGS,
        .offset = offsetof(struct asker_config, server),
        .flags = GN_OPT_REQUIRED,
        .help = "name or address of a server, or a list of up to eight in order of preference: the "
                "next is asked when one gives nothing",
    },
    {
        .key = "port",
        .type = GN_OPT_INT,
        .offset = offsetof(struct asker_config, port),
        .preset = "123",
        .min = 1,
        .max = 65535,
        .help = "UDP port of the servers",
    },
    {
        .key = "poll",
        .type = GN_OPT_INT,
        .offset = offsetof(struct asker_config, poll),
        .preset = "1024",
        .min = 16,
        .max = 131072,
        .unit = "s",
        .help =
            "interval between two requests, a quarter longer or shorter by chance; at the start "
            "they come closer",
    },
};

static const struct gn_option answerer_options[] = {
    {
        .key = "listen",
        .type = GN_OPT_STRINGS,
        .offset = offsetof(struct answerer_config, listen),
        .preset = "0.0.0.0,::",
        .help = "addresses to answer on",
    },
    {
        .key = "port",
        .type = GN_OPT_INT,
        .offset = offsetof(struct answerer_config, port),
        .preset = "123",
        .min = 1,
        .max = 65535,
        .help = "UDP port to answer on",
    },
    {
        .key = "allow",
        .type = GN_OPT_STRINGS,
        .offset = offsetof(struct answerer_config, allow),
        .help = "address ranges that may ask (192.168.0.0/24, 2001:db8::/32, an address, all); "
                "nobody but this machine may by default",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = asker_options,
        .option_count = COUNT(asker_options),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct asker_config),
        .open = asker_open,
        .start = asker_start,
        .stop = asker_stop,
        .close = asker_close,
        .event = asker_event,
    },
    {
        .kind = GN_SERVER,
        .options = answerer_options,
        .option_count = COUNT(answerer_options),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct answerer_config),
        .open = answerer_open,
        .start = answerer_start,
        .close = answerer_close,
    },
};

GN_PLUGIN = {
    GN_PLUGIN_HEAD,
    .name = "proto-sntp",
    .version = PACKAGE_VERSION,
    .summary =
        "Simple NTP (RFC 5905): time from the first of some servers that answers, and a small "
        "server",
    .roles = roles,
    .role_count = COUNT(roles),
};
