/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refclock-gps: a satellite receiver on a serial line or behind gpsd, with or without a pulse.
 * Here are its options and its life; what it does with what comes lies in receiver.c.
 */

#include "gps.h"

#include <errno.h>
#include <math.h>
#include <shared/pulse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFID 0x47505300u /* "GPS" */

/* How often it is looked how things stand. */
#define TICK_NS (GN_NS_PER_S / 4)

/* The time has to be good for so long before it is believed. */
#define SETTLE_S 3

/* ---------------------------------------------------------------- the options */

/* Whether the text is a day, and which; "" is none. */
static bool read_pivot(const char *text, int32_t *day)
{
    int year, month, of_month, used = 0;
    *day = GPS_NO_DAY;
    if (text[0] == '\0')
        return true;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &of_month, &used) == 3 && text[used] == '\0')
        *day = gps_day(year, month, of_month);
    return *day != GPS_NO_DAY;
}

/* What the table of options cannot say. */
static int check(struct gn_host *host, const struct gps_config *config)
{
    int32_t day;
    if (!read_pivot(config->pivot, &day))
        return gn_fail(host, -EINVAL, "pivot: \"%.32s\" is no date like 2026-01-31", config->pivot);
    if (config->pps[0] != '\0' && config->pps[0] != '/' && strcmp(config->pps, "dcd") != 0)
        return gn_fail(host, -EINVAL,
                       "pps: \"%.64s\" is neither the path of a PPS device nor \"dcd\"",
                       config->pps);
    if (config->log != NULL && config->replay != NULL)
        return gn_fail(host, -EINVAL, "log and replay: what is replayed stands in a file already");
    return gps_check_gpsd(host, config);
}

/* ---------------------------------------------------------------- how it stands */

/* The table of leap seconds tells GPS time from UTC while the receiver cannot, and of a leap second
 * that it does not announce. */
static void look_up_leap(struct gps *self, gn_local now)
{
    struct gn_state state;
    if (gn_state_read(self->host, &state) < 0)
        return;
    calendar_table(&self->calendar, state.tai_offset_s);
    calendar_told(&self->calendar, (enum gn_leap)state.leap, gn_state_utc(&state, now));
}

static void on_tick(void *arg, gn_local now)
{
    struct gps *self = arg;
    now = gn_now(self->host); /* the timer says when it was due */
    look_up_leap(self, now);
    sky_age(&self->sky, now);
    gps_end_second(self, now);
    gps_judge(self, now);
    gps_save(self, now, false);
    recorder_flush(self->recorder);
    gn_timer_start(self->host, self->tick, TICK_NS);
}

/* ---------------------------------------------------------------- the line */

static uint64_t on_received(void *arg, gn_local at, const void *bytes, size_t size)
{
    struct gps *self = arg;
    recorder_bytes(self->recorder, at, line_pace(&self->line), bytes, size);
    return gps_receive(self, at, line_pace(&self->line), bytes, size);
}

static void on_begun(void *arg)
{
    struct gps *self = arg;
    self->absent = false;
    if (self->state != GPS_STATE_SILENT) /* that was told */
        self->listened = self->line.opened;
    if (strcmp(self->config->pps, "dcd") == 0)
        gps_dcd_begin(self);
    gps_cut(self, line_pace(&self->line));
}

static void on_lost(void *arg, int error, const char *words)
{
    struct gps *self = arg;
    self->absent = true;
    gps_trouble(self, GPS_STATE_NO_DEVICE, error == -ENOENT ? GN_REASON_ABSENT : GN_REASON_DEVICE,
                "%s", words);
}

static const struct line_events line_events = {on_received, on_begun, on_lost};

/* ---------------------------------------------------------------- life */

/* All that is known of the receiver's time; what was learnt of its latency stays. */
static void forget(struct gps *self)
{
    const struct quality_config quality = {
        .min_satellites = (int)self->config->min_satellites,
        .settle_s = SETTLE_S,
        .antenna_gate = self->config->antenna_gate,
    };
    framer_reset(&self->framer);
    epoch_init(&self->epoch);
    numbering_init(&self->numbering);
    quality_init(&self->quality, &quality);
    calendar_forget(&self->calendar);
    sky_init(&self->sky);
}

