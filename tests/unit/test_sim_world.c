/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <sim/chance.h>
#include <sim/world.h>
#include <stdlib.h>

struct note {
    struct world_event event;
    struct world *world;
    char letter;
    char **story;
};

static void write_down(void *arg)
{
    struct note *note = arg;
    *(*note->story)++ = note->letter;
}

START_TEST(events_happen_by_time_and_ties_by_order)
{
    struct world *world = world_create(1, (gn_utc){1000});
    char story[8] = "", *end = story;
    struct note notes[4];
    static const int64_t when[] = {3000, 2000, 2000, 5000};
    for (int i = 0; i < 4; i++) {
        notes[i] = (struct note){{write_down, &notes[i], 0, 0}, world, (char)('a' + i), &end};
        world_order(world, &notes[i].event, (gn_utc){when[i]});
    }
    world_run(world, (gn_utc){4000});
    *end = '\0';
    ck_assert_str_eq(story, "bca");
    ck_assert_int_eq(world_now(world).ns, 4000);
    world_cancel(world, &notes[3].event);
    world_run(world, (gn_utc){9000});
    *end = '\0';
    ck_assert_str_eq(story, "bca");
    ck_assert_uint_eq(world_events(world), 3);
    world_destroy(world);
}
END_TEST

static void order_again(void *arg)
{
    struct note *note = arg;
    write_down(arg);
    world_order_in(note->world, &note->event, 10);
}

START_TEST(an_event_may_order_itself_again)
{
    struct world *world = world_create(1, (gn_utc){0});
    char story[16] = "", *end = story;
    struct note note = {{order_again, &note, 0, 0}, world, 'x', &end};
    world_order_in(world, &note.event, 0);
    world_run(world, (gn_utc){45});
    ck_assert_int_eq(end - story, 5);
    world_destroy(world);
}
END_TEST

static void check_order(void *arg)
{
    struct note *note = arg;
    int64_t *last_ns = (int64_t *)(void *)note->story;
    ck_assert_int_ge(world_now(note->world).ns, *last_ns);
    *last_ns = world_now(note->world).ns;
}

/* Orders, new orders and cancellations at random: what is left happens in order of time. */
START_TEST(the_heap_keeps_its_order)
{
    enum { COUNT = 500 };
    struct world *world = world_create(7, (gn_utc){0});
    struct note *notes = calloc(COUNT, sizeof *notes);
    struct chance chance;
    int64_t last_ns = 0;
    chance_init(&chance, 7, "test", "heap");
    for (int i = 0; i < COUNT; i++)
        notes[i] =
            (struct note){{check_order, &notes[i], 0, 0}, world, 0, (char **)(void *)&last_ns};
    for (int i = 0; i < 20 * COUNT; i++) {
        struct world_event *event = &notes[chance_bits(&chance) % COUNT].event;
        if (chance_uniform(&chance) < 0.3)
            world_cancel(world, event);
        else
            world_order_in(world, event, (int64_t)(chance_bits(&chance) % 1000));
        if (i % 100 == 0)
            world_run(world, (gn_utc){world_now(world).ns + 50});
    }
    world_run(world, (gn_utc){INT64_MAX / 2});
    ck_assert_uint_gt(world_events(world), COUNT);
    free(notes);
    world_destroy(world);
}
END_TEST

/* Mean and variance within five standard errors. */
static void check_moments(double (*draw)(struct chance *), double mean, double variance)
{
    enum { COUNT = 200000 };
    struct chance chance;
    double sum = 0, squares = 0;
    chance_init(&chance, 42, "test", "moments");
    for (int i = 0; i < COUNT; i++) {
        double x = draw(&chance);
        sum += x - mean;
        squares += (x - mean) * (x - mean);
    }
    ck_assert_double_le(fabs(sum / COUNT), 5 * sqrt(variance / COUNT));
    ck_assert_double_le(fabs(squares / COUNT / variance - 1), 5 * sqrt(8.0 / COUNT));
}

START_TEST(chance_has_the_moments_of_its_name)
{
    check_moments(chance_uniform, 0.5, 1.0 / 12);
    check_moments(chance_exp, 1, 1);
    check_moments(chance_normal, 0, 1);
}
END_TEST

START_TEST(a_stream_follows_from_seed_and_purpose)
{
    struct chance a, b, c, d;
    chance_init(&a, 1, "net", "x");
    chance_init(&b, 1, "net", "x");
    chance_init(&c, 1, "net", "y");
    chance_init(&d, 2, "net", "x");
    uint64_t first = chance_bits(&a);
    ck_assert_uint_eq(first, chance_bits(&b));
    ck_assert_uint_ne(first, chance_bits(&c));
    ck_assert_uint_ne(first, chance_bits(&d));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_world");
    TCase *tcase = tcase_create("world");
    tcase_add_test(tcase, events_happen_by_time_and_ties_by_order);
    tcase_add_test(tcase, an_event_may_order_itself_again);
    tcase_add_test(tcase, the_heap_keeps_its_order);
    tcase_add_test(tcase, chance_has_the_moments_of_its_name);
    tcase_add_test(tcase, a_stream_follows_from_seed_and_purpose);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
