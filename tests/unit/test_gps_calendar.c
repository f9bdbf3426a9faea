/* SPDX-License-Identifier: Apache-2.0 */
/* refclock-gps: which instant a message means. */

#include <check.h>
#include <math.h>
#include <plugins/refclock-gps/calendar.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_NS (INT64_C(86400) * GN_NS_PER_S)
#define NOON (INT64_C(43200) * GN_NS_PER_S)

/* A local clock that is right, to within a minute. */
static gn_local local_of(int32_t day, int64_t ns)
{
    return (gn_local){day * DAY_NS + ns + 60 * GN_NS_PER_S};
}

static struct gps_time date(int year, int month, int day, int64_t ns)
{
    return (struct gps_time){.said = true, .day = gps_day(year, month, day), .ns = ns};
}

static struct gps_others others_say(int32_t day, int64_t ns, double bound_s)
{
    return (struct gps_others){.known = true, .utc = {day * DAY_NS + ns}, .bound_s = bound_s};
}

/* ---------------------------------------------------------------- days */

START_TEST(test_good_dates_stay)
{
    struct calendar calendar;
    struct gps_time said = date(2027, 3, 4, NOON);
    gn_utc utc;
    char words[160];
    calendar_init(&calendar, GPS_NO_DAY);
    ck_assert_int_eq(calendar_read(&calendar, &said, local_of(said.day, NOON), &gps_nobody, &utc),
                     CALENDAR_GOOD);
    ck_assert_int_eq(utc.ns, said.day * DAY_NS + NOON);
    ck_assert_int_eq(calendar.rollovers, 0);
    ck_assert_str_eq(calendar_age_words(&calendar, words, sizeof words), "");
}
END_TEST

/* Receivers whose weeks rolled over: what they say, and what it means. */
static const struct {
    int said[3], meant[3];
    int rollovers;
    bool two_digits;
} rolled[] = {
    {{2007, 7, 8}, {2027, 2, 21}, 1, false},
    {{1987, 11, 22}, {2027, 2, 21}, 2, false}, /* made in the eighties */
    {{2007, 7, 8}, {2027, 2, 21}, 1, true},
    {{2006, 6, 18}, {2026, 2, 1}, 1, true},
    {{1999, 8, 22}, {2038, 11, 21}, 2, false},
    {{2012, 2, 28}, {2031, 10, 14}, 1, false},
};

START_TEST(test_weeks_rolled_over)
{
    struct calendar calendar;
    const int *s = rolled[_i].said, *m = rolled[_i].meant;
    struct gps_time said = date(s[0], s[1], s[2], NOON);
    int32_t meant = gps_day(m[0], m[1], m[2]);
    gn_utc utc;
    char words[160];
    said.two_digits = rolled[_i].two_digits;
    calendar_init(&calendar, 0);
    ck_assert_int_eq(calendar_read(&calendar, &said, local_of(meant, NOON), &gps_nobody, &utc),
                     CALENDAR_GOOD);
    ck_assert_int_eq(utc.ns / DAY_NS, meant);
    ck_assert_int_eq(calendar.rollovers, rolled[_i].rollovers);
    calendar_age_words(&calendar, words, sizeof words);
    ck_assert_str_eq(words, rolled[_i].rollovers == 1
                                ? "its firmware is at least 19 years old: the dates are 1024 weeks "
                                  "early, and repaired"
                                : "its firmware is at least 39 years old: the dates are 2048 weeks "
                                  "early, and repaired");
}
END_TEST

/* The newest of release, last good day and what the user says. */
START_TEST(test_pivot)
{
    struct calendar calendar;
    int32_t user = gps_day(2040, 1, 1), saved = gps_day(2047, 6, 1);
    struct gps_time said = date(2028, 5, 5, NOON);
    gn_utc utc;
    calendar_init(&calendar, user);
    calendar_read(&calendar, &said, local_of(user, NOON), &gps_nobody, &utc);
    ck_assert_int_eq(utc.ns / DAY_NS, said.day + 7168);
    calendar_init(&calendar, user);
    calendar_saved(&calendar, saved);
    calendar_saved(&calendar, gps_day(2030, 1, 1)); /* an older one changes nothing */
    calendar_read(&calendar, &said, local_of(saved, NOON), &gps_nobody, &utc);
    ck_assert_int_eq(utc.ns / DAY_NS, said.day + 7168);
    ck_assert_int_eq(calendar.pivot_day, saved);
}
END_TEST

