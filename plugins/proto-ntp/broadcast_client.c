/* SPDX-License-Identifier: Apache-2.0 */
#include "broadcast_client.h"

#include "measurement.h"
#include <math.h>
#include <string.h>

/* Spec: RFC 5905 §7.2, MAXDISP. */
#define MAX_ROOT_DISTANCE_S 16.0
/* Some clocks set their reference time on the second to come. */
#define MAX_REFERENCE_LEAD_NS GN_NS_PER_S
/* Longer intervals are not believed: who falls silent must end some day. Units: log2 s. */
#define POLL_MAX 10
/* A packet comes not before this part of its interval; the poll field is a power of two, and the
 * interval may be up to half as long again or a third shorter. */
#define EARLY_PART 4
/* How far a packet may be from what the server answers: a wireless station that sleeps gets what is
 * for many up to some tenths of a second late. An old packet is later by an interval. */
#define CONTRADICTION_S 0.5

static const struct {
    const char *name;
    const char *text;
} verdicts[BROADCAST_COUNT] = {
    [BROADCAST_OK] = {"ok", "the packet is good"},
    [BROADCAST_LENGTH] =
        {"length", "the packet is shorter than an NTP header, or what follows it is malformed"},
    [BROADCAST_VERSION] = {"version", "the packet has an unknown NTP version"},
    [BROADCAST_MODE] = {"mode", "the packet is not in broadcast mode"},
    [BROADCAST_DENIED] = {"denied", "its sender is not listed in \"from\""},
    [BROADCAST_KEY] = {"key", "the packet is not authenticated with the key"},
    [BROADCAST_UNSYNCHRONISED] = {"unsynchronised", "the server is not synchronised"},
    [BROADCAST_STRATUM] = {"stratum", "the server's stratum is 16 or more"},
    [BROADCAST_STAMPS] = {"timestamps", "the packet lacks its transmit timestamp"},
    [BROADCAST_ROOT] = {"root-distance", "the server's root distance is 16 s or more"},
    [BROADCAST_REFERENCE] = {"reference-time", "the server was last set after it sent the packet"},
    [BROADCAST_LOOP] = {"loop", "the server is this machine, or takes its time from it"},
    [BROADCAST_CROWD] = {"crowd", "max_sources servers are listened to already"},
    [BROADCAST_REPLAY] = {"replay", "the packet is not newer than the last one"},
    [BROADCAST_EARLY] = {"early", "the packet came much too soon after the last one"},
    [BROADCAST_CONTRADICTION] = {"contradiction", "the server answers with another time"},
};

const char *broadcast_verdict_name(enum broadcast_verdict verdict)
{
    return verdicts[verdict].name;
}

const char *broadcast_verdict_text(enum broadcast_verdict verdict)
{
    return verdicts[verdict].text;
}

/* ---------------------------------------------------------------- the packet alone */

static bool is_root_excessive(const struct wire_header *header)
{
    return wire_short_to_seconds(header->root_delay) / 2 +
               wire_short_to_seconds(header->root_dispersion) >=
           MAX_ROOT_DISTANCE_S;
}

static enum broadcast_verdict judge_server(const struct wire_header *header)
{
    if (header->leap == WIRE_LEAP_UNSYNCHRONISED || header->stratum == 0)
        return BROADCAST_UNSYNCHRONISED;
    if (header->stratum > WIRE_STRATUM_MAX)
        return BROADCAST_STRATUM;
    if (header->transmit.raw == 0)
        return BROADCAST_STAMPS;
    if (is_root_excessive(header))
        return BROADCAST_ROOT;
    if (header->reference.raw != 0 &&
        wire_stamp_sub(header->reference, header->transmit) > MAX_REFERENCE_LEAD_NS)
        return BROADCAST_REFERENCE;
    return BROADCAST_OK;
}

enum broadcast_verdict broadcast_client_judge(const void *data, size_t size,
                                              struct wire_header *header)
{
    if (wire_unpack(data, size, header) != 0)
        return BROADCAST_LENGTH;
    if (header->version < WIRE_VERSION_MIN || header->version > WIRE_VERSION_MAX)
        return BROADCAST_VERSION;
    if (header->mode != WIRE_MODE_BROADCAST)
        return BROADCAST_MODE;
    return judge_server(header);
}

/* ---------------------------------------------------------------- listening */

void broadcast_client_init(struct broadcast_client *client)
{
    memset(client, 0, sizeof(*client));
}

static int64_t interval_of(const struct wire_header *header)
{
    int8_t poll = header->poll < 0 ? 0 : header->poll;
    return gn_poll_ns(poll < POLL_MAX ? poll : POLL_MAX);
}

/* Spec: RFC 5905 §8: an old packet is a replay. On raw timestamps, so that no clock of ours has a
 * say; a server that was set back is heard again when it has been silent for us long enough. */
static enum broadcast_verdict judge_order(const struct broadcast_client *client,
                                          const struct broadcast_packet *packet,
                                          const struct wire_header *header)
{
    int64_t since_ns = gn_local_sub(packet->when, client->heard);
    int64_t interval_ns = interval_of(header);
    if (client->own_refid != 0 && header->stratum > 1 && header->refid == client->own_refid)
        return BROADCAST_LOOP;
    if (client->newest.raw == 0)
        return BROADCAST_OK;
    if ((int64_t)(header->transmit.raw - client->newest.raw) <= 0)
        return BROADCAST_REPLAY;
    if (interval_ns > client->interval_ns)
        interval_ns = client->interval_ns;
    return since_ns < interval_ns / EARLY_PART ? BROADCAST_EARLY : BROADCAST_OK;
}

