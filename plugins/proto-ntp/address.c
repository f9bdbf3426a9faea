/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"

#include "md5.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

int address_parse(const char *text, struct gn_address *address)
{
    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, text, address->ip) == 1)
        address->family = GN_FAMILY_IPV4;
    else if (inet_pton(AF_INET6, text, address->ip) == 1)
        address->family = GN_FAMILY_IPV6;
    else
        return -EINVAL;
    return 0;
}

const char *address_text(const struct gn_address *address, char text[ADDRESS_TEXT_SIZE])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    char scope[16] = "";
    if (address->family == GN_FAMILY_IPV6) {
        inet_ntop(AF_INET6, address->ip, ip, sizeof(ip));
        if (address->scope != 0)
            snprintf(scope, sizeof(scope), "%%%u", address->scope);
        snprintf(text, ADDRESS_TEXT_SIZE, "[%s%s]:%u", ip, scope, address->port);
    } else {
        if (address->family == GN_FAMILY_IPV4)
            inet_ntop(AF_INET, address->ip, ip, sizeof(ip));
        snprintf(text, ADDRESS_TEXT_SIZE, "%s:%u", ip, address->port);
    }
    return text;
}

size_t address_size(const struct gn_address *address)
{
    if (address->family == GN_FAMILY_IPV4)
        return 4;
    return address->family == GN_FAMILY_IPV6 ? 16 : 0;
}

bool address_same_ip(const struct gn_address *a, const struct gn_address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, address_size(a)) == 0;
}

static bool is_link_local(const struct gn_address *address)
{
    return address->family == GN_FAMILY_IPV6 && address->ip[0] == 0xfe &&
           (address->ip[1] & 0xc0) == 0x80;
}

bool address_equal(const struct gn_address *a, const struct gn_address *b)
{
    return address_same_ip(a, b) && a->port == b->port &&
           (!is_link_local(a) || a->scope == b->scope);
}

bool address_is_loopback(const struct gn_address *address)
{
    static const uint8_t loopback[16] = {[15] = 1};
    if (address->family == GN_FAMILY_IPV4)
        return address->ip[0] == 127;
    return address->family == GN_FAMILY_IPV6 &&
           memcmp(address->ip, loopback, sizeof(loopback)) == 0;
}

bool address_is_group(const struct gn_address *address)
{
    if (address->family == GN_FAMILY_IPV4)
        return (address->ip[0] & 0xf0) == 0xe0;
    return address->family == GN_FAMILY_IPV6 && address->ip[0] == 0xff;
}

bool address_is_multicast(const struct gn_address *address)
{
    static const uint8_t broadcast[4] = {255, 255, 255, 255};
    return address_is_group(address) || (address->family == GN_FAMILY_IPV4 &&
                                         memcmp(address->ip, broadcast, sizeof(broadcast)) == 0);
}

struct gn_address address_unmapped(const struct gn_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct gn_address plain = *address;
    if (address->family != GN_FAMILY_IPV6 || memcmp(address->ip, mapped, sizeof(mapped)) != 0)
        return plain;
    plain.family = GN_FAMILY_IPV4;
    plain.scope = 0;
    memset(plain.ip, 0, sizeof(plain.ip));
    memcpy(plain.ip, address->ip + 12, 4);
    return plain;
}

uint32_t address_refid(const struct gn_address *address)
{
    const uint8_t *ip = address->ip;
    if (address->family == GN_FAMILY_IPV4)
        return (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 | ip[3];
    return address->family == GN_FAMILY_IPV6 ? md5_of_address(ip) : 0;
}
