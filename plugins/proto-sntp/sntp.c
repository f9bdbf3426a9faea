/* SPDX-License-Identifier: Apache-2.0 */
#include "sntp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What others send: says nothing about the clock. */
#define REQUEST_PRECISION 0x20
#define NTP_VERSION 4

void sntp_init(struct sntp *sntp, int64_t poll_ns)
{
    memset(sntp, 0, sizeof(*sntp));
    sntp->poll_ns = poll_ns;
}

int64_t sntp_spread(int64_t interval_ns, uint32_t chance)
{
    return interval_ns * 3 / 4 + (int64_t)((double)chance / 4294967296.0 * (double)interval_ns / 2);
}

__attribute__((format(printf, 3, 4))) static void
fault(struct sntp_actions *actions, enum gn_reason reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(actions->text, sizeof(actions->text), format, args);
    va_end(args);
    actions->fault = true;
    actions->reason = reason;
}

/* ---------------------------------------------------------------- asking */

/* The first request waits for the timer's event, which brings its random number. */
static void start(struct sntp *sntp, struct sntp_actions *actions)
{
    sntp_init(sntp, sntp->poll_ns);
    sntp->interval_ns = sntp->poll_ns < SNTP_FIRST_NS ? sntp->poll_ns : SNTP_FIRST_NS;
    sntp->phase = SNTP_IDLE;
    actions->close = true;
    actions->arm = true;
}

/* The interval is spread; the first requests come closer together, to learn the frequency. */
static void rest(struct sntp *sntp, const struct sntp_event *event, struct sntp_actions *actions)
{
    sntp->phase = SNTP_IDLE;
    sntp->nonce.raw = 0;
    actions->close = true;
    actions->arm = true;
    actions->delay_ns = sntp_spread(sntp->interval_ns, event->chance);
    sntp->interval_ns *= 2;
    if (sntp->interval_ns > sntp->poll_ns)
        sntp->interval_ns = sntp->poll_ns;
    if (sntp->interval_ns < sntp->least_ns)
        sntp->interval_ns = sntp->least_ns;
}

static void ask(struct sntp *sntp, const struct sntp_event *event, struct sntp_actions *actions)
{
    sntp->phase = SNTP_WAITING;
    sntp->nonce.raw = event->random != 0 ? event->random : 1;
    sntp->t1 = event->now;
    sntp->bad = VERDICT_OK;
    struct wire_header header = {
        .version = NTP_VERSION,
        .mode = WIRE_MODE_CLIENT,
        .precision = REQUEST_PRECISION,
        .transmit = sntp->nonce,
    };
    wire_pack(&header, actions->request);
    actions->close = true;
    actions->send = true;
    actions->arm = true;
    actions->delay_ns = SNTP_PATIENCE_NS;
}

static void stop(struct sntp *sntp, struct sntp_actions *actions)
{
    sntp->phase = SNTP_STOPPED;
    sntp->nonce.raw = 0;
    actions->close = true;
}

/* ---------------------------------------------------------------- no sample */

/* This request gave nothing: again after the interval, or the next server. */
static void give_nothing(struct sntp *sntp, const struct sntp_event *event,
                         struct sntp_actions *actions)
{
    sntp->lost++;
    rest(sntp, event, actions);
    if (sntp->lost < (sntp->reached ? SNTP_LOST : SNTP_LOST_FIRST))
        return;
    actions->next = true;
    sntp->lost = 0;
}

/* Nobody who is there would answer otherwise a moment later. */
static void give_up(struct sntp *sntp, const struct sntp_event *event, struct sntp_actions *actions)
{
    sntp->lost = SNTP_LOST;
    give_nothing(sntp, event, actions);
}

static void time_out(struct sntp *sntp, const struct sntp_event *event,
                     struct sntp_actions *actions)
{
    if (sntp->bad != VERDICT_OK)
        fault(actions, GN_REASON_BAD_REPLY, "what arrives is refused (%s): %s",
              verdict_name(sntp->bad), verdict_text(sntp->bad));
    else
        fault(actions, GN_REASON_NO_REPLY,
              "no reply within %d s: a wrong address, or a firewall on the way",
              (int)(SNTP_PATIENCE_NS / GN_NS_PER_S));
    give_nothing(sntp, event, actions);
}

static void fail(struct sntp *sntp, const struct sntp_event *event, struct sntp_actions *actions)
{
    if (sntp->phase != SNTP_WAITING)
        return;
    if (event->error == -ECONNREFUSED)
        fault(actions, GN_REASON_REFUSED, "the host answers that nobody listens on that port");
    else
        fault(actions, GN_REASON_SEND_FAILED, "cannot send: %s", strerror(-event->error));
    give_nothing(sntp, event, actions);
}

/* ---------------------------------------------------------------- replies */

/* Half as often, for as long as it is asked; where it gives nothing else, another may. Spec: RFC
 * 5905 §7.4. */
static void slow_down(struct sntp *sntp, const struct sntp_event *event,
                      struct sntp_actions *actions)
{
    int64_t slower_ns = 2 * (sntp->least_ns > 0 ? sntp->least_ns : sntp->interval_ns);
    sntp->least_ns = slower_ns < SNTP_DENIED_NS ? slower_ns : SNTP_DENIED_NS;
    sntp->interval_ns = sntp->least_ns;
    actions->slow = true;
    actions->slow_ns = sntp->least_ns;
    fault(actions, GN_REASON_RATE,
          "the server asks to be asked less often (RATE): every %lld s from now on",
          (long long)(sntp->least_ns / GN_NS_PER_S));
    give_nothing(sntp, event, actions);
    actions->denied_ns = actions->next ? sntp->least_ns : 0;
}

