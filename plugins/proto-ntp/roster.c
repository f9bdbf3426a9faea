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

static void keep_used(struct roster *roster)
{
    size_t kept = 0;
    for (size_t i = 0; i < roster->count; i++) {
        if (roster->entries[i].used)
            roster->entries[kept++] = roster->entries[i];
    }
    roster->count = kept;
}

void roster_update(struct roster *roster, const struct gn_address *addresses, size_t count)
{
    keep_used(roster);
    roster->next = roster->count;
    roster->failures = 0;
    for (size_t i = 0; i < count && roster->count < ROSTER_MAX; i++) {
        if (address_size(&addresses[i]) == 0 || find(roster, &addresses[i]) < roster->count)
            continue;
        roster->entries[roster->count].address = addresses[i];
        roster->entries[roster->count++].used = false;
    }
}

bool roster_take(struct roster *roster, struct gn_address *address)
{
    for (size_t i = 0; i < roster->count; i++) {
        size_t at = (roster->next + i) % roster->count;
        if (roster->entries[at].used)
            continue;
        roster->entries[at].used = true;
        roster->next = at + 1;
        *address = roster->entries[at].address;
        return true;
    }
    return false;
}

bool roster_swap(struct roster *roster, struct gn_address *address)
{
    size_t at = find(roster, address);
    if (!roster_take(roster, address))
        return false;
    if (at < roster->count)
        roster->entries[at].used = false;
    return true;
}

void roster_remove(struct roster *roster, const struct gn_address *address)
{
    size_t at = find(roster, address);
    if (at == roster->count)
        return;
    roster->count--;
    memmove(&roster->entries[at], &roster->entries[at + 1],
            (roster->count - at) * sizeof(roster->entries[0]));
    roster->next = 0;
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
