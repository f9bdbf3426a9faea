/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_VDEV_FIXTURE_H
#define TESTS_VDEV_FIXTURE_H

/** A node's /dev on a clock of its own, and somebody who listens to one device. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sim/vclock.h>
#include <sim/vdev.h>
#include <sim/vloop.h>
#include <stdlib.h>
#include <string.h>

#define START_S INT64_C(1767225600)
#define MS INT64_C(1000000)

struct bench {
    struct world *world;
    struct os_clock *clock;
    struct os_loop *loop;
    struct os_devices *devices;
    const struct os_device_ops *ops;
    struct os_device *device; /* that is listened to */
    unsigned calls, turns;    /* of readable; ends of turns */
    bool close, deaf;         /* in readable: close it; do not read it */
    int64_t called_ns;        /* when, last: true time since the start */
    ssize_t last;             /* result of the last read */
    char text[8192];          /* all that was read */
    size_t size;
    struct law *laws[8];
    size_t law_count;
};

static void bench_turn(void *arg)
{
    ((struct bench *)arg)->turns++;
}

static void bench_open(struct bench *bench, uint64_t seed, const struct vclock_config *clock)
{
    *bench = (struct bench){.world = world_create(seed, (gn_utc){START_S * GN_NS_PER_S})};
    bench->clock = vclock_create(bench->world, "a", clock);
    bench->loop = vloop_create(bench->world, bench->clock);
    bench->devices = vdev_create(bench->world, "a", bench->loop, bench->clock);
    bench->ops = bench->devices->ops;
    bench->loop->ops->turn_end(bench->loop, bench_turn, bench);
}

static void bench_close(struct bench *bench)
{
    vdev_destroy(bench->devices);
    vloop_destroy(bench->loop);
    bench->clock->ops->destroy(bench->clock);
    world_destroy(bench->world);
    for (size_t i = 0; i < bench->law_count; i++)
        law_destroy(bench->laws[i]);
}

static int64_t bench_now_ns(const struct bench *bench)
{
    return gn_utc_sub(world_now(bench->world), world_start(bench->world));
}

/** Let time pass until so long after the start. */
static void bench_until(struct bench *bench, int64_t ns)
{
    world_run(bench->world, gn_utc_add(world_start(bench->world), ns));
}

static inline const struct law *bench_law(struct bench *bench, const char *text)
{
    char why[200];
    struct law *law = law_parse(text, why, sizeof why);
    ck_assert_msg(law != NULL, "%s", why);
    bench->laws[bench->law_count++] = law;
    return law;
}

static void bench_readable(void *arg)
{
    struct bench *bench = arg;
    bench->calls++;
    bench->called_ns = bench_now_ns(bench);
    if (!bench->deaf) {
        bench->last = bench->ops->read(bench->device, bench->text + bench->size,
                                       sizeof bench->text - bench->size);
        bench->size += bench->last > 0 ? (size_t)bench->last : 0;
    }
    if (bench->close) {
        bench->ops->close(bench->device);
        bench->device = NULL;
    }
}

static inline int bench_listen(struct bench *bench, const char *path)
{
    return bench->ops->open(bench->devices, path, O_RDWR, bench_readable, bench, &bench->device);
}

static inline int bench_ioctl(struct bench *bench, unsigned long request, void *data)
{
    return bench->ops->ioctl(bench->device, request, data);
}

static inline int vdev_main(const char *name, TCase *tests)
{
    Suite *suite = suite_create(name);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
