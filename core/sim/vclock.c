/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <sim/chance.h>
#include <sim/vclock.h>
#include <stdlib.h>

/* As of Linux at 100 ticks a second: clock_adjtime counts the frequency in 2^-16 ppm up to
 * 500 ppm, and beyond it whole microseconds of a tick. */
#define MAX_FREQUENCY 0.09
#define MAX_FINE 500e-6
#define FINE_UNITS (65536 * 1e6)
#define TICK_US 10000.0

#define DEFAULT_PRECISION (-25)
#define TWO_PI 6.283185307179586

/* An instant or interval that long sums keep exact: whole nanoseconds and 0 ≤ rest < 1. */
struct span {
    int64_t ns;
    double rest_ns;
};

struct vclock {
    struct os_clock base; /* first: callers hold this */
    struct world *world;
    struct vclock_config config;
    struct chance chance;
    /* The oscillator's own count at the beginning of a second of true time. */
    int64_t second;
    struct span raw;
    double walk;  /* of the frequency, so far */
    double error; /* frequency error of this second; positive: slow */
    /* The kernel's count where the steering last changed, at the oscillator's `from`. */
    struct span from, steady;
    double steering;
    int64_t system_minus_steady_ns, slept_ns;
    struct vclock_steps steps;
};

static struct vclock *self(struct os_clock *base)
{
    return (struct vclock *)base;
}

static struct span span_add(struct span span, int64_t ns, double more_ns)
{
    double fine = span.rest_ns + more_ns;
    double whole = floor(fine);
    span.ns += ns + (int64_t)whole;
    span.rest_ns = fine - whole;
    return span;
}

/* ---------------------------------------------------------------- oscillator */

static double error_of(const struct vclock *clock, int64_t second)
{
    const struct vclock_config *config = &clock->config;
    double cycle = config->cycle_s > 0
                       ? config->cycle_frequency * sin(TWO_PI * (double)second / config->cycle_s)
                       : 0;
    return config->frequency + clock->walk + cycle;
}

/* Seconds that are all alike need not be counted one by one; a double holds their sum. */
static void skip_to(struct vclock *clock, int64_t second)
{
    double seconds = (double)(second - clock->second);
    clock->raw =
        span_add(clock->raw, (second - clock->second) * GN_NS_PER_S, -seconds * 1e9 * clock->error);
    clock->second = second;
}

static void step_to(struct vclock *clock, int64_t second)
{
    while (clock->second < second) {
        skip_to(clock, clock->second + 1);
        if (clock->config.wander > 0)
            clock->walk += clock->config.wander * chance_normal(&clock->chance);
        clock->error = error_of(clock, clock->second);
    }
}

/* The oscillator's count, now. */
static struct span raw_now(struct vclock *clock)
{
    int64_t elapsed_ns = world_now(clock->world).ns - world_start(clock->world).ns;
    int64_t second = elapsed_ns / GN_NS_PER_S;
    if (clock->config.wander > 0 || clock->config.cycle_s > 0)
        step_to(clock, second);
    else if (clock->second < second)
        skip_to(clock, second);
    int64_t inside_ns = elapsed_ns - second * GN_NS_PER_S;
    return span_add(clock->raw, inside_ns, -(double)inside_ns * clock->error);
}

/* The kernel's steered count, now. */
static struct span steady_now(struct vclock *clock)
{
    struct span raw = raw_now(clock);
    int64_t elapsed_ns = raw.ns - clock->from.ns;
    double rest_ns = raw.rest_ns - clock->from.rest_ns;
    return span_add(clock->steady, elapsed_ns,
                    rest_ns + ((double)elapsed_ns + rest_ns) * clock->steering);
}

/* ---------------------------------------------------------------- what the daemon may */

static void read_both(struct os_clock *base, struct clock_reading *reading)
{
    struct vclock *clock = self(base);
    reading->steady.ns = steady_now(clock).ns;
    reading->system.ns = reading->steady.ns + clock->system_minus_steady_ns;
    reading->window_ns = 0; /* no time passes between the two */
}

static int64_t suspended_ns(struct os_clock *base)
{
    return self(base)->slept_ns;
}

