/* SPDX-License-Identifier: Apache-2.0 */
#include <host/config_tokens.h>

#include <base/memory.h>
#include <base/text.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX ((size_t)4 << 20)
#define INCLUDE_DEPTH_MAX 10u

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define NAME_START LETTERS "*"
#define NAME_REST NAME_START DIGITS "-_"
#define NUMBER_START DIGITS "+-."
#define NUMBER_REST DIGITS LETTERS "+-._*"
#define MARKS "=:,;()[]{}"
#define BLANKS " \t\r\f\n"
#define INCLUDE "@include"

/** One file being read. */
struct reader {
    struct config_tokens *tokens;
    struct arena *arena;
    struct diagnostics *diagnostics;
    const char *file;
    unsigned line;
    unsigned depth;   /* of includes */
    const char *at;   /* NUL-ended */
    bool line_begins; /* nothing but blanks so far on this line */
};

/* ---------------------------------------------------------------- tokens */

void config_tokens_init(struct config_tokens *tokens)
{
    memset(tokens, 0, sizeof(*tokens));
}

void config_tokens_finish(struct config_tokens *tokens)
{
    free(tokens->items);
    config_tokens_init(tokens);
}

bool config_token_is(const struct config_token *token, char mark)
{
    return token->kind == CONFIG_TOKEN_MARK && token->text[0] == mark;
}

static struct config_token *add(struct reader *reader, enum config_token_kind kind, size_t size)
{
    struct config_tokens *tokens = reader->tokens;
    tokens->items =
        memory_grow(tokens->items, tokens->count, &tokens->capacity, sizeof(*tokens->items));
    struct config_token *token = &tokens->items[tokens->count++];
    token->kind = kind;
    token->unmarked = false;
    token->text = arena_copy(reader->arena, reader->at, size);
    token->file = reader->file;
    token->line = reader->line;
    reader->at += size;
    return token;
}

__attribute__((format(printf, 2, 3))) static bool refuse(struct reader *reader, const char *format,
                                                         ...)
{
    struct text text;
    va_list args;
    text_init(&text);
    va_start(args, format);
    text_vaddf(&text, format, args);
    va_end(args);
    diagnostics_add(reader->diagnostics, DIAGNOSTIC_ERROR, reader->file, reader->line, "%s",
                    text_string(&text));
    text_finish(&text);
    return false;
}

/* ---------------------------------------------------------------- blanks */

static bool skip_block_comment(struct reader *reader)
{
    const char *end = strstr(reader->at + 2, "*/");
    if (end == NULL)
        return refuse(reader, "syntax error: this comment has no end, add */");
    for (; reader->at < end; reader->at++)
        reader->line += *reader->at == '\n';
    reader->at += 2;
    return true;
}

/* Skip blanks and comments. */
static bool skip(struct reader *reader)
{
    for (;;) {
        const char *at = reader->at;
        if (*at == '\n') {
            reader->line++;
            reader->line_begins = true;
            reader->at++;
        } else if (*at != '\0' && strchr(BLANKS, *at) != NULL) {
            reader->at++;
        } else if (*at == '#' || (at[0] == '/' && at[1] == '/')) {
            reader->at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            if (!skip_block_comment(reader))
                return false;
        } else {
            return true;
        }
    }
}

/* ---------------------------------------------------------------- words */

/* Something that is no word of the language: nearly always a string without its quotes. */
static bool bad_word(struct reader *reader)
{
    int size = 0;
    unsigned char first = (unsigned char)*reader->at;
    while ((unsigned char)reader->at[size] > ' ' && reader->at[size] != 0x7f &&
           strchr(MARKS "\"#", reader->at[size]) == NULL)
        size++;
    if (size == 0)
        return refuse(reader, "syntax error: byte 0x%02x has no place here", first);
    return refuse(reader,
                  "syntax error: %.*s is neither a key nor a number; a string stands in quotes: "
                  "\"%.*s\"",
                  size, reader->at, size, reader->at);
}

