/* SPDX-License-Identifier: Apache-2.0 */
/* Turns, timers and signals of core/os/loop_uv.c. */
#include "os_fixture.h"

#include <errno.h>
#include <signal.h>

#define MS INT64_C(1000000)
#define STARVE_ROUNDS 50

/* What happened, one letter each: a timer's own, '|' the end of a turn, 's' a signal. */
struct trace {
    struct os_fixture fixture;
    char text[256];
    size_t length;
};

struct ring {
    struct trace *trace;
    struct os_timer *timer;
    char letter;
    void (*then)(struct ring *);
    int64_t due_ns;
    int rounds;
};

static void note(struct trace *trace, char letter)
{
    ck_assert_uint_lt(trace->length, sizeof trace->text - 1);
    trace->text[trace->length++] = letter;
}

/* On a loaded machine timers of different delays may be due in one turn: the order alone. */
static void check_order(const struct trace *trace, const char *letters)
{
    char found[sizeof trace->text];
    size_t length = 0;
    for (size_t i = 0; i < trace->length; i++)
        if (trace->text[i] != '|')
            found[length++] = trace->text[i];
    found[length] = '\0';
    ck_assert_str_eq(found, letters);
    ck_assert_int_eq(trace->text[trace->length - 1], '|');
}

static void on_turn_end(void *arg)
{
    note(arg, '|');
}

static void on_ring(void *arg)
{
    struct ring *ring = arg;
    ck_assert_int_ge(fixture_clock_ns(CLOCK_MONOTONIC), ring->due_ns);
    note(ring->trace, ring->letter);
    if (ring->then != NULL)
        ring->then(ring);
}

static void begin(struct trace *trace)
{
    memset(trace, 0, sizeof *trace);
    fixture_open(&trace->fixture);
    trace->fixture.loop->ops->turn_end(trace->fixture.loop, on_turn_end, trace);
}

static void ring_open(struct trace *trace, struct ring *ring, char letter,
                      void (*then)(struct ring *))
{
    *ring = (struct ring){.trace = trace, .letter = letter, .then = then};
    struct os_loop *loop = trace->fixture.loop;
    ck_assert_int_eq(loop->ops->timer_open(loop, on_ring, ring, &ring->timer), 0);
}

static void ring_start(struct ring *ring, int64_t delay_ns)
{
    ring->due_ns = fixture_clock_ns(CLOCK_MONOTONIC) + delay_ns;
    ck_assert_int_eq(ring->trace->fixture.loop->ops->timer_start(ring->timer, delay_ns), 0);
}

static void then_stop(struct ring *ring)
{
    fixture_stop(&ring->trace->fixture);
}

static void then_close(struct ring *ring)
{
    ring->trace->fixture.loop->ops->timer_close(ring->timer);
    ring->timer = NULL;
}

static void then_again(struct ring *ring)
{
    if (++ring->rounds < STARVE_ROUNDS)
        ring_start(ring, 0);
    else
        then_stop(ring);
}

static void then_soon(struct ring *ring)
{
    if (++ring->rounds < STARVE_ROUNDS)
        ring_start(ring, MS / 10 * ring->rounds);
    else
        then_stop(ring);
}

static void then_raise(struct ring *ring)
{
    (void)ring;
    raise(SIGUSR1);
}

/* ---------------------------------------------------------------- timers */

START_TEST(timers_fire_in_order_and_never_early)
{
    struct trace trace;
    struct ring a, b, c, d;
    begin(&trace);
    ring_open(&trace, &a, 'a', NULL);
    ring_open(&trace, &b, 'b', NULL);
    ring_open(&trace, &c, 'c', then_close);
    ring_open(&trace, &d, 'd', then_stop);
    ring_start(&d, 500 * MS); /* so late that no pause of this thread changes the order */
    ring_start(&a, MS / 2);
    ring_start(&b, 10 * MS + 1);
    ring_start(&c, 25 * MS);
    fixture_run(&trace.fixture);
    check_order(&trace, "abcd");
    fixture_close(&trace.fixture); /* a, b and d are closed with it */
}
END_TEST

START_TEST(not_even_by_less_than_a_millisecond)
{
    struct trace trace;
    struct ring a;
    begin(&trace);
    ring_open(&trace, &a, 'a', then_soon);
    ring_start(&a, 1);
    fixture_run(&trace.fixture);
    fixture_close(&trace.fixture);
}
END_TEST

START_TEST(timers_due_together_keep_their_order_in_one_turn)
{
    struct trace trace;
    struct ring a, b, c;
    begin(&trace);
    ring_open(&trace, &a, 'a', NULL);
    ring_open(&trace, &b, 'b', NULL);
    ring_open(&trace, &c, 'c', then_stop);
    ring_start(&b, 0);
    ring_start(&a, 0);
    ring_start(&c, 0);
    fixture_run(&trace.fixture);
    ck_assert_str_eq(trace.text, "bac|");
    fixture_close(&trace.fixture);
}
END_TEST

