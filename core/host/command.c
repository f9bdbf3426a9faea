/* SPDX-License-Identifier: Apache-2.0 */
#include <base/text.h>
#include <errno.h>
#include <host/command_internal.h>
#include <host/daemon.h>
#include <host/report.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_MAX COMMAND_WHY_MAX

#define NO_RTC "no source is a hardware clock: it needs refclock-rtc among the sources"
#define NO_GPS "no source is a satellite receiver: it needs refclock-gps among the sources"

struct command {
    const char *name;
    json_t *(*handler)(struct call *);
    const char *help;
    const char *const *arguments; /* names of the keys beside `command`, ended by NULL */
};

static const char *const no_arguments[] = {NULL};
static const char *const source_argument[] = {"source", NULL};
static const char *const add_arguments[] = {"kind", "address", "options", NULL};

/* ---------------------------------------------------------------- the commands */

static json_t *tracking(struct call *call)
{
    struct gn_tracking tracking = {.size = sizeof(tracking)};
    daemon_tracking(call->daemon, &tracking);
    return report_tracking(&tracking);
}

/* An array that one source after the other is added to. */
struct sources {
    json_t *array;
    json_t *(*report)(const struct gn_source_report *);
    int errors;
};

static void add_source(void *arg, const struct gn_source_report *source)
{
    struct sources *sources = arg;
    sources->errors |= json_array_append_new(sources->array, sources->report(source));
}

static json_t *list_sources(struct call *call, json_t *(*report)(const struct gn_source_report *))
{
    struct sources sources = {.array = json_array(), .report = report};
    daemon_sources(call->daemon, add_source, &sources);
    if (sources.errors == 0)
        return sources.array;
    json_decref(sources.array);
    return NULL;
}

static json_t *sources(struct call *call)
{
    return list_sources(call, report_source);
}

static json_t *sourcestats(struct call *call)
{
    return list_sources(call, report_sourcestats);
}

static json_t *plugins(struct call *call)
{
    const struct loader *loader = daemon_loader(call->daemon);
    json_t *array = json_array();
    int errors = 0;
    for (const struct plugin *p = loader_next(loader, NULL); p != NULL; p = loader_next(loader, p))
        errors |= json_array_append_new(array, report_plugin(p));
    if (errors == 0)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *makestep(struct call *call)
{
    int error = daemon_makestep(call->daemon, call->why, sizeof(call->why));
    if (error == 0)
        return json_object();
    if (call->why[0] == '\0')
        snprintf(call->why, sizeof(call->why), "%s", strerror(-error));
    return NULL;
}

static void take_reply(void *arg, const char *reply)
{
    *(json_t **)arg = json_loads(reply, 0, NULL);
}

/* What a plugin answers, with the name of its source; `none`: what to say if none knows it. */
static json_t *ask_plugin(struct call *call, const char *name, const char *none)
{
    const json_t *source = json_object_get(call->request, "source");
    const char *answered = NULL;
    json_t *value = NULL;
    if (source != NULL && !json_is_string(source)) {
        snprintf(call->why, sizeof(call->why), "\"source\" is not a string");
        return NULL;
    }
    int error = daemon_command(call->daemon, json_string_value(source), name, take_reply, &value,
                               &answered, call->why, sizeof(call->why));
    if (error == -ENOTSUP && source == NULL)
        snprintf(call->why, sizeof(call->why), "%s", none);
    else if (error == 0 && !json_is_object(value))
        snprintf(call->why, sizeof(call->why), "the plugin's answer is no JSON object");
    if (error == 0 && json_is_object(value) &&
        json_object_set_new(value, "source", report_text(answered)) == 0)
        return value;
    json_decref(value);
    return NULL;
}

static json_t *rtcdata(struct call *call)
{
    return ask_plugin(call, "rtcdata", NO_RTC);
}

static json_t *rtc_write(struct call *call)
{
    return ask_plugin(call, "rtc write", NO_RTC);
}

/* The answers of all plugins that know a command, each under the name of its source. */
struct answers {
    struct call *call;
    const char *command;
    json_t *array;
    int errors;
};

static void add_answer(void *arg, const struct gn_source_report *source)
{
    struct answers *answers = arg;
    char why[WHY_MAX] = "its answer is no JSON object";
    const char *answered;
    json_t *value = NULL;
    int error = daemon_command(answers->call->daemon, source->name, answers->command, take_reply,
                               &value, &answered, why, sizeof(why));
    if (error == -ENOTSUP)
        return;
    if (error != 0 || !json_is_object(value)) {
        json_decref(value);
        value = json_pack("{so}", "trouble", report_text(why));
    }
    answers->errors |= json_object_set_new(value, "name", report_text(source->name));
    answers->errors |= json_array_append_new(answers->array, value);
}

static json_t *one_gps(struct call *call)
{
    json_t *value = ask_plugin(call, "gps", NO_GPS);
    if (value == NULL)
        return NULL;
    int errors = json_object_set(value, "name", json_object_get(value, "source"));
    errors |= json_object_del(value, "source");
    if (errors == 0)
        return json_pack("[o]", value);
    json_decref(value);
    return NULL;
}

static json_t *gps(struct call *call)
{
    if (json_object_get(call->request, "source") != NULL)
        return one_gps(call);
    struct answers answers = {.call = call, .command = "gps", .array = json_array()};
    daemon_sources(call->daemon, add_answer, &answers);
    if (answers.errors == 0 && json_array_size(answers.array) > 0)
        return answers.array;
    if (answers.errors == 0)
        snprintf(call->why, sizeof(call->why), "%s", NO_GPS);
    json_decref(answers.array);
    return NULL;
}

static json_t *shutdown_daemon(struct call *call)
{
    daemon_shutdown(call->daemon);
    return json_object();
}

static json_t *commands(struct call *);

static const struct command table[] = {
    {"activity", command_activity, "count the sources that are online, offline, unresolved",
     no_arguments},
    {"add", command_add, "add a server, a pool or a peer", add_arguments},
    {"burst", command_burst, "ask a source, or all, some times in quick succession now",
     source_argument},
    {"commands", commands, "list the commands", no_arguments},
    {"delete", command_delete, "delete a source, or a pool with all it has", source_argument},
    {"gps", gps, "tell what the satellite receivers say", source_argument},
    {"makestep", makestep, "step the clock to the estimate now", no_arguments},
    {"offline", command_offline, "let a source, or all, rest", source_argument},
    {"online", command_online, "ask a source, or all, again", source_argument},
    {"plugins", plugins, "list the loaded plugins", no_arguments},
    {"refresh", command_refresh, "resolve all names anew", no_arguments},
    {"rtc write", rtc_write, "write the time into a hardware clock", source_argument},
    {"rtcdata", rtcdata, "tell what is known of a hardware clock", source_argument},
    {"shutdown", shutdown_daemon, "end the daemon", no_arguments},
    {"sources", sources, "list the sources and what selection made of them", no_arguments},
    {"sourcestats", sourcestats, "list each source's own estimate", no_arguments},
    {"tracking", tracking, "tell how well the clock is known", no_arguments},
};
#define COMMAND_COUNT (sizeof(table) / sizeof(table[0]))

static json_t *describe(const struct command *command)
{
    json_t *arguments = json_array();
    int errors = 0;
    for (const char *const *a = command->arguments; *a != NULL; a++)
        errors |= json_array_append_new(arguments, json_string(*a));
    json_t *object =
        json_pack("{ssssso}", "name", command->name, "help", command->help, "arguments", arguments);
    if (errors == 0)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *commands(struct call *call)
{
    (void)call;
    json_t *array = json_array();
    int errors = 0;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        errors |= json_array_append_new(array, describe(&table[i]));
    if (errors == 0)
        return array;
    json_decref(array);
    return NULL;
}

/* ---------------------------------------------------------------- dispatch */

static const struct command *find(struct call *call)
{
    const json_t *value = json_object_get(call->request, "command");
    const char *name = json_string_value(value);
    if (name == NULL) {
        snprintf(call->why, WHY_MAX, "%s",
                 value == NULL ? "\"command\" is missing" : "\"command\" is not a string");
        return NULL;
    }
    struct text_guess guess;
    text_guess_init(&guess, name);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, table[i].name) == 0)
            return &table[i];
        text_guess_try(&guess, table[i].name);
    }
    if (guess.best != NULL)
        snprintf(call->why, WHY_MAX, "there is no command \"%.64s\", did you mean \"%s\"?", name,
                 guess.best);
    else
        snprintf(call->why, WHY_MAX, "there is no command \"%.64s\"; \"commands\" lists them",
                 name);
    return NULL;
}

