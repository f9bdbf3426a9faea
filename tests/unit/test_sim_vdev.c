/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of devices: who may open what, readiness, and devices that come and go. */
#include "vdev_fixture.h"

#include <linux/pps.h>
#include <linux/rtc.h>
#include <sim/vdev_reference.h>
#include <sys/ioctl.h>

#define TTY "/dev/ttyS1"
#define RTC "/dev/rtc0"
#define PPS "/dev/pps0"
#define REFERENCE "/dev/reference"

static size_t hello(const void *arg, const struct vdev_moment *moment, char *text, size_t size)
{
    (void)arg, (void)moment;
    if (size < 6)
        return 0;
    memcpy(text, "hello\n", 6);
    return 6;
}

static struct vdev_receiver_config says_hello(void)
{
    struct vdev_receiver_config config = {.bursts = {{.text = hello}}, .burst_count = 1};
    vdev_traits_init(config.traits);
    return config;
}

static void add_all(struct bench *bench, const struct vdev_place *place)
{
    struct vdev_tty_config tty = {.place = *place, .receiver = says_hello()};
    struct vdev_rtc_config rtc = {.place = *place};
    struct vdev_pps_config pps = {.place = *place};
    struct vdev_reference_config reference = {.place = *place};
    tty.place.path = TTY;
    rtc.place.path = RTC;
    pps.place.path = PPS;
    reference.place.path = REFERENCE;
    ck_assert_int_eq(vdev_add_tty(bench->devices, &tty), 0);
    ck_assert_int_eq(vdev_add_rtc(bench->devices, &rtc), 0);
    ck_assert_int_eq(vdev_add_pps(bench->devices, &pps), 0);
    ck_assert_int_eq(vdev_add_reference(bench->devices, &reference), 0);
}

static const char *const paths[] = {TTY, RTC, PPS, REFERENCE};

static void begin(struct bench *bench, const struct vdev_place *place)
{
    bench_open(bench, 1, &(struct vclock_config){0});
    add_all(bench, place);
}

static int open_path(struct bench *bench, const char *path, struct os_device **device)
{
    return bench->ops->open(bench->devices, path, O_RDONLY, NULL, NULL, device);
}

START_TEST(open_tells_what_is_not_possible)
{
    static const struct {
        struct vdev_place place;
        int error;
    } cases[] = {
        {{.absent = true}, -ENOENT}, {{.denied = true}, -EACCES}, {{.busy = true}, -EBUSY}};
    struct bench bench;
    struct os_device *device;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(&bench, &cases[i].place);
        for (size_t k = 0; k < 4; k++)
            ck_assert_int_eq(open_path(&bench, paths[k], &device), cases[i].error);
        ck_assert_int_eq(open_path(&bench, "/dev/other", &device), -ENOENT);
        bench_close(&bench);
    }
}
END_TEST

START_TEST(a_path_is_there_once)
{
    struct bench bench;
    begin(&bench, &(struct vdev_place){0});
    ck_assert_int_eq(vdev_add_pps(bench.devices, &(struct vdev_pps_config){.place = {.path = TTY}}),
                     -EEXIST);
    struct vdev_tty_config tty = {.place = {.path = TTY}, .receiver = says_hello()};
    tty.receiver.bursts[0].arg = malloc(1);
    ck_assert_int_eq(vdev_add_tty(bench.devices, &tty), -EEXIST);
    bench_close(&bench);
}
END_TEST

START_TEST(only_a_hardware_clock_is_exclusive)
{
    struct bench bench;
    struct os_device *first, *second;
    begin(&bench, &(struct vdev_place){0});
    for (size_t k = 0; k < 4; k++) {
        bool exclusive = strcmp(paths[k], RTC) == 0;
        ck_assert_int_eq(open_path(&bench, paths[k], &first), 0);
        ck_assert_int_eq(open_path(&bench, paths[k], &second), exclusive ? -EBUSY : 0);
        bench.ops->close(first);
        if (exclusive)
            ck_assert_int_eq(open_path(&bench, paths[k], &second), 0);
        bench.ops->close(second);
    }
    bench.ops->close(NULL);
    bench_close(&bench);
}
END_TEST

