/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ACCESS_H
#define ACCESS_H

/**
 * Who may ask: allow and deny lists of address ranges; the longest prefix decides.
 *
 * Nobody is allowed by default, except the machine itself (127.0.0.0/8 and ::1), which stays
 * allowed until a range within its own says otherwise. Where allow and deny name the same range,
 * deny wins.
 */

#include <gnomon/host.h>
#include <gnomon/option.h>

struct access_range;

/** Ranges of one family, sorted by address and then length, so that a range follows all those
 *  around it. */
struct access_table {
    struct access_range *ranges;
    size_t count;
};

struct access {
    struct access_table ipv4;
    struct access_table ipv6;
};

/**
 * Build from lists of "192.168.0.0/24", "2001:db8::/32", single addresses, and "all". Bits beyond
 * the prefix are ignored.
 * Owns: the caller ends it with access_finish().
 * Errors: -EINVAL, -ENOMEM; `why` then names the entry, and nothing is left allocated.
 */
int access_init(struct access *access, const struct gn_strings *allow,
                const struct gn_strings *deny, char *why, size_t why_size);

/** Takes a zeroed or finished one, too. */
void access_finish(struct access *access);

/** Whether an address may ask. Allocates nothing; logarithmic in the number of ranges. */
bool access_allows(const struct access *access, const struct gn_address *address);

#endif
