/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <pipeline/noise.h>

#define JITTER 1e-3

/* --- weighing is Bayes's rule, by brute force --- */

static double density(const struct noise *noise, double half, int shape, double at)
{
    double tilt = 1 / noise->upper_s - 1 / noise->lower_s;
    double square =
        shape == NOISE_NORMAL ? noise->square_s2 : 25 * noise->square_s2 + 16 * half * half;
    if (shape == NOISE_NORMAL || shape == NOISE_OUTLIER)
        return exp(-at * at / (2 * square)) / sqrt(2 * M_PI * square);
    if (fabs(at) > half)
        return 0;
    if (shape == NOISE_UNIFORM || fabs(tilt) * half < 1e-6)
        return 1 / (2 * half);
    return exp(tilt * at) * tilt / (2 * sinh(tilt * half));
}

struct moments {
    double sum, first, second, evidence[NOISE_SHAPES];
};

static void slowly(const struct noise *noise, double half, double mean, double variance,
                   struct moments *m)
{
    /* The interval's ends lie between cells. */
    double step = half / ceil(half / (sqrt(variance) / 500)), reach = 12 * sqrt(variance);
    double p[NOISE_SHAPES], low = floor((mean - reach) / step) * step;
    memset(m, 0, sizeof *m);
    noise_prior(noise, p);
    for (double at = low + step / 2; at < mean + reach; at += step) {
        double expected =
            exp(-(at - mean) * (at - mean) / (2 * variance)) / sqrt(2 * M_PI * variance) * step;
        for (int s = 0; s < NOISE_SHAPES; s++) {
            double e = expected * density(noise, half, s, at);
            m->evidence[s] += e;
            m->sum += p[s] * e;
            m->first += p[s] * e * (at - mean);
            m->second += p[s] * e * (at - mean) * (at - mean);
        }
    }
    m->first = m->first / m->sum;
    m->second = m->second / m->sum - m->first * m->first;
    m->first += mean;
}

START_TEST(weighing_is_bayes)
{
    struct chance chance = {1};
    for (int i = 0; i < 60; i++) {
        struct noise noise;
        struct noise_interval interval = {.half_s = JITTER * exp(chance_normal(&chance, 1))};
        struct moments m;
        double evidence[NOISE_SHAPES];
        double mean = 1.5 * interval.half_s * (2 * chance_uniform(&chance) - 1);
        double variance = pow(JITTER * exp(chance_normal(&chance, 1)), 2), before = variance;
        noise_init(&noise);
        noise_expect(&noise, JITTER);
        noise.upper_s *= exp(chance_normal(&chance, 0.5));
        noise.lower_s *= exp(chance_normal(&chance, 0.5));
        noise.square_s2 *= exp(chance_normal(&chance, 0.5));
        noise.score[NOISE_TILTED] = -3 * chance_uniform(&chance);
        noise.score[NOISE_NORMAL] = -3 * chance_uniform(&chance);
        slowly(&noise, interval.half_s, mean, variance, &m);
        double all = noise_weigh(&noise, &interval, &mean, &variance, evidence);
        ck_assert_double_eq_tol(all, log(m.sum), 1e-2);
        ck_assert_double_eq_tol(mean, m.first, 5e-3 * sqrt(before));
        ck_assert_double_eq_tol(variance, fmin(m.second, before), 3e-3 * before);
        for (int s = 0; s < NOISE_SHAPES; s++) /* a steep tilt is taken for an exponential */
            ck_assert_double_eq_tol(evidence[s], log(m.evidence[s]),
                                    s == NOISE_TILTED ? 0.03 : 1e-3);
    }
}
END_TEST

