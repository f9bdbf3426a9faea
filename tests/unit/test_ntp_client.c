/* SPDX-License-Identifier: Apache-2.0 */
#include "ntp_client_fixture.h"

/* ---------------------------------------------------------------- asking */

START_TEST(a_reply_makes_a_sample)
{
    struct world w = new_world(false);
    ck_assert(w.socket);
    sent_by(&w, 30000, GN_STAMP_KERNEL);
    reply_well(&w);
    ck_assert_int_eq(w.sample.exchange.t1.ns, w.sent_at.ns + 30000);
    ck_assert_int_eq(w.sample.utc.ns - w.sample.local.ns, OFFSET_NS - 15000);
    ck_assert(!w.socket);
    ck_assert_double_eq(next_request_s(&w), 64);
    ck_assert_uint_eq(w.faults, 0);
}
END_TEST

START_TEST(a_stamp_of_another_request_is_not_taken)
{
    struct world w = new_world(false);
    struct client_event event = event_of(&w, CLIENT_SENT);
    event.tag = w.client.tag - 1;
    event.when = gn_local_add(w.sent_at, 500000);
    event.stamp = GN_STAMP_HARDWARE;
    step(&w, event);
    reply_well(&w);
    ck_assert_int_eq(w.sample.exchange.t1.ns, w.sent_at.ns);
}
END_TEST

START_TEST(requests_differ_in_their_random_number_alone)
{
    struct world w = new_world(false);
    uint8_t seen[50][WIRE_HEADER_SIZE];
    for (int i = 0; i < 50; i++) {
        memcpy(seen[i], w.request, WIRE_HEADER_SIZE);
        for (int j = 0; j < i; j++) {
            ck_assert_mem_eq(seen[i], seen[j], WIRE_TRANSMIT_OFFSET);
            ck_assert_mem_ne(seen[i] + WIRE_TRANSMIT_OFFSET, seen[j] + WIRE_TRANSMIT_OFFSET, 8);
        }
        if (i % 3 != 2)
            reply_well(&w);
        next_request_s(&w);
    }
    ck_assert_uint_eq(w.opens, w.sends);
    ck_assert_uint_eq(w.closes, w.opens - 1); /* the last is still out */
}
END_TEST

START_TEST(the_poll_interval_is_the_cores)
{
    struct world w = new_world(false);
    const double polls[] = {64, 100, 1024, 17.5, 0.25, 2};
    for (size_t i = 0; i < sizeof(polls) / sizeof(*polls); i++) {
        w.poll_s = polls[i];
        reply_well(&w);
        ck_assert_double_eq_tol(next_request_s(&w), polls[i], 1e-9);
    }
}
END_TEST

START_TEST(what_a_sample_teaches_counts_at_once)
{
    struct world w = new_world(false);
    w.taught_s = 256;
    reply_well(&w);
    ck_assert_double_eq_tol(next_request_s(&w), 256, 1e-9);
}
END_TEST

START_TEST(polls_are_spread_forwards)
{
    struct world w = new_world(false);
    reply_well(&w);
    w.spread = UINT32_MAX;
    next_request_s(&w);
    reply_well(&w);
    ck_assert_double_eq_tol(next_request_s(&w), 66, 1e-6);
}
END_TEST

START_TEST(nonsense_intervals_are_survived)
{
    const double polls[] = {0, -1, NAN, INFINITY, 1e300, -INFINITY};
    for (size_t i = 0; i < sizeof(polls) / sizeof(*polls); i++) {
        struct world w = new_world(false);
        w.poll_s = w.min_s = w.max_s = polls[i];
        reply_well(&w);
        double wait_s = next_request_s(&w);
        ck_assert_double_ge(wait_s, 64);
        ck_assert_double_le(wait_s, 131072);
    }
}
END_TEST

/* ---------------------------------------------------------------- iburst */

