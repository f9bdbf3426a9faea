/* SPDX-License-Identifier: Apache-2.0 */

/* Replies that come too slowly, samples of several exchanges, requests ahead of a poll. */

#include "ntp_client_fixture.h"

static struct world configured(struct client_config config)
{
    struct world w = {.now = {START_NS}, .poll_s = 64, .min_s = 16, .max_s = 1024, .chance = 7};
    config.version = 4;
    client_init(&w.client, &config);
    start_after(&w, 1);
    fire(&w);
    return w;
}

/* A good reply that took `path_ns` each way. */
static void reply_after(struct world *w, int64_t path_ns)
{
    uint8_t packet[WIRE_HEADER_SIZE];
    struct wire_header header = answer(w);
    gn_utc t2 = {w->sent_at.ns + OFFSET_NS + path_ns};
    header.receive = wire_stamp_from_utc(t2);
    header.transmit = header.receive;
    wire_pack(&header, packet);
    w->now = gn_local_add(w->sent_at, 2 * path_ns);
    receive_bytes(w, packet, sizeof(packet));
}

/* ---------------------------------------------------------------- limits */

START_TEST(a_slow_reply_is_counted_told_and_not_used)
{
    struct world w = configured((struct client_config){.gate = {.maxdelay_s = 0.05}});
    unsigned logged = 0;
    for (unsigned i = 1; i <= 20; i++) {
        reply_after(&w, 42 * GN_NS_PER_S / 1000);
        ck_assert_uint_eq(w.faults, i);
        ck_assert_uint_eq(w.reason, GN_REASON_DELAY);
        logged += w.last.log;
        ck_assert_double_eq_tol(next_request_s(&w), 64, 1e-9);
    }
    ck_assert_str_eq(w.text, "delay 84 ms is over maxdelay 50 ms (max-delay, 20 so far)");
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_MAX_DELAY], 20);
    ck_assert_uint_eq(logged, 5); /* the 1st, 2nd, 4th, 8th, 16th */
    ck_assert_uint_eq(w.samples, 0);
    ck_assert_uint_eq(w.given_up, 0); /* it answers */
    reply_after(&w, 24 * GN_NS_PER_S / 1000);
    ck_assert_uint_eq(w.samples, 1);
}
END_TEST

START_TEST(another_address_is_another_path)
{
    struct world w = configured((struct client_config){.gate = {.maxdelayratio = 2}});
    for (int i = 0; i < 10; i++) {
        reply_after(&w, PATH_NS);
        next_request_s(&w);
    }
    reply_after(&w, 3 * PATH_NS);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_DELAY_RATIO], 1);
    start_after(&w, 1);
    fire(&w);
    reply_after(&w, 3 * PATH_NS);
    ck_assert_uint_eq(w.samples, 11);
}
END_TEST

/* ---------------------------------------------------------------- samples of several */

START_TEST(the_fastest_of_four_is_the_sample)
{
    struct world w = configured((struct client_config){.filter = 4});
    reply_after(&w, PATH_NS); /* the first is there at once */
    ck_assert_uint_eq(w.samples, 1);
    const int64_t paths_ns[] = {15000000, 12000000, 11000000, 14000000};
    gn_local fastest = {0};
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq(w.samples, 1);
        ck_assert_double_eq_tol(next_request_s(&w), 16, 1e-9); /* a quarter of 64 s */
        ck_assert(w.quiet == (i > 0));
        reply_after(&w, paths_ns[i]);
        if (i == 2)
            fastest = w.now;
    }
    ck_assert_uint_eq(w.samples, 2);
    ck_assert_int_eq(w.sample.local.ns, fastest.ns);
    ck_assert_double_eq_tol(w.sample.delay_s, 0.022, 1e-8);
    next_request_s(&w);
    w.min_s = 32; /* no faster than minpoll, whatever the core wants */
    reply_after(&w, PATH_NS);
    ck_assert_double_eq_tol(next_request_s(&w), 32, 1e-9);
    w.poll_s = 2; /* but as fast as the core, where it hurries */
    reply_after(&w, PATH_NS);
    ck_assert_double_eq_tol(next_request_s(&w), 2, 1e-9);
}
END_TEST

