/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VNET_INTERNAL_H
#define SIM_VNET_INTERNAL_H

/** The network's parts, for its own files: vnet.c (hosts, links), vudp.c and vudp_open.c (sockets),
 * vname.c. */

#include <sim/chance.h>
#include <sim/vnet.h>
#include <sys/queue.h>

/* As many as a lookup has room for. */
#define VHOST_ADDRESSES 8

struct os_datagram {
    struct vhost *host;
    struct gn_address bind, connect; /* bind: the port is always known */
    struct gn_address *groups;       /* joined; owned */
    size_t group_count;
    uint32_t flags;
    uint64_t heard; /* number of the last packet for many that it got */
    struct os_datagram_events events;
    void *arg;
    LIST_ENTRY(os_datagram) link;
};

struct vlink {
    struct vlink_config config;
    bool cut;
    void *queues; /* tree of struct queue: who sent to whom, while ordered */
    SLIST_ENTRY(vlink) link;
};

struct vhost {
    struct os_net base; /* first: callers hold this */
    struct vnet *net;
    char *name;
    struct os_loop *loop;
    struct os_clock *clock;
    struct gn_address addresses[VHOST_ADDRESSES];
    size_t address_count;
    const struct law *stamp_noise;
    struct chance delays, ports, noise;
    struct vhost_count count;
    int64_t second; /* that is being counted, and how many came in it so far */
    uint64_t in_second;
    uint64_t side; /* in the partitions that there are; only hosts of one side meet */
    gn_utc awake_at;
    LIST_HEAD(, os_datagram) datagrams;
    LIST_HEAD(, vname_request) requests;
    SLIST_ENTRY(vhost) link;
};

/* A name that is more than a host's. */
struct vname {
    char *name;
    struct gn_address addresses[VNET_NAME_ADDRESSES];
    size_t count;
    SLIST_ENTRY(vname) link;
};

struct vnet {
    struct world *world;
    void *by_address; /* tree of struct owner */
    void *by_name;    /* tree of struct vhost */
    uint64_t partitions;
    uint64_t for_many; /* packets for many hosts that arrived */
    SLIST_HEAD(, vhost) hosts;
    SLIST_HEAD(, vlink) links;
    LIST_HEAD(, vpacket) packets; /* on their way */
    SLIST_HEAD(, vtap) taps;
    SLIST_HEAD(, vname) names;
};

/** Whether two addresses are of one family and have the same bytes; ports do not count. */
bool vnet_same_ip(const struct gn_address *, const struct gn_address *);
bool vnet_any_ip(const struct gn_address *);

/** Whether an address is of many hosts: a group, 255.255.255.255, the last one of a /24 where no
 * host has it. */
bool vnet_many(const struct vnet *, const struct gn_address *);
/** 224.0.0.0/4, ff00::/8. */
bool vnet_is_group(const struct gn_address *);
/** Whether a packet to such an address comes to the host's network. */
bool vnet_on_link(const struct vhost *, const struct gn_address *);

/** The link that a packet takes; NULL: there is no way. */
struct vlink *vnet_way(const struct vnet *, const struct vhost *from, const struct vhost *to);

/** When a packet that would arrive at `when` does so, after those before it. */
gn_utc vlink_queue(struct vlink *, const struct vhost *from, const struct vhost *to, gn_utc when);

/** Counts a packet that has arrived. */
void vhost_received(struct vhost *);
bool vhost_has_address(const struct vhost *, const struct gn_address *);

/** Whether the host sleeps. */
bool vhost_asleep(const struct vhost *);

/* vudp.c */
int vudp_open(struct os_net *, const struct gn_datagram_config *, const struct os_datagram_events *,
              void *arg, struct os_datagram **);
int vudp_send(struct os_datagram *, const void *, size_t, const struct gn_address *to,
              const struct gn_address *from, uint32_t flags, uint64_t tag, gn_system *when);
enum gn_stamp vudp_stamps(const struct os_datagram *);
void vudp_close(struct os_datagram *);
void vudp_forget(struct vnet *); /* drop what is on its way */

/* vname.c */
int vname_resolve(struct os_net *, const char *name, uint16_t port, gn_resolve_cb, void *arg,
                  void **request);
void vname_cancel(struct os_net *, void *request);
void vname_forget(struct vnet *); /* all names that are more than a host's */

#endif
