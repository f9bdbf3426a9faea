/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <pipeline/fusion.h>
#include <stdlib.h>
#include <string.h>

/* History kept: for a lone source, for each of several, and of all together. */
#define HISTORY_ALONE 16
#define HISTORY_EACH 96
#define HISTORY_MOST 384
/* What is allowed for asymmetric paths: this share of the delay, 1 sigma. */
#define ASYMMETRY_SHARE 0.002
#define LEAST_BIAS_S 1e-9
/* A clock's noise is known after so many samples; what was believed before is weighed anew. */
#define CLOCK_KNOWN 10
/* A source has moved when so many samples in a row lie so many sigmas off, on one side. */
#define MOVED_SIGMAS 5.0
#define MOVED_SAMPLES 4

/*
 * A sample of the history. Its instant and its offset are exact; of widths and variances seven
 * digits are more than is known.
 */
struct event {
    struct fusion_seat *seat;
    gn_local at;
    int64_t base_ns;
    float offset_s, first_sd; /* the offset is below a nanosecond */
    union {
        struct {
            float back_s, half_s, variance, rerouted_s;
        } exchange;
        struct {
            float delay_s, dispersion_s; /* all else follows from them and the filter */
        } clock;
    } is;
    bool is_exchange, counted;
    float moved_s; /* with it all were found to have moved by so much; 0: no */
};

struct fusion {
    struct bank *bank;
    struct fusion_seat *first;
    size_t seats;
    double frequency, frequency_sd;
    bool recalled;                       /* the wander of an earlier run … */
    struct oscillator_statistics learnt; /* … this one */
    double moved_s; /* what all sources moved by, not yet taken by fusion_take_moved() */
    bool stale;     /* the bank has to be made anew */
    struct event *history;
    size_t capacity, next, count;
};

/* --- life --- */

/* Room for one source more; what was learnt so far is forgotten with the smaller history. */
static int make_room(struct fusion *fusion, size_t seats)
{
    size_t capacity = seats > 1 ? seats * HISTORY_EACH : HISTORY_ALONE;
    size_t lanes = seats < BANK_LANES ? seats : BANK_LANES;
    if (capacity > HISTORY_MOST)
        capacity = HISTORY_MOST;
    struct event *history = calloc(capacity, sizeof *history);
    struct bank *bank = bank_create(lanes);
    if (history == NULL || bank == NULL) {
        free(history);
        bank_destroy(bank);
        return -ENOMEM;
    }
    size_t kept = fusion->count < capacity ? fusion->count : capacity;
    for (size_t i = 0; i < kept; i++)
        history[i] =
            fusion->history[(fusion->next + fusion->capacity - kept + i) % fusion->capacity];
    if (fusion->recalled)
        bank_recall(bank, &fusion->learnt);
    free(fusion->history);
    bank_destroy(fusion->bank);
    fusion->history = history;
    fusion->bank = bank;
    fusion->capacity = capacity;
    fusion->count = kept;
    fusion->next = kept % capacity;
    fusion->stale = true;
    return 0;
}

struct fusion *fusion_create(void)
{
    struct fusion *fusion = calloc(1, sizeof *fusion);
    if (fusion != NULL && make_room(fusion, 1) < 0) {
        free(fusion);
        return NULL;
    }
    return fusion;
}

void fusion_destroy(struct fusion *fusion)
{
    if (fusion == NULL)
        return;
    bank_destroy(fusion->bank);
    free(fusion->history);
    free(fusion);
}

int fusion_add(struct fusion *fusion, struct fusion_seat *seat)
{
    struct fusion_seat **end = &fusion->first;
    if (fusion->seats > 0 && make_room(fusion, fusion->seats + 1) < 0)
        return -ENOMEM;
    while (*end != NULL)
        end = &(*end)->next;
    *end = seat;
    seat->next = NULL;
    fusion->seats++;
    return 0;
}

