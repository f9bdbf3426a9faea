/* SPDX-License-Identifier: Apache-2.0 */
/* Hardware clocks: linux/rtc.h, their oscillator and their edges. */
#include "vdev_fixture.h"

#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <time.h>

#define RTC "/dev/rtc0"

static void begin(struct bench *bench, struct vdev_rtc_config config)
{
    bench_open(bench, 7, &(struct vclock_config){.offset_s = 100, .frequency = 1e-4});
    config.place.path = RTC;
    ck_assert_int_eq(vdev_add_rtc(bench->devices, &config), 0);
    ck_assert_int_eq(bench_listen(bench, RTC), 0);
}

/* Seconds since 1970. */
static int64_t shown(struct bench *bench)
{
    struct rtc_time time;
    ck_assert_int_eq(bench_ioctl(bench, RTC_RD_TIME, &time), 0);
    struct tm tm = {.tm_sec = time.tm_sec,
                    .tm_min = time.tm_min,
                    .tm_hour = time.tm_hour,
                    .tm_mday = time.tm_mday,
                    .tm_mon = time.tm_mon,
                    .tm_year = time.tm_year};
    int64_t second = timegm(&tm);
    ck_assert_int_eq(tm.tm_wday, time.tm_wday);
    ck_assert_int_eq(tm.tm_yday, time.tm_yday);
    return second;
}

static int set(struct bench *bench, int64_t second)
{
    time_t seconds = (time_t)second;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    struct rtc_time time = {.tm_sec = tm.tm_sec,
                            .tm_min = tm.tm_min,
                            .tm_hour = tm.tm_hour,
                            .tm_mday = tm.tm_mday,
                            .tm_mon = tm.tm_mon,
                            .tm_year = tm.tm_year};
    return bench_ioctl(bench, RTC_SET_TIME, &time);
}

START_TEST(it_counts_whole_seconds_on_its_own_oscillator)
{
    struct bench bench;
    begin(&bench, (struct vdev_rtc_config){.offset_s = 2220.25, .frequency = 12e-6});
    ck_assert_int_eq(shown(&bench), START_S - 2221);
    bench_until(&bench, 260 * MS);
    ck_assert_int_eq(shown(&bench), START_S - 2220);
    bench_until(&bench, 100000 * GN_NS_PER_S); /* slow by 1.2 s meanwhile */
    ck_assert_int_eq(shown(&bench), START_S + 100000 - 2222);
    bench_close(&bench);
}
END_TEST

START_TEST(an_absurd_date_is_shown)
{
    struct bench bench;
    struct rtc_time time;
    begin(&bench, (struct vdev_rtc_config){.shows_s = 946684800});
    bench_until(&bench, 5500 * MS);
    ck_assert_int_eq(shown(&bench), 946684805);
    bench_close(&bench);
    begin(&bench, (struct vdev_rtc_config){.offset_s = (double)START_S + 10});
    ck_assert_int_eq(bench_ioctl(&bench, RTC_RD_TIME, &time), -EINVAL); /* before 1970 */
    bench_until(&bench, 15500 * MS);
    ck_assert_int_eq(shown(&bench), 5);
    bench_close(&bench);
}
END_TEST

/* ---------------------------------------------------------------- setting */

/* Milliseconds from now until it shows another second. */
static int64_t to_next_ms(struct bench *bench)
{
    int64_t second = shown(bench), from_ns = bench_now_ns(bench), ms = 0;
    while (shown(bench) == second)
        bench_until(bench, from_ns + ++ms * MS);
    ck_assert_int_eq(shown(bench), second + 1);
    return ms;
}

START_TEST(it_counts_from_the_instant_it_is_set)
{
    struct bench bench;
    begin(&bench, (struct vdev_rtc_config){.offset_s = 5});
    bench_until(&bench, 300 * MS);
    ck_assert_int_eq(set(&bench, START_S + 1000), 0);
    ck_assert_int_eq(shown(&bench), START_S + 1000);
    ck_assert_int_eq(to_next_ms(&bench), 1000);
    ck_assert_int_eq(to_next_ms(&bench), 1000);
    bench_close(&bench);
}
END_TEST

