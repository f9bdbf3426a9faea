/* SPDX-License-Identifier: Apache-2.0 */
#include "registry.h"

#include "address.h"

static struct registry_seat *find(const struct registry *registry, const struct gn_address *address)
{
    struct registry_seat *seat = registry->first;
    while (seat != NULL && !address_equal(&seat->address, address))
        seat = seat->next;
    return seat;
}

bool registry_is_free(const struct registry *registry, const struct gn_address *address,
                      bool is_named)
{
    const struct registry_seat *other = find(registry, address);
    return other == NULL || (is_named && !other->is_named);
}

void registry_give(struct registry *registry, struct registry_seat *seat)
{
    struct registry_seat **link = &registry->first;
    if (!seat->is_held)
        return;
    while (*link != seat)
        link = &(*link)->next;
    *link = seat->next;
    seat->is_held = false;
}

bool registry_take(struct registry *registry, struct registry_seat *seat,
                   const struct gn_address *address)
{
    struct registry_seat *other = find(registry, address);
    if (other == seat)
        return true;
    if (other != NULL && (other->is_named || !seat->is_named))
        return false;
    if (other != NULL)
        registry_give(registry, other);
    registry_give(registry, seat);
    seat->address = *address;
    seat->is_held = true;
    seat->next = registry->first;
    registry->first = seat;
    if (other != NULL) /* last: it looks for another at once */
        other->evicted(other->arg);
    return true;
}