START_TEST(a_line_may_be_made_exclusive)
{
    struct bench bench;
    struct os_device *first, *second;
    begin(&bench, &(struct vdev_place){0});
    ck_assert_int_eq(open_path(&bench, TTY, &first), 0);
    ck_assert_int_eq(bench.ops->ioctl(first, TIOCEXCL, NULL), 0);
    ck_assert_int_eq(open_path(&bench, TTY, &second), -EBUSY);
    ck_assert_int_eq(bench.ops->ioctl(first, TIOCNXCL, NULL), 0);
    ck_assert_int_eq(open_path(&bench, TTY, &second), 0);
    bench.ops->close(second);
    ck_assert_int_eq(bench.ops->ioctl(first, TIOCEXCL, NULL), 0);
    bench.ops->close(first); /* the last one takes it with it */
    ck_assert_int_eq(open_path(&bench, TTY, &first), 0);
    bench_close(&bench);
}
END_TEST

START_TEST(what_a_kind_or_a_handle_cannot_do_is_refused)
{
    struct bench bench;
    struct os_device *device;
    char data[64];
    begin(&bench, &(struct vdev_place){0});
    for (size_t k = 0; k < 4; k++) {
        ck_assert_int_eq(open_path(&bench, paths[k], &device), 0);
        ck_assert_int_eq(bench.ops->write(device, "x", 1), -EBADF);
        ck_assert_int_eq(bench.ops->ioctl(device, 0x7fffffff, data), -ENOTTY);
        ck_assert_int_eq(bench.ops->read(device, data, 0),
                         strcmp(paths[k], PPS) == 0 ? -EINVAL : 0);
        bench.ops->close(device);
        ck_assert_int_eq(bench.ops->open(bench.devices, paths[k], O_WRONLY, NULL, NULL, &device),
                         0);
        ck_assert_int_eq(bench.ops->read(device, data, sizeof data), -EBADF);
        ck_assert_int_eq(bench.ops->write(device, "abc", 3), k == 0 ? 3 : -EINVAL);
        bench.ops->close(device);
    }
    ck_assert_uint_eq(vdev_written(bench.devices, TTY), 3);
    ck_assert_uint_eq(vdev_written(bench.devices, RTC), 0);
    ck_assert_uint_eq(vdev_written(bench.devices, "/dev/other"), 0);
    bench_close(&bench);
}
END_TEST

/* ---------------------------------------------------------------- readiness */

START_TEST(who_leaves_something_unread_is_called_again)
{
    struct bench bench;
    begin(&bench, &(struct vdev_place){0});
    bench.deaf = true;
    ck_assert_int_eq(bench_listen(&bench, TTY), 0);
    bench_until(&bench, 1500 * MS);
    ck_assert_uint_gt(bench.calls, 1000);
    ck_assert_uint_eq(bench.turns, bench.calls);
    bench.deaf = false;
    bench_until(&bench, 1600 * MS);
    unsigned calls = bench.calls;
    ck_assert_uint_eq(bench.size, 6);
    ck_assert_mem_eq(bench.text, "hello\n", 6);
    bench_until(&bench, 1990 * MS);
    ck_assert_uint_eq(bench.calls, calls);
    vdev_sleep(bench.devices, gn_utc_add(world_now(bench.world), 3 * GN_NS_PER_S));
    bench_until(&bench, 5900 * MS);
    ck_assert_uint_eq(bench.size, 12); /* nothing of what came while it slept */
    bench_close(&bench);
}
END_TEST

START_TEST(a_callback_may_close_its_device)
{
    struct bench bench;
    begin(&bench, &(struct vdev_place){0});
    bench.close = bench.deaf = true;
    ck_assert_int_eq(bench_listen(&bench, TTY), 0);
    bench_until(&bench, 3000 * MS);
    ck_assert_uint_eq(bench.calls, 1);
    ck_assert_uint_eq(bench.turns, 1);
    bench_close(&bench);
}
END_TEST

START_TEST(who_opens_without_readable_is_not_called)
{
    struct bench bench;
    char text[16];
    begin(&bench, &(struct vdev_place){0});
    ck_assert_int_eq(bench.ops->open(bench.devices, TTY, O_RDONLY, NULL, NULL, &bench.device), 0);
    ck_assert_int_eq(bench.ops->read(bench.device, text, sizeof text), -EAGAIN);
    bench_until(&bench, 1500 * MS);
    ck_assert_uint_eq(bench.turns, 0);
    ck_assert_int_eq(bench.ops->read(bench.device, text, sizeof text), 6);
    bench_close(&bench);
}
END_TEST

/* ---------------------------------------------------------------- hot plug */