/* ---------------------------------------------------------------- a file instead of it */

static void on_replay_begun(void *arg)
{
    forget(arg);
}

static void on_replay(void *arg, gn_local at, unsigned baud, const void *bytes, size_t size)
{
    struct gps *self = arg;
    if (baud != self->replayed_baud)
        gps_cut(self, baud);
    self->replayed_baud = baud;
    (void)gps_receive(self, at, baud, bytes, size);
}

static void on_replay_pulse(void *arg, gn_local at, gn_local stamp, int64_t error_ns)
{
    (void)at;
    gps_take_pulse(arg, stamp, gn_seconds(error_ns));
}

static void on_replay_ended(void *arg, int error, const char *words)
{
    struct gps *self = arg;
    self->absent = true;
    gps_trouble(self, GPS_STATE_NO_DEVICE, error == 0 ? GN_REASON_NO_REPLY : GN_REASON_DEVICE, "%s",
                words);
}

static const struct player_events player_events = {on_replay_begun, on_replay, on_replay_pulse,
                                                   on_replay_ended};

/* ---------------------------------------------------------------- beginning and end */

static int gps_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    int error = check(host, config);
    (void)shared;
    if (error < 0)
        return error;
    struct gps *self = calloc(1, sizeof *self);
    if (self == NULL)
        return gn_fail(host, -ENOMEM, "no memory");
    self->host = host;
    self->config = config;
    read_pivot(self->config->pivot, &self->pivot_day);
    framer_init(&self->framer);
    calendar_init(&self->calendar, self->pivot_day);
    latency_init(&self->latency,
                 self->config->latency_s < 0 ? (double)NAN : self->config->latency_s);
    forget(self);
    error = gps_open_gpsd(self);
    if (error < 0) {
        free(self);
        return gn_fail(host, error, "no memory");
    }
    *instance = self;
    return 0;
}

const char *gps_address(const struct gps_config *config)
{
    return config->gpsd[0] != '\0'  ? config->gpsd
           : config->replay != NULL ? config->replay
                                    : config->device;
}

static int start_input(struct gps *self)
{
    const struct gps_config *config = self->config;
    if (self->gpsd != NULL)
        return gpsd_link_start(self->gpsd);
    if (config->replay != NULL) {
        self->player = player_create(self->host, config->replay, &player_events, self);
        return self->player != NULL ? player_start(self->player) : -ENOMEM;
    }
    if (config->log != NULL)
        self->recorder = recorder_create(self->host, config->log, config->device);
    line_init(&self->line, self->host, config->device, (unsigned)config->baud, &line_events, self);
    return line_start(&self->line);
}

/* Without its device it waits for it. */
static int gps_start(void *instance)
{
    struct gps *self = instance;
    const struct gn_source_info info = {
        .size = sizeof info,
        .mode = GN_MODE_REFCLOCK,
        .address = gps_address(self->config),
        .refid = REFID,
        .is_clock = 1,
    };
    int error = gn_source_open(self->host, &info, &self->source);
    if (error == 0)
        error = gn_timer_open(self->host, on_tick, self, &self->tick);
    if (error == 0)
        error = gn_timer_start(self->host, self->tick, TICK_NS);
    if (error < 0)
        return error;
    gps_load(self);
    self->polled = self->listened = gn_now(self->host);
    error = start_input(self);
    return error < 0 ? error : gps_pulses_start(self);
}

static void gps_stop(void *instance)
{
    struct gps *self = instance;
    gps_save(self, gn_now(self->host), true);
    recorder_stop(self->recorder);
    player_stop(self->player);
}

static void gps_close(void *instance)
{
    struct gps *self = instance;
    recorder_destroy(self->recorder);
    player_destroy(self->player);
    gpsd_link_close(self->gpsd);
    free(self);
}

