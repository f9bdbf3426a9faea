/* SPDX-License-Identifier: Apache-2.0 */
#include "pulse.h"

#include <stdlib.h>

/* An edge is chosen when it began the shorter half so often in a row. */
#define SURE 3

/* Edges of a device that captures one only: those that come twice a period count two against it,
 * the others one for it. */
#define DOUBT 6

/* Halves that differ by less than this share of the interval do not tell the edges apart. */
#define DISTINCT 0.02

/* A pulse sooner after the last than this share of the interval is none. */
#define TOO_CLOSE 0.75

/* What a width may differ by, as a share of it, and at least. */
#define WIDTH_SHARE 0.1
#define WIDTH_LEAST_NS 2000000

/* Who tells the second may err by this share of the interval. Beyond it he says nothing. */
#define TOLD 0.4

/* So many pulses in a row change the numbering: whoever tells the second may be wrong for once. */
#define BELIEVED 8

void pulse_init(struct pulse *pulse, const struct pulse_config *config)
{
    *pulse = (struct pulse){.config = *config, .edge = config->edge};
}

/* ---------------------------------------------------------------- edges */

/* From the edge to the other one after it, when both are of this pulse; 0: not seen whole. */
static int64_t width_of(const struct pulse *pulse, gn_utc from, gn_utc to)
{
    int64_t width_ns = gn_utc_sub(to, from);
    return width_ns > 0 && width_ns < pulse->config.interval_ns ? width_ns : 0;
}

/* Which edge begins the half that is over: the younger one ended it. */
static enum pulse_edge leader(const struct pulse *pulse, const struct pulse_reading *reading)
{
    bool clear_last = gn_utc_sub(reading->clear_at, reading->assert_at) > 0;
    int64_t half_ns = clear_last ? width_of(pulse, reading->assert_at, reading->clear_at)
                                 : width_of(pulse, reading->clear_at, reading->assert_at);
    double share = (double)half_ns / (double)pulse->config.interval_ns;
    if (half_ns == 0 || (share > 0.5 - DISTINCT && share < 0.5 + DISTINCT))
        return PULSE_AUTO;
    return clear_last == (share < 0.5) ? PULSE_ASSERT : PULSE_CLEAR;
}

/* The pulse is the shorter half of a period; or the only edge that comes, whatever the driver says
 * that it captures. */
static void learn_edge(struct pulse *pulse, const struct pulse_reading *reading)
{
    if (pulse->edge != PULSE_AUTO || !pulse->begun)
        return;
    bool asserts = reading->assert_sequence != pulse->last.assert_sequence;
    bool clears = reading->clear_sequence != pulse->last.clear_sequence;
    enum pulse_edge seen = !reading->both ? PULSE_ASSERT : leader(pulse, reading);
    if (seen == PULSE_AUTO && asserts != clears)
        seen = asserts ? PULSE_ASSERT : PULSE_CLEAR;
    pulse->in_row = seen == pulse->guess && seen != PULSE_AUTO ? pulse->in_row + 1 : 1;
    pulse->guess = seen;
    if (seen != PULSE_AUTO && (!reading->both || pulse->in_row >= SURE))
        pulse->edge = seen;
}

/* ---------------------------------------------------------------- pulses */

static bool wide_enough(const struct pulse *pulse)
{
    int64_t off_ns = llabs(pulse->width_ns - pulse->config.width_ns);
    int64_t may_ns = (int64_t)(WIDTH_SHARE * (double)pulse->config.width_ns);
    return off_ns <= (may_ns > WIDTH_LEAST_NS ? may_ns : WIDTH_LEAST_NS);
}

/* Where a device captures one edge only, two of them a period are both edges of a pulse: which one
 * begins it is not told, and none of them counts. */
static void look_for_both(struct pulse *pulse, gn_utc at, uint32_t news)
{
    int64_t after_ns = gn_utc_sub(at, pulse->edge_at), interval_ns = pulse->config.interval_ns;
    bool told = pulse->edge_at.ns != 0 && after_ns > 0; /* the clock was not set */
    int64_t periods = (after_ns + interval_ns / 2) / interval_ns;
    pulse->edge_at = at;
    if (!told)
        return;
    if (news > periods) {
        pulse->steady = 0;
        pulse->doubt += pulse->doubt < 2 * DOUBT ? 2 : 0;
        pulse->twice = pulse->twice || pulse->doubt >= DOUBT;
    } else {
        pulse->steady++;
        pulse->doubt -= pulse->doubt > 0;
        pulse->twice = pulse->twice && pulse->doubt > 0;
    }
}