static int8_t precision_log2s(struct os_clock *base)
{
    int8_t precision = self(base)->config.precision_log2s;
    return precision != 0 ? precision : DEFAULT_PRECISION;
}

static double frequency(struct os_clock *base)
{
    return self(base)->steering;
}

/* What the kernel makes of a frequency: whole steps of the tick where it must, and a fine rest. */
static double rounded(double wanted)
{
    wanted = fmax(-MAX_FREQUENCY, fmin(MAX_FREQUENCY, wanted));
    double steps = fabs(wanted) <= MAX_FINE ? 0 : round(wanted * TICK_US);
    double fine = round((wanted - steps / TICK_US) * FINE_UNITS);
    return steps / TICK_US + fine / FINE_UNITS;
}

static int steer(struct os_clock *base, double wanted, double *applied, struct clock_reading *at)
{
    struct vclock *clock = self(base);
    if (clock->config.read_only)
        return -ENOTSUP;
    if (!isfinite(wanted))
        return -EINVAL;
    clock->steady = steady_now(clock);
    clock->from = raw_now(clock);
    clock->steering = rounded(wanted);
    *applied = clock->steering;
    read_both(base, at);
    return 0;
}

static int step(struct os_clock *base, int64_t delta_ns)
{
    if (self(base)->config.read_only)
        return -ENOTSUP;
    vclock_move(base, delta_ns);
    self(base)->steps.count++;
    self(base)->steps.last_ns = delta_ns;
    return 0;
}

static int status(struct os_clock *base, const struct os_clock_status *told)
{
    (void)told;
    return self(base)->config.read_only ? -ENOTSUP : 0;
}

static void destroy(struct os_clock *base)
{
    free(self(base));
}

static const struct os_clock_ops clock_ops = {
    .read = read_both,
    .suspended_ns = suspended_ns,
    .precision_log2s = precision_log2s,
    .frequency = frequency,
    .steer = steer,
    .step = step,
    .status = status,
    .destroy = destroy,
};

struct os_clock *vclock_create(struct world *world, const char *name,
                               const struct vclock_config *config)
{
    struct vclock *clock = calloc(1, sizeof *clock);
    if (clock == NULL)
        return NULL;
    clock->base.ops = &clock_ops;
    clock->base.max_frequency = config->read_only ? 0 : MAX_FREQUENCY;
    clock->world = world;
    clock->config = *config;
    chance_init(&clock->chance, world_seed(world), "clock", name);
    clock->second = (world_now(world).ns - world_start(world).ns) / GN_NS_PER_S;
    clock->error = error_of(clock, clock->second);
    clock->from = raw_now(clock);
    clock->system_minus_steady_ns = world_now(world).ns - gn_nanoseconds(config->offset_s);
    return &clock->base;
}

/* ---------------------------------------------------------------- what others may */

gn_system vclock_system(struct os_clock *base)
{
    struct clock_reading now;
    read_both(base, &now);
    return now.system;
}

int64_t vclock_offset_ns(struct os_clock *base)
{
    return world_now(self(base)->world).ns - vclock_system(base).ns;
}

double vclock_frequency_error(struct os_clock *base)
{
    struct vclock *clock = self(base);
    (void)raw_now(clock);
    return clock->error - clock->steering + clock->error * clock->steering;
}

struct vclock_steps vclock_steps(const struct os_clock *base)
{
    return ((const struct vclock *)base)->steps;
}

int64_t vclock_true_interval_ns(struct os_clock *base, int64_t interval_ns)
{
    return (int64_t)ceil((double)interval_ns / (1 - vclock_frequency_error(base)));
}

void vclock_move(struct os_clock *base, int64_t delta_ns)
{
    self(base)->system_minus_steady_ns += delta_ns;
}

/* The steered count stands still in suspend: what has gone by of it is taken back. */
void vclock_wake(struct os_clock *base, int64_t slept_ns, int64_t error_ns)
{
    struct vclock *clock = self(base);
    struct span now = steady_now(clock);
    double counted_ns = (double)slept_ns * (1 - vclock_frequency_error(base));
    clock->from = raw_now(clock);
    clock->steady = span_add(now, -(int64_t)counted_ns, 0);
    clock->system_minus_steady_ns += slept_ns + error_ns;
    clock->slept_ns += slept_ns;
}
