/* SPDX-License-Identifier: Apache-2.0 */
#include "interleaved_reply.h"

struct ntp_stamp interleaved_receive(struct ntp_stamp stamp)
{
    stamp.raw &= ~UINT64_C(1);
    if (stamp.raw == 0)
        stamp.raw = 2;
    return stamp;
}

struct ntp_stamp interleaved_transmit(struct ntp_stamp stamp)
{
    stamp.raw |= 1;
    return stamp;
}

struct interleaved_reply interleaved_reply_make(struct client_record *record, const void *request,
                                                struct wire_packet *reply)
{
    struct interleaved_reply result = {0};
    struct wire_header asked, told;
    struct ntp_stamp transmit;
    if (wire_unpack(request, WIRE_HEADER_SIZE, &asked) != 0 || asked.origin.raw == 0 ||
        (asked.origin.raw & 1) != 0 || asked.receive.raw == asked.transmit.raw ||
        wire_unpack(reply->bytes, reply->size, &told) != 0)
        return result;
    result.wanted = true;
    result.interleaved = client_record_recall(record, asked.origin, &transmit);
    while (client_record_has(record, told.receive))
        told.receive.raw += 2;
    if (result.interleaved) {
        told.origin = asked.receive;
        told.transmit = transmit;
    }
    wire_pack(&told, reply->bytes);
    return result;
}

uint64_t interleaved_reply_keep(struct client_log *log, struct client_record *record,
                                const struct wire_packet *reply, bool interleaved,
                                struct ntp_stamp transmit)
{
    struct wire_header told;
    if (wire_unpack(reply->bytes, reply->size, &told) != 0)
        return 0;
    struct client_reply kept = {.receive = told.receive, .transmit = transmit};
    return client_log_save(log, record, &kept, interleaved);
}
