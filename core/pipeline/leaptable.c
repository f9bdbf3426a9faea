/* SPDX-License-Identifier: Apache-2.0 */
#include <base/sha1.h>
#include <inttypes.h>
#include <pipeline/leap.h>
#include <pipeline/leaptable.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The list counts seconds since 1900-01-01. */
#define SECONDS_1900_TO_1970 INT64_C(2208988800)
/* Up to the year 2200; the number may have no more digits than its greatest. */
#define MOST_SECONDS INT64_C(9467107200)
#define MOST_DIGITS 10
#define MOST_OFFSET 999
/* A piece of a line in an error. */
#define SHOWN 24

/* The lines so far, and the one that is read. */
struct reader {
    struct leaptable *table;
    struct leaptable_fault *fault;
    const char *at, *end; /* of the line */
    unsigned line;
    struct sha1 sha1; /* of all digits but the sum's own */
    uint32_t sum[SHA1_WORDS];
    unsigned sum_line; /* 0: it has none */
    bool has_expiry;
};

__attribute__((format(printf, 2, 3))) static bool wrong(struct reader *reader, const char *format,
                                                        ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reader->fault->text, sizeof reader->fault->text, format, arguments);
    va_end(arguments);
    reader->fault->line = reader->line;
    return false;
}

/* ---------------------------------------------------------------- words */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && is_blank(*reader->at))
        reader->at++;
}

/* The rest of the line, for people: no byte that a terminal would take for an order. */
static const char *shown(const struct reader *reader, char text[SHOWN + 1])
{
    size_t size = 0;
    for (const char *c = reader->at; c < reader->end && size < SHOWN; c++)
        text[size++] = *c >= ' ' && *c <= '~' ? *c : '?';
    text[size] = '\0';
    return text;
}

/* A whole number of nothing but digits, which count for the sum. */
static bool take_number(struct reader *reader, int64_t most, int64_t *number)
{
    const char *from = reader->at;
    *number = 0;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' &&
           reader->at - from < MOST_DIGITS)
        *number = *number * 10 + (*reader->at++ - '0');
    if (reader->at == from || *number > most ||
        (reader->at < reader->end && !is_blank(*reader->at) && *reader->at != '#')) {
        reader->at = from;
        return false;
    }
    sha1_add(&reader->sha1, from, (size_t)(reader->at - from));
    skip_blanks(reader);
    return true;
}

static bool take_instant(struct reader *reader, gn_utc *utc)
{
    const char *from = reader->at;
    int64_t seconds;
    if (!take_number(reader, MOST_SECONDS, &seconds) || seconds < SECONDS_1900_TO_1970) {
        reader->at = from;
        return false;
    }
    utc->ns = (seconds - SECONDS_1900_TO_1970) * GN_NS_PER_S;
    return true;
}

static bool at_end(const struct reader *reader)
{
    return reader->at == reader->end || *reader->at == '#';
}

/* ---------------------------------------------------------------- lines */

