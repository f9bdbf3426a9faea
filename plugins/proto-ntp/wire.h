/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_H
#define WIRE_H

/**
 * The NTP packet header on the wire, and NTP's own number formats.
 *
 * Depends on nothing but the time types and libc: `gnomonctl query` is built from this file too.
 * Timestamps stay raw until somebody knows about when they were made; origins are compared raw.
 */

#include <gnomon/time.h>
#include <stddef.h>

/** Bytes of the header. Extension fields and a MAC may follow. Spec: RFC 5905 §7.3. */
#define WIRE_HEADER_SIZE 48
/** Where the transmit timestamp stands, for those who patch it late. */
#define WIRE_TRANSMIT_OFFSET 40
/** No packet of ours is longer: what IPv6 carries everywhere (1280), less its headers and UDP's. */
#define WIRE_PACKET_MAX 1232

#define WIRE_VERSION_MIN 1
#define WIRE_VERSION_MAX 4
#define WIRE_STRATUM_MAX 15
#define WIRE_STRATUM_UNSYNCHRONISED 16
#define WIRE_LEAP_UNSYNCHRONISED 3

/** Spec: RFC 5905 §7.3, figure 10. */
enum wire_mode {
    WIRE_MODE_RESERVED = 0, /* NTPv1 clients: that version has no mode field */
    WIRE_MODE_ACTIVE = 1,
    WIRE_MODE_PASSIVE = 2,
    WIRE_MODE_CLIENT = 3,
    WIRE_MODE_SERVER = 4,
    WIRE_MODE_BROADCAST = 5,
    WIRE_MODE_CONTROL = 6,
    WIRE_MODE_PRIVATE = 7,
};

/** 32.32 fixed point seconds since 1900, modulo 2^32 s (an era). 0: unknown. Spec: RFC 5905 §6. */
struct ntp_stamp {
    uint64_t raw;
};

/** A header, its fields as they stand on the wire. */
struct wire_header {
    uint8_t leap;
    uint8_t version;
    uint8_t mode; /* enum wire_mode */
    uint8_t stratum;
    int8_t poll;              /* log2 s */
    int8_t precision;         /* log2 s */
    uint32_t root_delay;      /* 16.16 s */
    uint32_t root_dispersion; /* 16.16 s */
    uint32_t refid;           /* host byte order */
    struct ntp_stamp reference;
    struct ntp_stamp origin;
    struct ntp_stamp receive;
    struct ntp_stamp transmit;
};

/** A datagram to be sent. */
struct wire_packet {
    size_t size;
    uint8_t bytes[WIRE_PACKET_MAX];
};

/** Kiss codes that ask something of a client. Spec: RFC 5905 §7.4. */
enum wire_kiss {
    WIRE_KISS_NONE = 0,
    WIRE_KISS_RATE,
    WIRE_KISS_DENY,
    WIRE_KISS_RSTR,
    WIRE_KISS_OTHER, /* some other four letters */
};

/** Write a header. Fields wider than their bits are cut to them. */
void wire_pack(const struct wire_header *header, uint8_t out[WIRE_HEADER_SIZE]);

/** Read the header of a datagram of any size. Errors: -EMSGSIZE shorter than a header. */
int wire_unpack(const void *data, size_t size, struct wire_header *header);

/** Replace the transmit timestamp of a packed header. */
void wire_patch_transmit(uint8_t packet[WIRE_HEADER_SIZE], struct ntp_stamp transmit);

/** UTC as timestamp, rounded to nearest; never 0, which means unknown. */
struct ntp_stamp wire_stamp_from_utc(gn_utc utc);

/** A timestamp as UTC, in the era that brings it nearest to `pivot`. Spec: RFC 5905 §6. */
gn_utc wire_stamp_to_utc(struct ntp_stamp stamp, gn_utc pivot);

/** `a - b` for timestamps less than half an era apart. Units: ns, rounded to nearest. */
int64_t wire_stamp_sub(struct ntp_stamp a, struct ntp_stamp b);

/** Seconds in the short format, rounded up and saturated, so that a bound stays a bound. */
uint32_t wire_short_from_seconds(double seconds);

/** The short format in seconds, exact. */
double wire_short_to_seconds(uint32_t value);

/** 2^log2s, for precisions; clamped to 2^-32 … 2^16. Units: log2 s to s. */
double wire_log2_to_seconds(int8_t log2s);

/** The kiss code of a header; NONE where the stratum is not 0 or the id is no four letters. */
enum wire_kiss wire_kiss(const struct wire_header *header);

/** A reference id for people: four characters for stratum 0 and 1, else as an IPv4 address. */
const char *wire_refid_text(uint8_t stratum, uint32_t refid, char text[16]);

#endif
