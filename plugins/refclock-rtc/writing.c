/* SPDX-License-Identifier: Apache-2.0 */
#include "writing.h"

#include <math.h>
#include <stddef.h>

/* Time for the timer. */
#define MARGIN_NS (GN_NS_PER_S / 100)

/* Later than this the phase would be learnt, but the clock be wrong by as much. */
#define LATE_NS (GN_NS_PER_S / 50)

/* A clock that was written right shows the time to this. */
#define GOOD_S 0.02

/* What it may go on by after it was written to, beyond a second: slow buses. */
#define SLACK_S 0.25

/* The first may teach the phase, the second that there is none. */
#define TRIES 3

static int64_t up(int64_t ns)
{
    return ns / GN_NS_PER_S + (ns % GN_NS_PER_S > 0);
}

/* In the middle of one of its seconds, far from where it goes on; the nearest second is written. */
static void plan_free(struct writing *self, gn_local now, gn_utc utc, gn_local edge)
{
    int64_t since_ns = gn_local_sub(now, edge) + MARGIN_NS - GN_NS_PER_S / 2;
    self->due = gn_local_add(edge, up(since_ns) * GN_NS_PER_S + GN_NS_PER_S / 2);
    self->second = (utc.ns + gn_local_sub(self->due, now)) / GN_NS_PER_S;
}

void writing_plan(struct writing *self, gn_local now, gn_utc utc, const gn_local *edge)
{
    self->tries++;
    if (self->kind == WRITING_FREE && edge != NULL) {
        plan_free(self, now, utc, *edge);
        return;
    }
    int64_t phase_ns = gn_nanoseconds(self->phase_s);
    self->second = up(utc.ns + MARGIN_NS - phase_ns);
    self->due = gn_local_add(now, self->second * GN_NS_PER_S + phase_ns - utc.ns);
}

bool writing_missed(const struct writing *self, gn_local now)
{
    return gn_local_sub(now, self->due) > LATE_NS;
}

double writing_best_s(const struct writing *self)
{
    return self->kind == WRITING_FREE ? 0.5 + GOOD_S : GOOD_S;
}

/* It took the second, and now? */
static enum writing_verdict judge_phase(struct writing *self, double phase_s, double error_s)
{
    if (self->kind == WRITING_FREE && fabs(error_s) <= writing_best_s(self))
        return WRITING_COARSE;
    self->phase_s = phase_s;
    if (fabs(error_s) <= GOOD_S) {
        self->kind = WRITING_LEARNT;
        return WRITING_GOOD;
    }
    self->kind = self->tries == 1 ? WRITING_LEARNT : WRITING_FREE;
    return self->tries < TRIES ? WRITING_AGAIN : WRITING_COARSE;
}

enum writing_verdict writing_judge(struct writing *self, const struct writing_back *back)
{
    double passed_s = gn_seconds(gn_local_sub(back->edge, back->written));
    double phase_s = (double)(back->second - self->second) - passed_s;
    enum writing_verdict verdict = phase_s > -SLACK_S && phase_s < 1 + SLACK_S
                                       ? judge_phase(self, phase_s, back->error_s)
                                       : WRITING_REFUSED;
    if (verdict != WRITING_AGAIN)
        self->tries = 0;
    return verdict;
}
