/* SPDX-License-Identifier: Apache-2.0 */
#include "peering.h"

#include "address.h"
#include "commons.h"
#include "member.h"
#include "roster.h"
#include "symmetric.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peering {
    struct gn_host *host;
    struct commons *commons;
    const struct upstream_config *config;
    struct symmetric symmetric;
    struct correspondent link;
    struct roster roster;
    struct gn_source *source;
    struct gn_timer *timer;
    struct gn_timer *resolve_timer;
    bool is_resolving; /* the resolver works, or the timer runs to ask it */
    bool placed;       /* there is an address */
    unsigned swaps;    /* addresses in a row that gave nothing */
};

static void run(struct peering *peering, struct symmetric_event *event);
static void resolve(struct peering *peering);
static void place(struct peering *peering, const struct gn_address *address, int64_t delay_ns);

/* ---------------------------------------------------------------- events in */

/* `state`: lent to the event. Returns whether there is a clock to speak of. */
static bool new_event(struct peering *peering, enum symmetric_event_kind kind,
                      struct gn_state *state, struct symmetric_event *event)
{
    struct gn_source_hint hint = {.size = sizeof(hint)};
    *state = (struct gn_state){.size = sizeof(*state)};
    if (gn_source_hint(peering->host, peering->source, &hint) != 0) {
        hint.min_poll_log2s = 6;
        hint.max_poll_log2s = 10;
        hint.poll_s = 64;
    }
    *event = (struct symmetric_event){
        .kind = kind,
        .now = gn_now(peering->host),
        .state = state,
        .poll_s = hint.poll_s,
        .min_poll_s = gn_seconds(gn_poll_ns(hint.min_poll_log2s)),
        .max_poll_s = gn_seconds(gn_poll_ns(hint.max_poll_log2s)),
    };
    gn_random(peering->host, &event->chance, sizeof(event->chance));
    return gn_random(peering->host, &event->random, sizeof(event->random)) == 0 &&
           gn_state_read(peering->host, state) == 0;
}

static void simple_event(struct peering *peering, enum symmetric_event_kind kind)
{
    struct gn_state state;
    struct symmetric_event event;
    if (new_event(peering, kind, &state, &event)) {
        run(peering, &event);
        return;
    }
    gn_source_fault(peering->host, peering->source, GN_REASON_SEND_FAILED,
                    "no random numbers or no clock to be had");
    gn_timer_start(peering->host, peering->timer, gn_poll_ns(6));
}

static void on_timer(void *arg, gn_local now)
{
    (void)now;
    simple_event(arg, SYMMETRIC_TIMER);
}

static void on_sent(void *arg, uint64_t tag, gn_local when, enum gn_stamp stamp)
{
    struct peering *peering = arg;
    struct gn_state state;
    struct symmetric_event event;
    new_event(peering, SYMMETRIC_SENT, &state, &event);
    event.tag = tag;
    event.when = when;
    event.stamp = stamp;
    run(peering, &event);
}

static void on_receive(void *arg, const struct gn_packet *packet)
{
    struct peering *peering = arg;
    struct gn_state state;
    struct symmetric_event event;
    if (!new_event(peering, SYMMETRIC_RECEIVE, &state, &event))
        return;
    event.packet.data = packet->data;
    event.packet.size = packet->size;
    event.packet.t4 = packet->when;
    event.packet.stamp = packet->stamp;
    event.packet.local = packet->local;
    member_read_clock(peering->host, &event.packet);
    run(peering, &event);
}

/* ---------------------------------------------------------------- actions out */

static void send_packet(struct peering *peering, const struct symmetric_actions *actions)
{
    gn_local when = gn_now(peering->host);
    struct gn_state state;
    struct symmetric_event event;
    if (actions->poll)
        gn_source_poll(peering->host, peering->source);
    int error = outlets_send(&peering->commons->outlets, &peering->link, actions->packet.bytes,
                             actions->packet.size, actions->tag, &when);
    new_event(peering, error != 0 ? SYMMETRIC_SEND_FAILED : SYMMETRIC_SENT, &state, &event);
    event.error = error;
    event.tag = actions->tag;
    event.when = when;
    event.stamp = GN_STAMP_USER;
    run(peering, &event);
}

static void resolve_later(struct peering *peering, int64_t delay_ns)
{
    if (peering->is_resolving)
        return;
    peering->is_resolving = true;
    gn_timer_start(peering->host, peering->resolve_timer, delay_ns);
}

/* The address gives nothing: the next one; when all had their turn, ask for new ones. */
static void give_up(struct peering *peering)
{
    struct gn_address address = peering->link.address;
    peering->swaps++;
    int64_t delay_ns = roster_swap_ns(&peering->roster, peering->swaps);
    if (roster_is_exhausted(&peering->roster, peering->swaps))
        resolve_later(peering, delay_ns);
    if (roster_swap(&peering->roster, gn_now(peering->host), &address))
        place(peering, &address, delay_ns);
}

/* The outcome of sending comes back as an event: its timer and its wish are the later word. */
static void run(struct peering *peering, struct symmetric_event *event)
{
    struct symmetric_actions actions;
    symmetric_step(&peering->symmetric, event, &actions);
    if (actions.submit) {
        peering->swaps = 0;
        gn_source_submit(peering->host, peering->source, &actions.sample);
    }
    if (actions.fault)
        gn_source_fault(peering->host, peering->source, actions.reason, actions.text);
    if (actions.arm)
        gn_timer_start(peering->host, peering->timer, actions.delay_ns);
    if (actions.submit && !actions.send)
        simple_event(peering, SYMMETRIC_TAKEN);
    if (actions.send)
        send_packet(peering, &actions);
    if (actions.give_up)
        give_up(peering);
}

