/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <plugins/proto-sntp/ladder.h>
#include <stdlib.h>

#define POLL_NS (1024 * GN_NS_PER_S)
#define MIDDLE UINT32_C(0x80000000) /* of all chances: pauses are as they are */

static gn_local at(int64_t seconds)
{
    return (gn_local){seconds * GN_NS_PER_S};
}

static struct ladder made(size_t rungs)
{
    struct ladder ladder;
    ladder_init(&ladder, rungs, POLL_NS);
    return ladder;
}

static void resolve(struct ladder *ladder, uint8_t count)
{
    struct gn_address addresses[16] = {0};
    for (uint8_t i = 0; i < count; i++)
        addresses[i] = (struct gn_address){.family = GN_FAMILY_IPV4, .ip = {192, 0, 2, i}};
    ladder_resolved(ladder, addresses, count);
}

static int64_t pause_s(const struct ladder *ladder)
{
    return ladder_delay_ns(ladder, MIDDLE) / GN_NS_PER_S;
}

START_TEST(names_come_before_addresses)
{
    struct ladder ladder = made(2);
    ck_assert_ptr_null(ladder_address(&ladder));
    resolve(&ladder, 2);
    ck_assert_uint_eq(ladder_address(&ladder)->ip[3], 0);
    ladder_next(&ladder, at(1));
    ck_assert_uint_eq(ladder_address(&ladder)->ip[3], 1);
    ck_assert_uint_eq(ladder.rung, 0);
    ladder_next(&ladder, at(2));
    ck_assert_uint_eq(ladder.rung, 1);
    ck_assert_ptr_null(ladder_address(&ladder));
    ck_assert_int_eq(pause_s(&ladder), 0);
}
END_TEST

START_TEST(more_addresses_than_room_are_left_out)
{
    struct ladder ladder = made(1);
    resolve(&ladder, 16);
    for (uint8_t i = 0; i < LADDER_ADDRESSES; i++) {
        ck_assert_uint_eq(ladder_address(&ladder)->ip[3], i);
        ladder_next(&ladder, at(i));
    }
    ck_assert_int_gt(pause_s(&ladder), 0);
}
END_TEST

START_TEST(pauses_between_rounds_double_up_to_the_poll)
{
    struct ladder ladder = made(1);
    for (int64_t wanted_s = 16; wanted_s < 8192; wanted_s *= 2) {
        ladder_next(&ladder, at(0));
        ck_assert_int_eq(pause_s(&ladder), wanted_s < 1024 ? wanted_s : 1024);
        ladder_rested(&ladder, at(0));
        ck_assert_int_eq(pause_s(&ladder), 0);
    }
    resolve(&ladder, 1);
    ladder_good(&ladder, at(1));
    ladder_next(&ladder, at(2));
    ck_assert_int_eq(pause_s(&ladder), 16);
}
END_TEST

START_TEST(the_first_is_tried_again_after_an_hour)
{
    struct ladder ladder = made(2);
    ladder_next(&ladder, at(0));
    resolve(&ladder, 1);
    ladder_good(&ladder, at(10));
    ck_assert(!ladder_wants_first(&ladder, at(3600)));
    ck_assert(ladder_wants_first(&ladder, at(3611)));
    ladder_next(&ladder, at(3611));
    ck_assert_uint_eq(ladder.rung, 0);
    ck_assert_int_eq(pause_s(&ladder), 0);
    resolve(&ladder, 1);
    ladder_good(&ladder, at(3612));
    ck_assert(!ladder_wants_first(&ladder, at(100000)));
}
END_TEST

START_TEST(who_refuses_is_passed_over)
{
    struct ladder ladder = made(2);
    resolve(&ladder, 3);
    ladder_deny(&ladder, at(0), 86400 * GN_NS_PER_S);
    ladder_next(&ladder, at(0));
    ck_assert_uint_eq(ladder.rung, 1);
    ladder_next(&ladder, at(1));
    ck_assert_int_eq(pause_s(&ladder), 16);
    ladder_rested(&ladder, at(17));
    ck_assert_uint_eq(ladder.rung, 1);
    ck_assert_int_eq(pause_s(&ladder), 0);
    ladder_next(&ladder, at(18));
    ladder_rested(&ladder, at(86401));
    ck_assert_uint_eq(ladder.rung, 0);
}
END_TEST

START_TEST(all_refuse)
{
    struct ladder ladder = made(1);
    resolve(&ladder, 1);
    ladder_deny(&ladder, at(0), 86400 * GN_NS_PER_S);
    ladder_next(&ladder, at(0));
    for (int i = 0; i < 20; i++) {
        ck_assert_int_gt(pause_s(&ladder), 0);
        ladder_rested(&ladder, at(i * 1024));
    }
    ladder_rested(&ladder, at(86400));
    ck_assert_int_eq(pause_s(&ladder), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sntp_ladder");
    TCase *tests = tcase_create("ladder");
    tcase_add_test(tests, names_come_before_addresses);
    tcase_add_test(tests, more_addresses_than_room_are_left_out);
    tcase_add_test(tests, pauses_between_rounds_double_up_to_the_poll);
    tcase_add_test(tests, the_first_is_tried_again_after_an_hour);
    tcase_add_test(tests, who_refuses_is_passed_over);
    tcase_add_test(tests, all_refuse);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
