/* SPDX-License-Identifier: Apache-2.0 */
#include <host/option_table.h>

#include <errno.h>
#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- rows */

struct option_table option_table_of(const struct gn_role *role)
{
    struct option_table table = {role->options, role->option_count, role->option_size};
    return table;
}

struct gn_option option_table_row(const struct option_table *table, size_t index)
{
    struct gn_option row;
    size_t known = table->row_size < sizeof(row) ? table->row_size : sizeof(row);
    memset(&row, 0, sizeof(row));
    memcpy(&row, (const char *)table->rows + index * table->row_size, known);
    return row;
}

bool option_table_find(const struct option_table *table, const char *key, struct gn_option *row)
{
    for (size_t i = 0; i < table->count; i++) {
        struct gn_option candidate = option_table_row(table, i);
        if (strcmp(candidate.key, key) != 0)
            continue;
        if (row != NULL)
            *row = candidate;
        return true;
    }
    return false;
}

void *option_field(const struct gn_option *option, void *fields)
{
    return (char *)fields + option->offset;
}

int option_choice(const struct gn_option *option, const char *word)
{
    for (int i = 0; option->choices[i] != NULL; i++)
        if (strcmp(option->choices[i], word) == 0)
            return i;
    return -1;
}

/* ---------------------------------------------------------------- defaults */

static bool preset_int(const char *preset, int64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoll(preset, &end, 10);
    return errno == 0 && end != preset && *end == '\0';
}

static bool preset_real(const char *preset, double *value)
{
    char *end;
    *value = strtod(preset, &end);
    return end != preset && *end == '\0' && isfinite(*value);
}

static void preset_strings(const char *preset, struct gn_strings *strings, struct arena *arena)
{
    size_t count = 1;
    for (const char *comma = preset; (comma = strchr(comma, ',')) != NULL; comma++)
        count++;
    const char **items = arena_alloc(arena, count * sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        preset += strspn(preset, " ");
        size_t size = strcspn(preset, ",");
        items[i] = arena_copy(arena, preset, size);
        preset += size + 1;
    }
    strings->items = items;
    strings->count = count;
}

bool option_preset(const struct gn_option *option, void *fields, struct arena *arena)
{
    const char *preset = option->preset;
    void *field = option_field(option, fields);
    if (preset == NULL)
        return true;
    switch (option->type) {
    case GN_OPT_BOOL:
        *(bool *)field = strcmp(preset, "true") == 0;
        return *(bool *)field || strcmp(preset, "false") == 0;
    case GN_OPT_INT:
        return preset_int(preset, field);
    case GN_OPT_REAL:
        return preset_real(preset, field);
    case GN_OPT_STRING:
    case GN_OPT_PATH:
        *(const char **)field = arena_copy(arena, preset, strlen(preset));
        return true;
    case GN_OPT_CHOICE:
        *(int *)field = option_choice(option, preset);
        return *(int *)field >= 0;
    case GN_OPT_STRINGS:
        preset_strings(preset, field, arena);
        return true;
    default:
        return false;
    }
}

void option_table_presets(const struct option_table *table, void *fields, struct arena *arena)
{
    for (size_t i = 0; i < table->count; i++) {
        struct gn_option option = option_table_row(table, i);
        option_preset(&option, fields, arena);
    }
}

/* ---------------------------------------------------------------- words */

static bool has_range(const struct gn_option *option)
{
    bool number = option->type == GN_OPT_INT || option->type == GN_OPT_REAL;
    return number && (option->min < 0 || option->min > 0 || option->max < 0 || option->max > 0);
}

bool option_in_range(const struct gn_option *option, double value)
{
    return !has_range(option) || (value >= option->min && value <= option->max);
}

static void add_choices(const struct gn_option *option, struct text *text)
{
    text_add(text, "one of ");
    for (size_t i = 0; option->choices[i] != NULL; i++)
        text_addf(text, "%s\"%s\"", i > 0 ? ", " : "", option->choices[i]);
}

static void add_number(const struct gn_option *option, const char *kind, struct text *text)
{
    if (option->unit == NULL)
        text_add(text, kind);
    else if (strcmp(option->unit, "s") == 0)
        text_addf(text, "%s of seconds", kind);
    else
        text_addf(text, "%s (%s)", kind, option->unit);
}

