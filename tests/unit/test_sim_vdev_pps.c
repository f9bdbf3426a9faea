/* SPDX-License-Identifier: Apache-2.0 */
/* Pulses: linux/pps.h, and when they come. */
#include "vdev_fixture.h"

#include <linux/pps.h>

#define PPS "/dev/pps0"

static void begin(struct bench *bench, const struct vclock_config *clock,
                  struct vdev_pps_config config)
{
    bench_open(bench, 3, clock);
    config.place.path = PPS;
    ck_assert_int_eq(vdev_add_pps(bench->devices, &config), 0);
    ck_assert_int_eq(bench->ops->open(bench->devices, PPS, O_RDWR, NULL, NULL, &bench->device), 0);
}

static struct pps_kinfo fetch(struct bench *bench)
{
    struct pps_fdata data = {0};
    ck_assert_int_eq(bench_ioctl(bench, PPS_FETCH, &data), 0);
    return data.info;
}

static int64_t stamp_ns(struct pps_ktime stamp)
{
    ck_assert(stamp.nsec >= 0 && stamp.nsec < GN_NS_PER_S);
    return stamp.sec * GN_NS_PER_S + stamp.nsec;
}

static int mode(struct bench *bench)
{
    struct pps_kparams params = {0};
    ck_assert_int_eq(bench_ioctl(bench, PPS_GETPARAMS, &params), 0);
    ck_assert_int_eq(params.api_version, PPS_API_VERS);
    return params.mode;
}

START_TEST(capabilities_are_those_of_the_edges)
{
    struct bench bench;
    int can = 0;
    begin(&bench, &(struct vclock_config){0}, (struct vdev_pps_config){.width_s = 0.1});
    ck_assert_int_eq(bench_ioctl(&bench, PPS_GETCAP, &can), 0);
    ck_assert_int_eq(can, PPS_CAPTUREBOTH | PPS_OFFSETASSERT | PPS_OFFSETCLEAR | PPS_CANWAIT |
                              PPS_TSFMT_TSPEC);
    ck_assert_int_eq(mode(&bench) & PPS_CAPTUREBOTH, PPS_CAPTUREBOTH);
    bench_close(&bench);
    begin(&bench, &(struct vclock_config){0}, (struct vdev_pps_config){0});
    ck_assert_int_eq(bench_ioctl(&bench, PPS_GETCAP, &can), 0);
    ck_assert_int_eq(can & (PPS_CAPTUREBOTH | PPS_OFFSETCLEAR), PPS_CAPTUREASSERT);
    bench_close(&bench);
}
END_TEST

START_TEST(parameters_are_set_as_in_the_kernel)
{
    struct bench bench;
    struct pps_kparams params = {.api_version = 7, .mode = PPS_CAPTUREASSERT};
    begin(&bench, &(struct vclock_config){0}, (struct vdev_pps_config){0});
    params.assert_off_tu.flags = 1;
    ck_assert_int_eq(bench_ioctl(&bench, PPS_SETPARAMS, &params), 0);
    ck_assert_int_eq(mode(&bench), PPS_CAPTUREASSERT | PPS_CANWAIT | PPS_TSFMT_TSPEC);
    ck_assert_int_eq(bench_ioctl(&bench, PPS_GETPARAMS, &params), 0);
    ck_assert_uint_eq(params.assert_off_tu.flags, 0);
    params.mode = PPS_OFFSETASSERT;
    ck_assert_int_eq(bench_ioctl(&bench, PPS_SETPARAMS, &params), -EINVAL);
    params.mode = PPS_CAPTUREBOTH; /* it has no clear edge */
    ck_assert_int_eq(bench_ioctl(&bench, PPS_SETPARAMS, &params), -EINVAL);
    ck_assert_int_eq(bench_ioctl(&bench, PPS_SETPARAMS, NULL), -EFAULT);
    ck_assert_int_eq(bench_ioctl(&bench, PPS_GETPARAMS, NULL), -EFAULT);
    ck_assert_int_eq(bench_ioctl(&bench, PPS_GETCAP, NULL), -EFAULT);
    ck_assert_int_eq(bench_ioctl(&bench, PPS_FETCH, NULL), -EFAULT);
    ck_assert_int_eq(bench_ioctl(&bench, PPS_KC_BIND, &params), -EOPNOTSUPP);
    bench_close(&bench);
    begin(&bench, &(struct vclock_config){0},
          (struct vdev_pps_config){.place = {.unprivileged = true}});
    params.mode = PPS_CAPTUREASSERT;
    ck_assert_int_eq(bench_ioctl(&bench, PPS_SETPARAMS, &params), -EPERM);
    ck_assert_int_eq(bench_ioctl(&bench, PPS_KC_BIND, &params), -EPERM);
    ck_assert_int_ge(mode(&bench), 0);
    bench_close(&bench);
}
END_TEST

