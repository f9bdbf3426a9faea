/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include "address.h"
#include <string.h>

/* How far a clock may run away during an exchange. Spec: RFC 5905 §7.2, PHI. */
#define MAX_FREQUENCY_ERROR 15e-6
/*
 * How far a stamp may be from the wire, always on the same side: the kernel stamps what it sends
 * before the device has it, and what has arrived once it gets to it; a program is called later
 * still.
 */
#define USER_STAMP_S 20e-6
#define KERNEL_STAMP_S 2e-6
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

/* On loopback many daemons share one address: it identifies nobody. */
static bool is_loop(const struct exchange_reply *reply, const struct wire_header *header)
{
    return header->stratum > 1 && address_size(&reply->local) > 0 &&
           !address_is_loopback(&reply->local) && header->refid == address_refid(&reply->local);
}

/* The four timestamps; the server's two stay together over the end of an era. */
static struct gn_exchange four_stamps(const struct interleave_stamps *stamps,
                                      struct ntp_stamp transmit, gn_utc pivot)
{
    struct gn_exchange four;
    four.t1 = stamps->t1;
    /* A network device's stamp after the arrival is nonsense: fall back to our own reading. */
    if (gn_local_sub(stamps->t4, four.t1) < 0 && stamps->t1_stamp != GN_STAMP_USER)
        four.t1 = stamps->t1_user;
    four.t2 = wire_stamp_to_utc(stamps->t2, pivot);
    four.t3 = gn_utc_add(four.t2, wire_stamp_sub(transmit, stamps->t2));
    four.t4 = stamps->t4;
    return four;
}

/* ((T2 - T1) + (T3 - T4)) / 2 without overflow. Spec: RFC 5905 §8, theta. */
static bool offset_ns(const struct gn_exchange *four, int64_t *offset)
{
    int64_t out;
    int64_t back;
    if (__builtin_sub_overflow(four->t2.ns, four->t1.ns, &out) ||
        __builtin_sub_overflow(four->t3.ns, four->t4.ns, &back))
        return false;
    *offset = out / 2 + back / 2 + (out % 2 + back % 2) / 2;
    return true;
}

static bool add_fits(int64_t a, int64_t b)
{
    int64_t sum;
    return !__builtin_add_overflow(a, b, &sum);
}

static double stamp_error_s(enum gn_stamp stamp)
{
    if (stamp == GN_STAMP_HARDWARE)
        return 0;
    return stamp == GN_STAMP_KERNEL ? KERNEL_STAMP_S : USER_STAMP_S;
}

/* Returns how wrong both may make the offset: half of each. */
static double stamps_error_s(const struct interleave_stamps *stamps)
{
    return (stamp_error_s(stamps->t1_stamp) + stamp_error_s(stamps->t4_stamp)) / 2;
}

static enum verdict measure(const struct gn_exchange *four, const struct wire_header *header,
                            double reading_s, int8_t precision_log2s, struct gn_sample *sample)
{
    int64_t offset;
    int64_t delay;
    double precision_s = wire_log2_to_seconds(precision_log2s);
    double elapsed_s = gn_seconds(gn_local_sub(four->t4, four->t1));
    double dispersion_s = precision_s + wire_log2_to_seconds(header->precision);
    if (!offset_ns(four, &offset) || !add_fits(four->t4.ns, offset) || elapsed_s < 0)
        return VERDICT_DELAY;
    dispersion_s += MAX_FREQUENCY_ERROR * elapsed_s;
    delay = gn_local_sub(four->t4, four->t1) - gn_utc_sub(four->t3, four->t2);
    if (gn_seconds(delay) < -dispersion_s)
        return VERDICT_DELAY;
    sample->kind = GN_SAMPLE_TWO_WAY;
    sample->exchange = *four;
    sample->local = four->t4;
    sample->utc.ns = four->t4.ns + offset;
    sample->delay_s = gn_seconds(delay) > precision_s ? gn_seconds(delay) : precision_s;
    sample->dispersion_s = dispersion_s + reading_s; /* which makes no delay shorter */
    return VERDICT_OK;
}

static void describe_server(const struct wire_header *header, gn_utc pivot,
                            struct gn_sample *sample)
{
    sample->root_delay_s = wire_short_to_seconds(header->root_delay);
    sample->root_dispersion_s = wire_short_to_seconds(header->root_dispersion);
    sample->stratum = header->stratum;
    sample->leap = header->leap;
    sample->refid = header->refid;
    if (header->reference.raw != 0)
        sample->ref_time = wire_stamp_to_utc(header->reference, pivot);
}

/* A reply of a good server: the sample, of this exchange or of the one before. */
static enum verdict sample_of(const struct interleave_stamps *stamps,
                              const struct exchange_reply *reply, const struct wire_header *header,
                              struct gn_sample *sample)
{
    struct gn_exchange four = four_stamps(stamps, header->transmit, reply->pivot);
    sample->size = sizeof(*sample);
    enum verdict verdict =
        measure(&four, header, stamps_error_s(stamps), reply->precision_log2s, sample);
    if (verdict != VERDICT_OK)
        return verdict;
    describe_server(header, reply->pivot, sample);
    if (!address_is_loopback(&reply->local)) /* else it identifies nobody */
        sample->own_refid = address_refid(&reply->local);
    return VERDICT_OK;
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
    if (verdict == VERDICT_OK && is_loop(reply, header))
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
