/* SPDX-License-Identifier: Apache-2.0 */
#include "life.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------------------------- loading */

const char *subjects_folder(int argc, char **argv)
{
    const char *folder = getenv("GNOMON_PLUGIN_DIR");
    if (folder == NULL)
        folder = getenv("GNOMON_PLUGINS");
    if (argc > 1)
        return argv[1];
    return folder != NULL ? folder : "modules";
}

static void subject_load(struct subject *subject)
{
    void *library = dlopen(subject->path, RTLD_NOW | RTLD_LOCAL);
    if (library != NULL)
        subject->plugin = dlsym(library, "gn_plugin");
    if (subject->plugin == NULL)
        snprintf(subject->why, sizeof(subject->why), "%s", dlerror());
}

static bool is_plugin_file(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && length < 60 && strcmp(name + length - 3, ".so") == 0;
}

int subjects_load(const char *folder, struct subject *subjects, size_t size)
{
    struct dirent **entries;
    int found = scandir(folder, &entries, NULL, alphasort), count = 0;
    if (found < 0)
        return -errno;
    for (int i = 0; i < found; i++) {
        const char *name = entries[i]->d_name;
        if (is_plugin_file(name) && (size_t)count < size) {
            struct subject *subject = &subjects[count++];
            memset(subject, 0, sizeof(*subject));
            snprintf(subject->name, sizeof(subject->name), "%.*s", (int)strlen(name) - 3, name);
            snprintf(subject->path, sizeof(subject->path), "%s/%s", folder, name);
            subject_load(subject);
        }
        free(entries[i]);
    }
    free(entries);
    return count;
}

const struct gn_plugin *subject_need(const char *folder, const char *name)
{
    struct subject subject = {.plugin = NULL};
    snprintf(subject.path, sizeof(subject.path), "%s/%s.so", folder, name);
    subject_load(&subject);
    if (subject.plugin == NULL) {
        fprintf(stderr, "%s\n", subject.why);
        exit(2);
    }
    return subject.plugin;
}

const struct gn_role *subject_role(const struct gn_plugin *plugin, size_t index)
{
    const char *roles = (const char *)plugin->roles;
    return (const struct gn_role *)(const void *)(roles + index * plugin->role_size);
}

const struct gn_option *subject_option(const struct gn_role *role, size_t index)
{
    const char *options = (const char *)role->options;
    return (const struct gn_option *)(const void *)(options + index * role->option_size);
}

/* -------------------------------------------------------------------------------- configuration */

__attribute__((format(printf, 4, 5))) static int refuse(char *why, size_t size, int error,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, size, format, args);
    va_end(args);
    return error;
}

static void *own(struct filled *filled, void *memory)
{
    if (memory == NULL || filled->owned_count == sizeof(filled->owned) / sizeof(*filled->owned))
        abort();
    filled->owned[filled->owned_count++] = memory;
    return memory;
}

static int fill_bool(void *field, const char *text)
{
    bool value = strcmp(text, "true") == 0;
    if (!value && strcmp(text, "false") != 0)
        return -EINVAL;
    memcpy(field, &value, sizeof(value));
    return 0;
}

static bool in_range(const struct gn_option *option, double value)
{
    return (option->min == 0 && option->max == 0) || (value >= option->min && value <= option->max);
}

static int fill_int(const struct gn_option *option, void *field, const char *text)
{
    char *end;
    errno = 0;
    int64_t value = strtoll(text, &end, 0);
    if (errno != 0 || end == text || *end != '\0' || !in_range(option, (double)value))
        return -EINVAL;
    memcpy(field, &value, sizeof(value));
    return 0;
}

static int fill_real(const struct gn_option *option, void *field, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !in_range(option, value))
        return -EINVAL;
    memcpy(field, &value, sizeof(value));
    return 0;
}

static int fill_choice(const struct gn_option *option, void *field, const char *text)
{
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            memcpy(field, &i, sizeof(i));
            return 0;
        }
    }
    return -EINVAL;
}

