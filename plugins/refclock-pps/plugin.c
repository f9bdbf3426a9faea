/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refclock-pps: a pulse at the beginning of each second, stamped by the kernel (RFC 2783).
 *
 * Read by a timer shortly after each pulse is due, not when poll(2) says so: many kernels call a
 * PPS device readable at all times.
 */

#include "pulse.h"
#include "teller.h"

#include <errno.h>
#include <fcntl.h>
#include <gnomon/plugin.h>
#include <linux/pps.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFID 0x50505300u /* "PPS" */

/* A device that is not there, or was taken away, may come. */
#define RETRY_NS (10 * GN_NS_PER_S)

/* A pulse is read after this share of the interval: interrupts can be late. */
#define LAG 0.02

/* Without pulses, and until the other edge has come, it is looked for them so often an interval. */
#define LOOKS 8

/* Pulses that fail to come before it is told. */
#define PATIENCE 3

struct config {
    const char *device;
    int edge; /* enum pulse_edge */
    const char *lock;
    int64_t rate;
    double width_s, precision_s;
};

struct pps {
    struct gn_host *host;
    const struct config *config;
    struct gn_device *device; /* NULL: it is not there */
    struct gn_source *source;
    struct gn_timer *timer; /* the next look */
    struct pulse pulse;
    int64_t interval_ns;
    gn_local expected; /* the next pulse */
    unsigned misses;   /* pulses in a row that have not come */
    bool both;         /* edges are captured */
    bool told_edge;
};

/* ---------------------------------------------------------------- pulses */

static void submit(struct pps *self, const struct teller_second *second)
{
    struct gn_sample sample = {
        .size = sizeof sample,
        .kind = GN_SAMPLE_ONE_WAY,
        .local = second->local,
        .utc = second->utc,
        .dispersion_s = self->config->precision_s,
        .leap = second->leap,
        .refid = REFID,
        .ref_time = second->utc,
    };
    gn_source_submit(self->host, self->source, &sample);
}

static void number(struct pps *self, gn_utc system)
{
    char words[TELLER_WORDS];
    struct teller_second second;
    switch (teller_number(self->host, self->config->lock, &self->pulse, system, &second, words)) {
    case TELLER_NUMBERED:
        submit(self, &second);
        break;
    case TELLER_SILENT:
        gn_source_fault(self->host, self->source, GN_REASON_WAITING, words);
        break;
    case TELLER_AMBIGUOUS:
        gn_source_fault(self->host, self->source, GN_REASON_BAD_REPLY, words);
        break;
    case TELLER_CONTRARY:
        gn_log(self->host, GN_INFO, "the pulse would mark another second than those before it");
        break;
    }
}

static void tell_edge(struct pps *self)
{
    if (self->told_edge)
        return;
    self->told_edge = true;
    gn_log(self->host, GN_INFO, "%s: a pulse begins with the %s edge%s", self->config->device,
           self->pulse.edge == PULSE_CLEAR ? "clear" : "assert",
           self->config->edge != PULSE_AUTO ? ", as configured"
           : self->both                     ? ", the shorter half of the period"
                                            : ", the only one that is captured");
}

/* Captured, but none that counts. */
static void refuse(struct pps *self, enum pulse_verdict verdict)
{
    char words[160];
    if (verdict == PULSE_CLOSE)
        snprintf(words, sizeof words,
                 "%.64s: pulses come faster than `rate` says; noise, or both edges of a pulse",
                 self->config->device);
    else
        snprintf(words, sizeof words, "%.64s: a pulse is %.3f s wide, not %.3f s (width)",
                 self->config->device, gn_seconds(self->pulse.width_ns), self->config->width_s);
    gn_source_fault(self->host, self->source, GN_REASON_BAD_REPLY, words);
}

/* The pulse that was due is not there. */
static void miss(struct pps *self)
{
    char words[160];
    gn_source_poll(self->host, self->source);
    self->expected = gn_local_add(self->expected, self->interval_ns);
    if (++self->misses < PATIENCE)
        return;
    snprintf(words, sizeof words, "%.64s: no pulses; see to antenna, cable and receiver",
             self->config->device);
    gn_source_fault(self->host, self->source, GN_REASON_NO_REPLY, words);
}

/* ---------------------------------------------------------------- looking */

static int fetch(struct pps *self, struct pulse_reading *reading)
{
    struct pps_fdata data = {0};
    int rc = gn_device_ioctl(self->host, self->device, PPS_FETCH, &data);
    if (rc < 0)
        return rc;
    *reading = (struct pulse_reading){
        .both = self->both,
        .assert_sequence = data.info.assert_sequence,
        .clear_sequence = data.info.clear_sequence,
        .assert_at = {data.info.assert_tu.sec * GN_NS_PER_S + data.info.assert_tu.nsec},
        .clear_at = {data.info.clear_tu.sec * GN_NS_PER_S + data.info.clear_tu.nsec},
    };
    return 0;
}

static const char *remedy(int error)
{
    switch (error) {
    case -ENOENT:
        return "; is the module of the pulses loaded (pps-gpio, pps-ldisc)?";
    case -EACCES:
        return "; who runs gnomond must be allowed to read it";
    case -ENOTTY:
        return "; it is no PPS device";
    default:
        return "";
    }
}

