/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MD5_H
#define MD5_H

/** MD5 as far as reference ids need it: of an IPv6 address. Nothing is kept secret by it. */

#include <stdint.h>

/** The first four bytes of the digest of 16 bytes, in network byte order. Spec: RFC 1321. */
uint32_t md5_of_address(const uint8_t bytes[16]);

#endif
