/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------- log, clock and timers
 */

static void do_log(struct gn_host *host, enum gn_level level, const char *format, va_list args)
{
    struct fake_notes *notes = &fake_world_of(host)->notes;
    vsnprintf(notes->last_log, sizeof(notes->last_log), format, args);
    if ((unsigned)level <= GN_DEBUG)
        notes->logs[level]++;
    else
        fake_misuse(fake_world_of(host), "logs with an unknown level");
}

static int do_fail(struct gn_host *host, int error, const char *format, va_list args)
{
    struct fake_host *self = (struct fake_host *)host;
    char reason[sizeof(self->words)];
    memcpy(reason, self->words, sizeof(reason));
    vsnprintf(self->words, sizeof(self->words), format, args);
    size_t used = strlen(self->words);
    if (reason[0] != '\0')
        snprintf(self->words + used, sizeof(self->words) - used, ": %s", reason);
    if (error >= 0)
        fake_misuse(self->world, "fails with an error that is not negative");
    return error;
}

static void do_event(struct gn_host *host, const struct gn_event *event)
{
    struct fake_world *world = fake_world_of(host);
    world->notes.events++;
    if (event->text == NULL || event->text[0] == '\0')
        fake_misuse(world, "sends an event without words");
}

static void do_finding(struct gn_host *host, enum gn_level level, const char *file, unsigned line,
                       const char *format, va_list args)
{
    (void)line;
    if (level > GN_WARNING || file == NULL || file[0] == '\0')
        fake_misuse(fake_world_of(host), "tells a finding of no file, or that is none");
    do_log(host, level, format, args);
}

static gn_local do_now(struct gn_host *host)
{
    gn_local now = {fake_world_of(host)->now_ns};
    return now;
}

static gn_utc do_system_time(struct gn_host *host, gn_local when)
{
    (void)host;
    gn_utc utc = {when.ns + FAKE_SYSTEM_NS};
    return utc;
}

static gn_local do_from_system(struct gn_host *host, gn_utc system_time)
{
    (void)host;
    gn_local local = {system_time.ns - FAKE_SYSTEM_NS};
    return local;
}

static int do_timer_open(struct gn_host *host, gn_timer_cb callback, void *arg,
                         struct gn_timer **timer)
{
    int error = fake_scripted(host);
    if (error != 0)
        return gn_fail(host, error, "cannot open a timer: %s", strerror(-error));
    *timer = fake_handle_add(host, TIMER, sizeof(**timer));
    (*timer)->callback = callback;
    (*timer)->arg = arg;
    return 0;
}

static int do_timer_start(struct gn_host *host, struct gn_timer *timer, int64_t delay_ns)
{
    int error = fake_scripted(host);
    if (error != 0 || !fake_handle_ok(host, timer, TIMER))
        return error != 0 ? error : -EBADF;
    struct fake_world *world = fake_world_of(host);
    timer->armed = true;
    timer->due_ns = world->now_ns + (delay_ns > 0 ? delay_ns : 0);
    timer->order = world->order++;
    return 0;
}

static void do_timer_stop(struct gn_host *host, struct gn_timer *timer)
{
    if (fake_handle_ok(host, timer, TIMER))
        timer->armed = false;
}

static void do_timer_close(struct gn_host *host, struct gn_timer *timer)
{
    fake_handle_close(host, timer, TIMER);
}

/* Ours to write, so that writing is part of a life. */
static int do_rtc(struct gn_host *host)
{
    (void)host;
    return GN_RTC_TRACK;
}

const struct gn_log_ops fake_log_ops = {sizeof(fake_log_ops), do_log, do_fail, do_event,
                                        do_finding};
const struct gn_clock_ops fake_clock_ops = {sizeof(fake_clock_ops), do_now, do_system_time,
                                            do_from_system, do_rtc};
const struct gn_timer_ops fake_timer_ops = {sizeof(fake_timer_ops), do_timer_open, do_timer_start,
                                            do_timer_stop, do_timer_close};

/* ----------------------------------------------------------------------- state, store and reports
 */

