/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <pipeline/bank.h>

/* --- an oscillator, and sources of it --- */

struct scene {
    struct chance chance;
    struct bank *bank;
    struct noise noise[BANK_LANES];
    double asymmetry_s[BANK_LANES];
    double at_s, offset_s, frequency, wander;
    double jitter_s;
    int64_t base_ns; /* everything is so far away */
};

static void begin(struct scene *scene, uint64_t seed, size_t lanes, double bias_sd_s)
{
    memset(scene, 0, sizeof *scene);
    scene->chance.state = seed;
    scene->jitter_s = 1e-4;
    scene->at_s = 1000;
    scene->bank = bank_create(lanes);
    ck_assert_ptr_nonnull(scene->bank);
    bank_begin(scene->bank, 0, 1e-4);
    for (size_t i = 0; i < lanes; i++) {
        noise_init(&scene->noise[i]);
        ck_assert_int_eq(bank_add_lane(scene->bank, bias_sd_s), (int)i);
    }
}

/* In steps of a second, as oscillators wander all the time. */
static void pass(struct scene *scene, double for_s)
{
    for (; for_s > 0; for_s -= 1) {
        double dt = fmin(for_s, 1);
        scene->offset_s += scene->frequency * dt;
        scene->frequency += chance_normal(&scene->chance, scene->wander * sqrt(dt));
        scene->at_s += dt;
    }
}

static gn_local now(const struct scene *scene)
{
    return (gn_local){gn_nanoseconds(scene->at_s)};
}

static struct noise_lesson take(struct scene *scene, int lane, const struct filter_measure *measure)
{
    struct noise_lesson lesson;
    bool first = !bank_valid(scene->bank);
    bank_take(scene->bank, lane, measure, &scene->noise[lane], &lesson);
    if (measure->half_s > 0 && !first) {
        struct noise_interval interval = {measure->half_s, measure->variance};
        noise_learn(&scene->noise[lane], &interval, &lesson);
    }
    return lesson;
}

/* Exponential queues both ways; the least delay is known. */
static struct noise_lesson exchange(struct scene *scene, int lane)
{
    double up_s = chance_exponential(&scene->chance, scene->jitter_s);
    double down_s = chance_exponential(&scene->chance, scene->jitter_s);
    struct filter_measure measure = {
        .at = now(scene),
        .base_ns = scene->base_ns,
        .offset_s = scene->offset_s + scene->asymmetry_s[lane] + (up_s - down_s) / 2,
        .half_s = (up_s + down_s) / 2 + 1e-8,
        .variance = 2.5e-15,
        .first_sd = 0.01,
    };
    noise_expect(&scene->noise[lane], scene->jitter_s);
    return take(scene, lane, &measure);
}

static struct noise_lesson pulse(struct scene *scene, int lane, double sd)
{
    struct filter_measure measure = {
        .at = now(scene),
        .base_ns = scene->base_ns,
        .offset_s = scene->offset_s + chance_normal(&scene->chance, sd),
        .variance = sd * sd,
        .first_sd = 10 * sd,
    };
    return take(scene, lane, &measure);
}

static struct estimate_fit fit(const struct scene *scene)
{
    struct estimate_fit result;
    bank_fit(scene->bank, now(scene), &result);
    ck_assert(isfinite(result.offset_s) && isfinite(result.frequency));
    ck_assert(result.variance > 0 && result.frequency_variance > 0);
    ck_assert(result.covariance * result.covariance <=
              1.000001 * result.variance * result.frequency_variance);
    return result;
}

static double error_s(const struct scene *scene)
{
    struct estimate_fit result = fit(scene);
    return gn_seconds(result.base_ns - scene->base_ns) + result.offset_s - scene->offset_s;
}

/* --- tests --- */

