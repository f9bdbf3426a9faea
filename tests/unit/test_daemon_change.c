/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Entries that are added and deleted while a daemon runs; most of all by themselves, within any
 * of their callbacks. That nothing is used after its end is for the sanitizers to see.
 */

#include <check.h>
#include <gnomon/plugin.h>
#include <sim/node.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- a plugin that ends itself */

enum when {
    NEVER,
    AT_START,
    IN_TIMER,
    IN_RESOLVER,
    IN_RECEIVE,
    IN_EVENT,
    IN_BURST,
    IN_ONLINE,
    IN_REFRESH,
    WHEN_COUNT
};

static const char *const words_of_when[] = {"never",      "at-start", "in-timer", "in-resolver",
                                            "in-receive", "in-event", "in-burst", "in-online",
                                            "in-refresh", NULL};

struct options {
    int when;
    const char *server; /* so that `add` has a key to set */
};

static const struct gn_option rows[] = {
    {.key = "when",
     .type = GN_OPT_CHOICE,
     .offset = offsetof(struct options, when),
     .preset = "never",
     .choices = words_of_when,
     .help = "when it deletes itself"},
    {.key = "server",
     .type = GN_OPT_STRING,
     .offset = offsetof(struct options, server),
     .help = "nobody in particular"},
};

struct mortal {
    struct gn_host *host;
    const struct options *options;
    struct gn_source *source;
    struct gn_timer *timer;
    struct gn_datagram *socket;
    bool is_deleted;
};

static void hear_reply(void *arg, const char *reply)
{
    *(bool *)arg = strstr(reply, "\"ok\":true") != NULL;
}

/* What follows the deletion goes on as if nothing had happened. */
static void die(struct mortal *mortal, int when)
{
    char request[128];
    if (mortal->options->when != when || mortal->is_deleted)
        return;
    snprintf(request, sizeof request, "{\"command\":\"delete\",\"source\":\"%s\"}",
             mortal->host->name);
    gn_command(mortal->host, request, hear_reply, &mortal->is_deleted);
    gn_log(mortal->host, GN_INFO, "deleted: %s", mortal->is_deleted ? "yes" : "no");
    gn_timer_start(mortal->host, mortal->timer, 0);
    gn_source_fault(mortal->host, mortal->source, GN_REASON_DEVICE, "its end is near");
}

static void on_timer(void *arg, gn_local now)
{
    struct mortal *mortal = arg;
    (void)now;
    if (mortal->is_deleted)
        gn_log(mortal->host, GN_INFO, "a callback after the end");
    gn_datagram_send(mortal->host, mortal->socket, "x", 1, NULL, NULL, 0, 0, NULL);
    die(mortal, IN_TIMER);
}

static void on_resolved(void *arg, int status, const char *text, const struct gn_address *addresses,
                        size_t count)
{
    (void)status, (void)text, (void)addresses, (void)count;
    die(arg, IN_RESOLVER);
}

static void on_receive(void *arg, const struct gn_packet *packets, size_t count)
{
    (void)packets, (void)count;
    die(arg, IN_RECEIVE);
}

static const struct gn_datagram_events socket_events = {.size = sizeof socket_events,
                                                        .receive = on_receive};

static int mortal_open(struct gn_host *host, void *shared, const void *config, void **instance)
{
    struct mortal *mortal = calloc(1, sizeof *mortal);
    (void)shared;
    mortal->host = host;
    mortal->options = config;
    *instance = mortal;
    return 0;
}

