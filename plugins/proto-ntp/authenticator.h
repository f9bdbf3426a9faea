/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTHENTICATOR_H
#define AUTHENTICATOR_H

/**
 * How a packet proves who sent it: two operations that every kind of proof has.
 *
 * A symmetric key (seal.h) is one; what proves by extension fields is another of the same shape.
 * An association holds the authenticator of its requests; a server finds the one that a request
 * names.
 */

#include "extension.h"

/** What a packet proves. */
enum proof {
    PROOF_GOOD = 0,
    PROOF_MISSING, /* nothing: anybody can have sent it */
    PROOF_NAK,     /* the other side says that it cannot verify us; that, too, anybody can say */
    PROOF_KEY,     /* it is of another key */
    PROOF_WRONG,   /* it is of this key, and wrong */
};

struct authenticator;

/** What a kind of proof can do. Neither allocates what it keeps. */
struct authenticator_ops {
    /** Append the proof, at most `room` bytes; nothing of the packet may change after that. */
    void (*protect)(struct authenticator *, struct wire_packet *packet, size_t room);
    /** Judge a packet of at least a header. `last`: what extension_last() says of it, not
     * MALFORMED. */
    enum proof (*verify)(struct authenticator *, const void *packet, size_t size,
                         const struct extension_part *last);
};

/** The first member of whatever implements it. */
struct authenticator {
    const struct authenticator_ops *ops;
};

static inline void authenticator_protect(struct authenticator *authenticator,
                                         struct wire_packet *packet, size_t room)
{
    authenticator->ops->protect(authenticator, packet, room);
}

static inline enum proof authenticator_verify(struct authenticator *authenticator,
                                              const void *packet, size_t size,
                                              const struct extension_part *last)
{
    return authenticator->ops->verify(authenticator, packet, size, last);
}

#endif
