/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include "access.h"
#include "address.h"
#include "broadcaster.h"
#include "keyfile.h"
#include "interleaved_reply.h"
#include "route.h"
#include "commons.h"
#include "server.h"
#include "signer.h"
#include <stdlib.h>
#include <string.h>

/* The system's default holds some 270 packets: a few milliseconds at full load. */
#define RECEIVE_BUFFER (1u << 20)

struct service;

struct listener {
    struct service *service;
    struct gn_address address; /* a group is joined */
    struct gn_datagram *socket;
    struct outlet outlet; /* peers talk by it, too */
};

struct service {
    struct gn_host *host;
    struct commons *commons;
    const struct service_config *config;
    struct access access;
    struct keyfile *keyfile; /* NULL none */
    uint64_t verdicts[SERVER_COUNT];
    uint64_t unsent; /* replies that could not leave */
    struct client_log *log;
    struct signer *signer; /* NULL none */
    uint64_t interleaved;  /* replies */
    uint64_t unremembered; /* requests whose sender found no room in the log */
    struct broadcaster broadcaster;
    size_t count;
    struct listener listeners[];
};

/* ---------------------------------------------------------------- answering */

static void send_reply(struct listener *listener, const struct gn_packet *packet,
                       const struct wire_packet *reply, uint64_t tag)
{
    struct service *service = listener->service;
    bool is_known = packet->local.family != GN_FAMILY_NONE && !address_is_group(&packet->local);
    const struct gn_address *from = is_known ? &packet->local : NULL;
    int error = gn_datagram_send(service->host, listener->socket, reply->bytes, reply->size,
                                 &packet->remote, from, tag != 0 ? GN_SEND_STAMP : 0, tag, NULL);
    if (error == 0)
        return;
    if (service->unsent++ == 0)
        gn_log(service->host, GN_WARNING, "cannot send a reply: %s (said once)", strerror(-error));
}

/* Puts the transmit timestamp in. Returns the tag by which the reply's instant shall be told; 0: it
 * need not be, which is a good deal cheaper. */
static uint64_t finish(struct service *service, const struct gn_packet *packet,
                       const struct gn_state *state, struct wire_packet *reply)
{
    struct client_record *record = client_log_meet(service->log, &packet->remote, packet->when);
    struct interleaved_reply made = {0};
    if (record != NULL)
        made = interleaved_reply_make(record, packet->data, reply);
    else
        service->unremembered++;
    service->interleaved += made.interleaved;
    gn_local now = gn_now(service->host);
    if (!made.interleaved)
        server_stamp(reply, state, now);
    return made.wanted ? interleaved_reply_keep(service->log, record, reply, made.interleaved,
                                                server_transmit(state, now))
                       : 0;
}

/* It leaves later than others: about as much as Samba took for the last ones. */
static void sign_reply(struct listener *listener, const struct gn_packet *packet,
                       const struct gn_state *state, const uint8_t *key, struct wire_packet *reply)
{
    struct service *service = listener->service;
    client_log_meet(service->log, &packet->remote, packet->when);
    server_stamp(reply, state,
                 gn_local_add(gn_now(service->host), signer_delay_ns(service->signer)));
    signer_sign(service->signer, key, reply->bytes, packet, listener);
}

static void on_signed(void *arg, const uint8_t *bytes, const struct gn_packet *to)
{
    struct wire_packet reply = {.size = SIGND_PACKET_SIZE};
    memcpy(reply.bytes, bytes, reply.size);
    send_reply(arg, to, &reply, 0);
}

