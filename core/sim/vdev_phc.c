/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev_internal.h"

#include <errno.h>
#include <linux/ptp_clock.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define WINDOW_NS 2000

/* Stamps of pulses that wait to be read, as in the kernel; the newest gives way. */
#define EVENTS 128

struct edge {
    struct world_event event;
    struct phc *phc;
};

struct phc {
    struct vdev vdev; /* first */
    struct vdev_phc_config config;
    struct chance chance, pulse_chance;
    struct os_clock *chip; /* its oscillator and count, nobody of us steers it */
    int64_t ahead_ns;
    struct world_event jump;
    struct edge lead, trail; /* of a pulse that comes in at channel 0 */
    int64_t second;          /* that the next one marks */
    unsigned wanted;         /* PTP_… edges of channel 0; 0: it is off */
    struct ptp_extts_event events[EVENTS];
    size_t first, count;
};

/* The file of sysfs that names it. */
struct name_file {
    struct vdev vdev; /* first */
    char text[64];
};

static struct phc *self(struct vdev *vdev)
{
    return (struct phc *)vdev;
}

/* ---------------------------------------------------------------- reading it */

static struct ptp_clock_time time_of(int64_t ns)
{
    int64_t second = ns / GN_NS_PER_S - (ns % GN_NS_PER_S < 0);
    return (struct ptp_clock_time){.sec = second, .nsec = (uint32_t)(ns - second * GN_NS_PER_S)};
}

static int64_t system_ns(const struct phc *phc)
{
    return vclock_system(phc->vdev.folder->clock).ns;
}

static int64_t chip_ns(const struct phc *phc)
{
    return vclock_system(phc->chip).ns + phc->ahead_ns;
}

/* A reading that ends `ago_ns` before now: system clock, this one, system clock. Returns how long
 * it took. */
static int64_t read_once(struct phc *phc, int64_t ago_ns, struct ptp_clock_time stamps[3])
{
    int64_t drawn_ns = vdev_draw_ns(phc->config.window, &phc->chance);
    int64_t window_ns = phc->config.window == NULL ? WINDOW_NS : drawn_ns > 1 ? drawn_ns : 1;
    int64_t after_ns = (int64_t)((1 - phc->config.skewed) * (double)window_ns);
    stamps[0] = time_of(system_ns(phc) - ago_ns - window_ns);
    stamps[1] = time_of(chip_ns(phc) - ago_ns - after_ns);
    stamps[2] = time_of(system_ns(phc) - ago_ns);
    return window_ns;
}

/* No time passes within a call: the readings lie before it. */
static int read_extended(struct phc *phc, struct ptp_sys_offset_extended *data)
{
    int64_t ago_ns = 0;
    if (data->n_samples > PTP_MAX_SAMPLES || data->rsv[0] != 0)
        return -EINVAL;
    for (unsigned i = data->n_samples; i-- > 0;)
        ago_ns += read_once(phc, ago_ns, data->ts[i]);
    return 0;
}

static int read_basic(struct phc *phc, struct ptp_sys_offset *data)
{
    struct ptp_clock_time stamps[3];
    int64_t ago_ns = 0;
    if (data->n_samples > PTP_MAX_SAMPLES)
        return -EINVAL;
    data->ts[2 * data->n_samples] = time_of(system_ns(phc));
    for (unsigned i = data->n_samples; i-- > 0;) {
        ago_ns += read_once(phc, ago_ns, stamps);
        memcpy(&data->ts[2 * i], stamps, 2 * sizeof stamps[0]);
    }
    return 0;
}

static int read_precise(struct phc *phc, struct ptp_sys_offset_precise *data)
{
    data->device = time_of(chip_ns(phc));
    data->sys_realtime = time_of(system_ns(phc));
    data->sys_monoraw = time_of(vclock_raw_ns(phc->vdev.folder->clock));
    return 0;
}