void option_add_type(const struct gn_option *option, struct text *text)
{
    switch (option->type) {
    case GN_OPT_BOOL:
        text_add(text, "true or false");
        break;
    case GN_OPT_INT:
        add_number(option, "a whole number", text);
        break;
    case GN_OPT_REAL:
        add_number(option, "a number", text);
        break;
    case GN_OPT_STRING:
        text_add(text, "a string");
        break;
    case GN_OPT_PATH:
        text_add(text, "a path (a string)");
        break;
    case GN_OPT_CHOICE:
        add_choices(option, text);
        break;
    default:
        text_add(text, "a list of strings");
        break;
    }
}

void option_add_range(const struct gn_option *option, struct text *text)
{
    if (!has_range(option))
        return;
    text_addf(text, "%.15g … %.15g", option->min, option->max);
    if (option->unit != NULL)
        text_addf(text, " %s", option->unit);
}

/* ---------------------------------------------------------------- soundness */

struct field_shape {
    size_t size, alignment;
};

static struct field_shape field_shape(uint32_t type)
{
    switch (type) {
    case GN_OPT_BOOL:
        return (struct field_shape){sizeof(bool), alignof(bool)};
    case GN_OPT_INT:
        return (struct field_shape){sizeof(int64_t), alignof(int64_t)};
    case GN_OPT_REAL:
        return (struct field_shape){sizeof(double), alignof(double)};
    case GN_OPT_STRING:
    case GN_OPT_PATH:
        return (struct field_shape){sizeof(char *), alignof(char *)};
    case GN_OPT_CHOICE:
        return (struct field_shape){sizeof(int), alignof(int)};
    case GN_OPT_STRINGS:
        return (struct field_shape){sizeof(struct gn_strings), alignof(struct gn_strings)};
    default:
        return (struct field_shape){0, 1};
    }
}

/* Whether the default that lies in its field is one that a file could give. */
static bool preset_in_range(const struct gn_option *option, const void *field)
{
    if (option->preset == NULL)
        return true;
    if (option->type == GN_OPT_INT)
        return option_in_range(option, (double)*(const int64_t *)field);
    return option->type != GN_OPT_REAL || option_in_range(option, *(const double *)field);
}

static const char *row_fault(const struct gn_option *option, size_t config_size, void *fields,
                             struct arena *arena)
{
    struct field_shape shape = field_shape(option->type);
    if (shape.size == 0)
        return "its type is unknown";
    if (option->offset > config_size || config_size - option->offset < shape.size)
        return "its field lies outside the role's struct; check offset and config_size";
    if (option->offset % shape.alignment != 0)
        return "its field is not aligned; check the offset";
    if (option->type == GN_OPT_CHOICE && (option->choices == NULL || option->choices[0] == NULL))
        return "it has no choices";
    if (!(option->min <= option->max))
        return "its min is above its max";
    if (option->preset != NULL && (option->flags & GN_OPT_REQUIRED) != 0)
        return "it is required and yet has a default";
    if (!option_preset(option, fields, arena))
        return "its default is not a value that it takes";
    if (!preset_in_range(option, option_field(option, fields)))
        return "its default is out of its range";
    return NULL;
}

/* What a row had in minor 0. */
#define ROW_SIZE_MIN (offsetof(struct gn_option, help) + sizeof(const char *))

bool option_table_check(const struct option_table *table, size_t config_size, struct text *why)
{
    if (table->count > 0 && (table->rows == NULL || table->row_size < ROW_SIZE_MIN)) {
        text_addf(why, "option_size is %zu, at least %zu is needed", table->row_size, ROW_SIZE_MIN);
        return false;
    }
    struct arena *arena = arena_create();
    void *fields = arena_alloc(arena, config_size);
    const char *fault = NULL;
    for (size_t i = 0; i < table->count && fault == NULL; i++) {
        struct gn_option option = option_table_row(table, i);
        fault =
            option.key == NULL ? "it has no key" : row_fault(&option, config_size, fields, arena);
        if (fault != NULL)
            text_addf(why, "option %zu (%s): %s", i, option.key != NULL ? option.key : "?", fault);
    }
    arena_destroy(arena);
    return fault == NULL;
}