/* Half the round trip is how wrong the way may be, always in the same direction. The core weighs
 * one-way samples by their dispersion, but its bound takes what follows from it for the truth, so
 * that the root's delay has it, too. */
static void describe_path(const struct broadcast_client *client, struct gn_sample *sample)
{
    sample->utc = gn_utc_add(sample->utc, gn_nanoseconds(client->one_way_s));
    sample->dispersion_s += (client->round_trip_s + client->spread_s) / 2;
    sample->root_delay_s += client->round_trip_s;
    sample->own_refid = client->own_refid;
}

/* All but the way. */
static void make_sample(const struct broadcast_packet *packet, const struct wire_header *header,
                        struct gn_sample *sample)
{
    memset(sample, 0, sizeof(*sample));
    sample->size = sizeof(*sample);
    sample->kind = GN_SAMPLE_ONE_WAY;
    sample->local = packet->when;
    sample->utc = wire_stamp_to_utc(header->transmit, packet->pivot);
    /* The server reads its clock before it sends. */
    sample->dispersion_s =
        wire_log2_to_seconds(packet->precision_log2s) + wire_log2_to_seconds(header->precision) +
        measurement_stamp_error_s(GN_STAMP_USER) +
        measurement_stamp_error_s(packet->stamp == GN_STAMP_USER ? GN_STAMP_USER : GN_STAMP_KERNEL);
    sample->root_delay_s = wire_short_to_seconds(header->root_delay);
    sample->root_dispersion_s = wire_short_to_seconds(header->root_dispersion);
    sample->stratum = header->stratum;
    sample->leap = header->leap;
    sample->refid = header->refid;
    if (header->reference.raw != 0)
        sample->ref_time = wire_stamp_to_utc(header->reference, packet->pivot);
}

enum broadcast_verdict broadcast_client_hear(struct broadcast_client *client,
                                             const struct broadcast_packet *packet,
                                             const struct wire_header *header, bool *ready,
                                             struct gn_sample *sample)
{
    enum broadcast_verdict verdict = judge_order(client, packet, header);
    *ready = false;
    if (verdict != BROADCAST_OK)
        return verdict;
    client->newest = header->transmit;
    client->heard = packet->when;
    client->interval_ns = interval_of(header);
    client->missed = 0;
    make_sample(packet, header, &client->waiting);
    if (client->phase == BROADCAST_LISTENING) {
        *sample = client->waiting;
        describe_path(client, sample);
        *ready = true;
    }
    return BROADCAST_OK;
}

/* ---------------------------------------------------------------- the volley */

bool broadcast_client_measure(struct broadcast_client *client, const struct gn_sample *exchange)
{
    unsigned at = client->count;
    if (client->phase != BROADCAST_ASKING || client->count == BROADCAST_VOLLEY)
        return true;
    for (; at > 0 && client->delays_s[at - 1] > exchange->delay_s; at--)
        client->delays_s[at] = client->delays_s[at - 1];
    client->delays_s[at] = exchange->delay_s;
    if (at == 0)
        client->offset_ns = exchange->utc.ns - exchange->local.ns;
    client->own_refid = exchange->own_refid;
    return ++client->count == BROADCAST_VOLLEY;
}

/* The middle one of the round trips: what comes later waits in queues as these did. */
static void take_path(struct broadcast_client *client, double delay_s)
{
    client->measured = client->count > 0;
    if (!client->measured) {
        client->one_way_s = delay_s;
        client->round_trip_s = 2 * delay_s;
        return;
    }
    client->round_trip_s = client->delays_s[client->count / 2];
    client->one_way_s = client->round_trip_s / 2;
    client->spread_s = client->delays_s[client->count - 1] - client->delays_s[0];
}

static bool contradicts(const struct broadcast_client *client, const struct gn_sample *sample)
{
    double offset_s = gn_seconds(sample->utc.ns - sample->local.ns - client->offset_ns);
    return client->measured &&
           fabs(offset_s) > CONTRADICTION_S + client->delays_s[client->count - 1];
}

enum broadcast_verdict broadcast_client_listen(struct broadcast_client *client, double delay_s,
                                               bool *ready, struct gn_sample *sample)
{
    *ready = false;
    client->phase = BROADCAST_LISTENING;
    take_path(client, delay_s);
    if (client->waiting.size == 0)
        return BROADCAST_OK;
    *sample = client->waiting;
    describe_path(client, sample);
    if (contradicts(client, sample))
        return BROADCAST_CONTRADICTION;
    *ready = true;
    return BROADCAST_OK;
}

/* ---------------------------------------------------------------- silence */

int64_t broadcast_client_patience_ns(const struct broadcast_client *client)
{
    int64_t interval_ns = client->interval_ns;
    return client->missed == 0 ? interval_ns + interval_ns / 2 : interval_ns;
}

unsigned broadcast_client_miss(struct broadcast_client *client)
{
    return ++client->missed;
}
