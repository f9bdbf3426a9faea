/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every plugin owes the daemon, checked over all plugins of a folder: a descriptor that
 * passes the load rule, a table of options that makes sense, and a life without a crash, a leak
 * or a misused handle, whatever the services answer and the network sends.
 *
 *     conformance [FOLDER]
 */

#include "life.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SUBJECTS_MAX = 64,
    DATAGRAM_MAX = 1500,
    /* More failing calls than this in one short life: then every call of the rest behaves alike. */
    FAILURES_MAX = 400,
};

static struct subject subjects[SUBJECTS_MAX];

/* A daemon gets nowhere with these roles as they are: what they must or may be given. */
static const struct {
    const char *plugin;
    enum gn_role_kind kind;
    const char *given;
} givens[] = {
    {"proto-ntp", GN_SOURCE, "server=192.0.2.1"},
    {"proto-ntp", GN_SOURCE, "server=192.0.2.1;iburst=true"},
    {"proto-ntp", GN_SOURCE, "server=2001:db8::1"},
    {"proto-ntp", GN_SOURCE,
     "server=192.0.2.1;filter=3;presend=6;maxdelayratio=2;maxdelayquant=0.5"},
    {"proto-ntp", GN_SOURCE, "server=192.0.2.1;bind_device=lo;source_port=1123;dscp=46"},
    {"proto-ntp", GN_SOURCE, "server=time.example.net"},
    {"proto-ntp", GN_SOURCE, "pool=pool.example.net"},
    {"proto-ntp", GN_SOURCE, "peer=192.0.2.1;iburst=true"},
    {"proto-ntp", GN_SOURCE, "peer=peer.example.net"},
    {"proto-ntp", GN_SOURCE, "broadcast=192.0.2.255;from=all"},
    {"proto-ntp", GN_SOURCE, "broadcast=ff05::101;from=198.51.100.0/24,2001:db8::/32;volley=false"},
    {"proto-ntp", GN_SOURCE, "manycast=239.192.0.1;from=all;ttl=64"},
    {"proto-ntp", GN_SERVER,
     "allow=192.0.2.0/24;broadcast=192.0.2.255,ff05::101;groups=224.0.1.1;broadcast_interval=1"},
    {"proto-ntp", GN_SERVER, "allow=192.0.2.0/24,2001:db8::/32"},
    {"proto-sntp", GN_SOURCE, "server=192.0.2.1"},
    {"proto-sntp", GN_SOURCE, "server=time.example.net,2001:db8::1"},
    {"proto-sntp", GN_SERVER, "allow=192.0.2.0/24,2001:db8::/32"},
    {"refclock-gps", GN_SOURCE, "baud=9600"},
    {"refclock-gps", GN_SOURCE, "pps=/dev/pps0;edge=clear;width=0.1"},
    {"refclock-gps", GN_SOURCE, "pps=dcd;latency=0.1;pivot=2026-06-30"},
    {"refclock-gps", GN_SOURCE, "gpsd=192.0.2.1:2947"},
    {"refclock-gps", GN_SOURCE, "log=/nothing/log"},
    {"refclock-gps", GN_SOURCE, "replay=/nothing/log"},
    {"out-syslog", GN_OUTPUT, "protocol=syslog"},
};

static bool has_given(const struct gn_plugin *plugin, const struct gn_role *role)
{
    for (size_t i = 0; i < sizeof(givens) / sizeof(*givens); i++)
        if (strcmp(givens[i].plugin, plugin->name) == 0 && givens[i].kind == role->kind)
            return true;
    return false;
}

/* ----------------------------------------------------------------------------------- descriptor */

static void check_sentence(const char *what, const char *text)
{
    ck_assert_msg(text != NULL && text[0] != '\0', "%s is missing", what);
    ck_assert_msg(text[strlen(text) - 1] != '.', "%s ends in a full stop: %s", what, text);
    ck_assert_msg(strchr(text, '\n') == NULL, "%s has more than one line: %s", what, text);
}

