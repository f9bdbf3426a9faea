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
/* Of Linux, MAXFREQ and NTP_PHASE_LIMIT. */
#define MAX_ERROR_GROWTH 500e-6
#define USELESS_ERROR_S 16.0

#define DAY_NS (86400 * GN_NS_PER_S)
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
    /* The oscillator's own count at an instant since the world's start, in `second`. */
    int64_t second, raw_at_ns;
    struct span raw;
    double walk;  /* of the frequency, so far */
    double error; /* frequency error of this second; positive: slow */
    /* The kernel's count where the steering last changed, at the oscillator's `from`. */
    struct span from, steady;
    /* The oscillator's count as last computed: of one instant there are many readings. */
    int64_t known_at_ns;
    struct span known;
    double steering;
    bool refuses; /* whoever would set it is gone */
    int64_t system_minus_steady_ns, slept_ns;
    int64_t asleep_since_ns; /* true time; -1: awake */
    /* The kernel's leap second. */
    enum gn_leap armed;
    bool leapt;         /* it is done with; the next one takes a new order */
    int64_t leap_at_ns; /* by the system clock */
    int32_t tai_offset_s;
    struct vclock_steps steps;
    struct vclock_status told; /* at the oscillator's */
    int64_t told_raw_ns;
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
    int64_t elapsed_ns = second * GN_NS_PER_S - clock->raw_at_ns;
    clock->raw = span_add(clock->raw, elapsed_ns, -(double)elapsed_ns * clock->error);
    clock->raw_at_ns = second * GN_NS_PER_S;
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

/* Since the world's start. */
static int64_t since_start_ns(const struct vclock *clock)
{
    return world_now(clock->world).ns - world_start(clock->world).ns;
}

/* The oscillator's count, now. */
static struct span raw_now(struct vclock *clock)
{
    int64_t now_ns = since_start_ns(clock), second = now_ns / GN_NS_PER_S;
    if (now_ns == clock->known_at_ns)
        return clock->known;
    if (clock->config.wander > 0 || clock->config.cycle_s > 0)
        step_to(clock, second);
    else if (clock->second < second)
        skip_to(clock, second);
    int64_t inside_ns = now_ns - clock->raw_at_ns;
    clock->known = span_add(clock->raw, inside_ns, -(double)inside_ns * clock->error);
    clock->known_at_ns = now_ns;
    return clock->known;
}

/* The kernel's steered count, now. */
static struct span steady_now(struct vclock *clock)
{
    if (clock->asleep_since_ns >= 0)
        return clock->steady;
    struct span raw = raw_now(clock);
    int64_t elapsed_ns = raw.ns - clock->from.ns;
    double rest_ns = raw.rest_ns - clock->from.rest_ns;
    return span_add(clock->steady, elapsed_ns,
                    rest_ns + ((double)elapsed_ns + rest_ns) * clock->steering);
}

/* ---------------------------------------------------------------- leap seconds */

/* The leap of the UTC day that the system clock shows: at its end, or a second before. */
static void plan_leap(struct vclock *clock, int64_t system_ns)
{
    int64_t into_day_ns = system_ns % DAY_NS;
    if (into_day_ns < 0)
        into_day_ns += DAY_NS;
    clock->leap_at_ns = system_ns - into_day_ns + DAY_NS;
    if (clock->armed == GN_LEAP_DELETE)
        clock->leap_at_ns -= GN_NS_PER_S;
}

/* The clock was set: an instant that it jumps over does not come. */
static void replan_leap(struct vclock *clock, int64_t system_ns)
{
    if (clock->config.leap_aware)
        clock->leapt = clock->leapt || system_ns >= clock->leap_at_ns;
    else if (!clock->leapt)
        plan_leap(clock, system_ns);
}

/* Leap with UTC, without anybody's order. */
static void follow_world(struct vclock *clock)
{
    int64_t by_ns;
    clock->leap_at_ns = world_leap_at(clock->world, &by_ns).ns;
    clock->armed = by_ns < 0 ? GN_LEAP_INSERT : by_ns > 0 ? GN_LEAP_DELETE : GN_LEAP_NORMAL;
}

