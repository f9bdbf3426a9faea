/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the control socket, over a daemon that is made up here. */
#include <check.h>
#include <errno.h>
#include <host/command.h>
#include <host/daemon.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the commands reach of a daemon. */
struct daemon {
    bool shut;
    int step_error;
    const char *step_why;
    unsigned stepped;
    int burst;
    char burst_source[64];
    int online; /* what daemon_online() returns */
    char switched[80];
    char deleted[64];
    char added[256];
    double offset_s;
    char reply[8192];
    unsigned replies;
    const char *answer; /* of a plugin; NULL: `refusal` */
    int refusal;
    char asked[32];
};

void daemon_tracking(struct daemon *daemon, struct gn_tracking *tracking)
{
    ck_assert_uint_eq(tracking->size, sizeof(*tracking));
    *tracking = (struct gn_tracking){.size = sizeof(*tracking)};
    tracking->state.stratum = 10;
    tracking->system_offset_s = daemon->offset_s;
}

void daemon_sources(struct daemon *daemon, gn_source_report_cb callback, void *arg)
{
    struct gn_source_report report = {
        .size = sizeof(report), .name = "a", .plugin = "p", .address = "", .detail = ""};
    (void)daemon;
    callback(arg, &report);
    report.name = "b";
    callback(arg, &report);
}

int daemon_makestep(struct daemon *daemon, char *why, size_t why_size)
{
    daemon->stepped++;
    if (daemon->step_why != NULL)
        snprintf(why, why_size, "%s", daemon->step_why);
    return daemon->step_error;
}

int daemon_burst(struct daemon *daemon, const char *name, char *why, size_t why_size)
{
    snprintf(daemon->burst_source, sizeof(daemon->burst_source), "%s", name != NULL ? name : "all");
    if (daemon->burst < 0)
        snprintf(why, why_size, "it cannot");
    return daemon->burst;
}

int daemon_command(struct daemon *daemon, const char *source, const char *name, gn_command_cb reply,
                   void *reply_arg, const char **answered, char *why, size_t why_size)
{
    *answered = source != NULL ? source : "rtc0";
    snprintf(daemon->asked, sizeof daemon->asked, "%s", name);
    if (daemon->answer == NULL) {
        snprintf(why, why_size, "it sleeps");
        return daemon->refusal;
    }
    reply(reply_arg, daemon->answer);
    return 0;
}

int daemon_online(struct daemon *daemon, const char *name, bool online, char *why, size_t why_size)
{
    snprintf(daemon->switched, sizeof(daemon->switched), "%s %s", name != NULL ? name : "all",
             online ? "online" : "offline");
    if (daemon->online < 0)
        snprintf(why, why_size, "it cannot rest");
    return daemon->online;
}

int daemon_refresh(struct daemon *daemon, char *why, size_t why_size)
{
    if (daemon->online < 0)
        snprintf(why, why_size, "no name");
    return daemon->online;
}

void daemon_activity(struct daemon *daemon, struct daemon_activity *activity)
{
    (void)daemon;
    *activity = (struct daemon_activity){.online = 3, .offline = 2, .unresolved = 1};
}

const char *daemon_add(struct daemon *daemon, const json_t *entry, char *why, size_t why_size)
{
    char *text = json_dumps(entry, JSON_COMPACT);
    snprintf(daemon->added, sizeof(daemon->added), "%s", text);
    free(text);
    if (daemon->online < 0)
        snprintf(why, why_size, "add: minpoll: wrong");
    return daemon->online < 0 ? NULL : "ntp7";
}

int daemon_delete(struct daemon *daemon, const char *name, char *why, size_t why_size)
{
    snprintf(daemon->deleted, sizeof(daemon->deleted), "%s", name);
    if (daemon->online < 0)
        snprintf(why, why_size, "nobody");
    return daemon->online;
}

void daemon_shutdown(struct daemon *daemon)
{
    daemon->shut = true;
}

struct loader *daemon_loader(struct daemon *daemon)
{
    (void)daemon;
    return NULL;
}

static const struct gn_role roles[] = {{.kind = GN_OUTPUT}};
static const struct gn_plugin descriptor = {GN_PLUGIN_HEAD, .name = "out-x", .version = "1",
                                            .summary = "s", .roles = roles,  .role_count = 1};

const struct plugin *loader_next(const struct loader *loader, const struct plugin *previous)
{
    static char path[] = "/x";
    static const struct plugin only = {.descriptor = &descriptor, .path = path};
    (void)loader;
    return previous == NULL ? &only : NULL;
}

