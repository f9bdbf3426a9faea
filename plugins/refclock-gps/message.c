/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <string.h>

void gps_message_init(struct gps_message *message, enum gps_kind kind)
{
    memset(message, 0, sizeof *message);
    message->kind = kind;
    message->time.day = message->pulse.day = GPS_NO_DAY;
    message->satellites_used = message->satellites_seen = -1;
    message->jam_indicator = -1;
}

const char *gps_kind_name(enum gps_kind kind)
{
    static const char *const names[GPS_KINDS] = {
        [GPS_OTHER] = "other",
        [GPS_RMC] = "RMC",
        [GPS_ZDA] = "ZDA",
        [GPS_GGA] = "GGA",
        [GPS_GNS] = "GNS",
        [GPS_GSA] = "GSA",
        [GPS_GSV] = "GSV",
        [GPS_TXT] = "TXT",
        [GPS_PUBX_TIME] = "PUBX04",
        [GPS_NAV_PVT] = "NAV-PVT",
        [GPS_NAV_TIMEUTC] = "NAV-TIMEUTC",
        [GPS_NAV_TIMEGPS] = "NAV-TIMEGPS",
        [GPS_NAV_TIMELS] = "NAV-TIMELS",
        [GPS_NAV_SAT] = "NAV-SAT",
        [GPS_NAV_CLOCK] = "NAV-CLOCK",
        [GPS_NAV_STATUS] = "NAV-STATUS",
        [GPS_NAV_DOP] = "NAV-DOP",
        [GPS_TIM_TP] = "TIM-TP",
        [GPS_TIM_SVIN] = "TIM-SVIN",
        [GPS_MON_HW] = "MON-HW",
        [GPS_MON_RF] = "MON-RF",
        [GPS_SEC_SIG] = "SEC-SIG",
        [GPSD_VERSION] = "VERSION",
        [GPSD_DEVICES] = "DEVICES",
        [GPSD_TPV] = "TPV",
        [GPSD_SKY] = "SKY",
        [GPSD_PPS] = "PPS",
        [GPSD_TOFF] = "TOFF",
        [GPSD_ERROR] = "ERROR",
    };
    return (unsigned)kind < GPS_KINDS ? names[kind] : "other";
}

static bool leap_year(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t gps_day(int year, int month, int day)
{
    static const int before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > lengths[month - 1] + (month == 2 && leap_year(year)))
        return GPS_NO_DAY;
    int past = year - 1;
    int leaps = (past / 4 - past / 100 + past / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
    return (int32_t)((year - 1970) * 365 + leaps + before[month - 1] +
                     (month > 2 && leap_year(year)) + day - 1);
}
