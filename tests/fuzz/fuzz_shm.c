/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments of any bytes to refclock-shm, read twice while somebody writes: the input is a segment,
 * and behind it what is written into it, and where, between the two copies. What is taken is one
 * that stood still, and its instants are in order.
 */
#include <math.h>
#include <plugins/refclock-shm/segment.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Pairs of a place and a byte. */
static void tear(uint8_t *segment, size_t size, const uint8_t *writes, size_t write_size)
{
    for (size_t i = 0; i + 1 < write_size; i += 2) {
        segment[writes[i] % size] = writes[i + 1];
    }
}

static void read_segment(const uint8_t *data, size_t size, size_t segment_size)
{
    struct segment_sample sample = {.leap = 7};
    uint8_t *once = malloc(segment_size), *again = malloc(segment_size);
    require(once != NULL && again != NULL);
    memcpy(once, data, segment_size);
    memcpy(again, data, segment_size);
    tear(again, segment_size, data + segment_size, size - segment_size);
    if (segment_read(&sample, once, again, segment_size) == SEGMENT_TAKEN) {
        require(memcmp(once, again, segment_size) == 0 && sample.leap <= 3);
        require(sample.system.ns >= 0 && sample.utc.ns >= 0);
        require(isfinite(gn_seconds(gn_utc_sub(sample.utc, sample.system))));
        require(sample.precision_s >= 0 && sample.precision_s <= 0.5);
    } else {
        require(sample.leap == 7);
    }
    free(once);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t sizes[] = {80, 88, 96};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (size >= sizes[i])
            read_segment(data, size, sizes[i]);
    if (size > 0)
        read_segment(data, size, size);
    return 0;
}
