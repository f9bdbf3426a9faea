/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket under any bytes in any chunks: one JSON reply for each line, nothing else. */
#include "tests/unit/control_fixture.h"

#include <host/command.h>
#include <host/daemon.h>
#include <host/lines.h>
#include <jansson.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---------------------------------------------------------------- a daemon for the commands */

void daemon_tracking(struct daemon *daemon, struct gn_tracking *tracking)
{
    (void)daemon;
    *tracking = (struct gn_tracking){.size = sizeof(*tracking)};
}

void daemon_sources(struct daemon *daemon, gn_source_report_cb callback, void *arg)
{
    struct gn_source_report report = {
        .size = sizeof(report), .name = "a", .plugin = "p", .address = "", .detail = "\xff"};
    (void)daemon;
    callback(arg, &report);
}

int daemon_makestep(struct daemon *daemon, char *why, size_t why_size)
{
    (void)daemon;
    snprintf(why, why_size, "no");
    return -EPERM;
}

int daemon_burst(struct daemon *daemon, const char *name, char *why, size_t why_size)
{
    (void)daemon, (void)name;
    snprintf(why, why_size, "no");
    return -ENOENT;
}

int daemon_command(struct daemon *daemon, const char *source, const char *name, gn_command_cb reply,
                   void *reply_arg, const char **answered, char *why, size_t why_size)
{
    (void)daemon, (void)name;
    snprintf(why, why_size, "no");
    if (source != NULL)
        return -ENOENT;
    *answered = "a";
    reply(reply_arg, "{\"device\": \"d\"}");
    return 0;
}

int daemon_online(struct daemon *daemon, const char *name, bool online, char *why, size_t why_size)
{
    (void)daemon;
    snprintf(why, why_size, "%s", name != NULL ? name : "all");
    return online ? 1 : -1;
}

int daemon_refresh(struct daemon *daemon, char *why, size_t why_size)
{
    (void)daemon;
    snprintf(why, why_size, "no name");
    return -1;
}

void daemon_activity(struct daemon *daemon, struct daemon_activity *activity)
{
    (void)daemon;
    *activity = (struct daemon_activity){.online = 1};
}

/* What is in an entry is for tests/fuzz/fuzz_options. */
const char *daemon_add(struct daemon *daemon, const json_t *entry, char *why, size_t why_size)
{
    (void)daemon;
    snprintf(why, why_size, "%zu keys", json_object_size(entry));
    return json_object_size(entry) > 3 ? NULL : "ntp0";
}

int daemon_delete(struct daemon *daemon, const char *name, char *why, size_t why_size)
{
    (void)daemon;
    snprintf(why, why_size, "%s", name);
    return strlen(name) > 4 ? -1 : 0;
}

void daemon_shutdown(struct daemon *daemon)
{
    (void)daemon;
}

struct loader *daemon_loader(struct daemon *daemon)
{
    (void)daemon;
    return NULL;
}

const struct plugin *loader_next(const struct loader *loader, const struct plugin *previous)
{
    (void)loader;
    (void)previous;
    return NULL;
}

const struct gn_role *plugin_role(const struct gn_plugin *plugin, size_t index)
{
    return &plugin->roles[index];
}

/* ---------------------------------------------------------------- what must hold */

static void answer(void *arg, const char *request, gn_command_cb reply, void *reply_arg)
{
    struct fake *fake = arg;
    assert(strlen(request) <= CONTROL_LINE_MAX);
    fake->requests++;
    command_run(NULL, request, reply, reply_arg);
}

/* Every line out is a reply; there are as many as requests, and at most one error of the socket. */
static void check_replies(const struct fake *fake, const struct os_stream *stream)
{
    unsigned replies = 0;
    const char *at = fake_heard(stream);
    while (*at != '\0') {
        const char *end = strchr(at, '\n');
        assert(end != NULL);
        json_t *reply = json_loadb(at, (size_t)(end - at), JSON_REJECT_DUPLICATES, NULL);
        assert(json_is_object(reply) && json_object_size(reply) == 2);
        assert(json_is_boolean(json_object_get(reply, "ok")));
        json_decref(reply);
        replies++;
        at = end + 1;
    }
    assert(replies == fake->requests || replies == fake->requests + 1);
}

/* The first byte tells the size of the chunks, the rest is what the client sends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct fake *fake = malloc(sizeof(*fake));
    assert(fake != NULL);
    assert(fake_open(fake, 0, answer) == 0);
    struct os_stream *stream = fake_connect(fake);
    size_t chunk = (size_t)data[0] * 16 + 1;
    for (size_t at = 1; at < size; at += chunk)
        fake_feed(stream, data + at, size - at < chunk ? size - at : chunk);
    fake_feed(stream, NULL, 0);
    check_replies(fake, stream);
    fake_close(fake);
    free(fake);
    return 0;
}
