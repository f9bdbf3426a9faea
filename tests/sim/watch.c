/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/watch.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Defaults of `clock.step`, which no storm changes. A second may hold several updates. */
#define STEP_THRESHOLD_S 1.0
#define STEP_UPDATES 3
/* What is less is slewed away gently, over minutes. */
#define LEAST_ERROR_S 1e-3
/* Half a unit of the kernel's frequency. */
#define LEAST_RATE 1e-9
/* Nobody tells the daemon that its clock was moved: it looks every ten seconds. */
#define NOTICE_S 15.0
/* The bounds of the last while count: an estimate that is corrected is followed within them. */
#define SLACK_S 1200.0
/* Longer than the longest poll interval and a lost packet. */
#define PATIENCE_S 2400.0
/* Above this the kernel calls its clock unsynchronised. */
#define USELESS_ERROR_S 16.0
/* A drifting server is found out within so long. */
#define LEARNING_S 900.0
/* What comes and goes between two looks is no violation. */
#define TURN_S 2

void watch_init(struct watch *watch, const struct weather *weather, int client)
{
    *watch = (struct watch){.weather = weather, .client = client};
}

/* Another daemon begins; what the one before did wrong stays. */
static void forget(struct watch *watch)
{
    struct watch anew = {.weather = watch->weather, .client = watch->client};
    memcpy(anew.broken, watch->broken, sizeof anew.broken);
    memcpy(anew.broken_at_s, watch->broken_at_s, sizeof anew.broken_at_s);
    memcpy(anew.words, watch->words, sizeof anew.words);
    *watch = anew;
}

const char *watch_rule_name(enum watch_rule rule)
{
    static const char *const names[WATCH_RULES] = {"finite", "bound", "clock", "clamp", "step",
                                                   "liar",   "true",  "late",  "status"};
    return names[rule];
}

__attribute__((format(printf, 4, 5))) static void broken(struct watch *watch, enum watch_rule rule,
                                                         double at_s, const char *format, ...)
{
    va_list args;
    if (watch->broken[rule])
        return;
    watch->broken[rule] = true;
    watch->broken_at_s[rule] = at_s;
    va_start(args, format);
    vsnprintf(watch->words[rule], sizeof watch->words[rule], format, args);
    va_end(args);
}

/* ---------------------------------------------------------------- the sources */

/* What the sources of a client are at one second. */
struct glance {
    struct watch *watch;
    double at_s, clock_error_s;
    int answered, answering; /* true servers that have ever answered, and that do */
    double widest_s;         /* of the true servers' root distances */
    bool sampled;            /* a source in use has given a new sample */
    bool finite;
    struct seat {
        bool used, known;
        double wrong_s, allowed_s;
    } seats[WEATHER_SERVERS];
};

static bool all_finite(const struct gn_source_report *report)
{
    return isfinite(report->last_offset_s) && isfinite(report->error_s) &&
           isfinite(report->delay_s) && isfinite(report->root_distance_s) &&
           isfinite(report->offset_s) && isfinite(report->offset_sd_s) &&
           isfinite(report->frequency) && isfinite(report->frequency_skew) &&
           isfinite(report->jitter_s) && isfinite(report->last_rx_age_s);
}

/*
 * A server that drifts is within its bounds at first, and with it whoever follows it: its
 * frequency, or what it has drifted by, has to show first.
 */
static bool learns(const struct watch *watch, double at_s)
{
    bool drifts = false;
    for (int i = 0; i < watch->weather->servers; i++)
        drifts = drifts || watch->weather->lies[i] == LIE_DRIFT;
    return drifts && (!watch->follows || at_s < watch->learns_until_s);
}

static void see_true_server(struct glance *glance, const struct gn_source_report *report,
                            uint64_t before)
{
    glance->answered += report->samples_total > before;
    glance->answering += report->samples_total >= 4 && report->reach != 0;
    if (report->samples_total > 0)
        glance->widest_s = fmax(glance->widest_s, report->root_distance_s);
    if (report->state == GN_SOURCE_FALSETICKER && !learns(glance->watch, glance->at_s))
        broken(glance->watch, WATCH_TRUE, glance->at_s,
               "%s is called a falseticker (off %.6f ± %.6f s, ± %.3f ppm, %u samples)",
               report->name, report->offset_s + glance->clock_error_s, report->offset_sd_s,
               report->frequency_skew * 1e6, report->samples);
}

