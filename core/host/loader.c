/* SPDX-License-Identifier: Apache-2.0 */
#include <host/loader.h>

#include <base/arena.h>
#include <base/memory.h>
#include <base/text.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <host/elf_file.h>
#include <host/option_table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".so"
#define SYMBOL "gn_plugin"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define BUILT_IN "(built in)"

/* What minor 0 had; a plugin that has less was not built from plugin.h. */
#define SIZE_UP_TO(type, field) (offsetof(type, field) + sizeof(((type *)NULL)->field))
#define PLUGIN_SIZE_MIN SIZE_UP_TO(struct gn_plugin, shared_close)
#define ROLE_SIZE_MIN SIZE_UP_TO(struct gn_role, event)

struct loader {
    char *folder;
    struct plugin *plugins; /* in the order of loading */
};

struct loader *loader_create(const char *folder)
{
    struct loader *loader = memory_zeroed(sizeof(*loader));
    loader->folder = memory_copy(folder);
    return loader;
}

void loader_destroy(struct loader *loader)
{
    if (loader == NULL)
        return;
    for (struct plugin *plugin = loader->plugins, *next; plugin != NULL; plugin = next) {
        next = plugin->next;
        free(plugin->path);
        free(plugin);
    }
    free(loader->folder);
    free(loader);
}

const char *loader_folder(const struct loader *loader)
{
    return loader->folder;
}

/* ---------------------------------------------------------------- the load rule */

const struct gn_role *plugin_role(const struct gn_plugin *plugin, size_t index)
{
    return (const struct gn_role *)((const char *)plugin->roles + index * plugin->role_size);
}

const struct gn_role *plugin_role_of(const struct gn_plugin *plugin, enum gn_role_kind kind)
{
    for (size_t i = 0; i < plugin->role_count; i++)
        if (plugin_role(plugin, i)->kind == (uint32_t)kind)
            return plugin_role(plugin, i);
    return NULL;
}

/* The first fields protect the rest: nothing else is read before they are right. */
static bool check_head(const struct gn_plugin *plugin, struct text *why)
{
    if (plugin->magic != GN_PLUGIN_MAGIC)
        text_addf(why,
                  "its " SYMBOL " is not a descriptor of gnomon (magic 0x%08x); start it with "
                  "GN_PLUGIN_HEAD",
                  plugin->magic);
    else if (plugin->abi_major != GN_ABI_MAJOR)
        text_addf(why, "ABI %u.%u, this daemon speaks %d.%d; rebuild the plugin with its headers",
                  plugin->abi_major, plugin->abi_minor, GN_ABI_MAJOR, GN_ABI_MINOR);
    else if (plugin->abi_minor > GN_ABI_MINOR)
        text_addf(why,
                  "ABI %u.%u, this daemon speaks %d.%d; update the daemon, or rebuild the "
                  "plugin with its headers",
                  plugin->abi_major, plugin->abi_minor, GN_ABI_MAJOR, GN_ABI_MINOR);
    else if (plugin->size < PLUGIN_SIZE_MIN)
        text_addf(why,
                  "its descriptor has %u bytes, at least %zu are needed; set size by "
                  "GN_PLUGIN_HEAD",
                  plugin->size, PLUGIN_SIZE_MIN);
    else
        return true;
    return false;
}

static bool check_identity(const struct gn_plugin *plugin, const char *name, struct text *why)
{
    if (plugin->name == NULL || plugin->version == NULL || plugin->summary == NULL)
        text_add(why, "its descriptor lacks name, version or summary");
    else if (strcmp(plugin->name, name) != 0)
        text_addf(why, "it calls itself \"%.64s\"; name the file %.64s" SUFFIX, plugin->name,
                  plugin->name);
    else if (plugin->role_count == 0 || plugin->roles == NULL)
        text_add(why, "it has no role, so it cannot be configured as anything");
    else if (plugin->role_size < ROLE_SIZE_MIN)
        text_addf(why,
                  "its roles have %zu bytes each, at least %zu are needed; set role_size by "
                  "GN_PLUGIN_HEAD",
                  plugin->role_size, ROLE_SIZE_MIN);
    else if ((plugin->shared_open == NULL) != (plugin->shared_close == NULL))
        text_add(why, "it has only one of shared_open and shared_close");
    else
        return true;
    return false;
}

