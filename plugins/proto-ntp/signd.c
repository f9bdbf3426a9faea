/* SPDX-License-Identifier: Apache-2.0 */
#include "signd.h"

#include <errno.h>
#include <string.h>

#define EXTENDED_SIZE (WIRE_HEADER_SIZE + 72)
#define NTP_VERSION                                                                                \
    3 /* of NTP: what these forms belong to; later ones have extension fields there */
#define PROTOCOL 0
#define OP_SIGN_TO_CLIENT 0
#define OP_SUCCESS 3
#define REPLY_HEAD 12 /* version, operation, id */
/* Which of an account's two passwords: a flag in the extended form, else a bit of the key. */
#define FLAG_OLD_KEY 1
#define KEY_OLD 0x80

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++)
        any |= bytes[i];
    return any == 0;
}

bool signd_is_request(const void *data, size_t size, uint8_t key[SIGND_KEY_SIZE])
{
    const uint8_t *in = data;
    bool extended = size == EXTENDED_SIZE;
    size_t head = WIRE_HEADER_SIZE + SIGND_KEY_SIZE + (extended ? 4 : 0);
    if ((size != SIGND_PACKET_SIZE && !extended) || (in[0] >> 3 & 7) != NTP_VERSION ||
        !is_zero(in + head, size - head) || is_zero(in + WIRE_HEADER_SIZE, SIGND_KEY_SIZE))
        return false;
    memcpy(key, in + WIRE_HEADER_SIZE, SIGND_KEY_SIZE);
    if (extended) {
        bool old = (in[WIRE_HEADER_SIZE + 5] & FLAG_OLD_KEY) != 0;
        key[3] = (uint8_t)((key[3] & ~KEY_OLD) | (old ? KEY_OLD : 0));
    }
    return true;
}

static void put32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

void signd_ask(uint16_t id, const uint8_t key[SIGND_KEY_SIZE], const uint8_t *header,
               uint8_t out[SIGND_REQUEST_SIZE])
{
    put32(out, SIGND_REQUEST_SIZE - 4);
    put32(out + 4, PROTOCOL);
    put32(out + 8, OP_SIGN_TO_CLIENT);
    put32(out + 12, (uint32_t)id << 16); /* and two bytes of padding */
    memcpy(out + 16, key, SIGND_KEY_SIZE);
    memcpy(out + 20, header, WIRE_HEADER_SIZE);
}

int signd_read(struct signd_reader *reader, const void *data, size_t size)
{
    if (size > sizeof(reader->bytes) - reader->size)
        return -EPROTO;
    memcpy(reader->bytes + reader->size, data, size);
    reader->size += size;
    if (reader->size < 4)
        return 0;
    uint32_t length = get32(reader->bytes);
    if (length < REPLY_HEAD || length > SIGND_REPLY_MAX - 4 || reader->size - 4 > length)
        return -EPROTO;
    return reader->size - 4 == length ? 1 : 0;
}

const uint8_t *signd_packet(const struct signd_reader *reader, uint16_t id, const uint8_t *header)
{
    const uint8_t *reply = reader->bytes + 4, *packet = reply + REPLY_HEAD;
    if (reader->size != SIGND_REPLY_MAX || get32(reply) != PROTOCOL ||
        get32(reply + 4) != OP_SUCCESS || get32(reply + 8) != id ||
        memcmp(packet, header, WIRE_HEADER_SIZE) != 0)
        return NULL;
    return packet;
}
