/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_SOCKADDR_H
#define OS_SOCKADDR_H

/** Addresses as the kernel wants them. */

#include <gnomon/host.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

/** An IPv4 or IPv6 address with port and scope; any of the three views. */
union sockaddr_any {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/** Returns the length of `*out`; 0: the family is neither IPv4 nor IPv6. */
socklen_t sockaddr_from(union sockaddr_any *out, const struct gn_address *);

/** Family NONE where the kernel's address is of another kind. */
void sockaddr_to(struct gn_address *out, const union sockaddr_any *);

/** Whether the address is 0.0.0.0 or ::, or there is none. */
bool sockaddr_is_any(const struct gn_address *);

/** Whether the address has a meaning on one interface only: fe80::/10, ff02::/16. */
bool sockaddr_is_link_local(const struct gn_address *);

/** The address of a socket file. Errors: -ENAMETOOLONG, -EINVAL: empty. */
int sockaddr_unix(struct sockaddr_un *out, const char *path);

#endif