START_TEST(a_fetch_gives_the_last_pulse_and_never_waits)
{
    struct bench bench;
    begin(&bench, &(struct vclock_config){.offset_s = 0.05},
          (struct vdev_pps_config){.width_s = 0.2, .delay_s = 1e-4});
    struct pps_kinfo info = fetch(&bench);
    ck_assert_uint_eq(info.assert_sequence, 0);
    bench_until(&bench, 3100 * MS);
    info = fetch(&bench);
    ck_assert_uint_eq(info.assert_sequence, 3);
    ck_assert_uint_eq(info.clear_sequence, 2);
    ck_assert_int_eq(stamp_ns(info.assert_tu), (START_S + 3) * GN_NS_PER_S - 50 * MS + MS / 10);
    ck_assert_int_eq(stamp_ns(info.clear_tu), (START_S + 2) * GN_NS_PER_S + 150 * MS + MS / 10);
    ck_assert_int_eq(info.current_mode & PPS_CAPTUREBOTH, PPS_CAPTUREBOTH);
    ck_assert_uint_eq(fetch(&bench).assert_sequence, 3); /* old ones are given too */
    struct pps_fdata data = {.timeout = {.sec = 1}};
    ck_assert_int_eq(bench_ioctl(&bench, PPS_FETCH, &data), -ETIMEDOUT);
    data.timeout.flags = PPS_TIME_INVALID;
    ck_assert_int_eq(bench_ioctl(&bench, PPS_FETCH, &data), -EINTR);
    bench_close(&bench);
}
END_TEST

START_TEST(what_is_not_captured_is_not_counted)
{
    struct bench bench;
    struct pps_kparams params = {.mode = PPS_CAPTURECLEAR | PPS_OFFSETCLEAR,
                                 .clear_off_tu = {.sec = -1, .nsec = -200000000}};
    begin(&bench, &(struct vclock_config){0}, (struct vdev_pps_config){.width_s = 0.1});
    ck_assert_int_eq(bench_ioctl(&bench, PPS_SETPARAMS, &params), 0);
    bench_until(&bench, 1500 * MS);
    struct pps_kinfo info = fetch(&bench);
    ck_assert_uint_eq(info.assert_sequence, 0);
    ck_assert_uint_eq(info.clear_sequence, 1);
    ck_assert_int_eq(stamp_ns(info.clear_tu), START_S * GN_NS_PER_S - 100 * MS);
    params.clear_off_tu = (struct pps_ktime){.sec = 1, .nsec = 950000000};
    ck_assert_int_eq(bench_ioctl(&bench, PPS_SETPARAMS, &params), 0);
    bench_until(&bench, 2500 * MS);
    ck_assert_int_eq(stamp_ns(fetch(&bench).clear_tu), (START_S + 4) * GN_NS_PER_S + 50 * MS);
    bench_close(&bench);
}
END_TEST

START_TEST(inverted_the_clear_edge_marks_the_second)
{
    struct bench bench;
    begin(&bench, &(struct vclock_config){0},
          (struct vdev_pps_config){.width_s = 0.1, .inverted = true});
    bench_until(&bench, 1500 * MS);
    struct pps_kinfo info = fetch(&bench);
    ck_assert_int_eq(stamp_ns(info.clear_tu), (START_S + 1) * GN_NS_PER_S);
    ck_assert_int_eq(stamp_ns(info.assert_tu), (START_S + 1) * GN_NS_PER_S + 100 * MS);
    bench_close(&bench);
}
END_TEST

/* ---------------------------------------------------------------- readiness */

static void on_pulse(void *arg)
{
    struct bench *bench = arg;
    bench->calls++;
    bench->called_ns = bench_now_ns(bench);
    if (!bench->deaf)
        fetch(bench);
}

START_TEST(it_is_readable_until_it_is_fetched)
{
    struct bench bench;
    bench_open(&bench, 1, &(struct vclock_config){0});
    vdev_add_pps(bench.devices, &(struct vdev_pps_config){.place = {.path = PPS}});
    ck_assert_int_eq(bench.ops->open(bench.devices, PPS, O_RDWR, on_pulse, &bench, &bench.device),
                     0);
    bench_until(&bench, 900 * MS);
    ck_assert_uint_eq(bench.calls, 0);
    bench_until(&bench, 10500 * MS);
    ck_assert_uint_eq(bench.calls, 10);
    ck_assert_int_eq(bench.called_ns, 10000 * MS);
    bench.deaf = true;
    bench_until(&bench, 11500 * MS);
    ck_assert_uint_gt(bench.calls, 1000);
    bench_close(&bench);
}
END_TEST

START_TEST(an_old_kernel_calls_it_readable_always)
{
    struct bench bench;
    bench_open(&bench, 1, &(struct vclock_config){0});
    vdev_add_pps(bench.devices,
                 &(struct vdev_pps_config){.place = {.path = PPS}, .always_readable = true});
    ck_assert_int_eq(bench.ops->open(bench.devices, PPS, O_RDWR, on_pulse, &bench, &bench.device),
                     0);
    bench_until(&bench, 100 * MS);
    ck_assert_uint_gt(bench.calls, 1000);
    bench_close(&bench);
}
END_TEST

/* ---------------------------------------------------------------- laws and antenna */

