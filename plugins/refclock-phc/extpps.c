/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pulses that come in at a pin of the card and are stamped by its clock: the clock is only the
 * ruler, so it need not be right. A map of readings turns its stamps into local ones; which second
 * a pulse marks somebody else says, as with refclock-pps.
 */

#include "plugin.h"

#include <linux/ptp_clock.h>
#include <shared/second.h>
#include <stdio.h>
#include <string.h>

/* So long without a pulse, in intervals. */
#define PATIENCE 4

/* Stamps that are taken at once. */
#define BATCH 16

static int64_t interval_ns(const struct self *self)
{
    return GN_NS_PER_S / self->config->rate;
}

static int request(struct self *self, unsigned flags)
{
    struct ptp_extts_request request = {.index = (unsigned)self->config->channel, .flags = flags};
    return gn_device_ioctl(self->host, self->hardware.device, PTP_EXTTS_REQUEST, &request);
}

static int set_pin(struct self *self)
{
    struct ptp_pin_desc pin;
    memset(&pin, 0, sizeof pin);
    pin.index = (unsigned)self->config->pin;
    pin.func = PTP_PF_EXTTS;
    pin.chan = (unsigned)self->config->channel;
    return gn_device_ioctl(self->host, self->hardware.device, PTP_PIN_SETFUNC, &pin);
}

int extpps_start(struct self *self)
{
    const struct pulse_config config = {
        .edge = PULSE_ASSERT, .interval_ns = interval_ns(self), .all = true};
    pulse_init(&self->pulse, &config);
    phc_map_init(&self->map);
    self->reading = (struct pulse_reading){.both = false};
    self->pulsed = gn_now(self->host);
    int rc = self->config->pin >= 0 ? set_pin(self) : 0;
    if (rc == 0)
        rc = request(self, PTP_ENABLE_FEATURE |
                               (self->config->edge == 0 ? PTP_RISING_EDGE : PTP_FALLING_EDGE));
    return rc;
}

void extpps_stop(struct self *self)
{
    if (self->hardware.device != NULL)
        (void)request(self, 0); /* older kernels go on with it when nobody is there */
}

/* ---------------------------------------------------------------- the ruler */

static int measure(struct self *self)
{
    struct phc_reading reading;
    gn_local when;
    double step_s;
    int rc = phc_take(self, &reading, &when);
    self->window_s = rc == 0 ? gn_seconds(reading.error_ns) : 0;
    if (rc == 0 && phc_map_add(&self->map, reading.phc_ns, when, gn_seconds(reading.error_ns),
                               &step_s) == PHC_MAP_STEPPED)
        gn_log(self->host, GN_INFO, "%s was set by somebody, by %+.9f s", self->hardware.path,
               -step_s);
    return rc;
}

void extpps_tick(struct self *self, gn_local now)
{
    char words[200];
    if (measure(self) < 0 || gn_local_sub(now, self->pulsed) < PATIENCE * interval_ns(self))
        return;
    gn_source_poll(self->host, self->source);
    snprintf(words, sizeof words,
             "%.100s: no pulses at its channel %lld; see to `pin`, `channel` and cable",
             self->hardware.path, (long long)self->config->channel);
    gn_source_fault(self->host, self->source, GN_REASON_NO_REPLY, words);
}

/* ---------------------------------------------------------------- pulses */

static void submit(struct self *self, gn_local local, double error_s)
{
    const struct second second = {self->host, self->source, self->config->lock};
    gn_utc utc;
    uint8_t leap;
    if (!second_of_pulse(&second, &self->pulse, local, &utc, &leap))
        return;
    struct gn_sample sample = {
        .size = sizeof sample,
        .kind = GN_SAMPLE_ONE_WAY,
        .local = local,
        .utc = utc,
        .dispersion_s = error_s,
        .root_delay_s = 2 * (self->window_s + self->config->precision_s),
        .leap = leap,
        .refid = REFID,
        .ref_time = utc,
    };
    gn_source_submit(self->host, self->source, &sample);
}

/* Some cards stamp both edges whatever they are asked; the other one comes too soon. */
static void tell_close(struct self *self)
{
    if (self->told_close)
        return;
    self->told_close = true;
    gn_log(self->host, GN_INFO,
           "%s stamps more than one edge of a pulse; those too soon after another are left out",
           self->hardware.path);
}

static void take(struct self *self, const struct ptp_extts_event *event)
{
    gn_utc at;
    gn_local local;
    double error_s;
    if (event->index != (unsigned)self->config->channel)
        return;
    self->reading.assert_sequence++;
    self->reading.assert_at.ns = event->t.sec * GN_NS_PER_S + event->t.nsec;
    enum pulse_verdict verdict = pulse_take(&self->pulse, &self->reading, &at);
    if (verdict == PULSE_CLOSE)
        tell_close(self);
    if (verdict != PULSE_TAKEN || !phc_map_local(&self->map, at.ns, &local, &error_s))
        return;
    gn_source_poll(self->host, self->source);
    submit(self, local, error_s);
}

void extpps_read(void *arg, gn_local now)
{
    struct self *self = arg;
    struct ptp_extts_event events[BATCH];
    int64_t n = gn_device_read(self->host, self->hardware.device, events, sizeof events);
    if (n == -EAGAIN)
        return;
    if (n <= 0) {
        phc_lose(self, "read", n < 0 ? (int)n : -ENODEV);
        return;
    }
    self->pulsed = now;
    if (measure(self) < 0) /* close to the pulse, so that little is left to the map */
        return;
    for (size_t i = 0; i < (size_t)n / sizeof events[0]; i++)
        take(self, &events[i]);
}
