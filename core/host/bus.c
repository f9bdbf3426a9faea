/* SPDX-License-Identifier: Apache-2.0 */
#include <host/bus.h>
#include <stdio.h>

void bus_put(struct bus *bus, const struct gn_event *event)
{
    struct bus_event *slot;
    if (bus->count == BUS_QUEUE) {
        bus->dropped++;
        return;
    }
    slot = &bus->queue[(bus->head + bus->count++) % BUS_QUEUE];
    slot->event = *event;
    slot->event.size = sizeof slot->event;
    snprintf(slot->source, sizeof slot->source, "%s", event->source != NULL ? event->source : "");
    snprintf(slot->text, sizeof slot->text, "%s", event->text != NULL ? event->text : "");
    slot->event.source = slot->source;
    slot->event.text = slot->text;
}

const struct gn_event *bus_take(struct bus *bus)
{
    const struct bus_event *slot = &bus->queue[bus->head];
    if (bus->count == 0)
        return NULL;
    bus->head = (bus->head + 1) % BUS_QUEUE;
    bus->count--;
    return &slot->event;
}
