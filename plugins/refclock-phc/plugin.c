/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refclock-phc: a PTP hardware clock, of a network card or of the host of a virtual machine.
 *
 * It is read from time to time as the kernel offers it, best way first. With `extpps` it is not the
 * clock that counts but the pulses it stamps (extpps.c).
 */

#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A device that is not there, or was taken away, may come. */
#define RETRY_NS (10 * GN_NS_PER_S)

/* The first reading is not used before another has shown that the clock goes on. */
#define SECOND_NS GN_NS_PER_S

/* ---------------------------------------------------------------- the device */

void phc_lose(struct self *self, const char *doing, int error)
{
    char words[256];
    hardware_words(&self->hardware, doing, error, words, sizeof words);
    hardware_close(&self->hardware, self->host);
    gn_source_fault(self->host, self->source, GN_REASON_DEVICE, words);
    gn_timer_start(self->host, self->timer, RETRY_NS);
}

static int control(void *arg, unsigned long request, void *data)
{
    struct self *self = arg;
    return gn_device_ioctl(self->host, self->hardware.device, request, data);
}

/* What sets a network card's clock, a PTP daemon, sets it to PTP's own scale. */
static void choose_scale(struct self *self)
{
    self->scale = (enum scale)self->config->scale;
    if (self->scale == SCALE_AUTO)
        self->scale = scale_is_virtual(self->hardware.name) ? SCALE_UTC : SCALE_TAI;
}

static void tell_method(struct self *self, const struct phc_reading *reading)
{
    if (self->told_method)
        return;
    self->told_method = true;
    gn_log(self->host, GN_INFO, "%s%s%s%s: %s readings, to %lld ns%s%s", self->hardware.path,
           self->hardware.name[0] != '\0' ? " (" : "", self->hardware.name,
           self->hardware.name[0] != '\0' ? ")" : "", phc_method_name(self->phc.method),
           (long long)reading->error_ns, self->config->extpps ? "" : ", taken for ",
           self->config->extpps       ? ""
           : self->scale == SCALE_TAI ? "TAI"
                                      : "UTC");
}

static int open_hardware(struct self *self)
{
    bool extpps = self->config->extpps;
    int rc = hardware_open(&self->hardware, self->host, self->config->device, extpps,
                           extpps ? extpps_read : NULL, self);
    if (rc < 0) {
        phc_lose(self, "open", rc);
        return rc;
    }
    self->phc = (struct phc){0};
    self->trust = (struct trust){.begun = false};
    self->told_method = false;
    choose_scale(self);
    if (strcmp(self->address, self->hardware.path) != 0) { /* found, or another one than before */
        snprintf(self->address, sizeof self->address, "%s", self->hardware.path);
        gn_source_address(self->host, self->source, self->address, REFID);
    }
    rc = extpps ? extpps_start(self) : 0;
    if (rc < 0)
        phc_lose(self, "get stamps of pulses from", rc);
    return rc;
}

int phc_take(struct self *self, struct phc_reading *reading, gn_local *when)
{
    int rc = phc_read(&self->phc, control, self, (unsigned)self->config->samples, reading);
    if (rc < 0) {
        phc_lose(self, "read", rc);
        return rc;
    }
    *when = gn_from_system(self->host, reading->system);
    tell_method(self, reading);
    return 0;
}

/* ---------------------------------------------------------------- its time */

static int32_t tai_offset_s(struct self *self)
{
    struct gn_state state = {.size = sizeof state};
    return gn_state_read(self->host, &state) < 0 ? GN_TAI_UNKNOWN : state.tai_offset_s;
}

/* 37 s beside all others it is most likely of the other scale. */
static void compare(struct self *self, gn_local when, gn_utc utc)
{
    struct gn_state state = {.size = sizeof state};
    struct gn_source_hint hint = {.size = sizeof hint};
    if (self->told_scale || gn_state_read(self->host, &state) < 0 || !state.synchronised ||
        gn_source_hint(self->host, self->source, &hint) < 0 || hint.state >= GN_SOURCE_COMBINED)
        return;
    double late_s = gn_seconds(gn_utc_sub(utc, gn_state_utc(&state, when)));
    const char *rather = scale_rather(self->scale, state.tai_offset_s, late_s);
    if (rather == NULL)
        return;
    self->told_scale = true;
    gn_log(self->host, GN_WARNING,
           "%s is %+.0f s from the other sources: it seems to show %s (scale = \"%s\")",
           self->hardware.path, late_s, strcmp(rather, "tai") == 0 ? "TAI" : "UTC", rather);
}