/* A day before the pivot is no rollover: 19 years later is no place for it. */
START_TEST(test_backward)
{
    struct calendar calendar;
    struct gps_time said = date(2026, 6, 1, NOON);
    gn_utc utc;
    calendar_init(&calendar, gps_day(2026, 6, 2));
    ck_assert_int_eq(calendar_read(&calendar, &said, local_of(said.day, NOON), &gps_nobody, &utc),
                     CALENDAR_BACKWARD);
    ck_assert_int_eq(calendar.rollovers, 0);
    said.day++;
    ck_assert_int_eq(calendar_read(&calendar, &said, local_of(said.day, NOON), &gps_nobody, &utc),
                     CALENDAR_GOOD);
}
END_TEST

/* Others know the day: also where the pivot was spoilt by a forged date. */
START_TEST(test_others_know_the_day)
{
    struct calendar calendar;
    struct gps_time said = date(2027, 2, 21, NOON);
    struct gps_others others = others_say(said.day, NOON - 5 * GN_NS_PER_S, 100);
    gn_utc utc;
    calendar_init(&calendar, 0);
    calendar_saved(&calendar, gps_day(2041, 1, 1));
    ck_assert_int_eq(calendar_read(&calendar, &said, local_of(said.day, NOON), &others, &utc),
                     CALENDAR_GOOD);
    ck_assert_int_eq(utc.ns / DAY_NS, said.day);
    ck_assert_int_eq(calendar.rollovers, 0);
    said.day -= 7168;
    ck_assert_int_eq(
        calendar_read(&calendar, &said, local_of(said.day + 7168, NOON), &others, &utc),
        CALENDAR_GOOD);
    ck_assert_int_eq(utc.ns / DAY_NS, said.day + 7168);
    ck_assert_int_eq(calendar.rollovers, 1);
}
END_TEST

START_TEST(test_century)
{
    struct calendar calendar;
    struct gps_time said = date(1981, 5, 6, NOON); /* "81" */
    gn_utc utc;
    said.two_digits = true;
    calendar_init(&calendar, gps_day(2080, 12, 1));
    calendar_read(&calendar, &said, local_of(gps_day(2081, 5, 6), NOON), &gps_nobody, &utc);
    ck_assert_int_eq(utc.ns / DAY_NS, gps_day(2081, 5, 6));
}
END_TEST

/* GGA says a time of day: of the day that RMC said, or of the one before or after. */
START_TEST(test_time_of_day)
{
    struct calendar calendar;
    struct gps_time said = date(2027, 2, 21, DAY_NS - GN_NS_PER_S);
    struct gps_time only = {.said = true, .day = GPS_NO_DAY, .ns = 0};
    int32_t day = said.day;
    gn_utc utc;
    calendar_init(&calendar, 0);
    ck_assert_int_eq(calendar_read(&calendar, &only, local_of(day, NOON), &gps_nobody, &utc),
                     CALENDAR_NO_DATE);
    calendar_read(&calendar, &said, local_of(day, DAY_NS - GN_NS_PER_S), &gps_nobody, &utc);
    ck_assert_int_eq(calendar_read(&calendar, &only, local_of(day + 1, 0), &gps_nobody, &utc),
                     CALENDAR_GOOD);
    ck_assert_int_eq(utc.ns, (day + 1) * DAY_NS);
    only.ns = DAY_NS - GN_NS_PER_S;
    ck_assert_int_eq(
        calendar_read(&calendar, &only, local_of(day + 1, -GN_NS_PER_S / 2), &gps_nobody, &utc),
        CALENDAR_GOOD);
    ck_assert_int_eq(utc.ns, (day + 1) * DAY_NS - GN_NS_PER_S);
}
END_TEST

