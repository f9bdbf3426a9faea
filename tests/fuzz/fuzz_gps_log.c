/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file for the option `replay` of refclock-gps, any bytes in any pieces: what cannot be read is
 * skipped and counted, and what is read would be written, and read again, as the same.
 */
#include <plugins/refclock-gps/rawlog.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_same(const struct rawlog_record *a, const struct rawlog_record *b)
{
    require(a->kind == b->kind && a->at_ns == b->at_ns && a->system.ns == b->system.ns);
    require(strcmp(a->words, b->words) == 0 && a->baud == b->baud && a->size == b->size);
    require(memcmp(a->bytes, b->bytes, a->size) == 0);
    require(a->stamp_ns == b->stamp_ns && a->error_ns == b->error_ns);
}

/* Words with a NUL in them end there. */
static void check_record(const struct rawlog_record *record)
{
    static const char head[] = "gnomon-raw 1 0.000000000 x\n";
    char line[sizeof head - 1 + RAWLOG_LINE];
    struct rawlog log;
    struct rawlog_record again;
    memcpy(line, head, sizeof head - 1);
    size_t size = sizeof head - 1 + rawlog_write(record, line + sizeof head - 1);
    const char *at = line;
    rawlog_init(&log);
    require(size <= sizeof line && rawlog_read(&log, &at, &size, &again));
    require(rawlog_read(&log, &at, &size, &again));
    check_same(record, &again);
    require(!rawlog_read(&log, &at, &size, &again) && size == 0 && log.skipped == 0);
}

/* The first byte says how long the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rawlog log;
    struct rawlog_record record;
    uint64_t records = 0;
    if (size == 0)
        return 0;
    size_t piece = 1 + (size_t)data[0] * 16;
    rawlog_init(&log);
    for (size_t from = 1; from < size; from += piece) {
        const char *at = (const char *)data + from;
        size_t left = size - from < piece ? size - from : piece;
        while (rawlog_read(&log, &at, &left, &record)) {
            require(records > 0 || record.kind == RAWLOG_BEGIN);
            records++;
            check_record(&record);
        }
        require(left == 0);
    }
    require(log.begun == (records > 0) && log.number >= 1 + records + log.skipped);
    return 0;
}
