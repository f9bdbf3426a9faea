/* SPDX-License-Identifier: Apache-2.0 */
#include "scene_internal.h"

#include <base/memory.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Plausible to whoever checks that a clock is not absurd. */
#define DEFAULT_START "2026-01-01T00:00:00Z"
#define FIRST_YEAR 1971
#define LAST_YEAR 2199
#define DEFAULT_DURATION_S 40000.0
#define LONGEST_S 1e9

/* ---------------------------------------------------------------- links */

static struct vhost *find_host(struct reader *reader, const config_setting_t *entry,
                               const char *key)
{
    const char *name = reader_string(reader, entry, key);
    size_t from = 0;
    if (name == NULL)
        return NULL;
    struct node *node = reader_find_node(reader, name, &from);
    if (node != NULL && strcmp(node_name(node), name) == 0)
        return node_host(node);
    reader_wrong(reader, config_setting_get_member(entry, key),
                 node == NULL ? "%s: there is no node \"%s\""
                              : "%s: there are several of \"%s\"; one with its number is meant",
                 key, name);
    return NULL;
}

static void read_link(struct reader *reader, const config_setting_t *entry)
{
    struct scene *scene = reader->scene;
    reader_check_keys(reader, entry, " from to delay back loss duplicates ordered ");
    struct vhost *from = find_host(reader, entry, "from");
    struct vhost *to = find_host(reader, entry, "to");
    struct vlink_config config = {
        .from = from,
        .to = to,
        .delay = reader_law(reader, entry, "delay"),
        .loss = reader_number(reader, entry, "loss", 0, 1, 0),
        .duplicates = reader_number(reader, entry, "duplicates", 0, 1, 0),
        .ordered = reader_flag(reader, entry, "ordered", false),
    };
    const struct law *back = reader_law(reader, entry, "back");
    struct pair *pair = &scene->links[scene->link_count++];
    pair->there = pair->back = vnet_add_link(scene->net, &config);
    if (back != NULL && from == NULL && to == NULL)
        reader_wrong(reader, config_setting_get_member(entry, "back"),
                     "back: from or to is needed: a link between all is the same both ways");
    if (from == NULL && to == NULL)
        return;
    config.from = to;
    config.to = from;
    if (back != NULL)
        config.delay = back;
    pair->back = vnet_add_link(scene->net, &config);
}

/* ---------------------------------------------------------------- true time */

static gn_utc to_utc(struct tm *date)
{
    return (gn_utc){(int64_t)timegm(date) * GN_NS_PER_S};
}

/* `2026-12-31T12:00:00Z` and nothing else. Returns false: it is not. */
static bool parse_instant(const char *text, struct tm *date)
{
    char again[64];
    int end = -1;
    *date = (struct tm){0};
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &date->tm_year, &date->tm_mon, &date->tm_mday,
               &date->tm_hour, &date->tm_min, &date->tm_sec, &end) != 6 ||
        end != (int)strlen(text) || date->tm_year < FIRST_YEAR || date->tm_year > LAST_YEAR)
        return false;
    date->tm_year -= 1900;
    date->tm_mon -= 1;
    (void)to_utc(date); /* makes of February 30th a March 2nd */
    strftime(again, sizeof again, "%Y-%m-%dT%H:%M:%SZ", date);
    return strcmp(again, text) == 0;
}

static void read_start(struct reader *reader, const config_setting_t *root, struct tm *date)
{
    const char *text = reader_string(reader, root, "start");
    if (parse_instant(text != NULL ? text : DEFAULT_START, date))
        return;
    reader_wrong(reader, config_setting_get_member(root, "start"),
                 "start: an instant of UTC is expected, as in \"" DEFAULT_START "\", %d to %d",
                 FIRST_YEAR, LAST_YEAR);
    parse_instant(DEFAULT_START, date);
}

