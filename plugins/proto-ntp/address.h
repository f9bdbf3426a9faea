/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADDRESS_H
#define ADDRESS_H

/** Network addresses: text, comparison, kind, reference id. */

#include <gnomon/host.h>
#include <stdbool.h>

/** Room for "[" + IPv6 + "%" + scope + "]:" + port. */
#define ADDRESS_TEXT_SIZE 80

/** Read a numeric IPv4 or IPv6 address; port and scope become 0. Errors: -EINVAL it is none. */
int address_parse(const char *text, struct gn_address *address);

/** "192.0.2.1:123" or "[2001:db8::1]:123". Returns `text`. */
const char *address_text(const struct gn_address *address, char text[ADDRESS_TEXT_SIZE]);

/** The bytes of `ip` that count: 4, 16, or 0. */
size_t address_size(const struct gn_address *address);

/** Same family and same bytes; port and scope are not looked at. */
bool address_same_ip(const struct gn_address *a, const struct gn_address *b);

/** Same family, bytes, port and, for link-local addresses, scope. */
bool address_equal(const struct gn_address *a, const struct gn_address *b);

/** 127.0.0.0/8, ::1. */
bool address_is_loopback(const struct gn_address *address);

/** 224.0.0.0/4, 255.255.255.255, ff00::/8. */
bool address_is_multicast(const struct gn_address *address);

/** 224.0.0.0/4, ff00::/8: what must be joined to be heard. */
bool address_is_group(const struct gn_address *address);

/** An IPv4-mapped IPv6 address becomes the IPv4 address. Spec: RFC 4291 §2.5.5.2. */
struct gn_address address_unmapped(const struct gn_address *address);

/** An address as reference id: IPv4 itself, of IPv6 four bytes of its MD5 digest; 0 none. Spec: RFC
 * 5905 §7.3. */
uint32_t address_refid(const struct gn_address *address);

#endif