START_TEST(iburst_is_four_requests_two_seconds_apart)
{
    struct world w = new_world(true);
    for (int i = 0; i < 3; i++) {
        reply_well(&w);
        ck_assert_double_eq(next_request_s(&w), 2);
    }
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

START_TEST(a_lost_reply_prolongs_the_burst)
{
    struct world w = new_world(true);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 2);
    ck_assert_double_eq(next_request_s(&w), 2); /* no reply to the second */
    for (int i = 0; i < 2; i++) {
        reply_well(&w);
        ck_assert_double_eq(next_request_s(&w), 2);
    }
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

START_TEST(a_burst_ends_and_backs_off)
{
    struct world w = new_world(true);
    for (int i = 1; i < CLIENT_BURST_REQUESTS; i++)
        ck_assert_double_eq(next_request_s(&w), 2);
    double wait_s = 4;
    for (int i = 0; i < 12; i++) {
        ck_assert_double_eq(next_request_s(&w), wait_s);
        wait_s = wait_s * 2 < 1024 ? wait_s * 2 : 1024;
    }
    reply_well(&w); /* was unreachable: a burst of the rest */
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq(next_request_s(&w), 2);
        reply_well(&w);
    }
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

START_TEST(a_server_that_is_not_ready_is_asked_again_soon)
{
    struct world w = new_world(true);
    double asked_s = 0;
    while (asked_s < 40) {
        struct wire_header header = answer(&w);
        header.leap = 3;
        header.stratum = 0;
        header.refid = 0;
        receive(&w, &header);
        ck_assert_uint_eq(w.reason, GN_REASON_UNSYNCHRONISED);
        double wait_s = next_request_s(&w);
        ck_assert_double_le(wait_s, 16);
        asked_s += wait_s;
    }
    ck_assert_uint_eq(w.given_up, 0);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
}
END_TEST

START_TEST(a_burst_is_not_slower_than_the_poll)
{
    struct world w = new_world(true);
    w.poll_s = 0.5;
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 0.5);
}
END_TEST

/* ---------------------------------------------------------------- burst */

static struct world bursting_world(double poll_s)
{
    struct world w = new_world(false);
    w.client.config.burst = true;
    w.poll_s = poll_s;
    return w;
}

/* On average one request every minpoll, and four at most. */
START_TEST(burst_is_some_requests_at_every_poll)
{
    static const struct {
        double poll_s;
        unsigned requests;
    } cases[] = {{64, 1}, {127, 1}, {128, 2}, {200, 3}, {256, 4}, {1024, 4}};
    struct world w = bursting_world(cases[_i].poll_s);
    for (int poll = 0; poll < 3; poll++) {
        for (unsigned i = 1; i < cases[_i].requests; i++) {
            reply_well(&w);
            ck_assert_double_eq(next_request_s(&w), 2);
        }
        reply_well(&w);
        ck_assert_double_eq_tol(next_request_s(&w), cases[_i].poll_s, 1e-9);
    }
}
END_TEST

START_TEST(what_is_lost_in_a_burst_is_not_replaced)
{
    struct world w = bursting_world(1024);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 2);
    ck_assert_double_eq(next_request_s(&w), 2); /* no reply to the second */
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 2);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 1024);
}
END_TEST

START_TEST(who_does_not_answer_gets_no_burst)
{
    struct world w = bursting_world(1024);
    for (int i = 0; i < 5; i++) /* what was lost is made up for, once */
        ck_assert_double_eq(next_request_s(&w), (i == 0 ? 512 : 1024));
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 2);
}
END_TEST

START_TEST(rate_ends_bursts_for_good)
{
    struct world w = bursting_world(256);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 2);
    kiss(&w, "RATE", 0);
    ck_assert_double_eq(next_request_s(&w), 512);
    w.poll_s = 1024;
    for (int i = 0; i < 3; i++) {
        reply_well(&w);
        ck_assert_double_eq(next_request_s(&w), 1024);
    }
}
END_TEST

/* Somebody wants to know now: a burst at once, and never more than one request every two seconds.
 */
START_TEST(a_burst_can_be_asked_for)
{
    struct world w = new_world(false);
    reply_well(&w);
    w.now = gn_local_add(w.now, S(30));
    simple(&w, CLIENT_BURST);
    ck_assert_int_eq(w.due.ns, w.now.ns);
    fire(&w);
    for (int i = 0; i < 3; i++) {
        simple(&w, CLIENT_BURST);
        reply_well(&w);
        simple(&w, CLIENT_BURST);
        ck_assert_double_eq(next_request_s(&w), 2);
    }
    for (int i = 0; i < 3; i++) {
        reply_well(&w);
        ck_assert_double_eq(next_request_s(&w), 2);
    }
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 64);
    kiss(&w, "RATE", 0);
    simple(&w, CLIENT_BURST);
    ck_assert_double_eq(next_request_s(&w), 128);
}
END_TEST