/* A packet of its own comes back to it. */
static int mortal_start(void *instance)
{
    struct mortal *mortal = instance;
    struct gn_source_info info = {.size = sizeof info, .mode = GN_MODE_SERVER, .address = "here"};
    struct gn_address here = {.family = GN_FAMILY_IPV4, .port = 7, .ip = {192, 0, 2, 1}};
    struct gn_datagram_config socket = {.size = sizeof socket, .bind = here, .connect = here};
    here.port = (uint16_t)(strlen(mortal->host->name) + 7);
    socket.bind.port = socket.connect.port = here.port;
    int rc = gn_source_open(mortal->host, &info, &mortal->source);
    if (rc == 0)
        rc = gn_timer_open(mortal->host, on_timer, mortal, &mortal->timer);
    if (rc == 0)
        rc = gn_datagram_open(mortal->host, &socket, &socket_events, mortal, &mortal->socket);
    if (rc == 0)
        rc = gn_resolve(mortal->host, "node", 123, on_resolved, mortal);
    if (rc == 0)
        rc = gn_timer_start(mortal->host, mortal->timer, GN_NS_PER_S);
    die(mortal, AT_START);
    return rc;
}

static void mortal_close(void *instance)
{
    struct mortal *mortal = instance;
    gn_log(mortal->host, GN_INFO, "closed");
    free(mortal);
}

static void mortal_event(void *instance, const struct gn_event *event)
{
    (void)event;
    die(instance, IN_EVENT);
}

static int mortal_burst(void *instance, struct gn_source *source)
{
    (void)source;
    die(instance, IN_BURST);
    return 0;
}

static int mortal_online(void *instance, struct gn_source *source, bool online)
{
    (void)source, (void)online;
    die(instance, IN_ONLINE);
    return 0;
}

static int mortal_refresh(void *instance)
{
    die(instance, IN_REFRESH);
    return 0;
}

static const struct gn_role roles[] = {{.kind = GN_SOURCE,
                                        .options = rows,
                                        .option_count = sizeof rows / sizeof rows[0],
                                        .option_size = sizeof rows[0],
                                        .config_size = sizeof(struct options),
                                        .open = mortal_open,
                                        .start = mortal_start,
                                        .close = mortal_close,
                                        .event = mortal_event,
                                        .burst = mortal_burst,
                                        .online = mortal_online,
                                        .refresh = mortal_refresh}};
static const struct gn_plugin mortal_plugin = {GN_PLUGIN_HEAD, .name = "mortal",
                                               .version = "1", .summary = "It ends itself",
                                               .roles = roles, .role_count = 1};

/* ---------------------------------------------------------------- a daemon with it */

struct stage {
    struct world *world;
    struct vnet *net;
    struct loader *loader;
    struct node *node;
    struct diagnostics findings;
    unsigned deleted, closed, late;
    char reply[4096];
};

static void hear(void *arg, const struct node *node, gn_utc when, enum gn_level level,
                 const char *line)
{
    struct stage *stage = arg;
    (void)node, (void)when, (void)level;
    stage->deleted += strstr(line, "deleted: yes") != NULL;
    stage->closed += strstr(line, ": closed") != NULL;
    stage->late += strstr(line, "after the end") != NULL;
}

static void begin(struct stage *stage, const char *text)
{
    gn_utc start = {INT64_C(1800000000) * GN_NS_PER_S};
    *stage = (struct stage){.world = world_create(1, start)};
    stage->net = vnet_create(stage->world);
    stage->loader = loader_create("/nonexistent");
    ck_assert_ptr_nonnull(loader_add(stage->loader, &mortal_plugin, stage->reply, 100));
    struct node_setup setup = {.name = "node",
                               .text = text,
                               .world = stage->world,
                               .net = stage->net,
                               .loader = stage->loader,
                               .level = GN_INFO,
                               .story = hear,
                               .arg = stage};
    struct gn_address here = {.family = GN_FAMILY_IPV4, .ip = {192, 0, 2, 1}};
    diagnostics_init(&stage->findings);
    stage->node = node_create(&setup, &stage->findings);
    ck_assert_ptr_nonnull(stage->node);
    ck_assert_int_eq(vhost_add_address(node_host(stage->node), &here), 0);
    ck_assert_int_eq(node_start(stage->node), 0);
}

static void end(struct stage *stage)
{
    node_destroy(stage->node);
    vnet_destroy(stage->net);
    world_destroy(stage->world);
    loader_destroy(stage->loader);
    diagnostics_finish(&stage->findings);
}

