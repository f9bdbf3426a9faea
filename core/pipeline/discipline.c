/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pipeline/discipline.h>
#include <string.h>

/* The errors of the first updates are out of the way within a second, and so is what somebody
 * else did to the clock, until it is within our doubt. */
#define ARRIVED_SIGMAS 6.0
#define EAGER_UPDATES 3
#define EAGER_S 1.0
#define MAX_SLEW_S 1024.0
/* The share of the estimator's own memory that a slew takes. */
#define SLEW_SHARE 0.1
#define INTERVAL_SHARE 0.18
/* A change of frequency that the kernel cannot express, and that no one could measure. */
#define LEAST_CHANGE 1e-11
/* What is left at the end of a slew is slewed again if it matters. */
#define LEAST_REST_S 1e-7

void discipline_init(struct discipline *discipline)
{
    memset(discipline, 0, sizeof *discipline);
}

void discipline_moved(struct discipline *discipline)
{
    discipline->arrivals = 0;
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
 * How long to take. A slew over T costs error² T in time error, and error² / T in frequency error:
 * the best T does not depend on the error, but on what both are worth. The estimate itself is
 * uncertain by error_sd and frequency_sd, so their ratio is the scale: the estimator's memory.
 */
static double slew_time(const struct discipline *discipline, const struct pipeline_config *config,
                        const struct discipline_input *in)
{
    double time_s = SLEW_SHARE * in->error_sd / in->frequency_sd + INTERVAL_SHARE * in->interval_s;
    /* What is beyond doubt should not wait for so long. */
    time_s *= fmin(1, ARRIVED_SIGMAS * in->error_sd / fabs(in->error_s));
    time_s = fmax(EAGER_S, fmin(MAX_SLEW_S, time_s));
    if (discipline->arrivals < EAGER_UPDATES)
        time_s = EAGER_S;
    return fmax(time_s, fabs(in->error_s) / config->max_slew_rate);
}

static void steer(struct discipline_order *order, const struct discipline_input *in, double rate)
{
    order->rate = rate;
    order->steer = fabs(rate - in->rate) > LEAST_CHANGE;
}

/* The clock is sent to where the estimate is. */
static void accept(struct discipline *discipline, const struct pipeline_config *config,
                   const struct discipline_input *in)
{
    discipline->frequency = clamp(in->frequency, config->max_frequency);
    discipline->pending_s = in->error_s;
}

static void hold(struct discipline *discipline, const struct pipeline_config *config,
                 const struct discipline_input *in, struct discipline_order *order)
{
    discipline->state = DISCIPLINE_HOLD;
    accept(discipline, config, in);
    steer(order, in, discipline->frequency);
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
    accept(discipline, config, in);
    /* The end is looked for at least daily: an interval in ns must not overflow. */
    discipline->slew_end = gn_local_add(in->now, gn_nanoseconds(fmin(time_s, 86400)));
    steer(order, in, discipline->frequency + extra);
}

static void step(struct discipline *discipline, const struct pipeline_config *config,
                 const struct discipline_input *in, struct discipline_order *order)
{
    order->step = true;
    order->step_s = in->error_s;
    hold(discipline, config, in, order);
    discipline->pending_s = 0;
    discipline->state = DISCIPLINE_STEP;
}

/*
 * What is new since the last change was accepted: of a large error that was, most may still be on
 * its way out. The clock has run at the present rate since the last run.
 */
static double change_s(struct discipline *discipline, const struct discipline_input *in)
{
    if (discipline->state != DISCIPLINE_UNSET)
        discipline->pending_s -= (in->rate - discipline->frequency) *
                                 fmax(0, gn_seconds(gn_local_sub(in->now, discipline->at)));
    discipline->at = in->now;
    return in->error_s - discipline->pending_s;
}

/* What is too much to be true is refused, a few times in a row; then somebody has to look. */
static bool refuse(struct discipline *discipline, const struct pipeline_config *config,
                   const struct discipline_input *in, struct discipline_order *order)
{
    bool limited = config->max_change_s > 0 && !in->step_now &&
                   discipline->updates >= config->max_change_after;
    if (!limited || fabs(order->change_s) <= config->max_change_s) {
        discipline->refused = 0;
        return false;
    }
    discipline->refused++;
    order->refused = true;
    order->panic =
        config->max_change_ignore >= 0 && discipline->refused > config->max_change_ignore;
    return true;
}

static void decide(struct discipline *discipline, const struct pipeline_config *config,
                   const struct discipline_input *in, struct discipline_order *order)
{
    if (refuse(discipline, config, in, order))
        return;
    if (may_step(discipline, config, in))
        step(discipline, config, in, order);
    else
        slew(discipline, config, in, order);
    if (in->update)
        discipline->updates++;
}

/* A slew's time is over. */
static void end_slew(struct discipline *discipline, const struct pipeline_config *config,
                     const struct discipline_input *in, struct discipline_order *order)
{
    if (discipline->refused > 0) { /* what was accepted before is done */
        discipline->state = DISCIPLINE_HOLD;
        steer(order, in, discipline->frequency);
    } else if (fabs(in->error_s) > fmax(LEAST_REST_S, in->error_sd / 10)) {
        slew(discipline, config, in, order);
    } else {
        hold(discipline, config, in, order);
    }
}

static void note_arrival(struct discipline *discipline, const struct discipline_input *in)
{
    bool arrived = fabs(in->error_s) < ARRIVED_SIGMAS * in->error_sd;
    if (in->moved)
        discipline->arrivals = 0;
    else if (in->update && arrived && discipline->arrivals < EAGER_UPDATES)
        discipline->arrivals++;
}

void discipline_run(struct discipline *discipline, const struct pipeline_config *config,
                    const struct discipline_input *in, struct discipline_order *order)
{
    memset(order, 0, sizeof *order);
    note_arrival(discipline, in);
    order->change_s = change_s(discipline, in);
    if (in->update || in->moved || in->step_now) {
        decide(discipline, config, in, order);
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
