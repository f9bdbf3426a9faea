/* SPDX-License-Identifier: Apache-2.0 */
#include <host/options.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One setting on its way into one field. */
struct value {
    const struct options *options;
    const config_setting_t *setting;
    const struct gn_option *option;
    const char *key; /* with its prefix */
    void *field;
};

/* ---------------------------------------------------------------- findings */

static void add_finding(const struct options *options, enum diagnostic_level level,
                        const config_setting_t *setting, const char *key, const struct text *text)
{
    struct config_place place = config_file_place(options->file, setting);
    diagnostics_add(options->diagnostics, level, place.file, place.line, "%s%s%s",
                    key != NULL ? key : "", key != NULL ? ": " : "", text_string(text));
}

void options_find(const struct options *options, enum diagnostic_level level,
                  const config_setting_t *setting, const char *key, const char *format, ...)
{
    struct text text;
    va_list args;
    text_init(&text);
    va_start(args, format);
    text_vaddf(&text, format, args);
    va_end(args);
    add_finding(options, level, setting, key, &text);
    text_finish(&text);
}

const char *options_kind(const config_setting_t *setting)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_GROUP:
        return "a group";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return "a whole number";
    case CONFIG_TYPE_FLOAT:
        return "a number with a fraction";
    case CONFIG_TYPE_STRING:
        return "a string";
    case CONFIG_TYPE_BOOL:
        return "true or false";
    default:
        return "a list";
    }
}

void options_add_guess(const struct text_guess *guess, struct text *text)
{
    if (guess->best != NULL)
        text_addf(text, ", did you mean \"%s\"?", guess->best);
}

static bool refuse_type(const struct value *value)
{
    struct text text;
    text_init(&text);
    text_add(&text, "must be ");
    option_add_type(value->option, &text);
    text_addf(&text, ", not %s", options_kind(value->setting));
    add_finding(value->options, DIAGNOSTIC_ERROR, value->setting, value->key, &text);
    text_finish(&text);
    return false;
}

/* `shown` is the value as written, more or less. */
static bool refuse_range(const struct value *value, const char *shown)
{
    struct text text;
    text_init(&text);
    text_addf(&text, "%s is out of range, allowed is ", shown);
    option_add_range(value->option, &text);
    add_finding(value->options, DIAGNOSTIC_ERROR, value->setting, value->key, &text);
    text_finish(&text);
    return false;
}

/* ---------------------------------------------------------------- values */

const char *options_string(const struct options *options, const config_setting_t *setting,
                           const char *key)
{
    const char *string = config_setting_get_string(setting);
    for (const char *at = string; at != NULL && *at != '\0'; at++) {
        if ((unsigned char)*at >= ' ' && *at != 0x7f)
            continue;
        options_find(options, DIAGNOSTIC_ERROR, setting, key,
                     "must be a string without control characters");
        return NULL;
    }
    return string;
}