/* Bytes were lost while the machine slept, and its oscillator may have stood still. */
static void gps_event(void *instance, const struct gn_event *event)
{
    if (event->kind == GN_EVENT_SUSPENDED)
        forget(instance);
}

static const char *const edges[] = {"auto", "assert", "clear", NULL};

static const struct gn_option options[] = {
    {
        .key = "device",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct gps_config, device),
        .preset = GPS_PRESET_DEVICE,
        .help = "the serial line of the receiver; with gpsd the one of its devices that is heard, "
                "of several",
    },
    {
        .key = "baud",
        .type = GN_OPT_INT,
        .offset = offsetof(struct gps_config, baud),
        .preset = "0",
        .max = 4000000,
        .unit = "baud",
        .help = "speed of the line; 0: it is found by what comes",
    },
    {
        .key = "pps",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct gps_config, pps),
        .preset = "",
        .help = "where its pulse comes in: the path of a PPS device, or \"dcd\" for the carrier "
                "pin of the line; empty: there is none",
    },
    {
        .key = "gpsd",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct gps_config, gpsd),
        .preset = "",
        .help = "HOST:PORT of a gpsd that has the receiver; baud, log and replay are not used then",
    },
    {
        .key = "edge",
        .type = GN_OPT_CHOICE,
        .offset = offsetof(struct gps_config, edge),
        .preset = "auto",
        .choices = edges,
        .help = "the edge of a pulse that marks the second; auto: the one that begins the shorter "
                "half",
    },
    {
        .key = "width",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct gps_config, width_s),
        .preset = "0",
        .max = 0.999,
        .unit = "s",
        .help = "how long a pulse is; others are refused; 0: any length",
    },
    {
        .key = "latency",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct gps_config, latency_s),
        .preset = "-1",
        .min = -1,
        .max = 2,
        .unit = "s",
        .help = "how long after the second a message begins; below 0: it is learnt",
    },
    {
        .key = "cable",
        .type = GN_OPT_REAL,
        .offset = offsetof(struct gps_config, cable_s),
        .preset = "0",
        .max = 1e-3,
        .unit = "s",
        .help = "how much the antenna's cable delays the pulses; about 5 ns for a metre",
    },
    {
        .key = "min_satellites",
        .type = GN_OPT_INT,
        .offset = offsetof(struct gps_config, min_satellites),
        .preset = "0",
        .max = 64,
        .help = "with fewer satellites the receiver is not believed",
    },
    {
        .key = "pivot",
        .type = GN_OPT_STRING,
        .offset = offsetof(struct gps_config, pivot),
        .preset = "",
        .help = "a date, YYYY-MM-DD; no earlier time is believed, of the receivers whose weeks "
                "have rolled over",
    },
    {
        .key = "antenna_gate",
        .type = GN_OPT_BOOL,
        .offset = offsetof(struct gps_config, antenna_gate),
        .preset = "true",
        .help = "not to believe a receiver that says that its antenna is open or short",
    },
    {
        .key = "log",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct gps_config, log),
        .help = "a file that all that the receiver sends is appended to",
    },
    {
        .key = "replay",
        .type = GN_OPT_PATH,
        .offset = offsetof(struct gps_config, replay),
        .help = "such a file, to be read instead of a device",
    },
};

static const struct gn_role roles[] = {
    {
        .kind = GN_SOURCE,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .option_size = sizeof(struct gn_option),
        .config_size = sizeof(struct gps_config),
        .open = gps_open,
        .start = gps_start,
        .stop = gps_stop,
        .close = gps_close,
        .event = gps_event,
        .command = gps_command,
    },
};

GN_PLUGIN = {
    GN_PLUGIN_HEAD,
    .name = "refclock-gps",
    .version = PACKAGE_VERSION,
    .summary = "A satellite receiver, with or without a pulse",
    .roles = roles,
    .role_count = sizeof(roles) / sizeof(roles[0]),
};
