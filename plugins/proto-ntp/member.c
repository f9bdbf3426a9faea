/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"

#include "address.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* 2026-01-01: no request was ever sent before. A machine that starts in 1970 still unfolds the
 * era of the timestamps rightly for 68 years from here. */
#define PIVOT_MIN_NS (INT64_C(1767225600) * GN_NS_PER_S)
#define DEFAULT_PRECISION_LOG2S (-20)

/* ---------------------------------------------------------------- events in */

static void run(struct member *member, struct client_event *event);

static struct client_event new_event(struct member *member, enum client_event_kind kind,
                                     gn_local now)
{
    struct client_event event = {.kind = kind, .now = now};
    struct gn_source_hint hint = {.size = sizeof(hint)};
    if (gn_source_hint(member->host, member->source, &hint) != 0) {
        hint.min_poll_log2s = 6;
        hint.max_poll_log2s = 10;
        hint.poll_s = 64;
    }
    event.poll_s = hint.poll_s;
    event.min_poll_s = gn_seconds(gn_poll_ns(hint.min_poll_log2s));
    event.max_poll_s = gn_seconds(gn_poll_ns(hint.max_poll_log2s));
    gn_random(member->host, &event.chance, sizeof(event.chance));
    return event;
}

static void on_timer(void *arg, gn_local now)
{
    struct member *member = arg;
    struct client_event event = new_event(member, CLIENT_TIMER, now);
    int error = gn_random(member->host, &event.random, sizeof(event.random));
    if (error == 0 && member->client.config.xleave)
        error = gn_random(member->host, &event.cookie, sizeof(event.cookie));
    if (error != 0) {
        /* A guessable request would be worse than none. */
        gn_source_fault(member->host, member->source, GN_REASON_SEND_FAILED,
                        "no random numbers to be had");
        gn_timer_start(member->host, member->timer, gn_poll_ns(6));
        return;
    }
    run(member, &event);
}

static void on_sent(void *arg, uint64_t tag, gn_local when, enum gn_stamp stamp)
{
    struct member *member = arg;
    struct client_event event = new_event(member, CLIENT_SENT, gn_now(member->host));
    event.tag = tag;
    event.when = when;
    event.stamp = stamp;
    run(member, &event);
}

static void close_socket(struct member *member)
{
    gn_datagram_close(member->host, member->socket);
    member->socket = NULL;
    member->close_socket = false;
}

static void begin_receiving(struct member *member)
{
    member->is_receiving = true;
}

static void end_receiving(struct member *member)
{
    member->is_receiving = false;
    if (member->close_socket)
        close_socket(member);
}

void member_read_clock(struct gn_host *host, struct exchange_reply *reply)
{
    struct gn_state state = {.size = sizeof(state)};
    bool is_known = gn_state_read(host, &state) == 0;
    if (is_known && state.leap != GN_LEAP_UNSYNCHRONISED)
        reply->pivot = gn_state_utc(&state, reply->t4);
    else
        reply->pivot = gn_system_time(host, reply->t4);
    if (reply->pivot.ns < PIVOT_MIN_NS)
        reply->pivot.ns = PIVOT_MIN_NS;
    reply->precision_log2s = is_known ? state.precision_log2s : DEFAULT_PRECISION_LOG2S;
}

static void receive(struct member *member, const struct gn_packet *packet)
{
    struct client_event event = new_event(member, CLIENT_RECEIVE, gn_now(member->host));
    event.reply.data = packet->data;
    event.reply.size = packet->size;
    event.reply.t4 = packet->when;
    event.reply.stamp = packet->stamp;
    event.reply.local = packet->local;
    member_read_clock(member->host, &event.reply);
    run(member, &event);
}

static void on_receive(void *arg, const struct gn_packet *packets, size_t count)
{
    struct member *member = arg;
    begin_receiving(member);
    for (size_t i = 0; i < count; i++)
        receive(member, &packets[i]);
    end_receiving(member);
}

static void on_error(void *arg, int error)
{
    struct member *member = arg;
    struct client_event event = new_event(member, CLIENT_NETWORK_ERROR, gn_now(member->host));
    event.error = error;
    begin_receiving(member);
    run(member, &event);
    end_receiving(member);
}

/* ---------------------------------------------------------------- actions out */

static const struct gn_datagram_events socket_events = {
    .size = sizeof(struct gn_datagram_events),
    .receive = on_receive,
    .sent = on_sent,
    .error = on_error,
};

