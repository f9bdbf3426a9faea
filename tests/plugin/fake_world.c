/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* A timer that fires this often while no time passes spins. */
#define SPIN_LIMIT 10000

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
        fake_tasks_drop(world, world->tasks->owner, NULL);
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
            fake_misuse(world, "spins: a timer fires again and again while no time passes");
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
