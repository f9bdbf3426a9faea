/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_host.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A timer that fires this often while no time passes spins. */
#define SPIN_LIMIT 10000

enum handle_kind { TIMER, DATAGRAM, DEVICE, SOURCE };

struct fake_handle {
    enum handle_kind kind;
    struct fake_host *owner;
    struct fake_handle *next;
    unsigned round; /* of delivery */
};

struct gn_timer {
    struct fake_handle handle;
    gn_timer_cb callback;
    void *arg;
    bool armed;
    int64_t due_ns;
    uint64_t order;
};

struct gn_datagram {
    struct fake_handle handle;
    struct gn_datagram_config config;
    struct gn_datagram_events events;
    void *arg;
    char path[108];
};

struct gn_device {
    struct fake_handle handle;
    gn_device_cb readable;
    void *arg;
};

struct gn_source {
    struct fake_handle handle;
};

/* A callback that waits for the loop. */
struct fake_task {
    struct fake_task *next;
    struct fake_host *owner;
    struct gn_datagram *datagram; /* NULL: an answer of the resolver */
    uint64_t tag;
    gn_local when;
    gn_resolve_cb resolved;
    void *arg;
    uint16_t port;
    char name[256];
};

struct fake_state_file {
    struct fake_state_file *next;
    char key[64];
    size_t size;
    unsigned char data[256];
};

static struct fake_world *world_of(struct gn_host *host)
{
    return ((struct fake_host *)host)->world;
}

static void misuse(struct fake_world *world, const char *what)
{
    if (world->misuse == NULL)
        world->misuse = what;
}

/* Counts a call that can fail. Returns the error that the script wants, or 0. */
static int scripted(struct gn_host *host)
{
    struct fake_script *script = &world_of(host)->script;
    script->calls++;
    if (script->fail_at == 0)
        return 0;
    bool fails =
        script->and_after ? script->calls >= script->fail_at : script->calls == script->fail_at;
    return fails ? script->error : 0;
}

/* -------------------------------------------------------------------------------------- handles */

static void *handle_add(struct gn_host *host, enum handle_kind kind, size_t size)
{
    struct fake_world *world = world_of(host);
    struct fake_handle *handle = calloc(1, size);
    if (handle == NULL)
        abort();
    handle->kind = kind;
    handle->owner = (struct fake_host *)host;
    handle->next = world->handles;
    world->handles = handle;
    return handle;
}

static struct fake_handle **handle_find(struct fake_world *world, const void *handle)
{
    struct fake_handle **link = &world->handles;
    while (*link != NULL && *link != handle)
        link = &(*link)->next;
    return link;
}

/* By address only: a closed handle's memory is gone. */
static bool handle_ok(struct gn_host *host, const void *handle, enum handle_kind kind)
{
    struct fake_world *world = world_of(host);
    struct fake_handle *found = *handle_find(world, handle);
    if (found == NULL)
        misuse(world, "uses a handle that is not open");
    else if (found->kind != kind)
        misuse(world, "uses a handle of another kind");
    else if (found->owner != (struct fake_host *)host)
        misuse(world, "uses a handle of another instance");
    else
        return true;
    return false;
}

static void tasks_drop(struct fake_world *world, const struct fake_host *owner,
                       const void *datagram)
{
    struct fake_task **link = &world->tasks;
    while (*link != NULL) {
        struct fake_task *task = *link;
        if ((owner != NULL && task->owner == owner) ||
            (datagram != NULL && task->datagram == datagram)) {
            *link = task->next;
            free(task);
        } else {
            link = &task->next;
        }
    }
}

static void handle_close(struct gn_host *host, void *handle, enum handle_kind kind)
{
    if (!handle_ok(host, handle, kind))
        return;
    struct fake_world *world = world_of(host);
    struct fake_handle **link = handle_find(world, handle);
    struct fake_handle *found = *link;
    *link = found->next;
    tasks_drop(world, NULL, handle);
    free(found);
}

static struct fake_task *task_add(struct gn_host *host)
{
    struct fake_task **link = &world_of(host)->tasks;
    while (*link != NULL)
        link = &(*link)->next;
    *link = calloc(1, sizeof(**link));
    if (*link == NULL)
        abort();
    (*link)->owner = (struct fake_host *)host;
    return *link;
}

/* ------------------------------------------------------------------------- log, clock and timers
 */

