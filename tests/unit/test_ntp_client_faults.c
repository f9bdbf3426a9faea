/* SPDX-License-Identifier: Apache-2.0 */
#include "ntp_client_fixture.h"

/* ---------------------------------------------------------------- no reply */

START_TEST(silence_is_explained_after_three)
{
    struct world w = new_world(false);
    reply_well(&w);
    next_request_s(&w);
    next_request_s(&w);
    next_request_s(&w);
    ck_assert_uint_eq(w.faults, 0); /* two are lost now and then */
    next_request_s(&w);
    ck_assert_uint_eq(w.faults, 1);
    ck_assert_uint_eq(w.reason, GN_REASON_NO_REPLY);
    ck_assert_ptr_nonnull(strstr(w.text, "3 requests"));
    reply_well(&w);
    next_request_s(&w);
    next_request_s(&w);
    ck_assert_uint_eq(w.faults, 1);
}
END_TEST

START_TEST(a_silent_server_is_asked_less_and_given_up)
{
    struct world w = new_world(false);
    reply_well(&w);
    next_request_s(&w);
    for (unsigned i = 1; i <= CLIENT_UNREACHABLE; i++) {
        ck_assert_uint_eq(w.given_up, 0);
        ck_assert_double_eq(next_request_s(&w), 64);
    }
    ck_assert_uint_eq(w.given_up, 1);
    double wait_s = 128;
    for (int i = 0; i < 8; i++) {
        ck_assert_double_eq(next_request_s(&w), wait_s);
        wait_s = wait_s * 2 < 1024 ? wait_s * 2 : 1024;
    }
    ck_assert_uint_eq(w.given_up, 2);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

START_TEST(what_is_lost_is_made_up_for)
{
    struct world w = new_world(false);
    w.poll_s = 700;
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 700);
    ck_assert_double_eq(next_request_s(&w), 350);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 700);
    w.poll_s = 100;
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 100);
    ck_assert_double_eq(next_request_s(&w), 64); /* minpoll */
}
END_TEST

START_TEST(a_silent_server_is_not_asked_more_often_than_before)
{
    struct world w = new_world(false);
    reply_well(&w);
    w.poll_s = 700;
    next_request_s(&w);
    next_request_s(&w); /* made up for */
    for (unsigned i = 1; i < CLIENT_UNREACHABLE + 2; i++)
        ck_assert_double_eq(next_request_s(&w), 700);
    while (w.given_up < 2)
        ck_assert_double_ge(next_request_s(&w), 700);
}
END_TEST

START_TEST(the_socket_is_closed_at_the_time_out)
{
    struct world w = new_world(false);
    fire(&w);
    ck_assert_int_eq(w.now.ns - w.sent_at.ns, CLIENT_REPLY_TIMEOUT_NS);
    ck_assert(!w.socket);
    struct wire_header late = answer(&w);
    receive(&w, &late);
    ck_assert_uint_eq(w.samples, 0);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_LATE], 1);
}
END_TEST

START_TEST(a_refusal_is_told_at_once)
{
    struct world w = new_world(true);
    struct client_event event = event_of(&w, CLIENT_NETWORK_ERROR);
    event.error = -ECONNREFUSED;
    step(&w, event);
    ck_assert_uint_eq(w.reason, GN_REASON_REFUSED);
    ck_assert_uint_eq(w.given_up, 1);
    ck_assert(!w.socket);
    step(&w, event); /* no request is out */
    ck_assert_uint_eq(w.faults, 1);
    ck_assert_double_eq(next_request_s(&w), 2);
    reply_well(&w);
    for (unsigned i = 1; i <= 3; i++) { /* one that has answered is not given up for one refusal */
        next_request_s(&w);
        event.now = w.now;
        step(&w, event);
        ck_assert_uint_eq(w.given_up, i < 3 ? 1 : 2);
    }
}
END_TEST