const struct gn_role *plugin_role(const struct gn_plugin *plugin, size_t index)
{
    return &plugin->roles[index];
}

static void keep(void *arg, const char *reply)
{
    struct daemon *daemon = arg;
    ck_assert_ptr_null(strchr(reply, '\n'));
    snprintf(daemon->reply, sizeof(daemon->reply), "%s", reply);
    daemon->replies++;
}

/* Run a request; what comes back is one JSON object with `ok` and one other key. */
static json_t *run(struct daemon *daemon, const char *request)
{
    daemon->replies = 0;
    command_run(daemon, request, keep, daemon);
    ck_assert_uint_eq(daemon->replies, 1);
    json_t *reply = json_loads(daemon->reply, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(json_is_object(reply), "%s", daemon->reply);
    ck_assert_uint_eq(json_object_size(reply), 2);
    bool ok = json_is_true(json_object_get(reply, "ok"));
    ck_assert_ptr_nonnull(json_object_get(reply, ok ? "result" : "error"));
    return reply;
}

static void refused(struct daemon *daemon, const char *request, const char *error)
{
    json_decref(run(daemon, request));
    ck_assert_msg(strncmp(daemon->reply, "{\"ok\":false,", 12) == 0, "%s", daemon->reply);
    ck_assert_msg(strstr(daemon->reply, error) != NULL, "%s says %s", request, daemon->reply);
}

START_TEST(reports)
{
    struct daemon daemon = {.offset_s = NAN};
    json_t *reply = run(&daemon, "{\"command\":\"tracking\"}");
    json_t *result = json_object_get(reply, "result");
    ck_assert_int_eq(json_integer_value(json_object_get(result, "stratum")), 10);
    ck_assert(json_is_null(json_object_get(result, "system_offset_s")));
    json_decref(reply);

    reply = run(&daemon, " { \"command\" : \"sources\" } ");
    result = json_object_get(reply, "result");
    ck_assert_uint_eq(json_array_size(result), 2);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(result, 1), "name")), "b");
    json_decref(reply);

    reply = run(&daemon, "{\"command\":\"sourcestats\"}");
    result = json_array_get(json_object_get(reply, "result"), 0);
    ck_assert_ptr_nonnull(json_object_get(result, "jitter_s"));
    json_decref(reply);

    reply = run(&daemon, "{\"command\":\"plugins\"}");
    result = json_array_get(json_object_get(reply, "result"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(result, "name")), "out-x");
    json_decref(reply);
}
END_TEST

START_TEST(every_listed_command_runs)
{
    struct daemon daemon = {.answer = "{}"};
    json_t *reply = run(&daemon, "{\"command\":\"commands\"}");
    const json_t *list = json_object_get(reply, "result");
    ck_assert_uint_ge(json_array_size(list), 7);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        char request[128];
        ck_assert(json_is_array(json_object_get(item, "arguments")));
        ck_assert_uint_gt(json_string_length(json_object_get(item, "help")), 8);
        const char *name = json_string_value(json_object_get(item, "name"));
        const char *arguments = strcmp(name, "delete") == 0 ? ",\"source\":\"a\""
                                : strcmp(name, "add") == 0
                                    ? ",\"kind\":\"server\",\"address\":\"a\""
                                    : "";
        snprintf(request, sizeof(request), "{\"command\":\"%s\"%s}", name, arguments);
        json_t *answer = run(&daemon, request);
        ck_assert_msg(json_is_true(json_object_get(answer, "ok")), "%s", daemon.reply);
        json_decref(answer);
    }
    json_decref(reply);
}
END_TEST

START_TEST(actions)
{
    struct daemon daemon = {.step_error = -1, .step_why = "-x: the clock is never touched"};
    refused(&daemon, "{\"command\":\"makestep\"}", "-x: the clock is never touched");
    daemon = (struct daemon){.step_error = -5};
    refused(&daemon, "{\"command\":\"makestep\"}", "Input/output error");
    daemon = (struct daemon){.shut = false};
    json_decref(run(&daemon, "{\"command\":\"makestep\"}"));
    ck_assert_uint_eq(daemon.stepped, 1);
    ck_assert_str_eq(daemon.reply, "{\"ok\":true,\"result\":{}}");
    json_decref(run(&daemon, "{\"command\":\"shutdown\"}"));
    ck_assert(daemon.shut);
    daemon.burst = 3;
    json_decref(run(&daemon, "{\"command\":\"burst\"}"));
    ck_assert_str_eq(daemon.burst_source, "all");
    ck_assert_str_eq(daemon.reply, "{\"ok\":true,\"result\":{\"sources\":3}}");
    daemon.burst = -95;
    refused(&daemon, "{\"command\":\"burst\",\"source\":\"b\"}", "it cannot");
    ck_assert_str_eq(daemon.burst_source, "b");
    refused(&daemon, "{\"command\":\"burst\",\"source\":7}", "not a string");
}
END_TEST

