/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <plugins/proto-ntp/roster.h>
#include <stdlib.h>

static const gn_local now = {1000};

static struct gn_address made(uint8_t last)
{
    return (struct gn_address){.family = GN_FAMILY_IPV4, .port = 123, .ip = {192, 0, 2, last}};
}

static struct roster with(uint8_t first, uint8_t count)
{
    struct roster roster;
    struct gn_address addresses[40];
    roster_init(&roster);
    for (uint8_t i = 0; i < count; i++)
        addresses[i] = made((uint8_t)(first + i));
    roster_update(&roster, now, addresses, count);
    return roster;
}

START_TEST(addresses_go_out_in_order_and_once)
{
    struct roster roster = with(1, 3);
    struct gn_address address;
    for (uint8_t i = 1; i <= 3; i++) {
        ck_assert(roster_take(&roster, now, &address));
        ck_assert_uint_eq(address.ip[3], i);
    }
    ck_assert(!roster_take(&roster, now, &address));
}
END_TEST

START_TEST(an_empty_one_gives_nothing)
{
    struct roster roster;
    struct gn_address address = made(9);
    roster_init(&roster);
    ck_assert(!roster_take(&roster, now, &address));
    ck_assert(!roster_swap(&roster, now, &address));
    ck_assert(roster_is_exhausted(&roster, 1));
    ck_assert_int_gt(roster_swap_ns(&roster, 1), 0);
}
END_TEST

START_TEST(doubles_nobodies_and_too_many_are_dropped)
{
    struct gn_address addresses[ROSTER_MAX * 3];
    struct gn_address address;
    struct roster roster;
    for (size_t i = 0; i < ROSTER_MAX * 3; i++)
        addresses[i] = made((uint8_t)(i / 2 + 1));
    addresses[0].family = GN_FAMILY_NONE;
    roster_init(&roster);
    roster_update(&roster, now, addresses, ROSTER_MAX * 3);
    ck_assert_uint_eq(roster.count, ROSTER_MAX);
    for (uint8_t i = 1; i <= ROSTER_MAX; i++) {
        ck_assert(roster_take(&roster, now, &address));
        ck_assert_uint_eq(address.ip[3], i);
    }
}
END_TEST

START_TEST(a_swap_goes_round)
{
    struct roster roster = with(1, 3);
    struct gn_address address;
    roster_take(&roster, now, &address);
    const uint8_t expected[] = {2, 3, 1, 2, 3, 1};
    for (size_t i = 0; i < sizeof(expected); i++) {
        ck_assert(roster_swap(&roster, now, &address));
        ck_assert_uint_eq(address.ip[3], expected[i]);
    }
    struct roster lonely = with(1, 1);
    roster_take(&lonely, now, &address);
    ck_assert(!roster_swap(&lonely, now, &address));
    ck_assert_uint_eq(address.ip[3], 1);
}
END_TEST

START_TEST(two_never_share_an_address)
{
    struct roster roster = with(1, 4);
    struct gn_address a;
    struct gn_address b;
    unsigned seed = 5;
    roster_take(&roster, now, &a);
    roster_take(&roster, now, &b);
    for (int i = 0; i < 1000; i++) {
        ck_assert(roster_swap(&roster, now, rand_r(&seed) % 2 == 0 ? &a : &b));
        ck_assert_uint_ne(a.ip[3], b.ip[3]);
    }
}
END_TEST

START_TEST(an_update_keeps_what_is_in_use)
{
    struct roster roster = with(1, 3);
    struct gn_address used;
    struct gn_address address;
    roster_take(&roster, now, &used);
    const struct gn_address fresh[] = {made(1), made(7), made(8)};
    roster_update(&roster, now, fresh, 3);
    ck_assert_uint_eq(roster.count, 3);
    address = used;
    ck_assert(roster_swap(&roster, now, &address));
    ck_assert_uint_eq(address.ip[3], 7);
    const struct gn_address gone[] = {made(9)};
    roster_update(&roster, now, gone, 1);
    ck_assert(roster_swap(&roster, now, &address));
    ck_assert_uint_eq(address.ip[3], 9);
    ck_assert(
        roster_swap(&roster, now, &address)); /* until the next update the old one may come back */
    ck_assert_uint_eq(address.ip[3], 7);
}
END_TEST

