/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline_fixture.h"
#include <pipeline/fusion.h>

#define MOST (BANK_LANES + 4)

/* --- sources of one oscillator --- */

struct source {
    struct filter filter;
    struct fusion_seat seat;
    double offset_s; /* lies by so much */
};

struct scene {
    struct chance chance;
    struct fusion *fusion;
    struct source sources[MOST];
    size_t count;
    double at_s, frequency;
};

static void add(struct scene *scene)
{
    struct source *source = &scene->sources[scene->count++];
    filter_init(&source->filter);
    source->seat.filter = &source->filter;
    source->seat.wish = FUSION_TAKE;
    ck_assert_int_eq(fusion_add(scene->fusion, &source->seat), 0);
}

static void begin(struct scene *scene, size_t count)
{
    memset(scene, 0, sizeof *scene);
    scene->chance.state = 1;
    scene->at_s = 1000;
    scene->frequency = 1e-5;
    scene->fusion = fusion_create();
    ck_assert_ptr_nonnull(scene->fusion);
    fusion_expect(scene->fusion, 0, 1e-4);
    while (scene->count < count)
        add(scene);
}

static void finish(struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++)
        fusion_remove(scene->fusion, &scene->sources[i].seat);
    fusion_destroy(scene->fusion);
    fusion_destroy(NULL);
}

static void submit(struct scene *scene, size_t i, const struct gn_sample *sample)
{
    struct source *source = &scene->sources[i];
    struct filter_measure measure;
    ck_assert_int_eq(filter_check(&source->filter, sample), 0);
    filter_take(&source->filter, sample, &measure);
    fusion_take(scene->fusion, &source->seat, &measure);
}

static int64_t truth_ns(const struct scene *scene)
{
    return gn_nanoseconds(100 + scene->frequency * scene->at_s);
}

/* 1 ms and queues of 50 us each way. */
static void exchange(struct scene *scene, size_t i)
{
    struct gn_sample sample = {.kind = GN_SAMPLE_TWO_WAY, .dispersion_s = 1e-7, .stratum = 1};
    int64_t up_ns = 500000 + gn_nanoseconds(chance_exponential(&scene->chance, 5e-5));
    int64_t down_ns = 500000 + gn_nanoseconds(chance_exponential(&scene->chance, 5e-5));
    sample.local.ns = gn_nanoseconds(scene->at_s);
    sample.utc.ns = sample.local.ns + truth_ns(scene) + gn_nanoseconds(scene->sources[i].offset_s);
    sample.exchange.t1.ns = sample.local.ns - up_ns - down_ns;
    sample.exchange.t2.ns = sample.exchange.t3.ns = sample.utc.ns - down_ns;
    sample.exchange.t4 = sample.local;
    submit(scene, i, &sample);
}

static void pulse(struct scene *scene, size_t i, double sd, double claim_s)
{
    struct gn_sample sample = {.kind = GN_SAMPLE_ONE_WAY, .dispersion_s = claim_s};
    sample.local.ns = gn_nanoseconds(scene->at_s);
    sample.utc.ns = sample.local.ns + truth_ns(scene) +
                    gn_nanoseconds(scene->sources[i].offset_s + chance_normal(&scene->chance, sd));
    submit(scene, i, &sample);
}

/* Everybody not silent answers in turn; all wishes come true in between. */
static void pass(struct scene *scene, int rounds, size_t silent)
{
    for (int r = 0; r < rounds; r++)
        for (size_t i = 0; i < scene->count; i++) {
            scene->at_s += 16;
            if (i != silent)
                exchange(scene, i);
            fusion_seat_all(scene->fusion);
        }
}

static struct estimate_fit fit(const struct scene *scene)
{
    struct estimate_fit result;
    ck_assert(bank_valid(fusion_bank(scene->fusion)));
    bank_fit(fusion_bank(scene->fusion), (gn_local){gn_nanoseconds(scene->at_s)}, &result);
    return result;
}

