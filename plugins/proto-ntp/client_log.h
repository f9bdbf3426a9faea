/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_LOG_H
#define CLIENT_LOG_H

/**
 * Who asked the server, how often, and when its last replies left: in memory that never grows.
 *
 * Pure. A table of buckets of eight records; an address has its place in one of them, by a hash
 * with a key that nobody else knows. A newcomer takes the place of the one in its bucket that was
 * silent longest, but never of a client that has proven, not long ago, that replies reach it, by
 * telling what one of them said. Forged senders see no replies: however many there are, they push
 * out each other and newcomers, who get basic replies, and nobody else. What proven clients can do
 * is to keep newcomers out, for as long as they have addresses and go on asking from each.
 */

#include "wire.h"
#include <gnomon/host.h>

/** Bytes of a record. */
#define CLIENT_RECORD_SIZE 128
/** Replies that are remembered of one address: several clients may share it. Half of them to
 * requests that told what an earlier one said: the others anybody can forge. */
#define CLIENT_REPLIES 6
/** After so long a silence a proven client makes room for newcomers, too. */
#define CLIENT_PROVEN_NS (4096 * GN_NS_PER_S)

/** A reply: the two stamps of the server. Spec: RFC 9769 §2. */
struct client_reply {
    struct ntp_stamp receive; /* as told in it; 0 none */
    struct ntp_stamp transmit;
};

/** What is known of one address. */
struct client_record {
    uint8_t ip[16];
    uint8_t family; /* enum gn_family; NONE: nobody's */
    bool proven;
    uint8_t next[2]; /* the reply that is overwritten next, in each half */
    uint32_t asked;  /* requests, saturated */
    gn_local heard;  /* the last one */
    struct client_reply replies[CLIENT_REPLIES];
};

struct client_log;

/** A table of at most `bytes`; less than one bucket of it is none. Errors: NULL out of memory. */
struct client_log *client_log_create(size_t bytes, const uint8_t key[16]);
void client_log_destroy(struct client_log *log); /* takes NULL */

/** How many addresses fit, and how many are there. */
size_t client_log_capacity(const struct client_log *log);
size_t client_log_count(const struct client_log *log);

/** A request: find its sender's record or make one, and count it. Returns NULL: no room. */
struct client_record *client_log_meet(struct client_log *log, const struct gn_address *address,
                                      gn_local now);

/** The record of an address; NULL none. */
struct client_record *client_log_find(struct client_log *log, const struct gn_address *address);

/**
 * When the reply left whose receive stamp was `receive`. It can be asked for once: what was told
 * is forgotten. Returns false: not known.
 */
bool client_record_recall(struct client_record *record, struct ntp_stamp receive,
                          struct ntp_stamp *transmit);

/** Whether the receive stamp of a reply is remembered: it must not be used twice. */
bool client_record_has(const struct client_record *record, struct ntp_stamp receive);

/** Remember a reply, in place of the oldest; `recalled`: to a request that could recall another.
 * Returns what client_log_sent() knows it by, not 0. */
uint64_t client_log_save(struct client_log *log, struct client_record *record,
                         const struct client_reply *reply, bool recalled);

/** A better instant of a reply's leaving; nonsense and what is forgotten meanwhile is ignored. */
void client_log_sent(struct client_log *log, uint64_t tag, struct ntp_stamp transmit);

#endif
