/* SPDX-License-Identifier: Apache-2.0 */
/* refclock-gps: which second a pulse marks; never a wrong one, whatever the messages do. */

#include <check.h>
#include <math.h>
#include <plugins/refclock-gps/numbering.h>
#include <sim/chance.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN INT64_C(1782000000) /* UTC, s */
#define SEEDS 1000
#define SECONDS 300

/* How late the messages of a receiver are. */
enum shape {
    STEADY,   /* 300 … 600 ms, anew each second */
    EVEN,     /* 0 … 999 ms */
    TWO,      /* 0.2 s or, each fifth, 1.1 s: a long burst on a slow line */
    APART,    /* 0.15 s or 0.85 s */
    GROWING,  /* from 0.6 s to 1.5 s */
    FALLING,  /* from 0.9 s to 0.1 s */
    LOST,     /* as STEADY; two of three are lost */
    SLOW,     /* 4800 baud: GGA, GSV sometimes, RMC; each burst behind the one before */
    STALLED,  /* as STEADY; the daemon is held up for seconds now and then */
    GARBLED,  /* as STEADY; each fiftieth message names another second near */
    NOISY,    /* as STEADY; pulses that are none between the others */
    NEXT,     /* TIM-TP: 50 … 300 ms after the pulse before the one that it names */
    WRONG,    /* RMC that names the next second, 0.2 … 0.5 s after a pulse */
    STRADDLE, /* 0.9 … 1.1 s */
    WIDE,     /* 0.5 … 1.5 s */
    SHAPES
};

static const char *const names[SHAPES] = {
    "300 to 600 ms",
    "0 to 999 ms",
    "0.2 s or 1.1 s",
    "0.15 s or 0.85 s",
    "growing over 1 s",
    "falling",
    "two of three lost",
    "4800 baud",
    "held up",
    "garbled",
    "noise on the pulse",
    "TIM-TP",
    "names the next second",
    "0.9 to 1.1 s",
    "0.5 to 1.5 s",
};

/* Whether others know the time. */
enum witness { NOBODY, GOOD, COARSE /* within 0.3 s */ };

struct world {
    struct chance chance;
    enum shape shape;
    enum witness witness;
    double ahead_s;   /* local less UTC */
    double frequency; /* of the local clock */
    double backlog_s; /* of the line */
    struct latency latency;
    struct numbering numbering;
    int numbered_at; /* second; -1 never */
    int numbered, refused;
};

static gn_local local_of(const struct world *world, double t_s)
{
    double whole_s = floor(t_s);
    return (gn_local){(BEGIN + (int64_t)whole_s) * GN_NS_PER_S +
                      gn_nanoseconds(t_s - whole_s + world->ahead_s + world->frequency * t_s)};
}

static double between(struct world *world, double least, double most)
{
    return least + (most - least) * chance_uniform(&world->chance);
}

/* A message that names the second `named` arrives at `at_s`. */
static void say(struct world *world, enum gps_kind kind, double at_s, int named)
{
    gn_local at = local_of(world, at_s);
    gn_utc utc = {(BEGIN + named) * GN_NS_PER_S}, then;
    struct latency_guess guess = latency_predict(&world->latency, kind);
    latency_arrived(&world->latency, kind, at, utc);
    numbering_message(&world->numbering, kind, at, utc, &guess);
    if (world->witness == GOOD)
        latency_learn(&world->latency, kind, at_s - named, 0.01);
    else if (numbering_utc(&world->numbering, at, &then))
        latency_learn(&world->latency, kind, gn_seconds(gn_utc_sub(then, utc)), 1e-6);
}

