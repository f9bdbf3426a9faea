/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"

/* Spec: RFC 5905 §7.2, MAXDISP. */
#define MAX_ROOT_DISTANCE_S 16.0
/* Some clocks set their reference time on the second to come. */
#define MAX_REFERENCE_LEAD_NS GN_NS_PER_S

static const struct {
    const char *name;
    const char *text;
} verdicts[VERDICT_COUNT] = {
    [VERDICT_OK] = {"ok", "the reply is good"},
    [VERDICT_LENGTH] = {"length", "the reply is shorter than an NTP header"},
    [VERDICT_VERSION] = {"version", "the reply has an unknown NTP version"},
    [VERDICT_MODE] = {"mode", "the reply is not in server mode"},
    [VERDICT_DUPLICATE] = {"duplicate", "the request was answered already"},
    [VERDICT_ORIGIN] = {"bogus-origin", "the reply answers no request of ours"},
    [VERDICT_LATE] = {"late", "the reply came after the request was given up"},
    [VERDICT_EXTENSION] = {"extension", "what follows the reply's header is malformed"},
    [VERDICT_UNPROVEN] = {"unauthenticated", "the reply does not prove that the server sent it"},
    [VERDICT_NAK] = {"crypto-nak", "the server cannot verify our requests"},
    [VERDICT_KEY] = {"wrong-key", "the reply is authenticated with another key than ours"},
    [VERDICT_PROOF] = {"wrong-mac", "the reply's authentication is wrong"},
    [VERDICT_GREETING] = {"greeting", "the peer has not heard us yet"},
    [VERDICT_AGAIN] = {"again", "the peer has answered our last packet already"},
    [VERDICT_KISS] = {"kiss", "the server asks to slow down or to go away"},
    [VERDICT_UNSYNCHRONISED] = {"unsynchronised", "the server is not synchronised"},
    [VERDICT_STRATUM] = {"stratum", "the server's stratum is 16 or more"},
    [VERDICT_STAMPS] = {"timestamps", "the reply lacks a timestamp"},
    [VERDICT_ROOT] = {"root-distance", "the server's root distance is 16 s or more"},
    [VERDICT_REFERENCE] = {"reference-time", "the server was last set after it sent the reply"},
    [VERDICT_ORDER] = {"order", "the reply was sent before the request was received"},
    [VERDICT_DELAY] = {"delay", "the server held the request for longer than the exchange took"},
    [VERDICT_LOOP] = {"loop", "the server takes its time from us"},
    [VERDICT_MAX_DELAY] = {"max-delay", "the exchange took longer than maxdelay"},
    [VERDICT_DELAY_RATIO] = {"delay-ratio", "the exchange took much longer than the fastest"},
    [VERDICT_DELAY_DEVIATION] = {"delay-deviation", "the exchange took much longer than others"},
    [VERDICT_DELAY_QUANTILE] = {"delay-quantile", "the exchange was not among the fastest"},
};

const char *verdict_name(enum verdict verdict)
{
    return verdicts[verdict].name;
}

const char *verdict_text(enum verdict verdict)
{
    return verdicts[verdict].text;
}

enum verdict verdict_packet(const void *data, size_t size, struct wire_header *header)
{
    if (wire_unpack(data, size, header) != 0)
        return VERDICT_LENGTH;
    if (header->version < WIRE_VERSION_MIN || header->version > WIRE_VERSION_MAX)
        return VERDICT_VERSION;
    if (header->mode != WIRE_MODE_SERVER)
        return VERDICT_MODE;
    return VERDICT_OK;
}

static bool is_root_excessive(const struct wire_header *header)
{
    return wire_short_to_seconds(header->root_delay) / 2 +
               wire_short_to_seconds(header->root_dispersion) >=
           MAX_ROOT_DISTANCE_S;
}

static bool is_reference_ahead(const struct wire_header *header)
{
    return header->reference.raw != 0 &&
           wire_stamp_sub(header->reference, header->transmit) > MAX_REFERENCE_LEAD_NS;
}

enum verdict verdict_server(const struct wire_header *header)
{
    enum wire_kiss kiss = wire_kiss(header);
    if (kiss != WIRE_KISS_NONE && kiss != WIRE_KISS_OTHER)
        return VERDICT_KISS;
    if (header->leap == WIRE_LEAP_UNSYNCHRONISED || header->stratum == 0)
        return VERDICT_UNSYNCHRONISED;
    if (header->stratum > WIRE_STRATUM_MAX)
        return VERDICT_STRATUM;
    if (header->receive.raw == 0 || header->transmit.raw == 0)
        return VERDICT_STAMPS;
    if (is_root_excessive(header))
        return VERDICT_ROOT;
    if (is_reference_ahead(header))
        return VERDICT_REFERENCE;
    if ((int64_t)(header->transmit.raw - header->receive.raw) < 0)
        return VERDICT_ORDER;
    return VERDICT_OK;
}
