/* SPDX-License-Identifier: Apache-2.0 */
#include "rawlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "gnomon-raw 1 "

/* What is further away does not fit into nanoseconds, added to an instant. */
#define MOST_S INT64_C(4000000000)

#define MOST_BAUD 100000000

/* ---------------------------------------------------------------- writing */

/* Seconds with nine decimals, which are all of an instant. */
static int put_seconds(char *text, size_t room, int64_t ns)
{
    return snprintf(text, room, "%s%" PRIdMAX ".%09" PRIdMAX, ns < 0 ? "-" : "",
                    imaxabs(ns / GN_NS_PER_S), imaxabs(ns % GN_NS_PER_S));
}

static size_t put_byte(char *text, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    text[0] = '\\';
    switch (byte) {
    case '\r':
        text[1] = 'r';
        return 2;
    case '\n':
        text[1] = 'n';
        return 2;
    case '\\':
        text[1] = '\\';
        return 2;
    default:
        break;
    }
    if (byte >= 0x20 && byte < 0x7f) {
        text[0] = (char)byte;
        return 1;
    }
    text[1] = 'x';
    text[2] = digits[byte >> 4];
    text[3] = digits[byte & 15];
    return 4;
}

static size_t put_bytes(char *text, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t length = 0;
    for (size_t i = 0; i < size; i++)
        length += put_byte(text + length, bytes[i]);
    return length;
}

static size_t write_begin(const struct rawlog_record *record, char *line)
{
    size_t length = sizeof HEAD - 1;
    memcpy(line, HEAD, length);
    length += (size_t)put_seconds(line + length, 32, record->system.ns);
    line[length++] = ' ';
    return length + put_bytes(line + length, record->words, strlen(record->words));
}

size_t rawlog_write(const struct rawlog_record *record, char line[RAWLOG_LINE])
{
    size_t size = record->size < RAWLOG_BYTES ? record->size : RAWLOG_BYTES;
    size_t length = record->kind == RAWLOG_BEGIN ? 0 : (size_t)put_seconds(line, 32, record->at_ns);
    switch (record->kind) {
    case RAWLOG_BEGIN:
        length = write_begin(record, line);
        break;
    case RAWLOG_SPEED:
        length += (size_t)snprintf(line + length, 32, " = %u", record->baud);
        break;
    case RAWLOG_READ:
        memcpy(line + length, " < ", 3);
        length += 3 + put_bytes(line + length + 3, record->bytes, size);
        break;
    case RAWLOG_PULSE:
        memcpy(line + length, " ^ ", 3);
        length += 3;
        length += (size_t)put_seconds(line + length, 32, record->stamp_ns);
        line[length++] = ' ';
        length += (size_t)put_seconds(line + length, 32, record->error_ns);
        break;
    }
    line[length++] = '\n';
    return length;
}

/* ---------------------------------------------------------------- reading a line */

/* What is left of a line. */
struct rest {
    const char *at, *end;
};

static bool take(struct rest *rest, const char *words)
{
    size_t size = strlen(words);
    if ((size_t)(rest->end - rest->at) < size || memcmp(rest->at, words, size) != 0)
        return false;
    rest->at += size;
    return true;
}

