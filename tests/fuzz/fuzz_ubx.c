/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of u-blox: class and identifier, then any payload. Each is refused or says what can be
 * reckoned with. The input is tried as a stream, too, and framed with its right sums between noise:
 * then it must come out.
 */
#include "gps_message.h"

#include <plugins/refclock-gps/ubx.h>
#include <sim/vdev_ubx.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_frame(uint8_t ubx_class, uint8_t ubx_id, const uint8_t *payload, size_t size)
{
    struct gps_message message;
    uint8_t *copy = exact_copy(payload, size);
    if (ubx_read(&message, ubx_class, ubx_id, copy, size))
        require_message(&message);
    free(copy);
}

static void take(const struct framer_frame *frame)
{
    if (frame->kind == FRAMER_UBX)
        read_frame(frame->ubx_class, frame->ubx_id, frame->data, frame->size);
}

/* Behind noise in which no frame begins. */
static void frame_it(const uint8_t *data, size_t size)
{
    static const char noise[] = "$GPRMC,1\xff\x62";
    size_t room = size + 16 + sizeof noise, lead = sizeof noise - 1;
    char *bytes = malloc(room);
    struct framer_counts counts;
    require(bytes != NULL);
    memcpy(bytes, noise, lead);
    size_t framed = vdev_ubx_frame(data[0], data[1], data + 2, size - 2, bytes + lead, room - lead);
    require(framed == size + 6);
    cut((const uint8_t *)bytes, lead + framed, NULL);
    all_frames((const uint8_t *)bytes, lead + framed, 13, NULL, &counts);
    require(counts.frames == 1 && counts.checksum == 0);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cut(data, size, take);
    if (size < 2)
        return 0;
    read_frame(data[0], data[1], data + 2, size - 2);
    if (size - 2 <= FRAMER_PAYLOAD)
        frame_it(data, size);
    return 0;
}
