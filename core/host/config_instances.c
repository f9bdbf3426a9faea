/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of `sources`, `servers` and `outputs`. */
#include <host/config_internal.h>

#include <base/memory.h>
#include <host/config_source.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name stands in reports and log lines, and is part of the names of state files. */
#define NAME_MAX_SIZE ((size_t)63)
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:"

/* One entry being read. */
struct entry {
    struct config_run *run;
    struct options options;
    const config_setting_t *setting;
    enum gn_role_kind kind;
};

static const char *role_word(uint32_t kind)
{
    static const char *const words[CONFIG_LIST_COUNT] = {"a source", "a server", "an output"};
    return kind < CONFIG_LIST_COUNT ? words[kind] : "something newer";
}

/* ---------------------------------------------------------------- names */

static struct config_instance *find_name(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->instance_count; i++)
        if (config->instances[i].name != NULL && strcmp(config->instances[i].name, name) == 0)
            return &config->instances[i];
    return NULL;
}

static bool taken(const struct config_run *run, const char *name)
{
    return find_name(run->config, name) != NULL ||
           (run->taken != NULL && run->taken(run->taken_arg, name));
}

static bool check_name(const struct entry *entry, const config_setting_t *setting, const char *name)
{
    size_t size = strlen(name);
    if (size >= 1 && size <= NAME_MAX_SIZE && name[0] != '.' &&
        text_consists_of(name, NAME_CHARACTERS))
        return true;
    options_find(&entry->options, DIAGNOSTIC_ERROR, setting, "name",
                 "must be 1 … %zu letters, digits and - _ . : and not begin with a dot",
                 NAME_MAX_SIZE);
    return false;
}

/* The configured name, or NULL where there is none or it cannot be used. */
static const char *read_name(const struct entry *entry)
{
    const config_setting_t *setting = config_setting_get_member(entry->setting, "name");
    if (setting == NULL)
        return NULL;
    if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
        options_find(&entry->options, DIAGNOSTIC_ERROR, setting, "name", "must be a string, not %s",
                     options_kind(setting));
        return NULL;
    }
    const char *name = options_string(&entry->options, setting, "name");
    if (name == NULL || !check_name(entry, setting, name))
        return NULL;
    const struct config_instance *other = find_name(entry->run->config, name);
    if (other != NULL) {
        options_find(&entry->options, DIAGNOSTIC_ERROR, setting, "name",
                     "\"%s\" is already the name of the entry at %s:%u, every name is used once",
                     name, other->file, other->line);
        return NULL;
    }
    if (taken(entry->run, name)) {
        options_find(&entry->options, DIAGNOSTIC_ERROR, setting, "name",
                     "\"%s\" is already in use, every name is used once", name);
        return NULL;
    }
    return arena_copy(entry->options.arena, name, strlen(name));
}

/* "proto-ntp" becomes "ntp": what the plugin is for shows from its place. */
static const char *short_name(const char *plugin)
{
    static const char *const prefixes[] = {"proto-", "refclock-", "out-", "ctl-"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t size = strlen(prefixes[i]);
        if (strncmp(plugin, prefixes[i], size) == 0 && plugin[size] != '\0')
            return plugin + size;
    }
    return plugin;
}

static void give_name(const struct config_run *run, struct config_instance *instance)
{
    const char *base = short_name(instance->plugin->descriptor->name);
    char name[NAME_MAX_SIZE + 1];
    unsigned number = 0;
    do
        snprintf(name, sizeof(name), "%.48s%u", base, number++);
    while (taken(run, name));
    instance->name = arena_copy(run->config->arena, name, strlen(name));
}

/* After all entries are read, so that no name that is given later is taken. */
static void give_names(const struct config_run *run)
{
    for (size_t i = 0; i < run->config->instance_count; i++)
        if (run->config->instances[i].name == NULL)
            give_name(run, &run->config->instances[i]);
}

/* ---------------------------------------------------------------- plugin and role */

static const struct plugin *read_use(const struct entry *entry)
{
    const config_setting_t *setting = config_setting_get_member(entry->setting, "use");
    char why[1024];
    if (setting == NULL) {
        options_find(&entry->options, DIAGNOSTIC_ERROR, entry->setting, "use",
                     "missing, every entry of %s names its plugin, such as use = \"proto-ntp\"",
                     config_list_name(entry->kind));
        return NULL;
    }
    if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
        options_find(&entry->options, DIAGNOSTIC_ERROR, setting, "use",
                     "must be a string, the name of a plugin, not %s", options_kind(setting));
        return NULL;
    }
    const char *name = options_string(&entry->options, setting, "use");
    if (name == NULL)
        return NULL;
    const struct plugin *plugin = loader_get(entry->run->loader, name, why, sizeof(why));
    if (plugin == NULL)
        options_find(&entry->options, DIAGNOSTIC_ERROR, setting, "use", "%s", why);
    return plugin;
}

