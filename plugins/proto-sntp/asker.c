/* SPDX-License-Identifier: Apache-2.0 */
#include "asker.h"

#include <proto-ntp/address.h>
#include "floor.h"
#include "sntp.h"
#include "ladder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PRECISION_LOG2S (-20)

struct asker {
    struct gn_host *host;
    const struct asker_config *config;
    struct sntp sntp;
    struct ladder ladder;
    struct gn_source *source;
    struct gn_timer *timer, *pause;
    struct gn_datagram *socket; /* of the request that is out; NULL none */
    bool is_receiving;          /* in a callback of the socket: it is closed after it */
    bool close_socket;
    struct gn_address address; /* that is asked */
    struct gn_address known;   /* that the samples are of; family NONE: there are none */
    bool is_probing; /* whether a better one is back: what was learnt of others counts on */
    struct floor floor;
};

static void run(struct asker *asker, struct sntp_event *event);
static void ask_rung(struct asker *asker);

/* ---------------------------------------------------------------- events in */

static struct sntp_event new_event(struct asker *asker, enum sntp_event_kind kind)
{
    struct sntp_event event = {.kind = kind, .now = gn_now(asker->host)};
    gn_random(asker->host, &event.chance, sizeof(event.chance));
    return event;
}

static void on_timer(void *arg, gn_local now)
{
    struct asker *asker = arg;
    struct sntp_event event = new_event(asker, SNTP_TIMER);
    (void)now;
    if (gn_random(asker->host, &event.random, sizeof(event.random)) == 0) {
        run(asker, &event);
        return;
    }
    /* A guessable request would be worse than none. */
    gn_source_fault(asker->host, asker->source, GN_REASON_SEND_FAILED,
                    "no random numbers to be had");
    gn_timer_start(asker->host, asker->timer, SNTP_FIRST_NS);
}

static void set_clock(struct asker *asker, struct sntp_event *event)
{
    struct gn_state state = {.size = sizeof(state)};
    bool is_known = gn_state_read(asker->host, &state) == 0;
    event->floor = asker->floor.utc;
    event->pivot = is_known && state.leap != GN_LEAP_UNSYNCHRONISED
                       ? gn_state_utc(&state, event->t4)
                       : gn_system_time(asker->host, event->t4);
    if (gn_utc_sub(event->pivot, asker->floor.utc) < 0)
        event->pivot = asker->floor.utc;
    event->precision_log2s = is_known ? state.precision_log2s : DEFAULT_PRECISION_LOG2S;
}

static void close_socket(struct asker *asker)
{
    gn_datagram_close(asker->host, asker->socket);
    asker->socket = NULL;
    asker->close_socket = false;
}

static void end_receiving(struct asker *asker)
{
    asker->is_receiving = false;
    if (asker->close_socket)
        close_socket(asker);
}

static void on_receive(void *arg, const struct gn_packet *packets, size_t count)
{
    struct asker *asker = arg;
    asker->is_receiving = true;
    for (size_t i = 0; i < count; i++) {
        struct sntp_event event = new_event(asker, SNTP_RECEIVE);
        event.data = packets[i].data;
        event.size = packets[i].size;
        event.t4 = packets[i].when;
        event.stamp = packets[i].stamp;
        event.local = packets[i].local;
        set_clock(asker, &event);
        run(asker, &event);
    }
    end_receiving(asker);
}

static void on_error(void *arg, int error)
{
    struct asker *asker = arg;
    struct sntp_event event = new_event(asker, SNTP_FAILED);
    event.error = error;
    asker->is_receiving = true;
    run(asker, &event);
    end_receiving(asker);
}

/* ---------------------------------------------------------------- actions out */

static const struct gn_datagram_events socket_events = {
    .size = sizeof(struct gn_datagram_events),
    .receive = on_receive,
    .error = on_error,
};

/* A fresh socket has a fresh random port. Spec: RFC 9109 §3. */
static int send_request(struct asker *asker, const struct sntp_actions *actions, gn_local *when)
{
    struct gn_datagram_config config = {.size = sizeof(config), .connect = asker->address};
    int error = gn_datagram_open(asker->host, &config, &socket_events, asker, &asker->socket);
    if (error != 0) {
        asker->socket = NULL;
        return error;
    }
    return gn_datagram_send(asker->host, asker->socket, actions->request, sizeof(actions->request),
                            NULL, NULL, 0, 0, when);
}

