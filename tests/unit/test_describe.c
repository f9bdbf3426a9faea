/* SPDX-License-Identifier: Apache-2.0 */
#include <host/describe.h>
#include <tests/unit/config_fixture.h>

START_TEST(a_plugin_is_described)
{
    struct text text;
    text_init(&text);
    describe_descriptor(&fake_plugins[1], &text);
    const char *common = strstr(text_string(&text), "\n  Common to all sources:\n");
    ck_assert_ptr_nonnull(common);
    ck_assert_ptr_nonnull(strstr(common, "  minpoll        shortest interval between measurements\n"
                                         "                 (a whole number, -4 … 17 log2 "
                                         "s; default 6)\n"));
    text.data[common - text.data] = '\0';
    ck_assert_str_eq(text_string(&text),
                     "refclock-gps 1.2: A fake\n"
                     "\n"
                     "As a source, in an entry of `sources`:\n"
                     "  device         Serial port of the receiver\n"
                     "                 (a path (a string); required)\n"
                     "  label          (a string; default \"GPS\")\n"
                     "  baud           Speed of the port\n"
                     "                 (a whole number, 300 … 921600 baud; default 9600)\n"
                     "  serial         (a whole number)\n"
                     "  delay          How late the sentences come\n"
                     "                 (a number, -1 … 1 s; default 0.25)\n"
                     "  protocol       What the receiver speaks\n"
                     "                 (one of \"nmea\", \"ubx\"; default \"ubx\")\n"
                     "  sentences      Sentences that are looked at\n"
                     "                 (a list of strings; default \"RMC, ZDA\")\n");
    text_finish(&text);
}
END_TEST

/* The sample of a description, with all its comments made settings. */
static void add_sample(const char *description, struct text *sample)
{
    const char *start = strstr(description, "s = (\n");
    ck_assert_ptr_nonnull(start);
    while (start > description && start[-1] != '\n')
        start--;
    for (; *start != '\0'; start++) {
        if (strncmp(start, "// ", 3) == 0)
            start += 3;
        text_add_bytes(sample, start, 1);
    }
}

START_TEST(the_sample_is_a_valid_configuration)
{
    for (size_t i = 0; i < FAKE_PLUGIN_COUNT; i++) {
        struct config_fixture fixture;
        struct gn_plugin plugin = fake_plugins[i];
        struct text text, sample;
        plugin.role_count = 1;
        text_init(&text);
        text_init(&sample);
        describe_descriptor(&plugin, &text);
        add_sample(text_string(&text), &sample);
        fixture_init(&fixture);
        fixture_write(&fixture, "gnomon.conf", text_string(&sample));
        bool good = fixture_load(&fixture);
        ck_assert_str_eq(text_string(&fixture.findings), "");
        ck_assert(good);
        ck_assert_uint_eq(fixture.config->instance_count, 1);
        fixture_finish(&fixture);
        text_finish(&text);
        text_finish(&sample);
    }
}
END_TEST

START_TEST(every_role_is_told)
{
    struct text text;
    text_init(&text);
    describe_descriptor(&fake_plugins[0], &text);
    ck_assert_ptr_nonnull(strstr(text_string(&text), "\nAs a source, in an entry of `sources`:\n"));
    const char *server = strstr(text_string(&text), "\nAs a server, in an entry of `servers`:\n");
    ck_assert_ptr_nonnull(server);
    ck_assert_ptr_null(strstr(server, "minpoll")); /* of sources only */
    ck_assert_ptr_nonnull(strstr(server, "// listen = [ \"0.0.0.0\", \"::\" ];"));
    text_finish(&text);
}
END_TEST

START_TEST(the_list_shows_refused_files)
{
    struct config_fixture fixture;
    char line[1024] = "";
    fixture_init(&fixture);
    fixture_write(&fixture, "broken.so", "no plugin");
    struct loader *loader = loader_create(fixture.folder);
    FILE *stream = tmpfile();
    ck_assert(!describe_list(loader, stream));
    rewind(stream);
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), stream));
    ck_assert_int_eq(strncmp(line, "broken               refused: ", 30), 0);
    ck_assert_ptr_nonnull(strstr(line, "/broken.so: file too short"));
    fclose(stream);
    loader_destroy(loader);
    fixture_finish(&fixture);
}
END_TEST

START_TEST(a_linked_in_plugin_can_be_described)
{
    struct config_fixture fixture;
    char line[64] = "";
    fixture_init(&fixture);
    FILE *stream = tmpfile();
    ck_assert(describe_plugin(fixture.loader, "proto-ntp", stream));
    rewind(stream);
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), stream));
    ck_assert_str_eq(line, "proto-ntp 1.2: A fake\n");
    fclose(stream);
    fixture_finish(&fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("describe");
    TCase *tcase = tcase_create("describe");
    tcase_add_test(tcase, a_plugin_is_described);
    tcase_add_test(tcase, the_sample_is_a_valid_configuration);
    tcase_add_test(tcase, every_role_is_told);
    tcase_add_test(tcase, the_list_shows_refused_files);
    tcase_add_test(tcase, a_linked_in_plugin_can_be_described);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