/* An outlier teaches next to nothing, however far away it lies. */
START_TEST(an_outlier_is_left_aside)
{
    for (double apart = 100 * JITTER; apart < 1e9; apart *= 10) {
        struct noise noise;
        struct noise_interval interval = {.half_s = JITTER};
        double evidence[NOISE_SHAPES], mean = apart, variance = JITTER * JITTER / 100;
        noise_init(&noise);
        noise_expect(&noise, JITTER);
        noise_weigh(&noise, &interval, &mean, &variance, evidence);
        ck_assert_double_lt(fabs(mean - apart), JITTER / 10);
        ck_assert_double_gt(variance, JITTER * JITTER / 110);
    }
}
END_TEST

/* --- learning --- */

/* One exchange after which the truth is known to within a hundredth of the jitter. */
static void teach(struct noise *noise, double half_s, double distance_s)
{
    struct noise_interval interval = {.half_s = half_s, .variance = 1e-16};
    struct noise_lesson lesson = {.distance_s = distance_s, .variance = 1e-4 * JITTER * JITTER};
    noise_expect(noise, JITTER);
    noise_weigh(noise, &interval, &lesson.distance_s, &lesson.variance, lesson.evidence);
    noise_learn(noise, &interval, &lesson);
}

static double likely(const struct noise *noise, enum noise_shape shape)
{
    double p[NOISE_SHAPES];
    noise_prior(noise, p);
    return p[shape];
}

START_TEST(queues_both_ways)
{
    struct chance chance = {2};
    struct noise noise;
    noise_init(&noise);
    for (int i = 0; i < 2000; i++) {
        double up = chance_exponential(&chance, JITTER), down = chance_exponential(&chance, JITTER);
        teach(&noise, (up + down) / 2, (up - down) / 2);
    }
    ck_assert_double_eq_tol(noise.upper_s, JITTER, 0.4 * JITTER);
    ck_assert_double_eq_tol(noise.lower_s, JITTER, 0.4 * JITTER);
    ck_assert_double_eq_tol(sqrt(noise.square_s2), JITTER / sqrt(2), 0.3 * JITTER);
    ck_assert_double_eq_tol(noise_jitter_s(&noise), JITTER, 0.4 * JITTER);
    ck_assert_double_gt(likely(&noise, NOISE_UNIFORM) + likely(&noise, NOISE_TILTED), 0.95);
}
END_TEST

/* Queues on the way back alone: the truth lies at the upper end. */
START_TEST(queues_one_way)
{
    struct chance chance = {3};
    struct noise noise;
    noise_init(&noise);
    for (int i = 0; i < 2000; i++) {
        double wait = chance_exponential(&chance, 2 * JITTER);
        teach(&noise, wait / 2, wait / 2);
    }
    ck_assert_double_lt(noise.upper_s, 0.1 * JITTER);
    ck_assert_double_gt(noise.lower_s, JITTER);
    ck_assert_double_gt(likely(&noise, NOISE_TILTED), 0.95);
    ck_assert_double_lt(noise_jitter_s(&noise), 0.5 * JITTER);
    /* … and there it is looked for. */
    struct noise_interval interval = {.half_s = JITTER};
    double evidence[NOISE_SHAPES], mean = 0, variance = JITTER * JITTER;
    noise_weigh(&noise, &interval, &mean, &variance, evidence);
    ck_assert_double_gt(mean, 0.8 * JITTER);
    ck_assert_double_lt(sqrt(variance), 0.3 * JITTER);
}
END_TEST

/* Delays hardly differ, but the middles do. */
START_TEST(no_queues_only_noise)
{
    struct chance chance = {4};
    struct noise noise;
    noise_init(&noise);
    for (int i = 0; i < 2000; i++)
        teach(&noise, JITTER * (0.05 + 0.1 * chance_uniform(&chance)),
              chance_normal(&chance, JITTER));
    ck_assert_double_eq_tol(sqrt(noise.square_s2), JITTER, 0.3 * JITTER);
    ck_assert_double_gt(likely(&noise, NOISE_NORMAL), 0.9);
}
END_TEST

