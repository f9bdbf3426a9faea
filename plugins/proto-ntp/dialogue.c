/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue.h"

#include "address.h"
#include "measurement.h"
#include "server.h"
#include <string.h>

/* How wrong the frequency of a clock may be that nobody has measured. */
#define UNKNOWN_FREQUENCY 100e-6

void dialogue_init(struct dialogue *dialogue, uint8_t version, struct authenticator *authenticator)
{
    memset(dialogue, 0, sizeof(*dialogue));
    dialogue->version = version;
    dialogue->authenticator = authenticator;
    dialogue->stratum = WIRE_STRATUM_UNSYNCHRONISED;
}

uint8_t dialogue_rank(uint8_t leap, uint8_t stratum)
{
    if (leap == WIRE_LEAP_UNSYNCHRONISED || stratum == 0 || stratum > WIRE_STRATUM_MAX)
        return WIRE_STRATUM_UNSYNCHRONISED;
    return stratum;
}

/* ---------------------------------------------------------------- what we say */

static struct dialogue_sent *sent_of(struct dialogue *dialogue, uint64_t tag)
{
    return &dialogue->sent[tag % DIALOGUE_SENT];
}

static const struct dialogue_heard *choose(struct dialogue *dialogue)
{
    const struct dialogue_heard *known = &dialogue->known;
    if (dialogue->proven.fresh) {
        dialogue->misses = 0;
        dialogue->known = dialogue->proven;
        return known;
    }
    dialogue->misses++;
    if (known->fresh)
        return known;
    if (known->transmit.raw == 0 || (dialogue->guest.fresh && dialogue->misses % 2 == 0))
        return &dialogue->guest;
    return known; /* again: it may be the peer's last */
}

/* What the clock cannot tell is chance: the peer tells our packets by it from a forger's. */
static struct ntp_stamp unpredictable(struct ntp_stamp stamp, struct ntp_stamp least,
                                      const struct dialogue_self *self)
{
    int precision = self->state->precision_log2s;
    int bits = precision < -31 ? 1 : precision > -12 ? 20 : 32 + precision;
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    struct ntp_stamp result = {(stamp.raw & ~mask) | (self->random & mask)};
    if (least.raw != 0 && (int64_t)(result.raw - least.raw) < 0)
        result.raw = least.raw + (self->random & mask);
    if (result.raw == 0)
        result.raw = 1;
    return result;
}

void dialogue_write(struct dialogue *dialogue, const struct dialogue_self *self,
                    struct wire_packet *packet)
{
    const struct gn_state *state = self->state;
    const struct dialogue_heard *heard = choose(dialogue);
    struct wire_header header = {
        .version = dialogue->version,
        .mode = WIRE_MODE_ACTIVE,
        .poll = self->poll_log2s,
        .origin = heard->transmit,
    };
    server_describe(state, self->now, &header);
    /* Both by the clock as it is now, whatever became of it since the arrival. */
    if (heard->transmit.raw != 0)
        header.receive = wire_stamp_from_utc(gn_state_utc(state, heard->when));
    header.transmit =
        unpredictable(wire_stamp_from_utc(gn_state_utc(state, self->now)), header.receive, self);
    dialogue->proven.fresh = dialogue->known.fresh = dialogue->guest.fresh = false;
    dialogue->tag++;
    *sent_of(dialogue, dialogue->tag) = (struct dialogue_sent){.transmit = header.transmit};
    wire_pack(&header, packet->bytes);
    packet->size = WIRE_HEADER_SIZE;
    if (dialogue->authenticator != NULL)
        authenticator_protect(dialogue->authenticator, packet,
                              sizeof(packet->bytes) - packet->size);
}

void dialogue_stamp(struct dialogue *dialogue, uint64_t tag, gn_local when, enum gn_stamp stamp)
{
    struct dialogue_sent *sent = sent_of(dialogue, tag);
    if (tag == 0 || tag > dialogue->tag || dialogue->tag - tag >= DIALOGUE_SENT)
        return;
    if (stamp == GN_STAMP_USER)
        sent->user = when;
    if (sent->stamped && stamp < sent->stamp)
        return;
    sent->stamped = true;
    sent->at = when;
    sent->stamp = stamp;
}

