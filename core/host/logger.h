/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_LOGGER_H
#define HOST_LOGGER_H

/** Lines for stderr, by level: `2026-01-31T12:00:00.123Z info: gps0: text`. Under systemd:
 * `<6>gps0: text`. */

#include <gnomon/event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/** Longest line in bytes, without its prefix; what is longer ends in an ellipsis. */
#define LOGGER_LINE_MAX 1024

struct logger;

/**
 * `sink` writes one line, `who: text` (without line end). Control characters and what is no UTF-8
 * stand in it as \xNN, so nobody's name or reply can forge a line. Errors: NULL out of memory.
 */
struct logger *logger_create(enum gn_level,
                             void (*sink)(void *arg, enum gn_level, const char *line), void *arg);
void logger_destroy(struct logger *); /* takes NULL */

enum gn_level logger_level(const struct logger *);
void logger_set_level(struct logger *, enum gn_level);

/** Log a line. `who` is the instance or NULL. */
__attribute__((format(printf, 4, 5))) void logger_log(struct logger *, enum gn_level,
                                                      const char *who, const char *format, ...);
void logger_vlog(struct logger *, enum gn_level, const char *who, const char *format, va_list);

/** "error", "warning", "info", "debug". */
const char *logger_level_name(enum gn_level);

/** How lines stand on stderr. */
struct logger_stderr {
    bool journal; /* the journal reads it: "<6>" and no time */
};

/** A sink: `arg` is a struct logger_stderr. Writes each line with one call. */
void logger_stderr_sink(void *arg, enum gn_level, const char *line);

/** What the sink writes, with its line end. Returns its length, < size. */
size_t logger_stderr_format(const struct logger_stderr *, enum gn_level, const char *line,
                            gn_utc when, char *text, size_t size);

#endif
