/* SPDX-License-Identifier: Apache-2.0 */
#include "broadcaster.h"

#include "address.h"
#include "server.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int broadcaster_init(struct broadcaster *broadcaster, const struct gn_strings *targets,
                     uint16_t port, int64_t interval_s)
{
    broadcaster->interval_ns = interval_s * GN_NS_PER_S;
    if (targets->count == 0)
        return 0;
    broadcaster->targets = calloc(targets->count, sizeof(broadcaster->targets[0]));
    if (broadcaster->targets == NULL)
        return gn_fail(broadcaster->host, -ENOMEM, "out of memory");
    for (; broadcaster->count < targets->count; broadcaster->count++) {
        struct gn_address *target = &broadcaster->targets[broadcaster->count];
        const char *text = targets->items[broadcaster->count];
        if (broadcast_server_address(text, target) != 0)
            return gn_fail(broadcaster->host, -EINVAL,
                           "broadcast: \"%s\" is no broadcast address of IPv4 and no group; a port "
                           "goes into the key \"port\"",
                           text);
        target->port = port;
    }
    return 0;
}

static void send_to(struct broadcaster *broadcaster, const struct gn_address *target,
                    struct wire_packet *packet, const struct gn_state *state)
{
    char text[ADDRESS_TEXT_SIZE];
    packet->size = WIRE_HEADER_SIZE;
    server_stamp(packet, state, gn_now(broadcaster->host));
    if (broadcaster->authenticator != NULL)
        authenticator_protect(broadcaster->authenticator, packet,
                              sizeof(packet->bytes) - packet->size);
    int error = broadcaster->send(broadcaster->arg, target, packet);
    if (error == 0) {
        broadcaster->sent++;
        return;
    }
    if (broadcaster->unsent++ == 0)
        gn_log(broadcaster->host, GN_WARNING, "cannot send a broadcast to %s: %s (said once)",
               address_text(target, text), strerror(-error));
}

static void on_timer(void *arg, gn_local now)
{
    struct broadcaster *broadcaster = arg;
    struct gn_state state = {.size = sizeof(state)};
    struct wire_packet packet;
    gn_timer_start(broadcaster->host, broadcaster->timer, broadcaster->interval_ns);
    if (gn_state_read(broadcaster->host, &state) != 0 ||
        !broadcast_server_packet(&state, now, broadcaster->interval_ns, &packet))
        return;
    for (size_t i = 0; i < broadcaster->count; i++)
        send_to(broadcaster, &broadcaster->targets[i], &packet, &state);
}

int broadcaster_start(struct broadcaster *broadcaster, broadcaster_send_cb send, void *arg)
{
    if (broadcaster->count == 0)
        return 0;
    broadcaster->send = send;
    broadcaster->arg = arg;
    int error = gn_timer_open(broadcaster->host, on_timer, broadcaster, &broadcaster->timer);
    if (error != 0)
        return error;
    return gn_timer_start(broadcaster->host, broadcaster->timer, broadcaster->interval_ns);
}

void broadcaster_finish(struct broadcaster *broadcaster)
{
    free(broadcaster->targets);
    broadcaster->targets = NULL;
    broadcaster->count = 0;
}
