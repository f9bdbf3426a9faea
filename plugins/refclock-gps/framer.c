/* SPDX-License-Identifier: Apache-2.0 */
#include "framer.h"

#include <assert.h>
#include <string.h>

#define SYNC_1 0xb5
#define SYNC_2 0x62
#define UBX_HEADER 6 /* both sync bytes, class, id, length */
#define UBX_SUMS 2

/* What a bit of ten costs. */
#define BITS_PER_BYTE 10

/* The bytes of one frame follow each other: what is not whole so long after its beginning, and
 * after the time that its bytes need, is none. */
#define PATIENCE_NS (GN_NS_PER_S / 2)

enum found {
    FOUND_NOTHING, /* done with what lay at the beginning, look again */
    FOUND_PART,    /* more bytes must come */
    FOUND_FRAME,
};

void framer_init(struct framer *framer)
{
    memset(framer, 0, sizeof *framer);
}

void framer_reset(struct framer *framer)
{
    struct framer_counts counts = framer->counts;
    framer_init(framer);
    framer->counts = counts;
}

/* ---------------------------------------------------------------- instants */

/* When the byte at `place` of the stream had come at the latest, by this reading. */
static int64_t latest_ns(const struct framer *framer, const struct framer_mark *mark, int64_t place)
{
    return mark->when.ns - (mark->end - 1 - place) * framer->byte_ns;
}

static void forget_marks(struct framer *framer)
{
    size_t done = 0;
    while (done < framer->marks && framer->mark[done].end <= framer->base + (int64_t)framer->at)
        done++;
    framer->marks -= done;
    memmove(framer->mark, framer->mark + done, framer->marks * sizeof framer->mark[0]);
}

/* Each reading bounds the arrival of all bytes before it; a later one that bounds them tighter
 * makes the earlier one needless. So the first that ends behind a byte is the tightest. */
static void set_mark(struct framer *framer, int64_t end, gn_local when)
{
    struct framer_mark mark = {end, when};
    int64_t place = framer->base;
    forget_marks(framer);
    while (framer->marks > 0 && latest_ns(framer, &framer->mark[framer->marks - 1], place) >=
                                    latest_ns(framer, &mark, place))
        framer->marks--;
    if (framer->marks == FRAMER_MARKS)
        framer->marks--;
    framer->mark[framer->marks++] = mark;
}

static gn_local arrival(const struct framer *framer, size_t index)
{
    int64_t place = framer->base + (int64_t)index;
    for (size_t i = 0; i < framer->marks; i++)
        if (framer->mark[i].end > place)
            return (gn_local){latest_ns(framer, &framer->mark[i], place)};
    return framer->mark[framer->marks - 1].when;
}

static gn_local now(const struct framer *framer)
{
    return framer->mark[framer->marks - 1].when;
}

/* ---------------------------------------------------------------- bytes */

void framer_push(struct framer *framer, const void *data, size_t size, gn_local when, unsigned baud)
{
    assert(framer->input_size == 0);
    if (size == 0)
        return;
    framer->byte_ns = baud == 0 ? 0 : BITS_PER_BYTE * GN_NS_PER_S / (int64_t)baud;
    framer->input = data;
    framer->input_size = size;
    framer->counts.bytes += size;
    set_mark(framer, framer->base + (int64_t)(framer->size + size), when);
}

/* What is done with makes room when there is none; that is a part of the room each time. */
static void make_room(struct framer *framer)
{
    if (framer->size < FRAMER_ROOM)
        return;
    size_t kept = framer->size - framer->at;
    memmove(framer->bytes, framer->bytes + framer->at, kept);
    memmove(framer->sum, framer->sum + framer->at, kept + 1);
    memmove(framer->sum_of_sums, framer->sum_of_sums + framer->at, kept + 1);
    framer->base += (int64_t)framer->at;
    framer->looked -= framer->looked < framer->at ? framer->looked : framer->at;
    framer->at = 0;
    framer->size = kept;
}

static bool take_input(struct framer *framer)
{
    if (framer->input_size == 0)
        return false;
    make_room(framer);
    size_t n = FRAMER_ROOM - framer->size;
    if (n > framer->input_size)
        n = framer->input_size;
    for (size_t i = 0; i < n; i++) {
        size_t at = framer->size++;
        framer->bytes[at] = framer->input[i];
        framer->sum[at + 1] = (uint8_t)(framer->sum[at] + framer->input[i]);
        framer->sum_of_sums[at + 1] = (uint8_t)(framer->sum_of_sums[at] + framer->sum[at + 1]);
    }
    framer->input += n;
    framer->input_size -= n;
    return true;
}

static void skip(struct framer *framer, size_t end)
{
    for (; framer->at < end; framer->at++) {
        uint8_t byte = framer->bytes[framer->at];
        framer->counts.noise_bytes += byte != '\r' && byte != '\n';
    }
}

static void describe(const struct framer *framer, struct framer_frame *frame, size_t end)
{
    frame->first = arrival(framer, framer->at);
    frame->last = arrival(framer, end - 1);
}

/* ---------------------------------------------------------------- NMEA */

static bool is_text(uint8_t byte)
{
    return byte >= 0x20 && byte <= 0x7e && byte != '$';
}

