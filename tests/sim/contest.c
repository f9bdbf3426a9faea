/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Worlds drawn at random, in which a whole daemon keeps its clock; and another clock, kept from
 * the very samples that the daemon's sources submit, as chrony keeps one (rival.h). The bound must
 * be true, nothing may diverge, and the errors are set against the other's. Given world files
 * instead, it only tells the figures: in worlds that chrony was measured in, the rival shows
 * whether it does chrony justice.
 */

#include "tests/sim/drawn.h"
#include "tests/sim/rival.h"

#include <base/memory.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <pipeline/pipeline.h>
#include <sim/figures.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKIPPED 77
#define MOST_WORLDS 1000

/* What must hold. A bound that is exceeded once in thousands of seconds is exceeded for minutes in
 * one of many lives, so a single life is judged less strictly than all of them. */
#define KEPT 0.999
#define KEPT_IN_EACH 0.995
#define MOST_TIMES_RIVAL 1.5
#define MOST_MEDIAN 0.5

/* A mean bound of so many RMS errors is wider than it should be; it is counted. */
#define WIDE 6

struct contest {
    struct scene *scene;
    struct rival rival;
    struct stats clock, estimates; /* of the rival */
    struct stats own_estimates;
    uint64_t unbounded; /* seconds of the window for which the daemon claims nothing */
};

struct result {
    double ratio;    /* of the clocks' RMS errors, ours to the rival's */
    double estimate; /* of the estimates' */
    double rival_s;  /* RMS error of its clock */
    double bound;    /* mean, to the RMS error of the estimate */
    uint64_t claims, kept;
    bool bounded; /* in every second of the window */
};

/* The linker's --wrap puts this in front of the pipeline's own. The pipeline is given nothing that
 * could lead from it to a contest, so the contest of the moment stands here. */
static struct contest *present;

int __real_pipeline_submit(struct pipeline *, struct pipeline_source *, const struct gn_sample *);
int __wrap_pipeline_submit(struct pipeline *, struct pipeline_source *, const struct gn_sample *);

/* Servers have local clocks and nothing to ask. */
int __wrap_pipeline_submit(struct pipeline *pipeline, struct pipeline_source *source,
                           const struct gn_sample *sample)
{
    if (present != NULL && sample->kind == GN_SAMPLE_TWO_WAY)
        rival_take(&present->rival, source, sample);
    return __real_pipeline_submit(pipeline, source, sample);
}

/* ---------------------------------------------------------------- one world */

static void look(void *arg, size_t index, double at_s, const struct node_truth *truth)
{
    struct contest *contest = arg;
    if (strcmp(node_name(scene_node(contest->scene, index)), "client") != 0)
        return;
    gn_utc now = gn_utc_add(scene_start(contest->scene), gn_nanoseconds(at_s));
    struct node_truth clock = {0}, estimate = {0}, own = {0};
    clock.clock_error_ns = gn_nanoseconds(rival_clock_error_s(&contest->rival, truth->local, now));
    estimate.clock_error_ns =
        gn_nanoseconds(rival_estimate_error_s(&contest->rival, truth->local, now));
    own.clock_error_ns = truth->estimate_error_ns;
    contest->unbounded += at_s >= scene_window_s(contest->scene) && !truth->bounded;
    if (contest->rival.updates == 0)
        return;
    stats_add(&contest->clock, at_s, &clock);
    stats_add(&contest->estimates, at_s, &estimate);
    stats_add(&contest->own_estimates, at_s, &own);
}

static const struct stats *client_stats(const struct scene *scene)
{
    for (size_t i = 0; i < scene_nodes(scene); i++)
        if (strcmp(node_name(scene_node(scene, i)), "client") == 0)
            return scene_stats(scene, i);
    return NULL;
}

static void print_line(void *arg, enum diagnostic_level level, const char *line)
{
    (void)arg;
    if (level == DIAGNOSTIC_ERROR)
        printf("%s\n", line);
}

static double quotient(double a, double b)
{
    return b > 0 ? a / b : INFINITY;
}

static double kept(const struct result *result)
{
    return result->claims > 0 ? (double)result->kept / (double)result->claims : 0;
}

