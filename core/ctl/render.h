/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_RENDER_H
#define CTL_RENDER_H

/**
 * The daemon's reports for people. The labels and columns are chronyc's, the signs are ours: an
 * offset is reference − local. A key that is missing (an older daemon) shows as "-".
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

void render_tracking(const json_t *tracking, FILE *);

/** `verbose`: with a legend. `line_end` ends each line. */
void render_sources(const json_t *sources, bool verbose, FILE *, const char *line_end);
void render_sourcestats(const json_t *stats, FILE *);
void render_plugins(const json_t *plugins, FILE *);
void render_activity(const json_t *activity, FILE *);

/** Tracking in one line. */
void render_summary(const json_t *tracking, FILE *, const char *line_end);

/** A member's words, "" if there are none. */
const char *render_text(const json_t *object, const char *key);

/** A member's number, NAN if there is none. */
double render_number(const json_t *object, const char *key);

/** "Normal", "Insert second", "Delete second", "Not synchronised" for a code of `leap`. */
const char *render_leap(const char *code);

#endif