static void do_log(struct gn_host *host, enum gn_level level, const char *format, va_list args)
{
    struct fake_notes *notes = &world_of(host)->notes;
    vsnprintf(notes->last_log, sizeof(notes->last_log), format, args);
    if ((unsigned)level <= GN_DEBUG)
        notes->logs[level]++;
    else
        misuse(world_of(host), "logs with an unknown level");
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
        misuse(self->world, "fails with an error that is not negative");
    return error;
}

static void do_event(struct gn_host *host, const struct gn_event *event)
{
    struct fake_world *world = world_of(host);
    world->notes.events++;
    if (event->text == NULL || event->text[0] == '\0')
        misuse(world, "sends an event without words");
}

static gn_local do_now(struct gn_host *host)
{
    gn_local now = {world_of(host)->now_ns};
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
    int error = scripted(host);
    if (error != 0)
        return gn_fail(host, error, "cannot open a timer: %s", strerror(-error));
    *timer = handle_add(host, TIMER, sizeof(**timer));
    (*timer)->callback = callback;
    (*timer)->arg = arg;
    return 0;
}

static int do_timer_start(struct gn_host *host, struct gn_timer *timer, int64_t delay_ns)
{
    int error = scripted(host);
    if (error != 0 || !handle_ok(host, timer, TIMER))
        return error != 0 ? error : -EBADF;
    struct fake_world *world = world_of(host);
    timer->armed = true;
    timer->due_ns = world->now_ns + (delay_ns > 0 ? delay_ns : 0);
    timer->order = world->order++;
    return 0;
}

static void do_timer_stop(struct gn_host *host, struct gn_timer *timer)
{
    if (handle_ok(host, timer, TIMER))
        timer->armed = false;
}

static void do_timer_close(struct gn_host *host, struct gn_timer *timer)
{
    handle_close(host, timer, TIMER);
}

/* ------------------------------------------------------------------------------------ datagrams */

static int do_datagram_open(struct gn_host *host, const struct gn_datagram_config *config,
                            const struct gn_datagram_events *events, void *arg,
                            struct gn_datagram **datagram)
{
    int error = scripted(host);
    if (error != 0)
        return gn_fail(host, error, "cannot open a socket: %s", strerror(-error));
    if (config->size < sizeof(*config) || (events != NULL && events->size < sizeof(*events)))
        misuse(world_of(host), "opens a socket without sizes");
    *datagram = handle_add(host, DATAGRAM, sizeof(**datagram));
    (*datagram)->config = *config;
    if (events != NULL)
        (*datagram)->events = *events;
    (*datagram)->arg = arg;
    return 0;
}

static int do_open_unix(struct gn_host *host, const char *path, struct gn_datagram **datagram)
{
    const struct fake_script *script = &world_of(host)->script;
    int error = scripted(host);
    for (size_t i = 0; error == 0 && i < sizeof(script->absent) / sizeof(*script->absent); i++)
        if (script->absent[i] != NULL && strcmp(script->absent[i], path) == 0)
            error = -ENOENT;
    if (error != 0)
        return gn_fail(host, error, "%s: %s", path, strerror(-error));
    *datagram = handle_add(host, DATAGRAM, sizeof(**datagram));
    snprintf((*datagram)->path, sizeof((*datagram)->path), "%s", path);
    return 0;
}

static int scripted_send(struct gn_host *host)
{
    struct fake_script *script = &world_of(host)->script;
    int error = scripted(host);
    if (error != 0 || script->send_error == 0)
        return error;
    error = script->send_error;
    if (script->send_errors > 0 && --script->send_errors == 0)
        script->send_error = 0;
    return error;
}

static void note_sent(struct fake_world *world, const struct gn_datagram *datagram,
                      const void *data, size_t size, const struct gn_address *to)
{
    struct fake_notes *notes = &world->notes;
    notes->sent++;
    notes->sent_size = size < sizeof(notes->sent_data) ? size : sizeof(notes->sent_data);
    memcpy(notes->sent_data, data, notes->sent_size);
    memcpy(notes->sent_path, datagram->path, sizeof(notes->sent_path));
    notes->sent_to = to != NULL ? *to : datagram->config.connect;
}