/* A plugin answers, and what it answers is looked at. */
START_TEST(plugins_are_asked)
{
    struct daemon daemon = {.answer = "{\"drift_ppm\":12}"};
    json_decref(run(&daemon, "{\"command\":\"rtcdata\"}"));
    ck_assert_str_eq(daemon.asked, "rtcdata");
    ck_assert_str_eq(daemon.reply,
                     "{\"ok\":true,\"result\":{\"drift_ppm\":12,\"source\":\"rtc0\"}}");
    json_decref(run(&daemon, "{\"command\":\"rtc write\",\"source\":\"b\"}"));
    ck_assert_str_eq(daemon.asked, "rtc write");
    refused(&daemon, "{\"command\":\"rtcdata\",\"source\":7}", "not a string");
    daemon.answer = "[]";
    refused(&daemon, "{\"command\":\"rtcdata\"}", "no JSON object");
    daemon.answer = "{\"torn\":";
    refused(&daemon, "{\"command\":\"rtcdata\"}", "no JSON object");
    daemon.answer = NULL;
    daemon.refusal = -EBUSY;
    refused(&daemon, "{\"command\":\"rtcdata\"}", "it sleeps");
    daemon.refusal = -ENOTSUP;
    refused(&daemon, "{\"command\":\"rtcdata\"}", "needs refclock-rtc");
}
END_TEST

/* All that know the command answer; the fake daemon's sources are "a" and "b". */
START_TEST(receivers_are_asked)
{
    struct daemon daemon = {.answer = "{\"state\":\"locked\"}"};
    json_decref(run(&daemon, "{\"command\":\"gps\"}"));
    ck_assert_str_eq(daemon.asked, "gps");
    ck_assert_str_eq(daemon.reply, "{\"ok\":true,\"result\":[{\"state\":\"locked\",\"name\":\"a\"},"
                                   "{\"state\":\"locked\",\"name\":\"b\"}]}");
    json_decref(run(&daemon, "{\"command\":\"gps\",\"source\":\"b\"}"));
    ck_assert_str_eq(daemon.reply,
                     "{\"ok\":true,\"result\":[{\"state\":\"locked\",\"name\":\"b\"}]}");
    refused(&daemon, "{\"command\":\"gps\",\"source\":7}", "not a string");
    daemon.answer = "[]";
    refused(&daemon, "{\"command\":\"gps\",\"source\":\"b\"}", "no JSON object");
    json_decref(run(&daemon, "{\"command\":\"gps\"}"));
    ck_assert_ptr_nonnull(
        strstr(daemon.reply, "[{\"trouble\":\"its answer is no JSON object\",\"name\":\"a\"},"));
    daemon.answer = NULL;
    daemon.refusal = -EBUSY;
    json_decref(run(&daemon, "{\"command\":\"gps\"}"));
    ck_assert_ptr_nonnull(strstr(daemon.reply, "{\"trouble\":\"it sleeps\",\"name\":\"b\"}]}"));
    daemon.refusal = -ENOTSUP;
    refused(&daemon, "{\"command\":\"gps\"}", "needs refclock-gps");
}
END_TEST

START_TEST(sources_rest_and_wake)
{
    struct daemon daemon = {.online = 2};
    json_decref(run(&daemon, "{\"command\":\"offline\"}"));
    ck_assert_str_eq(daemon.switched, "all offline");
    ck_assert_str_eq(daemon.reply, "{\"ok\":true,\"result\":{\"sources\":2}}");
    json_decref(run(&daemon, "{\"command\":\"online\",\"source\":\"b\"}"));
    ck_assert_str_eq(daemon.switched, "b online");
    json_decref(run(&daemon, "{\"command\":\"refresh\"}"));
    ck_assert_str_eq(daemon.reply, "{\"ok\":true,\"result\":{\"names\":2}}");
    json_decref(run(&daemon, "{\"command\":\"activity\"}"));
    ck_assert_str_eq(daemon.reply,
                     "{\"ok\":true,\"result\":{\"online\":3,\"offline\":2,\"unresolved\":1}}");
    daemon.online = -95;
    refused(&daemon, "{\"command\":\"online\"}", "it cannot rest");
    refused(&daemon, "{\"command\":\"refresh\"}", "no name");
    refused(&daemon, "{\"command\":\"refresh\",\"source\":\"a\"}", "no argument \\\"source");
    refused(&daemon, "{\"command\":\"offline\",\"source\":true}", "not a string");
}
END_TEST

