/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATE_H
#define GATE_H

/**
 * What the delay of a good reply must be like.
 *
 * Pure, nothing is allocated. The names are those of chrony; what they mean here is written at
 * each. By default nothing is refused: the estimator weighs a slow exchange by itself.
 */

#include "verdict.h"

/** Delays that passed, of which the least and the deviation are learnt. */
#define GATE_PASSED 64
/** So many of them are needed before they say anything. */
#define GATE_PASSED_LEAST 6
/** Delays that were heard, of which the quantile is learnt. */
#define GATE_HEARD 128
/** So many of them are needed before they say anything. */
#define GATE_HEARD_LEAST 16
/** So many in a row are refused for what was learnt of the path, and it is another path: as many
 * as make a source unreachable. */
#define GATE_RUN 8

/** The limits; 0: none. */
struct gate_config {
    double mindelay_s;       /* the path's least delay, where it is known; 0: learnt */
    double maxdelay_s;       /* a longer delay is refused */
    double maxdelayratio;    /* … one longer than this times the least */
    double maxdelaydevratio; /* … one above the least by this times the delays' deviation */
    double maxdelayquant;    /* … one above this quantile of the delays, 0 … 1 */
};

/** The last of some delays, in no order. */
struct gate_ring {
    unsigned count, next;
    double delays_s[GATE_HEARD]; /* the first GATE_PASSED of them, the first GATE_RUN … */
};

struct gate {
    struct gate_config config;
    struct gate_ring passed;
    struct gate_ring heard;   /* passed, or refused for what was learnt */
    struct gate_ring refused; /* in a row, for least or deviation */
};

/** Nothing is known of the path. */
void gate_init(struct gate *gate, const struct gate_config *config);

/**
 * Judge a delay. `reading_s`: what both clocks' readings may add to it; what was learnt of the path
 * is not taken more exactly. Returns VERDICT_OK, or the verdict with `text` saying by how much.
 */
enum verdict gate_judge(struct gate *gate, double delay_s, double reading_s, char *text,
                        size_t size);

#endif
