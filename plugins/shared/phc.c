/* SPDX-License-Identifier: Apache-2.0 */
#include "phc.h"

#include <errno.h>
#include <linux/ptp_clock.h>
#include <stddef.h>
#include <string.h>

/* Hardware that stamps both counts its ticks: some 25 MHz for a processor's timer. */
#define PRECISE_NS 40

/* A clock counts ns at best. */
#define LEAST_NS 1

/* A reading that took longer tells nothing; seconds must not overflow either. */
#define WINDOW_MOST_NS (GN_NS_PER_S / 10)
#define SECONDS_MOST (INT64_MAX / GN_NS_PER_S / 2)

static bool is_time(const struct ptp_clock_time *time)
{
    return time->nsec < GN_NS_PER_S && time->sec > -SECONDS_MOST && time->sec < SECONDS_MOST;
}

static int64_t ns_of(const struct ptp_clock_time *time)
{
    return time->sec * GN_NS_PER_S + time->nsec;
}

/* One reading that lies between two of the system clock; kept when its window is the shortest. */
static void consider(const struct ptp_clock_time *before, const struct ptp_clock_time *phc,
                     const struct ptp_clock_time *after, struct phc_reading *best)
{
    if (!is_time(before) || !is_time(phc) || !is_time(after))
        return;
    int64_t window_ns = ns_of(after) - ns_of(before);
    int64_t error_ns = (window_ns + 1) / 2 + LEAST_NS;
    if (window_ns < 0 || window_ns > WINDOW_MOST_NS || error_ns >= best->error_ns)
        return;
    *best = (struct phc_reading){
        .system = {ns_of(before) + window_ns / 2},
        .phc_ns = ns_of(phc),
        .error_ns = error_ns,
    };
}

static int read_precise(phc_ioctl control, void *arg, struct phc_reading *best)
{
    struct ptp_sys_offset_precise data;
    memset(&data, 0, sizeof data);
    int rc = control(arg, PTP_SYS_OFFSET_PRECISE, &data);
    if (rc >= 0 && is_time(&data.device) && is_time(&data.sys_realtime))
        *best = (struct phc_reading){
            .system = {ns_of(&data.sys_realtime)},
            .phc_ns = ns_of(&data.device),
            .error_ns = PRECISE_NS,
        };
    return rc;
}

static int read_extended(phc_ioctl control, void *arg, unsigned readings, struct phc_reading *best)
{
    struct ptp_sys_offset_extended data;
    memset(&data, 0, sizeof data);
    data.n_samples = readings;
    int rc = control(arg, PTP_SYS_OFFSET_EXTENDED, &data);
    for (unsigned i = 0; rc >= 0 && i < readings; i++)
        consider(&data.ts[i][0], &data.ts[i][1], &data.ts[i][2], best);
    return rc;
}

static int read_basic(phc_ioctl control, void *arg, unsigned readings, struct phc_reading *best)
{
    struct ptp_sys_offset data;
    memset(&data, 0, sizeof data);
    data.n_samples = readings;
    int rc = control(arg, PTP_SYS_OFFSET, &data);
    for (size_t i = 0; rc >= 0 && i < readings; i++)
        consider(&data.ts[2 * i], &data.ts[2 * i + 1], &data.ts[2 * i + 2], best);
    return rc;
}

static int read_by(enum phc_method method, phc_ioctl control, void *arg, unsigned readings,
                   struct phc_reading *best)
{
    *best = (struct phc_reading){.error_ns = INT64_MAX};
    int rc = method == PHC_PRECISE    ? read_precise(control, arg, best)
             : method == PHC_EXTENDED ? read_extended(control, arg, readings, best)
                                      : read_basic(control, arg, readings, best);
    return rc >= 0 && best->error_ns == INT64_MAX ? -EBADMSG : rc;
}

/* Kernels and drivers say it in many ways. */
static bool means_lacking(int error)
{
    return error == -ENOTTY || error == -EOPNOTSUPP || error == -EINVAL || error == -ENOSYS;
}

int phc_read(struct phc *phc, phc_ioctl control, void *arg, unsigned readings,
             struct phc_reading *best)
{
    int error = -ENOTTY;
    readings = readings < 1 ? 1 : readings > PTP_MAX_SAMPLES ? PTP_MAX_SAMPLES : readings;
    for (enum phc_method method = PHC_PRECISE; method < PHC_METHODS; method++) {
        if ((phc->lacking & 1u << method) != 0)
            continue;
        int rc = read_by(method, control, arg, readings, best);
        if (rc >= 0) {
            phc->method = method;
            return 0;
        }
        if (means_lacking(rc))
            phc->lacking |= 1u << method;
        else
            error = rc;
    }
    phc->lacking = 0; /* none of them: the next attempt asks anew */
    return error;
}

const char *phc_method_name(enum phc_method method)
{
    static const char *const names[PHC_METHODS] = {"precise", "extended", "basic"};
    return method < PHC_METHODS ? names[method] : "none";
}
