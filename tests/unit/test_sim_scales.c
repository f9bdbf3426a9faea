/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A day of a whole daemon that steers thousands of times: its local scale against the oscillator's
 * own count. Plugins of the build as in test_sim_node.c.
 */

#include <check.h>
#include <math.h>
#include <sim/scene_internal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKIPPED 77

/* Off by 3 s, which is stepped, and by 40 ppm; a crystal that never rests; and at noon somebody
 * sets the clock by 0.3 s, which is slewed back at many thousand ppm. */
#define WORLD                                                                                      \
    "duration = 86400;\n"                                                                          \
    "nodes = ("                                                                                    \
    "{ name = \"server\"; address = \"192.0.2.1\"; clock = { read_only = true; };"                 \
    "  config = \"sources = ( { use = \\\"refclock-local\\\"; stratum = 0; } );"                   \
    "  servers = ( { use = \\\"proto-ntp\\\"; allow = [ \\\"192.0.2.0/24\\\" ]; } );\"; },"        \
    "{ name = \"client\"; address = \"192.0.2.2\";"                                                \
    "  clock = { offset = 3.0; frequency_ppm = 40.0; wander = 1e-8; };"                            \
    "  config = \"sources = ( { use = \\\"proto-ntp\\\"; server = \\\"192.0.2.1\\\";"              \
    "  iburst = true; minpoll = 4; maxpoll = 4; } );\"; } );\n"                                    \
    "links = ( { delay = \"50us + 10us*exp\"; } );\n"                                              \
    "events = ( { at = 43200.5; node = \"client\"; step = 0.3; } );"
#define CLIENT 1

/* The client's clock, watched: the daemon calls these in place of the clock's own. */
struct watch {
    struct scene *scene;
    struct os_clock_ops ops;
    const struct os_clock_ops *own;
    struct world_event look;
    unsigned steers, steps, moves;
    double most_steering; /* s/s */
    int64_t first_ns, last_ns, max_ns;
    double squares;
    unsigned looks;
};

/* The operations have no argument of their own. */
static struct watch *watched;

static int steer(struct os_clock *clock, double wanted, double *applied, struct clock_reading *at)
{
    int rc = watched->own->steer(clock, wanted, applied, at);
    watched->steers++;
    watched->most_steering = fmax(watched->most_steering, fabs(*applied));
    return rc;
}

static int step(struct os_clock *clock, int64_t delta_ns)
{
    watched->steps++;
    return watched->own->step(clock, delta_ns);
}

static void hear(void *arg, const char *node, double at_s, enum gn_level level, const char *line)
{
    (void)arg, (void)at_s, (void)level;
    if (strcmp(node, "client") == 0 && strstr(line, "somebody else moved") != NULL)
        watched->moves++;
}

static void look(void *arg)
{
    struct watch *watch = arg;
    struct node *node = scene_node(watch->scene, CLIENT);
    struct node_truth truth;
    node_truth(node, &truth);
    int64_t apart_ns = truth.local.ns - vclock_raw_ns(node_clock(node));
    if (watch->looks++ == 0)
        watch->first_ns = apart_ns;
    watch->last_ns = apart_ns - watch->first_ns;
    watch->max_ns = llabs(watch->last_ns) > watch->max_ns ? llabs(watch->last_ns) : watch->max_ns;
    watch->squares += (double)watch->last_ns * (double)watch->last_ns;
    /* At no round instant: between the daemon's own turns. */
    world_order_in(watch->scene->world, &watch->look, 7 * GN_NS_PER_S + 123456789);
}

static const char *plugins(void)
{
    const char *folder = getenv("GNOMON_PLUGINS");
    return folder != NULL ? folder : "modules";
}

static struct scene *world_of(const char *text)
{
    char path[] = "/tmp/gnomon-world.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    struct scene_setup setup = {
        .path = path, .plugin_dir = plugins(), .level = GN_INFO, .story = hear};
    struct diagnostics findings;
    diagnostics_init(&findings);
    struct scene *scene = scene_create(&setup, &findings);
    unlink(path);
    ck_assert_msg(scene != NULL, "%s", findings.count > 0 ? findings.items[0].text : "no findings");
    diagnostics_finish(&findings);
    return scene;
}

static void live(struct watch *watch)
{
    watched = watch;
    watch->scene = world_of(WORLD);
    struct os_clock *clock = node_clock(scene_node(watch->scene, CLIENT));
    watch->own = clock->ops;
    watch->ops = *clock->ops;
    watch->ops.steer = steer;
    watch->ops.step = step;
    clock->ops = &watch->ops;
    watch->look = (struct world_event){.happen = look, .arg = watch};
    world_order_in(watch->scene->world, &watch->look, 0);
    ck_assert_int_eq(scene_run(watch->scene), 0);
    scene_destroy(watch->scene);
}

/* Both counts are read in whole nanoseconds, rounded differently: up to 2 ns, and no more after a
 * day than after a minute. */
START_TEST(a_day_of_steering_leaves_no_trace_on_the_local_scale)
{
    struct watch watch = {0};
    live(&watch);
    printf("local - raw over a day: %u steers (most %.1f ppm), %u step(s) of ours, %u of others; "
           "max %lld ns, rms %.2f ns, at the end %lld ns\n",
           watch.steers, watch.most_steering * 1e6, watch.steps, watch.moves,
           (long long)watch.max_ns, sqrt(watch.squares / watch.looks), (long long)watch.last_ns);
    ck_assert_uint_ge(watch.steers, 5000);
    ck_assert_double_ge(watch.most_steering, 1e-2); /* by way of the tick */
    ck_assert_uint_eq(watch.steps, 1);
    ck_assert_uint_eq(watch.moves, 1);
    ck_assert_uint_ge(watch.looks, 12000);
    ck_assert_int_le(watch.max_ns, 2);
}
END_TEST

int main(void)
{
    char path[4096];
    Suite *suite = suite_create("sim_scales");
    TCase *tcase = tcase_create("scales");
    snprintf(path, sizeof path, "%s/proto-ntp.so", plugins());
    if (access(path, R_OK) < 0) {
        printf("SKIP no %s\n", path);
        return SKIPPED;
    }
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_day_of_steering_leaves_no_trace_on_the_local_scale);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
