/* SPDX-License-Identifier: Apache-2.0 */
/* refclock-pps: edges, pulses that do not count, and the numbering of seconds. */

#include <check.h>
#include <math.h>
#include <plugins/shared/pulse.h>
#include <stdlib.h>

#define S GN_NS_PER_S
#define MS (S / 1000)

/* A line with a pulse at each second of the system clock. */
struct line {
    struct pulse pulse;
    struct pulse_reading reading;
    int64_t second;
};

static void begin(struct line *line, enum pulse_edge edge, int64_t width_ns, bool both)
{
    const struct pulse_config config = {.edge = edge, .interval_ns = S, .width_ns = width_ns};
    *line = (struct line){.second = 1000, .reading = {.both = both}};
    pulse_init(&line->pulse, &config);
}

static void rise(struct line *line, int64_t at_ns)
{
    line->reading.assert_sequence++;
    line->reading.assert_at.ns = at_ns;
}

static void fall(struct line *line, int64_t at_ns)
{
    line->reading.clear_sequence++;
    line->reading.clear_at.ns = at_ns;
}

/* One second: assert at its beginning, clear `high_ns` later; read after both. */
static enum pulse_verdict second(struct line *line, int64_t high_ns, gn_utc *at)
{
    int64_t begin_ns = line->second++ * S;
    rise(line, begin_ns);
    fall(line, begin_ns + high_ns);
    return pulse_take(&line->pulse, &line->reading, at);
}

START_TEST(test_the_first_reading_may_be_old)
{
    struct line line;
    gn_utc at;
    begin(&line, PULSE_ASSERT, 0, true);
    ck_assert_int_eq(second(&line, 100 * MS, &at), PULSE_NONE);
    ck_assert_int_eq(pulse_take(&line.pulse, &line.reading, &at), PULSE_NONE);
    ck_assert_int_eq(second(&line, 100 * MS, &at), PULSE_TAKEN);
    ck_assert_int_eq(at.ns, 1001 * S);
}
END_TEST

/* 100 ms high: the assert edge. 900 ms high: an inverted line, and the pulse begins 900 ms after.
 */
START_TEST(test_the_shorter_half_is_the_pulse)
{
    static const struct {
        int64_t high_ns;
        enum pulse_edge edge;
    } cases[] = {{1 * MS, PULSE_ASSERT}, {100 * MS, PULSE_ASSERT}, {450 * MS, PULSE_ASSERT},
                 {500 * MS, PULSE_AUTO}, {550 * MS, PULSE_CLEAR},  {900 * MS, PULSE_CLEAR}};
    struct line line;
    gn_utc at;
    begin(&line, PULSE_AUTO, 0, true);
    for (int i = 0; i < 20; i++)
        second(&line, cases[_i].high_ns, &at);
    ck_assert_int_eq(line.pulse.edge, cases[_i].edge);
}
END_TEST

/* Read between the edges: the half that is over lies before. */
START_TEST(test_the_edge_is_learnt_whenever_it_is_read)
{
    struct line line;
    gn_utc at;
    begin(&line, PULSE_AUTO, 0, true);
    for (int i = 0; i < 20; i++) {
        rise(&line, line.second * S);
        pulse_take(&line.pulse, &line.reading, &at);
        fall(&line, line.second * S + 800 * MS);
        line.second++;
    }
    ck_assert_int_eq(line.pulse.edge, PULSE_CLEAR);
}
END_TEST

START_TEST(test_one_edge_alone_is_the_pulse)
{
    struct line line;
    gn_utc at;
    begin(&line, PULSE_AUTO, 0, false);
    for (int i = 0; i < 3; i++) {
        rise(&line, line.second++ * S);
        pulse_take(&line.pulse, &line.reading, &at);
    }
    ck_assert_int_eq(line.pulse.edge, PULSE_ASSERT);
    ck_assert_int_eq(at.ns, 1002 * S);
}
END_TEST

