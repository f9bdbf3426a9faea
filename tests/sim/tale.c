/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/tale.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOREVER_S 1e12

static const char any_text[] = "…", plus_minus[] = " ± ", up_to[] = " .. ";

/* ---------------------------------------------------------------- words */

/* `{a ± b}` or `{a .. b}`; returns what follows it, NULL: it is none. */
static const char *parse_range(const char *words, double *low, double *high)
{
    char *end;
    double first = strtod(words + 1, &end);
    bool near = strncmp(end, plus_minus, strlen(plus_minus)) == 0;
    if (end == words + 1 || (!near && strncmp(end, up_to, strlen(up_to)) != 0))
        return NULL;
    const char *rest = end + strlen(near ? plus_minus : up_to);
    double second = strtod(rest, &end);
    *low = near ? first - second : first;
    *high = near ? first + second : second;
    return end != rest && *end == '}' ? end + 1 : NULL;
}

/* Whether a text begins with the words. */
static bool begins(const char *words, const char *text)
{
    double low, high;
    char *end;
    while (*words != '\0') {
        if (strncmp(words, any_text, strlen(any_text)) == 0)
            return tale_match(words + strlen(any_text), text);
        if (*words == '{') {
            double value = strtod(text, &end);
            words = parse_range(words, &low, &high);
            if (words == NULL || end == text || !(value >= low && value <= high))
                return false;
            text = end;
        } else if (*words++ != *text++) {
            return false;
        }
    }
    return true;
}

bool tale_match(const char *words, const char *text)
{
    for (; *text != '\0'; text++)
        if (begins(words, text))
            return true;
    return begins(words, text);
}

/* ---------------------------------------------------------------- reading */

static bool take(const char **text, const char *word)
{
    if (strncmp(*text, word, strlen(word)) != 0)
        return false;
    *text += strlen(word);
    return true;
}

/* "12" or "12.5"; of "12..13" only the 12. */
static double read_seconds(const char *text, char **end)
{
    double seconds = (double)strtoul(text, end, 10);
    if (*end != text && (*end)[0] == '.' && isdigit((unsigned char)(*end)[1]))
        seconds = strtod(text, end);
    return seconds;
}

/* `FROM..TO `, if it is there. */
static void take_window(const char **text, struct tale_line *line)
{
    char *end;
    double from_s = read_seconds(*text, &end);
    line->to_s = FOREVER_S;
    if (end == *text || strncmp(end, "..", 2) != 0)
        return;
    line->from_s = from_s;
    line->to_s = read_seconds(end + 2, &end);
    *text = end + strspn(end, " ");
}

static bool take_node(const char **text, struct tale_line *line)
{
    size_t length = strcspn(*text, ":");
    if ((*text)[length] != ':' || length >= sizeof line->node)
        return false;
    memcpy(line->node, *text, length);
    *text += length + 1;
    *text += strspn(*text, " ");
    return true;
}

/* `at most N `; `never ` is at most 0. */
static bool take_limit(const char **text, struct tale_line *line)
{
    char *end;
    if (take(text, "never "))
        return true;
    if (!take(text, "at most "))
        return false;
    line->limit = (unsigned)strtoul(*text, &end, 10);
    *text =
        end != *text ? end + strspn(end, " ") : ""; /* without a number: nothing is understood */
    return true;
}

/* Every range must be one, or the words could never be found. */
static bool words_are_sound(const char *words)
{
    double low, high;
    for (const char *at = strchr(words, '{'); at != NULL; at = strchr(at + 1, '{'))
        if (parse_range(at, &low, &high) == NULL)
            return false;
    return *words != '\0';
}

static bool parse_always(const char *text, struct tale_line *line)
{
    static const struct {
        const char *name;
        double s;
    } units[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
    char *unit;
    line->kind = strcmp(text, "keeps its bound") == 0 ? TALE_BOUND : TALE_WITHIN;
    if (line->kind == TALE_BOUND || !take(&text, "within "))
        return line->kind == TALE_BOUND;
    double limit = strtod(text, &unit);
    size_t length = strcspn(unit, " ");
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strlen(units[i].name) == length && strncmp(unit, units[i].name, length) == 0)
            line->limit_s = limit * units[i].s;
    text = unit + length;
    if (take(&text, " of ")) {
        line->kind = TALE_NEAR;
        line->seen_s[0] = line->seen_s[1] = -1;
        snprintf(line->other, sizeof line->other, "%s", text);
    } else if (*text != '\0') {
        return false;
    }
    return line->limit_s > 0;
}

