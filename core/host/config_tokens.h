/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_CONFIG_TOKENS_H
#define HOST_CONFIG_TOKENS_H

/**
 * The words of a configuration file, each with its own place, those of included files among them.
 *
 * They are read by us, before libconfig 1.5 sees them, because only the text knows what libconfig
 * gets wrong: an integer over 32 bits that wraps, the line of a string in a list, an @include
 * relative to the working directory. A string ends on its line, which libconfig does not demand
 * and which finds a forgotten quote where it was forgotten.
 */

#include <base/arena.h>
#include <host/diagnostics.h>
#include <stdbool.h>

enum config_token_kind {
    CONFIG_TOKEN_END = 0,
    CONFIG_TOKEN_NAME,
    CONFIG_TOKEN_STRING,
    CONFIG_TOKEN_INTEGER,
    CONFIG_TOKEN_LONG, /* an integer over 32 bits, marked by L or not */
    CONFIG_TOKEN_REAL,
    CONFIG_TOKEN_BOOL,
    CONFIG_TOKEN_MARK, /* one of = : , ; ( ) [ ] { } */
};

struct config_token {
    enum config_token_kind kind;
    bool unmarked;    /* a LONG that lacks its L */
    const char *text; /* as written, NUL-ended */
    const char *file;
    unsigned line;
};

/** All words of a file; the last one is an END. */
struct config_tokens {
    struct config_token *items;
    size_t count, capacity;
};

void config_tokens_init(struct config_tokens *);
void config_tokens_finish(struct config_tokens *);

/**
 * Read a file and what it includes. `path` and all texts live in the arena.
 * Errors: false, with one finding; reading ends there.
 */
bool config_tokens_read(struct config_tokens *, const char *path, struct arena *,
                        struct diagnostics *);

/** Whether a token is this mark. */
bool config_token_is(const struct config_token *, char mark);

/** `path` as seen from the folder of `file`. Owns: the arena. */
const char *config_path(struct arena *, const char *file, const char *path);

#endif