START_TEST(test_descriptor)
{
    const struct subject *subject = &subjects[_i];
    const struct gn_plugin *plugin = subject->plugin;
    ck_assert_msg(plugin != NULL, "%s", subject->why);
    ck_assert_uint_eq(plugin->magic, GN_PLUGIN_MAGIC);
    ck_assert_uint_eq(plugin->abi_major, GN_ABI_MAJOR);
    ck_assert_uint_le(plugin->abi_minor, GN_ABI_MINOR);
    ck_assert_uint_ge(plugin->size, sizeof(struct gn_plugin));
    ck_assert_str_eq(plugin->name, subject->name);
    ck_assert_msg(plugin->version != NULL && plugin->version[0] != '\0', "no version");
    check_sentence("the summary", plugin->summary);
    ck_assert_uint_gt(plugin->role_count, 0);
    ck_assert_uint_ge(plugin->role_size, sizeof(struct gn_role));
    ck_assert_msg((plugin->shared_open == NULL) == (plugin->shared_close == NULL),
                  "shared_open and shared_close go together");
}
END_TEST

START_TEST(test_roles)
{
    const struct gn_plugin *plugin = subjects[_i].plugin;
    unsigned kinds = 0;
    for (size_t i = 0; i < plugin->role_count; i++) {
        const struct gn_role *role = subject_role(plugin, i);
        ck_assert_uint_le(role->kind, GN_OUTPUT);
        ck_assert_msg((kinds & (1u << role->kind)) == 0, "two roles of one kind");
        kinds |= 1u << role->kind;
        ck_assert_msg(role->open != NULL && role->start != NULL && role->close != NULL,
                      "open, start and close are not optional");
        ck_assert_msg(role->option_count == 0 || role->options != NULL, "no option table");
        ck_assert_uint_ge(role->option_size, role->option_count > 0 ? sizeof(struct gn_option) : 0);
    }
}
END_TEST

/* -------------------------------------------------------------------------------------- options */

static size_t field_size(uint32_t type)
{
    static const size_t sizes[] = {
        [GN_OPT_BOOL] = sizeof(bool),
        [GN_OPT_INT] = sizeof(int64_t),
        [GN_OPT_REAL] = sizeof(double),
        [GN_OPT_STRING] = sizeof(const char *),
        [GN_OPT_PATH] = sizeof(const char *),
        [GN_OPT_CHOICE] = sizeof(int),
        [GN_OPT_STRINGS] = sizeof(struct gn_strings),
    };
    return type < sizeof(sizes) / sizeof(*sizes) ? sizes[type] : 0;
}

static bool good_key(const char *key)
{
    return key != NULL && key[0] >= 'a' && key[0] <= 'z' &&
           key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* Keys that the daemon reads itself never reach a plugin. */
static bool taken_key(const char *key, uint32_t kind)
{
    static const char *const every[] = {"use", "name"};
    static const char *const source[] = {"minpoll",  "maxpoll", "prefer", "trust",   "require",
                                         "noselect", "tier",    "offset", "stratum", "refid"};
    for (size_t i = 0; i < sizeof(every) / sizeof(*every); i++)
        if (strcmp(key, every[i]) == 0)
            return true;
    for (size_t i = 0; kind == GN_SOURCE && i < sizeof(source) / sizeof(*source); i++)
        if (strcmp(key, source[i]) == 0)
            return true;
    return false;
}

static void check_choices(const struct gn_option *option)
{
    ck_assert_msg((option->choices != NULL) == (option->type == GN_OPT_CHOICE),
                  "%s: choices are for a CHOICE, and only for it", option->key);
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++)
        ck_assert_msg(i < 1000, "%s: choices do not end", option->key);
}

