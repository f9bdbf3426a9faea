/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UPSTREAM_OPTIONS_H
#define UPSTREAM_OPTIONS_H

/** What can be configured of a source; for plugin.c alone. */

#include "upstream.h"

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
    {
        .key = "key",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, key),
        .min = 0,
        .max = 4294967295.0,
        .help = "id of the key that authenticates requests and replies, in the file of \"keys\"; "
                "what is not authenticated with it is not used",
    },
    {
        .key = "keys",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct upstream_config, keys),
        .help = "file of keys, as chrony and ntpd have it: id, type, key",
    },
    {
        .key = "xleave",
        .type = GN_OPT_BOOL,
        .offset = offsetof(struct upstream_config, xleave),
        .preset = "false",
        .help = "interleaved mode (RFC 9769): each reply tells when the one before it really left; "
                "basic where the server cannot",
    },
};

#endif