/* A driver that says it captures both edges, and gives one. */
START_TEST(test_the_only_edge_that_comes_is_the_pulse)
{
    struct line line;
    gn_utc at;
    begin(&line, PULSE_AUTO, 0, true);
    for (int i = 0; i < 6; i++) {
        if (_i == PULSE_ASSERT)
            rise(&line, line.second++ * S);
        else
            fall(&line, line.second++ * S);
        pulse_take(&line.pulse, &line.reading, &at);
    }
    ck_assert_int_eq(line.pulse.edge, _i);
    ck_assert_int_eq(at.ns, 1005 * S);
}
END_TEST

START_TEST(test_what_comes_too_soon_does_not_count)
{
    struct line line;
    gn_utc at;
    begin(&line, PULSE_ASSERT, 0, true);
    for (int i = 0; i < 3; i++) {
        rise(&line, line.second++ * S);
        pulse_take(&line.pulse, &line.reading, &at);
    }
    rise(&line, 1002 * S + 300 * MS);
    ck_assert_int_eq(pulse_take(&line.pulse, &line.reading, &at), PULSE_CLOSE);
    rise(&line, 1003 * S + 400 * MS);
    ck_assert_int_eq(pulse_take(&line.pulse, &line.reading, &at), PULSE_TAKEN);
}
END_TEST

/* Read before its end, a pulse is as wide as the one before it. */
START_TEST(test_the_width_of_the_pulse_before)
{
    struct line line;
    gn_utc at;
    begin(&line, PULSE_ASSERT, 0, true);
    for (int i = 0; i < 4; i++) {
        rise(&line, line.second * S);
        pulse_take(&line.pulse, &line.reading, &at);
        fall(&line, line.second++ * S + 70 * MS);
    }
    ck_assert_int_eq(line.pulse.width_ns, 70 * MS);
}
END_TEST

/* Both edges of each pulse come as one kind: read after each of them, or after the second only. */
START_TEST(test_both_edges_as_one_do_not_count)
{
    struct line line;
    gn_utc at;
    begin(&line, PULSE_AUTO, 0, false);
    for (int i = 0; i < 40; i++) {
        enum pulse_verdict verdicts[2] = {PULSE_NONE, PULSE_NONE};
        rise(&line, line.second * S);
        if (_i == 0)
            verdicts[0] = pulse_take(&line.pulse, &line.reading, &at);
        rise(&line, line.second++ * S + 100 * MS);
        verdicts[1] = pulse_take(&line.pulse, &line.reading, &at);
        ck_assert_int_ne(verdicts[0], PULSE_TAKEN);
        ck_assert_int_ne(verdicts[1], PULSE_TAKEN);
        if (i > 10)
            ck_assert_int_eq(verdicts[1], PULSE_CLOSE);
    }
    for (int i = 0; i < 40; i++) { /* the device was told better */
        rise(&line, line.second++ * S);
        enum pulse_verdict verdict = pulse_take(&line.pulse, &line.reading, &at);
        if (i > 20)
            ck_assert_int_eq(verdict, PULSE_TAKEN);
    }
}
END_TEST

START_TEST(test_width)
{
    struct line line;
    gn_utc at;
    begin(&line, PULSE_ASSERT, 100 * MS, true);
    second(&line, 100 * MS, &at);
    ck_assert_int_eq(second(&line, 100 * MS, &at), PULSE_TAKEN);
    ck_assert_int_eq(second(&line, 109 * MS, &at), PULSE_TAKEN);
    ck_assert_int_eq(second(&line, 111 * MS, &at), PULSE_WIDTH);
    ck_assert_int_eq(second(&line, 20 * MS, &at), PULSE_WIDTH);
    rise(&line, line.second * S);
    ck_assert_int_eq(pulse_take(&line.pulse, &line.reading, &at), PULSE_WAIT);
    fall(&line, line.second * S + 100 * MS);
    ck_assert_int_eq(pulse_take(&line.pulse, &line.reading, &at), PULSE_TAKEN);
    ck_assert_int_eq(at.ns, line.second * S);
}
END_TEST

START_TEST(test_missed_pulses_are_counted)
{
    struct line line;
    gn_utc at;
    begin(&line, PULSE_ASSERT, 0, true);
    second(&line, 100 * MS, &at);
    rise(&line, 1001 * S);
    rise(&line, 1002 * S);
    ck_assert_int_eq(second(&line, 100 * MS, &at), PULSE_TAKEN);
    ck_assert_uint_eq(line.pulse.missed, 2);
}
END_TEST