START_TEST(sources_come_and_go)
{
    struct daemon daemon = {.online = 0};
    json_decref(run(&daemon, "{\"command\":\"add\",\"kind\":\"pool\",\"address\":\"x.example\","
                             "\"options\":{\"minpoll\":4,\"use\":\"p\"}}"));
    ck_assert_str_eq(daemon.added, "{\"minpoll\":4,\"use\":\"p\",\"pool\":\"x.example\"}");
    ck_assert_str_eq(daemon.reply, "{\"ok\":true,\"result\":{\"name\":\"ntp7\"}}");
    json_decref(run(&daemon, "{\"command\":\"delete\",\"source\":\"ntp7\"}"));
    ck_assert_str_eq(daemon.deleted, "ntp7");
    refused(&daemon, "{\"command\":\"add\"}", "\\\"kind\\\" is missing");
    refused(&daemon, "{\"command\":\"add\",\"kind\":\"server\"}", "\\\"address\\\" is missing");
    refused(&daemon, "{\"command\":\"add\",\"kind\":3,\"address\":\"a\"}", "not a string");
    refused(&daemon, "{\"command\":\"add\",\"kind\":\"clock\",\"address\":\"a\"}",
            "allowed is server, pool or peer");
    refused(&daemon, "{\"command\":\"add\",\"kind\":\"server\",\"address\":\"a\",\"options\":[]}",
            "not an object");
    refused(&daemon,
            "{\"command\":\"add\",\"kind\":\"server\",\"address\":\"a\","
            "\"options\":{\"server\":\"b\"}}",
            "server: set twice");
    refused(&daemon, "{\"command\":\"delete\"}", "\\\"source\\\" is missing");
    daemon.online = -2;
    refused(&daemon, "{\"command\":\"add\",\"kind\":\"server\",\"address\":\"a\"}",
            "add: minpoll: wrong");
    refused(&daemon, "{\"command\":\"delete\",\"source\":\"a\"}", "nobody");
}
END_TEST

START_TEST(bad_requests)
{
    struct daemon daemon = {0};
    refused(&daemon, "", "no JSON");
    refused(&daemon, "hello", "no JSON");
    refused(&daemon, "{\"command\":\"tracking\"", "no JSON");
    refused(&daemon, "{\"command\":\"tracking\"} {}", "no JSON");
    refused(&daemon, "{\"command\":\"tracking\",\"command\":\"shutdown\"}", "duplicate");
    refused(&daemon, "[]", "not a JSON object");
    refused(&daemon, "{}", "\\\"command\\\" is missing");
    refused(&daemon, "{\"command\":7}", "not a string");
    refused(&daemon, "{\"command\":\"\\u0000shutdown\"}", "no JSON");
    refused(&daemon, "{\"command\":\"trackign\"}", "did you mean \\\"tracking\\\"?");
    refused(&daemon, "{\"command\":\"zzz\"}", "there is no command \\\"zzz\\\"");
    refused(&daemon, "{\"command\":\"makestep\",\"threshold\":1}", "no argument \\\"threshold\\\"");
    refused(&daemon, "{\"command\":\"\xff\"}", "unable to decode");
    ck_assert_uint_eq(daemon.stepped, 0);
    ck_assert(!daemon.shut);

    /* Depth and length do not matter. */
    char *deep = malloc(60001);
    memset(deep, '[', 60000);
    deep[60000] = '\0';
    refused(&daemon, deep, "no JSON");
    memset(deep, 'x', 60000);
    memcpy(deep, "{\"command\":\"", 12);
    memcpy(deep + 59998, "\"}", 2);
    refused(&daemon, deep, "there is no command");
    ck_assert_uint_lt(strlen(daemon.reply), 300);
    free(deep);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command");
    TCase *tests = tcase_create("command");
    tcase_add_test(tests, reports);
    tcase_add_test(tests, every_listed_command_runs);
    tcase_add_test(tests, actions);
    tcase_add_test(tests, plugins_are_asked);
    tcase_add_test(tests, receivers_are_asked);
    tcase_add_test(tests, sources_rest_and_wake);
    tcase_add_test(tests, sources_come_and_go);
    tcase_add_test(tests, bad_requests);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
