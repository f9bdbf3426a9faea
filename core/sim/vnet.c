/* SPDX-License-Identifier: Apache-2.0 */
#include "vnet_internal.h"

#include <base/memory.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Who has an address; worlds have thousands of them. */
struct owner {
    struct gn_address address;
    struct vhost *host;
};

static size_t ip_size(const struct gn_address *address)
{
    return address->family == GN_FAMILY_IPV4 ? 4 : sizeof address->ip;
}

bool vnet_same_ip(const struct gn_address *a, const struct gn_address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, ip_size(a)) == 0;
}

bool vnet_any_ip(const struct gn_address *address)
{
    static const uint8_t zero[sizeof address->ip] = {0};
    return memcmp(address->ip, zero, ip_size(address)) == 0;
}

bool vnet_is_group(const struct gn_address *address)
{
    if (address->family == GN_FAMILY_IPV4)
        return (address->ip[0] & 0xf0) == 0xe0;
    return address->family == GN_FAMILY_IPV6 && address->ip[0] == 0xff;
}

bool vnet_on_link(const struct vhost *host, const struct gn_address *address)
{
    static const uint8_t all[] = {255, 255, 255};
    if (vnet_is_group(address) || memcmp(address->ip, all, sizeof all) == 0)
        return true;
    for (size_t i = 0; i < host->address_count; i++)
        if (host->addresses[i].family == GN_FAMILY_IPV4 &&
            memcmp(host->addresses[i].ip, address->ip, 3) == 0)
            return true;
    return false;
}

static int compare_owners(const void *a, const void *b)
{
    const struct owner *x = a, *y = b;
    if (x->address.family != y->address.family)
        return x->address.family < y->address.family ? -1 : 1;
    return memcmp(x->address.ip, y->address.ip, ip_size(&x->address));
}

