/* SPDX-License-Identifier: Apache-2.0 */
#include <base/memory.h>
#include <inttypes.h>
#include <math.h>
#include <sim/figures.h>
#include <stdlib.h>
#include <string.h>

/* The columns of the table: the JSON's numbers in the units in which people compare clocks. */
struct column {
    const char *title, *key;
    double factor;
    int decimals, width;
};

static const struct column columns[] = {
    {"RMS us", "rms_s", 1e6, 3, 11},
    {"max us", "max_s", 1e6, 3, 11},
    {"1 ms s", "settled_1ms_s", 1, 0, 8},
    {"100 us s", "settled_100us_s", 1, 0, 8},
    {"10 us s", "settled_10us_s", 1, 0, 8},
    {"ppb", "frequency_rms_ppm", 1e3, 1, 9},
    {"packets", "sent", 1, 0, 8},
    {"bound %", "bound_kept", 100, 3, 8},
    {"bound us", "mean_bound_s", 1e6, 3, 11},
    {"steps", "steps", 1, 0, 5},
    {"sync s", "synchronised_s", 1, 0, 8},
};
#define COLUMNS (sizeof columns / sizeof columns[0])

/* ---------------------------------------------------------------- one life */

/* A name as JSON can have it: what is no UTF-8 loses its higher bytes. */
static json_t *words(const char *name)
{
    json_t *value = json_string(name);
    if (value != NULL)
        return value;
    char *plain = memory_copy(name);
    for (char *c = plain; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    value = json_string(plain);
    free(plain);
    return value;
}

static json_t *settled(const struct stats *stats, int index)
{
    double settled_s = stats_settled_s(stats, index);
    return settled_s < 0 ? json_null() : json_real(settled_s);
}

/* Up to the last crowd that there was. */
static json_t *crowds(const struct vhost_count *count)
{
    json_t *list = json_array();
    int last = VHOST_CROWDS - 1;
    while (last >= 0 && count->seconds[last] == 0)
        last--;
    for (int i = 0; i <= last; i++)
        json_array_append_new(list, json_integer((json_int_t)count->seconds[i]));
    return list;
}

static json_t *node_figures(const struct scene *scene, size_t index)
{
    const struct stats *stats = scene_stats(scene, index);
    struct node *node = scene_node(scene, index);
    struct vhost_count count = vhost_count(node_host(node));
    return json_pack(
        "{s:o, s:f, s:f, s:o, s:o, s:o, s:f, s:I, s:I, s:I, s:o, s:I, s:f, s:f, s:I, s:f}", "name",
        words(node_name(node)), "rms_s", stats_rms_s(stats), "max_s", stats->max_s, "settled_1ms_s",
        settled(stats, 0), "settled_100us_s", settled(stats, 1), "settled_10us_s",
        settled(stats, 2), "frequency_rms_ppm", stats_frequency_rms(stats) * 1e6, "sent",
        (json_int_t)count.sent, "received", (json_int_t)count.received, "lost",
        (json_int_t)count.lost, "received_crowds", crowds(&count), "received_most",
        (json_int_t)count.most, "bound_kept", stats_kept(stats), "mean_bound_s",
        stats_mean_bound_s(stats), "steps", (json_int_t)stats->steps, "synchronised_s",
        stats->synchronised_s);
}

json_t *figures_of(const struct scene *scene)
{
    json_t *nodes = json_array();
    for (size_t i = 0; i < scene_nodes(scene); i++)
        json_array_append_new(nodes, node_figures(scene, i));
    /* Strings: seeds and hashes have 64 bits, numbers of JSON 53. */
    return json_pack("{s:o, s:f, s:f, s:I, s:o, s:o}", "seed",
                     json_sprintf("%" PRIu64, scene_seed(scene)), "duration_s",
                     scene_duration_s(scene), "window_s", scene_window_s(scene), "events",
                     (json_int_t)scene_events(scene), "hash",
                     json_sprintf("%016" PRIx64, scene_hash(scene)), "nodes", nodes);
}

/* ---------------------------------------------------------------- tables */

static const char *name_of(const json_t *nodes, size_t index)
{
    return json_string_value(json_object_get(json_array_get(nodes, index), "name"));
}

static int name_width(const json_t *nodes)
{
    size_t width = 8;
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        size_t size = strlen(name_of(nodes, i));
        width = size > width ? size : width;
    }
    return (int)width;
}

static void print_titles(FILE *file, int width, const char *second)
{
    fprintf(file, "%-*s%s", width, "node", second);
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(file, " %*s", columns[i].width, columns[i].title);
    fputc('\n', file);
}

static void print_figures(FILE *file, const json_t *figures)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        const json_t *value = json_object_get(figures, columns[i].key);
        if (json_is_number(value))
            fprintf(file, " %*.*f", columns[i].width, columns[i].decimals,
                    json_number_value(value) * columns[i].factor);
        else
            fprintf(file, " %*s", columns[i].width, "-");
    }
    fputc('\n', file);
}

void figures_print(const json_t *life, FILE *file)
{
    const json_t *nodes = json_object_get(life, "nodes");
    int width = name_width(nodes);
    print_titles(file, width, "");
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        fprintf(file, "%-*s", width, name_of(nodes, i));
        print_figures(file, json_array_get(nodes, i));
    }
}

/* ---------------------------------------------------------------- over lives */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The figure of one node in each life, in order; null is infinite. Owns: the caller. */
static double *sorted(const json_t *lives, size_t node, const char *key)
{
    size_t count = json_array_size(lives);
    double *values = memory_zeroed(count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        const json_t *nodes = json_object_get(json_array_get(lives, i), "nodes");
        const json_t *value = json_object_get(json_array_get(nodes, node), key);
        values[i] = json_is_number(value) ? json_number_value(value) : INFINITY;
    }
    qsort(values, count, sizeof *values, compare);
    return values;
}

static json_t *or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *node_over(const json_t *lives, size_t node, const char *name)
{
    json_t *median = json_object(), *least = json_object(), *most = json_object();
    size_t count = json_array_size(lives);
    for (size_t i = 0; i < COLUMNS; i++) {
        const char *key = columns[i].key;
        double *values = sorted(lives, node, key);
        json_object_set_new(median, key,
                            or_null((values[(count - 1) / 2] + values[count / 2]) / 2));
        json_object_set_new(least, key, or_null(values[0]));
        json_object_set_new(most, key, or_null(values[count - 1]));
        free(values);
    }
    return json_pack("{s:s, s:o, s:o, s:o}", "name", name, "median", median, "least", least, "most",
                     most);
}

json_t *figures_over(const json_t *lives)
{
    json_t *over = json_array();
    const json_t *nodes = json_object_get(json_array_get(lives, 0), "nodes");
    for (size_t i = 0; i < json_array_size(nodes); i++)
        json_array_append_new(over, node_over(lives, i, name_of(nodes, i)));
    return over;
}

void figures_print_over(const json_t *over, FILE *file)
{
    static const char *const kinds[] = {"median", "least", "most"};
    int width = name_width(over);
    print_titles(file, width, "       ");
    for (size_t i = 0; i < json_array_size(over); i++)
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            fprintf(file, "%-*s %-6s", width, k == 0 ? name_of(over, i) : "", kinds[k]);
            print_figures(file, json_object_get(json_array_get(over, i), kinds[k]));
        }
}