static bool take_digits(struct rest *rest, size_t least, size_t most, int64_t *value)
{
    size_t count = 0;
    *value = 0;
    for (; rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9' && count < most; count++)
        *value = 10 * *value + (*rest->at++ - '0');
    return count >= least;
}

static bool take_seconds(struct rest *rest, int64_t *ns)
{
    int64_t seconds, fraction;
    bool below = take(rest, "-");
    if (!take_digits(rest, 1, 10, &seconds) || seconds > MOST_S || !take(rest, ".") ||
        !take_digits(rest, 9, 9, &fraction))
        return false;
    *ns = seconds * GN_NS_PER_S + fraction;
    *ns = below ? -*ns : *ns;
    return true;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte, escaped or not; −1: that cannot be. */
static int take_byte(struct rest *rest)
{
    if (*rest->at != '\\')
        return *rest->at >= 0x20 && *rest->at < 0x7f ? *rest->at++ : -1;
    if (take(rest, "\\r"))
        return '\r';
    if (take(rest, "\\n"))
        return '\n';
    if (take(rest, "\\\\"))
        return '\\';
    if (!take(rest, "\\x") || rest->end - rest->at < 2)
        return -1;
    int high = digit(rest->at[0]), low = digit(rest->at[1]);
    rest->at += 2;
    return high < 0 || low < 0 ? -1 : 16 * high + low;
}

static bool take_bytes(struct rest *rest, uint8_t *bytes, size_t room, size_t *size)
{
    for (*size = 0; rest->at < rest->end; (*size)++) {
        int byte = take_byte(rest);
        if (byte < 0 || *size == room)
            return false;
        bytes[*size] = (uint8_t)byte;
    }
    return true;
}

static bool read_begin(struct rest *rest, struct rawlog_record *record)
{
    size_t size;
    uint8_t words[sizeof record->words - 1];
    record->kind = RAWLOG_BEGIN;
    if (!take_seconds(rest, &record->system.ns) || !take(rest, " ") ||
        !take_bytes(rest, words, sizeof words, &size))
        return false;
    memcpy(record->words, words, size);
    record->words[size] = '\0';
    return true;
}

static bool read_speed(struct rest *rest, struct rawlog_record *record)
{
    int64_t baud;
    record->kind = RAWLOG_SPEED;
    if (!take_digits(rest, 1, 9, &baud) || baud > MOST_BAUD)
        return false;
    record->baud = (unsigned)baud;
    return true;
}

static bool read_pulse(struct rest *rest, struct rawlog_record *record)
{
    record->kind = RAWLOG_PULSE;
    return take_seconds(rest, &record->stamp_ns) && take(rest, " ") &&
           take_seconds(rest, &record->error_ns) && record->error_ns > 0;
}

/* Not ended by a newline. */
static bool read_line(const struct rawlog *log, struct rawlog_record *record)
{
    struct rest rest = {log->line, log->line + log->size};
    bool good;
    memset(record, 0, sizeof *record);
    if (take(&rest, HEAD))
        return read_begin(&rest, record);
    if (!log->begun || !take_seconds(&rest, &record->at_ns))
        return false;
    if (take(&rest, " < ")) {
        record->kind = RAWLOG_READ;
        good = take_bytes(&rest, record->bytes, sizeof record->bytes, &record->size);
    } else if (take(&rest, " = ")) {
        good = read_speed(&rest, record);
    } else {
        good = take(&rest, " ^ ") && read_pulse(&rest, record);
    }
    return good && rest.at == rest.end;
}

/* ---------------------------------------------------------------- reading a file */

void rawlog_init(struct rawlog *log)
{
    memset(log, 0, sizeof *log);
    log->number = 1;
}

static void add(struct rawlog *log, const char *data, size_t size)
{
    if (size > sizeof log->line - log->size) {
        log->overlong = true;
        return;
    }
    memcpy(log->line + log->size, data, size);
    log->size += size;
}

bool rawlog_read(struct rawlog *log, const char **data, size_t *size, struct rawlog_record *record)
{
    while (*size > 0) {
        const char *end = memchr(*data, '\n', *size);
        size_t length = end != NULL ? (size_t)(end - *data) : *size;
        add(log, *data, length);
        length += end != NULL;
        *data += length;
        *size -= length;
        if (end == NULL)
            return false;
        bool empty = log->size == 0; /* behind a torn line */
        bool good = !empty && !log->overlong && read_line(log, record);
        log->skipped += !good && (!empty || log->overlong);
        log->overlong = false;
        log->size = 0;
        log->number++;
        log->begun = log->begun || (good && record->kind == RAWLOG_BEGIN);
        if (good)
            return true;
    }
    return false;
}
