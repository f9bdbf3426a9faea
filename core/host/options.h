/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

/**
 * Fills structs from a group of the configuration, by option tables. Every error is found in one
 * run, each at the place of the very setting: `file:line: key: what is wrong, what is allowed`.
 */

#include <host/config_file.h>
#include <host/option_table.h>

/** What reading needs; lent. */
struct options {
    const struct config_file *file;
    struct arena *arena; /* owns the strings that are read */
    struct diagnostics *diagnostics;
};

/** A table and the struct it fills. A key of several tables fills all of them. */
struct options_target {
    struct option_table table;
    void *fields;
};

/** A group and who may have a say in it. */
struct options_group {
    const config_setting_t *setting;
    const char *prefix; /* before the keys in findings: "clock."; "" none */
    const char *owner;  /* who wants the required options: "refclock-gps" */
    struct options_target targets[2];
    size_t target_count;
    const char *const *others; /* further keys, read elsewhere; NULL, or ends with NULL */
};

/** Read a group. Fields of absent keys stay as they are. Errors: false, with all findings. */
bool options_read(const struct options *, const struct options_group *);

/** Add an error or a warning about `key` (NULL: none) at the place of `setting`. */
__attribute__((format(printf, 5, 6))) void options_find(const struct options *,
                                                        enum diagnostic_level,
                                                        const config_setting_t *setting,
                                                        const char *key, const char *format, ...);

/**
 * A string without control characters. Errors: NULL, with a finding about `key`.
 * Owns: the tree of the file.
 */
const char *options_string(const struct options *, const config_setting_t *, const char *key);

/** What a setting is, in words: "a string", "a list". */
const char *options_kind(const config_setting_t *);

/** Add `, did you mean "x"?` if the guess found something. */
void options_add_guess(const struct text_guess *, struct text *);

#endif
