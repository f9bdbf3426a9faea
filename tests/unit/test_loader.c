/* SPDX-License-Identifier: Apache-2.0 */
/* The load rule on made-up descriptors, and files that are no plugins. Real ones: tests/system. */
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <tests/unit/config_fixture.h>

/* A sound plugin to spoil. */
struct spoilt {
    struct gn_option options[2];
    struct gn_role roles[2];
    struct gn_plugin plugin;
};

static void make(struct spoilt *spoilt)
{
    memset(spoilt, 0, sizeof(*spoilt));
    memcpy(spoilt->options, fake_gps_options, sizeof(spoilt->options));
    spoilt->roles[0] = fake_gps_roles[0];
    spoilt->roles[0].options = spoilt->options;
    spoilt->roles[0].option_count = 2;
    spoilt->roles[1] = fake_syslog_roles[0];
    spoilt->plugin = fake_plugins[1];
    spoilt->plugin.roles = spoilt->roles;
    spoilt->plugin.role_count = 2;
}

static void check_refused(const struct spoilt *spoilt, const char *reason)
{
    char why[512] = "";
    ck_assert(!loader_check(&spoilt->plugin, "refclock-gps", why, sizeof(why)));
    ck_assert_str_eq(why, reason);
}

START_TEST(a_sound_plugin_passes)
{
    struct spoilt spoilt;
    char why[64] = "untouched";
    make(&spoilt);
    ck_assert(loader_check(&spoilt.plugin, "refclock-gps", why, sizeof(why)));
    ck_assert_str_eq(why, "untouched");
}
END_TEST

START_TEST(the_head_is_checked_before_the_rest)
{
    struct spoilt spoilt;
    make(&spoilt);
    spoilt.plugin.name = (const char *)1; /* would crash if it were read */
    spoilt.plugin.roles = (const struct gn_role *)1;
    spoilt.plugin.magic = 0x12345678;
    check_refused(&spoilt, "its gn_plugin is not a descriptor of gnomon (magic 0x12345678); start "
                           "it with GN_PLUGIN_HEAD");
    spoilt.plugin.magic = GN_PLUGIN_MAGIC;
    spoilt.plugin.abi_major = 2;
    check_refused(&spoilt, "ABI 2.1, this daemon speaks 1.1; rebuild the plugin with its headers");
    spoilt.plugin.abi_major = GN_ABI_MAJOR;
    spoilt.plugin.abi_minor = GN_ABI_MINOR + 1;
    check_refused(&spoilt, "ABI 1.2, this daemon speaks 1.1; update the daemon, or rebuild the "
                           "plugin with its headers");
    spoilt.plugin.abi_minor = GN_ABI_MINOR;
    spoilt.plugin.size = 16;
    char expected[256];
    snprintf(expected, sizeof(expected),
             "its descriptor has 16 bytes, at least %zu are needed; set size by GN_PLUGIN_HEAD",
             sizeof(struct gn_plugin));
    check_refused(&spoilt, expected);
}
END_TEST

START_TEST(the_identity_is_checked)
{
    struct spoilt spoilt;
    make(&spoilt);
    spoilt.plugin.name = "refclock-foo";
    check_refused(&spoilt, "it calls itself \"refclock-foo\"; name the file refclock-foo.so");
    make(&spoilt);
    spoilt.plugin.summary = NULL;
    check_refused(&spoilt, "its descriptor lacks name, version or summary");
    make(&spoilt);
    spoilt.plugin.role_count = 0;
    check_refused(&spoilt, "it has no role, so it cannot be configured as anything");
    make(&spoilt);
    spoilt.plugin.role_size = 8;
    char expected[256];
    snprintf(expected, sizeof(expected),
             "its roles have 8 bytes each, at least %zu are needed; set role_size by "
             "GN_PLUGIN_HEAD",
             offsetof(struct gn_role, event) + sizeof(spoilt.roles[0].event));
    check_refused(&spoilt, expected);
}
END_TEST

START_TEST(roles_are_checked)
{
    struct spoilt spoilt;
    make(&spoilt);
    spoilt.roles[1].close = NULL;
    check_refused(&spoilt, "role 1 lacks open, start or close");
}
END_TEST

