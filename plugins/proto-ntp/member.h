/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MEMBER_H
#define MEMBER_H

/** Glue: one association (client.h) with its timer, its socket and its source in the core. */

#include "client.h"
#include "conduct.h"
#include "registry.h"
#include "route.h"
#include <gnomon/host.h>

struct member;

/** The address gives nothing: another, if there is one. Called last in a turn of the member. */
typedef void (*member_give_up_cb)(void *arg, struct member *member);

/** A sample, which is then not submitted. It must not close the member. */
typedef void (*member_take_cb)(void *arg, struct member *member, const struct gn_sample *sample);

struct member {
    struct gn_host *host;
    member_take_cb take; /* NULL: samples are submitted */
    member_give_up_cb give_up;
    void *arg;
    const struct route *route; /* lent */
    struct client client;
    struct gn_source *source;
    struct gn_timer *timer;
    struct gn_datagram *socket; /* of the request that is out; NULL none */
    bool is_receiving;          /* in a callback of the socket: it is closed after it */
    bool close_socket;
    bool placed; /* `address` is valid */
    bool known;  /* a sample of this address counts */
    struct gn_address address;
    unsigned swaps; /* addresses in a row that gave nothing */
    struct registry_seat seat;
    struct conduct conduct;
    bool offline;         /* nothing is asked */
    bool copies;          /* our stratum and reference id become the server's */
    bool auto_offline;    /* it goes offline when nothing can be sent */
    unsigned max_unreach; /* requests without a reply beyond CLIENT_UNREACHABLE, after which what
                           * was known is forgotten */
};

/**
 * Register the source, open the timer; nothing is asked yet. `name`: what stands for the address
 * until there is one. `suffix`: for the source's name, NULL none.
 * Errors: negative errno. The host closes everything after `stop`.
 */
int member_open(struct member *member, struct gn_host *host, const struct client_config *config,
                const char *name, const char *suffix);

/** Ask (from now on) this address, `delay_ns` from now. */
void member_place(struct member *member, const struct gn_address *address, int64_t delay_ns);

/** Ask no more, until it is placed again. Not from within its own `take`. */
void member_rest(struct member *member);

/** Take the source back from the core, with all that belongs to it. Not from within `take`. */
void member_close(struct member *member);

/** What our clock says about a datagram that arrived at `reply->t4`: pivot and precision. */
void member_read_clock(struct gn_host *host, struct exchange_reply *reply);

/** The machine slept: what was known of the server is void; begin again, but for what the server
 * forbids. */
void member_wake(struct member *member);

/** Ask some times in quick succession now. Errors: negative errno, explained by gn_fail(). */
int member_burst(struct member *member);

/** Ask nothing any more, or again. The state of a server's refusal outlives that. */
void member_offline(struct member *member, bool offline, const char *why);

/** There is no address any more; `name` stands for it, and the fault says why. */
void member_vacate(struct member *member, const char *name, enum gn_reason reason, const char *why);

/** Close the source and all that belongs to it; it may be opened again. */
void member_close(struct member *member);

/** What is to be seen of the server now. */
void member_look(struct member *member, struct conduct_view *view);

/** Fill in what our clock says: what about the time is, and how precise it is. */
void member_read_clock(struct gn_host *host, struct exchange_reply *reply);

/** Add to a sum of numbers. */
void member_count(const struct member *member, struct client_counters *sum);

#endif
