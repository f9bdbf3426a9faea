/* SPDX-License-Identifier: Apache-2.0 */
#include "upstream.h"

#include "address.h"
#include "broadcast_source.h"
#include "commons.h"
#include "keyfile.h"
#include "lineup.h"
#include "manycast_search.h"
#include "member.h"
#include "peering.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct upstream {
    struct gn_host *host;
    const struct upstream_config *config;
    struct keyfile *keyfile; /* NULL none */
    struct route route;
    struct peering *peering;            /* it is a peer, and none of what follows; NULL no */
    struct broadcast_source *broadcast; /* likewise: it listens */
    struct lineup lineup;
    struct gn_timer *resolve_timer, *look_timer;
    bool is_resolving;             /* the resolver works, or the timer runs to ask it */
    bool is_asking;                /* the resolver works */
    bool is_put_off;               /* to when it is online again */
    bool is_numeric;               /* the name is an address */
    struct manycast_search search; /* instead of the resolver, of a manycast source */
    size_t count;
    struct member members[];
};

static const char *name_of(const struct upstream *upstream)
{
    const struct upstream_config *config = upstream->config;
    if (config->manycast != NULL)
        return config->manycast;
    return config->server != NULL ? config->server : config->pool;
}

/* ---------------------------------------------------------------- names */

static void resolve(struct upstream *upstream);

static void on_resolve_timer(void *arg, gn_local now)
{
    struct upstream *upstream = arg;
    (void)now;
    if (!upstream->lineup.offline) {
        resolve(upstream);
        return;
    }
    upstream->is_resolving = false;
    upstream->is_put_off = true;
}

static void resolve_later(void *arg, int64_t delay_ns)
{
    struct upstream *upstream = arg;
    if (upstream->is_resolving)
        return;
    upstream->is_resolving = true;
    gn_timer_start(upstream->host, upstream->resolve_timer, delay_ns);
}

static void resolution_failed(struct upstream *upstream, const char *why)
{
    const struct member *first = &upstream->members[0];
    char text[256];
    snprintf(text, sizeof(text), "%s %s: %s",
             upstream->config->manycast != NULL ? "no server in" : "cannot resolve",
             name_of(upstream), why);
    gn_log(upstream->host, GN_DEBUG, "%s", text);
    if (!first->placed && !first->offline)
        gn_source_fault(upstream->host, first->source, GN_REASON_RESOLVING, text);
    resolve_later(upstream, roster_retry_ns(&upstream->lineup.roster));
}

static uint32_t key_id(const struct upstream *upstream)
{
    return (uint32_t)upstream->config->key;
}

static int open_member(void *arg, size_t i)
{
    struct upstream *upstream = arg;
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
    member->route = &upstream->route;
    member->offline = upstream->lineup.offline;
    member->auto_offline = upstream->config->auto_offline;
    member->max_unreach = (unsigned)upstream->config->max_unreach;
    member->copies = upstream->config->copy;
    return member_open(member, upstream->host, &config, name_of(upstream),
                       upstream->config->server == NULL ? suffix : NULL);
}

/* Now and then the name may mean others. What wants it sooner says so. */
static void refresh_later(struct upstream *upstream)
{
    double refresh_s = upstream->config->refresh_s;
    if (!upstream->is_resolving && !upstream->is_numeric && refresh_s > 0)
        gn_timer_start(upstream->host, upstream->resolve_timer, gn_nanoseconds(refresh_s));
}

/* Those that can be reached from the address that is bound. */
static size_t choose(const struct upstream *upstream, const struct gn_address *addresses,
                     size_t count, struct gn_address fit[ROSTER_MAX])
{
    size_t fits = 0;
    for (size_t i = 0; i < count && fits < ROSTER_MAX; i++)
        if (route_fits(&upstream->route, &addresses[i]))
            fit[fits++] = addresses[i];
    return fits;
}

static void on_resolved(void *arg, int status, const char *text, const struct gn_address *addresses,
                        size_t count)
{
    struct upstream *upstream = arg;
    struct gn_address fit[ROSTER_MAX];
    upstream->is_resolving = upstream->is_asking = false;
    if (status != 0 || count == 0) {
        resolution_failed(upstream, status == 0    ? "it has no address"
                                    : text != NULL ? text
                                                   : strerror(-status));
        return;
    }
    size_t fits = choose(upstream, addresses, count, fit);
    if (fits == 0) {
        resolution_failed(upstream, "none of its addresses is of the family of bind_address");
        return;
    }
    lineup_update(&upstream->lineup, fit, fits);
    if (upstream->lineup.roster.count == 0)
        resolution_failed(upstream, "it has no address of that family");
    else
        refresh_later(upstream);
}

