/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

#include <stdlib.h>
#include <string.h>

struct fake_world *fake_world_of(struct gn_host *host)
{
    return ((struct fake_host *)host)->world;
}

void fake_misuse(struct fake_world *world, const char *what)
{
    if (world->misuse == NULL)
        world->misuse = what;
}

int fake_scripted(struct gn_host *host)
{
    struct fake_script *script = &fake_world_of(host)->script;
    script->calls++;
    if (script->fail_at == 0)
        return 0;
    bool fails =
        script->and_after ? script->calls >= script->fail_at : script->calls == script->fail_at;
    return fails ? script->error : 0;
}

/* -------------------------------------------------------------------------------------- handles */

void *fake_handle_add(struct gn_host *host, enum handle_kind kind, size_t size)
{
    struct fake_world *world = fake_world_of(host);
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
bool fake_handle_ok(struct gn_host *host, const void *handle, enum handle_kind kind)
{
    struct fake_world *world = fake_world_of(host);
    struct fake_handle *found = *handle_find(world, handle);
    if (found == NULL)
        fake_misuse(world, "uses a handle that is not open");
    else if (found->kind != kind)
        fake_misuse(world, "uses a handle of another kind");
    else if (found->owner != (struct fake_host *)host)
        fake_misuse(world, "uses a handle of another instance");
    else
        return true;
    return false;
}

void fake_tasks_drop(struct fake_world *world, const struct fake_host *owner, const void *datagram)
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

void fake_handle_close(struct gn_host *host, void *handle, enum handle_kind kind)
{
    if (!fake_handle_ok(host, handle, kind))
        return;
    struct fake_world *world = fake_world_of(host);
    struct fake_handle **link = handle_find(world, handle);
    struct fake_handle *found = *link;
    *link = found->next;
    fake_tasks_drop(world, NULL, handle);
    free(found);
}

struct fake_task *fake_task_add(struct gn_host *host)
{
    struct fake_task **link = &fake_world_of(host)->tasks;
    while (*link != NULL)
        link = &(*link)->next;
    *link = calloc(1, sizeof(**link));
    if (*link == NULL)
        abort();
    (*link)->owner = (struct fake_host *)host;
    return *link;
}

/* ---------------------------------------------------------------------------------------- hosts */

#define UNLESS_MISSING(group, ops) ((missing & (1u << (group))) != 0 ? NULL : &(ops))

void fake_host_init(struct fake_host *self, struct fake_world *world, const char *name,
                    unsigned missing)
{
    const struct gn_host host = {
        .size = sizeof(host),
        .name = name,
        .log = UNLESS_MISSING(FAKE_LOG, fake_log_ops),
        .clock = UNLESS_MISSING(FAKE_CLOCK, fake_clock_ops),
        .timer = UNLESS_MISSING(FAKE_TIMER, fake_timer_ops),
        .datagram = UNLESS_MISSING(FAKE_DATAGRAM, fake_datagram_ops),
        .device = UNLESS_MISSING(FAKE_DEVICE, fake_device_ops),
        .resolve = UNLESS_MISSING(FAKE_RESOLVE, fake_resolve_ops),
        .source = UNLESS_MISSING(FAKE_SOURCE, fake_source_ops),
        .state = UNLESS_MISSING(FAKE_STATE, fake_state_ops),
        .store = UNLESS_MISSING(FAKE_STORE, fake_store_ops),
        .random = UNLESS_MISSING(FAKE_RANDOM, fake_random_ops),
        .report = UNLESS_MISSING(FAKE_REPORT, fake_report_ops),
        .command = UNLESS_MISSING(FAKE_COMMAND, fake_command_ops),
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
    fake_tasks_drop(self->world, self, NULL);
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
