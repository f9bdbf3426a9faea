/* SPDX-License-Identifier: Apache-2.0 */
/* What a receiver sees and believes, what is wrong with it, and the pulses that are its. */
#include "vdev_fixture.h"

#include <linux/pps.h>
#include <sim/vdev_speech.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>

#define TTY "/dev/ttyS1"
#define PPS "/dev/pps0"

/* Notes what it is asked to say. */
struct heard {
    unsigned count;
    struct vdev_moment last;
    int64_t at_ns; /* since the start */
};

struct ear {
    struct bench *bench;
    struct heard *heard;
};

static size_t hear(const void *arg, const struct vdev_moment *moment, char *text, size_t size)
{
    const struct ear *ear = arg;
    (void)size;
    ear->heard->count++;
    ear->heard->last = *moment;
    ear->heard->at_ns = bench_now_ns(ear->bench);
    memcpy(text, "moment\n", 7);
    return 7;
}

static struct vdev_burst burst(struct bench *bench, struct heard *heard)
{
    struct ear *ear = calloc(1, sizeof *ear);
    *ear = (struct ear){bench, heard};
    return (struct vdev_burst){.text = hear, .arg = ear};
}

static struct vdev_tty_config receiver(struct bench *bench, struct heard *heard)
{
    struct vdev_tty_config config = {.place = {.path = TTY}};
    *heard = (struct heard){0};
    vdev_traits_init(config.receiver.traits);
    config.receiver.bursts[config.receiver.burst_count++] = burst(bench, heard);
    return config;
}

static void begin(struct bench *bench, struct heard *heard)
{
    bench_open(bench, 2, &(struct vclock_config){0});
    struct vdev_tty_config config = receiver(bench, heard);
    ck_assert_int_eq(vdev_add_tty(bench->devices, &config), 0);
}

static void set(struct bench *bench, enum vdev_trait trait, double value)
{
    vdev_receiver_set(vdev_receiver_of(bench->devices, TTY), trait, value);
}

static void until_s(struct bench *bench, double s)
{
    bench_until(bench, gn_nanoseconds(s));
}

/* ---------------------------------------------------------------- what it sees */

START_TEST(a_receiver_that_is_well_is_sure)
{
    struct bench bench;
    struct heard heard;
    begin(&bench, &heard);
    until_s(&bench, 1.5);
    ck_assert_uint_eq(heard.count, 1);
    ck_assert_int_eq(heard.last.utc.ns, (START_S + 1) * GN_NS_PER_S);
    ck_assert_int_eq(heard.last.gps_s, START_S + 1 - 315964800 + 18);
    ck_assert(heard.last.valid && heard.last.leap_valid && !heard.last.untold);
    ck_assert_int_eq(heard.last.fix, VDEV_FIX_3D);
    ck_assert_int_eq(heard.last.leap_s, 18);
    ck_assert_int_eq(heard.last.change, 0);
    ck_assert_uint_eq(heard.last.satellites, 9);
    bench_close(&bench);
}
END_TEST

