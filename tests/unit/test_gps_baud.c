/* SPDX-License-Identifier: Apache-2.0 */
/* The hunt for the speed of a line. */
#include <check.h>
#include <plugins/refclock-gps/baud.h>
#include <stdlib.h>

#define TICK_NS (GN_NS_PER_S / 4)

/* A receiver at `speed` that says something each `every_s`, listened to by ticks. Returns the
 * seconds until its first message was understood; above 300: never. */
static double hunt(struct baud *baud, unsigned speed, double every_s)
{
    gn_local now = {1000 * GN_NS_PER_S};
    int64_t begun_ns = now.ns, next_ns = now.ns + gn_nanoseconds(every_s / 3);
    baud_listen(baud, now);
    for (; now.ns - begun_ns < 300 * GN_NS_PER_S; now.ns += TICK_NS) {
        while (next_ns <= now.ns) {
            bool understood = baud_now(baud) == speed;
            baud_heard(baud, now, 200, understood);
            if (understood)
                return gn_seconds(now.ns - begun_ns);
            next_ns += gn_nanoseconds(every_s);
        }
        baud_turn(baud, now);
    }
    return 301;
}

START_TEST(every_usual_speed_is_found_within_half_a_minute)
{
    static const unsigned speeds[] = {4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800};
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        struct baud baud;
        baud_init(&baud, 0, 0);
        ck_assert_double_lt(hunt(&baud, speeds[i], 1), 30);
        ck_assert_uint_eq(baud_now(&baud), speeds[i]);
        ck_assert(baud.found);
    }
}
END_TEST

START_TEST(what_was_found_before_is_tried_first)
{
    struct baud baud;
    baud_init(&baud, 0, 460800);
    ck_assert_double_lt(hunt(&baud, 460800, 1), 1.5);
    baud_init(&baud, 0, 31250); /* of no list: it is one more */
    ck_assert_double_lt(hunt(&baud, 31250, 1), 1.5);
    baud_init(&baud, 0, 31250);
    ck_assert_double_lt(hunt(&baud, 4800, 1), 30);
}
END_TEST

START_TEST(a_receiver_that_says_little_is_found_as_well)
{
    struct baud baud;
    baud_init(&baud, 0, 0);
    ck_assert_double_lt(hunt(&baud, 19200, 5), 200);
}
END_TEST

START_TEST(a_silent_line_is_not_hunted_on)
{
    struct baud baud;
    gn_local now = {1000 * GN_NS_PER_S};
    baud_init(&baud, 0, 0);
    unsigned first = baud_now(&baud);
    baud_listen(&baud, now);
    for (int i = 0; i < 1000; i++, now.ns += TICK_NS)
        ck_assert(!baud_turn(&baud, now));
    ck_assert_uint_eq(baud_now(&baud), first);
}
END_TEST

START_TEST(the_users_speed_stays)
{
    struct baud baud;
    baud_init(&baud, 4800, 9600);
    ck_assert_double_gt(hunt(&baud, 9600, 1), 300);
    ck_assert_uint_eq(baud_now(&baud), 4800);
}
END_TEST

START_TEST(a_speed_that_was_right_is_not_left_at_once)
{
    struct baud baud;
    gn_local now = {1000 * GN_NS_PER_S};
    baud_init(&baud, 0, 0);
    baud_heard(&baud, now, 100, 1);
    for (int i = 0; i < 11 * 4; i++, now.ns += TICK_NS) { /* noise */
        baud_heard(&baud, now, 100, 0);
        ck_assert(!baud_turn(&baud, now));
    }
    bool turned = false;
    for (int i = 0; i < 4 * 4; i++, now.ns += TICK_NS) {
        baud_heard(&baud, now, 100, 0);
        turned = turned || baud_turn(&baud, now);
    }
    ck_assert(turned); /* the receiver was set to another speed */
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("baud");
    tcase_add_test(tests, every_usual_speed_is_found_within_half_a_minute);
    tcase_add_test(tests, what_was_found_before_is_tried_first);
    tcase_add_test(tests, a_receiver_that_says_little_is_found_as_well);
    tcase_add_test(tests, a_silent_line_is_not_hunted_on);
    tcase_add_test(tests, the_users_speed_stays);
    tcase_add_test(tests, a_speed_that_was_right_is_not_left_at_once);
    Suite *suite = suite_create("baud");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
