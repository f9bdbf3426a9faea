/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_OPTIONS_H
#define SERVICE_OPTIONS_H

/** What can be configured of a server; for plugin.c alone. */

#include "service.h"

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
    {
        .key = "keys",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct service_config, keys),
        .help = "file of keys, as chrony and ntpd have it; a request with one of them is answered "
                "with it",
    },
    {
        .key = "bind_device",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct service_config, bind_device),
        .help = "network device to answer on; those of other devices are not heard",
    },
    {
        .key = "dscp",
        .type = GN_OPT_INT,
        .offset = offsetof(struct service_config, dscp),
        .preset = "0",
        .max = 63,
        .help = "differentiated services code point of the replies",
    },
    {
        .key = "client_log",
        .type = GN_OPT_INT,
        .offset = offsetof(struct service_config, client_log),
        .preset = "512",
        .min = 0,
        .max = 1048576,
        .help = "kB of memory for clients and their last replies, eight clients in each; it never "
                "grows. Those that find no room get no interleaved replies; 0: nobody does",
    },
    {
        .key = "signd_socket",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct service_config, signd_socket),
        .help =
            "folder of Samba's signing socket (/var/lib/samba/ntp_signd): Windows clients of the "
            "domain get signed replies (MS-SNTP)",
    },
    {
        .key = "broadcast",
        .type = GN_OPT_STRINGS,
        .offset = offsetof(struct service_config, broadcast),
        .help = "broadcast addresses and multicast groups (192.168.0.255, 224.0.1.1, ff05::101) to "
                "send the time to while it is known",
    },
    {
        .key = "broadcast_interval",
        .type = GN_OPT_INT,
        .offset = offsetof(struct service_config, broadcast_interval),
        .preset = "64",
        .min = 1,
        .max = 1024,
        .unit = "s",
        .help = "time between two broadcasts",
    },
    {
        .key = "broadcast_key",
        .type = GN_OPT_INT,
        .offset = offsetof(struct service_config, broadcast_key),
        .min = 0,
        .max = 4294967295.0,
        .help = "id of the key that authenticates broadcasts, in the file of \"keys\"",
    },
    {
        .key = "groups",
        .type = GN_OPT_STRINGS,
        .offset = offsetof(struct service_config, groups),
        .help = "multicast groups to join, in which manycast clients find this server",
    },
    {
        .key = "interface",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct service_config, interface),
        .help = "network interface where groups are joined and multicasts are sent; the system's "
                "choice by default",
    },
    {
        .key = "ttl",
        .type = GN_OPT_INT,
        .offset = offsetof(struct service_config, ttl),
        .preset = "1",
        .min = 1,
        .max = 255,
        .help = "hops that multicasts may go; 1 stays on the link",
    },
};

#endif