START_TEST(the_first_sample_gives_the_offset_at_once)
{
    struct scene scene;
    struct estimate_fit result;
    struct noise_lesson lesson;
    begin(&scene, 1, 1, 0);
    ck_assert(!bank_valid(scene.bank));
    bank_begin(scene.bank, 5e-6, 1e-7);
    ck_assert_uint_eq(bank_lanes(scene.bank), 0);
    ck_assert_int_eq(bank_add_lane(scene.bank, 0), 0);
    ck_assert_int_lt(bank_add_lane(scene.bank, 0), 0); /* no room */
    struct filter_measure first = {.at = now(&scene),
                                   .base_ns = 123456789012,
                                   .offset_s = 0.25e-9,
                                   .half_s = 1e-3,
                                   .variance = 1e-15,
                                   .first_sd = 0.01};
    bank_take(scene.bank, 0, &first, &scene.noise[0], &lesson);
    ck_assert(bank_valid(scene.bank));
    result = fit(&scene);
    ck_assert_int_eq(result.base_ns, 123456789012);
    ck_assert_double_eq_tol(result.offset_s, 0.25e-9, 1e-15);
    ck_assert_double_eq_tol(sqrt(result.variance), 0.01, 1e-9);
    ck_assert_double_eq_tol(result.frequency, 5e-6, 1e-15);
    scene.at_s += 100;
    result = fit(&scene);
    ck_assert_double_eq_tol(gn_seconds(result.base_ns) + result.offset_s, 123.456789012 + 5e-4,
                            1e-9);
    bank_shift(scene.bank, -SECOND);
    ck_assert_int_eq(fit(&scene).base_ns, result.base_ns - SECOND);
    bank_begin(scene.bank, 0, 1e-4);
    ck_assert(!bank_valid(scene.bank));
    bank_destroy(scene.bank);
    bank_destroy(NULL);
}
END_TEST

/* The same samples, around zero and around decades. */
START_TEST(decades_of_offset_cost_no_precision)
{
    double error[2];
    for (int far = 0; far < 2; far++) {
        struct scene scene;
        begin(&scene, 1, 2, 1e-6);
        scene.base_ns = far ? INT64_C(1700000000123456789) : 0;
        scene.frequency = 1e-5;
        for (int i = 0; i < 500; i++) {
            pulse(&scene, i % 2, 1e-8);
            pass(&scene, 64);
        }
        error[far] = error_s(&scene);
        ck_assert_double_eq_tol(fit(&scene).frequency, 1e-5, 1e-9);
        bank_destroy(scene.bank);
    }
    ck_assert_double_eq_tol(error[0], error[1], 1e-11);
    ck_assert_double_lt(fabs(error[0]), 1e-7);
}
END_TEST

/* Anything in any order: the fit stays a distribution, and its bound a number. */
START_TEST(a_hundred_thousand_updates_stay_sane)
{
    struct scene scene;
    begin(&scene, 3, 6, 1e-5);
    for (int i = 0; i < 100000; i++) {
        int lane = (int)(chance_bits(&scene.chance) % 6);
        double scale = exp(30 * chance_uniform(&scene.chance) - 25);
        struct filter_measure measure = {
            .at = now(&scene),
            .offset_s = chance_normal(&scene.chance, scale),
            .back_s = chance_uniform(&scene.chance),
            .half_s = i % 3 == 0 ? 0 : scale * chance_uniform(&scene.chance) + 1e-9,
            .variance = 1e-16 + pow(scale * 0.1 * chance_uniform(&scene.chance), 2),
            .first_sd = scale,
        };
        noise_expect(&scene.noise[lane], exp(20 * (chance_uniform(&scene.chance) - 1)));
        struct noise_lesson lesson = take(&scene, lane, &measure);
        if (!isfinite(lesson.sigmas) || !isfinite(lesson.distance_s) || lesson.variance < 0)
            ck_abort_msg("lesson %g %g %g", lesson.sigmas, lesson.distance_s, lesson.variance);
        if (i % 1000 == 0)
            bank_widen(scene.bank, chance_normal(&scene.chance, scale));
        scene.at_s += exp(14 * chance_uniform(&scene.chance) - 7) * (i % 20 ? 1 : -1e-4);
        struct estimate_fit result = fit(&scene);
        double bound_s = bank_bound_s(scene.bank, now(&scene));
        if (!(bound_s > 0) || !(fabs(result.frequency) <= 1e-2) || !isfinite(bound_s) ||
            !isfinite(bank_growth(scene.bank, 64)))
            ck_abort_msg("step %d: bound %g, frequency %g", i, bound_s, result.frequency);
    }
    bank_destroy(scene.bank);
}
END_TEST

