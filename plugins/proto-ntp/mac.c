/* SPDX-License-Identifier: Apache-2.0 */
#include "mac.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *digest; /* NULL: a MAC of a cipher */
    const char *cipher;
} types[MAC_TYPES] = {
    [MAC_MD5] = {.digest = "MD5"},
    [MAC_SHA1] = {.digest = "SHA1"},
    [MAC_SHA256] = {.digest = "SHA2-256"},
    [MAC_SHA384] = {.digest = "SHA2-384"},
    [MAC_SHA512] = {.digest = "SHA2-512"},
    [MAC_SHA3_224] = {.digest = "SHA3-224"},
    [MAC_SHA3_256] = {.digest = "SHA3-256"},
    [MAC_SHA3_384] = {.digest = "SHA3-384"},
    [MAC_SHA3_512] = {.digest = "SHA3-512"},
    [MAC_AES128] = {.cipher = "AES-128-CBC"},
    [MAC_AES256] = {.cipher = "AES-256-CBC"},
};

struct mac {
    EVP_MD *digest;
    EVP_MD_CTX *digesting;
    EVP_MAC_CTX *cipher; /* holds its key */
    size_t size;
    size_t key_size; /* of a digest's key */
    uint8_t key[];
};

static bool prepare_digest(struct mac *mac, const char *name)
{
    mac->digest = EVP_MD_fetch(NULL, name, NULL);
    mac->digesting = mac->digest != NULL ? EVP_MD_CTX_new() : NULL;
    if (mac->digesting == NULL || EVP_DigestInit_ex2(mac->digesting, mac->digest, NULL) != 1)
        return false;
    mac->size = (size_t)EVP_MD_get_size(mac->digest);
    return mac->size <= MAC_DIGEST_MAX;
}

static bool prepare_cipher(struct mac *mac, const char *name, const void *key, size_t key_size)
{
    char cipher[16];
    EVP_MAC *method = EVP_MAC_fetch(NULL, "CMAC", NULL);
    strcpy(cipher, name); /* OpenSSL's parameters are not const */
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
        OSSL_PARAM_construct_end(),
    };
    if (method == NULL)
        return false;
    mac->cipher = EVP_MAC_CTX_new(method);
    EVP_MAC_free(method); /* the context keeps it */
    if (mac->cipher == NULL || EVP_MAC_init(mac->cipher, key, key_size, parameters) != 1)
        return false;
    mac->size = EVP_MAC_CTX_get_mac_size(mac->cipher);
    return mac->size <= MAC_DIGEST_MAX;
}

int mac_create(enum mac_type type, const void *key, size_t key_size, struct mac **result)
{
    struct mac *mac = calloc(1, sizeof(*mac) + key_size);
    uint8_t digest[MAC_DIGEST_MAX];
    if (mac == NULL)
        return -ENOMEM;
    mac->key_size = key_size;
    memcpy(mac->key, key, key_size);
    bool good = types[type].digest != NULL ? prepare_digest(mac, types[type].digest)
                                           : prepare_cipher(mac, types[type].cipher, key, key_size);
    /* Twice, to find out a method that cannot begin anew. */
    good = good && mac_compute(mac, key, key_size, digest) && mac_compute(mac, "", 0, digest);
    ERR_clear_error(); /* nobody else asks for it */
    mac_wipe(digest, sizeof(digest));
    if (!good) {
        mac_destroy(mac);
        return -ENOTSUP;
    }
    *result = mac;
    return 0;
}

void mac_destroy(struct mac *mac)
{
    if (mac == NULL)
        return;
    EVP_MD_CTX_free(mac->digesting);
    EVP_MD_free(mac->digest);
    EVP_MAC_CTX_free(mac->cipher);
    mac_wipe(mac->key, mac->key_size);
    free(mac);
}

size_t mac_size(const struct mac *mac)
{
    return mac->size;
}

static bool compute_digest(struct mac *mac, const void *data, size_t size, uint8_t *digest)
{
    return EVP_DigestInit_ex2(mac->digesting, NULL, NULL) == 1 &&
           EVP_DigestUpdate(mac->digesting, mac->key, mac->key_size) == 1 &&
           EVP_DigestUpdate(mac->digesting, data, size) == 1 &&
           EVP_DigestFinal_ex(mac->digesting, digest, NULL) == 1;
}

bool mac_compute(struct mac *mac, const void *data, size_t size, uint8_t digest[MAC_DIGEST_MAX])
{
    size_t written = 0;
    if (mac->cipher == NULL)
        return compute_digest(mac, data, size, digest);
    return EVP_MAC_init(mac->cipher, NULL, 0, NULL) == 1 &&
           EVP_MAC_update(mac->cipher, data, size) == 1 &&
           EVP_MAC_final(mac->cipher, digest, &written, MAC_DIGEST_MAX) == 1 &&
           written == mac->size;
}

bool mac_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

void mac_wipe(void *secret, size_t size)
{
    if (secret != NULL)
        OPENSSL_cleanse(secret, size);
}
