/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refclock-rtc: the battery-backed clock of the machine. Here are its measurements; what is learnt
 * of it lies in calibration.c, and how it is written in order.c.
 */

#include "face.h"
#include "rtc.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFID 0x52544300u /* "RTC" */

/* Which stratum a clock has that others set; behind any server. */
#define STRATUM 9

/* From the second's beginning until we know of it. */
#define INTERRUPT_S 1e-4

/* Interrupts that scatter by more are late: asked it is known better. After so many of them. */
#define LATE_S 1e-3
#define LATE_COUNT 8

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

void rtc_rest(struct rtc *self, int64_t for_ns)
{
    gn_device_close(self->host, self->device);
    self->device = NULL;
    self->phase = RTC_RESTING;
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

void rtc_fail(struct rtc *self, const char *doing, int error)
{
    char *words = self->trouble;
    bool absent = error == -ENOENT;
    snprintf(words, sizeof self->trouble, "cannot %s %.64s: %.48s%s", doing, self->config->device,
             strerror(-error), remedy(error));
    gn_source_fault(self->host, self->source, absent ? GN_REASON_ABSENT : GN_REASON_DEVICE, words);
    if (self->writing.tries > 0 || self->ordered)
        rtc_write_failed(self, words);
    self->lost = self->lost || error == -EINVAL;
    rtc_rest(self, absent ? gn_poll_ns((int8_t)self->config->poll_log2s) : RETRY_NS);
}

/* ---------------------------------------------------------------- what it shows */

static bool adjtime_says_local(struct rtc *self)
{
    struct gn_device *file;
    char text[512];
    if (gn_device_open(self->host, "/etc/adjtime", O_RDONLY, NULL, self, &file) < 0)
        return false;
    int64_t size = gn_device_read(self->host, file, text, sizeof text - 1);
    gn_device_close(self->host, file);
    text[size > 0 ? size : 0] = '\0';
    return face_adjtime_is_local(text);
}

/* On a PC the chip goes on half a second after it was written to; elsewhere most do not. */
static void guess_phase(struct rtc *self)
{
    struct gn_device *file;
    char path[96], name[32];
    const char *device = strrchr(self->config->device, '/');
    int64_t size = 0;
    self->writing.phase_s = WRITING_PHASE_PC;
    snprintf(path, sizeof path, "/sys/class/rtc%.32s/name", device != NULL ? device : "");
    if (gn_device_open(self->host, path, O_RDONLY, NULL, self, &file) == 0) {
        size = gn_device_read(self->host, file, name, sizeof name);
        gn_device_close(self->host, file);
    }
    if (size > 0 && strncmp(name, "rtc_cmos", (size_t)size < 8 ? (size_t)size : 8) != 0)
        self->writing.phase_s = 0;
}

static int read_time(struct rtc *self, struct edge_reading *reading)
{
    struct rtc_time shown = {0};
    reading->before = gn_now(self->host);
    int rc = gn_device_ioctl(self->host, self->device, RTC_RD_TIME, &shown);
    reading->after = gn_now(self->host);
    reading->second = rc < 0 ? 0 : face_seconds(&shown, self->local_time);
    return rc;
}

/* Says so and returns false when the clock has lost its time. */
static bool plausible(struct rtc *self, int64_t second)
{
    char date[32];
    double least_s = self->calibrated ? self->used.epoch_s - BACK_S : (double)FLOOR_S;
    self->lost = !((double)second >= least_s && second >= FLOOR_S);
    if (!self->lost)
        return true;
    face_words(second, date, sizeof date);
    date[strcspn(date, " ")] = '\0';
    snprintf(self->trouble, sizeof self->trouble,
             "%.64s shows %s, a day that is past: is its battery empty? Set it (hwclock --systohc)",
             self->config->device, date);
    gn_source_fault(self->host, self->source, GN_REASON_DEVICE, self->trouble);
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
        .dispersion_s = hypot(self->edge.half_width_s, self->used.jitter_s),
        .root_dispersion_s = SURE * sd_s,
        .stratum = STRATUM,
        .leap = GN_LEAP_NORMAL,
        .refid = REFID,
        .ref_time = utc,
    };
    gn_source_submit(self->host, self->source, &sample);
}

bool rtc_others_know(struct rtc *self, struct gn_state *state)
{
    struct gn_source_hint hint = {.size = sizeof hint};
    return gn_state_read(self->host, state) == 0 && state->synchronised &&
           gn_source_hint(self->host, self->source, &hint) == 0 &&
           hint.state != GN_SOURCE_SELECTED && hint.state != GN_SOURCE_COMBINED;
}

/* A PC whose timer is the HPET looks for its interrupts 64 times a second. */
static void look_for_late(struct rtc *self)
{
    if (self->no_interrupts || self->learnt.jitter_s < LATE_S || self->learnt.count < LATE_COUNT)
        return;
    self->no_interrupts = true;
    gn_log(self->host, GN_INFO, "%s: interrupts come late, by some %.0f ms; it is asked instead",
           self->config->device, self->learnt.jitter_s * 1e3);
}