START_TEST(the_wander_is_found)
{
    static const double wanders[] = {1e-10, 1e-9, 1e-8, 1e-7};
    for (size_t k = 0; k < sizeof wanders / sizeof wanders[0]; k++) {
        struct scene scene;
        begin(&scene, 3, 1, 0);
        scene.jitter_s = 1e-6;
        scene.wander = wanders[k];
        for (int i = 0; i < 2000; i++) {
            exchange(&scene, 0);
            pass(&scene, 64);
        }
        double found = sqrt(fit(&scene).wander_variance);
        ck_assert_double_gt(found, wanders[k] / 3);
        ck_assert_double_lt(found, wanders[k] * 3);
        ck_assert_double_gt(bank_growth(scene.bank, 1000), pow(wanders[k] / 3, 2) * 1e9 / 3);
        bank_destroy(scene.bank);
    }
}
END_TEST

/* Taken five seconds late: nearly the same knowledge. */
START_TEST(late_samples_look_back)
{
    struct scene then, late;
    struct noise_lesson lesson;
    begin(&then, 4, 2, 1e-9);
    begin(&late, 4, 2, 1e-9);
    for (int i = 0; i < 300; i++) {
        double noise_s = chance_normal(&then.chance, 1e-6);
        struct filter_measure m = {.at = now(&then), .variance = 1e-12, .first_sd = 1e-4};
        m.offset_s = 5e-5 * then.at_s + noise_s;
        bank_take(then.bank, i % 2, &m, &then.noise[0], &lesson);
        /* The second lane's arrive after one of the first that was sent later. */
        struct filter_measure newer = m;
        newer.at.ns += 5 * SECOND;
        newer.offset_s += 5e-5 * 5;
        newer.variance = 1; /* which says nothing but moves the filter on */
        bank_take(late.bank, 0, &newer, &late.noise[0], &lesson);
        bank_take(late.bank, i % 2, &m, &late.noise[0], &lesson);
        then.at_s = late.at_s = then.at_s + 20;
    }
    struct estimate_fit a = fit(&then), b = fit(&late);
    ck_assert_double_eq_tol(gn_seconds(a.base_ns - b.base_ns) + a.offset_s, b.offset_s, 3e-7);
    ck_assert_double_eq_tol(a.frequency, 5e-5, 1e-8);
    ck_assert_double_eq_tol(b.frequency, 5e-5, 1e-8);
    ck_assert_double_eq_tol(log2(a.variance / b.variance), 0, 1);
    bank_destroy(then.bank);
    bank_destroy(late.bank);
}
END_TEST

/* One of four lies 5 ms off: all follow the three. */
START_TEST(a_lone_asymmetry_does_not_draw_the_others)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct scene scene;
        begin(&scene, seed, 4, 4e-5);
        scene.wander = 1e-9;
        scene.asymmetry_s[seed % 4] = 5e-3;
        for (int i = 0; i < 2000; i++) {
            exchange(&scene, i % 4);
            pass(&scene, 64);
        }
        ck_assert_double_lt(fabs(error_s(&scene)), 3e-4);
        ck_assert_double_lt(bank_bound_s(scene.bank, now(&scene)), 3e-3);
        bank_destroy(scene.bank);
    }
}
END_TEST

struct tally {
    unsigned all, held;
    double filled;
};

/* Five hours from the first sample on. */
static void run_bounded(uint64_t seed, double asymmetry_s, struct tally *tally)
{
    struct scene scene;
    size_t lanes = 1 + seed % 4;
    begin(&scene, seed, lanes, lanes > 1 ? 2e-5 : 0);
    scene.wander = pow(10, -10 + 3 * chance_uniform(&scene.chance));
    scene.frequency = chance_normal(&scene.chance, 5e-5);
    for (size_t i = 0; i < lanes && lanes > 1; i++)
        scene.asymmetry_s[i] = chance_normal(&scene.chance, asymmetry_s);
    for (int i = 0; i < 300; i++) {
        exchange(&scene, (int)((size_t)i % lanes));
        for (int s = 0; s < 4; s++) {
            double bound_s = bank_bound_s(scene.bank, now(&scene)), e = fabs(error_s(&scene));
            tally->all++;
            tally->held += e <= bound_s;
            tally->filled += e / bound_s;
            pass(&scene, 16);
        }
    }
    bank_destroy(scene.bank);
}

