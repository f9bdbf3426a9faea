/* SPDX-License-Identifier: Apache-2.0 */
#include "symmetric.h"

#include "client.h"
#include "pace.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Nothing is said of a peer before so many packets went unanswered: single ones get lost. */
#define SILENCE 3
/* Who has the better time waits for the other by so much of the interval. As chrony does. */
#define WAIT_SHARE 10
#define POLL_MIN (-4)
#define POLL_MAX 17

void symmetric_init(struct symmetric *symmetric, const struct symmetric_config *config)
{
    memset(symmetric, 0, sizeof(*symmetric));
    symmetric->config = *config;
    dialogue_init(&symmetric->dialogue, config->version, config->authenticator);
}

/* ---------------------------------------------------------------- words */

__attribute__((format(printf, 3, 4))) static void
fault(struct symmetric_actions *actions, enum gn_reason reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(actions->text, sizeof(actions->text), format, args);
    va_end(args);
    actions->fault = true;
    actions->reason = reason;
}

static void explain_silence(const struct symmetric *symmetric, struct symmetric_actions *actions)
{
    if (symmetric->unanswered < SILENCE)
        return;
    if (symmetric->bad == VERDICT_GREETING || symmetric->bad == VERDICT_ORIGIN)
        fault(actions, GN_REASON_NO_REPLY,
              "packets of the peer come, but none of them answers one of ours: it does not hear "
              "us, or they are forged");
    else if (symmetric->bad != VERDICT_OK)
        fault(actions, GN_REASON_BAD_REPLY, "what arrives is refused (%s): %s",
              verdict_name(symmetric->bad), verdict_text(symmetric->bad));
    else
        fault(actions, GN_REASON_NO_REPLY,
              "%u packets in a row without an answer: a wrong address, a firewall on the way, or "
              "the peer does not know us",
              symmetric->unanswered);
}

static void explain_bad(enum verdict verdict, const struct wire_header *header,
                        struct symmetric_actions *actions)
{
    if (verdict == VERDICT_UNSYNCHRONISED || verdict == VERDICT_STRATUM)
        fault(actions, GN_REASON_UNSYNCHRONISED, "the peer is not synchronised (stratum %u)",
              header->stratum);
    else if (verdict == VERDICT_LOOP)
        fault(actions, GN_REASON_LOOP, "the peer (stratum %u) takes its time from us",
              header->stratum);
    else
        fault(actions, GN_REASON_BAD_REPLY, "what the peer says is refused (%s): %s",
              verdict_name(verdict), verdict_text(verdict));
}

/* ---------------------------------------------------------------- intervals */

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool is_bursting(const struct symmetric *symmetric)
{
    return symmetric->burst_good > 0 && symmetric->burst_packets > 0;
}

/* log2 of an interval, rounded down: the peer shall not be slower than we want. */
static int8_t floor_log2s(double seconds)
{
    int8_t log2s = POLL_MIN;
    while (log2s < POLL_MAX && gn_poll_ns((int8_t)(log2s + 1)) <= pace_interval_ns(seconds))
        log2s++;
    return log2s;
}

static int8_t clamped_poll(int8_t log2s)
{
    return log2s < POLL_MIN ? POLL_MIN : log2s > POLL_MAX ? POLL_MAX : log2s;
}

/* The shorter of what both want, but what minpoll forbids. Spec: RFC 5905 §9.2, poll_update(). */
static int64_t agreed_ns(const struct symmetric *symmetric, const struct symmetric_event *event)
{
    int64_t own_ns = pace_interval_ns(event->poll_s);
    int64_t least_ns = pace_interval_ns(event->min_poll_s);
    int64_t wanted_ns = gn_poll_ns(clamped_poll(symmetric->dialogue.poll_log2s));
    return symmetric->dialogue.proven_tag == 0 ? own_ns
                                               : smaller(own_ns, larger(wanted_ns, least_ns));
}

static int64_t interval_ns(const struct symmetric *symmetric, const struct symmetric_event *event)
{
    int64_t wait_ns = agreed_ns(symmetric, event);
    int64_t most_ns = pace_interval_ns(event->max_poll_s);
    unsigned doublings = 0;
    if (symmetric->failures > 0)
        doublings = symmetric->failures - 1;
    else if (is_bursting(symmetric))
        return smaller(CLIENT_BURST_INTERVAL_NS, wait_ns);
    else if (symmetric->unanswered > CLIENT_UNREACHABLE)
        doublings = symmetric->unanswered - CLIENT_UNREACHABLE;
    while (doublings-- > 0 && wait_ns < most_ns)
        wait_ns = smaller(2 * wait_ns, most_ns);
    /* Up to 1/32 later: when we speak is harder to guess, and fleets drift apart. */
    return wait_ns + (int64_t)((double)wait_ns / 32 * ((double)event->chance / 4294967296.0));
}