void fusion_forget_until(struct fusion *fusion, struct fusion_seat *seat, gn_local until)
{
    size_t kept = 0;
    size_t oldest = (fusion->next + fusion->capacity - fusion->count) % fusion->capacity;
    for (size_t i = 0; i < fusion->count; i++) {
        const struct event *event = &fusion->history[(oldest + i) % fusion->capacity];
        if (event->seat != seat || event->at.ns > until.ns)
            fusion->history[(oldest + kept++) % fusion->capacity] = *event;
    }
    fusion->count = kept;
    fusion->next = (oldest + kept) % fusion->capacity;
    fusion->stale = fusion->stale || seat->seated;
}

void fusion_forget(struct fusion *fusion, struct fusion_seat *seat)
{
    fusion_forget_until(fusion, seat, (gn_local){INT64_MAX});
    seat->seated = false;
    seat->moved = 0;
}

void fusion_remove(struct fusion *fusion, struct fusion_seat *seat)
{
    struct fusion_seat **link = &fusion->first;
    fusion_forget(fusion, seat);
    while (*link != seat)
        link = &(*link)->next;
    *link = seat->next;
    fusion->seats--;
}

void fusion_expect(struct fusion *fusion, double frequency, double sd)
{
    fusion->frequency = frequency;
    fusion->frequency_sd = sd;
}

void fusion_recall(struct fusion *fusion, const struct oscillator_statistics *statistics)
{
    fusion->recalled = true;
    fusion->learnt = *statistics;
    bank_recall(fusion->bank, statistics);
    fusion->stale = true;
}

void fusion_restart(struct fusion *fusion)
{
    fusion->count = 0;
    fusion->stale = true;
}

void fusion_shift(struct fusion *fusion, int64_t by_ns)
{
    bank_shift(fusion->bank, by_ns);
    for (size_t i = 0; i < fusion->capacity; i++)
        fusion->history[i].base_ns += by_ns;
}

const struct bank *fusion_bank(const struct fusion *fusion)
{
    return fusion->bank;
}

/* --- seats --- */

static double bias_of(const struct fusion_seat *seat, bool alone)
{
    if (filter_is_clock(seat->filter)) /* alone it is the truth by definition */
        return alone ? 0 : fmax(seat->filter->claim_s, LEAST_BIAS_S);
    return fmax(ASYMMETRY_SHARE * filter_delay_s(seat->filter), LEAST_BIAS_S);
}

static bool stays(const struct fusion_seat *seat)
{
    return seat->wish == FUSION_TAKE || (seat->wish == FUSION_STAY && seat->seated);
}

static void take(struct fusion *fusion, const struct fusion_seat *seat,
                 const struct filter_measure *measure, struct noise_lesson *lesson)
{
    if (measure->rerouted_s < 0 || measure->rerouted_s > 0)
        bank_reroute(fusion->bank, seat->lane, measure->rerouted_s);
    bank_take(fusion->bank, seat->lane, measure, &seat->filter->noise, lesson);
}

static struct event *event_at(struct fusion *fusion, size_t index)
{
    size_t oldest = (fusion->next + fusion->capacity - fusion->count) % fusion->capacity;
    return &fusion->history[(oldest + index) % fusion->capacity];
}

/* What a remembered sample is worth by all that is known now. */
static void recall(const struct event *event, struct filter_measure *measure)
{
    *measure = (struct filter_measure){
        .at = event->at,
        .base_ns = event->base_ns,
        .offset_s = (double)event->offset_s,
        .first_sd = (double)event->first_sd,
    };
    if (event->is_exchange) {
        measure->back_s = (double)event->is.exchange.back_s;
        measure->half_s = (double)event->is.exchange.half_s;
        measure->variance = (double)event->is.exchange.variance;
        measure->rerouted_s = (double)event->is.exchange.rerouted_s;
    } else {
        measure->delay_s = (double)event->is.clock.delay_s;
        measure->dispersion_s = (double)event->is.clock.dispersion_s;
        filter_reweigh(event->seat->filter, measure);
    }
}

/*
 * What one of several servers says and nobody expected counts when a majority, itself included, has
 * answered since. Until then the others' silence is no consent. Clocks do not wait: no server is as
 * good a judge.
 */
