/* SPDX-License-Identifier: Apache-2.0 */
#include "broadcast_ear.h"

#include "address.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

void ear_init(struct ear *ear, struct gn_host *host, const struct upstream_config *config,
              struct authenticator *authenticator, const struct route *route, uint64_t *verdicts,
              unsigned number)
{
    *ear = (struct ear){
        .host = host,
        .config = config,
        .authenticator = authenticator,
        .route = route,
        .verdicts = verdicts,
        .number = number,
    };
}

/* Until the next miss. */
static void arm(struct ear *ear, gn_local now)
{
    int64_t delay_ns = broadcast_client_patience_ns(&ear->client);
    if (ear->client.missed == 0)
        delay_ns -= gn_local_sub(now, ear->client.heard);
    gn_timer_start(ear->host, ear->timer, delay_ns > 0 ? delay_ns : 0);
}

static void submit(struct ear *ear, const struct gn_sample *sample)
{
    gn_source_poll(ear->host, ear->member.source);
    gn_source_submit(ear->host, ear->member.source, sample);
}

/* What others can send, too, is told only where nothing good comes. */
static void explain_silence(struct ear *ear, unsigned missed)
{
    char text[160];
    enum gn_reason reason = GN_REASON_NO_REPLY;
    if (ear->bad == BROADCAST_OK)
        snprintf(text, sizeof(text), "%u broadcasts in a row are missing", missed);
    else
        snprintf(text, sizeof(text), "what arrives is refused (%s): %s",
                 broadcast_verdict_name(ear->bad), broadcast_verdict_text(ear->bad));
    if (ear->bad != BROADCAST_OK)
        reason =
            ear->bad == BROADCAST_UNSYNCHRONISED ? GN_REASON_UNSYNCHRONISED : GN_REASON_BAD_REPLY;
    gn_source_fault(ear->host, ear->member.source, reason, text);
}

void ear_forget(struct ear *ear, const char *why)
{
    char text[ADDRESS_TEXT_SIZE];
    gn_log(ear->host, GN_INFO, "%s %s", address_text(&ear->address, text), why);
    gn_timer_close(ear->host, ear->timer);
    member_close(&ear->member);
    ear_init(ear, ear->host, ear->config, ear->authenticator, ear->route, ear->verdicts,
             ear->number);
    if (ear->number == 1)
        ear_wait(ear);
}

/* The way is known, or must be guessed. */
static void end_volley(struct ear *ear, gn_local now)
{
    struct gn_sample sample;
    bool ready;
    bool is_loop = ear->member.client.counters.verdicts[VERDICT_LOOP] > 0;
    char text[ADDRESS_TEXT_SIZE];
    char why[120];
    enum broadcast_verdict verdict =
        broadcast_client_listen(&ear->client, ear->config->delay, &ready, &sample);
    member_rest(&ear->member);
    if (is_loop)
        verdict = BROADCAST_LOOP;
    if (verdict != BROADCAST_OK) {
        ear->verdicts[BROADCAST_OK]--;
        ear->verdicts[verdict]++;
        snprintf(why, sizeof(why), "is not listened to: %s", broadcast_verdict_text(verdict));
        ear_forget(ear, why);
        return;
    }
    gn_log(ear->host, GN_INFO, "listening to %s, a packet takes %.6f s (%s)",
           address_text(&ear->address, text), ear->client.one_way_s,
           ear->client.measured ? "measured" : "as configured: it does not answer");
    if (ready)
        submit(ear, &sample);
    arm(ear, now);
}

static void miss(struct ear *ear, gn_local now)
{
    unsigned missed = broadcast_client_miss(&ear->client);
    gn_source_poll(ear->host, ear->member.source);
    if (missed >= BROADCAST_SILENT) {
        ear_forget(ear, "has fallen silent");
        return;
    }
    if (missed >= BROADCAST_MISSED)
        explain_silence(ear, missed);
    arm(ear, now);
}

static void on_timer(void *arg, gn_local now)
{
    struct ear *ear = arg;
    if (ear->client.phase == BROADCAST_ASKING)
        end_volley(ear, now);
    else
        miss(ear, now);
}

/* From within the member: the rest waits for the timer. */
static void on_exchange(void *arg, struct member *member, const struct gn_sample *sample)
{
    struct ear *ear = arg;
    (void)member;
    if (broadcast_client_measure(&ear->client, sample))
        gn_timer_start(ear->host, ear->timer, 0);
}

/* It does not answer: its packets may do. */
static void on_give_up(void *arg, struct member *member)
{
    (void)arg;
    (void)member;
}

static int open_ear(struct ear *ear, const char *name)
{
    struct client_config config = {
        .version = (uint8_t)ear->config->version,
        .iburst = true,
        .authenticator = ear->authenticator,
        .key_id = (uint32_t)ear->config->key,
    };
    char suffix[24];
    snprintf(suffix, sizeof(suffix), "#%u", ear->number);
    ear->member.route = ear->route;
    ear->member.take = on_exchange;
    ear->member.give_up = on_give_up;
    ear->member.arg = ear;
    int error = gn_timer_open(ear->host, on_timer, ear, &ear->timer);
    if (error == 0)
        error = member_open(&ear->member, ear->host, &config, name, suffix);
    if (error != 0) {
        gn_source_close(ear->host, ear->member.source);
        gn_timer_close(ear->host, ear->timer);
        ear->member.source = NULL;
        ear->timer = NULL;
    }
    return error;
}

void ear_wait(struct ear *ear)
{
    int error = open_ear(ear, ear->config->broadcast);
    if (error != 0)
        gn_log(ear->host, GN_ERROR, "cannot open a source: %s", strerror(-error));
    else
        gn_source_fault(ear->host, ear->member.source, GN_REASON_NO_REPLY,
                        "no server is heard there yet");
}

/* ---------------------------------------------------------------- packets */

int ear_begin(struct ear *ear, const struct gn_address *address)
{
    char text[ADDRESS_TEXT_SIZE];
    int error = ear->member.source == NULL ? open_ear(ear, address_text(address, text)) : 0;
    if (error != 0)
        return error;
    ear->used = true;
    ear->address = *address;
    broadcast_client_init(&ear->client);
    if (ear->config->volley)
        member_place(&ear->member, address, 0);
    else
        gn_source_address(ear->host, ear->member.source, address_text(address, text),
                          address_refid(address));
    gn_timer_start(ear->host, ear->timer, ear->config->volley ? BROADCAST_VOLLEY_NS : 0);
    return 0;
}

enum broadcast_verdict ear_hear(struct ear *ear, const struct gn_packet *packet,
                                const struct wire_header *header)
{
    struct gn_sample sample;
    bool ready;
    struct exchange_reply clock = {.t4 = packet->when};
    member_read_clock(ear->host, &clock);
    struct broadcast_packet heard = {
        .when = packet->when,
        .stamp = packet->stamp,
        .pivot = clock.pivot,
        .precision_log2s = clock.precision_log2s,
    };
    enum broadcast_verdict verdict =
        broadcast_client_hear(&ear->client, &heard, header, &ready, &sample);
    if (!ready)
        return verdict;
    submit(ear, &sample);
    arm(ear, packet->when);
    return verdict;
}