/* A fresh socket has a fresh random port. Spec: RFC 9109 §3. */
static int send_request(struct member *member, const struct client_actions *actions, gn_local *when)
{
    struct gn_datagram_config config = {
        .size = sizeof(config),
        .connect = member->address,
        .flags = GN_DATAGRAM_SENT,
    };
    route_apply(member->route, &config);
    int error = gn_datagram_open(member->host, &config, &socket_events, member, &member->socket);
    if (error != 0) {
        member->socket = NULL;
        return error;
    }
    *when = gn_now(member->host);
    return gn_datagram_send(member->host, member->socket, actions->request.bytes,
                            actions->request.size, NULL, NULL, GN_SEND_STAMP, actions->tag, when);
}

static void do_send(struct member *member, const struct client_actions *actions)
{
    gn_local when;
    if (actions->poll)
        gn_source_poll(member->host, member->source);
    int error = send_request(member, actions, &when);
    if (error != 0 && member->auto_offline) {
        gn_log(member->host, GN_INFO, "nothing can be sent (%s): offline until it is put online",
               strerror(-error));
        member_offline(member, true, "went offline by itself: nothing could be sent");
        return;
    }
    struct client_event event =
        new_event(member, error != 0 ? CLIENT_SEND_FAILED : CLIENT_SENT, gn_now(member->host));
    event.error = error;
    event.tag = actions->tag;
    event.when = when;
    event.stamp = GN_STAMP_USER;
    run(member, &event);
}

/* A kiss is of one address, and the next may be another's. */
static void do_fault(struct member *member, const struct client_actions *actions)
{
    char address[ADDRESS_TEXT_SIZE], from[ADDRESS_TEXT_SIZE + 40] = "";
    char text[sizeof(address) + sizeof(from) + sizeof(actions->text)];
    bool kiss = actions->reason == GN_REASON_KISS || actions->reason == GN_REASON_RATE;
    if (actions->reason == GN_REASON_SEND_FAILED)
        route_text(member->route, from, sizeof(from));
    snprintf(text, sizeof(text), "%s%s%s%s", kiss ? address_text(&member->address, address) : "",
             kiss ? ": " : "", actions->text, from);
    gn_source_fault(member->host, member->source, actions->reason, text);
    if (actions->log)
        gn_log(member->host, GN_INFO, "%s: %s", address_text(&member->address, address),
               actions->text);
}

static void do_close(struct member *member)
{
    if (member->is_receiving)
        member->close_socket = true;
    else if (member->socket != NULL)
        close_socket(member);
}

static void tell_mode(const struct member *member, bool interleaved)
{
    char text[ADDRESS_TEXT_SIZE];
    gn_log(member->host, GN_DEBUG, "%s: %s mode", address_text(&member->address, text),
           interleaved ? "interleaved" : "basic");
}

/* The fault stays: the core forgets it with the rest. */
static void forget_unreachable(struct member *member)
{
    char text[ADDRESS_TEXT_SIZE];
    const struct client *client = &member->client;
    if (!member->known || client->unanswered < CLIENT_UNREACHABLE + member->max_unreach)
        return;
    member->known = false;
    gn_log(member->host, GN_INFO, "%s: %u requests without a reply: what was known is forgotten",
           address_text(&member->address, text), client->unanswered);
    gn_source_address(member->host, member->source, text, address_refid(&member->address));
    gn_source_fault(member->host, member->source, GN_REASON_NO_REPLY, "it does not answer");
}

/* The outcome of sending comes back as an event: its timer and its wish are the later word. */
static void run(struct member *member, struct client_event *event)
{
    struct client_actions actions;
    bool interleaved = member->client.exchange.interleaved;
    client_step(&member->client, event, &actions);
    if (member->client.exchange.interleaved != interleaved)
        tell_mode(member, !interleaved);
    if (actions.close)
        do_close(member);
    if (actions.submit) {
        member->swaps = 0;
        member->known = true;
        if (member->take != NULL)
            member->take(member->arg, member, &actions.sample);
        else
            gn_source_submit(member->host, member->source, &actions.sample);
        struct client_event taken = new_event(member, CLIENT_TAKEN, event->now);
        client_step(&member->client, &taken, &actions);
    }
    if (actions.slow)
        gn_source_slow(member->host, member->source, gn_seconds(gn_poll_ns(actions.rate_log2s)));
    if (actions.fault)
        do_fault(member, &actions);
    if (actions.arm)
        gn_timer_start(member->host, member->timer, actions.delay_ns);
    if (actions.send)
        do_send(member, &actions);
    forget_unreachable(member);
    if (actions.give_up)
        member->give_up(member->arg, member);
}

