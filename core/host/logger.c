/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <host/logger.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ELLIPSIS "\xe2\x80\xa6"

struct logger {
    enum gn_level level;
    void (*sink)(void *arg, enum gn_level, const char *line);
    void *arg;
};

struct logger *logger_create(enum gn_level level,
                             void (*sink)(void *arg, enum gn_level, const char *line), void *arg)
{
    assert(sink != NULL);
    struct logger *logger = calloc(1, sizeof(*logger));
    if (logger == NULL)
        return NULL;
    *logger = (struct logger){.level = level, .sink = sink, .arg = arg};
    return logger;
}

void logger_destroy(struct logger *logger)
{
    free(logger);
}

enum gn_level logger_level(const struct logger *logger)
{
    return logger->level;
}

void logger_set_level(struct logger *logger, enum gn_level level)
{
    logger->level = level;
}

const char *logger_level_name(enum gn_level level)
{
    static const char *const names[] = {
        [GN_ERROR] = "error", [GN_WARNING] = "warning", [GN_INFO] = "info", [GN_DEBUG] = "debug"};
    return (unsigned)level < sizeof(names) / sizeof(names[0]) ? names[level] : "debug";
}

/*
 * Bytes of the character at `text` that may stand in a line as it is; 0: escape the byte.
 * The controls of ISO 6429 beyond ASCII (U+0080 … U+009F) move cursors too, so they are refused.
 */
static size_t printable(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    if (c[0] < 0x80)
        return c[0] >= 0x20 && c[0] != 0x7f;
    size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool beyond = (c[0] == 0xed && c[1] >= 0xa0) || (c[0] == 0xf4 && c[1] >= 0x90);
    bool control = c[0] == 0xc2 && c[1] < 0xa0;
    return overlong || beyond || control ? 0 : length;
}

/* Copy `text`, harmless and bounded, into a line of LOGGER_LINE_MAX bytes and a NUL. */
static void escape(const char *text, char *line)
{
    size_t used = 0, room = LOGGER_LINE_MAX;
    size_t safe = 0; /* where an ellipsis still fits */
    while (*text != '\0') {
        char piece[5];
        size_t length = printable(text), step = length > 0 ? length : 1;
        if (length > 0)
            memcpy(piece, text, length);
        else
            length = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", (unsigned char)*text);
        if (used + length > room) {
            memcpy(line + safe, ELLIPSIS, sizeof(ELLIPSIS) - 1);
            used = safe + sizeof(ELLIPSIS) - 1;
            break;
        }
        memcpy(line + used, piece, length);
        used += length;
        if (used + sizeof(ELLIPSIS) - 1 <= room)
            safe = used;
        text += step;
    }
    line[used] = '\0';
}

void logger_vlog(struct logger *logger, enum gn_level level, const char *who, const char *format,
                 va_list args)
{
    if (level > logger->level)
        return;
    /* Longer than a line, so what is cut here is never seen: the ellipsis comes before it. */
    char raw[LOGGER_LINE_MAX + 8], line[LOGGER_LINE_MAX + 1];
    size_t used = 0;
    if (who != NULL && *who != '\0')
        used = (size_t)snprintf(raw, sizeof(raw), "%s: ", who);
    if (used < sizeof(raw) && vsnprintf(raw + used, sizeof(raw) - used, format, args) < 0)
        snprintf(raw + used, sizeof(raw) - used, "(a line that cannot be formatted)");
    escape(raw, line);
    logger->sink(logger->arg, level, line);
}

void logger_log(struct logger *logger, enum gn_level level, const char *who, const char *format,
                ...)
{
    va_list args;
    va_start(args, format);
    logger_vlog(logger, level, who, format, args);
    va_end(args);
}

/* Spec: sd-daemon(3), the prefixes of stderr; syslog(3), the numbers. */
static int journal_priority(enum gn_level level)
{
    static const int priorities[] = {
        [GN_ERROR] = 3, [GN_WARNING] = 4, [GN_INFO] = 6, [GN_DEBUG] = 7};
    return (unsigned)level < sizeof(priorities) / sizeof(priorities[0]) ? priorities[level] : 7;
}

size_t logger_stderr_format(const struct logger_stderr *style, enum gn_level level,
                            const char *line, gn_utc when, char *text, size_t size)
{
    assert(size >= 2);
    int written;
    if (style->journal) {
        written = snprintf(text, size, "<%d>%s\n", journal_priority(level), line);
    } else {
        time_t seconds = (time_t)(when.ns / GN_NS_PER_S);
        int milliseconds = (int)(when.ns % GN_NS_PER_S / 1000000);
        if (milliseconds < 0)
            milliseconds = 0; /* before 1970, nobody counts */
        struct tm tm;
        char date[32] = "";
        if (gmtime_r(&seconds, &tm) != NULL)
            strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
        written = snprintf(text, size, "%s.%03dZ %s: %s\n", date, milliseconds,
                           logger_level_name(level), line);
    }
    if (written < 0)
        return 0;
    if ((size_t)written < size)
        return (size_t)written;
    text[size - 2] = '\n';
    return size - 1;
}

void logger_stderr_sink(void *arg, enum gn_level level, const char *line)
{
    char text[LOGGER_LINE_MAX + 64];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    gn_utc when = {(int64_t)now.tv_sec * GN_NS_PER_S + now.tv_nsec};
    size_t size = logger_stderr_format(arg, level, line, when, text, sizeof(text)), done = 0;
    while (done < size) {
        ssize_t n = write(STDERR_FILENO, text + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* nobody reads the log; that must not stop the daemon */
        done += (size_t)n;
    }
}
