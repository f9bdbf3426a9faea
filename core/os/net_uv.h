/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OS_NET_UV_H
#define OS_NET_UV_H

/** The parts of the net: udp.c, listener.c, stream.c and resolver.c under one table. Only for
 * core/os. */

#include "loop_uv.h"

#include <sys/queue.h>

struct udp_batch;
struct resolve_request;

struct net_uv {
    struct os_net base; /* first: callers hold this */
    struct os_loop *loop;
    os_log_cb log;
    void *log_arg;
    struct udp_batch *few, *many; /* what sockets are read into: those that ask, all others */
    int stamp_holder;             /* a socket that keeps the kernel stamping; -1 none */
    uint64_t stamping_since_ms;   /* loop's time of the first socket that asked for stamps */
    unsigned unstamped; /* packets without the kernel's instant, before the first with one */
    bool stamps_seen, stamps_said;
    bool hardware;    /* cards stamp: sockets ask for it */
    uv_timer_t *hold; /* ends the wait of sockets for a card's stamp; NULL: none yet */
    int reserve;      /* a descriptor to give up when accept has none left; -1 none */
    LIST_HEAD(, os_datagram) datagrams;
    LIST_HEAD(, os_listener) listeners;
    LIST_HEAD(, os_stream) streams;
    LIST_HEAD(, resolve_request) requests;
};

static inline struct net_uv *net_uv_self(struct os_net *base)
{
    return (struct net_uv *)base;
}

/** Log a line. */
__attribute__((format(printf, 3, 4))) void net_uv_log(const struct net_uv *, enum gn_level,
                                                      const char *format, ...);

/** socket(2), non-blocking and closed on exec, also where flags in the type are refused. */
int net_uv_socket(int domain, int type);

/* udp.c: datagram slots of os_net_ops. */
void udp_batch_destroy(struct udp_batch *);
int udp_open(struct os_net *, const struct gn_datagram_config *, const struct os_datagram_events *,
             void *arg, struct os_datagram **);
int udp_open_unix(struct os_net *, const char *path, struct os_datagram **);
int udp_send(struct os_datagram *, const void *, size_t, const struct gn_address *to,
             const struct gn_address *from, uint32_t flags, uint64_t tag, gn_system *when);
enum gn_stamp udp_stamps(const struct os_datagram *);
void udp_close(struct os_datagram *);
/** Sockets wait for no stamps of cards any more. */
void udp_hold_end(struct net_uv *);

/* listener.c, stream.c: stream slots. */
int listener_open_unix(struct os_net *, const char *path, mode_t mode,
                       void (*accepted)(void *arg, struct os_stream *), void *arg,
                       struct os_listener **);
void listener_close(struct os_listener *);
int stream_open_unix(struct os_net *, const char *path, struct os_stream **);
int stream_open_tcp(struct os_net *, const struct gn_address *, struct os_stream **);
int stream_adopt(struct net_uv *, int fd, struct os_stream **);
void stream_start(struct os_stream *, const struct os_stream_events *, void *arg);
int stream_write(struct os_stream *, const void *, size_t, size_t limit);
void stream_close(struct os_stream *, bool flush);

/* resolver.c: name slots. */
int resolver_resolve(struct os_net *, const char *name, uint16_t port, gn_resolve_cb, void *arg,
                     void **request);
void resolver_cancel(struct os_net *, void *request);

#endif
