/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Storms: random worlds that whole daemons live through, watched every second. A failure prints
 * the command that repeats it; `--world` writes the same world for gnomon-sim.
 */

#include "tests/sim/watch.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define DEFAULT_STORMS 1000
/* Every so many storms one is lived through twice. */
#define TWICE 25

struct plan {
    uint64_t first, count;
    int jobs;
    bool world, story;
    const char *only; /* a rule that alone counts; NULL: all */
    const char *plugins, *program;
};

/* What came out of some storms. */
struct score {
    uint32_t lives[WATCH_RULES]; /* in which the rule was broken */
    uint32_t failed;             /* storms that did not come to an end, or not to the same */
};

struct storm {
    struct weather weather;
    struct watch watches[WEATHER_CLIENTS];
    struct scene *scene;
    uint64_t hash;
    bool story;
    char path[64];
};

/* ---------------------------------------------------------------- one storm */

/* NULL: a server, and what it does is no matter of ours. */
static struct watch *watch_of(struct storm *storm, const char *name)
{
    static const char client[] = "client";
    size_t length = strlen(client);
    if (strncmp(name, client, length) != 0)
        return NULL;
    return &storm->watches[atoi(name + length) - 1];
}

static void hear(void *arg, const char *node, double at_s, enum gn_level level, const char *line)
{
    struct storm *storm = arg;
    struct watch *watch = watch_of(storm, node);
    if (watch != NULL)
        watch_hear(watch, at_s, line);
    if (storm->story)
        fprintf(stderr, "%12.3f %s %s: %s\n", at_s, node, logger_level_name(level), line);
}

static void look(void *arg, size_t index, double at_s, const struct node_truth *truth)
{
    struct storm *storm = arg;
    struct node *node = scene_node(storm->scene, index);
    struct watch *watch = watch_of(storm, node_name(node));
    if (watch != NULL)
        watch_look(watch, node, at_s, truth);
}

static void print_line(void *arg, enum diagnostic_level level, const char *line)
{
    (void)arg, (void)level;
    printf("%s\n", line);
}

/* Returns false: the world could not be made, or a daemon did not start. */
static bool live(struct storm *storm, const struct plan *plan)
{
    struct scene_setup setup = {.path = storm->path,
                                .plugin_dir = plan->plugins,
                                .level = GN_INFO,
                                .story = hear,
                                .look = look,
                                .arg = storm};
    struct diagnostics findings;
    diagnostics_init(&findings);
    for (int i = 0; i < storm->weather.clients; i++)
        watch_init(&storm->watches[i], &storm->weather, i);
    storm->scene = scene_create(&setup, &findings);
    if (storm->scene == NULL)
        diagnostics_print(&findings, print_line, NULL);
    diagnostics_finish(&findings);
    bool lived = storm->scene != NULL && scene_run(storm->scene) == 0;
    if (lived)
        storm->hash = scene_hash(storm->scene);
    scene_destroy(storm->scene);
    return lived;
}

static bool counts(const struct plan *plan, const struct watch *watch, enum watch_rule rule)
{
    return watch->broken[rule] &&
           (plan->only == NULL || strcmp(plan->only, watch_rule_name(rule)) == 0);
}

static bool judge(const struct storm *storm, const struct plan *plan, uint64_t seed,
                  struct score *score)
{
    bool good = true;
    for (int i = 0; i < storm->weather.clients; i++)
        for (int rule = 0; rule < WATCH_RULES; rule++) {
            const struct watch *watch = &storm->watches[i];
            if (!counts(plan, watch, (enum watch_rule)rule))
                continue;
            printf("storm %" PRIu64 ": %s: client%d at %.0f s: %s\n", seed,
                   watch_rule_name((enum watch_rule)rule), i + 1, watch->broken_at_s[rule],
                   watch->words[rule]);
            score->lives[rule]++;
            good = false;
        }
    return good;
}

static bool write_world(struct storm *storm, uint64_t seed)
{
    const char *folder = getenv("TMPDIR");
    snprintf(storm->path, sizeof storm->path, "%.40s/storm.XXXXXX",
             folder != NULL && strlen(folder) <= 40 ? folder : "/tmp");
    int fd = mkstemp(storm->path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        printf("%s: %s\n", storm->path, strerror(errno));
        return false;
    }
    weather_write(&storm->weather, seed, file);
    return fclose(file) == 0;
}

static bool same_again(struct storm *storm, const struct plan *plan, uint64_t seed)
{
    uint64_t hash = storm->hash;
    if (live(storm, plan) && hash == storm->hash)
        return true;
    printf("storm %" PRIu64 ": a second life was another one\n", seed);
    return false;
}