static void check_field(const struct gn_role *role, const struct gn_option *option)
{
    size_t size = field_size(option->type);
    ck_assert_msg(size > 0, "%s: unknown type %u", option->key, option->type);
    ck_assert_msg(option->offset + size <= role->config_size,
                  "%s: its field ends behind the config", option->key);
    for (size_t i = 0; i < role->option_count; i++) {
        const struct gn_option *other = subject_option(role, i);
        ck_assert_msg(other == option ||
                          other->offset + field_size(other->type) <= option->offset ||
                          option->offset + size <= other->offset,
                      "%s and %s share a field", option->key, other->key);
    }
}

static void check_option(const struct gn_role *role, size_t index)
{
    const struct gn_option *option = subject_option(role, index);
    ck_assert_msg(good_key(option->key), "option %zu: a key is lower case letters", index);
    ck_assert_msg(!taken_key(option->key, role->kind), "%s: the daemon's own key", option->key);
    for (size_t i = 0; i < index; i++)
        ck_assert_str_ne(option->key, subject_option(role, i)->key);
    check_sentence(option->key, option->help);
    check_choices(option);
    check_field(role, option);
    ck_assert_msg(option->min <= option->max, "%s: its range is empty", option->key);
    ck_assert_msg((option->flags & GN_OPT_REQUIRED) == 0 || option->preset == NULL,
                  "%s: required, and has a preset", option->key);
}

START_TEST(test_options)
{
    const struct gn_plugin *plugin = subjects[_i].plugin;
    char why[512];
    struct filled filled;
    for (size_t i = 0; i < plugin->role_count; i++) {
        const struct gn_role *role = subject_role(plugin, i);
        for (size_t k = 0; k < role->option_count; k++)
            check_option(role, k);
        ck_assert_msg(filled_init(&filled, role, NULL, why, sizeof(why)) == 0, "%s", why);
        filled_finish(&filled);
    }
}
END_TEST

/* ----------------------------------------------------------------------------------------- lives
 */

static void check_life(const struct life *life, const char *when)
{
    ck_assert_msg(life->why[0] == '\0', "%s: %s", when, life->why);
    ck_assert_msg(life->world.misuse == NULL, "%s: the plugin %s", when, life->world.misuse);
}

/* All the events there are, and one of a daemon to come. */
static void tell_everything(struct life *life)
{
    static const char *const texts[] = {"a plain sentence", "", "two\nlines, \xc3\xa9 and \x01"};
    for (uint32_t kind = 0; kind <= GN_EVENT_COUNT; kind++) {
        struct gn_event event = {
            .size = sizeof(event),
            .kind = kind,
            .level = kind % (GN_DEBUG + 1),
            .when = {life->world.now_ns},
            .utc = {life->world.now_ns + FAKE_SYSTEM_NS},
            .source = kind % 2 == 0 ? "" : "gps0",
            .value = -0.125,
            .text = texts[kind % 3],
        };
        life_event(life, &event);
    }
}

/* Random bytes; every other datagram begins as one of NTP does. */
static void send_noise(struct life *life, size_t size)
{
    unsigned char data[DATAGRAM_MAX];
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)fake_world_random(&life->world);
    if (size > 0 && fake_world_random(&life->world) % 2 == 0)
        data[0] = (unsigned char)(0x20 | (data[0] & 7)); /* leap 0, version 4, any mode */
    fake_world_deliver(&life->world, data, size);
}

/* What was sent last comes back, as it is and with one bit wrong: closer to a reply than noise. */
static void send_echo(struct life *life)
{
    const struct fake_notes *notes = &life->world.notes;
    unsigned char data[sizeof(notes->sent_data)];
    size_t size = notes->sent_size;
    if (size == 0)
        return;
    memcpy(data, notes->sent_data, size);
    fake_world_deliver(&life->world, data, size);
    data[fake_world_random(&life->world) % size] ^=
        (unsigned char)(1u << fake_world_random(&life->world) % 8);
    fake_world_deliver(&life->world, data, size);
}

