/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <host/bus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct bus *bus, double value, const char *text)
{
    bus_put(bus, &(struct gn_event){.kind = GN_EVENT_SOURCE_FAULT, .value = value, .text = text});
}

START_TEST(events_come_out_in_order_with_their_words)
{
    struct bus bus = {0};
    char text[16] = "first";
    const struct gn_event *event;
    put(&bus, 1, text);
    snprintf(text, sizeof text, "overwritten"); /* the queue has its own copy */
    put(&bus, 2, NULL);
    event = bus_take(&bus);
    ck_assert_str_eq(event->text, "first");
    ck_assert_str_eq(event->source, "");
    event = bus_take(&bus);
    ck_assert_double_eq(event->value, 2);
    ck_assert_str_eq(event->text, "");
    ck_assert_ptr_null(bus_take(&bus));
}
END_TEST

START_TEST(a_full_queue_keeps_the_oldest_and_counts_the_rest)
{
    struct bus bus = {0};
    for (int i = 0; i < BUS_QUEUE + 5; i++)
        put(&bus, i, "x");
    ck_assert_uint_eq(bus.dropped, 5);
    for (int i = 0; i < BUS_QUEUE; i++)
        ck_assert_double_eq(bus_take(&bus)->value, i);
    ck_assert_ptr_null(bus_take(&bus));
}
END_TEST

START_TEST(an_event_stays_while_others_are_queued_after_it)
{
    struct bus bus = {0};
    const struct gn_event *event;
    put(&bus, 1, "first");
    event = bus_take(&bus);
    for (int i = 0; i < BUS_QUEUE; i++)
        put(&bus, i, "another");
    ck_assert_str_eq(event->text, "first");
    bus_clear(&bus);
    ck_assert_uint_eq(bus.count, 0);
    ck_assert_ptr_null(bus_take(&bus));
    put(&bus, 7, "again");
    ck_assert_double_eq(bus_take(&bus)->value, 7);
    bus_clear(&bus);
}
END_TEST

START_TEST(long_words_are_cut)
{
    struct bus bus = {0};
    char words[1000];
    const struct gn_event *event;
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    bus_put(&bus, &(struct gn_event){.source = words, .text = words});
    event = bus_take(&bus);
    ck_assert_uint_eq(strlen(event->source), BUS_SOURCE_MAX);
    ck_assert_uint_eq(strlen(event->text), BUS_TEXT_MAX);
    bus_clear(&bus);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bus");
    TCase *tcase = tcase_create("bus");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, events_come_out_in_order_with_their_words);
    tcase_add_test(tcase, a_full_queue_keeps_the_oldest_and_counts_the_rest);
    tcase_add_test(tcase, an_event_stays_while_others_are_queued_after_it);
    tcase_add_test(tcase, long_words_are_cut);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