/* ---------------------------------------------------------------- whose packet it is */

static enum verdict check_packet(const struct exchange_reply *packet, struct wire_header *header)
{
    if (wire_unpack(packet->data, packet->size, header) != 0)
        return VERDICT_LENGTH;
    if (header->version < WIRE_VERSION_MIN || header->version > WIRE_VERSION_MAX)
        return VERDICT_VERSION;
    if (header->mode != WIRE_MODE_ACTIVE && header->mode != WIRE_MODE_PASSIVE)
        return VERDICT_MODE;
    return header->transmit.raw == 0 ? VERDICT_STAMPS : VERDICT_OK;
}

/* Returns the tag of the packet of ours that has this transmit timestamp; 0 none. */
static uint64_t find_sent(struct dialogue *dialogue, struct ntp_stamp origin)
{
    uint64_t tag = dialogue->tag;
    for (unsigned i = 0; i < DIALOGUE_SENT && tag > 0 && origin.raw != 0; i++, tag--)
        if (sent_of(dialogue, tag)->transmit.raw == origin.raw)
            return tag;
    return 0;
}

static void hear(struct dialogue_heard *heard, const struct exchange_reply *packet,
                 const struct wire_header *header)
{
    heard->transmit = header->transmit;
    heard->when = packet->t4;
    heard->fresh = true;
}

static bool is_heard(const struct dialogue *dialogue, const struct wire_header *header)
{
    return header->transmit.raw == dialogue->proven.transmit.raw ||
           header->transmit.raw == dialogue->known.transmit.raw ||
           header->transmit.raw == dialogue->guest.transmit.raw;
}

static bool is_newer(const struct dialogue *dialogue, const struct wire_header *header)
{
    return dialogue->proven.transmit.raw == 0 ||
           (int64_t)(header->transmit.raw - dialogue->proven.transmit.raw) > 0;
}

/*
 * Only our last packet is measured, and once: a recorded packet proves nothing new. A peer that is
 * faster than we are says more than once what it has heard; its newest packet is answered, and is
 * no measurement.
 */
static enum verdict check_origin(struct dialogue *dialogue, const struct exchange_reply *packet,
                                 const struct wire_header *header)
{
    uint64_t tag = find_sent(dialogue, header->origin);
    bool again = tag == dialogue->proven_tag;
    if (is_heard(dialogue, header) || (again && tag > 0 && !is_newer(dialogue, header)))
        return VERDICT_DUPLICATE;
    if (tag == 0) {
        hear(&dialogue->guest, packet, header);
        return header->origin.raw == 0 ? VERDICT_GREETING : VERDICT_ORIGIN;
    }
    if (tag < dialogue->tag) {
        if (is_newer(dialogue, header))
            hear(&dialogue->known, packet, header);
        return VERDICT_LATE;
    }
    hear(&dialogue->proven, packet, header);
    dialogue->proven_tag = tag;
    dialogue->stratum = dialogue_rank(header->leap, header->stratum);
    dialogue->poll_log2s = header->poll;
    return again ? VERDICT_AGAIN : VERDICT_OK;
}

/* ---------------------------------------------------------------- what it is worth */

/* How wrong the known frequency may be. */
static double frequency_error(const struct gn_state *state)
{
    if (state->leap == GN_LEAP_UNSYNCHRONISED || !(state->error_bound_rate > 0))
        return UNKNOWN_FREQUENCY;
    return state->error_bound_rate < UNKNOWN_FREQUENCY ? state->error_bound_rate
                                                       : UNKNOWN_FREQUENCY;
}

/* The peer held our packet for T3 - T2, up to its interval. What our clock gained meanwhile is
 * taken out: the sample is as if the packet had been answered at once, just now. */