static bool takes(const struct command *command, const char *argument)
{
    for (const char *const *a = command->arguments; *a != NULL; a++) {
        if (strcmp(argument, *a) == 0)
            return true;
    }
    return false;
}

/* A misspelt argument must not be read as its default. */
static bool check_arguments(struct call *call, const struct command *command)
{
    json_t *request = call->request;
    for (void *at = json_object_iter(request); at != NULL;
         at = json_object_iter_next(request, at)) {
        const char *key = json_object_iter_key(at);
        if (strcmp(key, "command") != 0 && !takes(command, key)) {
            snprintf(call->why, WHY_MAX, "%s takes no argument \"%.64s\"", command->name, key);
            return false;
        }
    }
    return true;
}

static json_t *run(struct call *call, const char *request)
{
    json_error_t error;
    call->request = json_loads(request, JSON_REJECT_DUPLICATES, &error);
    if (call->request == NULL) {
        snprintf(call->why, WHY_MAX, "the request is no JSON: column %d: %s", error.column,
                 error.text);
        return NULL;
    }
    if (!json_is_object(call->request)) {
        snprintf(call->why, WHY_MAX, "the request is not a JSON object");
        return NULL;
    }
    const struct command *command = find(call);
    if (command == NULL || !check_arguments(call, command))
        return NULL;
    return command->handler(call);
}

void command_run(struct daemon *daemon, const char *request, gn_command_cb reply, void *reply_arg)
{
    struct call call = {.daemon = daemon};
    json_t *result = run(&call, request);
    json_t *envelope = json_object();
    int errors = json_object_set_new(envelope, "ok", json_boolean(result != NULL));
    if (result != NULL)
        errors |= json_object_set_new(envelope, "result", result);
    else
        errors |= json_object_set_new(
            envelope, "error", report_text(call.why[0] != '\0' ? call.why : "out of memory"));

    char *text = errors == 0 ? json_dumps(envelope, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    reply(reply_arg, text != NULL ? text : "{\"ok\":false,\"error\":\"out of memory\"}");
    free(text);
    json_decref(envelope);
    json_decref(call.request);
}