static bool read_string(struct reader *reader)
{
    const char *end = reader->at + 1;
    while (*end != '"') {
        if (*end == '\\' && end[1] != '\0' && end[1] != '\n')
            end++;
        if (*end == '\0' || *end == '\n')
            return refuse(reader, "syntax error: this string has no end, a \" is missing");
        if ((unsigned char)*end < ' ' || *end == 0x7f)
            return refuse(reader, "syntax error: a string cannot hold byte 0x%02x", *end);
        if (strncasecmp(end - 1, "\\x00", 4) == 0)
            return refuse(reader, "syntax error: a string cannot hold a zero byte");
        end++;
    }
    add(reader, CONFIG_TOKEN_STRING, (size_t)(end + 1 - reader->at));
    return true;
}

static bool is_real(const char *word)
{
    size_t digits;
    word += *word == '+' || *word == '-';
    digits = strspn(word, DIGITS);
    word += digits;
    if (*word == '.') {
        word++;
        digits += strspn(word, DIGITS);
        word += strspn(word, DIGITS);
    }
    if (*word == 'e' || *word == 'E') {
        word++;
        word += *word == '+' || *word == '-';
        if (strspn(word, DIGITS) == 0)
            return false;
        word += strspn(word, DIGITS);
    }
    return digits > 0 && *word == '\0';
}

/* Returns whether `word` is an integer; `*marked` whether it ends with L or LL. */
static bool is_integer(const char *word, bool *marked)
{
    bool hex = strncasecmp(word, "0x", 2) == 0;
    if (hex)
        word += 2;
    else
        word += *word == '+' || *word == '-';
    size_t count = strspn(word, hex ? DIGITS "abcdefABCDEF" : DIGITS);
    const char *rest = word + count;
    *marked = strcmp(rest, "L") == 0 || strcmp(rest, "LL") == 0;
    return count > 0 && (*rest == '\0' || *marked);
}

static bool read_integer(struct reader *reader, size_t size, const char *word, bool marked)
{
    int base = strncasecmp(word, "0x", 2) == 0 ? 16 : 10; /* 0660 is 660 to libconfig */
    errno = 0;
    long long value = strtoll(word, NULL, base);
    if (errno != 0)
        return refuse(reader, "%s does not fit 64 bits", word);
    bool large = value > INT32_MAX || value < INT32_MIN;
    struct config_token *token =
        add(reader, marked || large ? CONFIG_TOKEN_LONG : CONFIG_TOKEN_INTEGER, size);
    token->unmarked = large && !marked;
    return true;
}

static bool read_number(struct reader *reader)
{
    size_t size = strspn(reader->at, NUMBER_REST);
    char *word = arena_copy(reader->arena, reader->at, size);
    bool marked;
    if (is_integer(word, &marked))
        return read_integer(reader, size, word, marked);
    if (!is_real(word))
        return bad_word(reader);
    add(reader, CONFIG_TOKEN_REAL, size);
    return true;
}

static bool read_name(struct reader *reader)
{
    size_t size = strspn(reader->at, NAME_REST);
    const char *next = reader->at + size;
    bool comment = next[0] == '/' && (next[1] == '/' || next[1] == '*');
    if (*next != '\0' && !comment && strchr(BLANKS MARKS "\"#", *next) == NULL)
        return bad_word(reader);
    struct config_token *token = add(reader, CONFIG_TOKEN_NAME, size);
    if (strcasecmp(token->text, "true") == 0 || strcasecmp(token->text, "false") == 0)
        token->kind = CONFIG_TOKEN_BOOL;
    return true;
}

/* ---------------------------------------------------------------- files */

static bool read_words(struct reader *);

const char *config_path(struct arena *arena, const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    if (path[0] == '/' || path[0] == '\0' || slash == NULL)
        return arena_copy(arena, path, strlen(path));
    return arena_format(arena, "%.*s/%s", (int)(slash - file), file, path);
}

