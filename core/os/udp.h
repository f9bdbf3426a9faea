/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_UDP_H
#define OS_UDP_H

/** A datagram socket as udp.c (sending, receiving) and udp_open.c (setting up) share it. */

#include "net_uv.h"
#include "sockaddr.h"
#include "stamp.h"

struct os_datagram {
    uv_poll_t poll;
    int fd;
    bool is_unix; /* to send only: not in the loop */
    bool closed;  /* by a callback of its own; memory goes when the loop has let go */
    bool received_stamps, sent_stamps;
    bool hardware; /* stamps of cards are asked for */
    bool connected;
    bool held;           /* not read while one is on its way */
    bool beside;         /* others of ours, GN_DATAGRAM_BESIDE */
    uint16_t local_port; /* 0: not bound yet */
    struct net_uv *net;
    struct os_datagram_events events;
    void *arg;
    LIST_ENTRY(os_datagram) link;
    struct udp_batch *batch;   /* what it is read into */
    struct stamp_sends *sends; /* NULL: no transmit instants asked for */
};

/** Create the socket as configured, with its options. Returns a descriptor or a negative errno. */
int udp_socket(struct net_uv *, const struct gn_datagram_config *, struct os_datagram *);

/** An option that is not essential: what is refused is missed later, and handled there. */
void udp_set_option(int fd, int level, int name, int value);

/** Options for broadcast and multicast, before binding. Errors: -ENODEV: no such interface. */
int udp_group_options(int fd, const struct gn_datagram_config *, uint8_t family);

/** Join the groups as configured. Errors: -EADDRNOTAVAIL: none of them; those of setsockopt(2). */
int udp_group_join(int fd, const struct gn_datagram_config *, uint8_t family);

/** The port the socket is bound to; 0 if none. */
uint16_t udp_local_port(int fd);

#endif
