/* SPDX-License-Identifier: Apache-2.0 */
#include <base/memory.h>
#include <inttypes.h>
#include <sim/file.h>
#include <sim/story.h>
#include <stdlib.h>
#include <string.h>

/* Panels where no node is named: the first whose clock was ever wrong, of the first so many. */
#define PANELS 4
#define CANDIDATES 16

void story_init(struct story *story, const struct arguments *arguments)
{
    *story = (struct story){.arguments = arguments};
}

void story_finish(struct story *story)
{
    for (size_t i = 0; i < story->track_count; i++)
        track_finish(&story->tracks[i]);
    free(story->tracks);
    marks_finish(&story->marks);
}

/* ---------------------------------------------------------------- told */

static bool named(const struct arguments *arguments, const char *name)
{
    for (size_t i = 0; i < arguments->node_count; i++)
        if (strcmp(arguments->nodes[i], name) == 0)
            return true;
    return false;
}

void story_line(void *arg, const char *who, double at_s, enum gn_level level, const char *line)
{
    struct story *story = arg;
    const struct arguments *arguments = story->arguments;
    bool world = strcmp(who, SCENE_WORLD) == 0;
    if (world)
        marks_add(&story->marks, at_s, line);
    /* What the warnings are about must stand before them. */
    if (world ? arguments->level < GN_WARNING : level > arguments->level)
        return;
    if (world || arguments->node_count == 0 || named(arguments, who))
        fprintf(stderr, "%12.3f  %-10s  %-7s  %s\n", at_s, who, logger_level_name(level), line);
}

/* ---------------------------------------------------------------- kept */

static bool may_be_drawn(const struct arguments *arguments, const char *name)
{
    return arguments->node_count == 0 || named(arguments, name);
}

bool story_begin(struct story *story, const struct scene *scene)
{
    const struct arguments *arguments = story->arguments;
    size_t found = 0, candidates = arguments->node_count == 0 ? CANDIDATES : SIZE_MAX;
    bool draws = arguments->plot != NULL || arguments->text_plot;
    for (size_t k = 0; k < arguments->node_count; k++) {
        for (found = 0; found < scene_nodes(scene); found++)
            if (strcmp(node_name(scene_node(scene, found)), arguments->nodes[k]) == 0)
                break;
        if (found == scene_nodes(scene)) {
            fprintf(stderr, "gnomon-sim: --node %s: the world has no such node; its first is %s\n",
                    arguments->nodes[k], node_name(scene_node(scene, 0)));
            return false;
        }
    }
    if (!draws)
        return true;
    story->track_count = scene_nodes(scene) < candidates ? scene_nodes(scene) : candidates;
    story->tracks = memory_zeroed(story->track_count * sizeof(struct track));
    for (size_t i = 0; i < story->track_count; i++)
        if (may_be_drawn(arguments, node_name(scene_node(scene, i))))
            track_init(&story->tracks[i]);
    return true;
}

void story_look(void *arg, size_t index, double at_s, const struct node_truth *truth)
{
    struct story *story = arg;
    if (index < story->track_count && story->tracks[index].columns != NULL)
        track_add(&story->tracks[index], at_s, truth);
}

/* ---------------------------------------------------------------- drawn */

static size_t add_curve(const struct story *story, const struct scene *scene, size_t index,
                        struct plot_curve *curve)
{
    *curve = (struct plot_curve){node_name(scene_node(scene, index)), &story->tracks[index]};
    return 1;
}

/* The named nodes; else the first that ever erred; else the first at all. Returns how many. */
static size_t choose(const struct story *story, const struct scene *scene,
                     struct plot_curve *curves)
{
    bool chosen = story->arguments->node_count > 0;
    size_t count = 0, most = chosen ? ARGUMENTS_NODES : PANELS;
    for (size_t i = 0; i < story->track_count && count < most; i++)
        if (story->tracks[i].columns != NULL && (chosen || track_erred(&story->tracks[i])))
            count += add_curve(story, scene, i, &curves[count]);
    return count > 0 ? count : add_curve(story, scene, 0, &curves[0]);
}

static bool write_svg(const struct plot *plot, const char *path)
{
    struct text text;
    text_init(&text);
    plot_svg(plot, &text);
    int rc = file_write(path, text_string(&text), text.size);
    text_finish(&text);
    if (rc < 0)
        fprintf(stderr, "gnomon-sim: --plot %s: %s\n", path, strerror(-rc));
    return rc == 0;
}

static void print_text(const struct plot *plot)
{
    struct text text;
    text_init(&text);
    plot_text(plot, &text);
    fputs(text_string(&text), stdout);
    text_finish(&text);
}

bool story_draw(const struct story *story, const struct scene *scene)
{
    const struct arguments *arguments = story->arguments;
    struct plot_curve curves[ARGUMENTS_NODES];
    struct text title;
    bool written = true;
    if (story->track_count == 0)
        return true;
    struct plot plot = {.duration_s = scene_duration_s(scene),
                        .curves = curves,
                        .count = choose(story, scene, curves),
                        .marks = &story->marks};
    text_init(&title);
    text_addf(&title, "%s, seed %" PRIu64, arguments->setup.path, scene_seed(scene));
    plot.title = text_string(&title);
    if (arguments->text_plot)
        print_text(&plot);
    if (arguments->plot != NULL)
        written = write_svg(&plot, arguments->plot);
    text_finish(&title);
    return written;
}
