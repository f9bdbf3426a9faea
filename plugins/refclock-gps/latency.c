/* SPDX-License-Identifier: Apache-2.0 */
#include "latency.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many of a kind, and the first guess is made; it is their median. */
#define FIRST 8

/* A latency that no protocol has (before its second, or a second late) has to be seen so often. */
#define ODD 600

/* The mean follows with a gain of 1/MEMORY, in the end; what lies further off counts as this. */
#define MEMORY 1024
#define CLIP_SIGMA                                                                                 \
    5.0 /* as the core's estimate does: else the mean would not be the one it sees                 \
         */
#define CLIP_SPREAD 3.0
#define SPREAD_GAIN (1.0 / 64)
#define LEAST_SPREAD_S 1e-6
#define MEAN_SIZE 1.2533141373155001 /* sigma of a normal law over its mean size */

/* The median of a window so far from the mean, by what medians of a window scatter: the receiver
 * does otherwise than before, and is learnt anew. */
#define CHANGED_SIGMA 2.0
#define CHANGED_LEAST_S 2e-3

/* … and so far: it drifts, and is followed faster. */
#define DRIFTING_SIGMA 0.7
#define DRIFTING_GAIN (1.0 / 64)

/* Latency wanders with the number of satellites: no number of messages makes it surer than so. */
#define WANDER 0.25
#define TOLD_S 1e-3 /* … and no user measures it more exactly than so */

/* Who is less sure by this factor teaches nothing new, unless it is far from what is known: one
 * whose own sources are gone drifts away, and would take the latency with him. */
#define WORSE 2.0
#define CONTRADICTED 6.0

/* Another kind has to be that much steadier. */
#define STEADIER 0.8
#define STEPS 16
#define STEP_GAIN (1.0 / 64)
#define STEP_SIGMA 0.886226925452758 /* sigma of a normal law over the mean size of its steps */
#define GONE_NS (5 * GN_NS_PER_S)

#define TITLE "gnomon gps latency 1"

/* What is expected of a kind that nobody has seen: the middle, and 1 sigma of a third of the
 * range. */
struct preset {
    double latency_s, spread_s, doubt_s;
};

static struct preset preset_of(enum gps_kind kind)
{
    switch (kind) {
    case GPS_NAV_PVT:
    case GPS_NAV_TIMEUTC:
    case GPS_NAV_TIMEGPS:
    case GPS_NAV_CLOCK:
        return (struct preset){0.15, 0.05, 0.1};
    case GPSD_PPS:
        return (struct preset){0, 1e-3, 1e-3};
    case GPS_TIM_TP:
        return (struct preset){-0.8, 0.1, 0.1};
    default:
        return (struct preset){0.35, 0.1, 0.2};
    }
}

/* Whether a kind can be the clock of the burst. */
static bool tells_present(enum gps_kind kind)
{
    return kind != GPS_OTHER && kind != GPS_TIM_TP && kind != GPSD_PPS;
}

void latency_init(struct latency *self, double fixed_s)
{
    memset(self, 0, sizeof *self);
    self->is_fixed = isfinite(fixed_s);
    self->fixed_s = self->is_fixed ? fixed_s : 0;
    self->speeds[0].used = true;
}

void latency_baud(struct latency *self, unsigned baud)
{
    struct latency_speed *speeds = self->speeds;
    if (speeds[0].baud == baud)
        return;
    size_t i = 1;
    while (i + 1 < LATENCY_BAUDS && speeds[i].used && speeds[i].baud != baud)
        i++;
    struct latency_speed found = {.baud = baud};
    if (speeds[i].used && speeds[i].baud == baud)
        found = speeds[i];
    found.used = true;
    memmove(&speeds[1], &speeds[0], i * sizeof speeds[0]);
    speeds[0] = found;
    memset(self->windows, 0, sizeof self->windows);
    self->best = GPS_OTHER;
}

/* ---------------------------------------------------------------- steadiness */

static void choose(struct latency *self, enum gps_kind kind, gn_local now)
{
    const struct latency_window *best = &self->windows[self->best];
    const struct latency_window *new = &self->windows[kind];
    bool gone = self->best == GPS_OTHER || gn_local_sub(now, best->at) > GONE_NS;
    if (gone || (new->steps >= STEPS &&new->step_s < STEADIER * best->step_s))
        self->best = kind;
}

