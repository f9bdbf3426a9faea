/* SPDX-License-Identifier: Apache-2.0 */
#include "baud.h"

#include <string.h>

/* Longer than a second with all that is said in it at a slow speed. */
#define PATIENCE_NS (5 * GN_NS_PER_S / 2)

/* A speed at which messages came is left when none has for so long, though something comes. */
#define LOST_NS (12 * GN_NS_PER_S)

/* The usual ones first. */
static const unsigned usual[] = {9600, 115200, 38400, 4800, 57600, 19200, 230400, 460800};

static void add(struct baud *baud, unsigned speed)
{
    for (size_t i = 0; i < baud->count; i++)
        if (baud->speeds[i] == speed)
            return;
    baud->speeds[baud->count++] = speed;
}

void baud_init(struct baud *baud, unsigned fixed, unsigned remembered)
{
    memset(baud, 0, sizeof *baud);
    baud->fixed = fixed;
    if (fixed > 0 || remembered > 0)
        add(baud, fixed > 0 ? fixed : remembered);
    for (size_t i = 0; fixed == 0 && i < sizeof usual / sizeof usual[0]; i++)
        add(baud, usual[i]);
}

unsigned baud_now(const struct baud *baud)
{
    return baud->speeds[baud->at];
}

void baud_listen(struct baud *baud, gn_local now)
{
    baud->since = now;
    baud->noisy = (gn_local){0};
}

void baud_heard(struct baud *baud, gn_local now, size_t bytes, uint64_t messages)
{
    if (messages > 0) {
        baud->found = true;
        baud_listen(baud, now);
    } else if (bytes > 0 && baud->noisy.ns == 0) {
        baud->noisy = now;
    }
}

bool baud_turn(struct baud *baud, gn_local now)
{
    int64_t patience_ns = baud->found ? LOST_NS : PATIENCE_NS;
    if (baud->fixed > 0 || baud->noisy.ns == 0 || gn_local_sub(now, baud->since) < patience_ns ||
        gn_local_sub(now, baud->noisy) < patience_ns / 2)
        return false;
    baud->found = false;
    baud->at = (baud->at + 1) % baud->count;
    baud_listen(baud, now);
    return true;
}
