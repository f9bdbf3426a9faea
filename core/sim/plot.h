/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PLOT_H
#define SIM_PLOT_H

/** The recorded curves as a drawing: true error and claimed bound of some nodes over true time. */

#include <base/text.h>
#include <sim/track.h>

struct plot_curve {
    const char *name;
    const struct track *track;
};

/** Owns: nothing. */
struct plot {
    const char *title;
    double duration_s;
    const struct plot_curve *curves;
    size_t count;
    const struct marks *marks;
};

/**
 * Add a whole SVG 1.1 document, one panel per curve. It needs nothing from elsewhere, and follows
 * the reader's choice of a light or a dark page.
 */
void plot_svg(const struct plot *, struct text *);

/** Add a drawing of 80 × 20 characters per curve, and below it what its marks mean. */
void plot_text(const struct plot *, struct text *);

#endif
