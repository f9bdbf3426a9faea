/* SPDX-License-Identifier: Apache-2.0 */
#include "segment.h"

#include <math.h>
#include <string.h>

/* Where the fields lie, in the byte order of the machine. */
struct layout {
    size_t size, time_size;
    size_t clock_s, clock_us, receive_s, receive_us, leap, precision, valid, clock_ns, receive_ns;
};

static const struct layout layouts[] = {
    {96, 8, 8, 16, 24, 32, 36, 40, 48, 52, 56},
    {88, 8, 8, 16, 20, 28, 32, 36, 44, 48, 52},
    {80, 4, 8, 12, 16, 20, 24, 28, 36, 40, 44},
};

#define MOST_S INT64_C(4000000000)

static int32_t word(const unsigned char *bytes, size_t at)
{
    int32_t value;
    memcpy(&value, bytes + at, sizeof value);
    return value;
}

static int64_t seconds(const struct layout *layout, const unsigned char *bytes, size_t at)
{
    int64_t value;
    if (layout->time_size == 4)
        return word(bytes, at);
    memcpy(&value, bytes + at, sizeof value);
    return value;
}

/* Nanoseconds count where they agree with the microseconds: older writers leave them alone. */
static bool instant(int64_t s, int32_t us, int32_t ns, gn_utc *out)
{
    if (s < 0 || s > MOST_S || us < 0 || us >= 1000000)
        return false;
    out->ns = s * GN_NS_PER_S + (ns >= 0 && ns / 1000 == us ? ns : us * INT64_C(1000));
    return true;
}

static const struct layout *layout_of(size_t size)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        if (layouts[i].size == size)
            return &layouts[i];
    return NULL;
}

enum segment_verdict segment_read(struct segment_sample *sample, const void *once,
                                  const void *again, size_t size)
{
    const struct layout *at = layout_of(size);
    const unsigned char *bytes = again;
    if (at == NULL)
        return SEGMENT_LAYOUT;
    if (word(bytes, at->valid) == 0)
        return SEGMENT_EMPTY;
    if (memcmp(once, again, size) != 0)
        return SEGMENT_WRITTEN;
    int32_t leap = word(bytes, at->leap), precision = word(bytes, at->precision);
    if (!instant(seconds(at, bytes, at->clock_s), word(bytes, at->clock_us),
                 word(bytes, at->clock_ns), &sample->utc) ||
        !instant(seconds(at, bytes, at->receive_s), word(bytes, at->receive_us),
                 word(bytes, at->receive_ns), &sample->system) ||
        leap < GN_LEAP_NORMAL || leap > GN_LEAP_UNSYNCHRONISED)
        return SEGMENT_WRONG;
    sample->leap = (uint8_t)leap;
    sample->precision_s = precision < 0 && precision >= -30 ? ldexp(1, precision) : 0;
    return SEGMENT_TAKEN;
}
