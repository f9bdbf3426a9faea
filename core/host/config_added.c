/* SPDX-License-Identifier: Apache-2.0 */
#include <host/config_added.h>

#include <host/config_internal.h>
#include <limits.h>
#include <string.h>

static bool set_integer(config_setting_t *parent, const char *key, json_int_t value)
{
    bool small = value >= INT_MIN && value <= INT_MAX;
    config_setting_t *setting =
        config_setting_add(parent, key, small ? CONFIG_TYPE_INT : CONFIG_TYPE_INT64);
    if (setting == NULL)
        return false;
    return (small ? config_setting_set_int(setting, (int)value)
                  : config_setting_set_int64(setting, value)) == CONFIG_TRUE;
}

/* Nothing lies deeper than a list of strings. */
static bool set_list(config_setting_t *parent, const char *key, const json_t *list)
{
    config_setting_t *setting = config_setting_add(parent, key, CONFIG_TYPE_LIST);
    for (size_t i = 0; setting != NULL && i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL || config_setting_set_string_elem(setting, -1, text) == NULL)
            return false;
    }
    return setting != NULL;
}

static bool set_value(config_setting_t *parent, const char *key, const json_t *value)
{
    config_setting_t *setting = NULL;
    switch (json_typeof(value)) {
    case JSON_STRING:
        setting = config_setting_add(parent, key, CONFIG_TYPE_STRING);
        return setting != NULL && config_setting_set_string(setting, json_string_value(value));
    case JSON_INTEGER:
        return set_integer(parent, key, json_integer_value(value));
    case JSON_REAL:
        setting = config_setting_add(parent, key, CONFIG_TYPE_FLOAT);
        return setting != NULL && config_setting_set_float(setting, json_real_value(value));
    case JSON_TRUE:
    case JSON_FALSE:
        setting = config_setting_add(parent, key, CONFIG_TYPE_BOOL);
        return setting != NULL && config_setting_set_bool(setting, json_is_true(value));
    case JSON_ARRAY:
        return set_list(parent, key, value);
    default:
        return false;
    }
}

/* The keys of the object become settings, as if they had stood in the file. */
static const config_setting_t *arrange(const struct config_file *file, const json_t *entry,
                                       struct diagnostics *diagnostics)
{
    config_setting_t *root = (config_setting_t *)(uintptr_t)config_file_root(file);
    config_setting_t *group = config_setting_add(root, "source", CONFIG_TYPE_GROUP);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)entry, key, value)
    {
        if (!set_value(group, key, value))
            diagnostics_add(diagnostics, DIAGNOSTIC_ERROR, NULL, 0,
                            "%.64s: no key with a value, allowed is a string, a number, true, "
                            "false or a list of strings",
                            key);
    }
    return group;
}

struct config *config_added_read(const json_t *entry, const struct config_surroundings *place,
                                 struct diagnostics *diagnostics)
{
    struct arena *arena = arena_create(), *scratch = arena_create();
    struct config *config = arena_alloc(arena, sizeof(*config));
    struct config_file *file = config_file_empty(place->file, scratch);
    struct config_run run = {.config = config,
                             .loader = place->loader,
                             .diagnostics = diagnostics,
                             .taken = place->taken,
                             .taken_arg = place->arg};
    size_t errors = diagnostics->errors;
    config->arena = arena;
    config->file = arena_copy(arena, place->file, strlen(place->file));
    const config_setting_t *group = arrange(file, entry, diagnostics);
    if (diagnostics->errors == errors)
        config_instances_read_one(&run, file, group);
    config_file_close(file);
    arena_destroy(scratch);
    if (diagnostics->errors == errors)
        return config;
    config_free(config);
    return NULL;
}
