/* SPDX-License-Identifier: Apache-2.0 */
#include "mac.h"

#include <errno.h>
#include <string.h>

/* Built instead of mac.c where OpenSSL is absent, or not wanted: there are no keys. */

int mac_create(enum mac_type type, const void *key, size_t key_size, struct mac **mac)
{
    (void)type, (void)key, (void)key_size, (void)mac;
    return -ENOSYS;
}

void mac_destroy(struct mac *mac)
{
    (void)mac;
}

size_t mac_size(const struct mac *mac)
{
    (void)mac;
    return 0;
}

bool mac_compute(struct mac *mac, const void *data, size_t size, uint8_t digest[MAC_DIGEST_MAX])
{
    (void)mac, (void)data, (void)size, (void)digest;
    return false;
}

bool mac_equal(const void *a, const void *b, size_t size)
{
    (void)a, (void)b, (void)size;
    return false;
}

void mac_wipe(void *secret, size_t size)
{
    if (secret != NULL)
        explicit_bzero(secret, size);
}
