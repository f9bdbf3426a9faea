/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whole daemons in one process, with the plugins of the build: $GNOMON_PLUGINS, else modules/
 * beside the working directory. Without them the tests are skipped.
 */

#include <check.h>
#include <math.h>
#include <sim/scene.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKIPPED 77

#define SERVER                                                                                     \
    "{ name = \"server\"; address = \"192.0.2.1\"; clock = { read_only = true; };"                 \
    "  config = \"sources = ( { use = \\\"refclock-local\\\"; stratum = 0; } );"                   \
    "  servers = ( { use = \\\"proto-ntp\\\"; allow = [ \\\"192.0.2.0/24\\\" ]; } );\"; }"
#define CLIENT(more)                                                                               \
    "{ name = \"client\"; address = \"192.0.2.2\"; " more                                          \
    "  clock = { offset = \"50ms*normal\"; frequency_ppm = \"10*normal\"; wander = 1e-9; };"       \
    "  config = \"sources = ( { use = \\\"proto-ntp\\\"; server = \\\"192.0.2.1\\\";"              \
    "  iburst = true; } );\"; }"
#define LAN "links = ( { delay = \"50us + 10us*exp\"; } );\n"

#define TWO_LINKS                                                                                  \
    "links = ( { delay = \"50us + 10us*exp\"; }, { from = \"client\"; to = \"server\";"            \
    " delay = \"50us + 10us*exp\"; } );\n"

struct life {
    struct scene *scene;
    struct diagnostics findings;
    bool moved;         /* a node told that somebody moved its clock */
    const char *wanted; /* counted in the client's story */
    int heard;
    double last_s; /* when */
    char path[64];
};

static const char *plugins(void)
{
    const char *folder = getenv("GNOMON_PLUGINS");
    return folder != NULL ? folder : "modules";
}

static void hear(void *arg, const char *node, double at_s, enum gn_level level, const char *line)
{
    struct life *life = arg;
    (void)level;
    if (strcmp(node, "client") == 0 && strstr(line, "somebody else moved") != NULL)
        life->moved = true;
    if (strcmp(node, "client") == 0 && life->wanted != NULL && strstr(line, life->wanted) != NULL) {
        life->heard++;
        life->last_s = at_s;
    }
}

static void begin(struct life *life, uint64_t seed, const char *world)
{
    *life = (struct life){.path = "/tmp/gnomon-world.XXXXXX", .wanted = life->wanted};
    int fd = mkstemp(life->path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, world, strlen(world)), (ssize_t)strlen(world));
    close(fd);
    struct scene_setup setup = {.path = life->path,
                                .plugin_dir = plugins(),
                                .has_seed = true,
                                .seed = seed,
                                .level = GN_INFO,
                                .story = hear,
                                .arg = life};
    diagnostics_init(&life->findings);
    life->scene = scene_create(&setup, &life->findings);
    unlink(life->path);
}

static void end(struct life *life)
{
    scene_destroy(life->scene);
    diagnostics_finish(&life->findings);
}

static void live(struct life *life, uint64_t seed, const char *world)
{
    begin(life, seed, world);
    ck_assert_msg(life->scene != NULL, "%s",
                  life->findings.count > 0 ? life->findings.items[0].text : "no findings");
    ck_assert_int_eq(scene_run(life->scene), 0);
}

START_TEST(a_client_finds_the_time_of_its_server)
{
    struct life life = {0};
    live(&life, 1, "duration = 8000;\nnodes = (" SERVER "," CLIENT("") ");\n" LAN);
    const struct stats *server = scene_stats(life.scene, 0), *client = scene_stats(life.scene, 1);
    ck_assert_double_eq(server->max_s, 0);
    ck_assert_uint_eq(client->count, 4001);
    ck_assert_double_gt(stats_rms_s(client), 0);
    ck_assert_double_lt(client->max_s, 100e-6);
    ck_assert_double_ge(stats_settled_s(client, 0), 0);
    ck_assert_double_ge(stats_kept(client), 0.999);
    end(&life);
}
END_TEST