static void answer(struct listener *listener, const struct gn_packet *packet,
                   const struct gn_state *state)
{
    struct service *service = listener->service;
    struct wire_packet reply;
    uint8_t key[SIGND_KEY_SIZE];
    struct server_request request = {
        .data = packet->data,
        .size = packet->size,
        .remote = packet->remote,
        .local = packet->local,
        .when = packet->when,
        .allowed = access_allows(&service->access, &packet->remote),
        .keys = keyfile_keys(service->keyfile),
    };
    request.local.port = listener->address.port;
    if (address_is_group(&listener->address)) {
        request.for_many = true;
        request.local.family = GN_FAMILY_NONE;
    }
    bool sign = service->signer != NULL && !request.for_many &&
                signd_is_request(packet->data, packet->size, key);
    if (sign) /* what follows the header is Samba's concern */
        request.size = WIRE_HEADER_SIZE;
    enum server_verdict verdict = server_answer(&request, state, &reply);
    service->verdicts[verdict]++;
    if (verdict != SERVER_ANSWER)
        return;
    if (sign) {
        sign_reply(listener, packet, state, key, &reply);
        return;
    }
    uint64_t tag = finish(service, packet, state, &reply);
    server_protect(&request, &reply);
    send_reply(listener, packet, &reply, tag);
}

/* Better instants of those replies that carry a tag. */
static void on_sent(void *arg, uint64_t tag, gn_local when, enum gn_stamp stamp)
{
    const struct listener *listener = arg;
    struct gn_state state = {.size = sizeof(state)};
    if (outlets_sent(&listener->service->commons->outlets, tag, when, stamp))
        return;
    if (gn_state_read(listener->service->host, &state) == 0)
        client_log_sent(listener->service->log, tag, server_transmit(&state, when));
}

