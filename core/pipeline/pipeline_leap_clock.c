/* SPDX-License-Identifier: Apache-2.0 */

/* UTC passes a leap second: the estimate, the system clock, TAI, and what is served. */

#include <math.h>
#include <pipeline/pipeline_internal.h>

/* So much later or earlier than UTC the system clock may leap. */
#define OWED_NS (3 * GN_NS_PER_S)
/* A leap second is slewed until so much of it is left. */
#define SLEWED_S 0.01
/* ntpd's reference id while it smears: 254 and, in units of 2^-22 s, by how much. */
#define SMEAR_REFID UINT32_C(0xFE000000)
#define SMEAR_REFID_MASK UINT32_C(0x00FFFFFF)
#define SMEAR_REFID_UNIT (1.0 / (1 << 22))

/* ---------------------------------------------------------------- the second itself */

static void shift_estimates(struct pipeline *pipeline, int64_t by_ns)
{
    for (struct pipeline_source *s = pipeline->first; s != NULL; s = s->next)
        estimate_shift(&s->estimate, by_ns);
    fusion_shift(pipeline->fusion, by_ns);
    pipeline->fit.base_ns += by_ns;
    pipeline->alone.base_ns += by_ns;
}

/* The kernel does it, or somebody already has; or we do, at once or slowly. */
static void clock_follows(struct pipeline *pipeline, gn_utc utc, int64_t by_ns)
{
    struct leap *leap = &pipeline->leap;
    bool ours = pipeline_disciplines(pipeline);
    enum pipeline_leap_mode mode = pipeline->config.leap_mode;
    if (leap->moved || (ours && mode == PIPELINE_LEAP_SYSTEM && pipeline->armed == leap->pending)) {
        leap->owed_ns += by_ns;
        leap->owed_since = gn_utc_add(utc, by_ns);
    } else if (ours && (mode == PIPELINE_LEAP_SYSTEM || mode == PIPELINE_LEAP_STEP)) {
        pipeline->step_now = true;
    } else if (ours && mode == PIPELINE_LEAP_SLEW) {
        pipeline->moved = pipeline->leap_slewing = true;
    }
}

static void utc_leaps(struct pipeline *pipeline, gn_utc utc)
{
    struct leap *leap = &pipeline->leap;
    int64_t by_ns = leap_by_ns(leap->pending);
    shift_estimates(pipeline, by_ns);
    clock_follows(pipeline, utc, by_ns);
    leap_pass(leap, utc);
    if (pipeline->tai_offset_s != GN_TAI_UNKNOWN)
        pipeline->tai_offset_s -= (int32_t)(by_ns / GN_NS_PER_S);
    pipeline->dirty = true;
    pipeline_tell(pipeline, GN_EVENT_LEAP, GN_INFO, NULL, gn_seconds(by_ns),
                  "the leap second was %s", by_ns < 0 ? "inserted" : "deleted");
}

bool pipeline_leap_moved(struct pipeline *pipeline, gn_local now, int64_t by_ns)
{
    struct leap *leap = &pipeline->leap;
    gn_utc utc = pipeline_utc(pipeline, now);
    bool is_before = leap->pending != GN_LEAP_NORMAL;
    if (!leap_is_move(leap, utc, by_ns) ||
        (!is_before && leap->owed_ns == 0 && pipeline_disciplines(pipeline)))
        return false;
    leap->moved = true;
    pipeline->dirty = true;
    if (is_before || leap->owed_ns != 0) {
        leap->owed_ns -= leap_by_ns(is_before ? leap->pending : leap->past);
        leap->owed_since = utc;
    }
    if (is_before && pipeline->config.leap_mode == PIPELINE_LEAP_IGNORE)
        utc_leaps(pipeline, utc);
    return true;
}

/* It should have been seen within a tick: whatever the kernel is waiting for, UTC does not. */
static void collect(struct pipeline *pipeline, gn_utc utc)
{
    struct leap *leap = &pipeline->leap;
    int64_t late_ns = gn_utc_sub(utc, leap->owed_since);
    if (leap->owed_ns == 0 || (late_ns < OWED_NS && late_ns > -OWED_NS))
        return;
    leap->owed_ns = 0;
    pipeline->dirty = true;
    if (!pipeline_disciplines(pipeline))
        return;
    pipeline->step_now = true;
    pipeline_tell(pipeline, GN_EVENT_LEAP, GN_WARNING, NULL, 0,
                  "the kernel has not leapt with UTC: the clock is stepped");
}

