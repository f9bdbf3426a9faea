/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Storms over groups of orphans: daemons die and start, networks part, machines sleep, a true
 * server comes and goes. At any time no stratum counts up; when all has been quiet for long enough
 * one leads, the smallest, and all clocks agree with it within what they claim.
 */

#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <sim/chance.h>
#include <sim/scene.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKIPPED 77
#define DEFAULT_STORMS 60
#define MEMBERS_MAX 6
#define TROUBLES_MAX 12
#define TROUBLE_S 20000.0
#define QUIET_S 8000.0 /* polls without an answer, waits, and a few turns of election */
#define CALM_S 3000.0
#define LOCAL_STRATUM 10
#define LOCAL_REFID 0x7F7F0101u

struct group {
    struct chance chance;
    uint64_t seed;
    int members;
    bool knows[MEMBERS_MAX]; /* the true server */
    bool up[MEMBERS_MAX];
    bool true_in_the_end;
    struct scene *scene;
    bool story, broken;
    char path[64];
    /* Of the present second: */
    double clock_s[MEMBERS_MAX];
    struct gn_tracking tracking[MEMBERS_MAX];
};

/* ---------------------------------------------------------------- the world */

static double between(struct group *group, double low, double high)
{
    return low + (high - low) * chance_uniform(&group->chance);
}

static bool happens(struct group *group, double share)
{
    return chance_uniform(&group->chance) < share;
}

static int one_of(struct group *group, int count)
{
    return (int)(chance_uniform(&group->chance) * count);
}

static void write_source(FILE *file, const char *address, bool first)
{
    fprintf(file,
            "%s{ use = \\\"proto-ntp\\\"; server = \\\"%s\\\"; iburst = true; minpoll = 4; "
            "maxpoll = 6; }",
            first ? "" : ",\"\n             \"", address);
}

static void write_member(struct group *group, FILE *file, int index)
{
    char address[32];
    bool first = true;
    fprintf(file,
            ",\n  { name = \"m%d\"; address = \"192.0.2.%d\";\n"
            "    clock = { offset = %.6f; frequency_ppm = %.4f; wander = %.2e; };\n"
            "    config = \"sources = ( ",
            index, index + 1, between(group, -2, 2), 20 * chance_normal(&group->chance),
            pow(10, between(group, -10, -8)));
    for (int i = 0; i < group->members; i++) {
        snprintf(address, sizeof address, "192.0.2.%d", i + 1);
        if (i == index)
            continue;
        write_source(file, address, first);
        first = false;
    }
    if (group->knows[index])
        write_source(file, "192.0.2.99", first);
    fprintf(file,
            " );\"\n             \"servers = ( { use = \\\"proto-ntp\\\"; allow = [ "
            "\\\"192.0.2.0/24\\\" ]; } );\"\n"
            "             \"local = { stratum = %d; orphan = true; distance = 0.0; wait_synced = "
            "%.0f.0; };\"; }",
            LOCAL_STRATUM, between(group, 20, 200));
}

static void write_nodes(struct group *group, FILE *file)
{
    fprintf(file,
            "nodes = (\n  { name = \"true\"; address = \"192.0.2.99\"; clock = { read_only = "
            "true; };\n    config = \"sources = ( { use = \\\"refclock-local\\\"; stratum = 0; "
            "} );\"\n             \"servers = ( { use = \\\"proto-ntp\\\"; allow = [ "
            "\\\"192.0.2.0/24\\\" ]; } );\"; }");
    for (int i = 0; i < group->members; i++)
        write_member(group, file, i);
    fprintf(file, "\n);\n");
}

static void write_partition(struct group *group, FILE *file, double at_s)
{
    int first = one_of(group, group->members);
    fprintf(file, ",\n  { at = %.1f; partition = [ \"m%d\"", at_s, first);
    for (int i = 0; i < group->members; i++)
        if (i != first && happens(group, 0.4))
            fprintf(file, ", \"m%d\"", i);
    fprintf(file, " ]; }");
}

static void write_trouble(struct group *group, FILE *file, double at_s)
{
    int index = one_of(group, group->members);
    switch (one_of(group, 5)) {
    case 0:
        fprintf(file, ",\n  { at = %.1f; node = \"m%d\"; %s = true; }", at_s, index,
                !group->up[index]     ? "start"
                : happens(group, 0.5) ? "kill"
                                      : "stop");
        group->up[index] = !group->up[index];
        break;
    case 1:
        write_partition(group, file, at_s);
        break;
    case 2:
        fprintf(file, ",\n  { at = %.1f; heal = true; }", at_s);
        break;
    case 3:
        fprintf(file, ",\n  { at = %.1f; node = \"m%d\"; step = %.4f; }", at_s, index,
                chance_normal(&group->chance));
        break;
    default:
        fprintf(file, ",\n  { at = %.1f; partition = [ \"true\" ]; }", at_s);
    }
}

