/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <pipeline/filter.h>
#include <string.h>

/* Instants beyond the year 2096 are no time of ours; within it no difference of two offsets can
 * overflow. The local scale may start at zero, and an exchange a little before. */
#define MAX_INSTANT_NS INT64_C(4000000000000000000)
#define MIN_LOCAL_NS (-MAX_INSTANT_NS / 40)
/* What 16.16 can hold. Spec: RFC 5905 §6, NTP short format. */
#define MAX_ROOT_S 65536.0
#define MAX_DELAY_S 1000.0
/* Samples older than the newest before the newest itself is doubted. */
#define MAX_STALE 4
/* Stamps are no better than this. Units: s². */
#define STAMP_VARIANCE 4e-16
#define EXCHANGE_VARIANCE 2.5e-15
#define MIN_JITTER_S 2e-8
/* One delay alone: its queueing is about this share. */
#define FIRST_JITTER 0.1
/* How far the least delay seen may lie above the least there is, in jitters over √n: of
 * exponential queues 1.25 ± 0.65. More than is likely costs more than it saves; but the first
 * delays, so many, say little of the jitter, too. */
#define LEAST_UNSURE 1.8
#define FIRST_UNSURE 2.7
#define FIRST_DELAYS 24.0
/* A new route: so many in a row above the rest. */
#define ROUTE_RUN 12
/* … of which the newest are kept: the first of them may have been the old route's slowest. */
#define ROUTE_KEEP 8
#define ROUTE_WINDOW 24
/* One-way: a claim that so many times larger or smaller is of another way to measure. */
#define OTHERWISE 50.0
/* As NTP's clock filter: so many of the last delays tell of the present. */
#define RECENT 8

void filter_init(struct filter *filter)
{
    memset(filter, 0, sizeof *filter);
    noise_init(&filter->noise);
}

static bool plausible_utc(gn_utc utc)
{
    return utc.ns >= 0 && utc.ns < MAX_INSTANT_NS;
}

static bool plausible_local(gn_local local)
{
    return local.ns > MIN_LOCAL_NS && local.ns < MAX_INSTANT_NS;
}

static bool plausible_root(double value_s)
{
    return isfinite(value_s) && value_s >= 0 && value_s <= MAX_ROOT_S;
}

static int64_t exchange_delay_ns(const struct gn_exchange *exchange)
{
    return gn_local_sub(exchange->t4, exchange->t1) - gn_utc_sub(exchange->t3, exchange->t2);
}

/* A delay below zero by no more than the stamps' own errors is a delay of zero. */
static bool plausible_exchange(const struct gn_sample *sample)
{
    const struct gn_exchange *exchange = &sample->exchange;
    if (!plausible_local(exchange->t1) || !plausible_local(exchange->t4) ||
        !plausible_utc(exchange->t2) || !plausible_utc(exchange->t3))
        return false;
    if (exchange->t4.ns < exchange->t1.ns || exchange->t3.ns < exchange->t2.ns)
        return false;
    return gn_seconds(exchange_delay_ns(exchange)) >= -2 * sample->dispersion_s &&
           gn_seconds(gn_local_sub(exchange->t4, exchange->t1)) <= MAX_DELAY_S;
}

static bool plausible(const struct gn_sample *sample)
{
    if (!plausible_local(sample->local) || !plausible_utc(sample->utc))
        return false;
    if (!(sample->delay_s >= 0 && sample->delay_s <= MAX_DELAY_S) ||
        !(sample->dispersion_s >= 0 && sample->dispersion_s <= MAX_ROOT_S))
        return false;
    if (!plausible_root(sample->root_delay_s) || !plausible_root(sample->root_dispersion_s))
        return false;
    if (sample->stratum > 16 || sample->leap > GN_LEAP_UNSYNCHRONISED)
        return false;
    return sample->kind == GN_SAMPLE_ONE_WAY ||
           (sample->kind == GN_SAMPLE_TWO_WAY && plausible_exchange(sample));
}

