/* SPDX-License-Identifier: Apache-2.0 */
#include "upstream.h"

#include "address.h"
#include "keyfile.h"
#include "member.h"
#include "peering.h"
#include "roster.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct upstream {
    struct gn_host *host;
    const struct upstream_config *config;
    struct keyfile *keyfile; /* NULL none */
    struct route route;
    struct peering *peering; /* it is a peer, and none of what follows; NULL no */
    struct roster roster;
    struct gn_timer *resolve_timer;
    bool is_resolving; /* the resolver works, or the timer runs to ask it */
    size_t count;
    struct member members[];
};

static const char *name_of(const struct upstream *upstream)
{
    return upstream->config->server != NULL ? upstream->config->server : upstream->config->pool;
}

/* ---------------------------------------------------------------- names */

static void resolve(struct upstream *upstream);
static void on_give_up(void *arg, struct member *member);

static void on_resolve_timer(void *arg, gn_local now)
{
    (void)now;
    resolve(arg);
}

static void resolve_later(struct upstream *upstream, int64_t delay_ns)
{
    if (upstream->is_resolving)
        return;
    upstream->is_resolving = true;
    gn_timer_start(upstream->host, upstream->resolve_timer, delay_ns);
}

static void resolution_failed(struct upstream *upstream, const char *why)
{
    char text[256];
    snprintf(text, sizeof(text), "cannot resolve %s: %s", name_of(upstream), why);
    gn_log(upstream->host, GN_DEBUG, "%s", text);
    if (!upstream->members[0].placed)
        gn_source_fault(upstream->host, upstream->members[0].source, GN_REASON_RESOLVING, text);
    resolve_later(upstream, roster_retry_ns(&upstream->roster));
}

static uint32_t key_id(const struct upstream *upstream)
{
    return (uint32_t)upstream->config->key;
}

static int open_member(struct upstream *upstream, size_t i)
{
    struct member *member = &upstream->members[i];
    struct client_config config = {
        .version = (uint8_t)upstream->config->version,
        .iburst = upstream->config->iburst,
        .burst = upstream->config->burst,
        .authenticator = keyring_find(keyfile_keys(upstream->keyfile), key_id(upstream)),
        .key_id = key_id(upstream),
        .gate = upstream->config->gate,
        .filter = (unsigned)upstream->config->filter,
        .presend_log2s = (int8_t)upstream->config->presend_log2s,
        .xleave = upstream->config->xleave,
    };
    char suffix[24];
    snprintf(suffix, sizeof(suffix), "#%zu", i + 1);
    member->give_up = on_give_up;
    member->arg = upstream;
    member->route = &upstream->route;
    return member_open(member, upstream->host, &config, name_of(upstream),
                       upstream->config->pool != NULL ? suffix : NULL);
}

/* Members without an address get one; of a pool some may stay out. */
static void place_members(struct upstream *upstream)
{
    struct gn_address address;
    for (size_t i = 0; i < upstream->count; i++) {
        struct member *member = &upstream->members[i];
        if (member->placed)
            continue;
        if (!roster_take(&upstream->roster, &address))
            return;
        int error = member->source == NULL ? open_member(upstream, i) : 0;
        if (error != 0) {
            gn_log(upstream->host, GN_ERROR, "cannot open source %zu: %s", i + 1, strerror(-error));
            return;
        }
        member_place(member, &address, 0);
    }
}

/* Those that can be reached from the address that is bound. */
static void update_roster(struct upstream *upstream, const struct gn_address *addresses,
                          size_t count)
{
    struct gn_address fit[ROSTER_MAX];
    size_t fits = 0;
    for (size_t i = 0; i < count && fits < ROSTER_MAX; i++)
        if (route_fits(&upstream->route, &addresses[i]))
            fit[fits++] = addresses[i];
    if (fits == 0)
        resolution_failed(upstream, "none of its addresses is of the family of bind_address");
    else
        roster_update(&upstream->roster, fit, fits);
}

static void on_resolved(void *arg, int status, const char *text, const struct gn_address *addresses,
                        size_t count)
{
    struct upstream *upstream = arg;
    upstream->is_resolving = false;
    if (status != 0 || count == 0) {
        resolution_failed(upstream, status == 0    ? "it has no address"
                                    : text != NULL ? text
                                                   : strerror(-status));
        return;
    }
    update_roster(upstream, addresses, count);
    place_members(upstream);
}

static void resolve(struct upstream *upstream)
{
    upstream->is_resolving = true;
    int error = gn_resolve(upstream->host, name_of(upstream), (uint16_t)upstream->config->port,
                           on_resolved, upstream);
    if (error != 0) {
        upstream->is_resolving = false;
        resolution_failed(upstream, strerror(-error));
    }
}