START_TEST(a_pc_steps_on_half_a_second_later)
{
    struct bench bench;
    begin(&bench, (struct vdev_rtc_config){.offset_s = 5, .half_second = true});
    bench_until(&bench, 300 * MS);
    ck_assert_int_eq(set(&bench, START_S + 1000), 0);
    ck_assert_int_eq(shown(&bench), START_S + 1000);
    ck_assert_int_eq(to_next_ms(&bench), 500);
    ck_assert_int_eq(to_next_ms(&bench), 1000);
    bench_close(&bench);
}
END_TEST

START_TEST(what_cannot_be_set_is_refused)
{
    static const struct rtc_time bad[] = {
        {.tm_year = 69, .tm_mday = 1},
        {.tm_year = 126, .tm_mday = 0},
        {.tm_year = 126, .tm_mon = 1, .tm_mday = 30},
        {.tm_year = 126, .tm_mon = 12, .tm_mday = 1},
        {.tm_year = 126, .tm_mon = -1, .tm_mday = 1},
        {.tm_year = 126, .tm_mday = 1, .tm_hour = 24},
        {.tm_year = 126, .tm_mday = 1, .tm_min = 60},
        {.tm_year = 126, .tm_mday = 1, .tm_sec = 60},
    };
    struct bench bench;
    begin(&bench, (struct vdev_rtc_config){0});
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rtc_time time = bad[i];
        ck_assert_int_eq(bench_ioctl(&bench, RTC_SET_TIME, &time), -EINVAL);
    }
    ck_assert_int_eq(bench_ioctl(&bench, RTC_SET_TIME, NULL), -EFAULT);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_RD_TIME, NULL), -EFAULT);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_VL_READ, NULL), -EFAULT);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_PIE_ON, NULL), -ENOTTY);
    ck_assert_int_eq(shown(&bench), START_S);
    bench_close(&bench);
    begin(&bench, (struct vdev_rtc_config){.place = {.unprivileged = true}});
    ck_assert_int_eq(set(&bench, START_S), -EACCES);
    bench_close(&bench);
}
END_TEST

START_TEST(a_battery_is_good_low_dead_or_unknown)
{
    struct bench bench;
    struct rtc_time time;
    unsigned voltage = 99;
    begin(&bench, (struct vdev_rtc_config){0});
    ck_assert_int_eq(bench_ioctl(&bench, RTC_VL_READ, &voltage), 0);
    ck_assert_uint_eq(voltage, 0);
    bench_close(&bench);
    begin(&bench, (struct vdev_rtc_config){.battery = VDEV_BATTERY_UNKNOWN});
    ck_assert_int_eq(bench_ioctl(&bench, RTC_VL_READ, &voltage), -ENOTTY);
    bench_close(&bench);
    begin(&bench, (struct vdev_rtc_config){.battery = VDEV_BATTERY_LOW});
    ck_assert_int_eq(bench_ioctl(&bench, RTC_VL_READ, &voltage), 0);
    ck_assert_uint_eq(voltage, RTC_VL_BACKUP_LOW);
    ck_assert_int_eq(shown(&bench), START_S);
    bench_close(&bench);
    begin(&bench, (struct vdev_rtc_config){.battery = VDEV_BATTERY_DEAD});
    ck_assert_int_eq(bench_ioctl(&bench, RTC_VL_READ, &voltage), 0);
    ck_assert_uint_eq(voltage, RTC_VL_BACKUP_LOW | RTC_VL_DATA_INVALID);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_RD_TIME, &time), -EINVAL);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_ON, NULL), -EINVAL);
    ck_assert_int_eq(set(&bench, START_S), 0);
    ck_assert_int_eq(shown(&bench), START_S);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_VL_READ, &voltage), 0);
    ck_assert_uint_eq(voltage, RTC_VL_BACKUP_LOW);
    bench_close(&bench);
}
END_TEST

/* ---------------------------------------------------------------- interrupts */

