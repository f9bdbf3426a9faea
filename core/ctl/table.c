/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <base/memory.h>
#include <base/text.h>
#include <ctl/human.h>
#include <ctl/table.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2 /* blanks between columns */

struct table {
    const struct table_column *columns;
    size_t column_count;
    struct text *cells;
    size_t cell_count, capacity;
};

struct table *table_create(const struct table_column *columns, size_t count)
{
    assert(count > 0);
    struct table *table = memory_zeroed(sizeof(*table));
    table->columns = columns;
    table->column_count = count;
    return table;
}

void table_destroy(struct table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->cell_count; i++)
        text_finish(&table->cells[i]);
    free(table->cells);
    free(table);
}

void table_cell(struct table *table, const char *format, ...)
{
    table->cells =
        memory_grow(table->cells, table->cell_count, &table->capacity, sizeof(struct text));
    struct text *cell = &table->cells[table->cell_count++];
    text_init(cell);
    va_list args;
    va_start(args, format);
    text_vaddf(cell, format, args);
    va_end(args);
}

static const char *cell(const struct table *table, size_t row, size_t column)
{
    size_t index = row * table->column_count + column;
    return index < table->cell_count ? text_string(&table->cells[index]) : "";
}

static size_t row_count(const struct table *table)
{
    return (table->cell_count + table->column_count - 1) / table->column_count;
}

static size_t width(const struct table *table, size_t column)
{
    size_t widest = strlen(table->columns[column].title);
    for (size_t row = 0; row < row_count(table); row++) {
        size_t length = strlen(cell(table, row, column));
        if (length > widest)
            widest = length;
    }
    return widest;
}

static void blanks(FILE *out, size_t count)
{
    while (count-- > 0)
        fputc(' ', out);
}

/* Blanks are owed until something stands behind them, so no line ends in blanks. */
static size_t put(const struct table *table, FILE *out, size_t column, const char *words,
                  size_t owed)
{
    size_t room = width(table, column) - strlen(words);
    if (table->columns[column].align == TABLE_RIGHT) {
        owed += room;
        room = 0;
    }
    if (*words == '\0')
        return owed + room + GAP;
    blanks(out, owed);
    human_put(out, words);
    return room + GAP;
}

void table_print(const struct table *table, FILE *out, const char *line_end)
{
    size_t total = 0, owed = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        total += width(table, c) + (c > 0 ? GAP : 0);
        owed = put(table, out, c, table->columns[c].title, owed);
    }
    fputs(line_end, out);
    while (total-- > 0)
        fputc('=', out);
    fputs(line_end, out);
    for (size_t row = 0; row < row_count(table); row++) {
        owed = 0;
        for (size_t c = 0; c < table->column_count; c++)
            owed = put(table, out, c, cell(table, row, c), owed);
        fputs(line_end, out);
    }
}