/* The member's address gives nothing: the next one; when all had their turn, ask for new ones. */
static void on_give_up(void *arg, struct member *member)
{
    struct upstream *upstream = arg;
    struct gn_address address = member->address;
    char old[ADDRESS_TEXT_SIZE];
    char new[ADDRESS_TEXT_SIZE];
    member->swaps++;
    int64_t delay_ns = roster_swap_ns(&upstream->roster, member->swaps);
    if (roster_is_exhausted(&upstream->roster, member->swaps))
        resolve_later(upstream, delay_ns);
    if (!roster_swap(&upstream->roster, &address))
        return;
    gn_log(upstream->host, GN_INFO, "%s gives nothing, trying %s",
           address_text(&member->address, old), address_text(&address, new));
    member_place(member, &address, delay_ns);
}

/* ---------------------------------------------------------------- configuration */

/* "host:port" is what many write; an IPv6 address has more than one colon. */
static int check_name_text(struct gn_host *host, const char *key, const char *name)
{
    const char *colon = strchr(name, ':');
    if (name[0] == '\0')
        return gn_fail(host, -EINVAL, "%s: the name is empty", key);
    if (strpbrk(name, " \t/") != NULL)
        return gn_fail(host, -EINVAL, "%s: \"%s\" is no host name or address", key, name);
    if (name[0] == '[' || (colon != NULL && strchr(colon + 1, ':') == NULL))
        return gn_fail(host, -EINVAL,
                       "%s: \"%s\": only a name or an address is allowed; a port goes into the "
                       "key \"port\"",
                       key, name);
    return 0;
}

/* Limits that no reply can keep, and one that is none. */
static int check_gate(struct gn_host *host, const struct gate_config *gate)
{
    if (gate->mindelay_s > 0 && !(gate->maxdelayratio > 0) && !(gate->maxdelaydevratio > 0))
        return gn_fail(host, -EINVAL,
                       "mindelay does nothing without maxdelayratio or maxdelaydevratio, which "
                       "count from it");
    if (gate->maxdelay_s > 0 && gate->mindelay_s > gate->maxdelay_s)
        return gn_fail(host, -EINVAL, "mindelay %g s is above maxdelay, %g s", gate->mindelay_s,
                       gate->maxdelay_s);
    if (gate->maxdelayratio > 0 && gate->maxdelayratio < 1)
        return gn_fail(host, -EINVAL,
                       "maxdelayratio: %g is below 1, and no delay is shorter than the least",
                       gate->maxdelayratio);
    if (gate->maxdelayquant > 0 && gate->maxdelayquant < 0.05)
        return gn_fail(host, -EINVAL, "maxdelayquant: %g is out of range, allowed is 0.05 … 0.95",
                       gate->maxdelayquant);
    return 0;
}

/* A peer speaks when and from where it must. */
static int check_peer(struct gn_host *host, const struct upstream_config *config)
{
    const struct gate_config *gate = &config->gate;
    int error = check_name_text(host, "peer", config->peer);
    if (error != 0)
        return error;
    if (config->burst)
        return gn_fail(host, -EINVAL, "burst: not with a peer, who speaks when it wants");
    if (config->xleave)
        return gn_fail(host, -EINVAL, "xleave: not with a peer");
    if (config->bind_address != NULL || config->bind_device != NULL || config->source_port != 0 ||
        config->dscp != 0)
        return gn_fail(host, -EINVAL,
                       "bind_address, bind_device, source_port, dscp: not with a peer, which is "
                       "spoken to by the server's socket");
    if (gate->mindelay_s > 0 || gate->maxdelay_s > 0 || gate->maxdelayratio > 0 ||
        gate->maxdelaydevratio > 0 || gate->maxdelayquant > 0 || config->filter != 1 ||
        config->presend_log2s != 18)
        return gn_fail(host, -EINVAL, "mindelay, maxdelay…, filter, presend: not with a peer");
    return 0;
}

static int check_config(struct gn_host *host, const struct upstream_config *config)
{
    int count = (config->server != NULL) + (config->pool != NULL) + (config->peer != NULL);
    if (count == 0)
        return gn_fail(host, -EINVAL, "one of \"server\", \"pool\" and \"peer\" is needed");
    if ((config->key != 0) != (config->keys != NULL))
        return gn_fail(host, -EINVAL,
                       "\"key\" (the id of one) and \"keys\" (the file it stands in) go together");
    if (count > 1)
        return gn_fail(host, -EINVAL,
                       "\"server\", \"pool\" and \"peer\" exclude each other; write an entry for "
                       "each");
    if (config->peer != NULL)
        return check_peer(host, config);
    int error = config->server != NULL ? check_name_text(host, "server", config->server)
                                       : check_name_text(host, "pool", config->pool);
    if (error == 0)
        error = check_gate(host, &config->gate);
    return error == 0 ? route_check_device(host, config->bind_device) : error;
}

