/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of what a receiver says of itself: by messages of which each says a part. */

#include <check.h>
#include <plugins/refclock-gps/nmea.h>
#include <plugins/refclock-gps/sky.h>
#include <plugins/refclock-gps/ubx.h>
#include <stdlib.h>
#include <string.h>

static void hear_at(struct sky *sky, const char *sentence, int second)
{
    struct gps_message message;
    ck_assert_msg(nmea_read(&message, sentence, strlen(sentence)), "%s", sentence);
    sky_take(sky, &message, (gn_local){second * GN_NS_PER_S});
}

static void hear(struct sky *sky, const char *sentence)
{
    hear_at(sky, sentence, 1);
}

static const struct gps_satellite *find(const struct sky *sky, char system, int number)
{
    for (size_t i = 0; i < sky->count; i++)
        if (sky->satellites[i].system == system && sky->satellites[i].number == number)
            return &sky->satellites[i];
    ck_abort_msg("no %c%d", system, number);
}

START_TEST(test_a_fix_of_three_dimensions)
{
    struct sky sky;
    sky_init(&sky);
    hear(&sky, "GPRMC,101112,A,,,,,,,211126,,");
    ck_assert_int_eq(sky.fix, GPS_FIX_2D);
    hear(&sky, "GPGSA,A,3,03,08,14,,,,,,,,,,2.5,1.3,2.1");
    hear(&sky, "GPRMC,101113,A,,,,,,,211126,,"); /* which cannot know better */
    hear(&sky, "GPGGA,101113,,,,,1,08,1.01,,,,,,");
    ck_assert_int_eq(sky.fix, GPS_FIX_3D);
    hear(&sky, "GPGSA,A,2,03,08,14,,,,,,,,,,2.5,1.3,2.1");
    ck_assert_int_eq(sky.fix, GPS_FIX_2D);
    hear(&sky, "GPGSA,A,3,03,08,14,,,,,,,,,,2.5,1.3,2.1");
    hear(&sky, "GPRMC,101114,V,,,,,,,211126,,");
    ck_assert_int_eq(sky.fix, GPS_FIX_NONE);
    ck_assert_int_eq(sky.valid, GPS_NO);
}
END_TEST

START_TEST(test_satellites_in_parts)
{
    struct sky sky;
    sky_init(&sky);
    hear(&sky, "GPGSV,2,1,05,03,03,111,20,04,15,270,21,06,01,010,22,13,06,292,23");
    ck_assert_uint_eq(sky.count, 0);
    hear(&sky, "GPGSV,2,2,05,51,30,180,24");
    ck_assert_uint_eq(sky.count, 5);
    hear(&sky, "GLGSV,1,1,02,65,30,180,30,66,31,181,31");
    ck_assert_uint_eq(sky.count, 7);
    ck_assert_int_eq(sky.satellites_seen, 7); /* of all systems */
    hear(&sky, "GPGSV,2,1,05,03,03,111,20,04,15,270,21,06,01,010,22,13,06,292,23");
    ck_assert_int_eq(sky.satellites_seen, 7);
    hear(&sky, "GPGSV,1,1,02,03,03,111,25,04,15,270,26");
    ck_assert_uint_eq(sky.count, 4);
    ck_assert_uint_eq(find(&sky, 'G', 3)->cn0_db_hz, 25);
    hear(&sky, "GPGSV,1,1,00"); /* jammed */
    ck_assert_uint_eq(sky.count, 2);
    ck_assert_int_eq(sky.satellites_seen, 2);
    ck_assert_uint_eq(find(&sky, 'R', 2)->cn0_db_hz, 31);
}
END_TEST

START_TEST(test_who_is_used)
{
    struct sky sky;
    sky_init(&sky);
    hear(&sky, "GPGSV,1,1,03,03,03,111,20,04,15,270,21,51,30,180,24");
    hear(&sky, "GLGSV,1,1,01,65,30,180,30");
    hear(&sky, "GNGSA,A,3,03,51,,,,,,,,,,,1.4,0.8,1.1,1");
    hear(&sky, "GNGSA,A,3,65,,,,,,,,,,,,1.4,0.8,1.1,2");
    for (int round = 0; round < 2; round++) {
        ck_assert(find(&sky, 'G', 3)->used);
        ck_assert(!find(&sky, 'G', 4)->used);
        ck_assert(find(&sky, 'S', 138)->used);
        ck_assert(find(&sky, 'R', 1)->used);
        hear(&sky, "GPGSV,1,1,03,03,03,111,20,04,15,270,21,51,30,180,24"); /* says nothing of it */
    }
    hear(&sky, "GNGSA,A,3,04,,,,,,,,,,,,1.4,0.8,1.1,1");
    ck_assert(!find(&sky, 'G', 3)->used);
    ck_assert(find(&sky, 'G', 4)->used);
    ck_assert(!find(&sky, 'S', 138)->used);
    ck_assert(find(&sky, 'R', 1)->used);
    hear(&sky, "GNGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99");
    ck_assert(!find(&sky, 'R', 1)->used);
}
END_TEST

