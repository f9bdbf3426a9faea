/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev_internal.h"

#include <errno.h>
#include <linux/rtc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HALF_S_NS (GN_NS_PER_S / 2)

struct rtc {
    struct vdev vdev; /* first */
    struct vdev_rtc_config config;
    struct chance chance;
    struct os_clock *chip; /* its oscillator and count, nobody steers it */
    bool invalid;          /* the battery was dead, and nobody has set it since */
    unsigned voltage;      /* RTC_VL_… */
    bool interrupts;       /* RTC_UIE_ON */
    int64_t edge;          /* the second that begins with the next edge */
    struct world_event at_edge, interrupt;
    unsigned long word; /* of interrupts; 0: none */
};

static struct rtc *self(struct vdev *vdev)
{
    return (struct rtc *)vdev;
}

static int64_t chip_ns(const struct rtc *rtc)
{
    return vclock_system(rtc->chip).ns;
}

static int64_t second_of(int64_t ns)
{
    return ns / GN_NS_PER_S - (ns % GN_NS_PER_S < 0);
}

/* ---------------------------------------------------------------- edges */

/* The oscillator wanders meanwhile: on_edge looks whether it is there. */
static void order_edge(struct rtc *rtc)
{
    int64_t left_ns = rtc->edge * GN_NS_PER_S - chip_ns(rtc);
    world_order_in(rtc->vdev.folder->world, &rtc->at_edge,
                   left_ns > 0 ? vclock_true_interval_ns(rtc->chip, left_ns) : 0);
}

static void on_interrupt(void *arg)
{
    struct rtc *rtc = arg;
    if (!rtc->interrupts || !vdev_awake(&rtc->vdev))
        return;
    rtc->word = (rtc->word & ~0xffUL) + 0x100 + (RTC_IRQF | RTC_UF);
    vdev_tell(&rtc->vdev);
}

static void on_edge(void *arg)
{
    struct rtc *rtc = arg;
    if (chip_ns(rtc) >= rtc->edge * GN_NS_PER_S) {
        int64_t late_ns = vdev_draw_ns(rtc->config.late, &rtc->chance);
        world_order_in(rtc->vdev.folder->world, &rtc->interrupt, late_ns > 0 ? late_ns : 0);
        rtc->edge++;
    }
    order_edge(rtc);
}

static void stop_interrupts(struct rtc *rtc)
{
    rtc->interrupts = false;
    world_cancel(rtc->vdev.folder->world, &rtc->at_edge);
    world_cancel(rtc->vdev.folder->world, &rtc->interrupt);
}

static int start_interrupts(struct rtc *rtc)
{
    if (rtc->config.uie_error < 0)
        return rtc->config.uie_error;
    if (rtc->invalid)
        return -EINVAL;
    if (rtc->interrupts)
        return 0;
    rtc->interrupts = true;
    rtc->edge = second_of(chip_ns(rtc)) + 1;
    order_edge(rtc);
    return 0;
}

/* ---------------------------------------------------------------- what it shows */

static int read_time(const struct rtc *rtc, struct rtc_time *shown)
{
    time_t second = (time_t)second_of(chip_ns(rtc));
    struct tm tm;
    if (rtc->invalid || second < 0 || gmtime_r(&second, &tm) == NULL)
        return -EINVAL;
    if (shown == NULL)
        return -EFAULT;
    *shown = (struct rtc_time){
        .tm_sec = tm.tm_sec,
        .tm_min = tm.tm_min,
        .tm_hour = tm.tm_hour,
        .tm_mday = tm.tm_mday,
        .tm_mon = tm.tm_mon,
        .tm_year = tm.tm_year,
        .tm_wday = tm.tm_wday,
        .tm_yday = tm.tm_yday,
    };
    return 0;
}

/* As the kernel's rtc_valid_tm(): weekday and day of the year are not looked at. */
static bool plausible(const struct rtc_time *time, const struct tm *tm)
{
    return time->tm_year >= 70 && time->tm_mon >= 0 && time->tm_mon < 12 && time->tm_mday >= 1 &&
           time->tm_hour >= 0 && time->tm_hour < 24 && time->tm_min >= 0 && time->tm_min < 60 &&
           time->tm_sec >= 0 && time->tm_sec < 60 && tm->tm_mday == time->tm_mday;
}

