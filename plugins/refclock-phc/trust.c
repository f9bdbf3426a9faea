/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

#include <math.h>

/* 2024-01-01: what shows less has never been set. */
#define FLOOR_NS (INT64_C(1704067200) * GN_NS_PER_S)

/* No oscillator, and no servo that slews, is faster or slower than this, … */
#define RATE_MOST 2e-4

/* … and beside it a servo that is settling may move the clock by so much at once. */
#define SLACK_S 1e-4

/* So many readings in a row are believed. */
#define BELIEVED 4

/* From one reading to another, beyond what the local scale has counted. */
static double beyond_s(gn_local from, gn_utc from_utc, gn_local to, gn_utc to_utc)
{
    return gn_seconds(gn_utc_sub(to_utc, from_utc) - gn_local_sub(to, from));
}

static bool goes_on(double by_s, gn_local from, gn_local to, double error_s)
{
    double apart_s = fabs(gn_seconds(gn_local_sub(to, from)));
    return fabs(by_s) <= apart_s * RATE_MOST + SLACK_S + 2 * error_s;
}

/* Less than half of what the local scale has counted. */
static bool stands_still(const struct trust *trust, gn_local at, gn_utc utc)
{
    int64_t local_ns = gn_local_sub(at, trust->last_at);
    int64_t clock_ns = gn_utc_sub(utc, trust->last_utc);
    return clock_ns >= 0 && clock_ns < local_ns / 2;
}

static void believe(struct trust *trust, gn_local at, gn_utc utc)
{
    trust->begun = true;
    trust->at = at;
    trust->utc = utc;
    trust->contrary = 0;
}

enum trust_verdict trust_judge(struct trust *trust, gn_local at, gn_utc utc, double error_s,
                               double *by_s)
{
    *by_s = 0;
    if (utc.ns < FLOOR_NS)
        return TRUST_PAST;
    bool begun = trust->begun, stands = begun && stands_still(trust, at, utc);
    trust->last_at = at;
    trust->last_utc = utc;
    if (!begun) {
        believe(trust, at, utc);
        return TRUST_FIRST;
    }
    *by_s = beyond_s(trust->at, trust->utc, at, utc);
    if (goes_on(*by_s, trust->at, at, error_s)) {
        believe(trust, at, utc);
        return TRUST_GOOD;
    }
    if (stands)
        return TRUST_STANDS;
    double since_s = beyond_s(trust->contrary_at, trust->contrary_utc, at, utc);
    bool stays = trust->contrary > 0 && goes_on(since_s, trust->contrary_at, at, error_s);
    trust->contrary = stays ? trust->contrary + 1 : 1;
    if (!stays)
        trust->jump_s = *by_s;
    *by_s = trust->jump_s;
    trust->contrary_at = at;
    trust->contrary_utc = utc;
    if (trust->contrary < BELIEVED)
        return TRUST_JUMPED;
    believe(trust, at, utc);
    return TRUST_AGAIN;
}