static double error_s(const struct scene *scene)
{
    struct estimate_fit result = fit(scene);
    return gn_seconds(result.base_ns - truth_ns(scene)) + result.offset_s;
}

static bool same(const struct estimate_fit *a, const struct estimate_fit *b)
{
    return a->base_ns == b->base_ns && a->at.ns == b->at.ns &&
           memcmp(&a->offset_s, &b->offset_s, sizeof a->offset_s) == 0 &&
           memcmp(&a->frequency, &b->frequency, sizeof a->frequency) == 0 &&
           memcmp(&a->variance, &b->variance, sizeof a->variance) == 0;
}

/* --- tests --- */

START_TEST(nobody_has_a_seat_before_a_wish_came_true)
{
    struct scene scene;
    begin(&scene, 2);
    ck_assert(!bank_valid(fusion_bank(scene.fusion)));
    exchange(&scene, 0);
    ck_assert(!bank_valid(fusion_bank(scene.fusion)));
    scene.sources[1].seat.wish = FUSION_LEAVE;
    ck_assert(fusion_seat_all(scene.fusion));
    ck_assert(bank_valid(fusion_bank(scene.fusion))); /* what came before counts */
    ck_assert_double_lt(fabs(error_s(&scene)), 1e-3);
    ck_assert(scene.sources[0].seat.seated && !scene.sources[1].seat.seated);
    ck_assert(!fusion_seat_all(scene.fusion)); /* nothing new */
    pass(&scene, 50, SIZE_MAX);
    ck_assert_double_lt(fabs(error_s(&scene)), 5e-5);
    ck_assert_double_eq_tol(fit(&scene).frequency, 1e-5, 1e-7);
    ck_assert_uint_eq(bank_lanes(fusion_bank(scene.fusion)), 1);
    finish(&scene);
}
END_TEST

/* Seated and thrown out, or never seated: the same to the last bit. */
START_TEST(a_liar_leaves_no_trace)
{
    struct estimate_fit results[2];
    for (int seated = 0; seated < 2; seated++) {
        struct scene scene;
        begin(&scene, 4);
        scene.sources[1].offset_s = 0.1;
        scene.sources[1].seat.wish = seated ? FUSION_TAKE : FUSION_LEAVE;
        for (int i = 0; i < 20; i++) { /* the others wait: what they know of noise is the same */
            scene.at_s += 16;
            exchange(&scene, (size_t)i % 4);
        }
        if (seated) {
            scene.sources[0].seat.wish = scene.sources[2].seat.wish = FUSION_LEAVE;
            scene.sources[3].seat.wish = FUSION_LEAVE;
            ck_assert(fusion_seat_all(scene.fusion));
            ck_assert_double_gt(fabs(error_s(&scene)), 0.05);
            scene.sources[0].seat.wish = scene.sources[2].seat.wish = FUSION_TAKE;
            scene.sources[3].seat.wish = FUSION_TAKE;
            scene.sources[1].seat.wish = FUSION_LEAVE;
        }
        ck_assert(fusion_seat_all(scene.fusion));
        ck_assert(!scene.sources[1].seat.seated);
        pass(&scene, 20, SIZE_MAX);
        results[seated] = fit(&scene);
        ck_assert_double_lt(fabs(error_s(&scene)), 1e-4);
        finish(&scene);
    }
    ck_assert(same(&results[0], &results[1]));
}
END_TEST