/* ---------------------------------------------------------------- life */

int member_open(struct member *member, struct gn_host *host, const struct client_config *config,
                const char *name, const char *suffix)
{
    struct gn_source_info info = {
        .size = sizeof(info),
        .mode = GN_MODE_SERVER,
        .address = name,
        .suffix = suffix,
        .copies = member->copies,
    };
    member->host = host;
    client_init(&member->client, config);
    int error = gn_source_open(host, &info, &member->source);
    if (error == 0)
        error = gn_timer_open(host, on_timer, member, &member->timer);
    if (error != 0) { /* all of it or nothing: it may be tried again */
        gn_source_close(host, member->source);
        member->source = NULL;
    }
    return error;
}

void member_place(struct member *member, const struct gn_address *address, int64_t delay_ns)
{
    char text[ADDRESS_TEXT_SIZE];
    member->address = *address;
    member->placed = true;
    gn_source_address(member->host, member->source, address_text(address, text),
                      address_refid(address));
    member->known = false;
    struct client_event event = new_event(member, CLIENT_START, gn_now(member->host));
    event.delay_ns = delay_ns;
    run(member, &event);
    if (member->offline)
        member_offline(member, true, "");
}

static void stop(struct member *member)
{
    struct client_event event = new_event(member, CLIENT_STOP, gn_now(member->host));
    run(member, &event);
    gn_timer_stop(member->host, member->timer);
}

void member_offline(struct member *member, bool offline, const char *why)
{
    member->offline = offline;
    if (offline) {
        stop(member);
        gn_source_fault(member->host, member->source, GN_REASON_OFFLINE, why);
        return;
    }
    gn_source_fault(member->host, member->source,
                    member->placed ? GN_REASON_OK : GN_REASON_RESOLVING, "");
    if (!member->placed || member->client.phase != CLIENT_STOPPED)
        return;
    struct client_event event = new_event(member, CLIENT_RESUME, gn_now(member->host));
    run(member, &event);
}

void member_vacate(struct member *member, const char *name, enum gn_reason reason, const char *why)
{
    stop(member);
    member->placed = false;
    gn_source_address(member->host, member->source, name, 0);
    gn_source_fault(member->host, member->source, member->offline ? GN_REASON_OFFLINE : reason,
                    why);
}

void member_look(struct member *member, struct conduct_view *view)
{
    struct gn_source_hint hint = {.size = sizeof(hint)};
    bool known = gn_source_hint(member->host, member->source, &hint) == 0;
    view->now = gn_now(member->host);
    view->state = known ? hint.state : (uint8_t)GN_SOURCE_UNSELECTED;
    view->poll_s = known ? hint.poll_s : 64;
    view->unanswered = member->client.unanswered;
    conduct_count(&member->client.counters, view);
}

void member_rest(struct member *member)
{
    struct client_config config = member->client.config;
    struct client_counters counters = member->client.counters;
    client_init(&member->client, &config);
    member->client.counters = counters;
    gn_timer_stop(member->host, member->timer);
    do_close(member);
    member->placed = false;
}

void member_close(struct member *member)
{
    member_rest(member);
    gn_timer_close(member->host, member->timer);
    gn_source_close(member->host, member->source);
    member->timer = NULL;
    member->source = NULL;
}

void member_wake(struct member *member)
{
    if (!member->placed)
        return;
    struct client_event event = new_event(member, CLIENT_WAKE, gn_now(member->host));
    run(member, &event);
}

int member_burst(struct member *member)
{
    if (member->offline)
        return gn_fail(member->host, -EPERM, "it is offline");
    if (!member->placed)
        return gn_fail(member->host, -EAGAIN, "its name has no address yet");
    if (member->client.denied_ns > 0)
        return gn_fail(member->host, -EPERM, "the server refuses us");
    if (member->client.rate_log2s != 0)
        return gn_fail(member->host, -EPERM, "the server wants to be asked less often");
    struct client_event event = new_event(member, CLIENT_BURST, gn_now(member->host));
    run(member, &event);
    return 0;
}

void member_count(const struct member *member, struct client_counters *sum)
{
    sum->sent += member->client.counters.sent;
    sum->ahead += member->client.counters.ahead;
    sum->received += member->client.counters.received;
    sum->interleaved += member->client.counters.interleaved;
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        sum->verdicts[i] += member->client.counters.verdicts[i];
}
