/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

/** A table whose columns are as wide as what stands in them. */

#include <stddef.h>
#include <stdio.h>

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
    const char *title;
    enum table_align align;
};

struct table;

/** `columns` is lent. */
struct table *table_create(const struct table_column *columns, size_t count);
void table_destroy(struct table *); /* takes NULL */

/** Add the next cell; rows fill from the left. */
__attribute__((format(printf, 2, 3))) void table_cell(struct table *, const char *format, ...);

/** Print titles, a line and the rows. `line_end` ends each line: "\n". */
void table_print(const struct table *, FILE *, const char *line_end);

#endif
