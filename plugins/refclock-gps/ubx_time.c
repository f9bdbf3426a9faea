/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of the protocol that tell time: classes NAV and TIM. */
#include "ubx_internal.h"

#include <stdio.h>

#define GPS_EPOCH_DAY 3657 /* 1980-01-06 */
#define DAY_NS (86400 * GN_NS_PER_S)
#define NS_PER_MS 1000000

/* BeiDou time began with GPS time's 14 leap seconds gone. */
#define BEIDOU_BEHIND_NS (14 * GN_NS_PER_S)

/* A week of GPS, and what is past of it: less than none, or more than a week, is the next one's. */
static void set_week(struct gps_time *time, int week, int64_t ns)
{
    int64_t days = ns / DAY_NS;
    ns %= DAY_NS;
    if (ns < 0) {
        ns += DAY_NS;
        days--;
    }
    time->said = true;
    time->day = (int32_t)(GPS_EPOCH_DAY + week * 7 + days);
    time->ns = ns;
}

/* ---------------------------------------------------------------- TIM */

enum time_base { BASE_GPS, BASE_GLONASS, BASE_BEIDOU, BASE_GALILEO, BASE_NAVIC };

/* The seconds of Galileo and NavIC are those of GPS. Which weeks they count is not told: only the
 * time of day is taken. GLONASS has no weeks. */
static void set_base(struct gps_time *pulse, int base)
{
    pulse->said = base != BASE_GLONASS && base <= BASE_NAVIC;
    if (base != BASE_GPS)
        pulse->day = GPS_NO_DAY;
}

/* 0 ms of week, 4 parts of a millisecond, 8 error in ps, 12 week, 14 flags, 15 time base.
 *
 * The sign: an interval counter that is started by a reference and stopped by the pulse becomes
 * smooth when the message's error is added (measured with an F9T, A. Wallin 2019).
 * So the message tells how much the pulse comes early; we tell how much late. */
bool ubx_tim_tp(struct gps_message *message, struct ubx_payload payload)
{
    const uint8_t *in = payload.in;
    uint8_t flags = in[14];
    bool utc = flags & 1, utc_known = flags & 2, error_invalid = flags & 16;
    int base = in[15] & 15;
    int64_t ns = (int64_t)ubx_u4(in) * NS_PER_MS +
                 (int64_t)(((uint64_t)ubx_u4(in + 4) * NS_PER_MS + (UINT64_C(1) << 31)) >> 32);
    message->pulse_said = true;
    message->pulse.scale = utc ? GPS_SCALE_UTC : GPS_SCALE_GPS;
    set_week(&message->pulse, ubx_u2(in + 12),
             !utc && base == BASE_BEIDOU ? ns + BEIDOU_BEHIND_NS : ns);
    if (!utc)
        set_base(&message->pulse, base);
    if (utc)
        message->pulse.resolved = utc_known ? GPS_YES : GPS_NO;
    if (!error_invalid)
        message->pulse_error_s = -(double)ubx_i4(in + 8) * 1e-12;
    return true;
}

/* 0 seconds, 16 variance in mm², 20 observations, 24 done, 25 going on */
bool ubx_tim_svin(struct gps_message *message, struct ubx_payload payload)
{
    const uint8_t *in = payload.in;
    const char *state = in[25] ? "goes on" : in[24] ? "is done" : "is off";
    snprintf(message->words, sizeof message->words, "survey-in %s: %u s, %u observations", state,
             (unsigned)ubx_u4(in), (unsigned)ubx_u4(in + 20));
    return true;
}

/* ---------------------------------------------------------------- NAV */

/* 0 ms of week, 4 ns more, 8 week, 10 leap seconds, 11 valid, 12 accuracy in ns */
bool ubx_nav_timegps(struct gps_message *message, struct ubx_payload payload)
{
    const uint8_t *in = payload.in;
    bool tow = in[11] & 1, week = in[11] & 2;
    message->valid = tow && week ? GPS_YES : GPS_NO;
    message->leap_valid = in[11] & 4 ? GPS_YES : GPS_NO;
    message->leap_s = (int8_t)in[10];
    if (!tow)
        return true;
    message->time.scale = GPS_SCALE_GPS;
    message->time.accuracy_s = ubx_u4(in + 12) * 1e-9;
    set_week(&message->time, (int16_t)ubx_u2(in + 8),
             (int64_t)ubx_u4(in) * NS_PER_MS + ubx_i4(in + 4));
    if (!week)
        message->time.day = GPS_NO_DAY;
    return true;
}

/* Year (2 bytes), month, day, hour, minute, second. The fraction may be less than none: the second
 * is a rounded one. Of a date that is not right nothing is taken. */