/* The steered count, in ns; a leap second that is due by now has been done. */
static int64_t count_now(struct vclock *clock)
{
    int64_t steady_ns = steady_now(clock).ns;
    if (clock->armed != GN_LEAP_NORMAL && !clock->leapt &&
        steady_ns + clock->system_minus_steady_ns >= clock->leap_at_ns) {
        bool inserts = clock->armed == GN_LEAP_INSERT;
        clock->system_minus_steady_ns += inserts ? -GN_NS_PER_S : GN_NS_PER_S;
        clock->tai_offset_s += inserts ? 1 : -1;
        clock->leapt = true;
    }
    return steady_ns;
}

/* ---------------------------------------------------------------- what the daemon may */

/* Both scales come from one count, so their difference does not show the grains. */
static void read_both(struct os_clock *base, struct clock_reading *reading)
{
    struct vclock *clock = self(base);
    int64_t steady_ns = count_now(clock), grain_ns = clock->config.grain_ns;
    if (grain_ns > 1)
        steady_ns -= steady_ns % grain_ns;
    reading->steady.ns = steady_ns;
    reading->system.ns = steady_ns + clock->system_minus_steady_ns;
    reading->window_ns = 0; /* no time passes between the two */
}

/* As Linux: the uptime, in whole seconds and rounded up, minus the steady count. */
static int64_t suspended_ns(struct os_clock *base)
{
    struct vclock *clock = self(base);
    int64_t steady_ns = count_now(clock), uptime_ns = steady_ns + clock->slept_ns;
    int64_t seconds = (uptime_ns + GN_NS_PER_S - 1) / GN_NS_PER_S;
    return seconds * GN_NS_PER_S - steady_ns;
}