/* A few exchanges decide nothing, and whatever was learnt can be unlearnt. */
START_TEST(networks_change)
{
    struct chance chance = {5};
    struct noise noise;
    noise_init(&noise);
    for (int i = 0; i < 4; i++)
        teach(&noise, JITTER, JITTER);
    ck_assert_double_eq_tol(noise.upper_s, JITTER, 1e-12);
    for (int i = 0; i < 1000; i++)
        teach(&noise, JITTER, JITTER * (i % 2 ? 1 : 0.9));
    ck_assert_double_gt(likely(&noise, NOISE_TILTED), 0.95);
    for (int i = 0; i < 400; i++) {
        double up = chance_exponential(&chance, JITTER), down = chance_exponential(&chance, JITTER);
        teach(&noise, (up + down) / 2, (up - down) / 2);
    }
    ck_assert_double_gt(noise.upper_s, 0.5 * JITTER);
    ck_assert_double_lt(fabs(1 / noise.upper_s - 1 / noise.lower_s) * JITTER, 1);
}
END_TEST

/* … but one exchange alone moves a mean by an eighth at most. */
START_TEST(one_exchange_claims_little)
{
    struct noise noise;
    noise_init(&noise);
    for (int i = 0; i < 200; i++)
        teach(&noise, JITTER, JITTER * (i % 2 ? 0.5 : -0.5));
    double before = noise.upper_s, square = noise.square_s2;
    teach(&noise, 1e6 * JITTER, -0.99e6 * JITTER);
    ck_assert_double_gt(noise.upper_s, before);
    ck_assert_double_lt(noise.upper_s, 1.13 * before);
    ck_assert_double_lt(noise.square_s2, 1.4 * square);
}
END_TEST

START_TEST(nothing_leaves_its_bounds)
{
    struct chance chance = {6};
    for (int run = 0; run < 100; run++) {
        struct noise noise;
        noise_init(&noise);
        for (int i = 0; i < 1000; i++) {
            double scale = exp(40 * (chance_uniform(&chance) - 0.5)), sum = 0, p[NOISE_SHAPES];
            struct noise_interval interval = {.half_s = scale * chance_uniform(&chance) + 1e-9};
            struct noise_lesson lesson = {.distance_s = chance_normal(&chance, scale * 3),
                                          .variance = scale * scale * 1e-2};
            bool good = true;
            noise_expect(&noise, exp(20 * (chance_uniform(&chance) - 1)));
            double all = noise_weigh(&noise, &interval, &lesson.distance_s, &lesson.variance,
                                     lesson.evidence);
            noise_learn(&noise, &interval, &lesson);
            noise_prior(&noise, p);
            for (int s = 0; s < NOISE_SHAPES; s++) {
                sum += p[s];
                good = good && p[s] > 1e-4 && isfinite(lesson.evidence[s]);
                good =
                    good && (s == NOISE_OUTLIER || (noise.score[s] <= 0 && noise.score[s] >= -7));
            }
            good = good && fabs(sum - 1) < 1e-12 && isfinite(all) && lesson.variance >= 0;
            good = good && noise.upper_s >= 1e-9 && noise.upper_s < 1e12;
            good = good && noise.lower_s >= 1e-9 && noise.lower_s < 1e12;
            good = good && noise.square_s2 >= 1e-18 && isfinite(noise.square_s2);
            ck_assert(good);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("noise");
    TCase *tcase = tcase_create("noise");
    SRunner *runner;
    int failed;
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, weighing_is_bayes);
    tcase_add_test(tcase, an_outlier_is_left_aside);
    tcase_add_test(tcase, queues_both_ways);
    tcase_add_test(tcase, queues_one_way);
    tcase_add_test(tcase, no_queues_only_noise);
    tcase_add_test(tcase, networks_change);
    tcase_add_test(tcase, one_exchange_claims_little);
    tcase_add_test(tcase, nothing_leaves_its_bounds);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
