/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_GPS_MESSAGE_H
#define FUZZ_GPS_MESSAGE_H

/** What may be relied on of every message of a receiver, and of every cutting of its bytes. */

#include <math.h>
#include <plugins/refclock-gps/framer.h>
#include <plugins/refclock-gps/message.h>
#include <stdlib.h>
#include <string.h>

static inline void require(bool condition)
{
    if (!condition)
        abort();
}

static inline void require_time(const struct gps_time *time)
{
    require(isfinite(time->accuracy_s) && time->accuracy_s >= 0);
    if (!time->said)
        return;
    require(time->scale == GPS_SCALE_UTC || time->scale == GPS_SCALE_GPS);
    require(time->ns >= 0 && time->ns <= 86401 * GN_NS_PER_S);
    /* An instant can be reckoned of it. */
    require(time->day == GPS_NO_DAY || (time->day > -300000 && time->day < 3000000));
}

static inline void require_satellite(const struct gps_satellite *satellite)
{
    require(satellite->system != '\0' && strchr("GRECJIS?", satellite->system) != NULL);
    require(satellite->elevation == -128 ||
            (satellite->elevation >= -90 && satellite->elevation <= 90));
    require(satellite->azimuth >= -1 && satellite->azimuth < 360);
}

static inline void require_message(const struct gps_message *message)
{
    require((unsigned)message->kind < GPS_KINDS && gps_kind_name(message->kind)[0] != '\0');
    require_time(&message->time);
    require_time(&message->pulse);
    require(message->satellites_used >= -1 && message->satellites_seen >= -1);
    require(isfinite(message->hdop) && message->hdop >= 0);
    require(fabs(message->pulse_error_s) < 1);
    require(message->change >= -1 && message->change <= 1);
    require(message->change == 0 || message->change_in_s > 0);
    require(message->part <= message->parts);
    require(message->satellite_count <= GPS_SATELLITES);
    for (size_t i = 0; i < message->satellite_count; i++)
        require_satellite(&message->satellites[i]);
    require(memchr(message->words, '\0', sizeof message->words) != NULL);
    require(message->talker[2] == '\0');
}

/** Of exactly that size, so that what is read beyond is found. Owns: the caller. */
static inline uint8_t *exact_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = calloc(1, size > 0 ? size : 1);
    require(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

typedef void (*fuzz_frame)(const struct framer_frame *);

/** All frames, by pieces of so many bytes, one every 10 ms. Returns what tells them apart. */
static inline uint64_t all_frames(const uint8_t *data, size_t size, size_t piece, fuzz_frame take,
                                  struct framer_counts *counts)
{
    struct framer *framer = malloc(sizeof *framer);
    struct framer_frame frame;
    uint64_t sum = 0;
    require(framer != NULL);
    framer_init(framer);
    for (size_t at = 0; at < size; at += piece) {
        uint8_t *copy = exact_copy(data + at, size - at < piece ? size - at : piece);
        gn_local when = {(int64_t)(at / piece)};
        framer_push(framer, copy, size - at < piece ? size - at : piece, when, 460800);
        while (framer_next(framer, &frame)) {
            require(frame.first.ns <= frame.last.ns && frame.last.ns <= when.ns);
            sum = sum * 31 + frame.size * 2 + frame.kind;
            for (size_t i = 0; i < frame.size; i++)
                sum = sum * 31 + frame.data[i];
            if (take != NULL)
                take(&frame);
        }
        free(copy);
    }
    *counts = framer->counts;
    require(counts->bytes == size && counts->noise_bytes <= size);
    free(framer);
    return sum;
}

/** Whole, by the byte, and by others: the same comes out. */
static inline void cut(const uint8_t *data, size_t size, fuzz_frame take)
{
    static const size_t pieces[] = {1, 7, 100};
    struct framer_counts whole, counts;
    uint64_t sum = all_frames(data, size, size + 1, take, &whole);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        require(all_frames(data, size, pieces[i], NULL, &counts) == sum);
        require(memcmp(&whole, &counts, sizeof whole) == 0);
    }
}

#endif