/* ---------------------------------------------------------------- leap seconds */

#define LAST_DAY gps_day(2026, 12, 31)
#define MIDNIGHT ((LAST_DAY + 1) * DAY_NS)

/* What a receiver says at a second of GPS or of UTC since 1970, 0.4 s late. */
static enum calendar_verdict hear(struct calendar *calendar, enum gps_scale scale, int64_t second,
                                  int64_t true_second, const struct gps_others *others, gn_utc *utc)
{
    struct gps_time said = {.said = true,
                            .scale = scale,
                            .day = (int32_t)(second / 86400),
                            .ns = second % 86400 * GN_NS_PER_S};
    gn_local at = {true_second * GN_NS_PER_S + 400000000};
    return calendar_read(calendar, &said, at, others, utc);
}

static void vouch(struct calendar *calendar, int leap_s, int change, int64_t change_in_s,
                  int64_t true_second)
{
    struct gps_message message;
    gps_message_init(&message, GPS_NAV_TIMELS);
    message.leap_valid = GPS_YES;
    message.leap_s = (int16_t)leap_s;
    message.change_valid = GPS_YES;
    message.change = (int8_t)change;
    message.change_in_s = change_in_s;
    calendar_hear(calendar, &message, (gn_local){true_second * GN_NS_PER_S});
}

START_TEST(test_gps_time_needs_a_leap_count)
{
    struct calendar calendar;
    struct gps_message preset;
    int64_t second = gps_day(2027, 2, 21) * INT64_C(86400);
    gn_utc utc;
    calendar_init(&calendar, 0);
    gps_message_init(&preset, GPS_NAV_TIMEGPS);
    preset.leap_valid = GPS_NO; /* of the firmware */
    preset.leap_s = 15;
    calendar_hear(&calendar, &preset, (gn_local){0});
    ck_assert_int_eq(hear(&calendar, GPS_SCALE_GPS, second, second, &gps_nobody, &utc),
                     CALENDAR_LEAP_UNKNOWN);
    calendar_table(&calendar, 37);
    ck_assert_int_eq(hear(&calendar, GPS_SCALE_GPS, second, second, &gps_nobody, &utc),
                     CALENDAR_GOOD);
    ck_assert_int_eq(utc.ns / GN_NS_PER_S, second - 18);
    calendar_table(&calendar, GN_TAI_UNKNOWN);
    ck_assert_int_eq(hear(&calendar, GPS_SCALE_GPS, second, second, &gps_nobody, &utc),
                     CALENDAR_LEAP_UNKNOWN);
    vouch(&calendar, 19, 0, 0, second);
    hear(&calendar, GPS_SCALE_GPS, second, second, &gps_nobody, &utc);
    ck_assert_int_eq(utc.ns / GN_NS_PER_S, second - 19);
}
END_TEST

/* Announced months before: the samples say so on the last day of the month only. */
START_TEST(test_leap_of_a_sample)
{
    struct calendar calendar;
    int change = _i == 0 ? 1 : -1;
    int64_t now = MIDNIGHT / GN_NS_PER_S - 30 * 86400;
    gn_utc utc;
    calendar_init(&calendar, 0);
    vouch(&calendar, 18, change, 30 * 86400, now); /* of which day, is not known yet */
    ck_assert_int_eq(calendar.change, 0);
    hear(&calendar, GPS_SCALE_UTC, now, now, &gps_nobody, &utc);
    vouch(&calendar, 18, change, 30 * 86400, now);
    ck_assert_int_eq(calendar.change, change);
    ck_assert_int_eq(calendar.change_at.ns, MIDNIGHT);
    ck_assert_int_eq(calendar_leap(&calendar, utc), GN_LEAP_NORMAL);
    ck_assert_int_eq(calendar_leap(&calendar, (gn_utc){MIDNIGHT - DAY_NS - 1}), GN_LEAP_NORMAL);
    ck_assert_int_eq(calendar_leap(&calendar, (gn_utc){MIDNIGHT - DAY_NS}),
                     change > 0 ? GN_LEAP_INSERT : GN_LEAP_DELETE);
    ck_assert_int_eq(calendar_leap(&calendar, (gn_utc){MIDNIGHT - 1}),
                     change > 0 ? GN_LEAP_INSERT : GN_LEAP_DELETE);
    ck_assert_int_eq(calendar_leap(&calendar, (gn_utc){MIDNIGHT}), GN_LEAP_NORMAL);
    vouch(&calendar, 18, change, 17 * 86400, now); /* not at the end of a month: nonsense */
    ck_assert_int_eq(calendar.change, 0);
}
END_TEST