static void pass(struct stage *stage, int64_t seconds)
{
    world_run(stage->world, gn_utc_add(world_now(stage->world), seconds * GN_NS_PER_S));
}

static void keep(void *arg, const char *reply)
{
    struct stage *stage = arg;
    snprintf(stage->reply, sizeof stage->reply, "%s", reply);
}

static const char *ask(struct stage *stage, const char *request)
{
    ck_assert_int_eq(node_command(stage->node, request, keep, stage), 0);
    return stage->reply;
}

static void says(struct stage *stage, const char *request, const char *words)
{
    ask(stage, request);
    ck_assert_msg(strstr(stage->reply, words) != NULL, "%s says %s", request, stage->reply);
}

/* ---------------------------------------------------------------- the tests */

START_TEST(an_entry_deletes_itself_in_any_callback)
{
    struct stage stage;
    char text[256];
    snprintf(text, sizeof text,
             "sources = ( { use = \"mortal\"; name = \"a\"; when = \"%s\"; },"
             " { use = \"mortal\"; name = \"bb\"; } );",
             words_of_when[_i]);
    begin(&stage, text);
    pass(&stage, 5);
    ask(&stage, "{\"command\":\"burst\"}");
    ask(&stage, "{\"command\":\"offline\"}");
    ask(&stage, "{\"command\":\"refresh\"}");
    pass(&stage, 30);
    ck_assert_uint_eq(stage.deleted, _i != NEVER);
    ck_assert_uint_eq(stage.closed, _i != NEVER);
    ck_assert_uint_eq(stage.late, 0);
    ask(&stage, "{\"command\":\"sources\"}");
    ck_assert_int_eq(strstr(stage.reply, "\"a\"") == NULL, _i != NEVER);
    ck_assert_ptr_nonnull(strstr(stage.reply, "\"bb\""));
    end(&stage);
}
END_TEST

START_TEST(one_that_was_added_deletes_itself_too)
{
    struct stage stage;
    char request[256];
    begin(&stage, "sources = ( { use = \"mortal\"; name = \"bb\"; } );");
    snprintf(request, sizeof request,
             "{\"command\":\"add\",\"kind\":\"server\",\"address\":\"x\",\"options\":"
             "{\"use\":\"mortal\",\"name\":\"a\",\"when\":\"%s\"}}",
             words_of_when[_i]);
    says(&stage, request, "\"name\":\"a\"");
    pass(&stage, 5);
    ask(&stage, "{\"command\":\"burst\"}");
    ask(&stage, "{\"command\":\"offline\"}");
    ask(&stage, "{\"command\":\"refresh\"}");
    pass(&stage, 30);
    bool dies = _i != NEVER;
    ck_assert_uint_eq(stage.closed, dies);
    ck_assert_uint_eq(stage.late, 0);
    if (dies) /* the name is free again */
        says(&stage, request, "\"name\":\"a\"");
    end(&stage);
}
END_TEST

START_TEST(nothing_is_left_of_the_deleted)
{
    struct stage stage;
    begin(&stage, "sources = ( { use = \"mortal\"; name = \"a\"; } );");
    says(&stage, "{\"command\":\"delete\",\"source\":\"b\"}", "no source \\\"b\\\"");
    says(&stage, "{\"command\":\"delete\",\"source\":\"a\"}", "\"ok\":true");
    ck_assert_uint_eq(stage.closed, 1); /* at the end of that very turn */
    says(&stage, "{\"command\":\"delete\",\"source\":\"a\"}", "no source");
    says(&stage, "{\"command\":\"online\",\"source\":\"a\"}", "no source");
    says(&stage, "{\"command\":\"sources\"}", "[]");
    says(&stage, "{\"command\":\"burst\"}", "there is no source");
    says(&stage, "{\"command\":\"refresh\"}", "\"names\":0");
    pass(&stage, 100);
    end(&stage);
}
END_TEST