START_TEST(silence_among_four_is_a_poll)
{
    struct world w = configured((struct client_config){.filter = 4});
    reply_after(&w, PATH_NS);
    next_request_s(&w);
    reply_after(&w, PATH_NS);
    next_request_s(&w);
    ck_assert(w.quiet);
    next_request_s(&w); /* the last one had no reply */
    ck_assert(!w.quiet);
}
END_TEST

/* ---------------------------------------------------------------- ahead of a poll */

START_TEST(a_request_goes_ahead_of_a_distant_poll)
{
    struct world w = configured((struct client_config){.presend_log2s = 6});
    reply_well(&w);
    unsigned before = w.sends;
    gn_local polled = w.sent_at;
    fire(&w);
    ck_assert_uint_eq(w.sends, before + 1);
    ck_assert(w.quiet);
    ck_assert_double_eq_tol(gn_seconds(gn_local_sub(w.sent_at, polled)), 62, 1e-9);
    struct wire_header header = answer(&w);
    receive(&w, &header); /* nobody measures it */
    ck_assert_uint_eq(w.samples, 1);
    ck_assert(!w.last.arm);
    fire(&w);
    ck_assert(!w.quiet);
    ck_assert_double_eq_tol(gn_seconds(gn_local_sub(w.sent_at, polled)), 64, 1e-9);
    reply_well(&w);
    ck_assert_uint_eq(w.client.counters.sent, 3);
    ck_assert_uint_eq(w.client.counters.ahead, 1);
    ck_assert_uint_eq(w.faults, 0);
}
END_TEST

START_TEST(near_polls_have_none)
{
    struct world w = configured((struct client_config){.presend_log2s = 7, .iburst = true});
    for (int i = 0; i < 10; i++) {
        reply_well(&w);
        next_request_s(&w);
    }
    ck_assert_uint_eq(w.client.counters.ahead, 0);
    w.poll_s = 128;
    for (int i = 0; i < 10; i++) {
        reply_well(&w);
        fire(&w);
        fire(&w);
    }
    ck_assert_uint_eq(w.client.counters.ahead, 10);
}
END_TEST

START_TEST(what_goes_ahead_obeys_a_kiss)
{
    struct world w = configured((struct client_config){.presend_log2s = 6});
    reply_well(&w);
    fire(&w);
    ck_assert(w.quiet);
    kiss(&w, "RATE", 0);
    uint64_t ahead = w.client.counters.ahead;
    for (int i = 0; i < 4; i++) {
        ck_assert_double_ge(next_request_s(&w), i == 0 ? 60 : 128);
        reply_well(&w);
    }
    ck_assert_uint_eq(w.client.counters.ahead, ahead); /* no pairs any more */
}
END_TEST

START_TEST(one_that_is_lost_ahead_changes_nothing)
{
    struct world w = configured((struct client_config){.presend_log2s = 6});
    for (int i = 0; i < 20; i++) {
        reply_well(&w);
        fire(&w);
        simple(&w, CLIENT_NETWORK_ERROR);
        fire(&w);
        ck_assert(!w.quiet);
    }
    ck_assert_uint_eq(w.samples, 20);
    ck_assert_uint_eq(w.faults, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_client_limits");
    TCase *tcase = tcase_create("limits");
    tcase_add_test(tcase, a_slow_reply_is_counted_told_and_not_used);
    tcase_add_test(tcase, another_address_is_another_path);
    tcase_add_test(tcase, the_fastest_of_four_is_the_sample);
    tcase_add_test(tcase, silence_among_four_is_a_poll);
    tcase_add_test(tcase, a_request_goes_ahead_of_a_distant_poll);
    tcase_add_test(tcase, near_polls_have_none);
    tcase_add_test(tcase, what_goes_ahead_obeys_a_kiss);
    tcase_add_test(tcase, one_that_is_lost_ahead_changes_nothing);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