/* Through a leap second, in each manner of telling it. */
enum manner {
    SIXTY_TOLD, /* announced, 23:59:60 */
    SIXTY,      /* not announced, 23:59:60 */
    GPS_COUNT,  /* GPS time, and the new count at once */
    GPS_LATE,   /* GPS time, and the new count a minute later */
    DELETED,    /* announced, 23:59:59 is left out */
    MANNERS
};

START_TEST(test_through_a_leap_second)
{
    struct calendar calendar;
    enum manner manner = (enum manner)_i;
    bool gps = manner == GPS_COUNT || manner == GPS_LATE;
    int change = manner == DELETED ? -1 : 1;
    int64_t midnight = MIDNIGHT / GN_NS_PER_S, from = midnight - 60, good = 0;
    gn_utc utc;
    calendar_init(&calendar, 0);
    for (int64_t t = from; t < midnight + 120; t++) { /* as if there were no leap second */
        int64_t called = t < midnight - (change < 0) ? t : t - change;
        bool inserted = change > 0 && t == midnight;
        int count = manner == GPS_COUNT ? 18 + (t >= midnight + 1) : 18 + (t >= midnight + 60);
        struct gps_time sixty = {.said = true, .day = LAST_DAY, .ns = DAY_NS};
        gn_local at = {t * GN_NS_PER_S + 400000000};
        if ((gps || t > from) && (manner != SIXTY || t > midnight + 60))
            vouch(&calendar, gps ? count : 18 + (t > midnight), t < midnight ? change : 0,
                  midnight - t, t);
        if (!gps && inserted) {
            ck_assert_int_eq(calendar_read(&calendar, &sixty, at, &gps_nobody, &utc),
                             CALENDAR_INSERTED);
            continue;
        }
        enum calendar_verdict verdict = hear(&calendar, gps ? GPS_SCALE_GPS : GPS_SCALE_UTC,
                                             gps ? t + 18 : called, t, &gps_nobody, &utc);
        ck_assert_int_eq(verdict, inserted ? CALENDAR_INSERTED : CALENDAR_GOOD);
        if (verdict == CALENDAR_GOOD)
            ck_assert_int_eq(utc.ns / GN_NS_PER_S, called);
        good += verdict == CALENDAR_GOOD;
    }
    ck_assert_int_eq(good, 180 - (change > 0));
    ck_assert_uint_eq(calendar.jumps, 0);
}
END_TEST

/* UTC by the leap count of the firmware is not believed, also where another message has said it;
 * GPS time goes on by a table. */
