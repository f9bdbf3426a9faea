/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The laws of the simulated network and clocks, measured from outside: packets go through it, and
 * estimators simple enough to be computed by hand must err as their formulas say. Every limit is
 * five standard errors of what is measured, so no seed is a lucky one.
 */

#include "tests/unit/lab_fixture.h"

#include <math.h>

#define SIGMAS 5.0

/* ---------------------------------------------------------------- estimators */

static double apart_s(gn_system from, gn_system to)
{
    return gn_seconds(to.ns - from.ns);
}

static double offset_of(const struct exchange *x)
{
    return (apart_s(x->t1, x->t2) - apart_s(x->t3, x->t4)) / 2;
}

static double delay_of(const struct exchange *x)
{
    return apart_s(x->t1, x->t4) - apart_s(x->t2, x->t3);
}

static double there_of(const struct exchange *x)
{
    return apart_s(x->t1, x->t2);
}

/* Moments of a number of values. */
struct moments {
    double mean, variance, fourth;
    uint32_t count;
};

static void measure(struct moments *m, const double *values, uint32_t count)
{
    *m = (struct moments){.count = count};
    for (uint32_t i = 0; i < count; i++)
        m->mean += values[i] / count;
    for (uint32_t i = 0; i < count; i++) {
        double square = (values[i] - m->mean) * (values[i] - m->mean);
        m->variance += square / (count - 1);
        m->fourth += square * square / count;
    }
}

static void check_mean(const struct moments *m, double mean)
{
    ck_assert_double_eq_tol(m->mean, mean, SIGMAS * sqrt(m->variance / m->count) + 1e-9);
}

/* The variance's own standard error follows from the fourth moment. */
static void check_deviation(const struct moments *m, double deviation)
{
    double error = sqrt(fmax(0, m->fourth - m->variance * m->variance) / m->count);
    ck_assert_double_eq_tol(m->variance, deviation * deviation, SIGMAS * error + 1e-18);
}

/* How often of `count` something that has a probability happened. */
static void check_share(uint32_t happened, uint32_t count, double probability)
{
    double error = sqrt(probability * (1 - probability) / count);
    ck_assert_double_eq_tol((double)happened / count, probability, SIGMAS * error);
}

/* What `of` finds, each of `group` values replaced by their mean or smallest. */
static void measure_groups(struct moments *m, const struct lab *lab, uint32_t count, uint32_t group,
                           double (*of)(const struct exchange *), bool smallest)
{
    double *values = calloc(count / group, sizeof *values);
    for (uint32_t i = 0; i < count / group; i++) {
        double mean = 0, least = INFINITY;
        for (uint32_t k = 0; k < group; k++) {
            double value = of(&lab->exchanges[i * group + k]);
            mean += value / group;
            least = fmin(least, value);
        }
        values[i] = smallest ? least : mean;
    }
    measure(m, values, count / group);
    free(values);
}

static void measure_all(struct moments *m, const struct lab *lab, uint32_t count,
                        double (*of)(const struct exchange *))
{
    measure_groups(m, lab, count, 1, of, false);
}

/* ---------------------------------------------------------------- delays */

#define BASE_S 20e-3
#define J_S 1e-3

/* Half the difference of two exponentials: mean 0, deviation J/√2; of a mean of n, J/√(2n). */
START_TEST(the_midpoint_errs_by_half_the_difference_of_the_delays)
{
    struct lab lab;
    struct moments m;
    lab_open(&lab, &(struct lab_setup){.there = "20ms + 1ms*exp", .offset_s = 0.25});
    run(&lab, MOST, 1);
    measure_all(&m, &lab, MOST, offset_of);
    check_mean(&m, 0.25);
    check_deviation(&m, J_S / sqrt(2));
    measure_groups(&m, &lab, MOST, 16, offset_of, false);
    check_mean(&m, 0.25);
    check_deviation(&m, J_S / sqrt(2 * 16));
    measure_all(&m, &lab, MOST, delay_of);
    check_mean(&m, 2 * (BASE_S + J_S));
    check_deviation(&m, J_S * sqrt(2));
    lab_close(&lab);
}
END_TEST

START_TEST(an_asymmetry_is_a_bias_of_half_of_it)
{
    struct lab lab;
    struct moments m;
    lab_open(&lab, &(struct lab_setup){.there = "25ms", .back = "20ms"});
    run(&lab, 100, 1);
    measure_all(&m, &lab, 100, offset_of);
    ck_assert_double_eq_tol(m.mean, 2.5e-3, 1e-9);
    ck_assert_double_eq_tol(m.variance, 0, 1e-18);
    lab_close(&lab);
    lab_open(&lab, &(struct lab_setup){.there = "20ms + 4ms*exp", .back = "20ms + 1ms*exp"});
    run(&lab, MOST, 1);
    measure_all(&m, &lab, MOST, offset_of);
    check_mean(&m, 1.5e-3);
    check_deviation(&m, sqrt(16 + 1) * J_S / 2);
    lab_close(&lab);
}
END_TEST

