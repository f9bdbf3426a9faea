/* SPDX-License-Identifier: Apache-2.0 */

/*
 * usage: bench/scales [SECONDS]
 * The daemon's local scale, kept as with -x, against CLOCK_MONOTONIC_RAW for SECONDS (default
 * 600): how far they part, what reading them costs and how exact a reading is. Nothing is set; who
 * steers the clock meanwhile shows as the rate.
 */

#include "scales.h"

#include <os/os_linux.h>
#include <sys/timex.h>

#define COST_ROUNDS 200
#define COST_READS 500
#define NOISE_READS 10001
#define PERIOD_NS 50000000

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* How far apart the outer two of three readings are: half of it is what a reading may be off. */
static void show_windows(const char *name, clockid_t outer)
{
    int64_t *windows = malloc(NOISE_READS * sizeof *windows);
    if (windows == NULL)
        return;
    for (int i = 0; i < NOISE_READS; i++) {
        int64_t before_ns = scales_clock_ns(outer);
        scales_clock_ns(CLOCK_REALTIME);
        windows[i] = scales_clock_ns(outer) - before_ns;
    }
    qsort(windows, NOISE_READS, sizeof *windows, by_size);
    printf("window of %-24s least %lld ns, median %lld ns, 99%% %lld ns\n", name,
           (long long)windows[0], (long long)windows[NOISE_READS / 2],
           (long long)windows[NOISE_READS / 100 * 99]);
    free(windows);
}

static void read_local(struct timekeeper *keeper)
{
    timekeeper_now(keeper);
}

static void read_raw(struct timekeeper *keeper)
{
    (void)keeper;
    scales_clock_ns(CLOCK_MONOTONIC_RAW);
    scales_clock_ns(CLOCK_REALTIME);
    scales_clock_ns(CLOCK_MONOTONIC_RAW);
}

static void read_system(struct timekeeper *keeper)
{
    (void)keeper;
    scales_clock_ns(CLOCK_REALTIME);
}

/* In the best of many rounds: what the machine does besides is not the question. */
static void show_cost(const char *name, void (*read)(struct timekeeper *),
                      struct timekeeper *keeper)
{
    int64_t least_ns = INT64_MAX;
    for (int round = 0; round < COST_ROUNDS; round++) {
        int64_t start_ns = scales_clock_ns(CLOCK_MONOTONIC_RAW);
        for (int i = 0; i < COST_READS; i++)
            read(keeper);
        int64_t spent_ns = scales_clock_ns(CLOCK_MONOTONIC_RAW) - start_ns;
        if (spent_ns < least_ns)
            least_ns = spent_ns;
    }
    printf("cost of %-26s %.1f ns\n", name, (double)least_ns / COST_READS);
}

static void show_kernel(const char *when)
{
    struct timex now = {0}; /* modes 0: a question */
    int state = adjtimex(&now);
    printf("kernel's clock %-19s frequency %.6f ppm, tick %ld us, status 0x%x, state %d\n", when,
           (double)now.freq / 65536, now.tick, (unsigned)now.status, state);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 600;
    struct timespec pause = {.tv_nsec = PERIOD_NS};
    struct os_clock *clock = sysclock_null_create();
    struct timekeeper keeper;
    struct scales_series series = {0};
    if (clock == NULL || !(seconds > 0))
        return 2;
    timekeeper_init(&keeper, clock, false);
    show_kernel("before:");
    show_windows("MONOTONIC-REALTIME", CLOCK_MONOTONIC);
    show_windows("RAW-REALTIME", CLOCK_MONOTONIC_RAW);
    show_cost("one clock", read_system, &keeper);
    show_cost("local (timekeeper_now)", read_local, &keeper);
    show_cost("RAW, REALTIME, RAW", read_raw, &keeper);
    scales_read(&keeper); /* the first finds cold caches */
    int64_t end_ns = scales_clock_ns(CLOCK_MONOTONIC_RAW) + (int64_t)(seconds * 1e9);
    while (scales_clock_ns(CLOCK_MONOTONIC_RAW) < end_ns) {
        scales_add(&series, &keeper.timeline, scales_read(&keeper));
        nanosleep(&pause, NULL);
    }
    show_kernel("after:");
    printf(
        "local - RAW, %u readings in %.0f s: max %.0f ns, rms %.1f ns; rate %+.3e, rms beside that "
        "line %.1f ns; steps by others %u\n",
        series.count, seconds, series.max, scales_rms(&series), scales_rate(&series),
        scales_residual(&series), (unsigned)keeper.timeline.epoch);
    clock->ops->destroy(clock);
    return 0;
}
