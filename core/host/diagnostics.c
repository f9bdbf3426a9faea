/* SPDX-License-Identifier: Apache-2.0 */
#include <host/diagnostics.h>

#include <base/memory.h>
#include <base/text.h>
#include <stdlib.h>
#include <string.h>

void diagnostics_init(struct diagnostics *diagnostics)
{
    memset(diagnostics, 0, sizeof(*diagnostics));
}

void diagnostics_finish(struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->count; i++) {
        free(diagnostics->items[i].file);
        free(diagnostics->items[i].text);
    }
    free(diagnostics->items);
    diagnostics_init(diagnostics);
}

void diagnostics_add(struct diagnostics *diagnostics, enum diagnostic_level level, const char *file,
                     unsigned line, const char *format, ...)
{
    struct text text;
    va_list args;
    text_init(&text);
    text_add(&text, "");
    va_start(args, format);
    text_vaddf(&text, format, args);
    va_end(args);

    diagnostics->items = memory_grow(diagnostics->items, diagnostics->count, &diagnostics->capacity,
                                     sizeof(*diagnostics->items));
    struct diagnostic *item = &diagnostics->items[diagnostics->count++];
    item->level = level;
    item->file = file != NULL ? memory_copy(file) : NULL;
    item->line = line;
    item->text = text.data;
    if (level == DIAGNOSTIC_ERROR)
        diagnostics->errors++;
    else
        diagnostics->warnings++;
}

/* By file, by line, then in the order of their finding: the items lie in one array. */
static int compare(const void *left, const void *right)
{
    const struct diagnostic *a = *(struct diagnostic *const *)left;
    const struct diagnostic *b = *(struct diagnostic *const *)right;
    int order = strcmp(a->file != NULL ? a->file : "", b->file != NULL ? b->file : "");
    if (order != 0)
        return order;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void print_one(const struct diagnostic *item,
                      void (*line)(void *arg, enum diagnostic_level, const char *), void *arg)
{
    struct text text;
    text_init(&text);
    if (item->file != NULL)
        text_addf(&text, "%s:", item->file);
    if (item->file != NULL && item->line != 0)
        text_addf(&text, "%u:", item->line);
    if (item->file != NULL)
        text_add(&text, " ");
    if (item->level == DIAGNOSTIC_WARNING)
        text_add(&text, "warning: ");
    text_add(&text, item->text);
    line(arg, item->level, text_string(&text));
    text_finish(&text);
}

void diagnostics_print(const struct diagnostics *diagnostics,
                       void (*line)(void *arg, enum diagnostic_level, const char *), void *arg)
{
    if (diagnostics->count == 0)
        return;
    const struct diagnostic **sorted = memory_resize(NULL, diagnostics->count, sizeof(*sorted));
    for (size_t i = 0; i < diagnostics->count; i++)
        sorted[i] = &diagnostics->items[i];
    qsort(sorted, diagnostics->count, sizeof(*sorted), compare);
    for (size_t i = 0; i < diagnostics->count; i++)
        print_one(sorted[i], line, arg);
    free(sorted);
}
