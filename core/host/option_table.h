/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_OPTION_TABLE_H
#define HOST_OPTION_TABLE_H

/** Option tables as data: their rows, defaults, words and soundness. Nothing here reads a file. */

#include <base/arena.h>
#include <base/text.h>
#include <gnomon/plugin.h>

/** A table as its maker built it: rows may be longer or shorter than ours. */
struct option_table {
    const struct gn_option *rows;
    size_t count;
    size_t row_size;
};

/** A table of our own. */
#define OPTION_TABLE(array)                                                                        \
    {                                                                                              \
        .rows = (array), .count = sizeof(array) / sizeof((array)[0]),                              \
        .row_size = sizeof((array)[0])                                                             \
    }

/** The options of a role. */
struct option_table option_table_of(const struct gn_role *);

/** Row `index`; what its maker did not know is zero. */
struct gn_option option_table_row(const struct option_table *, size_t index);

/** Find a key. Returns whether it is there; `*row` may be NULL. */
bool option_table_find(const struct option_table *, const char *key, struct gn_option *row);

/** Where the value of an option lies in the struct that is filled. */
void *option_field(const struct gn_option *, void *fields);

/** Index of a choice, or −1. */
int option_choice(const struct gn_option *, const char *word);

/** Fill in the default. Owns: strings belong to the arena. Errors: false: it is no such value. */
bool option_preset(const struct gn_option *, void *fields, struct arena *);

/** Fill in all defaults of a table that option_table_check() found sound. */
void option_table_presets(const struct option_table *, void *fields, struct arena *);

/** Whether a value is within min … max. */
bool option_in_range(const struct gn_option *, double value);

/** Add what is allowed: "a number of seconds", "one of \"off\", \"copy\"". */
void option_add_type(const struct gn_option *, struct text *);

/** Add the range with its unit, "300 … 921600 baud"; nothing if any value is good. */
void option_add_range(const struct gn_option *, struct text *);

/** Check that a plugin's table can be used at all. Errors: false with the reason in `why`. */
bool option_table_check(const struct option_table *, size_t config_size, struct text *why);

#endif
