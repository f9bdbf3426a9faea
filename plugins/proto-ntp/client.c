/* SPDX-License-Identifier: Apache-2.0 */
#include "pace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Nothing is said of a server before so many requests went unanswered: single ones get lost. */
#define SILENCE 3

static void new_exchange(struct client *client)
{
    exchange_init(&client->exchange, client->config.version);
    exchange_authenticate(&client->exchange, client->config.authenticator);
    interleave_init(&client->exchange.interleave, client->config.xleave);
}

void client_init(struct client *client, const struct client_config *config)
{
    memset(client, 0, sizeof(*client));
    client->config = *config;
    new_exchange(client);
    gate_init(&client->gate, &config->gate);
}

/* ---------------------------------------------------------------- words */

__attribute__((format(printf, 3, 4))) static void
fault(struct client_actions *actions, enum gn_reason reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(actions->text, sizeof(actions->text), format, args);
    va_end(args);
    actions->fault = true;
    actions->reason = reason;
}

/* ---------------------------------------------------------------- asking */

static void finish(struct client *client, struct client_actions *actions)
{
    exchange_close(&client->exchange);
    client->phase = CLIENT_IDLE;
    /* The next exchange uses this one's stamps: the best may still be on its way. */
    actions->close = !interleave_awaits_stamp(&client->exchange.interleave);
}

/* Close the exchange and wait for the rest of the interval. */
static void rest(struct client *client, const struct client_event *event,
                 struct client_actions *actions)
{
    int64_t due_ns = pace_next_ns(client, event) - gn_local_sub(event->now, client->polled);
    finish(client, actions);
    actions->arm = true;
    client->presend_due = pace_presends(client, event) && due_ns > CLIENT_PRESEND_NS;
    if (client->presend_due)
        due_ns -= CLIENT_PRESEND_NS;
    actions->delay_ns = due_ns > 0 ? due_ns : 0;
}

/* Put a request on its way; the timer runs `then_ns`. */
static void ask(struct client *client, const struct client_event *event, int64_t then_ns,
                struct client_actions *actions)
{
    interleave_draw(&client->exchange.interleave, event->cookie);
    exchange_begin(&client->exchange, event->random, &actions->request);
    client->presend_due = false;
    client->counters.sent++;
    actions->close = true;
    actions->send = true;
    actions->tag = ++client->tag;
    actions->arm = true;
    actions->delay_ns = then_ns;
}

/* What it is held up by (who has that address? where does the way go?) is settled before the poll;
 * nobody measures it. */
static void wake_path(struct client *client, const struct client_event *event,
                      struct client_actions *actions)
{
    ask(client, event, CLIENT_PRESEND_NS, actions);
    client->phase = CLIENT_WAKING;
    client->counters.ahead++;
}

static void poll_server(struct client *client, const struct client_event *event,
                        struct client_actions *actions)
{
    client->in_burst = pace_is_bursting(client);
    if (client->burst_requests > 0)
        client->burst_requests--;
    client->denied_ns = 0;
    ask(client, event, pace_patience_ns(client, event), actions);
    client->phase = CLIENT_WAITING;
    client->polled = event->now;
    client->bad = VERDICT_OK;
    actions->poll = !(client->gather.count > 0 && client->unanswered == 0) &&
                    !interleave_is_vain(&client->exchange.interleave);
}

/* The first request waits for the timer's event, which brings its random number. */
static void start(struct client *client, const struct client_event *event,
                  struct client_actions *actions)
{
    client->reached = false;
    client->unanswered = 0;
    client->retries = 0;
    client->failures = 0;
    client->refusals = 0;
    client->in_burst = false;
    pace_end_burst(client);
    if (client->config.iburst)
        pace_begin_burst(client, CLIENT_BURST_GOOD, CLIENT_BURST_REQUESTS);
    new_exchange(client);
    gate_init(&client->gate, &client->config.gate);
    client->gather.count = 0;
    client->presend_due = false;
    client->phase = CLIENT_IDLE;
    client->polled = event->now;
    actions->close = true;
    actions->arm = true;
    actions->delay_ns = event->delay_ns > 0 ? event->delay_ns : 0;
}

