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

static void take_fix(struct sky *sky, const struct gps_message *message, gn_local at)
{
    if (message->fix == GPS_FIX_UNSAID && message->valid == GPS_SILENT && !message->time.said &&
        message->satellites_used < 0 && message->satellites_seen < 0)
        return;
    sky->fix_at = at;
    if (message->fix != GPS_FIX_UNSAID)
        sky->fix = message->fix;
    if (message->valid != GPS_SILENT)
        sky->valid = message->valid;
    if (message->time.said && message->time.day != GPS_NO_DAY) {
        sky->time_said = true;
        sky->time = message->time;
    }
    if (message->satellites_used >= 0)
        sky->satellites_used = message->satellites_used;
    if (message->satellites_seen >= 0)
        sky->satellites_seen = message->satellites_seen;
    if (message->hdop > 0)
        sky->hdop = message->hdop;
}

/* Keep those of other systems: each tells its own satellites. */
static void drop_told(struct sky *sky, const struct gps_satellite *told, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < sky->count; i++) {
        bool again = false;
        for (size_t j = 0; j < count; j++)
            again = again || sky->satellites[i].system == told[j].system;
        if (!again)
            sky->satellites[kept++] = sky->satellites[i];
    }
    sky->count = kept;
}

static void add(struct gps_satellite *list, size_t *count, const struct gps_satellite *more,
                size_t size)
{
    for (size_t i = 0; i < size && *count < SKY_SATELLITES; i++)
        list[(*count)++] = more[i];
}

static void take_satellites(struct sky *sky, const struct gps_message *message, gn_local at)
{
    const struct gps_satellite *told = message->satellites;
    bool whole = message->parts == 0;
    if (message->satellite_count == 0 && message->part == 0)
        return;
    sky->sky_at = at;
    if (whole)
        sky->count = 0;
    if (!whole && message->part <= 1)
        sky->coming = 0;
    add(whole ? sky->satellites : sky->parts, whole ? &sky->count : &sky->coming, told,
        message->satellite_count);
    if (whole || message->part < message->parts)
        return;
    drop_told(sky, sky->parts, sky->coming);
    add(sky->satellites, &sky->count, sky->parts, sky->coming);
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
