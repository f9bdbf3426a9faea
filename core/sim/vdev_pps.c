/* SPDX-License-Identifier: Apache-2.0 */
#include "vdev_internal.h"

#include <base/memory.h>
#include <errno.h>
#include <linux/pps.h>
#include <stdlib.h>
#include <string.h>

#define ASSERT_MODES (PPS_CAPTUREASSERT | PPS_OFFSETASSERT)
#define CLEAR_MODES (PPS_CAPTURECLEAR | PPS_OFFSETCLEAR)

/* An edge: of the assert side or of the clear one. */
struct edge {
    struct world_event event;
    struct pps *pps;
    bool clear;
};

struct pps {
    struct vdev vdev; /* first */
    struct vdev_pps_config config;
    char *receiver; /* a copy; NULL: nobody's */
    struct chance chance;
    struct edge lead, trail; /* the one that marks the second, and the other, `width` later */
    int64_t second;          /* that is marked next */
    double drift_s;          /* of the pulses without an antenna */
    bool marks;              /* this pulse is given */
    int capabilities;
    struct pps_kparams params;
    struct pps_kinfo info;
    unsigned count, fetched; /* captured edges: all, and at the last fetch */
};

static struct pps *self(struct vdev *vdev)
{
    return (struct pps *)vdev;
}

/* ---------------------------------------------------------------- edges */

static void add_offset(struct pps_ktime *stamp, const struct pps_ktime *offset)
{
    stamp->sec += offset->sec;
    stamp->nsec += offset->nsec;
    while (stamp->nsec >= GN_NS_PER_S) {
        stamp->nsec -= (int32_t)GN_NS_PER_S;
        stamp->sec++;
    }
    while (stamp->nsec < 0) {
        stamp->nsec += (int32_t)GN_NS_PER_S;
        stamp->sec--;
    }
}

static struct pps_ktime stamp_now(const struct pps *pps)
{
    struct pps_ktime stamp = {0};
    int64_t ns = vclock_system(pps->vdev.folder->clock).ns;
    stamp.sec = ns / GN_NS_PER_S;
    stamp.nsec = (int32_t)(ns % GN_NS_PER_S);
    return stamp;
}

/* As the kernel's pps_event(). */
static void capture(struct pps *pps, bool clear)
{
    struct pps_ktime stamp = stamp_now(pps);
    pps->info.current_mode = pps->params.mode;
    if ((pps->params.mode & (clear ? PPS_CAPTURECLEAR : PPS_CAPTUREASSERT)) == 0)
        return;
    if (clear) {
        if (pps->params.mode & PPS_OFFSETCLEAR)
            add_offset(&stamp, &pps->params.clear_off_tu);
        pps->info.clear_tu = stamp;
        pps->info.clear_sequence++;
    } else {
        if (pps->params.mode & PPS_OFFSETASSERT)
            add_offset(&stamp, &pps->params.assert_off_tu);
        pps->info.assert_tu = stamp;
        pps->info.assert_sequence++;
    }
    pps->count++;
    vdev_tell(&pps->vdev);
}

/* ---------------------------------------------------------------- pulses */

static const struct vdev_receiver *receiver_of(const struct pps *pps)
{
    return pps->receiver != NULL ? vdev_receiver_of(&pps->vdev.folder->base, pps->receiver) : NULL;
}

static bool has_sky(const struct pps *pps)
{
    const struct vdev_receiver *receiver = receiver_of(pps);
    return receiver != NULL ? vdev_receiver_sees(receiver) : pps->vdev.folder->antenna;
}

static bool coasts(const struct pps *pps)
{
    const struct vdev_receiver *receiver = receiver_of(pps);
    return receiver != NULL && vdev_receiver_coasts(receiver);
}

/* Order an edge of the present pulse, so long after it began. */
static void order_edge(struct pps *pps, struct edge *edge, double after_s)
{
    const struct vdev_receiver *receiver = receiver_of(pps);
    int64_t more_ns = gn_nanoseconds(pps->drift_s + after_s) + gn_nanoseconds(pps->config.delay_s) +
                      vdev_draw_ns(pps->config.jitter, &pps->chance);
    if (receiver != NULL)
        more_ns += gn_nanoseconds(vdev_receiver_pulse_late_s(receiver, pps->second));
    world_order(pps->vdev.folder->world, &edge->event, vdev_instant(pps->second, more_ns));
}

static void happen(void *arg)
{
    const struct edge *edge = arg;
    if (edge->pps->marks && vdev_awake(&edge->pps->vdev))
        capture(edge->pps, edge->clear && !edge->pps->config.both_edges);
}