void latency_arrived(struct latency *self, enum gps_kind kind, gn_local at, gn_utc named)
{
    if ((unsigned)kind >= GPS_KINDS || !tells_present(kind))
        return;
    struct latency_window *window = &self->windows[kind];
    if (window->arrived) {
        double step_s =
            fabs(gn_seconds(gn_local_sub(at, window->at) - gn_utc_sub(named, window->named)));
        double gain = fmax(STEP_GAIN, 1.0 / ++window->steps);
        if (window->steps > FIRST)
            step_s = fmin(step_s, CLIP_SIGMA * fmax(window->step_s, LEAST_SPREAD_S));
        window->step_s += gain * (step_s - window->step_s);
    }
    window->arrived = true;
    window->at = at;
    window->named = named;
    if (window->steps > 0)
        choose(self, kind, at);
}

enum gps_kind latency_best(const struct latency *self)
{
    return self->best;
}

/* ---------------------------------------------------------------- learning */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, unsigned count)
{
    double sorted[LATENCY_WINDOW];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, ascending);
    return 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]);
}

/* Only those that came after a change. */
static void forget_older(struct latency_window *window)
{
    double newest_s[FIRST] = {0};
    for (unsigned i = 0; i < FIRST; i++)
        newest_s[i] = window->late_s[(window->next + LATENCY_WINDOW - FIRST + i) % LATENCY_WINDOW];
    memcpy(window->late_s, newest_s, sizeof newest_s);
    window->count = window->next = FIRST;
}

/* Anew, by the window alone. */
static void begin(struct latency_fact *fact, const struct latency_window *window)
{
    double off_s[LATENCY_WINDOW] = {0};
    fact->latency_s = median(window->late_s, window->count);
    for (unsigned i = 0; i < window->count; i++)
        off_s[i] = fabs(window->late_s[i] - fact->latency_s);
    fact->spread_s = fmax(1.4826 * median(off_s, window->count), LEAST_SPREAD_S);
    fact->count = window->count;
}

/* How far the newest lie from the mean, in spreads. */
static double moved(const struct latency_fact *fact, const struct latency_window *window)
{
    if (window->count < LATENCY_WINDOW)
        return 0;
    double off_s = fabs(median(window->late_s, window->count) - fact->latency_s);
    return off_s < CHANGED_LEAST_S ? 0 : off_s / fact->spread_s;
}

static void follow(struct latency_fact *fact, double late_s, double gain)
{
    double limit_s = CLIP_SIGMA * fact->spread_s;
    double off_s = fmax(-limit_s, fmin(limit_s, late_s - fact->latency_s));
    fact->count++;
    fact->latency_s += off_s * fmax(gain, 1 / fact->count);
    double size_s = fmin(fabs(off_s), CLIP_SPREAD * fact->spread_s);
    fact->spread_s += SPREAD_GAIN * (MEAN_SIZE * size_s - fact->spread_s);
    fact->spread_s = fmax(fact->spread_s, LEAST_SPREAD_S);
}

/* A witness who is much less sure than what he would teach, and not contradicted by it. */
static bool knows_better(const struct latency_fact *fact, double late_s, double sd_s)
{
    return fact->count >= FIRST && sd_s > WORSE * fact->doubt_s &&
           fabs(late_s - fact->latency_s) <= CONTRADICTED * (sd_s + fact->spread_s);
}

void latency_learn(struct latency *self, enum gps_kind kind, double late_s, double sd_s)
{
    if ((unsigned)kind >= GPS_KINDS || !isfinite(late_s) || fabs(late_s) > 10)
        return;
    struct latency_window *window = &self->windows[kind];
    struct latency_fact *fact = &self->speeds[0].facts[kind];
    if (knows_better(fact, late_s, sd_s))
        return;
    window->late_s[window->next] = late_s;
    window->next = (window->next + 1) % LATENCY_WINDOW;
    window->count += window->count < LATENCY_WINDOW;
    if (fact->count < FIRST) {
        if (window->count < FIRST)
            return;
        begin(fact, window);
    } else if (moved(fact, window) > CHANGED_SIGMA) {
        forget_older(window);
        begin(fact, window);
    } else {
        follow(fact, late_s, moved(fact, window) > DRIFTING_SIGMA ? DRIFTING_GAIN : 1.0 / MEMORY);
    }
    fact->doubt_s = hypot(fact->spread_s * fmax(WANDER, 1 / sqrt(fact->count)), sd_s);
}

/* No message is told before the second that it names, or a second later. */
static bool odd(const struct latency_fact *fact)
{
    return fact->latency_s < 0 || fact->latency_s >= 1;
}

static bool learnt(const struct latency_fact *fact)
{
    return fact->count >= (odd(fact) ? ODD : FIRST);
}

void latency_jumped(struct latency *self)
{
    for (int i = 0; i < GPS_KINDS; i++) {
        struct latency_fact *fact = &self->speeds[0].facts[i];
        if (i == GPS_TIM_TP || !odd(fact)) /* TIM-TP is told before its pulse */
            continue;
        *fact = (struct latency_fact){0};
        self->windows[i].count = self->windows[i].next = 0;
    }
}