static uint8_t own_rank(const struct symmetric_event *event)
{
    return dialogue_rank(event->state->leap, event->state->stratum);
}

/* How often the peer can be expected to speak: its minpoll may lie above what we agreed on. */
static int64_t turn_ns(const struct symmetric *symmetric, const struct symmetric_event *event)
{
    int64_t wanted_ns = gn_poll_ns(clamped_poll(symmetric->dialogue.poll_log2s));
    return larger(agreed_ns(symmetric, event), smaller(symmetric->pause_ns, wanted_ns));
}

static bool waits_for_peer(const struct symmetric *symmetric, const struct symmetric_event *event)
{
    return symmetric->dialogue.proven_tag != 0 && symmetric->unanswered == 0 &&
           symmetric->dialogue.stratum > own_rank(event);
}

static void arm(const struct symmetric *symmetric, const struct symmetric_event *event,
                struct symmetric_actions *actions)
{
    int64_t wait_ns = interval_ns(symmetric, event);
    if (waits_for_peer(symmetric, event))
        wait_ns += wait_ns / WAIT_SHARE;
    wait_ns -= gn_local_sub(event->now, symmetric->spoken);
    actions->arm = true;
    actions->delay_ns = wait_ns > 0 ? wait_ns : 0;
}

/* ---------------------------------------------------------------- speaking */

/* Whether something that happened then should have happened again, by how often the peer speaks. */
static bool is_over(const struct symmetric *symmetric, const struct symmetric_event *event,
                    gn_local then)
{
    int64_t least_ns = turn_ns(symmetric, event);
    if (is_bursting(symmetric))
        least_ns = smaller(least_ns, CLIENT_BURST_INTERVAL_NS);
    return gn_local_sub(event->now, then) >= least_ns - least_ns / 8;
}

static void speak(struct symmetric *symmetric, const struct symmetric_event *event,
                  struct symmetric_actions *actions)
{
    struct dialogue_self self = {
        .state = event->state,
        .poll_log2s = floor_log2s(event->poll_s),
        .random = event->random,
        .now = event->now,
    };
    dialogue_write(&symmetric->dialogue, &self, &actions->packet);
    if (symmetric->burst_packets > 0)
        symmetric->burst_packets--;
    symmetric->spoken = event->now;
    symmetric->counters.sent++;
    actions->send = true;
    actions->poll = symmetric->dialogue.tag == 1 || is_over(symmetric, event, symmetric->polled);
    if (actions->poll)
        symmetric->polled = event->now;
    actions->tag = symmetric->dialogue.tag;
    arm(symmetric, event, actions);
}

static void begin_burst(struct symmetric *symmetric)
{
    symmetric->burst_good = CLIENT_BURST_GOOD;
    symmetric->burst_packets = CLIENT_BURST_REQUESTS;
}

static void start(struct symmetric *symmetric, const struct symmetric_event *event,
                  struct symmetric_actions *actions)
{
    struct symmetric_counters counters = symmetric->counters;
    struct symmetric_config config = symmetric->config;
    symmetric_init(symmetric, &config);
    symmetric->counters = counters;
    symmetric->running = true;
    symmetric->spoken = symmetric->heard = event->now;
    if (config.iburst)
        begin_burst(symmetric);
    actions->arm = true;
    actions->delay_ns = event->delay_ns > 0 ? event->delay_ns : 0;
}

static void burst_now(struct symmetric *symmetric, const struct symmetric_event *event,
                      struct symmetric_actions *actions)
{
    if (!symmetric->running)
        return;
    begin_burst(symmetric);
    arm(symmetric, event, actions);
}

static void timer(struct symmetric *symmetric, const struct symmetric_event *event,
                  struct symmetric_actions *actions)
{
    if (!symmetric->running)
        return;
    if (symmetric->dialogue.tag > 0 && symmetric->failures == 0 &&
        is_over(symmetric, event, symmetric->heard)) {
        symmetric->unanswered++;
        explain_silence(symmetric, actions);
        actions->give_up = symmetric->unanswered % CLIENT_UNREACHABLE == 0;
    }
    speak(symmetric, event, actions);
}

static void sent(struct symmetric *symmetric, const struct symmetric_event *event)
{
    symmetric->failures = 0;
    dialogue_stamp(&symmetric->dialogue, event->tag, event->when, event->stamp);
}

static void send_failed(struct symmetric *symmetric, const struct symmetric_event *event,
                        struct symmetric_actions *actions)
{
    symmetric->failures++;
    fault(actions, GN_REASON_SEND_FAILED, "cannot send: %s", strerror(-event->error));
    actions->give_up = symmetric->failures % SILENCE == 0;
    arm(symmetric, event, actions);
}

