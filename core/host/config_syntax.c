/* SPDX-License-Identifier: Apache-2.0 */
#include <host/config_syntax.h>

#include <base/text.h>
#include <string.h>

/* libconfig and we walk the tree by recursion. */
#define DEPTH_MAX 32u

struct parser {
    const struct config_token *token; /* the next one */
    struct diagnostics *diagnostics;
    unsigned depth;
};

static bool check_value(struct parser *, const struct config_token *key);

__attribute__((format(printf, 2, 3))) static bool refuse(struct parser *parser, const char *format,
                                                         ...)
{
    struct text text;
    va_list args;
    text_init(&text);
    va_start(args, format);
    text_vaddf(&text, format, args);
    va_end(args);
    diagnostics_add(parser->diagnostics, DIAGNOSTIC_ERROR, parser->token->file, parser->token->line,
                    "syntax error: %s", text_string(&text));
    text_finish(&text);
    return false;
}

static const char *found(const struct parser *parser)
{
    return parser->token->kind == CONFIG_TOKEN_END ? "the end of the file" : parser->token->text;
}

static bool is(const struct parser *parser, char mark)
{
    return config_token_is(parser->token, mark);
}

static bool take(struct parser *parser, char mark)
{
    if (!is(parser, mark))
        return false;
    parser->token++;
    return true;
}

static bool begins_value(const struct config_token *token)
{
    if (token->kind == CONFIG_TOKEN_MARK)
        return strchr("([{", token->text[0]) != NULL;
    return token->kind != CONFIG_TOKEN_END && token->kind != CONFIG_TOKEN_NAME;
}

/* ---------------------------------------------------------------- lists */

/* After an element of a list something else stands than a comma or the end of the list. */
static bool refuse_separator(struct parser *parser, const struct config_token *open, char close)
{
    if (begins_value(parser->token) || parser->token->kind == CONFIG_TOKEN_NAME)
        return refuse(parser, "a comma is missing before %s", parser->token->text);
    return refuse(parser, "%c expected, not %s: the %s of line %u is not closed", close,
                  found(parser), open->text, open->line);
}

/* All elements of an array are scalars of one type. `first` is NULL for the first of them. */
static bool check_array_element(struct parser *parser, const struct config_token *first)
{
    if (parser->token->kind == CONFIG_TOKEN_MARK && begins_value(parser->token))
        return refuse(parser, "only single values stand in [ ]; for others write ( )");
    if (first != NULL && begins_value(parser->token) && first->kind != parser->token->kind)
        return refuse(parser, "all values in [ ] must be of one type, and %s is not of that of %s",
                      parser->token->text, first->text);
    return true;
}

/* ( ) and [ ]; the opening mark is the next token. */
static bool check_list(struct parser *parser, const struct config_token *key)
{
    const struct config_token *open = parser->token++;
    bool array = open->text[0] == '[';
    char close = array ? ']' : ')';
    const struct config_token *first = NULL;
    if (take(parser, close))
        return true;
    for (;;) {
        const struct config_token *element = parser->token;
        if (array && !check_array_element(parser, first))
            return false;
        first = element;
        if (!check_value(parser, key))
            return false;
        if (take(parser, close))
            return true;
        if (!is(parser, ','))
            return refuse_separator(parser, open, close);
        parser->token++;
        if (is(parser, close))
            return refuse(parser, "the comma before %c is one too many", close);
    }
}

/* ---------------------------------------------------------------- settings */

static bool check_setting(struct parser *parser)
{
    const struct config_token *key = parser->token;
    if (key->kind != CONFIG_TOKEN_NAME) {
        if (is(parser, ';') || is(parser, ','))
            return refuse(parser, "this %s is one too many", key->text);
        return refuse(parser, "a key is expected here, not %s", found(parser));
    }
    parser->token++;
    if (!take(parser, '=') && !take(parser, ':'))
        return refuse(parser, "= is missing after %s", key->text);
    if (!check_value(parser, key))
        return false;
    if (!take(parser, ';'))
        take(parser, ',');
    return true;
}

static bool check_group(struct parser *parser)
{
    const struct config_token *open = parser->token++;
    while (!take(parser, '}')) {
        if (parser->token->kind == CONFIG_TOKEN_END || is(parser, ')') || is(parser, ']'))
            return refuse(parser, "} expected, not %s: the { of line %u is not closed",
                          found(parser), open->line);
        if (!check_setting(parser))
            return false;
    }
    return true;
}

static bool check_scalar(struct parser *parser)
{
    bool string = parser->token->kind == CONFIG_TOKEN_STRING;
    parser->token++;
    while (string && parser->token->kind == CONFIG_TOKEN_STRING) /* "a" "b" is "ab" */
        parser->token++;
    return true;
}

static bool check_nested(struct parser *parser, const struct config_token *key)
{
    if (parser->depth == DEPTH_MAX)
        return refuse(parser, "more than %u brackets within one another", DEPTH_MAX);
    parser->depth++;
    bool good = is(parser, '{') ? check_group(parser) : check_list(parser, key);
    parser->depth--;
    return good;
}

static bool check_value(struct parser *parser, const struct config_token *key)
{
    if (parser->token->kind == CONFIG_TOKEN_NAME)
        return refuse(parser, "%s: a string stands in quotes: \"%s\"", key->text,
                      parser->token->text);
    if (!begins_value(parser->token))
        return refuse(parser, "%s: a value is expected here, not %s", key->text, found(parser));
    if (parser->token->kind == CONFIG_TOKEN_MARK)
        return check_nested(parser, key);
    return check_scalar(parser);
}

bool config_syntax_check(const struct config_tokens *tokens, struct diagnostics *diagnostics)
{
    struct parser parser = {.token = tokens->items, .diagnostics = diagnostics};
    while (parser.token->kind != CONFIG_TOKEN_END)
        if (!check_setting(&parser))
            return false;
    return true;
}