/* One that lied and is right again: what it said meanwhile is not to come back with it. */
START_TEST(lies_are_forgotten_for_good)
{
    struct scene scene;
    begin(&scene, 4);
    scene.sources[3].offset_s = 0.3;
    scene.sources[3].seat.wish = FUSION_LEAVE;
    pass(&scene, 20, 3);
    for (int i = 0; i < 200; i++, scene.at_s += 1)
        pulse(&scene, 3, 1e-6, 1e-6);
    gn_local until = scene.sources[3].seat.heard;
    scene.sources[3].offset_s = 0;
    for (int i = 0; i < 3; i++, scene.at_s += 1)
        pulse(&scene, 3, 1e-6, 1e-6);
    for (int i = 0; i < 4; i++) /* it leads alone */
        scene.sources[i].seat.wish = i == 3 ? FUSION_TAKE : FUSION_LEAVE;
    fusion_forget_until(scene.fusion, &scene.sources[3].seat, until);
    ck_assert(fusion_seat_all(scene.fusion));
    ck_assert_double_lt(fabs(error_s(&scene)), 1e-4);
    finish(&scene);
}
END_TEST

START_TEST(the_silent_stay_until_they_are_told_to_leave)
{
    struct scene scene;
    begin(&scene, 3);
    pass(&scene, 30, SIZE_MAX);
    scene.sources[2].seat.wish = FUSION_STAY;
    ck_assert(!fusion_seat_all(scene.fusion));
    ck_assert(scene.sources[2].seat.seated);
    ck_assert_uint_eq(bank_lanes(fusion_bank(scene.fusion)), 3);
    pass(&scene, 10, 2);
    scene.sources[1].seat.wish = FUSION_LEAVE; /* what it said counts when all is made anew */
    ck_assert(fusion_seat_all(scene.fusion));
    ck_assert(scene.sources[2].seat.seated);
    ck_assert_uint_eq(bank_lanes(fusion_bank(scene.fusion)), 2);
    scene.sources[1].seat.wish = FUSION_TAKE;
    ck_assert(fusion_seat_all(scene.fusion));
    scene.sources[2].seat.wish = FUSION_LEAVE;
    ck_assert(fusion_seat_all(scene.fusion));
    ck_assert(!scene.sources[2].seat.seated);
    ck_assert_uint_eq(bank_lanes(fusion_bank(scene.fusion)), 2);
    scene.sources[2].seat.wish = FUSION_STAY; /* … who has no seat gets none by staying */
    ck_assert(!fusion_seat_all(scene.fusion));
    /* With nobody left the estimate lives on. */
    for (int i = 0; i < 3; i++)
        scene.sources[i].seat.wish = FUSION_LEAVE;
    ck_assert(!fusion_seat_all(scene.fusion));
    ck_assert_double_lt(fabs(error_s(&scene)), 1e-4);
    finish(&scene);
}
END_TEST

/* It claims 1 us and has 1 ms of noise: what came before that was known is not believed for ever.
 */
START_TEST(clocks_are_weighed_anew_when_they_are_known)
{
    struct scene scene;
    int made_anew = 0;
    begin(&scene, 1);
    for (int i = 1; i <= 40; i++) {
        scene.at_s += 1;
        pulse(&scene, 0, 1e-3, 1e-6);
        if (fusion_seat_all(scene.fusion) && i > 1)
            made_anew = i;
    }
    ck_assert_int_eq(made_anew, 12); /* two are needed before the first bend */
    ck_assert_double_gt(sqrt(fit(&scene).variance), 5e-5);
    ck_assert_double_lt(fabs(error_s(&scene)), 4 * sqrt(fit(&scene).variance));
    ck_assert_double_le(fabs(error_s(&scene)),
                        bank_bound_s(fusion_bank(scene.fusion), fit(&scene).at));
    finish(&scene);
}
END_TEST

START_TEST(a_jump_of_all_is_followed_one_of_few_is_not)
{
    struct scene scene;
    begin(&scene, 3);
    pass(&scene, 30, SIZE_MAX);
    scene.sources[0].offset_s = 0.05;
    double before = fit(&scene).frequency_variance;
    for (int i = 0; i < 8; i++) { /* nobody throws it out yet, and nothing is widened for it */
        pass(&scene, 1, SIZE_MAX);
        ck_assert_double_lt(fabs(error_s(&scene)), 1e-3);
        ck_assert_double_lt(fit(&scene).frequency_variance, 4 * before);
    }
    for (size_t i = 0; i < 3; i++)
        scene.sources[i].offset_s = 0.05;
    pass(&scene, 40, SIZE_MAX);
    ck_assert_double_eq_tol(error_s(&scene), 0.05, 2e-4);
    ck_assert_double_eq_tol(fit(&scene).frequency, 1e-5, 2e-7);
    finish(&scene);
}
END_TEST

