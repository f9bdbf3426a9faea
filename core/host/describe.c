/* SPDX-License-Identifier: Apache-2.0 */
#include <host/describe.h>

#include <errno.h>
#include <host/config_source.h>
#include <host/option_table.h>
#include <string.h>

/* Width of the column of keys. */
#define KEY_WIDTH 14

static const char *role_word(uint32_t kind)
{
    static const char *const words[] = {"source", "server", "output"};
    return kind < sizeof(words) / sizeof(words[0]) ? words[kind] : "unknown";
}

/* ---------------------------------------------------------------- options */

static void add_default(const struct gn_option *option, struct text *text)
{
    bool quoted = option->type == GN_OPT_STRING || option->type == GN_OPT_PATH ||
                  option->type == GN_OPT_CHOICE || option->type == GN_OPT_STRINGS;
    if ((option->flags & GN_OPT_REQUIRED) != 0)
        text_add(text, "; required");
    else if (option->preset != NULL)
        text_addf(text, quoted ? "; default \"%s\"" : "; default %s", option->preset);
}

/* The range names the unit, so the type need not. */
static void add_type_and_range(const struct gn_option *option, struct text *text)
{
    struct text range;
    text_init(&range);
    option_add_range(option, &range);
    if (range.size > 0)
        text_addf(text, "%s, %s", option->type == GN_OPT_INT ? "a whole number" : "a number",
                  text_string(&range));
    else
        option_add_type(option, text);
    text_finish(&range);
}

static void add_option(const struct gn_option *option, struct text *text)
{
    if (option->help != NULL)
        text_addf(text, "  %-*s %s\n  %-*s (", KEY_WIDTH, option->key, option->help, KEY_WIDTH, "");
    else
        text_addf(text, "  %-*s (", KEY_WIDTH, option->key);
    add_type_and_range(option, text);
    add_default(option, text);
    text_add(text, ")\n");
}

/* `own` is NULL, or a table whose keys were told already. */
static void add_options(const struct option_table *table, const struct option_table *own,
                        struct text *text)
{
    for (size_t i = 0; i < table->count; i++) {
        struct gn_option option = option_table_row(table, i);
        if (own == NULL || !option_table_find(own, option.key, NULL))
            add_option(&option, text);
    }
}

/* ---------------------------------------------------------------- sample */

/* A value to begin with: the default, or something of the right type. */
static void add_sample_value(const struct gn_option *option, struct text *text)
{
    const char *preset = option->preset;
    switch (option->type) {
    case GN_OPT_BOOL:
    case GN_OPT_INT:
    case GN_OPT_REAL:
        if (preset != NULL)
            text_add(text, preset);
        else if (option->type == GN_OPT_BOOL)
            text_add(text, "false");
        else
            text_addf(text, "%.15g", option->min > 0 ? option->min : 0.0);
        break;
    case GN_OPT_CHOICE:
        text_addf(text, "\"%s\"", preset != NULL ? preset : option->choices[0]);
        break;
    case GN_OPT_STRINGS:
        text_add(text, "[ ");
        for (const char *at = preset != NULL ? preset : "…"; at != NULL;) {
            size_t size = strcspn(at, ",");
            text_addf(text, "\"%.*s\"%s", (int)size, at, at[size] != '\0' ? ", " : " ");
            at = at[size] != '\0' ? at + size + 1 + strspn(at + size + 1, " ") : NULL;
        }
        text_add(text, "]");
        break;
    default:
        text_addf(text, "\"%s\"", preset != NULL ? preset : "…");
        break;
    }
}

/* Required options are set, the others stand there as comments with their defaults. */
static void add_sample(const struct gn_plugin *plugin, const struct gn_role *role,
                       struct text *text)
{
    struct option_table table = option_table_of(role);
    text_addf(text, "\n  %ss = (\n    {\n      use = \"%s\";\n", role_word(role->kind),
              plugin->name);
    for (size_t i = 0; i < table.count; i++) {
        struct gn_option option = option_table_row(&table, i);
        bool set = (option.flags & GN_OPT_REQUIRED) != 0;
        text_addf(text, "      %s%s = ", set ? "" : "// ", option.key);
        add_sample_value(&option, text);
        text_add(text, ";\n");
    }
    text_add(text, "    }\n  );\n");
}

/* ---------------------------------------------------------------- plugins */

static void add_role(const struct gn_plugin *plugin, const struct gn_role *role, struct text *text)
{
    struct option_table table = option_table_of(role), common = config_source_table();
    text_addf(text, "\nAs %s %s, in an entry of `%ss`:\n", role->kind == GN_OUTPUT ? "an" : "a",
              role_word(role->kind), role_word(role->kind));
    if (table.count == 0)
        text_add(text, "  no options of its own\n");
    add_options(&table, NULL, text);
    if (role->kind == GN_SOURCE) {
        text_add(text, "\n  Common to all sources:\n");
        add_options(&common, &table, text);
    }
    add_sample(plugin, role, text);
}

void describe_descriptor(const struct gn_plugin *plugin, struct text *text)
{
    text_addf(text, "%s %s: %s\n", plugin->name, plugin->version, plugin->summary);
    for (size_t i = 0; i < plugin->role_count; i++)
        add_role(plugin, plugin_role(plugin, i), text);
}

bool describe_plugin(struct loader *loader, const char *name, FILE *stream)
{
    char why[1024];
    struct text text;
    const struct plugin *plugin = loader_get(loader, name, why, sizeof(why));
    if (plugin == NULL) {
        fprintf(stderr, "%s\n", why);
        return false;
    }
    text_init(&text);
    describe_descriptor(plugin->descriptor, &text);
    fputs(text_string(&text), stream);
    text_finish(&text);
    return true;
}

static void print_line(const struct gn_plugin *plugin, FILE *stream)
{
    struct text roles;
    text_init(&roles);
    for (size_t i = 0; i < plugin->role_count; i++)
        text_addf(&roles, "%s%s", i > 0 ? ", " : "", role_word(plugin_role(plugin, i)->kind));
    fprintf(stream, "%-20s %-8s %-16s %s\n", plugin->name, plugin->version, text_string(&roles),
            plugin->summary);
    text_finish(&roles);
}

static bool is_known(const struct loader *loader, const char *name)
{
    const struct plugin *plugin = loader_next(loader, NULL);
    while (plugin != NULL && strcmp(plugin->descriptor->name, name) != 0)
        plugin = loader_next(loader, plugin);
    return plugin != NULL;
}

/* Those that are built in stand before those of the folder. */
bool describe_list(struct loader *loader, FILE *stream)
{
    size_t count, refused = 0;
    char **names = loader_names(loader, &count);
    const struct plugin *built_in = loader_next(loader, NULL);
    if (names == NULL && built_in == NULL) {
        fprintf(stderr, "%s: %s\n", loader_folder(loader), strerror(errno));
        return false;
    }
    for (; built_in != NULL; built_in = loader_next(loader, built_in))
        print_line(built_in->descriptor, stream);
    for (size_t i = 0; i < count; i++) {
        char why[1024];
        if (is_known(loader, names[i]))
            continue;
        const struct plugin *plugin = loader_get(loader, names[i], why, sizeof(why));
        if (plugin != NULL)
            print_line(plugin->descriptor, stream);
        else
            fprintf(stream, "%-20s refused: %s\n", names[i], why);
        refused += plugin == NULL;
    }
    loader_names_free(names, count);
    return refused == 0;
}