static bool in_doubt(const struct fusion *fusion, const struct fusion_seat *seat)
{
    size_t answered = 1, all = 1;
    if (seat->moved == 0 || filter_is_clock(seat->filter))
        return false;
    for (const struct fusion_seat *s = fusion->first; s != NULL; s = s->next)
        if (s != seat && s->seated && s->wish == FUSION_TAKE) {
            all++;
            answered += gn_local_sub(s->heard, seat->moved_since) > 0;
        }
    return 2 * answered <= all;
}

static void replay(struct fusion *fusion)
{
    for (size_t i = 0; i < fusion->count; i++) {
        struct event *event = event_at(fusion, i);
        struct filter_measure measure;
        struct noise_lesson lesson;
        event->counted =
            event->seat->seated &&
            (!event->seat->missed || gn_local_sub(event->at, event->seat->moved_since) < 0);
        if (event->counted) {
            recall(event, &measure);
            take(fusion, event->seat, &measure, &lesson);
        }
        if (fabsf(event->moved_s) > 0 &&
            bank_valid(fusion->bank)) /* what came before is not to outweigh what came after */
            bank_widen(fusion->bank, (double)event->moved_s);
    }
}

static void make_anew(struct fusion *fusion)
{
    size_t wanted = 0;
    for (struct fusion_seat *seat = fusion->first; seat != NULL; seat = seat->next)
        wanted += stays(seat);
    bank_begin(fusion->bank, fusion->frequency, fusion->frequency_sd);
    for (struct fusion_seat *seat = fusion->first; seat != NULL; seat = seat->next) {
        seat->lane = stays(seat) ? bank_add_lane(fusion->bank, bias_of(seat, wanted == 1)) : -1;
        seat->seated = seat->lane >= 0;
    }
    /* Those in doubt stay it, with what they said since. */
    for (struct fusion_seat *seat = fusion->first; seat != NULL; seat = seat->next) {
        seat->missed = seat->seated && in_doubt(fusion, seat);
        seat->moved = seat->missed ? seat->moved : 0;
    }
    fusion->stale = false;
    replay(fusion);
}

/* --- samples --- */

static struct event *remember(struct fusion *fusion, struct fusion_seat *seat,
                              const struct filter_measure *measure)
{
    struct event *event = &fusion->history[fusion->next];
    *event = (struct event){
        .seat = seat,
        .at = measure->at,
        .base_ns = measure->base_ns,
        .offset_s = (float)measure->offset_s,
        .first_sd = (float)measure->first_sd,
        .is_exchange = measure->half_s > 0,
    };
    if (event->is_exchange) {
        event->is.exchange.back_s = (float)measure->back_s;
        event->is.exchange.half_s = (float)measure->half_s;
        event->is.exchange.variance = (float)measure->variance;
        event->is.exchange.rerouted_s = (float)measure->rerouted_s;
    } else {
        event->is.clock.delay_s = (float)measure->delay_s;
        event->is.clock.dispersion_s = (float)measure->dispersion_s;
    }
    fusion->next = (fusion->next + 1) % fusion->capacity;
    if (fusion->count < fusion->capacity)
        fusion->count++;
    return event;
}

/* More than half of the sources lie far off on one side, again and again: it is we who moved. */
static bool all_moved(const struct fusion *fusion, int side)
{
    size_t moved = 0, all = 0;
    for (const struct fusion_seat *seat = fusion->first; seat != NULL; seat = seat->next)
        if (seat->seated && seat->wish == FUSION_TAKE) {
            all++;
            moved += side * seat->moved >= MOVED_SAMPLES;
        }
    return 2 * moved > all;
}

static void note_side(struct fusion_seat *seat, gn_local at, const struct noise_lesson *lesson)
{
    int side = lesson->innovation_s > 0 ? 1 : -1;
    if (fabs(lesson->sigmas) < MOVED_SIGMAS) {
        seat->moved = 0;
        return;
    }
    if (side * seat->moved <= 0) {
        seat->moved = 0;
        seat->moved_since = at;
    }
    seat->moved += side;
}