START_TEST(what_takes_the_sky_takes_the_fix)
{
    static const struct {
        enum vdev_trait trait;
        double bad, good;
    } cases[] = {{VDEV_TRAIT_ANTENNA, VDEV_ANTENNA_LOST, VDEV_ANTENNA_OK},
                 {VDEV_TRAIT_ANTENNA, VDEV_ANTENNA_OPEN, VDEV_ANTENNA_OK},
                 {VDEV_TRAIT_ANTENNA, VDEV_ANTENNA_SHORT, VDEV_ANTENNA_OK},
                 {VDEV_TRAIT_JAMMING, VDEV_JAMMING_CRITICAL, VDEV_JAMMING_WARNING},
                 {VDEV_TRAIT_SATELLITES, 2, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench bench;
        struct heard heard;
        begin(&bench, &heard);
        until_s(&bench, 1.5);
        set(&bench, cases[i].trait, cases[i].bad);
        until_s(&bench, 2.5);
        ck_assert(!heard.last.valid);
        ck_assert_int_eq(heard.last.fix, VDEV_FIX_NONE);
        ck_assert_uint_eq(heard.last.satellites, 0);
        set(&bench, cases[i].trait, cases[i].good);
        until_s(&bench, 3.5);
        ck_assert(heard.last.valid);
        bench_close(&bench);
    }
}
END_TEST

START_TEST(one_satellite_is_enough_where_the_position_is_known)
{
    struct bench bench;
    struct heard heard;
    begin(&bench, &heard);
    set(&bench, VDEV_TRAIT_SATELLITES, 3);
    until_s(&bench, 1.5);
    ck_assert_int_eq(heard.last.fix, VDEV_FIX_2D);
    set(&bench, VDEV_TRAIT_SATELLITES, 1);
    until_s(&bench, 2.5);
    ck_assert_int_eq(heard.last.fix, VDEV_FIX_NONE);
    set(&bench, VDEV_TRAIT_FIXED, 1);
    until_s(&bench, 3.5);
    ck_assert_int_eq(heard.last.fix, VDEV_FIX_TIME);
    bench_close(&bench);
}
END_TEST

START_TEST(a_fix_is_claimed_for_a_while_without_sky)
{
    struct bench bench;
    struct heard heard;
    begin(&bench, &heard);
    set(&bench, VDEV_TRAIT_COASTS, 20);
    set(&bench, VDEV_TRAIT_COLD, 1);
    set(&bench, VDEV_TRAIT_ANTENNA, VDEV_ANTENNA_LOST);
    until_s(&bench, 10.5);
    ck_assert(!heard.last.valid && heard.last.untold); /* it never had one */
    set(&bench, VDEV_TRAIT_ANTENNA, VDEV_ANTENNA_OK);
    until_s(&bench, 11.5);
    ck_assert(heard.last.valid && !heard.last.untold);
    set(&bench, VDEV_TRAIT_ANTENNA, VDEV_ANTENNA_OPEN);
    until_s(&bench, 31.5);
    ck_assert(heard.last.valid);
    ck_assert_int_eq(heard.last.antenna, VDEV_ANTENNA_OPEN); /* which it says at once */
    until_s(&bench, 32.5);
    ck_assert(!heard.last.valid && !heard.last.untold);
    bench_close(&bench);
}
END_TEST

/* ---------------------------------------------------------------- what it believes */

START_TEST(a_wrong_count_of_leap_seconds_is_a_wrong_time)
{
    struct bench bench;
    struct heard heard;
    begin(&bench, &heard);
    set(&bench, VDEV_TRAIT_LEAP, 15);
    set(&bench, VDEV_TRAIT_LEAP_VALID, 0);
    until_s(&bench, 1.5);
    ck_assert_int_eq(heard.last.utc.ns, (START_S + 1 + 3) * GN_NS_PER_S);
    ck_assert_int_eq(heard.last.gps_s, START_S + 1 - 315964800 + 18);
    ck_assert_int_eq(heard.last.leap_s, 15);
    ck_assert(!heard.last.leap_valid);
    set(&bench, VDEV_TRAIT_LEAP, 0);
    until_s(&bench, 2.5);
    ck_assert_int_eq(heard.last.utc.ns, (START_S + 2) * GN_NS_PER_S);
    bench_close(&bench);
}
END_TEST

START_TEST(a_leap_second_is_announced_and_done)
{
    static const int changes[] = {1, -1};
    for (size_t i = 0; i < 2; i++) {
        struct bench bench;
        struct heard heard;
        int64_t at_s = 100;
        begin(&bench, &heard);
        world_plan_leap(bench.world, gn_utc_add(world_start(bench.world), at_s * GN_NS_PER_S),
                        -changes[i] * GN_NS_PER_S);
        set(&bench, VDEV_TRAIT_LEAP_ANNOUNCED, 0);
        until_s(&bench, 10.5);
        ck_assert_int_eq(heard.last.change, 0);
        set(&bench, VDEV_TRAIT_LEAP_ANNOUNCED, 1);
        until_s(&bench, 11.5);
        ck_assert_int_eq(heard.last.change, changes[i]);
        ck_assert_int_eq(heard.last.change_in_s, at_s - 11);
        until_s(&bench, 100.5);
        ck_assert_int_eq(heard.last.change, 0);
        ck_assert(heard.last.inserted == (changes[i] > 0));
        ck_assert_int_eq(heard.last.leap_s, changes[i] > 0 ? 18 : 17);
        until_s(&bench, 101.5);
        ck_assert(!heard.last.inserted);
        ck_assert_int_eq(heard.last.leap_s, 18 + changes[i]);
        ck_assert_int_eq(heard.last.utc.ns, (START_S + 101 - changes[i]) * GN_NS_PER_S);
        bench_close(&bench);
    }
}
END_TEST

START_TEST(who_is_spoofed_believes_another_time_and_tells_it_later)
{
    struct bench bench;
    struct heard heard;
    begin(&bench, &heard);
    set(&bench, VDEV_TRAIT_SPOOFED, 3.2);
    until_s(&bench, 3.5);
    ck_assert_int_eq(heard.last.utc.ns, START_S * GN_NS_PER_S); /* 3.2 s: 3 in the date … */
    ck_assert_int_eq(heard.at_ns, 3200 * MS);                   /* … and the rest on the line */
    set(&bench, VDEV_TRAIT_SPOOFED, 0);
    set(&bench, VDEV_TRAIT_SPOOFED_PPM, 1000);
    until_s(&bench, 103.5 + 0.9);
    /* Ordered at second 103, 99.5 s after the ramp began. */
    ck_assert_int_le(llabs(heard.at_ns - (104000 + 100) * MS), 2 * MS);
    set(&bench, VDEV_TRAIT_SPOOFED_PPM, 0); /* it stays where it is */
    until_s(&bench, 204.5);
    ck_assert_int_le(llabs(heard.at_ns - (204000 + 100) * MS), 2 * MS);
    bench_close(&bench);
}
END_TEST

START_TEST(messages_come_later_and_later)
{
    struct bench bench;
    struct heard heard;
    begin(&bench, &heard);
    set(&bench, VDEV_TRAIT_LATER, 0.3);
    set(&bench, VDEV_TRAIT_LATER_PPM, 10000);
    until_s(&bench, 20.9);
    ck_assert_int_eq(heard.last.utc.ns, (START_S + 20) * GN_NS_PER_S);
    ck_assert_int_le(llabs(heard.at_ns - (20000 + 500) * MS), 15 * MS);
    bench_close(&bench);
}
END_TEST

/* ---------------------------------------------------------------- what it says when */

START_TEST(bursts_have_laws_of_their_own)
{
    struct bench bench;
    struct heard first, second;
    bench_open(&bench, 2, &(struct vclock_config){0});
    struct vdev_tty_config config = receiver(&bench, &first);
    second = (struct heard){0};
    struct vdev_burst seldom = burst(&bench, &second);
    seldom.every = 5;
    seldom.late = bench_law(&bench, "600ms");
    config.receiver.bursts[config.receiver.burst_count++] = seldom;
    ck_assert_int_eq(vdev_add_tty(bench.devices, &config), 0);
    until_s(&bench, 20.9);
    ck_assert_uint_eq(first.count, 20);
    ck_assert_uint_eq(second.count, 4);
    ck_assert_int_eq(second.last.utc.ns % (5 * GN_NS_PER_S), 0);
    ck_assert_int_eq(second.at_ns, 20600 * MS);
    bench_close(&bench);
}
END_TEST

static void listen(struct bench *bench)
{
    struct termios raw = {0};
    ck_assert_int_eq(bench_listen(bench, TTY), 0);
    ck_assert_int_eq(bench_ioctl(bench, TCGETS, &raw), 0);
    cfmakeraw(&raw);
    ck_assert_int_eq(bench_ioctl(bench, TCSETS, &raw), 0);
}

START_TEST(lines_may_be_silent_noisy_damaged_and_shared)
{
    struct bench bench;
    struct heard heard;
    begin(&bench, &heard);
    listen(&bench);
    set(&bench, VDEV_TRAIT_SILENT, 1);
    until_s(&bench, 10.5);
    ck_assert_uint_eq(bench.size, 0);
    set(&bench, VDEV_TRAIT_GARBAGE, 50);
    until_s(&bench, 20.95);
    ck_assert_uint_ge(bench.size, 9 * 50);
    ck_assert_uint_le(bench.size, 10 * 50);
    set(&bench, VDEV_TRAIT_GARBAGE, 0);
    set(&bench, VDEV_TRAIT_SILENT, 0);
    set(&bench, VDEV_TRAIT_STOLEN, 0.5);
    until_s(&bench, 25.5);
    bench.size = 0;
    until_s(&bench, 425.5);
    ck_assert_uint_ge(bench.size, 150 * 7);
    ck_assert_uint_le(bench.size, 250 * 7);
    set(&bench, VDEV_TRAIT_STOLEN, 0);
    set(&bench, VDEV_TRAIT_DAMAGE, 0.1);
    bench.size = 0;
    until_s(&bench, 625.5);
    ck_assert_uint_eq(bench.size, 200 * 7);
    size_t wrong = 0;
    for (size_t i = 0; i < bench.size; i++)
        wrong += bench.text[i] != "moment\n"[i % 7];
    ck_assert_uint_ge(wrong, 90);
    ck_assert_uint_le(wrong, 190);
    bench_close(&bench);
}
END_TEST

START_TEST(a_receiver_may_change_its_speed)
{
    struct bench bench;
    struct heard heard;
    begin(&bench, &heard);
    listen(&bench);
    until_s(&bench, 1.5);
    ck_assert_mem_eq(bench.text, "moment\n", 7);
    set(&bench, VDEV_TRAIT_BAUD, 115200);
    bench.size = 0;
    until_s(&bench, 2.5);
    ck_assert_uint_eq(bench.size, 7);
    ck_assert_mem_ne(bench.text, "moment\n", 7);
    bench_close(&bench);
}
END_TEST

START_TEST(another_program_may_hold_a_device)
{
    struct bench bench;
    struct heard heard;
    char words[64] = "";
    begin(&bench, &heard);
    ck_assert_int_eq(bench.ops->holder(bench.devices, TTY, words, sizeof words), -ENOENT);
    ck_assert_int_eq(vdev_occupy(bench.devices, TTY, true), 0);
    ck_assert_int_eq(bench_listen(&bench, TTY), -EBUSY);
    ck_assert_int_eq(bench.ops->holder(bench.devices, TTY, words, sizeof words), 0);
    ck_assert_str_eq(words, "another (pid 1)");
    ck_assert_int_eq(vdev_occupy(bench.devices, TTY, false), 0);
    ck_assert_int_eq(bench_listen(&bench, TTY), 0);
    ck_assert_int_eq(bench.ops->holder(bench.devices, TTY, words, sizeof words), -ENOENT);
    set(&bench, VDEV_TRAIT_STOLEN, 0.5);
    ck_assert_int_eq(bench.ops->holder(bench.devices, TTY, words, sizeof words), 0);
    ck_assert_int_eq(vdev_occupy(bench.devices, "/dev/x", true), -ENOENT);
    ck_assert_int_eq(bench.ops->holder(bench.devices, "/dev/x", words, sizeof words), -ENOENT);
    ck_assert_ptr_null(vdev_receiver_of(bench.devices, "/dev/x"));
    bench_close(&bench);
}
END_TEST

/* ---------------------------------------------------------------- its pulses */

static struct pps_fdata fetch(struct bench *bench)
{
    struct pps_fdata data = {.timeout = {0}};
    ck_assert_int_eq(bench_ioctl(bench, PPS_FETCH, &data), 0);
    return data;
}

/* The last one, since the start. */
static int64_t assert_ns(struct bench *bench)
{
    struct pps_ktime stamp = fetch(bench).info.assert_tu;
    return (stamp.sec - START_S) * GN_NS_PER_S + stamp.nsec;
}

static void begin_pulses(struct bench *bench, struct heard *heard, bool both_edges)
{
    begin(bench, heard);
    struct vdev_pps_config pps = {.place = {.path = PPS},
                                  .receiver = TTY,
                                  .width_s = 0.1,
                                  .frequency = 1e-3,
                                  .both_edges = both_edges};
    ck_assert_int_eq(vdev_add_pps(bench->devices, &pps), 0);
    bench->deaf = true;
    ck_assert_int_eq(bench_listen(bench, PPS), 0);
}

START_TEST(a_receiver_knows_how_late_its_next_pulse_is)
{
    struct bench bench;
    struct heard heard;
    double least = 1, most = -1;
    begin_pulses(&bench, &heard, false);
    set(&bench, VDEV_TRAIT_SAWTOOTH, 40e-9);
    for (int i = 1; i <= 50; i++) {
        until_s(&bench, i + 0.5);
        double late_s = heard.last.pulse_late_s; /* of second i + 1 */
        until_s(&bench, i + 1.05);
        ck_assert_int_le(llabs(assert_ns(&bench) - (i + 1) * GN_NS_PER_S - llround(late_s * 1e9)),
                         1);
        least = fmin(least, late_s);
        most = fmax(most, late_s);
    }
    ck_assert_double_lt(least, -17e-9);
    ck_assert_double_ge(least, -20e-9);
    ck_assert_double_gt(most, 17e-9);
    ck_assert_double_le(most, 20e-9);
    bench_close(&bench);
}
END_TEST

START_TEST(pulses_follow_their_receiver)
{
    struct bench bench;
    struct heard heard;
    begin_pulses(&bench, &heard, false);
    until_s(&bench, 10.5);
    ck_assert_uint_eq(fetch(&bench).info.assert_sequence, 10);
    ck_assert_uint_eq(fetch(&bench).info.clear_sequence, 10);
    set(&bench, VDEV_TRAIT_SPOOFED, 0.02);
    until_s(&bench, 12.5); /* pulse 11 was ordered before */
    ck_assert_int_eq(fetch(&bench).info.assert_tu.nsec, 20 * MS);
    ck_assert_int_eq(fetch(&bench).info.clear_tu.nsec, 120 * MS);
    set(&bench, VDEV_TRAIT_SPOOFED, 0);
    set(&bench, VDEV_TRAIT_COASTS, 3);
    until_s(&bench, 20.5);
    set(&bench, VDEV_TRAIT_ANTENNA, VDEV_ANTENNA_LOST);
    until_s(&bench, 30.5); /* two more, by a crystal that is slow by a millisecond a second */
    ck_assert_uint_eq(fetch(&bench).info.assert_sequence, 22);
    ck_assert_int_eq(fetch(&bench).info.assert_tu.nsec, 1 * MS);
    set(&bench, VDEV_TRAIT_ANTENNA, VDEV_ANTENNA_OK);
    until_s(&bench, 31.5);
    ck_assert_uint_eq(fetch(&bench).info.assert_sequence, 23);
    bench_close(&bench);
}
END_TEST

START_TEST(a_device_may_take_both_edges_for_one)
{
    struct bench bench;
    struct heard heard;
    int capabilities = 0;
    begin_pulses(&bench, &heard, true);
    ck_assert_int_eq(bench_ioctl(&bench, PPS_GETCAP, &capabilities), 0);
    ck_assert_int_eq(capabilities & PPS_CAPTURECLEAR, 0);
    until_s(&bench, 10.05);
    ck_assert_uint_eq(fetch(&bench).info.assert_sequence, 19);
    ck_assert_int_eq(fetch(&bench).info.assert_tu.nsec, 0);
    until_s(&bench, 10.5);
    ck_assert_int_eq(fetch(&bench).info.assert_tu.nsec, 100 * MS);
    ck_assert_uint_eq(fetch(&bench).info.clear_sequence, 0);
    bench_close(&bench);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("receiver");
    tcase_add_test(tests, a_receiver_that_is_well_is_sure);
    tcase_add_test(tests, what_takes_the_sky_takes_the_fix);
    tcase_add_test(tests, one_satellite_is_enough_where_the_position_is_known);
    tcase_add_test(tests, a_fix_is_claimed_for_a_while_without_sky);
    tcase_add_test(tests, a_wrong_count_of_leap_seconds_is_a_wrong_time);
    tcase_add_test(tests, a_leap_second_is_announced_and_done);
    tcase_add_test(tests, who_is_spoofed_believes_another_time_and_tells_it_later);
    tcase_add_test(tests, messages_come_later_and_later);
    tcase_add_test(tests, bursts_have_laws_of_their_own);
    tcase_add_test(tests, lines_may_be_silent_noisy_damaged_and_shared);
    tcase_add_test(tests, a_receiver_may_change_its_speed);
    tcase_add_test(tests, another_program_may_hold_a_device);
    tcase_add_test(tests, a_receiver_knows_how_late_its_next_pulse_is);
    tcase_add_test(tests, pulses_follow_their_receiver);
    tcase_add_test(tests, a_device_may_take_both_edges_for_one);
    return vdev_main("sim_vdev_receiver", tests);
}
