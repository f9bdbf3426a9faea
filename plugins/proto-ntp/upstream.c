/* SPDX-License-Identifier: Apache-2.0 */
#include "upstream.h"

#include "address.h"
#include "broadcast_source.h"
#include "manycast_search.h"
#include "keyfile.h"
#include "member.h"
#include "roster.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between searches for more servers of a group. Units: log2 s. */
#define SEARCH_MIN 6
#define SEARCH_MAX 10

struct upstream {
    struct gn_host *host;
    const struct upstream_config *config;
    struct keyfile *keyfile; /* NULL none */
    struct route route;
    struct roster roster;
    struct gn_timer *resolve_timer;
    bool is_resolving;                  /* the resolver works, or the timer runs to ask it */
    struct broadcast_source *broadcast; /* does all the work; NULL: this is none */
    struct manycast_search search;      /* instead of the resolver, of a manycast source */
    int8_t search_log2s;                /* to the next one, while there are too few */
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
    snprintf(text, sizeof(text), "%s %s: %s",
             upstream->config->manycast != NULL ? "no server in" : "cannot resolve",
             name_of(upstream), why);
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
                       upstream->config->server == NULL ? suffix : NULL);
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

static bool is_complete(const struct upstream *upstream)
{
    for (size_t i = 0; i < upstream->count; i++)
        if (!upstream->members[i].placed)
            return false;
    return true;
}

/* There may be more of them some day. */
static void search_again(struct upstream *upstream)
{
    resolve_later(upstream, gn_poll_ns(upstream->search_log2s));
    if (upstream->search_log2s < SEARCH_MAX)
        upstream->search_log2s++;
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
    if (upstream->config->manycast != NULL && !is_complete(upstream))
        search_again(upstream);
}

static void resolve(struct upstream *upstream)
{
    upstream->is_resolving = true;
    int error = upstream->config->manycast != NULL
                    ? manycast_search_begin(&upstream->search, on_resolved, upstream)
                    : gn_resolve(upstream->host, name_of(upstream),
                                 (uint16_t)upstream->config->port, on_resolved, upstream);
    if (error != 0) {
        upstream->is_resolving = false;
        resolution_failed(upstream, strerror(-error));
    }
}

/* Its place is free for another, one that is known already or one that is to be found. */
static void replace_found(struct upstream *upstream, struct member *member)
{
    char text[ADDRESS_TEXT_SIZE];
    gn_log(upstream->host, GN_INFO, "%s gives nothing, looking for another in %s",
           address_text(&member->address, text), name_of(upstream));
    member_rest(member);
    roster_remove(&upstream->roster, &member->address);
    place_members(upstream);
    upstream->search_log2s = SEARCH_MIN;
    if (!member->placed)
        resolve_later(upstream, 0);
}

/* The member's address gives nothing: the next one; when all had their turn, ask for new ones. */
static void on_give_up(void *arg, struct member *member)
{
    struct upstream *upstream = arg;
    struct gn_address address = member->address;
    char old[ADDRESS_TEXT_SIZE];
    char new[ADDRESS_TEXT_SIZE];
    if (upstream->config->manycast != NULL) {
        replace_found(upstream, member);
        return;
    }
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

/* One of them says where the time comes from. */
static int check_kind(struct gn_host *host, const struct upstream_config *config)
{
    int kinds = (config->server != NULL) + (config->pool != NULL) + (config->broadcast != NULL) +
                (config->manycast != NULL);
    if (kinds == 0)
        return gn_fail(host, -EINVAL,
                       "one of \"server\", \"pool\", \"broadcast\" and \"manycast\" is needed");
    if (kinds > 1)
        return gn_fail(host, -EINVAL,
                       "\"server\", \"pool\", \"broadcast\" and \"manycast\" exclude each other; "
                       "write two entries");
    if (config->from.count > 0 && config->broadcast == NULL && config->manycast == NULL)
        return gn_fail(host, -EINVAL, "from: only of \"broadcast\" and \"manycast\"");
    return 0;
}

static int check_config(struct gn_host *host, const struct upstream_config *config)
{
    int error = check_kind(host, config);
    if (error == 0 && (config->key != 0) != (config->keys != NULL))
        return gn_fail(host, -EINVAL,
                       "\"key\" (the id of one) and \"keys\" (the file it stands in) go together");
    if (error == 0 && config->server != NULL)
        error = check_name_text(host, "server", config->server);
    if (error == 0 && config->pool != NULL)
        error = check_name_text(host, "pool", config->pool);
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
    upstream->search_log2s = SEARCH_MIN;
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
    size_t count = is_many ? (size_t)config->max_sources : 1;
    struct upstream *upstream = calloc(1, sizeof(*upstream) + count * sizeof(upstream->members[0]));
    if (upstream == NULL)
        return gn_fail(host, -ENOMEM, "out of memory");
    upstream->host = host;
    upstream->config = config;
    upstream->route = route;
    upstream->count = count;
    roster_init(&upstream->roster);
    error = read_key(upstream, shared);
    if (error == 0 && config->broadcast != NULL)
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
    if (upstream->broadcast != NULL)
        return broadcast_source_start(upstream->broadcast);
    int error = gn_timer_open(upstream->host, on_resolve_timer, upstream, &upstream->resolve_timer);
    if (error == 0 && upstream->config->manycast != NULL)
        error = manycast_search_open(&upstream->search);
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
    if (upstream->broadcast != NULL && event->kind == GN_EVENT_SUSPENDED)
        broadcast_source_wake(upstream->broadcast);
    for (size_t i = 0; i < upstream->count && event->kind == GN_EVENT_SUSPENDED; i++)
        member_wake(&upstream->members[i]);
}

int upstream_burst(void *instance, struct gn_source *source)
{
    struct upstream *upstream = instance;
    for (size_t i = 0; i < upstream->count; i++)
        if (upstream->members[i].source == source)
            return member_burst(&upstream->members[i]);
    if (upstream->broadcast != NULL)
        return gn_fail(upstream->host, -ENOTSUP, "it is listened to, and not asked");
    return -ENOENT;
}

void upstream_stop(void *instance)
{
    const struct upstream *upstream = instance;
    struct client_counters sum = {0};
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
    broadcast_source_close(upstream->broadcast);
    access_finish(&upstream->search.from);
    keyfile_release(upstream->keyfile);
    free(upstream);
}