/* ---------------------------------------------------------------- hearing */

static bool is_guest(enum verdict verdict)
{
    return verdict == VERDICT_GREETING || verdict == VERDICT_ORIGIN;
}

/* Of late it has shown that it hears us: there is no need to answer strangers in between. */
static bool is_talking(const struct symmetric *symmetric, const struct symmetric_event *event)
{
    return symmetric->dialogue.proven_tag != 0 &&
           gn_local_sub(event->now, symmetric->heard) < 2 * turn_ns(symmetric, event);
}

/* How long after our last packet this one is answered; < 0: when our turn comes. */
static int64_t answer_gap_ns(const struct symmetric *symmetric, const struct symmetric_event *event,
                             enum verdict verdict)
{
    int64_t half_ns = agreed_ns(symmetric, event) / 2;
    if (symmetric->failures > 0 || (is_guest(verdict) && is_talking(symmetric, event)))
        return -1;
    if (is_guest(verdict) && symmetric->dialogue.tag == 0)
        return 0;
    if (is_guest(verdict)) /* not both at the same time */
        return smaller(half_ns, SYMMETRIC_GREETING_NS) / 8 * (4 + event->chance % 5);
    if (symmetric->dialogue.stratum <= own_rank(event))
        return -1;
    if (symmetric->dialogue.stratum < WIRE_STRATUM_UNSYNCHRONISED)
        return 2 * half_ns - half_ns / 8; /* but not more often than agreed on */
    return smaller(half_ns, SYMMETRIC_ANSWER_NS);
}

static void answer(struct symmetric *symmetric, const struct symmetric_event *event,
                   enum verdict verdict, struct symmetric_actions *actions)
{
    int64_t gap_ns = answer_gap_ns(symmetric, event, verdict);
    int64_t since_ns = gn_local_sub(event->now, symmetric->spoken);
    if (gap_ns >= 0 && since_ns >= gap_ns) {
        speak(symmetric, event, actions);
        return;
    }
    arm(symmetric, event, actions);
    if (gap_ns >= 0 && is_guest(verdict))
        actions->delay_ns = smaller(actions->delay_ns, gap_ns - since_ns);
}

/* Whether the peer has shown that it hears us. */
static bool is_proven(enum verdict verdict)
{
    return exchange_was_answer(verdict) || verdict == VERDICT_AGAIN;
}

static void take_sample(struct symmetric *symmetric, struct symmetric_actions *actions)
{
    bool was_unreachable = symmetric->unanswered >= CLIENT_UNREACHABLE;
    actions->submit = true;
    symmetric->unanswered = 0;
    if (symmetric->burst_good > 0)
        symmetric->burst_good--;
    if (was_unreachable && symmetric->config.iburst)
        begin_burst(symmetric);
}

static void receive(struct symmetric *symmetric, const struct symmetric_event *event,
                    struct symmetric_actions *actions)
{
    struct wire_header header;
    enum verdict verdict = dialogue_read(&symmetric->dialogue, &event->packet, event->state,
                                         &header, &actions->sample);
    symmetric->counters.received++;
    symmetric->counters.verdicts[verdict]++;
    if (!symmetric->running)
        return;
    if (is_proven(verdict)) {
        symmetric->pause_ns = gn_local_sub(event->now, symmetric->heard);
        symmetric->heard = event->now;
        if (verdict == VERDICT_OK)
            take_sample(symmetric, actions);
        else if (verdict != VERDICT_AGAIN)
            explain_bad(verdict, &header, actions);
        symmetric->unanswered = 0;
        symmetric->bad = VERDICT_OK;
    } else if (verdict != VERDICT_DUPLICATE && verdict != VERDICT_LATE) {
        symmetric->bad = verdict;
    }
    if (is_proven(verdict) || is_guest(verdict))
        answer(symmetric, event, verdict, actions);
}

void symmetric_step(struct symmetric *symmetric, const struct symmetric_event *event,
                    struct symmetric_actions *actions)
{
    memset(actions, 0, sizeof(*actions));
    switch (event->kind) {
    case SYMMETRIC_START:
        start(symmetric, event, actions);
        break;
    case SYMMETRIC_BURST:
        burst_now(symmetric, event, actions);
        break;
    case SYMMETRIC_TIMER:
        timer(symmetric, event, actions);
        break;
    case SYMMETRIC_SENT:
        sent(symmetric, event);
        break;
    case SYMMETRIC_SEND_FAILED:
        send_failed(symmetric, event, actions);
        break;
    case SYMMETRIC_RECEIVE:
        receive(symmetric, event, actions);
        break;
    case SYMMETRIC_TAKEN:
        if (symmetric->running)
            arm(symmetric, event, actions);
        break;
    }
}