/* The smallest of n exponentials is one of mean J/n. */
START_TEST(the_smallest_delay_comes_near_as_one_over_n)
{
    struct lab lab;
    struct moments m;
    lab_open(&lab, &(struct lab_setup){.there = "20ms + 1ms*exp", .silent = true});
    run(&lab, MOST, 1);
    measure_groups(&m, &lab, MOST, 10, there_of, true);
    check_mean(&m, BASE_S + J_S / 10);
    check_deviation(&m, J_S / 10);
    measure_groups(&m, &lab, MOST, 50, there_of, true);
    check_mean(&m, BASE_S + J_S / 50);
    check_deviation(&m, J_S / 50);
    lab_close(&lab);
}
END_TEST

static const struct {
    const char *law;
    double mean_ms, variance_ms2;
} delay_laws[] = {
    {"7ms", 7, 0},
    {"1ms + 2ms*exp", 3, 4},
    {"20ms + 2ms*normal", 20, 4},
    {"1ms + 6ms*uniform", 4, 3},
    {"1ms*pareto(6)", 6.0 / 5, 6.0 / (25 * 4)},
    {"pick(0.1, 50ms, 2ms)", 6.8, 0.09 * 48 * 48},
    {"1ms*exp*exp", 1, 3},
    {"1ms*min(exp, exp)", 0.5, 0.25},
    {"1ms*max(exp, exp)", 1.5, 1.25},
    {"1ms*|normal|", 0.79788456080286536, 0.36338022763241866},
    {"1ms/(1 + uniform)", 0.69314718055994531, 0.01954698614036}, /* ln 2, ½ − ln² 2 */
    {"10ms + 1ms*(uniform - uniform)", 10, 1.0 / 6},
    {"3ms + 1ms*-uniform", 2.5, 1.0 / 12},
    {"1ms*pick(0.5, exp, 3 + exp)", 2.5, 1 + 2.25},
    {"1ms*max(0, normal)", 0.39894228040143268, 0.5 - 0.15915494309189535},
};

START_TEST(packets_take_as_long_as_the_law_says)
{
    struct lab lab;
    struct moments m;
    lab_open(&lab, &(struct lab_setup){.there = delay_laws[_i].law, .silent = true});
    run(&lab, MOST, 1);
    measure_all(&m, &lab, MOST, there_of);
    check_mean(&m, delay_laws[_i].mean_ms * 1e-3);
    check_deviation(&m, sqrt(delay_laws[_i].variance_ms2) * 1e-3);
    lab_close(&lab);
}
END_TEST

/* ---------------------------------------------------------------- what becomes of packets */

START_TEST(packets_are_lost_each_way_for_itself)
{
    struct lab lab;
    uint32_t requests = 0, replies = 0;
    lab_open(&lab, &(struct lab_setup){.there = "1ms", .loss = 0.3, .loss_back = 0.1});
    run(&lab, MOST, 1);
    for (uint32_t i = 0; i < MOST; i++) {
        requests += lab.exchanges[i].requests > 0;
        replies += lab.exchanges[i].replies > 0;
    }
    check_share(requests, MOST, 0.7);
    check_share(replies, MOST, 0.7 * 0.9);
    check_share(replies, requests, 0.9);
    lab_close(&lab);
}
END_TEST

/* A packet that is not lost comes twice with the probability of duplicates, never more often. */
START_TEST(packets_are_doubled_as_often_as_told)
{
    struct lab lab;
    uint32_t once = 0, twice = 0;
    lab_open(&lab,
             &(struct lab_setup){.there = "1ms", .loss = 0.2, .duplicates = 0.25, .silent = true});
    run(&lab, MOST, 1);
    for (uint32_t i = 0; i < MOST; i++) {
        ck_assert_int_le(lab.exchanges[i].requests, 2);
        once += lab.exchanges[i].requests > 0;
        twice += lab.exchanges[i].requests == 2;
    }
    check_share(twice, once, 0.25);
    lab_close(&lab);
}
END_TEST

/* Two packets t apart, exponential delays of mean J: the second is first with ½·e^(−t/J). */
START_TEST(packets_overtake_each_other_as_often_as_their_delays_differ)
{
    enum { PAIRS = MOST / 2 };
    struct lab lab;
    uint32_t overtaken = 0;
    lab_open(&lab, &(struct lab_setup){.there = "1ms*exp", .silent = true});
    for (uint32_t i = 0; i < PAIRS; i++) {
        send_index(&lab, CLIENT, NULL, 2 * i);
        pass(&lab, J_S / 2);
        send_index(&lab, CLIENT, NULL, 2 * i + 1);
        pass(&lab, 1);
        overtaken += lab.exchanges[2 * i + 1].order < lab.exchanges[2 * i].order;
    }
    check_share(overtaken, PAIRS, exp(-0.5) / 2);
    lab_close(&lab);
}
END_TEST

