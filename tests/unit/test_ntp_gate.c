/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <plugins/proto-ntp/gate.h>
#include <stdlib.h>
#include <string.h>

#define MS 1e-3

static char text[160];

static struct gate gate_of(struct gate_config config)
{
    struct gate gate;
    gate_init(&gate, &config);
    return gate;
}

static enum verdict judge(struct gate *gate, double delay_s)
{
    text[0] = '\0';
    return gate_judge(gate, delay_s, 0, text, sizeof(text));
}

static void pass(struct gate *gate, const double *delays_s, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(judge(gate, delays_s[i]), VERDICT_OK);
}

/* Least 10 ms, mean 12 ms, squares 4 + 0 + 4 + 4 + 0 + 4: deviation √(16 / 5) = 1.78885 ms. */
static const double six[] = {10 * MS, 12 * MS, 14 * MS, 14 * MS, 12 * MS, 10 * MS};

START_TEST(nothing_is_refused_by_default)
{
    struct gate gate = gate_of((struct gate_config){0});
    for (int i = 0; i < 300; i++)
        ck_assert_int_eq(judge(&gate, i % 7 == 0 ? 900 : 10 * MS), VERDICT_OK);
}
END_TEST

START_TEST(maxdelay_is_a_fixed_limit)
{
    struct gate gate = gate_of((struct gate_config){.maxdelay_s = 50 * MS});
    ck_assert_int_eq(judge(&gate, 50 * MS), VERDICT_OK);
    ck_assert_int_eq(judge(&gate, 84 * MS), VERDICT_MAX_DELAY);
    ck_assert_str_eq(text, "delay 84 ms is over maxdelay 50 ms");
    for (int i = 0; i < 100; i++) /* nobody learns to like it */
        ck_assert_int_eq(judge(&gate, 84 * MS), VERDICT_MAX_DELAY);
    ck_assert_int_eq(judge(&gate, 49 * MS), VERDICT_OK);
}
END_TEST

START_TEST(the_ratio_is_to_the_least)
{
    struct gate gate = gate_of((struct gate_config){.maxdelayratio = 1.5});
    pass(&gate, six, 6);
    ck_assert_int_eq(judge(&gate, 14.9 * MS), VERDICT_OK);
    ck_assert_int_eq(judge(&gate, 15.1 * MS), VERDICT_DELAY_RATIO);
    ck_assert_str_eq(text, "delay 15.1 ms is over maxdelayratio 1.5 times the least, 10 ms");
    /* What the readings may add is no delay. */
    ck_assert_int_eq(gate_judge(&gate, 15.1 * MS, 0.2 * MS, text, sizeof(text)), VERDICT_OK);
}
END_TEST

START_TEST(few_delays_say_nothing)
{
    struct gate gate = gate_of((struct gate_config){.maxdelayratio = 1.5, .maxdelaydevratio = 2});
    pass(&gate, six, 5);
    ck_assert_int_eq(judge(&gate, 900 * MS), VERDICT_OK);
    ck_assert_int_eq(judge(&gate, 901 * MS), VERDICT_DELAY_RATIO);
}
END_TEST

START_TEST(a_known_least_delay_counts_at_once)
{
    struct gate gate = gate_of((struct gate_config){.mindelay_s = 8 * MS, .maxdelayratio = 1.5});
    ck_assert_int_eq(judge(&gate, 12.1 * MS), VERDICT_DELAY_RATIO);
    ck_assert_int_eq(judge(&gate, 11.9 * MS), VERDICT_OK);
    pass(&gate, (const double[]){2 * MS, 2 * MS, 2 * MS, 2 * MS, 2 * MS, 2 * MS}, 6);
    ck_assert_int_eq(judge(&gate, 11.9 * MS), VERDICT_OK);
}
END_TEST

/* 10 ms + 3 × 1.78885 ms = 15.3666 ms. */
START_TEST(the_deviation_is_of_those_that_passed)
{
    struct gate gate = gate_of((struct gate_config){.maxdelaydevratio = 3});
    pass(&gate, six, 6);
    ck_assert_int_eq(judge(&gate, 15.37 * MS), VERDICT_DELAY_DEVIATION);
    ck_assert_str_eq(text, "delay 15.37 ms is over the least, 10 ms, by more than maxdelaydevratio "
                           "3 times the deviation, 1.78885 ms");
    ck_assert_int_eq(judge(&gate, 500 * MS), VERDICT_DELAY_DEVIATION);
    ck_assert_int_eq(judge(&gate, 15.36 * MS), VERDICT_OK); /* it has learnt nothing of them */
}
END_TEST

