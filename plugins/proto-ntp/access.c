/* SPDX-License-Identifier: Apache-2.0 */
#include "access.h"

#include "address.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_PARENT SIZE_MAX

struct access_range {
    uint8_t ip[16]; /* bits beyond the prefix are 0 */
    uint8_t prefix; /* bits */
    bool allowed;
    size_t parent; /* the smallest range around this one, or NO_PARENT */
};

/* ---------------------------------------------------------------- reading entries */

static void clear_host_bits(uint8_t *ip, size_t size, unsigned prefix)
{
    for (size_t i = 0; i < size; i++) {
        unsigned bits = prefix > i * 8 ? prefix - (unsigned)i * 8 : 0;
        if (bits < 8)
            ip[i] &= (uint8_t)(0xff00u >> bits);
    }
}

/* Returns the length after the slash, or -EINVAL. */
static int parse_prefix(const char *text, unsigned max)
{
    unsigned value = 0;
    size_t digits = strlen(text);
    if (digits == 0 || digits > 3)
        return -EINVAL;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9')
            return -EINVAL;
        value = value * 10 + (unsigned)(*c - '0');
    }
    return value <= max ? (int)value : -EINVAL;
}

static int parse_range(const char *text, struct gn_address *address, struct access_range *range,
                       char *why, size_t why_size)
{
    char ip[64];
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (length < sizeof(ip)) {
        memcpy(ip, text, length);
        ip[length] = '\0';
    }
    if (length >= sizeof(ip) || address_parse(ip, address) != 0) {
        snprintf(why, why_size,
                 "\"%s\" is no address range; allowed: \"192.168.0.0/24\", \"2001:db8::/32\", "
                 "a single numeric address, or \"all\"",
                 text);
        return -EINVAL;
    }
    unsigned max = (unsigned)address_size(address) * 8;
    int prefix = slash != NULL ? parse_prefix(slash + 1, max) : (int)max;
    if (prefix < 0) {
        snprintf(why, why_size, "\"%s\": the prefix length must be a number from 0 to %u", text,
                 max);
        return -EINVAL;
    }
    range->prefix = (uint8_t)prefix;
    memcpy(range->ip, address->ip, sizeof(range->ip));
    clear_host_bits(range->ip, sizeof(range->ip), (unsigned)prefix);
    return 0;
}

/* ---------------------------------------------------------------- building */

static void add_range(struct access *access, uint8_t family, const struct access_range *range)
{
    struct access_table *table = family == GN_FAMILY_IPV4 ? &access->ipv4 : &access->ipv6;
    table->ranges[table->count++] = *range;
}

static int add_entry(struct access *access, const char *text, bool allowed, char *why,
                     size_t why_size)
{
    struct access_range range = {.allowed = allowed, .parent = NO_PARENT};
    struct gn_address address;
    if (strcmp(text, "all") == 0) {
        add_range(access, GN_FAMILY_IPV4, &range);
        add_range(access, GN_FAMILY_IPV6, &range);
        return 0;
    }
    int error = parse_range(text, &address, &range, why, why_size);
    if (error == 0)
        add_range(access, address.family, &range);
    return error;
}

static int add_list(struct access *access, const struct gn_strings *list, bool allowed, char *why,
                    size_t why_size)
{
    for (size_t i = 0; i < list->count; i++) {
        int error = add_entry(access, list->items[i], allowed, why, why_size);
        if (error != 0)
            return error;
    }
    return 0;
}

/* By address, then length, then deny before allow. */
static int compare_ranges(const void *left, const void *right)
{
    const struct access_range *a = left;
    const struct access_range *b = right;
    int order = memcmp(a->ip, b->ip, sizeof(a->ip));
    if (order == 0)
        order = (int)a->prefix - (int)b->prefix;
    return order != 0 ? order : (int)a->allowed - (int)b->allowed;
}

static bool covers(const struct access_range *range, const uint8_t ip[16])
{
    size_t bytes = range->prefix / 8;
    unsigned bits = range->prefix % 8;
    if (memcmp(range->ip, ip, bytes) != 0)
        return false;
    return bits == 0 || ((range->ip[bytes] ^ ip[bytes]) >> (8 - bits)) == 0;
}

/* The smallest range at or before `i` in the chain that covers `ip`. */
static size_t climb(const struct access_table *table, size_t i, const uint8_t ip[16])
{
    while (i != NO_PARENT && !covers(&table->ranges[i], ip))
        i = table->ranges[i].parent;
    return i;
}

static void sort_table(struct access_table *table)
{
    size_t kept = 0;
    qsort(table->ranges, table->count, sizeof(*table->ranges), compare_ranges);
    for (size_t i = 0; i < table->count; i++) {
        struct access_range *range = &table->ranges[i];
        if (kept > 0 && range->prefix == table->ranges[kept - 1].prefix &&
            memcmp(range->ip, table->ranges[kept - 1].ip, sizeof(range->ip)) == 0)
            continue; /* the same range again: the first of them, deny, stands */
        table->ranges[kept] = *range;
        /* What covers the start of a range and sorts before it is around it. */
        table->ranges[kept].parent = kept > 0 ? climb(table, kept - 1, range->ip) : NO_PARENT;
        kept++;
    }
    table->count = kept;
}

int access_init(struct access *access, const struct gn_strings *allow,
                const struct gn_strings *deny, char *why, size_t why_size)
{
    size_t room = allow->count + deny->count + 1; /* the loopback */
    memset(access, 0, sizeof(*access));
    access->ipv4.ranges = calloc(room, sizeof(*access->ipv4.ranges));
    access->ipv6.ranges = calloc(room, sizeof(*access->ipv6.ranges));
    int error = 0;
    if (access->ipv4.ranges == NULL || access->ipv6.ranges == NULL) {
        snprintf(why, why_size, "out of memory");
        error = -ENOMEM;
    }
    if (error == 0)
        error = add_entry(access, "127.0.0.0/8", true, why, why_size);
    if (error == 0)
        error = add_entry(access, "::1", true, why, why_size);
    if (error == 0)
        error = add_list(access, allow, true, why, why_size);
    if (error == 0)
        error = add_list(access, deny, false, why, why_size);
    if (error != 0) {
        access_finish(access);
        return error;
    }
    sort_table(&access->ipv4);
    sort_table(&access->ipv6);
    return 0;
}

void access_finish(struct access *access)
{
    free(access->ipv4.ranges);
    free(access->ipv6.ranges);
    memset(access, 0, sizeof(*access));
}

/* ---------------------------------------------------------------- asking */

static bool table_allows(const struct access_table *table, const uint8_t ip[16])
{
    size_t low = 0;
    size_t high = table->count;
    while (low < high) { /* the first range that begins after ip */
        size_t middle = low + (high - low) / 2;
        if (memcmp(table->ranges[middle].ip, ip, 16) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t found = low > 0 ? climb(table, low - 1, ip) : NO_PARENT;
    return found != NO_PARENT && table->ranges[found].allowed;
}

bool access_allows(const struct access *access, const struct gn_address *address)
{
    struct gn_address plain = address_unmapped(address);
    if (plain.family == GN_FAMILY_IPV4)
        memset(plain.ip + 4, 0, sizeof(plain.ip) - 4);
    switch (plain.family) {
    case GN_FAMILY_IPV4:
        return table_allows(&access->ipv4, plain.ip);
    case GN_FAMILY_IPV6:
        return table_allows(&access->ipv6, plain.ip);
    default:
        return false;
    }
}
