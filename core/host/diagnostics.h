/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_DIAGNOSTICS_H
#define HOST_DIAGNOSTICS_H

/** Everything that is wrong with a configuration, collected so that one run shows it all. */

#include <stdarg.h>
#include <stddef.h>

enum diagnostic_level {
    DIAGNOSTIC_ERROR = 0,
    DIAGNOSTIC_WARNING = 1,
};

struct diagnostic {
    enum diagnostic_level level;
    char *file;    /* NULL: about no file */
    unsigned line; /* 0: about no line */
    char *text;
};

struct diagnostics {
    struct diagnostic *items;
    size_t count, capacity;
    size_t errors, warnings;
};

void diagnostics_init(struct diagnostics *);
void diagnostics_finish(struct diagnostics *);

/** Add one finding. `file` is copied. */
__attribute__((format(printf, 5, 6))) void diagnostics_add(struct diagnostics *,
                                                           enum diagnostic_level, const char *file,
                                                           unsigned line, const char *format, ...);

/** Print all, one a line, as `file:line: text` (`file:line: warning: text`), in order of file and
 * line. */
void diagnostics_print(const struct diagnostics *,
                       void (*line)(void *arg, enum diagnostic_level, const char *), void *arg);

#endif
