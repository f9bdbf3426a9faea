/* SPDX-License-Identifier: Apache-2.0 */
/* Pulses of a pin that can only be looked at. */
#include <check.h>
#include <plugins/refclock-gps/carrier.h>
#include <stdlib.h>

#define S GN_NS_PER_S
#define MS (GN_NS_PER_S / 1000)

struct bench {
    struct carrier carrier;
    gn_local now;
    int64_t phase_ns, width_ns; /* of the pulses after each second */
    bool inverted, dead;
    unsigned looks, pulses;
    double worst_s; /* error of a pulse beyond what was said of it */
    double half_s;  /* of the last */
};

static bool pin(const struct bench *bench)
{
    int64_t of_second_ns = (bench->now.ns - bench->phase_ns + 10 * S) % S;
    return !bench->dead && (of_second_ns < bench->width_ns) != bench->inverted;
}

static void look(struct bench *bench)
{
    gn_local at;
    bench->looks++;
    if (!carrier_look(&bench->carrier, bench->now, pin(bench), &at, &bench->half_s))
        return;
    int64_t off_ns = (at.ns - bench->phase_ns + 10 * S + S / 2) % S - S / 2;
    double beyond_s = gn_seconds(llabs(off_ns)) - bench->half_s;
    bench->pulses++;
    bench->worst_s = beyond_s > bench->worst_s ? beyond_s : bench->worst_s;
}

/* Timers are late by up to a millisecond. */
static void live(struct bench *bench, double for_s)
{
    int64_t end_ns = bench->now.ns + gn_nanoseconds(for_s);
    while (bench->now.ns < end_ns) {
        look(bench);
        bench->now.ns +=
            carrier_next(&bench->carrier, bench->now) + bench->looks * 7919 % 997 * 1000;
    }
}

static void begin(struct bench *bench, enum pulse_edge edge)
{
    *bench = (struct bench){.now = {1000 * S}, .phase_ns = 123456789, .width_ns = 100 * MS};
    carrier_init(&bench->carrier, edge);
}

START_TEST(pulses_are_found_and_then_looked_for_when_due)
{
    struct bench bench;
    begin(&bench, PULSE_AUTO);
    live(&bench, 10);
    ck_assert_uint_ge(bench.pulses, 4);
    unsigned looks = bench.looks, pulses = bench.pulses;
    live(&bench, 100);
    ck_assert_uint_ge(bench.pulses - pulses, 99);
    ck_assert_uint_lt(bench.looks - looks, 1500);
    ck_assert_double_le(bench.worst_s, 0);
    ck_assert_double_le(bench.half_s, 1.1e-3);
    ck_assert(!carrier_silent(&bench.carrier));
}
END_TEST

START_TEST(the_edge_is_that_of_the_shorter_half_or_as_configured)
{
    struct bench bench;
    begin(&bench, PULSE_AUTO);
    bench.inverted = true;
    live(&bench, 100);
    ck_assert_uint_ge(bench.pulses, 90);
    ck_assert_double_le(bench.worst_s, 0);
    begin(&bench, PULSE_CLEAR);
    live(&bench, 20); /* the other edge, 100 ms later */
    ck_assert_double_gt(bench.worst_s, 0.09);
}
END_TEST

START_TEST(a_dead_pin_is_told_and_looked_at_for_ever)
{
    struct bench bench;
    begin(&bench, PULSE_AUTO);
    bench.dead = true;
    live(&bench, 3);
    ck_assert(!carrier_silent(&bench.carrier));
    live(&bench, 3);
    ck_assert(carrier_silent(&bench.carrier));
    bench.dead = false;
    live(&bench, 10);
    ck_assert(!carrier_silent(&bench.carrier));
    ck_assert_uint_ge(bench.pulses, 4);
    bench.dead = true;
    live(&bench, 6);
    ck_assert(carrier_silent(&bench.carrier));
    bench.dead = false;
    bench.phase_ns += 400 * MS; /* another receiver */
    live(&bench, 10);
    ck_assert(!carrier_silent(&bench.carrier));
    ck_assert_double_le(bench.worst_s, 0);
}
END_TEST

START_TEST(a_look_that_came_late_gives_no_pulse)
{
    struct bench bench;
    begin(&bench, PULSE_AUTO);
    live(&bench, 20);
    unsigned pulses = bench.pulses;
    bench.now.ns = (bench.now.ns / S + 1) * S + bench.phase_ns - 30 * MS;
    look(&bench);
    bench.now.ns += 60 * MS;
    look(&bench);
    ck_assert_uint_eq(bench.pulses, pulses);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("carrier");
    tcase_add_test(tests, pulses_are_found_and_then_looked_for_when_due);
    tcase_add_test(tests, the_edge_is_that_of_the_shorter_half_or_as_configured);
    tcase_add_test(tests, a_dead_pin_is_told_and_looked_at_for_ever);
    tcase_add_test(tests, a_look_that_came_late_gives_no_pulse);
    Suite *suite = suite_create("carrier");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