/* As the kind has shown by its steps, which no truth is needed for. */
static double steadiness(const struct latency_window *window, double otherwise_s)
{
    return window->steps < STEPS ? otherwise_s : fmax(window->step_s * STEP_SIGMA, LEAST_SPREAD_S);
}

struct latency_guess latency_predict(const struct latency *self, enum gps_kind kind)
{
    struct preset preset = preset_of(kind);
    struct latency_guess guess = {
        .latency_s = preset.latency_s, .spread_s = preset.spread_s, .doubt_s = preset.doubt_s};
    if ((unsigned)kind >= GPS_KINDS)
        return guess;
    const struct latency_fact *fact = &self->speeds[0].facts[kind];
    guess.spread_s = steadiness(&self->windows[kind], preset.spread_s);
    if (learnt(fact)) {
        guess.learnt = true;
        guess.latency_s = fact->latency_s;
        guess.spread_s = fact->spread_s;
        guess.doubt_s = fact->doubt_s;
    }
    if (self->is_fixed) {
        guess.told = true;
        guess.latency_s = self->fixed_s;
        guess.doubt_s = TOLD_S + WANDER * guess.spread_s;
    }
    return guess;
}

/* ---------------------------------------------------------------- text */

size_t latency_write(const struct latency *self, char *text, size_t size)
{
    int used = snprintf(text, size, TITLE "\n"), lines = 0;
    for (size_t s = 0; s < LATENCY_BAUDS && self->speeds[s].used; s++)
        for (int k = 0; k < GPS_KINDS; k++) {
            const struct latency_fact *fact = &self->speeds[s].facts[k];
            if (fact->count < FIRST)
                continue;
            if (used < 0 || (size_t)used >= size)
                return 0;
            used += snprintf(text + used, size - (size_t)used, "%u %s %.6f %.6f %.6f %.0f\n",
                             self->speeds[s].baud, gps_kind_name((enum gps_kind)k), fact->latency_s,
                             fact->spread_s, fact->doubt_s, fmin(fact->count, MEMORY));
            lines++;
        }
    if (used < 0 || (size_t)used >= size || lines == 0)
        return 0;
    used += snprintf(text + used, size - (size_t)used, "end\n");
    return (size_t)used < size ? (size_t)used : 0;
}

static enum gps_kind kind_named(const char *name)
{
    for (int k = 1; k < GPS_KINDS; k++)
        if (strcmp(gps_kind_name((enum gps_kind)k), name) == 0)
            return (enum gps_kind)k;
    return GPS_OTHER;
}

static struct latency_speed *speed_of(struct latency_speed *speeds, unsigned baud)
{
    for (size_t s = 0; s < LATENCY_BAUDS; s++)
        if (!speeds[s].used || speeds[s].baud == baud) {
            speeds[s].used = true;
            speeds[s].baud = baud;
            return &speeds[s];
        }
    return NULL;
}

/* One line; NULL, or what is wrong with it. */
static const char *read_line(struct latency_speed *speeds, const char *line)
{
    struct latency_fact fact;
    char name[16];
    unsigned baud;
    int end = 0;
    if (sscanf(line, "%9u %15s %lf %lf %lf %lf%n", &baud, name, &fact.latency_s, &fact.spread_s,
               &fact.doubt_s, &fact.count, &end) != 6 ||
        line[end] != '\n')
        return "torn";
    enum gps_kind kind = kind_named(name);
    struct latency_speed *speed = speed_of(speeds, baud);
    if (kind == GPS_OTHER)
        return "no such message";
    if (speed == NULL)
        return "too many speeds";
    if (!(fabs(fact.latency_s) <= 10))
        return "no such latency";
    if (!(fact.spread_s >= 0 && fact.spread_s <= 10 && fact.doubt_s >= 0 && fact.doubt_s <= 10))
        return "no such spread";
    if (!(fact.count >= FIRST && fact.count <= MEMORY))
        return "no such count";
    fact.spread_s = fmax(fact.spread_s, LEAST_SPREAD_S);
    speed->facts[kind] = fact;
    return NULL;
}

const char *latency_read(struct latency *self, const char *text)
{
    struct latency_speed speeds[LATENCY_BAUDS] = {0};
    if (strncmp(text, TITLE "\n", strlen(TITLE "\n")) != 0)
        return "not written by this version";
    text += strlen(TITLE "\n");
    while (strcmp(text, "end\n") != 0) {
        const char *why = read_line(speeds, text);
        if (why != NULL)
            return why;
        text = strchr(text, '\n') + 1;
    }
    unsigned baud = self->speeds[0].baud;
    memcpy(self->speeds, speeds, sizeof speeds);
    self->speeds[0].used = true;
    latency_baud(self, baud);
    return NULL;
}