static int do_send(struct gn_host *host, struct gn_datagram *datagram, const void *data,
                   size_t size, const struct gn_address *to, const struct gn_address *from,
                   uint32_t flags, uint64_t tag, gn_local *when)
{
    struct fake_world *world = world_of(host);
    (void)from;
    int error = scripted_send(host);
    if (error != 0 || !handle_ok(host, datagram, DATAGRAM))
        return error != 0 ? error : -EBADF;
    if (to == NULL && datagram->path[0] == '\0' &&
        datagram->config.connect.family == GN_FAMILY_NONE)
        misuse(world, "sends to nobody");
    note_sent(world, datagram, data, size, to);
    if (when != NULL)
        *when = do_now(host);
    if ((flags & GN_SEND_STAMP) != 0 && (datagram->config.flags & GN_DATAGRAM_SENT) != 0 &&
        datagram->events.sent != NULL) {
        struct fake_task *task = task_add(host);
        task->datagram = datagram;
        task->tag = tag;
        task->when = do_now(host);
    }
    return 0;
}

static void do_datagram_close(struct gn_host *host, struct gn_datagram *datagram)
{
    handle_close(host, datagram, DATAGRAM);
}

/* ----------------------------------------------------------------------------- devices and names
 */

static int do_device_open(struct gn_host *host, const char *path, int flags, gn_device_cb readable,
                          void *arg, struct gn_device **device)
{
    int error = scripted(host);
    (void)flags;
    if (error != 0)
        return gn_fail(host, error, "cannot open %s: %s", path, strerror(-error));
    *device = handle_add(host, DEVICE, sizeof(**device));
    (*device)->readable = readable;
    (*device)->arg = arg;
    return 0;
}

/* Noise, in pieces; now and then nothing. */
static int64_t do_device_read(struct gn_host *host, struct gn_device *device, void *data,
                              size_t size)
{
    int error = scripted(host);
    if (error != 0 || !handle_ok(host, device, DEVICE))
        return error != 0 ? error : -EBADF;
    if (fake_world_random(world_of(host)) % 4 == 0)
        return -EAGAIN;
    size_t count = fake_world_random(world_of(host)) % (size + 1);
    for (size_t i = 0; i < count; i++)
        ((unsigned char *)data)[i] = (unsigned char)fake_world_random(world_of(host));
    return count > 0 ? (int64_t)count : -EAGAIN;
}

static int64_t do_device_write(struct gn_host *host, struct gn_device *device, const void *data,
                               size_t size)
{
    int error = scripted(host);
    (void)data;
    if (error != 0 || !handle_ok(host, device, DEVICE))
        return error != 0 ? error : -EBADF;
    return (int64_t)size;
}

static int do_device_ioctl(struct gn_host *host, struct gn_device *device, unsigned long request,
                           void *data)
{
    int error = scripted(host);
    (void)request;
    (void)data;
    if (error != 0 || !handle_ok(host, device, DEVICE))
        return error != 0 ? error : -EBADF;
    return -ENOTTY;
}

static void do_device_close(struct gn_host *host, struct gn_device *device)
{
    handle_close(host, device, DEVICE);
}

static int do_resolve(struct gn_host *host, const char *name, uint16_t port, gn_resolve_cb callback,
                      void *arg)
{
    int error = scripted(host);
    if (error != 0)
        return gn_fail(host, error, "cannot resolve %s: %s", name, strerror(-error));
    struct fake_task *task = task_add(host);
    world_of(host)->notes.resolutions++;
    task->resolved = callback;
    task->arg = arg;
    task->port = port;
    snprintf(task->name, sizeof(task->name), "%s", name);
    return 0;
}

/* -------------------------------------------------------------------------------------- sources */

static int do_source_open(struct gn_host *host, const struct gn_source_info *info,
                          struct gn_source **source)
{
    int error = scripted(host);
    if (error != 0)
        return gn_fail(host, error, "cannot open a source: %s", strerror(-error));
    if (info->size < sizeof(*info) || info->address == NULL || info->mode > GN_MODE_REFCLOCK)
        misuse(world_of(host), "describes a source wrongly");
    world_of(host)->notes.source = *info;
    *source = handle_add(host, SOURCE, sizeof(**source));
    return 0;
}

static void check_sample(struct fake_world *world, const struct gn_sample *sample)
{
    if (sample->size < sizeof(*sample))
        misuse(world, "submits a sample without its size");
    else if (!isfinite(sample->dispersion_s) || sample->dispersion_s <= 0)
        misuse(world, "submits a sample whose dispersion is not above 0");
    else if (!isfinite(sample->delay_s) || sample->delay_s < 0 || sample->root_delay_s < 0 ||
             sample->root_dispersion_s < 0)
        misuse(world, "submits a sample with a negative delay");
    else if (sample->stratum > 15 || sample->leap > GN_LEAP_UNSYNCHRONISED)
        misuse(world, "submits a sample with a wrong stratum or leap");
    else if (sample->local.ns > world->now_ns)
        misuse(world, "submits a sample from the future");
}

