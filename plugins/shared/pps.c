/* SPDX-License-Identifier: Apache-2.0 */
#include "pps.h"

#include <fcntl.h>
#include <linux/pps.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A pulse is read after this share of the interval: interrupts can be late. */
#define LAG 0.02

/* Without pulses, and until the other edge has come, it is looked for them so often an interval. */
#define LOOKS 8

/* A pulse that comes within this share of the interval of when it was expected is that one. */
#define DUE 0.05

/* Pulses that fail to come before it is told. */
#define PATIENCE 3

void pps_init(struct pps *pps, struct gn_host *host, const char *path,
              const struct pulse_config *config)
{
    *pps = (struct pps){.host = host, .path = path, .config = *config};
}

/* ---------------------------------------------------------------- words */

static const char *remedy(int error)
{
    switch (error) {
    case -ENOENT:
        return "; is the module of the pulses loaded (pps-gpio, pps-ldisc)?";
    case -EACCES:
        return "; who runs gnomond must be allowed to read it";
    case -ENOTTY:
        return "; it is no PPS device";
    default:
        return "";
    }
}

void pps_failure(const struct pps *pps, int error, char *words, size_t size)
{
    snprintf(words, size, "cannot %s %.64s: %.48s%s", pps->doing, pps->path, strerror(-error),
             remedy(error));
}

void pps_refusal(const struct pps *pps, enum pps_look look, char *words, size_t size)
{
    if (look == PPS_CLOSE)
        snprintf(words, size,
                 "%.64s: pulses come faster than %.4g in a second; noise, or both edges of a pulse",
                 pps->path, 1 / gn_seconds(pps->config.interval_ns));
    else
        snprintf(words, size, "%.64s: a pulse is %.3f s wide, not %.3f s (width)", pps->path,
                 gn_seconds(pps->pulse.width_ns), gn_seconds(pps->config.width_ns));
}

void pps_tell_edge(struct pps *pps)
{
    if (pps->told_edge)
        return;
    pps->told_edge = true;
    gn_log(pps->host, GN_INFO, "%s: a pulse begins with the %s edge%s", pps->path,
           pps->pulse.edge == PULSE_CLEAR ? "clear" : "assert",
           pps->config.edge != PULSE_AUTO ? ", as configured"
           : pps->both                    ? ", the shorter half of the period"
                                          : ", the only one that is captured");
}

/* ---------------------------------------------------------------- the device */

/* Which edges the device is made to capture. Without the right to say it, it stays as it is. */
static int capture(struct pps *pps)
{
    int able = 0;
    struct pps_kparams params = {0};
    int wanted = pps->config.edge == PULSE_CLEAR ? PPS_CAPTURECLEAR : PPS_CAPTUREASSERT;
    int rc = gn_device_ioctl(pps->host, pps->device, PPS_GETCAP, &able);
    if (rc == 0)
        rc = gn_device_ioctl(pps->host, pps->device, PPS_GETPARAMS, &params);
    if (rc < 0)
        return rc;
    if (pps->config.edge == PULSE_AUTO || pps->config.width_ns > 0)
        wanted |= able & PPS_CAPTUREBOTH;
    if ((wanted & ~able) != 0)
        return -EOPNOTSUPP;
    if ((params.mode & PPS_CAPTUREBOTH) != wanted) {
        struct pps_kparams other = {.mode = wanted | PPS_TSFMT_TSPEC};
        rc = gn_device_ioctl(pps->host, pps->device, PPS_SETPARAMS, &other);
        params.mode = rc < 0 ? params.mode : other.mode;
    }
    pps->both = (params.mode & PPS_CAPTUREBOTH) == PPS_CAPTUREBOTH;
    return (params.mode & wanted) != 0 ? 0 : rc;
}