static void see_source(void *arg, const struct gn_source_report *report)
{
    struct glance *glance = arg;
    int index = atoi(report->name + strlen("server")) - 1;
    struct seat *seat = &glance->seats[index];
    glance->finite = glance->finite && all_finite(report);
    if (glance->watch->weather->lies[index] == LIE_NONE)
        see_true_server(glance, report, glance->watch->before[index]);
    seat->known = report->samples_total > 0;
    seat->used = report->state >= GN_SOURCE_COMBINED;
    seat->wrong_s = report->offset_s + glance->clock_error_s;
    seat->allowed_s = 1.2 * report->root_distance_s + 5 * report->offset_sd_s;
    if (seat->used && report->samples_total != glance->watch->samples[index])
        glance->sampled = true;
    glance->watch->samples[index] = report->samples_total;
}

static int true_servers(const struct weather *weather)
{
    int count = 0;
    for (int i = 0; i < weather->servers; i++)
        count += weather->lies[i] == LIE_NONE;
    return count;
}

/* Who has heard liars only, or as many of them as of the others, cannot know better. */
static bool majority_known(const struct glance *glance)
{
    const struct weather *weather = glance->watch->weather;
    return true_servers(weather) == weather->servers || 2 * glance->answered > weather->servers;
}

/* Wrong is who cannot overlap with what the true ones allow, even at the widest. */
static void check_liars(struct watch *watch, const struct glance *glance)
{
    int wrong = -1;
    if (!majority_known(glance))
        return;
    for (int i = 0; i < watch->weather->servers; i++) {
        const struct seat *seat = &glance->seats[i];
        if (seat->known && seat->used &&
            fabs(seat->wrong_s) > seat->allowed_s + 1.2 * glance->widest_s + 1e-3)
            wrong = i;
    }
    watch->wrong_s = wrong >= 0 ? watch->wrong_s + 1 : 0;
    if (watch->wrong_s > TURN_S)
        broken(watch, WATCH_LIAR, glance->at_s,
               "server%d is in use, its estimate off by %.6f s (own %.6f s, widest %.6f s)",
               wrong + 1, glance->seats[wrong].wrong_s, glance->seats[wrong].allowed_s,
               glance->widest_s);
}

static void check_patience(struct watch *watch, const struct glance *glance, bool synchronised)
{
    bool due = 2 * glance->answering > watch->weather->servers && !synchronised;
    watch->waiting_s = due ? watch->waiting_s + 1 : 0;
    if (watch->waiting_s > PATIENCE_S)
        broken(watch, WATCH_LATE, glance->at_s, "%d of %d true servers answer since %.0f s",
               glance->answering, true_servers(watch->weather), PATIENCE_S);
}

/* ---------------------------------------------------------------- the clock */

static bool tracking_finite(const struct gn_tracking *tracking)
{
    const struct gn_state *state = &tracking->state;
    return isfinite(state->frequency) && isfinite(state->root_delay_s) &&
           isfinite(state->root_dispersion_s) && isfinite(state->dispersion_rate) &&
           isfinite(state->error_bound_s) && isfinite(tracking->system_offset_s) &&
           isfinite(tracking->last_offset_s) && isfinite(tracking->rms_offset_s) &&
           isfinite(tracking->residual_frequency) && isfinite(tracking->skew) &&
           isfinite(tracking->root_dispersion_s) && isfinite(tracking->update_interval_s) &&
           isfinite(tracking->error_bound_s);
}

