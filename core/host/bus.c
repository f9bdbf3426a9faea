/* SPDX-License-Identifier: Apache-2.0 */
#include <host/bus.h>
#include <stdlib.h>
#include <string.h>

struct bus_event {
    struct gn_event event; /* its strings point into `words` */
    struct bus_event *next;
    char words[];
};

static size_t length_of(const char *words, size_t most)
{
    return words != NULL ? strnlen(words, most) : 0;
}

static struct bus_event *copy_of(const struct gn_event *event)
{
    size_t source_size = length_of(event->source, BUS_SOURCE_MAX);
    size_t text_size = length_of(event->text, BUS_TEXT_MAX);
    struct bus_event *copy = calloc(1, sizeof *copy + source_size + text_size + 2);
    if (copy == NULL)
        return NULL;
    copy->event = *event;
    copy->event.size = sizeof copy->event;
    copy->event.source = copy->words;
    copy->event.text = copy->words + source_size + 1;
    if (source_size > 0)
        memcpy(copy->words, event->source, source_size);
    if (text_size > 0)
        memcpy(copy->words + source_size + 1, event->text, text_size);
    return copy;
}

void bus_put(struct bus *bus, const struct gn_event *event)
{
    struct bus_event *copy = bus->count < BUS_QUEUE ? copy_of(event) : NULL;
    if (copy == NULL) {
        bus->dropped++;
        return;
    }
    if (bus->last != NULL)
        bus->last->next = copy;
    else
        bus->first = copy;
    bus->last = copy;
    bus->count++;
}

const struct gn_event *bus_take(struct bus *bus)
{
    free(bus->taken);
    bus->taken = bus->first;
    if (bus->taken == NULL)
        return NULL;
    bus->first = bus->taken->next;
    if (bus->first == NULL)
        bus->last = NULL;
    bus->count--;
    return &bus->taken->event;
}

void bus_clear(struct bus *bus)
{
    while (bus_take(bus) != NULL)
        ;
}
