/* SPDX-License-Identifier: Apache-2.0 */

/* When pulses are looked for, and what is told of them. */

#include "gps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How exactly the kernel stamps them. */
#define PRECISION_S 1e-6

/* A device that is not there, or was taken away, may come. */
#define RETRY_NS (5 * GN_NS_PER_S)

/* Trouble is over after so many pulses in a row. */
#define OVER 5

void gps_pulses_say(struct gps *self, const char *format, ...)
{
    struct pulses *pulses = &self->pulses;
    char words[200];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (words[0] != '\0' && pulses->trouble[0] == '\0')
        gn_log(self->host, GN_WARNING, "%s; until then messages are all there is", words);
    snprintf(pulses->trouble, sizeof pulses->trouble, "%s", words);
    pulses->in_row = 0;
}

static void lose(struct gps *self, int error)
{
    char words[200];
    pps_failure(&self->pulses.pps, error, words, sizeof words);
    gps_pulses_say(self, "%s", words);
}

static void take(struct gps *self, gn_utc at)
{
    pps_tell_edge(&self->pulses.pps);
    if (++self->pulses.in_row >= OVER)
        self->pulses.trouble[0] = '\0';
    gps_take_pulse(self, gn_from_system(self->host, at), PRECISION_S);
}

static void look(struct gps *self, gn_local now)
{
    struct pps *pps = &self->pulses.pps;
    char words[200];
    gn_utc at;
    int error;
    enum pps_look came = pps_look(pps, now, &at, &error);
    switch (came) {
    case PPS_NOTHING:
        break;
    case PPS_TAKEN:
        take(self, at);
        break;
    case PPS_CLOSE:
    case PPS_WIDTH:
        pps_refusal(pps, came, words, sizeof words);
        gps_pulses_say(self, "%s", words);
        break;
    case PPS_MISSED:
        if (pps_silent(pps))
            gps_pulses_say(self, "%.64s: no pulses; does the receiver give them, is it wired?",
                           pps->path);
        break;
    case PPS_LOST:
        lose(self, error);
        break;
    }
}

/* Looks at the device, or opens it. Returns nanoseconds until the next look. */
static int64_t attend(struct gps *self, gn_local now)
{
    struct pps *pps = &self->pulses.pps;
    if (pps->device != NULL) {
        look(self, now);
    } else {
        int error = pps_open(pps);
        if (error < 0)
            lose(self, error);
    }
    return pps->device != NULL ? pps_next(pps, now) : RETRY_NS;
}

static void on_timer(void *arg, gn_local now)
{
    struct gps *self = arg;
    bool device = self->pulses.by_kernel;
    now = gn_now(self->host); /* the timer says when it was due */
    gn_timer_start(self->host, self->pulses.timer, device ? attend(self, now) : gps_dcd_look(self));
}

void gps_pulses_follow(struct gps *self, const char *path)
{
    const struct pulse_config config = {
        .edge = (enum pulse_edge)self->config->edge,
        .interval_ns = GN_NS_PER_S,
        .width_ns = gn_nanoseconds(self->config->width_s),
    };
    pps_init(&self->pulses.pps, self->host, path, &config);
    self->pulses.by_kernel = true;
}

int gps_pulses_start(struct gps *self)
{
    const char *where = self->config->pps;
    if (where[0] == '\0' || self->config->replay != NULL)
        return 0;
    self->pulses.running = true;
    if (where[0] == '/')
        gps_pulses_follow(self, where);
    int error = gn_timer_open(self->host, on_timer, self, &self->pulses.timer);
    if (error == 0)
        error = gn_timer_start(self->host, self->pulses.timer, 0);
    return error;
}
