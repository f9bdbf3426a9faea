/* SPDX-License-Identifier: Apache-2.0 */
#include "answerer.h"

#include <proto-ntp/access.h>
#include <proto-ntp/address.h>
#include "answer.h"
#include <stdlib.h>
#include <string.h>

struct answerer;

struct listener {
    struct answerer *answerer;
    struct gn_address address;
    struct gn_datagram *socket;
};

struct answerer {
    struct gn_host *host;
    const struct answerer_config *config;
    struct access access;
    bool unsent; /* said once */
    size_t count;
    struct listener listeners[];
};

/* ---------------------------------------------------------------- answering */

static void answer(struct listener *listener, const struct gn_packet *packet,
                   const struct gn_state *state)
{
    struct answerer *answerer = listener->answerer;
    const struct gn_address *from = packet->local.family != GN_FAMILY_NONE ? &packet->local : NULL;
    uint8_t reply[WIRE_HEADER_SIZE];
    if (!access_allows(&answerer->access, &packet->remote) ||
        !answer_make(packet, listener->address.port, state, gn_now(answerer->host), reply))
        return;
    int error = gn_datagram_send(answerer->host, listener->socket, reply, sizeof(reply),
                                 &packet->remote, from, 0, 0, NULL);
    if (error != 0 && !answerer->unsent)
        gn_log(answerer->host, GN_WARNING, "cannot send a reply: %s (said once)", strerror(-error));
    answerer->unsent = answerer->unsent || error != 0;
}

static void on_receive(void *arg, const struct gn_packet *packets, size_t count)
{
    struct listener *listener = arg;
    struct gn_state state = {.size = sizeof(state)};
    if (gn_state_read(listener->answerer->host, &state) != 0)
        return;
    for (size_t i = 0; i < count; i++)
        answer(listener, &packets[i], &state);
}

/* ---------------------------------------------------------------- life */

static int read_listeners(struct answerer *answerer)
{
    const struct answerer_config *config = answerer->config;
    for (size_t i = 0; i < config->listen.count; i++) {
        struct listener *listener = &answerer->listeners[i];
        listener->answerer = answerer;
        if (address_parse(config->listen.items[i], &listener->address) != 0)
            return gn_fail(answerer->host, -EINVAL,
                           "listen: \"%s\" is no numeric IPv4 or IPv6 address; a port goes "
                           "into the key \"port\"",
                           config->listen.items[i]);
        listener->address.port = (uint16_t)config->port;
    }
    return 0;
}

static int read_access(struct answerer *answerer)
{
    const struct gn_strings nobody = {0};
    char why[160];
    int error = access_init(&answerer->access, &answerer->config->allow, &nobody, why, sizeof(why));
    return error != 0 ? gn_fail(answerer->host, error, "allow: %s", why) : 0;
}

int answerer_open(struct gn_host *host, void *shared, const void *options, void **instance)
{
    const struct answerer_config *config = options;
    (void)shared;
    if (config->listen.count == 0)
        return gn_fail(host, -EINVAL, "listen: at least one address is needed");
    struct answerer *answerer =
        calloc(1, sizeof(*answerer) + config->listen.count * sizeof(answerer->listeners[0]));
    if (answerer == NULL)
        return gn_fail(host, -ENOMEM, "out of memory");
    answerer->host = host;
    answerer->config = config;
    answerer->count = config->listen.count;
    int error = read_listeners(answerer);
    if (error == 0)
        error = read_access(answerer);
    if (error != 0)
        answerer_close(answerer);
    else
        *instance = answerer;
    return error;
}

static int open_listener(struct listener *listener)
{
    static const struct gn_datagram_events events = {
        .size = sizeof(struct gn_datagram_events),
        .receive = on_receive,
    };
    struct gn_datagram_config config = {.size = sizeof(config), .bind = listener->address};
    return gn_datagram_open(listener->answerer->host, &config, &events, listener,
                            &listener->socket);
}

/* A machine without IPv6 is an ordinary thing, and says so in many ways; a port that is taken or
 * not ours to take is another matter. */
static bool is_family_missing(const struct listener *listener, int error)
{
    return listener->address.family == GN_FAMILY_IPV6 && error != -EADDRINUSE && error != -EACCES &&
           error != -ENOMEM;
}

int answerer_start(void *instance)
{
    struct answerer *answerer = instance;
    char text[ADDRESS_TEXT_SIZE];
    size_t opened = 0;
    int refused = 0;
    for (size_t i = 0; i < answerer->count; i++) {
        struct listener *listener = &answerer->listeners[i];
        int error = open_listener(listener);
        address_text(&listener->address, text);
        opened += error == 0;
        if (error == 0)
            continue;
        if (!is_family_missing(listener, error))
            return gn_fail(answerer->host, error, "cannot serve NTP on %s", text);
        refused = error;
        gn_log(answerer->host, GN_INFO, "not serving on %s: %s", text, strerror(-error));
    }
    return opened > 0 ? 0 : gn_fail(answerer->host, refused, "cannot serve NTP on any address");
}

void answerer_close(void *instance)
{
    struct answerer *answerer = instance;
    access_finish(&answerer->access);
    free(answerer);
}