/* In the end the members have one network; some may be gone. */
static void write_events(struct group *group, FILE *file)
{
    int troubles = one_of(group, TROUBLES_MAX + 1);
    double at_s = 1;
    fprintf(file, "events = (\n  { at = 0; partition = [ \"true\" ]; }");
    for (int i = 0; i < troubles; i++) {
        at_s += -log(1 - chance_uniform(&group->chance)) * TROUBLE_S / TROUBLES_MAX;
        if (at_s < TROUBLE_S)
            write_trouble(group, file, at_s);
    }
    fprintf(file, ",\n  { at = %.0f; heal = true; }", TROUBLE_S);
    if (!group->true_in_the_end)
        fprintf(file, ",\n  { at = %.0f; node = \"true\"; kill = true; }", TROUBLE_S + 1);
    fprintf(file, "\n);\n");
}

static void write_world(struct group *group, FILE *file)
{
    double delay_us;
    chance_init(&group->chance, group->seed, "orphans", "world");
    group->members = 2 + one_of(group, MEMBERS_MAX - 1);
    group->true_in_the_end = happens(group, 0.4);
    for (int i = 0; i < group->members; i++) {
        group->knows[i] = happens(group, 0.4);
        group->up[i] = true;
    }
    delay_us = pow(10, between(group, 1.5, 4));
    fprintf(file, "seed = %" PRIu64 ";\nduration = %.0f;\n", group->seed,
            TROUBLE_S + QUIET_S + CALM_S);
    write_nodes(group, file);
    fprintf(file, "links = ( { delay = \"%.1fus + %.1fus*exp\"; loss = %.3f; } );\n", delay_us,
            delay_us * between(group, 0.02, 0.3), between(group, 0, 0.05));
    write_events(group, file);
}

/* ---------------------------------------------------------------- what must hold */