static bool check_role(const struct gn_plugin *plugin, size_t index, struct text *why)
{
    const struct gn_role *role = plugin_role(plugin, index);
    struct option_table table = option_table_of(role);
    struct text fault;
    if (role->open == NULL || role->start == NULL || role->close == NULL) {
        text_addf(why, "role %zu lacks open, start or close", index);
        return false;
    }
    text_init(&fault);
    bool good = option_table_check(&table, role->config_size, &fault);
    if (!good)
        text_addf(why, "role %zu: %s", index, text_string(&fault));
    text_finish(&fault);
    return good;
}

static bool check_roles(const struct gn_plugin *plugin, struct text *why)
{
    for (size_t i = 0; i < plugin->role_count; i++)
        if (!check_role(plugin, i, why))
            return false;
    return true;
}

static void say(char *why, size_t why_size, const struct text *text)
{
    if (why_size > 0)
        snprintf(why, why_size, "%s", text_string(text));
}

bool loader_check(const struct gn_plugin *plugin, const char *name, char *why, size_t why_size)
{
    struct text text;
    text_init(&text);
    bool good = check_head(plugin, &text) && check_identity(plugin, name, &text) &&
                check_roles(plugin, &text);
    if (!good)
        say(why, why_size, &text);
    text_finish(&text);
    return good;
}

/* ---------------------------------------------------------------- the folder */

static int filter_plugins(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return entry->d_name[0] != '.' && size > strlen(SUFFIX) &&
           strcmp(entry->d_name + size - strlen(SUFFIX), SUFFIX) == 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

char **loader_names(struct loader *loader, size_t *count)
{
    struct dirent **entries;
    int found = scandir(loader->folder, &entries, filter_plugins, compare_names);
    *count = 0;
    if (found < 0)
        return NULL;
    char **names = memory_resize(NULL, (size_t)found, sizeof(*names));
    for (int i = 0; i < found; i++) {
        char *name = memory_copy(entries[i]->d_name);
        name[strlen(name) - strlen(SUFFIX)] = '\0';
        names[(*count)++] = name;
        free(entries[i]);
    }
    free(entries);
    return names;
}

void loader_names_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static void add_guess(const struct loader *loader, const char *name, char **names, size_t count,
                      struct text *why)
{
    struct text_guess guess;
    text_guess_init(&guess, name);
    for (size_t i = 0; i < count; i++)
        text_guess_try(&guess, names[i]);
    for (const struct plugin *plugin = loader->plugins; plugin != NULL; plugin = plugin->next)
        text_guess_try(&guess, plugin->descriptor->name);
    if (guess.best != NULL)
        text_addf(why, ", did you mean \"%s\"?", guess.best);
}

/* They are added first, so they stand before those of the folder. */
static void add_built_in(const struct loader *loader, struct text *why)
{
    const struct plugin *plugin = loader->plugins;
    text_add(why, " (built in:");
    for (; plugin != NULL && strcmp(plugin->path, BUILT_IN) == 0; plugin = plugin->next)
        text_addf(why, "%s %s", plugin == loader->plugins ? "" : ",", plugin->descriptor->name);
    text_add(why, ")");
}

/* There is no such file: say what there is. */
static void explain_missing(struct loader *loader, const char *name, int error, struct text *why)
{
    size_t count;
    char **names = loader_names(loader, &count);
    text_addf(why, "%s/%s" SUFFIX ": %s", loader->folder, name, strerror(error));
    add_guess(loader, name, names, count, why);
    if (loader->plugins != NULL && strcmp(loader->plugins->path, BUILT_IN) == 0)
        add_built_in(loader, why);
    else if (names == NULL)
        text_add(why, " (the plugin folder cannot be read)");
    else if (count == 0)
        text_add(why, " (no plugin is in this folder)");
    for (size_t i = 0; i < count; i++)
        text_addf(why, "%s%s%s", i > 0 ? ", " : " (there are: ", names[i],
                  i + 1 == count ? ")" : "");
    loader_names_free(names, count);
}

/* ---------------------------------------------------------------- loading */

static struct plugin *add_plugin(struct loader *loader, const struct gn_plugin *descriptor,
                                 const char *path)
{
    struct plugin **end = &loader->plugins;
    while (*end != NULL)
        end = &(*end)->next;
    *end = memory_zeroed(sizeof(**end));
    (*end)->descriptor = descriptor;
    (*end)->path = memory_copy(path);
    return *end;
}

static struct plugin *find_plugin(const struct loader *loader, const char *name)
{
    struct plugin *plugin = loader->plugins;
    while (plugin != NULL && strcmp(plugin->descriptor->name, name) != 0)
        plugin = plugin->next;
    return plugin;
}

/* dlerror() mostly, but not always, begins with the path. */
static void explain_dlerror(const char *path, struct text *why)
{
    const char *error = dlerror();
    if (error == NULL)
        error = "cannot be loaded";
    size_t size = strlen(path);
    if (strncmp(error, path, size) == 0 && error[size] == ':')
        error += size + 1 + strspn(error + size + 1, " ");
    text_addf(why, "%s: %s; is it a plugin for this machine?", path, error);
}

static const struct gn_plugin *open_plugin(const char *path, const char *name, struct text *why)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        explain_dlerror(path, why);
        return NULL;
    }
    const struct gn_plugin *descriptor = dlsym(handle, SYMBOL);
    char reason[512];
    if (descriptor == NULL)
        text_addf(why, "%s: it exports no " SYMBOL ", so it is not a plugin of gnomon", path);
    else if (!loader_check(descriptor, name, reason, sizeof(reason)))
        text_addf(why, "%s: %s", path, reason);
    else
        return descriptor;
    return NULL;
}