/* Over and over it is still no more than one request every two seconds. */
static void burst_now(struct client *client, const struct client_event *event,
                      struct client_actions *actions)
{
    int64_t since_ns = gn_local_sub(event->now, client->polled);
    if (client->phase == CLIENT_STOPPED || client->denied_ns > 0 || client->rate_log2s != 0)
        return;
    pace_begin_burst(client, CLIENT_BURST_GOOD, CLIENT_BURST_REQUESTS);
    client->in_burst = true;
    client->presend_due = false;
    actions->arm = client->phase == CLIENT_IDLE;
    actions->delay_ns = pace_next_ns(client, event) - since_ns;
    if (actions->delay_ns < 0)
        actions->delay_ns = 0;
}

/* Sleep does not undo a refusal; one in force keeps its timer. */
static void wake(struct client *client, const struct client_event *event,
                 struct client_actions *actions)
{
    if (client->phase != CLIENT_STOPPED && client->denied_ns == 0)
        start(client, event, actions);
    if (client->rate_log2s != 0)
        pace_end_burst(client);
}

/* As wake(), but the timer of a refusal does not run any more. */
static void resume(struct client *client, const struct client_event *event,
                   struct client_actions *actions)
{
    if (client->phase != CLIENT_STOPPED)
        return;
    client->phase = CLIENT_IDLE;
    wake(client, event, actions);
    if (client->denied_ns > 0)
        rest(client, event, actions);
}

/* ---------------------------------------------------------------- no reply */

/* The request gave no sample. */
static void count_retry(struct client *client)
{
    if (!client->reached && !pace_is_bursting(client))
        client->retries++;
}

static void explain_silence(const struct client *client, struct client_actions *actions)
{
    if (client->bad == VERDICT_NAK || client->bad == VERDICT_KEY || client->bad == VERDICT_PROOF)
        fault(actions, GN_REASON_BAD_REPLY,
              "the server does not know our key %u, or it differs (%s)",
              (unsigned)client->config.key_id, verdict_name(client->bad));
    else if (client->bad != VERDICT_OK)
        fault(actions, GN_REASON_BAD_REPLY, "what arrives is refused (%s): %s",
              verdict_name(client->bad), verdict_text(client->bad));
    else if (client->unanswered >= SILENCE && client->config.authenticator != NULL)
        fault(actions, GN_REASON_NO_REPLY,
              "%u requests in a row without a reply: a wrong address, a firewall on the way, or it "
              "does not know our key %u, or another one under that id",
              client->unanswered, (unsigned)client->config.key_id);
    else if (client->unanswered >= SILENCE)
        fault(actions, GN_REASON_NO_REPLY,
              "%u requests in a row without a reply: a wrong address, or a firewall "
              "on the way",
              client->unanswered);
}

static void time_out(struct client *client, const struct client_event *event,
                     struct client_actions *actions)
{
    client->unanswered++;
    count_retry(client);
    explain_silence(client, actions);
    actions->give_up = client->unanswered % CLIENT_UNREACHABLE == 0;
    rest(client, event, actions);
}

static void timer(struct client *client, const struct client_event *event,
                  struct client_actions *actions)
{
    if (client->phase == CLIENT_STOPPED)
        return;
    if (client->phase == CLIENT_IDLE && client->presend_due) {
        wake_path(client, event, actions);
        return;
    }
    if (client->phase == CLIENT_WAITING) {
        time_out(client, event, actions);
        if (actions->delay_ns > 0 || actions->give_up)
            return;
    }
    poll_server(client, event, actions);
}

static void send_failed(struct client *client, const struct client_event *event,
                        struct client_actions *actions)
{
    if (client->phase != CLIENT_WAITING)
        return;
    client->failures++;
    fault(actions, GN_REASON_SEND_FAILED, "cannot send: %s", strerror(-event->error));
    actions->give_up = true;
    rest(client, event, actions);
}

static void network_error(struct client *client, const struct client_event *event,
                          struct client_actions *actions)
{
    if (client->phase != CLIENT_WAITING)
        return;
    client->unanswered++;
    client->refusals++;
    count_retry(client);
    if (event->error == -ECONNREFUSED)
        fault(actions, GN_REASON_REFUSED, "the host answers that nobody listens on that port");
    else
        fault(actions, GN_REASON_SEND_FAILED, "the network answers: %s", strerror(-event->error));
    actions->give_up = client->refusals >= (client->reached ? SILENCE : 1);
    rest(client, event, actions);
}