static int do_source_submit(struct gn_host *host, struct gn_source *source,
                            const struct gn_sample *sample)
{
    struct fake_world *world = world_of(host);
    int error = scripted(host);
    if (error != 0 || !handle_ok(host, source, SOURCE))
        return error != 0 ? error : -EBADF;
    check_sample(world, sample);
    world->notes.samples++;
    world->notes.sample = *sample;
    return 0;
}

static int do_source_poll(struct gn_host *host, struct gn_source *source)
{
    int error = scripted(host);
    if (error != 0 || !handle_ok(host, source, SOURCE))
        return error != 0 ? error : -EBADF;
    world_of(host)->notes.polls++;
    return 0;
}

static int do_source_fault(struct gn_host *host, struct gn_source *source, enum gn_reason reason,
                           const char *text)
{
    int error = scripted(host);
    (void)text;
    if (error != 0 || !handle_ok(host, source, SOURCE))
        return error != 0 ? error : -EBADF;
    if ((unsigned)reason >= GN_REASON_COUNT)
        misuse(world_of(host), "gives an unknown reason");
    world_of(host)->notes.faults++;
    return 0;
}

static int do_source_hint(struct gn_host *host, struct gn_source *source,
                          struct gn_source_hint *hint)
{
    int error = scripted(host);
    if (error != 0 || !handle_ok(host, source, SOURCE))
        return error != 0 ? error : -EBADF;
    const struct gn_source_hint answer = {
        .size = sizeof(answer),
        .min_poll_log2s = 6,
        .max_poll_log2s = 10,
        .state = GN_SOURCE_SELECTED,
        .reach = 0xff,
        .poll_s = 64,
    };
    *hint = answer;
    return 0;
}

static int do_source_address(struct gn_host *host, struct gn_source *source, const char *address,
                             uint32_t refid)
{
    int error = scripted(host);
    (void)refid;
    if (error != 0 || !handle_ok(host, source, SOURCE))
        return error != 0 ? error : -EBADF;
    if (address == NULL)
        misuse(world_of(host), "gives no address");
    return 0;
}

static void do_source_close(struct gn_host *host, struct gn_source *source)
{
    handle_close(host, source, SOURCE);
}

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
    int error = scripted(host);
    if (error == 0)
        *state = some_state(world_of(host));
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
    int error = scripted(host);
    const struct fake_state_file *file = file_find(world_of(host), key);
    if (error != 0 || file == NULL)
        return error != 0 ? error : -ENOENT;
    if (file->size > size)
        return -EFBIG;
    memcpy(data, file->data, file->size);
    return (int64_t)file->size;
}

static int do_store_write(struct gn_host *host, const char *key, const void *data, size_t size)
{
    struct fake_world *world = world_of(host);
    struct fake_state_file *file = file_find(world, key);
    int error = scripted(host);
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
    int error = scripted(host);
    for (size_t i = 0; error == 0 && i < size; i++)
        ((unsigned char *)data)[i] = (unsigned char)fake_world_random(world_of(host));
    return error;
}

static int do_tracking(struct gn_host *host, struct gn_tracking *tracking)
{
    int error = scripted(host);
    if (error != 0)
        return error;
    memset(tracking, 0, sizeof(*tracking));
    tracking->size = sizeof(*tracking);
    tracking->state = some_state(world_of(host));
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
    int error = scripted(host);
    if (error == 0)
        callback(arg, &report);
    return error;
}

static int do_command(struct gn_host *host, const char *request, gn_command_cb callback, void *arg)
{
    int error = scripted(host);
    if (request == NULL || request[0] != '{')
        misuse(world_of(host), "runs a command that is no JSON object");
    if (error == 0)
        callback(arg, "{}");
    return error;
}

/* ------------------------------------------------------------------------------------- the world
 */

/* xorshift64*; quality is no matter here. */
uint64_t fake_world_random(struct fake_world *world)
{
    world->chance ^= world->chance >> 12;
    world->chance ^= world->chance << 25;
    world->chance ^= world->chance >> 27;
    return (world->chance * UINT64_C(0x2545f4914f6cdd1d)) >> 16;
}