/* ---------------------------------------------------------------- the ends of the scale */

START_TEST(sixteen_requests_a_second)
{
    struct world w = new_world(true);
    w.poll_s = w.min_s = w.max_s = 1 / 16.0;
    reply_well(&w);
    for (int i = 0; i < 50; i++) {
        ck_assert_double_eq_tol(next_request_s(&w), 1 / 16.0, 1e-9);
        reply_well(&w);
    }
}
END_TEST

/* A reply that takes longer than the interval counts, and nothing is asked before it. */
START_TEST(a_far_server_is_asked_as_fast_as_it_answers)
{
    struct world w = new_world(false);
    w.poll_s = w.min_s = w.max_s = 1 / 16.0;
    for (int i = 0; i < 3; i++) {
        struct wire_header header = answer(&w);
        uint8_t packet[WIRE_HEADER_SIZE];
        wire_pack(&header, packet);
        w.now = gn_local_add(w.sent_at, 8 * GN_NS_PER_S / 10);
        receive_bytes(&w, packet, sizeof(packet));
        ck_assert_double_eq_tol(next_request_s(&w), 0.8, 1e-6);
    }
    ck_assert_uint_eq(w.samples, 3);
}
END_TEST

/* Who does not answer is not asked so often, and nobody spins where nothing can be sent. */
START_TEST(silence_is_not_hammered)
{
    struct world w = new_world(_i != 0);
    w.poll_s = w.min_s = w.max_s = 1 / 16.0;
    next_request_s(&w);
    for (int i = 0; i < 20; i++)
        ck_assert_double_ge(next_request_s(&w), 1);
    for (int i = 0; i < 5; i++) {
        struct client_event event = event_of(&w, CLIENT_SEND_FAILED);
        event.error = -ENETUNREACH;
        step(&w, event);
        ck_assert_double_ge(next_request_s(&w), 2);
    }
}
END_TEST

START_TEST(one_request_in_a_day_and_a_half)
{
    struct world w = new_world(true);
    w.poll_s = w.min_s = w.max_s = 131072;
    for (int i = 0; i < 3; i++) {
        reply_well(&w);
        ck_assert_double_eq(next_request_s(&w), 2);
    }
    for (int i = 0; i < 5; i++) {
        reply_well(&w);
        ck_assert_double_eq(next_request_s(&w), 131072);
    }
    ck_assert_uint_eq(w.samples, 8);
}
END_TEST

/* ---------------------------------------------------------------- start */

START_TEST(a_new_address_starts_afresh)
{
    struct world w = new_world(true);
    kiss(&w, "DENY", 0);
    start_after(&w, S(2));
    ck_assert_int_eq(w.due.ns - w.now.ns, S(2));
    fire(&w);
    ck_assert_uint_eq(w.sends, 2);
    reply_well(&w);
    ck_assert_double_eq(next_request_s(&w), 2);
    uint8_t old[WIRE_HEADER_SIZE];
    memcpy(old, w.request, sizeof(old));
    struct wire_header reply_of_the_old = answer(&w);
    start_after(&w, 0);
    ck_assert(!w.last.send); /* the timer's event brings the random number */
    fire(&w);
    ck_assert_mem_ne(old, w.request, sizeof(old));
    receive(&w, &reply_of_the_old);
    ck_assert_uint_eq(w.samples, 1);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_ORIGIN], 1);
}
END_TEST

START_TEST(nothing_happens_before_the_start)
{
    struct world w = {.now = {START_NS}, .poll_s = 64, .min_s = 64, .max_s = 1024};
    struct client_config config = {.version = 3};
    client_init(&w.client, &config);
    const enum client_event_kind kinds[] = {CLIENT_TIMER, CLIENT_SENT, CLIENT_SEND_FAILED,
                                            CLIENT_NETWORK_ERROR};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        simple(&w, kinds[i]);
        ck_assert(!w.last.send && !w.last.arm && !w.last.fault && !w.last.close);
    }
    receive_bytes(&w, "x", 1);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_LENGTH], 1);
    ck_assert(!w.last.arm);
}
END_TEST

/* ---------------------------------------------------------------- storms */

