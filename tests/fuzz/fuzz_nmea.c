/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from a receiver: cut in any way they give the same sentences, and each sentence is refused
 * or says what can be reckoned with. The input is tried as a stream, and as what lies between `$`
 * and `*`, so that its sum need not be right.
 */
#include "gps_message.h"

#include <plugins/refclock-gps/nmea.h>
#include <plugins/refclock-gps/sky.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_sentence(const uint8_t *data, size_t size)
{
    struct gps_message message;
    struct sky *sky = malloc(sizeof *sky);
    uint8_t *copy = exact_copy(data, size);
    require(sky != NULL);
    sky_init(sky);
    if (nmea_read(&message, copy, size)) {
        require_message(&message);
        for (int second = 1; second < 3; second++) {
            sky_take(sky, &message, (gn_local){second * GN_NS_PER_S});
            require(sky->count <= SKY_SATELLITES && sky->coming <= SKY_SATELLITES);
        }
    }
    free(copy);
    free(sky);
}

static void take(const struct framer_frame *frame)
{
    if (frame->kind == FRAMER_NMEA)
        read_sentence(frame->data, frame->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cut(data, size, take);
    for (size_t at = 0; at < size;) { /* by lines */
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - data) - at;
        read_sentence(data + at, length);
        at += length + 1;
    }
    return 0;
}