START_TEST(tables_are_checked)
{
    struct spoilt spoilt;
    make(&spoilt);
    spoilt.options[1].key = NULL;
    check_refused(&spoilt, "role 0: option 1 (?): it has no key");
    make(&spoilt);
    spoilt.options[1].type = 99;
    check_refused(&spoilt, "role 0: option 1 (label): its type is unknown");
    make(&spoilt);
    spoilt.options[1].offset = sizeof(struct fake_gps) - 1;
    check_refused(&spoilt, "role 0: option 1 (label): its field lies outside the role's struct; "
                           "check offset and config_size");
    make(&spoilt);
    spoilt.options[1].offset = SIZE_MAX;
    check_refused(&spoilt, "role 0: option 1 (label): its field lies outside the role's struct; "
                           "check offset and config_size");
    make(&spoilt);
    spoilt.options[1].offset = 3;
    check_refused(&spoilt, "role 0: option 1 (label): its field is not aligned; check the offset");
    make(&spoilt);
    spoilt.options[1].type = GN_OPT_CHOICE;
    check_refused(&spoilt, "role 0: option 1 (label): it has no choices");
    make(&spoilt);
    spoilt.options[1].type = GN_OPT_INT;
    check_refused(&spoilt, "role 0: option 1 (label): its default is not a value that it takes");
    make(&spoilt);
    spoilt.options[1].type = GN_OPT_INT;
    spoilt.options[1].preset = "1";
    spoilt.options[1].min = 2;
    spoilt.options[1].max = 3;
    check_refused(&spoilt, "role 0: option 1 (label): its default is out of its range");
    spoilt.options[1].max = NAN;
    check_refused(&spoilt, "role 0: option 1 (label): its min is above its max");
    make(&spoilt);
    spoilt.options[0].preset = "x";
    check_refused(&spoilt, "role 0: option 0 (device): it is required and yet has a default");
    make(&spoilt);
    spoilt.roles[0].option_size = 8;
    char expected[256];
    snprintf(expected, sizeof(expected), "role 0: option_size is 8, at least %zu is needed",
             sizeof(struct gn_option));
    check_refused(&spoilt, expected);
}
END_TEST

/* ---------------------------------------------------------------- roles of a later minor */

struct later_role {
    struct gn_role role;
    void (*added)(void);
};

START_TEST(longer_roles_are_walked_by_their_own_size)
{
    struct later_role roles[2] = {{fake_gps_roles[0], NULL}, {fake_syslog_roles[0], NULL}};
    struct gn_plugin plugin = fake_plugins[1];
    plugin.roles = &roles[0].role;
    plugin.role_count = 2;
    plugin.role_size = sizeof(roles[0]);
    ck_assert(loader_check(&plugin, "refclock-gps", NULL, 0));
    ck_assert_ptr_eq(plugin_role(&plugin, 1), &roles[1].role);
    ck_assert_ptr_eq(plugin_role_of(&plugin, GN_OUTPUT), &roles[1].role);
    ck_assert_ptr_null(plugin_role_of(&plugin, GN_SERVER));
}
END_TEST

/* ---------------------------------------------------------------- files */

static void check_get(struct loader *loader, const char *name, const char *reason)
{
    char why[1024] = "";
    ck_assert_ptr_null(loader_get(loader, name, why, sizeof(why)));
    ck_assert_msg(strstr(why, reason) != NULL, "\"%s\" does not hold \"%s\"", why, reason);
}

START_TEST(files_that_are_no_plugins)
{
    struct config_fixture fixture;
    fixture_init(&fixture);
    struct loader *loader = loader_create(fixture.folder);
    check_get(loader, "text", "(no plugin is in this folder)");
    fixture_write(&fixture, "text.so",
                  "This is no plugin, but a text that is longer than the header of an ELF file.\n");
    fixture_write(&fixture, "empty.so", "");
    fixture_write(&fixture, "folder.so/x", "");
    fixture_write(&fixture, "README", "");
    char path[PATH_MAX * 2];
    snprintf(path, sizeof(path), "%s/pipe.so", fixture.folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);

    check_get(loader, "text", "/text.so: invalid ELF header");
    check_get(loader, "empty", "/empty.so: file too short");
    check_get(loader, "folder", "/folder.so: not a file");
    check_get(loader, "pipe", "/pipe.so: not a file"); /* and does not wait */
    check_get(loader, "txt",
              "/txt.so: No such file or directory, did you mean \"text\"? (there "
              "are: empty, folder, pipe, text)");
    ck_assert_ptr_null(loader_next(loader, NULL));
    loader_destroy(loader);
    fixture_finish(&fixture);
}
END_TEST

