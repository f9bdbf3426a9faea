/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <base/memory.h>
#include <sim/world.h>
#include <stdlib.h>

/* An event's place in the queue, with what it is compared by: events lie all over the memory. */
struct entry {
    int64_t when_ns;
    uint64_t order;
    struct world_event *event;
};

struct world {
    uint64_t seed;
    gn_utc start, now;
    gn_utc leap_at; /* valid while leap_ns is not 0 */
    int64_t leap_ns;
    struct entry *heap; /* from 1; each has four children */
    size_t count, capacity;
    uint64_t orders, events;
    bool stopped;
};

struct world *world_create(uint64_t seed, gn_utc start)
{
    struct world *world = calloc(1, sizeof *world);
    if (world != NULL)
        *world = (struct world){.seed = seed, .start = start, .now = start};
    return world;
}

void world_destroy(struct world *world)
{
    if (world == NULL)
        return;
    free(world->heap);
    free(world);
}

uint64_t world_seed(const struct world *world)
{
    return world->seed;
}

gn_utc world_now(const struct world *world)
{
    return world->now;
}

gn_utc world_start(const struct world *world)
{
    return world->start;
}

void world_plan_leap(struct world *world, gn_utc at, int64_t by_ns)
{
    world->leap_at = at;
    world->leap_ns = by_ns;
}

gn_utc world_leap_at(const struct world *world, int64_t *by_ns)
{
    *by_ns = world->leap_ns;
    return world->leap_at;
}

/* Of the day around the leap, which has 86401 or 86399 seconds, it makes one of 86400. */
gn_utc world_smeared(const struct world *world)
{
    const double day_s = 86400;
    double length_s = day_s - gn_seconds(world->leap_ns);
    double half_s = world->leap_ns > 0 ? length_s - day_s / 2 : day_s / 2;
    double since_s = gn_seconds(world->now.ns - world->leap_at.ns) + half_s;
    if (world->leap_ns == 0 || since_s < 0 || since_s >= length_s)
        return world_utc(world);
    return gn_utc_add(world->now, gn_nanoseconds(since_s * (day_s - length_s) / length_s));
}

gn_utc world_utc(const struct world *world)
{
    bool leapt = world->leap_ns != 0 && world->now.ns >= world->leap_at.ns;
    return gn_utc_add(world->now, leapt ? world->leap_ns : 0);
}

uint64_t world_events(const struct world *world)
{
    return world->events;
}

/* ---------------------------------------------------------------- heap */

static bool before(const struct entry *a, const struct entry *b)
{
    return a->when_ns != b->when_ns ? a->when_ns < b->when_ns : a->order < b->order;
}

static size_t parent_of(size_t place)
{
    return (place + 2) / 4;
}

static void put(struct world *world, size_t place, struct entry entry)
{
    world->heap[place] = entry;
    entry.event->place = place;
}

static void rise(struct world *world, size_t place, struct entry entry)
{
    while (place > 1 && before(&entry, &world->heap[parent_of(place)])) {
        put(world, place, world->heap[parent_of(place)]);
        place = parent_of(place);
    }
    put(world, place, entry);
}

static void sink(struct world *world, size_t place, struct entry entry)
{
    for (;;) {
        size_t child = 4 * place - 2, best = child;
        for (size_t i = child + 1; i < child + 4 && i <= world->count; i++)
            if (before(&world->heap[i], &world->heap[best]))
                best = i;
        if (child > world->count || before(&entry, &world->heap[best]))
            break;
        put(world, place, world->heap[best]);
        place = best;
    }
    put(world, place, entry);
}

static void take_out(struct world *world, struct world_event *event)
{
    struct entry last = world->heap[world->count--];
    size_t place = event->place;
    event->place = 0;
    if (last.event == event)
        return;
    if (place > 1 && before(&last, &world->heap[parent_of(place)]))
        rise(world, place, last);
    else
        sink(world, place, last);
}

/* ---------------------------------------------------------------- orders */

void world_order(struct world *world, struct world_event *event, gn_utc when)
{
    world_cancel(world, event);
    if (world->count + 2 > world->capacity) {
        world->capacity = 2 * world->capacity + 64;
        world->heap = memory_resize(world->heap, world->capacity, sizeof(struct entry));
    }
    event->when_ns = when.ns > world->now.ns ? when.ns : world->now.ns;
    rise(world, ++world->count, (struct entry){event->when_ns, world->orders++, event});
}

void world_order_in(struct world *world, struct world_event *event, int64_t delay_ns)
{
    /* Whoever waits for centuries waits for ever: the sum must not overflow. */
    if (delay_ns > INT64_MAX / 4)
        delay_ns = INT64_MAX / 4;
    world_order(world, event, gn_utc_add(world->now, delay_ns));
}

void world_cancel(struct world *world, struct world_event *event)
{
    if (event->place != 0)
        take_out(world, event);
}

/* ---------------------------------------------------------------- time passes */

void world_run(struct world *world, gn_utc until)
{
    assert(until.ns >= world->now.ns);
    world->stopped = false;
    while (!world->stopped && world->count > 0 && world->heap[1].when_ns <= until.ns) {
        struct world_event *event = world->heap[1].event;
        world->now.ns = world->heap[1].when_ns;
        take_out(world, event);
        world->events++;
        event->happen(event->arg); /* may free the event */
    }
    if (!world->stopped)
        world->now = until;
}

void world_stop(struct world *world)
{
    world->stopped = true;
}
