/* SPDX-License-Identifier: Apache-2.0 */

/* From messages and pulses to samples. */

#include "gps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REFID 0x47505300u /* "GPS" */

/* Messages are no samples while a pulse came lately. */
#define PULSING_NS (4 * GN_NS_PER_S)

/* The pulses number a message's arrival so exactly. */
#define PULSE_SD_S 1e-5

/* Others who are less sure teach nothing. */
#define TEACHES_S 0.1

/* gpsd stamps a pulse itself, or has the kernel do it. */
#define GPSD_PRECISION_S 1e-6

/* Where gpsd stamps it, a busy machine is late by so much; that is no jump of the receiver's. */
#define GPSD_LATE_S 5e-3

/* An interrupt is late by about the same each time, which no mean shows: so many times the
 * precision of a stamp. */
#define COMMON 2.0

/* So far from UTC a sample may be, in its own sigmas. */
#define SURE 3.0

/* A message's stamp is no better than this, however steady its kind is. */
#define LEAST_SPREAD_S 1e-4

/* A latency that proves to be another by less than this is the same. */
#define RENEW_S 1e-3

/* Receivers say their fixes up to ten times a second; one of them is enough. */
#define SECOND_NS (3 * GN_NS_PER_S / 4)

/* Gain of the jitter of pulses. */
#define JITTER_GAIN (1.0 / 64)

/* ---------------------------------------------------------------- samples */

static void submit(struct gps *self, gn_local local, gn_utc utc, double dispersion_s,
                   double root_dispersion_s)
{
    const struct gn_sample sample = {
        .size = sizeof sample,
        .kind = GN_SAMPLE_ONE_WAY,
        .local = local,
        .utc = utc,
        .dispersion_s = dispersion_s,
        .root_dispersion_s = root_dispersion_s,
        .leap = (uint8_t)calendar_leap(&self->calendar, utc),
        .refid = REFID,
        .ref_time = utc,
    };
    gn_source_poll(self->host, self->source);
    gn_source_submit(self->host, self->source, &sample);
    self->sample = self->polled = gn_now(self->host);
    self->utc = utc;
    self->told = false;
}

static bool good(const struct gps *self, gn_local now)
{
    return quality_judge(&self->quality, now) == QUALITY_GOOD;
}

/* Whether it may become good by waiting: what it says now may be learnt from. */
static bool promising(const struct gps *self, gn_local now)
{
    enum quality_verdict verdict = quality_judge(&self->quality, now);
    return verdict == QUALITY_GOOD || verdict == QUALITY_SETTLING || verdict == QUALITY_JUMPED;
}

/* Whether pulses come, numbered or not. */
static bool pulsing(const struct gps *self, gn_local now)
{
    return self->pulses.count > 0 && gn_local_sub(now, self->pulses.came) < PULSING_NS;
}

/* Its instants are compared with its own past. What it said before a jump and what it says now
 * cannot both be true: the past is forgotten. False: one that lies off alone. */
static bool compare(struct gps *self, gn_local at, gn_utc utc, double doubt_s,
                    const struct gps_others *others)
{
    unsigned jumps = self->quality.jumps;
    bool fits = quality_time(&self->quality, at, utc, doubt_s, others);
    if (self->quality.jumps != jumps)
        gn_source_address(self->host, self->source, gps_address(self->config), REFID);
    return fits;
}

/* ---------------------------------------------------------------- messages */

/* The oscillator, which pulses have taught, is better for a while than messages are: until these
 * are relied on. */
static bool holds_better(struct gps *self, gn_local now, double bound_s)
{
    struct gn_state state;
    return !self->word.relied_on && self->pulses.counted.ns != 0 &&
           gn_state_read(self->host, &state) == 0 &&
           (state.clock_state == GN_CLOCK_LOCKED || state.clock_state == GN_CLOCK_HOLDOVER) &&
           gn_state_error_bound_s(&state, now) < bound_s;
}

/* Samples that were taken to be late by what has since proved wrong are forgotten. */
static void renew(struct gps *self, const struct latency_guess *guess)
{
    const struct latency_guess *used = &self->used;
    double off_s = fabs(guess->latency_s - used->latency_s);
    double may_s = used->learnt ? SURE * hypot(guess->doubt_s, used->doubt_s) : 0;
    bool began = used->spread_s > 0;
    if (began && guess->learnt && off_s > fmax(may_s, RENEW_S))
        gn_source_address(self->host, self->source, gps_address(self->config), REFID);
    self->used = *guess;
}

