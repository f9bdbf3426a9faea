/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UPSTREAM_OPTIONS_H
#define UPSTREAM_OPTIONS_H

/** What can be configured of a source; for plugin.c alone. */

#include "upstream.h"

static const char *const upstream_families[] = {"any", "ipv4", "ipv6", NULL};

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
        .key = "peer",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct upstream_config, peer),
        .help = "name or address of one peer: both sides tell each other the time (symmetric "
                "mode), and who loses its own sources follows the other",
    },
    {
        .key = "max_sources",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, max_sources),
        .preset = "4",
        .min = 1,
        .max = 16,
        .help = "servers used of a pool, of a manycast group or of a broadcast address",
    },
    {
        .key = "port",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, port),
        .preset = "123",
        .min = 1,
        .max = 65535,
        .help = "UDP port of the servers; of a peer also ours, unless we serve on another",
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
        .key = "mindelay",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct upstream_config, gate.mindelay_s),
        .preset = "0",
        .max = 1000,
        .unit = "s",
        .help = "the least round trip of the path where it is known; 0: the least of the last 64 "
                "that passed",
    },
    {
        .key = "maxdelay",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct upstream_config, gate.maxdelay_s),
        .preset = "0",
        .max = 1000,
        .unit = "s",
        .help = "a reply with a longer round trip is not used; 0 any",
    },
    {
        .key = "maxdelayratio",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct upstream_config, gate.maxdelayratio),
        .preset = "0",
        .max = 1e6,
        .help = "nor one whose round trip is longer than this times the least; 0 any",
    },
    {
        .key = "maxdelaydevratio",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct upstream_config, gate.maxdelaydevratio),
        .preset = "0",
        .max = 1e6,
        .help = "nor one that lies above the least by more than this times the deviation of the "
                "round trips; 0 any",
    },
    {
        .key = "maxdelayquant",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct upstream_config, gate.maxdelayquant),
        .preset = "0",
        .max = 0.95,
        .help = "nor one above this quantile of the last 128 round trips: 0.2 uses the fastest "
                "fifth; 0 any",
    },
    {
        .key = "filter",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, filter),
        .preset = "1",
        .min = 1,
        .max = 64,
        .help = "of so many exchanges, made within one interval, only the fastest is used",
    },
    {
        .key = "presend",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, presend_log2s),
        .preset = "18",
        .min = 2,
        .max = 18,
        .unit = "log2 s",
        .help = "a request goes 2 s ahead of a poll where the interval is this or longer, so that "
                "what holds up a first packet holds up no measurement; 18 never",
    },
    {
        .key = "bind_address",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct upstream_config, bind_address),
        .help = "address of this machine to ask from; servers of the other family are not asked",
    },
    {
        .key = "bind_device",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct upstream_config, bind_device),
        .help = "network device to ask through",
    },
    {
        .key = "source_port",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, source_port),
        .preset = "0",
        .max = 65535,
        .help = "UDP port to ask from; 0: a random one for each request, which is safer",
    },
    {
        .key = "dscp",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, dscp),
        .preset = "0",
        .max = 63,
        .help = "differentiated services code point of the requests",
    },
    {
        .key = "xleave",
        .type = GN_OPT_BOOL,
        .offset = offsetof(struct upstream_config, xleave),
        .preset = "false",
        .help = "interleaved mode (RFC 9769): each reply tells when the one before it really left; "
                "basic where the server cannot",
    },
    {
        .key = "family",
        .type = GN_OPT_CHOICE,
        .offset = offsetof(struct upstream_config, family),
        .preset = "any",
        .choices = upstream_families,
        .help = "addresses of this family only",
    },
    {
        .key = "offline",
        .type = GN_OPT_BOOL,
        .offset = offsetof(struct upstream_config, offline),
        .preset = "false",
        .help = "ask nothing, not even for its address, before gnomonctl online",
    },
    {
        .key = "auto_offline",
        .type = GN_OPT_BOOL,
        .offset = offsetof(struct upstream_config, auto_offline),
        .preset = "false",
        .help = "go offline when nothing can be sent, as without a route, until gnomonctl online",
    },
    {
        .key = "copy",
        .type = GN_OPT_BOOL,
        .offset = offsetof(struct upstream_config, copy),
        .preset = "false",
        .help = "take over stratum and reference id of the server, as if this were the server: for "
                "several daemons of one machine that cannot come to follow each other",
    },
    {
        .key = "maxunreach",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, max_unreach),
        .preset = "100000",
        .max = 1000000,
        .help = "requests without a reply, beyond the eight that make a server unreachable, after "
                "which what was known of it is forgotten",
    },
    {
        .key = "refresh",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct upstream_config, refresh_s),
        .preset = "1209600",
        .max = 2147483647,
        .unit = "s",
        .help = "how often the name is resolved anew; 0: only when somebody has to be replaced",
    },
    {
        .key = "broadcast",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct upstream_config, broadcast),
        .help = "broadcast address or multicast group (224.0.1.1, ff05::101) to listen at; each "
                "server heard is asked at first how long its packets take",
    },
    {
        .key = "manycast",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct upstream_config, manycast),
        .help = "multicast group in which servers are searched for, of which up to max_sources are "
                "used at a time",
    },
    {
        .key = "from",
        .type = GN_OPT_STRINGS,
        .offset = offsetof(struct upstream_config, from),
        .help =
            "address ranges of the servers that are believed, of broadcast and manycast; needed "
            "there, since anybody on the network can send",
    },
    {
        .key = "interface",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct upstream_config, interface),
        .help = "network interface where the group is joined or searched; the system's choice by "
                "default",
    },
    {
        .key = "delay",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct upstream_config, delay),
        .preset = "0.004",
        .min = 0,
        .max = 1,
        .unit = "s",
        .help = "how long broadcasts take, give or take as much, where the server does not answer",
    },
    {
        .key = "volley",
        .type = GN_OPT_BOOL,
        .offset = offsetof(struct upstream_config, volley),
        .preset = "true",
        .help = "ask each server heard at a broadcast address how long its packets take",
    },
    {
        .key = "ttl",
        .type = GN_OPT_INT,
        .offset = offsetof(struct upstream_config, ttl),
        .preset = "8",
        .min = 1,
        .max = 255,
        .help = "hops that a manycast search goes at most; it begins with one",
    },
};

#endif
