/* SPDX-License-Identifier: Apache-2.0 */
#include "net_uv.h"
#include "sockaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESSES_MAX 32

struct resolve_request {
    uv_getaddrinfo_t lookup;
    struct os_timer *timer; /* of a numeric address; NULL: the look-up runs */
    struct net_uv *net;
    gn_resolve_cb callback;
    void *arg;
    uint16_t port;
    bool cancelled; /* out of the list; only memory is left */
    struct gn_address numeric;
    LIST_ENTRY(resolve_request) link;
};

/* ---------------------------------------------------------------- numeric addresses */

/* "%eth0" or "%2". Returns false: no such interface. */
static bool read_scope(const char *text, uint32_t *scope)
{
    *scope = if_nametoindex(text);
    if (*scope != 0)
        return true;
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    *scope = (uint32_t)number;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && number > 0 &&
           number <= UINT32_MAX;
}

static bool read_ipv6(const char *name, struct gn_address *address)
{
    char digits[INET6_ADDRSTRLEN];
    size_t length = strcspn(name, "%");
    if (length >= sizeof digits)
        return false;
    memcpy(digits, name, length);
    digits[length] = '\0';
    if (inet_pton(AF_INET6, digits, address->ip) != 1)
        return false;
    address->family = GN_FAMILY_IPV6;
    return name[length] == '\0' || read_scope(name + length + 1, &address->scope);
}

static bool read_numeric(const char *name, uint16_t port, struct gn_address *address)
{
    memset(address, 0, sizeof *address);
    address->port = port;
    if (inet_pton(AF_INET, name, address->ip) == 1) {
        address->family = GN_FAMILY_IPV4;
        return true;
    }
    return read_ipv6(name, address);
}

static void on_numeric(void *arg)
{
    struct resolve_request *request = arg;
    request->net->loop->ops->timer_close(request->timer);
    LIST_REMOVE(request, link);
    request->callback(request->arg, 0, "", &request->numeric, 1);
    free(request);
}

static int start_numeric(struct resolve_request *request)
{
    struct os_loop *loop = request->net->loop;
    int rc = loop->ops->timer_open(loop, on_numeric, request, &request->timer);
    return rc < 0 ? rc : loop->ops->timer_start(request->timer, 0);
}

/* ---------------------------------------------------------------- names */

/* libuv renumbers getaddrinfo's errors; the words and the errno are chosen by this table. */
static const struct failure {
    int uv, eai, error;
} failures[] = {
    {UV_EAI_AGAIN, EAI_AGAIN, -EAGAIN},         {UV_EAI_FAIL, EAI_FAIL, -EIO},
    {UV_EAI_MEMORY, EAI_MEMORY, -ENOMEM},       {UV_EAI_NONAME, EAI_NONAME, -ENOENT},
    {UV_EAI_NODATA, EAI_NODATA, -ENOENT},       {UV_EAI_ADDRFAMILY, EAI_ADDRFAMILY, -EAFNOSUPPORT},
    {UV_EAI_FAMILY, EAI_FAMILY, -EAFNOSUPPORT}, {UV_EAI_OVERFLOW, EAI_OVERFLOW, -ENAMETOOLONG},
};

static void fail(const struct resolve_request *request, int status)
{
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        const struct failure *known = &failures[i];
        if (known->uv != status)
            continue;
        request->callback(request->arg, known->error, gai_strerror(known->eai), NULL, 0);
        return;
    }
    int error = status > -3000 ? status : -EIO; /* others of libuv's own numbers */
    request->callback(request->arg, error, uv_strerror(status), NULL, 0);
}

static bool same_address(const struct gn_address *a, const struct gn_address *b)
{
    return a->family == b->family && a->scope == b->scope &&
           memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static size_t collect(const struct addrinfo *info, uint16_t port, struct gn_address *list)
{
    size_t count = 0;
    for (; info != NULL && count < ADDRESSES_MAX; info = info->ai_next) {
        union sockaddr_any address;
        if (info->ai_addrlen > sizeof address)
            continue;
        memset(&address, 0, sizeof address);
        memcpy(&address, info->ai_addr, info->ai_addrlen);
        sockaddr_to(&list[count], &address);
        list[count].port = port;
        size_t i = 0;
        while (!same_address(&list[i], &list[count]))
            i++;
        if (i == count && list[count].family != GN_FAMILY_NONE)
            count++;
    }
    return count;
}

static void on_lookup(uv_getaddrinfo_t *lookup, int status, struct addrinfo *info)
{
    struct resolve_request *request = lookup->data;
    struct gn_address list[ADDRESSES_MAX];
    if (!request->cancelled) {
        loop_uv_busy(request->net->loop);
        LIST_REMOVE(request, link);
        size_t count = status == 0 ? collect(info, request->port, list) : 0;
        if (status == 0 && count == 0)
            status = UV_EAI_NODATA;
        if (status == 0)
            request->callback(request->arg, 0, "", list, count);
        else
            fail(request, status);
    }
    uv_freeaddrinfo(info);
    free(request);
}

static int start_lookup(struct resolve_request *request, const char *name)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
    request->lookup.data = request;
    return uv_getaddrinfo(loop_uv_handle(request->net->loop), &request->lookup, on_lookup, name,
                          NULL, &hints);
}

/* ---------------------------------------------------------------- the slots */

int resolver_resolve(struct os_net *base, const char *name, uint16_t port, gn_resolve_cb callback,
                     void *arg, void **result)
{
    struct net_uv *net = net_uv_self(base);
    struct resolve_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return -ENOMEM;
    request->net = net;
    request->callback = callback;
    request->arg = arg;
    request->port = port;
    bool numeric = read_numeric(name, port, &request->numeric);
    int rc = numeric ? start_numeric(request) : start_lookup(request, name);
    if (rc < 0) {
        net->loop->ops->timer_close(request->timer);
        free(request);
        return rc;
    }
    LIST_INSERT_HEAD(&net->requests, request, link);
    *result = request;
    return 0;
}

void resolver_cancel(struct os_net *base, void *handle)
{
    (void)base;
    struct resolve_request *request = handle;
    if (request == NULL)
        return;
    LIST_REMOVE(request, link);
    if (request->timer != NULL) {
        request->net->loop->ops->timer_close(request->timer);
        free(request);
        return;
    }
    request->cancelled = true; /* on_lookup frees it, with or without a result */
    uv_cancel((uv_req_t *)&request->lookup);
}
