/* SPDX-License-Identifier: Apache-2.0 */
#include <base/sha1.h>

#define LENGTH_SIZE 8

void sha1_init(struct sha1 *sha1)
{
    *sha1 = (struct sha1){{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}, 0, {0}};
}

static uint32_t rotate(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

/* Spec: RFC 3174 §5. */
static uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
    if (round < 20)
        return ((b & c) | (~b & d)) + 0x5A827999;
    if (round < 40)
        return (b ^ c ^ d) + 0x6ED9EBA1;
    if (round < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC;
    return (b ^ c ^ d) + 0xCA62C1D6;
}

/* Spec: RFC 3174 §6.2. */
static void digest(struct sha1 *sha1)
{
    uint32_t w[16], h[SHA1_WORDS];
    for (size_t i = 0; i < 16; i++)
        w[i] = (uint32_t)sha1->block[4 * i] << 24 | (uint32_t)sha1->block[4 * i + 1] << 16 |
               (uint32_t)sha1->block[4 * i + 2] << 8 | sha1->block[4 * i + 3];
    for (size_t i = 0; i < SHA1_WORDS; i++)
        h[i] = sha1->words[i];
    for (unsigned t = 0; t < 80; t++) {
        unsigned s = t & 15;
        if (t >= 16)
            w[s] = rotate(w[(s + 13) & 15] ^ w[(s + 8) & 15] ^ w[(s + 2) & 15] ^ w[s], 1);
        uint32_t next = rotate(h[0], 5) + mix(t, h[1], h[2], h[3]) + h[4] + w[s];
        h[4] = h[3];
        h[3] = h[2];
        h[2] = rotate(h[1], 30);
        h[1] = h[0];
        h[0] = next;
    }
    for (size_t i = 0; i < SHA1_WORDS; i++)
        sha1->words[i] += h[i];
}

void sha1_add(struct sha1 *sha1, const void *bytes, size_t size)
{
    const unsigned char *data = bytes;
    for (size_t i = 0; i < size; i++) {
        sha1->block[sha1->size++ % SHA1_BLOCK] = data[i];
        if (sha1->size % SHA1_BLOCK == 0)
            digest(sha1);
    }
}

void sha1_finish(struct sha1 *sha1, uint32_t sum[SHA1_WORDS])
{
    uint64_t bits = 8 * sha1->size;
    unsigned char length[LENGTH_SIZE];
    for (size_t i = 0; i < LENGTH_SIZE; i++)
        length[i] = (unsigned char)(bits >> (56 - 8 * i));
    sha1_add(sha1, "\x80", 1);
    while (sha1->size % SHA1_BLOCK != SHA1_BLOCK - LENGTH_SIZE)
        sha1_add(sha1, "", 1);
    sha1_add(sha1, length, sizeof length);
    for (size_t i = 0; i < SHA1_WORDS; i++)
        sum[i] = sha1->words[i];
}