int pps_open(struct pps *pps)
{
    pps->doing = "open";
    int error = gn_device_open(pps->host, pps->path, O_RDONLY, NULL, pps, &pps->device);
    if (error < 0) {
        pps->device = NULL;
        return error;
    }
    pulse_init(&pps->pulse, &pps->config);
    pps->expected = gn_now(pps->host);
    pps->misses = 0;
    pps->waits = false;
    pps->doing = "capture this edge of";
    error = capture(pps);
    if (error < 0)
        pps_close(pps);
    return error;
}

void pps_close(struct pps *pps)
{
    gn_device_close(pps->host, pps->device);
    pps->device = NULL;
}

/* ---------------------------------------------------------------- looking */

static int fetch(struct pps *pps, struct pulse_reading *reading)
{
    struct pps_fdata data = {0};
    int rc = gn_device_ioctl(pps->host, pps->device, PPS_FETCH, &data);
    if (rc < 0)
        return rc;
    *reading = (struct pulse_reading){
        .both = pps->both,
        .assert_sequence = data.info.assert_sequence,
        .clear_sequence = data.info.clear_sequence,
        .assert_at = {data.info.assert_tu.sec * GN_NS_PER_S + data.info.assert_tu.nsec},
        .clear_at = {data.info.clear_tu.sec * GN_NS_PER_S + data.info.clear_tu.nsec},
    };
    return 0;
}

static void come(struct pps *pps, gn_local now, gn_utc at)
{
    int64_t behind_ns = gn_local_sub(now, gn_from_system(pps->host, at));
    int64_t interval_ns = pps->config.interval_ns;
    pps->misses = 0;
    pps->expected = gn_local_add(now, interval_ns - behind_ns % interval_ns);
}

static enum pps_look lose(struct pps *pps, int rc, int *error)
{
    pps->doing = "read";
    *error = rc;
    pps_close(pps);
    return PPS_LOST;
}

/* Too soon by the stamps, and yet when it was due: the system clock was set, or leapt. */
static bool is_due(const struct pps *pps, gn_utc at)
{
    int64_t early_ns = gn_local_sub(pps->expected, gn_from_system(pps->host, at));
    return !pps->pulse.twice && llabs(early_ns) < (int64_t)(DUE * (double)pps->config.interval_ns);
}

enum pps_look pps_look(struct pps *pps, gn_local now, gn_utc *at, int *error)
{
    struct pulse_reading reading;
    int rc = fetch(pps, &reading);
    if (rc < 0)
        return lose(pps, rc, error);
    enum pulse_verdict verdict = pulse_take(&pps->pulse, &reading, at);
    pps->waits = verdict == PULSE_WAIT;
    if (verdict == PULSE_CLOSE && is_due(pps, *at))
        verdict = PULSE_TAKEN;
    switch (verdict) {
    case PULSE_TAKEN:
    case PULSE_CLOSE:
    case PULSE_WIDTH:
        come(pps, now, *at);
        return verdict == PULSE_TAKEN ? PPS_TAKEN : verdict == PULSE_CLOSE ? PPS_CLOSE : PPS_WIDTH;
    case PULSE_WAIT: /* it came */
        pps->misses = 0;
        pps->expected = now;
        break;
    case PULSE_NONE:
        break;
    }
    if (gn_local_sub(now, pps->expected) <= pps->config.interval_ns / 2)
        return PPS_NOTHING;
    pps->misses++;
    pps->expected = gn_local_add(pps->expected, pps->config.interval_ns);
    return PPS_MISSED;
}

/* When the next pulse will be there to be read; soon where none is expected yet. */
int64_t pps_next(const struct pps *pps, gn_local now)
{
    int64_t look_ns = pps->config.interval_ns / LOOKS;
    int64_t due_ns =
        gn_local_sub(pps->expected, now) + (int64_t)(LAG * (double)pps->config.interval_ns);
    return pps->waits || pps->misses > 0 || due_ns < look_ns ? look_ns : due_ns;
}

bool pps_silent(const struct pps *pps)
{
    return pps->misses >= PATIENCE;
}
