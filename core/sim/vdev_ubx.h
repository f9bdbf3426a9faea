/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_VDEV_UBX_H
#define SIM_VDEV_UBX_H

/**
 * What a receiver of u-blox says about a second in the maker's own protocol. Pure.
 *
 * Spec: u-blox F9 interface description (protocol 27).
 */

#include <gnomon/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vdev_ubx {
    VDEV_UBX_TIM_TP,
    VDEV_UBX_NAV_PVT,
    VDEV_UBX_NAV_TIMEGPS,
    VDEV_UBX_NAV_TIMEUTC,
    VDEV_UBX_NAV_TIMELS,
    VDEV_UBX_NAV_SAT,
    VDEV_UBX_MON_RF,
    VDEV_UBX_SEC_SIG,
    VDEV_UBX_KINDS
};

#define VDEV_UBX_SATELLITES 32

struct vdev_ubx_satellite {
    uint8_t system; /* 0 GPS, 1 SBAS, 2 Galileo, 3 BeiDou, 5 QZSS, 6 GLONASS, 7 NavIC */
    uint8_t number;
    uint8_t cn0_db_hz;
    int8_t elevation; /* degrees */
    int16_t azimuth;
    bool used;
};

/** A second, as the receiver sees it. Its navigation messages are about this one, TIM-TP is about
 * the pulse of the next. */
struct vdev_ubx_second {
    gn_utc utc;    /* whole seconds; of an inserted second that of the one before */
    bool inserted; /* 23:59:60 */
    bool valid;    /* it vouches for that */
    bool untold;   /* it knows no time yet */
    uint8_t fix;   /* 0 none, 2 2D, 3 3D, 5 time only */
    int64_t gps_s; /* GPS time, since 1980-01-06 */
    int leap_s;    /* GPS − UTC as it believes, of this second */
    bool leap_valid;
    int change;          /* +1, −1: of leap_s, announced; 0: none is */
    int64_t change_in_s; /* until it */
    bool utc_pulse;      /* TIM-TP counts in UTC, not in GPS time */
    double pulse_late_s; /* the next pulse comes so late, and it knows that */
    double accuracy_s;
    int16_t
        fraction_ns;    /* of NAV-PVT and NAV-TIMEUTC: the solution is that much after the second */
    uint8_t satellites; /* in use */
    uint8_t antenna;    /* 0 being found out, 1 not known, 2 good, 3 short, 4 open */
    uint8_t jamming;    /* 0 unknown, 1 none, 2 warning, 3 critical */
    uint8_t jam_indicator;
    uint8_t spoofing; /* 0 unknown, 1 none, 2 indicated, 3 several times */
    size_t seen;      /* of `sky` */
    struct vdev_ubx_satellite sky[VDEV_UBX_SATELLITES];
};

/** "TIM-TP", "NAV-PVT", …; NULL: there is no such kind. */
const char *vdev_ubx_word(enum vdev_ubx);

/** The frame of a message. Returns its bytes; 0: there is no room for it. */
size_t vdev_ubx_say(enum vdev_ubx, const struct vdev_ubx_second *, char *out, size_t room);

/** A frame around any payload: sync bytes, length and sums. Returns its bytes; 0: no room. */
size_t vdev_ubx_frame(uint8_t ubx_class, uint8_t ubx_id, const void *payload, size_t size,
                      char *out, size_t room);

#endif