/* The client's own troubles of a kind, one after the other; NULL: there are no more. */
static const struct weather_trouble *next_trouble(const struct watch *watch, enum weather_kind kind,
                                                  const struct weather_trouble *before)
{
    const struct weather *weather = watch->weather;
    const struct weather_trouble *end = weather->troubles + weather->trouble_count;
    for (const struct weather_trouble *t = before != NULL ? before + 1 : weather->troubles; t < end;
         t++)
        if (t->kind == kind && t->client == watch->client)
            return t;
    return NULL;
}

/* What a client's clock was put off by, by others, within the last second. */
static double moved_s(const struct watch *watch, double at_s)
{
    const struct weather_trouble *t = NULL;
    double sum_s = 0;
    while ((t = next_trouble(watch, TROUBLE_MOVED, t)) != NULL)
        if (t->at_s <= at_s && t->at_s > at_s - 1)
            sum_s += fabs(t->size);
    return sum_s;
}

/*
 * An oscillator that jumps is seen with the next samples, and no bound can know of it before: what
 * it may have cost until then.
 */
static double unforeseen_s(const struct watch *watch, double at_s)
{
    const struct weather_trouble *t = NULL;
    double sum_s = 0;
    while ((t = next_trouble(watch, TROUBLE_FREQUENCY, t)) != NULL)
        if (at_s >= t->at_s && at_s < t->at_s + PATIENCE_S)
            sum_s += fabs(t->size) * (at_s - t->at_s);
    return sum_s;
}

/* Whether it woke up so lately that it need not have noticed; then all that it knew is void. */
static bool wakes(struct watch *watch, double at_s)
{
    const struct weather_trouble *t = NULL;
    while ((t = next_trouble(watch, TROUBLE_SUSPENDED, t)) != NULL)
        if (at_s >= t->at_s && at_s < t->at_s + t->size + NOTICE_S)
            return true;
    return false;
}

/*
 * The root distance: the only claim that holds on every path. The error bound is a statistical
 * one, and says nothing of paths that are longer one way than the other, as most of these are.
 */
static double claimed_s(const struct gn_tracking *tracking)
{
    return tracking->state.root_delay_s / 2 +
           gn_state_root_dispersion_s(&tracking->state, tracking->now);
}

static void check_bound(struct watch *watch, double at_s, const struct gn_tracking *tracking,
                        double clock_error_s)
{
    double bound_s = claimed_s(tracking);
    double error_s = clock_error_s + tracking->system_offset_s;
    if (fabs(error_s) > bound_s + unforeseen_s(watch, at_s) + 1e-9)
        broken(watch, WATCH_BOUND, at_s, "the estimate is off by %.9f s, claimed %.9f s%s", error_s,
               bound_s, tracking->state.synchronised ? "" : " in hold-over");
}

/* Whatever puts the clock away has to go at half the rate of slewing at least. */
static void check_clock(struct watch *watch, double at_s, const struct gn_tracking *tracking,
                        double clock_error_s)
{
    double bound_s = claimed_s(tracking);
    double rate = watch->weather->client[watch->client].max_slew;
    double more_s = watch->followed ? moved_s(watch, at_s) : fabs(clock_error_s);
    watch->followed = true;
    if (more_s > 0)
        watch->noticed_at_s = at_s + NOTICE_S;
    watch->away_s += more_s;
    if (at_s > watch->noticed_at_s)
        watch->away_s = fmax(0, watch->away_s - rate / 2);
    bound_s += unforeseen_s(watch, at_s);
    watch->slack_s = fmax(bound_s, watch->slack_s * (1 - 1 / SLACK_S));
    bool off = fabs(clock_error_s) > 1.1 * watch->slack_s + watch->away_s + LEAST_ERROR_S;
    watch->off_s = off ? watch->off_s + 1 : 0;
    if (watch->off_s > TURN_S)
        broken(watch, WATCH_CLOCK, at_s, "the clock is off by %.6f s, to be slewed %.6f s ± %.6f s",
               clock_error_s, watch->away_s, watch->slack_s);
}

static void check_clamp(struct watch *watch, double at_s, struct node *node)
{
    const struct weather_client *client = &watch->weather->client[watch->client];
    struct os_clock *clock = node_clock(node);
    double rate = clock->ops->frequency(clock);
    if (fabs(rate) > client->max_frequency + client->max_slew + LEAST_RATE)
        broken(watch, WATCH_CLAMP, at_s, "the clock is steered by %.3f ppm", rate * 1e6);
}