static void obey_kiss(struct sntp *sntp, const struct sntp_event *event,
                      const struct wire_header *header, struct sntp_actions *actions)
{
    char code[16];
    if (wire_kiss(header) == WIRE_KISS_RATE) {
        slow_down(sntp, event, actions);
        return;
    }
    fault(actions, GN_REASON_KISS, "the server refuses us (%s): next request in %lld h",
          wire_refid_text(0, header->refid, code),
          (long long)(SNTP_DENIED_NS / GN_NS_PER_S / 3600));
    actions->denied_ns = SNTP_DENIED_NS;
    give_up(sntp, event, actions);
}

static void refuse(struct sntp *sntp, const struct sntp_event *event, enum verdict verdict,
                   const struct wire_header *header, struct sntp_actions *actions)
{
    if (verdict == VERDICT_KISS) {
        obey_kiss(sntp, event, header, actions);
        return;
    }
    if (verdict == VERDICT_UNSYNCHRONISED || verdict == VERDICT_STRATUM)
        fault(actions, GN_REASON_UNSYNCHRONISED,
              "the server says that it is not synchronised (leap %u, stratum %u)", header->leap,
              header->stratum);
    else if (verdict == VERDICT_LOOP)
        fault(actions, GN_REASON_LOOP, "the server (stratum %u) takes its time from us",
              header->stratum);
    else
        fault(actions, GN_REASON_BAD_REPLY, "its reply is refused (%s): %s", verdict_name(verdict),
              verdict_text(verdict));
    give_nothing(sntp, event, actions);
}

static enum verdict judge(const struct sntp *sntp, const struct sntp_event *event,
                          struct wire_header *header)
{
    enum verdict verdict = verdict_packet(event->data, event->size, header);
    if (verdict == VERDICT_OK && header->origin.raw != sntp->nonce.raw)
        verdict = VERDICT_ORIGIN;
    return verdict;
}

static enum verdict measure(const struct sntp *sntp, const struct sntp_event *event,
                            const struct wire_header *header, struct gn_sample *sample)
{
    struct measurement measurement = {
        .t1_user = sntp->t1,
        .t1 = sntp->t1,
        .t1_stamp = GN_STAMP_USER,
        .t2 = header->receive,
        .t4 = event->t4,
        .t4_stamp = event->stamp,
        .local = event->local,
        .pivot = event->pivot,
        .precision_log2s = event->precision_log2s,
    };
    enum verdict verdict = verdict_server(header);
    if (verdict == VERDICT_OK)
        verdict = measurement_sample(&measurement, header, sample);
    if (verdict == VERDICT_OK && measurement_is_loop(&event->local, header))
        verdict = VERDICT_LOOP;
    return verdict;
}

/* SNTP_TAKEN goes on when it is known what it taught. */
static void take(struct sntp *sntp, struct sntp_actions *actions)
{
    sntp->reached = true;
    sntp->lost = 0;
    sntp->nonce.raw = 0;
    sntp->phase = SNTP_IDLE;
    actions->close = true;
    actions->submit = true;
}

static void receive(struct sntp *sntp, const struct sntp_event *event, struct sntp_actions *actions)
{
    struct wire_header header;
    if (sntp->phase != SNTP_WAITING)
        return;
    enum verdict verdict = judge(sntp, event, &header);
    if (verdict != VERDICT_OK) { /* anybody can send this: keep waiting for the server */
        sntp->bad = verdict;
        return;
    }
    verdict = measure(sntp, event, &header, &actions->sample);
    if (verdict != VERDICT_OK) {
        refuse(sntp, event, verdict, &header, actions);
    } else if (gn_utc_sub(actions->sample.utc, event->floor) < 0) {
        fault(actions, GN_REASON_BAD_REPLY,
              "the server is in the past: %lld days before it is known to be",
              (long long)(gn_utc_sub(event->floor, actions->sample.utc) / GN_NS_PER_S / 86400));
        give_nothing(sntp, event, actions);
    } else {
        take(sntp, actions);
    }
}

/* The next request: as the interval is, or sooner where the core wants it. */
static void go_on(struct sntp *sntp, const struct sntp_event *event, struct sntp_actions *actions)
{
    bool may = sntp->least_ns == 0;
    if (may && event->surprised && sntp->interval_ns > SNTP_FIRST_NS)
        sntp->interval_ns = SNTP_FIRST_NS;
    if (may && event->hurry_ns > 0 && event->hurry_ns < sntp->interval_ns &&
        ++sntp->hurried < SNTP_HURRIED)
        sntp->interval_ns = event->hurry_ns;
    rest(sntp, event, actions);
}

void sntp_step(struct sntp *sntp, const struct sntp_event *event, struct sntp_actions *actions)
{
    memset(actions, 0, sizeof(*actions));
    switch (event->kind) {
    case SNTP_START:
        start(sntp, actions);
        break;
    case SNTP_STOP:
        stop(sntp, actions);
        break;
    case SNTP_TIMER:
        if (sntp->phase == SNTP_WAITING)
            time_out(sntp, event, actions);
        else if (sntp->phase == SNTP_IDLE)
            ask(sntp, event, actions);
        break;
    case SNTP_TAKEN:
        go_on(sntp, event, actions);
        break;
    case SNTP_SENT:
        sntp->t1 = event->when;
        break;
    case SNTP_FAILED:
        fail(sntp, event, actions);
        break;
    case SNTP_RECEIVE:
        receive(sntp, event, actions);
        break;
    }
}