static struct gn_state some_state(const struct fake_world *world)
{
    const struct gn_state state = {
        .size = sizeof(state),
        .synchronised = true,
        .stratum = 3,
        .clock_state = GN_CLOCK_LOCKED,
        .precision_log2s = -20,
        .refid = 0x7f000001,
        .ref_time = {world->now_ns + FAKE_SYSTEM_NS},
        .at = {world->now_ns},
        .utc = {world->now_ns + FAKE_SYSTEM_NS},
        .root_delay_s = 0.01,
        .root_dispersion_s = 0.001,
        .dispersion_rate = 15e-6,
        .error_bound_s = 0.006,
    };
    return state;
}

static int do_state_read(struct gn_host *host, struct gn_state *state)
{
    int error = fake_scripted(host);
    if (error == 0)
        *state = some_state(fake_world_of(host));
    return error;
}

static struct fake_state_file *file_find(const struct fake_world *world, const char *key)
{
    struct fake_state_file *file = world->files;
    while (file != NULL && strcmp(file->key, key) != 0)
        file = file->next;
    return file;
}

static int64_t do_store_read(struct gn_host *host, const char *key, void *data, size_t size)
{
    int error = fake_scripted(host);
    const struct fake_state_file *file = file_find(fake_world_of(host), key);
    if (error != 0 || file == NULL)
        return error != 0 ? error : -ENOENT;
    if (file->size > size)
        return -EFBIG;
    memcpy(data, file->data, file->size);
    return (int64_t)file->size;
}

static int do_store_write(struct gn_host *host, const char *key, const void *data, size_t size)
{
    struct fake_world *world = fake_world_of(host);
    struct fake_state_file *file = file_find(world, key);
    int error = fake_scripted(host);
    if (error != 0)
        return error;
    if (size > sizeof(file->data) || strlen(key) >= sizeof(file->key) || strchr(key, '/') != NULL)
        return -EINVAL;
    if (file == NULL) {
        file = calloc(1, sizeof(*file));
        if (file == NULL)
            abort();
        snprintf(file->key, sizeof(file->key), "%s", key);
        file->next = world->files;
        world->files = file;
    }
    memcpy(file->data, data, size);
    file->size = size;
    return 0;
}

static int do_random(struct gn_host *host, void *data, size_t size)
{
    int error = fake_scripted(host);
    for (size_t i = 0; error == 0 && i < size; i++)
        ((unsigned char *)data)[i] = (unsigned char)fake_world_random(fake_world_of(host));
    return error;
}

static int do_tracking(struct gn_host *host, struct gn_tracking *tracking)
{
    int error = fake_scripted(host);
    if (error != 0)
        return error;
    memset(tracking, 0, sizeof(*tracking));
    tracking->size = sizeof(*tracking);
    tracking->state = some_state(fake_world_of(host));
    tracking->now = do_now(host);
    return 0;
}

static int do_sources(struct gn_host *host, gn_source_report_cb callback, void *arg)
{
    const struct gn_source_report report = {
        .size = sizeof(report),
        .name = "one",
        .plugin = "proto-ntp",
        .address = "192.0.2.1:123",
        .state = GN_SOURCE_SELECTED,
        .detail = "",
        .stratum = 2,
        .reach = 0xff,
        .last_rx_age_s = 3,
    };
    int error = fake_scripted(host);
    if (error == 0)
        callback(arg, &report);
    return error;
}

static int do_command(struct gn_host *host, const char *request, gn_command_cb callback, void *arg)
{
    int error = fake_scripted(host);
    if (request == NULL || request[0] != '{')
        fake_misuse(fake_world_of(host), "runs a command that is no JSON object");
    if (error == 0)
        callback(arg, "{}");
    return error;
}

const struct gn_state_ops fake_state_ops = {sizeof(fake_state_ops), do_state_read};
const struct gn_store_ops fake_store_ops = {sizeof(fake_store_ops), do_store_read, do_store_write};
const struct gn_random_ops fake_random_ops = {sizeof(fake_random_ops), do_random};
const struct gn_report_ops fake_report_ops = {sizeof(fake_report_ops), do_tracking, do_sources};
const struct gn_command_ops fake_command_ops = {sizeof(fake_command_ops), do_command};