/* Says so and returns false when that cannot be the time. */
static bool is_trusted(struct self *self, gn_local when, gn_utc utc, double error_s)
{
    char words[256], date[32] = "";
    double by_s;
    struct tm tm;
    time_t shown = (time_t)(utc.ns / GN_NS_PER_S);
    switch (trust_judge(&self->trust, when, utc, error_s, &by_s)) {
    case TRUST_PAST:
        if (gmtime_r(&shown, &tm) != NULL)
            strftime(date, sizeof date, "%Y-%m-%d", &tm);
        snprintf(words, sizeof words,
                 "%.100s shows %s, a day that is past: nothing sets it (ptp4l, ts2phc, phc2sys?)",
                 self->hardware.path, date);
        gn_source_fault(self->host, self->source, GN_REASON_DEVICE, words);
        return false;
    case TRUST_STANDS:
        snprintf(words, sizeof words, "%.100s stands still: its card or its driver is at fault",
                 self->hardware.path);
        gn_source_fault(self->host, self->source, GN_REASON_DEVICE, words);
        return false;
    case TRUST_JUMPED:
        snprintf(
            words, sizeof words,
            "%.100s has jumped by %+.6f s; it is used again when it stays there: what sets it?",
            self->hardware.path, by_s);
        gn_source_fault(self->host, self->source, GN_REASON_BAD_REPLY, words);
        return false;
    case TRUST_AGAIN:
        gn_log(self->host, GN_WARNING, "%s was set by somebody, by %+.6f s", self->hardware.path,
               by_s);
        return true;
    case TRUST_FIRST:
        gn_timer_start(self->host, self->timer, SECOND_NS);
        return false;
    case TRUST_GOOD:
        return true;
    }
    return false;
}

static void measure(struct self *self)
{
    struct phc_reading reading;
    gn_local when;
    int64_t ahead_ns;
    gn_source_poll(self->host, self->source);
    if (phc_take(self, &reading, &when) < 0)
        return;
    if (!scale_ahead(self->scale, self->config->tai_s, tai_offset_s(self), &ahead_ns)) {
        gn_source_fault(self->host, self->source, GN_REASON_WAITING,
                        "it shows TAI, and how far that is from UTC nobody has told: `tai = 37`, "
                        "or clock.leap_list; or it shows UTC: `scale = \"utc\"`");
        return;
    }
    gn_utc utc = {reading.phc_ns - ahead_ns};
    double error_s = gn_seconds(reading.error_ns);
    if (!is_trusted(self, when, utc, error_s))
        return;
    compare(self, when, utc);
    struct gn_sample sample = {
        .size = sizeof sample,
        .kind = GN_SAMPLE_ONE_WAY,
        .local = when,
        .utc = utc,
        .dispersion_s = error_s,
        /* Where in its window a card is read is its own way, and what sets it errs in one
         * direction: no average takes that out. So it counts as a delay, whose half is the limit.
         */
        .root_delay_s = 2 * (error_s + self->config->precision_s),
        .leap = GN_LEAP_NORMAL,
        .refid = REFID,
        .ref_time = utc,
    };
    gn_source_submit(self->host, self->source, &sample);
}

static void on_timer(void *arg, gn_local now)
{
    struct self *self = arg;
    int64_t next_ns =
        self->config->extpps ? GN_NS_PER_S : gn_poll_ns((int8_t)self->config->poll_log2s);
    gn_timer_start(self->host, self->timer, next_ns); /* what fails starts it anew */
    if (self->hardware.device == NULL &&
        (gn_source_poll(self->host, self->source) < 0 || open_hardware(self) < 0))
        return;
    if (self->config->extpps)
        extpps_tick(self, now);
    else
        measure(self);
}

/* ---------------------------------------------------------------- the role */

static int phc_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    const struct config *given = config;
    (void)shared;
    if (given->extpps && given->device == NULL)
        return gn_fail(host, -EINVAL, "extpps: the card has to be named (device)");
    if (given->lock != NULL && !given->extpps)
        return gn_fail(host, -EINVAL, "lock: only pulses (extpps) need a source that numbers them");
    struct self *self = calloc(1, sizeof *self);
    if (self == NULL)
        return gn_fail(host, -ENOMEM, "no memory");
    self->host = host;
    self->config = given;
    snprintf(self->address, sizeof self->address, "%s", given->device != NULL ? given->device : "");
    *instance = self;
    return 0;
}

