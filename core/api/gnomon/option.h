/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GNOMON_OPTION_H
#define GNOMON_OPTION_H

/**
 * Option tables: what a role can be configured with.
 *
 * The host parses, checks type, unit and range, rejects unknown keys with file and line, and
 * hands over a filled struct. The same table prints `gnomond --describe PLUGIN`, the section of
 * the manual page and the sample configuration.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Type of an option and of the field that it fills. */
enum gn_option_type {
    GN_OPT_BOOL = 0, /* bool */
    GN_OPT_INT,      /* int64_t; min … max */
    GN_OPT_REAL,     /* double; min … max; an integer is accepted */
    GN_OPT_STRING,   /* const char *; NULL where there is no default */
    GN_OPT_PATH,     /* const char *; relative to the folder of the configuration file */
    GN_OPT_CHOICE,   /* int; index into `choices` */
    GN_OPT_STRINGS,  /* struct gn_strings; a list, or one string; the default is split at commas */
};

/** A list of strings. Owns: nothing; the host keeps it as long as the configuration. */
struct gn_strings {
    const char *const *items;
    size_t count;
};

/** The option must be given. */
#define GN_OPT_REQUIRED 1u

/** One row of an option table. A table ends by its count, not by a sentinel. */
struct gn_option {
    const char *key;
    uint32_t type;      /* enum gn_option_type */
    size_t offset;      /* of the field in the config struct */
    const char *preset; /* the default, as it would stand in the file; NULL: zero, or none */
    double min, max;    /* of INT and REAL; both 0: any */
    const char *unit;   /* "s", "ppm", "log2 s", "baud"; NULL none */
    const char *const *choices; /* of CHOICE; ends with NULL */
    uint32_t flags;
    const char *help; /* one sentence, without a full stop */
};

#ifdef __cplusplus
}
#endif

#endif
