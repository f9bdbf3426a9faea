/* SPDX-License-Identifier: Apache-2.0 */
#include <host/config_file.h>

#include <base/memory.h>
#include <base/text.h>
#include <host/config_syntax.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/*
 * libconfig is given the words again, arranged so that its line numbers are right: each key and
 * each element of a list begins a line. `places` says for each line what stands there. A string
 * and the mark behind it stay together, because libconfig reads on after a string before it takes
 * down the line.
 */
struct config_file {
    config_t tree;
    const char *path;
    struct config_place *places; /* of line 1, 2, … */
    size_t count, capacity;
};

/* libconfig keeps a line in an unsigned short. */
#define LINES_MAX ((size_t)USHRT_MAX)

static void begin_line(struct config_file *file, const struct config_token *token,
                       struct text *text)
{
    file->places = memory_grow(file->places, file->count, &file->capacity, sizeof(*file->places));
    file->places[file->count++] = (struct config_place){token->file, token->line, false};
    if (file->count > 1)
        text_add(text, "\n");
}

/* Whether a word begins a line: a key, or an element of a list. `previous` is NULL at first. */
static bool begins_line(const struct config_token *token, const struct config_token *previous)
{
    if (previous == NULL || token->kind == CONFIG_TOKEN_NAME)
        return true;
    if (token->kind == CONFIG_TOKEN_MARK && strchr("([{", token->text[0]) == NULL)
        return false;
    if (token->kind == CONFIG_TOKEN_STRING && previous->kind == CONFIG_TOKEN_STRING)
        return false;
    return !config_token_is(previous, '=') && !config_token_is(previous, ':');
}

/* Write the words for libconfig. An integer that it would wrap gets its L, and is noted. */
static void arrange(struct config_file *file, const struct config_tokens *tokens, struct text *text)
{
    for (size_t i = 0; tokens->items[i].kind != CONFIG_TOKEN_END; i++) {
        const struct config_token *token = &tokens->items[i];
        if (begins_line(token, i > 0 ? token - 1 : NULL))
            begin_line(file, token, text);
        text_add(text, token->text);
        text_add(text, token->unmarked ? "L " : " ");
        if (token->unmarked)
            file->places[file->count - 1].unmarked = true;
    }
}

static struct config_place place_of_line(const struct config_file *file, unsigned line)
{
    if (line == 0 || line > file->count)
        return (struct config_place){file->path, 0, false};
    return file->places[line - 1];
}

/* What the grammar lets pass and libconfig does not: mostly a key that is set twice. */
static void report(const struct config_file *file, const char *text,
                   struct diagnostics *diagnostics)
{
    unsigned line = (unsigned)config_error_line(&file->tree);
    struct config_place place = place_of_line(file, line);
    const char *why = config_error_text(&file->tree);
    if (why == NULL || strcmp(why, "duplicate setting name") != 0) {
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place.file, place.line, "%s",
                        why != NULL ? why : "syntax error");
        return;
    }
    for (unsigned i = 1; i < line; i++)
        text = strchr(text, '\n') + 1;
    diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, place.file, place.line,
                    "%.*s: set twice in the same group, once is allowed", (int)strcspn(text, " "),
                    text);
}

static bool parse(struct config_file *file, const struct config_tokens *tokens,
                  struct diagnostics *diagnostics)
{
    struct text text;
    bool good = false;
    text_init(&text);
    arrange(file, tokens, &text);
    if (file->count > LINES_MAX)
        diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, file->path, 0,
                        "more than %zu settings in one file", LINES_MAX);
    else if (config_read_string(&file->tree, text_string(&text)) == CONFIG_TRUE)
        good = true;
    else
        report(file, text_string(&text), diagnostics);
    text_finish(&text);
    return good;
}

struct config_file *config_file_open(const char *path, struct arena *arena,
                                     struct diagnostics *diagnostics)
{
    struct config_file *file = memory_zeroed(sizeof(*file));
    struct config_tokens tokens;
    config_init(&file->tree);
    config_tokens_init(&tokens);
    file->path = arena_copy(arena, path, strlen(path));
    bool good = config_tokens_read(&tokens, path, arena, diagnostics) &&
                config_syntax_check(&tokens, diagnostics) && parse(file, &tokens, diagnostics);
    config_tokens_finish(&tokens);
    if (good)
        return file;
    config_file_close(file);
    return NULL;
}

struct config_file *config_file_empty(const char *path, struct arena *arena)
{
    struct config_file *file = memory_zeroed(sizeof(*file));
    config_init(&file->tree);
    file->path = arena_copy(arena, path, strlen(path));
    return file;
}

void config_file_close(struct config_file *file)
{
    if (file == NULL)
        return;
    config_destroy(&file->tree);
    free(file->places);
    free(file);
}

const config_setting_t *config_file_root(const struct config_file *file)
{
    return config_root_setting(&file->tree);
}

const char *config_file_path(const struct config_file *file)
{
    return file->path;
}

struct config_place config_file_place(const struct config_file *file,
                                      const config_setting_t *setting)
{
    return place_of_line(file, config_setting_source_line(setting));
}
