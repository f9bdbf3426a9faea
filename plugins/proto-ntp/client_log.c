/* SPDX-License-Identifier: Apache-2.0 */
#include "client_log.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 8
#define HALF (CLIENT_REPLIES / 2)
/* A reply that leaves later than this after its request came is none. */
#define LONGEST_NS GN_NS_PER_S

struct client_log {
    uint64_t key[2];
    size_t buckets; /* a power of two */
    struct client_record *records;
};

_Static_assert(sizeof(struct client_record) == CLIENT_RECORD_SIZE, "two cache lines");

/* ---------------------------------------------------------------- hash */

static uint64_t rotated(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotated(v[1], 13) ^ v[0];
    v[3] = rotated(v[3], 16) ^ v[2];
    v[0] = rotated(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = rotated(v[3], 21) ^ v[0];
    v[1] = rotated(v[1], 17) ^ v[2];
    v[2] = rotated(v[2], 32);
}

/* SipHash-1-3 of the address and its family: made for tables that strangers fill.
 * Spec: Aumasson and Bernstein, SipHash: a fast short-input PRF (2012). */
static uint64_t hash_of(const uint64_t key[2], const struct gn_address *address)
{
    uint64_t words[3] = {0, 0, (uint64_t)17 << 56 | address->family};
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    for (int i = 0; i < 16; i++) /* the same on every machine */
        words[i / 8] |= (uint64_t)address->ip[i] << i % 8 * 8;
    for (int i = 0; i < 3; i++) {
        v[3] ^= words[i];
        mix(v);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        mix(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---------------------------------------------------------------- life */

struct client_log *client_log_create(size_t bytes, const uint8_t key[16])
{
    struct client_log *log = calloc(1, sizeof(*log));
    if (log == NULL)
        return NULL;
    for (int i = 0; i < 16; i++)
        log->key[i / 8] |= (uint64_t)key[i] << i % 8 * 8;
    size_t most = bytes / (WAYS * sizeof(struct client_record));
    if (most == 0)
        return log;
    log->buckets = 1;
    while (log->buckets <= most / 2)
        log->buckets *= 2;
    /* Pages that are never filled are never touched. */
    log->records = calloc(log->buckets * WAYS, sizeof(*log->records));
    if (log->records == NULL) {
        free(log);
        return NULL;
    }
    return log;
}

void client_log_destroy(struct client_log *log)
{
    if (log == NULL)
        return;
    free(log->records);
    free(log);
}

size_t client_log_capacity(const struct client_log *log)
{
    return log->buckets * WAYS;
}

size_t client_log_count(const struct client_log *log)
{
    size_t count = 0;
    for (size_t i = 0; i < log->buckets * WAYS; i++)
        count += log->records[i].family != GN_FAMILY_NONE;
    return count;
}

/* ---------------------------------------------------------------- records */

/* Address and family alone: what stands behind an IPv4 address or in its scope is of no concern. */
static struct gn_address key_of(const struct gn_address *address)
{
    struct gn_address key = {.family = address->family};
    memcpy(key.ip, address->ip, address->family == GN_FAMILY_IPV4 ? 4 : 16);
    return key;
}

static struct client_record *bucket_of(struct client_log *log, const struct gn_address *key)
{
    return &log->records[(hash_of(log->key, key) & (log->buckets - 1)) * WAYS];
}

static struct client_record *find_in(struct client_record *bucket, const struct gn_address *key)
{
    for (int i = 0; i < WAYS; i++)
        if (bucket[i].family == key->family && memcmp(bucket[i].ip, key->ip, sizeof(key->ip)) == 0)
            return &bucket[i];
    return NULL;
}

/* How soon a record makes room: larger is sooner; below 0 not at all. */
static int64_t dispensable(const struct client_record *record, gn_local now)
{
    int64_t silent_ns = gn_local_sub(now, record->heard);
    if (record->family == GN_FAMILY_NONE)
        return INT64_MAX;
    if (record->proven && silent_ns < CLIENT_PROVEN_NS)
        return -1;
    return silent_ns > 0 ? silent_ns : 0;
}

static struct client_record *make_room(struct client_record *bucket, gn_local now)
{
    struct client_record *best = &bucket[0];
    for (int i = 1; i < WAYS; i++)
        if (dispensable(&bucket[i], now) > dispensable(best, now))
            best = &bucket[i];
    return dispensable(best, now) >= 0 ? best : NULL;
}

struct client_record *client_log_find(struct client_log *log, const struct gn_address *address)
{
    struct gn_address key = key_of(address);
    if (log->buckets == 0 || key.family == GN_FAMILY_NONE)
        return NULL;
    return find_in(bucket_of(log, &key), &key);
}

struct client_record *client_log_meet(struct client_log *log, const struct gn_address *address,
                                      gn_local now)
{
    struct gn_address key = key_of(address);
    if (log->buckets == 0 || key.family == GN_FAMILY_NONE)
        return NULL;
    struct client_record *bucket = bucket_of(log, &key);
    struct client_record *record = find_in(bucket, &key);
    if (record == NULL) {
        record = make_room(bucket, now);
        if (record == NULL)
            return NULL;
        memset(record, 0, sizeof(*record));
        record->family = key.family;
        memcpy(record->ip, key.ip, sizeof(record->ip));
    }
    record->heard = now;
    record->asked += record->asked < UINT32_MAX;
    return record;
}

/* ---------------------------------------------------------------- replies */

static struct client_reply *reply_of(struct client_record *record, struct ntp_stamp receive)
{
    for (int i = 0; i < CLIENT_REPLIES && receive.raw != 0; i++)
        if (record->replies[i].receive.raw == receive.raw)
            return &record->replies[i];
    return NULL;
}

bool client_record_has(const struct client_record *record, struct ntp_stamp receive)
{
    for (int i = 0; i < CLIENT_REPLIES; i++)
        if (record->replies[i].receive.raw == receive.raw)
            return true;
    return false;
}

bool client_record_recall(struct client_record *record, struct ntp_stamp receive,
                          struct ntp_stamp *transmit)
{
    struct client_reply *reply = reply_of(record, receive);
    if (reply == NULL)
        return false;
    *transmit = reply->transmit;
    memset(reply, 0, sizeof(*reply));
    record->proven = true; /* it must have seen that reply */
    return true;
}

/* The place of the record, and enough of the stamp to know whether it is still the same reply. */
static uint64_t tag_of(size_t index, struct ntp_stamp receive)
{
    return (uint64_t)(index + 1) << 32 | (uint32_t)receive.raw;
}

uint64_t client_log_save(struct client_log *log, struct client_record *record,
                         const struct client_reply *reply, bool recalled)
{
    uint8_t *next = &record->next[recalled];
    record->replies[recalled * HALF + *next] = *reply;
    *next = (uint8_t)((*next + 1) % HALF);
    return tag_of((size_t)(record - log->records), reply->receive);
}

void client_log_sent(struct client_log *log, uint64_t tag, struct ntp_stamp transmit)
{
    size_t index = (size_t)(tag >> 32) - 1;
    if (tag >> 32 == 0 || index >= log->buckets * WAYS)
        return;
    struct client_record *record = &log->records[index];
    for (int i = 0; i < CLIENT_REPLIES; i++) {
        struct client_reply *reply = &record->replies[i];
        int64_t after_ns = wire_stamp_sub(transmit, reply->receive);
        if (reply->receive.raw != 0 && (uint32_t)reply->receive.raw == (uint32_t)tag &&
            after_ns >= 0 && after_ns < LONGEST_NS)
            reply->transmit = transmit;
    }
}