__attribute__((format(printf, 3, 4))) static void fail(struct group *group, double at_s,
                                                       const char *format, ...)
{
    va_list arguments;
    if (group->broken) /* the first thing tells most */
        return;
    group->broken = true;
    printf("orphans %" PRIu64 " at %.0f s: ", group->seed, at_s);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

static bool sees_true(const struct group *group)
{
    bool any = false;
    for (int i = 0; i < group->members; i++)
        any = any || (group->knows[i] && group->up[i]);
    return any && group->true_in_the_end;
}

/* How far a member may be from whom it follows. */
static double allowed_s(const struct gn_tracking *tracking)
{
    return tracking->state.root_delay_s / 2 + tracking->root_dispersion_s +
           fabs(tracking->system_offset_s) + 1e-6;
}

static void check_rescued(struct group *group, double at_s)
{
    for (int i = 0; i < group->members; i++) {
        const struct gn_tracking *tracking = &group->tracking[i];
        int wanted = group->knows[i] ? 2 : 3;
        if (!group->up[i])
            continue;
        if (tracking->state.stratum != wanted)
            fail(group, at_s, "m%d is of stratum %d, with a true server %d hops away", i,
                 tracking->state.stratum, wanted);
        if (fabs(group->clock_s[i]) > allowed_s(tracking))
            fail(group, at_s, "m%d is off by %.6f s, and claims %.6f s", i, group->clock_s[i],
                 allowed_s(tracking));
    }
}

static void check_led(struct group *group, double at_s)
{
    int leader = 0;
    while (leader < group->members && !group->up[leader])
        leader++;
    for (int i = leader; i < group->members; i++) {
        const struct gn_tracking *tracking = &group->tracking[i];
        const struct gn_state *state = &tracking->state;
        uint32_t refid = i == leader ? LOCAL_REFID : 0xC0000201u + (uint32_t)leader;
        double apart_s = group->clock_s[i] - group->clock_s[leader];
        if (!group->up[i])
            continue;
        if (state->stratum != LOCAL_STRATUM + (i != leader) || state->refid != refid)
            fail(group, at_s, "m%d is of stratum %d by %08" PRIX32 ", m%d ought to lead", i,
                 state->stratum, state->refid, leader);
        if ((i == leader) == state->synchronised ||
            (tracking->local_since.ns != 0) != (i == leader))
            fail(group, at_s, "m%d: synchronised is %d, local since %" PRId64, i,
                 state->synchronised, tracking->local_since.ns);
        if (fabs(apart_s) > allowed_s(tracking))
            fail(group, at_s, "m%d is %.6f s from its leader, and claims %.6f s", i, apart_s,
                 allowed_s(tracking));
    }
}

/* Where the network is torn one may pass on to the next what it has of a true server, and the first
 * may hear of it again in its hold-over; there it ends. */
static void check_strata(struct group *group, double at_s)
{
    for (int i = 0; i < group->members; i++) {
        int stratum = group->tracking[i].state.stratum;
        bool orphan = stratum == LOCAL_STRATUM || stratum == LOCAL_STRATUM + 1;
        if (stratum > 2 + group->members && !orphan && stratum != 16)
            fail(group, at_s, "m%d counts up: stratum %d", i, stratum);
    }
}

/* The nodes come in their order; the true server is the first. */
static void look(void *arg, size_t index, double at_s, const struct node_truth *truth)
{
    struct group *group = arg;
    int member = (int)index - 1;
    if (index == 0)
        return;
    group->clock_s[member] = gn_seconds(truth->clock_error_ns);
    group->tracking[member] = (struct gn_tracking){.state.stratum = 16};
    node_tracking(scene_node(group->scene, index), &group->tracking[member]);
    if (member < group->members - 1)
        return;
    check_strata(group, at_s);
    if (at_s < TROUBLE_S + QUIET_S)
        return;
    if (sees_true(group))
        check_rescued(group, at_s);
    else
        check_led(group, at_s);
}

static void hear(void *arg, const char *node, double at_s, enum gn_level level, const char *line)
{
    const struct group *group = arg;
    if (group->story)
        fprintf(stderr, "%12.3f %s %s: %s\n", at_s, node, logger_level_name(level), line);
}

/* ---------------------------------------------------------------- running */

static void print_line(void *arg, enum diagnostic_level level, const char *line)
{
    (void)arg, (void)level;
    printf("%s\n", line);
}

static bool live(struct group *group, const char *plugins)
{
    struct scene_setup setup = {.path = group->path,
                                .plugin_dir = plugins,
                                .level = GN_INFO,
                                .story = hear,
                                .look = look,
                                .arg = group};
    struct diagnostics findings;
    diagnostics_init(&findings);
    group->scene = scene_create(&setup, &findings);
    if (group->scene == NULL)
        diagnostics_print(&findings, print_line, NULL);
    diagnostics_finish(&findings);
    bool lived = group->scene != NULL && scene_run(group->scene) == 0;
    scene_destroy(group->scene);
    return lived;
}

static bool storm(uint64_t seed, bool world, bool story, const char *plugins)
{
    struct group *group = calloc(1, sizeof *group);
    if (group == NULL)
        abort();
    group->seed = seed;
    group->story = story;
    snprintf(group->path, sizeof group->path, "/tmp/orphans.XXXXXX");
    int fd = world ? -1 : mkstemp(group->path);
    FILE *file = world ? stdout : fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL)
        abort();
    write_world(group, file);
    bool good = world;
    if (!world) {
        fclose(file);
        good = live(group, plugins) && !group->broken;
        unlink(group->path);
    }
    free(group);
    return good;
}

/* orphans [--world | --story] [--seed N] [--count N] */
int main(int argc, char **argv)
{
    static const struct option options[] = {{"seed", required_argument, NULL, 's'},
                                            {"count", required_argument, NULL, 'c'},
                                            {"story", no_argument, NULL, 't'},
                                            {"world", no_argument, NULL, 'w'},
                                            {NULL, 0, NULL, 0}};
    const char *plugins = getenv("GNOMON_PLUGINS");
    uint64_t seed = 1, count = 0, failed = 0;
    bool world = false, story = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        seed = option == 's' ? strtoull(optarg, NULL, 10) : seed;
        count = option == 'c' ? strtoull(optarg, NULL, 10) : count;
        story = story || option == 't';
        world = world || option == 'w';
        if (option == '?')
            return EXIT_FAILURE;
    }
    if (plugins == NULL)
        plugins = "modules";
    if (!world && access(plugins, R_OK) != 0) {
        printf("SKIP no plugins in %s\n", plugins);
        return SKIPPED;
    }
    if (count == 0)
        count = world || story ? 1 : DEFAULT_STORMS;
    for (uint64_t i = 0; i < count; i++)
        if (!storm(seed + i, world, story, plugins)) {
            printf("    repeat: %s --story --seed %" PRIu64 "\n", argv[0], seed + i);
            failed++;
        }
    if (!world)
        printf("%s - %" PRIu64 " of %" PRIu64 " groups of orphans agree in the end\n",
               failed == 0 ? "ok" : "not ok", count - failed, count);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