static uint64_t hash_of(uint64_t seed, const char *world)
{
    struct life life = {0};
    live(&life, seed, world);
    uint64_t hash = scene_hash(life.scene);
    end(&life);
    return hash;
}

START_TEST(the_same_seed_gives_the_same_life)
{
    const char *world = "duration = 3000;\nnodes = (" SERVER "," CLIENT("count = 5;") ");\n" LAN;
    ck_assert_uint_eq(hash_of(7, world), hash_of(7, world));
    ck_assert_uint_ne(hash_of(7, world), hash_of(8, world));
}
END_TEST

START_TEST(a_clock_set_by_hand_is_noticed_and_brought_back)
{
    struct life life = {0};
    live(&life, 1,
         "duration = 20000;\nnodes = (" SERVER
         "," CLIENT("") ");\n" LAN "events = ( { at = 2000.5; node = \"client\"; step = 0.25; },"
                        "           { at = 4000; link = 0; cut = true; }, { at = 5000; link = 0; "
                        "cut = false; } );");
    ck_assert(life.moved);
    ck_assert_double_lt(scene_stats(life.scene, 1)->max_s, 100e-6);
    ck_assert_double_gt(stats_settled_s(scene_stats(life.scene, 1), 0), 2000);
    end(&life);
}
END_TEST

/* A world of server and client with these events. How often the client tells `wanted`. */
static int lived(struct life *life, const char *wanted, const char *events)
{
    char world[4096];
    snprintf(world, sizeof world,
             "duration = 20000;\nnodes = (" SERVER "," CLIENT("") ");\n" TWO_LINKS
                                                                  "events = ( %s );",
             events);
    *life = (struct life){.wanted = wanted};
    live(life, 1, world);
    return life->heard;
}

static void note_offset(void *arg, const struct gn_source_report *report)
{
    *(double *)arg = fabs(report->last_offset_s);
}

/* Delayed by 20 ms one way only, a sample is wrong by half of it. */
START_TEST(a_route_changes_one_way)
{
    struct life life;
    double sampled_s = 0;
    lived(&life, "", "{ at = 3000; link = 1; way = \"back\"; delay = \"20ms + 10us*exp\"; }");
    node_sources(scene_node(life.scene, 1), note_offset, &sampled_s);
    ck_assert_double_gt(sampled_s, 5e-3);
    end(&life);
    lived(&life, "", "{ at = 3000; link = 1; delay = \"20ms + 10us*exp\"; }");
    node_sources(scene_node(life.scene, 1), note_offset, &sampled_s);
    ck_assert_double_lt(sampled_s, 5e-3);
    end(&life);
}
END_TEST

START_TEST(loss_and_partitions_silence_the_server_until_they_are_over)
{
    struct life life;
    ck_assert_int_eq(lived(&life, "no longer answers", "{ at = 3000; link = 1; loss = 1; }"), 1);
    end(&life);
    ck_assert_int_eq(lived(&life, "answers", "{ at = 3000; partition = ( \"server\" ); }"), 2);
    end(&life);
    ck_assert_int_eq(lived(&life, "answers",
                           "{ at = 3000; partition = ( \"client\" ); },"
                           "{ at = 3001; partition = ( \"client\" ); },"
                           "{ at = 9000; heal = true; }"),
                     3);
    end(&life);
}
END_TEST

START_TEST(a_daemon_that_starts_anew_knows_the_drift)
{
    struct life life;
    const char *wanted = "drift file";
    ck_assert_int_eq(lived(&life, wanted,
                           "{ at = 4000; node = \"client\"; start = true; }," /* it runs */
                           "{ at = 5000; node = \"client\"; stop = true; },"
                           "{ at = 6000; node = \"client\"; start = true; }"),
                     1);
    ck_assert_double_lt(scene_stats(life.scene, 1)->max_s, 100e-6);
    end(&life);
    /* Killed, it says nothing, and does nothing more. */
    ck_assert_int_eq(lived(&life, "stopping", "{ at = 3000; node = \"client\"; kill = true; }"), 0);
    ck_assert_uint_eq(scene_stats(life.scene, 1)->claims, 0);
    end(&life);
}
END_TEST

