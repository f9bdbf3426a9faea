/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

/**
 * SHA-1, as the check sum that files carry against being torn or mistyped. It proves nothing about
 * who wrote them: whoever wants to deceive can. Spec: RFC 3174.
 */

#include <stddef.h>
#include <stdint.h>

#define SHA1_WORDS 5
#define SHA1_BLOCK 64

struct sha1 {
    uint32_t words[SHA1_WORDS];
    uint64_t size; /* bytes so far */
    unsigned char block[SHA1_BLOCK];
};

void sha1_init(struct sha1 *);
void sha1_add(struct sha1 *, const void *bytes, size_t size);

/** The sum of all that was added; the state is used up. */
void sha1_finish(struct sha1 *, uint32_t sum[SHA1_WORDS]);

#endif