static int8_t precision_log2s(struct os_clock *base)
{
    const struct vclock_config *config = &self(base)->config;
    if (config->precision_log2s != 0)
        return config->precision_log2s;
    if (config->grain_ns <= 1)
        return DEFAULT_PRECISION;
    return (int8_t)fmax(fmin(ceil(log2((double)config->grain_ns * 1e-9)), -6), -30);
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

static void run_at(struct vclock *clock, double steering)
{
    (void)count_now(clock);
    clock->steady = steady_now(clock);
    clock->from = raw_now(clock);
    clock->steering = steering;
}

static int steer(struct os_clock *base, double wanted, double *applied, struct clock_reading *at)
{
    struct vclock *clock = self(base);
    if (clock->config.read_only)
        return -ENOTSUP;
    if (clock->refuses)
        return -EPERM;
    if (!isfinite(wanted))
        return -EINVAL;
    run_at(clock, rounded(wanted));
    *applied = clock->steering;
    read_both(base, at);
    return 0;
}

static int step(struct os_clock *base, int64_t delta_ns)
{
    if (self(base)->config.read_only)
        return -ENOTSUP;
    if (self(base)->refuses)
        return -EPERM;
    vclock_move(base, delta_ns);
    self(base)->steps.count++;
    self(base)->steps.last_ns = delta_ns;
    return 0;
}

/* As Linux: a count from 0 until somebody says what it is. UTC was never so near to TAI. */
static int32_t tai_offset_s(struct os_clock *base)
{
    (void)count_now(self(base));
    return self(base)->tai_offset_s >= 10 ? self(base)->tai_offset_s : GN_TAI_UNKNOWN;
}

/* As Linux: after a leap second the flag must be taken back before it can order another. */
static int status(struct os_clock *base, const struct os_clock_status *told)
{
    struct vclock *clock = self(base);
    enum gn_leap wanted =
        told->leap == GN_LEAP_INSERT || told->leap == GN_LEAP_DELETE ? told->leap : GN_LEAP_NORMAL;
    if (clock->config.read_only)
        return -ENOTSUP;
    if (clock->refuses)
        return -EPERM;
    int64_t steady_ns = count_now(clock);
    clock->told = (struct vclock_status){told->synchronised, told->max_error_s, told->est_error_s};
    clock->told_raw_ns = raw_now(clock).ns;
    if (told->tai_offset_s > 0)
        clock->tai_offset_s = told->tai_offset_s;
    if (wanted == clock->armed || clock->config.leap_aware)
        return 0;
    clock->armed = wanted;
    clock->leapt = clock->leapt && wanted != GN_LEAP_NORMAL;
    plan_leap(clock, steady_ns + clock->system_minus_steady_ns);
    return 0;
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
    .tai_offset_s = tai_offset_s,
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
    clock->asleep_since_ns = clock->known_at_ns = -1;
    clock->raw_at_ns = since_start_ns(clock);
    clock->second = clock->raw_at_ns / GN_NS_PER_S;
    clock->error = error_of(clock, clock->second);
    clock->from = raw_now(clock);
    clock->system_minus_steady_ns = world_utc(world).ns - gn_nanoseconds(config->offset_s);
    if (config->leap_aware)
        follow_world(clock);
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
    struct vclock *clock = self(base);
    int64_t steady_ns = count_now(clock);
    return world_utc(clock->world).ns - steady_ns - clock->system_minus_steady_ns;
}

double vclock_frequency_error(struct os_clock *base)
{
    struct vclock *clock = self(base);
    (void)raw_now(clock);
    return clock->error - clock->steering + clock->error * clock->steering;
}

int64_t vclock_raw_ns(struct os_clock *base)
{
    return raw_now(self(base)).ns;
}

struct vclock_steps vclock_steps(const struct os_clock *base)
{
    return ((const struct vclock *)base)->steps;
}

int64_t vclock_true_interval_ns(struct os_clock *base, int64_t interval_ns)
{
    return (int64_t)ceil((double)interval_ns / (1 - vclock_frequency_error(base)));
}

struct vclock_status vclock_status(struct os_clock *base)
{
    struct vclock *clock = self(base);
    struct vclock_status status = clock->told;
    status.max_error_s += MAX_ERROR_GROWTH * (double)(raw_now(clock).ns - clock->told_raw_ns) / 1e9;
    status.synchronised = status.synchronised && status.max_error_s < USELESS_ERROR_S;
    return status;
}

static void set_by(struct vclock *clock, int64_t delta_ns)
{
    int64_t steady_ns = count_now(clock);
    clock->system_minus_steady_ns += delta_ns;
    replan_leap(clock, steady_ns + clock->system_minus_steady_ns);
}

/* As Linux: of a clock that was set nothing is known. */
void vclock_move(struct os_clock *base, int64_t delta_ns)
{
    set_by(self(base), delta_ns);
    self(base)->told = (struct vclock_status){false, USELESS_ERROR_S, USELESS_ERROR_S};
}

void vclock_retune(struct os_clock *base, double by)
{
    run_at(self(base), rounded(self(base)->steering + by));
}

void vclock_change_frequency(struct os_clock *base, double by)
{
    struct vclock *clock = self(base);
    clock->raw = raw_now(clock);
    clock->raw_at_ns = since_start_ns(clock);
    clock->config.frequency += by;
    clock->error = error_of(clock, clock->second);
}

void vclock_change_wander(struct os_clock *base, double wander)
{
    (void)raw_now(self(base)); /* until now it was the other one */
    self(base)->config.wander = wander;
}

void vclock_refuse(struct os_clock *base, bool refuse)
{
    self(base)->refuses = refuse;
}

/* The steered count stands still, and the system clock with it until the kernel sets it. */
void vclock_sleep(struct os_clock *base)
{
    struct vclock *clock = self(base);
    (void)count_now(clock);
    clock->steady = steady_now(clock);
    clock->asleep_since_ns = world_now(clock->world).ns;
}

void vclock_wake(struct os_clock *base, int64_t error_ns)
{
    struct vclock *clock = self(base);
    int64_t slept_ns = world_now(clock->world).ns - clock->asleep_since_ns + error_ns;
    clock->from = raw_now(clock);
    clock->asleep_since_ns = -1;
    clock->slept_ns += slept_ns;
    set_by(clock, slept_ns);
}