static void noise(struct world *w)
{
    uint8_t data[1500];
    size_t size = chance(w) % sizeof(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)chance(w);
    if (size > 32 && chance(w) % 2 == 0) {
        data[0] = 0x24;
        memcpy(data + 24, w->request + WIRE_TRANSMIT_OFFSET, 8);
    }
    receive_bytes(w, data, size);
}

/* Whatever happens in whatever order: a timer runs, there is one socket at most, requests never
 * come faster than 2 s, and all received is counted. */
START_TEST(storms_are_weathered)
{
    struct world w = new_world(_i % 2 == 0);
    w.chance = (uint64_t)_i * 977 + 1;
    unsigned received = 0;
    for (int i = 0; i < 3000; i++) {
        gn_local last = w.sent_at;
        unsigned sends = w.sends;
        w.now = gn_local_add(w.now, (int64_t)(chance(&w) % 1000000));
        if (w.now.ns > w.due.ns)
            w.now = w.due;
        switch (chance(&w) % 8) {
        case 0:
        case 1:
            fire(&w);
            break;
        case 2:
            if (w.socket) {
                struct wire_header header = answer(&w);
                receive(&w, &header);
                received++;
            }
            break;
        case 3: {
            struct client_event event = event_of(&w, CLIENT_NETWORK_ERROR);
            event.error = chance(&w) % 2 == 0 ? -ECONNREFUSED : -EHOSTUNREACH;
            step(&w, event);
            break;
        }
        case 4: {
            struct client_event event = event_of(&w, CLIENT_SEND_FAILED);
            event.error = -ENETUNREACH;
            step(&w, event);
            break;
        }
        case 5:
            sent_by(&w, (int64_t)(chance(&w) % 100000), (enum gn_stamp)(chance(&w) % 3));
            break;
        default:
            noise(&w);
            received++;
        }
        ck_assert(w.armed);
        ck_assert_int_ge(w.due.ns, w.now.ns);
        ck_assert_uint_ge(w.opens, w.closes);
        ck_assert_uint_le(w.opens - w.closes, 1);
        if (w.sends > sends)
            ck_assert_int_ge(gn_local_sub(w.sent_at, last), S(2));
    }
    ck_assert_uint_eq(w.client.counters.received, received);
    uint64_t sum = 0;
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        sum += w.client.counters.verdicts[i];
    ck_assert_uint_eq(sum, received);
    ck_assert_uint_eq(w.client.counters.verdicts[VERDICT_OK], w.samples);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_client");
    TCase *tcase = tcase_create("client");
    tcase_add_test(tcase, a_reply_makes_a_sample);
    tcase_add_test(tcase, a_stamp_of_another_request_is_not_taken);
    tcase_add_test(tcase, requests_differ_in_their_random_number_alone);
    tcase_add_test(tcase, the_poll_interval_is_the_cores);
    tcase_add_test(tcase, what_a_sample_teaches_counts_at_once);
    tcase_add_test(tcase, polls_are_spread_forwards);
    tcase_add_test(tcase, nonsense_intervals_are_survived);
    tcase_add_test(tcase, iburst_is_four_requests_two_seconds_apart);
    tcase_add_test(tcase, a_lost_reply_prolongs_the_burst);
    tcase_add_test(tcase, a_burst_ends_and_backs_off);
    tcase_add_test(tcase, a_server_that_is_not_ready_is_asked_again_soon);
    tcase_add_test(tcase, a_burst_is_not_slower_than_the_poll);
    tcase_add_loop_test(tcase, burst_is_some_requests_at_every_poll, 0, 6);
    tcase_add_test(tcase, what_is_lost_in_a_burst_is_not_replaced);
    tcase_add_test(tcase, who_does_not_answer_gets_no_burst);
    tcase_add_test(tcase, rate_ends_bursts_for_good);
    tcase_add_test(tcase, a_burst_can_be_asked_for);
    tcase_add_test(tcase, sixteen_requests_a_second);
    tcase_add_test(tcase, a_far_server_is_asked_as_fast_as_it_answers);
    tcase_add_loop_test(tcase, silence_is_not_hammered, 0, 2);
    tcase_add_test(tcase, one_request_in_a_day_and_a_half);
    tcase_add_test(tcase, a_new_address_starts_afresh);
    tcase_add_test(tcase, nothing_happens_before_the_start);
    tcase_add_loop_test(tcase, storms_are_weathered, 0, 50);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
