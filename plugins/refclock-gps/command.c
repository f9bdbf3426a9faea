/* SPDX-License-Identifier: Apache-2.0 */

/* What gnomonctl asks: gps. */

#include "gps.h"
#include "reply.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DAY_NS (86400 * GN_NS_PER_S)
#define ROLLOVER_WEEKS 1024
#define ROLLOVER_DAYS (7 * ROLLOVER_WEEKS)

/* ---------------------------------------------------------------- words */

static const char *protocol_name(enum gps_protocol protocol)
{
    static const char *const names[] = {NULL, "nmea", "ubx", "gpsd"};
    return (unsigned)protocol < sizeof names / sizeof names[0] ? names[protocol] : NULL;
}

static const char *fix_name(enum gps_fix fix)
{
    static const char *const names[] = {"unknown", "none", "2d", "3d", "time", "estimated"};
    return (unsigned)fix < sizeof names / sizeof names[0] ? names[fix] : "unknown";
}

static const char *antenna_name(enum gps_antenna antenna)
{
    static const char *const names[] = {NULL, "ok", "short", "open"};
    return (unsigned)antenna < sizeof names / sizeof names[0] ? names[antenna] : NULL;
}

static const char *jamming_name(enum gps_jamming jamming)
{
    static const char *const names[] = {NULL, "none", "warning", "critical"};
    return (unsigned)jamming < sizeof names / sizeof names[0] ? names[jamming] : NULL;
}

static const char *system_name(char system)
{
    static const struct {
        char code;
        const char *name;
    } systems[] = {{'G', "GPS"},    {'R', "GLONASS"}, {'E', "Galileo"},
                   {'C', "BeiDou"}, {'J', "QZSS"},    {'S', "SBAS"}};
    for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++)
        if (systems[i].code == system)
            return systems[i].name;
    return NULL;
}

/* ---------------------------------------------------------------- members */

static void count_or_null(struct reply *reply, const char *key, int64_t count)
{
    if (count >= 0)
        reply_integer(reply, key, count);
    else
        reply_null(reply, key);
}

static void answer_or_null(struct reply *reply, const char *key, enum gps_answer answer)
{
    if (answer == GPS_SILENT)
        reply_null(reply, key);
    else
        reply_flag(reply, key, answer == GPS_YES);
}

/* Year, month and day of a day since 1970-01-01; days from March on count months evenly. */
static void date_of(int32_t day, int date[3])
{
    int64_t since = (int64_t)day + 719468; /* 0000-03-01 */
    int64_t era = (since >= 0 ? since : since - 146096) / 146097;
    int64_t of_era = since - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    date[2] = (int)(of_year - (153 * month + 2) / 5 + 1);
    date[1] = (int)(month < 10 ? month + 3 : month - 9);
    date[0] = (int)(year + era * 400 + (date[1] <= 2));
}

/* UTC in RFC 3339; second 60 is a leap second's. */
static void instant(struct reply *reply, const char *key, int32_t day, int64_t ns)
{
    char text[80];
    int date[3];
    bool leap = ns >= DAY_NS;
    int64_t second = leap ? 86399 : ns / GN_NS_PER_S;
    date_of(day, date);
    snprintf(text, sizeof text,
             "%04d-%02d-%02dT%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 "Z", date[0],
             date[1], date[2], second / 3600, second / 60 % 60, second % 60 + leap,
             ns % GN_NS_PER_S / 1000000);
    reply_words(reply, key, text);
}

/* ---------------------------------------------------------------- parts */

/* As the receiver says it, its weeks repaired; of GPS time only where the leap seconds are known.
 */
static void put_time(struct reply *reply, const struct sky *sky, int rollovers)
{
    const struct gps_time *time = &sky->time;
    bool gps = time->scale == GPS_SCALE_GPS;
    if (!sky->time_said || time->day == GPS_NO_DAY || (gps && sky->leap_valid != GPS_YES)) {
        reply_null(reply, "time");
        return;
    }
    int64_t ns = time->ns - (gps ? sky->leap_s * GN_NS_PER_S : 0);
    int32_t day = time->day - (ns < 0) + rollovers * ROLLOVER_DAYS;
    instant(reply, "time", day, ns < 0 ? ns + DAY_NS : ns);
}

static void put_fix(struct reply *reply, const struct gps *self)
{
    const struct sky *sky = &self->sky;
    reply_words(reply, "fix", fix_name(sky->fix));
    reply_flag(reply, "valid", sky->valid == GPS_YES);
    put_time(reply, sky, self->calendar.rollovers);
    count_or_null(reply, "satellites_used", sky->satellites_used);
    count_or_null(reply, "satellites_seen", sky->satellites_seen);
    reply_number(reply, "hdop", sky->hdop > 0 ? sky->hdop : NAN);
}

static void put_satellite(struct reply *reply, const struct gps_satellite *satellite)
{
    reply_open(reply, NULL, '{');
    reply_words(reply, "system", system_name(satellite->system));
    reply_integer(reply, "number", satellite->number);
    if (satellite->elevation != -128)
        reply_integer(reply, "elevation", satellite->elevation);
    else
        reply_null(reply, "elevation");
    count_or_null(reply, "azimuth", satellite->azimuth);
    count_or_null(reply, "cn0_db_hz", satellite->cn0_db_hz > 0 ? satellite->cn0_db_hz : -1);
    reply_flag(reply, "used", satellite->used);
    reply_close(reply, '}');
}

static void put_satellites(struct reply *reply, const struct sky *sky)
{
    reply_open(reply, "satellites", '[');
    for (size_t i = 0; i < sky->count; i++)
        put_satellite(reply, &sky->satellites[i]);
    reply_close(reply, ']');
}