static const struct gn_role *read_role(const struct entry *entry, const struct gn_plugin *plugin)
{
    const struct gn_role *role = plugin_role_of(plugin, entry->kind);
    struct text others;
    if (role != NULL)
        return role;
    text_init(&others);
    for (size_t i = 0; i < plugin->role_count; i++)
        text_addf(&others, "%s%s", i > 0 ? ", " : "", role_word(plugin_role(plugin, i)->kind));
    options_find(&entry->options, DIAGNOSTIC_ERROR,
                 config_setting_get_member(entry->setting, "use"), "use",
                 "%s cannot be %s; it can be: %s", plugin->name, role_word(entry->kind),
                 text_string(&others));
    text_finish(&others);
    return NULL;
}

/* ---------------------------------------------------------------- entries */

static struct config_instance *add_instance(const struct entry *entry)
{
    struct config *config = entry->run->config;
    struct config_place place = config_file_place(entry->options.file, entry->setting);
    config->instances = memory_grow(config->instances, config->instance_count,
                                    &entry->run->instance_capacity, sizeof(*config->instances));
    struct config_instance *instance = &config->instances[config->instance_count++];
    memset(instance, 0, sizeof(*instance));
    instance->file = arena_copy(config->arena, place.file, strlen(place.file));
    instance->line = place.line;
    return instance;
}

static void read_options(const struct entry *entry, struct config_instance *instance)
{
    static const char *const others[] = {"use", "name", NULL};
    static const char *const source_others[] = {"use", "name", CONFIG_SOURCE_FOREIGN, NULL};
    struct options_group group = {.setting = entry->setting,
                                  .prefix = "",
                                  .owner = instance->plugin->descriptor->name,
                                  .others = entry->kind == GN_SOURCE ? source_others : others};
    instance->options = arena_alloc(entry->options.arena, instance->role->config_size);
    group.targets[group.target_count++] =
        (struct options_target){option_table_of(instance->role), instance->options};
    if (entry->kind == GN_SOURCE)
        group.targets[group.target_count++] =
            (struct options_target){config_source_table(), &instance->source};
    for (size_t i = 0; i < group.target_count; i++)
        option_table_presets(&group.targets[i].table, group.targets[i].fields,
                             entry->options.arena);
    options_read(&entry->options, &group);
    if (entry->kind == GN_SOURCE)
        config_source_check(&entry->options, entry->setting, &instance->source);
}

static void read_entry(const struct entry *entry)
{
    const char *name = read_name(entry);
    const struct plugin *plugin = read_use(entry);
    const struct gn_role *role = plugin != NULL ? read_role(entry, plugin->descriptor) : NULL;
    if (role == NULL)
        return;
    struct config_instance *instance = add_instance(entry);
    instance->name = name;
    instance->plugin = plugin;
    instance->role = role;
    read_options(entry, instance);
}

static void read_list(struct entry *entry, const config_setting_t *list)
{
    const char *name = config_list_name(entry->kind);
    bool empty = config_setting_is_array(list) && config_setting_length(list) == 0;
    if (!config_setting_is_list(list) && !empty) {
        options_find(&entry->options, DIAGNOSTIC_ERROR, list, name,
                     "must be a list of entries, %s = ( { use = …; } ), not %s", name,
                     config_setting_is_array(list) ? "an array in [ ]" : options_kind(list));
        return;
    }
    for (int i = 0; i < config_setting_length(list); i++) {
        entry->setting = config_setting_get_elem(list, (unsigned)i);
        if (config_setting_is_group(entry->setting))
            read_entry(entry);
        else
            options_find(&entry->options, DIAGNOSTIC_ERROR, entry->setting, name,
                         "every entry must be a group, { use = …; }, not %s",
                         options_kind(entry->setting));
    }
}

/* The list has its full length now; let the arena own it like all the rest. */
static void keep_list(struct config *config)
{
    struct config_instance *grown = config->instances;
    size_t size = config->instance_count * sizeof(*grown);
    config->instances = arena_alloc(config->arena, size);
    if (size > 0)
        memcpy(config->instances, grown, size);
    free(grown);
}

void config_instances_read_one(struct config_run *run, const struct config_file *file,
                               const config_setting_t *setting)
{
    struct entry entry = {.run = run,
                          .options = config_run_options(run, file),
                          .setting = setting,
                          .kind = GN_SOURCE};
    read_entry(&entry);
    give_names(run);
    keep_list(run->config);
}

void config_instances_read(struct config_run *run)
{
    for (size_t kind = 0; kind < CONFIG_LIST_COUNT; kind++) {
        for (size_t i = 0; i < run->file_count; i++) {
            struct entry entry = {.run = run,
                                  .options = config_run_options(run, run->files[i]),
                                  .kind = (enum gn_role_kind)kind};
            const config_setting_t *list = config_setting_get_member(
                config_file_root(run->files[i]), config_list_name(entry.kind));
            if (list != NULL)
                read_list(&entry, list);
        }
    }
    give_names(run);
    keep_list(run->config);
}
