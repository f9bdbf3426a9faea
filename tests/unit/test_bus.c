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
    struct bus *bus = calloc(1, sizeof *bus);
    char text[16] = "first";
    const struct gn_event *event;
    put(bus, 1, text);
    snprintf(text, sizeof text, "overwritten"); /* the queue has its own copy */
    put(bus, 2, NULL);
    event = bus_take(bus);
    ck_assert_str_eq(event->text, "first");
    ck_assert_str_eq(event->source, "");
    event = bus_take(bus);
    ck_assert_double_eq(event->value, 2);
    ck_assert_str_eq(event->text, "");
    ck_assert_ptr_null(bus_take(bus));
    free(bus);
}
END_TEST

START_TEST(a_full_queue_keeps_the_oldest_and_counts_the_rest)
{
    struct bus *bus = calloc(1, sizeof *bus);
    for (int i = 0; i < BUS_QUEUE + 5; i++)
        put(bus, i, "x");
    ck_assert_uint_eq(bus->dropped, 5);
    for (int i = 0; i < BUS_QUEUE; i++)
        ck_assert_double_eq(bus_take(bus)->value, i);
    ck_assert_ptr_null(bus_take(bus));
    free(bus);
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
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