static bool set_civil(struct gps_time *time, const uint8_t *in, int32_t fraction_ns, bool date)
{
    int of_day = (in[4] * 60 + in[5]) * 60 + in[6];
    if (in[4] > 23 || in[5] > 59 || in[6] > 60 || (in[6] == 60 && of_day != 86400) ||
        fraction_ns < -GN_NS_PER_S || fraction_ns > GN_NS_PER_S)
        return false;
    time->said = true;
    time->scale = GPS_SCALE_UTC;
    time->ns = of_day * GN_NS_PER_S + fraction_ns;
    if (date && (time->day = gps_day(ubx_u2(in), in[2], in[3])) == GPS_NO_DAY)
        return false;
    if (time->ns < 0) {
        time->ns += DAY_NS;
        time->day -= date;
    }
    return true;
}

/* Two bits for the time, one more for its leap seconds. Without that one it is UTC by a preset: not
 * to be followed, and no word against what others of its messages vouch for. */
static void set_valid(struct gps_message *message, uint8_t bits)
{
    bool time = (bits & 3) == 3, leap = bits & 4;
    message->valid = time && leap ? GPS_YES : time ? GPS_SILENT : GPS_NO;
    message->time.resolved = leap ? GPS_YES : GPS_NO;
}

/* Which laboratory's UTC it is. */
static const char *utc_standard(unsigned standard)
{
    static const char *const names[] = {
        "",         "UTC (NICT)", "UTC (NIST)", "UTC (USNO)", "UTC (BIPM)", "UTC of Europe",
        "UTC (SU)", "UTC (NTSC)", "UTC (NPLI)",
    };
    return standard < sizeof names / sizeof names[0] ? names[standard] : "";
}

/* 4 accuracy in ns, 8 fraction in ns, 12 date and time, 19 valid: time of week, week, UTC */
bool ubx_nav_timeutc(struct gps_message *message, struct ubx_payload payload)
{
    const uint8_t *in = payload.in;
    set_valid(message, in[19]);
    message->time.accuracy_s = ubx_u4(in + 4) * 1e-9;
    snprintf(message->words, sizeof message->words, "%s", utc_standard(in[19] >> 4));
    return !(in[19] & 1) || set_civil(&message->time, in + 12, ubx_i4(in + 8), in[19] & 2);
}

static enum gps_fix pvt_fix(uint8_t type, bool good)
{
    static const enum gps_fix fixes[] = {GPS_FIX_NONE, GPS_FIX_ESTIMATED, GPS_FIX_2D,
                                         GPS_FIX_3D,   GPS_FIX_3D,        GPS_FIX_TIME};
    return good && type < sizeof fixes / sizeof fixes[0] ? fixes[type] : GPS_FIX_NONE;
}

/* 4 date and time, 11 valid: date, time, fully resolved; 12 accuracy in ns, 16 fraction in ns,
 * 20 kind of fix, 21 flags, 23 satellites */
bool ubx_nav_pvt(struct gps_message *message, struct ubx_payload payload)
{
    const uint8_t *in = payload.in;
    set_valid(message, in[11]);
    message->fix = pvt_fix(in[20], in[21] & 1);
    message->satellites_used = in[23];
    message->time.accuracy_s = ubx_u4(in + 12) * 1e-9;
    return !(in[11] & 2) || set_civil(&message->time, in + 4, ubx_i4(in + 16), in[11] & 1);
}

/* Which sources of the count are satellites: difference of GPS and GLONASS, GPS, SBAS, BeiDou,
 * Galileo, NavIC. The others: firmware, aiding, settings, unknown. */
static bool from_satellite(uint8_t source)
{
    return (source >= 1 && source <= 5) || source == 8;
}

/* 8 source, 9 count, 10 source of the change, 11 change, 12 seconds until it, 23 valid: count,
 * seconds until it. A change that is past is none. */
bool ubx_nav_timels(struct gps_message *message, struct ubx_payload payload)
{
    const uint8_t *in = payload.in;
    int32_t until_s = ubx_i4(in + 12);
    int8_t change = (int8_t)in[11];
    message->leap_valid = (in[23] & 1) && from_satellite(in[8]) ? GPS_YES : GPS_NO;
    message->leap_s = (int8_t)in[9];
    message->change_valid = (in[23] & 2) && in[10] != 0 ? GPS_YES : GPS_NO;
    if (message->change_valid == GPS_YES && until_s > 0 && (change == 1 || change == -1)) {
        message->change = change;
        message->change_in_s = until_s;
    }
    return true;
}

/* 4 offset of its clock in ns, 8 drift in ns/s, 12 accuracy in ns */
bool ubx_nav_clock(struct gps_message *message, struct ubx_payload payload)
{
    const uint8_t *in = payload.in;
    message->time.accuracy_s = ubx_u4(in + 12) * 1e-9;
    snprintf(message->words, sizeof message->words, "its clock: %d ns, %d ns/s",
             (int)ubx_i4(in + 4), (int)ubx_i4(in + 8));
    return true;
}
