/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_MESSAGE_H
#define REFCLOCK_GPS_MESSAGE_H

/**
 * What one message of a receiver says, whatever language it came in.
 *
 * The readers of NMEA, UBX and gpsd's JSON fill it, each what its message says and nothing else;
 * who gathers the messages of a second (epoch) knows no language.
 */

#include <gnomon/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Which message it is; each has a latency of its own. */
enum gps_kind {
    GPS_OTHER = 0, /* understood, and it says nothing that is of use */
    GPS_RMC,
    GPS_ZDA,
    GPS_GGA,
    GPS_GNS,
    GPS_GSA,
    GPS_GSV,
    GPS_TXT,
    GPS_PUBX_TIME,
    GPS_NAV_PVT,
    GPS_NAV_TIMEUTC,
    GPS_NAV_TIMEGPS,
    GPS_NAV_TIMELS,
    GPS_NAV_SAT,
    GPS_NAV_CLOCK,
    GPS_NAV_STATUS,
    GPS_NAV_DOP,
    GPS_TIM_TP,
    GPS_TIM_SVIN,
    GPS_MON_HW,
    GPS_MON_RF,
    GPS_SEC_SIG,
    GPSD_VERSION,
    GPSD_DEVICES,
    GPSD_TPV,
    GPSD_SKY,
    GPSD_PPS,
    GPSD_TOFF,
    GPSD_ERROR,
    GPS_KINDS
};

/** A date where none was said. */
#define GPS_NO_DAY INT32_MIN

enum gps_scale {
    GPS_SCALE_UTC,
    GPS_SCALE_GPS, /* without leap seconds, as of 1980-01-06; ahead of UTC by leap_s */
};

/** What a message says about a thing that it may not speak of. */
enum gps_answer { GPS_SILENT, GPS_NO, GPS_YES };

/** The instant a message speaks about. */
struct gps_time {
    bool said; /* the rest counts */
    enum gps_scale scale;
    int32_t day;              /* since 1970-01-01; GPS_NO_DAY: only the time of day was said */
    bool two_digits;          /* of the year: the century is a guess, 1980 … 2079 */
    int64_t ns;               /* of the day; from 86400 s: within an inserted second */
    double accuracy_s;        /* as the receiver estimates it, 1 sigma; 0 unknown */
    enum gps_answer resolved; /* UTC by a leap count that a satellite has told; NO: by a preset */
};

enum gps_fix {
    GPS_FIX_UNSAID,
    GPS_FIX_NONE,
    GPS_FIX_2D,
    GPS_FIX_3D,
    GPS_FIX_TIME,      /* a known position: one satellite is enough */
    GPS_FIX_ESTIMATED, /* dead reckoning, simulator, manual input: no sky behind it */
};

enum gps_antenna { GPS_ANTENNA_UNSAID, GPS_ANTENNA_OK, GPS_ANTENNA_SHORT, GPS_ANTENNA_OPEN };

enum gps_jamming {
    GPS_JAMMING_UNSAID,
    GPS_JAMMING_NONE,
    GPS_JAMMING_WARNING,  /* there is, and a fix */
    GPS_JAMMING_CRITICAL, /* there is, and no fix */
};

/** A satellite in view. */
struct gps_satellite {
    char system;       /* 'G'PS, 'R' GLONASS, 'E' Galileo, 'C' BeiDou, 'J' QZSS, 'I' NavIC … */
    uint16_t number;   /* as of the system */
    int8_t elevation;  /* degrees; -128 unknown */
    int16_t azimuth;   /* degrees; -1 unknown */
    uint8_t cn0_db_hz; /* signal over noise; 0: not received */
    bool used;
};

#define GPS_SATELLITES 64 /* of a message */

struct gps_message {
    enum gps_kind kind;
    char talker[3]; /* NMEA: "GP", "GN", … */

    struct gps_time time;
    gn_utc heard_at;       /* gpsd: the system clock's stamp of when `time` came; .ns 0: none */
    enum gps_answer valid; /* whether the receiver vouches for time and date */
    enum gps_fix fix;
    int16_t satellites_used; /* -1 unsaid */
    int16_t satellites_seen; /* -1 unsaid */
    double hdop;             /* 0 unsaid */

    /* Leap seconds. */
    enum gps_answer leap_valid; /* heard from a satellite, no preset of the firmware */
    int16_t leap_s;             /* GPS − UTC; counts where leap_valid is said */
    enum gps_answer change_valid;
    int8_t change;       /* +1, −1: announced; 0: none is */
    int64_t change_in_s; /* until it; with a change */

    /* A pulse: the one that comes next, or, from gpsd, one that was stamped. */
    bool pulse_said;
    struct gps_time pulse; /* the instant it marks; not `said`: only its error is told */
    double pulse_error_s;  /* the pulse comes so much late (quantisation); 0: none */
    gn_utc pulse_at;       /* gpsd: the system clock's stamp; .ns 0: none */

    /* The sky; GSV says it in parts. */
    uint8_t part, parts; /* 1 … parts; 0: all that there is */
    char system;         /* GSV: whose, as above; NUL unsaid */
    uint8_t signal;      /* GSV: of the system's; each has its own parts; 0 unsaid */
    size_t satellite_count;
    struct gps_satellite satellites[GPS_SATELLITES];

    enum gps_antenna antenna;
    enum gps_jamming jamming;
    int16_t jam_indicator; /* 0 … 255, strength; -1 unsaid */
    enum gps_answer spoofing;

    char words[96]; /* of the receiver or of gpsd, for people; "" none */
};

/** Nothing said. */
void gps_message_init(struct gps_message *, enum gps_kind);

/** "RMC", "TIM-TP", "TPV", …; never NULL. */
const char *gps_kind_name(enum gps_kind);

/** Days since 1970-01-01 of a date of the Gregorian calendar; GPS_NO_DAY where there is none. */
int32_t gps_day(int year, int month, int day);

#endif