/* ---------------------------------------------------------------- replies */

static void take_sample(struct client *client, const struct client_event *event)
{
    bool was_unreachable = client->unanswered >= CLIENT_UNREACHABLE;
    unsigned more = pace_burst_size(event) - 1;
    client->reached = true;
    client->unanswered = 0;
    client->refusals = 0;
    client->retries = 0;
    if (client->burst_good > 0)
        client->burst_good--;
    if (client->in_burst || client->rate_log2s != 0)
        return;
    if (was_unreachable && client->config.iburst)
        pace_begin_burst(client, CLIENT_BURST_GOOD - 1, CLIENT_BURST_REQUESTS - 1);
    else if (client->config.burst)
        pace_begin_burst(client, more, more);
}

/* log2 of an interval, rounded up. */
static int8_t ceil_log2s(int64_t ns)
{
    int8_t log2s = 0;
    while (log2s < CLIENT_RATE_MAX && gn_poll_ns(log2s) < ns)
        log2s++;
    return log2s;
}

/* RATE: at once half as often, or as rarely as the server's poll field says; and so on with each
 * further one. It is never taken back while we stay with this server. Spec: RFC 5905 §7.4. */
static void slow_down(struct client *client, const struct client_event *event,
                      const struct wire_header *header)
{
    pace_end_burst(client);
    int64_t now_ns = pace_interval_ns(event->poll_s);
    int64_t min_ns = pace_interval_ns(event->min_poll_s);
    if (now_ns < min_ns) /* a quick series is not what we would do from here on */
        now_ns = min_ns;
    if (client->rate_log2s != 0 && now_ns < gn_poll_ns(client->rate_log2s))
        now_ns = gn_poll_ns(client->rate_log2s);
    int rate = ceil_log2s(now_ns) + 1;
    if (header->poll > rate && header->poll <= 10) /* more than that is not believed */
        rate = header->poll;
    client->rate_log2s = (int8_t)(rate < CLIENT_RATE_MAX ? rate : CLIENT_RATE_MAX);
}

static void obey_kiss(struct client *client, const struct client_event *event,
                      const struct wire_header *header, struct client_actions *actions)
{
    char code[16];
    wire_refid_text(0, header->refid, code);
    if (wire_kiss(header) == WIRE_KISS_RATE) {
        slow_down(client, event, header);
        actions->slow = true;
        actions->rate_log2s = client->rate_log2s;
        fault(actions, GN_REASON_RATE,
              "the server asks to be asked less often (RATE): every %lld s from now on",
              (long long)(gn_poll_ns(client->rate_log2s) / GN_NS_PER_S));
        return;
    }
    pace_end_burst(client);
    client->denied_ns = CLIENT_DENIED_NS;
    actions->give_up = true;
    fault(actions, GN_REASON_KISS, "the server refuses us (%s): next request in %lld h", code,
          (long long)(CLIENT_DENIED_NS / GN_NS_PER_S / 3600));
}

/* Each is counted; the first, second, fourth, eighth … is logged as well. */
static void explain_delay(const struct client *client, enum verdict verdict, const char *words,
                          struct client_actions *actions)
{
    uint64_t count = client->counters.verdicts[verdict];
    fault(actions, GN_REASON_DELAY, "%s (%s, %llu so far)", words, verdict_name(verdict),
          (unsigned long long)count);
    actions->log = (count & (count - 1)) == 0;
}

static void explain_bad(enum verdict verdict, const struct wire_header *header,
                        struct client_actions *actions)
{
    char code[16];
    if (verdict == VERDICT_UNSYNCHRONISED || verdict == VERDICT_STRATUM)
        fault(actions, GN_REASON_UNSYNCHRONISED,
              "the server says that it is not synchronised (leap %u, stratum %u%s%s)", header->leap,
              header->stratum, wire_kiss(header) != WIRE_KISS_NONE ? ", kiss code " : "",
              wire_kiss(header) != WIRE_KISS_NONE ? wire_refid_text(0, header->refid, code) : "");
    else if (verdict == VERDICT_LOOP)
        fault(actions, GN_REASON_LOOP, "the server (stratum %u) takes its time from us",
              header->stratum);
    else
        fault(actions, GN_REASON_BAD_REPLY, "its reply is refused (%s): %s", verdict_name(verdict),
              verdict_text(verdict));
}