/* Who teaches its latency makes what is guessed of it superfluous. */
static bool is_taught(const struct latency_guess *guess, const struct gps_others *others)
{
    return !guess->learnt && !guess->told && others->known && others->bound_s <= TEACHES_S;
}

/* One second has been said: a sample, where there are no pulses to be better ones. */
static void end_second(struct gps *self, const struct epoch_second *second)
{
    struct gps_others others;
    enum gps_kind kind;
    gn_local now = gn_now(self->host);
    gn_local at = epoch_best(second, latency_best(&self->latency), &kind);
    struct latency_guess guess = latency_predict(&self->latency, kind);
    gn_local local = gn_local_add(at, -gn_nanoseconds(guess.latency_s));
    double spread_s = fmax(guess.spread_s, LEAST_SPREAD_S);
    if (pulsing(self, now) || gn_local_sub(local, self->spoken) < SECOND_NS)
        return;
    self->spoken = local;
    gps_others_ask(self->host, self->source, local, &others);
    if (!compare(self, local, second->named, SURE * (spread_s + guess.doubt_s), &others) ||
        !good(self, now) || gn_local_sub(local, now) > 0)
        return;
    self->word.taught = is_taught(&guess, &others);
    self->word.poor = holds_better(self, now, spread_s + SURE * guess.doubt_s);
    if (self->word.taught || self->word.poor)
        return;
    renew(self, &guess);
    self->word.relied_on = true;
    submit(self, local, second->named, spread_s, SURE * guess.doubt_s);
}

/* How late it is, by who knows better. */
static void learn(struct gps *self, enum gps_kind kind, gn_local at, gn_utc named,
                  const struct gps_others *others)
{
    gn_utc truth = others->utc;
    bool numbered = pulsing(self, at) && numbering_utc(&self->numbering, at, &truth);
    if (!numbered && (!others->known || others->bound_s > TEACHES_S))
        return;
    latency_learn(&self->latency, kind, gn_seconds(gn_utc_sub(truth, named)),
                  numbered ? PULSE_SD_S : others->bound_s / SURE);
}

void gps_take_time(struct gps *self, const struct gps_message *message, gn_local at)
{
    struct gps_others others;
    struct epoch_second second;
    gn_utc named;
    if (!promising(self, at))
        return;
    gps_others_ask(self->host, self->source, at, &others);
    self->word.time = calendar_read(&self->calendar, &message->time, at, &others, &named);
    if (self->word.time != CALENDAR_GOOD)
        return;
    if (self->word.jumps != self->calendar.jumps) {
        numbering_init(&self->numbering);
        latency_jumped(&self->latency);
    }
    self->word.jumps = self->calendar.jumps;
    numbering_announce(&self->numbering, self->calendar.change, self->calendar.change_at);
    struct latency_guess guess = latency_predict(&self->latency, message->kind);
    latency_arrived(&self->latency, message->kind, at, named);
    numbering_message(&self->numbering, message->kind, at, named, &guess);
    learn(self, message->kind, at, named, &others);
    if (epoch_take(&self->epoch, message->kind, at, named, &second))
        end_second(self, &second);
}

void gps_end_second(struct gps *self, gn_local now)
{
    struct epoch_second second;
    if (epoch_end(&self->epoch, now, &second))
        end_second(self, &second);
}

/* ---------------------------------------------------------------- pulses */

/* What the receiver says that this pulse is late by, of what it said before it. */
static double own_error(const struct gps *self, gn_utc utc)
{
    return self->word.late_said && llabs(gn_utc_sub(self->word.late_pulse, utc)) < GN_NS_PER_S / 2
               ? self->word.late_s
               : 0;
}

/* Three pulses in a row lie on a line but for their jitter, whatever the oscillator does. */
static void follow(double *jitter_s, double bend_s, unsigned steps)
{
    double gain = fmax(JITTER_GAIN, 1.0 / steps);
    *jitter_s = sqrt(*jitter_s * *jitter_s + gain * (bend_s * bend_s / 6 - *jitter_s * *jitter_s));
}

