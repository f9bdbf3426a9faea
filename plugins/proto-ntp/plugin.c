/* SPDX-License-Identifier: Apache-2.0 */
#include "commons.h"
#include "service_options.h"
#include "upstream_options.h"

/* Full NTP, version 4 (RFC 5905), as a source and as a server: the descriptor. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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
        .online = upstream_online,
        .refresh = upstream_refresh,
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
    .summary = "Full NTP (RFC 5905): time from servers, pools and peers, and a server for others",
    .roles = roles,
    .role_count = COUNT(roles),
    .shared_open = commons_open,
    .shared_close = commons_close,
};