/* Compare with what others say. */
static void learn(struct rtc *self)
{
    struct gn_state state;
    double jump_s;
    if (!rtc_others_know(self, &state))
        return;
    gn_utc utc = gn_state_utc(&state, self->edge.at);
    double offset_s = gn_seconds(utc.ns - self->edge.second * GN_NS_PER_S);
    double sd_s = hypot(self->edge.half_width_s, gn_state_error_bound_s(&state, self->edge.at) / 3);
    enum calibration_news news =
        calibration_learn(&self->learnt, (double)self->edge.second, offset_s, sd_s, &jump_s);
    look_for_late(self);
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
    self->trouble[0] = '\0';
    if (self->writing.tries > 0) {
        rtc_read_back(self);
        return;
    }
    if (plausible(self, self->edge.second)) {
        if (!self->calibrated && !self->learnt.learnt && self->used.epoch_s == 0)
            calibration_guess(&self->used, (double)self->edge.second);
        learn(self);
        submit(self);
        if (gn_local_sub(now, self->saved) > SAVE_NS)
            rtc_save(self, now);
    }
    if (!rtc_write_if_due(self))
        rtc_rest(self,
                 gn_poll_ns((int8_t)self->config->poll_log2s) - gn_local_sub(now, self->begun));
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
        rtc_fail(self, "read", rc);
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
        rtc_fail(self, "read", rc);
    else if (edge_take(&self->edge, &reading, &again))
        measured(self);
    else if (gn_local_sub(now, self->begun) > SEARCH_NS)
        rtc_fail(self, "see a second begin in", -ETIMEDOUT);
    else
        ask_at(self, again);
}

static void search(struct rtc *self, gn_local now)
{
    self->phase = RTC_ASKING;
    self->begun = now;
    ask_at(self, edge_begin(&self->edge, now));
}

bool rtc_grasp(struct rtc *self)
{
    int rc = gn_device_open(self->host, self->config->device, O_RDONLY, on_interrupt, self,
                            &self->device);
    if (rc < 0)
        rtc_fail(self, "open", rc);
    return rc >= 0;
}

void rtc_await_edge(struct rtc *self)
{
    int rc =
        self->no_interrupts ? -ENOTTY : gn_device_ioctl(self->host, self->device, RTC_UIE_ON, NULL);
    if (rc < 0) {
        search(self, gn_now(self->host));
        return;
    }
    self->phase = RTC_INTERRUPTED;
    gn_timer_start(self->host, self->timer, PATIENCE_NS);
}

static void begin(struct rtc *self, gn_local now)
{
    self->begun = now;
    if (rtc_write_if_due(self))
        return;
    gn_source_poll(self->host, self->source);
    if (!rtc_grasp(self))
        return;
    tell_battery(self);
    rtc_await_edge(self);
}

static void on_timer(void *arg, gn_local now)
{
    struct rtc *self = arg;
    now = gn_now(self->host); /* the timer says when it was due */
    switch (self->phase) {
    case RTC_RESTING:
        begin(self, now);
        break;
    case RTC_INTERRUPTED:
        gn_log(self->host, GN_INFO, "%s: no interrupts come; it is asked instead",
               self->config->device);
        gn_device_ioctl(self->host, self->device, RTC_UIE_OFF, NULL);
        self->no_interrupts = true;
        search(self, now);
        break;
    case RTC_ASKING:
        ask(self, now);
        break;
    case RTC_WRITING:
        rtc_write_now(self);
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
    self->local_time = self->config->local_time == RTC_LOCAL_YES ||
                       (self->config->local_time == RTC_LOCAL_AUTO && adjtime_says_local(self));
    if (self->local_time)
        gn_log(self->host, GN_WARNING,
               "%s shows local time: it is wrong for hours when daylight saving begins or ends",
               self->config->device);
    if (self->local_time && gn_rtc_owner(self->host) == GN_RTC_TRACK)
        gn_log(self->host, GN_WARNING,
               "it shows local time, so it is not written on its own; gnomonctl rtc write does");
    guess_phase(self);
    rtc_load(self);
    look_for_late(self);
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
    rtc_save(self, gn_now(self->host));
}

static const char *const local_times[] = {"auto", "no", "yes", NULL};

static const struct gn_option options[] = {
    {
        .key = "device",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct rtc_config, device),
        .preset = "/dev/rtc0",
        .help = "the hardware clock",
    },
    {
        .key = "poll",
        .type = GN_OPT_INT,
        .offset = offsetof(struct rtc_config, poll_log2s),
        .preset = "6",
        .min = 3,
        .max = 17,
        .unit = "log2 s",
        .help = "interval between two measurements",
    },
    {
        .key = "local_time",
        .type = GN_OPT_CHOICE,
        .offset = offsetof(struct rtc_config, local_time),
        .preset = "auto",
        .choices = local_times,
        .help = "whether it shows the time of the zone and not UTC; auto: as /etc/adjtime says",
    },
    {
        .key = "trim",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct rtc_config, trim_s),
        .preset = "1",
        .max = 1e9,
        .unit = "s",
        .help = "with clock.rtc = \"track\" it is written when it is off by more; 0: never",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct rtc_config),
        .open = rtc_open,
        .start = rtc_start,
        .stop = rtc_stop,
        .close = free,
        .command = rtc_command,
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