/* Whoever tells it may err by 0.4 s either way, and for seven pulses by whole seconds. */
START_TEST(test_numbering)
{
    struct line line;
    gn_local local = {1000 * S};
    gn_utc utc;
    double late_s;
    begin(&line, PULSE_ASSERT, 0, false);
    for (int64_t late_ns = -390 * MS; late_ns <= 390 * MS; late_ns += 10 * MS) {
        gn_utc told = {5000 * S - late_ns};
        ck_assert_int_eq(pulse_number(&line.pulse, local, told, &utc, &late_s), PULSE_NUMBERED);
        ck_assert_int_eq(utc.ns, 5000 * S);
        ck_assert_double_eq_tol(late_s, (double)late_ns * 1e-9, 1e-9);
    }
    gn_utc between = {5000 * S - 450 * MS}, later = {5001 * S + 100 * MS};
    ck_assert_int_eq(pulse_number(&line.pulse, local, between, &utc, &late_s), PULSE_AMBIGUOUS);
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(pulse_number(&line.pulse, local, later, &utc, &late_s), PULSE_CONTRARY);
    ck_assert_int_eq(pulse_number(&line.pulse, local, later, &utc, &late_s), PULSE_NUMBERED);
    ck_assert_int_eq(utc.ns, 5001 * S);
}
END_TEST

/* A crystal 100 ppm off moves local by a second in three hours, a step of the numbering in none. */
START_TEST(test_numbering_follows_the_oscillator)
{
    struct line line;
    gn_utc utc;
    double late_s;
    begin(&line, PULSE_ASSERT, 0, false);
    for (int64_t i = 0; i < 100000; i++) {
        gn_local local = {i * (S - 100000)};
        gn_utc told = {i * S + 30 * MS};
        ck_assert_int_eq(pulse_number(&line.pulse, local, told, &utc, &late_s), PULSE_NUMBERED);
        ck_assert_int_eq(utc.ns, i * S);
    }
}
END_TEST

START_TEST(test_before_1970)
{
    struct line line;
    gn_local local = {0};
    gn_utc utc, told = {-5 * S - 100 * MS};
    double late_s;
    begin(&line, PULSE_ASSERT, 0, false);
    ck_assert_int_eq(pulse_number(&line.pulse, local, told, &utc, &late_s), PULSE_NUMBERED);
    ck_assert_int_eq(utc.ns, -5 * S);
}
END_TEST

START_TEST(test_who_can_tell)
{
    struct line line;
    begin(&line, PULSE_ASSERT, 0, false);
    ck_assert(pulse_tells(&line.pulse, 0.39));
    ck_assert(!pulse_tells(&line.pulse, 0.41));
    ck_assert(!pulse_tells(&line.pulse, (double)NAN));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pulse");
    TCase *edges = tcase_create("edges"), *numbers = tcase_create("numbers");
    tcase_add_test(edges, test_the_first_reading_may_be_old);
    tcase_add_loop_test(edges, test_the_shorter_half_is_the_pulse, 0, 6);
    tcase_add_test(edges, test_the_edge_is_learnt_whenever_it_is_read);
    tcase_add_test(edges, test_one_edge_alone_is_the_pulse);
    tcase_add_loop_test(edges, test_the_only_edge_that_comes_is_the_pulse, PULSE_ASSERT,
                        PULSE_CLEAR + 1);
    tcase_add_test(edges, test_what_comes_too_soon_does_not_count);
    tcase_add_test(edges, test_the_width_of_the_pulse_before);
    tcase_add_loop_test(edges, test_both_edges_as_one_do_not_count, 0, 2);
    tcase_add_test(edges, test_width);
    tcase_add_test(edges, test_missed_pulses_are_counted);
    tcase_add_test(numbers, test_numbering);
    tcase_add_test(numbers, test_numbering_follows_the_oscillator);
    tcase_add_test(numbers, test_before_1970);
    tcase_add_test(numbers, test_who_can_tell);
    suite_add_tcase(suite, edges);
    suite_add_tcase(suite, numbers);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