/* `#$` and `#@`. */
static bool read_date(struct reader *reader, char which, gn_utc *utc)
{
    char rest[SHOWN + 1];
    skip_blanks(reader);
    if (take_instant(reader, utc) && at_end(reader))
        return true;
    return wrong(reader,
                 "#%c \"%s\": must be followed by a time in seconds since 1900, 1970 to 2199",
                 which, shown(reader, rest));
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* `#h`: five words of up to eight digits; leading zeros may be left out. */
static bool read_sum(struct reader *reader)
{
    for (size_t i = 0; i < SHA1_WORDS; i++) {
        unsigned digits = 0;
        skip_blanks(reader);
        reader->sum[i] = 0;
        for (; reader->at < reader->end && digit_of(*reader->at) >= 0 && digits < 8; digits++)
            reader->sum[i] = reader->sum[i] << 4 | (uint32_t)digit_of(*reader->at++);
        if (digits == 0 || (reader->at < reader->end && !is_blank(*reader->at)))
            return wrong(reader, "#h: must be followed by five hexadecimal words, of up to eight "
                                 "digits each");
    }
    reader->sum_line = reader->line;
    return true;
}

static bool is_month_begin(gn_utc at)
{
    return leap_month_end(gn_utc_add(at, -1)).ns == at.ns;
}

/* A leap second: its order, its day, and one second at a time. */
static bool check_entry(struct reader *reader, gn_utc from, int64_t offset_s)
{
    const struct leaptable *table = reader->table;
    const struct leaptable_entry *last = &table->entries[table->count > 0 ? table->count - 1 : 0];
    int64_t change = table->count > 0 ? offset_s - last->tai_offset_s : 1;
    if (table->count == LEAPTABLE_ENTRIES)
        return wrong(reader, "a list has up to %d entries", LEAPTABLE_ENTRIES);
    if (!is_month_begin(from))
        return wrong(reader, "this is not the first second of a month (UTC): leap seconds come at "
                             "the end of one");
    if (table->count > 0 && from.ns <= last->from.ns)
        return wrong(reader, "this is not after the entry above: entries go from old to new");
    if (change != 1 && change != -1)
        return wrong(reader, "TAI - UTC goes from %d to %" PRId64 ": must change by 1 or -1",
                     last->tai_offset_s, offset_s);
    return true;
}

static bool read_entry(struct reader *reader)
{
    char rest[SHOWN + 1];
    int64_t offset_s;
    gn_utc from;
    if (!take_instant(reader, &from))
        return wrong(
            reader,
            "\"%s\": must be a comment, or a time in seconds since 1900, 1970 to 2199, and "
            "TAI - UTC",
            shown(reader, rest));
    if (!take_number(reader, MOST_OFFSET, &offset_s) || !at_end(reader))
        return wrong(reader, "\"%s\": TAI - UTC must be a number, 0 to %d, and nothing after it",
                     shown(reader, rest), MOST_OFFSET);
    if (!check_entry(reader, from, offset_s))
        return false;
    reader->table->entries[reader->table->count++] = (struct leaptable_entry){from, (int)offset_s};
    return true;
}

/* What follows a `#` at once and stands alone; 0: a comment. */
static char take_mark(struct reader *reader)
{
    const char *mark = ++reader->at;
    if (mark == reader->end || (mark + 1 < reader->end && !is_blank(mark[1])))
        return 0;
    reader->at++;
    return *mark;
}

static bool read_line(struct reader *reader)
{
    char mark;
    skip_blanks(reader);
    if (reader->at == reader->end)
        return true;
    if (*reader->at != '#')
        return read_entry(reader);
    mark = take_mark(reader);
    switch (mark) {
    case '$':
        return read_date(reader, mark, &reader->table->updated);
    case '@':
        reader->has_expiry = true;
        return read_date(reader, mark, &reader->table->expires);
    case 'h':
        return read_sum(reader);
    default:
        return true;
    }
}

/* ---------------------------------------------------------------- the whole */

static bool check_sum(struct reader *reader)
{
    uint32_t sum[SHA1_WORDS];
    sha1_finish(&reader->sha1, sum);
    if (reader->sum_line == 0)
        return true;
    reader->table->checked = true;
    if (memcmp(sum, reader->sum, sizeof sum) == 0)
        return true;
    reader->line = reader->sum_line;
    return wrong(reader,
                 "the SHA-1 of the list's numbers is %08" PRIx32 " %08" PRIx32 " %08" PRIx32
                 " %08" PRIx32 " %08" PRIx32 ", not what stands here: it was cut short or changed",
                 sum[0], sum[1], sum[2], sum[3], sum[4]);
}

static bool check_whole(struct reader *reader)
{
    if (reader->table->count == 0)
        return wrong(reader, "there is no entry: must have one at least, a time in seconds since "
                             "1900 and TAI - UTC");
    if (!reader->has_expiry)
        return wrong(reader, "there is no line #@: a list must say until when it is valid");
    return check_sum(reader);
}

static bool read_lines(struct reader *reader, const char *bytes, size_t size)
{
    const char *end = bytes + size;
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        reader->line++;
        reader->at = bytes;
        reader->end = newline != NULL ? newline : end;
        if (!read_line(reader))
            return false;
        bytes = newline != NULL ? newline + 1 : end;
    }
    return check_whole(reader);
}

bool leaptable_parse(struct leaptable *table, const char *bytes, size_t size,
                     struct leaptable_fault *fault)
{
    struct reader reader = {.table = table, .fault = fault};
    memset(table, 0, sizeof *table);
    memset(fault, 0, sizeof *fault);
    sha1_init(&reader.sha1);
    if (read_lines(&reader, bytes, size))
        return true;
    memset(table, 0, sizeof *table);
    return false;
}

/* ---------------------------------------------------------------- questions */

/* How many entries are in force. */
static size_t in_force(const struct leaptable *table, gn_utc now)
{
    size_t count = 0;
    while (count < table->count && table->entries[count].from.ns <= now.ns)
        count++;
    return count;
}

/* The first entry is where the list begins, not a leap second. */
static enum gn_leap leap_of(const struct leaptable *table, size_t index, gn_utc *at)
{
    const struct leaptable_entry *entry = &table->entries[index];
    if (index == 0 || index >= table->count)
        return GN_LEAP_NORMAL;
    *at = entry->from;
    return entry->tai_offset_s > entry[-1].tai_offset_s ? GN_LEAP_INSERT : GN_LEAP_DELETE;
}

enum gn_leap leaptable_next(const struct leaptable *table, gn_utc now, gn_utc *at)
{
    return leap_of(table, in_force(table, now), at);
}

enum gn_leap leaptable_last(const struct leaptable *table, gn_utc now, gn_utc *at)
{
    size_t count = in_force(table, now);
    return count == 0 ? GN_LEAP_NORMAL : leap_of(table, count - 1, at);
}

bool leaptable_tai_offset(const struct leaptable *table, gn_utc now, int *tai_offset_s)
{
    size_t count = in_force(table, now);
    if (count == 0)
        return false;
    *tai_offset_s = table->entries[count - 1].tai_offset_s;
    return true;
}
