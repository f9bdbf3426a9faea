/* SPDX-License-Identifier: Apache-2.0 */
/* Frames as u-blox receivers of several generations send them: what each says. Some are written out
 * byte by byte, so that reader and simulator cannot be wrong together. */

#include <check.h>
#include <plugins/refclock-gps/framer.h>
#include <plugins/refclock-gps/ubx.h>
#include <sim/vdev_ubx.h>
#include <stdlib.h>
#include <string.h>

/* Of exactly that size, so that what is read beyond is found. */
static bool read_payload(struct gps_message *message, uint8_t ubx_class, uint8_t ubx_id,
                         const uint8_t *payload, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    ck_assert_ptr_nonnull(copy);
    if (size > 0)
        memcpy(copy, payload, size);
    bool read = ubx_read(message, ubx_class, ubx_id, copy, size);
    free(copy);
    return read;
}

#define GOOD(message, ubx_class, ubx_id, payload)                                                  \
    ck_assert(read_payload(&(message), ubx_class, ubx_id, payload, sizeof(payload)))
#define BAD(message, ubx_class, ubx_id, payload)                                                   \
    ck_assert(!read_payload(&(message), ubx_class, ubx_id, payload, sizeof(payload)))

#define AT(hour, minute, second) ((((hour)*60 + (minute)) * 60 + (second)) * GN_NS_PER_S)

static void expect_instant(const struct gps_time *time, enum gps_scale scale, int32_t day,
                           int64_t ns)
{
    ck_assert(time->said);
    ck_assert_int_eq(time->scale, scale);
    ck_assert_int_eq(time->day, day);
    ck_assert_int_eq(time->ns, ns);
    ck_assert(!time->two_digits);
}

/* ---------------------------------------------------------------- pulses */

/* 2026-11-21 12:00:00 UTC is week 2445, second 561600 of UTC's own count, 561618 of GPS time. */
static const uint8_t tim_tp_utc[16] = {0x00, 0x56, 0x79, 0x21, 0,    0,    0,    0,
                                       0x20, 0xd1, 0xff, 0xff, 0x8d, 0x09, 0x0b, 0x30};

START_TEST(test_the_next_pulse_of_utc)
{
    struct gps_message m;
    GOOD(m, 0x0d, 0x01, tim_tp_utc);
    ck_assert_int_eq(m.kind, GPS_TIM_TP);
    ck_assert(m.pulse_said);
    ck_assert(!m.time.said);
    expect_instant(&m.pulse, GPS_SCALE_UTC, gps_day(2026, 11, 21), AT(12, 0, 0));
    ck_assert_int_eq(m.valid, GPS_SILENT);
    /* The frame says −12000 ps: 12 ns late. */
    ck_assert_double_eq_tol(m.pulse_error_s, 12e-9, 1e-15);
}
END_TEST

START_TEST(test_a_pulse_of_utc_that_is_not_known)
{
    struct gps_message m;
    uint8_t in[16];
    memcpy(in, tim_tp_utc, sizeof in);
    in[14] = 0x09;
    GOOD(m, 0x0d, 0x01, in);
    ck_assert_int_eq(m.valid, GPS_NO);
    in[14] = 0x1b; /* and its error is not */
    GOOD(m, 0x0d, 0x01, in);
    ck_assert_double_eq(m.pulse_error_s, 0);
    ck_assert(m.pulse.said);
}
END_TEST

/* ---------------------------------------------------------------- the simulated receiver */

static const struct vdev_ubx_second noon = {
    .utc = {INT64_C(1795262400) * GN_NS_PER_S}, /* 2026-11-21 12:00:00 */
    .valid = true,
    .fix = 3,
    .gps_s = INT64_C(1479297618),
    .leap_s = 18,
    .leap_valid = true,
    .pulse_late_s = 5.5e-9,
    .accuracy_s = 21e-9,
    .fraction_ns = -317,
    .satellites = 9,
    .antenna = 2,
    .jamming = 1,
    .jam_indicator = 12,
    .spoofing = 1,
    .seen = 2,
    .sky = {{0, 17, 44, 61, 203, true}, {6, 9, 0, -3, 359, false}},
};