static int fill_string(struct filled *filled, void *field, const char *text)
{
    const char *copy = own(filled, strdup(text));
    memcpy(field, &copy, sizeof(copy));
    return 0;
}

static int fill_strings(struct filled *filled, void *field, const char *text)
{
    char *copy = own(filled, strdup(text)), *rest = copy;
    const char **items = own(filled, calloc(strlen(text) + 1, sizeof(*items)));
    struct gn_strings strings = {items, 0};
    for (char *item; (item = strsep(&rest, ",")) != NULL;) {
        item += strspn(item, " ");
        if (*item != '\0')
            items[strings.count++] = item;
    }
    memcpy(field, &strings, sizeof(strings));
    return 0;
}

static int fill(struct filled *filled, const struct gn_option *option, const char *text)
{
    void *field = (char *)filled->config + option->offset;
    switch (option->type) {
    case GN_OPT_BOOL:
        return fill_bool(field, text);
    case GN_OPT_INT:
        return fill_int(option, field, text);
    case GN_OPT_REAL:
        return fill_real(option, field, text);
    case GN_OPT_STRING:
    case GN_OPT_PATH:
        return fill_string(filled, field, text);
    case GN_OPT_CHOICE:
        return fill_choice(option, field, text);
    case GN_OPT_STRINGS:
        return fill_strings(filled, field, text);
    default:
        return -EINVAL;
    }
}

static int fill_presets(struct filled *filled, const struct gn_role *role, char *why, size_t size)
{
    for (size_t i = 0; i < role->option_count; i++) {
        const struct gn_option *option = subject_option(role, i);
        if (option->preset != NULL && fill(filled, option, option->preset) != 0)
            return refuse(why, size, -EINVAL, "option %s: its preset \"%s\" is not allowed",
                          option->key, option->preset);
    }
    return 0;
}

/* What must be given, and is not given here, gets something that is no name of anything. */
static void fill_required(struct filled *filled, const struct gn_role *role)
{
    for (size_t i = 0; i < role->option_count; i++) {
        const struct gn_option *option = subject_option(role, i);
        if ((option->flags & GN_OPT_REQUIRED) != 0)
            fill(filled, option, "nothing");
    }
}

static int fill_given(struct filled *filled, const struct gn_role *role, const char *key,
                      const char *value)
{
    for (size_t i = 0; i < role->option_count; i++) {
        const struct gn_option *option = subject_option(role, i);
        if (strcmp(option->key, key) == 0)
            return fill(filled, option, value);
    }
    return -ENOENT;
}

static int fill_all_given(struct filled *filled, const struct gn_role *role, const char *given,
                          char *why, size_t size)
{
    char *rest = own(filled, strdup(given != NULL ? given : ""));
    for (char *pair; (pair = strsep(&rest, ";")) != NULL;) {
        char *value = pair;
        const char *key = strsep(&value, "=");
        if (*key != '\0' && (value == NULL || fill_given(filled, role, key, value) != 0))
            return refuse(why, size, -EINVAL, "cannot set %s to \"%s\"", key,
                          value != NULL ? value : "");
    }
    return 0;
}

int filled_init(struct filled *filled, const struct gn_role *role, const char *given, char *why,
                size_t why_size)
{
    memset(filled, 0, sizeof(*filled));
    filled->config = own(filled, calloc(1, role->config_size > 0 ? role->config_size : 1));
    int error = fill_presets(filled, role, why, why_size);
    if (error == 0) {
        fill_required(filled, role);
        error = fill_all_given(filled, role, given, why, why_size);
    }
    if (error != 0)
        filled_finish(filled);
    return error;
}

void filled_finish(struct filled *filled)
{
    while (filled->owned_count > 0)
        free(filled->owned[--filled->owned_count]);
    filled->config = NULL;
}

/* ----------------------------------------------------------------------------------------- life */

void life_init(struct life *life, const struct gn_plugin *plugin, uint64_t seed)
{
    memset(life, 0, sizeof(*life));
    life->plugin = plugin;
    fake_world_init(&life->world, seed);
}