/* ---------------------------------------------------------------- names */

static void resolution_failed(struct peering *peering, const char *why)
{
    char text[256];
    snprintf(text, sizeof(text), "cannot resolve %s: %s", peering->config->peer, why);
    gn_log(peering->host, GN_DEBUG, "%s", text);
    if (!peering->placed)
        gn_source_fault(peering->host, peering->source, GN_REASON_RESOLVING, text);
    resolve_later(peering, roster_retry_ns(&peering->roster));
}

static void place(struct peering *peering, const struct gn_address *address, int64_t delay_ns)
{
    char text[ADDRESS_TEXT_SIZE];
    struct gn_state state;
    struct symmetric_event event;
    peering->placed = true;
    outlets_move(&peering->link, address);
    gn_source_address(peering->host, peering->source, address_text(address, text),
                      address_refid(address));
    new_event(peering, SYMMETRIC_START, &state, &event);
    event.delay_ns = delay_ns;
    run(peering, &event);
}

static void on_resolved(void *arg, int status, const char *text, const struct gn_address *addresses,
                        size_t count)
{
    struct peering *peering = arg;
    struct gn_address address;
    peering->is_resolving = false;
    if (status != 0 || count == 0) {
        const char *why = text != NULL ? text : strerror(-status);
        resolution_failed(peering, status == 0 ? "it has no address" : why);
        return;
    }
    gn_local now = gn_now(peering->host);
    roster_update(&peering->roster, now, addresses, count);
    if (peering->placed || !roster_take(&peering->roster, now, &address))
        return;
    if (outlets_is_taken(&peering->commons->outlets, &peering->link, &address))
        gn_log(peering->host, GN_WARNING, "another peer has the same address: only one is heard");
    place(peering, &address, 0);
}

static void on_resolve_timer(void *arg, gn_local now)
{
    (void)now;
    resolve(arg);
}

static void resolve(struct peering *peering)
{
    peering->is_resolving = true;
    int error = gn_resolve(peering->host, peering->config->peer, (uint16_t)peering->config->port,
                           on_resolved, peering);
    if (error != 0) {
        peering->is_resolving = false;
        resolution_failed(peering, strerror(-error));
    }
}

/* ---------------------------------------------------------------- life */

int peering_open(struct gn_host *host, void *shared, const struct upstream_config *config,
                 struct authenticator *authenticator, struct peering **result)
{
    struct symmetric_config association = {
        .version = (uint8_t)config->version,
        .iburst = config->iburst,
        .authenticator = authenticator,
    };
    struct peering *peering = calloc(1, sizeof(*peering));
    if (peering == NULL)
        return gn_fail(host, -ENOMEM, "out of memory");
    peering->host = host;
    peering->commons = shared;
    peering->config = config;
    peering->link.receive = on_receive;
    peering->link.sent = on_sent;
    peering->link.arg = peering;
    roster_init(&peering->roster);
    peering->roster.family = upstream_family(config);
    symmetric_init(&peering->symmetric, &association);
    *result = peering;
    return 0;
}

int peering_start(struct peering *peering)
{
    struct gn_source_info info = {
        .size = sizeof(info),
        .mode = GN_MODE_PEER,
        .address = peering->config->peer,
    };
    int error = gn_timer_open(peering->host, on_resolve_timer, peering, &peering->resolve_timer);
    if (error == 0)
        error = gn_source_open(peering->host, &info, &peering->source);
    if (error == 0)
        error = gn_timer_open(peering->host, on_timer, peering, &peering->timer);
    if (error != 0)
        return gn_fail(peering->host, error, "cannot start the peer: %s", strerror(-error));
    outlets_join(&peering->commons->outlets, &peering->link);
    resolve(peering);
    return 0;
}

void peering_event(struct peering *peering, const struct gn_event *event)
{
    struct gn_state state;
    struct symmetric_event start;
    if (event->kind != GN_EVENT_SUSPENDED || !peering->placed)
        return;
    new_event(peering, SYMMETRIC_START, &state, &start);
    run(peering, &start);
}

int peering_burst(struct peering *peering)
{
    if (!peering->placed)
        return gn_fail(peering->host, -EAGAIN, "its name has no address yet");
    simple_event(peering, SYMMETRIC_BURST);
    return 0;
}

void peering_stop(struct peering *peering)
{
    const struct symmetric_counters *counters = &peering->symmetric.counters;
    outlets_leave(&peering->commons->outlets, &peering->link);
    gn_log(peering->host, GN_DEBUG, "%llu packets sent, %llu datagrams received, %llu good answers",
           (unsigned long long)counters->sent, (unsigned long long)counters->received,
           (unsigned long long)counters->verdicts[VERDICT_OK]);
    for (size_t i = VERDICT_OK + 1; i < VERDICT_COUNT; i++) {
        if (counters->verdicts[i] > 0)
            gn_log(peering->host, GN_DEBUG, "%llu refused (%s): %s",
                   (unsigned long long)counters->verdicts[i], verdict_name((enum verdict)i),
                   verdict_text((enum verdict)i));
    }
}

void peering_close(struct peering *peering)
{
    if (peering == NULL)
        return;
    outlets_leave(&peering->commons->outlets, &peering->link);
    free(peering);
}
