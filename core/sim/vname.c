/* SPDX-License-Identifier: Apache-2.0 */
#include "vnet_internal.h"

#include <arpa/inet.h>
#include <base/memory.h>
#include <errno.h>
#include <sim/vloop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a name service nearby takes. */
#define NAME_DELAY_NS 1000000

struct vname_request {
    struct world_event event;
    struct vhost *host;
    gn_resolve_cb callback;
    void *arg;
    uint16_t port;
    LIST_ENTRY(vname_request) link;
    char name[];
};

int vnet_address(const char *text, uint16_t port, struct gn_address *address)
{
    *address = (struct gn_address){.family = GN_FAMILY_IPV4, .port = port};
    if (inet_pton(AF_INET, text, address->ip) == 1)
        return 0;
    address->family = GN_FAMILY_IPV6;
    return inet_pton(AF_INET6, text, address->ip) == 1 ? 0 : -EINVAL;
}

/* ---------------------------------------------------------------- names of their own */

static struct vname *find_name(const struct vnet *net, const char *text)
{
    struct vname *name;
    SLIST_FOREACH(name, &net->names, link)
    {
        if (strcmp(name->name, text) == 0)
            return name;
    }
    return NULL;
}

void vnet_name(struct vnet *net, const char *text, const struct gn_address *addresses, size_t count)
{
    struct vname *name = find_name(net, text);
    if (name == NULL) {
        name = memory_zeroed(sizeof *name);
        name->name = memory_copy(text);
        SLIST_INSERT_HEAD(&net->names, name, link);
    }
    name->count = count < VNET_NAME_ADDRESSES ? count : VNET_NAME_ADDRESSES;
    if (name->count > 0)
        memcpy(name->addresses, addresses, name->count * sizeof *addresses);
}

void vname_forget(struct vnet *net)
{
    while (!SLIST_EMPTY(&net->names)) {
        struct vname *name = SLIST_FIRST(&net->names);
        SLIST_REMOVE_HEAD(&net->names, link);
        free(name->name);
        free(name);
    }
}

/* ---------------------------------------------------------------- looking them up */

static size_t look_up(const struct vname_request *request, struct gn_address *found)
{
    const struct gn_address *known;
    size_t count;
    if (vnet_address(request->name, request->port, found) == 0)
        return 1;
    const struct vname *name = find_name(request->host->net, request->name);
    if (name != NULL) {
        known = name->addresses;
        count = name->count;
    } else {
        count = vnet_find_name(request->host->net, request->name, &known);
    }
    for (size_t i = 0; i < count; i++) {
        found[i] = known[i];
        found[i].port = request->port;
    }
    return count;
}

static void answer(void *arg)
{
    struct vname_request *request = arg;
    struct os_loop *loop = request->host->loop;
    struct gn_address found[VNET_NAME_ADDRESSES];
    char text[300] = "";
    if (vhost_asleep(request->host)) {
        world_order(request->host->net->world, &request->event, request->host->awake_at);
        return;
    }
    size_t count = look_up(request, found);
    LIST_REMOVE(request, link);
    if (count == 0)
        snprintf(text, sizeof text, "%.200s: no node has this name", request->name);
    request->callback(request->arg, count > 0 ? 0 : -ENOENT, text, found, count);
    free(request);
    vloop_end_turn(loop);
}

int vname_resolve(struct os_net *base, const char *name, uint16_t port, gn_resolve_cb callback,
                  void *arg, void **result)
{
    struct gn_address numeric;
    size_t size = strlen(name) + 1;
    struct vname_request *request = calloc(1, sizeof *request + size);
    if (request == NULL)
        return -ENOMEM;
    request->event.happen = answer;
    request->event.arg = request;
    request->host = (struct vhost *)base;
    request->callback = callback;
    request->arg = arg;
    request->port = port;
    memcpy(request->name, name, size);
    LIST_INSERT_HEAD(&request->host->requests, request, link);
    world_order_in(request->host->net->world, &request->event,
                   vnet_address(name, port, &numeric) == 0 ? 0 : NAME_DELAY_NS);
    if (result != NULL)
        *result = request;
    return 0;
}

void vname_cancel(struct os_net *base, void *handle)
{
    struct vname_request *request = handle;
    world_cancel(((struct vhost *)base)->net->world, &request->event);
    LIST_REMOVE(request, link);
    free(request);
}
