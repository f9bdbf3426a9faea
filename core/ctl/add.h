/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_ADD_H
#define CTL_ADD_H

/** `gnomonctl add`: a source as words of a command line. */

#include <ctl/cli.h>

/**
 * "KEY=VALUE" as a member of `options`. A value is true, false, a whole number, a number with a
 * fraction, or else a string; in double quotes it is always a string.
 * Errors: false with the reason in `why`.
 */
bool add_option(json_t *options, const char *word, char *why, size_t why_size);

/** The command. Returns the exit status. */
int add_run(struct cli *);

#endif
