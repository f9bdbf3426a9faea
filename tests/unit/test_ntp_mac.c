/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <plugins/proto-ntp/mac.h>
#include <stdlib.h>
#include <string.h>

#define KEY "the key of these lines"
#define MESSAGE "the message of these lines"

static size_t unhex(const char *text, uint8_t *out)
{
    size_t size = strlen(text) / 2;
    for (size_t i = 0; i < size; i++) {
        char byte[3] = {text[2 * i], text[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return size;
}

static void check_mac(struct mac *mac, const void *data, size_t size, const char *hex)
{
    uint8_t wanted[MAC_DIGEST_MAX], digest[MAC_DIGEST_MAX];
    ck_assert_uint_eq(unhex(hex, wanted), mac_size(mac));
    for (int i = 0; i < 3; i++) { /* the same again and again */
        memset(digest, 0, sizeof(digest));
        ck_assert(mac_compute(mac, data, size, digest));
        ck_assert_mem_eq(digest, wanted, mac_size(mac));
    }
}

/* printf '%s%s' "the key of these lines" "the message of these lines" | openssl dgst -md5 */
static const struct {
    enum mac_type type;
    const char *digest;
} digests[] = {
    {MAC_MD5, "fa4bdd04613f7bbf7a4acb3313853fbd"},
    {MAC_SHA1, "6ebaee65406908bc1afc08f9a857eede7b235ef4"},
    {MAC_SHA256, "1548c8579397d04a09dba72895d8f877be703aba87b01fdb1489912686a4a146"},
    {MAC_SHA384, "d9e95716e2222257390f09d186c6c12de055866df8d98a71163a9bbfff7b2ed4"
                 "d3745a58184bd1790812073edc391666"},
    {MAC_SHA512, "38009d807315d08fa52149c2bac63a9ff56ecc6da48bd4f72d6910aa78123efd"
                 "d1ee30d3a913199219bc7ef6030d332d354c479f5a440ebd1be5d443edac4d3b"},
    {MAC_SHA3_224, "2fb102e585742b1ede073a003bc6684e461f9fadf48bdb45cd3d9715"},
    {MAC_SHA3_256, "af58c370830b9e62ddee801f80097b290bc0ab79112505d859282df76cf782bb"},
    {MAC_SHA3_384, "06e9adfbe0b5618072a53bdbe83fafa677e625cf3d940015b8508374b3041af5"
                   "0205b761d140c3fb067b423d9a7f631f"},
    {MAC_SHA3_512, "2c72a94b3cdbdfab9b4dcfd684037bc94567cc3b87e4d2eb56cc1f76a04ae13a"
                   "c7b821c208c49dcd8410a7842809dcb9906f47d871fd0afbb6936914d77fe1ac"},
};

START_TEST(digests_are_those_of_openssl_dgst)
{
    struct mac *mac;
    ck_assert_int_eq(mac_create(digests[_i].type, KEY, strlen(KEY), &mac), 0);
    check_mac(mac, MESSAGE, strlen(MESSAGE), digests[_i].digest);
    mac_destroy(mac);
}
END_TEST

/* The messages of RFC 4493 §4 and NIST SP 800-38B D.3 are the beginnings of this. */
#define BLOCKS                                                                                     \
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"                             \
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define KEY128 "2b7e151628aed2a6abf7158809cf4f3c"
#define KEY256 "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"

static const struct {
    enum mac_type type;
    const char *key;
    size_t size;
    const char *digest;
} cmacs[] = {
    {MAC_AES128, KEY128, 0, "bb1d6929e95937287fa37d129b756746"},  /* RFC 4493, example 1 */
    {MAC_AES128, KEY128, 16, "070a16b46b4d4144f79bdd9dd04a287c"}, /* 2 */
    {MAC_AES128, KEY128, 40, "dfa66747de9ae63030ca32611497c827"}, /* 3 */
    {MAC_AES128, KEY128, 64, "51f0bebf7e3b9d92fc49741779363cfe"}, /* 4 */
    {MAC_AES256, KEY256, 0, "028962f61b7bf89efc6b551f4667d983"},  /* SP 800-38B, D.3 */
    {MAC_AES256, KEY256, 16, "28a7023f452e8f82bd4bf28d8c37c35c"},
    {MAC_AES256, KEY256, 40, "aaf3d8f1de5640c232f5b169b9c911e6"},
    {MAC_AES256, KEY256, 64, "e1992190549f6ed5696a2c056c315410"},
};

START_TEST(cmacs_are_those_of_the_standards)
{
    struct mac *mac;
    uint8_t key[32], message[64];
    size_t key_size = unhex(cmacs[_i].key, key);
    unhex(BLOCKS, message);
    ck_assert_int_eq(mac_create(cmacs[_i].type, key, key_size, &mac), 0);
    memset(key, 0, sizeof(key)); /* it is not needed any more */
    check_mac(mac, message, cmacs[_i].size, cmacs[_i].digest);
    mac_destroy(mac);
}
END_TEST

START_TEST(a_cipher_wants_its_size_of_key)
{
    struct mac *mac;
    ck_assert_int_eq(mac_create(MAC_AES128, KEY, 15, &mac), -ENOTSUP);
    ck_assert_int_eq(mac_create(MAC_AES256, KEY, 16, &mac), -ENOTSUP);
    mac_destroy(NULL);
}
END_TEST

START_TEST(one_bit_makes_a_difference)
{
    uint8_t a[20] = {0}, b[20] = {0};
    ck_assert(mac_equal(a, b, sizeof(a)));
    b[19] = 0x80;
    ck_assert(!mac_equal(a, b, sizeof(a)));
    mac_wipe(b, sizeof(b));
    ck_assert(mac_equal(a, b, sizeof(a)));
}
END_TEST

/* ---------------------------------------------------------------- memory */

static unsigned allocations;
static int held;

static void *count_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    allocations++;
    held++;
    return malloc(size);
}

static void *count_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    allocations++;
    held += old == NULL;
    return realloc(old, size);
}

static void count_free(void *old, const char *file, int line)
{
    (void)file, (void)line;
    held -= old != NULL;
    free(old);
}

/* OpenSSL 3.0 makes the state of a digest anew for each message, and frees it; that of a cipher
 * stays. */
START_TEST(a_packet_costs_no_memory)
{
    uint8_t key[32] = {1}, packet[48] = {2}, digest[MAC_DIGEST_MAX];
    struct mac *mac;
    size_t key_size = _i == MAC_AES128 ? 16 : 32;
    ck_assert_int_eq(mac_create((enum mac_type)_i, key, key_size, &mac), 0);
    ck_assert_uint_gt(allocations, 0); /* it is counted at all */
    allocations = 0;
    held = 0;
    for (int i = 0; i < 100; i++)
        ck_assert(mac_compute(mac, packet, sizeof(packet), digest));
    ck_assert_uint_le(allocations, _i < MAC_AES128 ? 100 : 0);
    ck_assert_int_eq(held, 0);
    mac_destroy(mac);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

int main(void)
{
    CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free);
    Suite *suite = suite_create("ntp_mac");
    TCase *tests = tcase_create("mac");
    tcase_add_loop_test(tests, digests_are_those_of_openssl_dgst, 0, COUNT(digests));
    tcase_add_loop_test(tests, cmacs_are_those_of_the_standards, 0, COUNT(cmacs));
    tcase_add_test(tests, a_cipher_wants_its_size_of_key);
    tcase_add_test(tests, one_bit_makes_a_difference);
    tcase_add_loop_test(tests, a_packet_costs_no_memory, 0, MAC_TYPES);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