/* Of 1 … 20 ms a fifth is four: up to 4 ms. One of 3.5 ms more: ⌈0.2 × 21⌉ = 5, up to 4 ms. */
START_TEST(the_quantile_is_of_all_that_were_heard)
{
    struct gate gate = gate_of((struct gate_config){.maxdelayquant = 0.2});
    for (int i = 20; i > 4; i--)
        judge(&gate, i * MS);
    ck_assert_int_eq(gate.heard.count, GATE_HEARD_LEAST);
    for (int i = 4; i > 0; i--) /* at the low end they pass … */
        ck_assert_int_eq(judge(&gate, i * MS), VERDICT_OK);
    ck_assert_int_eq(judge(&gate, 3.5 * MS), VERDICT_OK);
    ck_assert_int_eq(judge(&gate, 4.1 * MS), VERDICT_DELAY_QUANTILE);
    ck_assert_str_eq(text, "delay 4.1 ms is over 4 ms, the quantile 0.2 (maxdelayquant)");
}
END_TEST

START_TEST(the_quantile_follows_a_longer_path)
{
    struct gate gate = gate_of((struct gate_config){.maxdelayquant = 0.5});
    unsigned passed = 0;
    for (int i = 0; i < 200; i++)
        judge(&gate, (10 + i % 10) * MS);
    for (int i = 0; i < GATE_HEARD; i++)
        judge(&gate, (40 + i % 10) * MS);
    for (int i = 0; i < 100; i++)
        passed += judge(&gate, (40 + i % 10) * MS) == VERDICT_OK;
    ck_assert_uint_ge(passed, 50);
    ck_assert_uint_le(passed, 60);
}
END_TEST

START_TEST(eight_in_a_row_are_another_path)
{
    struct gate gate = gate_of((struct gate_config){.maxdelayratio = 1.5});
    pass(&gate, six, 6);
    for (int round = 0; round < 3; round++) { /* a fast one between them: the path is the same */
        for (int i = 0; i < GATE_RUN - 1; i++)
            ck_assert_int_eq(judge(&gate, 30 * MS), VERDICT_DELAY_RATIO);
        ck_assert_int_eq(judge(&gate, 11 * MS), VERDICT_OK);
    }
    for (int i = 0; i < GATE_RUN; i++)
        ck_assert_int_eq(judge(&gate, (30 + i) * MS), VERDICT_DELAY_RATIO);
    ck_assert_int_eq(judge(&gate, 44.9 * MS), VERDICT_OK);
    ck_assert_int_eq(judge(&gate, 45.1 * MS), VERDICT_DELAY_RATIO);
}
END_TEST

START_TEST(old_delays_are_forgotten)
{
    struct gate gate = gate_of((struct gate_config){.maxdelayratio = 1.5});
    pass(&gate, six, 6);
    for (int i = 0; i < GATE_PASSED; i++)
        ck_assert_int_eq(judge(&gate, 14 * MS), VERDICT_OK);
    ck_assert_int_eq(judge(&gate, 20 * MS), VERDICT_OK);
    ck_assert_int_eq(judge(&gate, 21.1 * MS), VERDICT_DELAY_RATIO);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntp_gate");
    TCase *tcase = tcase_create("gate");
    tcase_add_test(tcase, nothing_is_refused_by_default);
    tcase_add_test(tcase, maxdelay_is_a_fixed_limit);
    tcase_add_test(tcase, the_ratio_is_to_the_least);
    tcase_add_test(tcase, few_delays_say_nothing);
    tcase_add_test(tcase, a_known_least_delay_counts_at_once);
    tcase_add_test(tcase, the_deviation_is_of_those_that_passed);
    tcase_add_test(tcase, the_quantile_is_of_all_that_were_heard);
    tcase_add_test(tcase, the_quantile_follows_a_longer_path);
    tcase_add_test(tcase, eight_in_a_row_are_another_path);
    tcase_add_test(tcase, old_delays_are_forgotten);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
