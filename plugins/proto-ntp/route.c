/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include "address.h"
#include <net/if.h>
#include <stdio.h>
#include <string.h>

int route_check_device(struct gn_host *host, const char *device)
{
    if (device == NULL ||
        (device[0] != '\0' && strlen(device) < IFNAMSIZ && strpbrk(device, "/: \t") == NULL))
        return 0;
    return gn_fail(host, -EINVAL,
                   "bind_device: \"%s\" is no name of a network device, such as \"eth0\"", device);
}

bool route_same_device(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

int route_read_address(struct gn_host *host, const char *address, struct route *route)
{
    uint16_t port = route->bind.port;
    if (address == NULL)
        return 0;
    if (address_parse(address, &route->bind) != 0 || address_is_multicast(&route->bind))
        return gn_fail(host, -EINVAL,
                       "bind_address: \"%s\" is no numeric IPv4 or IPv6 address of this machine",
                       address);
    route->bind.port = port;
    return 0;
}

bool route_fits(const struct route *route, const struct gn_address *address)
{
    return route->bind.family == GN_FAMILY_NONE || route->bind.family == address->family;
}

void route_apply(const struct route *route, struct gn_datagram_config *config)
{
    if (route == NULL)
        return;
    config->bind = route->bind;
    config->device = route->device;
    config->dscp = route->dscp;
    if (route->bind.port != 0)
        config->flags |= GN_DATAGRAM_SHARED;
}

const char *route_text(const struct route *route, char *text, size_t size)
{
    char address[ADDRESS_TEXT_SIZE] = "", port[24] = "";
    const char *device = route != NULL && route->device != NULL ? route->device : "";
    text[0] = '\0';
    if (route == NULL)
        return text;
    if (route->bind.family != GN_FAMILY_NONE)
        address_text(&route->bind, address);
    char *colon = strrchr(address, ':');
    if (colon != NULL && route->bind.port == 0) /* which one is left to chance */
        *colon = '\0';
    else if (route->bind.port != 0)
        snprintf(port, sizeof(port), "port %u", route->bind.port);
    bool placed = address[0] != '\0' || port[0] != '\0';
    if (placed || device[0] != '\0')
        snprintf(text, size, " (%s%s%s%s%s)", placed ? "from " : "", address, port,
                 device[0] != '\0' ? (placed ? " by " : "by ") : "", device);
    return text;
}
