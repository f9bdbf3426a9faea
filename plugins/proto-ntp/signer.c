/* SPDX-License-Identifier: Apache-2.0 */
#include "signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is taken for a usual delay: Samba reads its database. */
#define DELAY_MIN_NS 10000
#define DELAY_MAX_NS 10000000
#define DELAY_SHARE 8
#define PATH_SIZE 108 /* of a Unix address */

struct waiting {
    uint16_t id;
    uint8_t key[SIGND_KEY_SIZE];
    uint8_t header[WIRE_HEADER_SIZE];
    struct gn_packet to; /* without data */
    void *arg;
};

struct signer {
    struct gn_host *host;
    signer_cb done;
    char path[PATH_SIZE];
    struct gn_stream *stream;
    struct gn_timer *timer;
    struct signd_reader reader;
    struct waiting queue[SIGNER_QUEUE]; /* the first one is being signed */
    size_t count;
    uint16_t next_id;
    gn_local asked;
    int64_t delay_ns;
    bool said; /* that Samba fails; until it does not */
    uint64_t signed_count, refused, lost;
};

static void ask_next(struct signer *signer);

/* ---------------------------------------------------------------- failures */

/* Nothing that waits is worth a second try: its instant is past. */
static void give_up(struct signer *signer, const char *why)
{
    if (!signer->said)
        gn_log(signer->host, GN_WARNING, "%s: Samba does not sign: %s (said once)", signer->path,
               why);
    signer->said = true;
    gn_stream_close(signer->host, signer->stream);
    signer->stream = NULL;
    gn_timer_stop(signer->host, signer->timer);
    signer->lost += signer->count;
    signer->count = 0;
}

static void on_timeout(void *arg, gn_local now)
{
    (void)now;
    give_up(arg, "no reply within a second");
}

static void on_closed(void *arg, int error)
{
    struct signer *signer = arg;
    if (signer->count > 0 || error != 0) {
        give_up(signer, error == 0 ? "it closed the connection" : strerror(-error));
        return;
    }
    gn_stream_close(signer->host, signer->stream); /* it was restarted, perhaps */
    signer->stream = NULL;
}

/* ---------------------------------------------------------------- replies */

static void note_delay(struct signer *signer)
{
    int64_t delay_ns = gn_local_sub(gn_now(signer->host), signer->asked);
    if (delay_ns < DELAY_MIN_NS)
        delay_ns = DELAY_MIN_NS;
    if (delay_ns > DELAY_MAX_NS)
        delay_ns = DELAY_MAX_NS;
    signer->delay_ns += (delay_ns - signer->delay_ns) / DELAY_SHARE;
}

static void finish_first(struct signer *signer)
{
    struct waiting *first = &signer->queue[0];
    const uint8_t *packet = signd_packet(&signer->reader, first->id, first->header);
    if (packet != NULL) {
        note_delay(signer);
        signer->signed_count++;
        signer->said = false;
        signer->done(first->arg, packet, &first->to);
    } else {
        signer->refused++;
    }
    signer->count--;
    memmove(&signer->queue[0], &signer->queue[1], signer->count * sizeof(signer->queue[0]));
}

static void on_received(void *arg, const void *data, size_t size)
{
    struct signer *signer = arg;
    int complete = signer->count > 0 ? signd_read(&signer->reader, data, size) : -EPROTO;
    if (complete < 0) {
        give_up(signer, "what it sends is no reply");
        return;
    }
    if (complete == 0)
        return;
    gn_timer_stop(signer->host, signer->timer);
    finish_first(signer);
    if (signer->count > 0)
        ask_next(signer);
}

/* ---------------------------------------------------------------- requests */

static int connect_to_samba(struct signer *signer)
{
    static const struct gn_stream_events events = {
        .size = sizeof(struct gn_stream_events),
        .received = on_received,
        .closed = on_closed,
    };
    if (signer->stream != NULL)
        return 0;
    int error = gn_stream_open_unix(signer->host, signer->path, &events, signer, &signer->stream);
    if (error != 0)
        signer->stream = NULL;
    return error;
}

static void ask_next(struct signer *signer)
{
    uint8_t request[SIGND_REQUEST_SIZE];
    const struct waiting *first = &signer->queue[0];
    signd_ask(first->id, first->key, first->header, request);
    memset(&signer->reader, 0, sizeof(signer->reader));
    signer->asked = gn_now(signer->host);
    int error = connect_to_samba(signer);
    if (error == 0)
        error = gn_stream_write(signer->host, signer->stream, request, sizeof(request), 0);
    if (error != 0)
        give_up(signer, strerror(-error));
    else
        gn_timer_start(signer->host, signer->timer, SIGNER_TIMEOUT_NS);
}

void signer_sign(struct signer *signer, const uint8_t key[SIGND_KEY_SIZE], const uint8_t *header,
                 const struct gn_packet *request, void *arg)
{
    if (signer->count == SIGNER_QUEUE) {
        signer->lost++;
        return;
    }
    struct waiting *last = &signer->queue[signer->count++];
    memset(last, 0, sizeof(*last));
    last->id = signer->next_id++;
    memcpy(last->key, key, SIGND_KEY_SIZE);
    memcpy(last->header, header, WIRE_HEADER_SIZE);
    last->to = *request;
    last->to.data = NULL;
    last->to.size = 0;
    last->arg = arg;
    if (signer->count == 1)
        ask_next(signer);
}

/* ---------------------------------------------------------------- life */

int signer_open(struct gn_host *host, const char *folder, signer_cb done, struct signer **result)
{
    struct signer *signer = calloc(1, sizeof(*signer));
    if (signer == NULL)
        return -ENOMEM;
    signer->host = host;
    signer->done = done;
    signer->delay_ns = DELAY_MIN_NS;
    int length = snprintf(signer->path, sizeof(signer->path), "%s/socket", folder);
    int error = length < 0 || (size_t)length >= sizeof(signer->path) ? -ENAMETOOLONG : 0;
    if (error == 0)
        error = gn_timer_open(host, on_timeout, signer, &signer->timer);
    if (error != 0) {
        free(signer);
        return error;
    }
    *result = signer;
    return 0;
}

/* Stream and timer are the host's to close by now. */
void signer_close(struct signer *signer)
{
    free(signer);
}

int64_t signer_delay_ns(const struct signer *signer)
{
    return signer->delay_ns;
}

void signer_report(const struct signer *signer)
{
    gn_log(signer->host, GN_DEBUG, "replies signed by Samba: %llu; refused by it: %llu; lost: %llu",
           (unsigned long long)signer->signed_count, (unsigned long long)signer->refused,
           (unsigned long long)signer->lost);
}
