/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A leap-seconds.list of any bytes: refused with a line and printable words and nothing left, or a
 * table whose leap seconds are in order and agree with each other, whenever they are asked for.
 */
#include <pipeline/leaptable.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_fault(const struct leaptable *table, const struct leaptable_fault *fault)
{
    require(table->count == 0 && fault->text[0] != '\0');
    for (const char *c = fault->text; *c != '\0'; c++)
        require(*c >= ' ' && *c <= '~');
}

/* Around an entry: before it is the next, from it on the last, and TAI - UTC changes by it. */
static void check_entry(const struct leaptable *table, size_t index)
{
    gn_utc from = table->entries[index].from, before = gn_utc_add(from, -1), at = {0};
    int offset_s = 0, offset_before_s = 0;
    require(leaptable_tai_offset(table, from, &offset_s));
    require(leaptable_tai_offset(table, before, &offset_before_s) == (index > 0));
    if (index == 0)
        return;
    enum gn_leap leap = leaptable_next(table, before, &at);
    require(leap != GN_LEAP_NORMAL && at.ns == from.ns);
    require(leaptable_last(table, from, &at) == leap && at.ns == from.ns);
    require(offset_s - offset_before_s == (leap == GN_LEAP_INSERT ? 1 : -1));
    require(from.ns > table->entries[index - 1].from.ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct leaptable table;
    struct leaptable_fault fault;
    gn_utc at;
    if (!leaptable_parse(&table, (const char *)data, size, &fault)) {
        check_fault(&table, &fault);
        return 0;
    }
    require(table.count > 0 && table.count <= LEAPTABLE_ENTRIES && fault.text[0] == '\0');
    for (size_t i = 0; i < table.count; i++)
        check_entry(&table, i);
    require(leaptable_next(&table, (gn_utc){INT64_MAX}, &at) == GN_LEAP_NORMAL);
    require(leaptable_last(&table, (gn_utc){INT64_MIN}, &at) == GN_LEAP_NORMAL);
    return 0;
}