static void note_jitter(struct pulses *pulses, gn_local at, double late_s)
{
    int64_t newer_ns = gn_local_sub(at, pulses->before[0]);
    int64_t older_ns = gn_local_sub(pulses->before[0], pulses->before[1]);
    double raw_s = gn_seconds(newer_ns - older_ns);
    double late_bend_s = late_s - 2 * pulses->late[0] + pulses->late[1];
    if (llabs(newer_ns - GN_NS_PER_S) < GN_NS_PER_S / 10 &&
        llabs(older_ns - GN_NS_PER_S) < GN_NS_PER_S / 10) {
        pulses->steps++;
        follow(&pulses->jitter_s, raw_s, pulses->steps);
        follow(&pulses->corrected_jitter_s, raw_s - late_bend_s, pulses->steps);
    }
    pulses->before[1] = pulses->before[0];
    pulses->before[0] = at;
    pulses->late[1] = pulses->late[0];
    pulses->late[0] = late_s;
}

static void note_offset(struct gps *self, gn_local at, gn_utc utc)
{
    struct gn_state state;
    self->pulses.offset_said =
        gn_state_read(self->host, &state) == 0 &&
        (state.clock_state == GN_CLOCK_LOCKED || state.clock_state == GN_CLOCK_HOLDOVER);
    if (self->pulses.offset_said)
        self->pulses.offset_s = gn_seconds(gn_utc_sub(utc, gn_state_utc(&state, at)));
}

static bool by_gpsd(const struct gps *self)
{
    return self->gpsd != NULL && !self->pulses.running;
}

/* A pulse whose second is known. */
static void measure(struct gps *self, gn_local at, gn_utc utc, const struct gps_others *others)
{
    double late_s = own_error(self, utc);
    gn_local edge = gn_local_add(at, -gn_nanoseconds(late_s + self->config->cable_s));
    note_jitter(&self->pulses, at, late_s);
    note_offset(self, edge, utc);
    if (!compare(self, edge, utc, by_gpsd(self) ? GPSD_LATE_S : self->pulses.precision_s, others) ||
        !good(self, gn_now(self->host)))
        return;
    self->pulses.counted = at;
    if (self->word.relied_on) /* what messages told is worth nothing beside pulses */
        gn_source_address(self->host, self->source, gps_address(self->config), REFID);
    self->word.relied_on = false;
    submit(self, edge, utc, self->pulses.precision_s, COMMON * self->pulses.precision_s);
}

/* A receiver may pulse without the sky: such a pulse marks nothing. */
void gps_take_pulse(struct gps *self, gn_local at, double precision_s)
{
    struct gps_others others;
    gn_utc utc;
    recorder_pulse(self->recorder, gn_now(self->host), at, gn_nanoseconds(precision_s));
    self->pulses.count++;
    self->pulses.came = at;
    self->pulses.precision_s = precision_s;
    if (!promising(self, gn_now(self->host)))
        return;
    gps_others_ask(self->host, self->source, at, &others);
    enum numbering_verdict verdict = numbering_pulse(&self->numbering, at, &others, &utc);
    if (verdict == NUMBERING_NUMBERED)
        measure(self, at, utc, &others);
}

/* gpsd tells of its pulses afterwards; which second it is, is found as for any other. */
static void take_stamped(struct gps *self, const struct gps_message *message)
{
    self->word.late_pulse =
        (gn_utc){message->pulse.day * (86400 * GN_NS_PER_S) + message->pulse.ns};
    self->word.late_s = message->pulse_error_s;
    self->word.late_said = message->pulse_error_s != 0;
    gps_take_pulse(self, gn_from_system(self->host, message->pulse_at),
                   fmax(message->pulse.accuracy_s, GPSD_PRECISION_S));
}

/* Of gpsd: when it came. Of the receiver: what it will be like. */
void gps_take_pulse_word(struct gps *self, const struct gps_message *message, gn_local at)
{
    gn_utc utc;
    if (message->pulse_at.ns != 0) {
        if (!self->pulses.running)
            take_stamped(self, message);
        return;
    }
    self->word.late_said = false;
    if (!promising(self, at) ||
        calendar_read_other(&self->calendar, &message->pulse, &utc) != CALENDAR_GOOD)
        return;
    self->word.late_said = true;
    self->word.late_pulse = utc;
    self->word.late_s = message->pulse_error_s;
    struct latency_guess guess = latency_predict(&self->latency, message->kind);
    numbering_message(&self->numbering, message->kind, at, utc, &guess);
    learn(self, message->kind, at, utc, &gps_nobody);
}