static void run_storm(const struct plan *plan, uint64_t seed, struct score *score)
{
    struct storm *storm = calloc(1, sizeof *storm);
    if (storm == NULL)
        abort();
    storm->story = plan->story;
    bool good = write_world(storm, seed) && live(storm, plan);
    if (good && seed % TWICE == 0 && plan->count > 1)
        good = same_again(storm, plan, seed);
    score->failed += !good;
    good = judge(storm, plan, seed, score) && good;
    unlink(storm->path);
    if (!good)
        printf("    repeat: %s --story --seed %" PRIu64 "\n"
               "    or: %s --world --seed %" PRIu64 " >world && gnomon-sim --plugin-dir %s world\n",
               plan->program, seed, plan->program, seed, plan->plugins);
    fflush(stdout);
    free(storm);
}

/* ---------------------------------------------------------------- many */

/* Every job takes its share, and writes what came out of it into the pipe. */
static pid_t start_job(const struct plan *plan, int job, int out)
{
    struct score score = {0};
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    for (uint64_t i = (uint64_t)job; i < plan->count; i += (uint64_t)plan->jobs)
        run_storm(plan, plan->first + i, &score);
    exit(write(out, &score, sizeof score) == sizeof score ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* A job that did not end well has failed once more than its storms. */
static void run_all(const struct plan *plan, struct score *sum)
{
    struct score score;
    int pipes[2], status;
    if (pipe(pipes) < 0)
        abort();
    for (int job = 0; job < plan->jobs; job++)
        sum->failed += start_job(plan, job, pipes[1]) < 0;
    close(pipes[1]);
    while (wait(&status) > 0)
        sum->failed += !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS;
    while (read(pipes[0], &score, sizeof score) == sizeof score) {
        sum->failed += score.failed;
        for (int rule = 0; rule < WATCH_RULES; rule++)
            sum->lives[rule] += score.lives[rule];
    }
    close(pipes[0]);
}

/* ---------------------------------------------------------------- the verdict */

static bool tell(const struct plan *plan, const struct score *score)
{
    bool good = score->failed == 0;
    for (int rule = 0; rule < WATCH_RULES; rule++) {
        const char *name = watch_rule_name((enum watch_rule)rule);
        if (plan->only != NULL && strcmp(plan->only, name) != 0)
            continue;
        good = good && score->lives[rule] == 0;
        printf("%s - %s: broken in %" PRIu32 " lives\n", score->lives[rule] == 0 ? "ok" : "not ok",
               name, score->lives[rule]);
    }
    printf("%s - %" PRIu64 " storms from seed %" PRIu64 " came to their end\n",
           score->failed == 0 ? "ok" : "not ok", plan->count, plan->first);
    return good;
}

/* ---------------------------------------------------------------- arguments */

static int usage(void)
{
    fputs("Usage: storm [--seed N | --from N] [--count N] [--jobs N] [--only RULE] [--story]\n"
          "       storm --world --seed N >WORLD.conf\n",
          stderr);
    return 2;
}

static bool take(struct plan *plan, int option)
{
    switch (option) {
    case 's':
        plan->first = strtoull(optarg, NULL, 0);
        plan->count = 1;
        plan->jobs = 1;
        return true;
    case 'f':
        plan->first = strtoull(optarg, NULL, 0);
        return true;
    case 'c':
        plan->count = strtoull(optarg, NULL, 0);
        return true;
    case 'j':
        plan->jobs = atoi(optarg);
        return plan->jobs > 0;
    case 'o':
        plan->only = optarg;
        return true;
    case 'w':
        plan->world = true;
        return true;
    case 't':
        plan->story = true;
        return true;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},  {"from", required_argument, NULL, 'f'},
        {"count", required_argument, NULL, 'c'}, {"jobs", required_argument, NULL, 'j'},
        {"only", required_argument, NULL, 'o'},  {"world", no_argument, NULL, 'w'},
        {"story", no_argument, NULL, 't'},       {NULL, 0, NULL, 0},
    };
    const char *plugins = getenv("GNOMON_PLUGINS");
    struct plan plan = {.first = 1,
                        .count = DEFAULT_STORMS,
                        .jobs = 2,
                        .plugins = plugins != NULL ? plugins : "modules",
                        .program = argv[0]};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!take(&plan, option))
            return usage();
    if (optind != argc)
        return usage();
    if (plan.world) {
        struct weather weather;
        weather_write(&weather, plan.first, stdout);
        return EXIT_SUCCESS;
    }
    if (access(plan.plugins, R_OK) < 0) {
        printf("SKIP no plugins in %s\n", plan.plugins);
        return SKIPPED;
    }
    struct score score = {0};
    if (plan.count == 1)
        run_storm(&plan, plan.first, &score);
    else
        run_all(&plan, &score);
    return tell(&plan, &score) ? EXIT_SUCCESS : EXIT_FAILURE;
}