/* Around a leap second the list counts by the day, we by the second. */
static void take_tai_offset(struct pipeline *pipeline, gn_utc utc)
{
    const struct leap *leap = &pipeline->leap;
    int64_t past_ns = gn_utc_sub(utc, leap->past_at);
    int offset_s;
    if (pipeline->table == NULL || (past_ns < GN_NS_PER_S && past_ns > -2 * GN_NS_PER_S) ||
        !leaptable_tai_offset(pipeline->table, utc, &offset_s))
        return;
    if (pipeline->tai_offset_s != offset_s)
        pipeline->dirty = true;
    pipeline->tai_offset_s = offset_s;
}

void pipeline_leap_run(struct pipeline *pipeline, struct pipeline_turn *turn)
{
    gn_utc utc = pipeline_utc(pipeline, turn->now);
    double rate, before = pipeline->smear_rate;
    bool obeys = pipeline->config.leap_mode != PIPELINE_LEAP_IGNORE;
    if (!pipeline->valid)
        return;
    if (!obeys || !leap_due(&pipeline->leap, utc))
        pipeline_leap_decide(pipeline, utc);
    if (obeys && leap_due(&pipeline->leap, utc))
        utc_leaps(pipeline, utc);
    utc = pipeline_utc(pipeline, turn->now);
    collect(pipeline, utc);
    take_tai_offset(pipeline, utc);
    (void)pipeline_smear_s(pipeline, utc, &rate);
    pipeline->smear_rate = rate;
    if (fabs(rate - before) > 0) { /* what is published holds on its own side of the turn only */
        turn->update = true;
        pipeline->dirty = true;
    }
    turn->system_ns = pipeline_unsmeared_ns(pipeline, turn->now, turn->shown_ns);
}

/* ---------------------------------------------------------------- the kernel */

void pipeline_leap_arm(struct pipeline *pipeline, const struct pipeline_turn *turn)
{
    const struct leap *leap = &pipeline->leap;
    gn_utc utc = pipeline_utc(pipeline, turn->now);
    pipeline->armed = GN_LEAP_NORMAL;
    if (!pipeline->valid || pipeline->config.leap_mode != PIPELINE_LEAP_SYSTEM)
        return;
    if (leap->pending != GN_LEAP_NORMAL) {
        pipeline->armed = leap->moved ? leap->pending : leap_today(leap, utc, turn->shown_ns);
    } else if (leap->owed_ns != 0) { /* it has to leap yet */
        pipeline->armed = leap->past;
    }
}

enum gn_leap pipeline_kernel_leap(const struct pipeline *pipeline)
{
    return pipeline->armed;
}

/* The kernel counts a leap of its own; ours, if it came first, would count twice. */
int32_t pipeline_kernel_tai_offset(const struct pipeline *pipeline)
{
    return pipeline->leap.owed_ns == 0 && !pipeline->leap_slewing ? pipeline->tai_offset_s
                                                                  : GN_TAI_UNKNOWN;
}

bool pipeline_leap_slews(struct pipeline *pipeline, double error_s)
{
    pipeline->leap_slewing = pipeline->leap_slewing && fabs(error_s) > SLEWED_S;
    return pipeline->leap_slewing;
}

/* ---------------------------------------------------------------- smear, at the edge */

double pipeline_smear_s(const struct pipeline *pipeline, gn_utc utc, double *rate)
{
    *rate = 0;
    return pipeline->valid && pipeline->config.leap_mode == PIPELINE_LEAP_SMEAR
               ? leap_smear_s(&pipeline->leap, utc, rate)
               : 0;
}

int64_t pipeline_unsmeared_ns(const struct pipeline *pipeline, gn_local now, int64_t system_ns)
{
    double rate;
    if (pipeline->config.leap_mode != PIPELINE_LEAP_SMEAR)
        return system_ns + pipeline->leap.owed_ns;
    return system_ns + pipeline->leap.owed_ns -
           gn_nanoseconds(pipeline_smear_s(pipeline, pipeline_utc(pipeline, now), &rate));
}

void pipeline_serve(const struct pipeline *pipeline, struct gn_state *state)
{
    double rate, smear_s;
    *state = pipeline->state;
    if (pipeline->config.leap_mode != PIPELINE_LEAP_SMEAR)
        return;
    smear_s = pipeline_smear_s(pipeline, state->utc, &rate);
    if (state->leap != GN_LEAP_UNSYNCHRONISED) /* whoever would leap besides would leap twice */
        state->leap = GN_LEAP_NORMAL;
    if (fpclassify(rate) == FP_ZERO)
        return;
    state->utc = gn_utc_add(state->utc, gn_nanoseconds(smear_s));
    state->ref_time = gn_utc_add(state->ref_time, gn_nanoseconds(smear_s));
    state->frequency += rate * (1 + state->frequency);
    if (state->stratum < 16)
        state->refid = SMEAR_REFID |
                       ((uint32_t)(int32_t)lround(smear_s / SMEAR_REFID_UNIT) & SMEAR_REFID_MASK);
}
