/* SPDX-License-Identifier: Apache-2.0 */
#include "floor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* 2026-01-01: no request was ever sent before, whatever the clock of a machine says that starts. */
#define FLOOR_NS (INT64_C(1767225600) * GN_NS_PER_S)
#define STORE_KEY "time"
/* The time is kept so often: a memory of flash lives long. */
#define KEEP_NS (24 * 3600 * GN_NS_PER_S)

void floor_read(struct floor *floor, struct gn_host *host)
{
    char text[32];
    int64_t size = gn_store_read(host, STORE_KEY, text, sizeof(text) - 1);
    char *end;
    floor->utc.ns = FLOOR_NS;
    if (size <= 0)
        return;
    text[size] = '\0';
    long long seconds = strtoll(text, &end, 10);
    if (end == text || *end != '\n' || seconds > INT64_MAX / GN_NS_PER_S)
        gn_log(host, GN_WARNING, "the file %s is ignored: it is no time", STORE_KEY);
    else if (seconds > FLOOR_NS / GN_NS_PER_S)
        floor->utc.ns = seconds * GN_NS_PER_S;
}

/* Only what the daemon believes, too: a liar must not close the door to the truth. */
void floor_keep(struct floor *floor, struct gn_host *host, gn_local now)
{
    struct gn_state state = {.size = sizeof(state)};
    char text[32];
    if (gn_state_read(host, &state) != 0 || state.leap == GN_LEAP_UNSYNCHRONISED ||
        (floor->kept && gn_local_sub(now, floor->kept_at) < KEEP_NS))
        return;
    int64_t seconds = gn_state_utc(&state, now).ns / GN_NS_PER_S;
    int size = snprintf(text, sizeof(text), "%" PRId64 "\n", seconds);
    floor->kept = true;
    floor->kept_at = now;
    if (gn_store_write(host, STORE_KEY, text, (size_t)size) != 0)
        gn_log(host, GN_DEBUG, "the time could not be kept for the next start");
}
