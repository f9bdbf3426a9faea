/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KEYRING_H
#define KEYRING_H

/** The keys of a file, ready for use, found by their ids. Pure; the secrets are OpenSSL's now. */

#include "keys.h"
#include "seal.h"

struct keyring {
    struct seal *seals; /* in order of ids */
    size_t count;
};

/**
 * Prepare all keys. Owns: the caller ends it with keyring_finish(); `keys` may end before.
 * Errors: those of mac_create(); `*line` is then of the key. Nothing is left.
 */
int keyring_init(struct keyring *keyring, const struct keys *keys, unsigned *line);

/** Takes a zeroed one, too. */
void keyring_finish(struct keyring *keyring);

/** The key of an id, or NULL. Takes NULL. */
struct authenticator *keyring_find(const struct keyring *keyring, uint32_t id);

#endif