void fake_world_init(struct fake_world *world, uint64_t seed)
{
    memset(world, 0, sizeof(*world));
    world->now_ns = INT64_C(1700000000) * GN_NS_PER_S;
    world->chance = seed * 2 + 1;
}

void fake_world_finish(struct fake_world *world)
{
    while (world->handles != NULL)
        fake_host_close_all(world->handles->owner);
    while (world->files != NULL) {
        struct fake_state_file *file = world->files;
        world->files = file->next;
        free(file);
    }
    while (world->tasks != NULL)
        tasks_drop(world, world->tasks->owner, NULL);
}

unsigned fake_world_open(const struct fake_world *world)
{
    unsigned count = 0;
    for (const struct fake_handle *handle = world->handles; handle != NULL; handle = handle->next)
        count++;
    return count;
}

static struct gn_address made_address(uint8_t last, uint16_t port)
{
    struct gn_address address = {GN_FAMILY_IPV4, 0, port, 0, {198, 51, 100, last}};
    return address;
}

static void answer(const struct fake_world *world, const struct fake_task *task)
{
    struct gn_address found[4] = {made_address(1, task->port), made_address(2, task->port),
                                  made_address(3, task->port)};
    size_t count = 3;
    found[3] = (struct gn_address){GN_FAMILY_IPV6, 0, task->port, 0, {0x20, 1, 0x0d, 0xb8}};
    if (world->script.resolve_error != 0) {
        task->resolved(task->arg, world->script.resolve_error, "no such name", NULL, 0);
        return;
    }
    if (inet_pton(AF_INET, task->name, found[0].ip) == 1)
        count = 1;
    else if (inet_pton(AF_INET6, task->name, found[0].ip) == 1)
        found[0].family = GN_FAMILY_IPV6, count = 1;
    else
        count = 4;
    task->resolved(task->arg, 0, NULL, found, count);
}

static void run_tasks(struct fake_world *world)
{
    while (world->tasks != NULL) {
        struct fake_task *task = world->tasks;
        world->tasks = task->next;
        if (task->datagram != NULL)
            task->datagram->events.sent(task->datagram->arg, task->tag, task->when,
                                        GN_STAMP_KERNEL);
        else
            answer(world, task);
        free(task);
    }
}

static struct gn_timer *next_timer(const struct fake_world *world)
{
    struct gn_timer *first = NULL;
    for (struct fake_handle *handle = world->handles; handle != NULL; handle = handle->next) {
        struct gn_timer *timer = (struct gn_timer *)handle;
        if (handle->kind != TIMER || !timer->armed)
            continue;
        if (first == NULL || timer->due_ns < first->due_ns ||
            (timer->due_ns == first->due_ns && timer->order < first->order))
            first = timer;
    }
    return first;
}

static void fire(struct fake_world *world, struct gn_timer *timer)
{
    timer->armed = false;
    if (timer->due_ns > world->now_ns)
        world->now_ns = timer->due_ns;
    gn_local now = {world->now_ns};
    timer->callback(timer->arg, now);
}

void fake_world_run(struct fake_world *world, int64_t duration_ns)
{
    int64_t end_ns = world->now_ns + duration_ns;
    int64_t last_ns = -1;
    unsigned fired = 0;
    for (;;) {
        run_tasks(world);
        struct gn_timer *timer = next_timer(world);
        if (timer == NULL || timer->due_ns > end_ns)
            break;
        fired = timer->due_ns > last_ns ? 0 : fired + 1;
        last_ns = world->now_ns;
        if (fired > SPIN_LIMIT) {
            misuse(world, "spins: a timer fires again and again while no time passes");
            break;
        }
        fire(world, timer);
    }
    world->now_ns = end_ns;
}

static void receive(struct fake_world *world, struct gn_datagram *datagram, const void *data,
                    size_t size)
{
    const struct gn_address stranger = made_address((uint8_t)fake_world_random(world), 123);
    const struct gn_packet packet = {
        .data = data,
        .size = size,
        .remote =
            datagram->config.connect.family != GN_FAMILY_NONE ? datagram->config.connect : stranger,
        .local = datagram->config.bind,
        .when = {world->now_ns},
        .stamp = GN_STAMP_KERNEL,
    };
    if (datagram->events.receive != NULL)
        datagram->events.receive(datagram->arg, &packet, 1);
}