START_TEST(restart_replaces_and_stop_silences)
{
    struct trace trace;
    struct ring a, b, c;
    begin(&trace);
    ring_open(&trace, &a, 'a', NULL);
    ring_open(&trace, &b, 'b', NULL);
    ring_open(&trace, &c, 'c', then_stop);
    ring_start(&a, 0);
    ring_start(&a, 20 * MS);
    ring_start(&b, 5 * MS);
    trace.fixture.loop->ops->timer_stop(b.timer);
    ring_start(&c, 40 * MS);
    fixture_run(&trace.fixture);
    check_order(&trace, "ac");
    fixture_close(&trace.fixture);
}
END_TEST

START_TEST(no_delay_means_another_turn)
{
    struct trace trace;
    struct ring a;
    begin(&trace);
    ring_open(&trace, &a, 'a', then_again);
    ring_start(&a, 0);
    fixture_run(&trace.fixture);
    ck_assert_uint_eq(trace.length, 2 * STARVE_ROUNDS);
    for (size_t i = 0; i < trace.length; i++)
        ck_assert_int_eq(trace.text[i], i % 2 == 0 ? 'a' : '|');
    fixture_close(&trace.fixture);
}
END_TEST

START_TEST(close_takes_null)
{
    struct trace trace;
    begin(&trace);
    trace.fixture.loop->ops->timer_close(NULL);
    loop_uv_destroy(NULL);
    net_uv_destroy(NULL);
    dev_uv_destroy(NULL);
    fixture_close(&trace.fixture);
}
END_TEST

/* ---------------------------------------------------------------- turns */

struct chain {
    struct trace *trace;
    struct ring next;
    bool started;
};

static void start_next(void *arg)
{
    struct chain *chain = arg;
    note(chain->trace, '|');
    if (!chain->started)
        ring_start(&chain->next, 0);
    chain->started = true;
}

START_TEST(turn_end_may_start_timers)
{
    struct trace trace;
    struct ring a;
    struct chain chain = {.trace = &trace};
    begin(&trace);
    struct os_loop *loop = trace.fixture.loop;
    loop->ops->turn_end(loop, NULL, NULL);
    loop->ops->turn_end(loop, start_next, &chain);
    ring_open(&trace, &a, 'a', NULL);
    ring_open(&trace, &chain.next, 'b', then_stop);
    ring_start(&a, 0);
    fixture_run(&trace.fixture);
    ck_assert_str_eq(trace.text, "a|b|");
    fixture_close(&trace.fixture);
}
END_TEST

START_TEST(turn_end_is_taken_back)
{
    struct trace trace;
    struct ring a;
    begin(&trace);
    struct os_loop *loop = trace.fixture.loop;
    loop->ops->turn_end(loop, NULL, NULL);
    ring_open(&trace, &a, 'a', then_stop);
    ring_start(&a, 0);
    fixture_run(&trace.fixture);
    ck_assert_str_eq(trace.text, "a");
    fixture_close(&trace.fixture);
}
END_TEST

START_TEST(stop_before_run_is_kept)
{
    struct trace trace;
    struct ring a;
    begin(&trace);
    ring_open(&trace, &a, 'a', then_stop);
    ring_start(&a, 0);
    fixture_stop(&trace.fixture);
    fixture_run(&trace.fixture);
    ck_assert_str_eq(trace.text, "");
    fixture_run(&trace.fixture);
    ck_assert_str_eq(trace.text, "a|");
    fixture_close(&trace.fixture);
}
END_TEST

/* ---------------------------------------------------------------- signals */

static void on_signal(void *arg, int signum)
{
    struct trace *trace = arg;
    ck_assert_int_eq(signum, SIGUSR1);
    note(trace, 's');
    fixture_stop(&trace->fixture);
}

START_TEST(signals_come_in_a_turn_of_their_own)
{
    struct trace trace;
    struct ring a;
    begin(&trace);
    struct os_loop *loop = trace.fixture.loop;
    ck_assert_int_eq(loop->ops->signal(loop, SIGUSR1, on_signal, &trace), 0);
    ck_assert_int_lt(loop->ops->signal(loop, SIGKILL, on_signal, &trace), 0);
    ring_open(&trace, &a, 'a', then_raise);
    ring_start(&a, 0);
    fixture_run(&trace.fixture);
    ck_assert_str_eq(trace.text, "a|s|");
    fixture_close(&trace.fixture);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("loop");
    tcase_add_test(tests, timers_fire_in_order_and_never_early);
    tcase_add_test(tests, not_even_by_less_than_a_millisecond);
    tcase_add_test(tests, timers_due_together_keep_their_order_in_one_turn);
    tcase_add_test(tests, restart_replaces_and_stop_silences);
    tcase_add_test(tests, no_delay_means_another_turn);
    tcase_add_test(tests, close_takes_null);
    tcase_add_test(tests, turn_end_may_start_timers);
    tcase_add_test(tests, turn_end_is_taken_back);
    tcase_add_test(tests, stop_before_run_is_kept);
    tcase_add_test(tests, signals_come_in_a_turn_of_their_own);
    return fixture_main("loop", tests);
}