START_TEST(a_thousand_come_and_go)
{
    struct stage stage;
    char request[256];
    begin(&stage, "sources = ( { use = \"mortal\"; name = \"a\"; } );");
    for (unsigned i = 0; i < 1000; i++) {
        says(&stage,
             "{\"command\":\"add\",\"kind\":\"server\",\"address\":\"x\",\"options\":"
             "{\"use\":\"mortal\",\"name\":\"xyz\"}}",
             "\"ok\":true");
        if (i % 7 == 0)
            pass(&stage, 1);
        snprintf(request, sizeof request, "{\"command\":\"delete\",\"source\":\"xyz\"}");
        says(&stage, request, "\"ok\":true");
    }
    ck_assert_uint_eq(stage.closed, 1000);
    end(&stage);
}
END_TEST

static const struct {
    const char *options, *words;
} wrong[] = {
    {"\"use\":\"mortal\",\"name\":\"a\"", "name: \\\"a\\\" is already in use"},
    {"\"use\":\"mortal\",\"name\":\"a b\"", "name: must be"},
    {"\"use\":\"mortal\",\"wen\":\"never\"", "wen: unknown key, did you mean \\\"when\\\"?"},
    {"\"use\":\"mortal\",\"when\":\"soon\"", "when: \\\"soon\\\" is not known, allowed is"},
    {"\"use\":\"mortal\",\"when\":3", "when: must be"},
    {"\"use\":\"mortal\",\"minpoll\":\"4\"", "minpoll: must be"},
    {"\"use\":\"mortal\",\"minpoll\":99", "minpoll: 99 is out of range"},
    {"\"use\":\"mortal\",\"minpoll\":99999999999", "minpoll: 99999999999 is out of range"},
    {"\"use\":\"mortal\",\"minpoll\":1e3", "minpoll: must be"},
    {"\"use\":\"mortal\",\"minpoll\":null", "minpoll: no key with a value"},
    {"\"use\":\"mortal\",\"minpoll\":{}", "minpoll: no key with a value"},
    {"\"use\":\"mortal\",\"server\":\"y\"", "server: set twice"},
    {"\"use\":\"mortal\",\"\":1", "no key with a value"},
    {"\"use\":\"mortal\",\"a=b\":1", "no key with a value"},
    {"\"use\":\"gone\"", "use: "},
    {"\"use\":7", "use: must be a string"},
    {"\"minpoll\":4", "proto-ntp"}, /* there is none here */
    {"\"use\":\"mortal\",\"minpoll\":9,\"maxpoll\":8", "minpoll: 9 is above maxpoll"},
    {"\"use\":\"mortal\",\"minpoll\":\"x\",\"maxpoll\":true", "; maxpoll: must be"},
};

START_TEST(a_wrong_entry_is_explained_and_leaves_nothing)
{
    struct stage stage;
    char request[512];
    begin(&stage, "sources = ( { use = \"mortal\"; name = \"a\"; } );");
    snprintf(request, sizeof request,
             "{\"command\":\"add\",\"kind\":\"server\",\"address\":\"x\",\"options\":{%s}}",
             wrong[_i].options);
    says(&stage, request, "\"error\":\"add: ");
    says(&stage, request, wrong[_i].words);
    says(&stage, "{\"command\":\"activity\"}", "\"online\":1,\"offline\":0,\"unresolved\":0");
    end(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("daemon_change");
    TCase *tests = tcase_create("change");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, an_entry_deletes_itself_in_any_callback, NEVER, WHEN_COUNT);
    tcase_add_loop_test(tests, one_that_was_added_deletes_itself_too, NEVER, WHEN_COUNT);
    tcase_add_test(tests, nothing_is_left_of_the_deleted);
    tcase_add_test(tests, a_thousand_come_and_go);
    tcase_add_loop_test(tests, a_wrong_entry_is_explained_and_leaves_nothing, 0,
                        sizeof wrong / sizeof wrong[0]);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
