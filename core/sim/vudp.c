/* SPDX-License-Identifier: Apache-2.0 */
#include "vnet_internal.h"

#include <errno.h>
#include <math.h>
#include <sim/vclock.h>
#include <sim/vloop.h>
#include <stdlib.h>
#include <string.h>

/* Of a network without fragments; nothing that keeps time sends more. */
#define LARGEST 1472

/* On its way for longer is as good as lost, and sums of it do not overflow. */
#define LONGEST_S 1e9

/* A datagram on its way, or (socket set) the instant that one has left. */
struct vpacket {
    struct world_event event;
    struct vnet *net;
    struct os_datagram *socket;
    uint64_t tag;
    gn_system when;
    struct vhost *from; /* NULL: nobody sent it */
    struct vhost *to;   /* one of those who hear it, where it is for many; else NULL */
    struct gn_address remote, local;
    size_t size;
    LIST_ENTRY(vpacket) link;
    unsigned char data[];
};

/* Those that are exact are as good as a device's. */
static enum gn_stamp stamps_of(const struct vhost *host)
{
    return host->stamp_noise != NULL ? GN_STAMP_KERNEL : GN_STAMP_HARDWARE;
}

enum gn_stamp vudp_stamps(const struct os_datagram *socket)
{
    return stamps_of(socket->host);
}

/* ---------------------------------------------------------------- on the way */

static void drop(struct vpacket *packet)
{
    world_cancel(packet->net->world, &packet->event);
    LIST_REMOVE(packet, link);
    free(packet);
}

void vudp_forget(struct vnet *net)
{
    while (!LIST_EMPTY(&net->packets))
        drop(LIST_FIRST(&net->packets));
}

void vudp_close(struct os_datagram *socket)
{
    struct vpacket *packet, *following;
    if (socket == NULL)
        return;
    for (packet = LIST_FIRST(&socket->host->net->packets); packet != NULL; packet = following) {
        following = LIST_NEXT(packet, link);
        if (packet->socket == socket)
            drop(packet);
    }
    LIST_REMOVE(socket, link);
    free(socket->groups);
    free(socket);
}

static struct vpacket *packet_create(struct vnet *net, void (*happen)(void *), size_t size)
{
    struct vpacket *packet = calloc(1, sizeof *packet + size);
    if (packet == NULL)
        return NULL;
    packet->net = net;
    packet->event.happen = happen;
    packet->event.arg = packet;
    packet->size = size;
    LIST_INSERT_HEAD(&net->packets, packet, link);
    return packet;
}

static gn_system stamp(struct vhost *host)
{
    gn_system when = vclock_system(host->clock);
    if (host->stamp_noise != NULL)
        when.ns += gn_nanoseconds(law_draw(host->stamp_noise, &host->noise));
    return when;
}

/* ---------------------------------------------------------------- arriving */

static int fit(const struct os_datagram *socket, const struct vpacket *packet)
{
    if (socket->bind.port != packet->local.port || socket->bind.family != packet->local.family)
        return 0;
    if (!vnet_any_ip(&socket->bind) && !vnet_same_ip(&socket->bind, &packet->local))
        return 0;
    if (socket->connect.family == GN_FAMILY_NONE)
        return vnet_any_ip(&socket->bind) ? 1 : 2;
    bool from_there = socket->connect.port == packet->remote.port &&
                      vnet_same_ip(&socket->connect, &packet->remote);
    return from_there ? 3 : 0;
}

/* What is sent to a group is only for those who have joined it. */
static bool has_joined(const struct os_datagram *socket, const struct gn_address *group)
{
    for (size_t i = 0; i < socket->group_count; i++)
        if (vnet_same_ip(&socket->groups[i], group))
            return true;
    return !vnet_is_group(group);
}

static bool hears(const struct os_datagram *socket, const struct vpacket *packet)
{
    return fit(socket, packet) > 0 && has_joined(socket, &packet->local);
}

/* As the kernel chooses: the socket that says most about the packet. */
static struct os_datagram *listener(const struct vhost *host, const struct vpacket *packet)
{
    struct os_datagram *socket, *best = NULL;
    LIST_FOREACH(socket, &host->datagrams, link)
    if (fit(socket, packet) > (best != NULL ? fit(best, packet) : 0))
        best = socket;
    return best;
}

