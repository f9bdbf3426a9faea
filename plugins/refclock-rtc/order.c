/* SPDX-License-Identifier: Apache-2.0 */

/* The clock is written: because a person says so, or because it has gone too far. */

#include "face.h"
#include "rtc.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A clock that does not take what it is given is not written at every measurement. */
#define TRIM_EVERY_NS (660 * GN_NS_PER_S)

static const char *remedy(int error)
{
    switch (error) {
    case -EPERM:
    case -EACCES:
        return "; it takes the right to set clocks (CAP_SYS_TIME)";
    case -EINVAL:
        return "; its driver takes no such date";
    case -ENOTTY:
    case -EOPNOTSUPP:
        return "; its driver cannot write";
    default:
        return "";
    }
}

/* To be worth a writing the time must be known so much better than it is to be kept. */
#define BETTER 10

/* ---------------------------------------------------------------- whether */

/* By how much it is off now, positive: behind. */
static double behind_s(const struct rtc *self)
{
    double sd_s;
    return calibration_offset(&self->learnt, (double)self->edge.second, &sd_s);
}

/* Local time is never written but at a person's word: nobody knows who else reads it. */
static bool wants_trim(const struct rtc *self)
{
    gn_local now = gn_now(self->host);
    double least_s = fmax(self->config->trim_s, writing_best_s(&self->writing));
    return gn_rtc_owner(self->host) == GN_RTC_TRACK && self->config->trim_s > 0 &&
           !self->local_time &&
           (self->lost || (self->learnt.learnt && fabs(behind_s(self)) > least_s)) &&
           (self->written.ns == 0 || gn_local_sub(now, self->written) > TRIM_EVERY_NS);
}

static void plan(struct rtc *self, gn_local now)
{
    writing_plan(&self->writing, now, gn_state_utc(&self->state, now),
                 self->edge.known ? &self->edge.at : NULL);
    self->phase = RTC_WRITING;
    gn_timer_start(self->host, self->timer, gn_local_sub(self->writing.due, now));
}

bool rtc_write_if_due(struct rtc *self)
{
    bool ordered = self->ordered;
    gn_local now = gn_now(self->host);
    if (!ordered && !wants_trim(self))
        return false;
    self->ordered = false;
    if (!rtc_others_know(self, &self->state))
        return false;
    if (!ordered && BETTER * gn_state_error_bound_s(&self->state, now) > self->config->trim_s)
        return false;
    if (self->device == NULL && !rtc_grasp(self)) {
        rtc_write_failed(self, self->trouble);
        return true;
    }
    self->outcome[0] = '\0';
    plan(self, gn_now(self->host)); /* opening took its time */
    return true;
}

/* ---------------------------------------------------------------- doing it */

void rtc_write_failed(struct rtc *self, const char *why)
{
    self->writing.tries = 0;
    self->ordered = false;
    self->good = false;
    snprintf(self->outcome, sizeof self->outcome, "%s", why);
}

void rtc_write_now(struct rtc *self)
{
    struct rtc_time date;
    gn_local now = gn_now(self->host);
    if (writing_missed(&self->writing, now)) {
        self->writing.tries--;
        plan(self, now);
        return;
    }
    int error = face_date(self->writing.second, self->local_time, &date)
                    ? gn_device_ioctl(self->host, self->device, RTC_SET_TIME, &date)
                    : -EINVAL;
    if (error < 0) {
        char words[sizeof self->outcome];
        snprintf(words, sizeof words, "cannot write %.64s: %.48s%s", self->config->device,
                 strerror(-error), remedy(error));
        gn_log(self->host, GN_WARNING, "%s", words);
        rtc_write_failed(self, words);
        self->written = now; /* not tried again at once */
        rtc_rest(self, gn_poll_ns((int8_t)self->config->poll_log2s));
        return;
    }
    self->written = now;
    self->edge.known = false; /* its seconds begin elsewhere now */
    self->begun = now;
    rtc_await_edge(self);
}

/* ---------------------------------------------------------------- reading back */

static void tell(struct rtc *self, enum writing_verdict verdict, double error_s)
{
    enum gn_level level = verdict == WRITING_REFUSED ? GN_WARNING : GN_INFO;
    const char *device = self->config->device;
    char *words = self->outcome;
    size_t size = sizeof self->outcome;
    if (verdict == WRITING_REFUSED)
        snprintf(words, size,
                 "%.64s did not take the time: it shows %+.3f s; is it write-protected?", device,
                 error_s);
    else
        snprintf(words, size, "%.64s was written, and read back %+.6f s off%s", device, error_s,
                 verdict == WRITING_COARSE ? ": its seconds go on as they went, it cannot be nearer"
                                           : "");
    self->good = verdict != WRITING_REFUSED;
    gn_log(self->host, level, "%s", words);
}

void rtc_read_back(struct rtc *self)
{
    gn_utc utc = gn_state_utc(&self->state, self->edge.at);
    double offset_s = gn_seconds(utc.ns - self->edge.second * GN_NS_PER_S);
    double doubt_s = gn_state_error_bound_s(&self->state, self->edge.at) / 3;
    struct writing_back back = {
        .written = self->written,
        .edge = self->edge.at,
        .second = self->edge.second,
        .error_s = -offset_s,
    };
    enum writing_verdict verdict = writing_judge(&self->writing, &back);
    if (verdict == WRITING_AGAIN) {
        plan(self, gn_now(self->host));
        return;
    }
    if (verdict != WRITING_REFUSED) {
        calibration_written(&self->learnt, (double)self->edge.second, offset_s,
                            hypot(self->edge.half_width_s, doubt_s));
        self->used = self->learnt;
        self->calibrated = true;
        self->lost = false;
        rtc_save(self, gn_now(self->host));
    }
    tell(self, verdict, -offset_s);
    rtc_rest(self, gn_poll_ns((int8_t)self->config->poll_log2s));
}
