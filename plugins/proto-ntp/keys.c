/* SPDX-License-Identifier: Apache-2.0 */
#include "keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fewer bytes can be tried out; what chrony minds, too. */
#define KEY_SIZE_WEAK 10
/* ntpd reads plain keys beyond this length as hexadecimal digits. */
#define NTPD_PLAIN_MAX 20

static const struct {
    const char *name;
    size_t size;                 /* of the key; 0: any */
    const char *const others[6]; /* without - and _, in capitals */
} types[MAC_TYPES] = {
    [MAC_MD5] = {"MD5", 0, {"MD5", "M"}},
    [MAC_SHA1] = {"SHA1", 0, {"SHA1", "SHA"}},
    [MAC_SHA256] = {"SHA256", 0, {"SHA256", "SHA2256"}},
    [MAC_SHA384] = {"SHA384", 0, {"SHA384", "SHA2384"}},
    [MAC_SHA512] = {"SHA512", 0, {"SHA512", "SHA2512"}},
    [MAC_SHA3_224] = {"SHA3-224", 0, {"SHA3224"}},
    [MAC_SHA3_256] = {"SHA3-256", 0, {"SHA3256"}},
    [MAC_SHA3_384] = {"SHA3-384", 0, {"SHA3384"}},
    [MAC_SHA3_512] = {"SHA3-512", 0, {"SHA3512"}},
    [MAC_AES128] = {"AES128", 16, {"AES128", "AES", "AES128CMAC", "CMACAES128", "AESCMAC"}},
    [MAC_AES256] = {"AES256", 32, {"AES256", "AES256CMAC", "CMACAES256"}},
};

/* A part of a line. */
struct word {
    const char *at;
    size_t size;
};

/* Where we are. */
struct reader {
    struct keys *keys;
    keys_report_cb report;
    void *arg;
    unsigned line;
    unsigned weak;       /* keys of MD5 and SHA1 */
    unsigned weak_line;  /* the first of them */
    unsigned short_line; /* the first key that is short */
};

const char *keys_type_name(enum mac_type type)
{
    return types[type].name;
}

/* ---------------------------------------------------------------- words */