START_TEST(rounds_get_slower)
{
    struct roster roster = with(1, 2);
    ck_assert_int_eq(roster_swap_ns(&roster, 1), GN_NS_PER_S / 10);
    ck_assert_int_eq(roster_swap_ns(&roster, 2), 2 * GN_NS_PER_S);
    ck_assert_int_eq(roster_swap_ns(&roster, 5), 4 * GN_NS_PER_S);
    ck_assert_int_eq(roster_swap_ns(&roster, 1000000), 1024 * GN_NS_PER_S);
    ck_assert(!roster_is_exhausted(&roster, 1));
    ck_assert(roster_is_exhausted(&roster, 2));
    ck_assert(!roster_is_exhausted(&roster, 3));
}
END_TEST

START_TEST(failed_resolutions_back_off)
{
    struct roster roster;
    roster_init(&roster);
    for (int64_t wait_s = 2; wait_s <= 1024; wait_s *= 2)
        ck_assert_int_eq(roster_retry_ns(&roster), wait_s * GN_NS_PER_S);
    for (int i = 0; i < 300; i++)
        ck_assert_int_eq(roster_retry_ns(&roster), 1024 * GN_NS_PER_S);
    const struct gn_address fresh[] = {made(1)};
    roster_update(&roster, now, fresh, 1);
    ck_assert_int_eq(roster_retry_ns(&roster), 2 * GN_NS_PER_S);
}
END_TEST

START_TEST(who_is_shunned_waits)
{
    struct roster roster = with(1, 2);
    struct gn_address address, fresh = made(3);
    gn_local until = gn_local_add(now, GN_NS_PER_S);
    roster_take(&roster, now, &address);
    roster_shun(&roster, &address, until);
    ck_assert(roster_swap(&roster, now, &address));
    ck_assert_uint_eq(address.ip[3], 2);
    ck_assert(!roster_swap(&roster, now, &address));
    roster_update(&roster, now, &fresh, 1); /* the shunned one is remembered */
    ck_assert_uint_eq(roster.count, 3);
    ck_assert(roster_swap(&roster, now, &address));
    ck_assert_uint_eq(address.ip[3], 3);
    struct gn_address both[] = {made(3), made(1)};
    roster_update(&roster, now, both, 2);
    ck_assert(!roster_swap(&roster, now, &address));
    ck_assert(roster_swap(&roster, until, &address));
    ck_assert_uint_eq(address.ip[3], 1);
}
END_TEST

static bool is_even(void *arg, const struct gn_address *address)
{
    (void)arg;
    return address->ip[3] % 2 == 0;
}

START_TEST(others_addresses_are_left_to_them)
{
    struct roster roster = with(1, 4);
    struct gn_address address;
    roster.is_free = is_even;
    ck_assert(roster_take(&roster, now, &address));
    ck_assert_uint_eq(address.ip[3], 2);
    ck_assert(roster_take(&roster, now, &address));
    ck_assert_uint_eq(address.ip[3], 4);
    ck_assert(!roster_take(&roster, now, &address));
    roster_give(&roster, &address);
    ck_assert(roster_take(&roster, now, &address));
    ck_assert_uint_eq(address.ip[3], 4);
}
END_TEST

START_TEST(one_family_may_be_meant)
{
    struct roster roster = with(1, 1);
    struct gn_address six = {.family = GN_FAMILY_IPV6, .port = 123, .ip = {0x20, 1}};
    const struct gn_address both[] = {made(1), six, made(2)};
    roster_init(&roster);
    roster.family = GN_FAMILY_IPV6;
    roster_update(&roster, now, both, 3);
    ck_assert_uint_eq(roster.count, 1);
    ck_assert_uint_eq(roster.entries[0].address.family, GN_FAMILY_IPV6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_roster");
    TCase *tcase = tcase_create("roster");
    tcase_add_test(tcase, addresses_go_out_in_order_and_once);
    tcase_add_test(tcase, an_empty_one_gives_nothing);
    tcase_add_test(tcase, doubles_nobodies_and_too_many_are_dropped);
    tcase_add_test(tcase, a_swap_goes_round);
    tcase_add_test(tcase, two_never_share_an_address);
    tcase_add_test(tcase, an_update_keeps_what_is_in_use);
    tcase_add_test(tcase, rounds_get_slower);
    tcase_add_test(tcase, failed_resolutions_back_off);
    tcase_add_test(tcase, who_is_shunned_waits);
    tcase_add_test(tcase, others_addresses_are_left_to_them);
    tcase_add_test(tcase, one_family_may_be_meant);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
