/* SPDX-License-Identifier: Apache-2.0 */
#include "broadcast_source.h"

#include "access.h"
#include "address.h"
#include "broadcast_ear.h"
#include "broadcast_server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An address or an interface that is not there yet. Units: log2 s. */
#define RETRY_MIN 1
#define RETRY_MAX 6

struct broadcast_source {
    struct gn_host *host;
    const struct upstream_config *config;
    struct authenticator *authenticator; /* NULL none */
    struct gn_address group;
    struct access from;
    struct gn_datagram *socket;
    struct gn_timer *open_timer;
    int8_t retry_log2s;
    uint64_t verdicts[BROADCAST_COUNT];
    size_t count;
    struct ear ears[];
};

/* ---------------------------------------------------------------- packets */

/* An address of ours can be bound. On loopback many daemons share one: it identifies nobody. */
static bool is_own_address(struct broadcast_source *source, const struct gn_address *address)
{
    static const struct gn_datagram_events none = {.size = sizeof(none)};
    struct gn_datagram_config config = {.size = sizeof(config), .bind = *address};
    struct gn_datagram *socket;
    config.bind.port = 0;
    if (address_is_loopback(address) ||
        gn_datagram_open(source->host, &config, &none, NULL, &socket) != 0)
        return false;
    gn_datagram_close(source->host, socket);
    return true;
}

static struct ear *find_ear(struct broadcast_source *source, const struct gn_address *address)
{
    for (size_t i = 0; i < source->count; i++) {
        struct ear *ear = &source->ears[i];
        if (ear->used && address_equal(&ear->address, address))
            return ear;
    }
    return NULL;
}

static struct ear *free_ear(struct broadcast_source *source)
{
    for (size_t i = 0; i < source->count; i++) {
        if (!source->ears[i].used)
            return &source->ears[i];
    }
    return NULL;
}

static enum broadcast_verdict begin_ear(struct broadcast_source *source,
                                        const struct gn_address *address, struct ear **found)
{
    struct ear *ear = free_ear(source);
    if (ear == NULL)
        return BROADCAST_CROWD;
    if (is_own_address(source, address))
        return BROADCAST_LOOP;
    if (ear_begin(ear, address) != 0)
        return BROADCAST_CROWD;
    *found = ear;
    return BROADCAST_OK;
}

/* What follows the header proves who sent it, where that is demanded. */
static enum broadcast_verdict judge_proof(const struct broadcast_source *source,
                                          const struct gn_packet *packet,
                                          const struct wire_header *header)
{
    struct extension_part last = extension_last(packet->data, packet->size, header->version, NULL);
    if (last.kind == EXTENSION_MALFORMED)
        return BROADCAST_LENGTH;
    if (source->authenticator == NULL)
        return BROADCAST_OK;
    return authenticator_verify(source->authenticator, packet->data, packet->size, &last) ==
                   PROOF_GOOD
               ? BROADCAST_OK
               : BROADCAST_KEY;
}

static enum broadcast_verdict judge(struct broadcast_source *source, const struct gn_packet *packet,
                                    struct wire_header *header, struct ear **ear)
{
    enum broadcast_verdict verdict = broadcast_client_judge(packet->data, packet->size, header);
    bool is_bad_packet = verdict != BROADCAST_OK && verdict <= BROADCAST_MODE;
    if (is_bad_packet)
        return verdict;
    if (!access_allows(&source->from, &packet->remote) || packet->remote.port == 0)
        return BROADCAST_DENIED;
    enum broadcast_verdict proof = judge_proof(source, packet, header);
    if (proof != BROADCAST_OK)
        return proof;
    *ear = find_ear(source, &packet->remote);
    if (verdict == BROADCAST_OK && *ear == NULL)
        verdict = begin_ear(source, &packet->remote, ear);
    return verdict;
}

static void hear(struct broadcast_source *source, const struct gn_packet *packet)
{
    struct wire_header header;
    struct ear *ear = NULL;
    enum broadcast_verdict verdict = judge(source, packet, &header, &ear);
    if (verdict == BROADCAST_OK)
        verdict = ear_hear(ear, packet, &header);
    source->verdicts[verdict]++;
    if (ear != NULL)
        ear->bad = verdict;
}

static void on_receive(void *arg, const struct gn_packet *packets, size_t count)
{
    struct broadcast_source *source = arg;
    for (size_t i = 0; i < count; i++)
        hear(source, &packets[i]);
}

/* ---------------------------------------------------------------- the socket */

static const struct gn_datagram_events socket_events = {
    .size = sizeof(struct gn_datagram_events),
    .receive = on_receive,
};

