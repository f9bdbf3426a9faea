/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_H
#define ROUTE_H

/** From where packets go out: address, port, device and their class, as configured. */

#include <gnomon/host.h>
#include <stdbool.h>

struct route {
    struct gn_address bind; /* family NONE: any; port 0: a random one for each socket */
    const char *device;     /* NULL any; lent */
    uint8_t dscp;           /* differentiated services code point */
};

/** Whether a name can be that of a network device. Errors: -EINVAL, explained by gn_fail(). */
int route_check_device(struct gn_host *host, const char *device);

/** Two names of devices, or none. */
bool route_same_device(const char *a, const char *b);

/** Read `bind_address`; NULL: any. Errors: -EINVAL, explained by gn_fail(). */
int route_read_address(struct gn_host *host, const char *address, struct route *route);

/** Whether an address can be reached from the one that is bound. */
bool route_fits(const struct route *route, const struct gn_address *address);

/** Make a socket take this route; NULL: any. Where a port is given, several may have it at a time.
 */
void route_apply(const struct route *route, struct gn_datagram_config *config);

/** " (from ADDRESS by DEVICE)"; "" where nothing is given. Returns `text`. */
const char *route_text(const struct route *route, char *text, size_t size);

#endif