/* A sample is there, or one exchange more of it. The first reply that is interleaved tells of an
 * exchange whose sample was taken: no sample. */
static void good_reply(struct client *client, const struct client_event *event,
                       struct client_actions *actions)
{
    bool gathers = client->config.filter > 1 && client->reached && !client->in_burst;
    client->counters.interleaved += client->exchange.interleaved;
    if (actions->sample.size == 0) {
        client->unanswered = 0;
        client->refusals = 0;
        rest(client, event, actions);
        return;
    }
    take_sample(client, event);
    actions->submit =
        !gathers || gather_add(&client->gather, client->config.filter, &actions->sample);
    if (actions->submit) /* CLIENT_TAKEN goes on when it is known what it taught */
        finish(client, actions);
    else
        rest(client, event, actions);
}

static void receive(struct client *client, const struct client_event *event,
                    struct client_actions *actions)
{
    struct wire_header header;
    char words[128];
    bool is_waiting = client->phase == CLIENT_WAITING;
    enum verdict verdict =
        exchange_receive(&client->exchange, &event->reply, &header, &actions->sample);
    if (verdict == VERDICT_OK && is_waiting)
        verdict = gate_judge(&client->gate, actions->sample.delay_s, actions->sample.dispersion_s,
                             words, sizeof(words));
    client->counters.received++;
    client->counters.verdicts[verdict]++;
    if (!is_waiting && !(verdict == VERDICT_KISS && client->phase == CLIENT_WAKING))
        return;
    if (!exchange_was_answer(verdict)) { /* anybody can send this: keep waiting for the server */
        client->bad = verdict;
        return;
    }
    client->failures = 0;
    if (verdict == VERDICT_OK) {
        good_reply(client, event, actions);
        return;
    }
    client->unanswered = 0;
    client->refusals = 0;
    count_retry(client);
    if (verdict == VERDICT_KISS)
        obey_kiss(client, event, &header, actions);
    else if (verdict > VERDICT_LOOP)
        explain_delay(client, verdict, words, actions);
    else
        explain_bad(verdict, &header, actions);
    rest(client, event, actions);
}

static void sent(struct client *client, const struct client_event *event,
                 struct client_actions *actions)
{
    if (event->tag != client->tag || client->phase == CLIENT_STOPPED)
        return;
    bool was_awaited = interleave_awaits_stamp(&client->exchange.interleave);
    client->failures = 0;
    exchange_sent(&client->exchange, event->when, event->stamp);
    actions->close = was_awaited && !interleave_awaits_stamp(&client->exchange.interleave);
}

void client_step(struct client *client, const struct client_event *event,
                 struct client_actions *actions)
{
    memset(actions, 0, sizeof(*actions));
    switch (event->kind) {
    case CLIENT_START:
        client->rate_log2s = 0;
        client->denied_ns = 0;
        start(client, event, actions);
        break;
    case CLIENT_BURST:
        burst_now(client, event, actions);
        break;
    case CLIENT_WAKE:
        wake(client, event, actions);
        break;
    case CLIENT_TIMER:
        timer(client, event, actions);
        break;
    case CLIENT_SENT:
        sent(client, event, actions);
        break;
    case CLIENT_SEND_FAILED:
        send_failed(client, event, actions);
        break;
    case CLIENT_RECEIVE:
        receive(client, event, actions);
        break;
    case CLIENT_TAKEN:
        if (client->phase == CLIENT_IDLE)
            rest(client, event, actions);
        break;
    case CLIENT_NETWORK_ERROR:
        network_error(client, event, actions);
        break;
    case CLIENT_STOP:
        finish(client, actions);
        actions->close = true; /* no stamp is waited for */
        client->phase = CLIENT_STOPPED;
        break;
    case CLIENT_RESUME:
        resume(client, event, actions);
        break;
    }
}
