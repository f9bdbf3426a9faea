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

struct life {
    struct scene *scene;
    struct diagnostics findings;
    bool moved; /* a node told that somebody moved its clock */
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
    (void)at_s, (void)level;
    if (strcmp(node, "client") == 0 && strstr(line, "somebody else moved") != NULL)
        life->moved = true;
}

static void begin(struct life *life, uint64_t seed, const char *world)
{
    *life = (struct life){.path = "/tmp/gnomon-world.XXXXXX"};
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
    struct life life;
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
    struct life life;
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
    struct life life;
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
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct life life;
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
    tcase_add_test(tcase, what_is_wrong_with_a_world_is_told);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