static bool parse(struct tale *tale, const char *text, unsigned number)
{
    struct tale_line *line = &tale->lines[tale->count];
    if (take(&text, "not yet: ")) {
        snprintf(tale->not_yet, sizeof tale->not_yet, "%s", text);
        return true;
    }
    if (tale->count == TALE_LINES)
        return false;
    *line = (struct tale_line){.number = number};
    bool limited = take_limit(&text, line), always = take(&text, "always ");
    take_window(&text, line);
    if (!take_node(&text, line))
        return false;
    tale->count++;
    if (always)
        return parse_always(text, line);
    line->kind = limited ? TALE_AT_MOST : TALE_SAYS;
    snprintf(line->words, sizeof line->words, "%s", text);
    return words_are_sound(text);
}

bool tale_read(struct tale *tale, const char *path)
{
    FILE *file = fopen(path, "re");
    char text[512];
    bool good = file != NULL;
    memset(tale, 0, sizeof *tale);
    for (unsigned number = 1; good && fgets(text, sizeof text, file) != NULL; number++) {
        const char *at = text;
        text[strcspn(text, "\n")] = '\0';
        if (take(&at, "//> ") && !parse(tale, at, number)) {
            printf("%s:%u: not understood: %s\n", path, number, at);
            good = false;
        }
    }
    if (file != NULL)
        fclose(file);
    return good && tale->count > 0;
}

/* ---------------------------------------------------------------- what happens */

static bool concerns(const struct tale_line *line, const char *node, double at_s)
{
    return at_s >= line->from_s && at_s <= line->to_s && strcmp(line->node, node) == 0;
}

static void skip_to_says(struct tale *tale)
{
    while (tale->next < tale->count && tale->lines[tale->next].kind != TALE_SAYS)
        tale->next++;
}

void tale_hear(struct tale *tale, const char *node, double at_s, const char *text)
{
    skip_to_says(tale);
    if (tale->next < tale->count && concerns(&tale->lines[tale->next], node, at_s) &&
        tale_match(tale->lines[tale->next].words, text))
        tale->next++;
    for (size_t i = 0; i < tale->count; i++) {
        struct tale_line *line = &tale->lines[i];
        if (line->kind == TALE_AT_MOST && concerns(line, node, at_s) &&
            tale_match(line->words, text))
            line->broken = ++line->count > line->limit;
    }
}

/* Two clocks of one second are compared when the second of them is seen. */
static void compare(struct tale_line *line, const char *node, double at_s, double error_s)
{
    bool one = strcmp(line->node, node) == 0, other = strcmp(line->other, node) == 0;
    if ((!one && !other) || at_s < line->from_s || at_s > line->to_s)
        return;
    line->seen_s[other] = at_s;
    line->seen_error_s[other] = error_s;
    if (fabs(line->seen_s[0] - line->seen_s[1]) < 0.5 &&
        fabs(line->seen_error_s[0] - line->seen_error_s[1]) > line->limit_s)
        line->broken = true;
}

void tale_look(struct tale *tale, const char *node, double at_s, double clock_error_s,
               double estimate_error_s, double bound_s)
{
    for (size_t i = 0; i < tale->count; i++) {
        struct tale_line *line = &tale->lines[i];
        if (line->kind == TALE_NEAR)
            compare(line, node, at_s, clock_error_s);
        if (!concerns(line, node, at_s))
            continue;
        if (line->kind == TALE_WITHIN && fabs(clock_error_s) > line->limit_s)
            line->broken = true;
        if (line->kind == TALE_BOUND && bound_s >= 0 && fabs(estimate_error_s) > bound_s)
            line->broken = true;
    }
}

bool tale_holds(const struct tale *tale, FILE *file)
{
    static const char *const kinds[] = {"did not come", "came", "was further off",
                                        "was further apart", "lied"};
    bool good = true;
    for (size_t i = 0; i < tale->count; i++) {
        const struct tale_line *line = &tale->lines[i];
        bool missing = line->kind == TALE_SAYS && i >= tale->next;
        if (!missing && !line->broken)
            continue;
        if (file != NULL)
            fprintf(file, "    line %u: %s: %s %s\n", line->number, line->node, kinds[line->kind],
                    line->kind == TALE_NEAR ? line->other : line->words);
        if (file != NULL && line->limit > 0)
            fprintf(file, "        %u times, at most %u\n", line->count, line->limit);
        good = false;
        if (missing) /* those after it were not even looked for */
            break;
    }
    return good;
}