static int compare_hosts(const void *a, const void *b)
{
    const struct vhost *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* ---------------------------------------------------------------- streams: none */

static int datagram_open_unix(struct os_net *net, const char *path, struct os_datagram **result)
{
    (void)net, (void)path, (void)result;
    return -EAFNOSUPPORT;
}

static int listen_unix(struct os_net *net, const char *path, mode_t mode,
                       void (*accepted)(void *, struct os_stream *), void *arg,
                       struct os_listener **result)
{
    (void)net, (void)path, (void)mode, (void)accepted, (void)arg, (void)result;
    return -EAFNOSUPPORT;
}

static void listener_close(struct os_listener *listener)
{
    (void)listener;
}

static void stream_start(struct os_stream *stream, const struct os_stream_events *events, void *arg)
{
    (void)stream, (void)events, (void)arg;
}

static int stream_write(struct os_stream *stream, const void *data, size_t size, size_t limit)
{
    (void)stream, (void)data, (void)size, (void)limit;
    return -EAFNOSUPPORT;
}

static void stream_close(struct os_stream *stream, bool flush)
{
    (void)stream, (void)flush;
}

static const struct os_net_ops net_ops = {
    .datagram_open = vudp_open,
    .datagram_open_unix = datagram_open_unix,
    .datagram_send = vudp_send,
    .datagram_stamps = vudp_stamps,
    .datagram_close = vudp_close,
    .listen_unix = listen_unix,
    .listener_close = listener_close,
    .stream_start = stream_start,
    .stream_write = stream_write,
    .stream_close = stream_close,
    .resolve = vname_resolve,
    .resolve_cancel = vname_cancel,
};

/* ---------------------------------------------------------------- hosts */

struct vhost *vnet_add_host(struct vnet *net, const char *name, struct os_loop *loop,
                            struct os_clock *clock)
{
    struct vhost *host = memory_zeroed(sizeof *host);
    uint64_t seed = world_seed(net->world);
    host->base.ops = &net_ops;
    host->net = net;
    host->name = memory_copy(name);
    host->loop = loop;
    host->clock = clock;
    chance_init(&host->delays, seed, "delays", name);
    chance_init(&host->ports, seed, "ports", name);
    chance_init(&host->noise, seed, "stamps", name);
    LIST_INIT(&host->datagrams);
    LIST_INIT(&host->requests);
    SLIST_INSERT_HEAD(&net->hosts, host, link);
    tsearch(host, &net->by_name, compare_hosts);
    return host;
}

int vhost_add_address(struct vhost *host, const struct gn_address *address)
{
    struct owner *owner;
    if (vnet_any_ip(address) || host->address_count == VHOST_ADDRESSES)
        return -EINVAL;
    if (vnet_find_host(host->net, address) != NULL)
        return -EADDRINUSE;
    owner = memory_zeroed(sizeof *owner);
    *owner = (struct owner){*address, host};
    tsearch(owner, &host->net->by_address, compare_owners);
    host->addresses[host->address_count++] = *address;
    return 0;
}

void vhost_stamp_noise(struct vhost *host, const struct law *noise)
{
    host->stamp_noise = noise;
}

void vnet_tap(struct vnet *net, struct vtap *tap)
{
    SLIST_INSERT_HEAD(&net->taps, tap, link);
}

void vhost_sleep(struct vhost *host, gn_utc until)
{
    host->awake_at = until;
}

bool vhost_asleep(const struct vhost *host)
{
    return world_now(host->net->world).ns < host->awake_at.ns;
}

struct os_net *vhost_net(struct vhost *host)
{
    return &host->base;
}

/* Which of the crowds so many are; not asked of none. */
static int crowd(uint64_t count)
{
    int bits = 63 - __builtin_clzll(count);
    return bits < VHOST_CROWDS ? bits : VHOST_CROWDS - 1;
}

void vhost_received(struct vhost *host)
{
    int64_t second = world_now(host->net->world).ns / GN_NS_PER_S;
    if (second != host->second && host->in_second > 0)
        host->count.seconds[crowd(host->in_second)]++;
    if (second != host->second)
        host->in_second = 0;
    host->second = second;
    host->in_second++;
    host->count.received++;
    if (host->in_second > host->count.most)
        host->count.most = host->in_second;
}

struct vhost_count vhost_count(const struct vhost *host)
{
    struct vhost_count count = host->count;
    if (host->in_second > 0)
        count.seconds[crowd(host->in_second)]++;
    return count;
}

struct vhost *vnet_find_host(const struct vnet *net, const struct gn_address *address)
{
    struct owner wanted = {*address, NULL};
    struct owner *const *found = tfind(&wanted, &net->by_address, compare_owners);
    return found != NULL ? (*found)->host : NULL;
}

/* All networks of IPv4 are a /24, which is what worlds are written with; those that count more
 * hosts through have one there. */
bool vnet_many(const struct vnet *net, const struct gn_address *address)
{
    if (vnet_is_group(address))
        return true;
    return address->family == GN_FAMILY_IPV4 && address->ip[3] == 255 &&
           vnet_find_host(net, address) == NULL;
}

size_t vnet_find_name(const struct vnet *net, const char *name, const struct gn_address **addresses)
{
    struct vhost wanted = {.name = (char *)(uintptr_t)name};
    struct vhost *const *found = tfind(&wanted, &net->by_name, compare_hosts);
    if (found == NULL)
        return 0;
    *addresses = (*found)->addresses;
    return (*found)->address_count;
}

static void free_host(struct vhost *host)
{
    while (!LIST_EMPTY(&host->requests))
        vname_cancel(&host->base, LIST_FIRST(&host->requests));
    while (!LIST_EMPTY(&host->datagrams))
        vudp_close(LIST_FIRST(&host->datagrams));
    free(host->name);
    free(host);
}

/* ---------------------------------------------------------------- links */

struct vlink *vnet_add_link(struct vnet *net, const struct vlink_config *config)
{
    struct vlink *link = memory_zeroed(sizeof *link);
    link->config = *config;
    SLIST_INSERT_HEAD(&net->links, link, link);
    return link;
}

void vlink_cut(struct vlink *link, bool cut)
{
    link->cut = cut;
}

struct vlink *vnet_way(const struct vnet *net, const struct vhost *from, const struct vhost *to)
{
    struct vlink *link;
    if (from->side != to->side)
        return NULL;
    SLIST_FOREACH(link, &net->links, link)
    if ((link->config.from == NULL || link->config.from == from) &&
        (link->config.to == NULL || link->config.to == to))
        break;
    return link;
}

void vlink_change(struct vlink *link, const struct vlink_config *config)
{
    struct vlink_config wanted = *config;
    wanted.from = link->config.from;
    wanted.to = link->config.to;
    link->config = wanted;
}

const struct vlink_config *vlink_config(const struct vlink *link)
{
    return &link->config;
}

/* Between two hosts on one link: when the last packet arrives. */
struct queue {
    const struct vhost *from, *to;
    gn_utc last;
};

static int compare_queues(const void *a, const void *b)
{
    const struct queue *x = a, *y = b;
    int order = strcmp(x->from->name, y->from->name);
    return order != 0 ? order : strcmp(x->to->name, y->to->name);
}

gn_utc vlink_queue(struct vlink *link, const struct vhost *from, const struct vhost *to,
                   gn_utc when)
{
    struct queue *queue = memory_zeroed(sizeof *queue);
    *queue = (struct queue){from, to, when};
    struct queue **found = tsearch(queue, &link->queues, compare_queues);
    if (*found != queue) {
        free(queue);
        queue = *found;
        if (when.ns > queue->last.ns)
            queue->last = when;
    }
    return queue->last;
}

/* ---------------------------------------------------------------- partitions */

/* The history of memberships, as a number: hosts meet when theirs are alike. */
void vnet_partition(struct vnet *net, struct vhost *const *hosts, size_t count)
{
    net->partitions++;
    for (size_t i = 0; i < count; i++) {
        uint64_t mixed = (hosts[i]->side ^ net->partitions) * UINT64_C(0x9e3779b97f4a7c15);
        hosts[i]->side = mixed ^ mixed >> 29;
    }
}

void vnet_heal(struct vnet *net)
{
    struct vhost *host;
    SLIST_FOREACH(host, &net->hosts, link)
    host->side = 0;
}

/* ---------------------------------------------------------------- life */

struct vnet *vnet_create(struct world *world)
{
    struct vnet *net = calloc(1, sizeof *net);
    if (net == NULL)
        return NULL;
    net->world = world;
    SLIST_INIT(&net->hosts);
    SLIST_INIT(&net->links);
    LIST_INIT(&net->packets);
    SLIST_INIT(&net->taps);
    return net;
}

static void keep(void *host)
{
    (void)host;
}

void vnet_destroy(struct vnet *net)
{
    if (net == NULL)
        return;
    tdestroy(net->by_address, free);
    tdestroy(net->by_name, keep);
    while (!SLIST_EMPTY(&net->hosts)) {
        struct vhost *host = SLIST_FIRST(&net->hosts);
        SLIST_REMOVE_HEAD(&net->hosts, link);
        free_host(host);
    }
    vudp_forget(net);
    vname_forget(net);
    while (!SLIST_EMPTY(&net->links)) {
        struct vlink *link = SLIST_FIRST(&net->links);
        SLIST_REMOVE_HEAD(&net->links, link);
        tdestroy(link->queues, free);
        free(link);
    }
    free(net);
}