static void watch_moves(struct fusion *fusion, struct event *event,
                        const struct noise_lesson *lesson)
{
    note_side(event->seat, event->at, lesson);
    if (event->seat->moved == 0 || !all_moved(fusion, event->seat->moved > 0 ? 1 : -1))
        return;
    bank_widen(fusion->bank, lesson->innovation_s);
    fusion->moved_s = lesson->innovation_s;
    event->moved_s = (float)lesson->innovation_s;
    for (struct fusion_seat *s = fusion->first; s != NULL; s = s->next)
        s->moved = 0;
}

static void count(struct fusion *fusion, struct event *event, const struct filter_measure *measure)
{
    struct fusion_seat *seat = event->seat;
    struct noise_lesson lesson;
    bool first = !bank_valid(fusion->bank);
    event->counted = true;
    take(fusion, seat, measure, &lesson);
    if (first)
        return;
    if (measure->half_s > 0) {
        struct noise_interval interval = {measure->half_s, measure->variance};
        noise_learn(&seat->filter->noise, &interval, &lesson);
    }
    watch_moves(fusion, event, &lesson);
}

/* Whether a sample has to wait until others have answered. */
static bool waits(const struct fusion *fusion, const struct event *event,
                  const struct filter_measure *measure)
{
    struct fusion_seat *seat = event->seat;
    struct noise_lesson lesson;
    int before = seat->moved;
    bank_surprise(fusion->bank, seat->lane, measure, &seat->filter->noise, &lesson);
    note_side(seat, event->at, &lesson);
    if (in_doubt(fusion, seat))
        return true;
    seat->moved = before; /* it is noted as it counts */
    return false;
}

double fusion_take_moved(struct fusion *fusion)
{
    double moved_s = fusion->moved_s;
    fusion->moved_s = 0;
    return moved_s;
}

/* A source that was silent is one of the truechimers again, or is no longer in doubt. */
static void catch_up(struct fusion *fusion)
{
    for (struct fusion_seat *seat = fusion->first; seat != NULL; seat = seat->next)
        if (seat->missed && seat->wish == FUSION_TAKE && !in_doubt(fusion, seat))
            seat->moved = 0; /* is noted anew */
    for (size_t i = 0; i < fusion->count; i++) {
        struct event *event = event_at(fusion, i);
        struct fusion_seat *seat = event->seat;
        if (!event->counted && seat->missed && seat->seated && seat->wish == FUSION_TAKE &&
            !in_doubt(fusion, seat)) {
            struct filter_measure measure;
            recall(event, &measure);
            count(fusion, event, &measure);
        }
    }
    for (struct fusion_seat *seat = fusion->first; seat != NULL; seat = seat->next)
        seat->missed = seat->missed && (seat->wish != FUSION_TAKE || in_doubt(fusion, seat));
}

bool fusion_seat_all(struct fusion *fusion)
{
    bool wrong = fusion->stale, any = false, missed = false;
    for (const struct fusion_seat *seat = fusion->first; seat != NULL; seat = seat->next) {
        any = any || seat->wish == FUSION_TAKE;
        missed = missed || (seat->missed && seat->wish == FUSION_TAKE);
        wrong =
            wrong || (seat->seated && seat->wish == FUSION_LEAVE) ||
            (!seat->seated && seat->wish == FUSION_TAKE && bank_lanes(fusion->bank) < BANK_LANES);
    }
    if (!any) /* with nobody left the estimate lives on */
        return false;
    if (wrong)
        make_anew(fusion);
    else if (missed)
        catch_up(fusion);
    return wrong;
}

void fusion_take(struct fusion *fusion, struct fusion_seat *seat,
                 const struct filter_measure *measure)
{
    struct event *event = remember(fusion, seat, measure);
    if (filter_is_clock(seat->filter) && seat->filter->noise_count == CLOCK_KNOWN)
        fusion->stale = true;
    seat->heard = measure->at;
    if (!seat->seated || fusion->stale)
        return;
    if (seat->wish == FUSION_TAKE && !waits(fusion, event, measure))
        count(fusion, event, measure);
    else
        seat->missed = true;
}