/* Through the framer, too. */
static struct gps_message hear(enum vdev_ubx kind, const struct vdev_ubx_second *second)
{
    char text[1024];
    struct framer *framer = malloc(sizeof *framer);
    struct framer_frame frame;
    struct gps_message message;
    size_t size = vdev_ubx_say(kind, second, text, sizeof text);
    ck_assert_uint_gt(size, 8);
    ck_assert_ptr_nonnull(framer);
    framer_init(framer);
    framer_push(framer, text, size, (gn_local){0}, 0);
    ck_assert(framer_next(framer, &frame));
    ck_assert_int_eq(frame.kind, FRAMER_UBX);
    ck_assert(read_payload(&message, frame.ubx_class, frame.ubx_id, frame.data, frame.size));
    ck_assert_str_eq(gps_kind_name(message.kind), vdev_ubx_word(kind));
    free(framer);
    return message;
}

START_TEST(test_the_simulated_receiver)
{
    int32_t day = gps_day(2026, 11, 21);
    struct gps_message m = hear(VDEV_UBX_NAV_PVT, &noon);
    expect_instant(&m.time, GPS_SCALE_UTC, day, AT(12, 0, 0) - 317);
    ck_assert_int_eq(m.valid, GPS_YES);
    ck_assert_int_eq(m.fix, GPS_FIX_3D);
    ck_assert_int_eq(m.satellites_used, 9);
    m = hear(VDEV_UBX_NAV_TIMEUTC, &noon);
    expect_instant(&m.time, GPS_SCALE_UTC, day, AT(12, 0, 0) - 317);
    ck_assert_str_eq(m.words, "UTC (USNO)");
    m = hear(VDEV_UBX_NAV_TIMEGPS, &noon);
    expect_instant(&m.time, GPS_SCALE_GPS, day, AT(12, 0, 18) - 317);
    ck_assert_int_eq(m.leap_s, 18);
    m = hear(VDEV_UBX_TIM_TP, &noon);
    expect_instant(&m.pulse, GPS_SCALE_GPS, day, AT(12, 0, 19));
    ck_assert_double_eq_tol(m.pulse_error_s, 5.5e-9, 1e-15);
    m = hear(VDEV_UBX_NAV_TIMELS, &noon);
    ck_assert_int_eq(m.leap_valid, GPS_YES);
    ck_assert_int_eq(m.change_valid, GPS_YES);
    ck_assert_int_eq(m.change, 0);
}
END_TEST

START_TEST(test_the_simulated_receivers_sky)
{
    struct gps_message m = hear(VDEV_UBX_NAV_SAT, &noon);
    ck_assert_int_eq(m.satellites_seen, 2);
    ck_assert_int_eq(m.satellites_used, 1);
    ck_assert_uint_eq(m.satellite_count, 2);
    ck_assert_int_eq(m.satellites[0].system, 'G');
    ck_assert_uint_eq(m.satellites[0].number, 17);
    ck_assert_uint_eq(m.satellites[0].cn0_db_hz, 44);
    ck_assert_int_eq(m.satellites[1].system, 'R');
    ck_assert_int_eq(m.satellites[1].elevation, -3);
    ck_assert_int_eq(m.satellites[1].azimuth, 359);
    m = hear(VDEV_UBX_MON_RF, &noon);
    ck_assert_int_eq(m.antenna, GPS_ANTENNA_OK);
    ck_assert_int_eq(m.jamming, GPS_JAMMING_NONE);
    ck_assert_int_eq(m.jam_indicator, 12);
    m = hear(VDEV_UBX_SEC_SIG, &noon);
    ck_assert_int_eq(m.spoofing, GPS_NO);
    ck_assert_int_eq(m.jamming, GPS_JAMMING_NONE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps ubx");
    TCase *pulse = tcase_create("pulse"), *simulated = tcase_create("simulated");
    tcase_add_test(pulse, test_the_next_pulse_of_utc);
    tcase_add_test(pulse, test_a_pulse_of_utc_that_is_not_known);
    tcase_add_test(simulated, test_the_simulated_receiver);
    tcase_add_test(simulated, test_the_simulated_receivers_sky);
    suite_add_tcase(suite, pulse);
    suite_add_tcase(suite, simulated);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