static void do_send(struct asker *asker, const struct sntp_actions *actions)
{
    gn_local when = {0};
    gn_source_poll(asker->host, asker->source);
    int error = send_request(asker, actions, &when);
    struct sntp_event event = new_event(asker, error != 0 ? SNTP_FAILED : SNTP_SENT);
    event.error = error;
    event.when = when;
    run(asker, &event);
}

/* Silence shows in the state of a source; who goes on to another because of it says so, once. */
static void tell(struct asker *asker, enum gn_reason reason, const char *text, bool next)
{
    bool is_silence = reason == GN_REASON_NO_REPLY || reason == GN_REASON_RESOLVING;
    const char *name = asker->config->server.items[asker->ladder.rung];
    if (!asker->is_probing)
        gn_source_fault(asker->host, asker->source, reason, text);
    if (asker->is_probing || (is_silence && next && asker->ladder.rounds == 0))
        gn_log(asker->host, asker->is_probing ? GN_DEBUG : GN_INFO, "%s: %s", name, text);
}

static void do_next(struct asker *asker, int64_t denied_ns)
{
    gn_local now = gn_now(asker->host);
    if (denied_ns > 0)
        ladder_deny(&asker->ladder, now, denied_ns);
    asker->is_probing = asker->is_probing || ladder_wants_first(&asker->ladder, now);
    ladder_next(&asker->ladder, now);
    ask_rung(asker);
}

static void announce(struct asker *asker)
{
    char text[ADDRESS_TEXT_SIZE];
    gn_source_address(asker->host, asker->source, address_text(&asker->address, text),
                      address_refid(&asker->address));
}

/* Another server makes what was known void, but not before it has answered. */
static void do_submit(struct asker *asker, const struct gn_sample *sample)
{
    if (asker->known.family != GN_FAMILY_NONE && !address_equal(&asker->known, &asker->address)) {
        announce(asker);
        gn_log(asker->host, GN_INFO, "%s is asked from now on",
               asker->config->server.items[asker->ladder.rung]);
    }
    asker->known = asker->address;
    asker->is_probing = false;
    ladder_good(&asker->ladder, sample->local);
    gn_source_submit(asker->host, asker->source, sample);
    floor_keep(&asker->floor, asker->host, sample->local);
}

/* Below what is configured the core goes only when an answer was not expected; no source but one
 * that somebody waits for has to poll oftener than every 16 s. */
static struct sntp_event taken_event(struct asker *asker)
{
    struct gn_source_hint hint = {.size = sizeof(hint)};
    struct sntp_event taken = new_event(asker, SNTP_TAKEN);
    if (gn_source_hint(asker->host, asker->source, &hint) != 0)
        return taken;
    taken.surprised = hint.poll_s < gn_seconds(gn_poll_ns(hint.min_poll_log2s));
    if (gn_poll_ns(hint.max_poll_log2s) < SNTP_FIRST_NS)
        taken.hurry_ns = gn_poll_ns(hint.max_poll_log2s);
    return taken;
}

static void run(struct asker *asker, struct sntp_event *event)
{
    struct sntp_actions actions;
    sntp_step(&asker->sntp, event, &actions);
    if (actions.close && asker->is_receiving)
        asker->close_socket = true;
    else if (actions.close && asker->socket != NULL)
        close_socket(asker);
    if (actions.submit) {
        do_submit(asker, &actions.sample);
        struct sntp_event taken = taken_event(asker);
        sntp_step(&asker->sntp, &taken, &actions);
        actions.next = ladder_wants_first(&asker->ladder, taken.now);
    }
    if (actions.slow)
        gn_source_slow(asker->host, asker->source, gn_seconds(actions.slow_ns));
    if (actions.fault)
        tell(asker, actions.reason, actions.text, actions.next);
    if (actions.arm)
        gn_timer_start(asker->host, asker->timer, actions.delay_ns);
    if (actions.send)
        do_send(asker, &actions);
    else if (actions.next)
        do_next(asker, actions.denied_ns);
}

/* ---------------------------------------------------------------- servers */

static void place(struct asker *asker, const struct gn_address *address)
{
    struct sntp_event event = new_event(asker, SNTP_START);
    asker->address = *address;
    if (asker->known.family == GN_FAMILY_NONE)
        announce(asker);
    run(asker, &event);
}

static void on_resolved(void *arg, int status, const char *text, const struct gn_address *addresses,
                        size_t count)
{
    struct asker *asker = arg;
    const char *name = asker->config->server.items[asker->ladder.rung];
    char why[256];
    gn_local now = gn_now(asker->host);
    ladder_resolved(&asker->ladder, addresses, status == 0 ? count : 0);
    if (status != 0 || count == 0) {
        snprintf(why, sizeof(why), "cannot resolve %s: %s", name,
                 status == 0    ? "it has no address"
                 : text != NULL ? text
                                : strerror(-status));
        tell(asker, GN_REASON_RESOLVING, why, true);
        ladder_next(&asker->ladder, now);
    }
    ask_rung(asker);
}