/* At the end of the UTC month in which the world begins. */
static void read_leap(struct reader *reader, const config_setting_t *root, const struct tm *start)
{
    const config_setting_t *item = config_setting_get_member(root, "leap");
    const char *what = reader_string(reader, root, "leap");
    struct tm month = {.tm_year = start->tm_year, .tm_mon = start->tm_mon + 1, .tm_mday = 1};
    if (what == NULL)
        return;
    bool insert = strcmp(what, "insert") == 0;
    if (!insert && strcmp(what, "delete") != 0) {
        reader_wrong(reader, item, "leap: \"insert\" or \"delete\"");
        return;
    }
    gn_utc at = gn_utc_add(to_utc(&month), insert ? 0 : -GN_NS_PER_S);
    double after_s = gn_seconds(gn_utc_sub(at, world_start(reader->scene->world)));
    if (after_s > 0 && after_s < reader->scene->duration_s)
        world_plan_leap(reader->scene->world, at, insert ? -GN_NS_PER_S : GN_NS_PER_S);
    else
        reader_wrong(reader, item,
                     "leap: the UTC month ends %.0f s after the world's start, the world after "
                     "%.0f s: choose another start or duration",
                     after_s, reader->scene->duration_s);
}

/* ---------------------------------------------------------------- the file */

static void each(struct reader *reader, const config_setting_t *root, const char *key,
                 void (*read)(struct reader *, const config_setting_t *))
{
    const config_setting_t *list = config_setting_get_member(root, key);
    if (list == NULL)
        return;
    if (!config_setting_is_list(list)) {
        reader_wrong(reader, list, "%s: a list ( … ) is expected", key);
        return;
    }
    if (strcmp(key, "links") == 0)
        reader->scene->links =
            memory_zeroed(sizeof(struct pair) * ((size_t)config_setting_length(list) + 1));
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *entry = config_setting_get_elem(list, (unsigned)i);
        if (config_setting_is_group(entry))
            read(reader, entry);
        else
            reader_wrong(reader, entry, "%s: groups { … } are expected", key);
    }
}

static void read_root(struct reader *reader, const config_setting_t *root)
{
    struct scene *scene = reader->scene;
    struct tm start;
    const char *folder = reader_string(reader, root, "plugin_dir");
    double seed = reader_number(reader, root, "seed", 0, 9e15, 1);
    reader_check_keys(
        reader, root,
        " seed start duration window look leap plugin_dir nodes links intruders events ");
    if (scene->setup.plugin_dir != NULL)
        folder = scene->setup.plugin_dir;
    read_start(reader, root, &start);
    scene->duration_s =
        reader_number(reader, root, "duration", 1e-3, LONGEST_S, DEFAULT_DURATION_S);
    scene->window_s =
        reader_number(reader, root, "window", -HUGE_VAL, HUGE_VAL, scene->duration_s / 2);
    if (!(scene->window_s >= 0 && scene->window_s < scene->duration_s))
        reader_wrong(reader, config_setting_get_member(root, "window"),
                     "window: 0 ≤ … < duration; from this second on errors are measured");
    scene->look_s = reader_number(reader, root, "look", 1e-3, LONGEST_S, 1);
    scene->world =
        world_create(scene->setup.has_seed ? scene->setup.seed : (uint64_t)seed, to_utc(&start));
    scene->net = vnet_create(scene->world);
    scene->loader = loader_create(folder != NULL ? folder : PLUGINDIR);
    scene_devices_begin(reader);
    read_leap(reader, root, &start);
    each(reader, root, "nodes", reader_node);
    each(reader, root, "links", read_link);
    each(reader, root, "intruders", reader_intruder);
    each(reader, root, "events", reader_event);
    if (scene->count == 0 && reader->findings->errors == 0)
        reader_wrong(reader, root, "nodes: a world needs one at least");
}

void scene_read(struct scene *scene, struct diagnostics *findings)
{
    struct reader reader = {scene, findings, scene->setup.path};
    config_t config;
    config_init(&config);
    if (config_read_file(&config, reader.path) != CONFIG_TRUE)
        diagnostics_add(findings, DIAGNOSTIC_ERROR, reader.path,
                        (unsigned)(config_error_line(&config) > 0 ? config_error_line(&config) : 0),
                        "%s", config_error_text(&config));
    else
        read_root(&reader, config_root_setting(&config));
    config_destroy(&config);
}
