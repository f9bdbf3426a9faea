/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHARED_PULSE_H
#define SHARED_PULSE_H

/**
 * Pulses: which edge marks the second, which pulses count, and which second it is.
 *
 * Pure: what the kernel captured goes in, the pulse of a second comes out. A pulse says when a
 * second begins and not which; that has to come from somebody else (pulse_number()).
 * Spec: RFC 2783.
 */

#include <gnomon/time.h>
#include <stdbool.h>
#include <stdint.h>

enum pulse_edge {
    PULSE_AUTO = 0, /* the one that begins the shorter half of the period */
    PULSE_ASSERT = 1,
    PULSE_CLEAR = 2,
};

struct pulse_config {
    enum pulse_edge edge;
    int64_t interval_ns; /* from pulse to pulse */
    int64_t width_ns;    /* from the edge that counts to the other; 0: any */
    bool all;            /* every edge is read, not only the last one of each kind */
};

/** What the kernel captured last of each edge. Stamps: of the system clock. */
struct pulse_reading {
    bool both; /* the device captures both edges */
    uint32_t assert_sequence, clear_sequence;
    gn_utc assert_at, clear_at;
};

/** What came of a reading. */
enum pulse_verdict {
    PULSE_NONE,  /* nothing new */
    PULSE_WAIT,  /* new, but the other edge has yet to tell how long it is */
    PULSE_TAKEN, /* a pulse */
    PULSE_CLOSE, /* sooner after the last than a pulse can come: noise on the line, another rate, or
                    a device that takes both edges for one */
    PULSE_WIDTH, /* not as wide as configured */
};

struct pulse {
    struct pulse_config config;
    enum pulse_edge edge; /* that counts; PULSE_AUTO while it is not known */
    bool begun;           /* `last` is a reading */
    struct pulse_reading last;
    enum pulse_edge guess; /* the edge that is to be it, … */
    unsigned in_row;       /* … so often in a row */
    int64_t width_ns;      /* as last seen; 0 unknown */
    gn_utc at;             /* the last pulse that was taken, or too close; 0 none */
    gn_utc edge_at;        /* the last edge that may count, of a device that captures one only */
    unsigned steady;       /* such edges in a row that came once a period */
    unsigned doubt;        /* whether the device takes both edges for one, … */
    bool twice;            /* … and it does */
    unsigned missed;       /* that the kernel captured, but nobody fetched, in all */
    /* numbering */
    int64_t whole_ns; /* UTC − local of the pulses, rounded to intervals */
    bool numbered;
    unsigned contrary; /* pulses in a row that would be numbered otherwise */
};

void pulse_init(struct pulse *, const struct pulse_config *);

/** Take a reading. `*at`: the pulse's stamp, with PULSE_TAKEN, PULSE_CLOSE and PULSE_WIDTH. */
enum pulse_verdict pulse_take(struct pulse *, const struct pulse_reading *, gn_utc *at);

/** Whether a second can be told by somebody who errs by so much. */
bool pulse_tells(const struct pulse *, double doubt_s);

/** What came of numbering. */
enum pulse_number {
    PULSE_NUMBERED,
    PULSE_AMBIGUOUS, /* about half way between two seconds */
    PULSE_CONTRARY,  /* another second than the pulses before; believed when it stays so */
};

/**
 * Which second it is: `told` is what somebody else says of the pulse at `local`. With
 * PULSE_NUMBERED `*utc` is the second; `*late_s` is always how late who told it is, within half an
 * interval.
 */
enum pulse_number pulse_number(struct pulse *, gn_local local, gn_utc told, gn_utc *utc,
                               double *late_s);

#endif
