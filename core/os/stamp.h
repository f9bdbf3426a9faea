/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_STAMP_H
#define OS_STAMP_H

/**
 * The kernel's timestamps of packets: asking for them, and reading them out of what comes with
 * a packet. Spec: Documentation/networking/timestamping.rst of Linux.
 */

#include <os/os.h>
#include <sys/socket.h>

/* Transmit instants that may be on their way at once; older ones are given up. */
#define STAMP_PENDING 64

/** Which send a transmit instant belongs to: the kernel numbers stamped sends from 0. */
struct stamp_sends {
    uint32_t next; /* the kernel's number of the next one */
    struct {
        uint32_t id;
        bool pending;  /* the kernel's instant is on its way … */
        bool hardware; /* … and the card's */
        uint64_t tag;
        gn_system when;     /* just before it was sent */
    } sends[STAMP_PENDING]; /* by id modulo STAMP_PENDING */
};

/** A transmit instant as it comes back: of one of the two. */
struct stamp_arrival {
    uint64_t tag;
    bool by_hardware;
    gn_system when;
    struct os_hardware hardware;
};

/**
 * Ask for receive instants, and, where `sends` is not NULL, for transmit instants of those sends
 * that carry stamp_request(); `hardware`: of cards, too. Errors: negative: this socket has none;
 * `*transmit` tells whether the second was granted.
 */
int stamp_enable(int fd, struct stamp_sends *sends, bool hardware, bool *transmit);

/** Append the request for a transmit instant to a message. Needs CMSG_SPACE(4) bytes of room. */
void stamp_request(struct msghdr *, void *room, bool hardware);

/** A stamped send went out; `when` is a reading of the clock from just before. */
void stamp_sent(struct stamp_sends *, uint64_t tag, gn_system when, bool hardware);

/** Whether a card's instant of a send after `since` is on its way. */
bool stamp_awaits_hardware(const struct stamp_sends *, gn_system since);

/**
 * A stamped send failed: whether the kernel counted it is unknown, so start counting anew. What
 * was pending is given up.
 */
void stamp_resync(int fd, struct stamp_sends *, bool hardware);

/**
 * Take one message from the socket's error queue. Returns 1 and an instant of a send,
 * 0 for a message of no interest, or a negative errno: -EAGAIN when empty.
 */
int stamp_take_sent(int fd, struct stamp_sends *, struct stamp_arrival *);

/** The same of a message that was taken already. Returns 1 or 0. */
int stamp_read_sent(struct msghdr *, struct stamp_sends *, struct stamp_arrival *);

/** The instants a received message carries. Returns false: none of the kernel. */
bool stamp_received(struct msghdr *, gn_system *when, struct os_hardware *);

/** The system clock, now. */
gn_system stamp_now(void);

#endif
