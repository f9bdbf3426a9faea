/* SPDX-License-Identifier: Apache-2.0 */
#include <host/config.h>

#include <base/memory.h>
#include <dirent.h>
#include <errno.h>
#include <host/config_groups.h>
#include <host/config_internal.h>
#include <stdlib.h>
#include <string.h>

#define DROP_IN_FOLDER "conf.d"
#define DROP_IN_SUFFIX ".conf"
#define SOURCES_FOLDER "sources.d"
#define SOURCES_SUFFIX ".sources"

const char *config_list_name(enum gn_role_kind kind)
{
    static const char *const names[CONFIG_LIST_COUNT] = {"sources", "servers", "outputs"};
    return names[kind];
}

struct options config_run_options(const struct config_run *run, const struct config_file *file)
{
    struct options options = {
        .file = file, .arena = run->config->arena, .diagnostics = run->diagnostics};
    return options;
}

/* ---------------------------------------------------------------- files */

static bool has_suffix(const char *name, const char *suffix)
{
    size_t size = strlen(name), suffix_size = strlen(suffix);
    return name[0] != '.' && size > suffix_size && strcmp(name + size - suffix_size, suffix) == 0;
}

/* A file that cannot be parsed is left out; its error is among the findings. */
static void add_file(struct config_run *run, const char *path, struct arena *scratch)
{
    struct config_file *file = config_file_open(path, scratch, run->diagnostics);
    if (file == NULL)
        return;
    run->files =
        memory_grow(run->files, run->file_count, &run->file_capacity, sizeof(struct config_file *));
    run->files[run->file_count++] = file;
}

static int filter_conf(const struct dirent *entry)
{
    return has_suffix(entry->d_name, DROP_IN_SUFFIX);
}

static int filter_sources(const struct dirent *entry)
{
    return has_suffix(entry->d_name, SOURCES_SUFFIX);
}

/* By bytes, whatever the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Add the files of a folder beside the main file, in the order of their names. */
static void add_folder(struct config_run *run, const char *name,
                       int (*filter)(const struct dirent *), struct arena *scratch)
{
    const char *folder = config_path(scratch, run->config->file, name);
    struct dirent **entries;
    int count = scandir(folder, &entries, filter, compare_names);
    if (count < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            diagnostics_add(run->diagnostics, DIAGNOSTIC_ERROR, folder, 0, "cannot read: %s",
                            strerror(errno));
        return;
    }
    for (int i = 0; i < count; i++) {
        add_file(run, arena_format(scratch, "%s/%s", folder, entries[i]->d_name), scratch);
        free(entries[i]);
    }
    free(entries);
}

static void add_files(struct config_run *run, struct arena *scratch)
{
    add_file(run, run->config->file, scratch);
    add_folder(run, DROP_IN_FOLDER, filter_conf, scratch);
    add_folder(run, SOURCES_FOLDER, filter_sources, scratch);
}

static void close_files(struct config_run *run)
{
    for (size_t i = 0; i < run->file_count; i++)
        config_file_close(run->files[i]);
    free(run->files);
}

/* ---------------------------------------------------------------- top level */

static bool is_list_name(const char *name)
{
    for (size_t kind = 0; kind < CONFIG_LIST_COUNT; kind++)
        if (strcmp(config_list_name((enum gn_role_kind)kind), name) == 0)
            return true;
    return false;
}

static void refuse_key(const struct options *options, const config_setting_t *setting)
{
    const char *name = config_setting_name(setting);
    struct text_guess guess;
    struct text text;
    text_guess_init(&guess, name);
    config_groups_guess(&guess);
    for (size_t kind = 0; kind < CONFIG_LIST_COUNT; kind++)
        text_guess_try(&guess, config_list_name((enum gn_role_kind)kind));
    text_init(&text);
    options_add_guess(&guess, &text);
    options_find(options, DIAGNOSTIC_ERROR, setting, name, "unknown key%s", text_string(&text));
    text_finish(&text);
}

/* Read the groups of a file, and refuse what is neither group nor list. Later files override. */
static void read_file(struct config_run *run, const struct config_file *file)
{
    struct options options = config_run_options(run, file);
    const config_setting_t *root = config_file_root(file);
    bool sources_only = has_suffix(config_file_path(file), SOURCES_SUFFIX) && file != run->files[0];
    for (int i = 0; i < config_setting_length(root); i++) {
        const config_setting_t *setting = config_setting_get_elem(root, (unsigned)i);
        const char *name = config_setting_name(setting);
        if (sources_only && strcmp(name, config_list_name(GN_SOURCE)) != 0)
            options_find(&options, DIAGNOSTIC_ERROR, setting, name,
                         "not allowed here, a " SOURCES_SUFFIX " file holds only sources");
        else if (!is_list_name(name) && !config_groups_read(&options, setting, run->config))
            refuse_key(&options, setting);
    }
}

struct config *config_load(const char *path, struct loader *loader, struct diagnostics *diagnostics)
{
    struct arena *arena = arena_create(), *scratch = arena_create();
    struct config *config = arena_alloc(arena, sizeof(*config));
    struct config_run run = {.config = config, .loader = loader, .diagnostics = diagnostics};
    size_t errors = diagnostics->errors;

    config->arena = arena;
    config->file = arena_copy(arena, path, strlen(path));
    config_groups_presets(config);
    add_files(&run, scratch);
    for (size_t i = 0; i < run.file_count; i++)
        read_file(&run, run.files[i]);
    config_instances_read(&run);
    if (diagnostics->errors == errors)
        config_warnings(config, diagnostics);

    close_files(&run);
    arena_destroy(scratch);
    if (diagnostics->errors == errors)
        return config;
    config_free(config);
    return NULL;
}

void config_free(struct config *config)
{
    if (config != NULL)
        arena_destroy(config->arena);
}