static int open_socket(struct broadcast_source *source)
{
    struct gn_datagram_config config = {
        .size = sizeof(config),
        .bind = source->group,
        .flags = GN_DATAGRAM_BESIDE,
        .groups = &source->group,
        .group_count = address_is_group(&source->group) ? 1 : 0,
        .interface = source->config->interface,
        .device = source->config->bind_device,
    };
    return gn_datagram_open(source->host, &config, &socket_events, source, &source->socket);
}

/* What is missing may come: an interface gets its address late. */
static void listen_or_retry(struct broadcast_source *source)
{
    char text[200];
    char address[ADDRESS_TEXT_SIZE];
    int error = open_socket(source);
    if (error == 0)
        return;
    source->socket = NULL;
    snprintf(text, sizeof(text), "cannot listen at %s%s%s: %s",
             address_text(&source->group, address), source->config->interface != NULL ? " on " : "",
             source->config->interface != NULL ? source->config->interface : "", strerror(-error));
    if (source->retry_log2s == RETRY_MIN)
        gn_log(source->host, GN_WARNING, "%s; it is tried again", text);
    if (source->ears[0].member.source != NULL)
        gn_source_fault(source->host, source->ears[0].member.source, GN_REASON_SEND_FAILED, text);
    gn_timer_start(source->host, source->open_timer, gn_poll_ns(source->retry_log2s));
    if (source->retry_log2s < RETRY_MAX)
        source->retry_log2s++;
}

static void on_open_timer(void *arg, gn_local now)
{
    (void)now;
    listen_or_retry(arg);
}

/* ---------------------------------------------------------------- life */

static int read_config(struct broadcast_source *source)
{
    const struct upstream_config *config = source->config;
    static const struct gn_strings none = {0};
    char why[160];
    if (broadcast_server_address(config->broadcast, &source->group) != 0)
        return gn_fail(
            source->host, -EINVAL,
            "broadcast: \"%s\" is no broadcast address of IPv4 and no group; a port goes "
            "into the key \"port\"",
            config->broadcast);
    source->group.port = (uint16_t)config->port;
    if (config->from.count == 0)
        return gn_fail(source->host, -EINVAL,
                       "broadcast: anybody can send there; list the servers that are believed in "
                       "\"from\"");
    int error = access_init(&source->from, &config->from, &none, why, sizeof(why));
    return error != 0 ? gn_fail(source->host, error, "from: %s", why) : 0;
}

int broadcast_source_open(struct gn_host *host, const struct upstream_config *config,
                          struct authenticator *authenticator, const struct route *route,
                          struct broadcast_source **result)
{
    size_t count = (size_t)config->max_sources;
    struct broadcast_source *source = calloc(1, sizeof(*source) + count * sizeof(source->ears[0]));
    if (source == NULL)
        return gn_fail(host, -ENOMEM, "out of memory");
    source->host = host;
    source->config = config;
    source->authenticator = authenticator;
    source->count = count;
    source->retry_log2s = RETRY_MIN;
    for (size_t i = 0; i < count; i++)
        ear_init(&source->ears[i], host, config, authenticator, route, source->verdicts,
                 (unsigned)i + 1);
    int error = read_config(source);
    if (error != 0) {
        broadcast_source_close(source);
        return error;
    }
    *result = source;
    return 0;
}

int broadcast_source_start(struct broadcast_source *source)
{
    int error = gn_timer_open(source->host, on_open_timer, source, &source->open_timer);
    if (error != 0)
        return gn_fail(source->host, error, "cannot start the source: %s", strerror(-error));
    if (source->authenticator == NULL)
        gn_log(
            source->host, GN_WARNING,
            "broadcasts at %s are believed without a key: whoever can send there in the name of a "
            "server of \"from\" can tell the time",
            source->config->broadcast);
    ear_wait(&source->ears[0]);
    listen_or_retry(source);
    return 0;
}

void broadcast_source_wake(struct broadcast_source *source)
{
    for (size_t i = 0; i < source->count; i++) {
        if (source->ears[i].used)
            ear_forget(&source->ears[i], "is asked again: the machine slept");
    }
}

void broadcast_source_stop(const struct broadcast_source *source)
{
    for (size_t i = 0; i < BROADCAST_COUNT; i++) {
        if (source->verdicts[i] > 0)
            gn_log(source->host, GN_DEBUG, "broadcasts %s: %llu",
                   broadcast_verdict_name((enum broadcast_verdict)i),
                   (unsigned long long)source->verdicts[i]);
    }
}

void broadcast_source_close(struct broadcast_source *source)
{
    if (source == NULL)
        return;
    access_finish(&source->from);
    free(source);
}
