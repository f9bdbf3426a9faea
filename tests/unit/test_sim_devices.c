/* SPDX-License-Identifier: Apache-2.0 */
/* Devices in worlds: the key `devices`, its events, and refclock-sim, which is linked in. */

#include <check.h>
#include <fcntl.h>
#include <sim/scene.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODE(more, devices)                                                                        \
    "nodes = ( { name = \"a\"; " more                                                              \
    "  clock = { offset = \"50ms*normal\"; frequency_ppm = \"10*normal\"; wander = 1e-9; };"       \
    "  devices = ( " devices " );"                                                                 \
    "  config = \"sources = ( { use = \\\"refclock-sim\\\"; } );\"; } );\n"
#define REFERENCE                                                                                  \
    "{ path = \"/dev/reference\"; kind = \"reference\"; interval = 16.0; noise = \"1us*normal\"; " \
    "}"
#define OTHERS                                                                                     \
    ", { path = \"/dev/ttyS1\"; kind = \"tty\"; baud = 9600; late = \"300ms + 20ms*normal\";"      \
    "    talker = \"GN\"; sentences = \"RMC ZDA GGA\"; fifo = 1; hangup = true;"                   \
    "    garbage = 10.0; damage = 0.001; stolen = 0.001; satellites = 5; later_ppm = 5.0;"         \
    "    bursts = ( { sentences = \"GSV\"; late = \"700ms\"; every = 5; } ); },"                   \
    "  { path = \"/dev/ttyS2\"; kind = \"tty\"; silent = true; offset = 619315200; },"             \
    "  { path = \"/dev/pps0\"; kind = \"pps\"; jitter = \"1us*normal\"; delay = 1e-6;"             \
    "    width = 0.2; inverted = true; free_running = true; frequency_ppm = \"normal\"; },"        \
    "  { path = \"/dev/rtc0\"; kind = \"rtc\"; frequency_ppm = 12; offset = 2220.0;"               \
    "    half_second = true; interrupts = \"invalid\"; battery = \"low\"; },"                      \
    "  { path = \"/dev/rtc1\"; kind = \"rtc\"; shows = 946684800; plugged = false; busy = true; }"

struct life {
    struct scene *scene;
    struct diagnostics findings;
    unsigned absent, gone, missed, answers; /* lines of the story */
    char path[64];
};

static void hear(void *arg, const char *node, double at_s, enum gn_level level, const char *line)
{
    struct life *life = arg;
    (void)node, (void)at_s, (void)level;
    life->absent += strstr(line, "/dev/reference: No such file or directory") != NULL;
    life->gone += strstr(line, "/dev/reference: No such device") != NULL;
    life->missed += strstr(line, "sim0 no longer answers") != NULL;
    life->answers += strstr(line, "sim0 answers") != NULL;
}

static void begin(struct life *life, uint64_t seed, const char *world)
{
    *life = (struct life){.path = "/tmp/gnomon-world.XXXXXX"};
    int fd = mkstemp(life->path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, world, strlen(world)), (ssize_t)strlen(world));
    close(fd);
    struct scene_setup setup = {.path = life->path,
                                .plugin_dir = "/",
                                .has_seed = true,
                                .seed = seed,
                                .level = GN_INFO,
                                .story = hear,
                                .arg = life};
    diagnostics_init(&life->findings);
    life->scene = scene_create(&setup, &life->findings);
    unlink(life->path);
}

static void live(struct life *life, uint64_t seed, const char *world)
{
    begin(life, seed, world);
    ck_assert_msg(life->scene != NULL, "%s",
                  life->findings.count > 0 ? life->findings.items[0].text : "no findings");
    ck_assert_int_eq(scene_run(life->scene), 0);
}

static void end(struct life *life)
{
    scene_destroy(life->scene);
    diagnostics_finish(&life->findings);
}