static void resolve(struct asker *asker)
{
    const char *name = asker->config->server.items[asker->ladder.rung];
    int error = gn_resolve(asker->host, name, (uint16_t)asker->config->port, on_resolved, asker);
    if (error == 0)
        return;
    gn_source_fault(asker->host, asker->source, GN_REASON_RESOLVING, strerror(-error));
    gn_timer_start(asker->host, asker->pause, SNTP_FIRST_NS);
}

/* The ladder says whom to ask, and when: its name first, then its addresses. */
static void ask_rung(struct asker *asker)
{
    const struct gn_address *address = ladder_address(&asker->ladder);
    struct sntp_event stop = new_event(asker, SNTP_STOP);
    int64_t delay_ns = ladder_delay_ns(&asker->ladder, stop.chance);
    run(asker, &stop);
    gn_timer_stop(asker->host, asker->timer);
    asker->is_probing = asker->is_probing && delay_ns == 0; /* a round without anybody */
    if (delay_ns > 0)
        gn_timer_start(asker->host, asker->pause, delay_ns);
    else if (address != NULL)
        place(asker, address);
    else
        resolve(asker);
}

static void on_pause(void *arg, gn_local now)
{
    struct asker *asker = arg;
    ladder_rested(&asker->ladder, now);
    ask_rung(asker);
}

/* ---------------------------------------------------------------- configuration */

/* "host:port" is what many write; an IPv6 address has more than one colon. */
static int check_name(struct gn_host *host, const char *name)
{
    const char *colon = strchr(name, ':');
    if (name[0] == '\0' || strpbrk(name, " \t/") != NULL)
        return gn_fail(host, -EINVAL, "server: \"%s\" is no host name or address", name);
    if (name[0] == '[' || (colon != NULL && strchr(colon + 1, ':') == NULL))
        return gn_fail(host, -EINVAL,
                       "server: \"%s\": only a name or an address is allowed; a port goes into "
                       "the key \"port\"",
                       name);
    return 0;
}

static int check_names(struct gn_host *host, const struct gn_strings *names)
{
    if (names->count == 0 || names->count > LADDER_RUNGS)
        return gn_fail(host, -EINVAL, "server: one name to %d in order of preference are needed",
                       LADDER_RUNGS);
    for (size_t i = 0; i < names->count; i++) {
        int error = check_name(host, names->items[i]);
        if (error != 0)
            return error;
    }
    return 0;
}

/* ---------------------------------------------------------------- life */

int asker_open(struct gn_host *host, void *shared, const void *options, void **instance)
{
    const struct asker_config *config = options;
    (void)shared;
    int error = check_names(host, &config->server);
    if (error != 0)
        return error;
    struct asker *asker = calloc(1, sizeof(*asker));
    if (asker == NULL)
        return gn_fail(host, -ENOMEM, "out of memory");
    asker->host = host;
    asker->config = config;
    sntp_init(&asker->sntp, config->poll * GN_NS_PER_S);
    ladder_init(&asker->ladder, config->server.count, config->poll * GN_NS_PER_S);
    *instance = asker;
    return 0;
}

int asker_start(void *instance)
{
    struct asker *asker = instance;
    struct gn_source_info info = {
        .size = sizeof(info),
        .mode = GN_MODE_SERVER,
        .address = asker->config->server.items[0],
    };
    int error = gn_source_open(asker->host, &info, &asker->source);
    if (error == 0)
        error = gn_timer_open(asker->host, on_timer, asker, &asker->timer);
    if (error == 0)
        error = gn_timer_open(asker->host, on_pause, asker, &asker->pause);
    if (error != 0)
        return gn_fail(asker->host, error, "cannot start the source: %s", strerror(-error));
    floor_read(&asker->floor, asker->host);
    resolve(asker);
    return 0;
}

/* The machine slept: what was known of the server is void. */
void asker_event(void *instance, const struct gn_event *event)
{
    struct asker *asker = instance;
    if (event->kind == GN_EVENT_SUSPENDED && asker->sntp.phase != SNTP_STOPPED)
        place(asker, &asker->address);
}

void asker_stop(void *instance)
{
    struct asker *asker = instance;
    asker->floor.kept = false;
    floor_keep(&asker->floor, asker->host, gn_now(asker->host));
}

void asker_close(void *instance)
{
    free(instance);
}
