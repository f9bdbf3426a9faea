/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <host/statistics_file.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "gnomon-statistics"
#define VERSION_KNOWN 1
/* What cannot be is not believed. Units: s, and the pipeline's log likelihood. */
#define MOST_S 1000.0
#define LEAST_S 1e-12
#define LEAST_SCORE (-100.0)
#define MOST_COUNT 1000000
/* The weights' sum may be off by their rounding. */
#define WEIGHT_SLACK 1e-3

/* --- the entries --- */

void statistics_clear(struct statistics *statistics)
{
    free(statistics->entries);
    memset(statistics, 0, sizeof *statistics);
}

void statistics_empty(struct statistics *statistics)
{
    statistics->count = 0;
    memset(&statistics->oscillator, 0, sizeof statistics->oscillator);
}

struct statistics_entry *statistics_add(struct statistics *statistics)
{
    if (statistics->count == STATISTICS_SOURCES)
        return NULL;
    if (statistics->count == statistics->capacity) {
        size_t room = statistics->count == 0 ? 1 : 2 * statistics->count;
        void *entries = realloc(statistics->entries, room * sizeof *statistics->entries);
        if (entries == NULL)
            return NULL;
        statistics->entries = entries;
        statistics->capacity = room;
    }
    struct statistics_entry *entry = &statistics->entries[statistics->count++];
    memset(entry, 0, sizeof *entry);
    return entry;
}

struct statistics_entry *statistics_find(const struct statistics *statistics, const char *name,
                                         const char *address)
{
    for (size_t i = 0; i < statistics->count; i++) {
        struct statistics_entry *entry = &statistics->entries[i];
        if (strcmp(entry->name, name) == 0 && strcmp(entry->address, address) == 0)
            return entry;
    }
    return NULL;
}

uint32_t statistics_checksum(const char *text, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= (uint8_t)text[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0xEDB88320) & -(crc & 1));
    }
    return ~crc;
}

/* --- writing --- */

static void put_name(struct text *text, const char *name)
{
    text_add(text, " ");
    if (name[0] == '\0')
        text_add(text, "-");
    for (const char *c = name; *c != '\0'; c++) {
        bool plain = *c > ' ' && *c < 0x7F && *c != '%' && (*c != '-' || c != name);
        if (plain)
            text_add_bytes(text, c, 1);
        else
            text_addf(text, "%%%02X", (unsigned)(unsigned char)*c);
    }
}

static void put_numbers(struct text *text, const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_addf(text, " %.9g", numbers[i]);
}

static void put_entry(struct text *text, const struct statistics_entry *entry)
{
    const struct source_statistics *source = &entry->source;
    text_add(text, source->one_way ? "one-way" : "two-way");
    put_name(text, entry->name);
    put_name(text, entry->address);
    text_addf(text, " %u", source->count);
    if (source->one_way) {
        put_numbers(text, &source->sd_s, 1);
    } else {
        put_numbers(text, &source->upper_s, 1);
        put_numbers(text, &source->lower_s, 1);
        put_numbers(text, &source->spread_s, 1);
        put_numbers(text, source->score, STATISTICS_SHAPES);
        put_numbers(text, source->delay_s, STATISTICS_DELAYS);
    }
    text_add(text, "\n");
}

void statistics_format(const struct statistics *statistics, struct text *text)
{
    size_t begin = text->size;
    text_addf(text, MAGIC " %d\n", VERSION_KNOWN);
    text_add(text, "wander");
    put_numbers(text, statistics->oscillator.weight, STATISTICS_MEMBERS);
    text_add(text, "\n");
    for (size_t i = 0; i < statistics->count; i++)
        put_entry(text, &statistics->entries[i]);
    text_addf(text, "checksum %08" PRIx32 "\n",
              statistics_checksum(text_string(text) + begin, text->size - begin));
}

/* --- reading --- */