START_TEST(a_measured_reference_is_followed)
{
    struct life life;
    live(&life, 1, "duration = 8000;\n" NODE("", REFERENCE));
    const struct stats *stats = scene_stats(life.scene, 0);
    ck_assert_double_gt(stats_rms_s(stats), 0);
    ck_assert_double_lt(stats->max_s, 5e-6);
    ck_assert_double_ge(stats_kept(stats), 0.999);
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
    const char *alone = "duration = 2000;\n" NODE("", REFERENCE);
    const char *more = "duration = 2000;\n" NODE("", REFERENCE OTHERS);
    const char *many = "duration = 2000;\n" NODE("count = 3;", REFERENCE OTHERS);
    ck_assert_uint_eq(hash_of(7, alone), hash_of(7, alone));
    ck_assert_uint_ne(hash_of(7, alone), hash_of(8, alone));
    ck_assert_uint_eq(hash_of(7, alone),
                      hash_of(7, more)); /* one more here changes nothing there */
    ck_assert_uint_eq(hash_of(7, many), hash_of(7, many));
}
END_TEST

START_TEST(antenna_and_plug_are_events)
{
    struct life life;
    live(&life, 1,
         "duration = 8000;\n" NODE(
             "", REFERENCE) "events = ( { at = 2000; node = \"a\"; antenna = false; },"
                            "           { at = 3000; node = \"a\"; antenna = true; },"
                            "           { at = 5000; node = \"a\"; device = \"/dev/reference\"; "
                            "plugged = false; },"
                            "           { at = 5600; node = \"a\"; device = \"/dev/reference\"; "
                            "plugged = true; } );");
    ck_assert_uint_eq(life.missed, 2);
    ck_assert_uint_eq(life.gone, 1);
    ck_assert_uint_eq(life.answers, 3);
    ck_assert_double_lt(stats_settled_s(scene_stats(life.scene, 0), 2), 8000);
    end(&life);
}
END_TEST

struct listener {
    struct node *node;
    struct os_device *device;
    unsigned calls, asleep;
};

static void on_readable(void *arg)
{
    struct listener *listener = arg;
    char text[256];
    gn_utc until;
    listener->calls++;
    listener->asleep += node_asleep(listener->node, &until);
    node_devices(listener->node)->ops->read(listener->device, text, sizeof text);
}

START_TEST(a_machine_that_sleeps_hears_nothing)
{
    struct life life;
    struct listener listener = {0};
    begin(&life, 1,
          "duration = 8000;\n" NODE("", REFERENCE OTHERS) "events = ( { at = 5000; node = \"a\"; "
                                                          "suspend = 1000; rtc_error = 0.1; } );");
    ck_assert_ptr_nonnull(life.scene);
    listener.node = scene_node(life.scene, 0);
    struct os_devices *devices = node_devices(listener.node);
    ck_assert_int_eq(devices->ops->open(devices, "/dev/ttyS1", O_RDONLY, on_readable, &listener,
                                        &listener.device),
                     0);
    ck_assert_int_eq(scene_run(life.scene), 0);
    ck_assert_uint_gt(listener.calls, 5000);
    ck_assert_uint_eq(listener.asleep, 0);
    ck_assert_double_lt(stats_settled_s(scene_stats(life.scene, 0), 2), 8000);
    end(&life);
}
END_TEST

START_TEST(a_device_may_come_later)
{
    struct life life;
    live(&life, 1,
         "duration = 4000;\n" NODE(
             "", "{ path = \"/dev/reference\"; kind = \"reference\";"
                 "  plugged = false; }") "events = ( { at = 1000; node = \"a\"; device = "
                                         "\"/dev/reference\"; plugged = true; } );");
    ck_assert_uint_eq(life.absent, 1);
    ck_assert_uint_eq(life.answers, 1);
    ck_assert_double_gt(stats_settled_s(scene_stats(life.scene, 0), 0), 1000);
    ck_assert_double_lt(stats_settled_s(scene_stats(life.scene, 0), 0), 1200);
    end(&life);
}
END_TEST

#define DEVICE(text) NODE("", "{ path = \"/dev/x\"; " text " }")

