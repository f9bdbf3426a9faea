/* SPDX-License-Identifier: Apache-2.0 */

/* The pulses of a PPS device. */

#include "gps.h"

#include <stdio.h>

/* How exactly the kernel stamps them. */
#define PRECISION_S 1e-6

/* A device that is not there, or was taken away, may come. */
#define RETRY_NS (5 * GN_NS_PER_S)

static void say(struct gps *self, const char *words)
{
    if (words[0] != '\0' && self->pulses.trouble[0] == '\0')
        gn_log(self->host, GN_WARNING, "%s; until then messages are all there is", words);
    snprintf(self->pulses.trouble, sizeof self->pulses.trouble, "%s", words);
}

static void lose(struct gps *self, int error)
{
    char words[200];
    pps_failure(&self->pulses.pps, error, words, sizeof words);
    say(self, words);
}

static void look(struct gps *self, gn_local now)
{
    struct pps *pps = &self->pulses.pps;
    char words[200] = "";
    gn_utc at;
    int error;
    enum pps_look came = pps_look(pps, now, &at, &error);
    switch (came) {
    case PPS_NOTHING:
        return;
    case PPS_TAKEN:
        pps_tell_edge(pps);
        gps_take_pulse(self, gn_from_system(self->host, at), PRECISION_S);
        break;
    case PPS_CLOSE:
    case PPS_WIDTH:
        pps_refusal(pps, came, words, sizeof words);
        break;
    case PPS_MISSED:
        if (!pps_silent(pps))
            return;
        snprintf(words, sizeof words, "%.64s: no pulses; does the receiver give them, is it wired?",
                 pps->path);
        break;
    case PPS_LOST:
        lose(self, error);
        return;
    }
    say(self, words);
}

static void on_timer(void *arg, gn_local now)
{
    struct gps *self = arg;
    struct pps *pps = &self->pulses.pps;
    now = gn_now(self->host); /* the timer says when it was due */
    if (pps->device != NULL) {
        look(self, now);
    } else {
        int error = pps_open(pps);
        if (error < 0)
            lose(self, error);
    }
    gn_timer_start(self->host, self->pulses.timer,
                   pps->device != NULL ? pps_next(pps, now) : RETRY_NS);
}

int gps_pulses_start(struct gps *self)
{
    const struct pulse_config config = {
        .edge = (enum pulse_edge)self->config->edge,
        .interval_ns = GN_NS_PER_S,
        .width_ns = gn_nanoseconds(self->config->width_s),
    };
    if (self->config->pps[0] != '/' || self->config->replay != NULL)
        return 0;
    self->pulses.running = true;
    pps_init(&self->pulses.pps, self->host, self->config->pps, &config);
    int error = gn_timer_open(self->host, on_timer, self, &self->pulses.timer);
    if (error == 0)
        error = gn_timer_start(self->host, self->pulses.timer, 0);
    return error;
}