/* What one repeats again and again moves nothing before another has answered. */
START_TEST(one_that_surprises_waits_for_the_others)
{
    for (int alone = 0; alone < 2; alone++) {
        struct scene scene;
        begin(&scene, 3);
        pass(&scene, 30, SIZE_MAX);
        double before_s = error_s(&scene), at_s = scene.at_s;
        struct fusion_seat *seat = &scene.sources[0].seat;
        for (size_t i = 1; alone && i < 3; i++)
            scene.sources[i].seat.wish = FUSION_STAY; /* they are silent */
        scene.sources[0].offset_s = 0.003;
        for (int i = 0; i < 12; i++) {
            scene.at_s += 2;
            exchange(&scene, 0);
            fusion_seat_all(scene.fusion);
        }
        if (alone) { /* then there is nobody to wait for */
            ck_assert_double_eq_tol(error_s(&scene), 0.003, 2e-4);
            finish(&scene);
            continue;
        }
        ck_assert_int_eq(seat->moved, 12);
        ck_assert(seat->missed);
        ck_assert_int_eq(seat->moved_since.ns, gn_nanoseconds(at_s + 2));
        ck_assert_double_eq_tol(error_s(&scene), before_s, 2e-6);
        scene.at_s += 1;
        exchange(&scene, 1);
        fusion_seat_all(scene.fusion);
        ck_assert(!seat->missed); /* now it has its say, and is outvoted */
        exchange(&scene, 2);
        fusion_seat_all(scene.fusion);
        ck_assert_double_lt(fabs(error_s(&scene)), 5e-4);
        finish(&scene);
    }
}
END_TEST

START_TEST(a_doubt_outlives_a_bank_made_anew)
{
    struct scene scene;
    begin(&scene, 4);
    pass(&scene, 30, SIZE_MAX);
    double before_s = error_s(&scene);
    scene.sources[0].offset_s = 0.003;
    for (int i = 0; i < 6; i++) {
        scene.at_s += 2;
        exchange(&scene, 0);
        fusion_seat_all(scene.fusion);
    }
    scene.sources[3].seat.wish = FUSION_LEAVE;
    ck_assert(fusion_seat_all(scene.fusion));
    ck_assert(scene.sources[0].seat.missed);
    ck_assert_double_eq_tol(error_s(&scene), before_s, 5e-5);
    finish(&scene);
}
END_TEST

START_TEST(a_step_of_frequency_is_followed)
{
    struct scene scene;
    begin(&scene, 1);
    for (int i = 0; i < 1000; i++) {
        scene.at_s += 1;
        pulse(&scene, 0, 1e-6, 1e-6);
        fusion_seat_all(scene.fusion);
    }
    scene.sources[0].offset_s = -1e-5 * scene.at_s; /* the offset goes on where it was */
    scene.frequency = 2e-5;
    for (int i = 0; i < 120; i++) {
        scene.at_s += 1;
        pulse(&scene, 0, 1e-6, 1e-6);
        fusion_seat_all(scene.fusion);
    }
    ck_assert_double_eq_tol(error_s(&scene), scene.sources[0].offset_s, 5e-6);
    ck_assert_double_eq_tol(fit(&scene).frequency, 2e-5, 2e-7);
    finish(&scene);
}
END_TEST

