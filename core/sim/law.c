/* SPDX-License-Identifier: Apache-2.0 */
#include <base/memory.h>
#include <ctype.h>
#include <math.h>
#include <sim/law.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nested deeper than anybody writes; a text from a file must not exhaust the stack. */
#define MAX_DEPTH 64
#define MAX_TERMS 1000 /* a chain of them is a deep tree too */

enum kind {
    NUMBER,
    EXP,
    NORMAL,
    UNIFORM,
    PARETO,
    PICK,
    MIN,
    MAX,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    ABSOLUTE,
    NEGATE
};

struct law {
    enum kind kind;
    double number;
    struct law *part[3];
};

struct parser {
    const char *text, *at;
    char *why;
    size_t why_size;
    int depth, terms;
};

static struct law *sum(struct parser *);

static struct law *make(enum kind kind, struct law *a, struct law *b)
{
    struct law *law = memory_zeroed(sizeof *law);
    law->kind = kind;
    law->part[0] = a;
    law->part[1] = b;
    return law;
}

void law_destroy(struct law *law)
{
    if (law == NULL)
        return;
    for (int i = 0; i < 3; i++)
        law_destroy(law->part[i]);
    free(law);
}

/* ---------------------------------------------------------------- words */

__attribute__((format(printf, 2, 3))) static struct law *fail(struct parser *parser,
                                                              const char *format, ...)
{
    va_list args;
    size_t used = (size_t)snprintf(parser->why, parser->why_size,
                                   "column %zu: ", (size_t)(parser->at - parser->text) + 1);
    va_start(args, format);
    if (used < parser->why_size)
        vsnprintf(parser->why + used, parser->why_size - used, format, args);
    va_end(args);
    return NULL;
}

static char next(struct parser *parser)
{
    while (isspace((unsigned char)*parser->at))
        parser->at++;
    return *parser->at;
}

static bool take(struct parser *parser, char wanted)
{
    if (next(parser) != wanted)
        return false;
    parser->at++;
    return true;
}

/* Takes a whole word only: "exp", not the beginning of "expo". */
static bool take_word(struct parser *parser, const char *word)
{
    size_t size = strlen(word);
    next(parser);
    if (strncmp(parser->at, word, size) != 0 || isalpha((unsigned char)parser->at[size]))
        return false;
    parser->at += size;
    return true;
}

/* ---------------------------------------------------------------- grammar */

static struct law *number(struct parser *parser)
{
    static const struct {
        const char *name;
        double s;
    } units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
    char *end;
    struct law *law = make(NUMBER, NULL, NULL);
    law->number = strtod(parser->at, &end);
    parser->at = end;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (take_word(parser, units[i].name)) {
            law->number *= units[i].s;
            break;
        }
    return law;
}

/* `( a, b, … )` of a law with arguments. */
static struct law *arguments(struct parser *parser, enum kind kind, int count)
{
    struct law *law = make(kind, NULL, NULL);
    for (int i = 0; i < count; i++) {
        if (!take(parser, i == 0 ? '(' : ',')) {
            fail(parser, "'%c' expected", i == 0 ? '(' : ',');
            goto bad;
        }
        law->part[i] = sum(parser);
        if (law->part[i] == NULL)
            goto bad;
    }
    if (take(parser, ')'))
        return law;
    fail(parser, "')' expected");
bad:
    law_destroy(law);
    return NULL;
}

static struct law *named(struct parser *parser)
{
    static const struct {
        const char *name;
        enum kind kind;
        int arguments;
    } laws[] = {{"exp", EXP, 0},       {"normal", NORMAL, 0}, {"uniform", UNIFORM, 0},
                {"pareto", PARETO, 1}, {"pick", PICK, 3},     {"min", MIN, 2},
                {"max", MAX, 2}};
    for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++)
        if (take_word(parser, laws[i].name))
            return laws[i].arguments == 0 ? make(laws[i].kind, NULL, NULL)
                                          : arguments(parser, laws[i].kind, laws[i].arguments);
    if (*parser->at == '\0')
        return fail(parser, "the law ends too early");
    return fail(parser, "a number, exp, normal, uniform, pareto, pick, min or max expected");
}

static struct law *enclosed(struct parser *parser, char end)
{
    struct law *inner = sum(parser);
    if (inner == NULL || take(parser, end))
        return inner;
    law_destroy(inner);
    return fail(parser, "'%c' expected", end);
}

static struct law *wrap(enum kind kind, struct law *inner)
{
    return inner != NULL ? make(kind, inner, NULL) : NULL;
}

static struct law *factor(struct parser *parser)
{
    struct law *law;
    char c = next(parser);
    if (++parser->depth > MAX_DEPTH)
        return fail(parser, "nested too deeply");
    if (isdigit((unsigned char)c) || c == '.')
        law = number(parser);
    else if (take(parser, '('))
        law = enclosed(parser, ')');
    else if (take(parser, '|'))
        law = wrap(ABSOLUTE, enclosed(parser, '|'));
    else if (take(parser, '-'))
        law = wrap(NEGATE, factor(parser));
    else
        law = named(parser);
    parser->depth--;
    return law;
}

/* `inner { ( first | second ) inner }`, from left to right. */
static struct law *chain(struct parser *parser, struct law *(*inner)(struct parser *),
                         const char *signs, const enum kind *kinds)
{
    struct law *left = inner(parser);
    while (left != NULL) {
        char c = next(parser);
        if (c == '\0' || (c != signs[0] && c != signs[1]))
            break;
        parser->at++;
        struct law *right =
            ++parser->terms <= MAX_TERMS ? inner(parser) : fail(parser, "too many terms");
        if (right == NULL) {
            law_destroy(left);
            return NULL;
        }
        left = make(kinds[c == signs[1]], left, right);
    }
    return left;
}

static struct law *product(struct parser *parser)
{
    static const enum kind kinds[] = {MULTIPLY, DIVIDE};
    return chain(parser, factor, "*/", kinds);
}

static struct law *sum(struct parser *parser)
{
    static const enum kind kinds[] = {ADD, SUBTRACT};
    return chain(parser, product, "+-", kinds);
}

struct law *law_parse(const char *text, char *why, size_t why_size)
{
    struct parser parser = {.text = text, .at = text, .why = why, .why_size = why_size};
    struct law *law = sum(&parser);
    if (law == NULL || next(&parser) == '\0')
        return law;
    law_destroy(law);
    return fail(&parser, "'%c' is not understood here", *parser.at);
}

/* ---------------------------------------------------------------- drawing */

double law_draw(const struct law *law, struct chance *chance)
{
    double a = 0, b = 0;
    /* One after the other: which draws first must not be the compiler's choice. */
    if (law->part[0] != NULL)
        a = law_draw(law->part[0], chance);
    if (law->kind == PICK)
        return law_draw(law->part[chance_uniform(chance) < a ? 1 : 2], chance);
    if (law->part[1] != NULL)
        b = law_draw(law->part[1], chance);
    switch (law->kind) {
    case NUMBER:
        return law->number;
    case EXP:
        return chance_exp(chance);
    case NORMAL:
        return chance_normal(chance);
    case UNIFORM:
        return chance_uniform(chance);
    case PARETO:
        return pow(1 - chance_uniform(chance), -1 / a);
    case MIN:
        return fmin(a, b);
    case MAX:
        return fmax(a, b);
    case ADD:
        return a + b;
    case SUBTRACT:
        return a - b;
    case MULTIPLY:
        return a * b;
    case DIVIDE:
        return a / b;
    case ABSOLUTE:
        return fabs(a);
    case NEGATE:
        return -a;
    case PICK:
        break;
    }
    return 0;
}
