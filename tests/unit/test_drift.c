/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <host/drift.h>
#include <stdlib.h>
#include <string.h>

/* A store of one file in memory. */
struct memory_store {
    struct os_store base; /* first */
    char data[256];
    ssize_t size; /* or a negative errno */
};

static ssize_t read_memory(struct os_store *base, const char *path, void *data, size_t size)
{
    struct memory_store *store = (struct memory_store *)base;
    (void)path;
    if (store->size > (ssize_t)size)
        return -EFBIG;
    if (store->size > 0)
        memcpy(data, store->data, (size_t)store->size);
    return store->size;
}

static int write_memory(struct os_store *base, const char *path, const void *data, size_t size)
{
    struct memory_store *store = (struct memory_store *)base;
    (void)path;
    ck_assert_uint_le(size, sizeof store->data);
    memcpy(store->data, data, size);
    store->size = (ssize_t)size;
    return 0;
}

static const struct os_store_ops memory_ops = {read_memory, write_memory};

static struct memory_store holding(const char *text)
{
    struct memory_store store = {.base = {&memory_ops}, .size = (ssize_t)strlen(text)};
    memcpy(store.data, text, strlen(text));
    return store;
}

START_TEST(what_is_written_is_read_back)
{
    struct memory_store store = {.base = {&memory_ops}, .size = -ENOENT};
    struct drift in = {.frequency = -12.345678901e-6, .skew = 0.012e-6}, out;
    ck_assert_int_eq(drift_read(&store.base, "drift", &out), -ENOENT);
    ck_assert_int_eq(drift_write(&store.base, "drift", &in), 0);
    ck_assert_int_eq(drift_read(&store.base, "drift", &out), 0);
    ck_assert_double_eq_tol(out.frequency, in.frequency, 1e-15);
    ck_assert_double_eq_tol(out.skew, in.skew, 1e-15);
}
END_TEST

static const char *const nonsense[] = {"",      "\n",    "12.5",  "x 1",  "1 x",  "nan 1",
                                       "1 nan", "inf 0", "1e9 1", "1 -1", "1 1 x"};

START_TEST(nonsense_is_no_drift)
{
    struct memory_store store = holding(nonsense[_i]);
    struct drift drift = {.frequency = 7, .skew = 7};
    ck_assert_int_eq(drift_read(&store.base, "drift", &drift), -EINVAL);
    ck_assert_double_eq(drift.frequency, 7);
}
END_TEST

START_TEST(a_file_too_large_is_refused)
{
    struct memory_store store = {.base = {&memory_ops}, .size = 200};
    struct drift drift;
    ck_assert_int_eq(drift_read(&store.base, "drift", &drift), -EFBIG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("drift");
    TCase *tcase = tcase_create("drift");
    SRunner *runner;
    int failed;
    tcase_add_test(tcase, what_is_written_is_read_back);
    tcase_add_loop_test(tcase, nonsense_is_no_drift, 0,
                        (int)(sizeof nonsense / sizeof nonsense[0]));
    tcase_add_test(tcase, a_file_too_large_is_refused);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