START_TEST(a_machine_that_slept_measures_anew)
{
    struct life life;
    ck_assert_int_eq(
        lived(&life, "no longer answers", "{ at = 3000; node = \"server\"; suspend = 6000; }"), 1);
    end(&life);
    lived(&life, "stopping",
          "{ at = 4000; node = \"client\"; suspend = 3600; },"
          "{ at = 4001; node = \"client\"; stop = true; }"); /* waits for its end */
    ck_assert_double_eq_tol(life.last_s, 7600, 1e-6);
    end(&life);
    ck_assert_int_eq(lived(&life, "slept for 3600.2 s",
                           "{ at = 4000; node = \"client\"; suspend = 3600; rtc_error = 0.25; }"),
                     1);
    ck_assert_double_lt(scene_stats(life.scene, 1)->max_s, 1e-3);
    ck_assert_double_gt(stats_settled_s(scene_stats(life.scene, 1), 0), 7600);
    end(&life);
}
END_TEST

START_TEST(an_oscillator_jumps_and_the_daemon_follows)
{
    struct life life;
    lived(&life, "", "{ at = 12000; node = \"client\"; frequency_ppm = 20; }");
    ck_assert_double_gt(scene_stats(life.scene, 1)->max_s, 100e-6);
    ck_assert_double_gt(stats_settled_s(scene_stats(life.scene, 1), 1), 12000);
    end(&life);
    lived(&life, "", "{ at = 12000; node = \"client\"; wander = 1e-7; }");
    ck_assert_double_gt(scene_stats(life.scene, 1)->max_s, 100e-6);
    end(&life);
}
END_TEST

START_TEST(a_leap_second_passes_through_the_network)
{
    struct life life = {.wanted = "the leap second was inserted"};
    live(&life, 1,
         "start = \"2026-12-31T22:00:00Z\"; leap = \"insert\"; duration = 14400; nodes = ("
         "{ name = \"server\"; address = \"192.0.2.1\"; clock = { read_only = true; };"
         "  config = \"sources = ( { use = \\\"refclock-local\\\"; stratum = 0;"
         "  leap_insert = \\\"2026-12-31\\\"; } );  servers = ( { use = \\\"proto-ntp\\\";"
         "  allow = [ \\\"all\\\" ]; } );\"; }," CLIENT("") ");" LAN);
    ck_assert_int_eq(life.heard, 1);
    ck_assert(!life.moved);
    ck_assert_double_lt(scene_stats(life.scene, 1)->max_s, 100e-6);
    ck_assert_double_eq(scene_stats(life.scene, 0)->max_s, 0);
    ck_assert_double_ge(stats_kept(scene_stats(life.scene, 1)), 0.998); /* it looks every 10 s */
    end(&life);
}
END_TEST

START_TEST(nodes_meet_over_ipv6)
{
    struct life life = {0};
    live(&life, 1,
         "duration = 4000; look = 10; nodes = ("
         "{ name = \"server\"; address = ( \"192.0.2.1\", \"2001:db8::1\" );"
         "  clock = { read_only = true; };"
         "  config = \"sources = ( { use = \\\"refclock-local\\\"; stratum = 0; } );"
         "  servers = ( { use = \\\"proto-ntp\\\"; allow = [ \\\"2001:db8::/32\\\" ]; } );\"; },"
         "{ name = \"client\"; address = \"2001:db8::fffe\"; count = 3; clock = { offset = 0.05; };"
         "  config = \"sources = ( { use = \\\"proto-ntp\\\"; iburst = true;"
         "  server = \\\"2001:db8::1\\\"; } );\"; } );" LAN);
    for (size_t i = 1; i < 4; i++) {
        ck_assert_uint_eq(scene_stats(life.scene, i)->count, 201);
        ck_assert_double_lt(scene_stats(life.scene, i)->max_s, 1e-3);
        ck_assert_uint_eq(scene_stats(life.scene, i)->claims, 201);
    }
    end(&life);
}
END_TEST

