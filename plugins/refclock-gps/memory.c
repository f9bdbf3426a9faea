/* SPDX-License-Identifier: Apache-2.0 */

/* What is kept from run to run: how late messages are, and the last day that was good. */

#include "gps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAVE_NS (3600 * GN_NS_PER_S)

static void load_latency(struct gps *self)
{
    char text[LATENCY_TEXT + 1];
    int64_t size = gn_store_read(self->host, "latency", text, LATENCY_TEXT);
    if (size <= 0)
        return;
    text[size] = '\0';
    const char *why = latency_read(&self->latency, text);
    if (why != NULL)
        gn_log(self->host, GN_WARNING, "what was learnt of the messages' latency is lost: %s", why);
}

static void load_day(struct gps *self)
{
    char text[16];
    int64_t size = gn_store_read(self->host, "day", text, sizeof text - 1);
    if (size <= 0)
        return;
    text[size] = '\0';
    long day = strtol(text, NULL, 10);
    if (day > 0 && day < 100000) {
        self->saved_day = (int32_t)day;
        calendar_saved(&self->calendar, self->saved_day);
    }
}

/* What is replayed neither knows of other runs nor teaches them. */
void gps_load(struct gps *self)
{
    self->saved = gn_now(self->host);
    if (self->config->replay != NULL)
        return;
    load_latency(self);
    load_day(self);
}

/* A day that the daemon believes, too: it will be the earliest that is possible. */
static void save_day(struct gps *self, gn_local now)
{
    char text[16];
    struct gn_state state;
    int32_t day = (int32_t)(self->utc.ns / GN_NS_PER_S / 86400);
    if (self->sample.ns == 0 || day <= self->saved_day || gn_state_read(self->host, &state) < 0 ||
        !state.synchronised ||
        llabs(gn_utc_sub(gn_state_utc(&state, now), self->utc)) > 86400 * GN_NS_PER_S)
        return;
    int size = snprintf(text, sizeof text, "%d\n", (int)day);
    if (gn_store_write(self->host, "day", text, (size_t)size) < 0)
        return;
    self->saved_day = day;
    calendar_saved(&self->calendar, day);
}

void gps_save(struct gps *self, gn_local now, bool force)
{
    char text[LATENCY_TEXT];
    if ((!force && gn_local_sub(now, self->saved) < SAVE_NS) || self->config->replay != NULL)
        return;
    size_t size = latency_write(&self->latency, text, sizeof text);
    self->saved = now;
    if (size > 0)
        gn_store_write(self->host, "latency", text, size);
    save_day(self, now);
}