static const struct plugin *load(struct loader *loader, const char *name, struct text *why)
{
    if (name[0] == '\0' || !text_consists_of(name, NAME_CHARACTERS)) {
        text_addf(why, "\"%.64s\" is no name of a plugin: lower-case letters, digits and -", name);
        return NULL;
    }
    struct arena *scratch = arena_create();
    const char *path = arena_format(scratch, "%s/%s" SUFFIX, loader->folder, name);
    const struct gn_plugin *descriptor = NULL;
    struct stat status;
    if (stat(path, &status) != 0)
        explain_missing(loader, name, errno, why);
    else if (!S_ISREG(status.st_mode)) /* dlopen() would wait for a pipe */
        text_addf(why, "%s: not a file", path);
    else if (elf_file_is_cut(path))
        text_addf(why, "%s: the file is cut short; copy it anew", path);
    else
        descriptor = open_plugin(path, name, why);
    const struct plugin *plugin = descriptor != NULL ? add_plugin(loader, descriptor, path) : NULL;
    arena_destroy(scratch);
    return plugin;
}

const struct plugin *loader_get(struct loader *loader, const char *name, char *why, size_t why_size)
{
    const struct plugin *plugin = find_plugin(loader, name);
    struct text text;
    if (plugin != NULL)
        return plugin;
    text_init(&text);
    plugin = load(loader, name, &text);
    if (plugin == NULL)
        say(why, why_size, &text);
    text_finish(&text);
    return plugin;
}

const struct plugin *loader_add(struct loader *loader, const struct gn_plugin *descriptor,
                                char *why, size_t why_size)
{
    if (!loader_check(descriptor, descriptor->name != NULL ? descriptor->name : "", why, why_size))
        return NULL;
    const struct plugin *plugin = find_plugin(loader, descriptor->name);
    return plugin != NULL ? plugin : add_plugin(loader, descriptor, BUILT_IN);
}

const struct plugin *loader_next(const struct loader *loader, const struct plugin *previous)
{
    return previous == NULL ? loader->plugins : previous->next;
}