START_TEST(jitter_is_that_of_its_law)
{
    enum { PULSES = 20000 };
    struct bench bench;
    double sum = 0, squares = 0, neighbours = 0, last = 0;
    bench_open(&bench, 11, &(struct vclock_config){0});
    struct vdev_pps_config config = {.place = {.path = PPS},
                                     .delay_s = 5e-6,
                                     .jitter = bench_law(&bench, "1us*normal"),
                                     .width_s = 0.1};
    vdev_add_pps(bench.devices, &config);
    bench.ops->open(bench.devices, PPS, O_RDWR, NULL, NULL, &bench.device);
    for (int i = 1; i <= PULSES; i++) {
        bench_until(&bench, i * GN_NS_PER_S + 500 * MS);
        struct pps_kinfo info = fetch(&bench);
        ck_assert_uint_eq(info.assert_sequence, (unsigned)i);
        double late_s = gn_seconds(stamp_ns(info.assert_tu) - (START_S + i) * GN_NS_PER_S) - 5e-6;
        sum += late_s;
        squares += late_s * late_s;
        neighbours += late_s * last;
        last = late_s;
    }
    double variance = squares / PULSES;
    ck_assert_double_eq_tol(sum / PULSES, 0, 4e-6 / sqrt(PULSES));
    ck_assert_double_eq_tol(sqrt(variance), 1e-6, 4e-6 / sqrt(2.0 * PULSES));
    ck_assert_double_eq_tol(neighbours / PULSES / variance, 0, 4 / sqrt(PULSES));
    bench_close(&bench);
}
END_TEST

START_TEST(without_antenna_the_pulses_stop)
{
    struct bench bench;
    begin(&bench, &(struct vclock_config){0}, (struct vdev_pps_config){.width_s = 0.1});
    bench_until(&bench, 2050 * MS);
    vdev_antenna(bench.devices, false);
    bench_until(&bench, 10500 * MS);
    struct pps_kinfo info = fetch(&bench);
    ck_assert_uint_eq(info.assert_sequence, 2);
    ck_assert_uint_eq(info.clear_sequence, 2); /* a pulse that has begun ends */
    vdev_antenna(bench.devices, true);
    bench_until(&bench, 11500 * MS);
    info = fetch(&bench);
    ck_assert_uint_eq(info.assert_sequence, 3);
    ck_assert_int_eq(stamp_ns(info.assert_tu), (START_S + 11) * GN_NS_PER_S);
    bench_close(&bench);
}
END_TEST

START_TEST(or_they_run_on_with_an_error)
{
    struct bench bench;
    begin(&bench, &(struct vclock_config){0},
          (struct vdev_pps_config){.free_running = true, .frequency = 1e-6});
    bench_until(&bench, 1500 * MS);
    vdev_antenna(bench.devices, false);
    bench_until(&bench, 102500 * MS);
    struct pps_kinfo info = fetch(&bench);
    ck_assert_uint_eq(info.assert_sequence, 102);
    /* The second pulse was on its way; slow by 1 ppm, each of the 100 others is 1 us later. */
    ck_assert_int_eq(stamp_ns(info.assert_tu), (START_S + 102) * GN_NS_PER_S + 100000);
    vdev_antenna(bench.devices, true);
    bench_until(&bench, 105500 * MS);
    ck_assert_int_eq(stamp_ns(fetch(&bench).assert_tu), (START_S + 105) * GN_NS_PER_S);
    bench_close(&bench);
}
END_TEST

START_TEST(put_back_it_counts_from_the_beginning)
{
    struct bench bench;
    begin(&bench, &(struct vclock_config){0}, (struct vdev_pps_config){0});
    bench_until(&bench, 5500 * MS);
    ck_assert_uint_eq(fetch(&bench).assert_sequence, 5);
    vdev_plug(bench.devices, PPS, false);
    bench_until(&bench, 7500 * MS);
    vdev_plug(bench.devices, PPS, true);
    bench.ops->close(bench.device);
    ck_assert_int_eq(bench.ops->open(bench.devices, PPS, O_RDWR, NULL, NULL, &bench.device), 0);
    ck_assert_uint_eq(fetch(&bench).assert_sequence, 0);
    bench_until(&bench, 8500 * MS);
    ck_assert_uint_eq(fetch(&bench).assert_sequence, 1);
    bench_close(&bench);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("pps");
    tcase_add_test(tests, capabilities_are_those_of_the_edges);
    tcase_add_test(tests, parameters_are_set_as_in_the_kernel);
    tcase_add_test(tests, a_fetch_gives_the_last_pulse_and_never_waits);
    tcase_add_test(tests, what_is_not_captured_is_not_counted);
    tcase_add_test(tests, inverted_the_clear_edge_marks_the_second);
    tcase_add_test(tests, it_is_readable_until_it_is_fetched);
    tcase_add_test(tests, an_old_kernel_calls_it_readable_always);
    tcase_add_test(tests, jitter_is_that_of_its_law);
    tcase_add_test(tests, without_antenna_the_pulses_stop);
    tcase_add_test(tests, or_they_run_on_with_an_error);
    tcase_add_test(tests, put_back_it_counts_from_the_beginning);
    return vdev_main("sim_vdev_pps", tests);
}
