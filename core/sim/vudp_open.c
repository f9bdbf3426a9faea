/* SPDX-License-Identifier: Apache-2.0 */
#include "vnet_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Spec: RFC 6335 §6, the dynamic ports. */
#define PORT_FIRST 49152
#define PORT_COUNT 16384
#define PORT_TRIES 64

bool vhost_has_address(const struct vhost *host, const struct gn_address *address)
{
    for (size_t i = 0; i < host->address_count; i++)
        if (vnet_same_ip(&host->addresses[i], address))
            return true;
    return false;
}

/* Sockets that are beside each other are at different addresses. */
static bool collide(const struct os_datagram *other, const struct gn_address *wanted,
                    uint32_t flags)
{
    uint32_t common = other->flags & flags;
    if ((common & GN_DATAGRAM_SHARED) != 0)
        return false;
    if (vnet_same_ip(&other->bind, wanted))
        return true;
    return (common & GN_DATAGRAM_BESIDE) == 0 && (vnet_any_ip(&other->bind) || vnet_any_ip(wanted));
}

/* As bind(2): with SO_REUSEADDR where both sides have it. */
static bool port_taken(const struct vhost *host, const struct gn_address *wanted, uint16_t port,
                       uint32_t flags)
{
    const struct os_datagram *other;
    LIST_FOREACH(other, &host->datagrams, link)
    if (other->bind.port == port && other->bind.family == wanted->family &&
        collide(other, wanted, flags))
        return true;
    return false;
}

static int bind_port(struct vhost *host, struct gn_address *own, uint32_t flags)
{
    if (!vnet_any_ip(own) && !vnet_many(host->net, own) && !vhost_has_address(host, own))
        return -EADDRNOTAVAIL;
    if (own->port != 0)
        return port_taken(host, own, own->port, flags) ? -EADDRINUSE : 0;
    for (int i = 0; i < PORT_TRIES && own->port == 0; i++) {
        uint16_t port = (uint16_t)(PORT_FIRST + chance_bits(&host->ports) % PORT_COUNT);
        if (!port_taken(host, own, port, 0))
            own->port = port;
    }
    return own->port != 0 ? 0 : -EADDRINUSE;
}

static int copy_groups(struct os_datagram *socket, const struct gn_datagram_config *config)
{
    if (config->group_count == 0)
        return 0;
    socket->groups = calloc(config->group_count, sizeof *socket->groups);
    if (socket->groups == NULL)
        return -ENOMEM;
    memcpy(socket->groups, config->groups, config->group_count * sizeof *socket->groups);
    socket->group_count = config->group_count;
    return 0;
}

int vudp_open(struct os_net *base, const struct gn_datagram_config *config,
              const struct os_datagram_events *events, void *arg, struct os_datagram **result)
{
    struct vhost *host = (struct vhost *)base;
    struct gn_address own = config->bind;
    if (own.family == GN_FAMILY_NONE)
        own.family = config->connect.family;
    if (own.family != GN_FAMILY_IPV4 && own.family != GN_FAMILY_IPV6)
        return -EINVAL;
    if (config->connect.family != GN_FAMILY_NONE && config->connect.family != own.family)
        return -EAFNOSUPPORT;
    int rc = bind_port(host, &own, config->flags);
    if (rc < 0)
        return rc;
    struct os_datagram *socket = calloc(1, sizeof *socket);
    if (socket == NULL || copy_groups(socket, config) < 0) {
        free(socket);
        return -ENOMEM;
    }
    socket->host = host;
    socket->bind = own;
    socket->connect = config->connect;
    socket->events = *events;
    socket->arg = arg;
    socket->flags = config->flags;
    LIST_INSERT_HEAD(&host->datagrams, socket, link);
    *result = socket;
    return 0;
}