static void live_shortly(struct life *life)
{
    static const size_t sizes[] = {0, 1, 47, 48, 68, 512};
    fake_world_run(&life->world, 5 * GN_NS_PER_S);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        send_noise(life, sizes[i]);
    send_echo(life);
    tell_everything(life);
    fake_world_run(&life->world, 100 * GN_NS_PER_S);
}

static void live_long(struct life *life)
{
    for (size_t size = 0; size <= DATAGRAM_MAX; size++) {
        send_noise(life, size);
        if (size % 10 == 0)
            send_echo(life);
        fake_world_run(&life->world, 400 * GN_NS_PER_S / 1000);
    }
    tell_everything(life);
}

/* A whole life, as short as it may be. Returns the error that ended it early, or 0. */
static int lead(struct life *life)
{
    int error = life_begin(life);
    if (error == 0)
        live_shortly(life);
    if (error == 0)
        error = life_reload(life);
    return error;
}

/* Calls `each` with every role and everything that it can be given. */
static void for_each_role(const struct gn_plugin *plugin,
                          void (*each)(const struct gn_plugin *, const struct gn_role *,
                                       const char *given))
{
    for (size_t i = 0; i < plugin->role_count; i++) {
        const struct gn_role *role = subject_role(plugin, i);
        for (size_t k = 0; k < sizeof(givens) / sizeof(*givens); k++)
            if (strcmp(givens[k].plugin, plugin->name) == 0 && givens[k].kind == role->kind)
                each(plugin, role, givens[k].given);
        if (role->kind != GN_SOURCE || !has_given(plugin, role))
            each(plugin, role, NULL);
    }
}

static void check_long_life(const struct gn_plugin *plugin, const struct gn_role *role,
                            const char *given)
{
    struct life life;
    life_init(&life, plugin, 1);
    life_add(&life, role, given);
    int error = life_begin(&life);
    ck_assert_msg(error == 0, "with \"%s\": %s (%s)", given != NULL ? given : "",
                  life.beings[0].host.words, strerror(-error));
    live_long(&life);
    error = life_reload(&life);
    ck_assert_msg(error == 0, "the same configuration again: %s", strerror(-error));
    live_shortly(&life); /* the old configuration is gone: nobody may still read it */
    life_end(&life);
    check_life(&life, "ten minutes");
}

START_TEST(test_ten_minutes)
{
    for_each_role(subjects[_i].plugin, check_long_life);
}
END_TEST

START_TEST(test_all_roles_at_once)
{
    const struct gn_plugin *plugin = subjects[_i].plugin;
    struct life life;
    life_init(&life, plugin, 2);
    for (size_t i = 0; i < plugin->role_count && i < LIFE_BEINGS / 2; i++) {
        const struct gn_role *role = subject_role(plugin, i);
        const char *given = NULL;
        for (size_t k = 0; k < sizeof(givens) / sizeof(*givens) && given == NULL; k++)
            if (strcmp(givens[k].plugin, plugin->name) == 0 && givens[k].kind == role->kind)
                given = givens[k].given;
        life_add(&life, role, given);
        life_add(&life, role, given);
    }
    ck_assert_int_eq(lead(&life), 0);
    life_end(&life);
    check_life(&life, "two instances of each role");
}
END_TEST

/* ------------------------------------------------------------------------------------- failures */

static bool fails_at(const struct gn_plugin *plugin, const struct gn_role *role, const char *given,
                     unsigned at, bool and_after, int error)
{
    struct life life;
    char when[128];
    life_init(&life, plugin, at);
    life_add(&life, role, given);
    life.world.script.fail_at = at;
    life.world.script.and_after = and_after;
    life.world.script.error = error;
    lead(&life);
    bool reached = life.world.script.calls >= at;
    life_end(&life);
    snprintf(when, sizeof(when), "call %u%s fails with %s", at,
             and_after ? " and all after it" : "", strerror(-error));
    check_life(&life, when);
    return reached;
}