void life_add(struct life *life, const struct gn_role *role, const char *given)
{
    if (life->count == LIFE_BEINGS)
        abort();
    life->beings[life->count].role = role;
    life->beings[life->count++].given = given;
}

/* A refusal must be a negative errno, and in words. */
static int refused(struct life *life, const struct fake_host *host, const char *what, int error)
{
    if (error > 0)
        refuse(life->why, sizeof(life->why), 0, "%s returns %d", what, error);
    else if (host->words[0] == '\0' && host->host.log != NULL)
        refuse(life->why, sizeof(life->why), 0, "%s fails with %d (%s), but without words", what,
               error, strerror(-error));
    return error < 0 ? error : -EINVAL;
}

static int open_shared(struct life *life)
{
    fake_host_init(&life->shared_host, &life->world, life->plugin->name, life->missing);
    if (life->plugin->shared_open == NULL)
        return 0;
    int error = life->plugin->shared_open(&life->shared_host.host, &life->shared);
    if (error != 0)
        return refused(life, &life->shared_host, "shared_open", error);
    life->shared_open = true;
    return 0;
}

static int open_being(struct life *life, struct being *being)
{
    fake_host_init(&being->host, &life->world, "subject", life->missing);
    int error =
        filled_init(&being->filled, being->role, being->given, life->why, sizeof(life->why));
    if (error != 0)
        return error;
    error =
        being->role->open(&being->host.host, life->shared, being->filled.config, &being->instance);
    if (error != 0) {
        being->instance = NULL;
        return refused(life, &being->host, "open", error);
    }
    if (being->instance == NULL)
        return refuse(life->why, sizeof(life->why), -EINVAL, "open gives no instance");
    return 0;
}

static int start_being(struct life *life, struct being *being)
{
    int error = being->role->start(being->instance);
    if (error > 0)
        refuse(life->why, sizeof(life->why), 0, "start returns %d", error);
    being->started = error == 0;
    return error;
}

int life_begin(struct life *life)
{
    int error = open_shared(life);
    for (size_t i = 0; error == 0 && i < life->count; i++)
        error = open_being(life, &life->beings[i]);
    for (size_t i = 0; error == 0 && i < life->count; i++)
        error = start_being(life, &life->beings[i]);
    return error;
}

void life_event(struct life *life, const struct gn_event *event)
{
    for (size_t i = 0; i < life->count; i++) {
        struct being *being = &life->beings[i];
        if (being->started && being->role->event != NULL)
            being->role->event(being->instance, event);
    }
}

static void stop_being(struct being *being)
{
    if (being->started && being->role->stop != NULL)
        being->role->stop(being->instance);
    being->started = false;
    fake_host_close_all(&being->host);
    if (being->instance != NULL)
        being->role->close(being->instance);
    being->instance = NULL;
    filled_finish(&being->filled);
}

/* The old configuration goes at once, so that a sanitizer sees who still reads it. */
static int reload_being(struct life *life, struct being *being)
{
    struct filled fresh;
    int error = filled_init(&fresh, being->role, being->given, life->why, sizeof(life->why));
    if (error != 0)
        return error;
    error =
        being->role->reload != NULL ? being->role->reload(being->instance, fresh.config) : -ENOTSUP;
    if (error == 0) {
        filled_finish(&being->filled);
        being->filled = fresh;
        return 0;
    }
    filled_finish(&fresh);
    if (error != -ENOTSUP)
        return error;
    stop_being(being);
    error = open_being(life, being);
    return error == 0 ? start_being(life, being) : error;
}

int life_reload(struct life *life)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < life->count; i++)
        error = reload_being(life, &life->beings[i]);
    return error;
}

void life_end(struct life *life)
{
    while (life->count > 0)
        stop_being(&life->beings[--life->count]);
    if (life->shared_open)
        life->plugin->shared_close(life->shared);
    life->shared_open = false;
    fake_host_close_all(&life->shared_host);
    fake_world_finish(&life->world);
}