START_TEST(what_is_wrong_with_devices_is_told)
{
    static const struct {
        const char *world, *words;
    } cases[] = {
        {NODE("", "{ path = \"/dev/x\"; }"), "a device needs a path, from / on, and a kind"},
        {NODE("", "{ kind = \"pps\"; }"), "a device needs a path, from / on, and a kind"},
        {NODE("", "{ path = \"pps0\"; kind = \"pps\"; }"), "from / on"},
        {DEVICE("kind = \"rtc\"; frequency_ppm = 1e6;"), "frequency_ppm: 1e+06 is not from"},
        {NODE("", "5"), "a group { … } is expected here"},
        {DEVICE("kind = \"gps\";"), "kind: tty, pps, rtc, phc or reference is expected"},
        {DEVICE("kind = \"pps\"; baud = 9600;"), "baud: no such key"},
        {DEVICE("kind = \"pps\"; jitter = \"1parsec\";"), "jitter: column 2"},
        {DEVICE("kind = \"pps\"; width = 1.0;"), "width: a number is expected"},
        {DEVICE("kind = \"tty\"; sentences = \"VTG\";"),
         "sentences: up to 16 of these are expected: RMC GGA ZDA GSA GSV GNS TXT"},
        {DEVICE("kind = \"tty\"; bursts = 3;"), "bursts: a list ( … ) of up to 5 is expected"},
        {DEVICE("kind = \"tty\"; bursts = ( { baud = 9600; } );"), "baud: no such key"},
        {DEVICE("kind = \"tty\"; bursts = ( 5 );"), "a group { … } is expected here"},
        {DEVICE("kind = \"tty\"; antenna = \"gone\";"),
         "antenna: one of these is expected: ok lost open short"},
        {DEVICE("kind = \"tty\"; satellites = 31;"), "satellites: a number is expected, 0 to 30"},
        {DEVICE("kind = \"tty\"; leap_valid = 1;"), "leap_valid: true or false is expected"},
        {DEVICE("kind = \"pps\"; receiver = \"/dev/ttyS9\";"),
         "receiver: a has no tty \"/dev/ttyS9\""},
        {DEVICE("kind = \"pps\"; receiver = \"/dev/x\";"), "receiver: a has no tty \"/dev/x\""},
        {DEVICE("kind = \"tty\"; talker = \"X\";"), "talker: two letters"},
        {DEVICE("kind = \"tty\"; baud = 50;"), "baud: a number is expected"},
        {DEVICE("kind = \"rtc\"; battery = \"flat\";"),
         "battery: one of these is expected: good low dead unknown"},
        {DEVICE("kind = \"rtc\"; interrupts = \"off\";"),
         "interrupts: one of these is expected: on invalid unknown"},
        {NODE("", REFERENCE "," REFERENCE), "/dev/reference: the node has it already"},
        {NODE("", REFERENCE) "events = ( { at = 1; node = \"a\"; device = \"/dev/reference\"; } );",
         "device: plugged or busy = true or false is needed"},
        {DEVICE("kind = \"tty\";") "events = ( { at = 1; node = \"a\"; receiver = \"/dev/x\"; } );",
         "receiver: nothing changes; allowed: at node receiver antenna jamming"},
        {DEVICE("kind = \"tty\";") "events = ( { at = 1; node = \"a\"; receiver = \"/dev/y\"; "
                                   "satellites = 2; } );",
         "receiver: a has no tty \"/dev/y\""},
        {DEVICE("kind = \"tty\";") "events = ( { at = 1; node = \"a\"; receiver = \"/dev/x\"; "
                                   "jamming = \"loud\"; } );",
         "jamming: one of these is expected: none warning critical"},
        {DEVICE("kind = \"tty\";") "events = ( { at = 1; node = \"a\"; receiver = \"/dev/x\"; "
                                   "plugged = false; } );",
         "plugged: no such key"},
        {NODE("", REFERENCE) "events = ( { at = 1; node = \"a\"; device = \"/dev/x\"; "
                             "plugged = true; } );",
         "device: a has no \"/dev/x\""},
        {NODE("", REFERENCE) "events = ( { at = 1; node = \"b\"; antenna = true; } );",
         "there is no \"b\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct life life;
        begin(&life, 1, cases[i].world);
        ck_assert_msg(life.scene == NULL, "%s", cases[i].world);
        ck_assert_msg(strstr(life.findings.items[0].text, cases[i].words) != NULL, "%s: %s",
                      cases[i].world, life.findings.items[0].text);
        end(&life);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_devices");
    TCase *tcase = tcase_create("devices");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_measured_reference_is_followed);
    tcase_add_test(tcase, the_same_seed_gives_the_same_life);
    tcase_add_test(tcase, antenna_and_plug_are_events);
    tcase_add_test(tcase, a_machine_that_sleeps_hears_nothing);
    tcase_add_test(tcase, a_device_may_come_later);
    tcase_add_test(tcase, what_is_wrong_with_devices_is_told);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
