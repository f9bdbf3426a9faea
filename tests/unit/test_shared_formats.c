/* SPDX-License-Identifier: Apache-2.0 */
/* What other programs write for ntpd and chrony: refclock-shm's segments, refclock-sock's
 * datagrams. */

#include <check.h>
#include <math.h>
#include <plugins/refclock-shm/segment.h>
#include <plugins/refclock-sock/message.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1800000000

/* ---------------------------------------------------------------- segments */

static void put(unsigned char *bytes, size_t at, int64_t value, size_t size)
{
    int32_t narrow = (int32_t)value;
    memcpy(bytes + at, size == 4 ? (const void *)&narrow : (const void *)&value, size);
}

static const struct {
    size_t size, time, clock_s, clock_us, receive_s, receive_us, leap, precision, valid, clock_ns,
        receive_ns;
} layouts[] = {
    {96, 8, 8, 16, 24, 32, 36, 40, 48, 52, 56},
    {88, 8, 8, 16, 20, 28, 32, 36, 44, 48, 52},
    {80, 4, 8, 12, 16, 20, 24, 28, 36, 40, 44},
};

static size_t fill(int layout, unsigned char *bytes)
{
    memset(bytes, 0, SEGMENT_ROOM);
    put(bytes, layouts[layout].clock_s, NOW, layouts[layout].time);
    put(bytes, layouts[layout].clock_us, 250000, 4);
    put(bytes, layouts[layout].clock_ns, 250000123, 4);
    put(bytes, layouts[layout].receive_s, NOW, layouts[layout].time);
    put(bytes, layouts[layout].receive_us, 750000, 4);
    put(bytes, layouts[layout].receive_ns, 5, 4); /* left alone: not of these microseconds */
    put(bytes, layouts[layout].precision, -10, 4);
    put(bytes, layouts[layout].valid, 1, 4);
    return layouts[layout].size;
}

START_TEST(test_layouts)
{
    unsigned char bytes[SEGMENT_ROOM];
    struct segment_sample sample;
    size_t size = fill(_i, bytes);
    ck_assert_int_eq(segment_read(&sample, bytes, bytes, size), SEGMENT_TAKEN);
    ck_assert_int_eq(sample.utc.ns, NOW * GN_NS_PER_S + 250000123);
    ck_assert_int_eq(sample.system.ns, NOW * GN_NS_PER_S + 750000000);
    ck_assert_double_eq(sample.precision_s, ldexp(1, -10));
    ck_assert_uint_eq(sample.leap, GN_LEAP_NORMAL);
}
END_TEST

START_TEST(test_a_segment_that_is_being_written)
{
    unsigned char once[SEGMENT_ROOM], again[SEGMENT_ROOM];
    struct segment_sample sample;
    size_t size = fill(_i, once);
    fill(_i, again);
    put(again, layouts[_i].clock_us, 250001, 4);
    ck_assert_int_eq(segment_read(&sample, once, again, size), SEGMENT_WRITTEN);
    put(again, layouts[_i].valid, 0, 4);
    ck_assert_int_eq(segment_read(&sample, once, again, size), SEGMENT_EMPTY);
}
END_TEST

START_TEST(test_segments_without_sense)
{
    unsigned char bytes[SEGMENT_ROOM];
    struct segment_sample sample;
    size_t size = fill(_i, bytes);
    ck_assert_int_eq(segment_read(&sample, bytes, bytes, size - 1), SEGMENT_LAYOUT);
    put(bytes, layouts[_i].leap, 4, 4);
    ck_assert_int_eq(segment_read(&sample, bytes, bytes, size), SEGMENT_WRONG);
    fill(_i, bytes);
    put(bytes, layouts[_i].receive_us, 1000000, 4);
    ck_assert_int_eq(segment_read(&sample, bytes, bytes, size), SEGMENT_WRONG);
    fill(_i, bytes);
    put(bytes, layouts[_i].clock_s, -1, layouts[_i].time);
    ck_assert_int_eq(segment_read(&sample, bytes, bytes, size), SEGMENT_WRONG);
}
END_TEST

/* ---------------------------------------------------------------- datagrams */

struct wide {
    int64_t s, us;
    double offset_s;
    int32_t pulse, leap, pad, magic;
};

static const struct wide good = {NOW, 999999, -0.25, 0, GN_LEAP_INSERT, 0, 0x534f434b};

START_TEST(test_datagrams)
{
    struct {
        int32_t s, us;
        double offset_s;
        int32_t pulse, leap, pad, magic;
    } narrow = {NOW, 999999, -0.25, 1, GN_LEAP_INSERT, 0, 0x534f434b};
    struct message message;
    ck_assert_ptr_null(message_read(&message, &good, sizeof good));
    ck_assert_int_eq(message.system.ns, NOW * GN_NS_PER_S + 999999000);
    ck_assert_double_eq(message.offset_s, -0.25);
    ck_assert_uint_eq(message.leap, GN_LEAP_INSERT);
    ck_assert(!message.pulse);
    ck_assert_ptr_null(message_read(&message, &narrow, sizeof narrow));
    ck_assert_int_eq(message.system.ns, NOW * GN_NS_PER_S + 999999000);
    ck_assert(message.pulse);
}
END_TEST

static void refuse(const struct wide *wide, const char *why)
{
    struct message message;
    const char *words = message_read(&message, wide, sizeof *wide);
    ck_assert_ptr_nonnull(words);
    ck_assert_str_eq(words, why);
}

START_TEST(test_datagrams_without_sense)
{
    struct message message;
    struct wide bad = good;
    for (size_t size = 0; size <= MESSAGE_ROOM; size++)
        if (size != 40 && size != 32) {
            char bytes[MESSAGE_ROOM] = {0};
            ck_assert_str_eq(message_read(&message, bytes, size), "neither 40 bytes long nor 32");
        }
    bad.magic++;
    refuse(&bad, "no magic number");
    bad = good, bad.us = 1000000;
    refuse(&bad, "no such time");
    bad = good, bad.s = INT64_MAX;
    refuse(&bad, "no such time");
    bad = good, bad.offset_s = (double)NAN;
    refuse(&bad, "no such offset");
    bad = good, bad.offset_s = 1e300;
    refuse(&bad, "no such offset");
    bad = good, bad.leap = 4;
    refuse(&bad, "no such leap status");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shared formats");
    TCase *shm = tcase_create("segment"), *sock = tcase_create("datagram");
    tcase_add_loop_test(shm, test_layouts, 0, 3);
    tcase_add_loop_test(shm, test_a_segment_that_is_being_written, 0, 3);
    tcase_add_loop_test(shm, test_segments_without_sense, 0, 3);
    tcase_add_test(sock, test_datagrams);
    tcase_add_test(sock, test_datagrams_without_sense);
    suite_add_tcase(suite, shm);
    suite_add_tcase(suite, sock);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