/* A system clock that was set moves the stamps: then the distance says nothing. */
static bool too_close(const struct pulse *pulse, gn_utc at)
{
    int64_t after_ns = gn_utc_sub(at, pulse->at);
    return pulse->at.ns != 0 && after_ns > 0 &&
           (double)after_ns < TOO_CLOSE * (double)pulse->config.interval_ns;
}

enum pulse_verdict pulse_take(struct pulse *pulse, const struct pulse_reading *reading, gn_utc *at)
{
    struct pulse_reading last = pulse->last;
    bool begun = pulse->begun;
    if (begun && reading->assert_sequence == last.assert_sequence &&
        reading->clear_sequence == last.clear_sequence)
        return PULSE_NONE;
    learn_edge(pulse, reading);
    pulse->begun = true;
    if (!begun || pulse->edge == PULSE_AUTO) { /* the first may be old */
        pulse->last = *reading;
        return begun ? PULSE_WAIT : PULSE_NONE;
    }
    bool clear = pulse->edge == PULSE_CLEAR;
    uint32_t news = clear ? reading->clear_sequence - last.clear_sequence
                          : reading->assert_sequence - last.assert_sequence;
    if (news == 0) { /* only the edge that does not count */
        pulse->last = *reading;
        return PULSE_NONE;
    }
    *at = clear ? reading->clear_at : reading->assert_at;
    pulse->width_ns = !reading->both ? 0
                      : clear        ? width_of(pulse, *at, reading->assert_at)
                                     : width_of(pulse, *at, reading->clear_at);
    if (pulse->config.width_ns > 0 && reading->both && pulse->width_ns == 0)
        return PULSE_WAIT; /* `last` stays: it is new until it has ended */
    pulse->last = *reading;
    pulse->missed += news - 1;
    bool close = too_close(pulse, *at);
    if (reading->both && pulse->width_ns == 0) /* this one has not ended yet: that before it has */
        pulse->width_ns =
            width_of(pulse, pulse->at, clear ? reading->assert_at : reading->clear_at);
    bool alone = !reading->both && !pulse->config.all;
    if (alone)
        look_for_both(pulse, *at, news);
    pulse->at = *at;
    if (close || pulse->twice)
        return PULSE_CLOSE;
    if (alone && pulse->steady < SURE)
        return PULSE_WAIT;
    return pulse->config.width_ns > 0 && reading->both && !wide_enough(pulse) ? PULSE_WIDTH
                                                                              : PULSE_TAKEN;
}

/* ---------------------------------------------------------------- seconds */

bool pulse_tells(const struct pulse *pulse, double doubt_s)
{
    return doubt_s < TOLD * gn_seconds(pulse->config.interval_ns);
}

/* To the nearest multiple. */
static int64_t whole(int64_t ns, int64_t interval_ns)
{
    int64_t rest_ns = ns % interval_ns;
    if (rest_ns < 0)
        rest_ns += interval_ns;
    return ns - rest_ns + (2 * rest_ns >= interval_ns ? interval_ns : 0);
}

/* UTC less local changes by less than half an interval from one pulse to the next. */
static bool as_before(const struct pulse *pulse, int64_t ahead_ns)
{
    return llabs(ahead_ns - pulse->whole_ns) < pulse->config.interval_ns / 2;
}

enum pulse_number pulse_number(struct pulse *pulse, gn_local local, gn_utc told, gn_utc *utc,
                               double *late_s)
{
    utc->ns = whole(told.ns, pulse->config.interval_ns);
    *late_s = gn_seconds(gn_utc_sub(*utc, told));
    int64_t ahead_ns = utc->ns - local.ns;
    if (!pulse_tells(pulse, *late_s < 0 ? -*late_s : *late_s))
        return PULSE_AMBIGUOUS;
    if (pulse->numbered && !as_before(pulse, ahead_ns) && ++pulse->contrary < BELIEVED)
        return PULSE_CONTRARY;
    pulse->whole_ns = ahead_ns;
    pulse->numbered = true;
    pulse->contrary = 0;
    return PULSE_NUMBERED;
}