/* An edge marks the second; the other one and the next pulse are ordered. */
static void mark(void *arg)
{
    const struct edge *edge = arg;
    struct pps *pps = edge->pps;
    bool antenna = has_sky(pps);
    pps->marks = antenna || pps->config.free_running || coasts(pps);
    happen(arg);
    if (pps->config.width_s > 0)
        order_edge(pps, &pps->trail, pps->config.width_s);
    pps->drift_s = antenna ? 0 : pps->drift_s + pps->config.frequency;
    pps->second++;
    order_edge(pps, &pps->lead, 0);
}

/* ---------------------------------------------------------------- ioctls */

static int set_params(struct pps *pps, const struct pps_kparams *params)
{
    if (pps->vdev.place.unprivileged)
        return -EPERM;
    if (params == NULL)
        return -EFAULT;
    if ((params->mode & PPS_CAPTUREBOTH) == 0 || (params->mode & ~pps->capabilities) != 0)
        return -EINVAL;
    pps->params = *params;
    if ((params->mode & (PPS_TSFMT_TSPEC | PPS_TSFMT_NTPFP)) == 0)
        pps->params.mode |= PPS_TSFMT_TSPEC;
    pps->params.mode |= PPS_CANWAIT;
    pps->params.api_version = PPS_API_VERS;
    pps->params.assert_off_tu.flags = pps->params.clear_off_tu.flags = 0;
    return 0;
}

/*
 * No time passes within a call, so nothing can be waited for: a timeout has passed without a
 * pulse, and a wait without end was broken off by a signal. With the timeout 0 the last stamps are
 * given, new or not, as the kernel does.
 */
static int fetch(struct pps *pps, struct pps_fdata *data)
{
    if (data == NULL)
        return -EFAULT;
    if (data->timeout.flags & PPS_TIME_INVALID)
        return -EINTR;
    if (data->timeout.sec != 0 || data->timeout.nsec != 0)
        return -ETIMEDOUT;
    data->info = pps->info;
    pps->fetched = pps->count;
    return 0;
}

static int control(struct vdev *vdev, unsigned long request, void *data)
{
    struct pps *pps = self(vdev);
    switch (request) {
    case PPS_GETPARAMS:
        if (data == NULL)
            return -EFAULT;
        memcpy(data, &pps->params, sizeof pps->params);
        return 0;
    case PPS_SETPARAMS:
        return set_params(pps, data);
    case PPS_GETCAP:
        if (data == NULL)
            return -EFAULT;
        memcpy(data, &pps->capabilities, sizeof pps->capabilities);
        return 0;
    case PPS_FETCH:
        return fetch(pps, data);
    case PPS_KC_BIND: /* as a kernel without a consumer of its own */
        return vdev->place.unprivileged ? -EPERM : -EOPNOTSUPP;
    default:
        return -ENOTTY;
    }
}

static bool readable(const struct vdev *vdev)
{
    const struct pps *pps = (const struct pps *)vdev;
    return pps->config.always_readable || pps->fetched != pps->count;
}

/* ---------------------------------------------------------------- life */

static void begin(struct pps *pps)
{
    bool clear = pps->config.width_s > 0 && !pps->config.both_edges;
    int modes = ASSERT_MODES | (clear ? CLEAR_MODES : 0);
    pps->capabilities = modes | PPS_CANWAIT | PPS_TSFMT_TSPEC;
    pps->params = (struct pps_kparams){.api_version = PPS_API_VERS, .mode = modes};
    pps->info = (struct pps_kinfo){0};
    pps->count = pps->fetched = 0;
}

static void plug(struct vdev *vdev, bool there)
{
    if (there)
        begin(self(vdev));
}

static void destroy(struct vdev *vdev)
{
    world_cancel(vdev->folder->world, &self(vdev)->lead.event);
    world_cancel(vdev->folder->world, &self(vdev)->trail.event);
    free(self(vdev)->receiver);
}

static const struct vdev_ops pps_ops = {
    .gone = -ENODEV,
    .control = control,
    .readable = readable,
    .plug = plug,
    .destroy = destroy,
};

int vdev_add_pps(struct os_devices *devices, const struct vdev_pps_config *config)
{
    struct pps *pps = vdev_add(devices, sizeof *pps, &pps_ops, &config->place);
    if (pps == NULL)
        return -EEXIST;
    pps->config = *config;
    pps->receiver = config->receiver != NULL ? memory_copy(config->receiver) : NULL;
    vdev_chance(&pps->vdev, "pps", &pps->chance);
    bool inverted = config->inverted && config->width_s > 0;
    pps->lead = (struct edge){{.happen = mark, .arg = &pps->lead}, pps, inverted};
    pps->trail = (struct edge){{.happen = happen, .arg = &pps->trail}, pps, !inverted};
    begin(pps);
    pps->second = vdev_second(&pps->vdev) + 1;
    order_edge(pps, &pps->lead, 0);
    return 0;
}
