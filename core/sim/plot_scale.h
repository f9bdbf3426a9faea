/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PLOT_SCALE_H
#define SIM_PLOT_SCALE_H

/** From errors and instants to places on paper, and the ticks of both axes. */

#include <sim/track.h>

/** Ticks of an axis at most. */
#define SCALE_TICKS 24

/** Room for the label of a tick. */
#define SCALE_LABEL 32

/** Errors, from −top_s to +top_s: in proportion, or by asinh(error / unit_s). */
struct scale {
    double top_s;
    double unit_s; /* 0: in proportion */
};

struct scale_tick {
    double value; /* s */
    char label[SCALE_LABEL];
};

struct scale_ticks {
    struct scale_tick items[SCALE_TICKS];
    size_t count;
};

/** A scale on which all of the track has room, and its usual errors can be seen. */
struct scale scale_fit(const struct track *);

/** Where an error stands: −1 (lowest) to 1 (highest). */
double scale_place(const struct scale *, double error_s);

void scale_error_ticks(const struct scale *, struct scale_ticks *);

/** Ticks of true time from 0 on. Returns their unit: "s", "min", "h", "d". */
const char *scale_time_ticks(double duration_s, struct scale_ticks *);

/** "+100 us", "0", "-2.5 ms". Returns `label`. */
const char *scale_label(double error_s, char label[SCALE_LABEL]);

#endif
