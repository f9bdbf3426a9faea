/* SPDX-License-Identifier: Apache-2.0 */
#include "roster.h"

#include "address.h"
#include <string.h>

#define FIRST_SWAP_NS (GN_NS_PER_S / 10)
#define RETRY_LOG2S_MIN 1
#define RETRY_LOG2S_MAX 10

void roster_init(struct roster *roster)
{
    memset(roster, 0, sizeof(*roster));
}

static size_t find(const struct roster *roster, const struct gn_address *address)
{
    size_t i = 0;
    while (i < roster->count && !address_equal(&roster->entries[i].address, address))
        i++;
    return i;
}

static bool is_shunned(const struct roster *roster, size_t i, gn_local now)
{
    return gn_local_sub(roster->entries[i].shunned, now) > 0;
}

static void keep(struct roster *roster, gn_local now)
{
    size_t kept = 0;
    for (size_t i = 0; i < roster->count; i++) {
        if (roster->entries[i].used || is_shunned(roster, i, now))
            roster->entries[kept++] = roster->entries[i];
    }
    roster->count = kept;
}

static bool is_wanted(const struct roster *roster, const struct gn_address *address)
{
    return address_size(address) != 0 &&
           (roster->family == GN_FAMILY_NONE || roster->family == address->family) &&
           find(roster, address) == roster->count;
}

void roster_update(struct roster *roster, gn_local now, const struct gn_address *addresses,
                   size_t count)
{
    keep(roster, now);
    roster->next = roster->count;
    roster->failures = 0;
    for (size_t i = 0; i < count && roster->count < ROSTER_MAX; i++) {
        if (!is_wanted(roster, &addresses[i]))
            continue;
        memset(&roster->entries[roster->count], 0, sizeof(roster->entries[0]));
        roster->entries[roster->count++].address = addresses[i];
    }
}

static bool is_spare(const struct roster *roster, size_t i, gn_local now)
{
    return !roster->entries[i].used && !is_shunned(roster, i, now) &&
           (roster->is_free == NULL || roster->is_free(roster->arg, &roster->entries[i].address));
}

bool roster_take(struct roster *roster, gn_local now, struct gn_address *address)
{
    for (size_t i = 0; i < roster->count; i++) {
        size_t at = (roster->next + i) % roster->count;
        if (!is_spare(roster, at, now))
            continue;
        roster->entries[at].used = true;
        roster->next = at + 1;
        *address = roster->entries[at].address;
        return true;
    }
    return false;
}

bool roster_swap(struct roster *roster, gn_local now, struct gn_address *address)
{
    size_t at = find(roster, address);
    if (!roster_take(roster, now, address))
        return false;
    if (at < roster->count)
        roster->entries[at].used = false;
    return true;
}

void roster_give(struct roster *roster, const struct gn_address *address)
{
    size_t at = find(roster, address);
    if (at < roster->count)
        roster->entries[at].used = false;
}

void roster_shun(struct roster *roster, const struct gn_address *address, gn_local until)
{
    size_t at = find(roster, address);
    if (at < roster->count)
        roster->entries[at].shunned = until;
}

int64_t roster_swap_ns(const struct roster *roster, unsigned swaps)
{
    unsigned round = roster->count > 0 ? swaps / (unsigned)roster->count : swaps;
    if (round == 0)
        return FIRST_SWAP_NS;
    return gn_poll_ns((int8_t)(round < RETRY_LOG2S_MAX ? round : RETRY_LOG2S_MAX));
}

bool roster_is_exhausted(const struct roster *roster, unsigned swaps)
{
    return roster->count == 0 || swaps % roster->count == 0;
}

int64_t roster_retry_ns(struct roster *roster)
{
    int8_t log2s = (int8_t)(RETRY_LOG2S_MIN + roster->failures);
    if (log2s < RETRY_LOG2S_MAX)
        roster->failures++;
    return gn_poll_ns(log2s);
}