static double late(struct world *world, int second)
{
    double share = (double)second / SECONDS;
    switch (world->shape) {
    case EVEN:
        return between(world, 0, 0.999);
    case TWO:
        return chance_uniform(&world->chance) < 0.2 ? between(world, 1.0, 1.2)
                                                    : between(world, 0.15, 0.25);
    case APART:
        return between(world, 0.14, 0.16) + (chance_uniform(&world->chance) < 0.5 ? 0.7 : 0);
    case GROWING:
        return 0.6 + 0.9 * share + between(world, -0.05, 0.05);
    case FALLING:
        return 0.9 - 0.8 * share + between(world, -0.05, 0.05);
    case STRADDLE:
        return between(world, 0.9, 1.1);
    case WIDE:
        return between(world, 0.5, 1.5);
    case STALLED:
        return between(world, 0.3, 0.6) +
               (chance_uniform(&world->chance) < 0.05 ? between(world, 0.5, 3) : 0);
    default:
        return between(world, 0.3, 0.6);
    }
}

/* GGA, each fifth second five GSV, RMC: the line is a queue. */
static void say_slowly(struct world *world, int second)
{
    double byte_s = 10 / 4800.0;
    double from_s = fmax(second + between(world, 0.25, 0.35), world->backlog_s);
    double gga_s = from_s + 70 * byte_s, gsv_s = second % 5 == 0 ? 5 * 66 * byte_s : 0;
    world->backlog_s = gga_s + gsv_s + 68 * byte_s;
    say(world, GPS_GGA, gga_s, second);
    say(world, GPS_RMC, world->backlog_s, second);
}

static void say_second(struct world *world, int second)
{
    if (world->shape == SLOW)
        say_slowly(world, second);
    else if (world->shape == NEXT)
        say(world, GPS_TIM_TP, second + between(world, 0.05, 0.3), second + 1);
    else if (world->shape == WRONG)
        say(world, GPS_RMC, second + between(world, 0.2, 0.5), second + 1);
    else if (world->shape == GARBLED && chance_uniform(&world->chance) < 0.02)
        say(world, GPS_RMC, second + late(world, second),
            second + (chance_uniform(&world->chance) < 0.5 ? 1 : -1));
    else if (world->shape != LOST || chance_uniform(&world->chance) < 1 / 3.0)
        say(world, GPS_RMC, second + late(world, second), second);
}

static struct gps_others others_at(struct world *world, double t_s)
{
    double off_s = world->witness == GOOD     ? between(world, -0.02, 0.02)
                   : world->witness == COARSE ? between(world, -0.3, 0.3)
                                              : 0;
    return (struct gps_others){.known = world->witness != NOBODY,
                               .utc = {BEGIN * GN_NS_PER_S + gn_nanoseconds(t_s + off_s)},
                               .bound_s = world->witness == GOOD ? 0.02 : 0.3};
}

/* Returns the error of the numbering in seconds; 0 also where it is refused. */
static int pulse(struct world *world, int second)
{
    struct gps_others others = others_at(world, second);
    gn_utc utc;
    enum numbering_verdict verdict = numbering_pulse(
        &world->numbering, local_of(world, second + between(world, -1e-6, 1e-6)), &others, &utc);
    if (verdict != NUMBERING_NUMBERED && verdict != NUMBERING_CONTRARY) {
        world->refused++;
        return 0;
    }
    ck_assert_int_eq(utc.ns % GN_NS_PER_S, 0);
    world->numbered++;
    if (world->numbered_at < 0)
        world->numbered_at = second;
    return (int)(utc.ns / GN_NS_PER_S - BEGIN) - second;
}

static int noise(struct world *world, int second)
{
    gn_utc utc;
    double at_s = second + between(world, 0.1, 0.9);
    if (world->shape != NOISY || second < 2 || chance_uniform(&world->chance) > 0.3)
        return 0;
    return numbering_pulse(&world->numbering, local_of(world, at_s), &gps_nobody, &utc) !=
           NUMBERING_STRAY;
}

static void prepare(struct world *world, enum shape shape, enum witness witness, uint64_t seed)
{
    memset(world, 0, sizeof *world);
    chance_init(&world->chance, seed, "test", names[shape]);
    world->shape = shape;
    world->witness = witness;
    world->ahead_s = between(world, -3, 3);
    world->frequency = between(world, -1e-4, 1e-4);
    world->numbered_at = -1;
    latency_init(&world->latency, (double)NAN);
    numbering_init(&world->numbering);
}

