/* SPDX-License-Identifier: Apache-2.0 */
#include "gpsd_report.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- values */

/* What is not there leaves the value alone; what is of another type or out of range is refused. */
static bool number(const json_t *object, const char *key, double min, double max, double *value)
{
    const json_t *found = json_object_get(object, key);
    if (found == NULL)
        return true;
    double read = json_number_value(found);
    if (!json_is_number(found) || !(read >= min && read <= max))
        return false;
    *value = read;
    return true;
}

static bool integer(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *value)
{
    const json_t *found = json_object_get(object, key);
    if (found == NULL)
        return true;
    json_int_t read = json_integer_value(found);
    if (!json_is_integer(found) || read < min || read > max)
        return false;
    *value = read;
    return true;
}

static bool digits(const char *text, size_t count, int64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *value = *value * 10 + (text[i] - '0');
    }
    return true;
}

/* ".283" → ns; at most nine digits, and nothing is a whole second. Returns where it ends. */
static const char *fraction(const char *text, int64_t *ns)
{
    int64_t unit = GN_NS_PER_S;
    *ns = 0;
    if (*text != '.')
        return text;
    for (text++; *text >= '0' && *text <= '9' && unit > 1; text++) {
        unit /= 10;
        *ns += (*text - '0') * unit;
    }
    return text;
}

/* What comes later has no room in nanoseconds. */
#define LAST_YEAR 2261

/* "2005-06-08T10:34:48.283Z" */
static bool timestamp(const char *text, struct gps_time *time)
{
    int64_t year, month, day, hour, minute, second, ns;
    if (strlen(text) < sizeof "2005-06-08T10:34:48Z" - 1 || !digits(text, 4, &year) ||
        text[4] != '-' || !digits(text + 5, 2, &month) || text[7] != '-' ||
        !digits(text + 8, 2, &day) || text[10] != 'T' || !digits(text + 11, 2, &hour) ||
        text[13] != ':' || !digits(text + 14, 2, &minute) || text[16] != ':' ||
        !digits(text + 17, 2, &second))
        return false;
    if (strcmp(fraction(text + 19, &ns), "Z") != 0 || hour > 23 || minute > 59 || second > 60 ||
        year > LAST_YEAR)
        return false;
    time->day = gps_day((int)year, (int)month, (int)day);
    time->ns = ((hour * 60 + minute) * 60 + second) * GN_NS_PER_S + ns;
    if (second == 60 && (hour != 23 || minute != 59))
        return false;
    time->said = true;
    return time->day != GPS_NO_DAY;
}

/* "time" of an object, which may not be there. */
static bool time_of(const json_t *object, struct gps_time *time)
{
    const json_t *found = json_object_get(object, "time");
    if (found == NULL)
        return true;
    return json_is_string(found) && timestamp(json_string_value(found), time);
}

/* Two numbers of which both have to be there. */
static bool instant(const json_t *object, const char *s_key, const char *ns_key, gn_utc *utc)
{
    int64_t s = -1, ns = -1;
    if (!integer(object, s_key, 0, INT64_MAX / GN_NS_PER_S - 1, &s) || s < 0 ||
        !integer(object, ns_key, 0, GN_NS_PER_S - 1, &ns) || ns < 0)
        return false;
    *utc = (gn_utc){s * GN_NS_PER_S + ns};
    return true;
}

static void set_time(struct gps_time *time, gn_utc utc)
{
    const int64_t day_ns = 86400 * GN_NS_PER_S;
    time->said = true;
    time->day = (int32_t)(utc.ns / day_ns);
    time->ns = utc.ns % day_ns;
}

/* ---------------------------------------------------------------- TPV */

static enum gps_fix fix_of(int64_t mode, int64_t status)
{
    enum { DEAD_RECKONING = 5, SURVEYED = 7, SIMULATED = 8 };
    if (mode < 2)
        return mode == 1 ? GPS_FIX_NONE : GPS_FIX_UNSAID;
    if (status == DEAD_RECKONING || status == SIMULATED)
        return GPS_FIX_ESTIMATED;
    if (status == SURVEYED)
        return GPS_FIX_TIME;
    return mode == 2 ? GPS_FIX_2D : GPS_FIX_3D;
}