static void on_receive(void *arg, const struct gn_packet *packets, size_t count)
{
    struct listener *listener = arg;
    struct outlets *outlets = &listener->service->commons->outlets;
    struct gn_state state = {.size = sizeof(state)};
    if (gn_state_read(listener->service->host, &state) != 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (!outlets_deliver(outlets, &listener->outlet, &packets[i]))
            answer(listener, &packets[i], &state);
}

/* ---------------------------------------------------------------- broadcasts */

/* From the port that answers, so that who hears it can ask there. */
static int send_broadcast(void *arg, const struct gn_address *to, const struct wire_packet *packet)
{
    struct service *service = arg;
    for (size_t i = 0; i < service->count; i++) {
        struct listener *listener = &service->listeners[i];
        if (listener->socket != NULL && listener->address.family == to->family &&
            !address_is_group(&listener->address))
            return gn_datagram_send(service->host, listener->socket, packet->bytes, packet->size,
                                    to, NULL, 0, 0, NULL);
    }
    return -EAFNOSUPPORT;
}

/* ---------------------------------------------------------------- configuration */

static int read_groups(struct service *service)
{
    const struct service_config *config = service->config;
    for (size_t i = 0; i < config->groups.count; i++) {
        struct listener *listener = &service->listeners[config->listen.count + i];
        listener->service = service;
        if (address_parse(config->groups.items[i], &listener->address) != 0 ||
            !address_is_group(&listener->address))
            return gn_fail(service->host, -EINVAL,
                           "groups: \"%s\" is no group (224.0.0.0/4, ff00::/8); a port goes into "
                           "the key \"port\"",
                           config->groups.items[i]);
        listener->address.port = (uint16_t)config->port;
    }
    return 0;
}

static int read_listeners(struct service *service)
{
    const struct service_config *config = service->config;
    for (size_t i = 0; i < config->listen.count; i++) {
        struct listener *listener = &service->listeners[i];
        listener->service = service;
        if (address_parse(config->listen.items[i], &listener->address) != 0)
            return gn_fail(service->host, -EINVAL,
                           "listen: \"%s\" is no numeric IPv4 or IPv6 address; a port goes "
                           "into the key \"port\"",
                           config->listen.items[i]);
        listener->address.port = (uint16_t)config->port;
    }
    return 0;
}

static int read_access(struct service *service, const struct service_config *config,
                       struct access *access)
{
    char why[160];
    int error = access_init(access, &config->allow, &config->deny, why, sizeof(why));
    return error != 0 ? gn_fail(service->host, error, "allow, deny: %s", why) : 0;
}

static int check_signd(struct service *service, const char *folder)
{
    if (folder == NULL || (folder[0] == '/' && strlen(folder) <= SIGNER_FOLDER_MAX))
        return 0;
    return gn_fail(service->host, -EINVAL,
                   "signd_socket: \"%s\" is no absolute path of at most %d bytes", folder,
                   SIGNER_FOLDER_MAX);
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_list(const struct gn_strings *a, const struct gn_strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------- life */

static int read_broadcast_key(struct service *service)
{
    const struct service_config *config = service->config;
    uint32_t id = (uint32_t)config->broadcast_key;
    if (id == 0)
        return 0;
    service->broadcaster.authenticator = keyring_find(keyfile_keys(service->keyfile), id);
    if (service->broadcaster.authenticator != NULL)
        return 0;
    return gn_fail(service->host, -EINVAL, "broadcast_key: there is no key %u in %s", (unsigned)id,
                   config->keys != NULL ? config->keys : "\"keys\", which is not given");
}

int service_open(struct gn_host *host, void *shared, const void *options, void **instance)
{
    const struct service_config *config = options;
    if (config->listen.count == 0)
        return gn_fail(host, -EINVAL, "listen: at least one address is needed");
    size_t count = config->listen.count + config->groups.count;
    struct service *service = calloc(1, sizeof(*service) + count * sizeof(service->listeners[0]));
    if (service == NULL)
        return gn_fail(host, -ENOMEM, "out of memory");
    service->host = host;
    service->commons = shared;
    service->config = config;
    service->count = count;
    service->broadcaster.host = host;
    int error = route_check_device(host, config->bind_device);
    if (error == 0)
        error = read_listeners(service);
    if (error == 0)
        error = check_signd(service, config->signd_socket);
    if (error == 0)
        error = read_groups(service);
    if (error == 0)
        error = broadcaster_init(&service->broadcaster, &config->broadcast, (uint16_t)config->port,
                                 config->broadcast_interval);
    if (error == 0)
        error = read_access(service, config, &service->access);
    if (error == 0 && config->keys != NULL)
        error = keyfile_get(shared, host, config->keys, &service->keyfile);
    if (error == 0)
        error = read_broadcast_key(service);
    if (error != 0) {
        service_close(service);
        return error;
    }
    *instance = service;
    return 0;
}

static const struct gn_datagram_events listener_events = {
    .size = sizeof(struct gn_datagram_events),
    .receive = on_receive,
    .sent = on_sent,
};

static int open_listener(struct listener *listener)
{
    struct gn_datagram_config config = {
        .size = sizeof(config),
        .bind = listener->address,
        .receive_buffer = RECEIVE_BUFFER,
        .device = listener->service->config->bind_device,
        .dscp = (uint8_t)listener->service->config->dscp,
        .flags = GN_DATAGRAM_SENT | GN_DATAGRAM_BESIDE | GN_DATAGRAM_BROADCAST,
        .groups = &listener->address,
        .group_count = address_is_group(&listener->address) ? 1 : 0,
        .interface = listener->service->config->interface,
        .hops = (uint8_t)listener->service->config->ttl,
    };
    int error = gn_datagram_open(listener->service->host, &config, &listener_events, listener,
                                 &listener->socket);
    if (error != 0)
        return error;
    listener->outlet = (struct outlet){
        .host = listener->service->host,
        .socket = listener->socket,
        .bind = listener->address,
    };
    outlets_add(&listener->service->commons->outlets, &listener->outlet);
    return 0;
}

static void leave_outlets(struct service *service)
{
    for (size_t i = 0; i < service->count; i++)
        outlets_remove(&service->commons->outlets, &service->listeners[i].outlet);
}

/* A machine without IPv6 is an ordinary thing, and says so in many ways; a port that is taken or
 * not ours to take is another matter. */
static bool is_family_missing(const struct listener *listener, int error)
{
    return listener->address.family == GN_FAMILY_IPV6 && error != -EADDRINUSE && error != -EACCES &&
           error != -ENOMEM;
}

static int open_log(struct service *service)
{
    uint8_t key[16];
    int error = gn_random(service->host, key, sizeof(key));
    if (error != 0)
        return gn_fail(service->host, error, "no random numbers to be had");
    service->log = client_log_create((size_t)service->config->client_log * 1024, key);
    return service->log != NULL ? 0 : gn_fail(service->host, -ENOMEM, "out of memory");
}

static int open_parts(struct service *service)
{
    const char *folder = service->config->signd_socket;
    int error = open_log(service);
    if (error == 0 && folder != NULL)
        error = signer_open(service->host, folder, on_signed, &service->signer);
    return error;
}

int service_start(void *instance)
{
    struct service *service = instance;
    char text[ADDRESS_TEXT_SIZE];
    size_t opened = 0;
    int refused = 0;
    outlets_yield(&service->commons->outlets, (uint16_t)service->config->port);
    for (size_t i = 0; i < service->count; i++) {
        struct listener *listener = &service->listeners[i];
        int error = open_listener(listener);
        address_text(&listener->address, text);
        if (error == 0) {
            opened++;
            continue;
        }
        listener->socket = NULL;
        if (!is_family_missing(listener, error))
            return gn_fail(service->host, error, "cannot serve NTP on %s", text);
        refused = error;
        gn_log(service->host, GN_INFO, "not serving on %s: %s", text, strerror(-error));
    }
    if (opened == 0)
        return gn_fail(service->host, refused, "cannot serve NTP on any address");
    int error = broadcaster_start(&service->broadcaster, send_broadcast, service);
    if (error != 0)
        return gn_fail(service->host, error, "cannot start broadcasting");
    return open_parts(service);
}

static bool is_same_but_access(const struct service_config *a, const struct service_config *b)
{
    return a->port == b->port && is_same_list(&a->listen, &b->listen) &&
           is_same_list(&a->groups, &b->groups) && is_same_list(&a->broadcast, &b->broadcast) &&
           a->broadcast_interval == b->broadcast_interval && a->broadcast_key == b->broadcast_key &&
           a->ttl == b->ttl && is_same_text(a->interface, b->interface) &&
           is_same_text(a->keys, b->keys) && a->dscp == b->dscp && a->client_log == b->client_log &&
           is_same_text(a->signd_socket, b->signd_socket) &&
           route_same_device(a->bind_device, b->bind_device);
}

int service_reload(void *instance, const void *options)
{
    struct service *service = instance;
    const struct service_config *config = options;
    struct access access;
    if (!is_same_but_access(config, service->config))
        return -ENOTSUP;
    int error = read_access(service, config, &access);
    if (error != 0)
        return error;
    access_finish(&service->access);
    service->access = access;
    service->config = config;
    return 0;
}

static void tell_log(const struct service *service)
{
    gn_log(service->host, GN_DEBUG, "replies interleaved: %llu",
           (unsigned long long)service->interleaved);
    gn_log(service->host, GN_DEBUG,
           "clients in the log: %zu of %zu; requests without room there: %llu",
           client_log_count(service->log), client_log_capacity(service->log),
           (unsigned long long)service->unremembered);
}

void service_stop(void *instance)
{
    struct service *service = instance;
    leave_outlets(service);
    for (size_t i = 0; i < SERVER_COUNT; i++) {
        if (service->verdicts[i] > 0)
            gn_log(service->host, GN_DEBUG, "requests %s: %llu",
                   server_verdict_name((enum server_verdict)i),
                   (unsigned long long)service->verdicts[i]);
    }
    if (service->log != NULL)
        tell_log(service);
    if (service->signer != NULL)
        signer_report(service->signer);
    if (service->broadcaster.sent + service->broadcaster.unsent > 0)
        gn_log(service->host, GN_DEBUG, "broadcasts sent: %llu, not sent: %llu",
               (unsigned long long)service->broadcaster.sent,
               (unsigned long long)service->broadcaster.unsent);
    if (service->unsent > 0)
        gn_log(service->host, GN_DEBUG, "replies not sent: %llu",
               (unsigned long long)service->unsent);
}

void service_close(void *instance)
{
    struct service *service = instance;
    if (service == NULL)
        return;
    leave_outlets(service);
    access_finish(&service->access);
    keyfile_release(service->keyfile);
    client_log_destroy(service->log);
    signer_close(service->signer);
    broadcaster_finish(&service->broadcaster);
    free(service);
}
