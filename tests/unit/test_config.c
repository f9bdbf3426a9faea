/* SPDX-License-Identifier: Apache-2.0 */
/* The whole configuration: files, groups, entries, and every finding with its place. */
#include <tests/unit/config_fixture.h>

/* Load a gnomon.conf that must be good, with these warnings. */
static void load_good(struct config_fixture *fixture, const char *content, const char *warnings)
{
    fixture_init(fixture);
    fixture_write(fixture, "gnomon.conf", content);
    bool good = fixture_load(fixture);
    ck_assert_str_eq(text_string(&fixture->findings), warnings);
    ck_assert(good);
}

/* Load a gnomon.conf that must be refused with exactly these findings. */
static void check_bad(const char *content, const char *findings)
{
    struct config_fixture fixture;
    fixture_init(&fixture);
    fixture_write(&fixture, "gnomon.conf", content);
    bool good = fixture_load(&fixture);
    ck_assert_str_eq(text_string(&fixture.findings), findings);
    ck_assert(!good);
    fixture_finish(&fixture);
}

/* ---------------------------------------------------------------- what is read */

START_TEST(an_empty_file_gives_the_defaults)
{
    struct config_fixture fixture;
    load_good(&fixture, "", "");
    const struct config *config = fixture.config;
    ck_assert(config->clock.discipline);
    ck_assert_double_eq(config->clock.step_threshold_s, 1.0);
    ck_assert_int_eq(config->clock.step_updates, 3);
    ck_assert_double_eq(config->clock.max_change_s, 0);
    ck_assert_int_eq(config->clock.max_change_after, 1);
    ck_assert_int_eq(config->clock.max_change_ignore, 0);
    ck_assert_ptr_null(config->clock.drift_file);
    ck_assert_int_eq(config->clock.rtc, CONFIG_RTC_COPY);
    ck_assert_int_eq(config->clock.leap, CONFIG_LEAP_SYSTEM);
    ck_assert_double_eq(config->clock.max_frequency_ppm, 500);
    ck_assert_double_eq(config->clock.max_slew_ppm, 83333.333);
    ck_assert_double_eq(config->clock.max_distance_s, 3);
    ck_assert_double_eq(config->clock.max_jitter_s, 1);
    ck_assert_int_eq(config->clock.min_sources, 1);
    ck_assert(!config->local.present);
    ck_assert_int_eq(config->local.stratum, 10);
    ck_assert_ptr_null(config->control.socket);
    ck_assert_int_eq(config->control.mode, 0660);
    ck_assert_uint_eq(config->instance_count, 0);
    fixture_finish(&fixture);
}
END_TEST

START_TEST(groups_are_read)
{
    struct config_fixture fixture;
    load_good(&fixture,
              "clock = { discipline = false; step = { threshold = 2; updates = -1; };\n"
              "          max_change = { limit = 1000; after = 0; ignore = -1; };\n"
              "          drift_file = \"drift\"; rtc = \"off\"; leap = \"ignore\";\n"
              "          max_slew = 500; max_distance = 0.5; min_sources = 2; };\n"
              "local = { stratum = 8; };\n"
              "control = { socket = \"/run/x.sock\"; mode = 0600; };\n",
              "");
    const struct config *config = fixture.config;
    ck_assert(!config->clock.discipline);
    ck_assert_double_eq(config->clock.step_threshold_s, 2); /* an integer for a real */
    ck_assert_int_eq(config->clock.step_updates, -1);
    ck_assert_double_eq(config->clock.max_change_s, 1000);
    ck_assert_int_eq(config->clock.max_change_after, 0);
    ck_assert_int_eq(config->clock.max_change_ignore, -1);
    ck_assert_int_eq(config->clock.rtc, CONFIG_RTC_OFF);
    ck_assert_int_eq(config->clock.leap, CONFIG_LEAP_IGNORE);
    ck_assert_double_eq(config->clock.max_slew_ppm, 500);
    ck_assert_double_eq(config->clock.max_distance_s, 0.5);
    ck_assert_int_eq(config->clock.min_sources, 2);
    ck_assert(config->local.present);
    ck_assert_int_eq(config->local.stratum, 8);
    ck_assert_str_eq(config->control.socket, "/run/x.sock");
    ck_assert_int_eq(config->control.mode, 0600);
    fixture_finish(&fixture);
}
END_TEST

