/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <plugins/proto-ntp/access.h>
#include <plugins/proto-ntp/address.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST(...)                                                                                  \
    ((struct gn_strings){(const char *const[]){__VA_ARGS__},                                       \
                         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)})
#define NOBODY ((struct gn_strings){NULL, 0})

static struct access build(struct gn_strings allow, struct gn_strings deny)
{
    struct access access;
    char why[160] = "";
    int error = access_init(&access, &allow, &deny, why, sizeof(why));
    ck_assert_msg(error == 0, "%s", why);
    return access;
}

static bool allows(const struct access *access, const char *text)
{
    struct gn_address address;
    ck_assert_int_eq(address_parse(text, &address), 0);
    return access_allows(access, &address);
}

START_TEST(nobody_but_the_machine_itself_by_default)
{
    struct access access = build(NOBODY, NOBODY);
    ck_assert(allows(&access, "127.0.0.1"));
    ck_assert(allows(&access, "127.255.255.255"));
    ck_assert(allows(&access, "::1"));
    ck_assert(allows(&access, "::ffff:127.0.0.1"));
    ck_assert(!allows(&access, "126.255.255.255"));
    ck_assert(!allows(&access, "128.0.0.0"));
    ck_assert(!allows(&access, "192.168.0.1"));
    ck_assert(!allows(&access, "::2"));
    ck_assert(!allows(&access, "::"));
    struct gn_address none = {0};
    ck_assert(!access_allows(&access, &none));
    access_finish(&access);
}
END_TEST

START_TEST(the_longest_prefix_decides)
{
    struct access access = build(LIST("10.0.0.0/8", "10.1.2.0/24", "2001:db8::/32"),
                                 LIST("10.1.0.0/16", "10.1.2.128/25", "2001:db8:1::/48"));
    ck_assert(allows(&access, "10.0.0.1"));
    ck_assert(!allows(&access, "10.1.0.1"));
    ck_assert(allows(&access, "10.1.2.1"));
    ck_assert(!allows(&access, "10.1.2.200"));
    ck_assert(!allows(&access, "10.1.3.1"));
    ck_assert(allows(&access, "10.2.0.1"));
    ck_assert(!allows(&access, "11.0.0.0"));
    ck_assert(!allows(&access, "9.255.255.255"));
    ck_assert(allows(&access, "2001:db8::1"));
    ck_assert(!allows(&access, "2001:db8:1::1"));
    ck_assert(allows(&access, "2001:db8:2::1"));
    ck_assert(!allows(&access, "2001:db9::1"));
    access_finish(&access);
}
END_TEST

START_TEST(deny_wins_over_the_same_range)
{
    struct access access = build(LIST("10.0.0.0/8", "192.0.2.7"), LIST("192.0.2.7", "10.9.9.9/8"));
    ck_assert(!allows(&access, "10.0.0.1"));
    ck_assert(!allows(&access, "192.0.2.7"));
    access_finish(&access);
}
END_TEST

START_TEST(all_means_both_families)
{
    struct access access = build(LIST("all"), LIST("192.0.2.0/24"));
    ck_assert(allows(&access, "8.8.8.8"));
    ck_assert(allows(&access, "2001:db8::1"));
    ck_assert(!allows(&access, "192.0.2.1"));
    access_finish(&access);
    access = build(LIST("0.0.0.0/0"), NOBODY);
    ck_assert(allows(&access, "8.8.8.8"));
    ck_assert(!allows(&access, "2001:db8::1"));
    access_finish(&access);
}
END_TEST

START_TEST(the_loopback_stays_until_it_is_named)
{
    struct access access = build(NOBODY, LIST("all"));
    ck_assert(allows(&access, "127.0.0.1"));
    ck_assert(allows(&access, "::1"));
    access_finish(&access);
    access = build(NOBODY, LIST("127.0.0.0/8", "::1"));
    ck_assert(!allows(&access, "127.0.0.1"));
    ck_assert(!allows(&access, "::1"));
    access_finish(&access);
    access = build(NOBODY, LIST("127.0.0.2"));
    ck_assert(allows(&access, "127.0.0.1"));
    ck_assert(!allows(&access, "127.0.0.2"));
    access_finish(&access);
}
END_TEST

START_TEST(bits_beyond_the_prefix_are_ignored)
{
    struct access access = build(LIST("192.168.5.77/24", "10.0.0.255/31"), NOBODY);
    ck_assert(allows(&access, "192.168.5.1"));
    ck_assert(!allows(&access, "192.168.6.77"));
    ck_assert(allows(&access, "10.0.0.254"));
    ck_assert(!allows(&access, "10.0.0.253"));
    access_finish(&access);
}
END_TEST

