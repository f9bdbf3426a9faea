/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refclock-rtc: the battery-backed clock of the machine.
 *
 * It is open for the second of a measurement only: a hardware clock has one user at a time, and
 * hwclock(8) is one as well. Two calibrations: `used` is what samples are made with, from the file
 * or from the first comparison with others; `learnt` goes on learning while others know the time,
 * and goes to the file. Were they one, the clock would agree with whatever we believe.
 */

#include "calibration.h"
#include "edge.h"

#include <errno.h>
#include <fcntl.h>
#include <gnomon/plugin.h>
#include <linux/rtc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REFID 0x52544300u /* "RTC" */

/* Which stratum a clock has that others set; behind any server. */
#define STRATUM 9

/* From the second's beginning until we know of it. */
#define INTERRUPT_S 1e-4

/* What the interrupt may take: a second, and some. */
#define PATIENCE_NS (5 * GN_NS_PER_S / 2)

/* A search without interrupts ends, found or not. */
#define SEARCH_NS (3 * GN_NS_PER_S)

/* Busy with others, or absent. */
#define RETRY_NS (10 * GN_NS_PER_S)

#define SAVE_NS (3600 * GN_NS_PER_S)

/* 2024-01-01: a clock that shows less has lost its time. */
#define FLOOR_S INT64_C(1704067200)

/* A clock that went back behind the last comparison by more than this has lost its time. */
#define BACK_S 60

/* So far from UTC a published sample may be, in its own sigmas. */
#define SURE 3.0

#define KEY "rtc"

enum local_time { LOCAL_AUTO, LOCAL_NO, LOCAL_YES };

enum phase { RESTING, INTERRUPTED, ASKING };

struct config {
    const char *device;
    int64_t poll_log2s;
    int local_time; /* enum local_time */
};

struct rtc {
    struct gn_host *host;
    const struct config *config;
    struct gn_source *source;
    struct gn_timer *timer;
    struct gn_device *device; /* NULL but during a measurement */
    enum phase phase;
    bool no_interrupts; /* it has none, or they do not come */
    bool local_time;    /* it shows the time of the zone */
    bool told_battery;
    gn_local begun; /* the measurement */
    struct edge edge;
    struct calibration used, learnt;
    bool calibrated; /* `used` is more than a guess */
    gn_local saved;
};

static void rest(struct rtc *self, int64_t for_ns)
{
    gn_device_close(self->host, self->device);
    self->device = NULL;
    self->phase = RESTING;
    gn_timer_start(self->host, self->timer, for_ns);
}

static const char *remedy(int error)
{
    switch (error) {
    case -ENOENT:
        return "; a machine without such a clock needs no refclock-rtc";
    case -EACCES:
        return "; who runs gnomond must be allowed to read it";
    case -EBUSY:
        return "; another program has it open";
    case -ENOTTY:
        return "; it is no hardware clock";
    default:
        return "";
    }
}

static void fail(struct rtc *self, const char *doing, int error)
{
    char words[256];
    snprintf(words, sizeof words, "cannot %s %.64s: %.48s%s", doing, self->config->device,
             strerror(-error), remedy(error));
    gn_source_fault(self->host, self->source, GN_REASON_DEVICE, words);
    rest(self, RETRY_NS);
}

/* ---------------------------------------------------------------- the file */

static void save(struct rtc *self, gn_local now)
{
    char text[256];
    size_t size = calibration_write(&self->learnt, text, sizeof text);
    self->saved = now;
    if (self->learnt.learnt && size > 0 && gn_store_write(self->host, KEY, text, size) < 0)
        gn_log(self->host, GN_WARNING, "what was learnt of the clock could not be saved");
}

static void load(struct rtc *self)
{
    char text[512];
    int64_t size = gn_store_read(self->host, KEY, text, sizeof text - 1);
    if (size < 0)
        return; /* the first time, or no folder: nothing is known */
    text[size] = '\0';
    const char *why = calibration_read(&self->used, text);
    if (why != NULL) {
        gn_log(self->host, GN_WARNING, "the file %s of this clock is ignored: %s", KEY, why);
        return;
    }
    self->learnt = self->used;
    self->calibrated = true;
    gn_log(self->host, GN_INFO, "drifts by %+.3f ppm, as was learnt", self->used.drift * 1e6);
}

/* ---------------------------------------------------------------- what it shows */

/* Line 3 of /etc/adjtime, as hwclock(8) leaves it. */
static bool adjtime_says_local(struct rtc *self)
{
    struct gn_device *file;
    char text[512], *line = text;
    if (gn_device_open(self->host, "/etc/adjtime", O_RDONLY, NULL, self, &file) < 0)
        return false;
    int64_t size = gn_device_read(self->host, file, text, sizeof text - 1);
    gn_device_close(self->host, file);
    text[size > 0 ? size : 0] = '\0';
    for (int i = 0; i < 2 && line != NULL; i++)
        if ((line = strchr(line, '\n')) != NULL)
            line++;
    return line != NULL && strncmp(line, "LOCAL", strlen("LOCAL")) == 0;
}