START_TEST(every_edge_gives_an_interrupt)
{
    struct bench bench;
    unsigned long word;
    begin(&bench, (struct vdev_rtc_config){.offset_s = 0.25, .frequency = 12e-6});
    ck_assert_int_eq(bench.ops->read(bench.device, &word, sizeof word), -EAGAIN);
    ck_assert_int_eq(bench.ops->read(bench.device, &word, 5), -EINVAL);
    bench_until(&bench, 10 * GN_NS_PER_S);
    ck_assert_uint_eq(bench.calls, 0);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_ON, NULL), 0);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_ON, NULL), 0);
    bench_until(&bench, 20 * GN_NS_PER_S);
    ck_assert_uint_eq(bench.calls, 10);
    ck_assert_int_eq(bench.last, sizeof word);
    memcpy(&word, bench.text + bench.size - sizeof word, sizeof word);
    ck_assert_uint_eq(word, 0x100 | RTC_IRQF | RTC_UF);
    /* The edge that shows START + 19: 19.25 s of its own, 12 ppm slow. */
    ck_assert_int_le(llabs(bench.called_ns - (int64_t)(19.25e9 / (1 - 12e-6))), 3);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_OFF, NULL), 0);
    bench_until(&bench, 30 * GN_NS_PER_S);
    ck_assert_uint_eq(bench.calls, 10);
    bench_close(&bench);
}
END_TEST

START_TEST(unread_interrupts_are_counted)
{
    struct bench bench;
    unsigned word = 0;
    bench_open(&bench, 1, &(struct vclock_config){0});
    vdev_add_rtc(bench.devices, &(struct vdev_rtc_config){.place = {.path = RTC}});
    bench.ops->open(bench.devices, RTC, O_RDONLY, NULL, NULL, &bench.device);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_ON, NULL), 0);
    bench_until(&bench, 5500 * MS);
    ck_assert_int_eq(bench.ops->read(bench.device, &word, sizeof word), sizeof word);
    ck_assert_uint_eq(word, 0x500 | RTC_IRQF | RTC_UF);
    ck_assert_int_eq(bench.ops->read(bench.device, &word, sizeof word), -EAGAIN);
    bench.ops->close(bench.device); /* ends them */
    bench.ops->open(bench.devices, RTC, O_RDONLY, NULL, NULL, &bench.device);
    bench_until(&bench, 9500 * MS);
    ck_assert_int_eq(bench.ops->read(bench.device, &word, sizeof word), -EAGAIN);
    bench_close(&bench);
}
END_TEST

START_TEST(set_while_interrupts_are_on_its_edges_move)
{
    struct bench bench;
    begin(&bench, (struct vdev_rtc_config){.half_second = true});
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_ON, NULL), 0);
    bench_until(&bench, 1300 * MS);
    ck_assert_int_eq(bench.called_ns, 1000 * MS);
    ck_assert_int_eq(set(&bench, START_S + 50), 0);
    bench_until(&bench, 2000 * MS);
    ck_assert_uint_eq(bench.calls, 2);
    ck_assert_int_eq(bench.called_ns, 1800 * MS);
    ck_assert_int_eq(set(&bench, START_S - 5000), 0);
    bench_until(&bench, 3000 * MS);
    ck_assert_uint_eq(bench.calls, 3);
    ck_assert_int_eq(bench.called_ns, 2500 * MS);
    bench_close(&bench);
}
END_TEST

START_TEST(a_chip_may_have_no_update_interrupt)
{
    struct bench bench;
    begin(&bench, (struct vdev_rtc_config){.uie_error = -EINVAL});
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_ON, NULL), -EINVAL);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_OFF, NULL), 0);
    bench_close(&bench);
    begin(&bench, (struct vdev_rtc_config){.uie_error = -ENOTTY});
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_ON, NULL), -ENOTTY);
    bench_close(&bench);
}
END_TEST

