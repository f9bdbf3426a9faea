/* SPDX-License-Identifier: Apache-2.0 */
#include "outlets.h"

#include "address.h"
#include "wire.h"
#include <stdlib.h>
#include <string.h>

/* A server may number its own packets: those of peers have the highest bit. */
#define PEER_TAG (UINT64_C(1) << 63)
#define TAG_MASK UINT64_C(0xffffffff)

void outlets_init(struct outlets *outlets, struct gn_host *host)
{
    memset(outlets, 0, sizeof(*outlets));
    outlets->host = host;
    LIST_INIT(&outlets->sockets);
    LIST_INIT(&outlets->peers);
}

static void drop(struct outlets *outlets, struct outlet *outlet)
{
    struct correspondent *peer;
    LIST_FOREACH(peer, &outlets->peers, link)
    if (peer->home == outlet) {
        peer->home = NULL;
        peer->at = (struct gn_address){0};
    }
    LIST_REMOVE(outlet, link);
}

void outlets_finish(struct outlets *outlets)
{
    struct outlet *outlet, *next;
    for (outlet = LIST_FIRST(&outlets->sockets); outlet != NULL; outlet = next) {
        next = LIST_NEXT(outlet, link);
        drop(outlets, outlet);
        if (outlet->is_own)
            free(outlet);
    }
}

/* ---------------------------------------------------------------- the server's side */

void outlets_yield(struct outlets *outlets, uint16_t port)
{
    struct outlet *outlet, *next;
    for (outlet = LIST_FIRST(&outlets->sockets); outlet != NULL; outlet = next) {
        next = LIST_NEXT(outlet, link);
        if (!outlet->is_own || outlet->bind.port != port)
            continue;
        drop(outlets, outlet);
        gn_datagram_close(outlets->host, outlet->socket);
        free(outlet);
    }
}

void outlets_add(struct outlets *outlets, struct outlet *outlet)
{
    LIST_INSERT_HEAD(&outlets->sockets, outlet, link);
}

void outlets_remove(struct outlets *outlets, struct outlet *outlet)
{
    if (outlet->link.le_prev == NULL)
        return;
    drop(outlets, outlet);
    outlet->link.le_prev = NULL;
}

static bool is_symmetric(const struct gn_packet *packet)
{
    const uint8_t *bytes = packet->data;
    if (packet->size < WIRE_HEADER_SIZE)
        return false;
    return (bytes[0] & 7) == WIRE_MODE_ACTIVE || (bytes[0] & 7) == WIRE_MODE_PASSIVE;
}

bool outlets_deliver(struct outlets *outlets, struct outlet *outlet, const struct gn_packet *packet)
{
    struct correspondent *peer;
    if (!is_symmetric(packet))
        return false;
    LIST_FOREACH(peer, &outlets->peers, link)
    {
        if (peer->address.family == GN_FAMILY_NONE ||
            !address_equal(&peer->address, &packet->remote))
            continue;
        peer->home = outlet;
        peer->at = packet->local;
        peer->receive(peer->arg, packet);
        return true;
    }
    return false;
}

bool outlets_sent(struct outlets *outlets, uint64_t tag, gn_local when, enum gn_stamp stamp)
{
    struct correspondent *peer;
    if ((tag & PEER_TAG) == 0)
        return false;
    LIST_FOREACH(peer, &outlets->peers, link)
    if (peer->number == (tag & ~PEER_TAG) >> 32) {
        peer->sent(peer->arg, tag & TAG_MASK, when, stamp);
        break;
    }
    return true;
}

/* ---------------------------------------------------------------- the peers' side */

void outlets_join(struct outlets *outlets, struct correspondent *peer)
{
    peer->number = ++outlets->numbers & (uint32_t)INT32_MAX;
    LIST_INSERT_HEAD(&outlets->peers, peer, link);
}

void outlets_leave(struct outlets *outlets, struct correspondent *peer)
{
    (void)outlets;
    if (peer->link.le_prev == NULL)
        return;
    LIST_REMOVE(peer, link);
    peer->link.le_prev = NULL;
}

void outlets_move(struct correspondent *peer, const struct gn_address *address)
{
    peer->address = *address;
    peer->home = NULL;
    peer->at = (struct gn_address){0};
}

bool outlets_is_taken(const struct outlets *outlets, const struct correspondent *peer,
                      const struct gn_address *address)
{
    const struct correspondent *other;
    LIST_FOREACH(other, &outlets->peers, link)
    if (other != peer && other->address.family != GN_FAMILY_NONE &&
        address_equal(&other->address, address))
        return true;
    return false;
}

static bool is_any(const struct gn_address *address)
{
    static const uint8_t any[16];
    return memcmp(address->ip, any, sizeof(any)) == 0;
}

/* The one that says least about its own address and most about the port. */
static struct outlet *find(struct outlets *outlets, const struct gn_address *peer)
{
    struct outlet *outlet, *best = NULL;
    int most = -1;
    LIST_FOREACH(outlet, &outlets->sockets, link)
    {
        int worth = (outlet->bind.port == peer->port ? 2 : 0) + (is_any(&outlet->bind) ? 1 : 0);
        if (outlet->bind.family == peer->family && worth > most) {
            best = outlet;
            most = worth;
        }
    }
    return best;
}

static void on_receive(void *arg, const struct gn_packet *packets, size_t count)
{
    struct outlets *outlets = arg;
    for (size_t i = 0; i < count; i++) {
        struct gn_address peer = packets[i].remote;
        struct outlet *outlet = find(outlets, &peer);
        if (outlet != NULL)
            outlets_deliver(outlets, outlet, &packets[i]);
    }
}

static void on_sent(void *arg, uint64_t tag, gn_local when, enum gn_stamp stamp)
{
    outlets_sent(arg, tag, when, stamp);
}

static const struct gn_datagram_events own_events = {
    .size = sizeof(struct gn_datagram_events),
    .receive = on_receive,
    .sent = on_sent,
};

static int open_own(struct outlets *outlets, const struct gn_address *peer, struct outlet **result)
{
    struct outlet *outlet = calloc(1, sizeof(*outlet));
    if (outlet == NULL)
        return -ENOMEM;
    outlet->host = outlets->host;
    outlet->is_own = true;
    outlet->bind = (struct gn_address){.family = peer->family, .port = peer->port};
    struct gn_datagram_config config = {
        .size = sizeof(config),
        .bind = outlet->bind,
        .flags = GN_DATAGRAM_SENT,
    };
    int error = gn_datagram_open(outlets->host, &config, &own_events, outlets, &outlet->socket);
    if (error != 0) {
        free(outlet);
        return error;
    }
    LIST_INSERT_HEAD(&outlets->sockets, outlet, link);
    *result = outlet;
    return 0;
}

int outlets_send(struct outlets *outlets, struct correspondent *peer, const void *data, size_t size,
                 uint64_t tag, gn_local *when)
{
    struct outlet *outlet = peer->home != NULL ? peer->home : find(outlets, &peer->address);
    const struct gn_address *from = peer->at.family != GN_FAMILY_NONE ? &peer->at : NULL;
    int error = outlet == NULL ? open_own(outlets, &peer->address, &outlet) : 0;
    if (error != 0)
        return error;
    *when = gn_now(outlet->host);
    return gn_datagram_send(outlet->host, outlet->socket, data, size, &peer->address, from,
                            GN_SEND_STAMP,
                            PEER_TAG | (uint64_t)peer->number << 32 | (tag & TAG_MASK), when);
}
