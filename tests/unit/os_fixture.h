/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_OS_FIXTURE_H
#define TESTS_UNIT_OS_FIXTURE_H

/** A real loop and net for the tests of core/os, with a log that is kept and a guard of time. */

#include <check.h>
#include <os/os_linux.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Nothing here takes a tenth of a second; this only keeps a broken test from hanging. */
#define FIXTURE_LIMIT_NS (20 * GN_NS_PER_S)

struct os_fixture {
    struct os_loop *loop;
    struct os_net *net;
    struct os_timer *guard;
    bool expired;
    unsigned log_count;
    char log[1024];
    char folder[128];
};

static inline void fixture_log(void *arg, enum gn_level level, const char *text)
{
    struct os_fixture *fixture = arg;
    (void)level;
    fixture->log_count++;
    snprintf(fixture->log, sizeof fixture->log, "%s", text);
}

static inline void fixture_expire(void *arg)
{
    struct os_fixture *fixture = arg;
    fixture->expired = true;
    fixture->loop->ops->stop(fixture->loop);
}

static inline void fixture_open(struct os_fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    const char *temporary = getenv("TMPDIR");
    snprintf(fixture->folder, sizeof fixture->folder, "%s/gnomon-os-XXXXXX",
             temporary != NULL && strlen(temporary) < 60 ? temporary : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(fixture->folder));
    fixture->loop = loop_uv_create();
    ck_assert_ptr_nonnull(fixture->loop);
    fixture->net = net_uv_create(fixture->loop, fixture_log, fixture);
    ck_assert_ptr_nonnull(fixture->net);
    ck_assert_int_eq(
        fixture->loop->ops->timer_open(fixture->loop, fixture_expire, fixture, &fixture->guard), 0);
}

static inline void fixture_close(struct os_fixture *fixture)
{
    net_uv_destroy(fixture->net);
    fixture->loop->ops->timer_close(fixture->guard);
    ck_assert(loop_uv_destroy(fixture->loop));
    rmdir(fixture->folder);
}

/** Run until a callback stops the loop. */
static inline void fixture_run(struct os_fixture *fixture)
{
    const struct os_loop_ops *ops = fixture->loop->ops;
    ck_assert_int_eq(ops->timer_start(fixture->guard, FIXTURE_LIMIT_NS), 0);
    ck_assert_int_eq(ops->run(fixture->loop), 0);
    ops->timer_stop(fixture->guard);
    ck_assert_msg(!fixture->expired, "nothing happened");
}

static inline void fixture_stop(struct os_fixture *fixture)
{
    fixture->loop->ops->stop(fixture->loop);
}

/** Run for a moment, for what must not happen. */
static inline void fixture_pause(struct os_fixture *fixture, int64_t delay_ns)
{
    const struct os_loop_ops *ops = fixture->loop->ops;
    ck_assert_int_eq(ops->timer_start(fixture->guard, delay_ns), 0);
    ck_assert_int_eq(ops->run(fixture->loop), 0);
    fixture->expired = false;
}

/** A path in the fixture's folder; valid until the next call with the same buffer. */
static inline const char *fixture_path(const struct os_fixture *fixture, char *buffer, size_t size,
                                       const char *name)
{
    int length = snprintf(buffer, size, "%s/%s", fixture->folder, name);
    ck_assert(length > 0 && length < (int)size);
    return buffer;
}

static inline int64_t fixture_clock_ns(clockid_t id)
{
    struct timespec now;
    ck_assert_int_eq(clock_gettime(id, &now), 0);
    return (int64_t)now.tv_sec * GN_NS_PER_S + now.tv_nsec;
}

/** `main` of a check program with one suite of one case. */
static inline int fixture_main(const char *name, TCase *tests)
{
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
