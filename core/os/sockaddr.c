/* SPDX-License-Identifier: Apache-2.0 */
#include "sockaddr.h"

#include <string.h>

socklen_t sockaddr_from(union sockaddr_any *out, const struct gn_address *address)
{
    memset(out, 0, sizeof *out);
    if (address->family == GN_FAMILY_IPV4) {
        out->in.sin_family = AF_INET;
        out->in.sin_port = htons(address->port);
        memcpy(&out->in.sin_addr, address->ip, sizeof out->in.sin_addr);
        return sizeof out->in;
    }
    if (address->family == GN_FAMILY_IPV6) {
        out->in6.sin6_family = AF_INET6;
        out->in6.sin6_port = htons(address->port);
        out->in6.sin6_scope_id = address->scope;
        memcpy(&out->in6.sin6_addr, address->ip, sizeof out->in6.sin6_addr);
        return sizeof out->in6;
    }
    return 0;
}

void sockaddr_to(struct gn_address *out, const union sockaddr_any *address)
{
    memset(out, 0, sizeof *out);
    if (address->any.sa_family == AF_INET) {
        out->family = GN_FAMILY_IPV4;
        out->port = ntohs(address->in.sin_port);
        memcpy(out->ip, &address->in.sin_addr, sizeof address->in.sin_addr);
    } else if (address->any.sa_family == AF_INET6) {
        out->family = GN_FAMILY_IPV6;
        out->port = ntohs(address->in6.sin6_port);
        out->scope = address->in6.sin6_scope_id;
        memcpy(out->ip, &address->in6.sin6_addr, sizeof address->in6.sin6_addr);
    }
}

bool sockaddr_is_any(const struct gn_address *address)
{
    static const uint8_t zero[sizeof address->ip] = {0};
    size_t size = address->family == GN_FAMILY_IPV4 ? 4 : sizeof address->ip;
    return address->family == GN_FAMILY_NONE || memcmp(address->ip, zero, size) == 0;
}

bool sockaddr_is_link_local(const struct gn_address *address)
{
    if (address->family != GN_FAMILY_IPV6)
        return false;
    return (address->ip[0] == 0xfe && (address->ip[1] & 0xc0) == 0x80) ||
           (address->ip[0] == 0xff && (address->ip[1] & 0x0f) == 0x02);
}

int sockaddr_unix(struct sockaddr_un *out, const char *path)
{
    size_t length = strlen(path);
    if (length == 0)
        return -EINVAL;
    if (length >= sizeof out->sun_path)
        return -ENAMETOOLONG;
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    memcpy(out->sun_path, path, length);
    return 0;
}