/* What node_exporter and timedatectl read: also while nobody has noticed yet that the clock was
 * set. */
static void check_status(struct watch *watch, double at_s, struct node *node,
                         const struct gn_tracking *tracking, double clock_error_s)
{
    struct vclock_status status = vclock_status(node_clock(node));
    const struct gn_state *state = &tracking->state;
    bool known = state->synchronised || state->clock_state == GN_CLOCK_HOLDOVER;
    bool useless =
        tracking->root_dispersion_s + state->root_delay_s / 2 + fabs(tracking->system_offset_s) >
        USELESS_ERROR_S - 1;
    watch->untold_s = known && !useless && !status.synchronised ? watch->untold_s + 1 : 0;
    if (watch->untold_s > NOTICE_S)
        broken(watch, WATCH_STATUS, at_s, "synchronised, and the kernel does not know");
    if (status.synchronised && !known)
        broken(watch, WATCH_STATUS, at_s, "not synchronised, and the kernel says it is");
    if (status.synchronised && watch->follows &&
        fabs(clock_error_s) > status.max_error_s + unforeseen_s(watch, at_s) + 1e-9)
        broken(watch, WATCH_STATUS, at_s, "the clock is off by %.9f s, the kernel says %.9f s",
               clock_error_s, status.max_error_s);
    if (status.synchronised && status.est_error_s > status.max_error_s + LEAST_ERROR_S)
        broken(watch, WATCH_STATUS, at_s, "esterror is %.9f s, maxerror %.9f s", status.est_error_s,
               status.max_error_s);
}

void watch_look(struct watch *watch, struct node *node, double at_s, const struct node_truth *truth)
{
    double clock_error_s = gn_seconds(truth->clock_error_ns);
    struct glance glance = {
        .watch = watch, .at_s = at_s, .clock_error_s = clock_error_s, .finite = true};
    struct gn_tracking tracking;
    node_tracking(node, &tracking);
    node_sources(node, see_source, &glance);
    if (wakes(watch, at_s)) {
        memcpy(watch->before, watch->samples, sizeof watch->before);
        watch->followed = watch->follows = false;
        return;
    }
    if (!glance.finite || !tracking_finite(&tracking))
        broken(watch, WATCH_FINITE, at_s, "a number is none");
    bool holds = tracking.state.clock_state == GN_CLOCK_HOLDOVER;
    if ((tracking.state.synchronised || holds) && majority_known(&glance)) {
        if (!watch->follows)
            watch->learns_until_s = at_s + LEARNING_S;
        watch->follows = true;
        if (!learns(watch, at_s)) {
            check_bound(watch, at_s, &tracking, clock_error_s);
            check_clock(watch, at_s, &tracking, clock_error_s);
            check_status(watch, at_s, node, &tracking, clock_error_s);
        }
    } else {
        watch->followed = watch->follows = false;
    }
    check_clamp(watch, at_s, node);
    check_liars(watch, &glance);
    check_patience(watch, &glance, tracking.state.synchronised);
    watch->updates += glance.sampled;
}

void watch_hear(struct watch *watch, double at_s, const char *line)
{
    static const char stepped[] = "the clock is stepped by ";
    const char *found = strstr(line, stepped);
    if (strncmp(line, "gnomond ", strlen("gnomond ")) == 0 && strstr(line, " started") != NULL)
        forget(watch);
    double by_s = found != NULL ? strtod(found + strlen(stepped), NULL) : 0;
    if (found == NULL)
        return;
    watch->followed = false;
    if (fabs(by_s) < STEP_THRESHOLD_S)
        broken(watch, WATCH_STEP, at_s, "stepped by %.6f s, below the threshold", by_s);
    if (watch->updates > STEP_UPDATES)
        broken(watch, WATCH_STEP, at_s, "stepped by %.6f s after %d updates", by_s, watch->updates);
}