static bool is_integer(const config_setting_t *setting)
{
    int type = config_setting_type(setting);
    return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

static int64_t get_integer(const config_setting_t *setting)
{
    /* get_int64 of an int, and get_float of either, give 0 in libconfig 1.5. */
    return config_setting_type(setting) == CONFIG_TYPE_INT ? config_setting_get_int(setting)
                                                           : config_setting_get_int64(setting);
}

/* libconfig 1.5 would have wrapped it silently; other versions would not. It has to be marked. */
static bool check_marked(const struct value *value, int64_t integer)
{
    if (!config_file_place(value->options->file, value->setting).unmarked)
        return true;
    options_find(value->options, DIAGNOSTIC_ERROR, value->setting, value->key,
                 "%lld does not fit 32 bits; write %lldL", (long long)integer, (long long)integer);
    return false;
}

static bool read_bool(const struct value *value)
{
    if (config_setting_type(value->setting) != CONFIG_TYPE_BOOL)
        return refuse_type(value);
    *(bool *)value->field = config_setting_get_bool(value->setting) != 0;
    return true;
}

static bool read_int(const struct value *value)
{
    if (!is_integer(value->setting))
        return refuse_type(value);
    int64_t integer = get_integer(value->setting);
    char shown[32];
    snprintf(shown, sizeof(shown), "%lld", (long long)integer);
    if (!option_in_range(value->option, (double)integer))
        return refuse_range(value, shown);
    if (!check_marked(value, integer))
        return false;
    *(int64_t *)value->field = integer;
    return true;
}

static bool read_real(const struct value *value)
{
    bool integer = is_integer(value->setting);
    if (!integer && config_setting_type(value->setting) != CONFIG_TYPE_FLOAT)
        return refuse_type(value);
    double real =
        integer ? (double)get_integer(value->setting) : config_setting_get_float(value->setting);
    char shown[32];
    snprintf(shown, sizeof(shown), "%.15g", real);
    if (!isfinite(real)) {
        options_find(value->options, DIAGNOSTIC_ERROR, value->setting, value->key,
                     "too large a number");
        return false;
    }
    if (!option_in_range(value->option, real))
        return refuse_range(value, shown);
    if (integer && !check_marked(value, get_integer(value->setting)))
        return false;
    *(double *)value->field = real;
    return true;
}

static bool read_string(const struct value *value)
{
    if (config_setting_type(value->setting) != CONFIG_TYPE_STRING)
        return refuse_type(value);
    const char *string = options_string(value->options, value->setting, value->key);
    if (string == NULL)
        return false;
    if (value->option->type == GN_OPT_PATH) {
        struct config_place place = config_file_place(value->options->file, value->setting);
        *(const char **)value->field = config_path(value->options->arena, place.file, string);
    } else {
        *(const char **)value->field = arena_copy(value->options->arena, string, strlen(string));
    }
    return true;
}

static bool read_choice(const struct value *value)
{
    if (config_setting_type(value->setting) != CONFIG_TYPE_STRING)
        return refuse_type(value);
    const char *word = options_string(value->options, value->setting, value->key);
    if (word == NULL)
        return false;
    int choice = option_choice(value->option, word);
    if (choice >= 0) {
        *(int *)value->field = choice;
        return true;
    }
    struct text text;
    text_init(&text);
    text_addf(&text, "\"%s\" is not known, allowed is ", word);
    option_add_type(value->option, &text);
    add_finding(value->options, DIAGNOSTIC_ERROR, value->setting, value->key, &text);
    text_finish(&text);
    return false;
}

/* ---------------------------------------------------------------- lists of strings */

static const char *read_element(const struct value *value, const config_setting_t *element,
                                unsigned index)
{
    const char *key = arena_format(value->options->arena, "%s[%u]", value->key, index);
    if (config_setting_type(element) != CONFIG_TYPE_STRING) {
        options_find(value->options, DIAGNOSTIC_ERROR, element, key, "must be a string, not %s",
                     options_kind(element));
        return NULL;
    }
    const char *string = options_string(value->options, element, key);
    return string != NULL ? arena_copy(value->options->arena, string, strlen(string)) : NULL;
}

static bool read_strings(const struct value *value)
{
    const config_setting_t *setting = value->setting;
    bool single = config_setting_type(setting) == CONFIG_TYPE_STRING;
    bool good = true;
    if (!single && !config_setting_is_list(setting) && !config_setting_is_array(setting))
        return refuse_type(value);
    unsigned count = single ? 1 : (unsigned)config_setting_length(setting);
    const char **items = arena_alloc(value->options->arena, count * sizeof(*items));
    for (unsigned i = 0; i < count; i++) {
        items[i] = read_element(value, single ? setting : config_setting_get_elem(setting, i), i);
        good = good && items[i] != NULL;
    }
    if (good)
        *(struct gn_strings *)value->field = (struct gn_strings){items, count};
    return good;
}

static bool read_value(const struct value *value)
{
    switch (value->option->type) {
    case GN_OPT_BOOL:
        return read_bool(value);
    case GN_OPT_INT:
        return read_int(value);
    case GN_OPT_REAL:
        return read_real(value);
    case GN_OPT_STRING:
    case GN_OPT_PATH:
        return read_string(value);
    case GN_OPT_CHOICE:
        return read_choice(value);
    default:
        return read_strings(value);
    }
}

/* ---------------------------------------------------------------- groups */

static bool is_other(const struct options_group *group, const char *key)
{
    for (const char *const *other = group->others; other != NULL && *other != NULL; other++)
        if (strcmp(*other, key) == 0)
            return true;
    return false;
}

static bool refuse_key(const struct options *options, const struct options_group *group,
                       const config_setting_t *setting)
{
    struct text_guess guess;
    struct text text;
    text_guess_init(&guess, config_setting_name(setting));
    for (size_t t = 0; t < group->target_count; t++)
        for (size_t i = 0; i < group->targets[t].table.count; i++)
            text_guess_try(&guess, option_table_row(&group->targets[t].table, i).key);
    for (const char *const *other = group->others; other != NULL && *other != NULL; other++)
        text_guess_try(&guess, *other);

    char *key = arena_format(options->arena, "%s%s", group->prefix, guess.word);
    text_init(&text);
    text_add(&text, "unknown key");
    options_add_guess(&guess, &text);
    add_finding(options, DIAGNOSTIC_ERROR, setting, key, &text);
    text_finish(&text);
    return false;
}

/* Read one setting into every table that knows it. */
static bool read_setting(const struct options *options, const struct options_group *group,
                         const config_setting_t *setting)
{
    const char *key = config_setting_name(setting);
    bool known = is_other(group, key), good = true;
    for (size_t t = 0; t < group->target_count && good; t++) {
        const struct options_target *target = &group->targets[t];
        struct gn_option option;
        if (!option_table_find(&target->table, key, &option))
            continue;
        struct value value = {.options = options,
                              .setting = setting,
                              .option = &option,
                              .key = arena_format(options->arena, "%s%s", group->prefix, key),
                              .field = option_field(&option, target->fields)};
        known = true;
        good = read_value(&value);
    }
    return known ? good : refuse_key(options, group, setting);
}

static bool check_required(const struct options *options, const struct options_group *group,
                           const struct option_table *table)
{
    bool good = true;
    for (size_t i = 0; i < table->count; i++) {
        struct gn_option option = option_table_row(table, i);
        struct text text;
        if ((option.flags & GN_OPT_REQUIRED) == 0 ||
            config_setting_get_member(group->setting, option.key) != NULL)
            continue;
        text_init(&text);
        text_addf(&text, "missing, %s needs ", group->owner);
        option_add_type(&option, &text);
        add_finding(options, DIAGNOSTIC_ERROR, group->setting, option.key, &text);
        text_finish(&text);
        good = false;
    }
    return good;
}

bool options_read(const struct options *options, const struct options_group *group)
{
    bool good = true;
    for (int i = 0; i < config_setting_length(group->setting); i++)
        good &= read_setting(options, group, config_setting_get_elem(group->setting, (unsigned)i));
    for (size_t t = 0; t < group->target_count; t++)
        good &= check_required(options, group, &group->targets[t].table);
    return good;
}