static gn_local instant_of(const struct gn_sample *sample)
{
    return sample->kind == GN_SAMPLE_TWO_WAY ? sample->exchange.t4 : sample->local;
}

int filter_check(struct filter *filter, const struct gn_sample *sample)
{
    if (!plausible(sample))
        return -EINVAL;
    if (filter->any && instant_of(sample).ns <= filter->newest.ns) {
        if (++filter->stale > MAX_STALE)
            filter_init(filter);
        return -ERANGE;
    }
    filter->stale = 0;
    return 0;
}

/* --- two-way: the window of delays --- */

/* The delay of a rank: 0 is the least. */
static double delay_of(const struct filter *filter, unsigned rank)
{
    return (double)filter->ring[filter->order[rank]];
}

static unsigned rank_of(const struct filter *filter, double delay_s)
{
    unsigned low = 0, high = filter->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (delay_of(filter, middle) < delay_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void forget_oldest(struct filter *filter)
{
    unsigned oldest = (filter->next + FILTER_WINDOW - filter->count) % FILTER_WINDOW;
    unsigned rank = rank_of(filter, (double)filter->ring[oldest]);
    while (filter->order[rank] != oldest) /* others may have been as long */
        rank++;
    filter->count--;
    filter->recalled -= filter->recalled > 0;
    memmove(&filter->order[rank], &filter->order[rank + 1],
            (filter->count - rank) * sizeof filter->order[0]);
}

static void remember(struct filter *filter, double delay_s)
{
    unsigned rank;
    if (filter->count == FILTER_WINDOW)
        forget_oldest(filter);
    rank = rank_of(filter, delay_s);
    memmove(&filter->order[rank + 1], &filter->order[rank],
            (filter->count - rank) * sizeof filter->order[0]);
    filter->order[rank] = (uint16_t)filter->next;
    filter->ring[filter->next] = (float)delay_s;
    filter->next = (filter->next + 1) % FILTER_WINDOW;
    filter->count++;
}

/*
 * Median of an Erlang-2 delay is 1.68 means. A few delays say little of their own spread: two that
 * happen to be equal must not pass for a path without queues.
 */
static double window_jitter_s(const struct filter *filter)
{
    double n = filter->count;
    double seen_s = (delay_of(filter, filter->count / 2) - delay_of(filter, 0)) / 1.68;
    double jitter_s = seen_s + FIRST_JITTER * delay_of(filter, 0) / (n * n);
    return jitter_s > MIN_JITTER_S ? jitter_s : MIN_JITTER_S;
}

struct span {
    double least_s, most_s;
};

static struct span last_delays(const struct filter *filter)
{
    struct span span = {HUGE_VAL, 0};
    for (unsigned i = 1; i <= ROUTE_RUN; i++) {
        double delay_s = (double)filter->ring[(filter->next + FILTER_WINDOW - i) % FILTER_WINDOW];
        span.least_s = fmin(span.least_s, delay_s);
        span.most_s = fmax(span.most_s, delay_s);
    }
    return span;
}

/*
 * The route became longer: the last twelve all lie above nine tenths of the rest, which chance
 * does about never. Without this their whole excess would count as queueing.
 */
static bool route_longer(const struct filter *filter)
{
    double least_s = last_delays(filter).least_s;
    unsigned above = filter->count - rank_of(filter, least_s) - ROUTE_RUN;
    return above <= (filter->count - ROUTE_RUN) / 10 &&
           least_s > delay_of(filter, 0) + 2 * window_jitter_s(filter);
}

/* A queue has gone: the last twelve all lie below nine tenths of the rest. */
static bool queue_gone(const struct filter *filter)
{
    double most_s = last_delays(filter).most_s;
    unsigned below = rank_of(filter, most_s) + 1 - ROUTE_RUN;
    return below <= (filter->count - ROUTE_RUN) / 10;
}

/* It is another path now; what was known of the old one's noise does not hold. */
static double reroute(struct filter *filter, unsigned keep, double before_s)
{
    while (filter->count > keep)
        forget_oldest(filter);
    noise_init(&filter->noise);
    return delay_of(filter, filter->count / 2) - before_s;
}

/* Returns by how much the path has become longer; < 0: shorter. */
static double watch_route(struct filter *filter, double delay_s)
{
    double usual_s = filter->count > 0 ? delay_of(filter, filter->count / 2) : delay_s;
    double clearly = filter->count > 16 ? 5 : 10;
    bool shorter =
        filter->count > 3 &&
        delay_s < delay_of(filter, 0) - clearly * window_jitter_s(filter) - 2 * MIN_JITTER_S;
    remember(filter, delay_s);
    if (shorter)
        return reroute(filter, 1, usual_s);
    if (filter->count >= ROUTE_WINDOW && (route_longer(filter) || queue_gone(filter)))
        return reroute(filter, ROUTE_KEEP, usual_s);
    return 0;
}

/* The least delay seen lies above the least there is by so much at most. */
static double unsure_s(const struct filter *filter)
{
    double first = fmin(1, FIRST_DELAYS / filter->count);
    double most = LEAST_UNSURE + (FIRST_UNSURE - LEAST_UNSURE) * first;
    return most * noise_jitter_s(&filter->noise) / sqrt(filter->count);
}

/* The interval that an exchange of this delay gives, and what it is worth as a point. */
static void weigh_exchange(const struct filter *filter, struct filter_measure *measure)
{
    double jitter_s = window_jitter_s(filter);
    double beyond_s = unsure_s(filter);
    double width_s = measure->delay_s - delay_of(filter, 0) + beyond_s;
    measure->half_s = width_s / 2;
    measure->variance = EXCHANGE_VARIANCE + beyond_s * beyond_s / 16;
    measure->point_variance = EXCHANGE_VARIANCE + width_s * width_s / 12 + jitter_s * jitter_s / 8;
}

double filter_exchange_delay_s(const struct gn_sample *sample)
{
    int64_t delay_ns = exchange_delay_ns(&sample->exchange);
    /* As the window keeps it: a delay is never shorter than itself. Seven digits are plenty. */
    return delay_ns > 0 ? (double)(float)gn_seconds(delay_ns) : 0;
}

static void take_two_way(struct filter *filter, const struct gn_sample *sample,
                         struct filter_measure *measure)
{
    const struct gn_exchange *exchange = &sample->exchange;
    int64_t delay_ns = exchange_delay_ns(exchange);
    double delay_s = filter_exchange_delay_s(sample);
    measure->rerouted_s = watch_route(filter, delay_s);
    noise_expect(&filter->noise, window_jitter_s(filter));
    measure->at = exchange->t4;
    /* (T2−T1) − d/2 is ((T2−T1)+(T3−T4))/2 without a sum that could overflow. */
    measure->base_ns = exchange->t2.ns - exchange->t1.ns - delay_ns / 2;
    measure->offset_s = -0.5e-9 * (double)(delay_ns % 2);
    measure->back_s = gn_seconds(gn_local_sub(exchange->t4, exchange->t1)) / 2;
    measure->delay_s = delay_s;
    weigh_exchange(filter, measure);
}

/* --- one-way: noise from the data, never from a constant --- */

/*
 * The middle one of three offsets against the line through the others: free of offset and
 * frequency, so the noise is learnt apart from the estimate and cannot follow it astray.
 */
static void learn_noise(struct filter *filter, struct filter_point point)
{
    const struct filter_point *first = &filter->past[0], *middle = &filter->past[1];
    double span_s = gn_seconds(gn_local_sub(point.at, first->at));
    double share = gn_seconds(gn_local_sub(middle->at, first->at)) / span_s;
    double bend_s = gn_seconds(middle->offset_ns - first->offset_ns) -
                    gn_seconds(point.offset_ns - first->offset_ns) * share;
    double variance = bend_s * bend_s / (1 + share * share + (1 - share) * (1 - share));
    double gain = 1.0 / (filter->noise_count + 1);
    if (filter->noise_count >= 8 && variance > 25 * filter->noise_variance)
        variance = 25 * filter->noise_variance;
    gain = gain > 1.0 / 64 ? gain : 1.0 / 64;
    filter->noise_variance += gain * (variance - filter->noise_variance);
    filter->noise_count++;
}

static double one_way_variance(const struct filter *filter, double dispersion_s, double delay_s)
{
    double path = delay_s * delay_s / 12 + STAMP_VARIANCE;
    double claimed = dispersion_s * dispersion_s;
    double unsure = 1 + 4.0 / (filter->noise_count + 1);
    if (filter->noise_count == 0)
        return claimed + path;
    return fmax(filter->noise_variance * unsure, 0.01 * claimed) + path;
}

/* It measures otherwise from now on (a receiver by its messages, whose pulse has failed): what was
 * learnt was the noise of something else. */
static bool claims_otherwise(const struct filter *filter, double dispersion_s)
{
    double share = dispersion_s / filter->claim_s;
    return filter->points > 0 && (share > OTHERWISE || share < 1 / OTHERWISE);
}

static void take_one_way(struct filter *filter, const struct gn_sample *sample,
                         struct filter_measure *measure)
{
    struct filter_point point = {sample->local, sample->utc.ns - sample->local.ns};
    if (claims_otherwise(filter, sample->dispersion_s)) {
        filter->points = filter->noise_count = 0;
        filter->noise_variance = 0;
    }
    if (filter->points >= 2)
        learn_noise(filter, point);
    if (filter->points < 2) {
        filter->past[filter->points++] = point;
    } else {
        filter->past[0] = filter->past[1];
        filter->past[1] = point;
    }
    filter->claim_s = sample->dispersion_s;
    measure->at = sample->local;
    measure->base_ns = point.offset_ns;
    measure->delay_s = sample->delay_s;
    measure->dispersion_s = sample->dispersion_s;
    filter_reweigh(filter, measure);
}

void filter_reweigh(const struct filter *filter, struct filter_measure *measure)
{
    if (measure->half_s > 0)
        return;
    measure->variance = one_way_variance(filter, measure->dispersion_s, measure->delay_s);
    measure->point_variance = measure->variance;
}

void filter_take(struct filter *filter, const struct gn_sample *sample,
                 struct filter_measure *measure)
{
    double dispersion_s = sample->dispersion_s;
    memset(measure, 0, sizeof *measure);
    if (!filter->any && !filter_recognises(filter, sample))
        filter_init(filter);
    if (sample->kind == GN_SAMPLE_TWO_WAY) {
        take_two_way(filter, sample, measure);
        measure->variance += dispersion_s * dispersion_s / 12;
        measure->point_variance += dispersion_s * dispersion_s / 12;
    } else {
        take_one_way(filter, sample, measure);
    }
    measure->dispersion_s = dispersion_s;
    measure->first_sd = measure->delay_s / 2 + dispersion_s;
    if (measure->first_sd * measure->first_sd < measure->point_variance)
        measure->first_sd = sqrt(measure->point_variance);
    filter->newest = measure->at;
    filter->any = true;
}

double filter_jitter_s(const struct filter *filter)
{
    return filter->count > 0 ? window_jitter_s(filter) : sqrt(filter->noise_variance);
}

double filter_delay_s(const struct filter *filter)
{
    return filter->count > 0 ? delay_of(filter, 0) : 0;
}

double filter_recent_delay_s(const struct filter *filter)
{
    double least = HUGE_VAL;
    if (filter->count == 0)
        return 0;
    for (unsigned i = 1; i <= RECENT && i <= filter->count - filter->recalled; i++)
        least =
            fmin(least, (double)filter->ring[(filter->next + FILTER_WINDOW - i) % FILTER_WINDOW]);
    return least + unsure_s(filter);
}

bool filter_is_clock(const struct filter *filter)
{
    return filter->count == 0;
}
