/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every plugin of a folder in a real daemon on a simulated machine whose services fail: it must
 * work again when they do, and leave nothing behind. Many seeds, each another life.
 *
 *     survival [--seed N [--ordeal NAME]] [FOLDER]
 *
 * tells the story of one seed. The folder must hold proto-ntp and refclock-local too: the world
 * around is made of them.
 */

#include "life.h"
#include "ordeal.h"

#include <base/text.h>
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 128
#define SUBJECTS_MAX 64
#define ORDEALS_MAX (SUBJECTS_MAX * 4)

#define STEPS "clock = { step = { threshold = 0.5; updates = -1; }; };"
#define OUTPUT STEPS "sources = ( { use = \"refclock-local\"; } ); outputs = "

/* What is known to do something, and what. */
static const struct ordeal known[] = {
    {"ntp-name", "proto-ntp",
     STEPS "sources = ( { use = \"proto-ntp\"; server = \"time.example.net\"; } );",
     ORDEAL_SYNCHRONISE},
    {"ntp-pool", "proto-ntp",
     STEPS "sources = ( { use = \"proto-ntp\"; pool = \"time.example.net\"; iburst = true; } );",
     ORDEAL_SYNCHRONISE},
    {"ntp-address", "proto-ntp",
     STEPS "sources = ( { use = \"proto-ntp\"; server = \"2001:db8::1\"; iburst = true; } );",
     ORDEAL_SYNCHRONISE},
    {"ntp-server", "proto-ntp",
     STEPS "sources = ( { use = \"proto-ntp\"; server = \"192.0.2.1\"; } );"
           "servers = ( { use = \"proto-ntp\"; allow = [ \"192.0.2.0/24\" ]; } );",
     ORDEAL_ANSWER},
    {"sntp-name", "proto-sntp",
     STEPS
     "sources = ( { use = \"proto-sntp\"; server = [ \"time.example.net\", \"192.0.2.1\" ]; } );",
     ORDEAL_SYNCHRONISE},
    {"sntp-server", "proto-sntp",
     STEPS "sources = ( { use = \"proto-sntp\"; server = \"192.0.2.1\"; } );"
           "servers = ( { use = \"proto-sntp\"; allow = [ \"192.0.2.0/24\" ]; } );",
     ORDEAL_ANSWER},
    {"ntp-peer", "proto-ntp",
     STEPS "sources = ( { use = \"proto-ntp\"; peer = \"time.example.net\"; iburst = true; } );",
     ORDEAL_SYNCHRONISE},
    {"ntp-peer-server", "proto-ntp",
     STEPS "sources = ( { use = \"proto-ntp\"; peer = \"192.0.2.1\"; iburst = true; } );"
           "servers = ( { use = \"proto-ntp\"; allow = [ \"192.0.2.0/24\" ]; } );",
     ORDEAL_ANSWER},
    {"ntp-broadcast", "proto-ntp",
     STEPS
     "sources = ( { use = \"proto-ntp\"; broadcast = \"192.0.2.255\"; from = \"all\"; },"
     "            { use = \"proto-ntp\"; manycast = \"239.192.0.1\"; from = \"all\"; } );"
     "servers = ( { use = \"proto-ntp\"; broadcast = \"192.0.2.255\"; groups = \"224.0.1.1\"; } );",
     ORDEAL_LIVE},
    {"pps", "refclock-pps",
     STEPS "sources = ( { use = \"proto-ntp\"; name = \"lan\"; server = \"192.0.2.1\"; },"
           "            { use = \"refclock-pps\"; lock = \"lan\"; } );",
     ORDEAL_SYNCHRONISE},
    {"gps", "refclock-gps",
     STEPS "sources = ( { use = \"refclock-gps\"; log = \"/var/lib/gnomon/gps0.log\"; } );",
     ORDEAL_SYNCHRONISE},
    {"gps-pps", "refclock-gps",
     STEPS "sources = ( { use = \"refclock-gps\"; pps = \"/dev/pps0\"; } );", ORDEAL_SYNCHRONISE},
    {"gps-replay", "refclock-gps",
     STEPS "sources = ( { use = \"refclock-gps\"; replay = \"/dev/gps0\"; } );", ORDEAL_LIVE},
    {"gps-behind-gpsd", "refclock-gps",
     STEPS "sources = ( { use = \"refclock-gps\"; gpsd = \"192.0.2.1:2947\"; } );", ORDEAL_LIVE},
    {"rtc", "refclock-rtc", STEPS "sources = ( { use = \"refclock-rtc\"; } );", ORDEAL_SYNCHRONISE},
    {"phc", "refclock-phc", STEPS "sources = ( { use = \"refclock-phc\"; } );", ORDEAL_SYNCHRONISE},
    {"extpps", "refclock-phc",
     STEPS "sources = ( { use = \"proto-ntp\"; name = \"lan\"; server = \"192.0.2.1\"; },"
           "            { use = \"refclock-phc\"; device = \"/dev/ptp0\"; extpps = true; } );",
     ORDEAL_SYNCHRONISE},
    {"local", "refclock-local", "sources = ( { use = \"refclock-local\"; } );", ORDEAL_LIVE},
    {"syslog", "out-syslog", OUTPUT "( { use = \"out-syslog\"; protocol = \"syslog\"; } );",
     ORDEAL_WRITE},
    {"journal", "out-syslog", OUTPUT "( { use = \"out-syslog\"; } );", ORDEAL_WRITE},
};

