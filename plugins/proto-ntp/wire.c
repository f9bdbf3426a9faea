/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* From 1900-01-01 to 1970-01-01. Spec: RFC 5905 §6, figure 4. */
#define ERA_OFFSET_S INT64_C(2208988800)
/* The last second we tell (2194): half an era more still fits into a gn_utc. */
#define UTC_MAX_S (INT64_MAX / GN_NS_PER_S - INT64_C(0x80000000))

static void put32(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

static void put64(uint8_t *out, uint64_t value)
{
    put32(out, (uint32_t)(value >> 32));
    put32(out + 4, (uint32_t)value);
}

static uint32_t get32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static struct ntp_stamp get_stamp(const uint8_t *in)
{
    struct ntp_stamp stamp = {(uint64_t)get32(in) << 32 | get32(in + 4)};
    return stamp;
}

void wire_pack(const struct wire_header *header, uint8_t out[WIRE_HEADER_SIZE])
{
    out[0] = (uint8_t)((header->leap & 3) << 6 | (header->version & 7) << 3 | (header->mode & 7));
    out[1] = header->stratum;
    out[2] = (uint8_t)header->poll;
    out[3] = (uint8_t)header->precision;
    put32(out + 4, header->root_delay);
    put32(out + 8, header->root_dispersion);
    put32(out + 12, header->refid);
    put64(out + 16, header->reference.raw);
    put64(out + 24, header->origin.raw);
    put64(out + 32, header->receive.raw);
    put64(out + WIRE_TRANSMIT_OFFSET, header->transmit.raw);
}

int wire_unpack(const void *data, size_t size, struct wire_header *header)
{
    const uint8_t *in = data;
    if (size < WIRE_HEADER_SIZE)
        return -EMSGSIZE;
    header->leap = in[0] >> 6;
    header->version = in[0] >> 3 & 7;
    header->mode = in[0] & 7;
    header->stratum = in[1];
    header->poll = (int8_t)in[2];
    header->precision = (int8_t)in[3];
    header->root_delay = get32(in + 4);
    header->root_dispersion = get32(in + 8);
    header->refid = get32(in + 12);
    header->reference = get_stamp(in + 16);
    header->origin = get_stamp(in + 24);
    header->receive = get_stamp(in + 32);
    header->transmit = get_stamp(in + WIRE_TRANSMIT_OFFSET);
    return 0;
}

void wire_patch_transmit(uint8_t packet[WIRE_HEADER_SIZE], struct ntp_stamp transmit)
{
    put64(packet + WIRE_TRANSMIT_OFFSET, transmit.raw);
}

/* Splits into whole seconds (rounded down) and 0 … 999999999 ns. */
static int64_t split_ns(int64_t ns, int64_t *rest_ns)
{
    int64_t whole_s = ns / GN_NS_PER_S;
    *rest_ns = ns % GN_NS_PER_S;
    if (*rest_ns < 0) {
        *rest_ns += GN_NS_PER_S;
        whole_s--;
    }
    return whole_s;
}

struct ntp_stamp wire_stamp_from_utc(gn_utc utc)
{
    int64_t rest_ns;
    uint64_t seconds = (uint64_t)(split_ns(utc.ns, &rest_ns) + ERA_OFFSET_S);
    /* At most 2^32 - 4: rounding never carries into the seconds. */
    uint64_t fraction = (((uint64_t)rest_ns << 32) + GN_NS_PER_S / 2) / GN_NS_PER_S;
    struct ntp_stamp stamp = {seconds << 32 | fraction};
    if (stamp.raw == 0)
        stamp.raw = 1;
    return stamp;
}

static int64_t fraction_ns(uint32_t fraction)
{
    return (int64_t)(((uint64_t)fraction * GN_NS_PER_S + (UINT64_C(1) << 31)) >> 32);
}

gn_utc wire_stamp_to_utc(struct ntp_stamp stamp, gn_utc pivot)
{
    int64_t rest_ns;
    int64_t pivot_s = split_ns(pivot.ns, &rest_ns);
    uint32_t pivot_low = (uint32_t)(uint64_t)(pivot_s + ERA_OFFSET_S);
    int64_t seconds = pivot_s + (int32_t)((uint32_t)(stamp.raw >> 32) - pivot_low);
    if (seconds > UTC_MAX_S)
        seconds = UTC_MAX_S;
    if (seconds < -UTC_MAX_S)
        seconds = -UTC_MAX_S;
    gn_utc utc = {seconds * GN_NS_PER_S + fraction_ns((uint32_t)stamp.raw)};
    return utc;
}

int64_t wire_stamp_sub(struct ntp_stamp a, struct ntp_stamp b)
{
    uint64_t difference = a.raw - b.raw;
    return (int32_t)(uint32_t)(difference >> 32) * GN_NS_PER_S + fraction_ns((uint32_t)difference);
}

uint32_t wire_short_from_seconds(double seconds)
{
    if (seconds <= 0)
        return 0;
    if (!(seconds < 65535.0)) /* also what is not a number */
        return UINT32_MAX;
    double scaled = seconds * 65536.0;
    uint32_t value = (uint32_t)scaled;
    return (double)value < scaled ? value + 1 : value;
}

double wire_short_to_seconds(uint32_t value)
{
    return (double)value / 65536.0;
}

double wire_log2_to_seconds(int8_t log2s)
{
    if (log2s < -32)
        log2s = -32;
    if (log2s > 16)
        log2s = 16;
    return log2s < 0 ? 1.0 / (double)(UINT64_C(1) << -log2s) : (double)(UINT64_C(1) << log2s);
}

static bool is_printable(uint32_t refid)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        uint32_t byte = refid >> shift & 0xff;
        if (byte < 0x20 || byte > 0x7e)
            return false;
    }
    return true;
}

enum wire_kiss wire_kiss(const struct wire_header *header)
{
    if (header->stratum != 0)
        return WIRE_KISS_NONE;
    switch (header->refid) {
    case 0x52415445:
        return WIRE_KISS_RATE;
    case 0x44454e59:
        return WIRE_KISS_DENY;
    case 0x52535452:
        return WIRE_KISS_RSTR;
    default:
        return is_printable(header->refid) ? WIRE_KISS_OTHER : WIRE_KISS_NONE;
    }
}

/* Left-justified, padded with zeros or spaces. Spec: RFC 5905 §7.3, figure 12. */
static void refid_letters(uint32_t refid, char text[16])
{
    size_t length = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        uint32_t byte = refid >> shift & 0xff;
        text[length++] = byte > 0x20 && byte <= 0x7e ? (char)byte
                         : byte == 0 || byte == 0x20 ? ' '
                                                     : '?';
    }
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
}

const char *wire_refid_text(uint8_t stratum, uint32_t refid, char text[16])
{
    if (stratum <= 1)
        refid_letters(refid, text);
    else
        snprintf(text, 16, "%u.%u.%u.%u", refid >> 24, refid >> 16 & 0xff, refid >> 8 & 0xff,
                 refid & 0xff);
    return text;
}
