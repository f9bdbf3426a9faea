/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_H
#define REGISTRY_H

/**
 * Which addresses are asked, by all entries of the configuration: none twice. Pure.
 *
 * What is named by itself (a server) goes before what a pool happens to bring: it takes the
 * address, and the pool looks for another.
 */

#include <gnomon/host.h>

/** Who holds an address, or would. The caller's memory, until registry_give(). */
struct registry_seat {
    bool is_named; /* a server, not one of a pool */
    /** The address is somebody else's now; called within registry_take(). */
    void (*evicted)(void *arg);
    void *arg;
    /* The registry's own. */
    bool is_held;
    struct gn_address address;
    struct registry_seat *next;
};

struct registry {
    struct registry_seat *first;
};

/** Whether somebody may have an address: nobody has it, or only a pool and the asker is named. */
bool registry_is_free(const struct registry *registry, const struct gn_address *address,
                      bool is_named);

/** Take an address, and give back what was held before. Returns false when it is not free; what
 * was held stays then. */
bool registry_take(struct registry *registry, struct registry_seat *seat,
                   const struct gn_address *address);

/** Give back; takes a seat that holds nothing. */
void registry_give(struct registry *registry, struct registry_seat *seat);

#endif
