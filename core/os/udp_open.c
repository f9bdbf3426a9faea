/* SPDX-License-Identifier: Apache-2.0 */
#include "udp.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Linux's default range for outgoing ports. */
#define PORT_FIRST 32768u
#define PORT_COUNT (60999u - PORT_FIRST + 1)
#define PORT_TRIES 8

void udp_set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

static void set_options(int fd, const struct gn_datagram_config *config, uint8_t family)
{
    if ((config->flags & GN_DATAGRAM_SHARED) != 0)
        udp_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (config->dscp != 0 && family == GN_FAMILY_IPV6)
        udp_set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, config->dscp << 2);
    else if (config->dscp != 0)
        udp_set_option(fd, IPPROTO_IP, IP_TOS, config->dscp << 2);
    if (family == GN_FAMILY_IPV6) {
        udp_set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        udp_set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else {
        udp_set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
    }
    if (config->receive_buffer > 0) {
        uint32_t most = INT32_MAX / 2;
        uint32_t bytes = config->receive_buffer < most ? config->receive_buffer : most;
        udp_set_option(fd, SOL_SOCKET, SO_RCVBUF, (int)bytes);
    }
}

/* ---------------------------------------------------------------- instants */

/* With no stamping socket open the kernel switches stamping off, and needs some time to switch it
 * on again: the first reply to a fresh socket would come without. One idle socket keeps it on. */
static void hold_stamping(struct net_uv *net)
{
    bool transmit;
    if (net->stamp_holder >= 0)
        return;
    net->stamping_since_ms = uv_now(loop_uv_handle(net->loop));
    net->stamp_holder = net_uv_socket(AF_INET, SOCK_DGRAM);
    if (net->stamp_holder >= 0)
        stamp_enable(net->stamp_holder, NULL, false, &transmit);
}

static void enable_stamps(struct os_datagram *datagram, int fd)
{
    struct net_uv *net = datagram->net;
    datagram->hardware = net->hardware;
    int rc = stamp_enable(fd, datagram->sends, net->hardware, &datagram->sent_stamps);
    if (rc < 0 && net->hardware) { /* a kernel that knows no stamps of cards */
        datagram->hardware = false;
        rc = stamp_enable(fd, datagram->sends, false, &datagram->sent_stamps);
    }
    datagram->received_stamps = rc == 0;
    if (rc == 0) {
        hold_stamping(net);
    } else if (!net->stamps_said) {
        net->stamps_said = true;
        net_uv_log(net, GN_WARNING,
                   "the kernel refuses to timestamp packets (%s); their times are taken by the "
                   "daemon, less exactly",
                   strerror(-rc));
    }
}

/* ---------------------------------------------------------------- binding */

uint16_t udp_local_port(int fd)
{
    union sockaddr_any own;
    socklen_t length = sizeof own;
    struct gn_address address;
    memset(&own, 0, sizeof own);
    if (getsockname(fd, &own.any, &length) < 0)
        return 0;
    sockaddr_to(&address, &own);
    return address.port;
}

static int bind_to(int fd, const struct gn_address *address, uint16_t port)
{
    union sockaddr_any own;
    struct gn_address wanted = *address;
    wanted.port = port;
    socklen_t length = sockaddr_from(&own, &wanted);
    return bind(fd, &own.any, length) < 0 ? -errno : 0;
}

/* Spec: RFC 9109 §3: a port nobody can guess. The kernel's own choice is a good one too, and is
 * what is left where ports are scarce. */
static int bind_random(int fd, const struct gn_address *address)
{
    int rc = -EADDRINUSE;
    for (int i = 0; i < PORT_TRIES && (rc == -EADDRINUSE || rc == -EACCES); i++) {
        uint32_t chance;
        if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) != sizeof chance)
            break;
        rc = bind_to(fd, address, (uint16_t)(PORT_FIRST + chance % PORT_COUNT));
    }
    if (rc == -EADDRINUSE || rc == -EACCES)
        rc = bind_to(fd, address, 0);
    /* An unbound socket still works; one that is not on the address asked for is wrong. */
    return sockaddr_is_any(address) ? 0 : rc;
}

static int connect_to(int fd, const struct gn_address *address)
{
    union sockaddr_any remote;
    socklen_t length = sockaddr_from(&remote, address);
    return connect(fd, &remote.any, length) < 0 ? -errno : 0;
}

/* Before it has an address: what comes by others must never be heard. */
static int bind_device(int fd, const char *device)
{
    socklen_t length = (socklen_t)strlen(device);
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, length) < 0 ? -errno : 0;
}

static bool has_beside(const struct net_uv *net, uint16_t port)
{
    const struct os_datagram *other;
    LIST_FOREACH(other, &net->datagrams, link)
    if (other->beside && other->local_port == port)
        return true;
    return false;
}

/* Alone first, so that a foreign holder of the port is noticed; others of ours may be at other
 * addresses. Of SO_REUSEPORT's kinds of sharing only this one is wanted: among one user's. */
static int bind_beside(struct net_uv *net, int fd, const struct gn_address *address)
{
    int rc = bind_to(fd, address, address->port);
    bool again = rc == -EADDRINUSE && has_beside(net, address->port);
    udp_set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    return again ? bind_to(fd, address, address->port) : rc;
}

static int bind_as_configured(struct net_uv *net, int fd, const struct gn_datagram_config *config,
                              const struct gn_address *own)
{
    if (own->port == 0)
        return bind_random(fd, own);
    if ((config->flags & GN_DATAGRAM_BESIDE) != 0)
        return bind_beside(net, fd, own);
    return bind_to(fd, own, own->port);
}

static int bind_and_connect(struct net_uv *net, int fd, const struct gn_datagram_config *config,
                            uint8_t family)
{
    struct gn_address own = config->bind;
    own.family = family;
    if (config->interface != NULL && sockaddr_is_link_local(&own) && own.scope == 0)
        own.scope = if_nametoindex(config->interface);
    int rc = config->device != NULL ? bind_device(fd, config->device) : 0;
    if (rc == 0)
        rc = udp_group_options(fd, config, family);
    if (rc == 0)
        rc = bind_as_configured(net, fd, config, &own);
    if (rc == 0)
        rc = udp_group_join(fd, config, family);
    if (rc == 0 && config->connect.family != GN_FAMILY_NONE)
        rc = connect_to(fd, &config->connect);
    return rc;
}

int udp_socket(struct net_uv *net, const struct gn_datagram_config *config,
               struct os_datagram *datagram)
{
    uint8_t family = config->bind.family;
    if (family == GN_FAMILY_NONE)
        family = config->connect.family;
    if (family != GN_FAMILY_IPV4 && family != GN_FAMILY_IPV6)
        return -EINVAL;
    if (config->connect.family != GN_FAMILY_NONE && config->connect.family != family)
        return -EAFNOSUPPORT;
    datagram->net = net;
    datagram->connected = config->connect.family != GN_FAMILY_NONE;
    int fd = net_uv_socket(family == GN_FAMILY_IPV6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
    if (fd < 0)
        return fd;
    set_options(fd, config, family);
    enable_stamps(datagram, fd);
    int rc = bind_and_connect(net, fd, config, family);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    datagram->local_port = udp_local_port(fd);
    datagram->beside = (config->flags & GN_DATAGRAM_BESIDE) != 0;
    return fd;
}
