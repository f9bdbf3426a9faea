/* SPDX-License-Identifier: Apache-2.0 */

/* What a filter has learnt, out of one run and into the next. */

#include <math.h>
#include <pipeline/filter.h>

/* Fewer samples are not worth keeping. */
#define LEAST_COUNT 8
#define MOST_COUNT 1000
#define LEAST_NOISE_S 1e-9
#define MOST_NOISE_S 100.0
/* What is recalled counts as so many samples at most: if it is wrong by now, it soon gives way. */
#define RECALLED_DELAYS 64
#define RECALLED_EXCHANGES 16
#define RECALLED_PULSES 4
/* … and the race of the shapes begins so much closer. */
#define RECALLED_SCORE 0.5
/* Coprime to any number of delays but its multiples: recalled ones arrive in no order of size. */
#define STRIDE 37

/* What is kept of a noise: nothing is free of it, and nothing of use has more. Units: s. */
static double within_s(double noise_s)
{
    return fmax(LEAST_NOISE_S, fmin(MOST_NOISE_S, noise_s));
}

/* The delay below which a share of the recalled ones lies. */
static double recalled_at(const struct source_statistics *statistics, double share)
{
    const double *delay_s = statistics->delay_s;
    double place = share * (STATISTICS_DELAYS - 1);
    unsigned below = (unsigned)place;
    if (below + 1 >= STATISTICS_DELAYS)
        return delay_s[STATISTICS_DELAYS - 1];
    return delay_s[below] + (place - below) * (delay_s[below + 1] - delay_s[below]);
}

/* The delay of a rank: 0 is the least. */
static double delay_of(const struct filter *filter, unsigned rank)
{
    return (double)filter->ring[filter->order[rank]];
}

/* The delay below which a share of those in the window lies. */
static double seen_at(const struct filter *filter, double share)
{
    double place = share * (filter->count - 1);
    unsigned below = (unsigned)place;
    double least_s = delay_of(filter, below);
    if (below + 1 >= filter->count)
        return least_s;
    return least_s + (place - below) * (delay_of(filter, below + 1) - least_s);
}

static double share_of(unsigned index, unsigned count)
{
    return index / (double)(count - 1);
}

static void recall_delays(struct filter *filter, const struct source_statistics *statistics)
{
    unsigned count = statistics->count < RECALLED_DELAYS ? statistics->count : RECALLED_DELAYS;
    if (count < LEAST_COUNT)
        return;
    count -= count % STRIDE == 0;
    for (unsigned rank = 0, slot = 0; rank < count; rank++, slot = (slot + STRIDE) % count) {
        filter->ring[slot] = (float)recalled_at(statistics, share_of(rank, count));
        filter->order[rank] = (uint16_t)slot;
    }
    filter->next = filter->count = filter->recalled = count;
}

static void recall_noise(struct noise *noise, const struct source_statistics *statistics)
{
    noise->upper_s = statistics->upper_s;
    noise->lower_s = statistics->lower_s;
    noise->square_s2 = statistics->spread_s * statistics->spread_s;
    for (int i = 0; i < STATISTICS_SHAPES; i++)
        noise->score[i] = RECALLED_SCORE * statistics->score[i];
    noise->count = statistics->count < RECALLED_EXCHANGES ? statistics->count : RECALLED_EXCHANGES;
}

void filter_recall(struct filter *filter, const struct source_statistics *statistics)
{
    if (statistics->one_way) {
        filter->noise_variance = statistics->sd_s * statistics->sd_s;
        filter->noise_count =
            statistics->count < RECALLED_PULSES ? statistics->count : RECALLED_PULSES;
        return;
    }
    recall_delays(filter, statistics);
    recall_noise(&filter->noise, statistics);
}

/* A delay that none of the recalled ones comes near to is of another route. */
bool filter_recognises(const struct filter *filter, const struct gn_sample *sample)
{
    double delay_s, least_s, most_s;
    if (filter->count == 0 || sample->kind == GN_SAMPLE_ONE_WAY)
        return filter->count == 0 && sample->kind == GN_SAMPLE_ONE_WAY;
    delay_s = filter_exchange_delay_s(sample);
    least_s = delay_of(filter, 0);
    most_s = delay_of(filter, filter->count - 1);
    return delay_s <= most_s &&
           delay_s >= least_s - (delay_of(filter, filter->count / 2) - least_s);
}

static void keep_two_way(const struct filter *filter, struct source_statistics *statistics)
{
    const struct noise *noise = &filter->noise;
    statistics->count = filter->count;
    statistics->upper_s = within_s(noise->upper_s);
    statistics->lower_s = within_s(noise->lower_s);
    statistics->spread_s = within_s(sqrt(noise->square_s2));
    for (int i = 0; i < STATISTICS_SHAPES; i++)
        statistics->score[i] = noise->score[i];
    for (unsigned i = 0; i < STATISTICS_DELAYS; i++)
        statistics->delay_s[i] = seen_at(filter, share_of(i, STATISTICS_DELAYS));
}

bool filter_statistics(const struct filter *filter, struct source_statistics *statistics)
{
    *statistics = (struct source_statistics){.one_way = filter_is_clock(filter)};
    if (!filter->any)
        return false;
    if (!statistics->one_way) {
        if (filter->count < LEAST_COUNT || filter->noise.count < LEAST_COUNT)
            return false;
        keep_two_way(filter, statistics);
        return true;
    }
    statistics->count = filter->noise_count < MOST_COUNT ? filter->noise_count : MOST_COUNT;
    statistics->sd_s = within_s(sqrt(filter->noise_variance));
    return filter->noise_count >= LEAST_COUNT;
}