START_TEST(what_cannot_leave_is_tried_again)
{
    struct world w = {.now = {START_NS}, .poll_s = 64, .min_s = 64, .max_s = 1024, .chance = 7};
    struct client_config config = {.version = 4};
    client_init(&w.client, &config);
    start_after(&w, 1);
    const double waits[] = {2, 4, 8, 16, 32, 64, 64};
    for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
        w.armed = false;
        w.now = w.due;
        simple(&w, CLIENT_TIMER);
        struct client_event event = event_of(&w, CLIENT_SEND_FAILED);
        event.error = -ENETUNREACH;
        step(&w, event);
        ck_assert_uint_eq(w.reason, GN_REASON_SEND_FAILED);
        ck_assert_ptr_nonnull(strstr(w.text, strerror(ENETUNREACH)));
        ck_assert(w.last.give_up);
        ck_assert_double_eq(gn_seconds(w.last.delay_ns), waits[i]);
    }
    fire(&w); /* the network is back, the server is not */
    ck_assert_double_eq(next_request_s(&w), 64);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

/* ---------------------------------------------------------------- bad replies */

START_TEST(forgeries_do_not_keep_the_reply_out)
{
    struct world w = new_world(false);
    for (int i = 0; i < 1000; i++) {
        struct wire_header forged = answer(&w);
        forged.origin.raw = chance(&w);
        receive(&w, &forged);
    }
    ck_assert(w.socket);
    ck_assert_uint_eq(w.faults, 0);
    reply_well(&w);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_ORIGIN], 1000);
    ck_assert_uint_eq(w.client.counters.received, 1001);
}
END_TEST

START_TEST(only_forgeries_are_explained)
{
    struct world w = new_world(false);
    struct wire_header forged = answer(&w);
    forged.origin.raw++;
    receive(&w, &forged);
    fire(&w);
    ck_assert_uint_eq(w.reason, GN_REASON_BAD_REPLY);
    ck_assert_ptr_nonnull(strstr(w.text, "bogus-origin"));
}
END_TEST

START_TEST(the_first_reply_wins)
{
    struct world w = new_world(false);
    struct wire_header header = answer(&w);
    reply_well(&w);
    receive(&w, &header);
    ck_assert_uint_eq(w.samples, 1);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_DUPLICATE], 1);
    ck_assert(!w.last.arm && !w.last.close);
}
END_TEST

START_TEST(a_loop_is_named)
{
    struct world w = new_world(false);
    struct wire_header header = answer(&w);
    uint8_t packet[WIRE_HEADER_SIZE];
    header.refid = 0xc0000209;
    wire_pack(&header, packet);
    w.now = gn_local_add(w.now, 2 * PATH_NS + 1000);
    struct client_event event = event_of(&w, CLIENT_RECEIVE);
    event.reply = (struct exchange_reply){
        .data = packet,
        .size = sizeof(packet),
        .t4 = w.now,
        .local = {.family = GN_FAMILY_IPV4, .ip = {192, 0, 2, 9}},
        .pivot = {w.now.ns},
        .precision_log2s = -24,
    };
    step(&w, event);
    ck_assert_uint_eq(w.reason, GN_REASON_LOOP);
    ck_assert_uint_eq(w.samples, 0);
}
END_TEST

START_TEST(a_kiss_code_is_told_with_unsynchronised)
{
    struct world w = new_world(false);
    struct wire_header header = answer(&w);
    header.leap = 3;
    header.stratum = 0;
    header.refid = 0x494e4954;
    receive(&w, &header);
    ck_assert_uint_eq(w.reason, GN_REASON_UNSYNCHRONISED);
    ck_assert_ptr_nonnull(strstr(w.text, "INIT"));
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

/* ---------------------------------------------------------------- kiss of death */

START_TEST(rate_slows_down_at_once_and_for_good)
{
    struct world w = new_world(true);
    kiss(&w, "RATE", 0);
    ck_assert_double_eq(next_request_s(&w), 128); /* ends the burst, too */
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 128);
    kiss(&w, "RATE", 0);
    ck_assert_double_eq(next_request_s(&w), 256);
    kiss(&w, "RATE", 10); /* the server names its interval */
    ck_assert_double_eq(next_request_s(&w), 1024);
    kiss(&w, "RATE", 127); /* nobody means that */
    ck_assert_double_eq(next_request_s(&w), 2048);
    for (int i = 0; i < 20; i++) {
        kiss(&w, "RATE", -5);
        ck_assert_double_le(next_request_s(&w), 131072);
    }
    ck_assert_uint_eq(w.given_up, 0);
    w.poll_s = 200000; /* the core's wish, where it is slower still */
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 131072);
}
END_TEST

