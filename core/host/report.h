/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_REPORT_H
#define HOST_REPORT_H

/**
 * JSON of the report structs, with the keys that design.md §7 promises to other people's scripts.
 *
 * Signs are those of the API: an offset is reference − local (positive: local is behind), a
 * frequency is positive where local runs slow. A number that does not exist (yet) is null.
 * Errors: NULL out of memory. Owns: the caller gets a new reference.
 */

#include <gnomon/state.h>
#include <host/loader.h>
#include <jansson.h>

json_t *report_tracking(const struct gn_tracking *);

/** One element of `sources`. */
json_t *report_source(const struct gn_source_report *);

/** One element of `sourcestats`. */
json_t *report_sourcestats(const struct gn_source_report *);

/** One element of `plugins`. */
json_t *report_plugin(const struct plugin *);

/** A number, or null if it is not finite. */
json_t *report_number(double);

/** A string; what is no UTF-8 in it becomes '?', since JSON cannot carry it. */
json_t *report_text(const char *);

/** RFC 3339 with nanoseconds, in UTC; null for 0, never. */
json_t *report_instant(gn_utc);

#endif
