/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refclock-pps: a pulse at the beginning of each second, stamped by the kernel (RFC 2783).
 */

#include <errno.h>
#include <gnomon/plugin.h>
#include <shared/pps.h>
#include <shared/second.h>
#include <stdio.h>
#include <stdlib.h>

#define REFID 0x50505300u /* "PPS" */

/* A device that is not there, or was taken away, may come. */
#define RETRY_NS (10 * GN_NS_PER_S)

struct config {
    const char *device;
    int edge; /* enum pulse_edge */
    const char *lock;
    int64_t rate;
    double width_s, precision_s;
};

struct clock {
    struct gn_host *host;
    const struct config *config;
    struct gn_source *source;
    struct gn_timer *timer; /* the next look */
    struct pps pps;
};

/* ---------------------------------------------------------------- pulses */

static void submit(struct clock *self, gn_local local, gn_utc utc, uint8_t leap)
{
    struct gn_sample sample = {
        .size = sizeof sample,
        .kind = GN_SAMPLE_ONE_WAY,
        .local = local,
        .utc = utc,
        .dispersion_s = self->config->precision_s,
        .leap = leap,
        .refid = REFID,
        .ref_time = utc,
    };
    gn_source_submit(self->host, self->source, &sample);
}

static void number(struct clock *self, gn_utc system)
{
    const struct second second = {self->host, self->source, self->config->lock};
    gn_local local = gn_from_system(self->host, system);
    gn_utc utc;
    uint8_t leap;
    if (second_of_pulse(&second, &self->pps.pulse, local, &utc, &leap))
        submit(self, local, utc, leap);
}

/* Captured, but none that counts. */
static void refuse(struct clock *self, enum pps_look look)
{
    char words[160];
    pps_refusal(&self->pps, look, words, sizeof words);
    gn_source_fault(self->host, self->source, GN_REASON_BAD_REPLY, words);
}

/* The pulse that was due is not there. */
static void miss(struct clock *self)
{
    char words[160];
    if (!pps_silent(&self->pps))
        return;
    snprintf(words, sizeof words, "%.64s: no pulses; see to antenna, cable and receiver",
             self->config->device);
    gn_source_fault(self->host, self->source, GN_REASON_NO_REPLY, words);
}

static void lose(struct clock *self, int error)
{
    char words[256];
    pps_failure(&self->pps, error, words, sizeof words);
    gn_source_fault(self->host, self->source, GN_REASON_DEVICE, words);
}

/* ---------------------------------------------------------------- looking */

static void look(struct clock *self, gn_local now)
{
    gn_utc at;
    int error;
    enum pps_look look = pps_look(&self->pps, now, &at, &error);
    if (look != PPS_NOTHING && look != PPS_LOST)
        gn_source_poll(self->host, self->source);
    switch (look) {
    case PPS_NOTHING:
        break;
    case PPS_TAKEN:
        pps_tell_edge(&self->pps);
        number(self, at);
        break;
    case PPS_CLOSE:
    case PPS_WIDTH:
        refuse(self, look);
        break;
    case PPS_MISSED:
        miss(self);
        break;
    case PPS_LOST:
        lose(self, error);
        break;
    }
}

static void open_device(struct clock *self)
{
    int error = pps_open(&self->pps);
    if (error < 0)
        lose(self, error);
}

static void on_timer(void *arg, gn_local now)
{
    struct clock *self = arg;
    now = gn_now(self->host); /* the timer says when it was due */
    if (self->pps.device != NULL)
        look(self, now);
    else if (gn_source_poll(self->host, self->source) == 0)
        open_device(self);
    int64_t in_ns = self->pps.device != NULL ? pps_next(&self->pps, now) : RETRY_NS;
    gn_timer_start(self->host, self->timer, in_ns);
}

/* ---------------------------------------------------------------- the role */

static int clock_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    const struct config *given = config;
    (void)shared;
    if (given->width_s * (double)given->rate >= 1)
        return gn_fail(host, -EINVAL, "width: %g s is not less than the time from pulse to pulse",
                       given->width_s);
    struct clock *self = calloc(1, sizeof *self);
    if (self == NULL)
        return gn_fail(host, -ENOMEM, "no memory");
    self->host = host;
    self->config = given;
    const struct pulse_config pulse = {
        .edge = (enum pulse_edge)given->edge,
        .interval_ns = GN_NS_PER_S / given->rate,
        .width_ns = gn_nanoseconds(given->width_s),
    };
    pps_init(&self->pps, host, given->device, &pulse);
    *instance = self;
    return 0;
}

/* Without its device it waits for it. */
static int clock_start(void *instance)
{
    struct clock *self = instance;
    const struct gn_source_info info = {
        .size = sizeof info,
        .mode = GN_MODE_REFCLOCK,
        .address = self->config->device,
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

static const char *const edges[] = {"auto", "assert", "clear", NULL};

static const struct gn_option options[] = {
    {
        .key = "device",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct config, device),
        .preset = "/dev/pps0",
        .help = "the PPS device",
    },
    {
        .key = "lock",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct config, lock),
        .help = "name of the source that numbers the second; without it, the machine's own "
                "estimate does, once another source has set it",
    },
    {
        .key = "edge",
        .type = GN_OPT_CHOICE,
        .offset = offsetof(struct config, edge),
        .preset = "auto",
        .choices = edges,
        .help = "the edge that marks the second; auto: the one that begins the shorter half",
    },
    {
        .key = "rate",
        .type = GN_OPT_INT,
        .offset = offsetof(struct config, rate),
        .preset = "1",
        .min = 1,
        .max = 100,
        .unit = "Hz",
        .help = "pulses in a second",
    },
    {
        .key = "width",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct config, width_s),
        .preset = "0",
        .max = 1,
        .unit = "s",
        .help = "how long a pulse is; others are refused; 0: any length",
    },
    {
        .key = "precision",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct config, precision_s),
        .preset = "1e-6",
        .min = 1e-9,
        .max = 0.1,
        .unit = "s",
        .help = "how exactly the kernel stamps a pulse, its dispersion",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct config),
        .open = clock_open,
        .start = clock_start,
        .close = free,
    },
};

GN_PLUGIN = {
    GN_PLUGIN_HEAD,
    .name = "refclock-pps",
    .version = PACKAGE_VERSION,
    .summary = "A pulse at each second, numbered by another source",
    .roles = roles,
    .role_count = sizeof(roles) / sizeof(roles[0]),
};