__attribute__((format(printf, 2, 3))) static void refuse(struct reader *reader, const char *format,
                                                         ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    reader->keys->errors++;
    reader->report(reader->arg, GN_ERROR, reader->line, text);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Take the next word off the front of a line; of size 0 when there is none. */
static struct word next_word(struct word *line)
{
    while (line->size > 0 && is_blank(*line->at))
        line->at++, line->size--;
    struct word word = {line->at, 0};
    while (line->size > 0 && !is_blank(*line->at))
        line->at++, line->size--, word.size++;
    return word;
}

static bool begins(const struct word *word, const char *prefix)
{
    size_t size = strlen(prefix);
    return word->size >= size && memcmp(word->at, prefix, size) == 0;
}

static bool begins_comment(const struct word *word)
{
    return word->size > 0 && strchr("#!;%", *word->at) != NULL;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* ---------------------------------------------------------------- id and type */

static bool read_id(struct reader *reader, const struct word *word, uint32_t *id)
{
    uint64_t value = 0;
    bool good = word->size > 0 && word->size <= 20;
    for (size_t i = 0; good && i < word->size; i++) {
        good = word->at[i] >= '0' && word->at[i] <= '9' && value <= UINT32_MAX;
        value = value * 10 + (uint64_t)(word->at[i] - '0');
    }
    if (!good || value == 0 || value > UINT32_MAX) {
        refuse(reader, "a line begins with the key's id, a number from 1 to 4294967295");
        return false;
    }
    *id = (uint32_t)value;
    return true;
}

/* Returns MAC_TYPES for a word that is none. */
static enum mac_type type_of(const struct word *word)
{
    char plain[16] = "";
    size_t size = 0;
    for (size_t i = 0; i < word->size; i++) {
        if (word->at[i] == '-' || word->at[i] == '_')
            continue;
        if (size + 1 >= sizeof(plain) || !isalnum((unsigned char)word->at[i]))
            return MAC_TYPES;
        plain[size++] = (char)toupper((unsigned char)word->at[i]);
    }
    for (int type = 0; size > 0 && type < MAC_TYPES; type++)
        for (size_t i = 0; types[type].others[i] != NULL; i++)
            if (strcmp(plain, types[type].others[i]) == 0)
                return (enum mac_type)type;
    return MAC_TYPES;
}

/* Only what can be a type's name is shown: it might be the key. */
static void refuse_type(struct reader *reader, const struct word *type, const struct word *key)
{
    bool shown = type->size <= 12 && type_of(key) == MAC_TYPES;
    for (size_t i = 0; i < type->size; i++)
        shown = shown && (isalnum((unsigned char)type->at[i]) || type->at[i] == '-');
    refuse(reader,
           "%s%.*s%s is no type of key; MD5, SHA1, SHA256, SHA384, SHA512, SHA3-224, SHA3-256, "
           "SHA3-384, SHA3-512, AES128 and AES256 are, between id and key",
           shown ? "\"" : "the second word", shown ? (int)type->size : 0, type->at,
           shown ? "\"" : "");
}

/* ---------------------------------------------------------------- the key */

static bool read_hex(struct reader *reader, const struct word *word, uint8_t *out, size_t *size)
{
    if (word->size % 2 != 0) {
        refuse(reader, "a key has an even number of hexadecimal digits, not %zu", word->size);
        return false;
    }
    for (size_t i = 0; i < word->size; i++) {
        int digit = hex_digit(word->at[i]);
        if (digit < 0) {
            refuse(reader, "character %zu behind \"HEX:\" is no hexadecimal digit (0-9, a-f)",
                   i + 1);
            return false;
        }
        out[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : out[i / 2] | digit);
    }
    *size = word->size / 2;
    return true;
}

static bool is_all_hex(const struct word *word)
{
    size_t i = 0;
    while (i < word->size && hex_digit(word->at[i]) >= 0)
        i++;
    return i == word->size;
}

static bool read_text(struct reader *reader, const struct word *word, bool is_plain, uint8_t *out,
                      size_t *size)
{
    for (size_t i = 0; i < word->size; i++) {
        if ((unsigned char)word->at[i] < ' ' || word->at[i] == '\x7f') {
            refuse(reader, "a key of text has no control characters; write it as HEX:");
            return false;
        }
    }
    if (is_plain && word->size > NTPD_PLAIN_MAX && is_all_hex(word))
        reader->report(reader->arg, GN_WARNING, reader->line,
                       "the key is taken as text, as chrony does; ntpd would read it as "
                       "hexadecimal digits: write HEX: or ASCII: before it");
    if (word->size > 0)
        memcpy(out, word->at, word->size);
    *size = word->size;
    return true;
}

/* Into the store, which has room for any text. */
static bool read_bytes(struct reader *reader, struct word word, struct key *key)
{
    struct keys *keys = reader->keys;
    uint8_t *out = keys->store + keys->stored;
    bool is_hex = begins(&word, "HEX:");
    bool is_plain = !is_hex && !begins(&word, "ASCII:");
    if (!is_plain) {
        size_t prefix = is_hex ? 4 : 6;
        word.at += prefix;
        word.size -= prefix;
    }
    key->bytes = out;
    if (!(is_hex ? read_hex(reader, &word, out, &key->size)
                 : read_text(reader, &word, is_plain, out, &key->size)))
        return false;
    if (key->size == 0) {
        refuse(reader, "the key is empty");
        return false;
    }
    size_t wanted = types[key->type].size;
    if (wanted != 0 && key->size != wanted) {
        refuse(reader,
               "a key of %s has %zu bytes (HEX: and %zu digits), neither more nor less; "
               "this one has %zu",
               types[key->type].name, wanted, 2 * wanted, key->size);
        return false;
    }
    keys->stored += key->size;
    return true;
}

/* ---------------------------------------------------------------- lines */

/* Where an id stands, or would stand, in the order of ids. */
static size_t place_of(const struct keys *keys, uint32_t id)
{
    size_t low = 0, high = keys->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (keys->items[keys->order[middle]].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_key(struct reader *reader, const struct key *key)
{
    struct keys *keys = reader->keys;
    size_t place = place_of(keys, key->id);
    if (place < keys->count && keys->items[keys->order[place]].id == key->id) {
        refuse(reader, "key %u stands in line %u already; an id is for one key", (unsigned)key->id,
               keys->items[keys->order[place]].line);
        return;
    }
    memmove(keys->order + place + 1, keys->order + place,
            (keys->count - place) * sizeof(*keys->order));
    keys->order[place] = keys->count;
    keys->items[keys->count++] = *key;
    if (key->type == MAC_MD5 || key->type == MAC_SHA1) {
        reader->weak++;
        reader->weak_line = reader->weak_line != 0 ? reader->weak_line : reader->line;
    }
    if (key->size < KEY_SIZE_WEAK && reader->short_line == 0)
        reader->short_line = reader->line;
}

static void read_words(struct reader *reader, struct word line)
{
    struct key key = {.type = MAC_MD5, .line = reader->line};
    struct word id = next_word(&line), type = next_word(&line), bytes = next_word(&line),
                more = next_word(&line);
    if (!read_id(reader, &id, &key.id))
        return;
    if (begins_comment(&bytes)) { /* "7 secret # of old": no type */
        bytes.size = 0;
        more.size = 0;
    }
    if (type.size == 0 || (bytes.size == 0 && type_of(&type) != MAC_TYPES)) {
        refuse(reader, "the key is missing; a line is: id, type, key");
        return;
    }
    if (more.size > 0 && !begins_comment(&more)) {
        refuse(reader, "there is more than id, type and key; a key has no blanks (write HEX:), a "
                       "comment begins with #");
        return;
    }
    if (bytes.size > 0)
        key.type = type_of(&type);
    if (key.type == MAC_TYPES)
        refuse_type(reader, &type, &bytes);
    else if (read_bytes(reader, bytes.size > 0 ? bytes : type, &key))
        add_key(reader, &key);
}

static void read_line(struct reader *reader, struct word line)
{
    struct word rest = line, first = next_word(&rest);
    if (first.size == 0 || begins_comment(&first))
        return;
    if (line.size > KEYS_LINE_MAX)
        refuse(reader, "the line has %zu bytes; %d are allowed", line.size, KEYS_LINE_MAX);
    else if (memchr(line.at, '\0', line.size) != NULL)
        refuse(reader, "the line has a NUL byte: this is no text");
    else if (reader->keys->count >= KEYS_MAX)
        refuse(reader, "there are more than %d keys", KEYS_MAX);
    else
        read_words(reader, line);
}

/* ---------------------------------------------------------------- files */

static size_t count_lines(const char *text, size_t size)
{
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    return lines;
}

/* Once, so that no copy of a key is left behind. */
static int make_room(struct keys *keys, const char *text, size_t size)
{
    size_t lines = count_lines(text, size);
    size_t most = lines < KEYS_MAX ? lines : KEYS_MAX;
    memset(keys, 0, sizeof(*keys));
    keys->items = calloc(most, sizeof(*keys->items));
    keys->order = calloc(most, sizeof(*keys->order));
    keys->store_size = size + 1;
    keys->store = calloc(1, keys->store_size);
    return keys->items != NULL && keys->order != NULL && keys->store != NULL ? 0 : -ENOMEM;
}

static void warn(const struct reader *reader)
{
    char text[160];
    if (reader->weak > 0) {
        snprintf(text, sizeof(text),
                 "%u of %zu keys are of MD5 or SHA1, which are weak; AES128 and SHA256 are good, "
                 "where the other side knows them",
                 reader->weak, reader->keys->count);
        reader->report(reader->arg, GN_WARNING, reader->weak_line, text);
    }
    if (reader->short_line != 0)
        reader->report(reader->arg, GN_WARNING, reader->short_line,
                       "a key of less than 10 bytes can be tried out (said once)");
}

int keys_parse(struct keys *keys, const char *text, size_t size, keys_report_cb report, void *arg)
{
    struct reader reader = {.keys = keys, .report = report, .arg = arg};
    const char *end = text + size;
    int error = make_room(keys, text, size);
    if (error != 0)
        return error;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        struct word line = {text, (size_t)((stop != NULL ? stop : end) - text)};
        reader.line++;
        read_line(&reader, line);
        text = stop != NULL ? stop + 1 : end;
    }
    warn(&reader);
    return keys->errors > 0 ? -EINVAL : 0;
}

void keys_finish(struct keys *keys)
{
    mac_wipe(keys->store, keys->store_size);
    free(keys->store);
    free(keys->order);
    free(keys->items);
    memset(keys, 0, sizeof(*keys));
}
