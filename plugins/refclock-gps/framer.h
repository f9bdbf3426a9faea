/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REFCLOCK_GPS_FRAMER_H
#define REFCLOCK_GPS_FRAMER_H

/**
 * Bytes in any pieces → NMEA sentences and UBX frames, both in one stream.
 *
 * Pure: no allocation, time is given. Only what bears a right sum comes out; whatever else lies
 * between (RTCM, noise, sentences cut in two) is skipped and counted. What looked like a frame and
 * was none is searched again from its second byte on, so that it hides nothing; each byte still
 * costs O(1), since the sum of any stretch follows from sums that were taken once.
 *
 * Spec: NMEA 0183 §5.3 (`$…*hh`); u-blox protocol description, "UBX frame structure".
 */

#include <gnomon/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The longest sentence that is taken, from `$` to the sum. NMEA has 82; makers' own have more. */
#define FRAMER_SENTENCE 1024

/** The longest payload of a UBX frame that is taken. */
#define FRAMER_PAYLOAD 4096

#define FRAMER_LONGEST (FRAMER_PAYLOAD + 8)
#define FRAMER_ROOM (FRAMER_LONGEST + 1024)
#define FRAMER_MARKS 16

enum framer_kind {
    FRAMER_NMEA, /* `data`: what lies between `$` and `*`; not ended by NUL */
    FRAMER_UBX,  /* `data`: the payload */
};

struct framer_frame {
    enum framer_kind kind;
    const uint8_t *data; /* the framer's; until it is called again */
    size_t size;
    uint8_t ubx_class, ubx_id;
    /* When its first byte had come, at the latest, and its last: see framer_push(). */
    gn_local first, last;
};

/** All since the beginning. */
struct framer_counts {
    uint64_t bytes;
    uint64_t sentences, frames; /* that came out */
    uint64_t checksum;          /* sums that were wrong, or missing … */
    uint64_t unsummed;          /* … of which: sentences without one */
    uint64_t overlong;          /* sentences and frames above the limits */
    uint64_t noise_bytes;       /* in neither sentences nor frames, ends of lines left out */
};

/** How far the stream had come when. */
struct framer_mark {
    int64_t end; /* bytes */
    gn_local when;
};

struct framer {
    struct framer_counts counts;
    const uint8_t *input; /* not yet in `bytes` */
    size_t input_size;
    int64_t base;  /* place of bytes[0] in the stream */
    size_t at;     /* what lies before is done with */
    size_t size;   /* of bytes */
    size_t looked; /* the sentence at `at` has been looked through so far */
    int64_t byte_ns;
    size_t marks;
    struct framer_mark mark[FRAMER_MARKS];
    uint8_t bytes[FRAMER_ROOM];
    /* Sums, modulo 256, of all bytes before, and of those sums. */
    uint8_t sum[FRAMER_ROOM + 1], sum_of_sums[FRAMER_ROOM + 1];
};

void framer_init(struct framer *);

/** Another device, another speed: what was begun is forgotten, the counts remain. */
void framer_reset(struct framer *);

/**
 * Bytes that were read at `when`. They are lent until framer_next() has returned false, which must
 * be before the next call.
 *
 * `baud` is the line's: a byte then takes ten bits, and none can have come later than those after
 * it allow. Of several readings the one that was least late counts. 0: the bytes come at no pace
 * of their own (USB, a pty, TCP); all came at `when`.
 */
void framer_push(struct framer *, const void *data, size_t size, gn_local when, unsigned baud);

/** The next frame. Returns false: nothing whole is left. */
bool framer_next(struct framer *, struct framer_frame *);

#endif