START_TEST(test_a_preset_is_no_leap_count)
{
    struct calendar calendar;
    struct gps_time utc_said = {.said = true, .day = LAST_DAY, .ns = NOON};
    struct gps_time gps_said = {
        .said = true, .scale = GPS_SCALE_GPS, .day = LAST_DAY, .ns = NOON + 18 * GN_NS_PER_S};
    struct gps_message message;
    gn_local at = {0};
    gn_utc utc;
    calendar_init(&calendar, 0);
    gps_message_init(&message, GPS_NAV_TIMEUTC);
    message.time = utc_said;
    message.time.resolved = GPS_NO;
    calendar_hear(&calendar, &message, at);
    ck_assert_int_eq(calendar_read(&calendar, &message.time, at, &gps_nobody, &utc),
                     CALENDAR_LEAP_UNKNOWN);
    ck_assert_int_eq(calendar_read(&calendar, &utc_said, at, &gps_nobody, &utc),
                     CALENDAR_LEAP_UNKNOWN);
    ck_assert_int_eq(calendar_read(&calendar, &gps_said, at, &gps_nobody, &utc),
                     CALENDAR_LEAP_UNKNOWN);
    calendar_table(&calendar, 37);
    ck_assert_int_eq(calendar_read(&calendar, &gps_said, at, &gps_nobody, &utc), CALENDAR_GOOD);
    ck_assert_int_eq(utc.ns, LAST_DAY * DAY_NS + NOON);
    message.time.resolved = GPS_YES;
    calendar_hear(&calendar, &message, at);
    ck_assert_int_eq(calendar_read(&calendar, &utc_said, at, &gps_nobody, &utc), CALENDAR_GOOD);
    gps_message_init(&message, GPS_NAV_TIMELS);
    message.leap_valid = GPS_NO;
    calendar_hear(&calendar, &message, at);
    ck_assert_int_eq(calendar_read(&calendar, &utc_said, at, &gps_nobody, &utc),
                     CALENDAR_LEAP_UNKNOWN);
}
END_TEST

/* A receiver that leaves 23:59:59 out and announces nothing; the daemon knows it of others. */
START_TEST(test_a_leap_second_that_only_others_tell)
{
    struct calendar calendar;
    int64_t midnight = MIDNIGHT / GN_NS_PER_S;
    gn_utc utc;
    calendar_init(&calendar, 0);
    calendar_told(&calendar, GN_LEAP_DELETE, (gn_utc){MIDNIGHT - 40 * DAY_NS});
    ck_assert_int_eq(calendar.change, 0); /* no month ends there */
    for (int64_t t = midnight - 60; t < midnight + 60; t++) {
        int64_t called = t < midnight - 1 ? t : t + 1;
        calendar_told(&calendar, t < midnight - 1 ? GN_LEAP_DELETE : GN_LEAP_NORMAL,
                      (gn_utc){called * GN_NS_PER_S + GN_NS_PER_S / 2});
        ck_assert_int_eq(hear(&calendar, GPS_SCALE_UTC, called, t, &gps_nobody, &utc),
                         CALENDAR_GOOD);
        ck_assert_int_eq(calendar.change, t < midnight - 1 ? -1 : 0);
        ck_assert_int_eq(calendar_leap(&calendar, utc), GN_LEAP_NORMAL); /* theirs to say */
    }
    calendar_told(&calendar, GN_LEAP_INSERT, (gn_utc){MIDNIGHT - DAY_NS});
    ck_assert_int_eq(calendar.change, 1);
    calendar_told(&calendar, GN_LEAP_NORMAL, (gn_utc){MIDNIGHT - DAY_NS}); /* taken back */
    ck_assert_int_eq(calendar.change, 0);
}
END_TEST

/* ---------------------------------------------------------------- jumps */

#define SOME_DAY (gps_day(2027, 2, 21) * INT64_C(86400))

/* A receiver without almanac tells UTC with the leap count of its firmware; then it learns. */
static int64_t jump(struct calendar *calendar, int by_s, int64_t at, int64_t most,
                    const struct gps_others *others)
{
    gn_utc utc;
    for (int64_t t = at; t < at + most; t++) {
        struct gps_others now = *others;
        now.utc.ns = t * GN_NS_PER_S + 400000000;
        if (hear(calendar, GPS_SCALE_UTC, t + by_s, t, &now, &utc) == CALENDAR_GOOD)
            return t - at;
    }
    return most;
}

