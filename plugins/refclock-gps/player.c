/* SPDX-License-Identifier: Apache-2.0 */
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between two recordings of a file there may have been days. */
#define PAUSE_NS GN_NS_PER_S

/* A file of records that are due together must not stop the clock. */
#define AT_ONCE 256

static void end(struct player *player, int error, const char *words)
{
    gn_device_close(player->host, player->file);
    player->file = NULL;
    player->has = false;
    player->events->ended(player->arg, error, words);
}

/* ---------------------------------------------------------------- reading */

/* Returns 1 and player->next, 0 at the end, or a negative errno. */
static int read_next(struct player *player)
{
    while (!rawlog_read(&player->log, &player->rest, &player->rest_size, &player->next)) {
        int64_t n = gn_device_read(player->host, player->file, player->piece, sizeof player->piece);
        if (n <= 0)
            return (int)n;
        player->rest = player->piece;
        player->rest_size = (size_t)n;
    }
    return 1;
}

static void tell_end(struct player *player, int error)
{
    char words[256];
    if (error < 0)
        snprintf(words, sizeof words, "replay: cannot read %s: %s", player->path, strerror(-error));
    else if (!player->log.begun)
        snprintf(words, sizeof words, "replay: %s is no recording of `log`", player->path);
    else if (player->log.skipped > 0)
        snprintf(words, sizeof words,
                 "replay: %s has been played to its end; %llu lines could not be read",
                 player->path, (unsigned long long)player->log.skipped);
    else
        snprintf(words, sizeof words, "replay: %s has been played to its end", player->path);
    end(player, error < 0 ? error : player->log.begun ? 0 : -EBADMSG, words);
}

/* ---------------------------------------------------------------- playing */

/* Instants of a file that is not what it should be must not run backwards. */
static gn_local due(const struct player *player)
{
    gn_local at = gn_local_add(player->begin, player->next.at_ns);
    bool beginning = player->next.kind == RAWLOG_BEGIN;
    return beginning || gn_local_sub(at, player->last) < 0 ? player->last : at;
}

static void play(struct player *player)
{
    const struct rawlog_record *record = &player->next;
    gn_local at = due(player);
    player->has = false;
    switch (record->kind) {
    case RAWLOG_BEGIN:
        player->begin = gn_local_add(at, PAUSE_NS);
        player->last = player->begin;
        player->baud = 0;
        player->events->begun(player->arg);
        return;
    case RAWLOG_SPEED:
        player->baud = record->baud;
        break;
    case RAWLOG_READ:
        player->events->bytes(player->arg, at, player->baud, record->bytes, record->size);
        break;
    case RAWLOG_PULSE:
        player->events->pulse(player->arg, at, gn_local_add(player->begin, record->stamp_ns),
                              record->error_ns);
        break;
    }
    player->last = at;
}

static void on_timer(void *arg, gn_local fired)
{
    struct player *player = arg;
    gn_local now = gn_now(player->host);
    (void)fired;
    for (int i = 0; i < AT_ONCE; i++) {
        int rc = player->has ? 1 : read_next(player);
        if (rc <= 0) {
            tell_end(player, rc);
            return;
        }
        player->has = true;
        int64_t wait_ns = gn_local_sub(due(player), now);
        if (wait_ns > 0) {
            gn_timer_start(player->host, player->timer, wait_ns);
            return;
        }
        play(player);
    }
    gn_timer_start(player->host, player->timer, 0);
}

/* ---------------------------------------------------------------- life */

struct player *player_create(struct gn_host *host, const char *path,
                             const struct player_events *events, void *arg)
{
    struct player *player = calloc(1, sizeof *player);
    if (player == NULL)
        return NULL;
    player->host = host;
    player->path = path;
    player->events = events;
    player->arg = arg;
    return player;
}

void player_destroy(struct player *player)
{
    free(player);
}

int player_start(struct player *player)
{
    int rc = gn_timer_open(player->host, on_timer, player, &player->timer);
    if (rc < 0)
        return rc;
    rawlog_init(&player->log);
    player->last = gn_now(player->host);
    rc = gn_device_open(player->host, player->path, O_RDONLY, NULL, NULL, &player->file);
    if (rc == 0)
        return gn_timer_start(player->host, player->timer, 0);
    tell_end(player, rc);
    return 0;
}

void player_stop(struct player *player)
{
    if (player == NULL)
        return;
    gn_timer_close(player->host, player->timer);
    gn_device_close(player->host, player->file);
    player->timer = NULL;
    player->file = NULL;
}