static int64_t seconds_of(const struct rtc *self, const struct rtc_time *shown)
{
    struct tm tm = {
        .tm_sec = shown->tm_sec,
        .tm_min = shown->tm_min,
        .tm_hour = shown->tm_hour,
        .tm_mday = shown->tm_mday,
        .tm_mon = shown->tm_mon,
        .tm_year = shown->tm_year,
        .tm_isdst = -1,
    };
    return (int64_t)(self->local_time ? mktime(&tm) : timegm(&tm));
}

static int read_time(struct rtc *self, struct edge_reading *reading)
{
    struct rtc_time shown = {0};
    reading->before = gn_now(self->host);
    int rc = gn_device_ioctl(self->host, self->device, RTC_RD_TIME, &shown);
    reading->after = gn_now(self->host);
    reading->second = rc < 0 ? 0 : seconds_of(self, &shown);
    return rc;
}

/* Says so and returns false when the clock has lost its time. */
static bool plausible(struct rtc *self, int64_t second)
{
    char date[32], words[256];
    time_t shown = (time_t)second;
    struct tm tm;
    double least_s = self->calibrated ? self->used.epoch_s - BACK_S : (double)FLOOR_S;
    if ((double)second >= least_s && second >= FLOOR_S)
        return true;
    if (gmtime_r(&shown, &tm) == NULL || strftime(date, sizeof date, "%Y-%m-%d", &tm) == 0)
        snprintf(date, sizeof date, "%lld s", (long long)second);
    snprintf(words, sizeof words,
             "%.64s shows %s, a day that is past: is its battery empty? Set it (hwclock --systohc)",
             self->config->device, date);
    gn_source_fault(self->host, self->source, GN_REASON_DEVICE, words);
    return false;
}

static void tell_battery(struct rtc *self)
{
    unsigned voltage = 0;
    if (self->told_battery ||
        gn_device_ioctl(self->host, self->device, RTC_VL_READ, &voltage) < 0 || voltage == 0)
        return;
    self->told_battery = true;
    gn_log(self->host, GN_WARNING, "%s: %s", self->config->device,
           (voltage & RTC_VL_DATA_INVALID) != 0 ? "its battery was empty, it has lost its time"
                                                : "its battery is low");
}

/* ---------------------------------------------------------------- measurements */

static void submit(struct rtc *self)
{
    double sd_s, offset_s = calibration_offset(&self->used, (double)self->edge.second, &sd_s);
    gn_utc utc = {self->edge.second * GN_NS_PER_S + gn_nanoseconds(offset_s)};
    struct gn_sample sample = {
        .size = sizeof sample,
        .kind = GN_SAMPLE_ONE_WAY,
        .local = self->edge.at,
        .utc = utc,
        .dispersion_s = self->edge.half_width_s,
        .root_dispersion_s = SURE * sd_s,
        .stratum = STRATUM,
        .leap = GN_LEAP_NORMAL,
        .refid = REFID,
        .ref_time = utc,
    };
    gn_source_submit(self->host, self->source, &sample);
}

/* Compare with what others say; never with what came from this clock. */
static void learn(struct rtc *self)
{
    struct gn_state state = {.size = sizeof state};
    struct gn_source_hint hint = {.size = sizeof hint};
    double jump_s;
    if (gn_state_read(self->host, &state) < 0 || !state.synchronised ||
        gn_source_hint(self->host, self->source, &hint) < 0 || hint.state == GN_SOURCE_SELECTED ||
        hint.state == GN_SOURCE_COMBINED)
        return;
    gn_utc utc = gn_state_utc(&state, self->edge.at);
    double offset_s = gn_seconds(utc.ns - self->edge.second * GN_NS_PER_S);
    double sd_s = hypot(self->edge.half_width_s, gn_state_error_bound_s(&state, self->edge.at) / 3);
    enum calibration_news news =
        calibration_learn(&self->learnt, (double)self->edge.second, offset_s, sd_s, &jump_s);
    if (news == CALIBRATION_LEARNT)
        return;
    self->used = self->learnt;
    self->calibrated = true;
    if (news == CALIBRATION_SET)
        gn_log(self->host, fabs(jump_s) < 0.5 ? GN_DEBUG : GN_INFO,
               "%s was set by somebody, by %+.3f s", self->config->device, jump_s);
    else
        gn_log(self->host, GN_INFO, "%s is %+.6f s off", self->config->device, -offset_s);
}

/* An edge is known. */
static void measured(struct rtc *self)
{
    gn_local now = gn_now(self->host);
    if (plausible(self, self->edge.second)) {
        if (!self->calibrated && !self->learnt.learnt && self->used.epoch_s == 0)
            calibration_guess(&self->used, (double)self->edge.second);
        learn(self);
        submit(self);
        if (gn_local_sub(now, self->saved) > SAVE_NS)
            save(self, now);
    }
    rest(self, gn_poll_ns((int8_t)self->config->poll_log2s) - gn_local_sub(now, self->begun));
}