static void resolve(struct upstream *upstream)
{
    if (upstream->is_asking)
        return;
    upstream->is_resolving = upstream->is_asking = true;
    upstream->is_put_off = false;
    gn_timer_stop(upstream->host, upstream->resolve_timer);
    int error = upstream->config->manycast != NULL
                    ? manycast_search_begin(&upstream->search, on_resolved, upstream)
                    : gn_resolve(upstream->host, name_of(upstream),
                                 (uint16_t)upstream->config->port, on_resolved, upstream);
    if (error != 0) {
        upstream->is_resolving = upstream->is_asking = false;
        resolution_failed(upstream, strerror(-error));
    }
}

static void on_look(void *arg, gn_local now)
{
    struct upstream *upstream = arg;
    (void)now;
    gn_timer_start(upstream->host, upstream->look_timer, lineup_look(&upstream->lineup));
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

uint8_t upstream_family(const struct upstream_config *config)
{
    static const uint8_t families[] = {GN_FAMILY_NONE, GN_FAMILY_IPV4, GN_FAMILY_IPV6};
    return families[config->family];
}

static int check_family(struct gn_host *host, const struct upstream_config *config,
                        const char *name)
{
    struct gn_address address;
    if (upstream_family(config) == GN_FAMILY_NONE || address_parse(name, &address) < 0 ||
        address.family == upstream_family(config))
        return 0;
    return gn_fail(host, -EINVAL, "family: %s is an address of the other one", name);
}

/* A peer speaks when and from where it must. */
static int check_peer(struct gn_host *host, const struct upstream_config *config)
{
    const struct gate_config *gate = &config->gate;
    int error = check_name_text(host, "peer", config->peer);
    if (error == 0)
        error = check_family(host, config, config->peer);
    if (error != 0)
        return error;
    if (config->burst)
        return gn_fail(host, -EINVAL, "burst: not with a peer, who speaks when it wants");
    if (config->offline || config->auto_offline || config->copy)
        return gn_fail(host, -EINVAL, "offline, auto_offline, copy: not with a peer");
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

/* One of them says where the time comes from. */
static int check_kind(struct gn_host *host, const struct upstream_config *config)
{
    int kinds = (config->server != NULL) + (config->pool != NULL) + (config->peer != NULL) +
                (config->broadcast != NULL) + (config->manycast != NULL);
    if (kinds == 0)
        return gn_fail(host, -EINVAL,
                       "one of \"server\", \"pool\", \"peer\", \"broadcast\" and \"manycast\" is "
                       "needed");
    if (kinds > 1)
        return gn_fail(host, -EINVAL,
                       "\"server\", \"pool\", \"peer\", \"broadcast\" and \"manycast\" exclude "
                       "each other; write an entry for each");
    if (config->from.count > 0 && config->broadcast == NULL && config->manycast == NULL)
        return gn_fail(host, -EINVAL, "from: only of \"broadcast\" and \"manycast\"");
    return 0;
}

static int check_config(struct gn_host *host, const struct upstream_config *config)
{
    int error = check_kind(host, config);
    if (error != 0)
        return error;
    if ((config->key != 0) != (config->keys != NULL))
        return gn_fail(host, -EINVAL,
                       "\"key\" (the id of one) and \"keys\" (the file it stands in) go together");
    if (config->peer != NULL)
        return check_peer(host, config);
    const char *name = config->server != NULL ? config->server : config->pool;
    if (name != NULL)
        error = check_name_text(host, config->server != NULL ? "server" : "pool", name);
    if (error == 0 && name != NULL)
        error = check_family(host, config, name);
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

/* ---------------------------------------------------------------- manycast */

static int read_manycast(struct upstream *upstream)
{
    const struct upstream_config *config = upstream->config;
    static const struct gn_strings none = {0};
    struct manycast_search *search = &upstream->search;
    char why[160];
    search->host = upstream->host;
    search->config = (struct manycast_config){
        .interface = config->interface != NULL ? config->interface : config->bind_device,
        .version = (uint8_t)config->version,
        .ttl = (uint8_t)config->ttl,
        .wanted = upstream->count,
    };
    if (address_parse(config->manycast, &search->config.group) != 0 ||
        !address_is_group(&search->config.group))
        return gn_fail(upstream->host, -EINVAL,
                       "manycast: \"%s\" is no group (224.0.0.0/4, ff00::/8); a port goes into the "
                       "key \"port\"",
                       config->manycast);
    search->config.group.port = (uint16_t)config->port;
    if (config->from.count == 0)
        return gn_fail(upstream->host, -EINVAL,
                       "manycast: anybody can answer there; list the servers that are believed in "
                       "\"from\"");
    int error = access_init(&search->from, &config->from, &none, why, sizeof(why));
    return error != 0 ? gn_fail(upstream->host, error, "from: %s", why) : 0;
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

static void make_lineup(struct upstream *upstream, struct commons *commons)
{
    const struct upstream_config *config = upstream->config;
    struct gn_address address;
    const char *name = name_of(upstream);
    upstream->is_numeric = name != NULL && address_parse(name, &address) == 0;
    upstream->lineup = (struct lineup){
        .host = upstream->host,
        .registry = &commons->registry,
        .name = name,
        .is_pool = config->pool != NULL || config->manycast != NULL,
        .offline = config->offline,
        .roster = {.family = upstream_family(config)},
        .members = upstream->members,
        .count = upstream->count,
        .open = open_member,
        .want = resolve_later,
        .arg = upstream,
    };
    lineup_init(&upstream->lineup);
}

int upstream_open(struct gn_host *host, void *shared, const void *options, void **instance)
{
    const struct upstream_config *config = options;
    struct route route;
    int error = check_config(host, config);
    if (error == 0)
        error = read_route(host, config, &route);
    if (error != 0)
        return error;
    bool is_many = config->pool != NULL || config->manycast != NULL;
    size_t count = is_many ? (size_t)config->max_sources : config->server != NULL;
    struct upstream *upstream = calloc(1, sizeof(*upstream) + count * sizeof(upstream->members[0]));
    if (upstream == NULL)
        return gn_fail(host, -ENOMEM, "out of memory");
    upstream->host = host;
    upstream->config = config;
    upstream->route = route;
    upstream->count = count;
    make_lineup(upstream, shared);
    error = read_key(upstream, shared);
    if (error == 0 && config->peer != NULL)
        error = peering_open(host, shared, config,
                             keyring_find(keyfile_keys(upstream->keyfile), key_id(upstream)),
                             &upstream->peering);
    else if (error == 0 && config->broadcast != NULL)
        error = broadcast_source_open(
            host, config, keyring_find(keyfile_keys(upstream->keyfile), key_id(upstream)),
            &upstream->route, &upstream->broadcast);
    else if (error == 0 && config->manycast != NULL)
        error = read_manycast(upstream);
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
    if (upstream->broadcast != NULL)
        return broadcast_source_start(upstream->broadcast);
    int error = gn_timer_open(upstream->host, on_resolve_timer, upstream, &upstream->resolve_timer);
    if (error == 0 && upstream->lineup.is_pool)
        error = gn_timer_open(upstream->host, on_look, upstream, &upstream->look_timer);
    if (error == 0 && upstream->config->manycast != NULL)
        error = manycast_search_open(&upstream->search);
    if (error == 0) /* the first one stands for the name until it is resolved */
        error = open_member(upstream, 0);
    if (error != 0)
        return gn_fail(upstream->host, error, "cannot start the source: %s", strerror(-error));
    if (upstream->lineup.offline)
        member_offline(&upstream->members[0], true, "");
    else
        resolve(upstream);
    if (upstream->look_timer != NULL)
        gn_timer_start(upstream->host, upstream->look_timer, gn_poll_ns(6));
    return 0;
}

void upstream_event(void *instance, const struct gn_event *event)
{
    struct upstream *upstream = instance;
    if (upstream->peering != NULL)
        peering_event(upstream->peering, event);
    if (upstream->broadcast != NULL && event->kind == GN_EVENT_SUSPENDED)
        broadcast_source_wake(upstream->broadcast);
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
    if (upstream->broadcast != NULL)
        return gn_fail(upstream->host, -ENOTSUP, "it is listened to, and not asked");
    return -ENOENT;
}

int upstream_online(void *instance, struct gn_source *source, bool online)
{
    struct upstream *upstream = instance;
    if (upstream->count == 0)
        return -ENOTSUP;
    int error = lineup_online(&upstream->lineup, source, online);
    if (error == 0 && online && (upstream->is_put_off || !upstream->members[0].placed))
        resolve(upstream);
    return error;
}

int upstream_refresh(void *instance)
{
    struct upstream *upstream = instance;
    if (upstream->count == 0 || upstream->is_numeric)
        return -ENOTSUP;
    resolve(upstream);
    return 0;
}

void upstream_stop(void *instance)
{
    const struct upstream *upstream = instance;
    struct client_counters sum = {0};
    if (upstream->peering != NULL) {
        peering_stop(upstream->peering);
        return;
    }
    if (upstream->broadcast != NULL) {
        broadcast_source_stop(upstream->broadcast);
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
    if (upstream == NULL)
        return;
    lineup_finish(&upstream->lineup);
    peering_close(upstream->peering);
    broadcast_source_close(upstream->broadcast);
    access_finish(&upstream->search.from);
    keyfile_release(upstream->keyfile);
    free(upstream);
}