START_TEST(a_leap_second_moves_what_is_remembered_too)
{
    struct scene scene;
    begin(&scene, 2);
    pass(&scene, 20, SIZE_MAX);
    double before_s = error_s(&scene);
    fusion_shift(scene.fusion, -SECOND);
    ck_assert_double_eq_tol(error_s(&scene), before_s - 1, 1e-8);
    scene.sources[1].seat.wish = FUSION_LEAVE; /* made anew of what is remembered */
    ck_assert(fusion_seat_all(scene.fusion));
    ck_assert_double_eq_tol(error_s(&scene), -1, 2e-4);
    finish(&scene);
}
END_TEST

START_TEST(who_is_somebody_else_is_forgotten)
{
    struct scene scene;
    begin(&scene, 2);
    scene.sources[1].offset_s = 0.02;
    pass(&scene, 20, SIZE_MAX);
    fusion_forget(scene.fusion, &scene.sources[1].seat);
    filter_init(&scene.sources[1].filter);
    ck_assert(!scene.sources[1].seat.seated);
    scene.sources[1].offset_s = 0;
    ck_assert(fusion_seat_all(scene.fusion));
    ck_assert(scene.sources[1].seat.seated);
    ck_assert_double_lt(fabs(error_s(&scene)), 1e-4);
    /* After a sleep nothing is left but the frequency. */
    fusion_expect(scene.fusion, fit(&scene).frequency, 1e-7);
    fusion_restart(scene.fusion);
    ck_assert(fusion_seat_all(scene.fusion));
    ck_assert(!bank_valid(fusion_bank(scene.fusion)));
    scene.at_s += 3600;
    scene.sources[0].offset_s = scene.sources[1].offset_s = 5;
    exchange(&scene, 0);
    ck_assert_double_eq_tol(error_s(&scene), 5, 1e-3);
    ck_assert_double_eq_tol(fit(&scene).frequency, 1e-5, 1e-7);
    finish(&scene);
}
END_TEST

START_TEST(more_sources_than_lanes)
{
    struct scene scene;
    size_t seated = 0;
    begin(&scene, MOST);
    pass(&scene, 30, SIZE_MAX);
    for (size_t i = 0; i < MOST; i++)
        seated += scene.sources[i].seat.seated;
    ck_assert_uint_eq(seated, BANK_LANES);
    ck_assert(!fusion_seat_all(scene.fusion));
    ck_assert_double_lt(fabs(error_s(&scene)), 3e-5);
    /* One leaves: one of those who waited gets its lane. */
    fusion_remove(scene.fusion, &scene.sources[0].seat);
    ck_assert(fusion_seat_all(scene.fusion));
    ck_assert(scene.sources[BANK_LANES].seat.seated);
    ck_assert_uint_eq(bank_lanes(fusion_bank(scene.fusion)), BANK_LANES);
    ck_assert_int_eq(fusion_add(scene.fusion, &scene.sources[0].seat), 0);
    ck_assert(fusion_seat_all(scene.fusion)); /* there is a new bank with more room */
    ck_assert(!scene.sources[0].seat.seated);
    ck_assert_double_lt(fabs(error_s(&scene)), 5e-5);
    finish(&scene);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fusion");
    TCase *tcase = tcase_create("fusion");
    SRunner *runner;
    int failed;
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, nobody_has_a_seat_before_a_wish_came_true);
    tcase_add_test(tcase, a_liar_leaves_no_trace);
    tcase_add_test(tcase, lies_are_forgotten_for_good);
    tcase_add_test(tcase, the_silent_stay_until_they_are_told_to_leave);
    tcase_add_test(tcase, clocks_are_weighed_anew_when_they_are_known);
    tcase_add_test(tcase, a_jump_of_all_is_followed_one_of_few_is_not);
    tcase_add_test(tcase, one_that_surprises_waits_for_the_others);
    tcase_add_test(tcase, a_doubt_outlives_a_bank_made_anew);
    tcase_add_test(tcase, a_step_of_frequency_is_followed);
    tcase_add_test(tcase, a_leap_second_moves_what_is_remembered_too);
    tcase_add_test(tcase, who_is_somebody_else_is_forgotten);
    tcase_add_test(tcase, more_sources_than_lanes);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