START_TEST(a_mode_is_octal_however_it_is_written)
{
    static const struct {
        const char *text;
        int64_t mode;
    } cases[] = {{"0660", 0660}, {"660", 0660}, {"\"0660\"", 0660}, {"\"777\"", 0777}, {"0", 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config_fixture fixture;
        char content[64];
        snprintf(content, sizeof(content), "control = { mode = %s; };", cases[i].text);
        load_good(&fixture, content, "");
        ck_assert_int_eq(fixture.config->control.mode, cases[i].mode);
        fixture_finish(&fixture);
    }
    check_bad("control = { mode = 0680; };",
              "gnomon.conf:1: control.mode: must be the octal mode of a file, 0000 … 0777\n");
    check_bad("control = { mode = \"rw\"; };",
              "gnomon.conf:1: control.mode: must be the octal mode of a file, 0000 … 0777\n");
    check_bad("control = { mode = 07777; };",
              "gnomon.conf:1: control.mode: must be the octal mode of a file, 0000 … 0777\n");
}
END_TEST

START_TEST(entries_become_instances_in_order)
{
    struct config_fixture fixture;
    load_good(&fixture,
              "outputs = ( { use = \"out-syslog\"; } );\n"
              "servers = ( { use = \"proto-ntp\"; port = 11123; listen = \"::1\"; } );\n"
              "sources = ( { use = \"proto-ntp\"; server = \"a\"; iburst = true; minpoll = 4; },\n"
              "            { use = \"refclock-gps\"; name = \"roof\"; device = \"/dev/ttyS0\";\n"
              "              prefer = true; offset = -0.5; refid = \"GPS\"; } );\n",
              "");
    const struct config *config = fixture.config;
    ck_assert_uint_eq(config->instance_count, 4);
    const struct config_instance *instance = config->instances;

    ck_assert_str_eq(instance[0].name, "ntp0");
    ck_assert_uint_eq(instance[0].line, 3);
    ck_assert_int_eq(instance[0].role->kind, GN_SOURCE);
    const struct fake_ntp *ntp = instance[0].options;
    ck_assert_str_eq(ntp->server, "a");
    ck_assert_ptr_null(ntp->pool);
    ck_assert_int_eq(ntp->port, 123);
    ck_assert(ntp->iburst);
    ck_assert_int_eq(instance[0].source.min_poll_log2s, 4);
    ck_assert_int_eq(instance[0].source.max_poll_log2s, 10);
    ck_assert_int_eq(instance[0].source.stratum, -1);

    ck_assert_str_eq(instance[1].name, "roof");
    ck_assert_uint_eq(instance[1].line, 4);
    ck_assert(instance[1].source.prefer);
    ck_assert_double_eq(instance[1].source.offset_s, -0.5);
    ck_assert_str_eq(instance[1].source.refid, "GPS");

    ck_assert_str_eq(instance[2].name, "ntp1");
    ck_assert_int_eq(instance[2].role->kind, GN_SERVER);
    const struct fake_server *server = instance[2].options;
    ck_assert_int_eq(server->port, 11123); /* of the server's own table */
    ck_assert_uint_eq(server->listen.count, 1);
    ck_assert_str_eq(server->listen.items[0], "::1");
    ck_assert_uint_eq(server->allow.count, 0);

    ck_assert_str_eq(instance[3].name, "syslog0");
    fixture_finish(&fixture);
}
END_TEST

START_TEST(a_given_name_does_not_take_a_configured_one)
{
    struct config_fixture fixture;
    load_good(&fixture,
              "sources = ( { use = \"proto-ntp\"; pool = \"a\"; },\n"
              "            { use = \"proto-ntp\"; pool = \"b\"; name = \"ntp0\"; } );",
              "");
    ck_assert_str_eq(fixture.config->instances[0].name, "ntp1");
    ck_assert_str_eq(fixture.config->instances[1].name, "ntp0");
    fixture_finish(&fixture);
}
END_TEST

START_TEST(empty_lists_are_legal)
{
    struct config_fixture fixture;
    load_good(&fixture, "sources = ( );\nservers = [ ];\noutputs = ();\n", "");
    ck_assert_uint_eq(fixture.config->instance_count, 0);
    fixture_finish(&fixture);
}
END_TEST

START_TEST(a_bound_beyond_the_other_default_moves_it)
{
    struct config_fixture fixture;
    load_good(&fixture,
              "sources = ( { use = \"proto-ntp\"; pool = \"a\"; maxpoll = 4; },\n"
              "            { use = \"proto-ntp\"; pool = \"b\"; minpoll = 12; } );",
              "");
    ck_assert_int_eq(fixture.config->instances[0].source.min_poll_log2s, 4);
    ck_assert_int_eq(fixture.config->instances[1].source.max_poll_log2s, 12);
    fixture_finish(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- all errors at once */

START_TEST(five_errors_are_five_findings)
{
    check_bad("clock = {\n"
              "    disciplin = true;\n"
              "    max_distance = \"3 s\";\n"
              "};\n"
              "sources = (\n"
              "    { use = \"refclock-gps\";\n"
              "      device = \"/dev/ttyS0\";\n"
              "      baud = 100; },\n"
              "    { use = \"refclock-gps\"; },\n"
              "    { use = \"out-syslog\"; }\n"
              ");\n",
              "gnomon.conf:2: clock.disciplin: unknown key, did you mean \"discipline\"?\n"
              "gnomon.conf:3: clock.max_distance: must be a number of seconds, not a string\n"
              "gnomon.conf:8: baud: 100 is out of range, allowed is 300 … 921600 baud\n"
              "gnomon.conf:9: device: missing, refclock-gps needs a path (a string)\n"
              "gnomon.conf:10: use: out-syslog cannot be a source; it can be: an output\n");
}
END_TEST

START_TEST(groups_that_are_none)
{
    check_bad("clock = 5;\nlocal = ( );\ncontrol = \"x\";\nclock2 = { };\nsources = { };\n"
              "servers = ( 1, { port = 1; } );\noutputs = [ 1 ];\n",
              "gnomon.conf:1: clock: must be a group, clock = { … }, not a whole number\n"
              "gnomon.conf:2: local: must be a group, local = { … }, not a list\n"
              "gnomon.conf:3: control: must be a group, control = { … }, not a string\n"
              "gnomon.conf:4: clock2: unknown key, did you mean \"clock\"?\n"
              "gnomon.conf:5: sources: must be a list of entries, sources = ( { use = …; } ), "
              "not a group\n"
              "gnomon.conf:6: servers: every entry must be a group, { use = …; }, not a whole "
              "number\n"
              "gnomon.conf:6: use: missing, every entry of servers names its plugin, such as use = "
              "\"proto-ntp\"\n"
              "gnomon.conf:7: outputs: must be a list of entries, outputs = ( { use = …; } ), not "
              "an array in [ ]\n");
    check_bad("clock = { step = 3; };",
              "gnomon.conf:1: clock.step: must be a group, step = { … }, not a whole number\n");
    check_bad("clock = { step = { treshold = 3; }; };",
              "gnomon.conf:1: clock.step.treshold: unknown key, did you mean \"threshold\"?\n");
    check_bad("clock = { max_change = 1000; };",
              "gnomon.conf:1: clock.max_change: must be a group, max_change = { … }, not a whole "
              "number\n");
    check_bad(
        "clock = { max_change = { limit = -1; }; };",
        "gnomon.conf:1: clock.max_change.limit: -1 is out of range, allowed is 0 … 1000000000 s\n");
}
END_TEST

START_TEST(a_key_common_to_sources_is_guessed_too)
{
    check_bad("sources = ( { use = \"proto-ntp\"; pool = \"a\"; minpol = 4; } );",
              "gnomon.conf:1: minpol: unknown key, did you mean \"minpoll\"?\n");
    check_bad("servers = ( { use = \"proto-ntp\"; minpoll = 4; nmae = \"x\"; } );",
              "gnomon.conf:1: minpoll: unknown key\n"
              "gnomon.conf:1: nmae: unknown key, did you mean \"name\"?\n");
}
END_TEST

START_TEST(names_are_checked)
{
    check_bad("sources = ( { use = \"proto-ntp\"; pool = \"a\"; name = \"x\"; } );\n"
              "outputs = ( { use = \"out-syslog\"; name = \"x\"; },\n"
              "            { use = \"out-syslog\"; name = \"a/b\"; },\n"
              "            { use = \"out-syslog\"; name = 5; } );\n",
              "gnomon.conf:2: name: \"x\" is already the name of the entry at gnomon.conf:1, every "
              "name is used once\n"
              "gnomon.conf:3: name: must be 1 … 63 letters, digits and - _ . : and not begin with "
              "a dot\n"
              "gnomon.conf:4: name: must be a string, not a whole number\n");
}
END_TEST

START_TEST(plugins_that_cannot_be_used)
{
    check_bad("outputs = ( { use = \"../../evil\"; },\n { use = 5; },\n { use = \"out-mail\"; } );",
              "gnomon.conf:1: use: \"../../evil\" is no name of a plugin: lower-case letters, "
              "digits and -\n"
              "gnomon.conf:2: use: must be a string, the name of a plugin, not a whole number\n"
              "gnomon.conf:3: use: /nonexistent/plugins/out-mail.so: No such file or directory "
              "(built in: proto-ntp, refclock-gps, out-syslog)\n");
}
END_TEST

START_TEST(common_keys_are_checked)
{
    check_bad("sources = ( { use = \"proto-ntp\"; pool = \"a\";\n"
              "minpoll = 8;\nmaxpoll = 7;\ntier = 10;\nrefid = \"GNSS1\";\nstratum = 16; } );",
              "gnomon.conf:2: minpoll: 8 is above maxpoll, allowed is at most 7 log2 s\n"
              "gnomon.conf:4: tier: 10 is out of range, allowed is 0 … 9\n"
              "gnomon.conf:5: refid: must be one to four printable ASCII characters, such as "
              "\"GPS\"\n"
              "gnomon.conf:6: stratum: 16 is out of range, allowed is -1 … 15\n");
}
END_TEST

/* ---------------------------------------------------------------- tests/data/config */

/* Copy tests/data/config/NAME into the fixture's folder as `as`. */
static void take_file(struct config_fixture *fixture, const char *name, const char *as)
{
    const char *source = getenv("GNOMON_SRC");
    char path[PATH_MAX], content[8192];
    snprintf(path, sizeof(path), "%s/tests/data/config/%s", source != NULL ? source : ".", name);
    FILE *stream = fopen(path, "r");
    ck_assert_msg(stream != NULL, "cannot open %s", path);
    fixture_write_bytes(fixture, as, content, fread(content, 1, sizeof(content), stream));
    fclose(stream);
}

/* Each file of the folder gives the findings that its .expected holds. */
START_TEST(files_give_what_is_expected)
{
    static const char *const names[] = {"annotated", "five-errors",    "integers",
                                        "unclosed",  "missing-quotes", "trailing-comma"};
    struct config_fixture fixture;
    char name[64], path[PATH_MAX * 2], expected[8192];
    fixture_init(&fixture);
    snprintf(name, sizeof(name), "%s.conf", names[_i]);
    take_file(&fixture, name, "gnomon.conf");
    snprintf(name, sizeof(name), "%s.expected", names[_i]);
    take_file(&fixture, name, "expected");
    fixture_load(&fixture);

    snprintf(path, sizeof(path), "%s/expected", fixture.folder);
    FILE *stream = fopen(path, "r");
    expected[fread(expected, 1, sizeof(expected) - 1, stream)] = '\0';
    fclose(stream);
    ck_assert_str_eq(text_string(&fixture.findings), expected);
    fixture_finish(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- more files */

START_TEST(drop_ins_override_and_append)
{
    struct config_fixture fixture;
    fixture_init(&fixture);
    fixture_write(&fixture, "gnomon.conf",
                  "clock = { max_distance = 1.0; max_jitter = 2.0; };\n"
                  "sources = ( { use = \"proto-ntp\"; pool = \"main\"; } );\n");
    fixture_write(&fixture, "conf.d/20-b.conf",
                  "clock = { max_distance = 20.0; };\n"
                  "sources = ( { use = \"proto-ntp\"; pool = \"b\"; } );\n");
    fixture_write(&fixture, "conf.d/10-a.conf",
                  "clock = { max_distance = 10.0; };\n"
                  "sources = ( { use = \"proto-ntp\"; pool = \"a\"; } );\n");
    fixture_write(&fixture, "conf.d/README", "not a drop-in");
    fixture_write(&fixture, "conf.d/.hidden.conf", "not a drop-in");
    fixture_write(&fixture, "sources.d/dhcp.sources",
                  "sources = ( { use = \"proto-ntp\"; pool = \"dhcp\"; } );\n");
    bool good = fixture_load(&fixture);
    ck_assert_str_eq(text_string(&fixture.findings), "");
    ck_assert(good);
    ck_assert_double_eq(fixture.config->clock.max_distance_s, 20);
    ck_assert_double_eq(fixture.config->clock.max_jitter_s, 2);
    static const char *const pools[] = {"main", "a", "b", "dhcp"};
    ck_assert_uint_eq(fixture.config->instance_count, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(((struct fake_ntp *)fixture.config->instances[i].options)->pool, pools[i]);
    fixture_finish(&fixture);
}
END_TEST

START_TEST(errors_of_all_files_are_listed)
{
    struct config_fixture fixture;
    fixture_init(&fixture);
    fixture_write(&fixture, "gnomon.conf", "sources = (\n  { use = \"proto-ntp\" },\n);\n");
    fixture_write(&fixture, "conf.d/a.conf", "\nclok = { };\n");
    fixture_write(&fixture, "sources.d/b.sources", "local = { };\nsources = ( { } );\n");
    ck_assert(!fixture_load(&fixture));
    ck_assert_str_eq(text_string(&fixture.findings),
                     "conf.d/a.conf:2: clok: unknown key, did you mean \"clock\"?\n"
                     "gnomon.conf:3: syntax error: the comma before ) is one too many\n"
                     "sources.d/b.sources:1: local: not allowed here, a .sources file holds only "
                     "sources\n"
                     "sources.d/b.sources:2: use: missing, every entry of sources names its "
                     "plugin, such as use = \"proto-ntp\"\n");
    fixture_finish(&fixture);
}
END_TEST

START_TEST(includes_are_relative_to_their_file)
{
    struct config_fixture fixture;
    fixture_init(&fixture);
    fixture_write(&fixture, "gnomon.conf",
                  "@include \"parts/clock.conf\"\n"
                  "sources = (\n"
                  "@include \"parts/sources.inc\"\n"
                  ");\n"
                  "locale = 1;\n");
    fixture_write(&fixture, "parts/clock.conf",
                  "\nclock = {\n  @include \"inner.conf\" // here\n"
                  "max_jitter = \"x\"; };\n");
    fixture_write(&fixture, "parts/inner.conf", "# inner\nmax_distance = true;\n");
    fixture_write(&fixture, "parts/sources.inc",
                  "{ use = \"refclock-gps\";\n  baud = 1; device = \"tty\"; }\n");
    ck_assert(!fixture_load(&fixture));
    ck_assert_str_eq(
        text_string(&fixture.findings),
        "gnomon.conf:5: locale: unknown key, did you mean \"local\"?\n"
        "parts/clock.conf:4: clock.max_jitter: must be a number of seconds, not a string\n"
        "parts/inner.conf:2: clock.max_distance: must be a number of seconds, not true or false\n"
        "parts/sources.inc:2: baud: 1 is out of range, allowed is 300 … 921600 baud\n");
    fixture_finish(&fixture);
}
END_TEST

START_TEST(paths_are_relative_to_their_file)
{
    struct config_fixture fixture;
    char expected[PATH_MAX * 2];
    fixture_init(&fixture);
    fixture_write(&fixture, "gnomon.conf",
                  "clock = { drift_file = \"state/drift\"; };\n"
                  "control = { socket = \"\"; };\nsources = (\n"
                  "@include \"parts/gps.inc\"\n"
                  ");\n");
    fixture_write(&fixture, "parts/gps.inc", "{ use = \"refclock-gps\"; device = \"tty\"; }");
    ck_assert(fixture_load(&fixture));
    snprintf(expected, sizeof(expected), "%s/state/drift", fixture.folder);
    ck_assert_str_eq(fixture.config->clock.drift_file, expected);
    ck_assert_str_eq(fixture.config->control.socket, "");
    snprintf(expected, sizeof(expected), "%s/parts/tty", fixture.folder);
    ck_assert_str_eq(((struct fake_gps *)fixture.config->instances[0].options)->device, expected);
    fixture_finish(&fixture);
}
END_TEST

START_TEST(includes_that_fail)
{
    check_bad("clock = { };\n@include \"gone.conf\"\n",
              "gnomon.conf:2: @include: cannot read gone.conf: No such file or directory\n");
    check_bad("@include \"*.conf\"\n",
              "gnomon.conf:1: @include: cannot read *.conf: No such file or directory (patterns "
              "are not understood here)\n");
    check_bad("@include \"gnomon.conf\"\n",
              "gnomon.conf:1: @include: more than 10 files deep; does a file include itself?\n");
    check_bad("a = 1; @include \"x\"\n",
              "gnomon.conf:1: syntax error: to include a file write, at the beginning of a line, "
              "@include \"FILE\"\n");
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
    struct config_fixture fixture;
    fixture_init(&fixture);
    fixture_write(&fixture, "conf.d/a.conf", "local = { };"); /* no gnomon.conf */
    ck_assert(!fixture_load(&fixture));
    ck_assert_str_eq(text_string(&fixture.findings),
                     "gnomon.conf: cannot read: No such file or directory\n");
    fixture_finish(&fixture);

    fixture_init(&fixture);
    fixture_write(&fixture, "gnomon.conf/x", ""); /* a folder */
    ck_assert(!fixture_load(&fixture));
    ck_assert_str_eq(text_string(&fixture.findings), "gnomon.conf: cannot read: Is a directory\n");
    fixture_finish(&fixture);

    fixture_init(&fixture);
    fixture_write_bytes(&fixture, "gnomon.conf", "clock\0= {}", 10);
    ck_assert(!fixture_load(&fixture));
    ck_assert_str_eq(text_string(&fixture.findings),
                     "gnomon.conf: cannot read: it holds a zero byte, so it is no text\n");
    fixture_finish(&fixture);

    ck_assert_ptr_null(config_load("/dev/zero", NULL, &fixture.diagnostics)); /* and ends */
    ck_assert_str_eq(fixture.diagnostics.items[0].text, "cannot read: it is longer than 4 MiB");
    diagnostics_finish(&fixture.diagnostics);
}
END_TEST

START_TEST(loading_again_and_again_leaves_nothing)
{
    /* A reload reads while the old configuration is in use; leaks are seen by ASan. */
    struct config_fixture fixture;
    load_good(&fixture, "sources = ( { use = \"refclock-gps\"; device = \"a\"; } );", "");
    const struct config *old = fixture.config;
    const char *device = ((struct fake_gps *)old->instances[0].options)->device;
    char copy[PATH_MAX];
    snprintf(copy, sizeof(copy), "%s", device);
    for (int i = 0; i < 10; i++) {
        struct config *again = config_load(old->file, fixture.loader, &fixture.diagnostics);
        ck_assert_ptr_nonnull(again);
        config_free(again);
    }
    ck_assert_str_eq(device, copy);
    fixture_finish(&fixture);
    config_free(NULL);
}
END_TEST

/* ---------------------------------------------------------------- local */

START_TEST(local_has_its_keys)
{
    struct config_fixture fixture;
    load_good(&fixture, "clock = { };\n", "");
    ck_assert(!fixture.config->local.present);
    fixture_finish(&fixture);
    load_good(&fixture, "local = { };\n", "");
    const struct config_local *local = &fixture.config->local;
    ck_assert(local->present && !local->orphan);
    ck_assert_int_eq(local->stratum, 10);
    ck_assert(local->distance_s == 1 && local->activate_s == 0);
    ck_assert(local->wait_synced_s == 0 && local->wait_unsynced_s == 0);
    fixture_finish(&fixture);
    load_good(&fixture,
              "sources = ( { use = \"proto-ntp\"; pool = \"a\"; } );\n"
              "servers = ( { use = \"proto-ntp\"; } );\n"
              "local = { stratum = 8; distance = 0.1; activate = 0.5; orphan = true;\n"
              "          wait_synced = 7200; };\n",
              "");
    local = &fixture.config->local;
    ck_assert_int_eq(local->stratum, 8);
    ck_assert(local->orphan && local->distance_s == 0.1 && local->activate_s == 0.5);
    ck_assert(local->wait_synced_s == 7200 && local->wait_unsynced_s == 300);
    ck_assert_uint_eq(local->line, 3);
    fixture_finish(&fixture);
}
END_TEST

START_TEST(local_refuses_wrong_values)
{
    check_bad("local = { stratum = 16; distance = -1; activate = \"soon\"; orphan = 1;\n"
              "wait_synced = 17.5e9; wait_unsynced = true; stratus = 3; };\n",
              "gnomon.conf:1: local.stratum: 16 is out of range, allowed is 1 … 15\n"
              "gnomon.conf:1: local.distance: -1 is out of range, allowed is 0 … 16 s\n"
              "gnomon.conf:1: local.activate: must be a number of seconds, not a string\n"
              "gnomon.conf:1: local.orphan: must be true or false, not a whole number\n"
              "gnomon.conf:2: local.wait_synced: 17500000000 is out of range, allowed is 0 … "
              "1000000000 s\n"
              "gnomon.conf:2: local.wait_unsynced: must be a number of seconds, not true or "
              "false\n"
              "gnomon.conf:2: local.stratus: unknown key, did you mean \"stratum\"?\n");
}
END_TEST

START_TEST(network_names_its_cards)
{
    struct config_fixture fixture;
    load_good(&fixture,
              "\nnetwork = { hwtimestamp = [ \"eth0\", \"eth1\" ]; rxfilter = \"ptp\"; "
              "rxcomp = 300e-9; };",
              "");
    const struct config_network *network = &fixture.config->network;
    ck_assert_uint_eq(network->hwtimestamp.count, 2);
    ck_assert_str_eq(network->hwtimestamp.items[1], "eth1");
    ck_assert_int_eq(network->rx_filter, 3);
    ck_assert_double_eq_tol(network->rx_comp_s, 300e-9, 1e-15);
    fixture_finish(&fixture);
    check_bad(
        "network = { hwtimestamp = true; rxfilter = \"some\"; txcomp = 1; hwtimestamps = 1; };",
        "gnomon.conf:1: network.hwtimestamp: must be a list of strings, not true or false\n"
        "gnomon.conf:1: network.rxfilter: \"some\" is not known, allowed is one of \"auto\", "
        "\"all\", "
        "\"ntp\", \"ptp\", \"none\"\n"
        "gnomon.conf:1: network.txcomp: 1 is out of range, allowed is -0.001 … 0.001 s\n"
        "gnomon.conf:1: network.hwtimestamps: unknown key, did you mean \"hwtimestamp\"?\n");
}
END_TEST

START_TEST(orphans_need_each_other)
{
    struct config_fixture fixture;
    load_good(&fixture,
              "\nlocal = { orphan = true; stratum = 15; };\nclock = { min_sources = 2; };",
              "gnomon.conf:2: warning: local.orphan: no other server of the group is among the "
              "sources: all of them are to poll each other, or this one never follows any\n"
              "gnomon.conf:2: warning: local.orphan: there is no entry in servers: the others of "
              "the group cannot follow this one\n"
              "gnomon.conf:2: warning: local.stratum: who follows an orphan of stratum 15 would be "
              "of stratum 16, which is not synchronised; 14 is the largest that leaves room\n"
              "gnomon.conf:2: warning: local.orphan: a group has one leader, and "
              "clock.min_sources asks for more: it is not followed\n");
    fixture_finish(&fixture);
    load_good(&fixture, "local = { activate = 0.1; };\n",
              "gnomon.conf:1: warning: local.activate: there are no sources, so the clock is never "
              "synchronised, and never served\n");
    fixture_finish(&fixture);
    load_good(
        &fixture,
        "sources = ( { use = \"proto-ntp\"; server = \"a\"; } );\nlocal = { distance = 0.0; };",
        "gnomon.conf:2: warning: local.distance: 0 without wait_synced: the own clock is "
        "served even while a source is followed\n");
    fixture_finish(&fixture);
}
END_TEST

/* ---------------------------------------------------------------- warnings */

START_TEST(what_nobody_does_warns)
{
    struct config_fixture fixture;
    load_good(
        &fixture, "clock = { rtc = \"track\";\nleap_list = \"leap-seconds.list\"; };\n",
        "gnomon.conf:1: warning: clock.rtc: \"track\" is the work of refclock-rtc, which is not "
        "among the sources: nobody writes the RTC\n");
    ck_assert_int_eq(fixture.config->clock.rtc, CONFIG_RTC_TRACK);
    ck_assert_uint_eq(fixture.diagnostics.warnings, 1);
    ck_assert_uint_eq(fixture.diagnostics.errors, 0);
    /* Beside the file that names it; it is read when the daemon starts. */
    ck_assert_ptr_nonnull(strstr(fixture.config->clock.leap_list, "/leap-seconds.list"));
    fixture_finish(&fixture);
}
END_TEST

START_TEST(what_is_hardly_meant_warns)
{
    struct config_fixture fixture;
    load_good(&fixture,
              "sources = ( { use = \"proto-ntp\"; server = \"127.127.1.0\"; },\n"
              "{ use = \"proto-ntp\"; server = \"A.example\"; },\n"
              "{ use = \"proto-ntp\"; server = \"a.example\"; } );\n",
              "gnomon.conf:1: warning: server: 127.127.1.0 is the address of a driver of ntpd, not "
              "of a server; for the machine's own clock use refclock-local\n"
              "gnomon.conf:3: warning: server: a.example is already the source at gnomon.conf:2; "
              "twice the same server counts as two votes\n");
    fixture_finish(&fixture);

    load_good(&fixture,
              "sources = ( { use = \"proto-ntp\"; server = \"a\"; },\n"
              "{ use = \"proto-ntp\"; server = \"a\"; port = 124; } );\n",
              "gnomon.conf:2: warning: sources: of two NTP servers that disagree neither has a "
              "majority; configure one, or three and more\n");
    fixture_finish(&fixture);

    load_good(&fixture,
              "sources = ( { use = \"proto-ntp\"; server = \"a\"; },\n"
              "{ use = \"proto-ntp\"; server = \"b\"; noselect = true; trust = true; } );\n"
              "clock = { min_sources = 2; };\n",
              "gnomon.conf:1: warning: sources: there is 1, and clock.min_sources asks for 2 that "
              "agree: the clock will never be set\n"
              "gnomon.conf:2: warning: trust: means nothing beside noselect\n");
    fixture_finish(&fixture);
}
END_TEST

START_TEST(what_is_meant_does_not_warn)
{
    static const char *const good[] = {
        "sources = ( { use = \"proto-ntp\"; server = \"a\"; } );",
        "sources = ( { use = \"proto-ntp\"; server = \"a\"; trust = true; },"
        "            { use = \"proto-ntp\"; server = \"b\"; } );",
        "sources = ( { use = \"proto-ntp\"; server = \"a\"; },"
        "            { use = \"proto-ntp\"; server = \"b\"; noselect = true; } );",
        "sources = ( { use = \"proto-ntp\"; server = \"a\"; },"
        "            { use = \"proto-ntp\"; pool = \"b\"; } );",
        "sources = ( { use = \"proto-ntp\"; server = \"a\"; },"
        "            { use = \"refclock-gps\"; device = \"/dev/x\"; } );",
        "sources = ( { use = \"proto-ntp\"; server = \"a\"; },"
        "            { use = \"proto-ntp\"; server = \"b\"; tier = 1; } );",
        "sources = ( { use = \"proto-ntp\"; server = \"a\"; },"
        "            { use = \"proto-ntp\"; pool = \"b\"; } );"
        "clock = { min_sources = 3; };",
        "local = { stratum = 10; orphan = false; };",
        "local = { distance = 0; };",
        "sources = ( { use = \"proto-ntp\"; server = \"a\"; } );"
        "local = { distance = 0; wait_synced = 600; activate = 0.5; };",
        "sources = ( { use = \"proto-ntp\"; server = \"a\"; },"
        "            { use = \"proto-ntp\"; server = \"b\"; } );"
        "servers = ( { use = \"proto-ntp\"; } );"
        "local = { orphan = true; };",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct config_fixture fixture;
        load_good(&fixture, good[i], "");
        fixture_finish(&fixture);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tcase = tcase_create("config");
    tcase_add_test(tcase, an_empty_file_gives_the_defaults);
    tcase_add_test(tcase, groups_are_read);
    tcase_add_test(tcase, a_mode_is_octal_however_it_is_written);
    tcase_add_test(tcase, entries_become_instances_in_order);
    tcase_add_test(tcase, a_given_name_does_not_take_a_configured_one);
    tcase_add_test(tcase, empty_lists_are_legal);
    tcase_add_test(tcase, a_bound_beyond_the_other_default_moves_it);
    tcase_add_test(tcase, five_errors_are_five_findings);
    tcase_add_test(tcase, groups_that_are_none);
    tcase_add_test(tcase, a_key_common_to_sources_is_guessed_too);
    tcase_add_test(tcase, names_are_checked);
    tcase_add_test(tcase, plugins_that_cannot_be_used);
    tcase_add_test(tcase, common_keys_are_checked);
    tcase_add_loop_test(tcase, files_give_what_is_expected, 0, 6);
    tcase_add_test(tcase, drop_ins_override_and_append);
    tcase_add_test(tcase, errors_of_all_files_are_listed);
    tcase_add_test(tcase, includes_are_relative_to_their_file);
    tcase_add_test(tcase, paths_are_relative_to_their_file);
    tcase_add_test(tcase, includes_that_fail);
    tcase_add_test(tcase, files_that_cannot_be_read);
    tcase_add_test(tcase, loading_again_and_again_leaves_nothing);
    tcase_add_test(tcase, what_nobody_does_warns);
    tcase_add_test(tcase, local_has_its_keys);
    tcase_add_test(tcase, local_refuses_wrong_values);
    tcase_add_test(tcase, network_names_its_cards);
    tcase_add_test(tcase, orphans_need_each_other);
    tcase_add_test(tcase, what_is_hardly_meant_warns);
    tcase_add_test(tcase, what_is_meant_does_not_warn);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
