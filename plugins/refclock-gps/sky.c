/* SPDX-License-Identifier: Apache-2.0 */
#include "sky.h"

#include <string.h>

/* Receivers say most once a second, slow ones once in ten. */
#define FRESH_NS (15 * GN_NS_PER_S)

/* What a receiver says of its antenna may be rare. */
#define HEALTH_NS (70 * GN_NS_PER_S)

static void forget_fix(struct sky *sky)
{
    sky->fix = GPS_FIX_UNSAID;
    sky->valid = GPS_SILENT;
    sky->time_said = false;
    sky->satellites_used = sky->satellites_seen = -1;
    sky->hdop = 0;
}

static void forget_health(struct sky *sky)
{
    sky->antenna = GPS_ANTENNA_UNSAID;
    sky->jamming = GPS_JAMMING_UNSAID;
    sky->jam_indicator = -1;
    sky->spoofing = GPS_SILENT;
}

void sky_init(struct sky *sky)
{
    memset(sky, 0, sizeof *sky);
    forget_fix(sky);
    forget_health(sky);
}

/* ---------------------------------------------------------------- taking */

/* RMC, GGA and GNS know no more than that there is a fix. */
static bool knows_less(const struct sky *sky, const struct gps_message *message)
{
    bool vague = message->kind == GPS_RMC || message->kind == GPS_GGA || message->kind == GPS_GNS;
    return message->fix == GPS_FIX_UNSAID || (vague && message->fix == GPS_FIX_2D &&
                                              (sky->fix == GPS_FIX_3D || sky->fix == GPS_FIX_TIME));
}

static void take_fix(struct sky *sky, const struct gps_message *message, gn_local at)
{
    if (message->fix == GPS_FIX_UNSAID && message->valid == GPS_SILENT && !message->time.said &&
        message->satellites_used < 0 && message->satellites_seen < 0 && !(message->hdop > 0))
        return;
    sky->fix_at = at;
    if (!knows_less(sky, message))
        sky->fix = message->fix;
    if (message->valid != GPS_SILENT)
        sky->valid = message->valid;
    if (message->time.said && message->time.day != GPS_NO_DAY) {
        sky->time_said = true;
        sky->time = message->time;
    }
    if (message->satellites_used >= 0)
        sky->satellites_used = message->satellites_used;
    if (message->satellites_seen >= 0 && message->parts == 0)
        sky->satellites_seen = message->satellites_seen;
    if (message->hdop > 0)
        sky->hdop = message->hdop;
}

static struct gps_satellite *find(struct gps_satellite *list, size_t count,
                                  const struct gps_satellite *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].system == wanted->system && list[i].number == wanted->number)
            return &list[i];
    return NULL;
}

static bool is_told(const struct gps_satellite *told, size_t count, char system)
{
    for (size_t i = 0; i < count; i++)
        if (told[i].system == system || (told[i].system == 'G' && system == 'S'))
            return true;
    return false;
}

/* Who is used, of the systems that are spoken of. */
static void take_used(struct sky *sky, const struct gps_message *message)
{
    for (size_t i = 0; i < sky->count; i++) {
        struct gps_satellite *known = &sky->satellites[i];
        if (message->fix != GPS_FIX_NONE &&
            !is_told(message->satellites, message->satellite_count, known->system))
            continue;
        known->used = false;
        for (size_t j = 0; j < message->satellite_count; j++) {
            const struct gps_satellite *told = &message->satellites[j];
            known->used |= told->system == known->system && told->number == known->number;
        }
    }
}

/* Keep those of other systems: each tells its own satellites, or that it has none. */
static void drop_told(struct sky *sky, char system)
{
    const struct gps_satellite told = {.system = system};
    size_t kept = 0;
    for (size_t i = 0; i < sky->count; i++)
        if (!is_told(&told, 1, sky->satellites[i].system) &&
            !is_told(sky->parts, sky->coming, sky->satellites[i].system))
            sky->satellites[kept++] = sky->satellites[i];
    sky->count = kept;
}