/* Returns the second of the first wrong number; -1: there is none. */
static int run(struct world *world, int from, int to)
{
    for (int second = from; second < to; second++) {
        if (pulse(world, second) != 0)
            return second;
        if (noise(world, second) != 0)
            return second;
        say_second(world, second);
    }
    return -1;
}

/* How many of the seeds end numbered; none may ever be a second off. */
static unsigned seeds(enum shape shape, enum witness witness, unsigned count)
{
    static const char *const by[] = {"alone", "beside others", "beside coarse others"};
    struct world world;
    unsigned numbered = 0, worst = 0;
    double sum = 0;
    for (unsigned seed = 1; seed <= count; seed++) {
        prepare(&world, shape, witness, seed);
        int wrong = run(&world, 0, SECONDS);
        ck_assert_msg(wrong < 0, "%s, seed %u: a wrong number at second %d", names[shape], seed,
                      wrong);
        numbered += world.numbering.numbered;
        if (world.numbered_at >= 0) {
            sum += world.numbered_at;
            worst = (unsigned)world.numbered_at > worst ? (unsigned)world.numbered_at : worst;
        }
    }
    printf("%-22s %-20s %4u of %u numbered, after %.0f s (at most %u); 0 wrong\n", names[shape],
           by[witness], numbered, count, numbered > 0 ? sum / numbered : 0, worst);
    return numbered;
}

/* Every shape that the rule of the protocol allows. */
START_TEST(test_never_a_second_off)
{
    unsigned count = _i <= EVEN ? SEEDS : SEEDS / 5;
    unsigned numbered = seeds((enum shape)_i, NOBODY, count);
    ck_assert_uint_ge(numbered, count * 99 / 100);
}
END_TEST

START_TEST(test_others_agree)
{
    ck_assert_uint_ge(seeds((enum shape)_i, GOOD, SEEDS / 10), SEEDS / 10 * 99 / 100);
    ck_assert_uint_ge(seeds((enum shape)_i, COARSE, SEEDS / 20), SEEDS / 20 * 99 / 100);
}
END_TEST

/* What fits two seconds is not numbered, unless some message comes before the pulse of one of
 * them: then it is the other. Or by others. */
START_TEST(test_ambiguous)
{
    ck_assert_uint_eq(seeds(STRADDLE, NOBODY, SEEDS), 0);
    ck_assert_uint_lt(seeds(WIDE, NOBODY, SEEDS / 5), SEEDS / 5);
    ck_assert_uint_eq(seeds(STRADDLE, GOOD, SEEDS / 10), SEEDS / 10);
    ck_assert_uint_eq(seeds(WIDE, GOOD, SEEDS / 10), SEEDS / 10);
    ck_assert_uint_eq(seeds(WIDE, COARSE, SEEDS / 10), SEEDS / 10);
}
END_TEST

/* RMC that names the next second: others who know the time see it, and it is refused until so many
 * messages were compared with them that this latency is believed. */
START_TEST(test_names_the_next_second)
{
    struct world world;
    seeds(WRONG, GOOD, SEEDS / 5);
    prepare(&world, WRONG, GOOD, 1);
    ck_assert_int_lt(run(&world, 0, SECONDS), 0);
    ck_assert(!world.numbering.numbered);
    ck_assert_str_eq(numbering_words(&world.numbering),
                     "ambiguous: the other sources number the seconds otherwise");
    ck_assert_int_lt(run(&world, SECONDS, 900), 0);
    ck_assert(world.numbering.numbered);
}
END_TEST

/* ---------------------------------------------------------------- what happens later */

/* A receiver that is numbered. */
static void numbered(struct world *world, enum shape shape)
{
    prepare(world, shape, NOBODY, 1);
    ck_assert_int_lt(run(world, 0, 100), 0);
    ck_assert(world->numbering.numbered);
}

