/* SPDX-License-Identifier: Apache-2.0 */
#include "nmea.h"

#include "nmea_fields.h"
#include "nmea_maker.h"
#include "nmea_sky.h"

#include <string.h>

#define TALKER 2

/* Which fixes have no sky behind them. Spec: NMEA 0183, mode indicator: A autonomous,
 * D differential, E estimated, F float RTK, M manual, N none, P precise, R RTK, S simulator. */
static bool is_estimated(char mode)
{
    return mode == 'E' || mode == 'M' || mode == 'S';
}

static bool is_fix(char mode)
{
    return mode != '\0' && strchr("ADFPR", mode) != NULL;
}

static bool read_used(struct gps_message *message, struct nmea_field used, struct nmea_field hdop)
{
    int satellites;
    if (!nmea_integer(used, -1, &satellites) || satellites > 999 || satellites < -1 ||
        !nmea_decimal(hdop, 0, &message->hdop) || message->hdop < 0)
        return false;
    message->satellites_used = (int16_t)satellites;
    return true;
}

/* 1 time, 2 status, 9 date, 12 mode (2.3), 13 navigational status (4.1) */
static bool read_rmc(struct gps_message *message, const struct nmea_fields *fields)
{
    char status = nmea_letter(nmea_field(fields, 2)), mode = nmea_letter(nmea_field(fields, 12));
    if (fields->count < 10 || (status != 'A' && status != 'V') ||
        !nmea_time(nmea_field(fields, 1), &message->time) ||
        !nmea_date(nmea_field(fields, 9), &message->time))
        return false;
    bool good = status == 'A' && mode != 'N';
    message->valid = good ? GPS_YES : GPS_NO;
    message->fix = is_estimated(mode) ? GPS_FIX_ESTIMATED : good ? GPS_FIX_2D : GPS_FIX_NONE;
    return true;
}

/* 1 time, 2 day, 3 month, 4 year, 5 and 6 the zone of somebody's clock */
static bool read_zda(struct gps_message *message, const struct nmea_fields *fields)
{
    int day, month, year;
    if (fields->count < 5 || !nmea_time(nmea_field(fields, 1), &message->time) ||
        !nmea_integer(nmea_field(fields, 2), 0, &day) ||
        !nmea_integer(nmea_field(fields, 3), 0, &month) ||
        !nmea_integer(nmea_field(fields, 4), 0, &year))
        return false;
    if (day == 0 && month == 0)
        return true;
    message->time.day = gps_day(year, month, day);
    return message->time.day != GPS_NO_DAY;
}

/* 1 time, 6 quality, 7 satellites used, 8 dilution */
static bool read_gga(struct gps_message *message, const struct nmea_fields *fields)
{
    int quality;
    if (fields->count < 9 || !nmea_time(nmea_field(fields, 1), &message->time) ||
        !nmea_integer(nmea_field(fields, 6), 0, &quality) || quality < 0 ||
        !read_used(message, nmea_field(fields, 7), nmea_field(fields, 8)))
        return false;
    message->valid = quality > 0 ? GPS_YES : GPS_NO;
    /* 6 estimated, 7 manual, 8 simulator */
    message->fix = quality == 0 ? GPS_FIX_NONE : quality < 6 ? GPS_FIX_2D : GPS_FIX_ESTIMATED;
    return true;
}

/* 1 time, 6 a mode for each system, 7 satellites used, 8 dilution */
static bool read_gns(struct gps_message *message, const struct nmea_fields *fields)
{
    struct nmea_field modes = nmea_field(fields, 6);
    bool fix = false, estimated = false;
    if (fields->count < 9 || !nmea_time(nmea_field(fields, 1), &message->time) ||
        !read_used(message, nmea_field(fields, 7), nmea_field(fields, 8)))
        return false;
    for (size_t i = 0; i < modes.size; i++) {
        fix = fix || is_fix(modes.at[i]);
        estimated = estimated || is_estimated(modes.at[i]);
    }
    if (modes.size == 0) /* each system has a sentence of its own, and this one no word for it */
        return true;
    message->valid = fix || estimated ? GPS_YES : GPS_NO;
    message->fix = fix ? GPS_FIX_2D : estimated ? GPS_FIX_ESTIMATED : GPS_FIX_NONE;
    return true;
}

/* ---------------------------------------------------------------- which it is */

struct reader {
    const char *name;
    enum gps_kind kind;
    bool (*read)(struct gps_message *, const struct nmea_fields *);
};

static const struct reader readers[] = {
    {"RMC", GPS_RMC, read_rmc},      {"ZDA", GPS_ZDA, read_zda},
    {"GGA", GPS_GGA, read_gga},      {"GNS", GPS_GNS, read_gns},
    {"GSA", GPS_GSA, nmea_read_gsa}, {"GSV", GPS_GSV, nmea_read_gsv},
    {"TXT", GPS_TXT, nmea_read_txt},
};

static const struct reader *reader_of(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
        if (size == strlen(readers[i].name) && memcmp(name, readers[i].name, size) == 0)
            return &readers[i];
    return NULL;
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

bool nmea_read(struct gps_message *message, const void *sentence, size_t size)
{
    struct nmea_fields fields;
    gps_message_init(message, GPS_OTHER);
    nmea_split(&fields, sentence, size);
    struct nmea_field address = fields.field[0];
    if (address.size < 3 || !is_capital(address.at[0]) || !is_capital(address.at[1]))
        return false;
    if (address.at[0] == 'P') {
        message->talker[0] = 'P';
        return nmea_read_maker(message, &fields);
    }
    memcpy(message->talker, address.at, TALKER);
    const struct reader *reader = reader_of(address.at + TALKER, address.size - TALKER);
    if (reader == NULL)
        return true;
    message->kind = reader->kind;
    return reader->read(message, &fields);
}
