/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROSTER_H
#define ROSTER_H

/**
 * The addresses behind a name, and which of them are in use. Pure.
 *
 * Addresses are handed out in the resolver's order, none twice at a time; who gives one back gets
 * the next.
 */

#include <gnomon/host.h>

#define ROSTER_MAX 32

struct roster {
    struct {
        struct gn_address address;
        bool used;
    } entries[ROSTER_MAX];
    size_t count;
    size_t next;       /* where the search for an unused one begins */
    unsigned failures; /* resolutions in a row that failed */
};

void roster_init(struct roster *roster);

/** A resolution brought these: those in use stay, all others are replaced. Doubles are dropped. */
void roster_update(struct roster *roster, const struct gn_address *addresses, size_t count);

/** Take an unused address. Returns false when there is none. */
bool roster_take(struct roster *roster, struct gn_address *address);

/** Give `*address` back and take another. Returns false when there is no other: it stays taken. */
bool roster_swap(struct roster *roster, struct gn_address *address);

/** Forget an address; nothing happens where it is not known. */
void roster_remove(struct roster *roster, const struct gn_address *address);

/**
 * How long to wait before the next address is asked, after `swaps` of them in a row gave nothing:
 * a moment in the first round through all addresses, then 2 s, doubled up to 1024 s.
 */
int64_t roster_swap_ns(const struct roster *roster, unsigned swaps);

/** Whether `swaps` mean that all addresses were gone through: time to resolve anew. */
bool roster_is_exhausted(const struct roster *roster, unsigned swaps);

/** A resolution failed. Returns after how long to try again: 2 s, doubled up to 1024 s. */
int64_t roster_retry_ns(struct roster *roster);

#endif