static int set_time(struct rtc *rtc, const struct rtc_time *time)
{
    if (rtc->vdev.place.unprivileged)
        return -EACCES;
    if (time == NULL)
        return -EFAULT;
    struct tm tm = {
        .tm_sec = time->tm_sec,
        .tm_min = time->tm_min,
        .tm_hour = time->tm_hour,
        .tm_mday = time->tm_mday,
        .tm_mon = time->tm_mon,
        .tm_year = time->tm_year,
    };
    int64_t second = timegm(&tm); /* also carries the 30th of February on */
    if (!plausible(time, &tm))
        return -EINVAL;
    int64_t phase_ns = rtc->config.half_second ? HALF_S_NS : 0;
    vclock_move(rtc->chip, second * GN_NS_PER_S + phase_ns - chip_ns(rtc));
    rtc->invalid = false;
    rtc->voltage &= ~(unsigned)RTC_VL_DATA_INVALID;
    if (rtc->interrupts) {
        rtc->edge = second + 1;
        order_edge(rtc);
    }
    return 0;
}

static int read_voltage(const struct rtc *rtc, void *data)
{
    if (rtc->config.battery == VDEV_BATTERY_UNKNOWN)
        return -ENOTTY;
    if (data == NULL)
        return -EFAULT;
    memcpy(data, &rtc->voltage, sizeof rtc->voltage);
    return 0;
}

/* ---------------------------------------------------------------- the slots */

static int control(struct vdev *vdev, unsigned long request, void *data)
{
    struct rtc *rtc = self(vdev);
    switch (request) {
    case RTC_RD_TIME:
        return read_time(rtc, data);
    case RTC_SET_TIME:
        return set_time(rtc, data);
    case RTC_UIE_ON:
        return start_interrupts(rtc);
    case RTC_UIE_OFF:
        stop_interrupts(rtc);
        return 0;
    case RTC_VL_READ:
        return read_voltage(rtc, data);
    default:
        return -ENOTTY;
    }
}

/* The word is an int for who asks for four bytes, and a long for who asks for more. */
static ssize_t read_word(struct vdev *vdev, void *data, size_t size)
{
    struct rtc *rtc = self(vdev);
    unsigned long word = rtc->word;
    unsigned low = (unsigned)word;
    if (size != sizeof low && size < sizeof word)
        return -EINVAL;
    if (word == 0)
        return -EAGAIN;
    rtc->word = 0;
    if (size == sizeof low)
        memcpy(data, &low, sizeof low);
    else
        memcpy(data, &word, sizeof word);
    return size == sizeof low ? (ssize_t)sizeof low : (ssize_t)sizeof word;
}

static bool readable(const struct vdev *vdev)
{
    return ((const struct rtc *)vdev)->word != 0;
}

static int open_chip(struct vdev *vdev)
{
    self(vdev)->word = 0;
    return 0;
}

static void close_chip(struct vdev *vdev)
{
    stop_interrupts(self(vdev));
}

static void destroy(struct vdev *vdev)
{
    struct rtc *rtc = self(vdev);
    stop_interrupts(rtc);
    if (rtc->chip != NULL)
        rtc->chip->ops->destroy(rtc->chip);
}

static const struct vdev_ops rtc_ops = {
    .exclusive = true,
    .gone = -ENODEV,
    .read = read_word,
    .control = control,
    .readable = readable,
    .open = open_chip,
    .close = close_chip,
    .destroy = destroy,
};

/* ---------------------------------------------------------------- life */

/* An oscillator is a clock that nobody steers; its random walk follows from node and path. */
static bool make_chip(struct rtc *rtc)
{
    const struct vdev_rtc_config *config = &rtc->config;
    struct world *world = rtc->vdev.folder->world;
    struct vclock_config chip = {
        .offset_s = config->offset_s,
        .frequency = config->frequency,
        .wander = config->wander,
    };
    char name[512];
    snprintf(name, sizeof name, "%s:%s", rtc->vdev.folder->name, rtc->vdev.place.path);
    rtc->chip = vclock_create(world, name, &chip);
    if (rtc->chip != NULL && config->shows_s > 0)
        vclock_move(rtc->chip, gn_nanoseconds(config->shows_s) - chip_ns(rtc));
    return rtc->chip != NULL;
}

int vdev_add_rtc(struct os_devices *devices, const struct vdev_rtc_config *config)
{
    struct rtc *rtc = vdev_add(devices, sizeof *rtc, &rtc_ops, &config->place);
    if (rtc == NULL)
        return -EEXIST;
    rtc->config = *config;
    vdev_chance(&rtc->vdev, "rtc", &rtc->chance);
    rtc->at_edge = (struct world_event){.happen = on_edge, .arg = rtc};
    rtc->interrupt = (struct world_event){.happen = on_interrupt, .arg = rtc};
    rtc->invalid = config->battery == VDEV_BATTERY_DEAD;
    if (config->battery == VDEV_BATTERY_LOW || rtc->invalid)
        rtc->voltage = RTC_VL_BACKUP_LOW;
    if (rtc->invalid)
        rtc->voltage |= RTC_VL_DATA_INVALID;
    return make_chip(rtc) ? 0 : -ENOMEM;
}
