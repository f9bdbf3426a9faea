/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refclock-gps: a satellite receiver on a serial line or behind gpsd, with or without a pulse.
 */

#include "message.h"

#include <errno.h>
#include <gnomon/plugin.h>
#include <stdlib.h>

struct config {
    const char *device;
};

static int gps_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    (void)shared, (void)config, (void)instance;
    return gn_fail(host, -ENOSYS, "no receiver is known yet");
}

static int gps_start(void *instance)
{
    (void)instance;
    return 0;
}

static const struct gn_option options[] = {
    {
        .key = "device",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct config, device),
        .preset = "/dev/gps0",
        .help = "the serial line of the receiver",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct config),
        .open = gps_open,
        .start = gps_start,
        .close = free,
    },
};

GN_PLUGIN = {
    GN_PLUGIN_HEAD,
    .name = "refclock-gps",
    .version = PACKAGE_VERSION,
    .summary = "A satellite receiver, with or without a pulse",
    .roles = roles,
    .role_count = sizeof(roles) / sizeof(roles[0]),
};
