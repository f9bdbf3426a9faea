/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VNET_H
#define SIM_VNET_H

/**
 * The network between virtual hosts: datagrams by address, over IPv4 and IPv6, on links with a
 * law of delay, loss and duplicates each way. Packets that draw a shorter delay overtake others,
 * unless the link is ordered. Broadcasts (255.255.255.255, the last address of a /24 that no host
 * has) and multicasts come to every host that listens, each by its own link, however few hops they
 * may go. Unix sockets are refused with -EAFNOSUPPORT.
 */

#include <os/os.h>
#include <sim/law.h>
#include <sim/world.h>
#include <sys/queue.h>

struct vnet;
struct vhost;
struct vlink;

/** A way from one host to another. */
struct vlink_config {
    const struct vhost *from, *to; /* NULL: any */
    const struct law *delay;       /* lent; s; below 0 counts as 0; NULL: none */
    double loss, duplicates;       /* probabilities */
    bool ordered;                  /* nothing overtakes: who draws less waits for those before */
};

/** The last of vhost_count.seconds is of 2^15 and more. */
#define VHOST_CROWDS 16

/** What came through the network, of one host. */
struct vhost_count {
    uint64_t sent, received, lost; /* lost: of those sent, on links or where nobody listens */
    /* How received packets crowd: seconds of true time with 1, 2 … 3, 4 … 7 and so on of them. */
    uint64_t seconds[VHOST_CROWDS];
    uint64_t most; /* in any second */
};

/** A datagram that leaves a host, as somebody on the way sees it. */
struct vpassing {
    const struct gn_address *from, *to;
    unsigned char *data; /* whose bytes may be changed */
    size_t size;
    double held_s; /* how much later it arrives; below 0: never */
};

/** Somebody who sees what leaves the hosts. */
struct vtap {
    void (*see)(void *arg, struct vpassing *);
    void *arg;
    SLIST_ENTRY(vtap) link;
};

struct vnet *vnet_create(struct world *);
void vnet_destroy(struct vnet *); /* takes NULL; with hosts, links and what is on its way */

/** A host, its loop and clock lent. Without an address nobody reaches it. Owns: the net. */
struct vhost *vnet_add_host(struct vnet *, const char *name, struct os_loop *, struct os_clock *);

/** One more address of a host. Errors: -EADDRINUSE: some host has it; -EINVAL. */
int vhost_add_address(struct vhost *, const struct gn_address *);

/** Noise of the host's stamps, s, added to every one; lent; NULL: none. */
void vhost_stamp_noise(struct vhost *, const struct law *);

struct os_net *vhost_net(struct vhost *);
struct vhost_count vhost_count(const struct vhost *);

/** A link, before those that were added earlier. Without any there is no way. Owns: the net. */
struct vlink *vnet_add_link(struct vnet *, const struct vlink_config *);

/** Change all but the ends of a link, for packets from now on. */
void vlink_change(struct vlink *, const struct vlink_config *);
const struct vlink_config *vlink_config(const struct vlink *);

/** Cut a link, or mend it: what is on its way still arrives. */
void vlink_cut(struct vlink *, bool cut);

/** From now on nothing passes between these hosts and all others; more partitions may follow. */
void vnet_partition(struct vnet *, struct vhost *const *hosts, size_t count);

/** End all partitions; what is cut otherwise stays so. */
void vnet_heal(struct vnet *);

/** Everything that is sent passes this one, too; lent. */
void vnet_tap(struct vnet *, struct vtap *);

/** Put a datagram into the network that no host has sent, and that arrives after so long. */
void vnet_inject(struct vnet *, const struct gn_address *from, const struct gn_address *to,
                 const void *data, size_t size, int64_t delay_ns);

/** Until then the host sleeps: what arrives is lost, names are told when it wakes. */
void vhost_sleep(struct vhost *, gn_utc until);

/** Read `192.0.2.1` or `2001:db8::1`. Errors: -EINVAL. */
int vnet_address(const char *text, uint16_t port, struct gn_address *);

/** As many as a name has at most. */
#define VNET_NAME_ADDRESSES 32

/** From now on a name has these addresses, whoever is there; none: it has no address. Before that
 * it is the name of a host, if there is such a one. */
void vnet_name(struct vnet *, const char *name, const struct gn_address *, size_t count);

/* What the parts share. */

/** The host that has an address; NULL nobody. */
struct vhost *vnet_find_host(const struct vnet *, const struct gn_address *);
/** Addresses of the host of a name; returns their number, 0: there is no such host. */
size_t vnet_find_name(const struct vnet *, const char *name, const struct gn_address **);

#endif