/* Version 4.11: a description for each signal, and one of who is not heard. */
START_TEST(test_satellites_of_several_signals)
{
    struct sky sky;
    sky_init(&sky);
    for (int round = 0; round < 3; round++) {
        hear(&sky, "GPGSV,1,1,02,03,30,111,40,04,15,270,33,1");
        hear(&sky, "GPGSV,1,1,01,03,30,111,44,6");
        hear(&sky, "GPGSV,1,1,01,22,02,010,,0");
        hear(&sky, "GAGSV,1,1,01,11,30,180,30,7");
        hear(&sky, "GAGSV,1,1,01,11,30,180,28,2");
        ck_assert_uint_eq(sky.count, 4);
        ck_assert_uint_eq(find(&sky, 'G', 3)->cn0_db_hz, 44);
        ck_assert_uint_eq(find(&sky, 'G', 4)->cn0_db_hz, 33);
        ck_assert_uint_eq(find(&sky, 'G', 22)->cn0_db_hz, 0);
        ck_assert_uint_eq(find(&sky, 'E', 11)->cn0_db_hz, 30);
    }
    /* One system alone. */
    sky_init(&sky);
    for (int round = 0; round < 3; round++) {
        hear(&sky, "GPGSV,1,1,01,03,30,111,40,1");
        hear(&sky, "GPGSV,1,1,01,03,30,111,44,6");
    }
    hear(&sky, "GPGSV,1,1,01,07,30,111,41,1");
    ck_assert_uint_eq(sky.count, 1);
    ck_assert_uint_eq(find(&sky, 'G', 7)->cn0_db_hz, 41);
}
END_TEST

/* A receiver that speaks UBX alone: dilution and spoofing have messages of their own. */
START_TEST(test_messages_that_say_one_thing)
{
    uint8_t dop[18] = {0}, status[16] = {0};
    struct gps_message message;
    struct sky sky;
    sky_init(&sky);
    dop[12] = 150;
    status[7] = 2 << 3;
    ck_assert(ubx_read(&message, 0x01, 0x04, dop, sizeof dop));
    sky_take(&sky, &message, (gn_local){GN_NS_PER_S});
    ck_assert_double_eq_tol(sky.hdop, 1.5, 1e-9);
    ck_assert(ubx_read(&message, 0x01, 0x03, status, sizeof status));
    sky_take(&sky, &message, (gn_local){GN_NS_PER_S});
    ck_assert_int_eq(sky.spoofing, GPS_YES);
    ck_assert_int_eq(sky.fix, GPS_FIX_UNSAID);
}
END_TEST

START_TEST(test_what_is_not_said_again)
{
    struct sky sky;
    sky_init(&sky);
    hear_at(&sky, "GPRMC,101112,A,,,,,,,211126,,", 1);
    hear_at(&sky, "GPGSV,1,1,01,03,30,111,40", 1);
    hear_at(&sky, "GPTXT,01,01,02,ANTSTATUS=OK", 1);
    hear_at(&sky, "PUBX,04,120000.00,211126,561600.00,2445,18,-35,12.5,21", 1);
    sky_age(&sky, (gn_local){10 * GN_NS_PER_S});
    ck_assert_int_eq(sky.fix, GPS_FIX_2D);
    sky_age(&sky, (gn_local){30 * GN_NS_PER_S});
    ck_assert_int_eq(sky.fix, GPS_FIX_UNSAID);
    ck_assert_uint_eq(sky.count, 0);
    ck_assert_int_eq(sky.antenna, GPS_ANTENNA_OK);
    sky_age(&sky, (gn_local){90 * GN_NS_PER_S});
    ck_assert_int_eq(sky.antenna, GPS_ANTENNA_UNSAID);
    ck_assert_int_eq(sky.leap_valid, GPS_YES);
    ck_assert_int_eq(sky.leap_s, 18);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps sky");
    TCase *all = tcase_create("sky");
    tcase_add_test(all, test_a_fix_of_three_dimensions);
    tcase_add_test(all, test_satellites_in_parts);
    tcase_add_test(all, test_who_is_used);
    tcase_add_test(all, test_satellites_of_several_signals);
    tcase_add_test(all, test_messages_that_say_one_thing);
    tcase_add_test(all, test_what_is_not_said_again);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
