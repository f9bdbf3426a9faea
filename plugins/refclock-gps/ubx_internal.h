/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_UBX_INTERNAL_H
#define REFCLOCK_GPS_UBX_INTERNAL_H

/** The readers of single messages: `in` has the bytes that ubx.c's table asks for. */

#include "message.h"

struct ubx_payload {
    const uint8_t *in;
    size_t size;
};

static inline uint16_t ubx_u2(const uint8_t *in)
{
    return (uint16_t)(in[0] | in[1] << 8);
}

static inline uint32_t ubx_u4(const uint8_t *in)
{
    return in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static inline int32_t ubx_i4(const uint8_t *in)
{
    return (int32_t)ubx_u4(in);
}

/* Return false: a time without sense, or blocks that are not all there. */

bool ubx_tim_tp(struct gps_message *, struct ubx_payload);
bool ubx_tim_svin(struct gps_message *, struct ubx_payload);
bool ubx_nav_timegps(struct gps_message *, struct ubx_payload);
bool ubx_nav_timeutc(struct gps_message *, struct ubx_payload);
bool ubx_nav_timels(struct gps_message *, struct ubx_payload);
bool ubx_nav_pvt(struct gps_message *, struct ubx_payload);
bool ubx_nav_clock(struct gps_message *, struct ubx_payload);

#endif