START_TEST(deny_and_rstr_are_obeyed_for_a_day)
{
    const char *const codes[] = {"DENY", "RSTR"};
    struct world w = new_world(true);
    kiss(&w, codes[_i], 0);
    ck_assert_uint_eq(w.given_up, 1); /* another address may do */
    ck_assert_double_eq(next_request_s(&w), 24 * 3600);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

/* The machine sleeps: what the server asked for holds on. */
START_TEST(sleep_does_not_undo_a_kiss)
{
    struct world w = new_world(true);
    reply_well(&w);
    next_request_s(&w);
    kiss(&w, "RATE", 0);
    ck_assert(w.last.slow);
    ck_assert_int_eq(w.last.rate_log2s, 7);
    simple(&w, CLIENT_WAKE);
    fire(&w);
    w.poll_s = 256;
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 256); /* no burst */
    w.poll_s = 64;
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 128);
    kiss(&w, "DENY", 0);
    gn_local due = w.due;
    simple(&w, CLIENT_WAKE);
    ck_assert_int_eq(w.due.ns, due.ns);
    ck_assert_double_eq(next_request_s(&w), 24 * 3600);
    start_after(&w, 1); /* another address */
    fire(&w);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 2);
}
END_TEST

START_TEST(rate_doubles_the_shortest_interval_of_all)
{
    struct world w = new_world(false);
    w.poll_s = w.min_s = w.max_s = 1 / 16.0;
    kiss(&w, "RATE", -4);
    ck_assert_double_ge(next_request_s(&w), 2 / 16.0);
}
END_TEST

START_TEST(a_kiss_must_answer_our_request)
{
    struct world w = new_world(false);
    struct wire_header header = answer(&w);
    header.leap = 3;
    header.stratum = 0;
    header.refid = 0x44454e59;
    header.origin.raw ^= 1;
    receive(&w, &header);
    ck_assert_uint_eq(w.faults, 0);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_client_faults");
    TCase *tcase = tcase_create("client");
    tcase_add_test(tcase, silence_is_explained_after_three);
    tcase_add_test(tcase, a_silent_server_is_asked_less_and_given_up);
    tcase_add_test(tcase, what_is_lost_is_made_up_for);
    tcase_add_test(tcase, a_silent_server_is_not_asked_more_often_than_before);
    tcase_add_test(tcase, the_socket_is_closed_at_the_time_out);
    tcase_add_test(tcase, a_refusal_is_told_at_once);
    tcase_add_test(tcase, what_cannot_leave_is_tried_again);
    tcase_add_test(tcase, forgeries_do_not_keep_the_reply_out);
    tcase_add_test(tcase, only_forgeries_are_explained);
    tcase_add_test(tcase, the_first_reply_wins);
    tcase_add_test(tcase, a_loop_is_named);
    tcase_add_test(tcase, a_kiss_code_is_told_with_unsynchronised);
    tcase_add_test(tcase, rate_slows_down_at_once_and_for_good);
    tcase_add_loop_test(tcase, deny_and_rstr_are_obeyed_for_a_day, 0, 2);
    tcase_add_test(tcase, sleep_does_not_undo_a_kiss);
    tcase_add_test(tcase, rate_doubles_the_shortest_interval_of_all);
    tcase_add_test(tcase, a_kiss_must_answer_our_request);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