static void lose(struct pps *self, const char *doing, int error)
{
    char words[256];
    snprintf(words, sizeof words, "cannot %s %.64s: %.48s%s", doing, self->config->device,
             strerror(-error), remedy(error));
    gn_device_close(self->host, self->device);
    self->device = NULL;
    gn_source_fault(self->host, self->source, GN_REASON_DEVICE, words);
}

/* When the next pulse will be there to be read; soon where none is expected yet. */
static int64_t next_look(const struct pps *self, gn_local now, enum pulse_verdict verdict)
{
    int64_t look_ns = self->interval_ns / LOOKS;
    int64_t due_ns = gn_local_sub(self->expected, now) + (int64_t)(LAG * (double)self->interval_ns);
    return verdict == PULSE_WAIT || self->misses > 0 || due_ns < look_ns ? look_ns : due_ns;
}

static void come(struct pps *self, gn_local now, gn_utc at)
{
    int64_t behind_ns = gn_local_sub(now, gn_from_system(self->host, at));
    self->misses = 0;
    self->expected = gn_local_add(now, self->interval_ns - behind_ns % self->interval_ns);
}

static enum pulse_verdict look(struct pps *self, gn_local now)
{
    struct pulse_reading reading;
    gn_utc at;
    int error = fetch(self, &reading);
    if (error < 0) {
        lose(self, "read", error);
        return PULSE_NONE;
    }
    enum pulse_verdict verdict = pulse_take(&self->pulse, &reading, &at);
    if (verdict == PULSE_TAKEN || verdict == PULSE_CLOSE || verdict == PULSE_WIDTH) {
        gn_source_poll(self->host, self->source);
        come(self, now, at);
    }
    if (verdict == PULSE_TAKEN) {
        tell_edge(self);
        number(self, at);
    } else if (verdict == PULSE_CLOSE || verdict == PULSE_WIDTH) {
        refuse(self, verdict);
    } else if (gn_local_sub(now, self->expected) > self->interval_ns / 2) {
        miss(self);
    }
    return verdict;
}

/* ---------------------------------------------------------------- the device */

/* Which edges the device is made to capture. Without the right to say it, it stays as it is. */
static int capture(struct pps *self)
{
    int able = 0;
    struct pps_kparams params = {0};
    int wanted = self->config->edge == PULSE_CLEAR ? PPS_CAPTURECLEAR : PPS_CAPTUREASSERT;
    int rc = gn_device_ioctl(self->host, self->device, PPS_GETCAP, &able);
    if (rc == 0)
        rc = gn_device_ioctl(self->host, self->device, PPS_GETPARAMS, &params);
    if (rc < 0)
        return rc;
    if (self->config->edge == PULSE_AUTO || self->config->width_s > 0)
        wanted |= able & PPS_CAPTUREBOTH;
    if ((wanted & ~able) != 0)
        return -EOPNOTSUPP;
    if ((params.mode & PPS_CAPTUREBOTH) != wanted) {
        struct pps_kparams other = {.mode = wanted | PPS_TSFMT_TSPEC};
        rc = gn_device_ioctl(self->host, self->device, PPS_SETPARAMS, &other);
        params.mode = rc < 0 ? params.mode : other.mode;
    }
    self->both = (params.mode & PPS_CAPTUREBOTH) == PPS_CAPTUREBOTH;
    return (params.mode & wanted) != 0 ? 0 : rc;
}

static int open_device(struct pps *self)
{
    int error =
        gn_device_open(self->host, self->config->device, O_RDONLY, NULL, self, &self->device);
    if (error < 0) {
        lose(self, "open", error);
        return error;
    }
    struct pulse_config config = {
        .edge = (enum pulse_edge)self->config->edge,
        .interval_ns = self->interval_ns,
        .width_ns = gn_nanoseconds(self->config->width_s),
    };
    pulse_init(&self->pulse, &config);
    error = capture(self);
    if (error < 0)
        lose(self, "capture this edge of", error);
    self->expected = gn_now(self->host);
    self->misses = 0;
    return error;
}

static void on_timer(void *arg, gn_local now)
{
    struct pps *self = arg;
    enum pulse_verdict verdict = PULSE_NONE;
    now = gn_now(self->host); /* the timer says when it was due */
    if (self->device != NULL)
        verdict = look(self, now);
    else if (gn_source_poll(self->host, self->source) == 0)
        (void)open_device(self);
    int64_t in_ns = self->device != NULL ? next_look(self, now, verdict) : RETRY_NS;
    gn_timer_start(self->host, self->timer, in_ns);
}

/* ---------------------------------------------------------------- the role */

static int pps_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    const struct config *given = config;
    (void)shared;
    if (given->width_s * (double)given->rate >= 1)
        return gn_fail(host, -EINVAL, "width: %g s is not less than the time from pulse to pulse",
                       given->width_s);
    struct pps *self = calloc(1, sizeof *self);
    if (self == NULL)
        return gn_fail(host, -ENOMEM, "no memory");
    self->host = host;
    self->config = given;
    self->interval_ns = GN_NS_PER_S / given->rate;
    *instance = self;
    return 0;
}

/* Without its device it waits for it. */
static int pps_start(void *instance)
{
    struct pps *self = instance;
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
        .open = pps_open,
        .start = pps_start,
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