static bool health_of(struct gps_message *message, const json_t *object)
{
    static const enum gps_antenna states[] = {GPS_ANTENNA_UNSAID, GPS_ANTENNA_OK, GPS_ANTENNA_OPEN,
                                              GPS_ANTENNA_SHORT};
    int64_t antenna = 0, jamming = -1;
    if (!integer(object, "ant", 0, 3, &antenna) || !integer(object, "jam", 0, 255, &jamming))
        return false;
    message->antenna = states[antenna];
    message->jam_indicator = (int16_t)jamming;
    return true;
}

/* gpsd gives the leap seconds only where a satellite has told them. */
static bool leap_of(struct gps_message *message, const json_t *object)
{
    int64_t leap_s = -1;
    if (!integer(object, "leapseconds", 0, 127, &leap_s))
        return false;
    if (leap_s >= 0) {
        message->leap_valid = GPS_YES;
        message->leap_s = (int16_t)leap_s;
    }
    return true;
}

static const char *read_tpv(struct gps_message *message, const json_t *object)
{
    int64_t mode = -1, status = 0;
    double ept_s = 0;
    if (!integer(object, "mode", 0, 3, &mode) || mode < 0)
        return "its mode is not 0 … 3";
    if (!integer(object, "status", 0, 255, &status))
        return "no such status";
    if (!time_of(object, &message->time))
        return "no such time";
    if (!number(object, "ept", 0, 1e12, &ept_s))
        return "no such ept";
    if (!leap_of(message, object))
        return "no such leapseconds";
    if (!health_of(message, object))
        return "no such ant or jam";
    message->fix = fix_of(mode, status);
    message->valid = mode == 1 ? GPS_NO : mode > 1 && message->time.said ? GPS_YES : GPS_SILENT;
    message->time.accuracy_s = ept_s / 2; /* guessed to be of 95 % */
    return NULL;
}

/* ---------------------------------------------------------------- SKY */

/* Systems as gpsd numbers them, after u-blox. */
static char system_of(int64_t gnssid)
{
    static const char systems[] = "GSEC?JR";
    return gnssid < (int64_t)sizeof systems - 1 ? systems[gnssid] : '?';
}

/* Before gpsd told the system, the number did, as in NMEA. */
static void identify(struct gps_satellite *satellite, int64_t prn)
{
    static const struct {
        int64_t last;
        char system;
        int64_t offset; /* of the system's own number */
    } ranges[] = {
        {32, 'G', 0},  {64, 'S', -87},  {96, 'R', 64},   {99, '?', 0},  {164, 'S', 0},
        {192, '?', 0}, {200, 'J', 192}, {263, 'C', 200}, {300, '?', 0}, {336, 'E', 300},
        {400, '?', 0}, {463, 'C', 400}, {65535, '?', 0},
    };
    size_t i = 0;
    while (prn > ranges[i].last)
        i++;
    satellite->system = ranges[i].system;
    satellite->number = (uint16_t)(prn - ranges[i].offset);
}

static const char *read_satellite(struct gps_satellite *satellite, const json_t *object)
{
    int64_t prn = -1, gnssid = -1, svid = -1;
    double elevation = -128, azimuth = -1, signal = 0;
    const json_t *used = json_object_get(object, "used");
    if (!json_is_object(object) || !integer(object, "PRN", 0, 65535, &prn) ||
        !integer(object, "gnssid", 0, 255, &gnssid) || !integer(object, "svid", 0, 65535, &svid) ||
        (prn < 0 && (gnssid < 0 || svid < 0)))
        return "a satellite without a number";
    if (!number(object, "el", -128, 360, &elevation) ||
        !number(object, "az", -360, 720, &azimuth) || !number(object, "ss", -1, 254, &signal) ||
        (used != NULL && !json_is_boolean(used)))
        return "a satellite that cannot be";
    memset(satellite, 0, sizeof *satellite);
    if (gnssid >= 0 && svid >= 0) {
        satellite->system = system_of(gnssid);
        satellite->number = (uint16_t)svid;
    } else {
        identify(satellite, prn);
    }
    satellite->elevation = (int8_t)(fabs(elevation) <= 90 ? lround(elevation) : -128);
    satellite->azimuth = (int16_t)(azimuth >= 0 && azimuth <= 360 ? lround(azimuth) % 360 : -1);
    satellite->cn0_db_hz = (uint8_t)(signal > 0 ? lround(signal) : 0);
    satellite->used = json_is_true(used);
    return NULL;
}

