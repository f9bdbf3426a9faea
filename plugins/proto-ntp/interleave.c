/* SPDX-License-Identifier: Apache-2.0 */
#include "interleave.h"

#include <string.h>

void interleave_init(struct interleave *interleave, bool wanted)
{
    memset(interleave, 0, sizeof(*interleave));
    interleave->wanted = wanted;
}

void interleave_draw(struct interleave *interleave, uint64_t random)
{
    interleave->cookie.raw = random;
}

/* Receive and transmit must differ: that is how the two kinds of replies are told apart. */
void interleave_ask(struct interleave *interleave, struct wire_header *request)
{
    interleave->fresh = false;
    interleave->asking = false;
    if (!interleave->wanted || !interleave->known)
        return;
    if (interleave->asked == INTERLEAVE_REQUESTS) {
        interleave->known = false;
        return;
    }
    while (interleave->cookie.raw == 0 || interleave->cookie.raw == request->transmit.raw)
        interleave->cookie.raw++;
    interleave->asked++;
    interleave->asking = true;
    request->origin = interleave->last.t2;
    request->receive = interleave->cookie;
}

bool interleave_is_vain(const struct interleave *interleave)
{
    return interleave->asking && interleave->measured && interleave->asked == 1;
}

bool interleave_is_reply(const struct interleave *interleave, const struct wire_header *reply)
{
    return interleave->asking && reply->origin.raw == interleave->cookie.raw;
}

struct wire_header interleave_as_basic(const struct wire_header *reply)
{
    struct wire_header basic = *reply;
    if (reply->transmit.raw != 0)
        basic.transmit = reply->receive;
    return basic;
}

bool interleave_is_disordered(const struct interleave *interleave, const struct wire_header *reply)
{
    return (int64_t)(reply->transmit.raw - interleave->last.t2.raw) < 0;
}

void interleave_keep(struct interleave *interleave, const struct interleave_stamps *stamps,
                     bool measured)
{
    if (!interleave->wanted)
        return;
    interleave->known = true;
    interleave->last = *stamps;
    interleave->measured = measured;
    interleave->fresh = true;
    interleave->asked = 0;
}

void interleave_sent(struct interleave *interleave, gn_local when, enum gn_stamp stamp)
{
    if (!interleave->fresh || stamp < interleave->last.t1_stamp)
        return;
    interleave->last.t1 = when;
    interleave->last.t1_stamp = stamp;
}

bool interleave_awaits_stamp(const struct interleave *interleave)
{
    return interleave->fresh && interleave->last.t1_stamp == GN_STAMP_USER;
}
