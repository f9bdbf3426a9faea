/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MAC_H
#define MAC_H

/**
 * Digests that only who knows a key can make. Of all files this one's sources alone know OpenSSL:
 * mac.c computes by its EVP interface, mac_none.c is built where it is absent, and refuses.
 *
 * Spec: RFC 5905 §7.3 (the digest of key and packet, RFC 1321 …), RFC 8573 (AES-CMAC, RFC 4493).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mac_type {
    MAC_MD5 = 0,
    MAC_SHA1,
    MAC_SHA256,
    MAC_SHA384,
    MAC_SHA512,
    MAC_SHA3_224,
    MAC_SHA3_256,
    MAC_SHA3_384,
    MAC_SHA3_512,
    MAC_AES128,
    MAC_AES256,
    MAC_TYPES
};

/** Bytes of the longest digest. */
#define MAC_DIGEST_MAX 64

/** A key that is ready for use. Not for two threads at once. */
struct mac;

/**
 * Prepare a key. AES takes 16 or 32 bytes.
 * Owns: the caller ends it with mac_destroy(); `key` may be wiped.
 * Errors: -ENOSYS built without OpenSSL; -ENOTSUP this OpenSSL does not offer the type (a FIPS
 * module has no MD5); -ENOMEM.
 */
int mac_create(enum mac_type type, const void *key, size_t key_size, struct mac **mac);

/** Wipes the key. Takes NULL. */
void mac_destroy(struct mac *mac);

/** Bytes of the digest. */
size_t mac_size(const struct mac *mac);

/** Write the digest of a message, mac_size() bytes. Allocates nothing that stays: of a digest,
 * OpenSSL 3.0 makes its few hundred bytes of state anew for each message. Returns false where the
 * library failed. */
bool mac_compute(struct mac *mac, const void *data, size_t size, uint8_t digest[MAC_DIGEST_MAX]);

/** Whether both are the same, in a time that tells nothing of where they differ. */
bool mac_equal(const void *a, const void *b, size_t size);

/** Overwrite a secret, also where the compiler sees nobody read it any more. Takes NULL. */
void mac_wipe(void *secret, size_t size);

#endif