static void put_air(struct reply *reply, const struct sky *sky)
{
    reply_words(reply, "antenna", antenna_name(sky->antenna));
    reply_words(reply, "jamming", jamming_name(sky->jamming));
    count_or_null(reply, "jam_indicator", sky->jam_indicator);
    answer_or_null(reply, "spoofing", sky->spoofing);
}

static void put_leap(struct reply *reply, const struct sky *sky)
{
    if (sky->leap_valid != GPS_SILENT)
        reply_integer(reply, "leap_s", sky->leap_s);
    else
        reply_null(reply, "leap_s");
    answer_or_null(reply, "leap_valid", sky->leap_valid);
    if (sky->change_valid == GPS_YES)
        reply_integer(reply, "leap_change", sky->change);
    else
        reply_null(reply, "leap_change");
}

/* Only of messages that name an instant. */
static void put_latency(struct reply *reply, const struct latency *latency, enum gps_kind kind)
{
    struct latency_guess guess = latency_predict(latency, kind);
    bool known = numbering_rule(kind) != NUMBERING_NOTHING;
    reply_number(reply, "latency_s", known ? guess.latency_s : NAN);
    reply_number(reply, "spread_s", known ? guess.spread_s : NAN);
    reply_flag(reply, "learnt", known && (guess.learnt || guess.told));
}

static void put_messages(struct reply *reply, const struct gps *self)
{
    reply_open(reply, "messages", '[');
    for (int kind = 0; kind < GPS_KINDS; kind++) {
        if (self->tally[kind].count == 0)
            continue;
        reply_open(reply, NULL, '{');
        reply_words(reply, "kind", gps_kind_name((enum gps_kind)kind));
        reply_integer(reply, "count", (int64_t)self->tally[kind].count);
        put_latency(reply, &self->latency, (enum gps_kind)kind);
        reply_close(reply, '}');
    }
    reply_close(reply, ']');
}

static const char *edge_name(enum pulse_edge edge)
{
    return edge == PULSE_ASSERT ? "assert" : edge == PULSE_CLEAR ? "clear" : NULL;
}

static void put_pulse(struct reply *reply, const struct gps *self)
{
    const struct pulses *pulses = &self->pulses;
    bool by_pin = strcmp(self->config->pps, "dcd") == 0 && !pulses->by_kernel;
    const struct pulse *pulse = by_pin ? &pulses->carrier.pulse : &pulses->pps.pulse;
    bool seen = pulses->steps > 0;
    if (self->config->pps[0] == '\0' && pulses->count == 0) {
        reply_null(reply, "pulse");
        return;
    }
    reply_open(reply, "pulse", '{');
    reply_words(reply, "device",
                self->config->pps[0] != '\0' ? self->config->pps : gps_address(self->config));
    reply_words(reply, "edge", edge_name(pulse->edge));
    reply_integer(reply, "count", (int64_t)pulses->count);
    reply_number(reply, "width_s", pulse->width_ns > 0 ? gn_seconds(pulse->width_ns) : NAN);
    reply_number(reply, "offset_s", pulses->offset_said ? pulses->offset_s : NAN);
    reply_number(reply, "jitter_s", seen ? pulses->jitter_s : NAN);
    reply_number(reply, "corrected_jitter_s",
                 seen && self->word.late_said ? pulses->corrected_jitter_s : NAN);
    reply_flag(reply, "numbered", self->numbering.numbered);
    reply_close(reply, '}');
}

static void put_bad(struct reply *reply, const struct framer_counts *counts)
{
    reply_open(reply, "bad", '{');
    reply_integer(reply, "checksum", (int64_t)counts->checksum);
    reply_integer(reply, "noise_bytes", (int64_t)counts->noise_bytes);
    reply_integer(reply, "overlong", (int64_t)counts->overlong);
    reply_close(reply, '}');
}

/* The speed of the line, or that it had when what is replayed was recorded. */
static unsigned baud(const struct gps *self)
{
    return self->player != NULL ? self->replayed_baud : self->line.speed;
}

/* ---------------------------------------------------------------- the command */

static void put_all(struct reply *reply, const struct gps *self)
{
    reply_open(reply, NULL, '{');
    reply_words(reply, "name", self->host->name);
    reply_words(reply, "device", gps_address(self->config));
    reply_words(reply, "protocol", protocol_name(self->protocol));
    count_or_null(reply, "baud", baud(self) > 0 ? (int64_t)baud(self) : -1);
    reply_words(reply, "state", gps_state_name(self->state));
    reply_words(reply, "trouble", self->trouble[0] != '\0' ? self->trouble : NULL);
    put_fix(reply, self);
    put_satellites(reply, &self->sky);
    put_air(reply, &self->sky);
    put_leap(reply, &self->sky);
    reply_integer(reply, "rollover_weeks", (int64_t)self->calendar.rollovers * ROLLOVER_WEEKS);
    put_messages(reply, self);
    put_pulse(reply, self);
    put_bad(reply, &self->framer.counts);
    reply_close(reply, '}');
}

int gps_command(void *instance, const char *name, gn_command_cb answer, void *answer_arg)
{
    const struct gps *self = instance;
    struct reply reply;
    if (strcmp(name, "gps") != 0)
        return -ENOTSUP;
    reply_init(&reply);
    put_all(&reply, self);
    bool failed = reply.failed;
    if (!failed)
        answer(answer_arg, reply.text);
    reply_finish(&reply);
    return failed ? gn_fail(self->host, -ENOMEM, "no memory") : 0;
}
