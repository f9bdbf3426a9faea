/* SPDX-License-Identifier: Apache-2.0 */

/* gnomon-sim: live through a world, tell the story on stderr and the figures on stdout. */

#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <sim/scene.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct arguments {
    struct scene_setup setup;
    bool hash, json, help, version;
};

static void usage(FILE *file)
{
    fputs("Usage: gnomon-sim [OPTION]... WORLD.conf\n"
          "Live through a simulated world of daemons.\n\n"
          "  --seed N          another life of the same world\n"
          "  --plugin-dir DIR  plugins (default " PLUGINDIR ")\n"
          "  -L LEVEL          of the story: error, warning, info or debug (default info)\n"
          "  --json            the figures as one JSON value\n"
          "  --hash            last, a number that follows from all that happened\n"
          "  --version, --help\n",
          file);
}

/* ---------------------------------------------------------------- arguments */

static bool parse_level(const char *text, enum gn_level *level)
{
    for (int i = GN_ERROR; i <= (int)GN_DEBUG; i++)
        if (strcmp(text, logger_level_name((enum gn_level)i)) == 0) {
            *level = (enum gn_level)i;
            return true;
        }
    fprintf(stderr, "gnomon-sim: -L %s: no such level; error, warning, info or debug\n", text);
    return false;
}

static bool parse_seed(const char *text, struct scene_setup *setup)
{
    char *end;
    setup->seed = strtoull(text, &end, 0);
    setup->has_seed = true;
    if (end != text && *end == '\0')
        return true;
    fprintf(stderr, "gnomon-sim: --seed %s: a whole number is expected\n", text);
    return false;
}

static bool take_option(int option, struct arguments *arguments)
{
    switch (option) {
    case 'S':
        return parse_seed(optarg, &arguments->setup);
    case 'P':
        arguments->setup.plugin_dir = optarg;
        return true;
    case 'L':
        return parse_level(optarg, &arguments->setup.level);
    case 'j':
        arguments->json = true;
        return true;
    case 'H':
        arguments->hash = true;
        return true;
    case 'V':
        arguments->version = true;
        return true;
    case 'h':
        arguments->help = true;
        return true;
    default:
        return false;
    }
}

static bool parse_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 'S'},
        {"plugin-dir", required_argument, NULL, 'P'},
        {"json", no_argument, NULL, 'j'},
        {"hash", no_argument, NULL, 'H'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "L:h", options, NULL)) != -1)
        if (!take_option(option, arguments))
            return false;
    arguments->setup.path = argv[optind];
    if (arguments->help || arguments->version || optind + 1 == argc)
        return true;
    fprintf(stderr, "gnomon-sim: one WORLD.conf is expected\n");
    return false;
}

/* ---------------------------------------------------------------- story and figures */

static void print_line(void *arg, const char *node, double at_s, enum gn_level level,
                       const char *line)
{
    (void)arg;
    fprintf(stderr, "%12.3f %s %s: %s\n", at_s, node, logger_level_name(level), line);
}

static void print_settled(const struct stats *stats)
{
    for (int i = 0; i < STATS_LIMITS; i++) {
        double settled_s = stats_settled_s(stats, i);
        if (settled_s < 0)
            printf(" %8s", "-");
        else
            printf(" %8.0f", settled_s);
    }
}

static void print_node(const struct scene *scene, size_t index)
{
    const struct stats *stats = scene_stats(scene, index);
    struct node *node = scene_node(scene, index);
    printf("%-16s %10.3f %10.3f", node_name(node), stats_rms_s(stats) * 1e6, stats->max_s * 1e6);
    print_settled(stats);
    printf(" %8.1f %8" PRIu64 " %8.3f %10.3f\n", stats_frequency_rms(stats) * 1e9,
           vhost_count(node_host(node)).sent, stats_kept(stats) * 100,
           stats_mean_bound_s(stats) * 1e6);
}

static void print_table(const struct scene *scene)
{
    printf("%-16s %10s %10s %8s %8s %8s %8s %8s %8s %10s\n", "node", "RMS us", "max us", "1 ms s",
           "100 us s", "10 us s", "ppb", "packets", "bound %", "bound us");
    for (size_t i = 0; i < scene_nodes(scene); i++)
        print_node(scene, i);
}

static json_t *json_settled(const struct stats *stats, int index)
{
    double settled_s = stats_settled_s(stats, index);
    return settled_s < 0 ? json_null() : json_real(settled_s);
}

static json_t *json_node(const struct scene *scene, size_t index)
{
    const struct stats *stats = scene_stats(scene, index);
    struct node *node = scene_node(scene, index);
    struct vhost_count count = vhost_count(node_host(node));
    return json_pack(
        "{s:s, s:f, s:f, s:o, s:o, s:o, s:f, s:I, s:I, s:I, s:f, s:f}", "name", node_name(node),
        "rms_s", stats_rms_s(stats), "max_s", stats->max_s, "settled_1ms_s", json_settled(stats, 0),
        "settled_100us_s", json_settled(stats, 1), "settled_10us_s", json_settled(stats, 2),
        "frequency_rms_ppm", stats_frequency_rms(stats) * 1e6, "sent", (json_int_t)count.sent,
        "received", (json_int_t)count.received, "lost", (json_int_t)count.lost, "bound_kept",
        stats_kept(stats), "mean_bound_s", stats_mean_bound_s(stats));
}

static void print_json(const struct scene *scene)
{
    json_t *nodes = json_array();
    for (size_t i = 0; i < scene_nodes(scene); i++)
        json_array_append_new(nodes, json_node(scene, i));
    json_t *all =
        json_pack("{s:s, s:f, s:I, s:o}", "seed", "", "duration_s", scene_duration_s(scene),
                  "events", (json_int_t)scene_events(scene), "nodes", nodes);
    char seed[32]; /* a string: seeds have 64 bits, numbers of JSON 53 */
    snprintf(seed, sizeof seed, "%" PRIu64, scene_seed(scene));
    json_object_set_new(all, "seed", json_string(seed));
    json_dumpf(all, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(all);
}

/* ---------------------------------------------------------------- life */

static void print_finding(void *arg, enum diagnostic_level level, const char *line)
{
    (void)arg, (void)level;
    fprintf(stderr, "%s\n", line);
}

static int live(const struct arguments *arguments, struct scene *scene)
{
    if (scene_run(scene) < 0)
        return EXIT_FAILED;
    if (arguments->json)
        print_json(scene);
    else
        print_table(scene);
    if (arguments->hash)
        printf("%016" PRIx64 "\n", scene_hash(scene));
    return EXIT_DONE;
}

static int perform(const struct arguments *arguments)
{
    struct diagnostics findings;
    int status = EXIT_USAGE;
    diagnostics_init(&findings);
    struct scene *scene = scene_create(&arguments->setup, &findings);
    diagnostics_print(&findings, print_finding, NULL);
    diagnostics_finish(&findings);
    if (scene != NULL)
        status = live(arguments, scene);
    scene_destroy(scene);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.setup = {.level = GN_INFO, .story = print_line}};
    if (!parse_arguments(argc, argv, &arguments)) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (arguments.help) {
        usage(stdout);
        return EXIT_DONE;
    }
    if (arguments.version) {
        puts("gnomon-sim " VERSION);
        return EXIT_DONE;
    }
    return perform(&arguments);
}
