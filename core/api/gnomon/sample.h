/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GNOMON_SAMPLE_H
#define GNOMON_SAMPLE_H

/**
 * One measurement of the local scale against a reference.
 *
 * Signs, here and everywhere: offset = reference − local (positive: local is behind);
 * frequency = slope of the offset (positive: local runs slow).
 */

#include <gnomon/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the source says about the end of the current month. Spec: RFC 5905 §7.3, leap indicator. */
enum gn_leap {
    GN_LEAP_NORMAL = 0,
    GN_LEAP_INSERT = 1,
    GN_LEAP_DELETE = 2,
    GN_LEAP_UNSYNCHRONISED = 3,
};

/** How the pair of instants came about. */
enum gn_sample_kind {
    /** Reference and local read (almost) together: a reference clock. `delay_s` is 0. */
    GN_SAMPLE_ONE_WAY = 0,
    /** A request and its reply: the four timestamps are valid. */
    GN_SAMPLE_TWO_WAY = 1,
};

/** An exchange's four timestamps. Spec: RFC 5905 §8: T1 sent, T2 received, T3 replied, T4 arrived.
 */
struct gn_exchange {
    gn_local t1;
    gn_utc t2;
    gn_utc t3;
    gn_local t4;
};

/**
 * A sample: at `local` the reference showed `utc`, within ±(delay_s / 2 + dispersion_s).
 *
 * For a two-way sample `local` is T4 and `utc` is T4 plus the measured offset; the estimator
 * works on the exchange, which has both directions apart.
 */
struct gn_sample {
    uint32_t size; /* sizeof(struct gn_sample) as the plugin knows it */
    enum gn_sample_kind kind;
    gn_local local;
    gn_utc utc;
    double delay_s;      /* round trip; ≥ 0 */
    double dispersion_s; /* reading errors of both clocks: precision, stamps; > 0 */
    struct gn_exchange exchange;
    /* What the reference says of itself. */
    double root_delay_s;      /* to the primary reference; ≥ 0 */
    double root_dispersion_s; /* to the primary reference; ≥ 0 */
    uint8_t stratum;          /* of the reference: 0 a clock, 1 … 15 a server */
    uint8_t leap;             /* enum gn_leap */
    uint32_t refid;           /* whom the reference follows; host byte order */
    gn_utc ref_time;          /* when the reference was last set; 0 unknown */
    uint32_t own_refid;       /* our reference id as the reference knows us: of the address that its
                                 packets come to; 0 unknown */
};

/** Measured offset (reference − local) at `local`. Units: s. Exact where |offset| < 100 days. */
static inline double gn_sample_offset_s(const struct gn_sample *sample)
{
    return gn_seconds(sample->utc.ns - sample->local.ns);
}

#ifdef __cplusplus
}
#endif

#endif