START_TEST(a_configuration_file_is_found_beside_the_world)
{
    char folder[] = "/tmp/gnomon-scene.XXXXXX", world[64], config[64];
    struct diagnostics findings;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(world, sizeof world, "%s/world.conf", folder);
    snprintf(config, sizeof config, "%s/a.conf", folder);
    FILE *file = fopen(world, "we");
    fputs("duration = 10; nodes = ( { name = \"a\"; config_file = \"a.conf\"; } );", file);
    fclose(file);
    file = fopen(config, "we");
    fputs("sources = ( { use = \"refclock-local\"; } );", file);
    fclose(file);
    diagnostics_init(&findings);
    struct scene *scene =
        scene_create(&(struct scene_setup){.path = world, .plugin_dir = plugins()}, &findings);
    ck_assert_ptr_nonnull(scene);
    ck_assert_int_eq(scene_run(scene), 0);
    ck_assert_uint_eq(scene_stats(scene, 0)->claims, 6);
    scene_destroy(scene);
    diagnostics_finish(&findings);
    unlink(config);
    unlink(world);
    rmdir(folder);
}
END_TEST

#define A "nodes = ( { name = \"a\"; config = \"\"; } ); "
#define EVENT(text) A "links = ( { } ); events = ( { " text "; } );"

START_TEST(what_is_wrong_with_a_world_is_told)
{
    static const struct {
        const char *world, *words;
    } cases[] = {
        {"nodes = ( );", "nodes: a world needs one at least"},
        {"nodes = ( { name = \"a\"; } );", "a: either config or config_file is needed"},
        {"nodes = ( { name = \"a\"; config = \"\"; colour = 1; } );", "colour: no such key"},
        {"nodes = ( { name = \"a\"; config = \"\"; } ); links = ( { delay = \"3parsec\"; } );",
         "delay: column 2"},
        {"nodes = ( { name = \"a\"; config = \"\"; } ); links = ( { from = \"b\"; } );",
         "from: there is no node \"b\""},
        {"nodes = ( { name = \"a\"; address = \"1.2.3\"; config = \"\"; } );", "address: "},
        {"nodes = ( { name = \"a\"; config = \"sources = (\"; } );", "syntax"},
        {"duration = -1; nodes = ( { name = \"a\"; config = \"\"; } );", "duration: "},
        {"nodes = (", "syntax"},
        {EVENT("at = 1"), "an event needs one of: step"},
        {EVENT("at = 1; node = \"client\"; command = 7"), "command: "},
        {EVENT("at = 1; node = \"nobody\"; command = \"{}\""), "there is no \"nobody\""},
        {EVENT("at = 1; name = \"x\""), "name: addresses, a list, is needed"},
        {EVENT("at = 1; name = \"x\"; addresses = [ \"y\" ]"), "up to 32 addresses"},
        {EVENT("at = 1; step = 1.0"), "node: step needs the name of a node; there is no \"\""},
        {EVENT("at = 1; node = \"b\"; step = 1.0"), "there is no \"b\""},
        {EVENT("at = 1; node = \"a\"; step = true"), "step: a number is expected, or a law"},
        {EVENT("at = 1; node = \"a\"; step = \"1 +\""), "step: column 4"},
        {EVENT("node = \"a\"; step = 1.0"), "at: when this happens"},
        {EVENT("at = -1; node = \"a\"; step = 1"), "at: a number is expected, 0 to 1e+09"},
        {EVENT("at = 1; node = \"a\"; step = 1; cut = true"), "cut: no such key; allowed: at node"},
        {EVENT("at = 1; node = \"a\"; wander = -1.0"), "wander: -1 is not from 0 to 0.001"},
        {EVENT("at = 1; node = \"a\"; stop = false"), "stop: true is expected"},
        {EVENT("at = 1; node = \"a\"; suspend = 0"), "suspend: 0 is not from 0.001"},
        {EVENT("at = 1; node = \"a\"; file = \"/x\""), "file: text is needed"},
        {EVENT("at = 1; link = 1; cut = true"), "link: a number is expected, 0 (the first) to 0"},
        {EVENT("at = 1; link = 0; cut = 1"), "cut: true or false is expected"},
        {EVENT("at = 1; link = 0"), "link: nothing changes"},
        {EVENT("at = 1; link = 0; loss = 2"), "loss: a number is expected, 0 to 1"},
        {EVENT("at = 1; link = 0; loss = 1; way = \"back\""), "way: link 0 is the same both ways"},
        {A "links = ( { delay = \"1ms\"; back = \"2ms\"; } );", "back: from or to is needed"},
        {EVENT("at = 1; link = 0; loss = 1; way = \"up\""), "way: \"there\", \"back\" or"},
        {EVENT("at = 1; partition = ( \"b\" )"), "partition: there is no node \"b\""},
        {EVENT("at = 1; partition = \"a\""), "partition: a list of names"},
        {EVENT("at = 1; heal = false"), "heal: true is expected"},
        {A "start = \"2026-02-29T00:00:00Z\";", "start: an instant of UTC is expected"},
        {A "start = \"2026-02-28\";", "start: an instant of UTC is expected"},
        {A "leap = \"insert\";", "leap: the UTC month ends 2678400 s after"},
        {A "leap = \"twice\";", "leap: \"insert\" or \"delete\""},
        {"nodes = ( { name = \"a\"; config = \"\"; files = 1; } );", "files: a list"},
        {"nodes = ( { name = \"a\"; config = \"\"; files = ( { path = \"/x\"; } ); } );",
         "files: both path and text are needed"},
        {"nodes = ( { name = \"a\"; config = \"\"; smeared = \"half\"; } );",
         "smeared: \"clock\" or"},
        {A "look = 0;", "look: a number is expected"},
        {A "links = ( 7 );", "links: groups"},
        {"nodes = ( { name = \"a\"; config = \"\"; count = 2; } ); links = ( { to = \"a\"; } );",
         "to: there are several of \"a\""},
        {"nodes = ( { name = \"a\"; config = \"\"; clock = { offset = true; }; } );", "offset: "},
        {"nodes = ( { name = \"a\"; config = \"\"; config_file = \"x\"; } );", "either config or"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct life life = {0};
        begin(&life, 1, cases[i].world);
        ck_assert_msg(life.scene == NULL, "%s", cases[i].world);
        ck_assert_uint_ge(life.findings.count, 1);
        ck_assert_msg(strstr(life.findings.items[0].text, cases[i].words) != NULL, "%s: %s",
                      cases[i].world, life.findings.items[0].text);
        end(&life);
    }
}
END_TEST

int main(void)
{
    char path[4096];
    Suite *suite = suite_create("sim_node");
    TCase *tcase = tcase_create("node");
    snprintf(path, sizeof path, "%s/proto-ntp.so", plugins());
    if (access(path, R_OK) < 0) {
        printf("SKIP no %s\n", path);
        return SKIPPED;
    }
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_client_finds_the_time_of_its_server);
    tcase_add_test(tcase, the_same_seed_gives_the_same_life);
    tcase_add_test(tcase, a_clock_set_by_hand_is_noticed_and_brought_back);
    tcase_add_test(tcase, a_route_changes_one_way);
    tcase_add_test(tcase, loss_and_partitions_silence_the_server_until_they_are_over);
    tcase_add_test(tcase, a_daemon_that_starts_anew_knows_the_drift);
    tcase_add_test(tcase, a_machine_that_slept_measures_anew);
    tcase_add_test(tcase, an_oscillator_jumps_and_the_daemon_follows);
    tcase_add_test(tcase, a_leap_second_passes_through_the_network);
    tcase_add_test(tcase, nodes_meet_over_ipv6);
    tcase_add_test(tcase, a_configuration_file_is_found_beside_the_world);
    tcase_add_test(tcase, what_is_wrong_with_a_world_is_told);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