static const char *const nonsense[] = {
    "",
    "192.168.0.0/33",
    "192.168.0.0/",
    "192.168.0.0/-1",
    "192.168.0.0/2x",
    "/8",
    "2001::/129",
    "example.net",
    "192.168.0/16",
    "10.0.0.0/0008",
    "300.0.0.1",
    "all/0",
    "1.2.3.4 ",
    "ALL",
    "10.0.0.0/255.0",
    "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24",
};

START_TEST(nonsense_is_named)
{
    struct access access;
    char why[160] = "";
    struct gn_strings bad = LIST("10.0.0.0/8", nonsense[_i]);
    struct gn_strings nobody = NOBODY;
    ck_assert_int_eq(access_init(&access, &bad, &nobody, why, sizeof(why)), -EINVAL);
    ck_assert_msg(strstr(why, nonsense[_i]) != NULL, "%s", why);
    ck_assert_int_eq(access_init(&access, &nobody, &bad, why, sizeof(why)), -EINVAL);
    access_finish(&access);
}
END_TEST

/* ---------------------------------------------------------------- against a plain reading */

#define RANGES 60

struct plain_range {
    uint32_t ip;
    unsigned prefix;
    bool allowed;
};

static bool plain_allows(const struct plain_range *ranges, uint32_t ip)
{
    int best = -1;
    bool allowed = false;
    for (size_t i = 0; i < RANGES; i++) {
        uint32_t mask = ranges[i].prefix > 0 ? UINT32_MAX << (32 - ranges[i].prefix) : 0;
        int prefix = (int)ranges[i].prefix;
        if (((ip ^ ranges[i].ip) & mask) != 0 || prefix < best)
            continue;
        allowed = prefix == best ? allowed && ranges[i].allowed : ranges[i].allowed;
        best = prefix;
    }
    return best >= 0 && allowed;
}

/* Clustered, so that ranges nest and repeat; far from the loopback. */
static uint32_t clustered_ip(unsigned *seed)
{
    uint32_t ip = 0x0a000000;
    for (int shift = 16; shift >= 0; shift -= 4)
        ip |= (uint32_t)(rand_r(seed) % 3) << shift;
    return ip;
}

START_TEST(agrees_with_a_plain_reading)
{
    static char texts[RANGES][32];
    const char *allow[RANGES];
    const char *deny[RANGES];
    struct plain_range ranges[RANGES];
    struct gn_strings allowed = {allow, 0};
    struct gn_strings denied = {deny, 0};
    unsigned seed = (unsigned)_i + 1;
    for (size_t i = 0; i < RANGES; i++) {
        struct plain_range *r = &ranges[i];
        *r = (struct plain_range){clustered_ip(&seed), (unsigned)rand_r(&seed) % 33,
                                  rand_r(&seed) % 2 == 0};
        if (r->prefix < 8)
            r->prefix += 8;
        snprintf(texts[i], sizeof(texts[i]), "%u.%u.%u.%u/%u", r->ip >> 24, r->ip >> 16 & 255,
                 r->ip >> 8 & 255, r->ip & 255, r->prefix);
        if (r->allowed)
            allow[allowed.count++] = texts[i];
        else
            deny[denied.count++] = texts[i];
    }
    struct access access = build(allowed, denied);
    for (int i = 0; i < 2000; i++) {
        uint32_t ip = clustered_ip(&seed);
        struct gn_address address = {
            .family = GN_FAMILY_IPV4,
            .ip = {(uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip}};
        ck_assert_msg(access_allows(&access, &address) == plain_allows(ranges, ip), "seed %d: %x",
                      _i, ip);
    }
    access_finish(&access);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_access");
    TCase *tcase = tcase_create("access");
    tcase_add_test(tcase, nobody_but_the_machine_itself_by_default);
    tcase_add_test(tcase, the_longest_prefix_decides);
    tcase_add_test(tcase, deny_wins_over_the_same_range);
    tcase_add_test(tcase, all_means_both_families);
    tcase_add_test(tcase, the_loopback_stays_until_it_is_named);
    tcase_add_test(tcase, bits_beyond_the_prefix_are_ignored);
    tcase_add_loop_test(tcase, nonsense_is_named, 0, sizeof(nonsense) / sizeof(*nonsense));
    tcase_add_loop_test(tcase, agrees_with_a_plain_reading, 0, 40);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
