/* SPDX-License-Identifier: Apache-2.0 */
#include "udp.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

/* <linux/in6.h> and <netinet/in.h> exclude each other. */
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

static bool is_group(const struct gn_address *address)
{
    if (address->family == GN_FAMILY_IPV4)
        return (address->ip[0] & 0xf0) == 0xe0;
    return address->family == GN_FAMILY_IPV6 && address->ip[0] == 0xff;
}

/* Errors: -ENODEV; 0 is the system's choice. */
static int find_interface(const struct gn_datagram_config *config, unsigned *index)
{
    const char *name = config->interface != NULL ? config->interface : config->device;
    *index = name != NULL ? if_nametoindex(name) : 0;
    return name != NULL && *index == 0 ? -ENODEV : 0;
}

static int leave_by(int fd, unsigned index, uint8_t family)
{
    struct ip_mreqn way = {.imr_ifindex = (int)index};
    int number = (int)index, rc;
    if (index == 0)
        return 0;
    if (family == GN_FAMILY_IPV6)
        rc = setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &number, sizeof number);
    else
        rc = setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &way, sizeof way);
    return rc < 0 ? -errno : 0;
}

int udp_group_options(int fd, const struct gn_datagram_config *config, uint8_t family)
{
    bool six = family == GN_FAMILY_IPV6;
    int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
    int loop = (config->flags & GN_DATAGRAM_LOOP) != 0;
    unsigned index;
    int rc = find_interface(config, &index);
    if (rc < 0)
        return rc;
    /* Else a socket hears the groups that any program of the machine has joined. */
    udp_set_option(fd, level, six ? IPV6_MULTICAST_ALL : IP_MULTICAST_ALL, 0);
    udp_set_option(fd, level, six ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, loop);
    if (config->hops > 0)
        udp_set_option(fd, level, six ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, config->hops);
    if ((config->flags & GN_DATAGRAM_BROADCAST) != 0)
        udp_set_option(fd, SOL_SOCKET, SO_BROADCAST, 1);
    return leave_by(fd, index, family);
}

static int join(int fd, const struct gn_address *group, unsigned index)
{
    struct ip_mreqn four = {.imr_ifindex = (int)index};
    struct ipv6_mreq six = {.ipv6mr_interface = index != 0 ? index : group->scope};
    int rc;
    memcpy(&four.imr_multiaddr, group->ip, sizeof four.imr_multiaddr);
    memcpy(&six.ipv6mr_multiaddr, group->ip, sizeof six.ipv6mr_multiaddr);
    if (group->family == GN_FAMILY_IPV6)
        rc = setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &six, sizeof six);
    else
        rc = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &four, sizeof four);
    return rc < 0 ? -errno : 0;
}

int udp_group_join(int fd, const struct gn_datagram_config *config, uint8_t family)
{
    unsigned index;
    int rc = find_interface(config, &index);
    for (size_t i = 0; i < config->group_count && rc == 0; i++) {
        const struct gn_address *group = &config->groups[i];
        rc = group->family == family && is_group(group) ? join(fd, group, index) : -EADDRNOTAVAIL;
    }
    return rc;
}
