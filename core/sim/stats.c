/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <sim/stats.h>

static const double limits_s[STATS_LIMITS] = {1e-3, 100e-6, 10e-6};

void stats_init(struct stats *stats, double window_s)
{
    *stats = (struct stats){.window_s = window_s};
    for (int i = 0; i < STATS_LIMITS; i++)
        stats->outside_s[i] = -1;
}

static void add_claim(struct stats *stats, const struct node_truth *truth)
{
    if (!truth->bounded)
        return;
    stats->claims++;
    stats->bounds_s += truth->error_bound_s;
    if (fabs(gn_seconds(truth->estimate_error_ns)) <= truth->error_bound_s)
        stats->kept++;
}

void stats_add(struct stats *stats, double at_s, const struct node_truth *truth)
{
    double error_s = fabs(gn_seconds(truth->clock_error_ns));
    if (stats->last_s <= 0)
        stats->look_s = at_s;
    if (truth->synchronised) /* a gap between looks says nothing */
        stats->synchronised_s += fmin(at_s - stats->last_s, stats->look_s);
    stats->last_s = at_s;
    stats->steps = truth->steps.count;
    for (int i = 0; i < STATS_LIMITS; i++)
        if (error_s > limits_s[i])
            stats->outside_s[i] = at_s;
    if (at_s < stats->window_s)
        return;
    stats->count++;
    stats->squares_s += error_s * error_s;
    stats->max_s = fmax(stats->max_s, error_s);
    stats->frequency_squares += truth->clock_frequency * truth->clock_frequency;
    add_claim(stats, truth);
}

static double root_mean(double squares, uint64_t count)
{
    return count > 0 ? sqrt(squares / (double)count) : 0;
}

double stats_rms_s(const struct stats *stats)
{
    return root_mean(stats->squares_s, stats->count);
}

double stats_frequency_rms(const struct stats *stats)
{
    return root_mean(stats->frequency_squares, stats->count);
}

double stats_mean_bound_s(const struct stats *stats)
{
    return stats->claims > 0 ? stats->bounds_s / (double)stats->claims : 0;
}

double stats_kept(const struct stats *stats)
{
    return stats->claims > 0 ? (double)stats->kept / (double)stats->claims : 1;
}

double stats_settled_s(const struct stats *stats, int index)
{
    if (stats->last_s <= 0 || stats->outside_s[index] >= stats->last_s)
        return -1; /* nobody has looked yet, or it was outside just now */
    return stats->outside_s[index] < 0 ? 0 : stats->outside_s[index] + stats->look_s;
}
