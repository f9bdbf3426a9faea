/* SPDX-License-Identifier: Apache-2.0 */
#include "scene_internal.h"

#include <base/memory.h>
#include <stdio.h>
#include <string.h>

void reader_wrong(struct reader *reader, const config_setting_t *at, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    diagnostics_add(reader->findings, DIAGNOSTIC_ERROR, reader->path,
                    at != NULL ? config_setting_source_line(at) : 0, "%s", text);
}

void reader_check_keys(struct reader *reader, const config_setting_t *group, const char *words)
{
    if (!config_setting_is_group(group)) {
        reader_wrong(reader, group, "a group { … } is expected here");
        return;
    }
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *item = config_setting_get_elem(group, (unsigned)i);
        char word[64];
        snprintf(word, sizeof word, " %.60s ", config_setting_name(item));
        if (strstr(words, word) == NULL)
            reader_wrong(reader, item, "%s: no such key; allowed:%s", config_setting_name(item),
                         words);
    }
}

static bool to_number(const config_setting_t *item, double *value)
{
    switch (config_setting_type(item)) {
    case CONFIG_TYPE_INT:
        *value = config_setting_get_int(item);
        return true;
    case CONFIG_TYPE_INT64:
        *value = (double)config_setting_get_int64(item);
        return true;
    case CONFIG_TYPE_FLOAT:
        *value = config_setting_get_float(item);
        return true;
    default:
        return false;
    }
}

double reader_number(struct reader *reader, const config_setting_t *group, const char *key,
                     double least, double most, double otherwise)
{
    const config_setting_t *item = config_setting_get_member(group, key);
    double value;
    if (item == NULL)
        return otherwise;
    if (to_number(item, &value) && value >= least && value <= most)
        return value;
    reader_wrong(reader, item, "%s: a number is expected, %g to %g", key, least, most);
    return otherwise;
}

bool reader_flag(struct reader *reader, const config_setting_t *group, const char *key,
                 bool otherwise)
{
    const config_setting_t *item = config_setting_get_member(group, key);
    if (item == NULL)
        return otherwise;
    if (config_setting_type(item) == CONFIG_TYPE_BOOL)
        return config_setting_get_bool(item) != 0;
    reader_wrong(reader, item, "%s: true or false is expected", key);
    return otherwise;
}

const char *reader_string(struct reader *reader, const config_setting_t *group, const char *key)
{
    const config_setting_t *item = config_setting_get_member(group, key);
    if (item == NULL)
        return NULL;
    if (config_setting_type(item) == CONFIG_TYPE_STRING)
        return config_setting_get_string(item);
    reader_wrong(reader, item, "%s: a text in quotation marks is expected", key);
    return NULL;
}

int reader_word(struct reader *reader, const config_setting_t *group, const char *key,
                const char *const *words)
{
    const char *given = reader_string(reader, group, key);
    char all[128] = "";
    if (given == NULL)
        return 0;
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(given, words[i]) == 0)
            return i;
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, " %s", words[i]);
    }
    reader_wrong(reader, config_setting_get_member(group, key), "%s: one of these is expected:%s",
                 key, all);
    return 0;
}

const struct law *reader_law(struct reader *reader, const config_setting_t *group, const char *key)
{
    struct scene *scene = reader->scene;
    const char *text = reader_string(reader, group, key);
    char why[200];
    if (text == NULL)
        return NULL;
    struct law *parsed = law_parse(text, why, sizeof why);
    if (parsed == NULL) {
        reader_wrong(reader, config_setting_get_member(group, key), "%s: %s", key, why);
        return NULL;
    }
    scene->laws =
        memory_grow(scene->laws, scene->law_count, &scene->law_capacity, sizeof(struct law *));
    scene->laws[scene->law_count++] = parsed;
    return parsed;
}

double reader_drawn(struct reader *reader, const config_setting_t *group, const char *key,
                    const char *purpose)
{
    const config_setting_t *item = config_setting_get_member(group, key);
    struct chance chance;
    double value = 0;
    if (item == NULL || to_number(item, &value))
        return value;
    if (config_setting_type(item) != CONFIG_TYPE_STRING) {
        reader_wrong(reader, item, "%s: a number is expected, or a law in quotation marks", key);
        return 0;
    }
    const struct law *law = reader_law(reader, group, key);
    chance_init(&chance, world_seed(reader->scene->world), key, purpose);
    return law != NULL ? law_draw(law, &chance) : 0;
}

const char *reader_keep(struct reader *reader, const char *text)
{
    struct scene *scene = reader->scene;
    scene->texts =
        memory_grow(scene->texts, scene->text_count, &scene->text_capacity, sizeof(char *));
    scene->texts[scene->text_count] = memory_copy(text);
    return scene->texts[scene->text_count++];
}

struct node *reader_find_node(const struct reader *reader, const char *name, size_t *from)
{
    const struct scene *scene = reader->scene;
    while (*from < scene->count) {
        const struct actor *actor = &scene->actors[(*from)++];
        if (strcmp(node_name(actor->node), name) == 0 || strcmp(actor->group, name) == 0)
            return actor->node;
    }
    return NULL;
}
