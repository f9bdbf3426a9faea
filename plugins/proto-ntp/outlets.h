/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTLETS_H
#define OUTLETS_H

/**
 * Glue: the sockets by which symmetric associations talk, shared by all instances.
 *
 * Peers talk from port to port, 123 on both sides. Where we serve on that port its sockets are the
 * server's, and a server has them first: a socket that was opened for peers alone is closed when a
 * server begins. What comes to any of them from a peer's address is the peer's.
 */

#include <gnomon/host.h>
#include <sys/queue.h>

/** A socket. Of a server: filled and owned by it; of peers: by outlets_send(). */
struct outlet {
    struct gn_host *host;
    struct gn_datagram *socket;
    struct gn_address bind;
    bool is_own; /* opened for peers alone */
    LIST_ENTRY(outlet) link;
};

/** A peer, as it wants to be called. */
struct correspondent {
    struct gn_address address; /* family NONE: nobody yet */
    void (*receive)(void *arg, const struct gn_packet *packet);
    void (*sent)(void *arg, uint64_t tag, gn_local when, enum gn_stamp stamp);
    void *arg;
    uint32_t number;      /* given by outlets_join() */
    struct outlet *home;  /* where its packets come in; NULL: not seen yet */
    struct gn_address at; /* our address that they come to; family NONE unknown */
    LIST_ENTRY(correspondent) link;
};

struct outlets {
    struct gn_host *host; /* of the plugin's shared object: owns the own sockets */
    uint32_t numbers;     /* given so far */
    LIST_HEAD(, outlet) sockets;
    LIST_HEAD(, correspondent) peers;
};

void outlets_init(struct outlets *outlets, struct gn_host *host);
/** Free what outlets_send() opened; the host closes the sockets themselves. */
void outlets_finish(struct outlets *outlets);

/** A server is about to open its sockets: give up those of the same port. */
void outlets_yield(struct outlets *outlets, uint16_t port);
/** A server has opened a socket, with GN_DATAGRAM_SENT. */
void outlets_add(struct outlets *outlets, struct outlet *outlet);
/** Its socket is about to be closed. Takes one that was never added, zeroed. */
void outlets_remove(struct outlets *outlets, struct outlet *outlet);
/** A datagram came. Returns false if it is no peer's: then it is the server's. */
bool outlets_deliver(struct outlets *outlets, struct outlet *outlet,
                     const struct gn_packet *packet);
/** A transmit instant was reported. Returns false if it is of no peer's packet. */
bool outlets_sent(struct outlets *outlets, uint64_t tag, gn_local when, enum gn_stamp stamp);

void outlets_join(struct outlets *outlets, struct correspondent *peer);
/** Takes one that never joined, zeroed. */
void outlets_leave(struct outlets *outlets, struct correspondent *peer);
/** Call somebody else from now on. */
void outlets_move(struct correspondent *peer, const struct gn_address *address);
/** Whether another peer has this address already. */
bool outlets_is_taken(const struct outlets *outlets, const struct correspondent *peer,
                      const struct gn_address *address);

/**
 * Send to the peer, from where its packets come in, else from the server's socket, else from one
 * of our own on the peer's port. `tag`: comes back by `sent`; its lower half counts.
 * Errors: negative errno, as gn_datagram_open() and gn_datagram_send().
 */
int outlets_send(struct outlets *outlets, struct correspondent *peer, const void *data, size_t size,
                 uint64_t tag, gn_local *when);

#endif