/* The interrupt tells that a second has begun; the clock tells which. */
static void on_interrupt(void *arg, gn_local now)
{
    struct rtc *self = arg;
    struct edge_reading reading;
    unsigned long word = 0;
    int64_t n = gn_device_read(self->host, self->device, &word, sizeof word);
    if (n == -EAGAIN)
        return;
    int rc = n < 0 ? (int)n : read_time(self, &reading);
    gn_device_ioctl(self->host, self->device, RTC_UIE_OFF, NULL);
    if (rc < 0) {
        fail(self, "read", rc);
        return;
    }
    edge_told(&self->edge, reading.second, now, INTERRUPT_S);
    measured(self);
}

static void ask_at(struct rtc *self, gn_local when)
{
    int64_t in_ns = gn_local_sub(when, gn_now(self->host));
    gn_timer_start(self->host, self->timer, in_ns > 0 ? in_ns : 0);
}

static void ask(struct rtc *self, gn_local now)
{
    struct edge_reading reading;
    gn_local again;
    int rc = read_time(self, &reading);
    if (rc < 0)
        fail(self, "read", rc);
    else if (edge_take(&self->edge, &reading, &again))
        measured(self);
    else if (gn_local_sub(now, self->begun) > SEARCH_NS)
        fail(self, "see a second begin in", -ETIMEDOUT);
    else
        ask_at(self, again);
}

static void search(struct rtc *self, gn_local now)
{
    self->phase = ASKING;
    self->begun = now;
    ask_at(self, edge_begin(&self->edge, now));
}

static void begin(struct rtc *self, gn_local now)
{
    gn_source_poll(self->host, self->source);
    self->begun = now;
    int rc = gn_device_open(self->host, self->config->device, O_RDONLY, on_interrupt, self,
                            &self->device);
    if (rc < 0) {
        fail(self, "open", rc);
        return;
    }
    tell_battery(self);
    rc =
        self->no_interrupts ? -ENOTTY : gn_device_ioctl(self->host, self->device, RTC_UIE_ON, NULL);
    if (rc < 0) {
        search(self, now);
        return;
    }
    self->phase = INTERRUPTED;
    gn_timer_start(self->host, self->timer, PATIENCE_NS);
}

static void on_timer(void *arg, gn_local now)
{
    struct rtc *self = arg;
    now = gn_now(self->host); /* the timer says when it was due */
    switch (self->phase) {
    case RESTING:
        begin(self, now);
        break;
    case INTERRUPTED:
        gn_log(self->host, GN_INFO, "%s: no interrupts come; it is asked instead",
               self->config->device);
        gn_device_ioctl(self->host, self->device, RTC_UIE_OFF, NULL);
        self->no_interrupts = true;
        search(self, now);
        break;
    case ASKING:
        ask(self, now);
        break;
    }
}

/* ---------------------------------------------------------------- the role */

static int rtc_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    struct rtc *self = calloc(1, sizeof *self);
    (void)shared;
    if (self == NULL)
        return gn_fail(host, -ENOMEM, "no memory");
    self->host = host;
    self->config = config;
    *instance = self;
    return 0;
}

/* Without its device it waits for it. */
static int rtc_start(void *instance)
{
    struct rtc *self = instance;
    const struct gn_source_info info = {
        .size = sizeof info,
        .mode = GN_MODE_REFCLOCK,
        .address = self->config->device,
        .refid = REFID,
        .is_clock = 1,
    };
    self->local_time = self->config->local_time == LOCAL_YES ||
                       (self->config->local_time == LOCAL_AUTO && adjtime_says_local(self));
    if (self->local_time)
        gn_log(self->host, GN_WARNING,
               "%s shows local time: it is wrong for hours when daylight saving begins or ends",
               self->config->device);
    load(self);
    self->saved = gn_now(self->host);
    int error = gn_source_open(self->host, &info, &self->source);
    if (error == 0)
        error = gn_timer_open(self->host, on_timer, self, &self->timer);
    if (error == 0)
        error = gn_timer_start(self->host, self->timer, 0);
    return error;
}

static void rtc_stop(void *instance)
{
    struct rtc *self = instance;
    save(self, gn_now(self->host));
}

static const char *const local_times[] = {"auto", "no", "yes", NULL};

static const struct gn_option options[] = {
    {
        .key = "device",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct config, device),
        .preset = "/dev/rtc0",
        .help = "the hardware clock",
    },
    {
        .key = "poll",
        .type = GN_OPT_INT,
        .offset = offsetof(struct config, poll_log2s),
        .preset = "6",
        .min = 3,
        .max = 17,
        .unit = "log2 s",
        .help = "interval between two measurements",
    },
    {
        .key = "local_time",
        .type = GN_OPT_CHOICE,
        .offset = offsetof(struct config, local_time),
        .preset = "auto",
        .choices = local_times,
        .help = "whether it shows the time of the zone and not UTC; auto: as /etc/adjtime says",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct config),
        .open = rtc_open,
        .start = rtc_start,
        .stop = rtc_stop,
        .close = free,
    },
};

GN_PLUGIN = {
    GN_PLUGIN_HEAD,
    .name = "refclock-rtc",
    .version = PACKAGE_VERSION,
    .summary = "The hardware clock of the machine, with its drift learnt",
    .roles = roles,
    .role_count = sizeof(roles) / sizeof(roles[0]),
};
