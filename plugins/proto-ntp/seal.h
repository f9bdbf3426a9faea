/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEAL_H
#define SEAL_H

/**
 * A symmetric key as an authenticator: the MAC at the end of a packet, made and judged.
 *
 * Pure. In version 4 a digest is cut to 20 bytes, so that its length tells a MAC from extension
 * fields (RFC 7822 §7.5); before that it stands whole, and one of 20 bytes is taken, too, since
 * ntpd cuts in every version.
 */

#include "authenticator.h"
#include "mac.h"

struct seal {
    struct authenticator base; /* first */
    uint32_t id;
    struct mac *mac;
};

/**
 * Prepare a key. Owns: the caller ends it with seal_finish(); the bytes may be wiped.
 * Errors: those of mac_create().
 */
int seal_init(struct seal *seal, uint32_t id, enum mac_type type, const void *key, size_t key_size);

/** Takes a zeroed one, too. */
void seal_finish(struct seal *seal);

#endif
