/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include "measurement.h"
#include <string.h>

/* What chrony and the draft send: says nothing about the clock. */
#define REQUEST_PRECISION 0x20

void exchange_init(struct exchange *exchange, uint8_t version)
{
    memset(exchange, 0, sizeof(*exchange));
    exchange->version = version;
}

void exchange_authenticate(struct exchange *exchange, struct authenticator *authenticator)
{
    exchange->authenticator = authenticator;
}

static void forget_request(struct exchange *exchange)
{
    struct exchange kept = {
        .version = exchange->version,
        .authenticator = exchange->authenticator,
        .interleave = exchange->interleave,
        .interleaved = exchange->interleaved,
    };
    *exchange = kept;
}

void exchange_begin(struct exchange *exchange, uint64_t random, struct wire_packet *request)
{
    struct authenticator *authenticator = exchange->authenticator;
    forget_request(exchange);
    exchange->open = true;
    exchange->nonce.raw = random != 0 ? random : 1;
    struct wire_header header = {
        .version = exchange->version,
        .mode = WIRE_MODE_CLIENT,
        .precision = REQUEST_PRECISION,
        .transmit = exchange->nonce,
    };
    interleave_ask(&exchange->interleave, &header);
    wire_pack(&header, request->bytes);
    request->size = WIRE_HEADER_SIZE;
    if (authenticator != NULL)
        authenticator_protect(authenticator, request, sizeof(request->bytes) - request->size);
}

void exchange_sent(struct exchange *exchange, gn_local when, enum gn_stamp stamp)
{
    interleave_sent(&exchange->interleave, when, stamp);
    if (stamp == GN_STAMP_USER)
        exchange->t1_user = when;
    if (exchange->stamped && stamp < exchange->t1_stamp)
        return;
    exchange->stamped = true;
    exchange->t1 = when;
    exchange->t1_stamp = stamp;
}

void exchange_close(struct exchange *exchange)
{
    exchange->open = false;
}

bool exchange_was_answer(enum verdict verdict)
{
    return verdict == VERDICT_OK || verdict >= VERDICT_KISS;
}

/* The origin alone tells whose reply this is; an off-path forger must guess 64 bits. */
static enum verdict check_origin(const struct exchange *exchange, const struct wire_header *header)
{
    if (exchange->nonce.raw == 0 || (header->origin.raw != exchange->nonce.raw &&
                                     !interleave_is_reply(&exchange->interleave, header)))
        return VERDICT_ORIGIN;
    if (exchange->answered)
        return VERDICT_DUPLICATE;
    return exchange->open ? VERDICT_OK : VERDICT_LATE;
}

/* Whoever sees our request can send what fails here, so it is no answer: the server's is waited
 * for. */
enum verdict exchange_check_proof(struct authenticator *authenticator, const void *data,
                                  size_t size, uint8_t version)
{
    static const enum verdict verdicts[] = {
        [PROOF_GOOD] = VERDICT_OK, [PROOF_MISSING] = VERDICT_UNPROVEN, [PROOF_NAK] = VERDICT_NAK,
        [PROOF_KEY] = VERDICT_KEY, [PROOF_WRONG] = VERDICT_PROOF,
    };
    struct extension_part last = extension_last(data, size, version, NULL);
    if (last.kind == EXTENSION_MALFORMED)
        return VERDICT_EXTENSION;
    if (authenticator == NULL)
        return VERDICT_OK;
    return verdicts[authenticator_verify(authenticator, data, size, &last)];
}

/* A reply of a good server: the sample, of this exchange or of the one before. */
static enum verdict sample_of(const struct interleave_stamps *stamps,
                              const struct exchange_reply *reply, const struct wire_header *header,
                              struct gn_sample *sample)
{
    struct measurement measurement = {
        .t1_user = stamps->t1_user,
        .t1 = stamps->t1,
        .t1_stamp = stamps->t1_stamp,
        .t2 = stamps->t2,
        .t4 = stamps->t4,
        .t4_stamp = stamps->t4_stamp,
        .local = reply->local,
        .pivot = reply->pivot,
        .precision_log2s = reply->precision_log2s,
    };
    return measurement_sample(&measurement, header, sample);
}

/* What an interleaved reply completes is the exchange before. */
static enum verdict take_reply(struct exchange *exchange, const struct exchange_reply *reply,
                               const struct wire_header *header, struct gn_sample *sample)
{
    struct interleave *interleave = &exchange->interleave;
    bool interleaved = interleave_is_reply(interleave, header);
    enum verdict verdict = VERDICT_OK;
    struct interleave_stamps stamps = {
        .t2 = header->receive,
        .t1 = exchange->t1,
        .t1_user = exchange->t1_user,
        .t4 = reply->t4,
        .t1_stamp = exchange->t1_stamp,
        .t4_stamp = reply->stamp,
    };
    if (!interleaved)
        verdict = sample_of(&stamps, reply, header, sample);
    else if (interleave_is_disordered(interleave, header))
        verdict = VERDICT_ORDER;
    else if (!interleave->measured)
        verdict = sample_of(&interleave->last, reply, header, sample);
    if (verdict == VERDICT_OK && measurement_is_loop(&reply->local, header))
        verdict = VERDICT_LOOP;
    if (verdict != VERDICT_OK)
        return verdict;
    interleave_keep(interleave, &stamps, !interleaved);
    exchange->interleaved = interleaved;
    return VERDICT_OK;
}

enum verdict exchange_receive(struct exchange *exchange, const struct exchange_reply *reply,
                              struct wire_header *header, struct gn_sample *sample)
{
    enum verdict verdict = verdict_packet(reply->data, reply->size, header);
    if (verdict == VERDICT_OK)
        verdict = check_origin(exchange, header);
    if (verdict == VERDICT_OK)
        verdict = exchange_check_proof(exchange->authenticator, reply->data, reply->size,
                                       header->version);
    if (verdict != VERDICT_OK)
        return verdict;
    exchange->open = false;
    exchange->answered = true;
    struct wire_header basic = *header;
    if (interleave_is_reply(&exchange->interleave, header))
        basic = interleave_as_basic(header);
    verdict = verdict_server(&basic);
    if (verdict != VERDICT_OK)
        return verdict;
    if (!exchange->stamped)
        return VERDICT_STAMPS;
    memset(sample, 0, sizeof(*sample));
    return take_reply(exchange, reply, header, sample);
}
