/* SPDX-License-Identifier: Apache-2.0 */
#include "measurement.h"

#include "address.h"
#include <string.h>

#define USER_STAMP_S 20e-6
#define KERNEL_STAMP_S 2e-6

/* The four timestamps; the server's two stay together over the end of an era. */
static struct gn_exchange four_stamps(const struct measurement *measurement,
                                      const struct wire_header *header)
{
    struct gn_exchange four;
    four.t1 = measurement->t1;
    /* A network device's stamp after the arrival is nonsense: fall back to our own reading. */
    if (gn_local_sub(measurement->t4, four.t1) < 0 && measurement->t1_stamp != GN_STAMP_USER)
        four.t1 = measurement->t1_user;
    four.t2 = wire_stamp_to_utc(measurement->t2, measurement->pivot);
    four.t3 = gn_utc_add(four.t2, wire_stamp_sub(header->transmit, measurement->t2));
    four.t4 = measurement->t4;
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

double measurement_stamp_error_s(enum gn_stamp stamp)
{
    if (stamp == GN_STAMP_HARDWARE)
        return 0;
    return stamp == GN_STAMP_KERNEL ? KERNEL_STAMP_S : USER_STAMP_S;
}

/* Returns how wrong both may make the offset: half of each. */
static double stamps_error_s(const struct measurement *measurement)
{
    return (measurement_stamp_error_s(measurement->t1_stamp) +
            measurement_stamp_error_s(measurement->t4_stamp)) /
           2;
}

static enum verdict measure(const struct measurement *measurement, const struct wire_header *header,
                            struct gn_sample *sample)
{
    struct gn_exchange four = four_stamps(measurement, header);
    int64_t offset;
    int64_t delay;
    double precision_s = wire_log2_to_seconds(measurement->precision_log2s);
    double elapsed_s = gn_seconds(gn_local_sub(four.t4, four.t1));
    double dispersion_s = precision_s + wire_log2_to_seconds(header->precision);
    if (!offset_ns(&four, &offset) || !add_fits(four.t4.ns, offset) || elapsed_s < 0)
        return VERDICT_DELAY;
    dispersion_s += MEASUREMENT_PHI * elapsed_s;
    delay = gn_local_sub(four.t4, four.t1) - gn_utc_sub(four.t3, four.t2);
    if (gn_seconds(delay) < -dispersion_s)
        return VERDICT_DELAY;
    sample->kind = GN_SAMPLE_TWO_WAY;
    sample->exchange = four;
    sample->local = four.t4;
    sample->utc.ns = four.t4.ns + offset;
    sample->delay_s = gn_seconds(delay) > precision_s ? gn_seconds(delay) : precision_s;
    /* Which makes no delay shorter. */
    sample->dispersion_s = dispersion_s + stamps_error_s(measurement);
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

enum verdict measurement_sample(const struct measurement *measurement,
                                const struct wire_header *header, struct gn_sample *sample)
{
    memset(sample, 0, sizeof(*sample));
    sample->size = sizeof(*sample);
    enum verdict verdict = measure(measurement, header, sample);
    if (verdict != VERDICT_OK)
        return verdict;
    describe_server(header, measurement->pivot, sample);
    if (!address_is_loopback(&measurement->local)) /* else it identifies nobody */
        sample->own_refid = address_refid(&measurement->local);
    return VERDICT_OK;
}

/* On loopback many daemons share one address: it identifies nobody. */
bool measurement_is_loop(const struct gn_address *local, const struct wire_header *header)
{
    return header->stratum > 1 && address_size(local) > 0 && !address_is_loopback(local) &&
           header->refid == address_refid(local);
}