/* Where a library of this machine lies. */
static const char *library_path(void)
{
    Dl_info info;
    void *library = dlopen("libm.so.6", RTLD_NOW);
    ck_assert_ptr_nonnull(library);
    ck_assert_int_ne(dladdr(dlsym(library, "lgamma_r"), &info), 0);
    return info.dli_fname;
}

START_TEST(a_library_that_is_no_plugin)
{
    struct config_fixture fixture;
    char path[PATH_MAX * 2];
    fixture_init(&fixture);
    snprintf(path, sizeof(path), "%s/library.so", fixture.folder);
    ck_assert_int_eq(symlink(library_path(), path), 0);
    struct loader *loader = loader_create(fixture.folder);
    check_get(loader, "library",
              "/library.so: it exports no gn_plugin, so it is not a plugin of gnomon");
    loader_destroy(loader);
    fixture_finish(&fixture);
}
END_TEST

START_TEST(names_play_no_tricks_with_paths)
{
    struct loader *loader = loader_create("/");
    static const char *const names[] = {"", "..", "../x", "a/b", "A", "a.b", "a b", "/etc/passwd"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        check_get(loader, names[i], "is no name of a plugin: lower-case letters, digits and -");
    loader_destroy(loader);
    loader_destroy(NULL);
}
END_TEST

START_TEST(the_folder_is_listed_sorted)
{
    struct config_fixture fixture;
    size_t count;
    fixture_init(&fixture);
    fixture_write(&fixture, "b.so", "");
    fixture_write(&fixture, "a.so", "");
    fixture_write(&fixture, "c.la", "");
    fixture_write(&fixture, ".so", "");
    struct loader *loader = loader_create(fixture.folder);
    char **names = loader_names(loader, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(names[0], "a");
    ck_assert_str_eq(names[1], "b");
    loader_names_free(names, count);
    loader_destroy(loader);
    loader = loader_create("/nonexistent");
    ck_assert_ptr_null(loader_names(loader, &count));
    ck_assert_uint_eq(count, 0);
    loader_destroy(loader);
    fixture_finish(&fixture);
}
END_TEST

START_TEST(plugins_that_are_linked_in)
{
    struct loader *loader = loader_create("/nonexistent");
    struct spoilt spoilt;
    char why[256];
    const struct plugin *ntp = loader_add(loader, &fake_plugins[0], why, sizeof(why));
    const struct plugin *gps = loader_add(loader, &fake_plugins[1], why, sizeof(why));
    ck_assert_ptr_eq(loader_get(loader, "proto-ntp", why, sizeof(why)), ntp);
    ck_assert_ptr_eq(loader_next(loader, NULL), ntp);
    ck_assert_ptr_eq(loader_next(loader, ntp), gps);
    ck_assert_ptr_null(loader_next(loader, gps));
    make(&spoilt);
    spoilt.plugin.abi_major = 7;
    ck_assert_ptr_null(loader_add(loader, &spoilt.plugin, why, sizeof(why)));
    loader_destroy(loader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader");
    TCase *tcase = tcase_create("loader");
    tcase_add_test(tcase, a_sound_plugin_passes);
    tcase_add_test(tcase, the_head_is_checked_before_the_rest);
    tcase_add_test(tcase, the_identity_is_checked);
    tcase_add_test(tcase, roles_are_checked);
    tcase_add_test(tcase, tables_are_checked);
    tcase_add_test(tcase, longer_roles_are_walked_by_their_own_size);
    tcase_add_test(tcase, files_that_are_no_plugins);
    tcase_add_test(tcase, a_library_that_is_no_plugin);
    tcase_add_test(tcase, names_play_no_tricks_with_paths);
    tcase_add_test(tcase, the_folder_is_listed_sorted);
    tcase_add_test(tcase, plugins_that_are_linked_in);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
