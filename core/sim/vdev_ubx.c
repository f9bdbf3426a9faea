/* SPDX-License-Identifier: Apache-2.0 */
#include <sim/vdev_ubx.h>

#include <math.h>
#include <string.h>
#include <time.h>

#define WEEK_S INT64_C(604800)
#define FRAME (8 + 8 + 12 * VDEV_UBX_SATELLITES)
#define NONE UINT32_MAX

/* A payload in the making; what is not set is 0. */
struct payload {
    uint8_t bytes[FRAME];
    size_t size;
};

static void put1(struct payload *payload, size_t at, int value)
{
    payload->bytes[at] = (uint8_t)value;
}

static void put2(struct payload *payload, size_t at, int value)
{
    put1(payload, at, value & 255);
    put1(payload, at + 1, value >> 8 & 255);
}

static void put4(struct payload *payload, size_t at, int64_t value)
{
    put2(payload, at, (int)(value & 65535));
    put2(payload, at + 2, (int)(value >> 16 & 65535));
}

static uint32_t accuracy_ns(const struct vdev_ubx_second *second)
{
    double ns = second->accuracy_s * 1e9;
    return ns < 0 || ns >= (double)NONE ? NONE : (uint32_t)ns;
}

static void put_tow(struct payload *payload, const struct vdev_ubx_second *second)
{
    put4(payload, 0, second->gps_s % WEEK_S * 1000);
}

/* Year, month, day, hour, minute, second. */
static void put_civil(struct payload *payload, size_t at, const struct vdev_ubx_second *second)
{
    time_t seconds = (time_t)(second->utc.ns / GN_NS_PER_S);
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL)
        return;
    put2(payload, at, tm.tm_year + 1900);
    put1(payload, at + 2, tm.tm_mon + 1);
    put1(payload, at + 3, tm.tm_mday);
    put1(payload, at + 4, tm.tm_hour);
    put1(payload, at + 5, tm.tm_min);
    put1(payload, at + 6, tm.tm_sec + second->inserted);
}

/* ---------------------------------------------------------------- messages */

/* The error is told with the other sign: how much the pulse comes early. */
static void tim_tp(struct payload *payload, const struct vdev_ubx_second *second)
{
    int64_t next_s = second->gps_s + 1;
    if (second->utc_pulse) {
        bool before_change = second->change != 0 && second->change_in_s <= 1;
        next_s -= second->leap_s + (before_change ? second->change : 0);
    }
    payload->size = 16;
    put4(payload, 0, next_s % WEEK_S * 1000);
    put4(payload, 8, llround(-second->pulse_late_s * 1e12));
    put2(payload, 12, (int)(next_s / WEEK_S));
    put1(payload, 14, second->utc_pulse | second->leap_valid << 1);
    put1(payload, 15, 3 << 4);
}

static void nav_pvt(struct payload *payload, const struct vdev_ubx_second *second)
{
    payload->size = 92;
    put_tow(payload, second);
    put_civil(payload, 4, second);
    put1(payload, 11, second->untold ? 0 : second->valid && second->leap_valid ? 7 : 3);
    put4(payload, 12, accuracy_ns(second));
    put4(payload, 16, second->fraction_ns);
    put1(payload, 20, second->fix);
    put1(payload, 21, second->fix != 0);
    put1(payload, 23, second->satellites);
}

static void nav_timegps(struct payload *payload, const struct vdev_ubx_second *second)
{
    payload->size = 16;
    put_tow(payload, second);
    put4(payload, 4, second->fraction_ns);
    put2(payload, 8, (int)(second->gps_s / WEEK_S));
    put1(payload, 10, second->leap_s);
    put1(payload, 11, (second->untold || !second->valid ? 0 : 3) | second->leap_valid << 2);
    put4(payload, 12, accuracy_ns(second));
}

static void nav_timeutc(struct payload *payload, const struct vdev_ubx_second *second)
{
    bool known = second->valid && second->leap_valid;
    payload->size = 20;
    put_tow(payload, second);
    put4(payload, 4, accuracy_ns(second));
    put4(payload, 8, second->fraction_ns);
    put_civil(payload, 12, second);
    put1(payload, 19, (second->untold ? 0 : 3) | known << 2 | 3 << 4);
}

