/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sim/arguments.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SEEDS 100000
#define MOST_JOBS 256

void arguments_usage(FILE *file)
{
    fputs("Usage: gnomon-sim [OPTION]... WORLD.conf\n"
          "Live through a simulated world of daemons.\n\n"
          "  --seed N          another life of the same world\n"
          "  --seeds N         N lives, of this seed and the following, and their median\n"
          "  --jobs N          so many of them at once (default: one per processor)\n"
          "  --plugin-dir DIR  plugins (default " PLUGINDIR ")\n"
          "  -L LEVEL          of the story: error, warning, info or debug (default info)\n"
          "  --node NAME       tell and draw this node only; may be repeated\n"
          "  --plot FILE.svg   draw error and bound over time; - as --text-plot\n"
          "  --text-plot       the same with characters, on stdout\n"
          "  --json            the figures as one JSON value\n"
          "  --hash            last, a number that follows from all that happened\n"
          "  --version, --help\n",
          file);
}

/* ---------------------------------------------------------------- values */

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

/* A whole number, decimal or with 0x. */
static bool parse_number(const char *option, const char *text, uint64_t least, uint64_t most,
                         uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
    if (isdigit((unsigned char)*text) && *end == '\0' && errno == 0 && *number >= least &&
        *number <= most)
        return true;
    fprintf(stderr,
            "gnomon-sim: %s %s: a whole number from %" PRIu64 " to %" PRIu64 " is expected\n",
            option, text, least, most);
    return false;
}

static bool parse_size(const char *option, const char *text, size_t most, size_t *size)
{
    uint64_t number;
    bool good = parse_number(option, text, 1, most, &number);
    *size = (size_t)number;
    return good;
}

static bool add_node(struct arguments *arguments, const char *name)
{
    if (arguments->node_count == ARGUMENTS_NODES) {
        fprintf(stderr, "gnomon-sim: --node %s: %d nodes at most\n", name, ARGUMENTS_NODES);
        return false;
    }
    arguments->nodes[arguments->node_count++] = name;
    return true;
}

static bool take_plot(struct arguments *arguments, const char *path)
{
    if (strcmp(path, "-") == 0)
        arguments->text_plot = true;
    else
        arguments->plot = path;
    if (*path == '\0')
        fputs("gnomon-sim: --plot: the name of a file is expected, or -\n", stderr);
    return *path != '\0';
}

/* ---------------------------------------------------------------- options */

static bool take_value(int option, struct arguments *arguments)
{
    switch (option) {
    case 'S':
        arguments->setup.has_seed = true;
        return parse_number("--seed", optarg, 0, UINT64_MAX, &arguments->setup.seed);
    case 'N':
        return parse_size("--seeds", optarg, MOST_SEEDS, &arguments->seeds);
    case 'J':
        return parse_size("--jobs", optarg, MOST_JOBS, &arguments->jobs);
    case 'P':
        arguments->setup.plugin_dir = optarg;
        return true;
    case 'L':
        return parse_level(optarg, &arguments->level);
    case 'n':
        return add_node(arguments, optarg);
    case 'p':
        return take_plot(arguments, optarg);
    default:
        return false; /* getopt has said why */
    }
}

static bool take_option(int option, struct arguments *arguments)
{
    switch (option) {
    case 'T':
        arguments->text_plot = true;
        return true;
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
        return take_value(option, arguments);
    }
}

/* Returns what is wrong with the options together; NULL: nothing. */
static const char *contradiction(const struct arguments *arguments, int operands)
{
    bool draws = arguments->plot != NULL || arguments->text_plot;
    if (operands != 1)
        return "one WORLD.conf is expected";
    if (arguments->seeds > 0 && (draws || arguments->node_count > 0))
        return "--seeds: without --plot, --text-plot and --node, which show one life; "
               "draw one of them with --seed";
    if (arguments->seeds == 0 && arguments->jobs > 0)
        return "--jobs: only with --seeds";
    if (arguments->json && arguments->text_plot)
        return "--text-plot: not with --json, both would stand on stdout";
    return NULL;
}

bool arguments_read(struct arguments *arguments, int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 'S'}, {"seeds", required_argument, NULL, 'N'},
        {"jobs", required_argument, NULL, 'J'}, {"plugin-dir", required_argument, NULL, 'P'},
        {"node", required_argument, NULL, 'n'}, {"plot", required_argument, NULL, 'p'},
        {"text-plot", no_argument, NULL, 'T'},  {"json", no_argument, NULL, 'j'},
        {"hash", no_argument, NULL, 'H'},       {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
    };
    int option;
    *arguments = (struct arguments){.level = GN_INFO};
    while ((option = getopt_long(argc, argv, "L:h", options, NULL)) != -1)
        if (!take_option(option, arguments))
            return false;
    arguments->setup.path = argv[optind];
    if (arguments->help || arguments->version)
        return true;
    const char *wrong = contradiction(arguments, argc - optind);
    if (wrong != NULL)
        fprintf(stderr, "gnomon-sim: %s\n", wrong);
    return wrong == NULL;
}