static void begin(struct calendar *calendar, int by_s)
{
    gn_utc utc;
    calendar_init(calendar, 0);
    for (int64_t t = SOME_DAY; t < SOME_DAY + 60; t++)
        ck_assert_int_eq(hear(calendar, GPS_SCALE_UTC, t + by_s, t, &gps_nobody, &utc),
                         CALENDAR_GOOD);
}

START_TEST(test_no_jump_without_agreement)
{
    static const int jumps_s[] = {-18, -3, -2, -1, 1, 2, 18};
    struct calendar calendar;
    struct gps_others others = {.known = true, .bound_s = 0.01}, coarse = others;
    int by_s = jumps_s[_i];
    char words[160], expected[160];
    coarse.bound_s = 5;
    begin(&calendar, 0);
    /* Others know better. */
    ck_assert_int_eq(jump(&calendar, by_s, SOME_DAY + 60, 2000, &others), 2000);
    snprintf(expected, sizeof expected,
             "the receiver's time is off by %+d s since before, as by another leap count, and "
             "nobody agrees",
             by_s);
    ck_assert_str_eq(calendar_words(&calendar, CALENDAR_JUMP, words, sizeof words), expected);
    /* Others who cannot tell are no agreement, either. */
    ck_assert_int_eq(jump(&calendar, by_s, SOME_DAY + 2060, 500, &coarse), 500);
    ck_assert_uint_eq(calendar.jumps, 0);
    /* It comes back: as if nothing had been. */
    ck_assert_int_eq(jump(&calendar, 0, SOME_DAY + 2560, 10, &gps_nobody), 0);
}
END_TEST

START_TEST(test_jumps_with_agreement)
{
    struct calendar calendar;
    struct gps_others others = {.known = true, .bound_s = 0.01};
    begin(&calendar, 2);
    ck_assert_int_eq(jump(&calendar, 0, SOME_DAY + 60, 10, &others), 0);
    ck_assert_uint_eq(calendar.jumps, 1);
    /* The receiver says that it has heard the leap count. */
    begin(&calendar, 3);
    ck_assert_int_eq(jump(&calendar, 0, SOME_DAY + 60, 10, &gps_nobody), 10);
    vouch(&calendar, 18, 0, 0, SOME_DAY + 70);
    ck_assert_int_eq(jump(&calendar, 0, SOME_DAY + 70, 10, &gps_nobody), 0);
    /* Nobody else is there, for a quarter of an hour. */
    begin(&calendar, 2);
    ck_assert_int_eq(jump(&calendar, 0, SOME_DAY + 60, 2000, &gps_nobody), 901);
}
END_TEST

/* A first message from a full buffer, one that comes late, and a clock that has slept. */
START_TEST(test_what_is_no_jump)
{
    struct calendar calendar;
    gn_utc utc;
    calendar_init(&calendar, 0);
    hear(&calendar, GPS_SCALE_UTC, SOME_DAY - 3, SOME_DAY, &gps_nobody, &utc);
    for (int64_t t = SOME_DAY + 1; t < SOME_DAY + 60; t++)
        ck_assert_int_eq(hear(&calendar, GPS_SCALE_UTC, t, t, &gps_nobody, &utc), CALENDAR_GOOD);
    ck_assert_int_eq(
        hear(&calendar, GPS_SCALE_UTC, SOME_DAY + 60, SOME_DAY + 62, &gps_nobody, &utc),
        CALENDAR_JUMP);
    ck_assert_int_eq(
        hear(&calendar, GPS_SCALE_UTC, SOME_DAY + 63, SOME_DAY + 63, &gps_nobody, &utc),
        CALENDAR_GOOD);
    calendar_forget(&calendar);
    ck_assert_int_eq(
        hear(&calendar, GPS_SCALE_UTC, SOME_DAY + 70, SOME_DAY + 64, &gps_nobody, &utc),
        CALENDAR_GOOD);
    ck_assert_uint_eq(calendar.jumps, 0);
}
END_TEST