static void tell(const char *name, const struct contest *contest, const struct stats *own,
                 struct result *result)
{
    double estimate_s = stats_rms_s(&contest->own_estimates);
    *result = (struct result){
        .ratio = quotient(stats_rms_s(own), stats_rms_s(&contest->clock)),
        .estimate = quotient(estimate_s, stats_rms_s(&contest->estimates)),
        .rival_s = stats_rms_s(&contest->clock),
        .bound = quotient(stats_mean_bound_s(own), estimate_s),
        .claims = own->claims,
        .kept = own->kept,
        .bounded = contest->unbounded == 0,
    };
    printf("%-10s clock %8.2f us, rival's %8.2f, ratio %.3f; estimate %8.2f, rival's %8.2f, ratio "
           "%.3f; kept %.4f, bound %.1f times\n",
           name, stats_rms_s(own) * 1e6, result->rival_s * 1e6, result->ratio, estimate_s * 1e6,
           stats_rms_s(&contest->estimates) * 1e6, result->estimate, kept(result), result->bound);
    if (contest->unbounded > 0)
        printf("%-10s claimed nothing for %" PRIu64 " s\n", name, contest->unbounded);
}

/* What gnomon-sim tells, and the rival's share. */
static void tell_json(const struct contest *contest)
{
    json_t *life = figures_of(contest->scene), *nodes = json_object_get(life, "nodes"), *node;
    size_t i;
    json_array_foreach(nodes, i, node)
    {
        if (strcmp(node_name(scene_node(contest->scene, i)), "client") != 0 ||
            contest->clock.count == 0)
            continue;
        json_object_set_new(node, "rival_rms_s", json_real(stats_rms_s(&contest->clock)));
        json_object_set_new(node, "rival_max_s", json_real(contest->clock.max_s));
    }
    json_dumpf(life, stdout, JSON_INDENT(2));
    puts("");
    json_decref(life);
}

/* `name` NULL: it is told as JSON. Returns false: the world could not be lived in. */
static bool live(const char *name, const char *path, const char *plugins, const uint64_t *seed,
                 struct result *result)
{
    struct contest contest = {0};
    struct scene_setup setup = {.path = path,
                                .plugin_dir = plugins,
                                .has_seed = seed != NULL,
                                .seed = seed != NULL ? *seed : 0,
                                .level = GN_ERROR,
                                .look = look,
                                .arg = &contest};
    struct diagnostics findings;
    diagnostics_init(&findings);
    rival_init(&contest.rival);
    contest.scene = scene_create(&setup, &findings);
    diagnostics_print(&findings, print_line, NULL);
    diagnostics_finish(&findings);
    if (contest.scene == NULL)
        return false;
    stats_init(&contest.clock, scene_window_s(contest.scene));
    stats_init(&contest.estimates, scene_window_s(contest.scene));
    stats_init(&contest.own_estimates, scene_window_s(contest.scene));
    present = &contest;
    bool lived = scene_run(contest.scene) == 0 && client_stats(contest.scene) != NULL;
    present = NULL;
    if (lived && name != NULL)
        tell(name, &contest, client_stats(contest.scene), result);
    else if (lived)
        tell_json(&contest);
    scene_destroy(contest.scene);
    return lived;
}

static bool live_drawn(uint64_t seed, const char *plugins, struct result *result)
{
    const char *folder = getenv("TMPDIR");
    char path[128], name[32];
    snprintf(name, sizeof name, "world %" PRIu64, seed);
    snprintf(path, sizeof path, "%.80s/drawn.XXXXXX", folder != NULL ? folder : "/tmp");
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        printf("%s: %s\n", path, strerror(errno));
        return false;
    }
    drawn_write(seed, file);
    bool lived = fclose(file) == 0 && live(name, path, plugins, NULL, result);
    unlink(path);
    return lived;
}

