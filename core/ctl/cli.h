/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_CLI_H
#define CTL_CLI_H

/** gnomonctl's command line: options, commands, exit status. */

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/** Exit status. */
enum cli_status {
    CLI_DONE = 0,
    CLI_NO = 1,    /* the daemon said no, or is not there */
    CLI_USAGE = 2, /* wrong usage */
};

/** Room for an explanation. */
#define CLI_WHY_MAX 512

/** One call of gnomonctl. */
struct cli {
    const char *socket;
    bool json, verbose;
    double timeout_s;   /* --timeout; 0 none */
    const char *source; /* the command is about this one; NULL none */
    char **arguments;   /* behind the command, ended by NULL */
    FILE *out, *err;
};

/** All of gnomonctl. Returns the exit status. */
int cli_main(int argc, char **argv, FILE *out, FILE *err);

/** Ask the daemon. Owns: the caller gets a new reference. Errors: NULL, already told. */
json_t *cli_ask(struct cli *, const char *command);

/** The same, without telling. `*error` is an errno if there is no daemon, else 0. */
json_t *cli_try(struct cli *, const char *command, int *error, char *why, size_t why_size);

/** Send a whole request; lent. Owns and errors: as cli_ask(). */
json_t *cli_request(struct cli *, const json_t *request);

/** Print one JSON value and a line end. */
void cli_print_json(struct cli *, const json_t *);

/** Tell a failure, to scripts as {"ok": false, "error": …}. Returns CLI_NO. */
int cli_fail(struct cli *, const char *why);

/** Tell wrong usage. Returns CLI_USAGE. */
__attribute__((format(printf, 2, 3))) int cli_usage(struct cli *, const char *format, ...);

#endif