/* Without its device it waits for it. */
static int phc_start(void *instance)
{
    struct self *self = instance;
    const struct gn_source_info info = {
        .size = sizeof info,
        .mode = GN_MODE_REFCLOCK,
        .address = self->config->device != NULL ? self->config->device : "/dev/ptp_*",
        .refid = REFID,
        .is_clock = 1,
    };
    int error = gn_source_open(self->host, &info, &self->source);
    if (error == 0)
        error = gn_timer_open(self->host, on_timer, self, &self->timer);
    if (error == 0)
        error = gn_timer_start(self->host, self->timer, 0);
    return error;
}

static void phc_stop(void *instance)
{
    struct self *self = instance;
    if (self->config->extpps)
        extpps_stop(self);
}

static const char *const scales[] = {"auto", "utc", "tai", NULL};
static const char *const edges[] = {"rising", "falling", NULL};

#define FIELD(name) offsetof(struct config, name)

static const struct gn_option options[] = {
    {
        .key = "device",
        .type = GN_OPT_PATH,
        .offset = FIELD(device),
        .help = "the PTP hardware clock; without it, the first one of a virtual machine's host",
    },
    {
        .key = "poll",
        .type = GN_OPT_INT,
        .offset = FIELD(poll_log2s),
        .preset = "0",
        .min = -4,
        .max = 17,
        .unit = "log2 s",
        .help = "interval between two measurements",
    },
    {
        .key = "samples",
        .type = GN_OPT_INT,
        .offset = FIELD(samples),
        .preset = "10",
        .min = 1,
        .max = 25,
        .help = "readings of a measurement, of which the shortest counts",
    },
    {
        .key = "scale",
        .type = GN_OPT_CHOICE,
        .offset = FIELD(scale),
        .preset = "auto",
        .choices = scales,
        .help = "what it shows; auto: UTC on a virtual machine's host, else TAI as PTP sets it",
    },
    {
        .key = "tai",
        .type = GN_OPT_REAL,
        .offset = FIELD(tai_s),
        .preset = "0",
        .max = 1000,
        .unit = "s",
        .help = "TAI less UTC; 0: as the list of leap seconds or the kernel tells it",
    },
    {
        .key = "precision",
        .type = GN_OPT_REAL,
        .offset = FIELD(precision_s),
        .preset = "0",
        .max = 1,
        .unit = "s",
        .help = "how far what sets it may be off, added to every error bound",
    },
    {
        .key = "extpps",
        .type = GN_OPT_BOOL,
        .offset = FIELD(extpps),
        .help = "not its time counts, but the pulses that come in at a pin and that it stamps",
    },
    {
        .key = "channel",
        .type = GN_OPT_INT,
        .offset = FIELD(channel),
        .preset = "0",
        .max = 255,
        .help = "extpps: the channel of external stamps",
    },
    {
        .key = "pin",
        .type = GN_OPT_INT,
        .offset = FIELD(pin),
        .preset = "-1",
        .min = -1,
        .max = 255,
        .help = "extpps: the pin that is switched to this channel; -1: as it is",
    },
    {
        .key = "edge",
        .type = GN_OPT_CHOICE,
        .offset = FIELD(edge),
        .preset = "rising",
        .choices = edges,
        .help = "extpps: the edge that marks the second",
    },
    {
        .key = "rate",
        .type = GN_OPT_INT,
        .offset = FIELD(rate),
        .preset = "1",
        .min = 1,
        .max = 100,
        .unit = "Hz",
        .help = "extpps: pulses in a second",
    },
    {
        .key = "lock",
        .type = GN_OPT_STRING,
        .offset = FIELD(lock),
        .help = "extpps: name of the source that numbers the second; without it, the machine's "
                "own estimate does, once another source has set it",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct config),
        .open = phc_open,
        .start = phc_start,
        .stop = phc_stop,
        .close = free,
    },
};

GN_PLUGIN = {
    GN_PLUGIN_HEAD,
    .name = "refclock-phc",
    .version = PACKAGE_VERSION,
    .summary = "A PTP hardware clock, or the pulses it stamps",
    .roles = roles,
    .role_count = sizeof(roles) / sizeof(roles[0]),
};