START_TEST(the_bound_holds)
{
    struct tally tally = {0, 0, 0};
    for (uint64_t seed = 1; seed <= 80; seed++)
        run_bounded(seed, 0, &tally);
    printf("bound: held in %u of %u, filled to %.3f\n", tally.held, tally.all,
           tally.filled / tally.all);
    ck_assert_double_ge(tally.held / (double)tally.all, 0.999);
    ck_assert_double_gt(tally.filled / tally.all, 0.1); /* a bound of a day would hold as well */
}
END_TEST

/* What several have in common by chance cannot be seen: here it holds a little less often. */
START_TEST(the_bound_allows_for_asymmetries)
{
    struct tally tally = {0, 0, 0};
    for (uint64_t seed = 1; seed <= 80; seed++)
        run_bounded(seed, 2e-5, &tally);
    printf("bound with asymmetries: held in %u of %u, filled to %.3f\n", tally.held, tally.all,
           tally.filled / tally.all);
    ck_assert_double_ge(tally.held / (double)tally.all, 0.995);
}
END_TEST

/* Until it is told the bank stays where it is, and so does its frequency. */
static void follow_jump(double jump_s, bool clock)
{
    struct scene scene;
    struct noise_lesson lesson;
    begin(&scene, 6, 1, 0);
    scene.wander = 1e-9;
    scene.frequency = 1e-5;
    for (int i = 0; i < 600; i++) {
        lesson = clock ? pulse(&scene, 0, 1e-5) : exchange(&scene, 0);
        pass(&scene, 16);
    }
    scene.base_ns += gn_nanoseconds(jump_s);
    for (int i = 0; i < 4; i++)
        lesson = clock ? pulse(&scene, 0, 1e-5) : exchange(&scene, 0);
    ck_assert_double_gt(lesson.sigmas, 5);
    ck_assert_double_eq_tol(lesson.innovation_s / jump_s, 1, 0.2);
    ck_assert_double_gt(fabs(error_s(&scene)), jump_s * 0.8);
    ck_assert_double_eq_tol(fit(&scene).frequency, 1e-5, 2e-7);
    bank_widen(scene.bank, lesson.innovation_s);
    for (int i = 0; i < 60; i++) {
        lesson = clock ? pulse(&scene, 0, 1e-5) : exchange(&scene, 0);
        pass(&scene, 16);
    }
    ck_assert_double_lt(fabs(error_s(&scene)), 1e-4);
    ck_assert_double_eq_tol(fit(&scene).frequency, 1e-5, 2e-7);
    ck_assert_double_le(fabs(error_s(&scene)), bank_bound_s(scene.bank, now(&scene)));
    ck_assert_double_lt(bank_bound_s(scene.bank, now(&scene)), 1e-3);
    bank_destroy(scene.bank);
}

START_TEST(a_widened_bank_follows_a_jump)
{
    for (double jump_s = 1e-2; jump_s < 1e9; jump_s *= 100) {
        follow_jump(jump_s, false);
        follow_jump(jump_s, true);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bank");
    TCase *tcase = tcase_create("bank");
    SRunner *runner;
    int failed;
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_first_sample_gives_the_offset_at_once);
    tcase_add_test(tcase, decades_of_offset_cost_no_precision);
    tcase_add_test(tcase, a_hundred_thousand_updates_stay_sane);
    tcase_add_test(tcase, the_wander_is_found);
    tcase_add_test(tcase, late_samples_look_back);
    tcase_add_test(tcase, a_lone_asymmetry_does_not_draw_the_others);
    tcase_add_test(tcase, the_bound_holds);
    tcase_add_test(tcase, the_bound_allows_for_asymmetries);
    tcase_add_test(tcase, a_widened_bank_follows_a_jump);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