static int read_clock(struct phc *phc, unsigned long request, void *data)
{
    enum vdev_phc_offers offers = phc->config.offers;
    if ((request == PTP_SYS_OFFSET_PRECISE && offers != VDEV_PHC_ALL) ||
        (request == PTP_SYS_OFFSET_EXTENDED && offers == VDEV_PHC_BASIC))
        return -EOPNOTSUPP;
    if (phc->config.error < 0)
        return phc->config.error;
    if (data == NULL)
        return -EFAULT;
    return request == PTP_SYS_OFFSET_PRECISE    ? read_precise(phc, data)
           : request == PTP_SYS_OFFSET_EXTENDED ? read_extended(phc, data)
                                                : read_basic(phc, data);
}

/* ---------------------------------------------------------------- pulses that come in */

static bool wants(const struct phc *phc, bool rising)
{
    return phc->wanted != 0 && (phc->config.both_edges ||
                                (phc->wanted & (rising ? PTP_RISING_EDGE : PTP_FALLING_EDGE)) != 0);
}

static void capture(struct phc *phc, bool rising)
{
    int64_t late_ns = vdev_draw_ns(phc->config.jitter, &phc->pulse_chance);
    if (!wants(phc, rising) || !vdev_awake(&phc->vdev) || phc->count == EVENTS)
        return;
    phc->events[(phc->first + phc->count++) % EVENTS] =
        (struct ptp_extts_event){.t = time_of(chip_ns(phc) + late_ns)};
    vdev_tell(&phc->vdev);
}

static void order_pulse(struct phc *phc)
{
    world_order(phc->vdev.folder->world, &phc->lead.event, vdev_instant(phc->second, 0));
}

static void fall(void *arg)
{
    capture(((const struct edge *)arg)->phc, false);
}

static void rise(void *arg)
{
    struct phc *phc = ((const struct edge *)arg)->phc;
    if (phc->vdev.folder->antenna) {
        int64_t width_ns = gn_nanoseconds(phc->config.width_s > 0 ? phc->config.width_s : 0.1);
        capture(phc, true);
        world_order(phc->vdev.folder->world, &phc->trail.event,
                    vdev_instant(phc->second, width_ns));
    }
    phc->second++;
    order_pulse(phc);
}

static int request_events(struct phc *phc, const struct ptp_extts_request *request)
{
    if (request == NULL)
        return -EFAULT;
    if (request->index >= phc->config.channels)
        return -EINVAL;
    if (request->index == 0) /* the pulses come in there */
        phc->wanted = (request->flags & PTP_ENABLE_FEATURE) != 0
                          ? request->flags & (PTP_RISING_EDGE | PTP_FALLING_EDGE)
                          : 0;
    return 0;
}

static int set_pin(const struct phc *phc, const struct ptp_pin_desc *pin)
{
    if (pin == NULL)
        return -EFAULT;
    return pin->index < phc->config.channels && pin->chan < phc->config.channels ? 0 : -EINVAL;
}

/* Whole events. */
static ssize_t read_events(struct vdev *vdev, void *data, size_t size)
{
    struct phc *phc = self(vdev);
    struct ptp_extts_event *events = data;
    size_t room = size / sizeof events[0], n = 0;
    if (room == 0)
        return -EINVAL;
    if (phc->count == 0)
        return -EAGAIN;
    for (; n < room && phc->count > 0; n++, phc->count--) {
        events[n] = phc->events[phc->first];
        phc->first = (phc->first + 1) % EVENTS;
    }
    return (ssize_t)(n * sizeof events[0]);
}

/* ---------------------------------------------------------------- the slots */

static int tell_abilities(const struct phc *phc, void *data)
{
    struct ptp_clock_caps caps = {
        .max_adj = 500000,
        .n_ext_ts = (int)phc->config.channels,
        .n_pins = (int)phc->config.channels,
        .cross_timestamping = phc->config.offers == VDEV_PHC_ALL,
    };
    if (data == NULL)
        return -EFAULT;
    memcpy(data, &caps, sizeof caps);
    return 0;
}

static int control(struct vdev *vdev, unsigned long request, void *data)
{
    struct phc *phc = self(vdev);
    if (phc->config.offers == VDEV_PHC_NONE)
        return -ENOTTY;
    switch (request) {
    case PTP_CLOCK_GETCAPS:
        return tell_abilities(phc, data);
    case PTP_SYS_OFFSET:
    case PTP_SYS_OFFSET_EXTENDED:
    case PTP_SYS_OFFSET_PRECISE:
        return read_clock(phc, request, data);
    case PTP_EXTTS_REQUEST:
        return request_events(phc, data);
    case PTP_PIN_SETFUNC:
        return set_pin(phc, data);
    default:
        return -ENOTTY;
    }
}