/* A line is looked at from left to right; what is wrong first is told. */
struct reader {
    const char *at, *end; /* what is left of the file */
    struct statistics_fault *fault;
    bool good;
};

__attribute__((format(printf, 2, 3))) static void complain(struct reader *reader,
                                                           const char *format, ...)
{
    va_list args;
    if (!reader->good)
        return;
    va_start(args, format);
    vsnprintf(reader->fault->words, sizeof reader->fault->words, format, args);
    va_end(args);
    reader->good = false;
}

/* The next word of the line, cut to the room there is; "" at its end. */
static const char *next_word(struct reader *reader, char *word, size_t size)
{
    size_t length = 0;
    while (reader->at < reader->end && *reader->at == ' ')
        reader->at++;
    for (; reader->at < reader->end && *reader->at != ' ' && *reader->at != '\n'; reader->at++)
        if (length + 1 < size)
            word[length++] = *reader->at;
    word[length] = '\0';
    return word;
}

/* Words of people's files go into the log: only what can be shown. */
static const char *shown(char *word)
{
    for (char *c = word; *c != '\0'; c++)
        if (!isprint((unsigned char)*c))
            *c = '?';
    return word;
}

static bool expect_word(struct reader *reader, const char *wanted)
{
    char word[32];
    if (strcmp(next_word(reader, word, sizeof word), wanted) != 0)
        complain(reader, "'%s' where '%s' should stand", shown(word), wanted);
    return reader->good;
}

static double number(struct reader *reader, const char *what, double least, double most)
{
    char word[40], *end;
    next_word(reader, word, sizeof word);
    double value = strtod(word, &end);
    if (end == word || *end != '\0')
        complain(reader, "%s: '%s' is no number", what, shown(word));
    else if (!(value >= least && value <= most))
        complain(reader, "%s: %s cannot be", what, shown(word));
    return reader->good ? value : least;
}

static void numbers(struct reader *reader, const char *what, double least, double most,
                    double *values, size_t count)
{
    for (size_t i = 0; i < count && reader->good; i++)
        values[i] = number(reader, what, least, most);
}

static int hex(char digit)
{
    const char *digits = "0123456789ABCDEF", *found = strchr(digits, digit);
    return digit == '\0' || found == NULL ? -1 : (int)(found - digits);
}

static void name(struct reader *reader, char out[STATISTICS_NAME])
{
    char word[3 * STATISTICS_NAME];
    size_t length = 0;
    next_word(reader, word, sizeof word);
    for (const char *c = strcmp(word, "-") == 0 ? "" : word; *c != '\0'; c++) {
        int high = *c == '%' ? hex(c[1]) : 0, low = *c == '%' && high >= 0 ? hex(c[2]) : 0;
        int code = *c == '%' ? 16 * high + low : (unsigned char)*c;
        if (high < 0 || low < 0 || code == 0 || length + 1 >= STATISTICS_NAME) {
            complain(reader, "'%.40s' is no name", shown(word));
            break;
        }
        out[length++] = (char)code;
        c += *c == '%' ? 2 : 0;
    }
    if (word[0] == '\0')
        complain(reader, "a name is missing");
    out[length] = '\0';
}

static void end_line(struct reader *reader)
{
    char word[32];
    if (next_word(reader, word, sizeof word)[0] != '\0')
        complain(reader, "'%s' is too much", shown(word));
    if (reader->good && reader->at < reader->end)
        reader->at++; /* the newline */
    reader->fault->line += reader->good;
}

static void read_head(struct reader *reader)
{
    char word[32];
    reader->fault->line = 1;
    if (strcmp(next_word(reader, word, sizeof word), MAGIC) != 0)
        complain(reader, "this is no statistics file");
    double version = number(reader, "version", 1, 1e9);
    if (version > VERSION_KNOWN)
        complain(reader, "version %.0f is newer than this gnomond, which knows %d", version,
                 VERSION_KNOWN);
    end_line(reader);
}