START_TEST(test_one_message_changes_nothing)
{
    struct world world;
    numbered(&world, STEADY);
    for (int second = 100; second < 400; second++) {
        ck_assert_int_eq(pulse(&world, second), 0);
        say(&world, GPS_RMC, second + late(&world, second), second % 10 == 0 ? second + 1 : second);
    }
    ck_assert_int_eq(world.refused, 16); /* those before it was numbered */
}
END_TEST

/* The receiver's time goes off by a second and stays there: first it is contradicted, then no
 * number is given. */
START_TEST(test_a_jump_gives_up)
{
    struct world world;
    gn_utc utc;
    unsigned contrary = 0, ambiguous = 0;
    int jump = _i == 0 ? 1 : -1;
    numbered(&world, STEADY);
    for (int second = 100; second < 115; second++) {
        enum numbering_verdict verdict =
            numbering_pulse(&world.numbering, local_of(&world, second), &gps_nobody, &utc);
        contrary += verdict == NUMBERING_CONTRARY;
        ambiguous += verdict == NUMBERING_AMBIGUOUS || verdict == NUMBERING_WAITING;
        if (verdict <= NUMBERING_CONTRARY && verdict != NUMBERING_WAITING &&
            verdict != NUMBERING_AMBIGUOUS)
            ck_assert_int_eq(utc.ns / GN_NS_PER_S - BEGIN, second);
        say(&world, GPS_RMC, second + late(&world, second), second + jump);
    }
    ck_assert_uint_eq(contrary, 6);
    ck_assert_int_eq(ambiguous, 7 - _i); /* a name that was there before is no vote */
}
END_TEST

/* Without antenna for ten minutes, and no pulse: the count is right afterwards. */
START_TEST(test_pulses_come_back)
{
    struct world world;
    numbered(&world, STEADY);
    ck_assert_int_eq(pulse(&world, 700), 0);
    ck_assert_int_eq(world.refused, 16);
    ck_assert_int_eq(pulse(&world, 701), 0);
    ck_assert(world.numbering.numbered);
    pulse(&world, 3000); /* the local clock may be off by anything */
    ck_assert(!world.numbering.numbered);
}
END_TEST

/* Pulses that lie elsewhere from now on: numbered anew. */
START_TEST(test_pulses_move)
{
    struct world world;
    gn_utc utc;
    numbered(&world, STEADY);
    for (int second = 100; second < 107; second++)
        ck_assert_int_eq(
            numbering_pulse(&world.numbering, local_of(&world, second + 0.2), &gps_nobody, &utc),
            NUMBERING_STRAY);
    ck_assert_int_eq(numbering_pulse(&world.numbering, local_of(&world, 107.2), &gps_nobody, &utc),
                     NUMBERING_WAITING);
    ck_assert(!world.numbering.numbered);
}
END_TEST

/* What was learnt is known after a restart: a latency above a second, and one that straddles. */
START_TEST(test_learnt_before)
{
    static const double latency_s[] = {1.1, 1.0, -0.6};
    struct world world;
    prepare(&world, STEADY, NOBODY, 1);
    for (int i = 0; i < 700; i++)
        latency_learn(&world.latency, GPS_RMC, latency_s[_i] + between(&world, -0.05, 0.05), 0.01);
    for (int second = 0; second < 60; second++) {
        ck_assert_int_eq(pulse(&world, second), 0);
        say(&world, GPS_RMC, second + latency_s[_i] + between(&world, -0.05, 0.05), second);
    }
    ck_assert(world.numbering.numbered);
}
END_TEST

/* Another receiver than the one that was learnt: where it matters, nothing is numbered. */
START_TEST(test_learnt_of_another)
{
    struct world world;
    prepare(&world, STEADY, NOBODY, 1);
    for (int i = 0; i < 100; i++)
        latency_learn(&world.latency, GPS_RMC, 0.95, 0.01);
    for (int second = 0; second < 60; second++) {
        ck_assert_int_eq(pulse(&world, second), 0);
        say(&world, GPS_RMC, second + 0.05 + between(&world, 0, 0.05), second);
    }
    ck_assert(!world.numbering.numbered);
    ck_assert_str_eq(numbering_words(&world.numbering),
                     "ambiguous: the messages come at another time than was learnt");
}
END_TEST