/* Each fifth message comes a second late: that is no jump, whichever came first. */
START_TEST(test_late_in_two_manners)
{
    struct calendar calendar;
    unsigned refused = 0;
    gn_utc utc;
    calendar_init(&calendar, 0);
    for (int64_t t = SOME_DAY; t < SOME_DAY + 600; t++) {
        bool late = t < SOME_DAY + 10 ? _i == 0 : t % 5 == 0;
        struct gps_time said = {
            .said = true, .day = (int32_t)(t / 86400), .ns = t % 86400 * GN_NS_PER_S};
        gn_local at = {t * GN_NS_PER_S + (late ? 1100000000 : 200000000)};
        refused += calendar_read(&calendar, &said, at, &gps_nobody, &utc) != CALENDAR_GOOD;
    }
    ck_assert_uint_ge(refused, 3);
    ck_assert_uint_lt(refused, 20);
    ck_assert_uint_eq(calendar.jumps, 0);
    /* And a leap count is a jump all the same. */
    ck_assert_int_eq(
        hear(&calendar, GPS_SCALE_UTC, SOME_DAY + 618, SOME_DAY + 600, &gps_nobody, &utc),
        CALENDAR_JUMP);
}
END_TEST

START_TEST(test_impossible)
{
    static const struct gps_time times[] = {
        {.said = true, .day = 21000, .ns = -1},
        {.said = true, .day = 21000, .ns = DAY_NS + GN_NS_PER_S},
        {.said = true, .day = 21000, .ns = DAY_NS}, /* 23:59:60 in the middle of a month */
        {.said = true, .scale = GPS_SCALE_GPS, .day = 21000, .ns = DAY_NS},
        {.said = true, .day = 2932896, .ns = 0}, /* 9999-12-31: no int64_t holds it */
        {.said = true, .day = -1, .ns = 0},
    };
    struct calendar calendar;
    gn_utc utc;
    calendar_init(&calendar, 0);
    calendar_table(&calendar, 37);
    ck_assert_int_eq(calendar_read(&calendar, &times[_i], local_of(21000, 0), &gps_nobody, &utc),
                     CALENDAR_IMPOSSIBLE);
}
END_TEST

/* Every verdict has words. */
START_TEST(test_words)
{
    struct calendar calendar;
    char words[160];
    calendar_init(&calendar, 0);
    const char *text = calendar_words(&calendar, (enum calendar_verdict)_i, words, sizeof words);
    ck_assert_int_eq(strlen(text) > 0, _i != CALENDAR_GOOD);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps calendar");
    TCase *days = tcase_create("days");
    tcase_add_test(days, test_good_dates_stay);
    tcase_add_loop_test(days, test_weeks_rolled_over, 0, sizeof rolled / sizeof rolled[0]);
    tcase_add_test(days, test_pivot);
    tcase_add_test(days, test_backward);
    tcase_add_test(days, test_others_know_the_day);
    tcase_add_test(days, test_century);
    tcase_add_test(days, test_time_of_day);
    tcase_add_loop_test(days, test_impossible, 0, 6);
    tcase_add_loop_test(days, test_words, 0, CALENDAR_JUMP + 1);
    suite_add_tcase(suite, days);
    TCase *leaps = tcase_create("leap seconds");
    tcase_add_test(leaps, test_gps_time_needs_a_leap_count);
    tcase_add_loop_test(leaps, test_leap_of_a_sample, 0, 2);
    tcase_add_loop_test(leaps, test_through_a_leap_second, 0, MANNERS);
    tcase_add_test(leaps, test_a_preset_is_no_leap_count);
    tcase_add_test(leaps, test_a_leap_second_that_only_others_tell);
    suite_add_tcase(suite, leaps);
    TCase *jumps = tcase_create("jumps");
    tcase_add_loop_test(jumps, test_no_jump_without_agreement, 0, 7);
    tcase_add_test(jumps, test_jumps_with_agreement);
    tcase_add_test(jumps, test_what_is_no_jump);
    tcase_add_loop_test(jumps, test_late_in_two_manners, 0, 2);
    suite_add_tcase(suite, jumps);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