static struct subject subjects[SUBJECTS_MAX];
static struct ordeal ordeals[ORDEALS_MAX];
static char names[ORDEALS_MAX][80];
static struct text configs[ORDEALS_MAX];
static const char *folder;

/* ---------------------------------------------------------------- ordeals */

static void add_required(struct text *text, const struct gn_option *option)
{
    static const char *const values[] = {[GN_OPT_BOOL] = "true",
                                         [GN_OPT_STRING] = "\"nothing\"",
                                         [GN_OPT_PATH] = "\"/nothing\"",
                                         [GN_OPT_STRINGS] = "\"nothing\""};
    text_addf(text, " %s = ", option->key);
    if (option->type == GN_OPT_CHOICE)
        text_addf(text, "\"%s\";", option->choices[0]);
    else if (option->type == GN_OPT_INT)
        text_addf(text, "%lld;", (long long)option->min);
    else if (option->type == GN_OPT_REAL)
        text_addf(text, "%.17e;", option->min);
    else
        text_addf(text, "%s;", values[option->type]);
}

/* A plugin that nobody has told us about shall live, with what it must be given; if that is not
 * enough for it, it may refuse. */
static void add_unknown(size_t *count, const struct gn_plugin *plugin, const struct gn_role *role)
{
    static const char *const lists[] = {"sources", "servers", "outputs"};
    struct text *text = &configs[*count];
    text_init(text);
    text_addf(text, "%s = ( { use = \"%s\";", lists[role->kind], plugin->name);
    for (size_t i = 0; i < role->option_count; i++)
        if ((subject_option(role, i)->flags & GN_OPT_REQUIRED) != 0)
            add_required(text, subject_option(role, i));
    text_add(text, " } );");
    snprintf(names[*count], sizeof names[0], "%s-%s", plugin->name, lists[role->kind]);
    ordeals[*count] = (struct ordeal){names[*count], plugin->name, text_string(text), ORDEAL_LIVE};
    (*count)++;
}

static void add_ordeals(size_t *count, const struct gn_plugin *plugin)
{
    size_t before = *count;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].plugin, plugin->name) == 0)
            ordeals[(*count)++] = known[i];
    for (size_t i = 0; *count == before && i < plugin->role_count; i++)
        add_unknown(count, plugin, subject_role(plugin, i));
}

/* ---------------------------------------------------------------- running */

static void check_not_idle(const struct ordeal *ordeal, unsigned begun, unsigned failed)
{
    ck_assert_msg(begun >= SEEDS / 2 || ordeal->aim == ORDEAL_LIVE, "%s: only %u of %d lives began",
                  ordeal->name, begun, SEEDS);
    ck_assert_msg(failed > 0, "%s: nothing has failed in %d lives", ordeal->name, SEEDS);
}

START_TEST(it_survives)
{
    const struct ordeal *ordeal = &ordeals[_i];
    struct loader *loader = loader_create(folder);
    unsigned begun = 0, failed = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct ordeal_result result;
        ordeal_run(ordeal, loader, seed, false, &result);
        ck_assert_msg(result.why[0] == '\0',
                      "%s, seed %" PRIu64 ": %s; again: tests/plugin/survival --seed %" PRIu64
                      " --ordeal %s %s",
                      ordeal->name, seed, result.why, seed, ordeal->name, folder);
        begun += result.begun;
        failed += result.failed;
    }
    check_not_idle(ordeal, begun, failed);
    loader_destroy(loader);
}
END_TEST

/* One seed aloud. Returns the exit status. */
static int tell(size_t count, uint64_t seed, const char *name)
{
    struct loader *loader = loader_create(folder);
    int status = 0;
    for (size_t i = 0; i < count; i++) {
        struct ordeal_result result;
        if (name != NULL && strcmp(name, ordeals[i].name) != 0)
            continue;
        fprintf(stderr, "== %s: %s\n", ordeals[i].name, ordeals[i].config);
        ordeal_run(&ordeals[i], loader, seed, true, &result);
        printf("%s, seed %" PRIu64 ": %s, %u of %u calls failed\n", ordeals[i].name, seed,
               result.why[0] != '\0' ? result.why
               : result.begun        ? "survived"
                                     : "did not start",
               result.failed, result.calls);
        status |= result.why[0] != '\0';
    }
    loader_destroy(loader);
    return status;
}

static int run_all(size_t count)
{
    Suite *suite = suite_create("survival");
    TCase *tcase = tcase_create("ordeals");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, it_survives, 0, (int)count);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char *seed = NULL, *name = NULL;
    size_t count = 0;
    while (argc > 2 && argv[1][0] == '-') {
        *(strcmp(argv[1], "--seed") == 0 ? &seed : &name) = argv[2];
        argc -= 2, argv += 2;
    }
    folder = subjects_folder(argc, argv);
    int found = subjects_load(folder, subjects, SUBJECTS_MAX);
    for (int i = 0; i < found; i++)
        if (subjects[i].plugin != NULL) /* conformance says why one cannot be loaded */
            add_ordeals(&count, subjects[i].plugin);
    if (count == 0) {
        fprintf(stderr, "%s: no plugins there\n", folder);
        return 2;
    }
    int status = seed != NULL ? tell(count, strtoull(seed, NULL, 0), name) : run_all(count);
    for (size_t i = 0; i < count; i++)
        if (configs[i].data != NULL)
            text_finish(&configs[i]);
    return status;
}
