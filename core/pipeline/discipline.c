/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/discipline.h>
#include <string.h>

/* An error this large is out of the way within a second, and so are those of the first updates. */
#define LARGE_ERROR_S 1e-3
#define EAGER_UPDATES 3
#define EAGER_S 1.0
#define MAX_SLEW_S 256.0
/* A change of frequency that the kernel cannot express, and that no one could measure. */
#define LEAST_CHANGE 1e-11
/* What is left at the end of a slew is slewed again if it matters. */
#define LEAST_REST_S 1e-7

void discipline_init(struct discipline *discipline)
{
    memset(discipline, 0, sizeof *discipline);
}

static double clamp(double value, double limit)
{
    return fmax(-limit, fmin(limit, value));
}

static bool may_step(const struct discipline *discipline, const struct pipeline_config *config,
                     const struct discipline_input *in)
{
    if (in->step_now)
        return true;
    return fabs(in->error_s) > config->step_threshold_s &&
           (config->step_updates < 0 || discipline->updates < config->step_updates);
}

/*
 * How long to take. A slew over T disturbs the frequency by error/T: as long as that stays below
 * twenty times the doubt about the frequency nobody notices, and noise is not chased. An error
 * beyond doubt goes fast.
 */
static double slew_time(const struct discipline *discipline, const struct pipeline_config *config,
                        const struct discipline_input *in)
{
    double size_s = fabs(in->error_s);
    double least_s = fmax(EAGER_S, fmin(in->interval_s / 8, 16));
    double most_s = fmin(fmax(in->interval_s, least_s), MAX_SLEW_S);
    double time_s = size_s / (20 * in->frequency_sd);
    if (size_s > 6 * in->error_sd)
        time_s = least_s;
    time_s = fmax(least_s, fmin(most_s, time_s));
    if (size_s > LARGE_ERROR_S || discipline->updates < EAGER_UPDATES)
        time_s = EAGER_S;
    return fmax(time_s, size_s / config->max_slew_rate);
}

static void steer(struct discipline_order *order, const struct discipline_input *in, double rate)
{
    order->rate = rate;
    order->steer = fabs(rate - in->rate) > LEAST_CHANGE;
}

static void hold(struct discipline *discipline, const struct pipeline_config *config,
                 const struct discipline_input *in, struct discipline_order *order)
{
    discipline->state = DISCIPLINE_HOLD;
    steer(order, in, clamp(in->frequency, config->max_frequency));
}

static void slew(struct discipline *discipline, const struct pipeline_config *config,
                 const struct discipline_input *in, struct discipline_order *order)
{
    double time_s = slew_time(discipline, config, in);
    double extra = clamp(in->error_s / time_s, config->max_slew_rate);
    /* Rounded to nothing, or no rate at all allowed: there is no slew that could end. */
    if (fabs(extra) < LEAST_CHANGE || !isfinite(time_s)) {
        hold(discipline, config, in, order);
        return;
    }
    discipline->state = DISCIPLINE_SLEW;
    /* The end is looked for at least daily: an interval in ns must not overflow. */
    discipline->slew_end = gn_local_add(in->now, gn_nanoseconds(fmin(time_s, 86400)));
    steer(order, in, clamp(in->frequency, config->max_frequency) + extra);
}

static void step(struct discipline *discipline, const struct pipeline_config *config,
                 const struct discipline_input *in, struct discipline_order *order)
{
    order->step = true;
    order->step_s = in->error_s;
    hold(discipline, config, in, order);
    discipline->state = DISCIPLINE_STEP;
}

/* A slew's time is over. */
static void end_slew(struct discipline *discipline, const struct pipeline_config *config,
                     const struct discipline_input *in, struct discipline_order *order)
{
    if (fabs(in->error_s) > fmax(LEAST_REST_S, in->error_sd / 10))
        slew(discipline, config, in, order);
    else
        hold(discipline, config, in, order);
}

void discipline_run(struct discipline *discipline, const struct pipeline_config *config,
                    const struct discipline_input *in, struct discipline_order *order)
{
    memset(order, 0, sizeof *order);
    if (in->update || in->moved || in->step_now) {
        if (may_step(discipline, config, in))
            step(discipline, config, in, order);
        else
            slew(discipline, config, in, order);
        if (in->update)
            discipline->updates++;
    } else if (discipline->state == DISCIPLINE_SLEW &&
               gn_local_sub(in->now, discipline->slew_end) >= 0) {
        end_slew(discipline, config, in, order);
    } else if (discipline->state == DISCIPLINE_STEP) {
        discipline->state = DISCIPLINE_HOLD; /* done meanwhile */
    }
    if (discipline->state == DISCIPLINE_SLEW) {
        order->has_deadline = true;
        order->deadline = discipline->slew_end;
    }
}