/* A satellite is told once for each of its signals. */
static void add_satellite(struct gps_message *message, const struct gps_satellite *satellite)
{
    for (size_t i = 0; i < message->satellite_count; i++) {
        struct gps_satellite *known = &message->satellites[i];
        if (known->system != satellite->system || known->number != satellite->number)
            continue;
        known->used = known->used || satellite->used;
        if (known->cn0_db_hz < satellite->cn0_db_hz)
            known->cn0_db_hz = satellite->cn0_db_hz;
        return;
    }
    if (message->satellite_count < GPS_SATELLITES)
        message->satellites[message->satellite_count++] = *satellite;
}

static const char *read_satellites(struct gps_message *message, const json_t *list)
{
    int16_t used = 0;
    if (!json_is_array(list))
        return "its satellites are no list";
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct gps_satellite satellite;
        const char *why = read_satellite(&satellite, json_array_get(list, i));
        if (why != NULL)
            return why;
        add_satellite(message, &satellite);
    }
    for (size_t i = 0; i < message->satellite_count; i++)
        used = (int16_t)(used + message->satellites[i].used);
    message->satellites_seen = (int16_t)message->satellite_count;
    message->satellites_used = used;
    return NULL;
}

/* gpsd may give the precision of the position alone; that says nothing of the satellites. */
static const char *read_sky(struct gps_message *message, const json_t *object)
{
    const json_t *list = json_object_get(object, "satellites");
    int64_t seen = -1, used = -1;
    const char *why = list != NULL ? read_satellites(message, list) : NULL;
    if (why != NULL)
        return why;
    if (!integer(object, "nSat", 0, 1000, &seen) || !integer(object, "uSat", 0, 1000, &used))
        return "no such number of satellites";
    if (!number(object, "hdop", 0, 1e6, &message->hdop))
        return "no such hdop";
    if (used >= 0)
        message->satellites_used = (int16_t)used;
    if (seen > message->satellites_seen && list == NULL)
        message->satellites_seen = (int16_t)seen;
    return NULL;
}

/* ---------------------------------------------------------------- PPS, TOFF */

static const char *read_pps(struct gps_message *message, const json_t *object)
{
    int64_t precision = 0;
    double error_ps = 0;
    gn_utc real;
    if (!instant(object, "real_sec", "real_nsec", &real) ||
        !instant(object, "clock_sec", "clock_nsec", &message->pulse_at))
        return "no such instants";
    if (!integer(object, "precision", -64, 0, &precision))
        return "no such precision";
    if (!number(object, "qErr", -1e9, 1e9, &error_ps))
        return "no such qErr";
    set_time(&message->pulse, real);
    message->pulse.accuracy_s = ldexp(precision != 0 ? 1 : 0, (int)precision);
    message->pulse_said = true;
    message->pulse_error_s = -error_ps * 1e-12; /* gpsd hands on what UBX-TIM-TP says */
    return NULL;
}

static const char *read_toff(struct gps_message *message, const json_t *object)
{
    gn_utc real;
    if (!instant(object, "real_sec", "real_nsec", &real) ||
        !instant(object, "clock_sec", "clock_nsec", &message->heard_at))
        return "no such instants";
    set_time(&message->time, real);
    return NULL;
}

const char *gpsd_report_read(struct gps_message *message, const json_t *object)
{
    switch (message->kind) {
    case GPSD_TPV:
        return read_tpv(message, object);
    case GPSD_SKY:
        return read_sky(message, object);
    case GPSD_PPS:
        return read_pps(message, object);
    case GPSD_TOFF:
        return read_toff(message, object);
    default:
        return NULL;
    }
}
