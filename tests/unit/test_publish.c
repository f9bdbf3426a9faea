/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <host/publish.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#define WRITES 200000

struct race {
    struct publish publish;
    atomic_bool done;
    bool torn;
};

/* Every field of a written snapshot follows from one number, so a torn one shows. */
static struct gn_state numbered(int64_t number)
{
    return (struct gn_state){
        .size = sizeof(struct gn_state),
        .refid = (uint32_t)number,
        .at = {number},
        .utc = {number * 3},
        .root_delay_s = (double)number,
        .error_bound_s = (double)number * 2,
    };
}

static bool whole(const struct gn_state *state)
{
    int64_t number = state->at.ns;
    return state->refid == (uint32_t)number && state->utc.ns == number * 3 &&
           state->root_delay_s >= (double)number && state->root_delay_s <= (double)number &&
           state->error_bound_s >= (double)number * 2 && state->error_bound_s <= (double)number * 2;
}

static void *read_on(void *arg)
{
    struct race *race = arg;
    while (!atomic_load(&race->done)) {
        struct gn_state state;
        publish_read(&race->publish, &state);
        race->torn |= !whole(&state);
    }
    return NULL;
}

START_TEST(starts_unsynchronised)
{
    struct publish publish;
    struct gn_state state;
    publish_init(&publish);
    publish_read(&publish, &state);
    ck_assert(!state.synchronised);
    ck_assert_int_eq(state.stratum, 16);
    ck_assert_int_eq(state.leap, GN_LEAP_UNSYNCHRONISED);
}
END_TEST

START_TEST(readers_never_see_a_torn_snapshot)
{
    struct race race = {.torn = false};
    struct gn_state first = numbered(0);
    pthread_t reader;
    publish_init(&race.publish);
    publish_write(&race.publish, &first);
    ck_assert_int_eq(pthread_create(&reader, NULL, read_on, &race), 0);
    for (int64_t i = 1; i <= WRITES; i++) {
        struct gn_state state = numbered(i);
        publish_write(&race.publish, &state);
    }
    atomic_store(&race.done, true);
    pthread_join(reader, NULL);
    ck_assert(!race.torn);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("publish");
    TCase *tcase = tcase_create("publish");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, starts_unsynchronised);
    tcase_add_test(tcase, readers_never_see_a_torn_snapshot);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