START_TEST(a_device_that_is_taken_away_is_told_once)
{
    struct bench bench;
    struct os_device *other;
    for (size_t k = 0; k < 4; k++) {
        int error = strcmp(paths[k], TTY) == 0 ? -EIO : -ENODEV;
        begin(&bench, &(struct vdev_place){0});
        ck_assert_int_eq(bench_listen(&bench, paths[k]), 0);
        ck_assert_int_eq(vdev_plug(bench.devices, paths[k], false), 0);
        ck_assert_uint_eq(bench.calls, 0); /* not from within a call */
        bench_until(&bench, 5000 * MS);
        ck_assert_uint_eq(bench.calls, 1);
        ck_assert_int_eq(bench.called_ns, 0);
        ck_assert_int_eq(bench.last, error);
        ck_assert_int_eq(bench.ops->write(bench.device, "x", 1), error);
        ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_OFF, NULL), error);
        ck_assert_int_eq(open_path(&bench, paths[k], &other), -ENOENT);
        bench_close(&bench);
    }
}
END_TEST

START_TEST(a_usb_line_ends_like_a_file)
{
    struct bench bench;
    struct vdev_tty_config config = {
        .place = {.path = TTY}, .receiver = says_hello(), .hangup = true};
    bench_open(&bench, 1, &(struct vclock_config){0});
    vdev_add_tty(bench.devices, &config);
    ck_assert_int_eq(bench_listen(&bench, TTY), 0);
    bench.last = 1;
    vdev_plug(bench.devices, TTY, false);
    bench_until(&bench, 100 * MS);
    ck_assert_int_eq(bench.last, 0);
    ck_assert_int_eq(bench.ops->write(bench.device, "x", 1), -EIO);
    bench_close(&bench);
}
END_TEST

START_TEST(put_back_it_is_another_device)
{
    struct bench bench;
    struct os_device *dead;
    for (size_t k = 0; k < 4; k++) {
        begin(&bench, &(struct vdev_place){.absent = true});
        ck_assert_int_eq(vdev_plug(bench.devices, "/dev/other", true), -ENOENT);
        ck_assert_int_eq(vdev_plug(bench.devices, paths[k], true), 0);
        ck_assert_int_eq(vdev_plug(bench.devices, paths[k], true), 0); /* it is there already */
        ck_assert_int_eq(open_path(&bench, paths[k], &dead), 0);
        vdev_plug(bench.devices, paths[k], false);
        vdev_plug(bench.devices, paths[k], true);
        bench.deaf = strcmp(paths[k], PPS) == 0;
        ck_assert_int_eq(bench_listen(&bench, paths[k]), 0); /* a dead handle is no hindrance */
        if (strcmp(paths[k], RTC) == 0)
            ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_ON, NULL), 0);
        bench_until(&bench, 1900 * MS);
        ck_assert_uint_ge(bench.calls, 1);
        ck_assert_int_lt(bench.ops->ioctl(dead, RTC_UIE_OFF, NULL), 0);
        bench.ops->close(dead);
        bench.ops->close(bench.device);
        bench_close(&bench);
    }
}
END_TEST

START_TEST(a_sleeping_machine_hears_nothing)
{
    struct bench bench;
    struct os_device *pps, *rtc, *reference;
    struct pps_fdata data = {0};
    struct vdev_reference_record records[4];
    unsigned word = 0;
    begin(&bench, &(struct vdev_place){0});
    ck_assert_int_eq(bench_listen(&bench, TTY), 0);
    ck_assert_int_eq(open_path(&bench, PPS, &pps), 0);
    ck_assert_int_eq(open_path(&bench, REFERENCE, &reference), 0);
    ck_assert_int_eq(open_path(&bench, RTC, &rtc), 0);
    ck_assert_int_eq(bench.ops->ioctl(rtc, RTC_UIE_ON, NULL), 0);
    bench_until(&bench, 500 * MS);
    vdev_sleep(bench.devices, gn_utc_add(world_now(bench.world), 3 * GN_NS_PER_S));
    bench_until(&bench, 3200 * MS);
    vdev_plug(bench.devices, TTY, false);
    bench_until(&bench, 3400 * MS);
    ck_assert_uint_eq(bench.calls, 0);
    bench_until(&bench, 4900 * MS);
    ck_assert_uint_eq(bench.calls, 1); /* when it wakes it learns what has become of the line */
    ck_assert_int_eq(bench.called_ns, 3500 * MS);
    ck_assert_int_eq(bench.ops->ioctl(pps, PPS_FETCH, &data), 0);
    ck_assert_uint_eq(data.info.assert_sequence, 1);
    ck_assert_int_eq(bench.ops->read(rtc, &word, sizeof word), sizeof word);
    ck_assert_uint_eq(word >> 8, 1);
    ck_assert_int_eq(bench.ops->read(reference, records, sizeof records), sizeof records[0]);
    bench_close(&bench);
}
END_TEST

