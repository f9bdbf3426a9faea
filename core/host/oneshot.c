/* SPDX-License-Identifier: Apache-2.0 */

/* gnomond -q and -Q: one good estimate, one deed, one line, and the end. */

#include <base/reason.h>
#include <errno.h>
#include <host/daemon_internal.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Enough samples to know the delay, or long enough waited for more of them. */
#define ENOUGH_SAMPLES 4
#define PATIENCE_NS (INT64_C(8) * GN_NS_PER_S)

/* Nothing has answered by then. */
#define GIVE_UP_NS (INT64_C(20) * GN_NS_PER_S)

struct survey {
    bool selected;
    uint32_t samples;
    char name[64], address[128];
    char reasons[512];
};

static void look_at(void *arg, const struct gn_source_report *report)
{
    struct survey *survey = arg;
    size_t used = strlen(survey->reasons);
    snprintf(survey->reasons + used, sizeof survey->reasons - used, "%s%s (%s): %s",
             used > 0 ? "; " : "", report->name, report->address,
             report->detail[0] != '\0' ? report->detail
                                       : reason_text((enum gn_reason)report->reason));
    if (report->state != GN_SOURCE_SELECTED)
        return;
    survey->selected = true;
    survey->samples = report->samples;
    snprintf(survey->name, sizeof survey->name, "%s", report->name);
    snprintf(survey->address, sizeof survey->address, "%s", report->address);
}

static void give_up(struct daemon *daemon, const struct survey *survey)
{
    if (daemon->sources.first == NULL)
        logger_log(daemon->logger, GN_ERROR, NULL, "no source is configured");
    else
        logger_log(daemon->logger, GN_ERROR, NULL, "no source gave the time in %d s: %s",
                   (int)(GIVE_UP_NS / GN_NS_PER_S), survey->reasons);
    daemon->oneshot_done = true;
    daemon_end(daemon, 1);
}

static void set_clock(struct daemon *daemon, double offset_s)
{
    int rc = daemon->keeper.settable ? timekeeper_step(&daemon->keeper, gn_nanoseconds(offset_s))
                                     : -ENOTSUP;
    if (rc == 0)
        logger_log(daemon->logger, GN_INFO, NULL, "the clock was set by %+.9f s", offset_s);
    else
        logger_log(daemon->logger, GN_ERROR, NULL,
                   "the clock was not set (it is off by %+.9f s): %s", offset_s,
                   rc == -ENOTSUP ? "-x forbids it"
                   : rc == -EPERM ? "Operation not permitted; run as root or with CAP_SYS_TIME"
                                  : strerror(-rc));
    daemon_end(daemon, rc == 0 ? 0 : 1);
}

void oneshot_check(struct daemon *daemon)
{
    struct survey survey = {0};
    struct gn_tracking tracking;
    gn_local now = timekeeper_now(&daemon->keeper);
    if (daemon->oneshot_done)
        return;
    daemon_sources(daemon, look_at, &survey);
    daemon_tracking(daemon, &tracking);
    if (!survey.selected || !tracking.state.synchronised) {
        if (gn_local_sub(now, daemon->started) >= GIVE_UP_NS)
            give_up(daemon, &survey);
        return;
    }
    if (daemon->synchronised_since.ns == 0)
        daemon->synchronised_since = now;
    if (survey.samples < ENOUGH_SAMPLES &&
        gn_local_sub(now, daemon->synchronised_since) < PATIENCE_NS)
        return;
    daemon->oneshot_done = true;
    if (daemon->setup.mode == DAEMON_SET) {
        set_clock(daemon, tracking.system_offset_s);
        return;
    }
    printf("offset %+.9f s ± %.9f s from %s (%s)\n", tracking.system_offset_s,
           tracking.error_bound_s, survey.name, survey.address);
    fflush(stdout);
    daemon_end(daemon, 0);
}
