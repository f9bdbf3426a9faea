/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/timeline.h>
#include <stdlib.h>
#include <string.h>

/* Differences below this are never called a step: what reading two clocks costs on a busy host. */
#define STEP_FLOOR_NS 1000

/* Nobody steers by more than a part in ten, either way; what parts faster, and by more than one
 * late reading may, is another oscillator. */
#define FASTEST_PARTING 4
#define LEAST_STRANGE_NS 1000000

static const struct timeline_segment *segment_at(const struct timeline *timeline, unsigned age)
{
    return &timeline->ring[(timeline->newest + TIMELINE_SEGMENTS - age) % TIMELINE_SEGMENTS];
}

/*
 * local = l0 + rest + dt / (1 + f), as dt − dt·f/(1+f): the large part stays an integer, and the
 * double only holds the small correction, exact to far below a nanosecond for decades.
 */
static gn_local advance(const struct timeline_segment *from, gn_steady steady, double *rest_ns)
{
    int64_t elapsed_ns = steady.ns - from->steady.ns;
    double frequency = from->frequency;
    double fine = from->local_rest_ns - (double)elapsed_ns * (frequency / (1 + frequency));
    double whole = floor(fine);
    *rest_ns = fine - whole;
    if (*rest_ns >= 1) { /* the difference was rounded up */
        *rest_ns = 0;
        whole += 1;
    }
    return gn_local_add(from->local, elapsed_ns + (int64_t)whole);
}

void timeline_init(struct timeline *timeline, struct clock_reading now, double frequency)
{
    memset(timeline, 0, sizeof *timeline);
    timeline->ring[0] = (struct timeline_segment){
        .steady = now.steady,
        .local = {now.system.ns},
        .frequency = frequency,
    };
    timeline->count = 1;
    timeline->system_minus_steady_ns = now.system.ns - now.steady.ns;
    timeline->window_ns = now.window_ns;
}

void timeline_steer(struct timeline *timeline, struct clock_reading at, double frequency)
{
    const struct timeline_segment *last = segment_at(timeline, 0);
    struct timeline_segment next = {.steady = at.steady, .frequency = frequency};
    next.local = advance(last, at.steady, &next.local_rest_ns);
    /* Two changes at one instant are one: the history is for stamps, and short. */
    if (at.steady.ns != last->steady.ns) {
        timeline->newest = (timeline->newest + 1) % TIMELINE_SEGMENTS;
        if (timeline->count < TIMELINE_SEGMENTS)
            timeline->count++;
    }
    timeline->ring[timeline->newest] = next;
}

void timeline_step(struct timeline *timeline, int64_t delta_ns)
{
    timeline->system_minus_steady_ns += delta_ns;
}

/* Returns what local has moved by against the oscillator since the two were first read. */
static int64_t parted_ns(const struct timeline *timeline, struct clock_reading now)
{
    double rest_ns;
    gn_local local = advance(segment_at(timeline, 0), now.steady, &rest_ns);
    return local.ns - now.raw.ns - timeline->local_minus_raw_ns;
}

/* Take out of local what it has gone ahead by. */
static void take_out(struct timeline *timeline, int64_t ahead_ns)
{
    timeline->ring[timeline->newest].local.ns -= ahead_ns;
    timeline->taken_out_ns += ahead_ns;
}

static void hold_to_raw(struct timeline *timeline, struct clock_reading now)
{
    int64_t parted = parted_ns(timeline, now);
    int64_t elapsed_ns = now.steady.ns - timeline->raw_since.ns;
    /* Each was read anywhere in its window, and is taken for its middle. */
    int64_t noise_ns = (now.window_ns + timeline->raw_window_ns) / 2;
    if (llabs(timeline->taken_out_ns + parted) > LEAST_STRANGE_NS + elapsed_ns / FASTEST_PARTING) {
        timeline->raw = TIMELINE_RAW_STRANGE;
        take_out(timeline, -timeline->taken_out_ns);
    } else if (llabs(parted) > noise_ns) {
        take_out(timeline, parted);
    } else if (now.window_ns < timeline->raw_window_ns) {
        timeline->local_minus_raw_ns += parted;
        timeline->raw_window_ns = now.window_ns;
    }
}

static void look_at_raw(struct timeline *timeline, struct clock_reading now)
{
    if (timeline->raw == TIMELINE_RAW_GOOD) {
        hold_to_raw(timeline, now);
    } else if (timeline->raw == TIMELINE_RAW_NONE) {
        timeline->local_minus_raw_ns = parted_ns(timeline, now);
        timeline->raw_window_ns = now.window_ns;
        timeline->raw_since = now.steady;
        timeline->raw = TIMELINE_RAW_GOOD;
    }
}

int64_t timeline_observe(struct timeline *timeline, struct clock_reading now)
{
    int64_t difference_ns = now.system.ns - now.steady.ns;
    int64_t moved_ns = difference_ns - timeline->system_minus_steady_ns;
    int64_t noise_ns = now.window_ns + timeline->window_ns;
    if (now.has_raw)
        look_at_raw(timeline, now);
    if (noise_ns < STEP_FLOOR_NS)
        noise_ns = STEP_FLOOR_NS;
    if (moved_ns > noise_ns || moved_ns < -noise_ns) {
        timeline->system_minus_steady_ns = difference_ns;
        timeline->window_ns = now.window_ns;
        timeline->epoch++;
        return moved_ns;
    }
    /* The kernel keeps the difference constant, so the quietest reading of it is the best. */
    if (now.window_ns < timeline->window_ns) {
        timeline->system_minus_steady_ns = difference_ns;
        timeline->window_ns = now.window_ns;
    }
    return 0;
}

gn_local timeline_local(const struct timeline *timeline, gn_system system)
{
    gn_steady steady = {system.ns - timeline->system_minus_steady_ns};
    const struct timeline_segment *segment = segment_at(timeline, 0);
    double rest_ns;
    gn_local local;
    for (unsigned age = 1; age < timeline->count && steady.ns < segment->steady.ns; age++)
        segment = segment_at(timeline, age);
    local = advance(segment, steady, &rest_ns);
    return gn_local_add(local, rest_ns >= 0.5 ? 1 : 0);
}

gn_system timeline_system(const struct timeline *timeline, gn_local local)
{
    const struct timeline_segment *segment = segment_at(timeline, 0);
    int64_t elapsed_ns;
    double fine;
    gn_system system;
    for (unsigned age = 1; age < timeline->count && local.ns < segment->local.ns; age++)
        segment = segment_at(timeline, age);
    elapsed_ns = gn_local_sub(local, segment->local);
    fine =
        (double)elapsed_ns * segment->frequency - segment->local_rest_ns * (1 + segment->frequency);
    system.ns = segment->steady.ns + elapsed_ns + (int64_t)floor(fine + 0.5) +
                timeline->system_minus_steady_ns;
    return system;
}

double timeline_frequency(const struct timeline *timeline)
{
    return segment_at(timeline, 0)->frequency;
}