static void nav_timels(struct payload *payload, const struct vdev_ubx_second *second)
{
    int64_t change_s = second->gps_s + second->change_in_s;
    payload->size = 24;
    put_tow(payload, second);
    put1(payload, 8, second->leap_valid ? 2 : 0);
    put1(payload, 9, second->leap_s);
    put1(payload, 10, second->leap_valid ? 2 : 0);
    put1(payload, 11, second->change);
    put1(payload, 23, second->leap_valid ? 3 : second->untold ? 0 : 1);
    if (second->change == 0)
        return;
    put4(payload, 12, second->change_in_s);
    put2(payload, 16, (int)(change_s / WEEK_S));
    put2(payload, 18, (int)(change_s % WEEK_S / 86400) + 1);
}

static void nav_sat(struct payload *payload, const struct vdev_ubx_second *second)
{
    size_t seen = second->seen < VDEV_UBX_SATELLITES ? second->seen : VDEV_UBX_SATELLITES;
    payload->size = 8 + 12 * seen;
    put_tow(payload, second);
    put1(payload, 4, 1);
    put1(payload, 5, (int)seen);
    for (size_t i = 0; i < seen; i++) {
        const struct vdev_ubx_satellite *satellite = &second->sky[i];
        size_t at = 8 + 12 * i;
        put1(payload, at, satellite->system);
        put1(payload, at + 1, satellite->number);
        put1(payload, at + 2, satellite->cn0_db_hz);
        put1(payload, at + 3, satellite->elevation);
        put2(payload, at + 4, satellite->azimuth);
        put1(payload, at + 8, satellite->used ? 0x1f : 0x11);
    }
}

static void mon_rf(struct payload *payload, const struct vdev_ubx_second *second)
{
    payload->size = 4 + 24;
    put1(payload, 1, 1);
    put1(payload, 5, second->jamming);
    put1(payload, 6, second->antenna);
    put1(payload, 7, 1);
    put1(payload, 20, second->jam_indicator);
}

static void sec_sig(struct payload *payload, const struct vdev_ubx_second *second)
{
    payload->size = 4;
    put1(payload, 0, 2);
    put1(payload, 1, 1 | second->jamming << 1 | 1 << 3 | second->spoofing << 4);
}

/* ---------------------------------------------------------------- frames */

static const struct {
    const char *word;
    uint8_t ubx_class, ubx_id;
    void (*write)(struct payload *, const struct vdev_ubx_second *);
} kinds[VDEV_UBX_KINDS] = {
    [VDEV_UBX_TIM_TP] = {"TIM-TP", 0x0d, 0x01, tim_tp},
    [VDEV_UBX_NAV_PVT] = {"NAV-PVT", 0x01, 0x07, nav_pvt},
    [VDEV_UBX_NAV_TIMEGPS] = {"NAV-TIMEGPS", 0x01, 0x20, nav_timegps},
    [VDEV_UBX_NAV_TIMEUTC] = {"NAV-TIMEUTC", 0x01, 0x21, nav_timeutc},
    [VDEV_UBX_NAV_TIMELS] = {"NAV-TIMELS", 0x01, 0x26, nav_timels},
    [VDEV_UBX_NAV_SAT] = {"NAV-SAT", 0x01, 0x35, nav_sat},
    [VDEV_UBX_MON_RF] = {"MON-RF", 0x0a, 0x38, mon_rf},
    [VDEV_UBX_SEC_SIG] = {"SEC-SIG", 0x27, 0x09, sec_sig},
};

const char *vdev_ubx_word(enum vdev_ubx kind)
{
    return (unsigned)kind < VDEV_UBX_KINDS ? kinds[kind].word : NULL;
}

size_t vdev_ubx_say(enum vdev_ubx kind, const struct vdev_ubx_second *second, char *out,
                    size_t room)
{
    struct payload payload = {.size = 0};
    kinds[kind].write(&payload, second);
    return vdev_ubx_frame(kinds[kind].ubx_class, kinds[kind].ubx_id, payload.bytes, payload.size,
                          out, room);
}

size_t vdev_ubx_frame(uint8_t ubx_class, uint8_t ubx_id, const void *payload, size_t size,
                      char *out, size_t room)
{
    uint8_t head[6] = {0xb5, 0x62, ubx_class, ubx_id, (uint8_t)size, (uint8_t)(size >> 8)};
    uint8_t a = 0, b = 0;
    if (size > UINT16_MAX || room < size + 8)
        return 0;
    memcpy(out, head, sizeof head);
    if (size > 0)
        memcpy(out + sizeof head, payload, size);
    for (size_t i = 2; i < sizeof head + size; i++) {
        a = (uint8_t)(a + (uint8_t)out[i]);
        b = (uint8_t)(b + a);
    }
    out[size + 6] = (char)a;
    out[size + 7] = (char)b;
    return size + 8;
}