static void add(struct gps_satellite *list, size_t *count, const struct gps_satellite *more,
                size_t size)
{
    for (size_t i = 0; i < size && *count < SKY_SATELLITES; i++)
        list[(*count)++] = more[i];
}

/* Of a satellite whose signals are told one by one the best counts. */
static void merge(struct sky *sky)
{
    for (size_t i = 0; i < sky->coming; i++) {
        struct gps_satellite *known = find(sky->satellites, sky->count, &sky->parts[i]);
        if (known == NULL)
            add(sky->satellites, &sky->count, &sky->parts[i], 1);
        else if (sky->parts[i].cn0_db_hz > known->cn0_db_hz)
            known->cn0_db_hz = sky->parts[i].cn0_db_hz;
    }
}

/* The descriptions of one system's signals follow each other. */
static void take_description(struct sky *sky, char system, uint8_t signal)
{
    if (system == '\0' && sky->coming > 0)
        system = sky->parts[0].system;
    if (system != sky->told_system || signal == sky->told_signal) {
        for (size_t i = 0; i < sky->coming; i++) {
            const struct gps_satellite *known = find(sky->satellites, sky->count, &sky->parts[i]);
            sky->parts[i].used = known != NULL && known->used;
        }
        drop_told(sky, system);
        sky->told_system = system;
        sky->told_signal = signal;
    }
    merge(sky);
    sky->satellites_seen = (int16_t)sky->count;
}

static void take_satellites(struct sky *sky, const struct gps_message *message, gn_local at)
{
    const struct gps_satellite *told = message->satellites;
    if (message->kind == GPS_GSA) {
        take_used(sky, message);
        return;
    }
    if (message->satellite_count == 0 && message->part == 0)
        return;
    sky->sky_at = at;
    if (message->parts == 0) {
        sky->count = 0;
        add(sky->satellites, &sky->count, told, message->satellite_count);
        return;
    }
    if (message->part <= 1)
        sky->coming = 0;
    add(sky->parts, &sky->coming, told, message->satellite_count);
    if (message->part < message->parts)
        return;
    take_description(sky, message->system, message->signal);
    sky->coming = 0;
}

static void take_health(struct sky *sky, const struct gps_message *message, gn_local at)
{
    if (message->antenna == GPS_ANTENNA_UNSAID && message->jamming == GPS_JAMMING_UNSAID &&
        message->jam_indicator < 0 && message->spoofing == GPS_SILENT)
        return;
    sky->health_at = at;
    if (message->antenna != GPS_ANTENNA_UNSAID)
        sky->antenna = message->antenna;
    if (message->jamming != GPS_JAMMING_UNSAID)
        sky->jamming = message->jamming;
    if (message->jam_indicator >= 0)
        sky->jam_indicator = message->jam_indicator;
    if (message->spoofing != GPS_SILENT)
        sky->spoofing = message->spoofing;
}

static void take_leap(struct sky *sky, const struct gps_message *message, gn_local at)
{
    if (message->leap_valid != GPS_SILENT) {
        sky->leap_valid = message->leap_valid;
        sky->leap_s = message->leap_s;
    }
    if (message->change_valid != GPS_SILENT) {
        sky->change_valid = message->change_valid;
        sky->change = message->change;
        sky->change_at = gn_local_add(at, message->change_in_s * GN_NS_PER_S);
    }
}

void sky_take(struct sky *sky, const struct gps_message *message, gn_local at)
{
    take_fix(sky, message, at);
    take_satellites(sky, message, at);
    take_health(sky, message, at);
    take_leap(sky, message, at);
}

void sky_age(struct sky *sky, gn_local now)
{
    if (gn_local_sub(now, sky->fix_at) > FRESH_NS)
        forget_fix(sky);
    if (gn_local_sub(now, sky->sky_at) > FRESH_NS)
        sky->count = sky->coming = 0;
    if (gn_local_sub(now, sky->health_at) > HEALTH_NS)
        forget_health(sky);
}