/* Where the last line begins, whose checksum fits all before it. */
static void find_end(struct reader *reader, const char *text)
{
    const char *last = reader->end;
    char expected[32];
    if (last > text && last[-1] == '\n')
        last--;
    while (last > text && last[-1] != '\n')
        last--;
    snprintf(expected, sizeof expected, "checksum %08" PRIx32 "\n",
             statistics_checksum(text, (size_t)(last - text)));
    size_t size = (size_t)(reader->end - last);
    for (const char *c = text; c < last; c++)
        reader->fault->line += *c == '\n';
    if (size < 9 || memcmp(last, expected, 9) != 0)
        complain(reader, "the file is torn: it does not end in a checksum");
    else if (size != strlen(expected) || memcmp(last, expected, size) != 0)
        complain(reader, "the checksum does not fit what stands above it");
    reader->end = last;
}

static void read_wander(struct reader *reader, struct statistics *statistics)
{
    double sum = 0;
    expect_word(reader, "wander");
    numbers(reader, "weight", 0, 1, statistics->oscillator.weight, STATISTICS_MEMBERS);
    for (unsigned i = 0; i < STATISTICS_MEMBERS; i++)
        sum += statistics->oscillator.weight[i];
    if (!(sum > 1 - WEIGHT_SLACK && sum < 1 + WEIGHT_SLACK))
        complain(reader, "the weights add up to %g instead of 1", sum);
    end_line(reader);
}

static void read_two_way(struct reader *reader, struct source_statistics *source)
{
    source->upper_s = number(reader, "mean distance", LEAST_S, MOST_S);
    source->lower_s = number(reader, "mean distance", LEAST_S, MOST_S);
    source->spread_s = number(reader, "spread", LEAST_S, MOST_S);
    numbers(reader, "score", LEAST_SCORE, 0, source->score, STATISTICS_SHAPES);
    numbers(reader, "delay", 0, MOST_S, source->delay_s, STATISTICS_DELAYS);
    for (unsigned i = 1; i < STATISTICS_DELAYS && reader->good; i++)
        if (source->delay_s[i] < source->delay_s[i - 1])
            complain(reader, "the delays are not in order");
}

static void read_entry(struct reader *reader, struct statistics *statistics)
{
    struct statistics_entry read = {0}, *entry;
    char word[32];
    next_word(reader, word, sizeof word);
    read.source.one_way = strcmp(word, "one-way") == 0;
    if (!read.source.one_way && strcmp(word, "two-way") != 0)
        complain(reader, "'%s' means nothing here", shown(word));
    name(reader, read.name);
    name(reader, read.address);
    read.source.count = (unsigned)number(reader, "count", 1, MOST_COUNT);
    if (read.source.one_way)
        read.source.sd_s = number(reader, "noise", LEAST_S, MOST_S);
    else
        read_two_way(reader, &read.source);
    if (reader->good && statistics_find(statistics, read.name, read.address) != NULL)
        complain(reader, "the same source stands in a line above");
    entry = reader->good ? statistics_add(statistics) : NULL;
    if (entry == NULL)
        complain(reader, "more sources than there is room for");
    else
        *entry = read;
    end_line(reader);
}

bool statistics_parse(const char *text, size_t size, struct statistics *statistics,
                      struct statistics_fault *fault)
{
    struct reader reader = {.at = text, .end = text + size, .fault = fault, .good = true};
    struct statistics read = {0};
    *fault = (struct statistics_fault){0};
    read_head(&reader);
    if (reader.good) {
        fault->line = 1;
        find_end(&reader, text);
    }
    if (reader.good) {
        fault->line = 2;
        read_wander(&reader, &read);
    }
    while (reader.good && reader.at < reader.end)
        read_entry(&reader, &read);
    if (reader.good)
        *statistics = read;
    else
        statistics_clear(&read);
    return reader.good;
}
