/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <plugins/proto-ntp/conduct.h>
#include <plugins/proto-ntp/registry.h>
#include <stdlib.h>

/* Who has which address, and who is so bad that another shall have his place. */

static struct gn_address made(uint8_t last, uint16_t port)
{
    return (struct gn_address){.family = GN_FAMILY_IPV4, .port = port, .ip = {192, 0, 2, last}};
}

/* ---------------------------------------------------------------- registry */

static void count_up(void *arg)
{
    ++*(unsigned *)arg;
}

START_TEST(an_address_is_had_once)
{
    struct registry registry = {0};
    struct registry_seat a = {0}, b = {0};
    struct gn_address one = made(1, 123), other_port = made(1, 124), two = made(2, 123);
    ck_assert(registry_is_free(&registry, &one, false));
    ck_assert(registry_take(&registry, &a, &one));
    ck_assert(registry_take(&registry, &a, &one)); /* it has it */
    ck_assert(!registry_is_free(&registry, &one, false));
    ck_assert(!registry_take(&registry, &b, &one));
    ck_assert(registry_take(&registry, &b, &other_port));
    ck_assert(!registry_take(&registry, &b, &one)); /* and keeps what it had */
    ck_assert(!registry_is_free(&registry, &other_port, false));
    ck_assert(registry_take(&registry, &a, &two)); /* the first is free again */
    ck_assert(registry_take(&registry, &b, &one));
    registry_give(&registry, &a);
    registry_give(&registry, &a);
    registry_give(&registry, &b);
    ck_assert_ptr_null(registry.first);
}
END_TEST

START_TEST(a_server_goes_before_a_pool)
{
    struct registry registry = {0};
    unsigned evictions = 0;
    struct registry_seat pool = {.evicted = count_up, .arg = &evictions};
    struct registry_seat server = {.is_named = true}, second = {.is_named = true};
    struct gn_address one = made(1, 123);
    ck_assert(registry_take(&registry, &pool, &one));
    ck_assert(registry_is_free(&registry, &one, true));
    ck_assert(registry_take(&registry, &server, &one));
    ck_assert_uint_eq(evictions, 1);
    ck_assert(!pool.is_held);
    ck_assert(!registry_is_free(&registry, &one, true));
    ck_assert(!registry_take(&registry, &pool, &one));
    ck_assert(!registry_take(&registry, &second, &one)); /* first come, first served */
    ck_assert_uint_eq(evictions, 1);
}
END_TEST

/* ---------------------------------------------------------------- conduct */

static struct conduct conduct;
static struct conduct_view view;

static void set_up(void)
{
    view = (struct conduct_view){.now = {1}, .state = GN_SOURCE_COMBINED, .poll_s = 64};
    conduct_reset(&conduct, &view);
}

static enum conduct_fault later(int64_t seconds, uint8_t state, unsigned good, unsigned bad)
{
    view.now = gn_local_add(view.now, seconds * GN_NS_PER_S);
    view.state = state;
    view.good += good;
    view.bad += bad;
    return conduct_look(&conduct, &view);
}

START_TEST(who_is_good_stays)
{
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(later(64, GN_SOURCE_COMBINED, 1, 0), CONDUCT_GOOD);
    for (int i = 0; i < 100; i++) /* nor does who was not asked */
        ck_assert_int_eq(later(64, GN_SOURCE_FALSETICKER, 0, 0), CONDUCT_GOOD);
}
END_TEST

START_TEST(a_falseticker_goes_after_four_polls)
{
    const int polls_s[] = {64, 1024, 16};
    const int64_t lasts_s[] = {256, 4096, 240};
    view.poll_s = polls_s[_i];
    ck_assert_int_eq(later(polls_s[_i], GN_SOURCE_FALSETICKER, 1, 0), CONDUCT_GOOD);
    for (int64_t s = polls_s[_i]; s < lasts_s[_i]; s += polls_s[_i])
        ck_assert_int_eq(later(polls_s[_i], GN_SOURCE_FALSETICKER, 1, 0), CONDUCT_GOOD);
    ck_assert_int_eq(later(polls_s[_i], GN_SOURCE_FALSETICKER, 1, 0), CONDUCT_FALSETICKER);
}
END_TEST

START_TEST(one_good_look_acquits)
{
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(later(64, i % 4 == 0 ? GN_SOURCE_SELECTED : GN_SOURCE_FALSETICKER, 1, 0),
                         CONDUCT_GOOD);
}
END_TEST

START_TEST(other_faults)
{
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(later(64, GN_SOURCE_UNUSABLE, 0, 1),
                         i < 4 ? CONDUCT_GOOD : CONDUCT_UNSYNCHRONISED);
    set_up();
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(later(64, GN_SOURCE_JITTERY, 1, 0),
                         i < 4 ? CONDUCT_GOOD : CONDUCT_USELESS);
    set_up();
    view.unanswered = CLIENT_UNREACHABLE - 1;
    ck_assert_int_eq(later(64, GN_SOURCE_COMBINED, 0, 0), CONDUCT_GOOD);
    view.unanswered = CLIENT_UNREACHABLE;
    ck_assert_int_eq(later(64, GN_SOURCE_COMBINED, 0, 0), CONDUCT_SILENT);
}
END_TEST

START_TEST(what_is_counted)
{
    struct client_counters counters = {0};
    counters.verdicts[VERDICT_OK] = 3;
    counters.verdicts[VERDICT_UNSYNCHRONISED] = 4;
    counters.verdicts[VERDICT_STRATUM] = 5;
    counters.verdicts[VERDICT_ORIGIN] = 1000; /* anybody can send that */
    conduct_count(&counters, &view);
    ck_assert_uint_eq(view.good, 3);
    ck_assert_uint_eq(view.bad, 9);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_registry");
    TCase *tcase = tcase_create("registry");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, an_address_is_had_once);
    tcase_add_test(tcase, a_server_goes_before_a_pool);
    tcase_add_test(tcase, who_is_good_stays);
    tcase_add_loop_test(tcase, a_falseticker_goes_after_four_polls, 0, 3);
    tcase_add_test(tcase, one_good_look_acquits);
    tcase_add_test(tcase, other_faults);
    tcase_add_test(tcase, what_is_counted);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