static void hand_over(struct os_datagram *socket, const struct vpacket *packet)
{
    struct os_loop *loop = socket->host->loop; /* the callback may close the socket */
    struct os_packet received = {
        .data = packet->data,
        .size = packet->size,
        .remote = packet->remote,
        .local = packet->local,
        .interface = 1,
        .when = stamp(socket->host),
        .stamp = stamps_of(socket->host),
    };
    vhost_received(socket->host);
    if (socket->events.receive != NULL)
        socket->events.receive(socket->arg, &received, 1);
    vloop_end_turn(loop);
}

/* To every socket that hears it once, though callbacks close and open some. */
static void hand_to_all(const struct vpacket *packet)
{
    struct vhost *host = packet->to;
    uint64_t number = ++packet->net->for_many;
    struct os_datagram *socket = LIST_FIRST(&host->datagrams);
    while (socket != NULL && !vhost_asleep(host)) {
        if (socket->heard == number || !hears(socket, packet)) {
            socket = LIST_NEXT(socket, link);
            continue;
        }
        socket->heard = number;
        hand_over(socket, packet);
        socket = LIST_FIRST(&host->datagrams);
    }
}

static void arrive_for_many(void *arg)
{
    struct vpacket *packet = arg;
    LIST_REMOVE(packet, link);
    hand_to_all(packet);
    free(packet);
}

static void arrive(void *arg)
{
    struct vpacket *packet = arg;
    struct vhost *host = vnet_find_host(packet->net, &packet->local);
    bool heard = host != NULL && !vhost_asleep(host);
    struct os_datagram *socket = heard ? listener(host, packet) : NULL;
    LIST_REMOVE(packet, link);
    if (socket != NULL)
        hand_over(socket, packet);
    else if (packet->from != NULL)
        packet->from->count.lost++;
    free(packet);
}

/* ---------------------------------------------------------------- leaving */

static void has_left(void *arg)
{
    struct vpacket *packet = arg;
    struct os_datagram *socket = packet->socket;
    if (vhost_asleep(socket->host)) {
        world_order(packet->net->world, &packet->event, socket->host->awake_at);
        return;
    }
    struct os_loop *loop = socket->host->loop;
    LIST_REMOVE(packet, link);
    if (socket->events.sent != NULL)
        socket->events.sent(socket->arg, packet->tag, packet->when, stamps_of(socket->host));
    free(packet);
    vloop_end_turn(loop);
}

static void note_sent(struct os_datagram *socket, uint64_t tag)
{
    struct vpacket *note = packet_create(socket->host->net, has_left, 0);
    if (note == NULL)
        return;
    note->socket = socket;
    note->tag = tag;
    note->when = stamp(socket->host);
    world_order_in(note->net->world, &note->event, 0);
}

/* Without a link: to the host itself. */
static void put_on_way(struct vhost *from, struct vhost *to, struct vlink *link,
                       const struct vpacket *packet, const struct vpassing *passing)
{
    bool many = vnet_many(from->net, &packet->local);
    struct vpacket *copy = packet_create(from->net, many ? arrive_for_many : arrive, packet->size);
    const struct law *delay = link != NULL ? link->config.delay : NULL;
    double delay_s = delay != NULL ? law_draw(delay, &from->delays) : 0;
    gn_utc when = world_now(from->net->world);
    if (copy == NULL)
        return;
    copy->from = from;
    copy->to = to;
    copy->remote = packet->remote;
    copy->local = packet->local;
    memcpy(copy->data, passing->data, packet->size);
    delay_s += passing->held_s;
    if (delay_s > 0)
        when = gn_utc_add(when, gn_nanoseconds(fmin(delay_s, LONGEST_S)));
    if (link != NULL && link->config.ordered)
        when = vlink_queue(link, from, to, when);
    world_order(from->net->world, &copy->event, when);
}

/* A host reaches itself without a link. */
static void transmit_to(struct vhost *from, struct vhost *to, const struct vpacket *packet,
                        const struct vpassing *passing)
{
    struct vlink *way = to != NULL ? vnet_way(from->net, from, to) : NULL;
    if (to == from) {
        put_on_way(from, to, NULL, packet, passing);
        return;
    }
    if (way == NULL || way->cut || vhost_asleep(from) ||
        chance_uniform(&from->delays) < way->config.loss || passing->held_s < 0) {
        from->count.lost++;
        return;
    }
    put_on_way(from, to, way, packet, passing);
    if (way->config.duplicates > 0 && chance_uniform(&from->delays) < way->config.duplicates)
        put_on_way(from, to, way, packet, passing);
}

static void pass_taps(struct vnet *net, struct vpassing *passing)
{
    struct vtap *tap;
    SLIST_FOREACH(tap, &net->taps, link)
    tap->see(tap->arg, passing);
}