static int hex(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Of `…*hh`. */
static bool sum_is_right(struct framer_counts *counts, const uint8_t *text, size_t size)
{
    int high = size < 3 ? -1 : hex(text[size - 2]), low = size < 3 ? -1 : hex(text[size - 1]);
    if (high < 0 || low < 0 || text[size - 3] != '*') {
        counts->unsummed++;
        counts->checksum++;
        return false;
    }
    uint8_t sum = 0;
    for (size_t i = 0; i < size - 3; i++)
        sum ^= text[i];
    bool right = sum == (high << 4 | low);
    counts->checksum += !right;
    return right;
}

/* A whole line lies from `at` to `end`, where it ends. */
static enum found take_line(struct framer *framer, struct framer_frame *frame, size_t end)
{
    const uint8_t *text = framer->bytes + framer->at + 1;
    size_t size = end - framer->at - 1;
    enum found found = FOUND_NOTHING;
    if (sum_is_right(&framer->counts, text, size)) {
        *frame = (struct framer_frame){.kind = FRAMER_NMEA, .data = text, .size = size - 3};
        describe(framer, frame, end);
        framer->counts.sentences++;
        found = FOUND_FRAME;
    }
    framer->at = end;
    return found;
}

/* None of a sentence's bytes can begin another one, so none is looked at twice. */
static enum found look_at_sentence(struct framer *framer, struct framer_frame *frame)
{
    size_t i = framer->looked > framer->at ? framer->looked : framer->at + 1;
    while (i < framer->size && is_text(framer->bytes[i]) && i - framer->at < FRAMER_SENTENCE)
        i++;
    framer->looked = i;
    if (i == framer->size)
        return FOUND_PART;
    if (framer->bytes[i] == '\r' || framer->bytes[i] == '\n')
        return take_line(framer, frame, i);
    framer->counts.overlong += is_text(framer->bytes[i]);
    skip(framer, i);
    return FOUND_NOTHING;
}

/* ---------------------------------------------------------------- UBX */

/* Fletcher's, over class, id, length and payload, from the sums of all. */
static bool fletcher_is_right(const struct framer *framer, size_t payload)
{
    size_t from = framer->at + 2, to = framer->at + UBX_HEADER + payload;
    unsigned a = (unsigned)framer->sum[to] - framer->sum[from];
    unsigned b = (unsigned)framer->sum_of_sums[to] - framer->sum_of_sums[from] -
                 (unsigned)(to - from) * framer->sum[from];
    return (uint8_t)a == framer->bytes[to] && (uint8_t)b == framer->bytes[to + 1];
}

static bool is_stale(const struct framer *framer, size_t size)
{
    return gn_local_sub(now(framer), arrival(framer, framer->at)) >
           PATIENCE_NS + (int64_t)size * framer->byte_ns;
}

/* Its second sync byte and its length decide how much must be there: `*size`, 0: none begins. */
static void ubx_size(struct framer *framer, size_t *size)
{
    const uint8_t *bytes = framer->bytes + framer->at;
    size_t have = framer->size - framer->at;
    *size = UBX_HEADER;
    if (have >= 2 && bytes[1] != SYNC_2)
        *size = 0;
    if (have < UBX_HEADER || *size == 0)
        return;
    *size = UBX_HEADER + (size_t)(bytes[4] | bytes[5] << 8) + UBX_SUMS;
    if (*size > FRAMER_LONGEST) {
        framer->counts.overlong++;
        *size = 0;
    }
}

static enum found look_at_ubx(struct framer *framer, struct framer_frame *frame)
{
    const uint8_t *bytes = framer->bytes + framer->at;
    size_t size, have = framer->size - framer->at;
    ubx_size(framer, &size);
    if (size == 0 || (have < size && framer->input_size == 0 && is_stale(framer, size))) {
        skip(framer, framer->at + 1);
        return FOUND_NOTHING;
    }
    if (have < size)
        return FOUND_PART;
    if (!fletcher_is_right(framer, size - UBX_HEADER - UBX_SUMS)) {
        framer->counts.checksum++;
        skip(framer, framer->at + 1);
        return FOUND_NOTHING;
    }
    *frame = (struct framer_frame){.kind = FRAMER_UBX,
                                   .data = bytes + UBX_HEADER,
                                   .size = size - UBX_HEADER - UBX_SUMS,
                                   .ubx_class = bytes[2],
                                   .ubx_id = bytes[3]};
    describe(framer, frame, framer->at + size);
    framer->at += size;
    framer->counts.frames++;
    return FOUND_FRAME;
}

/* ---------------------------------------------------------------- both */

static enum found look(struct framer *framer, struct framer_frame *frame)
{
    while (framer->at < framer->size) {
        enum found found = FOUND_NOTHING;
        uint8_t byte = framer->bytes[framer->at];
        if (byte == '$')
            found = look_at_sentence(framer, frame);
        else if (byte == SYNC_1)
            found = look_at_ubx(framer, frame);
        else
            skip(framer, framer->at + 1);
        if (found != FOUND_NOTHING)
            return found;
    }
    return FOUND_PART;
}

bool framer_next(struct framer *framer, struct framer_frame *frame)
{
    do {
        if (look(framer, frame) == FOUND_FRAME)
            return true;
    } while (take_input(framer));
    return false;
}
