/* SPDX-License-Identifier: Apache-2.0 */
#include "writing.h"

#include <math.h>

/* Time for the timer. */
#define MARGIN_NS (GN_NS_PER_S / 100)

/* Later than this the phase would be learnt, but the clock be wrong by as much. */
#define LATE_NS (GN_NS_PER_S / 50)

/* A clock that was written right shows the time to this. */
#define GOOD_S 0.02

/* What it may go on by after it was written to, beyond a second: slow buses. */
#define SLACK_S 0.25

#define TRIES 2

void writing_plan(struct writing *self, gn_local now, gn_utc utc)
{
    int64_t phase_ns = gn_nanoseconds(self->phase_s);
    int64_t after_ns = utc.ns + MARGIN_NS - phase_ns;
    self->second = after_ns / GN_NS_PER_S + (after_ns % GN_NS_PER_S > 0);
    self->due = gn_local_add(now, self->second * GN_NS_PER_S + phase_ns - utc.ns);
    self->tries++;
}

bool writing_missed(const struct writing *self, gn_local now)
{
    return gn_local_sub(now, self->due) > LATE_NS;
}

enum writing_verdict writing_judge(struct writing *self, const struct writing_back *back)
{
    double passed_s = gn_seconds(gn_local_sub(back->edge, back->written));
    double phase_s = (double)(back->second - self->second) - passed_s;
    enum writing_verdict verdict = WRITING_GOOD;
    if (!(phase_s > -SLACK_S && phase_s < 1 + SLACK_S)) {
        verdict = WRITING_REFUSED;
    } else {
        self->phase_s = phase_s;
        self->learnt = true;
        if (fabs(back->error_s) > GOOD_S)
            verdict = self->tries < TRIES ? WRITING_AGAIN : WRITING_COARSE;
    }
    if (verdict != WRITING_AGAIN)
        self->tries = 0;
    return verdict;
}
