/* SPDX-License-Identifier: Apache-2.0 */

/* gnomon-sim: live through a world, tell the story on stderr and the figures on stdout. */

#include <errno.h>
#include <inttypes.h>
#include <sim/arguments.h>
#include <sim/figures.h>
#include <sim/seeds.h>
#include <sim/story.h>
#include <string.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static void print_finding(void *arg, enum diagnostic_level level, const char *line)
{
    (void)arg, (void)level;
    fprintf(stderr, "%s\n", line);
}

/* Returns NULL: the file is wrong, and stderr says where. */
static struct scene *open_scene(const struct scene_setup *setup)
{
    struct diagnostics findings;
    diagnostics_init(&findings);
    struct scene *scene = scene_create(setup, &findings);
    diagnostics_print(&findings, print_finding, NULL);
    diagnostics_finish(&findings);
    return scene;
}

static void print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_COMPACT);
    putchar('\n');
}

/* ---------------------------------------------------------------- one life */

static int live(const struct arguments *arguments, struct story *story, struct scene *scene)
{
    if (!story_begin(story, scene))
        return EXIT_USAGE;
    if (scene_run(scene) < 0)
        return EXIT_FAILED;
    json_t *life = figures_of(scene);
    if (arguments->json)
        print_json(life);
    else
        figures_print(life, stdout);
    json_decref(life);
    bool drawn = story_draw(story, scene);
    if (arguments->hash)
        printf("%016" PRIx64 "\n", scene_hash(scene));
    return drawn ? EXIT_DONE : EXIT_FAILED;
}

static int live_once(const struct arguments *arguments)
{
    struct story story;
    struct scene_setup setup = arguments->setup;
    int status = EXIT_USAGE;
    story_init(&story, arguments);
    setup.level = arguments->level > GN_INFO ? arguments->level : GN_INFO;
    setup.story = story_line;
    setup.look = story_look;
    setup.arg = &story;
    struct scene *scene = open_scene(&setup);
    if (scene != NULL)
        status = live(arguments, &story, scene);
    scene_destroy(scene);
    story_finish(&story);
    return status;
}

/* ---------------------------------------------------------------- many */

static void print_hashes(const json_t *lives)
{
    for (size_t i = 0; i < json_array_size(lives); i++) {
        const json_t *life = json_array_get(lives, i);
        printf("%s  seed %s\n", json_string_value(json_object_get(life, "hash")),
               json_string_value(json_object_get(life, "seed")));
    }
}

/* Owns: takes `lives`. */
static void print_lives(const struct arguments *arguments, json_t *lives)
{
    json_t *over = figures_over(lives);
    if (arguments->json) {
        json_t *all = json_pack("{s:O, s:o}", "lives", lives, "nodes", over);
        print_json(all);
        json_decref(all);
    } else {
        figures_print_over(over, stdout);
        json_decref(over);
    }
    if (arguments->hash)
        print_hashes(lives);
    json_decref(lives);
}

static int live_often(const struct arguments *arguments)
{
    struct scene_setup setup = arguments->setup;
    size_t jobs = arguments->jobs > 0 ? arguments->jobs : seeds_processors();
    struct seeds seeds = {&setup, arguments->seeds, jobs};
    struct scene *scene = open_scene(&setup); /* what is wrong with the world is said once */
    if (scene == NULL)
        return EXIT_USAGE;
    setup.seed = scene_seed(scene);
    scene_destroy(scene);
    json_t *lives = seeds_live(&seeds);
    if (lives == NULL)
        return EXIT_FAILED;
    print_lives(arguments, lives);
    return EXIT_DONE;
}

static int perform(const struct arguments *arguments)
{
    int status = arguments->seeds > 0 ? live_often(arguments) : live_once(arguments);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "gnomon-sim: standard output: %s\n", strerror(errno));
    return EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (!arguments_read(&arguments, argc, argv)) {
        fputs("gnomon-sim --help tells the options\n", stderr);
        return EXIT_USAGE;
    }
    if (arguments.help) {
        arguments_usage(stdout);
        return EXIT_DONE;
    }
    if (arguments.version) {
        puts("gnomon-sim " VERSION);
        return EXIT_DONE;
    }
    return perform(&arguments);
}