static bool readable(const struct vdev *vdev)
{
    return ((const struct phc *)vdev)->count > 0;
}

static void close_phc(struct vdev *vdev)
{
    self(vdev)->wanted = 0;
    self(vdev)->count = 0;
}

static void jump(void *arg)
{
    struct phc *phc = arg;
    vclock_move(phc->chip, gn_nanoseconds(phc->config.jump_s));
}

static void destroy(struct vdev *vdev)
{
    struct phc *phc = self(vdev);
    world_cancel(vdev->folder->world, &phc->jump);
    world_cancel(vdev->folder->world, &phc->lead.event);
    world_cancel(vdev->folder->world, &phc->trail.event);
    if (phc->chip != NULL)
        phc->chip->ops->destroy(phc->chip);
}

static const struct vdev_ops phc_ops = {
    .gone = -ENODEV,
    .read = read_events,
    .control = control,
    .readable = readable,
    .close = close_phc,
    .destroy = destroy,
};

/* ---------------------------------------------------------------- its name */

static ssize_t read_name(struct vdev *vdev, void *data, size_t size)
{
    int n = snprintf(data, size, "%s\n", ((const struct name_file *)vdev)->text);
    return n < (int)size ? n : (ssize_t)size;
}

static bool always(const struct vdev *vdev)
{
    (void)vdev;
    return true;
}

static const struct vdev_ops name_ops = {.gone = -ENODEV, .read = read_name, .readable = always};

static void add_name(struct os_devices *devices, const struct vdev_phc_config *config)
{
    const char *base = strrchr(config->place.path, '/');
    char path[128];
    snprintf(path, sizeof path, "/sys/class/ptp%.64s/clock_name", base);
    const struct vdev_place place = {.path = path};
    struct name_file *file = vdev_add(devices, sizeof *file, &name_ops, &place);
    if (file != NULL)
        snprintf(file->text, sizeof file->text, "%s", config->name);
}

/* ---------------------------------------------------------------- life */

/* As of an rtc: a clock that nobody steers; its random walk follows from node and path. */
static bool make_chip(struct phc *phc)
{
    const struct vdev_phc_config *config = &phc->config;
    struct vclock_config chip = {
        .offset_s = config->offset_s,
        .frequency = config->frequency,
        .wander = config->wander,
    };
    char name[512];
    snprintf(name, sizeof name, "%s:%s", phc->vdev.folder->name, phc->vdev.place.path);
    phc->chip = vclock_create(phc->vdev.folder->world, name, &chip);
    phc->ahead_ns = gn_nanoseconds(config->ahead_s);
    if (phc->chip != NULL && config->shows_s > 0)
        phc->ahead_ns = gn_nanoseconds(config->shows_s) - vclock_system(phc->chip).ns;
    return phc->chip != NULL;
}

int vdev_add_phc(struct os_devices *devices, const struct vdev_phc_config *config)
{
    struct phc *phc = vdev_add(devices, sizeof *phc, &phc_ops, &config->place);
    if (phc == NULL)
        return -EEXIST;
    struct world *world = phc->vdev.folder->world;
    phc->config = *config;
    vdev_chance(&phc->vdev, "phc", &phc->chance);
    vdev_chance(&phc->vdev, "phc pulses", &phc->pulse_chance);
    phc->jump = (struct world_event){.happen = jump, .arg = phc};
    phc->lead = (struct edge){{.happen = rise, .arg = &phc->lead}, phc};
    phc->trail = (struct edge){{.happen = fall, .arg = &phc->trail}, phc};
    if (config->jump_at_s > 0)
        world_order_in(world, &phc->jump, gn_nanoseconds(config->jump_at_s));
    if (config->name != NULL)
        add_name(devices, config);
    phc->second = vdev_second(&phc->vdev) + 1;
    if (config->channels > 0)
        order_pulse(phc);
    return make_chip(phc) ? 0 : -ENOMEM;
}