static int read_route(struct gn_host *host, const struct upstream_config *config,
                      struct route *route)
{
    *route = (struct route){.device = config->bind_device, .dscp = (uint8_t)config->dscp};
    route->bind.port = (uint16_t)config->source_port;
    return route_read_address(host, config->bind_address, route);
}

static int read_key(struct upstream *upstream, struct commons *commons)
{
    const struct upstream_config *config = upstream->config;
    if (config->key == 0)
        return 0;
    int error = keyfile_get(commons, upstream->host, config->keys, &upstream->keyfile);
    if (error == 0 && keyring_find(keyfile_keys(upstream->keyfile), key_id(upstream)) == NULL)
        error = gn_fail(upstream->host, -EINVAL, "key: there is no key %u in %s",
                        (unsigned)key_id(upstream), config->keys);
    return error;
}

/* ---------------------------------------------------------------- life */

int upstream_open(struct gn_host *host, void *shared, const void *options, void **instance)
{
    const struct upstream_config *config = options;
    struct route route;
    int error = check_config(host, config);
    if (error == 0)
        error = read_route(host, config, &route);
    if (error != 0)
        return error;
    size_t count = config->pool != NULL ? (size_t)config->max_sources : config->server != NULL;
    struct upstream *upstream = calloc(1, sizeof(*upstream) + count * sizeof(upstream->members[0]));
    if (upstream == NULL)
        return gn_fail(host, -ENOMEM, "out of memory");
    upstream->host = host;
    upstream->config = config;
    upstream->route = route;
    upstream->count = count;
    roster_init(&upstream->roster);
    error = read_key(upstream, shared);
    if (error == 0 && config->peer != NULL)
        error = peering_open(host, shared, config,
                             keyring_find(keyfile_keys(upstream->keyfile), key_id(upstream)),
                             &upstream->peering);
    if (error != 0) {
        upstream_close(upstream);
        return error;
    }
    *instance = upstream;
    return 0;
}

int upstream_start(void *instance)
{
    struct upstream *upstream = instance;
    if (upstream->peering != NULL)
        return peering_start(upstream->peering);
    int error = gn_timer_open(upstream->host, on_resolve_timer, upstream, &upstream->resolve_timer);
    if (error == 0) /* the first one stands for the name until it is resolved */
        error = open_member(upstream, 0);
    if (error != 0)
        return gn_fail(upstream->host, error, "cannot start the source: %s", strerror(-error));
    resolve(upstream);
    return 0;
}

void upstream_event(void *instance, const struct gn_event *event)
{
    struct upstream *upstream = instance;
    if (upstream->peering != NULL)
        peering_event(upstream->peering, event);
    for (size_t i = 0; i < upstream->count && event->kind == GN_EVENT_SUSPENDED; i++)
        member_wake(&upstream->members[i]);
}

int upstream_burst(void *instance, struct gn_source *source)
{
    struct upstream *upstream = instance;
    if (upstream->peering != NULL)
        return peering_burst(upstream->peering);
    for (size_t i = 0; i < upstream->count; i++)
        if (upstream->members[i].source == source)
            return member_burst(&upstream->members[i]);
    return -ENOENT;
}

void upstream_stop(void *instance)
{
    const struct upstream *upstream = instance;
    struct client_counters sum = {0};
    if (upstream->peering != NULL) {
        peering_stop(upstream->peering);
        return;
    }
    for (size_t i = 0; i < upstream->count; i++)
        member_count(&upstream->members[i], &sum);
    gn_log(
        upstream->host, GN_DEBUG,
        "%llu requests sent, %llu datagrams received, %llu good replies, %llu of them interleaved",
        (unsigned long long)sum.sent, (unsigned long long)sum.received,
        (unsigned long long)sum.verdicts[VERDICT_OK], (unsigned long long)sum.interleaved);
    if (sum.ahead > 0)
        gn_log(upstream->host, GN_DEBUG, "%llu of the requests only to wake the path",
               (unsigned long long)sum.ahead);
    for (size_t i = VERDICT_OK + 1; i < VERDICT_COUNT; i++) {
        if (sum.verdicts[i] > 0)
            gn_log(upstream->host, GN_DEBUG, "%llu refused (%s): %s",
                   (unsigned long long)sum.verdicts[i], verdict_name((enum verdict)i),
                   verdict_text((enum verdict)i));
    }
}

void upstream_close(void *instance)
{
    struct upstream *upstream = instance;
    if (upstream != NULL) {
        peering_close(upstream->peering);
        keyfile_release(upstream->keyfile);
    }
    free(upstream);
}