static const char *load_stream(struct arena *arena, FILE *stream, char **content)
{
    char *buffer = NULL;
    size_t size = 0, capacity = 4096, got;
    const char *why = NULL;
    do {
        capacity *= 2;
        buffer = memory_resize(buffer, capacity, 1);
        got = fread(buffer + size, 1, capacity - size, stream);
        size += got;
    } while (got > 0 && size <= FILE_SIZE_MAX);
    if (ferror(stream))
        why = strerror(errno);
    else if (size > FILE_SIZE_MAX)
        why = "it is longer than 4 MiB";
    else if (memchr(buffer, '\0', size) != NULL)
        why = "it holds a zero byte, so it is no text";
    else
        *content = arena_copy(arena, buffer, size);
    free(buffer);
    return why;
}

/* Read a whole file. Returns NULL, or why it cannot be read. */
static const char *load(struct arena *arena, const char *path, char **content)
{
    FILE *stream = fopen(path, "re");
    if (stream == NULL)
        return strerror(errno);
    const char *why = load_stream(arena, stream, content);
    fclose(stream);
    return why;
}

/* Read an included file; its words take the place of the @include. */
static bool include(struct reader *reader, const char *path)
{
    struct reader inner = *reader;
    char *content;
    inner.file = config_path(reader->arena, reader->file, path);
    const char *why = load(reader->arena, inner.file, &content);
    if (why != NULL)
        return refuse(reader, INCLUDE ": cannot read %s: %s%s", inner.file, why,
                      strpbrk(path, "*?") != NULL ? " (patterns are not understood here)" : "");
    inner.at = content;
    inner.line = 1;
    inner.depth++;
    return read_words(&inner);
}

static bool read_include(struct reader *reader, bool line_begins)
{
    const char *start = reader->at + strlen(INCLUDE);
    start += strspn(start, " \t");
    size_t size = *start == '"' ? strcspn(start + 1, "\"\n") : 0;
    if (!line_begins || size == 0 || start[1 + size] != '"')
        return refuse(reader, "syntax error: to include a file write, at the beginning of a line, "
                              "" INCLUDE " \"FILE\"");
    if (reader->depth == INCLUDE_DEPTH_MAX)
        return refuse(reader, INCLUDE ": more than %u files deep; does a file include itself?",
                      INCLUDE_DEPTH_MAX);
    reader->at = start + 1 + size + 1;
    return include(reader, arena_copy(reader->arena, start + 1, size));
}

static bool read_word(struct reader *reader)
{
    char first = *reader->at;
    bool line_begins = reader->line_begins;
    reader->line_begins = false;
    if (strncmp(reader->at, INCLUDE, strlen(INCLUDE)) == 0)
        return read_include(reader, line_begins);
    if (first == '"')
        return read_string(reader);
    if (strchr(MARKS, first) != NULL)
        return add(reader, CONFIG_TOKEN_MARK, 1) != NULL;
    if (strchr(NUMBER_START, first) != NULL)
        return read_number(reader);
    if (strchr(NAME_START, first) != NULL)
        return read_name(reader);
    return bad_word(reader);
}

static bool read_words(struct reader *reader)
{
    if (strncmp(reader->at, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
        reader->at += 3;
    reader->line_begins = true;
    for (;;) {
        if (!skip(reader))
            return false;
        if (*reader->at == '\0')
            return true;
        if (!read_word(reader))
            return false;
    }
}

bool config_tokens_read(struct config_tokens *tokens, const char *path, struct arena *arena,
                        struct diagnostics *diagnostics)
{
    struct reader reader = {.tokens = tokens,
                            .arena = arena,
                            .diagnostics = diagnostics,
                            .file = arena_copy(arena, path, strlen(path))};
    char *content;
    const char *why = load(arena, path, &content);
    if (why != NULL)
        return refuse(&reader, "cannot read: %s", why);
    reader.at = content;
    reader.line = 1;
    if (!read_words(&reader))
        return false;
    add(&reader, CONFIG_TOKEN_END, 0);
    return true;
}
