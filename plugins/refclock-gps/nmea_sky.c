/* SPDX-License-Identifier: Apache-2.0 */
#include "nmea_sky.h"

#include <stddef.h>

/* ---------------------------------------------------------------- who it is */

/* Which numbers are whose, where talker and system do not tell. Spec: NMEA 0183 version 4.11, GSA;
 * from 152 on as u-blox, MediaTek and others extend them. */
static const struct {
    int first, last;
    char system;
    int number; /* of the first */
} ranges[] = {
    {1, 32, 'G', 1},    {33, 64, 'S', 120}, {65, 99, 'R', 1},   {120, 158, 'S', 120},
    {193, 202, 'J', 1}, {201, 264, 'C', 1}, {301, 336, 'E', 1}, {401, 463, 'C', 1},
};

#define RANGES (sizeof ranges / sizeof ranges[0])

/* '\0': the talker has no system of its own ("GN"). */
static char system_of_talker(const char *talker)
{
    static const char talkers[][4] = {"GPG", "GLR", "GAE", "GBC", "BDC", "GQJ", "QZJ", "GII"};
    for (size_t i = 0; i < sizeof talkers / sizeof talkers[0]; i++)
        if (talkers[i][0] == talker[0] && talkers[i][1] == talker[1])
            return talkers[i][2];
    return '\0';
}

/* As of version 4.11. */
static char system_of_id(char id)
{
    static const char systems[] = "GRECJI";
    return id >= '1' && id <= '6' ? systems[id - '1'] : '\0';
}

/* A talker's satellites have either numbers of their own, from 1 on, or those of the table; and
 * GPS speaks for SBAS, and of old for all. */
static struct gps_satellite who(char system, int number)
{
    struct gps_satellite satellite = {
        .system = system == '\0' ? '?' : system,
        .number = (uint16_t)number,
        .elevation = -128,
        .azimuth = -1,
    };
    for (size_t i = 0; i < RANGES; i++) {
        bool inside = number >= ranges[i].first && number <= ranges[i].last;
        if (!inside || (system != '\0' && system != 'G' && system != ranges[i].system))
            continue;
        satellite.system = ranges[i].system;
        satellite.number = (uint16_t)(ranges[i].number + number - ranges[i].first);
        break;
    }
    return satellite;
}

/* ---------------------------------------------------------------- GSA */

#define GSA_SATELLITES 12

/* 2 fix, 3 … 14 who is used, 15 … 17 dilutions, 18 system (4.11) */
bool nmea_read_gsa(struct gps_message *message, const struct nmea_fields *fields)
{
    int fix, number;
    char system = system_of_id(nmea_letter(nmea_field(fields, 18)));
    if (system == '\0')
        system = system_of_talker(message->talker);
    if (fields->count < 18 || !nmea_integer(nmea_field(fields, 2), 0, &fix) || fix < 1 || fix > 3 ||
        !nmea_decimal(nmea_field(fields, 16), 0, &message->hdop) || message->hdop < 0)
        return false;
    message->fix = fix == 1 ? GPS_FIX_NONE : fix == 2 ? GPS_FIX_2D : GPS_FIX_3D;
    for (size_t i = 3; i < 3 + GSA_SATELLITES; i++) {
        if (!nmea_integer(nmea_field(fields, i), 0, &number) || number < 0 || number > 999)
            return false;
        if (number == 0)
            continue;
        message->satellites[message->satellite_count] = who(system, number);
        message->satellites[message->satellite_count++].used = true;
    }
    return true;
}

/* ---------------------------------------------------------------- GSV */

#define GSV_HEAD 4
#define GSV_BLOCK 4

/* A satellite of which several signals are told is one. */
static void add(struct gps_message *message, const struct gps_satellite *satellite)
{
    for (size_t i = 0; i < message->satellite_count; i++) {
        struct gps_satellite *known = &message->satellites[i];
        if (known->system != satellite->system || known->number != satellite->number)
            continue;
        if (satellite->cn0_db_hz > known->cn0_db_hz)
            known->cn0_db_hz = satellite->cn0_db_hz;
        return;
    }
    if (message->satellite_count < GPS_SATELLITES)
        message->satellites[message->satellite_count++] = *satellite;
}

/* Number, elevation, azimuth, signal. What is outside of what can be is not known. */
static bool read_block(struct gps_message *message, const struct nmea_fields *fields, size_t at)
{
    int number, elevation, azimuth, signal;
    if (!nmea_integer(nmea_field(fields, at), 0, &number) ||
        !nmea_integer(nmea_field(fields, at + 1), -128, &elevation) ||
        !nmea_integer(nmea_field(fields, at + 2), -1, &azimuth) ||
        !nmea_integer(nmea_field(fields, at + 3), 0, &signal) || number < 0 || number > 999)
        return false;
    if (number == 0)
        return true;
    struct gps_satellite satellite = who(system_of_talker(message->talker), number);
    if (elevation >= -90 && elevation <= 90)
        satellite.elevation = (int8_t)elevation;
    if (azimuth >= 0 && azimuth <= 360)
        satellite.azimuth = (int16_t)(azimuth % 360);
    if (signal >= 0 && signal <= 99)
        satellite.cn0_db_hz = (uint8_t)signal;
    add(message, &satellite);
    return true;
}

/* One digit, hexadecimal. */
static uint8_t signal_of(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (uint8_t)(digit - '0');
    return digit >= 'A' && digit <= 'F' ? (uint8_t)(digit - 'A' + 10) : 0;
}

/* 1 parts, 2 which one, 3 in view, then the satellites, and at last the signal (4.11) */
bool nmea_read_gsv(struct gps_message *message, const struct nmea_fields *fields)
{
    int parts, part, seen;
    if (fields->count < GSV_HEAD || !nmea_integer(nmea_field(fields, 1), 0, &parts) ||
        !nmea_integer(nmea_field(fields, 2), 0, &part) ||
        !nmea_integer(nmea_field(fields, 3), 0, &seen) || part < 1 || part > parts ||
        parts > UINT8_MAX || seen < 0 || seen > 999)
        return false;
    message->parts = (uint8_t)parts;
    message->part = (uint8_t)part;
    message->satellites_seen = (int16_t)seen;
    message->system = system_of_talker(message->talker);
    size_t rest = fields->count - GSV_HEAD;
    for (size_t at = GSV_HEAD; at + GSV_BLOCK <= fields->count; at += GSV_BLOCK)
        if (!read_block(message, fields, at))
            return false;
    if (rest % GSV_BLOCK == 1)
        message->signal = signal_of(nmea_letter(nmea_field(fields, fields->count - 1)));
    return true;
}
