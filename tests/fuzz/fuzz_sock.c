/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams of any bytes to refclock-sock, as they are and with the magic number that they should
 * have: refused with a reason, or instants that can be reckoned with, and a pulse that can be
 * numbered.
 */
#include <math.h>
#include <plugins/refclock-sock/message.h>
#include <shared/pulse.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAGIC 0x534f434b

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* As the plugin does it, with one who tells the second and is right. */
static void number(const struct message *message)
{
    struct pulse pulse;
    double late_s;
    gn_utc first = message_pulse(message), utc;
    int64_t past_ns = gn_utc_sub(message->system, first);
    require(past_ns >= -GN_NS_PER_S / 2 && past_ns <= GN_NS_PER_S / 2);
    pulse_init(&pulse, &(struct pulse_config){.interval_ns = GN_NS_PER_S});
    if (pulse_number(&pulse, (gn_local){first.ns}, first, &utc, &late_s) == PULSE_NUMBERED)
        require(utc.ns % GN_NS_PER_S == 0);
    require(fabs(late_s) <= 0.5);
}

static void read_message(const uint8_t *data, size_t size)
{
    struct message message;
    const char *why = message_read(&message, data, size);
    if (why != NULL) {
        require(why[0] != '\0');
        return;
    }
    require(message.system.ns >= 0 && isfinite(message.offset_s) && message.leap <= 3);
    gn_utc utc = gn_utc_add(message.system, gn_nanoseconds(message.offset_s));
    require(fabs(gn_seconds(gn_utc_sub(utc, message.system)) - message.offset_s) < 1e-3);
    number(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Of exactly that size, so that what is read beyond is found. */
    uint8_t *copy = calloc(1, size > 0 ? size : 1);
    const int32_t magic = MAGIC;
    require(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    read_message(copy, size);
    if (size >= sizeof magic) {
        memcpy(copy + size - sizeof magic, &magic, sizeof magic);
        read_message(copy, size);
    }
    free(copy);
    return 0;
}