static enum verdict measure(const struct dialogue_sent *sent, const struct exchange_reply *packet,
                            const struct gn_state *state, const struct wire_header *header,
                            struct gn_sample *sample)
{
    gn_local t1 = sent->at;
    if (gn_local_sub(packet->t4, t1) < 0) /* a network device's nonsense */
        t1 = sent->user;
    int64_t away_ns = gn_local_sub(packet->t4, t1);
    int64_t held_ns = wire_stamp_sub(header->transmit, header->receive);
    gn_utc t3 = wire_stamp_to_utc(header->transmit, packet->pivot);
    double away_s = gn_seconds(away_ns);
    double precision_s = wire_log2_to_seconds(packet->precision_log2s);
    double doubt_s = precision_s + wire_log2_to_seconds(header->precision) +
                     (MEASUREMENT_PHI + frequency_error(state)) * away_s;
    int64_t delay_ns = away_ns - held_ns + gn_nanoseconds(away_s * state->frequency);
    if (away_ns < 0 || gn_seconds(delay_ns) < -doubt_s)
        return VERDICT_DELAY;
    if (delay_ns < 0)
        delay_ns = 0;
    sample->kind = GN_SAMPLE_TWO_WAY;
    sample->exchange.t1 = gn_local_add(packet->t4, -delay_ns);
    sample->exchange.t2 = sample->exchange.t3 = t3;
    sample->exchange.t4 = sample->local = packet->t4;
    sample->utc = gn_utc_add(t3, delay_ns / 2);
    sample->delay_s = gn_seconds(delay_ns) > precision_s ? gn_seconds(delay_ns) : precision_s;
    sample->dispersion_s =
        precision_s + wire_log2_to_seconds(header->precision) + MEASUREMENT_PHI * sample->delay_s +
        frequency_error(state) * away_s / 2 +
        (measurement_stamp_error_s(sent->stamp) + measurement_stamp_error_s(packet->stamp)) / 2;
    return VERDICT_OK;
}

static void describe_peer(const struct wire_header *header, const struct exchange_reply *packet,
                          struct gn_sample *sample)
{
    sample->root_delay_s = wire_short_to_seconds(header->root_delay);
    sample->root_dispersion_s = wire_short_to_seconds(header->root_dispersion);
    sample->stratum = header->stratum;
    sample->leap = header->leap;
    sample->refid = header->refid;
    if (header->reference.raw != 0)
        sample->ref_time = wire_stamp_to_utc(header->reference, packet->pivot);
    if (!address_is_loopback(&packet->local))
        sample->own_refid = address_refid(&packet->local);
}

enum verdict dialogue_read(struct dialogue *dialogue, const struct exchange_reply *packet,
                           const struct gn_state *state, struct wire_header *header,
                           struct gn_sample *sample)
{
    const struct dialogue_sent *sent = sent_of(dialogue, dialogue->tag);
    enum verdict verdict = check_packet(packet, header);
    if (verdict == VERDICT_OK)
        verdict = exchange_check_proof(dialogue->authenticator, packet->data, packet->size,
                                       header->version);
    if (verdict == VERDICT_OK)
        verdict = check_origin(dialogue, packet, header);
    if (verdict != VERDICT_OK)
        return verdict;
    verdict = verdict_server(header);
    if (verdict == VERDICT_KISS) /* between peers nobody gives orders */
        verdict = VERDICT_UNSYNCHRONISED;
    if (verdict == VERDICT_OK && measurement_is_loop(&packet->local, header))
        verdict = VERDICT_LOOP;
    if (verdict != VERDICT_OK)
        return verdict;
    if (!sent->stamped)
        return VERDICT_STAMPS;
    memset(sample, 0, sizeof(*sample));
    sample->size = sizeof(*sample);
    verdict = measure(sent, packet, state, header, sample);
    if (verdict == VERDICT_OK)
        describe_peer(header, packet, sample);
    return verdict;
}