static bool anybody_hears(const struct vhost *host, const struct vpacket *packet)
{
    const struct os_datagram *socket;
    LIST_FOREACH(socket, &host->datagrams, link)
    if (hears(socket, packet))
        return true;
    return false;
}

/* Each that listens has a way of its own there, with its own delay; hops are not counted. */
static void transmit_to_many(const struct os_datagram *socket, const struct vpacket *packet,
                             const struct vpassing *passing)
{
    struct vhost *from = socket->host, *to;
    bool comes_back = !vnet_is_group(&packet->local) || (socket->flags & GN_DATAGRAM_LOOP) != 0;
    SLIST_FOREACH(to, &from->net->hosts, link)
    if ((to != from || comes_back) && vnet_on_link(to, &packet->local) && anybody_hears(to, packet))
        transmit_to(from, to, packet, passing);
}

static void transmit(const struct os_datagram *socket, const struct vpacket *packet,
                     const struct vpassing *passing)
{
    struct vhost *from = socket->host;
    from->count.sent++;
    if (vnet_many(from->net, &packet->local))
        transmit_to_many(socket, packet, passing);
    else
        transmit_to(from, vnet_find_host(from->net, &packet->local), packet, passing);
}

static void inject(struct vnet *net, struct vhost *to, const struct vpacket *wanted,
                   const void *data, int64_t delay_ns)
{
    struct vpacket *packet =
        packet_create(net, to != NULL ? arrive_for_many : arrive, wanted->size);
    if (packet == NULL)
        return;
    packet->to = to;
    packet->remote = wanted->remote;
    packet->local = wanted->local;
    memcpy(packet->data, data, wanted->size);
    world_order_in(net->world, &packet->event, delay_ns);
}

void vnet_inject(struct vnet *net, const struct gn_address *from, const struct gn_address *to,
                 const void *data, size_t size, int64_t delay_ns)
{
    struct vpacket packet = {.remote = *from, .local = *to, .size = size};
    struct vhost *host;
    if (!vnet_many(net, to)) {
        inject(net, NULL, &packet, data, delay_ns);
        return;
    }
    SLIST_FOREACH(host, &net->hosts, link)
    if (vnet_on_link(host, to) && anybody_hears(host, &packet))
        inject(net, host, &packet, data, delay_ns);
}

static const struct gn_address *address_of(const struct vhost *host, uint8_t family)
{
    for (size_t i = 0; i < host->address_count; i++)
        if (host->addresses[i].family == family)
            return &host->addresses[i];
    return NULL;
}

/* The address a packet comes from: as asked for, as bound, or the host's first of the family. */
static int source_of(const struct os_datagram *socket, const struct gn_address *from,
                     struct gn_address *source)
{
    const struct gn_address *own = from;
    if (own == NULL || own->family == GN_FAMILY_NONE)
        own = vnet_any_ip(&socket->bind) || vnet_many(socket->host->net, &socket->bind)
                  ? address_of(socket->host, socket->bind.family)
                  : &socket->bind;
    if (own == NULL)
        return -ENETUNREACH;
    if (!vhost_has_address(socket->host, own))
        return -EADDRNOTAVAIL;
    *source = *own;
    source->port = socket->bind.port;
    return 0;
}

int vudp_send(struct os_datagram *socket, const void *data, size_t size,
              const struct gn_address *to, const struct gn_address *from, uint32_t flags,
              uint64_t tag, gn_system *when)
{
    struct vpacket packet = {.size = size};
    unsigned char bytes[LARGEST];
    struct vpassing passing = {&packet.remote, &packet.local, bytes, size, 0};
    if (to == NULL)
        to = &socket->connect;
    if (to->family == GN_FAMILY_NONE)
        return -EDESTADDRREQ;
    if (to->family != socket->bind.family)
        return -EAFNOSUPPORT;
    if (size > LARGEST)
        return -EMSGSIZE;
    if (vnet_many(socket->host->net, to) && !vnet_is_group(to) &&
        (socket->flags & GN_DATAGRAM_BROADCAST) == 0)
        return -EACCES;
    int rc = source_of(socket, from, &packet.remote);
    if (rc < 0)
        return rc;
    packet.local = *to;
    if (when != NULL)
        *when = vclock_system(socket->host->clock);
    if ((socket->flags & GN_DATAGRAM_SENT) != 0 && (flags & GN_SEND_STAMP) != 0)
        note_sent(socket, tag);
    memcpy(bytes, data, size);
    pass_taps(socket->host->net, &passing);
    transmit(socket, &packet, &passing);
    return 0;
}
