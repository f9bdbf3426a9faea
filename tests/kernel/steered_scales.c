/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For the kernel test: steers the clock of the guest that it runs in as the daemon does, thousands
 * of times, steps it and has it stepped by somebody else, and prints how far the local scale parts
 * from CLOCK_MONOTONIC_RAW: as the daemon keeps it, and by its segments alone, as where there is no
 * such clock. It refuses to run anywhere but in the guest of scales.sh.
 *
 *     steered_scales STEERS
 */

#include "../../bench/scales.h"

#include <os/os_linux.h>
#include <string.h>
#include <unistd.h>

#define GUEST_MARK "gnomon-guest"

/* Ordinary steers follow an oscillator and noise; a large one slews an error away. */
#define DRIFT 40e-6
#define ORDINARY 1e-6
#define LARGE 0.08
#define LARGE_EVERY 8
#define PAUSE_NS 100000000 /* between steers, the machine idle */

/* As after a start: 50 ms slewed away in a second, and then the drift is held. */
#define SLEW 0.05
#define SLEWS 4
#define HOLD_S 300

/* The clock, and a map that knows its oscillator only by what was asked of it. */
struct watched {
    struct os_clock base; /* first */
    struct os_clock *real;
    struct timeline alone;
};

struct run {
    struct watched clock;
    struct timekeeper keeper;
    struct scales_series held, alone;
    double frequency, last_ns;
    /* Sums over the readings of the map alone: what came between two (ns), by what was steered. */
    double squares, products, frequency_squares;
    uint64_t chance;
};

/* ---------------------------------------------------------------- the clock */

static struct watched *self(struct os_clock *base)
{
    return (struct watched *)base;
}

static void watched_read(struct os_clock *base, struct clock_reading *now)
{
    self(base)->real->ops->read(self(base)->real, now);
    struct clock_reading blind = *now;
    blind.has_raw = false;
    timeline_observe(&self(base)->alone, blind);
}

static int watched_steer(struct os_clock *base, double wanted, double *applied,
                         struct clock_reading *at)
{
    struct watched *clock = self(base);
    int rc = clock->real->ops->steer(clock->real, wanted, applied, at);
    if (rc == 0)
        timeline_steer(&clock->alone, *at, *applied);
    return rc;
}

static int watched_step(struct os_clock *base, int64_t delta_ns)
{
    int rc = self(base)->real->ops->step(self(base)->real, delta_ns);
    if (rc == 0)
        timeline_step(&self(base)->alone, delta_ns);
    return rc;
}

static int64_t watched_suspended(struct os_clock *base)
{
    return self(base)->real->ops->suspended_ns(self(base)->real);
}

static double watched_frequency(struct os_clock *base)
{
    return self(base)->real->ops->frequency(self(base)->real);
}

static const struct os_clock_ops watched_ops = {
    .read = watched_read,
    .suspended_ns = watched_suspended,
    .frequency = watched_frequency,
    .steer = watched_steer,
    .step = watched_step,
};

/* ---------------------------------------------------------------- a run */

static double uniform(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 4503599627370496.0 - 1; /* -1 … 1 */
}

static void rest(double seconds)
{
    struct timespec pause = {.tv_sec = (time_t)seconds, .tv_nsec = (long)(fmod(seconds, 1) * 1e9)};
    nanosleep(&pause, NULL);
}

static void steer(struct run *run, double wanted)
{
    int rc = timekeeper_steer(&run->keeper, wanted);
    if (rc < 0)
        printf("refused %d\n", rc);
}

static void look(struct run *run)
{
    struct scales_reading now = scales_read(&run->keeper);
    double frequency = timekeeper_frequency(&run->keeper);
    double apart_ns = scales_add(&run->alone, &run->clock.alone, now);
    scales_add(&run->held, &run->keeper.timeline, now);
    double change_ns = apart_ns - run->last_ns, jump = frequency - run->frequency;
    run->squares += change_ns * change_ns;
    run->products += change_ns * jump;
    run->frequency_squares += jump * jump;
    run->last_ns = apart_ns;
    run->frequency = frequency;
}

static void begin(struct run *run, struct os_clock *real)
{
    struct clock_reading now;
    *run = (struct run){
        .clock = {.base = {.ops = &watched_ops}, .real = real}, .frequency = DRIFT, .chance = 1};
    real->ops->read(real, &now);
    timeline_init(&run->clock.alone, now, real->ops->frequency(real));
    timekeeper_init(&run->keeper, &run->clock.base, true);
    steer(run, DRIFT);
    scales_read(&run->keeper); /* the first finds cold caches */
    look(run);
}

static void step(struct run *run, int i, int steers)
{
    if (i == steers / 3 && timekeeper_step(&run->keeper, INT64_C(-700000123)) < 0)
        puts("no step");
    /* By whole seconds, and what has gone by of this one: a step backwards. */
    if (i == steers / 3 * 2 && system("date -s \"@$(date +%s)\" >/dev/null") != 0)
        puts("no date");
}

static void many(struct run *run, int steers, bool large)
{
    for (int i = 1; i <= steers; i++) {
        if (large && i % LARGE_EVERY == 0)
            steer(run, LARGE * uniform(&run->chance));
        else
            steer(run, DRIFT + ORDINARY * uniform(&run->chance));
        rest(PAUSE_NS * 1e-9 * fabs(uniform(&run->chance)));
        look(run);
        step(run, i, steers);
    }
}

static void slews(struct run *run)
{
    for (int i = 0; i < SLEWS; i++) {
        steer(run, i % 2 == 0 ? SLEW : -SLEW);
        rest(1 + 0.01 * fabs(uniform(&run->chance)));
        steer(run, DRIFT);
        for (int second = 0; second < HOLD_S; second++) {
            look(run);
            rest(1);
        }
    }
}

static void show(const char *name, const char *map, const struct scales_series *series)
{
    printf("%s %s: max %.0f ns, rms %.0f ns, rate %+.1e, window %.0f ns\n", name, map, series->max,
           scales_rms(series), scales_rate(series), series->windows / series->count);
}

static void report(const char *name, const struct run *run)
{
    show(name, "held", &run->held);
    show(name, "alone", &run->alone);
    /* The slope of error by change is the time by which the map takes a change too late. */
    printf("%s: %u readings, steps by others %u, a steer rms %.1f ns, taken late by %.0f ns\n",
           name, run->alone.count, (unsigned)run->keeper.timeline.epoch,
           sqrt(run->squares / run->alone.count), run->products / run->frequency_squares);
}

static bool in_guest(void)
{
    char line[4096] = "";
    FILE *file = fopen("/proc/cmdline", "r");
    bool found =
        file != NULL && fgets(line, sizeof line, file) != NULL && strstr(line, GUEST_MARK) != NULL;
    if (file != NULL)
        fclose(file);
    return found;
}

int main(int argc, char **argv)
{
    struct os_clock *clock;
    struct run run;
    if (argc != 2 || !in_guest()) {
        fputs("steered_scales: only for the guest of tests/kernel/scales.sh\n", stderr);
        return 2;
    }
    clock = sysclock_linux_create(NULL, NULL);
    if (clock == NULL)
        return 1;
    begin(&run, clock);
    many(&run, atoi(argv[1]), false);
    report("ordinary", &run);
    begin(&run, clock);
    slews(&run);
    report("slews", &run);
    begin(&run, clock);
    many(&run, atoi(argv[1]), true);
    report("large", &run);
    clock->ops->destroy(clock);
    return 0;
}
