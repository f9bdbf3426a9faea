/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <math.h>
#include <string.h>

#define MAGIC 0x534f434b /* "SOCK" */

/* As they lie in memory, in the byte order of the machine: the socket is a local one. */
struct wide {
    int64_t s, us;
    double offset_s;
    int32_t pulse, leap, pad, magic;
};

struct narrow {
    int32_t s, us;
    double offset_s;
    int32_t pulse, leap, pad, magic;
};

_Static_assert(sizeof(struct wide) == 40 && sizeof(struct narrow) == 32, "sizes of the wire");

/* No reference is further off: the clock may stand at 1970. */
#define MOST_S 4e9

static const char *check(const struct wide *wide)
{
    if (wide->magic != MAGIC)
        return "no magic number";
    if (wide->us < 0 || wide->us >= 1000000 || wide->s < 0 || (double)wide->s > MOST_S)
        return "no such time";
    if (!(fabs(wide->offset_s) <= MOST_S))
        return "no such offset";
    if (wide->leap < GN_LEAP_NORMAL || wide->leap > GN_LEAP_UNSYNCHRONISED)
        return "no such leap status";
    return NULL;
}

gn_utc message_pulse(const struct message *message)
{
    gn_utc reference = gn_utc_add(message->system, -gn_nanoseconds(message->offset_s));
    int64_t past_ns = reference.ns % GN_NS_PER_S;
    /* Just before a second it begins later, not almost a second ago. */
    if (past_ns > GN_NS_PER_S / 2)
        past_ns -= GN_NS_PER_S;
    else if (past_ns < -GN_NS_PER_S / 2)
        past_ns += GN_NS_PER_S;
    return gn_utc_add(message->system, -past_ns);
}

const char *message_read(struct message *message, const void *data, size_t size)
{
    struct wide wide;
    struct narrow narrow;
    if (size == sizeof wide) {
        memcpy(&wide, data, sizeof wide);
    } else if (size == sizeof narrow) {
        memcpy(&narrow, data, sizeof narrow);
        wide = (struct wide){narrow.s,    narrow.us,  narrow.offset_s, narrow.pulse,
                             narrow.leap, narrow.pad, narrow.magic};
    } else {
        return "neither 40 bytes long nor 32";
    }
    const char *why = check(&wide);
    if (why == NULL)
        *message = (struct message){
            .system = {wide.s * GN_NS_PER_S + wide.us * 1000},
            .offset_s = wide.offset_s,
            .pulse = wide.pulse != 0,
            .leap = (uint8_t)wide.leap,
        };
    return why;
}
