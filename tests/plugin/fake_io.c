/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------ datagrams */

static int do_datagram_open(struct gn_host *host, const struct gn_datagram_config *config,
                            const struct gn_datagram_events *events, void *arg,
                            struct gn_datagram **datagram)
{
    int error = fake_scripted(host);
    if (error != 0)
        return gn_fail(host, error, "cannot open a socket: %s", strerror(-error));
    if (config->size < sizeof(*config) || (events != NULL && events->size < sizeof(*events)))
        fake_misuse(fake_world_of(host), "opens a socket without sizes");
    *datagram = fake_handle_add(host, DATAGRAM, sizeof(**datagram));
    (*datagram)->config = *config;
    if (events != NULL)
        (*datagram)->events = *events;
    (*datagram)->arg = arg;
    return 0;
}

static int do_open_unix(struct gn_host *host, const char *path, struct gn_datagram **datagram)
{
    const struct fake_script *script = &fake_world_of(host)->script;
    int error = fake_scripted(host);
    for (size_t i = 0; error == 0 && i < sizeof(script->absent) / sizeof(*script->absent); i++)
        if (script->absent[i] != NULL && strcmp(script->absent[i], path) == 0)
            error = -ENOENT;
    if (error != 0)
        return gn_fail(host, error, "%s: %s", path, strerror(-error));
    *datagram = fake_handle_add(host, DATAGRAM, sizeof(**datagram));
    snprintf((*datagram)->path, sizeof((*datagram)->path), "%s", path);
    return 0;
}

static int scripted_send(struct gn_host *host)
{
    struct fake_script *script = &fake_world_of(host)->script;
    int error = fake_scripted(host);
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
    struct fake_world *world = fake_world_of(host);
    (void)from;
    int error = scripted_send(host);
    if (error != 0 || !fake_handle_ok(host, datagram, DATAGRAM))
        return error != 0 ? error : -EBADF;
    if (to == NULL && datagram->path[0] == '\0' &&
        datagram->config.connect.family == GN_FAMILY_NONE)
        fake_misuse(world, "sends to nobody");
    note_sent(world, datagram, data, size, to);
    if (when != NULL)
        *when = (gn_local){fake_world_of(host)->now_ns};
    if ((flags & GN_SEND_STAMP) != 0 && (datagram->config.flags & GN_DATAGRAM_SENT) != 0 &&
        datagram->events.sent != NULL) {
        struct fake_task *task = fake_task_add(host);
        task->datagram = datagram;
        task->tag = tag;
        task->when = (gn_local){fake_world_of(host)->now_ns};
    }
    return 0;
}

static void do_datagram_close(struct gn_host *host, struct gn_datagram *datagram)
{
    fake_handle_close(host, datagram, DATAGRAM);
}

/* ----------------------------------------------------------------------------- devices and names
 */

static int do_device_open(struct gn_host *host, const char *path, int flags, gn_device_cb readable,
                          void *arg, struct gn_device **device)
{
    int error = fake_scripted(host);
    (void)flags;
    if (error != 0)
        return gn_fail(host, error, "cannot open %s: %s", path, strerror(-error));
    *device = fake_handle_add(host, DEVICE, sizeof(**device));
    (*device)->readable = readable;
    (*device)->arg = arg;
    return 0;
}

/* Noise, in pieces; now and then nothing. */
static int64_t do_device_read(struct gn_host *host, struct gn_device *device, void *data,
                              size_t size)
{
    int error = fake_scripted(host);
    if (error != 0 || !fake_handle_ok(host, device, DEVICE))
        return error != 0 ? error : -EBADF;
    if (fake_world_random(fake_world_of(host)) % 4 == 0)
        return -EAGAIN;
    size_t count = fake_world_random(fake_world_of(host)) % (size + 1);
    for (size_t i = 0; i < count; i++)
        ((unsigned char *)data)[i] = (unsigned char)fake_world_random(fake_world_of(host));
    return count > 0 ? (int64_t)count : -EAGAIN;
}

static int64_t do_device_write(struct gn_host *host, struct gn_device *device, const void *data,
                               size_t size)
{
    int error = fake_scripted(host);
    (void)data;
    if (error != 0 || !fake_handle_ok(host, device, DEVICE))
        return error != 0 ? error : -EBADF;
    return (int64_t)size;
}

static int do_device_ioctl(struct gn_host *host, struct gn_device *device, unsigned long request,
                           void *data)
{
    int error = fake_scripted(host);
    (void)request;
    (void)data;
    if (error != 0 || !fake_handle_ok(host, device, DEVICE))
        return error != 0 ? error : -EBADF;
    return -ENOTTY;
}

static void do_device_close(struct gn_host *host, struct gn_device *device)
{
    fake_handle_close(host, device, DEVICE);
}

static int do_device_holder(struct gn_host *host, const char *path, char *words, size_t size)
{
    int error = fake_scripted(host);
    (void)path;
    if (error == 0)
        snprintf(words, size, "another (pid 1)");
    return error;
}