START_TEST(interrupts_are_late_by_their_law)
{
    struct bench bench;
    double sum = 0;
    bench_open(&bench, 1, &(struct vclock_config){0});
    struct vdev_rtc_config config = {.place = {.path = RTC},
                                     .late = bench_law(&bench, "1ms + 0.1ms*exp")};
    vdev_add_rtc(bench.devices, &config);
    ck_assert_int_eq(bench_listen(&bench, RTC), 0);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_ON, NULL), 0);
    for (int i = 1; i <= 1000; i++) {
        bench.size = 0;
        bench_until(&bench, i * GN_NS_PER_S + 500 * MS);
        ck_assert_uint_eq(bench.calls, (unsigned)i);
        sum += gn_seconds(bench.called_ns - i * GN_NS_PER_S);
    }
    ck_assert_double_eq_tol(sum / 1000, 1.1e-3, 4 * 0.1e-3 / sqrt(1000));
    bench_close(&bench);
}
END_TEST

static void expect_next(void *arg)
{
    struct bench *bench = arg;
    unsigned long word;
    bench->calls++;
    bench->called_ns = bench_now_ns(bench);
    ck_assert_int_eq(bench->ops->read(bench->device, &word, sizeof word), sizeof word);
    ck_assert_int_eq(shown(bench), START_S + bench->calls);
}

/* The walk of the oscillator is its own, and the edges follow it: none comes too early. */
START_TEST(a_wandering_oscillator_keeps_its_edges)
{
    struct bench bench;
    bench_open(&bench, 7, &(struct vclock_config){0});
    vdev_add_rtc(bench.devices, &(struct vdev_rtc_config){.place = {.path = RTC}, .wander = 1e-7});
    ck_assert_int_eq(
        bench.ops->open(bench.devices, RTC, O_RDONLY, expect_next, &bench, &bench.device), 0);
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_ON, NULL), 0);
    bench_until(&bench, 2000 * GN_NS_PER_S + 500 * MS);
    ck_assert_uint_eq(bench.calls, 2000);
    /* Two thousand seconds of a walk of 1e-7 a second: an error of the order of 5 ms. */
    int64_t error_ns = bench.called_ns - 2000 * GN_NS_PER_S;
    ck_assert_int_gt(llabs(error_ns), 10000);
    ck_assert_int_lt(llabs(error_ns), 30 * MS);
    bench_close(&bench);
}
END_TEST

START_TEST(it_counts_on_while_it_is_away)
{
    struct bench bench;
    begin(&bench, (struct vdev_rtc_config){.offset_s = 7});
    ck_assert_int_eq(bench_ioctl(&bench, RTC_UIE_ON, NULL), 0);
    vdev_plug(bench.devices, RTC, false);
    bench_until(&bench, 100500 * MS);
    ck_assert_uint_eq(bench.calls, 1);
    ck_assert_int_eq(bench.last, -ENODEV);
    bench.ops->close(bench.device);
    vdev_plug(bench.devices, RTC, true);
    ck_assert_int_eq(bench_listen(&bench, RTC), 0);
    ck_assert_int_eq(shown(&bench), START_S + 100 - 7);
    bench_close(&bench);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("rtc");
    tcase_add_test(tests, it_counts_whole_seconds_on_its_own_oscillator);
    tcase_add_test(tests, an_absurd_date_is_shown);
    tcase_add_test(tests, it_counts_from_the_instant_it_is_set);
    tcase_add_test(tests, a_pc_steps_on_half_a_second_later);
    tcase_add_test(tests, what_cannot_be_set_is_refused);
    tcase_add_test(tests, a_battery_is_good_low_dead_or_unknown);
    tcase_add_test(tests, every_edge_gives_an_interrupt);
    tcase_add_test(tests, unread_interrupts_are_counted);
    tcase_add_test(tests, set_while_interrupts_are_on_its_edges_move);
    tcase_add_test(tests, a_chip_may_have_no_update_interrupt);
    tcase_add_test(tests, interrupts_are_late_by_their_law);
    tcase_add_test(tests, a_wandering_oscillator_keeps_its_edges);
    tcase_add_test(tests, it_counts_on_while_it_is_away);
    return vdev_main("sim_vdev_rtc", tests);
}