static void check_failures(const struct gn_plugin *plugin, const struct gn_role *role,
                           const char *given)
{
    static const int errors[] = {-ENOMEM, -EPERM, -ENOSYS, -EAGAIN};
    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
        unsigned at = 1;
        while (at <= FAILURES_MAX && fails_at(plugin, role, given, at, false, errors[i]))
            at++;
        for (unsigned from = 1; from <= at; from++)
            fails_at(plugin, role, given, from, true, errors[i]);
    }
}

START_TEST(test_failing_services)
{
    for_each_role(subjects[_i].plugin, check_failures);
}
END_TEST

static void check_missing(const struct gn_plugin *plugin, const struct gn_role *role,
                          const char *given)
{
    for (unsigned group = 0; group <= FAKE_GROUP_COUNT; group++) {
        struct life life;
        char when[64];
        life_init(&life, plugin, group);
        life_add(&life, role, given);
        life.missing = group < FAKE_GROUP_COUNT ? 1u << group : ~0u;
        lead(&life);
        life_end(&life);
        snprintf(when, sizeof(when), "without the services of group %u", group);
        check_life(&life, when);
    }
}

START_TEST(test_missing_services)
{
    for_each_role(subjects[_i].plugin, check_missing);
}
END_TEST

static void check_names_fail(const struct gn_plugin *plugin, const struct gn_role *role,
                             const char *given)
{
    struct life life;
    life_init(&life, plugin, 3);
    life_add(&life, role, given);
    life.world.script.resolve_error = -ENOENT;
    life.world.script.send_error = -ENETUNREACH;
    lead(&life);
    life_end(&life);
    check_life(&life, "no name resolves, nothing can be sent");
}

START_TEST(test_no_network)
{
    for_each_role(subjects[_i].plugin, check_names_fail);
}
END_TEST

/* Its presets alone are enough for a role, or are refused with words and -EINVAL. */
START_TEST(test_presets_alone)
{
    const struct gn_plugin *plugin = subjects[_i].plugin;
    for (size_t i = 0; i < plugin->role_count; i++) {
        const struct gn_role *role = subject_role(plugin, i);
        struct life life;
        life_init(&life, plugin, 4);
        life_add(&life, role, NULL);
        int error = life_begin(&life);
        life_end(&life);
        check_life(&life, "its presets alone");
        ck_assert_msg(error == 0 || error == -EINVAL, "refused with %s", strerror(-error));
    }
}
END_TEST

/* --------------------------------------------------------------------------------------- running
 */

static Suite *make_suite(int count)
{
    const struct {
        const TTest *test;
        bool needs_plugin;
    } tests[] = {
        {test_descriptor, false},      {test_roles, true},
        {test_options, true},          {test_presets_alone, true},
        {test_ten_minutes, true},      {test_all_roles_at_once, true},
        {test_failing_services, true}, {test_missing_services, true},
        {test_no_network, true},
    };
    Suite *suite = suite_create("conformance");
    for (int i = 0; i < count; i++) {
        TCase *tcase = tcase_create(subjects[i].name);
        tcase_set_timeout(tcase, 60);
        for (size_t k = 0; k < sizeof(tests) / sizeof(*tests); k++)
            if (subjects[i].plugin != NULL || !tests[k].needs_plugin)
                tcase_add_loop_test(tcase, tests[k].test, i, i + 1);
        suite_add_tcase(suite, tcase);
    }
    return suite;
}

int main(int argc, char **argv)
{
    const char *folder = subjects_folder(argc, argv);
    int count = subjects_load(folder, subjects, SUBJECTS_MAX);
    if (count <= 0) {
        fprintf(stderr, "%s: %s\n", folder, count < 0 ? strerror(-count) : "no plugins there");
        return 2;
    }
    SRunner *runner = srunner_create(make_suite(count));
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
