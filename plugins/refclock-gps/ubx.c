/* SPDX-License-Identifier: Apache-2.0 */
#include "ubx.h"

#include "ubx_internal.h"

/* ---------------------------------------------------------------- the sky */

/* 5 fix is good, 7 spoofing: unknown, none, indicated, several times indicated */
static bool nav_status(struct gps_message *message, struct ubx_payload payload)
{
    unsigned spoofing = payload.in[7] >> 3 & 3;
    message->spoofing = spoofing == 0 ? GPS_SILENT : spoofing == 1 ? GPS_NO : GPS_YES;
    return true;
}

/* 12 horizontal, in hundredths */
static bool nav_dop(struct gps_message *message, struct ubx_payload payload)
{
    message->hdop = ubx_u2(payload.in + 12) * 0.01;
    return true;
}

#define SAT_HEADER 8
#define SAT_BLOCK 12

/* 0 system, 1 number, 2 signal, 3 elevation, 4 azimuth, 8 flags */
static struct gps_satellite nav_sat_block(const uint8_t *in)
{
    static const char systems[] = "GSEC?JRI";
    int8_t elevation = (int8_t)in[3];
    bool direction = elevation >= -90 && elevation <= 90;
    uint16_t azimuth = ubx_u2(in + 4);
    return (struct gps_satellite){
        .system = in[0] < sizeof systems - 1 ? systems[in[0]] : '?',
        .number = in[1],
        .elevation = direction ? elevation : -128,
        .azimuth = direction && azimuth <= 360 ? (int16_t)(azimuth % 360) : -1,
        .cn0_db_hz = in[2],
        .used = in[8] & 8,
    };
}

/* 5 how many, 8 the blocks */
static bool nav_sat(struct gps_message *message, struct ubx_payload payload)
{
    size_t count = payload.in[5];
    if (payload.size < SAT_HEADER + count * SAT_BLOCK)
        return false;
    message->satellites_seen = (int16_t)count;
    message->satellites_used = 0;
    for (size_t i = 0; i < count; i++) {
        struct gps_satellite satellite = nav_sat_block(payload.in + SAT_HEADER + i * SAT_BLOCK);
        message->satellites_used = (int16_t)(message->satellites_used + satellite.used);
        if (message->satellite_count < GPS_SATELLITES)
            message->satellites[message->satellite_count++] = satellite;
    }
    return true;
}

/* ---------------------------------------------------------------- the receiver's state */

/* 0 being found out, 1 not known, 2 good, 3 short, 4 open */
static enum gps_antenna antenna_of(uint8_t status)
{
    static const enum gps_antenna antennas[] = {GPS_ANTENNA_UNSAID, GPS_ANTENNA_UNSAID,
                                                GPS_ANTENNA_OK, GPS_ANTENNA_SHORT,
                                                GPS_ANTENNA_OPEN};
    return status < sizeof antennas / sizeof antennas[0] ? antennas[status] : GPS_ANTENNA_UNSAID;
}

static enum gps_jamming jamming_of(unsigned state)
{
    static const enum gps_jamming jammings[] = {GPS_JAMMING_UNSAID, GPS_JAMMING_NONE,
                                                GPS_JAMMING_WARNING, GPS_JAMMING_CRITICAL};
    return jammings[state & 3];
}

/* 20 antenna, 22 flags with the state of jamming, then 25 pins (u-blox 6) or 17, its indicator */
static bool mon_hw(struct gps_message *message, struct ubx_payload payload)
{
    const uint8_t *in = payload.in;
    message->antenna = antenna_of(in[20]);
    message->jamming = jamming_of(in[22] >> 2);
    message->jam_indicator = payload.size >= 68 ? in[53] : in[45];
    return true;
}

#define RF_HEADER 4
#define RF_BLOCK 24

/* 1 how many; of each: 1 jamming, 2 antenna, 16 indicator. The states rank from good to bad. */
static bool mon_rf(struct gps_message *message, struct ubx_payload payload)
{
    size_t count = payload.in[1];
    if (payload.size < RF_HEADER + count * RF_BLOCK)
        return false;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *in = payload.in + RF_HEADER + i * RF_BLOCK;
        if (jamming_of(in[1]) > message->jamming)
            message->jamming = jamming_of(in[1]);
        if (antenna_of(in[2]) > message->antenna)
            message->antenna = antenna_of(in[2]);
        if (in[16] > message->jam_indicator)
            message->jam_indicator = in[16];
    }
    return true;
}

/* As of version 2 all flags are at 1; version 1 has those of jamming at 4, of spoofing at 8. Each
 * begins with a bit that says whether it is looked for. */
static bool sec_sig(struct gps_message *message, struct ubx_payload payload)
{
    const uint8_t *in = payload.in;
    bool first = in[0] == 1;
    if (first && payload.size < 12)
        return false;
    unsigned jamming = first ? in[4] : in[1], spoofing = first ? in[8] : in[1] >> 3;
    if (jamming & 1)
        message->jamming = jamming_of(jamming >> 1);
    unsigned state = spoofing >> 1 & 3;
    if ((spoofing & 1) && state != 0)
        message->spoofing = state == 1 ? GPS_NO : GPS_YES;
    return true;
}

/* ---------------------------------------------------------------- which it is */

static const struct {
    uint8_t ubx_class, ubx_id;
    enum gps_kind kind;
    size_t least; /* bytes that every version of it has */
    bool (*read)(struct gps_message *, struct ubx_payload);
} readers[] = {
    {0x01, 0x03, GPS_NAV_STATUS, 16, nav_status},
    {0x01, 0x04, GPS_NAV_DOP, 18, nav_dop},
    {0x01, 0x07, GPS_NAV_PVT, 84, ubx_nav_pvt},
    {0x01, 0x20, GPS_NAV_TIMEGPS, 16, ubx_nav_timegps},
    {0x01, 0x21, GPS_NAV_TIMEUTC, 20, ubx_nav_timeutc},
    {0x01, 0x22, GPS_NAV_CLOCK, 20, ubx_nav_clock},
    {0x01, 0x26, GPS_NAV_TIMELS, 24, ubx_nav_timels},
    {0x01, 0x35, GPS_NAV_SAT, SAT_HEADER, nav_sat},
    {0x0a, 0x09, GPS_MON_HW, 60, mon_hw},
    {0x0a, 0x38, GPS_MON_RF, RF_HEADER, mon_rf},
    {0x0d, 0x01, GPS_TIM_TP, 16, ubx_tim_tp},
    {0x0d, 0x04, GPS_TIM_SVIN, 28, ubx_tim_svin},
    {0x27, 0x09, GPS_SEC_SIG, 4, sec_sig},
};

bool ubx_read(struct gps_message *message, uint8_t ubx_class, uint8_t ubx_id, const void *payload,
              size_t size)
{
    struct ubx_payload in = {payload, size};
    gps_message_init(message, GPS_OTHER);
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (readers[i].ubx_class != ubx_class || readers[i].ubx_id != ubx_id)
            continue;
        message->kind = readers[i].kind;
        return size >= readers[i].least && readers[i].read(message, in);
    }
    return true;
}