/* ---------------------------------------------------------------- the verdict */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void say(bool good, const char *what, bool *all)
{
    printf("%s - %s\n", good ? "ok" : "not ok", what);
    *all = *all && good;
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Returns the median. */
static double distribution(const char *what, double *values, size_t count)
{
    double middle = median(values, count);
    printf("%s: median %.3f, ninth of ten %.3f, largest %.3f\n", what, middle,
           values[(count * 9 + 9) / 10 - 1], values[count - 1]);
    return middle;
}

static bool judge(const struct result *results, size_t count)
{
    double ratios[MOST_WORLDS], estimates[MOST_WORLDS], bounds[MOST_WORLDS];
    struct result sum = {0};
    size_t untrue = 0, wide = 0;
    bool all = true, each = true, near = true, bounded = true;
    for (size_t i = 0; i < count; i++) {
        ratios[i] = results[i].ratio;
        estimates[i] = results[i].estimate;
        bounds[i] = results[i].bound;
        sum.claims += results[i].claims;
        sum.kept += results[i].kept;
        untrue += kept(&results[i]) < KEPT;
        wide += results[i].bound > WIDE;
        each = each && kept(&results[i]) >= KEPT_IN_EACH;
        near = near && results[i].ratio <= MOST_TIMES_RIVAL;
        bounded = bounded && results[i].bounded;
    }
    double middle = distribution("RMS of the clock to the rival's", ratios, count);
    distribution("RMS of the estimate to the rival's", estimates, count);
    distribution("mean bound to the RMS of the estimate", bounds, count);
    printf(
        "bound true in %.5f of all seconds; in less than 99.9 %% in %zu of %zu worlds; wider than "
        "six times the error in %zu\n",
        kept(&sum), untrue, count, wide);
    say(kept(&sum) >= KEPT, "the bound is true in 99.9 % of all seconds", &all);
    say(each, "and in 99.5 % of those of each world", &all);
    say(bounded, "every second has a bound", &all);
    say(near, "no clock errs half as much again as the rival's", &all);
    say(middle <= MOST_MEDIAN, "half of the clocks err at most half as much as the rival's", &all);
    return all;
}

static int usage(void)
{
    fputs("Usage: contest [--from N] [--count N]\n"
          "       contest --world N >WORLD.conf\n"
          "       contest [--from SEED] [--count N] FILE.conf...\n"
          "       contest --json [--from SEED] FILE.conf\n",
          stderr);
    return 2;
}

static bool live_file(const char *path, const char *plugins, uint64_t from, uint64_t count)
{
    double rivals_s[MOST_WORLDS], ratios[MOST_WORLDS];
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    for (uint64_t i = 0; i < count; i++) {
        struct result result;
        uint64_t seed = from + i;
        if (!live(name, path, plugins, &seed, &result))
            return false;
        rivals_s[i] = result.rival_s;
        ratios[i] = result.ratio;
    }
    printf("%s: rival's median %.3f us, ", name, median(rivals_s, count) * 1e6);
    printf("median ratio %.3f\n", median(ratios, count));
    return true;
}

static bool live_files(char **files, const char *plugins, uint64_t from, uint64_t count)
{
    bool lived = true;
    for (; *files != NULL; files++)
        lived = live_file(*files, plugins, from, count) && lived;
    return lived;
}

static bool live_all(const char *plugins, uint64_t from, uint64_t count)
{
    struct result results[MOST_WORLDS];
    for (uint64_t i = 0; i < count; i++)
        if (!live_drawn(from + i, plugins, &results[i]))
            return false;
    return judge(results, count);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"from", required_argument, NULL, 'f'},
        {"count", required_argument, NULL, 'c'},
        {"world", required_argument, NULL, 'w'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    const char *plugins = getenv("GNOMON_PLUGINS");
    uint64_t from = 1, count = 0;
    bool json = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (option) {
        case 'f':
            from = strtoull(optarg, NULL, 0);
            break;
        case 'c':
            count = strtoull(optarg, NULL, 0);
            break;
        case 'w':
            drawn_write(strtoull(optarg, NULL, 0), stdout);
            return EXIT_SUCCESS;
        case 'j':
            json = true;
            break;
        default:
            return usage();
        }
    bool files = argv[optind] != NULL;
    count = count == 0 ? (files ? 1 : 20) : count;
    if (count > MOST_WORLDS || (json && !files))
        return usage();
    if (plugins == NULL)
        plugins = "modules";
    if (access(plugins, R_OK) < 0) {
        printf("SKIP no plugins in %s\n", plugins);
        return SKIPPED;
    }
    if (json)
        return live(NULL, argv[optind], plugins, &from, NULL) ? EXIT_SUCCESS : EXIT_FAILURE;
    bool good =
        files ? live_files(argv + optind, plugins, from, count) : live_all(plugins, from, count);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
