/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INTERLEAVE_H
#define INTERLEAVE_H

/**
 * The interleaved mode, as a client: a reply tells when the reply before it really left.
 *
 * Pure. What is kept of an exchange until then: our two stamps and the server's receive stamp,
 * which the next request carries as its origin, so that the server knows which reply is meant.
 * The receive and transmit fields of a request are random numbers; the origin of a reply that is
 * interleaved is the first of them, of one that is not the second. Spec: RFC 9769 §2.
 */

#include "wire.h"
#include <gnomon/host.h>

/** After so many requests in vain what is kept is too old, and the next one asks for a basic
 * reply. Spec: RFC 9769 §2: the number shall be limited. */
#define INTERLEAVE_REQUESTS 4

/** What is kept of an exchange. */
struct interleave_stamps {
    struct ntp_stamp t2; /* as the server told it */
    gn_local t1;
    gn_local t1_user; /* read by us before the system call */
    gn_local t4;
    enum gn_stamp t1_stamp, t4_stamp;
};

struct interleave {
    bool wanted;                   /* by the configuration */
    bool known;                    /* there was a good reply: */
    struct interleave_stamps last; /* … its exchange */
    bool measured;                 /* which made its sample at once: the reply was basic */
    bool fresh;                    /* no request was made since */
    unsigned asked;                /* interleaved requests since */
    struct ntp_stamp cookie;       /* receive field of the request to come, or of the last one */
    bool asking;                   /* the last request asked for an interleaved reply */
};

/** Forget everything: it is another server, or the machine slept. */
void interleave_init(struct interleave *interleave, bool wanted);

/** The next request's receive field, should it be interleaved: an unpredictable number. */
void interleave_draw(struct interleave *interleave, uint64_t random);

/** Make a basic request interleaved, if that is wanted and possible. */
void interleave_ask(struct interleave *interleave, struct wire_header *request);

/** Whether the reply that the last request asks for gives no sample: that exchange gave its own.
 * Said once only, should it get lost. */
bool interleave_is_vain(const struct interleave *interleave);

/** Whether a reply is the interleaved one to the last request. */
bool interleave_is_reply(const struct interleave *interleave, const struct wire_header *reply);

/**
 * An interleaved reply as a basic one that says the same of the server itself: its transmit stamp
 * is that of an earlier reply, so the tests of a reply would stumble over it.
 */
struct wire_header interleave_as_basic(const struct wire_header *reply);

/** Whether the earlier reply was sent before its request was received. */
bool interleave_is_disordered(const struct interleave *interleave, const struct wire_header *reply);

/** A good reply came: keep its exchange. `measured`: it gave a sample already. */
void interleave_keep(struct interleave *interleave, const struct interleave_stamps *stamps,
                     bool measured);

/** A better stamp of the last request came after its reply. */
void interleave_sent(struct interleave *interleave, gn_local when, enum gn_stamp stamp);

/** Whether one may still come: so long the request's socket has to stay. */
bool interleave_awaits_stamp(const struct interleave *interleave);

#endif