/* Four stamps of deviation σ, half of their sum: σ again. The delay has twice that. */
START_TEST(noise_of_the_stamps_goes_into_the_offset)
{
    struct lab lab;
    struct moments m;
    lab_open(&lab, &(struct lab_setup){.there = "1ms", .noise = "2us*normal"});
    run(&lab, MOST, 1);
    measure_all(&m, &lab, MOST, offset_of);
    check_mean(&m, 0);
    check_deviation(&m, 2e-6);
    measure_all(&m, &lab, MOST, delay_of);
    check_mean(&m, 2e-3);
    check_deviation(&m, 4e-6);
    lab_close(&lab);
}
END_TEST

/* ---------------------------------------------------------------- clocks */

/* A clock that runs slow by y falls behind by y·t, and every exchange shows it. */
START_TEST(exchanges_see_offset_and_frequency_of_the_clock)
{
    struct lab lab;
    lab_open(&lab, &(struct lab_setup){.there = "20ms", .offset_s = -3, .frequency = 50e-6});
    run(&lab, 1000, 10);
    for (uint32_t i = 0; i < 1000; i++)
        ck_assert_double_eq_tol(offset_of(&lab.exchanges[i]), -3 + 50e-6 * (10.0 * i + 0.02), 3e-9);
    lab_close(&lab);
}
END_TEST

/*
 * A walk of q a second: after n seconds the frequency's variance is n·q², and that of the phase,
 * its sum, q²·(1² + 2² + … ), nearly q²n³/3.
 */
START_TEST(a_random_walk_of_the_frequency_spreads_as_it_must)
{
    enum { CLOCKS = 2000, SECONDS = 500 };
    const double q = 1e-8;
    double phases[CLOCKS], frequencies[CLOCKS], phase_squares = 0;
    struct moments m;
    for (int k = 1; k < SECONDS; k++)
        phase_squares += (double)k * k;
    for (int i = 0; i < CLOCKS; i++) {
        struct world *world = world_create((uint64_t)i, (gn_utc){START_NS});
        struct os_clock *clock = vclock_create(world, "a", &(struct vclock_config){.wander = q});
        world_run(world, (gn_utc){START_NS + SECONDS * GN_NS_PER_S});
        phases[i] = gn_seconds(vclock_offset_ns(clock));
        frequencies[i] = vclock_frequency_error(clock);
        clock->ops->destroy(clock);
        world_destroy(world);
    }
    measure(&m, frequencies, CLOCKS);
    check_mean(&m, 0);
    check_deviation(&m, q * sqrt(SECONDS));
    measure(&m, phases, CLOCKS);
    check_mean(&m, 0);
    check_deviation(&m, q * sqrt(phase_squares));
    ck_assert_double_eq_tol(phase_squares / (pow(SECONDS, 3) / 3), 1, 0.01);
}
END_TEST

/* The sum of A·sin(2πt/P) from 0 to t: A·P/2π·(1 − cos(2πt/P)). */
START_TEST(a_temperature_cycle_adds_up_to_its_integral)
{
    const double amplitude = 1e-6, period_s = 3600;
    struct world *world = world_create(1, (gn_utc){START_NS});
    struct os_clock *clock = vclock_create(
        world, "a", &(struct vclock_config){.cycle_frequency = amplitude, .cycle_s = period_s});
    for (int i = 1; i <= 100; i++) {
        double at_s = 97.0 * i, phase = 2 * M_PI * at_s / period_s;
        world_run(world, (gn_utc){START_NS + 97 * i * GN_NS_PER_S});
        ck_assert_double_eq_tol(vclock_frequency_error(clock), amplitude * sin(phase), 1e-12);
        /* It changes at whole seconds: up to half a second of the frequency is missing. */
        ck_assert_double_eq_tol(gn_seconds(vclock_offset_ns(clock)),
                                amplitude * period_s / (2 * M_PI) * (1 - cos(phase)),
                                amplitude * 0.51);
    }
    clock->ops->destroy(clock);
    world_destroy(world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_laws");
    TCase *tcase = tcase_create("laws");
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, the_midpoint_errs_by_half_the_difference_of_the_delays);
    tcase_add_test(tcase, an_asymmetry_is_a_bias_of_half_of_it);
    tcase_add_test(tcase, the_smallest_delay_comes_near_as_one_over_n);
    tcase_add_loop_test(tcase, packets_take_as_long_as_the_law_says, 0,
                        (int)(sizeof delay_laws / sizeof delay_laws[0]));
    tcase_add_test(tcase, packets_are_lost_each_way_for_itself);
    tcase_add_test(tcase, packets_are_doubled_as_often_as_told);
    tcase_add_test(tcase, packets_overtake_each_other_as_often_as_their_delays_differ);
    tcase_add_test(tcase, noise_of_the_stamps_goes_into_the_offset);
    tcase_add_test(tcase, exchanges_see_offset_and_frequency_of_the_clock);
    tcase_add_test(tcase, a_random_walk_of_the_frequency_spreads_as_it_must);
    tcase_add_test(tcase, a_temperature_cycle_adds_up_to_its_integral);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
