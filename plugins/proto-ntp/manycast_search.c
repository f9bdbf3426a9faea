/* SPDX-License-Identifier: Apache-2.0 */
#include "manycast_search.h"

#include <errno.h>
#include <string.h>

static void end(struct manycast_search *search, int error)
{
    gn_resolve_cb found = search->found;
    gn_datagram_close(search->host, search->socket);
    search->socket = NULL;
    search->found = NULL;
    if (error == 0 && search->manycast.count == 0)
        found(search->arg, -ENOENT, "no server of the group answers", NULL, 0);
    else
        found(search->arg, error, NULL, search->manycast.found, search->manycast.count);
}

static void on_receive(void *arg, const struct gn_packet *packets, size_t count)
{
    struct manycast_search *search = arg;
    for (size_t i = 0; i < count; i++) {
        bool allowed = access_allows(&search->from, &packets[i].remote);
        if (manycast_answer(&search->manycast, packets[i].data, packets[i].size, &packets[i].remote,
                            allowed) == MANYCAST_REFUSED)
            search->refused++;
    }
}

static const struct gn_datagram_events socket_events = {
    .size = sizeof(struct gn_datagram_events),
    .receive = on_receive,
};

/* Each ring around us has a socket of its own, since its hops are fixed. */
static int open_socket(struct manycast_search *search)
{
    struct gn_datagram_config config = {
        .size = sizeof(config),
        .bind = {.family = search->config.group.family},
        .interface = search->config.interface,
        .hops = search->manycast.hops,
    };
    gn_datagram_close(search->host, search->socket);
    search->socket = NULL;
    int error = gn_datagram_open(search->host, &config, &socket_events, search, &search->socket);
    if (error != 0)
        search->socket = NULL;
    return error;
}

static void on_timer(void *arg, gn_local now)
{
    struct manycast_search *search = arg;
    struct wire_packet request;
    uint64_t random = 0;
    (void)now;
    int error = gn_random(search->host, &random, sizeof(random));
    if (error == 0 &&
        !manycast_request(&search->manycast, search->config.version, random, &request)) {
        end(search, 0);
        return;
    }
    if (error == 0)
        error = open_socket(search);
    if (error == 0)
        error = gn_datagram_send(search->host, search->socket, request.bytes, request.size,
                                 &search->config.group, NULL, 0, 0, NULL);
    if (error != 0)
        end(search, error);
    else
        gn_timer_start(search->host, search->timer, MANYCAST_WAIT_NS);
}

int manycast_search_open(struct manycast_search *search)
{
    return gn_timer_open(search->host, on_timer, search, &search->timer);
}

int manycast_search_begin(struct manycast_search *search, gn_resolve_cb found, void *arg)
{
    manycast_init(&search->manycast, search->config.wanted, search->config.ttl);
    search->found = found;
    search->arg = arg;
    return gn_timer_start(search->host, search->timer, 0);
}