static void deliver_to(struct fake_world *world, struct fake_handle *handle, const void *data,
                       size_t size)
{
    gn_local now = {world->now_ns};
    if (handle->kind == DATAGRAM)
        receive(world, (struct gn_datagram *)handle, data, size);
    else if (handle->kind == DEVICE && ((struct gn_device *)handle)->readable != NULL)
        ((struct gn_device *)handle)->readable(((struct gn_device *)handle)->arg, now);
}

/* A callback may close any handle, so each is looked for from the start. */
void fake_world_deliver(struct fake_world *world, const void *data, size_t size)
{
    unsigned round = (unsigned)(++world->order);
    void *copy = malloc(size > 0 ? size : 1); /* of this size, so that a sanitizer sees its end */
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    for (;;) {
        struct fake_handle *handle = world->handles;
        while (handle != NULL && handle->round == round)
            handle = handle->next;
        if (handle == NULL)
            break;
        handle->round = round;
        deliver_to(world, handle, copy, size);
    }
    free(copy);
}

/* ---------------------------------------------------------------------------------------- hosts */

static const struct gn_log_ops log_ops = {sizeof(log_ops), do_log, do_fail, do_event};
static const struct gn_clock_ops clock_ops = {sizeof(clock_ops), do_now, do_system_time,
                                              do_from_system};
static const struct gn_timer_ops timer_ops = {sizeof(timer_ops), do_timer_open, do_timer_start,
                                              do_timer_stop, do_timer_close};
static const struct gn_datagram_ops datagram_ops = {sizeof(datagram_ops), do_datagram_open,
                                                    do_open_unix, do_send, do_datagram_close};
static const struct gn_device_ops device_ops = {sizeof(device_ops), do_device_open,
                                                do_device_read,     do_device_write,
                                                do_device_ioctl,    do_device_close};
static const struct gn_resolve_ops resolve_ops = {sizeof(resolve_ops), do_resolve};
static const struct gn_source_ops source_ops = {
    sizeof(source_ops), do_source_open, do_source_submit,  do_source_poll,
    do_source_fault,    do_source_hint, do_source_address, do_source_close};
static const struct gn_state_ops state_ops = {sizeof(state_ops), do_state_read};
static const struct gn_store_ops store_ops = {sizeof(store_ops), do_store_read, do_store_write};
static const struct gn_random_ops random_ops = {sizeof(random_ops), do_random};
static const struct gn_report_ops report_ops = {sizeof(report_ops), do_tracking, do_sources};
static const struct gn_command_ops command_ops = {sizeof(command_ops), do_command};

#define UNLESS_MISSING(group, ops) ((missing & (1u << (group))) != 0 ? NULL : &(ops))

void fake_host_init(struct fake_host *self, struct fake_world *world, const char *name,
                    unsigned missing)
{
    const struct gn_host host = {
        .size = sizeof(host),
        .name = name,
        .log = UNLESS_MISSING(FAKE_LOG, log_ops),
        .clock = UNLESS_MISSING(FAKE_CLOCK, clock_ops),
        .timer = UNLESS_MISSING(FAKE_TIMER, timer_ops),
        .datagram = UNLESS_MISSING(FAKE_DATAGRAM, datagram_ops),
        .device = UNLESS_MISSING(FAKE_DEVICE, device_ops),
        .resolve = UNLESS_MISSING(FAKE_RESOLVE, resolve_ops),
        .source = UNLESS_MISSING(FAKE_SOURCE, source_ops),
        .state = UNLESS_MISSING(FAKE_STATE, state_ops),
        .store = UNLESS_MISSING(FAKE_STORE, store_ops),
        .random = UNLESS_MISSING(FAKE_RANDOM, random_ops),
        .report = UNLESS_MISSING(FAKE_REPORT, report_ops),
        .command = UNLESS_MISSING(FAKE_COMMAND, command_ops),
    };
    self->host = host;
    self->world = world;
    self->words[0] = '\0';
}

void fake_host_close_all(struct fake_host *self)
{
    if (self->world == NULL)
        return;
    struct fake_handle **link = &self->world->handles;
    tasks_drop(self->world, self, NULL);
    while (*link != NULL) {
        struct fake_handle *handle = *link;
        if (handle->owner == self) {
            *link = handle->next;
            free(handle);
        } else {
            link = &handle->next;
        }
    }
}