static int do_resolve(struct gn_host *host, const char *name, uint16_t port, gn_resolve_cb callback,
                      void *arg)
{
    int error = fake_scripted(host);
    if (error != 0)
        return gn_fail(host, error, "cannot resolve %s: %s", name, strerror(-error));
    struct fake_task *task = fake_task_add(host);
    fake_world_of(host)->notes.resolutions++;
    task->resolved = callback;
    task->arg = arg;
    task->port = port;
    snprintf(task->name, sizeof(task->name), "%s", name);
    return 0;
}

const struct gn_datagram_ops fake_datagram_ops = {sizeof(fake_datagram_ops), do_datagram_open,
                                                  do_open_unix, do_send, do_datagram_close};
const struct gn_device_ops fake_device_ops = {
    sizeof(fake_device_ops), do_device_open,  do_device_read,  do_device_write,
    do_device_ioctl,         do_device_close, do_device_holder};
const struct gn_resolve_ops fake_resolve_ops = {sizeof(fake_resolve_ops), do_resolve};

/* -------------------------------------------------------------------------------------- sources */

static int do_source_open(struct gn_host *host, const struct gn_source_info *info,
                          struct gn_source **source)
{
    int error = fake_scripted(host);
    if (error != 0)
        return gn_fail(host, error, "cannot open a source: %s", strerror(-error));
    if (info->size < sizeof(*info) || info->address == NULL || info->mode > GN_MODE_REFCLOCK)
        fake_misuse(fake_world_of(host), "describes a source wrongly");
    fake_world_of(host)->notes.source = *info;
    *source = fake_handle_add(host, SOURCE, sizeof(**source));
    return 0;
}

static void check_sample(struct fake_world *world, const struct gn_sample *sample)
{
    if (sample->size < sizeof(*sample))
        fake_misuse(world, "submits a sample without its size");
    else if (!isfinite(sample->dispersion_s) || sample->dispersion_s <= 0)
        fake_misuse(world, "submits a sample whose dispersion is not above 0");
    else if (!isfinite(sample->delay_s) || sample->delay_s < 0 || sample->root_delay_s < 0 ||
             sample->root_dispersion_s < 0)
        fake_misuse(world, "submits a sample with a negative delay");
    else if (sample->stratum > 15 || sample->leap > GN_LEAP_UNSYNCHRONISED)
        fake_misuse(world, "submits a sample with a wrong stratum or leap");
    else if (sample->local.ns > world->now_ns)
        fake_misuse(world, "submits a sample from the future");
}

static int do_source_submit(struct gn_host *host, struct gn_source *source,
                            const struct gn_sample *sample)
{
    struct fake_world *world = fake_world_of(host);
    int error = fake_scripted(host);
    if (error != 0 || !fake_handle_ok(host, source, SOURCE))
        return error != 0 ? error : -EBADF;
    check_sample(world, sample);
    world->notes.samples++;
    world->notes.sample = *sample;
    return 0;
}

static int do_source_poll(struct gn_host *host, struct gn_source *source)
{
    int error = fake_scripted(host);
    if (error != 0 || !fake_handle_ok(host, source, SOURCE))
        return error != 0 ? error : -EBADF;
    fake_world_of(host)->notes.polls++;
    return 0;
}

static int do_source_fault(struct gn_host *host, struct gn_source *source, enum gn_reason reason,
                           const char *text)
{
    int error = fake_scripted(host);
    if (error != 0 || !fake_handle_ok(host, source, SOURCE))
        return error != 0 ? error : -EBADF;
    if ((unsigned)reason >= GN_REASON_COUNT)
        fake_misuse(fake_world_of(host), "gives an unknown reason");
    struct fake_notes *notes = &fake_world_of(host)->notes;
    notes->faults++;
    snprintf(notes->last_fault, sizeof(notes->last_fault), "%s", text != NULL ? text : "");
    return 0;
}

static int do_source_hint(struct gn_host *host, struct gn_source *source,
                          struct gn_source_hint *hint)
{
    int error = fake_scripted(host);
    if (error != 0 || !fake_handle_ok(host, source, SOURCE))
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
    int error = fake_scripted(host);
    (void)refid;
    if (error != 0 || !fake_handle_ok(host, source, SOURCE))
        return error != 0 ? error : -EBADF;
    if (address == NULL)
        fake_misuse(fake_world_of(host), "gives no address");
    return 0;
}

static int do_source_slow(struct gn_host *host, struct gn_source *source, double least_s)
{
    int error = fake_scripted(host);
    if (error != 0 || !fake_handle_ok(host, source, SOURCE))
        return error != 0 ? error : -EBADF;
    if (!(least_s >= 0))
        fake_misuse(fake_world_of(host), "asks for no interval");
    fake_world_of(host)->notes.slow_s = least_s;
    return 0;
}

static void do_source_close(struct gn_host *host, struct gn_source *source)
{
    fake_handle_close(host, source, SOURCE);
}

const struct gn_source_ops fake_source_ops = {
    sizeof(fake_source_ops), do_source_open,    do_source_submit, do_source_poll, do_source_fault,
    do_source_hint,          do_source_address, do_source_close,  do_source_slow};