/* An announced leap second: the pulses are counted over it, and 23:59:60 has no number. */
START_TEST(test_leap_second)
{
    struct world world;
    gn_utc utc;
    int change = _i == 0 ? 1 : -1, midnight = 120;
    numbered(&world, STEADY);
    for (int second = 100; second < 140; second++) {
        numbering_announce(&world.numbering, (int8_t)change,
                           (gn_utc){(BEGIN + midnight) * GN_NS_PER_S});
        /* Seconds that have passed, and what they are called. */
        int name = second < midnight - (change < 0) ? second : second - change;
        enum numbering_verdict verdict =
            numbering_pulse(&world.numbering, local_of(&world, second), &gps_nobody, &utc);
        if (change > 0 && second == midnight) {
            ck_assert_int_eq(verdict, NUMBERING_INSERTED);
            continue;
        }
        ck_assert_int_eq(verdict, NUMBERING_NUMBERED);
        ck_assert_int_eq(utc.ns / GN_NS_PER_S - BEGIN, name);
        gn_local at = local_of(&world, second + late(&world, second));
        struct latency_guess guess = latency_predict(&world.latency, GPS_RMC);
        numbering_message(&world.numbering, GPS_RMC, at, (gn_utc){(BEGIN + name) * GN_NS_PER_S},
                          &guess);
    }
}
END_TEST

/* The kernel is asked for a pulse after the message of its second was read. */
START_TEST(test_a_pulse_is_read_late)
{
    struct world world;
    prepare(&world, STEADY, NOBODY, 1);
    for (int second = 0; second < 60; second++) {
        if (second > 0)
            say(&world, GPS_RMC, second + late(&world, second), second);
        ck_assert_int_eq(pulse(&world, second), 0);
    }
    ck_assert(world.numbering.numbered);
}
END_TEST

/* A board without a clock begins in 1970, and whatever the receiver believes is far from that. */
START_TEST(test_local_clock_is_far_off)
{
    static const double ahead_s[] = {-1782000000.0, -5e9, 7e9};
    struct world world;
    prepare(&world, STEADY, GOOD, 1);
    world.ahead_s = ahead_s[_i];
    ck_assert_int_lt(run(&world, 0, 60), 0);
    ck_assert(world.numbering.numbered);
}
END_TEST

/* ZDA of some firmware names another second than RMC. */
START_TEST(test_zda_is_no_witness_beside_rmc)
{
    struct world world;
    prepare(&world, STEADY, NOBODY, 1);
    for (int second = 0; second < 60; second++) {
        ck_assert_int_eq(pulse(&world, second), 0);
        say(&world, GPS_RMC, second + 0.5, second);
        say(&world, GPS_ZDA, second + 0.6, second + 1);
    }
    ck_assert(world.numbering.numbered);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gps_numbering");
    TCase *numbers = tcase_create("numbers");
    tcase_set_timeout(numbers, 120);
    tcase_add_loop_test(numbers, test_never_a_second_off, STEADY, WRONG);
    tcase_add_loop_test(numbers, test_others_agree, STEADY, WRONG);
    tcase_add_test(numbers, test_ambiguous);
    tcase_add_test(numbers, test_names_the_next_second);
    suite_add_tcase(suite, numbers);
    TCase *later = tcase_create("later");
    tcase_add_test(later, test_one_message_changes_nothing);
    tcase_add_loop_test(later, test_a_jump_gives_up, 0, 2);
    tcase_add_test(later, test_pulses_come_back);
    tcase_add_test(later, test_pulses_move);
    tcase_add_loop_test(later, test_learnt_before, 0, 3);
    tcase_add_test(later, test_learnt_of_another);
    tcase_add_loop_test(later, test_leap_second, 0, 2);
    tcase_add_test(later, test_a_pulse_is_read_late);
    tcase_add_loop_test(later, test_local_clock_is_far_off, 0, 3);
    tcase_add_test(later, test_zda_is_no_witness_beside_rmc);
    suite_add_tcase(suite, later);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