/* ---------------------------------------------------------------- measured references */

START_TEST(a_reference_measures_the_clock)
{
    struct bench bench;
    const char *records = bench.text;
    struct vdev_reference_record record;
    struct vdev_reference_config config = {.place = {.path = REFERENCE}, .interval_s = 0.25};
    bench_open(&bench, 1, &(struct vclock_config){.offset_s = 0.05, .frequency = 1e-5});
    vdev_add_reference(bench.devices, &config);
    ck_assert_int_eq(bench_listen(&bench, REFERENCE), 0);
    ck_assert_int_eq(bench.ops->read(bench.device, bench.text, sizeof record - 1), -EINVAL);
    ck_assert_int_eq(bench.ops->read(bench.device, bench.text, sizeof record), -EAGAIN);
    bench_until(&bench, 1000 * MS);
    ck_assert_uint_eq(bench.size, 4 * sizeof record);
    memcpy(&record, records + 3 * sizeof record, sizeof record);
    ck_assert_double_eq_tol(record.offset_s, 0.05 + 1e-5, 1.5e-9);
    ck_assert_int_eq(record.system_ns, vclock_system(bench.clock).ns);
    vdev_antenna(bench.devices, false);
    bench_until(&bench, 2000 * MS);
    ck_assert_uint_eq(bench.size, 4 * sizeof record);
    vdev_antenna(bench.devices, true);
    bench.deaf = true;
    bench.calls = 0;
    bench_until(&bench, 2260 * MS);
    ck_assert_uint_gt(bench.calls, 500);
    bench_close(&bench);
}
END_TEST

/* Who does not read loses the oldest; the noise is that of its law. */
START_TEST(a_reference_has_the_noise_of_its_law)
{
    static struct vdev_reference_record records[100];
    struct bench bench;
    double sum = 0, squares = 0;
    int count = 0;
    bench_open(&bench, 5, &(struct vclock_config){0});
    struct vdev_reference_config config = {.place = {.path = REFERENCE},
                                           .noise = bench_law(&bench, "2us + 1us*normal")};
    vdev_add_reference(bench.devices, &config);
    ck_assert_int_eq(bench.ops->open(bench.devices, REFERENCE, O_RDONLY, NULL, NULL, &bench.device),
                     0);
    for (int i = 1; i <= 50; i++) {
        bench_until(&bench, 80 * i * GN_NS_PER_S);
        ck_assert_int_eq(bench.ops->read(bench.device, records, sizeof records),
                         64 * (ssize_t)sizeof records[0]);
        ck_assert_int_eq(records[63].system_ns, (START_S + 80 * i) * GN_NS_PER_S);
        for (int k = 0; k < 64; k++, count++) {
            sum += records[k].offset_s;
            squares += records[k].offset_s * records[k].offset_s;
        }
    }
    double mean = sum / count, deviation = sqrt(squares / count - mean * mean);
    ck_assert_double_eq_tol(mean, 2e-6, 4e-6 / sqrt(count));
    ck_assert_double_eq_tol(deviation, 1e-6, 4e-6 / sqrt(2 * count));
    bench_close(&bench);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("vdev");
    tcase_add_test(tests, open_tells_what_is_not_possible);
    tcase_add_test(tests, a_path_is_there_once);
    tcase_add_test(tests, only_a_hardware_clock_is_exclusive);
    tcase_add_test(tests, a_line_may_be_made_exclusive);
    tcase_add_test(tests, what_a_kind_or_a_handle_cannot_do_is_refused);
    tcase_add_test(tests, who_leaves_something_unread_is_called_again);
    tcase_add_test(tests, a_callback_may_close_its_device);
    tcase_add_test(tests, who_opens_without_readable_is_not_called);
    tcase_add_test(tests, a_device_that_is_taken_away_is_told_once);
    tcase_add_test(tests, a_usb_line_ends_like_a_file);
    tcase_add_test(tests, put_back_it_is_another_device);
    tcase_add_test(tests, a_sleeping_machine_hears_nothing);
    tcase_add_test(tests, a_reference_measures_the_clock);
    tcase_add_test(tests, a_reference_has_the_noise_of_its_law);
    return vdev_main("sim_vdev", tests);
}
